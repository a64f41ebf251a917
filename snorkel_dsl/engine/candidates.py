"""Candidates first: where few functions are asked, the rows on which they can vote at all, before anything is read.

After an edit one function of many is asked, and most of what that costs is cutting up texts in which nothing is found. But
a vote often needs a literal: the words of `mentions "check out"` cannot be found without the characters `check`, and no
match of `/free \\w+ card/` lacks `free`. So the literals are looked for first, straight in the bytes of an Arrow column as
they lie there, and only the rows that hold one are asked as ever.

A row that is no candidate must get no vote for certain. It holds where each condition that votes is true only of a row in
which something is found (a `not` never says so) and where nothing can fail. A literal is ASCII, whatever the case of its
letters; a row with a character that may count as one of these where it is folded, as `ﬁ` and `Ⅷ` may, is always
a candidate. Where no literals are known, all rows are asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Sequence
from functools import cache, cached_property, lru_cache
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from snorkel_dsl.engine import arrow, regex
from snorkel_dsl.engine.literals import required
from snorkel_dsl.engine.proposals import spellings
from snorkel_dsl.engine.scan import default_scanner
from snorkel_dsl.engine.values import Array, Index, Mask, numpy_bools
from snorkel_dsl.language import ir
from snorkel_dsl.language.text.characters import case_folding, simple_fold, unicode_table
from snorkel_dsl.language.text.folding import nfkc
from snorkel_dsl.language.text.terms import compile_term
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Sought, catalog

MOST_LITERALS = 200  # with more, hardly a row is no candidate
FEWEST_ROWS = 4_096  # of fewer, all are asked
_PART = 8  # where more than one in so many rows is a candidate, all are asked

_LETTER = re.compile("[0-9A-Za-z\\u017f\\u212a]")
_LIKE_TO_RE = "\u0130\u0131\u017f\u212a"  # what `re` takes for an ASCII letter where case is ignored
_SOME = "ab"  # what an atom that may be several characters may be
_Alternatives: TypeAlias = frozenset[Any]
_WINDOW = 1 << 18  # bytes that are gone through at once: few enough to stay in the processor's cache

Found: TypeAlias = frozenset[tuple[str, bytes]]
"""Literals, each with its column, of which one is in every row that is meant, but for rows with a `look_alike`."""

# ------------------------------------------------------------------------------------------------- what a vote needs


def needed(program: ir.Program) -> Found | None:
    """What is in every row on which a function of a program votes; None where that cannot be said."""
    parts = [_of_function(function) for function in program.functions]
    together = _any(parts)
    return None if together is None or len(together) > MOST_LITERALS else together


def _of_function(function: ir.LabelingFunction) -> Found | None:
    """What a vote of a function needs."""
    calls = (node for one in function.expressions for node in ir.walk(one) if isinstance(node, ir.Call))
    if function.by_column is not None or any(_may_fail(call) for call in calls):
        return None
    voting = [clause.condition for clause in function.clauses if clause.vote is not None]
    return _any([None if condition is None else _true(condition, ()) for condition in voting])


def _may_fail(call: ir.Call) -> bool:
    known = catalog().get(call.operator)
    return known is not None and known.may_fail


def _true(condition: ir.Expression, around: tuple[ir.Expression, ...]) -> Found | None:
    """What a condition needs to be true; `around` it are quantifiers, which go over these pieces, the innermost last."""
    match condition:
        case ir.Quantified(pieces=over, body=body, least=least, every=every) if every or (least or 0) > 0:
            return _true(body, (*around, over))
        case ir.Call(operator="and", arguments=arguments):
            return _best(_true(argument, around) for argument in arguments)
        case ir.Call(operator="or", arguments=arguments):
            return _any([_true(argument, around) for argument in arguments])
        case ir.Call(operator="at_least_of", arguments=(ir.Constant(value=int(least)), *arguments)) if least > 0:
            return _any([_true(argument, around) for argument in arguments])
        case ir.Call(kind=Kind.CONDITION) if condition.operator in catalog():
            return _of_call(condition, around)
    return None


def _of_call(call: ir.Call, around: tuple[ir.Expression, ...]) -> Found | None:
    """What a call needs to be true: what it looks for, or what is counted where it is false of 0."""
    predicate = catalog()[call.operator]
    if predicate.looks_for is not None:
        return _looked_for(call, around)
    asked = [argument for argument in call.arguments if not isinstance(argument, ir.Constant)]
    if predicate.takes_missing or predicate.costly or len(asked) != 1:
        return None
    match asked[0]:
        case ir.Call(kind=Kind.NUMBER, operator=operator) as count if operator in catalog():
            values = [one.value if isinstance(one, ir.Constant) else 0.0 for one in call.arguments]
            return _looked_for(count, around) if predicate.evaluate(*values) is False else None
    return None


def _looked_for(call: ir.Call, around: tuple[ir.Expression, ...]) -> Found | None:
    """What is in every text of which a call that looks for something is true, or more than 0."""
    looks_for = catalog()[call.operator].looks_for
    others = [argument.value for argument in call.arguments[1:] if isinstance(argument, ir.Constant)]
    column = _column(call.arguments[0], around) if call.arguments else None
    if looks_for is None or column is None or len(others) < len(call.arguments) - 1:
        return None
    found = (literals(sought) for sought in looks_for(*others))
    return _best(None if own is None else frozenset((column, one) for one in own) for own in found)


def _column(text: ir.Expression, around: tuple[ir.Expression, ...]) -> str | None:
    """The column that a text is, or a piece of; None where it is neither."""
    match text:
        case ir.Column(name=name, kind=Kind.TEXT):
            return name
        case ir.Piece(level=level):
            outer = len(around) - 1 - level
            over = around[outer]
            return _column(over.arguments[0], around[:outer]) if isinstance(over, ir.Call) else None
    return None


def _any(parts: Sequence[_Alternatives | None]) -> _Alternatives | None:
    """What is needed where one of several things holds."""
    known = [part for part in parts if part is not None]
    return frozenset().union(*known) if len(known) == len(parts) else None


def _best(parts: Iterable[_Alternatives | None]) -> _Alternatives | None:
    """What is needed where several things hold: that of one of them, whose literals are long, or few."""
    return max((part for part in parts if part is not None), key=_rarity, default=None)


def _rarity(literals: frozenset[Any]) -> tuple[float, int]:
    lengths = (len(one if isinstance(one, bytes) else one[1]) for one in literals)
    return min(lengths, default=math.inf), -len(literals)


# -------------------------------------------------------------------------------------------------------------- literals


@lru_cache(maxsize=256)
def literals(sought: Sought) -> frozenset[bytes] | None:
    """Literals, in lower case, of which one is in every text with what is looked for; None where none are known."""
    match sought:
        case Sought(what=ir.Pattern() as pattern):
            return _of_pattern(pattern)
        case Sought(what=ir.TermList(terms=terms), as_words=True):
            compiled = [made for term in terms if (made := compile_term(term)).atoms]
            return _any([_of_characters([_spelled(a, made.case) for a in made.atoms]) for made in compiled])
        case Sought(what=ir.TermList(terms=terms)):
            return _any([_of_characters([_spelled(c, term.exact_case) for c in term.text]) for term in terms])
    return None


def _spelled(atom: str, exact_case: bool) -> str:
    """The characters that one of a term may be; of a `*` or a space, more than are counted."""
    return "".join(spellings(atom, exact_case)) if len(atom) == 1 else _SOME


def _of_characters(choices: Iterable[str]) -> frozenset[bytes] | None:
    """The longest literal of some characters that follow one another, each one of several."""
    runs = groupby(map(_letter, choices), key=bool)
    return _best(frozenset([b"".join(run)]) for is_literal, run in runs if is_literal)


def _letter(choices: str) -> bytes:
    """One of some characters as a letter or digit in lower case, where they are one but for their case; else nothing."""
    letters = {choice.lower() for choice in choices if choice.isascii()}
    others = all(choice.isascii() or look_alikes()[ord(choice)] for choice in choices)
    letter = letters.pop() if len(letters) == 1 and others else ""
    return letter.encode() if letter.isalnum() else b""


@cache
def look_alikes() -> Mask:
    """By code point, whether it is no ASCII character and yet may count as an ASCII letter or digit, alone or among others.

    NFKC may make one of it, or case that is ignored. A letter with a mark is none: it does not lose all its marks to others.
    """
    decomposed = (one for one, parts in zip(*unicode_table()["decompositions"], strict=True) if _LETTER.search(parts))
    found = {one for one in decomposed if _LETTER.search(simple_fold(nfkc(one)))}
    found |= {chr(code) for code, folded in case_folding().items() if code > 127 and _LETTER.search(folded)}
    table = np.zeros(regex.END_OF_UNICODE, bool)
    table[[ord(one) for one in found | set(_LIKE_TO_RE)]] = True
    return table


def _of_pattern(pattern: ir.Pattern) -> frozenset[bytes] | None:
    """Literals of which one is in every text that a regular expression matches, where all are ASCII."""
    found = required(regex.parse(pattern))
    return frozenset(found) if found and all(map(bytes.isascii, found)) else None


# ------------------------------------------------------------------------------------------------------------------ rows


class Candidates:
    """The rows of batches on which the functions of a program can vote."""

    def __init__(self, program: ir.Program, found: Found, scanner: str | None = None) -> None:
        """Look for what is `needed`. `scanner` is one of `scan.SCANNERS`, or None."""
        read = {name for function in program.functions for name in function.columns}
        self._columns = {column.name: column for column in program.columns if column.name in read}
        texts = {column.type.of for column in self._columns.values()}
        used = [column for column in program.columns if column.name in read | texts]
        self._sources = sorted({source for column in used for source in column.sources})
        search = _Vectorscan if (scanner or default_scanner()) != "re2" else _Re2
        by_column = groupby(sorted(found), key=lambda one: one[0])
        self._searches = {
            self._columns[name].source: search([literal for _, literal in own]) for name, own in by_column
        }

    @classmethod
    def of(cls, program: ir.Program, scanner: str | None = None) -> Candidates | None:
        """Those of a program; None where each row may be one."""
        found = needed(program)
        return None if found is None else cls(program, found, scanner)

    def of_batch(self, batch: pa.RecordBatch, read: Container[str] = ()) -> tuple[pa.RecordBatch, Index] | None:
        """The candidates of a batch with their numbers there, ascending; None where all rows are better asked.

        Of the columns in `read` it is known what cannot be read; of others only texts are taken for readable.
        """
        names = batch.schema.names
        if not set(self._sources) <= set(names):
            return None
        arrays = {source: batch.column(names.index(source)) for source in self._sources}
        for name, column in self._columns.items():
            if name not in read and not (column.type.kind is Kind.TEXT and _is_text(arrays[column.source])):
                return None
        marked = np.zeros(batch.num_rows, bool)
        for source, search in self._searches.items():
            if not _is_text(arrays[source]) or not search.mark(arrays[source], marked):
                return None
        rows = np.flatnonzero(marked)
        if len(rows) * _PART > batch.num_rows:
            return None
        chosen = arrow.numbers(rows)
        return pa.RecordBatch.from_arrays([array.take(chosen) for array in arrays.values()], list(arrays)), rows


def _is_text(array: Array) -> bool:
    return bool(pa.types.is_string(array.type) or pa.types.is_large_string(array.type))


class _Vectorscan:
    """Literals looked for in the bytes of a column, all rows of it at once."""

    def __init__(self, literals: Sequence[bytes]) -> None:
        self._literals = literals
        self._lengths = np.array([len(literal) for literal in literals], np.int64)

    @cached_property
    def _database(self) -> Any:
        from hyperscan import HS_FLAG_CASELESS

        from snorkel_dsl.engine.databases import database

        return database([(re.escape(one), number, HS_FLAG_CASELESS) for number, one in enumerate(self._literals)])

    def mark(self, array: Array, marked: Mask) -> bool:
        """Mark the rows of a column that hold a literal or a look-alike; False where they are too many."""
        width = np.int64 if pa.types.is_large_string(array.type) else np.int32
        bounds = np.frombuffer(array.buffers()[1] or b"", width)[array.offset : array.offset + len(array) + 1]
        if len(bounds) < 2 or bounds[0] == bounds[-1]:
            return True
        content = np.frombuffer(array.buffers()[2], np.uint8)[bounds[0] : bounds[-1]]
        if content.max() >= 0x80:
            alike = _look_alikes_in(content) + bounds[0]
            marked[np.searchsorted(bounds, alike, side="right") - 1] = True
        pairs = self._found(content, len(array) // _PART)
        if pairs is None:
            return False
        ends = pairs[:, 1] + bounds[0]
        rows = np.searchsorted(bounds, ends - 1, side="right") - 1
        marked[rows[ends - self._lengths[pairs[:, 0]] >= bounds[rows]]] = True  # others reach over a row's beginning
        return True

    def _found(self, content: npt.NDArray[np.uint8], most: int) -> Index | None:
        """The literals that are found, each with where it ends; None where they are more than `most`."""
        from hyperscan import ScanTerminated

        seen: list[tuple[int, int]] = []

        def found(literal: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            seen.append((literal, end))
            return len(seen) > most

        try:
            self._database.scan(content, match_event_handler=found)
        except ScanTerminated:
            return None
        return np.array(seen, np.int64).reshape(-1, 2)


class _Re2:
    """Literals looked for row by row, as Arrow does with RE2."""

    def __init__(self, literals: Sequence[bytes]) -> None:
        alike = "".join(map(chr, np.flatnonzero(look_alikes()).tolist()))
        self._pattern = "|".join([*(re.escape(literal.decode()) for literal in literals), f"[{alike}]"])

    def mark(self, array: Array, marked: Mask) -> bool:
        """As `_Vectorscan.mark`."""
        found: Array = pc.match_substring_regex(array, self._pattern, ignore_case=True)
        marked |= numpy_bools(found.fill_null(False))
        return True


def _look_alikes_in(content: npt.NDArray[np.uint8]) -> Index:
    """Where in some UTF-8 a character begins that may count as an ASCII letter or digit."""
    windows = range(0, len(content), _WINDOW)
    starts = np.concatenate([np.flatnonzero(content[first : first + _WINDOW] >= 0xC2) + first for first in windows])
    first, second, third, fourth = (
        content.take(starts + place, mode="clip").astype(np.int64) & 0x3F for place in range(4)
    )
    two, three = (first & 0x1F) << 6 | second, (first & 0xF) << 12 | second << 6 | third
    four = (first & 0x7) << 18 | second << 12 | third << 6 | fourth
    lead = content[starts]
    points = np.where(lead < 0xE0, two, np.where(lead < 0xF0, three, four))
    alike: Index = starts[look_alikes()[np.minimum(points, regex.END_OF_UNICODE - 1)]]
    return alike
