"""Matrix completion (MeTaL; Ratner et al., AAAI 2019), in the direct form.

For functions i, j that are independent given Y, the pair moments factor: O_ij = μ_i P μ_jᵀ, where O = E[ψψᵀ] is the share
of rows on which two symbols stand together, μ_ey = P(e | y) and P = diag(p). So

    μ̂ = argmin ‖(O − μPμᵀ)_Ω‖² + ‖μp − diag O‖² + ρ‖μ − μ_init‖²,   0 ≤ μ ≤ 1

over Ω, the pairs of symbols of functions in different dependency blocks; μ_init is the belief that functions are better than
chance. The gradient is exact, 4 Rμ P + 2 (μp − diag O) pᵀ + 2 ρ (μ − μ_init) with R the residual on Ω, and L-BFGS needs no
learning rate. Columns of labels that are about equally frequent can be exchanged without changing the loss much: where
another order agrees better with what the symbols say, the descent begins anew from there. Fewer than three independent
blocks that vote together do not determine μ: their functions keep μ_init and are named in `not_identifiable_`. With three
labels or more pairs alone leave a rotation free, and μ_init decides.

Inference: P(y | row) ∝ p_y Π_i μ_i(λ_i | y); abstaining is 1 − Σ_e μ_ey, trusted to the power α, chosen as in
`dawid_skene`. A joint vote of a block is one symbol, so the factor is exact where blocks are disjoint.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

import numpy as np
from scipy import optimize, sparse

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import SymbolModel, log, softmax
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.dawid_skene import ABSTAIN_WEIGHTS, NEVER_ABSTAINS, DawidSkene
from snorkel_dsl.models.heldout import best
from snorkel_dsl.models.majority import USUAL_PRECISION, expected_precision
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.symbols import Symbols, unseen
from snorkel_dsl.votes import Bools, Floats, Ints, LabelMatrix

ENOUGH_VIEWS = 3


class MatrixCompletion(SymbolModel):
    """MeTaL in the direct form. `ridge` is ρ; `abstain` is α, or "chosen"; `prior` is the precision behind μ_init.

    `emission_` is μ, (d, k), of the symbols `symbol_function_` (d), `symbol_labels_` (d, k).
    """

    name: ClassVar[str] = "matrix_completion"
    saved: ClassVar[tuple[str, ...]] = (
        *SymbolModel.saved,
        "emission_",
        "expected_",
        "abstain_",
        "unidentified_",
    )
    abstain_: np.float64
    expected_: Floats
    emission_: Floats
    unidentified_: Bools

    def __init__(
        self,
        abstain: float | Literal["chosen"] = "chosen",
        prior: float = USUAL_PRECISION,
        ridge: float = 0.01,
        iterations: int = 500,
        seed: int = 0,
    ) -> None:
        self.abstain = abstain
        self.prior = prior
        self.ridge = ridge
        self.iterations = iterations
        self.seed = seed

    @property
    def not_identifiable_(self) -> tuple[str, ...]:
        """Names of the functions that vote together with fewer than two independent others."""
        return tuple(name for name, bad in zip(self.functions_, self.unidentified_, strict=True) if bad)

    # --- fitting -----------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        self.prepare(self.functions_, facts, statistics.symbols.k)
        alpha = self._chosen_abstain(statistics, balance) if self.abstain == "chosen" else self.abstain
        self.abstain_ = np.float64(alpha)
        self._complete(statistics, balance)
        self.explanation_ = f"emissions that explain which votes stand together; abstaining counts {alpha:g}"
        if self.not_identifiable_:
            self.explanation_ += f"; too few independent votes to judge {', '.join(self.not_identifiable_)}"

    def prepare(self, functions: tuple[str, ...], facts: RuleFacts, k: int) -> None:
        """Takes what is known before any vote is seen: the expected precision of each function, (m)."""
        self.functions_ = functions
        self.expected_ = np.clip(expected_precision(functions, facts, max(self.prior, 1 / k)), 0.01, 0.99)

    def _complete(self, statistics: Statistics, balance: Floats | None) -> None:
        symbols = statistics.symbols
        self._keep(symbols)
        self.class_balance_ = self._estimated_balance(statistics) if balance is None else balance
        moments, share = statistics.pairs, statistics.votes / max(statistics.n, 1.0)
        start = self._start(share, symbols)
        self.unidentified_ = _unidentified(moments, statistics)
        emission = self._minimised(moments, share, start, start)
        order = self._order(emission, symbols)
        if np.any(order != np.arange(order.size)):
            emission = self._minimised(moments, share, start, emission[:, order])
        self.emission_ = np.where(self.unidentified_[symbols.function][:, None], start, emission)

    def _start(self, share: Floats, symbols: Symbols) -> Floats:
        """μ_init, (d, k): the emission of functions as precise as expected."""
        meaning = symbols.spread(symbols.expected(self.expected_), self.class_balance_)
        return np.clip(share[:, None] * meaning / self.class_balance_, 0.0, 1.0)

    def _minimised(self, moments: Floats, share: Floats, start: Floats, first: Floats) -> Floats:
        """μ̂, (d, k), found from `first`; `start` is μ_init."""
        if not start.size:
            return start
        voter = self.symbols_.voter
        observed = (voter[:, None] != voter[None, :]).astype(np.float64)
        found = optimize.minimize(
            partial(self._loss, moments=moments, share=share, observed=observed, start=start),
            first.ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=optimize.Bounds(0.0, 1.0),
            options={"maxiter": self.iterations, "ftol": 1e-14, "gtol": 1e-9},
        )
        return np.asarray(found.x, dtype=np.float64).reshape(start.shape)

    def _estimated_balance(self, statistics: Statistics) -> Floats:
        """The class balance as Dawid-Skene finds it."""
        helper = DawidSkene(abstain=0.25, prior=self.prior, strength=1.0)
        helper.functions_, helper.prior_, helper.abstain_ = self.functions_, self.expected_, np.float64(0.25)
        return helper.balance_of(statistics)

    def _loss(
        self, flat: Floats, moments: Floats, share: Floats, observed: Floats, start: Floats
    ) -> tuple[float, Floats]:
        """The loss and its gradient at μ, flattened."""
        emission = flat.reshape(start.shape)
        joint = emission * self.class_balance_
        residual = observed * (joint @ emission.T - moments)
        marginal = joint.sum(axis=1) - share
        away = emission - start
        loss = np.sum(residual**2) + np.sum(marginal**2) + self.ridge * np.sum(away**2)
        gradient = 4 * residual @ joint + 2 * np.outer(marginal, self.class_balance_) + 2 * self.ridge * away
        return float(loss), gradient.ravel()

    def _order(self, emission: Floats, symbols: Symbols) -> Ints:
        """The order of the columns that agrees best with what the symbols say, (k)."""
        shared = symbols.allowed / symbols.allowed.sum(axis=1, keepdims=True)
        agreement = shared.T @ (emission * self.class_balance_)
        return np.asarray(optimize.linear_sum_assignment(-agreement)[1], dtype=np.int64)

    def _chosen_abstain(self, statistics: Statistics, balance: Floats | None) -> float:
        """The α under which functions left out are foretold best; the smaller of two that are as good."""
        return ABSTAIN_WEIGHTS[best([self.with_abstain(alpha) for alpha in ABSTAIN_WEIGHTS], statistics, balance)]

    def with_abstain(self, alpha: float) -> MatrixCompletion:
        """A copy, not yet fitted, whose α is given."""
        copy = MatrixCompletion(**self.get_params() | {"abstain": alpha})
        copy.functions_, copy.expected_, copy.abstain_ = self.functions_, self.expected_, np.float64(alpha)
        return copy

    def posterior(self, statistics: Statistics, balance: Floats | None) -> Floats:
        """Fits on these statistics alone and gives P(y | pattern), (p, k)."""
        self._complete(statistics, balance)
        weights, base = self._weights(statistics.symbols)
        return softmax(statistics.matrix @ weights + base + log(self.class_balance_))

    # --- prediction --------------------------------------------------------------------------------------------------

    def _weights(self, symbols: Symbols) -> tuple[Floats, Floats]:
        """What each symbol adds to the log-odds, (d, k), and what a row without votes starts from, (k)."""
        share = np.maximum(self.emission_ @ self.class_balance_, 1e-12)[:, None]
        meaning = np.maximum(self.emission_ * self.class_balance_ / share, 0.0)
        weights = np.log(np.maximum(meaning, 1e-3)) - log(self.class_balance_)
        if self.abstain_ == 0:
            return weights, np.zeros(symbols.k)
        silence = np.log(np.clip(1 - symbols.by_voter(self.emission_), NEVER_ABSTAINS, 1.0))
        return weights - self.abstain_ * silence[symbols.voter], self.abstain_ * silence.sum(axis=0)

    def _logits(self, votes: LabelMatrix) -> Floats:
        symbols = self.symbols_
        weights, base = self._weights(symbols)
        logits: Floats = log(self.class_balance_) + base + row_sums(votes, symbols, weights)
        new = unseen(votes, symbols)
        if len(new):
            usual = log(new.spread(self.expected_[new.function], self.class_balance_))
            logits += row_sums(votes, new, usual - log(self.class_balance_))
        return logits


def _unidentified(moments: Floats, statistics: Statistics) -> Bools:
    """The functions in a component of fewer than three blocks that vote together, (m)."""
    blocks, block = statistics.symbols.blocks, statistics.symbols.voter
    count = int(blocks.max(initial=-1)) + 1
    first, second = np.nonzero(moments > 0)
    graph = sparse.coo_matrix((np.ones(first.size), (block[first], block[second])), shape=(count, count))
    _, component = sparse.csgraph.connected_components(graph, directed=False)
    views = np.bincount(component, minlength=1)
    return np.asarray(views[component[blocks]] < ENOUGH_VIEWS)
