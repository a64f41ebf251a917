"""Data programming by exact marginal likelihood (Ratner et al., NeurIPS 2016; without sampling as in Bach et al., Snorkel
DryBell, SIGMOD 2019).

Function i votes with a propensity β_i, and its vote is right by an accuracy α_i; an abstaining function has the weight 1:

    P(e | y) = exp(β_i + s_ey α_i) / Z_iy        s_ey = 1 if e allows y, else -1
    Z_iy = 1 + Σ_{e of i} exp(β_i + s_ey α_i)     P(i abstains | y) = 1 / Z_iy
    log P(row) = log Σ_y p_y exp(Σ_{e in row} (β_i + s_ey α_i) − Σ_i log Z_iy)

A label that a function can never vote is no term of Z_iy, so Z differs between labels, and abstaining is evidence. Rows with
the same votes are one term, so a step costs what the distinct rows cost. The gradient is exact: for w_ey = β_i + s_ey α_i it is
the count of e that is expected with y, less what the model gives,

    ∂/∂w_ey = Σ_rows [e in row] P(y | row) − P(e | y) Σ_rows P(y | row)        ∂/∂ log p_y = Σ_rows P(y | row) − n p_y

and L-BFGS climbs from the belief that functions are as precise as expected. The priors count as shares of the data, so they
neither fade nor grow with n: a Beta prior of s times the votes of a function on σ(2 α_i − o), the precision that α_i means
where labels are equally frequent (o = log (k − |e|) / |e|); a weak normal prior on β_i; for a balance that is estimated b n
rows shared evenly. α_i is never below 0, or a vote would speak against its own label. A joint vote of a block has an α and a β
of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy import optimize, sparse, special

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import log, softmax
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.majority import USUAL_PRECISION, believed
from snorkel_dsl.models.precision import PrecisionModel
from snorkel_dsl.models.statistics import Statistics, sampled
from snorkel_dsl.models.symbols import Symbols
from snorkel_dsl.votes import Floats, Ints, LabelMatrix

PROPENSITY_PRIOR = 1e-3  # one over the variance of β, of the information in all rows together: only what keeps β finite
BALANCE_PRIOR = 0.05  # b, as in `dawid_skene`
HIGHEST_ACCURACY = 4.0  # a precision of .9997
PROPENSITIES = (-20.0, 10.0)
SCORED_PATTERNS = 5_000  # for standard errors


class DataProgramming(PrecisionModel):
    """Maximum marginal likelihood. `prior` is the expected precision, and `strength` s, its weight in votes of the function.

    `accuracy_` (g) and `propensity_` (g) are α and β, and `group_` (d) says which of them each symbol has.
    """

    name: ClassVar[str] = "data_programming"
    saved: ClassVar[tuple[str, ...]] = (
        *PrecisionModel.saved,
        "accuracy_",
        "propensity_",
        "group_",
    )
    accuracy_: Floats
    propensity_: Floats
    group_: Ints

    def __init__(
        self,
        prior: float = USUAL_PRECISION,
        strength: float = 0.5,
        iterations: int = 500,
        tolerance: float = 1e-7,
        seed: int = 0,
    ) -> None:
        self.prior = prior
        self.strength = strength
        self.iterations = iterations
        self.tolerance = tolerance
        self.seed = seed

    # --- fitting -----------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        climb = self._climbed(statistics, balance, facts)
        self._keep(statistics.symbols)
        self.coverage_ = statistics.votes / max(statistics.n, 1.0)
        self.precision_ = _inside(climb.meaning(*climb.unpacked(self._packed())), statistics.symbols)
        self.precision_error_ = self._standard_errors(climb)
        self.explanation_ = "an accuracy and a propensity for each function, by the exact likelihood of all votes"

    def balance_of(self, statistics: Statistics, functions: tuple[str, ...], facts: RuleFacts) -> Floats:
        """The class balance of highest posterior, (k)."""
        self.functions_ = functions
        self._climbed(statistics, None, facts)
        return self.class_balance_

    def _climbed(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> _Climb:
        symbols = statistics.symbols
        self.prior_, self.group_ = believed(self.functions_, facts, self.prior, symbols.k), _groups(symbols)
        climb = _Climb(statistics, self.group_, symbols.expected(self.prior_), balance, self.strength)
        found = climb.highest(self.iterations, self.tolerance)
        self.accuracy_, self.propensity_, self.class_balance_ = climb.unpacked(found)
        return climb

    def _packed(self) -> Floats:
        return np.concatenate([self.accuracy_, self.propensity_, np.log(self.class_balance_)])

    def _standard_errors(self, climb: _Climb) -> Floats:
        """Of the precisions, (d), by the delta method from the outer products of the scores (Berndt et al. 1974)."""
        if not len(climb.symbols):
            return np.zeros(0)
        information = climb.information(self._packed(), self.seed)
        slope = climb.precision_slopes(self._packed())
        variance = np.einsum("eg,gh,eh->e", slope, np.linalg.pinv(information, hermitian=True), slope, optimize=True)
        return np.asarray(self.precision_ * (1 - self.precision_) * np.sqrt(np.maximum(variance, 0.0)))

    # --- prediction --------------------------------------------------------------------------------------------------

    def _logits(self, votes: LabelMatrix) -> Floats:
        symbols = self.symbols_
        weights = _weights(self.accuracy_, self.propensity_, self.group_, symbols)
        silence = -np.log1p(symbols.by_voter(np.exp(weights))).sum(axis=0)
        logits: Floats = log(self.class_balance_) + silence + row_sums(votes, symbols, weights)
        return logits + self._unmet(votes)


def _groups(symbols: Symbols) -> Ints:
    """For each symbol the number of its α and β, (d): one for each function that votes, and one for each joint vote."""
    _, single = np.unique(symbols.function[: symbols.singles], return_inverse=True)
    joint = int(single.max(initial=-1)) + 1 + np.arange(len(symbols.joint))
    return np.concatenate([single, joint]).astype(np.int64)


def _signs(symbols: Symbols) -> Floats:
    """s, (d, k)."""
    return np.where(symbols.allowed, 1.0, -1.0)


def _weights(accuracy: Floats, propensity: Floats, group: Ints, symbols: Symbols) -> Floats:
    """w_ey = β + s_ey α, (d, k)."""
    return np.asarray(propensity[group][:, None] + accuracy[group][:, None] * _signs(symbols), dtype=np.float64)


def _inside(meaning: Floats, symbols: Symbols) -> Floats:
    """P(Y ∈ e | e) from P(y | e), (d)."""
    return np.asarray(np.sum(meaning * symbols.allowed, axis=1), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Climb:
    """The likelihood of counted votes and its slope at (α, β, log p), g + g + k numbers in one array.

    `usual` (d) is the expected precision of each symbol; `balance` is None where it must be estimated.
    """

    statistics: Statistics
    group: Ints
    usual: Floats
    balance: Floats | None
    strength: float

    @property
    def symbols(self) -> Symbols:
        return self.statistics.symbols

    @cached_property
    def groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    @cached_property
    def n(self) -> float:
        return max(self.statistics.n, 1.0)

    @cached_property
    def share(self) -> Floats:
        """The votes of each group as a share of the rows, (g)."""
        return self._by_group(self.statistics.votes) / self.n

    @cached_property
    def offset(self) -> Floats:
        """O of each group, (g)."""
        size = self.symbols.allowed.sum(axis=1)
        return self._mean(np.log(np.maximum(self.symbols.k - size, 0.5) / size))

    @cached_property
    def start(self) -> Floats:
        """Where the climb begins, and for β the middle of its prior."""
        k = self.symbols.k
        balance = np.full(k, 1 / k) if self.balance is None else self.balance
        accuracy = np.clip((special.logit(self._mean(self.usual)) + self.offset) / 2, 0.0, HIGHEST_ACCURACY)
        lift = np.exp(accuracy[self.group][:, None] * _signs(self.symbols)) @ balance
        each = self.statistics.votes / self.n
        silent = np.maximum(1 - self.symbols.by_voter(each[:, None])[self.symbols.voter, 0], 1e-3)
        propensity = np.log(np.maximum(self._mean(each / silent / lift), 1e-6))
        return np.concatenate([accuracy, np.clip(propensity, *PROPENSITIES), np.log(balance)])

    def _by_group(self, values: Floats) -> Floats:
        return np.bincount(self.group, weights=values, minlength=self.groups).astype(np.float64)

    def _mean(self, values: Floats) -> Floats:
        return np.asarray(self._by_group(values) / np.maximum(np.bincount(self.group, minlength=self.groups), 1))

    def unpacked(self, flat: Floats) -> tuple[Floats, Floats, Floats]:
        """α, β and p."""
        accuracy, propensity, free = np.split(flat, [self.groups, 2 * self.groups])
        balance = special.softmax(free) if self.balance is None else self.balance
        return accuracy, propensity, np.asarray(balance, dtype=np.float64)

    # --- climbing ----------------------------------------------------------------------------------------------------

    def highest(self, iterations: int, tolerance: float) -> Floats:
        """The numbers of highest posterior. Each is scaled by the root of its information, or rare functions would lag."""
        scale = np.concatenate([*[np.sqrt(np.maximum(self.share, 1e-4))] * 2, np.ones(self.symbols.k)])
        low = np.repeat([0.0, PROPENSITIES[0], -30.0], [self.groups, self.groups, self.symbols.k])
        high = np.repeat([HIGHEST_ACCURACY, PROPENSITIES[1], 30.0], [self.groups, self.groups, self.symbols.k])

        def scaled(flat: Floats) -> tuple[float, Floats]:
            loss, slope = self.loss(flat / scale)
            return loss, slope / scale

        found = optimize.minimize(
            scaled,
            self.start * scale,
            jac=True,
            method="L-BFGS-B",
            bounds=optimize.Bounds(low * scale, high * scale),
            options={"maxiter": iterations, "ftol": 1e-11, "gtol": tolerance, "maxcor": 20},
        )
        return np.asarray(found.x / scale, dtype=np.float64)

    def loss(self, flat: Floats) -> tuple[float, Floats]:
        """Minus the log posterior a row, and its gradient."""
        accuracy, propensity, balance = self.unpacked(flat)
        weights = _weights(accuracy, propensity, self.group, self.symbols)
        joint, emission = self._joint(weights, balance)
        gold = self.statistics.gold
        unlabeled = self.statistics.counts - gold.sum(axis=1)
        highest = joint.max(axis=1, keepdims=True, initial=-np.inf)
        chances = np.exp(joint - highest)
        total = chances.sum(axis=1, keepdims=True)
        value = float(unlabeled @ (np.log(total) + highest)[:, 0] + np.sum(gold * joint))
        expected = self.statistics.expected(chances / total)
        rows = expected.sum(axis=0)
        slope = self.statistics.matrix.T @ expected - emission * rows
        by_accuracy, by_propensity = (
            self._by_group(np.sum(slope * _signs(self.symbols), axis=1)),
            self._by_group(slope.sum(axis=1)),
        )
        free = rows - self.n * balance if self.balance is None else np.zeros(self.symbols.k)
        gradient = np.concatenate([by_accuracy, by_propensity, free]) / self.n
        prior, prior_slope = self._prior(accuracy, propensity, balance)
        return -(value / self.n + prior), -(gradient + prior_slope)

    def _joint(self, weights: Floats, balance: Floats) -> tuple[Floats, Floats]:
        """Log P(y, pattern), (p, k), and P(e | y), (d, k)."""
        raw = np.exp(weights)
        normal = 1 + self.symbols.by_voter(raw)
        joint = self.statistics.matrix @ weights - np.log(normal).sum(axis=0) + log(balance)
        return np.asarray(joint), raw / normal[self.symbols.voter]

    def _prior(self, accuracy: Floats, propensity: Floats, balance: Floats) -> tuple[float, Floats]:
        """The log of the priors, a row, and its gradient."""
        weight, usual = self.strength * (self.share + 1e-6), self._mean(self.usual)
        odds = 2 * accuracy - self.offset
        value = float(weight @ (usual * special.log_expit(odds) + (1 - usual) * special.log_expit(-odds)))
        away = propensity - self.start[self.groups : 2 * self.groups]
        value -= PROPENSITY_PRIOR / 2 * float(away @ away)
        free = np.zeros(self.symbols.k)
        if self.balance is None:
            value += BALANCE_PRIOR * float(log(balance).mean())
            free = BALANCE_PRIOR * (1 / self.symbols.k - balance)
        return value, np.concatenate([2 * weight * (usual - special.expit(odds)), -PROPENSITY_PRIOR * away, free])

    # --- how sure ----------------------------------------------------------------------------------------------------

    def meaning(self, accuracy: Floats, propensity: Floats, balance: Floats) -> Floats:
        """P(y | e), (d, k)."""
        _, emission = self._joint(_weights(accuracy, propensity, self.group, self.symbols), balance)
        return np.asarray(emission * balance / (emission @ balance)[:, None], dtype=np.float64)

    def information(self, flat: Floats, seed: int) -> Floats:
        """The information in all rows and the priors about (α, β, log p): Σ counts · score scoreᵀ, and the prior's."""
        some = sampled(self.statistics, SCORED_PATTERNS, seed)
        accuracy, propensity, balance = self.unpacked(flat)
        _, emission = self._joint(_weights(accuracy, propensity, self.group, self.symbols), balance)
        joint, _ = _Climb(some, self.group, self.usual, self.balance, self.strength)._joint(
            _weights(accuracy, propensity, self.group, self.symbols), balance
        )
        posterior = some.expected(softmax(joint)) / np.maximum(some.counts, 1e-300)[:, None]
        scores = np.zeros((some.counts.size, flat.size))
        for y, chance in enumerate(posterior.T):
            by_accuracy, by_propensity = self._slots(y)
            scores[:, : self.groups] += chance[:, None] * (some.matrix @ by_accuracy - emission[:, y] @ by_accuracy)
            scores[:, self.groups : 2 * self.groups] += chance[:, None] * (
                some.matrix @ by_propensity - emission[:, y] @ by_propensity
            )
        if self.balance is None:
            scores[:, 2 * self.groups :] = posterior - balance
        spread = special.expit(2 * accuracy - self.offset)
        weight = 4 * self.strength * self.share * spread * (1 - spread)
        free = np.full(self.symbols.k, BALANCE_PRIOR / self.symbols.k if self.balance is None else 1.0)
        prior = np.concatenate([weight, np.full(self.groups, PROPENSITY_PRIOR), free])
        return np.asarray(scores.T @ (scores * some.counts[:, None]) + np.diag(prior * self.n), dtype=np.float64)

    def _slots(self, y: int) -> tuple[Floats, Floats]:
        """∂ w_ey / ∂ α and ∂ w_ey / ∂ β of every group, (d, g) each."""
        slot = np.eye(self.groups)[self.group]
        return slot * _signs(self.symbols)[:, y][:, None], slot

    def precision_slopes(self, flat: Floats) -> Floats:
        """The slope of the log-odds of each symbol's precision along (α, β, log p), (d, g + g + k)."""
        accuracy, propensity, balance = self.unpacked(flat)
        _, emission = self._joint(_weights(accuracy, propensity, self.group, self.symbols), balance)
        meaning = self.meaning(accuracy, propensity, balance)
        right = np.clip(_inside(meaning, self.symbols), 1e-9, 1 - 1e-9)[:, None]
        pull = np.where(self.symbols.allowed, meaning / right, -meaning / (1 - right))
        same = sparse.csr_matrix(self.symbols.voter[:, None] == self.symbols.voter[None, :], dtype=np.float64)
        slopes = np.zeros((len(self.symbols), flat.size))
        for y in range(self.symbols.k):
            for start, slot in zip((0, self.groups), self._slots(y), strict=True):
                own = slot - same @ (emission[:, y][:, None] * slot)
                slopes[:, start : start + self.groups] += pull[:, y][:, None] * own
        if self.balance is None:
            slopes[:, 2 * self.groups :] = pull
        return slopes
