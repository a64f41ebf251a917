"""Published votes on public data, cell for cell, through the compiler and the batch engine.

The votes come with the data: eighteen heuristics on chest X-ray reports (Dunnmon, Ratner et al. 2019), seven on YouTube
comments (Snorkel's tutorial, as in the WRENCH collection), 68 regular expressions on TREC questions (the same).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

import snorkel_dsl as sd

RULESETS = Path(__file__).parents[1] / "rulesets"
COARSE = "DESC,ENTY,HUM,ABBR,LOC,NUM"


def assert_same_cells(votes: npt.NDArray[Any], published: npt.NDArray[Any], functions: tuple[str, ...]) -> None:
    assert votes.shape == published.shape
    wrong = [(functions[j], int(i), int(votes[i, j]), int(published[i, j])) for i, j in np.argwhere(votes != published)]
    assert wrong[:10] == [], f"{len(wrong)} of {votes.size} cells differ (function, row, ours, published)"


@pytest.mark.parametrize(("split", "rows"), [("train", 2630), ("dev", 376), ("test", 378)])
def test_chest_xray(split: str, rows: int, data_folder: Path) -> None:
    folder = data_folder / "chest_xray"
    reports = pd.read_csv(folder / f"{split}_entries.csv")
    published = pd.read_csv(folder / f"L_{split}.csv").iloc[:, 1:].to_numpy()
    votes = sd.compile(RULESETS / "chest_xray" / "published.rules").apply(reports)
    assert votes.shape == (rows, 18)
    assert_same_cells(votes.to_numpy(), published, votes.functions)


def records(path: Path) -> tuple[list[str], npt.NDArray[np.int64]]:
    found = json.loads(path.read_text(encoding="utf-8")).values()
    return [record["data"]["text"] for record in found], np.array([record["weak_labels"] for record in found])


@pytest.mark.parametrize(("split", "rows"), [("train", 1586), ("valid", 120), ("test", 250)])
def test_youtube(split: str, rows: int, data_folder: Path) -> None:
    texts, published = records(data_folder / "youtube_spam" / f"{split}.json")
    votes = sd.compile(RULESETS / "youtube" / "published.rules").apply([{"text": text} for text in texts])
    assert votes.shape == (rows, 7)
    assert_same_cells(votes.to_numpy(), published[:, :7], votes.functions)


@pytest.fixture(scope="module")
def questions(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules file that `snorkel-dsl import` makes of the published table of labels and patterns."""
    made = tmp_path_factory.mktemp("import") / "questions.rules"
    maps = ["ENTITY=ENTY", "DESCRIPTION=DESC", "HUMAN=HUM", "ABBREVIATION=ABBR", "LOCATION=LOC", "NUMERIC=NUM"]
    table = str(data_folder / "trec" / "regex_rules.txt")
    command = [
        sys.executable,
        "-m",
        "snorkel_dsl",
        "import",
        table,
        "-o",
        str(made),
        "--no-header",
        "--label-order",
        COARSE,
    ]
    command += [option for renamed in maps for option in ("--map", renamed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.mark.parametrize(("split", "rows"), [("train", 5033), ("valid", 500)])
def test_questions(split: str, rows: int, questions: Path, data_folder: Path) -> None:
    texts, published = records(data_folder / "trec" / f"{split}.json")
    votes = sd.compile(questions).apply([{"text": text} for text in texts])
    assert votes.shape == (rows, 68)
    assert_same_cells(votes.to_numpy(), published, votes.functions)
