"""How a vote on one task moved another: what each vote of a row is worth for each answer, by leaving it out.

    change that a vote e makes for a state a of a variable:   logit P(a | row) - logit P(a | row without e)

Nothing is fitted again: the function abstains on this one row, and the messages are sent once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from snorkel_dsl.models.joint.model import JointModel
from snorkel_dsl.votes import Floats, Ints, LabelMatrix

SURE = 1e-12  # log-odds are those of probabilities no nearer to 0 or 1


@dataclass(frozen=True)
class Push:
    """One vote and one question: what the function `says`, on which question (`about`); of the `question` the answer that
    the row got, its probability, the same `without` the vote, and the change of its log-odds in nats.
    """

    function: str
    about: str
    says: str
    question: str
    answer: str
    probability: float
    without: float
    change: float


def influences(joint: JointModel, votes: LabelMatrix, row: int) -> list[Push]:
    """Every vote of a row with every question that it moved, the strongest first.

    Raises ValueError where the model is not fitted or has other tasks.
    """
    one = votes.take([row])
    spoken = [j for j in range(len(one.functions)) if one.slice_of(j).stop > one.slice_of(j).start]
    if not spoken:
        return []
    rows = LabelMatrix.concat([one, *(_without(one, j) for j in spoken)])
    marginals = joint.marginals(rows)
    states = _told(joint, marginals[:1])
    found = []
    for v, variable in enumerate(joint.feasible_.variables):
        if variable.task is None:
            continue
        own = np.clip(marginals[:, joint.feasible_.states_of(v)][:, states[v]], SURE, 1 - SURE)
        for place, j in enumerate(spoken, start=1):
            about, says = _said(joint, one, j)
            change = float(special.logit(own[0]) - special.logit(own[place]))
            answer, values = variable.states[states[v]], (float(own[0]), float(own[place]), change)
            found.append(Push(one.functions[j], about, says, variable.name, answer, *values))
    moved = [push for push in found if abs(push.change) > 1e-6]
    return sorted(moved, key=lambda push: (-abs(push.change), push.question, push.function))


def _told(joint: JointModel, marginals: Floats) -> Ints:
    """For each variable the state that is told: its most probable label, or, where none is decided on, that it is not asked."""
    told: Ints = joint.answers(marginals)[0]
    for v, variable in enumerate(joint.feasible_.variables):
        if told[v] < variable.labels:
            told[v] = marginals[0, joint.feasible_.states_of(v)][: variable.labels].argmax()
    return told


def across(pushes: list[Push], question: str) -> list[Push]:
    """Those by which votes on other questions moved one."""
    return [push for push in pushes if push.question == question and push.about != question]


def _said(joint: JointModel, one: LabelMatrix, function: int) -> tuple[str, str]:
    """What a function says on the only row of a matrix: the question that it is about, and the labels."""
    code = int(one.codes[one.slice_of(function)][0])
    task = one.tasks[one.task_of[function]]
    event = joint.feasible_.known((task.name, one.labels_of(code)))
    says = " or ".join(task.answers[number] for number in sorted(one.labels_of(code)))
    return (task.name if event is None else joint.feasible_.variables[event.variable].name), says


def _without(votes: LabelMatrix, function: int) -> LabelMatrix:
    """One row of votes in which a function abstains."""
    kept = votes.function_of_vote != function
    sizes = np.diff(votes.indptr)
    sizes[function] = 0
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return replace(votes, indptr=indptr, rows=votes.rows[kept], codes=votes.codes[kept])
