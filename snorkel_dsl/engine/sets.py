"""Patterns matched text by text with RE2, in sets.

A pattern that cannot do without a literal (`engine.literals`) is asked only of the texts that have it: all literals are
looked for at once in many joined texts, and each has a set of the patterns that need it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import ahocorasick_rs
import numpy as np
import re2

from snorkel_dsl.engine import matcher
from snorkel_dsl.engine.blocks import Block
from snorkel_dsl.engine.literals import Literals, without_case
from snorkel_dsl.engine.values import Index, distinct

Expression = tuple[bytes, int]  # a pattern and its event
_Set = tuple[Any, list[int]]  # of RE2, and the events of its patterns


def _options() -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = matcher.MOST_MEMORY
    return options


def steps(pattern: bytes) -> float:
    """How large RE2's program for a pattern is, its repetitions written out; infinite if it is too large for RE2."""
    try:
        return float(re2.compile(pattern, _options()).programsize)
    except re2.error:
        return math.inf


class Sets:
    """Patterns, each with its event, and those that have literals with these. `refused` are too large for RE2."""

    def __init__(self, expressions: Sequence[Expression], literals: Mapping[bytes, Literals] | None = None) -> None:
        self.refused: set[bytes] = set()
        self.inexact: set[bytes] = set()
        literals = literals or {}
        self._everywhere = list(self._compiled([one for one in expressions if not literals.get(one[0])]))
        needing: defaultdict[bytes, list[Expression]] = defaultdict(list)
        for pattern, event in expressions:
            for literal in literals.get(pattern, ()):
                needing[literal].append((pattern, event))
        self._finder = Finder(tuple(needing)) if needing else None
        self._where_found = [list(self._compiled(some)) for some in needing.values()]

    def _compiled(self, expressions: Sequence[Expression]) -> Iterator[_Set]:
        """Sets, as few as the memory takes. A pattern that is too large alone is refused."""
        if not expressions:
            return
        made = re2.Set.SearchSet(_options())
        try:
            for pattern, _ in expressions:
                made.Add(pattern)
            made.Compile()
        except re2.error:
            half = len(expressions) // 2
            if not half:
                self.refused.add(expressions[0][0])
                return
            yield from self._compiled(expressions[:half])
            yield from self._compiled(expressions[half:])
            return
        yield made, [event for _, event in expressions]

    def events(self, block: Block) -> Iterator[tuple[Index, Index]]:
        """See `scan.Engine`."""
        texts = block.bounded
        for one in self._everywhere:
            yield _matched(block, ((one, number, text) for number, text in enumerate(texts)))
        if self._finder is not None:
            found = zip(*(part.tolist() for part in self._finder.find(block)), strict=True)
            asked = ((one, row, texts[row]) for literal, row in found for one in self._where_found[literal])
            yield _matched(block, asked)


def _matched(block: Block, asked: Iterable[tuple[_Set, int, bytes]]) -> tuple[Index, Index]:
    """The events of sets, each asked of a text, and beside each the row that the text is."""
    events: list[int] = []
    rows: list[int] = []
    for (compiled, own), row, text in asked:
        for number in compiled.Match(text) or ():
            events.append(own[number])
            rows.append(row)
    return np.array(events, np.int64), np.array(rows, np.int64) + block.first


class Finder:
    """Different literals, ready to be found in the texts of a block."""

    def __init__(self, literals: tuple[bytes, ...]) -> None:
        self._number = len(literals)
        self._automaton = ahocorasick_rs.BytesAhoCorasick(literals, matchkind=ahocorasick_rs.MatchKind.Standard)

    def find(self, block: Block) -> tuple[Index, Index]:
        """The numbers of literals, and beside each that of a text of the block that has it; no pair comes twice."""
        joined, places = without_case(block)
        found: list[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(joined, overlapping=True)
        hits = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        rows = places.rows(hits[:, 1]) - block.first
        many = len(block.texts)
        pairs = distinct(hits[:, 0] * many + rows)  # by literal: what one set needs stays in the processor's cache
        return pairs // many, pairs % many
