"""The multi-task label model: one distribution over all that a row can be like (Ratner et al., AAAI 2019).

Y is one vector out of the feasible set F (`feasible`), and votes are sets of F (`emissions`):

    P(y, row) = p(y) · Π_{votes e of the row} θ_e(y) · (Π_{i abstains} P(i abstains | y))^α           y in F
    p(y) = Π_C p_C(y_C) / Π_S p_S(y_S)                                    C the cliques, S the separators of the tree of F

E-step  the probability of each configuration of each clique, and of each state, by messages (`messages`), once a distinct row
M-step  p_C = (expected rows of y_C + b n p⁰_C) / (n (1 + b)); the precisions as in `emissions`

p⁰ is even: each task has its labels equally often where it is asked, or as often as is declared. Declared shares are held
exactly, of a task under another among the rows of which it is asked: the mean of the posteriors must have them, by iterative
proportional fitting of one number a state. With `hold` the estimated shares are held likewise in a second climb.

A label that may apply and that rules only ever vote for (or against) is where agreement alone would say that it always
applies: its share is set to what the expected precisions make of the votes, as if rules found a usual part of it, and a row
on which all rules for it abstain counts as one without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import log
from snorkel_dsl.models.joint.emissions import Emission, Prior, Voices, said_by, voices_of
from snorkel_dsl.models.joint.feasible import FeasibleSet
from snorkel_dsl.models.joint.messages import Messages
from snorkel_dsl.models.majority import USUAL_PRECISION, expected_precision
from snorkel_dsl.votes import Floats, LabelMatrix

BALANCE_PRIOR = 0.05  # b
FITTING_STEPS = 60  # of p⁰ to declared shares
USUAL_RECALL = 0.75  # of the rules for a label that nothing contradicts
STRENGTH = 3.0
MOST_PATTERNS = 100_000


@dataclass(frozen=True, eq=False)
class Counted:
    """Votes as distinct rows: `counts` (p), and for each variable the votes on it."""

    counts: Floats
    voices: tuple[Voices, ...]

    @property
    def n(self) -> float:
        """The number of rows counted."""
        return max(float(self.counts.sum()), 1.0)

    def without(self, functions: frozenset[str]) -> Counted:
        """The same rows as if these functions abstained everywhere."""
        return Counted(self.counts, tuple(one.without(functions) for one in self.voices))


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was learned: `factors` log p_C given the separator, (s) a clique; an `Emission` for each of the voices;
    `intercept` (states of all variables) what is added so that shares are held; `silence` α of each of the voices.
    """

    factors: list[Floats]
    emissions: tuple[Emission, ...]
    intercept: Floats
    silence: Floats


