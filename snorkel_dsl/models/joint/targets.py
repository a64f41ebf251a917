"""Soft labels for an end model with one head a task: probabilities, and which rows each head learns from.

    loss = Σ_t Σ_{rows of mask_t} weight_t · CE(head_t, P(Y_t | votes, t is asked)) / rows of mask_t

as in the multi-task end model of Ratner et al. (AAAI 2019): a shared trunk, a head at each task. A head of a task under a label
learns what the labels are where the task is asked, so its targets are conditional on that, and `weights` say how likely it
is that the row counts for it at all. A label of which any number may apply is a head of its own with two classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snorkel_dsl.models.joint.answers import Answers
from snorkel_dsl.models.joint.model import JointModel
from snorkel_dsl.votes import Bools, Floats, LabelMatrix

MOST_UNASKED = 0.5  # a row that is more likely not asked than asked says nothing to a head


@dataclass(frozen=True, eq=False)
class Target:
    """What one head learns from: the task (or `task.label`) by `name`, its k `labels`, `probabilities` (n, k) float64 whose
    rows sum to one, `mask` (n) bool of the rows that count, and `weights` (n) float64, the chance that the task is asked.

    `parent` is the name of the head above and the class number under which this one is asked, None where always.
    """

    name: str
    labels: tuple[str, ...]
    probabilities: Floats
    mask: Bools
    weights: Floats
    parent: tuple[str, int] | None = None


def targets(joint: JointModel, votes: LabelMatrix) -> list[Target]:
    """A target for each task, and for each label that may apply, in the order of the tasks.

    A row counts for a head if some vote says something of its question and the question is more likely asked than not.
    Raises ValueError where the model is not fitted or has other tasks.
    """
    answers = Answers.of(joint, votes)
    return [
        _target(answers, v, votes) for v, variable in enumerate(joint.feasible_.variables) if variable.task is not None
    ]


def _target(answers: Answers, variable: int, votes: LabelMatrix) -> Target:
    feasible = answers.joint.feasible_
    own = feasible.variables[variable]
    shares = answers.marginals[:, feasible.states_of(variable)][:, : own.labels]
    asked = shares.sum(axis=1)
    sure = asked > 0
    even = np.full(shares.shape, 1 / own.labels)
    conditional = np.where(sure[:, None], shares / np.where(sure, asked, 1.0)[:, None], even)
    label = None if own.label is None else own.states[1]
    covered = votes.question(own.task or "", label).covered
    above = feasible.above(variable)
    parent = None
    if above is not None:
        parent = (feasible.variables[above.variable].name, next(iter(above.states)))
    return Target(own.name, own.states[: own.labels], conditional, covered & (asked > MOST_UNASKED), asked, parent)
