"""Counts with the keys of the rows that they are of: an edited function is counted without asking any other again.

The key of a row (`counts`) names its pattern, and so how each function voted there. Where a function says something else
now, its old number is taken from the key and its new one is added; the row leaves one pattern and joins another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from snorkel_dsl.models.counts import (
    MOST_VOTES,
    Counts,
    Keys,
    by_label_of,
    distinct,
    gathered,
    hashes_of,
    recounted,
    row_keys,
    said_of,
)
from snorkel_dsl.models.symbols import Symbol
from snorkel_dsl.votes import Ints, LabelMatrix, check_gold


@dataclass(frozen=True, eq=False)
class Tallied:
    """Counts, and the key of each row in their order, (n) uint64."""

    counts: Counts
    keys: Keys

    @classmethod
    def of(cls, votes: LabelMatrix, gold: npt.ArrayLike | None = None, most_votes: int = MOST_VOTES) -> Self:
        """Counts the rows of a matrix of one task. See `Counts.of`."""
        return cls(Counts.of(votes, gold, most_votes), row_keys(votes))

    def appended(self, votes: LabelMatrix, gold: npt.ArrayLike | None = None) -> Tallied:
        """With more rows below; only those are counted. Raises ValueError where functions or labels differ."""
        more = Tallied.of(votes, gold, self.counts.most_votes)
        return Tallied(self.counts + more.counts, np.concatenate([self.keys, more.keys]))

    def edited(self, votes: LabelMatrix, gold: npt.ArrayLike | None = None) -> Tallied:
        """With the new votes of some functions, (n rows, those functions only); one that is not known comes last.

        `gold` (n) are the gold labels of all rows, where the counts have some. Raises ValueError where rows or labels do
        not fit, and where patterns were left out of the counts.
        """
        self.counts.refuse_cut()
        if votes.n != self.keys.size or votes.labels != self.counts.patterns.labels:
            raise ValueError(
                f"votes of {votes.n} rows do not fit counts of {self.keys.size} rows, or their labels differ"
            )
        if self.counts.gold is not None and gold is None:
            raise ValueError("these counts hold gold labels: give those of the rows again")
        truth = None if gold is None or self.counts.gold is None else check_gold(gold, votes.n, len(votes.labels))
        tallied = self
        for name in votes.functions:
            tallied = tallied._with(name, votes.select([name]), truth)
        return tallied

    def without(self, functions: Sequence[str]) -> Tallied:
        """As if these functions had never been. Raises ValueError where patterns were left out of the counts."""
        self.counts.refuse_cut()
        gone = [name for name in functions if name in self.counts.patterns.functions]
        numbers = row_keys(self.counts.patterns.select(gone))
        return Tallied(self.counts.without(gone), self.keys - numbers[self._pattern_of_row()])

    def _pattern_of_row(self) -> Ints:
        """The number of the pattern of each row, (n)."""
        order = np.argsort(self.counts.keys)
        return order[np.searchsorted(self.counts.keys[order], self.keys)]

    def _with(self, name: str, votes: LabelMatrix, gold: Ints | None) -> Tallied:
        """With the new votes of one function."""
        counts, of = self.counts, self._pattern_of_row()
        known = counts.patterns.functions
        wider = counts.patterns if name in known else counts.patterns.widened((*known, name))
        before, after = row_keys(wider.select([name]))[of], row_keys(votes)
        changed = np.flatnonzero(before != after)
        keys = self.keys.copy()
        keys[changed] += after[changed] - before[changed]
        _, at, moved, inverse = distinct(keys[changed], True)
        there = _joined(wider, name, gathered(wider, of[changed[at]]), gathered(votes, changed[at]))
        left = np.bincount(of[changed], minlength=counts.counts.size)
        judged = None
        if counts.gold is not None and gold is not None:
            k = counts.gold.shape[1]
            gone = by_label_of(gold[changed], of[changed], counts.counts.size, k)
            judged = np.concatenate([counts.gold - gone, by_label_of(gold[changed], inverse, at.size, k)])
        hashes = {**counts.hashes, **hashes_of(votes)}
        now = recounted(
            LabelMatrix.concat([wider, there]),
            np.concatenate([counts.counts - left, moved]),
            judged,
            _said(counts.said, wider.functions.index(name), votes),
            counts.most_votes,
            {known: hashes[known] for known in wider.functions if known in hashes},
        )
        return Tallied(now, keys)


def _joined(wider: LabelMatrix, name: str, rows: LabelMatrix, column: LabelMatrix) -> LabelMatrix:
    """The rows with this column in the place of the function's own."""
    others = rows.select([known for known in wider.functions if known != name])
    return beside(others, column).select(wider.functions)


def beside(left: LabelMatrix, right: LabelMatrix) -> LabelMatrix:
    """Two matrices of the same rows and labels, the functions of one after those of the other."""
    offset = len(left.label_sets)
    codes = right.codes.astype(np.int16)
    codes[codes < -1] -= np.int16(offset)
    return replace(
        left,
        functions=(*left.functions, *right.functions),
        task_of=(*left.task_of, *right.task_of),
        indptr=np.concatenate([left.indptr, left.indptr[-1] + right.indptr[1:]]),
        rows=np.concatenate([left.rows, right.rows]),
        codes=np.concatenate([left.codes.astype(np.int16), codes]),
        label_sets=(*left.label_sets, *right.label_sets),
    )


def _said(said: Mapping[Symbol, int], function: int, votes: LabelMatrix) -> dict[Symbol, int]:
    """How often each function said each thing, where one says something else now."""
    others = {symbol: number for symbol, number in said.items() if symbol[0] != function}
    return others | {(function, labels): number for (_, labels), number in said_of(votes).items()}