class Climb:
    """EM on counted votes over a feasible set, under given settings."""

    def __init__(self, messages: Messages, counted: Counted, facts: RuleFacts, settings: Settings) -> None:
        self.messages, self.counted, self.settings = messages, counted, settings
        self.feasible = messages.feasible
        self.priors = [self._prior(one, facts) for one in counted.voices]
        self.votes = [np.asarray(one.matrix.T @ counted.counts, dtype=np.float64) for one in counted.voices]

    def _prior(self, voices: Voices, facts: RuleFacts) -> Prior:
        labels = self.feasible.variables[voices.variable].labels
        usual = max(self.settings.prior, 1 / labels)
        precision = np.clip(expected_precision(voices.functions, facts, usual), 0.01, 0.99)
        return Prior(voices.symbols.expected(precision), self.settings.strength)

    # --- the class balance -------------------------------------------------------------------------------------------

    def even(self, declared: Mapping[int, Floats]) -> tuple[list[Floats], Floats]:
        """p⁰: the share of each configuration of each clique, and of each state of all variables."""
        feasible, targets = self.feasible, dict(declared)
        for v, variable in enumerate(feasible.variables):
            if variable.task is not None and variable.label is None and v not in targets:
                targets[v] = np.full(variable.labels, 1 / variable.labels)
        unary = np.zeros((1, int(feasible.offsets[-1])))
        for _ in range(FITTING_STEPS):
            beliefs = self.messages.beliefs(unary, self.messages.flat())
            unary[0] += self._correction(beliefs.marginals[0], targets)
        beliefs = self.messages.beliefs(unary, self.messages.flat())
        return [share[0] for share in beliefs.cliques], beliefs.marginals[0]

    def _correction(self, marginals: Floats, targets: Mapping[int, Floats]) -> Floats:
        """What must be added to the logs of states so that they come closer to the shares that they should have."""
        found = np.zeros(marginals.size)
        for v, target in targets.items():
            own = slice(int(self.feasible.offsets[v]), int(self.feasible.offsets[v]) + target.size)
            share = marginals[own]
            if share.sum() > 0:
                found[own] = np.where(share > 0, log(target) - log(share / share.sum()), 0.0)
        return found

    def pinned(self) -> dict[int, Floats]:
        """The shares of labels that rules vote on one way only: what the votes make of them at the expected precision."""
        found = {}
        for voices, prior in zip(self.counted.voices, self.priors, strict=True):
            if voices.sided is not None:
                doubt = voices.matrix @ np.log1p(-np.clip(prior.precision, 0.01, 0.99))
                share = float(self.counted.counts @ (1 - np.exp(doubt)) / self.counted.n) / USUAL_RECALL
                share = min(max(share, 1e-4), 0.5)
                found[voices.variable] = np.array([1 - share, share] if voices.sided == 1 else [share, 1 - share])
        return found

    # --- EM ----------------------------------------------------------------------------------------------------------

    def run(self, declared: Mapping[int, Floats]) -> Fitted:
        """The maximum that EM climbs to from the expected precisions and p⁰."""
        fitted, even = self._start(declared)
        held = dict(declared)
        for _ in range(self.settings.iterations):
            before = fitted
            fitted = self._step(fitted, even, held)
            if _moved(before, fitted) < self.settings.tolerance:
                break
        return fitted

    def _start(self, declared: Mapping[int, Floats]) -> tuple[Fitted, list[Floats]]:
        even, shares = self.even({**self.pinned(), **declared})
        emissions = []
        for voices, prior, votes in zip(self.counted.voices, self.priors, self.votes, strict=True):
            balance = shares[self.feasible.states_of(voices.variable)]
            emissions.append(Emission.expected(voices, prior.precision, balance, votes / self.counted.n))
        silence = [self.settings.abstain if one.sided is None else 1.0 for one in self.counted.voices]
        start = Fitted(self.conditional(even), tuple(emissions), np.zeros(shares.size), np.array(silence))
        return start, even

    def conditional(self, shares: list[Floats]) -> list[Floats]:
        """The logs of p(configuration | state of the separator) of each clique."""
        found = []
        for clique, share in zip(self.feasible.cliques, shares, strict=True):
            within = share.sum() if clique.up is None else np.bincount(clique.up, weights=share)[clique.up]
            found.append(log(share) - log(np.asarray(within)))
        return found

    def balance(self, fitted: Fitted) -> Floats:
        """The class balance of each state of all variables."""
        marginals: Floats = self.messages.beliefs(np.zeros((1, fitted.intercept.size)), fitted.factors).marginals[0]
        return marginals

    def _step(self, fitted: Fitted, even: list[Floats], held: Mapping[int, Floats]) -> Fitted:
        cliques, expected, marginals = self._expected(fitted)
        n = self.counted.n
        shares = [
            (rows + BALANCE_PRIOR * n * usual) / (n * (1 + BALANCE_PRIOR))
            for rows, usual in zip(cliques, even, strict=True)
        ]
        factors = self.conditional(shares)
        balance = self.messages.beliefs(np.zeros((1, marginals.size)), factors).marginals[0]
        emissions = []
        for i, (voices, emission) in enumerate(zip(self.counted.voices, fitted.emissions, strict=True)):
            own = balance[self.feasible.states_of(voices.variable)]
            emissions.append(emission.learned(voices, expected[i], self.votes[i], self.priors[i], own))
        intercept = fitted.intercept + self._correction(marginals / n, held)
        return replace(fitted, factors=factors, emissions=tuple(emissions), intercept=intercept)

    def _expected(self, fitted: Fitted) -> tuple[list[Floats], list[Floats], Floats]:
        """Expected rows of each configuration, of each symbol with each state, and of each state."""
        counts, voices = self.counted.counts, self.counted.voices
        cliques = [np.zeros(len(clique.configurations)) for clique in self.feasible.cliques]
        symbols = [np.zeros((len(one.symbols), one.symbols.k)) for one in voices]
        marginals = np.zeros(fitted.intercept.size)
        evidence = Evidence(self.feasible, voices, fitted, self.balance(fitted))
        for rows in self.messages.batches(counts.size):
            beliefs = self.messages.beliefs(evidence.of(rows), fitted.factors)
            for c, share in enumerate(beliefs.cliques):
                cliques[c] += counts[rows] @ share
            weighed = beliefs.marginals * counts[rows, None]
            marginals += weighed.sum(axis=0)
            for i, one in enumerate(voices):
                symbols[i] += one.matrix[rows].T @ weighed[:, self.feasible.states_of(one.variable)]
        return cliques, symbols, marginals


