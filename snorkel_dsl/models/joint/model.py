"""The multi-task label model: one distribution over all that a row can be like (Ratner et al., AAAI 2019).

Y is one vector out of the feasible set F (`feasible`), and votes are sets of F (`emissions`):

    P(y, row) = p(y) · Π_{votes e of the row} θ_e(y) · (Π_{i abstains} P(i abstains | y))^α           y in F

p is a product of factors over the tree of F, and all numbers are learned by EM (`estimation`). Every answer is a sum over F
(`messages`), so answers agree with each other: P(child) ≤ P(parent), and what a requirement rules out has probability zero.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.joint.emissions import said_by, voices_of, votes_on
from snorkel_dsl.models.joint.estimation import Climb, Counted, Fitted, Settings
from snorkel_dsl.models.joint.feasible import FeasibleSet
from snorkel_dsl.models.joint.messages import Messages
from snorkel_dsl.models.majority import USUAL_PRECISION
from snorkel_dsl.votes import Floats, LabelMatrix

STRENGTH = 3.0
MOST_PATTERNS = 100_000


class JointModel:
    """One label model for all tasks of a label matrix.

    `abstain` is α from 0 (off) to 1 (full), `prior` the usual precision and `strength` its weight as a multiple of the votes.
    """

    name = "joint"

    def __init__(
        self,
        abstain: float = 0.25,
        strength: float = STRENGTH,
        hold: bool = False,
        prior: float = USUAL_PRECISION,
        iterations: int = 100,
        tolerance: float = 1e-4,
    ) -> None:
        self.settings = Settings(abstain, strength, hold, prior, iterations, tolerance)

    def fit(
        self,
        votes: LabelMatrix,
        facts: RuleFacts | None = None,
        class_balance: Mapping[str, npt.ArrayLike] | None = None,
    ) -> JointModel:
        """Learns from the votes of all tasks. `class_balance` has shares by the name of a task, or `task.label`."""
        known = votes.facts if facts is None else facts
        feasible = FeasibleSet(votes.tasks, known.requirements, said_by(votes))
        patterns = votes.patterns()
        counts = patterns.counts.astype(np.float64)
        self.messages_ = Messages(feasible)
        counted = Counted(counts, tuple(voices_of(patterns.votes, counts, feasible, known)))
        self.voices_ = counted.voices
        declared = _declared(feasible, {**known.balance, **(class_balance or {})})
        self.fitted_: Fitted = Climb(self.messages_, counted, known, self.settings).run(declared)
        return self

    def predict_proba(self, votes: LabelMatrix) -> dict[str, Floats]:
        """P(state | votes) by the name of the variable, (n, states)."""
        patterns = votes.patterns()
        marginals = self.marginals(patterns.votes)[patterns.inverse]
        feasible = self.messages_.feasible
        return {variable.name: marginals[:, feasible.states_of(v)] for v, variable in enumerate(feasible.variables)}

    def marginals(self, rows: LabelMatrix) -> Floats:
        """(rows, states of all variables)."""
        feasible = self.messages_.feasible
        own = votes_on(rows, feasible)
        voices = tuple(one.on(own.get(one.variable), rows.n) for one in self.voices_)
        return self.messages_.marginals(self.fitted_.evidence(feasible, voices), rows.n, self.fitted_.factors)


def _declared(feasible: FeasibleSet, balance: Mapping[str, npt.ArrayLike]) -> dict[int, Floats]:
    names = {variable.name: v for v, variable in enumerate(feasible.variables)}
    return {names[name]: np.asarray(shares, dtype=np.float64) for name, shares in balance.items() if name in names}
