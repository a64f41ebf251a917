"""One pass over a text for everything that all rules look for in it.

The texts of a batch are joined, each between two bytes that no text holds, and scanned as one block for all patterns at
once: with Vectorscan where it is installed, otherwise text by text with RE2, slower and with the same answers. What comes
out is, for each thing looked for, the rows where it is for certain and the rows that must be asked.
"""

from __future__ import annotations

import importlib.util
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import re2

from snorkel_dsl.engine.lexicon import lexicon
from snorkel_dsl.engine.matcher import MOST_MEMORY
from snorkel_dsl.engine.proposals import Needle
from snorkel_dsl.engine.values import Array, Index, Texts
from snorkel_dsl.language.text.folding import fold

FEW_ROWS = 16_000  # Vectorscan compiles 400 rules in 0.4 s: for so few rows RE2 is done before
BLOCK_BYTES = 32 << 20  # what is scanned at once at most, unless a single text is longer
SCANNERS = ("vectorscan", "re2")


@dataclass(frozen=True)
class Hits:
    """Where something was found: rows where it is for certain, and rows that must be asked; ascending, never both."""

    sure: Index
    maybe: Index


@dataclass(frozen=True)
class Wanted:
    """Needles that must all be found; where one of `masks` is found as well, the row must be asked."""

    needles: tuple[Needle, ...]
    masks: tuple[Needle, ...] = ()


def default_scanner() -> str | None:
    """What `SNORKEL_DSL_SCANNER` says, or RE2 where Vectorscan is not installed, or None: whichever suits the rows."""
    chosen = os.environ.get("SNORKEL_DSL_SCANNER", "")
    if chosen in SCANNERS:
        return chosen
    return None if importlib.util.find_spec("hyperscan") else "re2"


class Scan:
    """All that is looked for in one text, ready to run on any batch of it.

    Where no scanner is asked for, RE2 takes the first few rows of each form of text, and Vectorscan all that follow.
    """

    def __init__(self, wanted: Sequence[Wanted], scanner: str | None = None) -> None:
        self._wanted = wanted
        self._needles = list(dict.fromkeys(needle for one in wanted for needle in one.needles + one.masks))
        self._scanner = scanner or default_scanner()
        self._databases: dict[tuple[str, str], Database] = {}
        self._rows_seen: dict[str, int] = defaultdict(int)

    def run(self, texts: Texts) -> list[Hits]:
        """For each thing wanted, where it is. A missing text is nowhere."""
        ascii_rows = texts.ascii if texts.missing is None else texts.ascii & ~texts.missing
        found: dict[Needle, list[Hits]] = defaultdict(list)

        def scan(form: str, needles: list[Needle], texts: Array, rows: Index) -> None:
            if needles and len(rows):
                for needle, hits in zip(needles, self._scan(form, needles, texts, rows), strict=True):
                    found[needle].append(hits)

        rows = np.flatnonzero(ascii_rows)
        scan("ascii", self._needles, _bytes(texts, rows), rows)
        rows = np.flatnonzero(~texts.ascii)
        scan("original", [needle for needle in self._needles if not needle.folded], _bytes(texts, rows), rows)
        folded = [needle for needle in self._needles if needle.folded]
        if folded and len(rows):
            strings = [fold(text, case=True).text for text in texts.python(rows) if text is not None]
            plain = np.fromiter((string.isascii() for string in strings), bool, len(strings))
            array = pa.array(strings, pa.large_string()).cast(pa.large_binary())
            scan("folded to ascii", folded, array.filter(pa.array(plain)), rows[plain])
            scan("folded", folded, array.filter(pa.array(~plain)), rows[~plain])
        where = {needle: _merged(hits) for needle, hits in found.items()}
        nowhere = Hits(np.empty(0, np.int64), np.empty(0, np.int64))
        return [
            _unmasked(
                _together([where.get(needle, nowhere) for needle in one.needles]),
                [where.get(mask, nowhere) for mask in one.masks],
            )
            for one in self._wanted
        ]

    def _scan(self, form: str, needles: list[Needle], texts: Array, index: Index) -> list[Hits]:
        """Where each needle is among some rows, in one form of them."""
        is_ascii, count = form.endswith("ascii"), len(needles)
        database = self._database(form, needles, is_ascii, len(texts))
        found = database.find(texts)
        nowhere = np.empty(0, np.int64)
        hits = []
        for number, needle in enumerate(needles):
            if needle.lexicon is not None:
                sure_rows, maybe = lexicon(needle.lexicon).rows(texts, form == "folded")
                both = np.union1d(sure_rows, maybe)
                exact = needle.ascii_exact
                hits.append(Hits(index[sure_rows], index[maybe]) if exact else Hits(nowhere, index[both]))
                continue
            if number in database.unscanned:
                hits.append(Hits(nowhere, index))
                continue
            rows = index[found.get(number, nowhere)]
            if is_ascii and needle.ascii_exact and number not in database.inexact:
                hits.append(Hits(rows, nowhere))
                continue
            known = number + count not in database.inexact
            sure_rows = index[found[number + count]] if known and number + count in found else nowhere
            hits.append(Hits(sure_rows, np.setdiff1d(rows, sure_rows, assume_unique=True)))
        return hits

    def _database(self, form: str, needles: list[Needle], is_ascii: bool, rows: int) -> Database:
        """The patterns of some needles for one form of text, compiled for the number of rows seen so far."""
        self._rows_seen[form] += rows
        scanner = self._scanner or ("re2" if self._rows_seen[form] <= FEW_ROWS else "vectorscan")
        if (form, scanner) not in self._databases:
            wanted = [needle.ascii if is_ascii else needle.other for needle in needles]
            sure: list[tuple[bytes, ...] | None] = [() if is_ascii else needle.sure for needle in needles]
            self._databases[form, scanner] = Database.of(wanted + sure, scanner)
        return self._databases[form, scanner]