class Evidence:
    """What the votes of rows say of the states of all variables, in logs."""

    def __init__(self, feasible: FeasibleSet, voices: Sequence[Voices], fitted: Fitted, balance: Floats) -> None:
        self.feasible, self.voices = feasible, voices
        self.base = fitted.intercept.copy()
        self.weights = []
        for one, emission, alpha in zip(voices, fitted.emissions, fitted.silence, strict=True):
            own = feasible.states_of(one.variable)
            weights, base = emission.weights(one, balance[own], float(alpha))
            self.weights.append(weights)
            self.base[own] += base

    def of(self, rows: slice) -> Floats:
        """(rows, states of all variables)."""
        size = self.voices[0].matrix[rows].shape[0] if self.voices else rows.stop - rows.start
        unary = np.repeat(self.base[None, :], size, axis=0)
        for one, weights in zip(self.voices, self.weights, strict=True):
            unary[:, self.feasible.states_of(one.variable)] += one.matrix[rows] @ weights
        return unary


@dataclass(frozen=True)
class Settings:
    """How EM climbs: see `JointModel`."""

    abstain: float
    prior: float
    strength: float
    iterations: int
    tolerance: float


def _moved(before: Fitted, after: Fitted) -> float:
    return max(
        (
            float(np.max(np.abs(one.precision - other.precision), initial=0.0))
            for one, other in zip(before.emissions, after.emissions, strict=True)
        ),
        default=0.0,
    )


class JointModel:
    """One label model for all tasks of a label matrix.

    `abstain` is α from 0 (off) to 1 (full), `prior` the usual precision and `strength` its weight as a multiple of the votes.
    """

    name = "joint"

    def __init__(
        self,
        abstain: float = 0.25,
        prior: float = USUAL_PRECISION,
        strength: float = STRENGTH,
        iterations: int = 100,
        tolerance: float = 1e-4,
        hold: bool = False,
    ) -> None:
        self.abstain = abstain
        self.prior = prior
        self.strength = strength
        self.iterations = iterations
        self.tolerance = tolerance
        self.hold = hold

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
        counted = Counted(counts, tuple(voices_of(patterns.votes, counts, feasible, known)))
        settings = Settings(self.abstain, self.prior, self.strength, self.iterations, self.tolerance)
        climb = Climb(Messages(feasible), counted, known, settings)
        declared = _declared(feasible, {**known.balance, **(class_balance or {})})
        fitted = climb.run(declared)
        if self.hold:
            shares = climb.balance(fitted)
            fitted = climb.run(_shares_of(feasible, shares) | declared)
        self.climb_, self.fitted_ = climb, fitted
        return self

    def predict_proba(self, votes: LabelMatrix) -> dict[str, Floats]:
        """P(state | votes) by the name of the variable, (n, states)."""
        patterns = votes.patterns()
        marginals = self.marginals(patterns.votes)[patterns.inverse]
        feasible = self.climb_.feasible
        return {variable.name: marginals[:, feasible.states_of(v)] for v, variable in enumerate(feasible.variables)}

    def marginals(self, rows: LabelMatrix) -> Floats:
        """(rows, states of all variables)."""
        climb = self.climb_
        evidence = Evidence(climb.feasible, climb.counted.voices, self.fitted_, climb.balance(self.fitted_))
        parts = [
            climb.messages.beliefs(evidence.of(b), self.fitted_.factors).marginals
            for b in climb.messages.batches(rows.n)
        ]
        return np.concatenate(parts)


def _declared(feasible: FeasibleSet, balance: Mapping[str, npt.ArrayLike]) -> dict[int, Floats]:
    names = {variable.name: v for v, variable in enumerate(feasible.variables)}
    return {names[name]: np.asarray(shares, dtype=np.float64) for name, shares in balance.items() if name in names}


def _shares_of(feasible: FeasibleSet, shares: Floats) -> dict[int, Floats]:
    found = {}
    for v, variable in enumerate(feasible.variables):
        own = shares[feasible.states_of(v)][: variable.labels]
        if variable.task is not None and own.sum() > 0:
            found[v] = own / own.sum()
    return found
