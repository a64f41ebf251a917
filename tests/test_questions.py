"""What a vote on one task says of the others: by narrowing domains as much as by writing out every row that could be."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snorkel_dsl.facts import Exemplar, FunctionFacts, Requirement, RuleFacts
from snorkel_dsl.questions import NOT_ASKED, _Narrowing, allowed, exists, possible, said_of
from snorkel_dsl.votes import LabelMatrix, TaskLabels

TRIAGE = TaskLabels("triage", ("NORMAL", "ABNORMAL"))
FINDINGS = TaskLabels("findings", ("EDEMA", "NODULE"), any_number=True)
URGENCY = TaskLabels("urgency", ("LOW", "HIGH", "HIGHEST"), under=("triage", 1))
SIZE = TaskLabels("size", ("SMALL", "LARGE"), under=("findings", 1))
WHY = TaskLabels("why", ("BLEEDING", "TENSION"), any_number=True, under=("urgency", 2))
TASKS = (TRIAGE, FINDINGS, URGENCY, SIZE, WHY)
World = dict[str, Any]


def said(task: TaskLabels, *numbers: int) -> tuple[str, frozenset[int]]:
    return task.name, frozenset(numbers)


# ------------------------------------------------------------------------------------------- a plain definition: all rows


def worlds(tasks: tuple[TaskLabels, ...], requirements: tuple[Requirement, ...]) -> list[World]:
    """Every row that could be: for each task its label, its set of labels, or None where it is not asked."""
    known = {task.name: task for task in tasks}
    every = product(*(answers(task) for task in tasks))
    rows = [dict(zip(known, row, strict=True)) for row in every]
    return [
        row
        for row in rows
        if all(is_asked(row, known, task) == (row[task.name] is not None) for task in tasks)
        and all(
            not holds(row, known, r.given) or any(holds(row, known, said) for said in (r.implied, *r.or_else))
            for r in requirements
        )
    ]


def answers(task: TaskLabels) -> list[Any]:
    k = len(task.labels)
    found: list[Any] = list(range(k))
    if task.any_number:
        found = [frozenset(np.flatnonzero(row).tolist()) for row in product((False, True), repeat=k)]
    return found if task.under is None else [*found, None]


def is_asked(row: World, known: dict[str, TaskLabels], task: TaskLabels) -> bool:
    return task.under is None or holds(row, known, (task.under[0], frozenset({task.under[1]})))


def holds(row: World, known: dict[str, TaskLabels], what: tuple[str, frozenset[int]]) -> bool:
    """Whether what is said is true of a row; nothing is true of a task that is not asked."""
    name, numbers = what
    answer, k = row[name], len(known[name].labels)
    if answer is None:
        return False
    if not known[name].any_number:
        return answer in numbers
    return any((number < k) == (number % k in answer) for number in numbers)


def left(tasks: tuple[TaskLabels, ...], rows: list[World], task: TaskLabels, label: int | None) -> frozenset[int]:
    """The answers to a question on these rows; empty where they are all answers, or none."""
    k = len(task.labels)
    known = [row[task.name] for row in rows if row[task.name] is not None]
    if label is None:
        found, every = frozenset(known), frozenset(range(k))
    else:
        found = frozenset(label if label in answer else k + label for answer in known)
        every = frozenset({label, k + label})
    return frozenset() if found == every else found


TREES = [(), (Requirement(said(FINDINGS, 0), said(TRIAGE, 1)),)]


@pytest.mark.parametrize("requirements", TREES, ids=["tree", "with a requirement"])
def test_a_vote_says_of_every_question_what_all_rows_say(requirements: tuple[Requirement, ...]) -> None:
    known = {task.name: task for task in TASKS}
    every = worlds(TASKS, requirements)
    for voted in TASKS:
        singles = [frozenset({number}) for number in range(len(voted.answers))]
        pairs = [frozenset({0, 1})] + ([] if voted.any_number else [frozenset(range(1, len(voted.labels)))])
        for numbers in singles + pairs:
            rows = [row for row in every if holds(row, known, (voted.name, numbers))]
            for task in TASKS:
                for label in range(len(task.labels)) if task.any_number else (None,):
                    found = said_of(TASKS, requirements, (voted.name, numbers), task, label)
                    assert found == left(TASKS, rows, task, label), (voted.name, numbers, task.name, label)


@st.composite
def requirement_lists(draw: st.DrawFn) -> tuple[Requirement, ...]:
    def side() -> tuple[str, frozenset[int]]:
        task = draw(st.sampled_from(TASKS))
        most = 2 if task.any_number else len(task.labels) - 1
        return task.name, draw(st.frozensets(st.sampled_from(range(len(task.answers))), min_size=1, max_size=most))

    return tuple(Requirement(side(), side()) for _ in range(draw(st.integers(0, 3))))


@settings(max_examples=60, deadline=None)
@given(requirements=requirement_lists(), voted=st.sampled_from(TASKS), number=st.integers(0, 3))
def test_no_answer_is_excluded_that_some_row_has(
    requirements: tuple[Requirement, ...], voted: TaskLabels, number: int
) -> None:
    known = {task.name: task for task in TASKS}
    vote = said(voted, number % len(voted.answers))
    rows = [row for row in worlds(TASKS, requirements) if holds(row, known, vote)]
    domains = allowed(TASKS, requirements, vote)
    if not rows:
        return
    assert domains is not None
    for task in TASKS:
        k = len(task.labels)
        for row in rows:
            answer = row[task.name]
            for label in range(k) if task.any_number else (-1,):
                if answer is None:
                    assert NOT_ASKED in domains[task.name, label]
                elif task.any_number:
                    assert (label if label in answer else k + label) in domains[task.name, label]
                else:
                    assert answer in domains[task.name, label]


@settings(max_examples=100, deadline=None)
@given(requirements=requirement_lists())
def test_the_possible_answers_are_those_of_some_row(requirements: tuple[Requirement, ...]) -> None:
    known = {task.name: task for task in TASKS}
    rows = worlds(TASKS, requirements)
    every = [(task, number) for task in TASKS for number in range(len(task.answers))]
    expected = {
        (task.name, number) for task, number in every if any(holds(row, known, said(task, number)) for row in rows)
    }
    assert possible(TASKS, requirements) == expected
    assert exists(TASKS, requirements) == bool(rows)


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
def test_a_long_chain_of_requirements(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    many = TaskLabels("many", tuple(f"L{number}" for number in range(2_000)), any_number=True)
    chain = [Requirement(said(many, number), said(many, number + 1)) for number in range(1_999)][::step]
    asked = []
    narrow = _Narrowing.follow
    monkeypatch.setattr(_Narrowing, "follow", lambda *of: asked.append(of) or narrow(*of))
    assert len(possible([many], chain)) == 4_000
    assert len(asked) < 100


def test_what_is_implied_by_two_steps_and_by_the_contrary() -> None:
    requirements = (Requirement(said(FINDINGS, 0), said(TRIAGE, 1)), Requirement(said(URGENCY, 2), said(FINDINGS, 2)))
    assert said_of(TASKS, requirements, said(WHY, 0), TRIAGE) == {1}
    assert said_of(TASKS, requirements, said(WHY, 0), FINDINGS, 0) == {2}
    assert said_of(TASKS, requirements, said(TRIAGE, 0), FINDINGS, 0) == {2}
    assert said_of(TASKS, requirements, said(FINDINGS, 0), URGENCY) == {0, 1}
    assert said_of(TASKS, requirements, said(TRIAGE, 0), URGENCY) == frozenset()
    assert said_of(TASKS, requirements, said(SIZE, 0), FINDINGS, 1) == {1}


def test_a_vote_that_no_row_satisfies_still_speaks_of_its_own_task() -> None:
    never = (Requirement(said(TRIAGE, 0), said(FINDINGS, 0)), Requirement(said(TRIAGE, 0), said(FINDINGS, 2)))
    assert allowed(TASKS, never, said(TRIAGE, 0)) is None
    assert said_of(TASKS, never, said(TRIAGE, 0), TRIAGE) == {0}
    assert said_of(TASKS, never, said(TRIAGE, 0), FINDINGS, 0) == frozenset()


# ------------------------------------------------------------------------------------------------------ label matrices

FUNCTIONS = ("normal", "edema", "not_edema", "either", "highest", "not_high")
VOTES: dict[str, tuple[TaskLabels, list[frozenset[int] | None]]] = {
    "normal": (TRIAGE, [frozenset({0}), None, frozenset({1}), None]),
    "edema": (FINDINGS, [None, frozenset({0}), frozenset({0}), None]),
    "not_edema": (FINDINGS, [frozenset({2}), frozenset({2}), None, None]),
    "either": (FINDINGS, [None, frozenset({0, 1}), None, frozenset({0, 1})]),
    "highest": (URGENCY, [None, None, frozenset({2}), frozenset({2})]),
    "not_high": (URGENCY, [None, frozenset({0, 2}), None, None]),
}
FACTS = RuleFacts(
    {
        name: FunctionFacts(name, task.name, frozenset().union(*(vote for vote in votes if vote)))
        for name, (task, votes) in VOTES.items()
    },
    {"triage": (0.4, 0.6), "findings.EDEMA": (0.95, 0.05)},
    (Exemplar("findings", 0, (("edema", frozenset({0})),)), Exemplar("triage", 0, (("normal", frozenset({0})),))),
    (Requirement(said(FINDINGS, 0), said(TRIAGE, 1)),),
)


def matrix(facts: RuleFacts = FACTS) -> LabelMatrix:
    """The votes above as the engine would give them."""
    sets = (frozenset({0, 1}), frozenset({0, 2}))
    indptr, rows, codes = [0], [], []
    for _, votes in VOTES.values():
        for row, vote in enumerate(votes):
            if vote is not None:
                rows.append(row)
                codes.append(next(iter(vote)) if len(vote) == 1 else -2 - sets.index(vote))
        indptr.append(len(rows))
    task_of = tuple(TASKS.index(task) for task, _ in VOTES.values())
    arrays = (np.array(indptr), np.array(rows), np.array(codes, dtype=np.int8))
    return LabelMatrix(4, FUNCTIONS, TASKS, task_of, *arrays, sets, facts)


def by_function(votes: LabelMatrix) -> dict[str, list[set[int] | None]]:
    """The labels that each function allows on each row."""
    codes = votes.to_numpy(set_codes=True)
    return {
        name: [None if code == -1 else set(votes.labels_of(int(code))) for code in codes[:, j]]
        for j, name in enumerate(votes.functions)
    }


def test_a_question_of_one_task_has_what_all_functions_say_of_it() -> None:
    assert by_function(matrix().question("triage")) == {
        "normal": [{0}, None, {1}, None],
        "edema": [None, {1}, {1}, None],
        "highest": [None, None, {1}, {1}],
        "not_high": [None, {1}, None, None],
    }


def test_a_question_of_one_label_is_binary() -> None:
    found = matrix().question("findings", "EDEMA")
    assert found.only_task == TaskLabels("findings.EDEMA", ("not EDEMA", "EDEMA"))
    assert by_function(found) == {
        "normal": [{0}, None, None, None],
        "edema": [None, {1}, {1}, None],
        "not_edema": [{0}, {0}, None, None],
    }
    assert found.facts.balance == {"findings.EDEMA": (0.95, 0.05)}
    assert found.facts.functions["edema"].polarity == {1}
    assert found.facts.functions["not_edema"].polarity == {0}
    assert [(one.label, dict(one.votes)) for one in found.facts.exemplars] == [
        (1, {"edema": {1}}),
        (0, {"normal": {0}}),
    ]


def test_without_facts_a_task_keeps_all_its_functions_and_no_others() -> None:
    plain = LabelMatrix.from_dense([[0, -1, 1], [1, -1, -1]], labels=2, task="spam")
    assert by_function(plain.question("spam")) == by_function(plain)


@pytest.mark.parametrize(
    ("task", "label", "said"),
    [
        ("spam", None, "no task is named `spam`"),
        ("triage", "NORMAL", "ask for the task"),
        ("findings", None, "ask for one of"),
    ],
)
def test_only_what_is_asked_can_be_asked_for(task: str, label: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        matrix().question(task, label)


def test_votes_on_labels_that_may_all_apply_conflict_only_where_they_deny_each_other() -> None:
    findings = matrix().task("findings")
    assert findings.conflicting.tolist() == [False, True, False, False]
    assert findings.overlapping.tolist() == [False, True, False, False]
    assert findings.conflicts().tolist() == [0.25, 0.25, 0.0]
    assert findings.overlaps().tolist() == [0.25, 0.25, 0.25]
    assert findings.summary()["polarity"].tolist() == ["EDEMA", "not EDEMA", "EDEMA, NODULE"]


def test_two_labels_of_one_row_are_no_conflict() -> None:
    task = TaskLabels("t", ("A", "B"), any_number=True)
    arrays = (np.array([0, 1, 2]), np.array([0, 0]), np.array([0, 1], dtype=np.int8))
    votes = LabelMatrix(1, ("a", "b"), (task,), (0, 0), *arrays)
    assert not votes.conflicting.any()
    assert not votes.overlapping.any()


def test_gold_of_labels_that_may_all_apply_judges_each_vote() -> None:
    gold = np.array([[0, 1], [1, 0], [-1, -1], [0, 0]])
    judged = matrix().task("findings").summary(gold)
    assert judged["correct"].tolist() == [1, 1, 1]  # `either` is right where one of both applies
    assert judged["incorrect"].tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match="4 rows and 2 labels"):
        matrix().task("findings").summary(gold[:, 0])
