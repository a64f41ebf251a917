"""Messages over feasible sets find what writing out every vector finds, on generated tasks, requirements and partial votes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_questions import answers, holds, worlds

from snorkel_dsl.facts import Requirement
from snorkel_dsl.models.joint.feasible import FeasibleSet, Said, TooManyError
from snorkel_dsl.models.joint.messages import Messages
from snorkel_dsl.votes import Floats, Ints, TaskLabels


@st.composite
def programs(draw: st.DrawFn) -> tuple[tuple[TaskLabels, ...], tuple[Requirement, ...], tuple[Said, ...]]:
    """Two to four small tasks, some under a label of one before, with requirements of every form and partial votes."""
    tasks: list[TaskLabels] = []
    for number in range(draw(st.integers(2, 4))):
        any_number = draw(st.booleans())
        labels = tuple(f"{number}{y}" for y in range(draw(st.integers(2, 3))))
        above = draw(st.sampled_from([None, *tasks]))
        under = None if above is None else (above.name, draw(st.integers(0, len(above.labels) - 1)))
        tasks.append(TaskLabels(f"t{number}", labels, any_number, under))
    sets = st.sampled_from(tasks).flatmap(
        lambda task: st.tuples(
            st.just(task.name), st.frozensets(st.integers(0, len(task.answers) - 1), min_size=1, max_size=3)
        )
    )
    alternatives = st.lists(sets, max_size=2).map(tuple)
    requirements = draw(st.lists(st.builds(Requirement, sets, sets, alternatives), max_size=4))
    events = draw(st.lists(sets, max_size=3))
    return tuple(tasks), tuple(requirements), tuple(events)


def vectors(feasible: FeasibleSet, requirements: tuple[Requirement, ...]) -> Ints:
    """Every feasible vector of states, written out by the plain definition; helpers follow from the others."""
    tasks = tuple(feasible.tasks.values())
    found = []
    for row in worlds(tasks, requirements):
        states = np.zeros(len(feasible.variables), dtype=np.int64)
        for task in tasks:
            for v in feasible.of_task[task.name]:
                label, answer = feasible.variables[v].label, row[task.name]
                if answer is None:
                    states[v] = feasible.variables[v].labels
                else:
                    states[v] = answer if label is None else int(label in answer)
        found.append(states)
    return feasible.complete(np.array(found, dtype=np.int64).reshape(-1, len(feasible.variables)))


def scores(feasible: FeasibleSet, every: Ints, unary: Floats, factors: list[Floats]) -> Floats:
    """The log of the unnormalised chance of each vector, (rows, vectors)."""
    total = sum(unary[:, feasible.offsets[v] + every[:, v]] for v in range(every.shape[1]))
    for clique, factor in zip(feasible.cliques, factors, strict=True):
        place = {tuple(row): number for number, row in enumerate(clique.configurations.tolist())}
        total = total + factor[[place[tuple(row)] for row in every[:, list(clique.variables)].tolist()]]
    return np.asarray(total)


@settings(max_examples=150, deadline=None)
@given(programs(), st.integers(0, 2**16))
def test_messages_find_what_enumeration_finds(
    program: tuple[tuple[TaskLabels, ...], tuple[Requirement, ...], tuple[Said, ...]], seed: int
) -> None:
    tasks, requirements, events = program
    assume(np.prod([float(len(answers(task))) for task in tasks]) <= 4_000)
    if not worlds(tasks, requirements):
        with pytest.raises(ValueError, match="contradict each other"):
            FeasibleSet(tasks, requirements, events)
        return
    feasible = FeasibleSet(tasks, requirements, events)
    messages, rng = Messages(feasible), np.random.default_rng(seed)
    every = vectors(feasible, requirements)
    assert feasible.size() == len(every)
    assert feasible.contains(every).all()
    unary = rng.normal(scale=4.0, size=(3, int(feasible.offsets[-1])))
    factors = [rng.normal(size=len(clique.configurations)) for clique in feasible.cliques]
    total = scores(feasible, every, unary, factors)
    highest = total.max(axis=1, keepdims=True)
    partition = np.log(np.exp(total - highest).sum(axis=1)) + highest[:, 0]
    chances = np.exp(total - partition[:, None])
    found = messages.beliefs(unary, factors)
    assert np.abs(found.partition - partition).max() < 1e-9
    for v, variable in enumerate(feasible.variables):
        by_state = np.stack([chances[:, every[:, v] == s].sum(axis=1) for s in range(len(variable.states))], axis=1)
        assert np.abs(found.marginals[:, feasible.states_of(v)] - by_state).max() < 1e-9
    for clique, beliefs in zip(feasible.cliques, found.cliques, strict=True):
        own = every[:, list(clique.variables)]
        same = (own[None, :, :] == clique.configurations[:, None, :]).all(axis=2)
        assert np.abs(beliefs - chances @ same.T).max() < 1e-9
    best = messages.best(unary, factors)
    assert feasible.contains(best).all()
    assert np.abs(scores(feasible, best, unary, factors).diagonal() - highest[:, 0]).max() < 1e-9


@settings(max_examples=60, deadline=None)
@given(programs())
def test_a_partial_vote_is_true_where_one_of_its_labels_is(
    program: tuple[tuple[TaskLabels, ...], tuple[Requirement, ...], tuple[Said, ...]],
) -> None:
    tasks, requirements, events = program
    rows = worlds(tasks, requirements)
    assume(rows)
    feasible = FeasibleSet(tasks, requirements, events)
    every, known = vectors(feasible, requirements), {task.name: task for task in tasks}
    for said in events:
        event = feasible.event(said)
        true = np.isin(every[:, event.variable], sorted(event.states))
        assert true.tolist() == [holds(row, known, said) for row in rows]


def test_evidence_that_is_far_beyond_what_numbers_hold() -> None:
    tasks = (TaskLabels("a", ("X", "Y")), TaskLabels("b", ("P", "Q"), under=("a", 1)))
    feasible = FeasibleSet(tasks)
    messages = Messages(feasible)
    unary = np.array([[0.0, -2_000.0, 0.0, 5_000.0, 0.0], [0.0, -9_000.0, 0.0, 0.0, 0.0]])
    found = messages.beliefs(unary, messages.flat())
    assert found.marginals[0].tolist() == pytest.approx([0, 1, 0, 1, 0])
    assert found.marginals[1].tolist() == pytest.approx([1, 0, 0, 0, 1])
    assert found.partition.tolist() == pytest.approx([3_000.0, 0.0])


# ------------------------------------------------------------------------------------------------------------- large sets


def labels(k: int, name: str = "found") -> TaskLabels:
    return TaskLabels(name, tuple(f"L{y}" for y in range(k)), any_number=True)


def test_fourteen_labels_are_not_written_out() -> None:
    triage = TaskLabels("triage", ("NORMAL", "ABNORMAL"))
    implies = Requirement(("found", frozenset(range(14))), ("triage", frozenset({1})))
    some = Requirement(("triage", frozenset({1})), ("found", frozenset(range(14))))
    feasible = FeasibleSet((triage, labels(14)), (implies, some))
    assert feasible.size() == 2**14
    assert Messages(feasible).configurations < 150


def test_labels_that_exclude_each_other_are_one_small_table() -> None:
    one_at_most = tuple(
        Requirement(("found", frozenset({i})), ("found", frozenset({40 + j})))
        for i, j in product(range(40), repeat=2)
        if i < j
    )
    feasible = FeasibleSet((labels(40),), one_at_most)
    assert feasible.size() == 41
    assert Messages(feasible).configurations == 41


def test_fifty_leaves_are_a_hundred_configurations() -> None:
    coarse = TaskLabels("coarse", tuple(f"C{y}" for y in range(6)))
    sizes = (2, 22, 4, 4, 5, 13)
    fine = [TaskLabels(f"f{y}", tuple(f"F{z}" for z in range(k)), under=("coarse", y)) for y, k in enumerate(sizes)]
    feasible = FeasibleSet((coarse, *fine))
    assert feasible.size() == sum(sizes) == 50
    assert Messages(feasible).configurations <= 100


def test_what_cannot_be_held_is_said() -> None:
    tied = tuple(
        Requirement(("found", frozenset({i, j})), ("found", frozenset({(i * j + 7) % 30, (i + j + 11) % 30})))
        for i, j in product(range(30), repeat=2)
        if i < j
    )
    with pytest.raises(TooManyError, match="or fit `separate` models"):
        FeasibleSet((labels(30),), tied, most=64)
