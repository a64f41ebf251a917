"""Patterns looked for with Vectorscan, a block of joined texts at a time.

Databases are of a bounded number of patterns: what compiling takes grows faster than their number, and after an edit only
one of them is compiled again. Patterns that repeat much are left to RE2: one alone can take minutes to compile. Vectorscan
calls back for every match, so a pattern that matches at nearly every character is matched text by text with RE2 from the
block on in which it turns up.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from snorkel_dsl.engine.blocks import Block
from snorkel_dsl.engine.sets import Sets, steps
from snorkel_dsl.engine.values import Index

_MOST_PATTERNS = 1_000  # of one database
_DENSE = 16  # matches a text: of a pattern with more, RE2 finds the first sooner than Vectorscan reports all
_MOST_STEPS = 5_000  # of RE2's program for a pattern: about where a compilation takes a second
_NOTED = 1 << 12  # matches in a block: with fewer no pattern is dense
_MOST_MATCHES = 1 << 17  # in a block, unless its texts are many: then it is time to look for what is dense

_Expression = tuple[bytes, int]  # a pattern and its event


class Vectorscan:
    """Patterns, each with its event. `refused` are those that it cannot look for, `inexact` those that find too much.

    Of a pattern that is too large, one that finds too much takes long to make: not of those that are found `otherwise`.
    """

    def __init__(self, expressions: Sequence[_Expression], otherwise: Container[bytes] = ()) -> None:
        self.refused: set[bytes] = set()
        self.inexact: set[bytes] = set()
        small = [one for one in expressions if not _repeats_much(one[0])]
        self.refused |= {pattern for pattern, _ in expressions} - {pattern for pattern, _ in small}
        self._parts = [_Part(some, otherwise) for some in _shared_out(small)]
        for part in self._parts:
            self.refused |= part.refused
            self.inexact |= part.inexact

    def events(self, block: Block) -> Iterator[tuple[Index, Index]]:
        """See `scan.Engine`."""
        for part in self._parts:
            yield from part.events(block)


def _repeats_much(pattern: bytes) -> bool:
    """Whether a pattern, its repetitions written out, is too large to compile in about a second."""
    return b"{" in pattern and steps(pattern) > _MOST_STEPS


def _shared_out(expressions: Sequence[_Expression]) -> list[list[_Expression]]:
    """The expressions for each database, in an order of their own: by a hash, so that few change with an edit."""
    number = 1
    while number * _MOST_PATTERNS < len(expressions):
        number *= 2
    parts: list[list[_Expression]] = [[] for _ in range(number)]
    for pattern, event in expressions:
        parts[int.from_bytes(blake2b(pattern, digest_size=4).digest()) % number].append((pattern, event))
    return [sorted(part) for part in parts if part]


class _Part:
    """The patterns of one database; there they have numbers of their own."""

    def __init__(self, expressions: list[_Expression], otherwise: Container[bytes]) -> None:
        import hyperscan

        self._module = hyperscan
        self.refused: set[bytes] = set()
        self.inexact: set[bytes] = set()
        self._patterns = [pattern for pattern, _ in expressions]
        self._events = np.array([event for _, event in expressions], np.int64)
        self._scanned = [(pattern, number, 0) for number, pattern in enumerate(self._patterns)]
        self._otherwise = otherwise
        self._database = self._compile()
        self._dense: set[int] = set()
        self._kept: set[int] = set()  # dense, but too large for RE2
        self._sets: Sets | None = None

    def _compile(self) -> Any:
        """A database; a pattern that is too large is compiled to find too much, or is refused."""
        try:
            return self._compiled(self._scanned)
        except self._module.error:
            self._scanned = list(self._without_refused())
            return self._compiled(self._scanned)

    def _without_refused(self) -> Iterator[tuple[bytes, int, int]]:
        """Those patterns that compile alone, with the flags with which they do."""
        for pattern, number, _ in self._scanned:
            for flags in (0,) if pattern in self._otherwise else (0, self._module.HS_FLAG_PREFILTER):
                if self._compiles((pattern, number, flags)):
                    yield pattern, number, flags
                    if flags:
                        self.inexact.add(pattern)
                    break
            else:
                self.refused.add(pattern)

    def _compiles(self, expression: tuple[bytes, int, int]) -> bool:
        try:
            self._compiled([expression])
        except self._module.error:
            return False
        return True

    def _compiled(self, expressions: list[tuple[bytes, int, int]]) -> Any:
        from snorkel_dsl.engine.databases import database

        return database(expressions) if expressions else None

    def events(self, block: Block) -> Iterator[tuple[Index, Index]]:
        """See `scan.Engine`."""
        pairs, whole = self._scan(block, max(_MOST_MATCHES, 4 * _DENSE * len(block.texts)))
        self._leave_out_dense(pairs[:, 0], len(block.texts))
        if not whole:
            pairs, _ = self._scan(block, None)
        yield self._events[pairs[:, 0]], block.rows(pairs[:, 1])
        if self._sets is not None:
            yield from self._sets.events(block)

    def _scan(self, block: Block, most: int | None) -> tuple[Index, bool]:
        """The numbers of patterns and the ends of their matches, and whether these are all, or more than so many."""
        if self._database is None:
            return np.empty((0, 2), np.int64), True
        seen: list[int] = []
        note, limit = seen.extend, math.inf if most is None else 2 * most

        def found(number: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            note((number, end))
            return len(seen) > limit

        whole = True
        try:
            self._database.scan(block.joined, match_event_handler=found)
        except self._module.ScanTerminated:
            whole = False
        return np.array(seen, np.int64).reshape(-1, 2), whole

    def _leave_out_dense(self, numbers: Index, texts: int) -> None:
        """Look no more for the patterns that match too often; RE2 takes them but for those that are too large for it."""
        if len(numbers) <= _NOTED:
            return
        counts = np.bincount(numbers, minlength=len(self._patterns))
        dense = set(np.flatnonzero(counts > max(_NOTED, _DENSE * texts)).tolist()) - self._kept
        if not dense:
            return
        taken = Sets([(self._patterns[number], int(self._events[number])) for number in self._dense | dense])
        self._kept |= {number for number in dense if self._patterns[number] in taken.refused}
        self._dense |= dense - self._kept
        self._sets = taken
        self._scanned = [one for one in self._scanned if one[1] not in self._dense]
        self._database = self._compiled(self._scanned)
