"""Votes for one label only (after WEAPO; Zhang et al., CIKM 2022): a ranking of the rows, held to the class balance.

Where no function votes the negative label nothing contradicts a vote, and a model of agreement answers that the label always
applies. WEAPO asks for a score alone, s = Σ_{e in row} w_e with w_e ≥ 0: a row whose votes are a superset of another's is at
least as positive, whatever is learned; and it keeps the weights as alike as the votes allow. Here, over the symbols of label y,

    w = argmin_{w ≥ 0} ½ wᵀ W w − dᵀ w + ρ/2 Σ_e var_e (w_e − w⁰_e)²
    d_e = P(e | y) − P(e | not y) = v_e / √(p_y (1 − p_y))        W = Cov(e, e') − v_e v_e'

Without the last term this is Fisher's discriminant, in log-odds; d comes from the pair moments (`triplets`), and what is left
of the covariance is what rules have in common besides the label, so rules that fire together for other reasons share a weight.
w⁰ is the log-odds of the precision that is expected of the function, beyond that of a vote at random; where d is not
identified w stays there. A vote for a set of labels speaks for each of them with w⁰. The scores are held to the balance,

    P(y | row) ∝ exp(b_y + Σ_{e in row, y in e} w_e)        b such that the mean over the rows is p

so a share that nobody gave must be estimated, here by `data_programming`; `warnings_` says so. It works for any votes: those
for each label are taken for one side of a question of its own.

ρ = 3 was chosen among .3, 1, 3 and 10 on simulations like those of the tests (3 to 12 rules, independent, firing together, or
with copies): 1 ranks best where rules are independent, 10 where some are copies, 3 loses little on either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import optimize, sparse, special

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import SymbolModel, log, softmax
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.data_programming import DataProgramming
from snorkel_dsl.models.majority import USUAL_PRECISION, expected_precision
from snorkel_dsl.models.precision import precision_table
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.symbols import Symbols, unseen
from snorkel_dsl.models.triplets import triplet_factors
from snorkel_dsl.votes import Floats, Ints, LabelMatrix

if TYPE_CHECKING:
    import pandas as pd

BALANCE_STEPS = 500
RIDGE = 3.0


class PositiveOnly(SymbolModel):
    """A ranking from votes that all say the same. `prior` is the expected precision; `ridge` ρ holds the weights to it.

    `weight_` (d) is w of the symbols `symbol_function_` (d), `symbol_labels_` (d, k), and `bias_` (k) is b; `precision_` (d) is
    the mean probability of what the symbol says on the rows where it stands, and `precision_error_` (d) one standard error of
    what the pair moments say of that, NaN where they say nothing.
    """

    name: ClassVar[str] = "positive_only"
    saved: ClassVar[tuple[str, ...]] = (
        *SymbolModel.saved,
        "weight_",
        "bias_",
        "coverage_",
        "expected_",
        "precision_",
        "precision_error_",
    )
    weight_: Floats
    bias_: Floats
    coverage_: Floats
    expected_: Floats
    precision_: Floats
    precision_error_: Floats

    def __init__(self, prior: float = USUAL_PRECISION, ridge: float = RIDGE, seed: int = 0) -> None:
        self.prior = prior
        self.ridge = ridge
        self.seed = seed

    # --- fitting -----------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        symbols, votes = _each_alone(statistics)
        self._keep(symbols)
        usual = expected_precision(self.functions_, facts, max(self.prior, 1 / symbols.k))
        self.expected_ = self._log_odds(np.clip(usual, 1 / symbols.k, 0.99), symbols.k)
        self.class_balance_ = (
            DataProgramming(prior=self.prior, seed=self.seed).balance_of(statistics, self.functions_, facts)
            if balance is None
            else balance
        )
        share = statistics.counts / max(statistics.n, 1.0)
        self.coverage_ = np.asarray(votes.T @ share, dtype=np.float64)
        self.weight_, self.precision_error_ = self._weighed(statistics, symbols, votes, share)
        posterior = self._held(votes, symbols, share)
        right = np.sum((votes.T @ (share[:, None] * posterior)) * symbols.allowed, axis=1)
        self.precision_ = np.asarray(right / np.maximum(self.coverage_, 1e-300), dtype=np.float64)
        self._explain(balance is None)

    def _explain(self, estimated: bool) -> None:
        shares = ", ".join(
            f"`{label}` {share:.2f}" for label, share in zip(self.labels_, self.class_balance_, strict=True)
        )
        self.explanation_ = (
            "rows ranked by weighed votes, none of which can speak against its label, held to the balance"
        )
        self.warnings_ = (
            (f"nobody gave the class balance: it is estimated ({shares}), and every probability depends on it",)
            if estimated
            else ()
        )

    @staticmethod
    def _log_odds(precision: Floats, k: int) -> Floats:
        """Of each function beyond those of a vote at random, (m)."""
        return np.asarray(special.logit(precision) + np.log(max(k - 1, 1)), dtype=np.float64)

    def _weighed(
        self, statistics: Statistics, symbols: Symbols, votes: sparse.csr_matrix, share: Floats
    ) -> tuple[Floats, Floats]:
        """w, and the standard error of the precision, (d) each."""
        weight, error = self.expected_[symbols.function], np.full(len(symbols), np.nan)
        voter = statistics.symbols.voter[: len(symbols)]
        for y in range(symbols.k):
            own = np.flatnonzero(symbols.allowed[:, y] & (symbols.allowed.sum(axis=1) == 1) & (self.coverage_ > 0))
            if own.size:
                mine = votes[:, own]
                moments = np.asarray((mine.T @ sparse.diags(share) @ mine).todense())
                side = _Side(moments, voter[own], self.class_balance_[y], max(statistics.n, 1.0))
                weight[own] = side.weights(weight[own], self.ridge)
                error[own] = side.errors / (1 + self.ridge)
        return weight, error

    def _held(self, votes: sparse.csr_matrix, symbols: Symbols, share: Floats) -> Floats:
        """Finds b by iterative proportional fitting, and gives the posterior of each pattern, (p, k)."""
        scores = np.asarray(votes @ (self.weight_[:, None] * symbols.allowed))
        self.bias_ = log(self.class_balance_)
        posterior = softmax(scores + self.bias_)
        for _ in range(BALANCE_STEPS):
            moved = log(self.class_balance_) - log(share @ posterior)
            if not share.size or np.max(np.abs(moved)) < 1e-9:
                break
            self.bias_ = self.bias_ + moved - moved.mean()
            posterior = softmax(scores + self.bias_)
        return posterior

    # --- prediction --------------------------------------------------------------------------------------------------

    def _logits(self, votes: LabelMatrix) -> Floats:
        symbols = self.symbols_
        logits: Floats = self.bias_ + row_sums(votes, symbols, self.weight_[:, None] * symbols.allowed)
        new = unseen(votes, symbols)
        if len(new):
            logits += row_sums(votes, new, self.expected_[new.function][:, None] * new.allowed)
        return logits

    def summary(self) -> pd.DataFrame:
        """What was learned of each vote of a function: see `precision.precision_table`; and its `weight`."""
        table = precision_table(self, self.precision_, self.precision_error_, self.coverage_)
        return table.assign(weight=self.weight_)


class _Side:
    """The votes for one label: `moments` (d, d) E[e e'], the `voter` of each, p_y and n."""

    def __init__(self, moments: Floats, voter: Ints, share: float, n: float) -> None:
        self.coverage = np.diag(moments).copy()
        self.covariance = moments - np.outer(self.coverage, self.coverage)
        self.variance = np.maximum(np.diag(self.covariance), 1e-12)
        deviation = np.sqrt(self.variance)
        apart = voter[:, None] != voter[None, :]
        correlation = np.clip(self.covariance / np.outer(deviation, deviation), -1.0, 1.0) * apart
        factor, self.doubt = triplet_factors(correlation, n)
        self.factor = np.maximum(factor, 0.0) * deviation
        self.scale = np.sqrt(share * (1 - share))

    def weights(self, usual: Floats, ridge: float) -> Floats:
        """w, (d), given w⁰."""
        factor = np.nan_to_num(self.factor)
        within = self.covariance - np.outer(factor, factor)
        values, vectors = np.linalg.eigh(within)
        within = (vectors * np.maximum(values, 0.0)) @ vectors.T + np.diag(ridge * self.variance)
        known = np.isfinite(self.factor)
        slope = np.where(known, factor / self.scale, self.variance * usual) + ridge * self.variance * usual
        deviation = np.sqrt(self.variance)
        scaled, target = within / np.outer(deviation, deviation), slope / deviation

        def loss(w: Floats) -> tuple[float, Floats]:
            return float(w @ scaled @ w / 2 - target @ w), np.asarray(scaled @ w - target, dtype=np.float64)

        found = optimize.minimize(
            loss,
            usual * deviation,
            jac=True,
            method="L-BFGS-B",
            bounds=optimize.Bounds(0.0, np.inf),
            options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2_000},
        )
        return np.asarray(found.x / deviation, dtype=np.float64)

    @property
    def errors(self) -> Floats:
        """One standard error of p_y + √(p_y (1 − p_y)) v_e / c_e, (d), by the delta method."""
        return np.asarray(self.scale * self.factor * np.sqrt(self.doubt) / self.coverage, dtype=np.float64)


def _each_alone(statistics: Statistics) -> tuple[Symbols, sparse.csr_matrix]:
    """The votes of single functions, and which patterns hold them, (p, d) 0/1: a joint vote holds all its members."""
    symbols = statistics.symbols
    singles = symbols.singles
    matrix = statistics.matrix[:, :singles]
    if len(symbols.joint):
        matrix = matrix + statistics.matrix[:, singles:] @ sparse.csr_matrix(symbols.joint.astype(np.float64))
    alone = Symbols(
        symbols.function[:singles],
        symbols.allowed[:singles],
        np.arange(symbols.m),
        np.zeros((0, singles), dtype=np.bool_),
    )
    return alone, (matrix > 0).astype(np.float64).tocsr()
