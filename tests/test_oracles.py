"""Published votes on public data, cell for cell, by the reference evaluator: the definition is right on real rules."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from snorkel_dsl import api
from snorkel_dsl.language import ir
from snorkel_dsl.reference import vote

RULESETS = Path(__file__).parents[1] / "rulesets"


def code(said: ir.Vote | None) -> int:
    return -1 if said is None else min(said.labels)


def cells(program: ir.Program, texts: Iterable[str]) -> list[list[int]]:
    return [[code(vote(function, {"text": text})) for function in program.functions] for text in texts]


def assert_same_cells(program: ir.Program, texts: list[str], published: list[list[int]]) -> None:
    names = [function.name for function in program.functions]
    ours = cells(program, texts)
    wrong = [
        (name, row, mine, theirs)
        for row, both in enumerate(zip(ours, published, strict=True))
        for name, mine, theirs in zip(names, *both, strict=True)
        if mine != theirs
    ]
    assert wrong[:10] == [], f"{len(wrong)} cells differ (function, row, ours, published)"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_chest_xray(split: str, data_folder: Path) -> None:
    texts = [row["text"] for row in table(data_folder / "chest_xray" / f"{split}_entries.csv")]
    votes = table(data_folder / "chest_xray" / f"L_{split}.csv")
    published = [[int(cell) for cell in list(row.values())[1:]] for row in votes]
    program = api.compile(RULESETS / "chest_xray" / "published.rules").program
    assert_same_cells(program, texts, published)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_youtube(split: str, data_folder: Path) -> None:
    written = (data_folder / "youtube_spam" / f"{split}.json").read_text(encoding="utf-8")
    records = list(json.loads(written).values())
    program = api.compile(RULESETS / "youtube" / "published.rules").program
    published = [record["weak_labels"][:7] for record in records]
    assert_same_cells(program, [record["data"]["text"] for record in records], published)