def _merged(hits: list[Hits]) -> Hits:
    """The hits of one needle in the different forms of a text, which share no rows."""
    nowhere = np.empty(0, np.int64)
    if len(hits) == 1:
        return hits[0]
    sure = np.sort(np.concatenate([nowhere, *(one.sure for one in hits)]))
    return Hits(sure, np.sort(np.concatenate([nowhere, *(one.maybe for one in hits)])))


def _together(hits: list[Hits]) -> Hits:
    """Where several needles are all found: a row that must be asked about one must be asked."""
    if len(hits) == 1:
        return hits[0]
    rows = [np.union1d(one.sure, one.maybe) for one in hits]
    both = rows[0]
    for other in rows[1:]:
        both = np.intersect1d(both, other)
    return Hits(np.empty(0, np.int64), both)


def _unmasked(hits: Hits, masks: list[Hits]) -> Hits:
    """The same hits, to be asked where a mask may be."""
    for mask in masks:
        masked = np.isin(hits.sure, np.union1d(mask.sure, mask.maybe), assume_unique=True)
        hits = Hits(hits.sure[~masked], np.union1d(hits.maybe, hits.sure[masked]))
    return hits


def _bytes(texts: Texts, index: Index) -> Array:
    """Some rows of a text as an Arrow array of bytes."""
    chosen = texts.array if len(index) == len(texts.array) else texts.array.take(pa.array(index))
    return chosen.cast(pa.large_binary())


# ------------------------------------------------------------------------------------------------------------ databases


class Engine(Protocol):
    """A compiled set of patterns: which of them are where in an array of texts."""

    def events(self, texts: Array) -> Iterator[tuple[Index, Index]]:
        """Numbers of patterns, and beside each the number of a text that it is in, in any order, with repeats."""
        ...


