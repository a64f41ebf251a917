"""What each phase makes of a few scenarios, as text: tree, program, plan, votes and diagnostics.

A folder of tests/golden holds `rules.rules`, `data.csv` and the text of each phase. `pytest tests/test_golden.py --accept`
writes the texts as they are now; read the difference before you commit it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from dumps import dump_program, dump_tree, dump_votes

from snorkel_dsl.api import Rules, check_source
from snorkel_dsl.diagnostics.render import full
from snorkel_dsl.engine.plan import plan
from snorkel_dsl.language.parse import parse
from snorkel_dsl.source import Source

GOLDEN = Path(__file__).parent / "golden"
SCENARIOS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def phases(folder: Path) -> dict[str, str]:
    """The text of each phase, by the name of its file."""
    path = folder / "rules.rules"
    source = Source(path.name, path.read_text(encoding="utf-8"))
    tree, _ = parse(source)
    program, diagnostics = check_source(source, path, (folder,))
    assert program is not None
    votes, faults = Rules(program).apply_with_faults(folder / "data.csv")
    return {
        "ast.txt": dump_tree(tree),
        "ir.txt": dump_program(program),
        "plan.txt": str(plan(program)),
        "votes.txt": dump_votes(program, votes, faults),
        "diagnostics.txt": full(diagnostics) + "\n" if diagnostics else "",
    }


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, pytestconfig: pytest.Config) -> None:
    folder = GOLDEN / scenario
    for name, text in phases(folder).items():
        if pytestconfig.getoption("--accept"):
            (folder / name).write_text(text, encoding="utf-8")
        assert text == (folder / name).read_text(encoding="utf-8"), f"{scenario}/{name}"
