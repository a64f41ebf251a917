"""What a joint model answers of each row, question by question, in the form in which single models answer.

The label of a row is that of the one feasible vector that is expected to be right about most tasks (`JointModel.answers`),
so it is not always the most probable label of its own task, and it never contradicts the label of another. It is left open
where a label of the same question is as probable, and where the label that the task stands under is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snorkel_dsl.labels import TIE, Labels
from snorkel_dsl.models.base import Model
from snorkel_dsl.models.joint.feasible import FeasibleSet
from snorkel_dsl.models.joint.model import JointModel
from snorkel_dsl.votes import ABSTAIN, Bools, Floats, Ints, LabelMatrix

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Decided(Labels):
    """Labels of one question whose answers were found together with those of all others.

    The probabilities of a row sum to the chance that the question is asked of it. `decided` (n) is the class number of the
    answer, -1 where the question is not asked or the answer is open.
    """

    decided: Ints

    @property
    def winners(self) -> Bools:
        """The label that was decided on, and where the answer is open those of the highest probability, (n, k)."""
        highest = super().winners
        settled = self.decided >= 0
        highest[settled] = self.decided[settled, None] == np.arange(len(self.labels))
        return highest

    def predict(self, tie: str | int = "abstain", seed: int = 0, uncovered: bool = False) -> Ints:
        """The class number of each row, (n), -1 where there is none; an open answer as in `Labels.predict`."""
        chosen: Ints = np.where(self.decided >= 0, self.decided, super().predict(tie, seed, uncovered))
        return chosen if uncovered else np.where(self.covered, chosen, ABSTAIN)


class Part(Model):
    """What a joint model learned of one question: enough for accounts of it; it predicts only with the whole."""

    name = JointModel.name
    joint_: JointModel
    symbol_function_: Ints
    precision_: Floats
    precision_error_: Floats
    coverage_: Floats
    says_: tuple[str, ...]

    @classmethod
    def of(cls, joint: JointModel, variable: int, votes: LabelMatrix) -> Part:
        """The part of a fitted model that is about a variable; `votes` are those on the question."""
        part = cls()
        part.joint_ = joint
        part.task_, part.labels_, part.functions_ = votes.only_task.name, votes.labels, votes.functions
        part.class_balance_ = joint.balance_of(variable)
        part.explanation_, part.warnings_ = joint.explanation_, joint.warnings_
        part._estimates(variable)
        return part

    def _estimates(self, variable: int) -> None:
        """Precisions of the votes on the variable itself, where there are some, as `report.analysis` reads them."""
        joint = self.joint_
        place = next((i for i, one in enumerate(joint.voices_) if one.variable == variable), None)
        if place is None:
            self.symbol_function_, empty = np.zeros(0, dtype=np.int64), np.zeros(0)
            self.precision_, self.precision_error_, self.coverage_ = empty, empty, empty
            self.says_ = ()
            return
        own, emission = joint.voices_[place], joint.fitted_.emissions[place]
        known = {name: j for j, name in enumerate(self.functions_)}
        kept = [e for e in range(own.symbols.singles) if own.functions[own.symbols.function[e]] in known]
        self.symbol_function_ = np.array([known[own.functions[own.symbols.function[e]]] for e in kept], dtype=np.int64)
        self.precision_, self.coverage_ = emission.precision[kept, 0], emission.coverage[kept]
        self.precision_error_ = joint.errors_[place][kept]
        allowed = own.symbols.allowed[kept][:, : len(self.labels_)]
        self.says_ = tuple(", ".join(self.labels_[y] for y in np.flatnonzero(row)) for row in allowed)

    def summary(self) -> pd.DataFrame:
        """What was learned of each vote on the question itself: `function`, `says`, `coverage`, `precision`, `error`."""
        import pandas as pd

        names = [self.functions_[j] for j in self.symbol_function_]
        numbers = {"coverage": self.coverage_, "precision": self.precision_, "error": self.precision_error_}
        return pd.DataFrame({"function": names, "says": list(self.says_), **numbers})


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of a joint model to all questions on n rows: `marginals` (n, states), `states` (n, V), `open` (n, V)."""

    joint: JointModel
    marginals: Floats
    states: Ints
    open: Bools

    @classmethod
    def of(cls, joint: JointModel, votes: LabelMatrix) -> Answers:
        """The answers on the rows of a matrix, worked out once for each distinct row."""
        patterns = votes.patterns()
        marginals = joint.marginals(patterns.votes)
        states = joint.answers(marginals)
        unsettled = _open(joint.feasible_, marginals, states)
        rows = patterns.inverse
        if len(marginals) == votes.n:  # no row is there twice, and rows are in the order in which they first appear
            return cls(joint, marginals, states, unsettled)
        return cls(joint, marginals[rows], states[rows], unsettled[rows])

    def labels(self, variable: int, task: str, covered: Bools) -> Decided:
        """The labels of one question; `covered` (n) are the rows with a vote that says something of it, if it is asked."""
        own = self.joint.feasible_.variables[variable]
        probabilities = self.marginals[:, self.joint.feasible_.states_of(variable)][:, : own.labels]
        settled = (self.states[:, variable] < own.labels) & ~self.open[:, variable]
        decided = np.where(settled, self.states[:, variable], ABSTAIN)
        return Decided(task, own.states[: own.labels], probabilities, covered, decided)


def _open(feasible: FeasibleSet, marginals: Floats, states: Ints) -> Bools:
    """Where another label is as probable as the one decided on, or the label above is open, (rows, V)."""
    found: Bools = np.zeros(states.shape, dtype=np.bool_)
    for v in feasible.parents_first():
        own = feasible.variables[v]
        labels = marginals[:, feasible.states_of(v)][:, : own.labels]
        chosen = np.take_along_axis(labels, np.minimum(states[:, [v]], own.labels - 1), axis=1)
        tied = np.sum(np.abs(labels - chosen) <= TIE, axis=1) > 1
        found[:, v] = tied & (states[:, v] < own.labels)
        above = feasible.above(v)
        if above is not None:
            found[:, v] |= found[:, above.variable]
    return found
