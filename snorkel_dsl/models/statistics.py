"""What models fit on: the distinct vote patterns of a matrix as a sparse matrix of symbols, and their counts.

A symbol is one function with one thing that it says: a label, or a set of labels. A model gives each symbol e a number for
each label y, and the sum over the symbols of a row is all that it needs of the row. Once the patterns are counted, nothing
here depends on n. Where rows are nearly all different, a bounded sample of them, drawn in proportion to the counts, stands
for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.votes import Bools, Floats, Ints, LabelMatrix

Symbol = tuple[int, frozenset[int]]


@dataclass(frozen=True, eq=False)
class Symbols:
    """The vocabulary: for each of d symbols its function (d) int64 and the labels that it allows (d, k) bool."""

    function: Ints
    allowed: Bools
    m: int

    @property
    def k(self) -> int:
        """The number of labels."""
        return int(self.allowed.shape[1])

    def __len__(self) -> int:
        return self.function.size

    @cached_property
    def numbers(self) -> dict[Symbol, int]:
        """The number of each symbol by its function and its set of labels."""
        sets = (frozenset(np.flatnonzero(row).tolist()) for row in self.allowed)
        return {(int(j), labels): e for e, (j, labels) in enumerate(zip(self.function, sets, strict=True))}

    def by_function(self, values: Floats) -> Floats:
        """Sums over the symbols of each function: (d, …) to (m, …)."""
        sums = np.zeros((self.m, *values.shape[1:]))
        np.add.at(sums, self.function, values)
        return sums

    def spread(self, precision: Floats, balance: Floats) -> Floats:
        """P(y | e), (d, k): `precision` (d) is shared among the labels that e allows as `balance` is, the rest likewise."""
        inside = _normalised(self.allowed * balance)
        outside = _normalised(~self.allowed * balance)
        everything = np.all(self.allowed, axis=1, keepdims=True)
        shared: Floats = precision[:, None] * inside + (1 - precision[:, None]) * outside
        return np.where(everything, inside, shared)


def symbols_of(votes: LabelMatrix, facts: RuleFacts) -> Symbols:
    """All symbols that stand in the votes, and those that the facts say a function can utter."""
    found: set[Symbol] = set()
    for j, name in enumerate(votes.functions):
        found |= {(j, votes.labels_of(code)) for code in votes.codes_of(j)}
        if name in facts.functions and not any(len(labels) > 1 for function, labels in found if function == j):
            found |= {(j, frozenset({label})) for label in facts.functions[name].polarity}
    return vocabulary(found, len(votes.functions), len(votes.labels))


def unseen(votes: LabelMatrix, known: Symbols) -> Symbols:
    """The symbols of the votes that a vocabulary lacks."""
    met = symbols_of(votes, RuleFacts())
    return vocabulary(set(met.numbers) - set(known.numbers), met.m, met.k)


def vocabulary(found: set[Symbol], m: int, k: int) -> Symbols:
    """Symbols in the order of their functions and labels."""
    ordered = sorted(found, key=lambda symbol: (symbol[0], sorted(symbol[1])))
    allowed = np.zeros((len(ordered), k), dtype=np.bool_)
    for e, (_, labels) in enumerate(ordered):
        allowed[e, sorted(labels)] = True
    return Symbols(np.array([j for j, _ in ordered], dtype=np.int64), allowed, m)


def symbol_of_vote(votes: LabelMatrix, symbols: Symbols) -> npt.NDArray[np.int32]:
    """For each vote the number of its symbol, -1 where the vocabulary lacks it, (nnz)."""
    numbers = np.empty(votes.codes.size, dtype=np.int32)
    for j in range(len(votes.functions)):
        piece = votes.slice_of(j)
        lowest, table = _numbers_by_code(votes, symbols, j)
        numbers[piece] = table[votes.codes[piece].astype(np.int64) - lowest]
    return numbers


def row_sums(votes: LabelMatrix, symbols: Symbols, values: Floats) -> Floats:
    """For each row the sum of the values (d, k) of its symbols, (n, k). Symbols not in the vocabulary add nothing."""
    sums = np.zeros((votes.n, values.shape[1]))
    padded = np.vstack([values, np.zeros((1, values.shape[1]))])
    for j in range(len(votes.functions)):
        piece = votes.slice_of(j)
        lowest, table = _numbers_by_code(votes, symbols, j)
        codes = votes.codes[piece].astype(np.int64) - lowest
        for y, column in enumerate(padded[table].T):
            sums[votes.rows[piece], y] += column[codes]
    return sums


def _numbers_by_code(votes: LabelMatrix, symbols: Symbols, function: int) -> tuple[int, npt.NDArray[np.int32]]:
    """The lowest code, and for each code from there on the number of its symbol, -1 where there is none."""
    lowest, highest = -1 - len(votes.label_sets), len(votes.labels)
    table = np.full(highest - lowest, -1, dtype=np.int32)
    for code in votes.codes_of(function):
        table[code - lowest] = symbols.numbers.get((function, votes.labels_of(code)), -1)
    return lowest, table


@dataclass(frozen=True, eq=False)
class Statistics:
    """Counted votes: `matrix` (p, d) sparse 0/1, `counts` (p), `gold` (p, k): how often a pattern had a gold label."""

    symbols: Symbols
    matrix: sparse.csr_matrix
    counts: Floats
    gold: Floats
    blocks: Ints  # for each function the number of its dependency block, (m)

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
        weighed: Floats = posterior * (self.counts - self.gold.sum(axis=1))[:, None] + self.gold
        return weighed

    def without(self, functions: Ints) -> Statistics:
        """The same rows as if these functions abstained everywhere."""
        kept = ~np.isin(self.symbols.function, functions)
        matrix = (self.matrix @ sparse.diags(kept.astype(np.float64))).tocsr()
        matrix.eliminate_zeros()
        return Statistics(self.symbols, matrix, self.counts, self.gold, self.blocks)


def count(votes: LabelMatrix, facts: RuleFacts, gold: Ints | None, most: int, seed: int) -> Statistics:
    """The statistics of a matrix of one task: at most `most` patterns, drawn with `seed` where there are more."""
    patterns = votes.patterns()
    by_label = np.zeros((patterns.counts.size, len(votes.labels)))
    if gold is not None:
        known = gold >= 0
        np.add.at(by_label, (patterns.inverse[known], gold[known]), 1.0)
    counts = patterns.counts.astype(np.float64)
    rows = patterns.votes
    if counts.size > most:
        chosen, weights = _systematic_sample(counts, most, seed)
        by_label = by_label[chosen] * (weights / counts[chosen])[:, None]
        rows, counts = rows.take(chosen), weights
    symbols = symbols_of(votes, facts)
    return Statistics(symbols, _matrix(rows, symbols), counts, by_label, dependency_blocks(votes.functions, facts))


def dependency_blocks(functions: tuple[str, ...], facts: RuleFacts) -> Ints:
    """For each function the number of its block: the connected components of what the facts say depends on each other, (m)."""
    place = {name: j for j, name in enumerate(functions)}
    edges = [
        (place[name], place[other])
        for name, known in facts.functions.items()
        if name in place
        for other in sorted(known.shares | known.contains | known.siblings)
        if other in place
    ]
    m = len(functions)
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(m, m))
    return np.asarray(sparse.csgraph.connected_components(graph, directed=False)[1], dtype=np.int64)


def _matrix(votes: LabelMatrix, symbols: Symbols) -> sparse.csr_matrix:
    order = np.argsort(votes.rows, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(votes.votes_per_row)])
    columns = symbol_of_vote(votes, symbols)[order]
    return sparse.csr_matrix((np.ones(order.size), columns, indptr), shape=(votes.n, len(symbols)))


def _systematic_sample(counts: Floats, most: int, seed: int) -> tuple[Ints, Floats]:
    """Patterns drawn in proportion to their counts at equal steps from a random start, and the counts they stand for."""
    step = counts.sum() / most
    points = (np.arange(most) + np.random.default_rng(seed).random()) * step
    drawn = np.searchsorted(np.cumsum(counts), points, side="right")
    chosen, hits = np.unique(np.minimum(drawn, counts.size - 1), return_counts=True)
    return chosen.astype(np.int64), hits * step


def _normalised(weights: Floats) -> Floats:
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, 1.0), dtype=np.float64)
