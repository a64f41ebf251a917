"""EM for the multi-task label model.

    E-step  P(y_C | row) of each clique C of the feasible set by messages (`messages`), once a distinct row
    M-step  p_C = (expected rows of y_C + b n p⁰_C) / (n (1 + b)), of which `balance` makes p; the precisions as in `emissions`

The prior of a precision is that of `dawid_skene`, .75 for a label of its even share, at the same likelihood ratio where the
share that is declared, or that the requirements leave, is another; it counts as s times the votes. Declared shares are held
exactly, those of a task under another among the rows of which it is asked: the mean of the posteriors must have them, by
iterative proportional fitting of one number a state. With `hold` the estimated shares of tasks with one true label are held
likewise in a second climb.

p⁰ of a label that may apply beside others is the share of the rows on which more rules vote for it than against. Where rules
only ever vote one way on such a label, agreement alone would say that it always applies. Its share is set to what the expected
precisions make of the votes, as if rules found a usual part of the rows that have it, and there silence of all rules for it
counts in full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.joint.balance import BalanceTree, Shares
from snorkel_dsl.models.joint.emissions import RIGHT, Emission, Prior, Voices
from snorkel_dsl.models.joint.feasible import FeasibleSet
from snorkel_dsl.models.joint.messages import Messages
from snorkel_dsl.models.majority import expected_precision
from snorkel_dsl.votes import Floats

BALANCE_PRIOR = 0.05  # b
RAREST = 0.005  # share that a label is taken to have before rules were learned
USUAL_RECALL = 0.75  # of the rules for a label that nothing contradicts


@dataclass(frozen=True)
class Settings:
    """How EM climbs: see `JointModel`."""

    abstain: float
    strength: float
    hold: bool
    prior: float
    iterations: int
    tolerance: float
    seed: int


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
    """What was learned.

    `factors`: log p_C given the separator, (s) a clique; `balance`: the share of each state of all variables; `emissions`
    and `silence` (α): one of each of the voices; `intercept`: what is added to each state so that shares are held.
    """

    factors: tuple[Floats, ...]
    balance: Floats
    emissions: tuple[Emission, ...]
    silence: Floats
    intercept: Floats

    def evidence(self, feasible: FeasibleSet, voices: tuple[Voices, ...]) -> Evidence:
        """What votes say of the states of all variables."""
        base, weights = self.intercept.copy(), []
        for one, emission, alpha in zip(voices, self.emissions, self.silence, strict=True):
            own = feasible.states_of(one.variable)
            each, silent = emission.weights(one, self.balance[own], float(alpha))
            weights.append(each)
            base[own] += silent
        return Evidence(feasible, voices, tuple(weights), base)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What each symbol adds to the logs of the states of its variable, `weights` (d, k), and what all start from, `base`."""

    feasible: FeasibleSet
    voices: tuple[Voices, ...]
    weights: tuple[Floats, ...]
    base: Floats

    def of(self, rows: slice) -> Floats:
        """The logs of ψ, (rows, states of all variables)."""
        unary = np.repeat(self.base[None, :], rows.stop - rows.start, axis=0)
        for one, weights in zip(self.voices, self.weights, strict=True):
            unary[:, self.feasible.states_of(one.variable)] += one.matrix[rows] @ weights
        return unary


@dataclass(frozen=True, eq=False)
class Expected:
    """What an E-step counts: rows of each configuration, of each symbol with each state, and of each state."""

    cliques: list[Floats]
    symbols: list[Floats]
    states: Floats