@dataclass(frozen=True)
class Database:
    """Patterns compiled together. `users` are the needles of each event that the engine reports.

    `unscanned` are needles that no pattern can stand for, `inexact` those whose pattern finds too much.
    """

    engine: Engine
    users: tuple[tuple[int, ...], ...]
    unscanned: frozenset[int]
    inexact: frozenset[int]

    @classmethod
    def of(cls, wanted: Sequence[tuple[bytes, ...] | None], scanner: str) -> Database:
        """Compile the patterns of some needles. Equal patterns are looked for once."""
        needles_of: dict[bytes, list[int]] = defaultdict(list)
        for number, patterns in enumerate(wanted):
            for pattern in dict.fromkeys(patterns or ()):
                needles_of[pattern].append(number)
        users = list(dict.fromkeys(tuple(numbers) for numbers in needles_of.values()))
        events = {numbers: event for event, numbers in enumerate(users)}
        expressions = [(pattern, events[tuple(numbers)]) for pattern, numbers in needles_of.items()]
        make = _Vectorscan if scanner == "vectorscan" else _Re2
        engine = make(expressions)
        unscanned = {number for number, patterns in enumerate(wanted) if patterns is None}
        unscanned |= {number for pattern in engine.refused for number in needles_of[pattern]}
        inexact = {number for pattern in engine.inexact for number in needles_of[pattern]}
        return cls(engine, tuple(users), frozenset(unscanned), frozenset(inexact))

    def find(self, texts: Array) -> dict[int, Index]:
        """For each needle that is found, the numbers of the texts that it is in, ascending."""
        found: dict[int, list[Index]] = defaultdict(list)
        n = len(texts)
        for events, rows in self.engine.events(texts):
            keys = _distinct(events * n + rows)
            bounds = np.searchsorted(keys, np.arange(len(self.users) + 1) * n)
            for event, (start, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
                if start < end:
                    for needle in self.users[event]:
                        found[needle].append(keys[start:end] - event * n)
        return {
            needle: rows[0] if len(rows) == 1 else np.unique(np.concatenate(rows)) for needle, rows in found.items()
        }


def _distinct(keys: Index) -> Index:
    """Each key once, ascending. Sorting beats the hashing of `np.unique` on keys that are nearly all different."""
    ordered = np.sort(keys)
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    distinct: Index = ordered[new]
    return distinct


class _Vectorscan:
    """Patterns compiled by Vectorscan, scanned over joined texts."""

    def __init__(self, expressions: Sequence[tuple[bytes, int]]) -> None:
        import hyperscan

        self._module = hyperscan
        self.refused: set[bytes] = set()
        self.inexact: set[bytes] = set()
        self._database = self._compile([(pattern, event, 0) for pattern, event in expressions])

    def _compile(self, expressions: list[tuple[bytes, int, int]]) -> Any:
        """A database; a pattern that is too large is compiled to find too much, or is refused."""
        if not expressions:
            return None
        try:
            return self._compiled(expressions)
        except self._module.error:
            return self._compile_without_refused(expressions)

    def _compile_without_refused(self, expressions: list[tuple[bytes, int, int]]) -> Any:
        """A database of those patterns that compile alone."""
        kept = []
        for pattern, event, _ in expressions:
            for flags in (0, self._module.HS_FLAG_PREFILTER):
                if self._compiles((pattern, event, flags)):
                    kept.append((pattern, event, flags))
                    if flags:
                        self.inexact.add(pattern)
                    break
            else:
                self.refused.add(pattern)
        return self._compiled(kept) if kept else None

    def _compiles(self, expression: tuple[bytes, int, int]) -> bool:
        try:
            self._compiled([expression])
        except self._module.error:
            return False
        return True

    def _compiled(self, expressions: list[tuple[bytes, int, int]]) -> Any:
        database = self._module.Database(mode=self._module.HS_MODE_BLOCK)
        patterns, events, flags = zip(*expressions, strict=True)
        database.compile(expressions=patterns, ids=events, elements=len(patterns), flags=flags)
        return database

    def events(self, texts: Array) -> Iterator[tuple[Index, Index]]:
        """See `Engine`."""
        if self._database is None:
            return
        for first, part in _parts(texts):
            seen: list[int] = []
            note = seen.append

            def found(event: int, _start: int, end: int, _flags: int, _context: object, note: Any = note) -> None:
                note(event << 40 | end)

            self._database.scan(_joined(part), match_event_handler=found)
            codes = np.array(seen, np.int64)
            starts = _offsets(part) + 2 * np.arange(len(part)) + 1
            yield codes >> 40, np.searchsorted(starts, codes & ((1 << 40) - 1), side="right") - 1 + first


def _offsets(texts: Array) -> Index:
    """Where each text begins in the bytes of all, the first at 0."""
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts)]
    return offsets - offsets[:1]


def _parts(texts: Array) -> Iterator[tuple[int, Array]]:
    """The texts in runs of at most BLOCK_BYTES, each with the number of its first text."""
    offsets = _offsets(texts)
    first = 0
    while first < len(texts):
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + BLOCK_BYTES)))
        yield first, texts.slice(first, last - first)
        first = last


def _joined(texts: Array) -> bytes:
    """Texts as one block, each between the bytes START and END."""
    one_list = pa.LargeListArray.from_arrays(pa.array([0, len(texts)], pa.int64()), texts)
    separator: Any = pa.scalar(b"\xfe\xff", pa.large_binary())
    joined: Any = pc.binary_join(one_list, separator)
    return bytes(b"\xff" + joined[0].as_py() + b"\xfe")


class _Re2:
    """Patterns compiled by RE2 as sets, as few as its memory takes, matched text by text."""

    def __init__(self, expressions: Sequence[tuple[bytes, int]]) -> None:
        self.refused: set[bytes] = set()
        self.inexact: set[bytes] = set()
        self._sets = list(self._compiled(expressions))

    def _compiled(self, expressions: Sequence[tuple[bytes, int]]) -> Iterator[tuple[Any, list[int]]]:
        """Sets, each with the events of its patterns. A pattern that is too large alone is refused."""
        if not expressions:
            return
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.dot_nl = True
        options.log_errors = False
        options.max_mem = MOST_MEMORY
        made = re2.Set.SearchSet(options)
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

    def events(self, texts: Array) -> Iterator[tuple[Index, Index]]:
        """See `Engine`."""
        for compiled, events in self._sets:
            numbers: list[int] = []
            rows: list[int] = []
            for row, text in enumerate(texts.to_pylist()):
                for number in compiled.Match(b"\xff" + text + b"\xfe") or ():
                    numbers.append(events[number])
                    rows.append(row)
            yield np.array(numbers, np.int64), np.array(rows, np.int64)
