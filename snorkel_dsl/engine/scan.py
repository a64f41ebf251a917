"""One pass over a text for everything that all rules look for in it.

The texts of a batch are joined, each between two bytes that no text holds, and scanned as one block for all patterns at
once: with Vectorscan where it is installed, otherwise text by text with RE2, slower and with the same answers. What comes
out is, for each thing looked for, the rows where it is for certain and the rows that must be asked.
"""

from __future__ import annotations

import importlib.util
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa

from snorkel_dsl.collector import collector_paused
from snorkel_dsl.engine import arrow
from snorkel_dsl.engine.blocks import Block, blocks
from snorkel_dsl.engine.folded import fold_all
from snorkel_dsl.engine.lexicon import lexicon
from snorkel_dsl.engine.literals import Literals
from snorkel_dsl.engine.phrases import phrase_table
from snorkel_dsl.engine.profile import phase
from snorkel_dsl.engine.proposals import Needle
from snorkel_dsl.engine.sets import Finder, Sets
from snorkel_dsl.engine.values import Array, Index, Texts, distinct
from snorkel_dsl.engine.vectorscan import Vectorscan

FEW_ROWS = 16_000  # Vectorscan compiles 400 rules in 0.4 s: for so few rows RE2 is done before
FEW_ROWS_EACH = (
    20  # of a pattern that has literals: RE2 is asked of few rows then, and many patterns take long to compile
)
_LONG = 200  # bytes: a longer text counts as several rows
FEW_BYTES = 200  # of phrases: so few are looked for as patterns, many in a table of their words
BLOCK_BYTES = 1 << 20  # what is scanned at once at most, unless a single text is longer
_RARE = 8  # fewer than one in so many texts is not ASCII: they are scanned along with the others, and left out
MANY = 1 << 16  # matches in a block: with more, those of one pattern in one text are counted once at once
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
        self._needles = list(dict.fromkeys(needle for one in wanted for needle in one.needles + one.masks))
        numbers = {needle: number for number, needle in enumerate(self._needles)}
        self._wanted = [([numbers[n] for n in one.needles], [numbers[n] for n in one.masks]) for one in wanted]
        self._original = [number for number, needle in enumerate(self._needles) if not needle.folded]
        self._folded = [number for number, needle in enumerate(self._needles) if needle.folded]
        self._has_lexicon = any(needle.lexicon is not None for needle in self._needles)
        self._scanner = scanner or default_scanner()
        self._databases: dict[tuple[str, str], tuple[Database, Index]] = {}
        self._rows_seen: dict[str, int] = defaultdict(int)
        patterns = [needle for needle in self._needles if needle.ascii]
        prefiltered = all(needle.literals for needle in patterns)
        self._few_rows = max(FEW_ROWS, FEW_ROWS_EACH * len(patterns) if prefiltered else 0)

    def run(self, texts: Texts) -> list[Hits]:
        """For each thing wanted, where it is. A missing text is nowhere."""
        n = len(texts.array)
        hits = _hits([_NOWHERE, *self._keys(texts, n)], len(self._needles), n)
        return [
            _unmasked(_together([hits[number] for number in needles]), [hits[number] for number in masks])
            for needles, masks in self._wanted
        ]

    def _keys(self, texts: Texts, n: int) -> Iterator[Index]:
        """What is found in each form of the texts as numbers: of a needle, of whether it is sure, and of a row of n."""
        everything = list(range(len(self._needles)))
        plain = texts.ascii if texts.missing is None else texts.ascii & ~texts.missing
        others = np.flatnonzero(~texts.ascii)
        if texts.missing is None and len(others) * _RARE < n and not self._has_lexicon:
            # To scan a few rows too many costs less than to copy all others.
            index = np.where(plain, np.arange(n), -1)
            yield self._scan("ascii", everything, texts.array.cast(pa.large_binary()), index, n)
        else:
            rows = np.flatnonzero(plain)
            yield self._scan("ascii", everything, _bytes(texts, rows), rows, n)
        if not len(others):
            return
        yield self._scan("original", self._original, _bytes(texts, others), others, n)
        if self._folded:
            strings = fold_all([text for text in texts.python(others) if text is not None])
            became = np.fromiter((string.isascii() for string in strings), bool, len(strings))
            array = arrow.texts(strings, pa.large_binary())
            yield self._scan("folded to ascii", self._folded, array.filter(arrow.truths(became)), others[became], n)
            yield self._scan("folded", self._folded, array.filter(arrow.truths(~became)), others[~became], n)

    def _scan(self, form: str, numbers: list[int], texts: Array, index: Index, n: int) -> Index:
        """Where some needles are among some rows, in one form of them; a row -1 counts as not there."""
        if not numbers or not len(texts):
            return _NOWHERE
        needles = [self._needles[number] for number in numbers]
        database, targets = self._database(form, numbers, texts)
        keys = [_NOWHERE]
        for users, rows in database.find(texts):
            kinds, found = targets[users], index[rows]
            both = np.minimum(kinds, found) >= 0
            keys.append((kinds * n + found)[both])
        for number, needle in zip(numbers, needles, strict=True):
            if needle.lexicon is not None:
                listed, asked = lexicon(needle.lexicon).rows(texts, form == "folded")
                keys.append((2 * number + (not needle.ascii_exact)) * n + index[listed])
                keys.append((2 * number + 1) * n + index[asked])
        keys += [
            (2 * numbers[number] + 1) * n + index[index >= 0] for number in database.unscanned if number < len(numbers)
        ]
        return np.concatenate(keys)

    def _database(self, form: str, numbers: list[int], texts: Array) -> tuple[Database, Index]:
        """What some needles look for in one form of text, compiled for the number of rows seen so far, with these texts.

        Beside it, by the numbers that it uses for them: twice the number of the needle, and one more where the row must be
        asked; -1 where nothing follows.
        """
        self._rows_seen[form] += max(len(texts), texts.nbytes // _LONG)
        scanner = self._scanner or ("re2" if self._rows_seen[form] <= self._few_rows else "vectorscan")
        if (form, scanner) not in self._databases:
            needles = [self._needles[number] for number in numbers]
            is_ascii = form.endswith("ascii")
            with collector_paused(), phase("compile"):
                database = _database(needles, is_ascii, scanner)
            decide = [is_ascii and needle.ascii_exact for needle in needles]
            targets = [
                2 * number + (not d or i in database.inexact)
                for i, (number, d) in enumerate(zip(numbers, decide, strict=True))
            ]
            targets += [-1 if i in database.inexact else 2 * number for i, number in enumerate(numbers, len(numbers))]
            self._databases[form, scanner] = database, np.array(targets, np.int64)
        return self._databases[form, scanner]


def _database(needles: list[Needle], is_ascii: bool, scanner: str) -> Database:
    """What some needles look for. The needle with number i has the number i + count as well: what is there for certain."""
    nothing: list[tuple[bytes, ...]] = [()] * len(needles)
    exact = [needle.phrases if needle.phrases_exact else () for needle in needles]
    literals = _literals(needles)
    if is_ascii:
        inexact = [() if needle.phrases_exact else needle.phrases for needle in needles]
        return Database.of([needle.ascii for needle in needles], scanner, inexact + exact, literals=literals)
    patterns = [needle.other for needle in needles] + [needle.sure for needle in needles]
    return Database.of(patterns, scanner, [needle.phrases for needle in needles], nothing + exact, literals)


def _literals(needles: list[Needle]) -> dict[bytes, Literals]:
    """The literals of each pattern: of all needles that look for it."""
    found: dict[bytes, Literals] = {}
    for needle in needles:
        for pattern in {*(needle.ascii or ()), *(needle.other or ()), *needle.sure}:
            known = found.get(pattern, needle.literals)
            both = tuple(dict.fromkeys((*known, *needle.literals)))
            found[pattern] = both if known and needle.literals else ()
    return found


def _hits(parts: Sequence[Index], needles: int, n: int) -> list[Hits]:
    """The rows of each needle from what `Scan` found in each form of n texts."""
    short = 2 * needles * n < 1 << 31
    keys = distinct(np.concatenate(parts, dtype=np.int32 if short else np.int64, casting="unsafe"))
    asked = np.flatnonzero(keys // max(n, 1) & 1)
    sure = keys[asked] - n
    keys = np.delete(keys, asked[keys[np.searchsorted(keys, sure)] == sure])
    firsts = np.arange(2 * needles + 1) * n
    bounds = np.searchsorted(keys, firsts.astype(keys.dtype)).tolist()
    rows = [
        np.subtract(keys[start:end], first, dtype=np.int64) if start < end else _NOWHERE
        for start, end, first in zip(bounds[:-1], bounds[1:], firsts[:-1].tolist(), strict=True)
    ]
    return [Hits(*both) for both in zip(rows[::2], rows[1::2], strict=True)]


_NOWHERE: Index = np.empty(0, np.int64)


def _together(hits: list[Hits]) -> Hits:
    """Where several needles are all found: a row that must be asked about one must be asked."""
    if len(hits) == 1:
        return hits[0]
    rows = [np.union1d(one.sure, one.maybe) for one in hits]
    both = rows[0]
    for other in rows[1:]:
        both = np.intersect1d(both, other)
    return Hits(_NOWHERE, both)


def _unmasked(hits: Hits, masks: list[Hits]) -> Hits:
    """The same hits, to be asked where a mask may be."""
    for mask in masks:
        masked = np.isin(hits.sure, np.union1d(mask.sure, mask.maybe), assume_unique=True)
        hits = Hits(hits.sure[~masked], np.union1d(hits.maybe, hits.sure[masked]))
    return hits


def _bytes(texts: Texts, index: Index) -> Array:
    """Some rows of a text as an Arrow array of bytes."""
    chosen = texts.array if len(index) == len(texts.array) else texts.array.take(arrow.numbers(index))
    return chosen.cast(pa.large_binary())


# ------------------------------------------------------------------------------------------------------------ databases


class Engine(Protocol):
    """Patterns or phrases: which of them are where in a block of texts."""

    def events(self, block: Block) -> Iterator[tuple[Index, Index]]:
        """Numbers of events, and beside each the number of a text that it is in, in any order, with repeats."""
        ...


@dataclass(frozen=True)
class Database:
    """Patterns and phrases looked for together. `users` are the needles of each event that the engines report.

    `unscanned` are needles that no pattern can stand for, `inexact` those whose pattern finds too much.
    """

    engines: tuple[Engine, ...]
    users: tuple[tuple[int, ...], ...]
    unscanned: frozenset[int]
    inexact: frozenset[int]

    @classmethod
    def of(
        cls,
        patterns: Sequence[tuple[bytes, ...] | None],
        scanner: str,
        phrases: Sequence[tuple[bytes, ...]] = (),
        alone: Sequence[tuple[bytes, ...]] = (),
        literals: Mapping[bytes, Literals] | None = None,
    ) -> Database:
        """Compile the patterns and phrases of some needles: each list is by needle. What is equal is looked for once.

        `alone` are phrases that are found only where the characters beside them are ASCII, `literals` those of which one
        is wherever a pattern is.
        """
        needles_of = _users(patterns)
        used = [needles_of, _users(phrases), _users(alone)]
        users = list(dict.fromkeys(numbers for by_needle in used for numbers in by_needle.values()))
        events = {numbers: event for event, numbers in enumerate(users)}
        numbered = [{one: events[numbers] for one, numbers in by_needle.items()} for by_needle in used]
        expressions = list(numbered[0].items())
        if few := scanner == "vectorscan" and sum(map(len, numbered[1])) <= FEW_BYTES:
            expressions += [(_bounded(phrase, b""), event) for phrase, event in numbered[1].items()]
            expressions += [(_bounded(phrase, rb"\x80-\xf7"), event) for phrase, event in numbered[2].items()]
        engines, refused, inexact = _engines(expressions, scanner, literals or {})
        if numbered[1] and not few:
            engines.append(_Phrases(numbered[1], numbered[2]))
        unscanned = {number for number, wanted in enumerate(patterns) if wanted is None}
        unscanned |= {number for pattern in refused for number in needles_of[pattern]}
        asked = {number for pattern in inexact for number in needles_of[pattern]}
        return cls(tuple(engines), tuple(users), frozenset(unscanned), frozenset(asked))

    def find(self, texts: Array) -> Iterator[tuple[Index, Index]]:
        """Numbers of needles, and beside each the number of a text that it is in, in any order, with repeats, in parts."""
        for block in blocks(texts, BLOCK_BYTES):
            for engine in self.engines:
                for events, rows in engine.events(block):
                    if len(events) > MANY:
                        events, rows = np.divmod(distinct(events * len(texts) + rows), len(texts))
                    yield self._of_users(events, rows)

    def _of_users(self, events: Index, rows: Index) -> tuple[Index, Index]:
        """The needles of events, each with the event's row."""
        counts, flat = self._flat
        if len(counts) == len(flat):
            return flat[events], rows
        number = counts[events]
        last = np.cumsum(number)
        within = np.arange(last[-1] if len(last) else 0) - np.repeat(last - number, number)
        return flat[np.repeat((np.cumsum(counts) - counts)[events], number) + within], np.repeat(rows, number)

    @cached_property
    def _flat(self) -> tuple[Index, Index]:
        """How many needles use each event, and which, one after the other."""
        counts = np.array([len(users) for users in self.users], np.int64)
        return counts, np.array([user for users in self.users for user in users], np.int64)


def _bounded(phrase: bytes, but: bytes) -> bytes:
    """A phrase as a pattern, between bytes that are no letters or digits, and none of some others."""
    edge = b"[^0-9A-Za-z" + but + b"]"
    return edge + b"(?i:" + phrase.replace(b" ", rb"(?:[\t-\r\x1c- ]+|-)") + b")" + edge


def _engines(
    expressions: list[tuple[bytes, int]], scanner: str, literals: Mapping[bytes, Literals]
) -> tuple[list[Engine], set[bytes], set[bytes]]:
    """What looks for some patterns; the patterns that nothing can look for; and those of which too much is found.

    What Vectorscan refuses RE2 may take. Of what that refuses as well, the literals are looked for.
    """
    if scanner == "vectorscan":
        scan = Vectorscan(expressions, {pattern for pattern, needed in literals.items() if needed})
        engines: list[Engine] = [scan]
        left, inexact = [one for one in expressions if one[0] in scan.refused], scan.inexact
    else:
        engines, left, inexact = [], expressions, set()
    if left:
        sets = Sets(left, literals)
        engines.append(sets)
        left = [one for one in left if one[0] in sets.refused]
    known = [one for one in left if literals.get(one[0])]
    if known:
        engines.append(_Literals(known, literals))
    found = {pattern for pattern, _ in known}
    return engines, {pattern for pattern, _ in left} - found, inexact | found


def _users(wanted: Sequence[tuple[bytes, ...] | None]) -> dict[bytes, tuple[int, ...]]:
    """By what is looked for, the numbers of those who look for it."""
    numbers_of: dict[bytes, list[int]] = defaultdict(list)
    for number, looked_for in enumerate(wanted):
        for one in dict.fromkeys(looked_for or ()):
            numbers_of[one].append(number)
    return {one: tuple(numbers) for one, numbers in numbers_of.items()}


class _Phrases:
    """Phrases, each with its event, and some with another for where the characters beside them are ASCII."""

    def __init__(self, events: dict[bytes, int], alone: dict[bytes, int]) -> None:
        self._table = phrase_table(tuple(events))
        self._events = np.array(list(events.values()), np.int64)
        self._alone = np.array([alone.get(phrase, -1) for phrase in events], np.int64) if alone else None

    def events(self, block: Block) -> Iterator[tuple[Index, Index]]:
        """See `Engine`."""
        for numbers, starts, ends in self._table.find(block.joined):
            rows = block.rows_in_order(starts)
            yield self._events[numbers], rows
            if self._alone is not None:
                alone = self._alone[numbers]
                both = np.flatnonzero((alone >= 0) & ~block.beyond_ascii(starts - 1) & ~block.beyond_ascii(ends))
                yield alone[both], rows[both]


class _Literals:
    """In place of patterns that nothing can look for: the literals that they need, each with their events."""

    def __init__(self, expressions: Sequence[tuple[bytes, int]], literals: Mapping[bytes, Literals]) -> None:
        pairs = [(literal, event) for pattern, event in expressions for literal in literals[pattern]]
        self._finders = [(Finder(tuple(dict.fromkeys(needed))), event) for event, needed in _by_event(pairs).items()]

    def events(self, block: Block) -> Iterator[tuple[Index, Index]]:
        """See `Engine`."""
        for finder, event in self._finders:
            rows = finder.find(block)[1] + block.first
            yield np.full(len(rows), event, np.int64), rows


def _by_event(pairs: Iterable[tuple[bytes, int]]) -> dict[int, list[bytes]]:
    found: defaultdict[int, list[bytes]] = defaultdict(list)
    for literal, event in pairs:
        found[event].append(literal)
    return found
