"""The examples: the corpus is what its README says, and the tour through the Python API runs to its end."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_the_corpus_is_what_its_readme_says() -> None:
    train, dev = (pd.read_csv(EXAMPLES / "maintenance" / f"{split}.csv") for split in ("train", "dev"))
    assert len(train) + len(dev) >= 300
    assert set(dev["gold"]) == {"ROUTINE", "URGENT"}
    assert 0.3 < (dev["gold"] == "URGENT").mean() < 0.5
    assert "gold" not in train.columns
    texts = pd.concat([train["text"], dev["text"]])
    assert texts.is_unique
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"`(train|dev)\.csv` \| (\d+)", readme) == [("train", str(len(train))), ("dev", str(len(dev)))]


def test_the_texts_are_varied() -> None:
    """Written one by one: hardly any two share their first four words, and the vocabulary is large."""
    texts = pd.concat([pd.read_csv(EXAMPLES / "maintenance" / f"{split}.csv")["text"] for split in ("train", "dev")])
    openings = texts.str.split().str[:4].str.join(" ")
    assert openings.nunique() > 0.9 * len(texts)
    assert len(set(" ".join(texts.str.lower()).split())) > 1200


def test_the_tour_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "tour.py")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "labeling functions for the task urgency: ROUTINE, URGENT" in done.stdout
    assert re.search(r"smoke in the hall: 1\nthe next fire drill: -1\n", done.stdout)
    assert re.search(r"^label model   0\.\d{3}$", done.stdout, re.MULTILINE)
