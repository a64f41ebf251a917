"""Triplets in closed form (FlyingSquid; Fu et al., ICML 2020), from pair moments alone: votes may stream.

For one label y against the rest let x_i be 1 where function i votes for y, -1 where it votes for another label, 0 where it
abstains. For functions that are independent given whether Y = y, every covariance is a product, and three of them give each
factor up to its sign:

    Cov(x_i, x_j) = v_i v_j        |v_i| = √|Cov(x_i, x_j) Cov(x_i, x_k) / Cov(x_j, x_k)|
    v_i = √(p_y (1 − p_y)) (E[x_i | y] − E[x_i | not y])

The paper takes E[x_i x_j] for the product, which is exact where a function errs equally often on both sides; the covariance
needs nothing of the kind, so it also holds for functions that vote one label only. Of the many triplets of a function the
median counts, each weighed by one over the variance of log |v_i|, which for correlations r is as 1 / r_ij² + 1 / r_ik² +
1 / r_jk²; a triplet whose covariances have a negative product is none. Signs: functions are better than random on average.
With v known each symbol e of another function follows, again as a median over j, and with it the precision:

    u_e = Cov(e, x_j) / v_j        P(y | e) = p_y + √(p_y (1 − p_y)) u_e / c_e        π_e = Σ_{y in e} P(y | e)

A precision is never below that of a vote at random, and a function in no valid triplet keeps the precision that is
expected of it: it is named in `not_identifiable_`. Inference is that of `dawid_skene`, with one emission for every symbol
and label, and with abstaining trusted to the power α: in full, unless told otherwise; the paper leaves it out (α = 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import log, softmax
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.dawid_skene import ABSTAIN_WEIGHTS, NEVER_ABSTAINS, DawidSkene
from snorkel_dsl.models.heldout import best
from snorkel_dsl.models.majority import USUAL_PRECISION, believed
from snorkel_dsl.models.precision import PrecisionModel
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.symbols import Symbols
from snorkel_dsl.votes import Bools, Floats, Ints, LabelMatrix

MOST_PARTNERS = 20  # of each function those with which it is most correlated; weak pairs would only add noise
NO_CORRELATION = 1e-3
SIGN_STEPS = 5
MEDIAN_COSTS = np.pi / 2  # the variance of a median of normal numbers over that of their mean
HIGHEST_PRECISION = 0.99


class Triplets(PrecisionModel):
    """FlyingSquid, each label against the rest. `abstain` is α, or "chosen"; `prior` the expected precision, and `strength` its
    weight in votes of the function.

    `unidentified_` (m) are the functions in no valid triplet.
    """

    name: ClassVar[str] = "triplets"
    saved: ClassVar[tuple[str, ...]] = (
        *PrecisionModel.saved,
        "abstain_",
        "unidentified_",
    )
    abstain_: np.float64
    unidentified_: Bools

    def __init__(
        self,
        abstain: float | Literal["chosen"] = 1.0,
        prior: float = USUAL_PRECISION,
        strength: float = 0.5,
        seed: int = 0,
    ) -> None:
        self.abstain = abstain
        self.prior = prior
        self.strength = strength
        self.seed = seed

    @property
    def not_identifiable_(self) -> tuple[str, ...]:
        """Names of the functions in no valid triplet."""
        return tuple(name for name, bad in zip(self.functions_, self.unidentified_, strict=True) if bad)

    # --- fitting -----------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        self.prior_ = believed(self.functions_, facts, self.prior, statistics.symbols.k)
        alpha = self._chosen_abstain(statistics, balance) if self.abstain == "chosen" else self.abstain
        self.abstain_ = np.float64(alpha)
        self._solve(statistics, balance)
        self.explanation_ = f"precisions from triplets of functions, in closed form; abstaining counts {alpha:g}"
        if self.not_identifiable_:
            self.explanation_ += f"; in no valid triplet: {', '.join(self.not_identifiable_)}"

    def _solve(self, statistics: Statistics, balance: Floats | None) -> None:
        symbols = statistics.symbols
        self._keep(symbols)
        self.coverage_ = statistics.votes / max(statistics.n, 1.0)
        self.class_balance_ = self._estimated_balance(statistics) if balance is None else balance
        learned, error = self._learned(statistics)
        usual = symbols.expected(self.prior_)
        shrunk = (learned + self.strength * usual) / (1 + self.strength)
        chance = symbols.allowed @ self.class_balance_
        known = np.isfinite(learned) & (self.coverage_ > 0)
        self.precision_ = np.where(known, np.clip(shrunk, chance, np.maximum(chance, HIGHEST_PRECISION)), usual)
        self.precision_error_ = np.where(known, error / (1 + self.strength), np.nan)
        self.unidentified_ = ~np.isin(np.arange(symbols.m), symbols.function[known])

    def _learned(self, statistics: Statistics) -> tuple[Floats, Floats]:
        """π and its standard error by the triplets alone, (d) each; NaN where there are none."""
        symbols, balance = statistics.symbols, self.class_balance_
        covariance = statistics.pairs - np.outer(self.coverage_, self.coverage_)
        learned, variance = np.zeros(len(symbols)), np.zeros(len(symbols))
        lower = 1 if symbols.k == 2 else 0  # of two labels one is the rest of the other
        for y in range(lower, symbols.k):
            one = _OneAgainstRest(symbols, covariance, y, max(statistics.n, 1.0))
            scale = np.sqrt(balance[y] * (1 - balance[y])) / np.maximum(self.coverage_, 1e-12)
            slope, doubt = one.symbol_slopes
            said = symbols.allowed[:, y].astype(np.float64)
            if symbols.k == 2:
                said, balanced = said - symbols.allowed[:, 0], symbols.allowed @ balance
            else:
                balanced = said * balance[y]
            learned += np.where(said != 0, balanced + said * scale * slope, balanced)
            variance += np.where(said != 0, scale**2 * doubt, 0.0)
        return learned, np.sqrt(variance)

    def _estimated_balance(self, statistics: Statistics) -> Floats:
        """The class balance as Dawid-Skene finds it: the paper takes it as given."""
        helper = DawidSkene(abstain=0.25, prior=self.prior, strength=1.0)
        helper.prepare(self.functions_, RuleFacts(), statistics.symbols.k)
        helper.prior_, helper.abstain_ = self.prior_, np.float64(0.25)
        return helper.balance_of(statistics)

    # --- how far abstaining is trusted -------------------------------------------------------------------------------

    def _chosen_abstain(self, statistics: Statistics, balance: Floats | None) -> float:
        """The α under which functions left out are foretold best; the smaller of two that are as good."""
        return ABSTAIN_WEIGHTS[best([self.with_abstain(alpha) for alpha in ABSTAIN_WEIGHTS], statistics, balance)]

    def with_abstain(self, alpha: float) -> Triplets:
        """A copy, not yet fitted, whose α is given."""
        copy = Triplets(**self.get_params() | {"abstain": alpha})
        copy.functions_, copy.prior_, copy.abstain_ = self.functions_, self.prior_, np.float64(alpha)
        return copy

    def posterior(self, statistics: Statistics, balance: Floats | None) -> Floats:
        """Fits on these statistics alone and gives P(y | pattern), (p, k)."""
        self._solve(statistics, balance)
        weights, base = self._weights(statistics.symbols)
        return softmax(statistics.matrix @ weights + base + log(self.class_balance_))

    # --- prediction --------------------------------------------------------------------------------------------------

    def _weights(self, symbols: Symbols) -> tuple[Floats, Floats]:
        """What each symbol adds to the log-odds, (d, k), and what a row without votes starts from, (k)."""
        meaning = symbols.spread(self.precision_, self.class_balance_)
        weights = log(meaning) - log(self.class_balance_)
        if self.abstain_ == 0:
            return weights, np.zeros(symbols.k)
        emission = self.coverage_[:, None] * meaning / self.class_balance_
        silence = np.log(np.clip(1 - symbols.by_voter(emission), NEVER_ABSTAINS, 1.0))
        return weights - self.abstain_ * silence[symbols.voter], self.abstain_ * silence.sum(axis=0)

    def _logits(self, votes: LabelMatrix) -> Floats:
        symbols = self.symbols_
        weights, base = self._weights(symbols)
        logits: Floats = log(self.class_balance_) + base + row_sums(votes, symbols, weights)
        return logits + self._unmet(votes)


@dataclass(frozen=True, eq=False)
class _OneAgainstRest:
    """The triplets of label y: `covariance` (d, d) of the symbols of n rows. Shapes (v) count voters: blocks of functions."""

    symbols: Symbols
    covariance: Floats
    label: int
    n: float

    @cached_property
    def said(self) -> Floats:
        """What x is where symbol e stands, by voter, (d, v): a set that holds y says it the less, the larger it is."""
        allowed = self.symbols.allowed
        holds = allowed[:, self.label]
        value = np.where(holds, 1 / allowed.sum(axis=1), -1.0) * ~allowed.all(axis=1)
        voters = int(self.symbols.blocks.max(initial=-1)) + 1
        return np.asarray(value[:, None] * np.eye(voters)[self.symbols.voter])

    @cached_property
    def mixed(self) -> Floats:
        """Cov(e, x_j), (d, v)."""
        return np.asarray(self.covariance @ self.said)

    @cached_property
    def deviation(self) -> Floats:
        """The standard deviation of x, (v)."""
        return np.asarray(np.sqrt(np.maximum(np.sum(self.said * self.mixed, axis=0), 0.0)), dtype=np.float64)

    @cached_property
    def correlation(self) -> Floats:
        """The correlation r of every two voters, (v, v), zero on the diagonal."""
        scale = np.maximum(self.deviation, 1e-12)
        found = self.said.T @ self.mixed / np.outer(scale, scale)
        np.fill_diagonal(found, 0.0)
        return np.asarray(np.clip(found, -1.0, 1.0), dtype=np.float64)

    @cached_property
    def factors(self) -> tuple[Floats, Floats]:
        """See `triplet_factors`, (v) each, of the functions that say the label and those most correlated with them."""
        saying = np.unique(self.symbols.voter[self.symbols.allowed[:, self.label]])
        partners = np.argsort(-np.abs(self.correlation[saying]), axis=1, kind="stable")[:, :MOST_PARTNERS]
        wanted = np.union1d(saying, partners) if self.symbols.k > 2 else None
        return triplet_factors(self.correlation, self.n, wanted)

    @cached_property
    def symbol_slopes(self) -> tuple[Floats, Floats]:
        """u_e and its variance, (d) each; NaN where the function is in no valid triplet.

        The variance is that of the covariances with the others, and that of v, taken as independent of each other.
        """
        factor, doubt = self.factors
        slope, variance = np.full((2, len(self.symbols)), np.nan)
        spread = np.diag(self.covariance)
        needed = (
            np.ones(len(self.symbols), dtype=np.bool_) if self.symbols.k == 2 else self.symbols.allowed[:, self.label]
        )
        for e in np.flatnonzero(needed):
            own = self.symbols.voter[e]
            others = np.flatnonzero(np.isfinite(factor) & (np.arange(factor.size) != own))
            if np.isnan(factor[own]) or not others.size:
                continue
            weight = factor[others] ** 2
            each = self.mixed[e, others] / (factor[others] * self.deviation[others])
            slope[e] = _weighted_median(each, weight)
            variance[e] = MEDIAN_COSTS * spread[e] / (self.n * weight.sum())
            variance[e] += slope[e] ** 2 * float(weight @ doubt[others]) / weight.sum()
        return slope, variance


def triplet_factors(correlation: Floats, n: float, wanted: Ints | None = None) -> tuple[Floats, Floats]:
    """v_i over the standard deviation of x_i, and the variance of its logarithm, (v) each; NaN without a triplet.

    From the correlations of n rows, (v, v), zero where two voters are not independent given the label. `wanted` are the
    voters of interest, all without it; the others are NaN.
    """
    size, doubt = np.full((2, len(correlation)), np.nan)
    for i in range(size.size) if wanted is None else wanted:
        size[i], doubt[i] = _factor(correlation, i, n)
    strength = np.nan_to_num(size)
    sign = np.ones(size.size)
    for _ in range(SIGN_STEPS):
        sign = np.where(correlation @ (sign * strength) < 0, -1.0, 1.0)
    return size * sign * (-1.0 if sign @ strength < 0 else 1.0), doubt


def _factor(correlation: Floats, i: int, n: float) -> tuple[float, float]:
    """|v_i| over the deviation by the weighed median of its triplets, and the variance of its logarithm."""
    own = np.abs(correlation[i])
    partners = np.argsort(-own, kind="stable")[:MOST_PARTNERS]
    partners = partners[own[partners] > NO_CORRELATION]
    first, second = np.triu_indices(partners.size, 1)
    j, k = partners[first], partners[second]
    sides = np.stack([correlation[i, j], correlation[i, k], correlation[j, k]])
    valid = (np.abs(sides[2]) > NO_CORRELATION) & (np.prod(np.sign(sides), axis=0) > 0)
    if not valid.any():
        return np.nan, np.nan
    ours, theirs, other = np.log(np.abs(sides[:, valid]))
    spread = np.sum(np.exp(-2 * np.stack([ours, theirs, other])), axis=0) / (4 * n)
    middle = _weighted_median((ours + theirs - other) / 2, 1 / spread)
    return float(np.exp(min(middle, 0.0))), float(spread.min())


def _weighted_median(values: Floats, weights: Floats) -> float:
    """The value with half of the weight on either side; between two, the middle of them."""
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weights[order])
    half = mass[-1] / 2
    low, high = np.searchsorted(mass, [half * (1 - 1e-9), half * (1 + 1e-9)])
    return float((values[order[low]] + values[order[min(high, order.size - 1)]]) / 2)
