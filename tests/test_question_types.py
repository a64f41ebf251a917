"""The rules for the fifty types of questions: what they vote on, how the questions are read, and how good they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import several_tasks as benchmark
from public_data import COARSE, FINE, QUESTION_TASKS, Tasks, question_types
from tables import write

import snorkel_dsl as sd
from snorkel_dsl.models.tasks import fit_tasks

RULES = sd.compile(benchmark.QUESTIONS)


def test_the_answers_form_a_tree() -> None:
    """Six coarse types, and under each its fine ones: fifty in all, in the order in which the reader numbers them."""
    tasks = {task.name: task for task in RULES.program.tasks}
    assert tasks.pop("coarse").labels == COARSE
    assert {name: task.under for name, task in tasks.items()} == {
        task: ("coarse", COARSE.index(parent)) for parent, task in QUESTION_TASKS.items()
    }
    assert all(tasks[task].labels == tuple(FINE[parent].values()) for parent, task in QUESTION_TASKS.items())
    assert sum(len(task.labels) for task in tasks.values()) == 50


def test_every_type_has_a_rule() -> None:
    voted = {
        (function.task, label)
        for function in RULES.program.functions
        for vote in function.votes
        for label in vote.labels
    }
    every = {(task.name, label) for task in RULES.program.tasks for label in range(len(task.labels))}
    assert voted == every
    assert len(RULES.program.rules) >= 110


def test_votes_are_on_types_on_sets_and_against() -> None:
    sizes = {len(vote.labels) for function in RULES.program.functions for vote in function.votes}
    assert {1, 2, 3, 5} <= sizes  # a type; one of two; not this of four; not this of six


@pytest.mark.parametrize(
    ("text", "task", "labels"),
    [
        ("What soft drink is it ?", "entity", {"food"}),
        ("What soft drink is it ?", "coarse", {"ENTY"}),
        ("Who wrote Hamlet ?", "coarse", {"HUM"}),
        ("Name a flying mammal .", "coarse", {"ENTY"}),
        ("What is the population of Ohio ?", "coarse", {"NUM"}),
        ("What is the population of Ohio ?", "number", {"count", "other_number"}),
    ],
)
def test_a_fine_type_says_its_coarse_one(text: str, task: str, labels: set[str]) -> None:
    votes = RULES.apply([{"text": text}]).question(task)
    names = votes.only_task.labels
    said = [votes.labels_of(int(code)) for code in votes.codes]
    assert {names[number] for number in frozenset.intersection(*said)} <= labels
    assert labels <= {names[number] for number in frozenset.union(*said)}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_questions_are_read_in_either_encoding(encoding: str, tmp_path: Path) -> None:
    lines = "HUM:gr Which sisters sang in 1955 - \xf0 or \xe9 ?\nNUM:dist How far : is it\x85 ?\n"
    (tmp_path / "trec").mkdir()
    (tmp_path / "trec" / "train_5500.label").write_bytes(lines.encode(encoding))
    table, gold = question_types(tmp_path, "train")
    assert table["text"].tolist() == ["Which sisters sang in 1955 - \xf0 or \xe9 ?", "How far : is it\x85 ?"]
    assert table["human"].fillna("-").tolist() == ["group", "-"]
    assert gold["coarse"].tolist() == [COARSE.index("HUM"), COARSE.index("NUM")]
    assert gold["number"].tolist() == [-1, list(FINE["NUM"].values()).index("distance")]
    assert gold["entity"].tolist() == [-1, -1]


# ----------------------------------------------------------------------------------------------------- on real data


def test_all_types_of_the_data_are_known(data_folder: Path, tables_folder: Path) -> None:
    table, gold = question_types(data_folder, "train")
    assert len(table) == 5452
    asked = np.sum([gold[task] >= 0 for task in QUESTION_TASKS.values()], axis=0)
    assert (asked == 1).all()
    assert {"questions_train.csv", "reports_held_out.csv"} <= {path.name for path in tables_folder.iterdir()}


def test_tables_are_written_into_a_new_folder(data_folder: Path, tmp_path: Path) -> None:
    written = write(data_folder, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(written)


def right(votes: sd.LabelMatrix, function: int, gold: Tasks) -> tuple[int, int]:
    """How many votes of a function are right, and how many it gives. One on a task that is not asked is wrong."""
    task, place = votes.tasks[votes.task_of[function]], votes.slice_of(function)
    truth = gold[task.name][votes.rows[place]]
    said = [votes.labels_of(int(code)) for code in votes.codes[place]]
    return sum(int(true) in labels for true, labels in zip(truth, said, strict=True)), len(said)


def test_a_rule_is_right_where_it_speaks(data_folder: Path) -> None:
    """On the questions they were written on: nine votes in ten, taken together, and no rule that is mostly wrong."""
    rows, gold = question_types(data_folder, "train")
    votes = RULES.apply(rows[["text"]])
    counts = np.array([right(votes, function, gold) for function in range(len(votes.functions))])
    assert (counts[:, 1] > 0).all()
    assert counts[:, 0].sum() / counts[:, 1].sum() >= 0.93
    assert (counts[:, 0] / counts[:, 1]).min() > 0.5


@pytest.mark.parametrize(
    ("split", "coverage", "coarse", "fine"), [("train", 0.955, 0.92, 0.88), ("test", 0.94, 0.905, 0.835)]
)
def test_it_is_as_good_as_we_say(split: str, coverage: float, coarse: float, fine: float, data_folder: Path) -> None:
    """Within two points of what the README says. The test questions were opened when the rules were done."""
    rows, gold = question_types(data_folder, split)
    votes = RULES.apply(rows[["text"]])
    scores = benchmark.question_scores(benchmark.given(fit_tasks(votes, sd.MajorityVote), majority=True), gold)
    assert votes.covered.mean() >= coverage
    assert scores["coarse"] >= coarse
    assert scores["fine"] >= fine
