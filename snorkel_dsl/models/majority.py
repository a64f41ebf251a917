"""Majority vote, and the weighted vote.

    P(y | row) ∝ p_y · Σ_i w_i · 1[y ∈ λ_i] / |λ_i|

Every function has the same weight w_i = 1, or as the facts expect, w_i = log(k-1 odds of its precision). A vote for a set
of labels is shared among them. Without a class balance p is uniform, and labels with equally many votes stay tied; a given
balance weighs the labels, as in Zhang et al., WRENCH (NeurIPS 2021). A row without votes has the class balance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import SymbolModel, log
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.precision import precision_table
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.symbols import symbols_of
from snorkel_dsl.votes import Floats, LabelMatrix

if TYPE_CHECKING:
    import pandas as pd

USUAL_PRECISION = 0.75


class MajorityVote(SymbolModel):
    """The share of the votes that each label got."""

    name: ClassVar[str] = "majority"
    saved: ClassVar[tuple[str, ...]] = (*SymbolModel.saved, "weights_", "coverage_")
    weights_: Floats
    coverage_: Floats

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        k = statistics.symbols.k
        self.class_balance_ = np.full(k, 1 / k) if balance is None else balance
        self.weights_ = self._weights(statistics, facts)
        self._keep(statistics.symbols)
        self.coverage_ = statistics.votes / max(statistics.n, 1.0)
        self.explanation_ = "each label has the share of the votes that it got"
        if balance is not None:
            self.explanation_ += ", times the class balance"

    def _weights(self, statistics: Statistics, facts: RuleFacts) -> Floats:
        """The weight of each function, (m)."""
        return np.ones(statistics.symbols.m)

    def _logits(self, votes: LabelMatrix) -> Floats:
        symbols = symbols_of(votes, RuleFacts())
        shares = symbols.allowed / symbols.allowed.sum(axis=1, keepdims=True)
        counted = row_sums(votes, symbols, shares * self.weights_[symbols.function][:, None])
        total = counted.sum(axis=1, keepdims=True)
        uniform = 1 / len(self.labels_)
        share = np.where(total > 0, counted / np.where(total > 0, total, 1.0), uniform)
        return log(share) + log(self.class_balance_)

    def summary(self) -> pd.DataFrame:
        """Each vote of a function and the share of rows on which it stands; of its precision nothing is learned."""
        nothing = np.full(len(self.symbols_), np.nan)
        return precision_table(self, nothing, nothing, self.coverage_)


class WeightedVote(MajorityVote):
    """Majority vote in which a function counts as much as the log-odds of the precision that is expected of it."""

    name: ClassVar[str] = "weighted"

    def _weights(self, statistics: Statistics, facts: RuleFacts) -> Floats:
        chance = 1 / statistics.symbols.k
        precision = np.clip(expected_precision(self.functions_, facts, USUAL_PRECISION), chance + 0.01, 0.99)
        odds = np.log(precision / (1 - precision)) - np.log(chance / (1 - chance))
        return np.asarray(odds / odds.max(initial=1e-9), dtype=np.float64)


def believed(functions: tuple[str, ...], facts: RuleFacts, prior: float, k: int) -> Floats:
    """The precision that is expected of each function before any vote is seen, (m): at least chance, and never certain."""
    return np.clip(expected_precision(functions, facts, max(prior, 1 / k)), 0.01, 0.99)


def expected_precision(functions: tuple[str, ...], facts: RuleFacts, usual: float) -> Floats:
    """The middle of the bounds that the facts give for each function, else `usual`, (m)."""
    bounds = [facts.functions[name].precision if name in facts.functions else None for name in functions]
    return np.array([usual if bound is None else (bound[0] + bound[1]) / 2 for bound in bounds], dtype=np.float64)
