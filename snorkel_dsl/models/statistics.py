"""What models fit on: the distinct vote patterns of a matrix as a sparse matrix of symbols, and their counts.

A symbol is one function with one thing that it says: a label, or a set of labels; or one joint vote of a block of functions
(`blocks`). A model gives each symbol e a number for each label y, and the sum over the symbols of a row is all that it needs
of the row. Once the patterns are counted (`counts`), nothing here depends on n. Where rows are nearly all different, a bounded
sample of them, drawn in proportion to the counts, stands for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.blocks import dependency_blocks, incidence, joined, joint_symbols
from snorkel_dsl.models.counts import Tally
from snorkel_dsl.models.symbols import Symbols, symbols_said
from snorkel_dsl.votes import Floats, Ints, LabelMatrix

FEW_ALLOWED = 8  # a symbol allows few labels where they are one in so many


@dataclass(frozen=True, eq=False)
class Statistics:
    """Counted votes: `matrix` (p, d) sparse, `counts` (p), `gold` (p, k): how often a pattern had a gold label.

    An entry of the matrix is 1 where the pattern holds the symbol; the members of a joint vote that is no symbol share a 1.
    """

    symbols: Symbols
    matrix: sparse.csr_matrix
    counts: Floats
    gold: Floats

    @property
    def n(self) -> float:
        """The number of rows counted."""
        return float(self.counts.sum())

    @cached_property
    def votes(self) -> Floats:
        """How often each symbol was uttered, (d)."""
        return np.asarray(self.matrix.T @ self.counts, dtype=np.float64)

    @cached_property
    def pairs(self) -> Floats:
        """O = E[ψψᵀ]: the share of rows on which both symbols stand, (d, d)."""
        weighted = sparse.diags(self.counts) @ self.matrix
        return np.asarray((self.matrix.T @ weighted).todense(), dtype=np.float64) / max(self.n, 1.0)

    def expected(self, posterior: Floats) -> Floats:
        """Posteriors (p, k) weighed by the counts, with the gold labels in their place, (p, k)."""
        weighed: Floats = posterior * self.unjudged[:, None] + self.gold
        return weighed

    def expected_rows(self, posterior: Floats) -> Floats:
        """How many rows each label has under posteriors (p, k), with the gold labels in their place, (k)."""
        return np.asarray(self.unjudged @ posterior + self._judged, dtype=np.float64)

    def expected_right(self, posterior: Floats) -> Floats:
        """How many votes of each symbol allow the label of their row under the same, (d)."""
        return self.on_allowed(posterior, self.unjudged) + self._right

    def on_allowed(self, values: Floats, weights: Floats) -> Floats:
        """For each symbol the sum of `values` (p, k) over its rows and the labels that it allows, rows weighed, (d).

        With many labels, of which a symbol allows few, it looks at no others.
        """
        allowed = self.symbols.allowed
        if self._cells is None:
            return np.asarray(np.sum((self.matrix.T @ (values * weights[:, None])) * allowed, axis=1), dtype=np.float64)
        rows, labels, symbol, share = self._cells
        said = values[rows, labels] * (share * weights[rows])
        return np.asarray(np.bincount(symbol, said, minlength=len(allowed)), dtype=np.float64)

    @cached_property
    def unjudged(self) -> Floats:
        """How many rows of each pattern have no gold label, (p)."""
        return np.asarray(self.counts - self.gold.sum(axis=1), dtype=np.float64)

    @cached_property
    def _judged(self) -> Floats:
        return np.asarray(self.gold.sum(axis=0), dtype=np.float64)

    @cached_property
    def _right(self) -> Floats:
        return self.on_allowed(self.gold, np.ones(self.counts.size))

    @cached_property
    def _cells(self) -> tuple[Ints, Ints, Ints, Floats] | None:
        """For each vote and label that it allows: the pattern, the label, the symbol, its share; None where they are many."""
        allowed, votes = self.symbols.allowed, self.matrix.tocoo()
        sizes = allowed.sum(axis=1)[votes.col]
        if sizes.sum() * FEW_ALLOWED > votes.nnz * self.symbols.k:
            return None
        vote = np.repeat(np.arange(votes.nnz), sizes)
        labels = np.nonzero(allowed[votes.col])[1]
        rows, symbol = (places[vote].astype(np.int64) for places in (votes.row, votes.col))
        return rows, labels, symbol, votes.data[vote]

    def without(self, functions: Ints) -> Statistics:
        """The same rows as if these functions abstained everywhere."""
        kept = ~np.isin(self.symbols.function, functions)
        matrix = (self.matrix @ sparse.diags(kept.astype(np.float64))).tocsr()
        matrix.eliminate_zeros()
        return Statistics(self.symbols, matrix, self.counts, self.gold)


def sampled(statistics: Statistics, most: int, seed: int) -> Statistics:
    """At most `most` patterns, drawn in proportion to their counts."""
    counts = statistics.counts
    if counts.size <= most:
        return statistics
    chosen, weights = systematic_sample(counts, most, seed)
    gold = statistics.gold[chosen] * (weights / counts[chosen])[:, None]
    return Statistics(statistics.symbols, statistics.matrix[chosen], weights, gold)


def count(votes: LabelMatrix, facts: RuleFacts, gold: Ints | None, most: int, seed: int) -> Statistics:
    """The statistics of a matrix of one task: at most `most` patterns, drawn with `seed` where there are more.

    They are those of its rows in any order, and of `Counts` of its rows in any batches.
    """
    return statistics_of(Tally.of(votes, gold), facts, most, seed)


def statistics_of(tally: Tally, facts: RuleFacts, most: int, seed: int) -> Statistics:
    """The statistics of counted votes: at most `most` patterns, drawn with `seed` where there are more."""
    counts, kept = tally.weights, tally
    if counts.size > most:
        places, weights = systematic_sample(counts, most, seed)
        kept, counts = tally.chosen(places), weights
    rows, k = kept.gathered(), len(tally.votes.labels)
    by_label = np.broadcast_to(0.0, (counts.size, k))
    if kept.gold is not None:
        by_label = kept.gold * (counts / kept.counts)[:, None]
    symbols = symbols_said(tally.said, rows, facts)
    matrix = incidence(rows, symbols)
    symbols = joint_symbols(matrix, counts, symbols, dependency_blocks(matrix, counts, symbols, rows.functions, facts))
    return Statistics(symbols, joined(matrix, symbols), counts, by_label)


def systematic_sample(counts: Floats, most: int, seed: int) -> tuple[Ints, Floats]:
    """Patterns drawn in proportion to their counts at equal steps from a random start, and the counts they stand for."""
    step = counts.sum() / most
    points = (np.arange(most) + np.random.default_rng(seed).random()) * step
    drawn = np.searchsorted(np.cumsum(counts), points, side="right")
    chosen, hits = np.unique(np.minimum(drawn, counts.size - 1), return_counts=True)
    return chosen.astype(np.int64), hits * step