class Climb:
    """EM on counted votes over a feasible set, under given settings."""

    def __init__(self, messages: Messages, counted: Counted, facts: RuleFacts, settings: Settings) -> None:
        self.messages, self.counted, self.settings = messages, counted, settings
        self.feasible = messages.feasible
        self.tree = BalanceTree(messages)
        self.reference = self.tree.reference()
        self.priors = [self._prior(one, facts) for one in counted.voices]
        self.votes = [np.asarray(one.matrix.T @ counted.counts, dtype=np.float64) for one in counted.voices]

    def _prior(self, voices: Voices, facts: RuleFacts) -> Prior:
        usual = max(self.settings.prior, 1 / self.feasible.variables[voices.variable].labels)
        precision = np.clip(expected_precision(voices.functions, facts, usual), 0.01, 0.99)
        return Prior(voices.symbols.expected(precision), self.settings.strength)

    def run(self, declared: Shares) -> Fitted:
        """The maximum that EM climbs to from the expected precisions and p⁰."""
        free = self._climb(declared)
        return self._climb({**self.tree.shares(free.balance), **declared}) if self.settings.hold else free

    def _climb(self, held: Shares) -> Fitted:
        known = {**self._pinned(), **held}
        self.known = frozenset(known)
        even, shares = self.tree.even({**self._voted(), **known})
        fitted = self._start(even, shares)
        for _ in range(self.settings.iterations):
            before = fitted
            fitted = self._step(fitted, even, held)
            if _moved(before, fitted) < self.settings.tolerance:
                break
        return fitted

    def _start(self, even: list[Floats], shares: Floats) -> Fitted:
        self.believed = [
            self._believed(one, prior, shares) for one, prior in zip(self.counted.voices, self.priors, strict=True)
        ]
        emissions, silence = [], []
        for voices, prior, votes in zip(self.counted.voices, self.believed, self.votes, strict=True):
            balance = shares[self.feasible.states_of(voices.variable)]
            emissions.append(Emission.expected(voices, prior.precision, balance, votes / self.counted.n))
            silence.append(self.settings.abstain if voices.sided is None else 1.0)
        return Fitted(
            self.tree.factors(even, tie=0.0),
            shares,
            tuple(emissions),
            np.array(silence, dtype=np.float64),
            np.zeros(shares.size),
        )

    def _believed(self, voices: Voices, prior: Prior, shares: Floats) -> Prior:
        """The prior at the likelihood ratio that it has where labels are evenly shared, but at least ½.

        Of a label that may apply beside others and whose share is known it is at least what it would be there: that few rows
        have the label says little of those on which a rule for it fires (`models.expected`).
        """
        own = voices.symbols.allowed
        likely = np.clip(own @ shares[self.feasible.states_of(voices.variable)], 1e-4, 1 - 1e-4)
        even = np.clip(own @ self.reference[self.feasible.states_of(voices.variable)], 1e-4, 1 - 1e-4)
        shifted = special.expit(special.logit(prior.precision) + special.logit(likely) - special.logit(even))
        known = voices.variable in self.known and self.feasible.variables[voices.variable].label is not None
        least = 1.0 if known else 0.5
        return Prior(np.maximum(np.minimum(prior.precision, least), shifted), prior.strength)

    def _voted(self) -> dict[int, Floats]:
        """The shares of labels that may apply beside others and get votes both ways: those of the rows with more votes for."""
        found = {}
        for voices in self.counted.voices:
            if self.feasible.variables[voices.variable].label is not None and voices.sided is None:
                for_it = voices.matrix @ (voices.symbols.allowed[:, 1] * 1.0 - voices.symbols.allowed[:, 0])
                share = float(self.counted.counts @ ((np.sign(for_it) + 1) / 2) / self.counted.n)
                share = min(max(share, RAREST), 1 - RAREST)
                found[voices.variable] = np.array([1 - share, share])
        return found

    def _pinned(self) -> dict[int, Floats]:
        """The shares of labels that rules vote on one way only: what the votes make of them at the expected precision."""
        found = {}
        for voices, prior in zip(self.counted.voices, self.priors, strict=True):
            if voices.sided is not None:
                doubt = voices.matrix @ np.log1p(-np.clip(prior.precision, 0.01, 0.99))
                share = float(self.counted.counts @ (1 - np.exp(doubt)) / self.counted.n) / USUAL_RECALL
                share = min(max(share, 1e-4), 0.5)
                found[voices.variable] = np.array([1 - share, share] if voices.sided == 1 else [share, 1 - share])
        return found

    # --- the two steps -----------------------------------------------------------------------------------------------

    def expected(self, fitted: Fitted) -> Expected:
        """The E-step: nothing larger than one batch of rows is held."""
        counts, voices = self.counted.counts, self.counted.voices
        cliques = [np.zeros(len(clique.configurations)) for clique in self.feasible.cliques]
        symbols = [np.zeros((len(one.symbols), one.symbols.k)) for one in voices]
        states = np.zeros(fitted.intercept.size)
        evidence = fitted.evidence(self.feasible, voices)
        for rows in self.messages.batches(counts.size):
            beliefs = self.messages.beliefs(evidence.of(rows), fitted.factors)
            for total, share in zip(cliques, beliefs.cliques, strict=True):
                total += counts[rows] @ share
            weighed = beliefs.marginals * counts[rows, None]
            states += weighed.sum(axis=0)
            for counted, one in zip(symbols, voices, strict=True):
                counted += one.matrix[rows].T @ weighed[:, self.feasible.states_of(one.variable)]
        return Expected(cliques, symbols, states)

    def _step(self, fitted: Fitted, even: list[Floats], held: Shares) -> Fitted:
        expected, n = self.expected(fitted), self.counted.n
        shares = [
            (rows + BALANCE_PRIOR * n * usual) / (n * (1 + BALANCE_PRIOR))
            for rows, usual in zip(expected.cliques, even, strict=True)
        ]
        factors = self.tree.factors(shares)
        balance = self.tree.states(factors)
        emissions = tuple(
            emission.learned(voices, counted, votes, prior, balance[self.feasible.states_of(voices.variable)])
            for voices, emission, counted, votes, prior in zip(
                self.counted.voices, fitted.emissions, expected.symbols, self.votes, self.believed, strict=True
            )
        )
        intercept = fitted.intercept + self.tree.correction(expected.states / n, held)
        return replace(fitted, factors=factors, balance=balance, emissions=emissions, intercept=intercept)

    # --- how sure ----------------------------------------------------------------------------------------------------

    def standard_errors(self, fitted: Fitted) -> tuple[Floats, ...]:
        """One standard error of each precision, (d) for each of the voices, other numbers held fixed.

        From the observed information (Louis, JRSS B 1982): the complete information less what is missing, Σ counts · r (1 - r)
        with r the chance that the vote is right.
        """
        doubts = [np.zeros(len(one.symbols)) for one in self.counted.voices]
        evidence = fitted.evidence(self.feasible, self.counted.voices)
        for rows in self.messages.batches(self.counted.counts.size):
            marginals = self.messages.beliefs(evidence.of(rows), fitted.factors).marginals
            for doubt, one in zip(doubts, self.counted.voices, strict=True):
                votes = one.matrix[rows].tocoo()
                own = marginals[votes.row, self.feasible.states_of(one.variable)]
                right = np.sum(own * one.symbols.allowed[votes.col], axis=1)
                weight = self.counted.counts[rows][votes.row] * votes.data * right * (1 - right)
                doubt += np.bincount(votes.col, weights=weight, minlength=doubt.size)
        return tuple(
            _error(emission.precision[:, RIGHT], votes * (1 + self.settings.strength), doubt)
            for emission, votes, doubt in zip(fitted.emissions, self.votes, doubts, strict=True)
        )


def _error(precision: Floats, weight: Floats, doubt: Floats) -> Floats:
    likely = np.clip(precision, 1e-3, 1 - 1e-3)
    spread = likely * (1 - likely)
    information = weight / spread - np.minimum(doubt, 0.95 * weight * spread) / spread**2
    return np.asarray(1 / np.sqrt(np.maximum(information, 1.0)), dtype=np.float64)


def _moved(before: Fitted, after: Fitted) -> float:
    pairs = zip(before.emissions, after.emissions, strict=True)
    return max((float(np.max(np.abs(a.precision - b.precision), initial=0.0)) for a, b in pairs), default=0.0)
