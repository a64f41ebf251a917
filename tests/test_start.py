"""What a small `check` needs to start: nothing that takes long and that its rules do not ask for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from snorkel_dsl.knowledge import contexts

RULES = """\
use context clinical_english
data report
    text text
task triage on report
    labels NORMAL, ABNORMAL
rule effusion votes ABNORMAL
    when text asserts "effusion" or "nodule"
    example ABNORMAL "Small effusion."
"""
NOT_NEEDED = (
    "sqlite3",
    "importlib.metadata",
    "socket",
    "email",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "spacy",
    "rdflib",
)


@pytest.mark.parametrize("name", ["general_english", "clinical_english"])
def test_the_contexts_that_ship_are_generated_from_their_rules(name: str) -> None:
    assert contexts.shipped_context(name) == contexts.resolved(name)


def test_the_generated_contexts_are_current() -> None:
    stored = (contexts.shipped_rulesets() / "std" / "contexts.json").read_text(encoding="utf-8")
    assert json.loads(stored) == json.loads(contexts.generated()), "run: python -m snorkel_dsl.knowledge.contexts"


def test_checking_a_small_file_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "small.rules").write_text(RULES, encoding="utf-8")
    code = (
        "import sys\nfrom snorkel_dsl.__main__ import run\ncode = run(['check', 'small.rules'])\n"
        f"print(*[module for module in {NOT_NEEDED!r} if module in sys.modules])\nsys.exit(code)"
    )
    environment = os.environ | {"NO_COLOR": "1", "SNORKEL_DSL_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, []), done.stdout + done.stderr


def test_applying_rules_loads_no_pandas(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rules = 'data d\n    text text\n\ntask t on d\n    labels A, B\n\nrule r votes A\n    when text mentions "finé"\n'
    (tmp_path / "a.rules").write_text(rules + "\nrule s votes B\n    when text matches /b+c/\n", encoding="utf-8")
    pq.write_table(pa.table({"id": [1, 2, 3], "text": ["finé or ABC", None, "bbc"]}), tmp_path / "d.parquet")
    run = "from snorkel_dsl.__main__ import run"
    asked = "['apply', 'a.rules', 'd.parquet', '--keep', 'id', '-o', 'v.parquet']"
    code = f"import sys; {run}; code = run({asked}); print(code, 'pandas' in sys.modules)"
    environment = os.environ | {"SNORKEL_DSL_CACHE": str(tmp_path / "cache")}
    for _ in range(2):
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        assert found.stdout.split() == ["0", "False"], found.stderr
