"""What rules are expected to be worth, where votes cannot show it: of a label for which rules only ever vote one way.

Where every vote says that a label applies, nothing contradicts a vote, and no agreement between them tells good rules from
bad ones for certain: a model that learns from agreement answers that the label always applies. Here each vote is right with
the precision that is expected of its rule (the middle of the bounds of its `expect precision`, else .75), independently:

    P(y | row) ∝ b_y · Π_{votes i} P(y | λ_i) / (1 / k)        P(y | λ_i) = π_i / |λ_i| for y in λ_i, the rest shared by others

A class balance p that is known bounds this, and only from above: where the rows with votes for a label would hold more of it
than all rows have, b lowers its odds on all of them alike, until they hold as much. Elsewhere b is even: that a label is rare
says little of rows on which a rule for it fires, and its being common nothing. What is left of p is the chance of the rows
without a vote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import SymbolModel, log, softmax
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.majority import USUAL_PRECISION, expected_precision
from snorkel_dsl.models.precision import precision_table
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.symbols import symbols_of
from snorkel_dsl.votes import Bools, Floats, LabelMatrix

if TYPE_CHECKING:
    import pandas as pd

STEPS = 200


class ExpectedPrecision(SymbolModel):
    """Each vote counts with the precision that is expected of its function; nothing is learned from agreement.

    `precision_` (m) is expected, `bias_` (k) the log of b, `silent_` (k) the chances of a row without votes.
    """

    name: ClassVar[str] = "expected"
    saved: ClassVar[tuple[str, ...]] = (*SymbolModel.saved, "precision_", "coverage_", "bias_", "silent_")
    precision_: Floats
    coverage_: Floats
    bias_: Floats
    silent_: Floats

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        k = statistics.symbols.k
        self.class_balance_ = np.full(k, 1 / k) if balance is None else balance
        usual = expected_precision(self.functions_, facts, max(USUAL_PRECISION, 1 / k))
        self.precision_ = np.clip(usual, 1 / k, 0.99)
        self._keep(statistics.symbols)
        self.coverage_ = statistics.votes / max(statistics.n, 1.0)
        self.bias_, self.silent_ = np.zeros(k), self.class_balance_
        self.explanation_ = "each vote is right with the precision that is expected of its rule"
        if balance is not None:
            self._bound(statistics, balance)

    def _bound(self, statistics: Statistics, balance: Floats) -> None:
        """Lowers the labels of which the rows with votes would hold more than all rows have."""
        symbols = statistics.symbols
        even = np.full(symbols.k, 1 / symbols.k)
        usual = symbols.expected(self.precision_)
        evidence = statistics.matrix @ (log(symbols.spread(usual, even)) - log(even))
        voted = np.asarray(np.diff(statistics.matrix.indptr) > 0)
        counts = statistics.counts[voted] / max(statistics.n, 1.0)
        held = counts @ softmax(evidence[voted])
        for _ in range(STEPS):
            over = held > balance * (1 + 1e-6)
            if not over.any() or over.all():
                break
            self.bias_ = self.bias_ + np.where(over, log(balance) - log(held), 0.0)
            held = counts @ softmax(evidence[voted] + self.bias_)
        if self.bias_.any():
            self.explanation_ += ", held to the class balance"
        left = np.maximum(balance - held, 0.0)
        self.silent_ = left / left.sum() if left.sum() > 0 else balance

    def summary(self) -> pd.DataFrame:
        """Each vote of a function, the share of rows on which it stands, and the precision that is expected; no errors."""
        symbols = self.symbols_
        return precision_table(self, symbols.expected(self.precision_), np.full(len(symbols), np.nan), self.coverage_)

    def _logits(self, votes: LabelMatrix) -> Floats:
        symbols = symbols_of(votes, RuleFacts())
        even = np.full(symbols.k, 1 / symbols.k)
        usual = symbols.spread(self.precision_[symbols.function], even)
        logits: Floats = row_sums(votes, symbols, log(usual) - log(even)) + self.bias_
        silent: Bools = ~votes.covered
        logits[silent] = log(self.silent_)
        return logits
