"""Regular expressions in linear time, with exactly the answers of Python's `re.search`.

A pattern is taken apart with Python's own parser. Each atom (a literal, a class, a dot) becomes the set of code points
that Python's `re` lets it match under its flags, which is found by asking `re`, so that `İ ı ſ K ﬅ` and `\\x1c` come out
as they must. From the parts two things are made:

* a pattern over bytes for a scanner: exact on ASCII text in most cases, and never missing a match on other text;
* a matcher that confirms (`engine.matcher`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from re import _parser  # the parser of the running Python: the definition of a pattern
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from snorkel_dsl.language import ir

# A set of code points as the sorted places at which membership changes, beginning outside.
Toggles: TypeAlias = npt.NDArray[np.int64]

END_OF_UNICODE = 0x110000
_DROPPED_FLAGS = re.ASCII | re.IGNORECASE | re.DOTALL | re.MULTILINE

# -------------------------------------------------------------------------------------------------------- what is parsed


@dataclass(frozen=True, slots=True)
class Atom:
    """One character: the text of a one-character pattern and the flags under which Python reads it."""

    text: str
    flags: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """At least `least` and at most `most` times (None: no bound)."""

    item: Tree
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A place: start, line start, end, before end (`$`), line end, boundary, inside (`\\B`).

    `ascii` says whether only ASCII letters count as word characters at a boundary.
    """

    kind: str
    ascii: bool = False


Tree: TypeAlias = Atom | Sequence | Choice | Repeat | Edge

_EDGES = {
    "AT_BEGINNING_STRING": "start",
    "AT_BEGINNING": "start",
    "AT_END_STRING": "end",
    "AT_END": "before end",
    "AT_BOUNDARY": "boundary",
    "AT_NON_BOUNDARY": "inside",
}
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def flags_of(pattern: ir.Pattern) -> int:
    """The flags with which Python's `re` reads a pattern of the language."""
    return 0 if pattern.exact_case else re.IGNORECASE


@cache
def parse(pattern: ir.Pattern) -> Tree:
    """A pattern as a tree. Raises ValueError for a form outside the language's subset."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # as in `compile_pattern`
        parsed = _parser.parse(pattern.text, flags_of(pattern))
    return _sequence(parsed, parsed.state.flags)


def _sequence(parsed: Any, flags: int) -> Tree:
    """A parsed sequence of items."""
    items = tuple(_item(str(operator), argument, flags) for operator, argument in parsed)
    return items[0] if len(items) == 1 else Sequence(items)


def _item(operator: str, argument: Any, flags: int) -> Tree:
    """One parsed item."""
    kept = int(flags & _DROPPED_FLAGS)
    match operator:
        case "LITERAL":
            return Atom(_code_point(argument), kept)
        case "NOT_LITERAL":
            return Atom(f"[^{_code_point(argument)}]", kept)
        case "ANY":
            return Atom(".", kept)
        case "IN":
            return Atom(_class(argument), kept)
        case "BRANCH":
            return Choice(tuple(_sequence(branch, flags) for branch in argument[1]))
        case "SUBPATTERN":
            _, added, removed, inner = argument
            if added & (re.ASCII | re.UNICODE):
                flags &= ~(re.ASCII | re.UNICODE)
            return _sequence(inner, (flags | added) & ~removed)
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = argument
            return Repeat(_sequence(inner, flags), int(least), None if most == _parser.MAXREPEAT else int(most))
        case "AT":
            return _edge(str(argument), flags)
    raise ValueError(f"a form outside the language: {operator}")


def _edge(name: str, flags: int) -> Edge:
    """A place, under the flags at that point."""
    if flags & re.MULTILINE and name in ("AT_BEGINNING", "AT_END"):
        return Edge("line start" if name == "AT_BEGINNING" else "line end")
    return Edge(_EDGES[name], bool(flags & re.ASCII) and name in ("AT_BOUNDARY", "AT_NON_BOUNDARY"))


def _code_point(number: int) -> str:
    """A literal character as a pattern that is the same inside and outside of brackets."""
    return f"\\U{number:08x}"


def _class(items: Any) -> str:
    """A parsed class as the text of one."""
    parts = []
    for operator, argument in items:
        match str(operator):
            case "NEGATE":
                parts.append("^")
            case "LITERAL":
                parts.append(_code_point(argument))
            case "RANGE":
                parts.append(f"{_code_point(argument[0])}-{_code_point(argument[1])}")
            case "CATEGORY":
                parts.append(_CATEGORIES[str(argument)])
    return f"[{''.join(parts)}]"


# -------------------------------------------------------------------------------------------------- sets of code points


@cache
def _every_character() -> str:
    """All code points but the surrogates, which no text holds; in their place, U+0000."""
    numbers = np.arange(END_OF_UNICODE, dtype="<u4")
    numbers[0xD800:0xE000] = 0
    return numbers.tobytes().decode("utf-32-le")


@cache
def _cased() -> npt.NDArray[np.int64]:
    """The code points that have another case: the only ones for which ignoring case makes a difference.

    They are all in the first two planes of Unicode.
    """
    text = _every_character()[:0x20000]
    blocks = [(i, text[i : i + 128]) for i in range(0, len(text), 128)]  # of most, no character has another case
    cased = [(first, block) for first, block in blocks if not block == block.lower() == block.upper()]
    found = [first + i for first, block in cased for i, c in enumerate(block) if not c == c.lower() == c.upper()]
    return np.array(found, np.int64)


@cache
def _cased_text() -> str:
    return "".join(map(chr, _cased().tolist()))


@cache
def _category(text: str, flags: int) -> Toggles:
    """The code points of a class of Python's, by asking `re` about every one."""
    member = np.zeros(END_OF_UNICODE, bool)
    for match in re.finditer(f"{text}+", _every_character(), flags):
        member[match.start() : match.end()] = True
    member[0xD800:0xE000] = False
    return _from_members(np.arange(END_OF_UNICODE), member)


def _from_members(points: Toggles, member: npt.NDArray[np.bool_]) -> Toggles:
    """A set from its membership at sorted points, which holds up to the next point."""
    before = np.concatenate([[False], member[:-1]])
    changes: Toggles = points[member != before]
    return changes


def members(toggles: Toggles, points: Toggles) -> npt.NDArray[np.bool_]:
    """Which code points are in a set."""
    inside: npt.NDArray[np.bool_] = np.searchsorted(toggles, points, side="right") % 2 == 1
    return inside


def all_points(sets: Iterable[Toggles]) -> Toggles:
    """All places where one of the sets changes, and 0."""
    return np.unique(np.concatenate([np.zeros(1, np.int64), *sets]))


_CLASS_ITEM = re.compile(r"\\U(\w{8})(?:-\\U(\w{8}))?|(\\[dDsSwW])")


@cache
def code_points(atom: Atom) -> Toggles:
    """The code points that Python's `re` lets an atom match."""
    if atom.text == ".":
        return np.array([0] if atom.flags & re.DOTALL else [0, 10, 11], np.int64)
    parts = []
    for low, high, category in _CLASS_ITEM.findall(atom.text):
        if category:
            parts.append(_category(category, atom.flags & re.ASCII))
        else:
            parts.append(np.array([int(low, 16), int(high or low, 16) + 1], np.int64))
    points = all_points([*parts, np.array([END_OF_UNICODE])])[:-1]
    member = np.logical_or.reduce([members(part, points) for part in parts])
    found = _from_members(points, member ^ atom.text.startswith("[^"))
    return _with_case(atom, found) if atom.flags & re.IGNORECASE else found


def _with_case(atom: Atom, found: Toggles) -> Toggles:
    """The set of an atom that ignores case: as found for characters without case, as `re` says for the others."""
    cased = _cased()
    said = np.zeros(len(cased), bool)
    for match in re.finditer(atom.text, _cased_text(), atom.flags):
        said[match.start()] = True
    points = all_points([found, cased, cased + 1])
    member = members(found, points)
    member[np.searchsorted(points, cased)] = said
    return _from_members(points, member)


@cache
def word_characters(ascii_only: bool = False) -> Toggles:
    """The code points of `\\w`."""
    return _category(r"\w", re.ASCII if ascii_only else 0)


def atoms(tree: Tree) -> list[Atom]:
    """The different atoms of a tree, in order."""
    return list(dict.fromkeys(part for part in walk(tree) if isinstance(part, Atom)))


def walk(tree: Tree) -> Iterable[Tree]:
    """A tree and all its parts."""
    yield tree
    match tree:
        case Sequence(items=items) | Choice(items=items):
            for item in items:
                yield from walk(item)
        case Repeat(item=item):
            yield from walk(item)


# ----------------------------------------------------------------------------------------------- patterns for the scanner

# A scanned text stands between these two bytes, which occur in no UTF-8 text, so that its start and end can be asked for.
START, END = b"\xff", b"\xfe"
_NOTHING = rb"\xfd"
_ANY_OTHER = rb"[\xc2-\xf4][\x80-\xbf]{1,3}"
_SURE_EDGE = rb"[^0-9A-Za-z_\x80-\xf4]"
_MOST_SPELLED_OUT = 16


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pattern over the bytes of START + text + END; `exact` where it is found if and only if the pattern matches.

    `width` is the least number of bytes it needs; a pattern that needs none cannot be scanned for.
    """

    pattern: bytes
    width: int
    exact: bool


class Reach(Enum):
    """What a scanner's pattern is for: ASCII text; other text, missing no match; other text, finding only matches."""

    ASCII = "ascii"
    ALL = "all"
    SURE = "sure"


def propose(tree: Tree, reach: Reach) -> Proposal:
    """The scanner's pattern for a tree; for text that is not ASCII, never exact."""
    proposal = _scan(_trim(_trim(tree, -1), 0), reach, True, True)
    return Proposal(proposal.pattern, proposal.width, proposal.exact and reach is Reach.ASCII)


def _trim(tree: Tree, side: int) -> Tree:
    """The least that must be found at one side (0 the start, -1 the end) for the whole to be found somewhere."""
    match tree:
        case Sequence(items=items):
            while items:
                trimmed = _trim(items[side], side)
                items = items[1:] if side == 0 else items[:-1]
                if trimmed != Sequence(()):
                    return Sequence((trimmed, *items) if side == 0 else (*items, trimmed))
            return Sequence(())
        case Choice(items=items):
            trimmed_items = tuple(dict.fromkeys(_trim(item, side) for item in items))
            return Sequence(()) if Sequence(()) in trimmed_items else Choice(trimmed_items)
        case Repeat(item=item, least=least):
            if least == 0:
                return Sequence(())
            return _trim(item, side) if least == 1 else Repeat(item, least, least)
        case _:
            return tree


def _scan(tree: Tree, reach: Reach, head: bool, tail: bool) -> Proposal:
    """A tree as bytes; `head` and `tail` say whether nothing of the pattern stands before and after it."""
    match tree:
        case Atom():
            return Proposal(_scan_atom(tree, reach), 1, True)
        case Sequence(items=items):
            last = len(items) - 1
            parts = [
                _scan_edge(item, items[:i], items[i + 1 :], reach, head and i == 0, tail and i == last)
                if isinstance(item, Edge)
                else _scan(item, reach, head and i == 0, tail and i == last)
                for i, item in enumerate(items)
            ]
            pattern = b"".join(part.pattern for part in parts)
            return Proposal(pattern, sum(part.width for part in parts), all(part.exact for part in parts))
        case Choice(items=items):
            parts = [_scan(item, reach, head, tail) for item in items]
            pattern = b"(?:" + b"|".join(part.pattern for part in parts) + b")"
            return Proposal(pattern, min(part.width for part in parts), all(part.exact for part in parts))
        case Repeat(item=item, least=least, most=most):
            part = _scan(item, reach, False, False)
            if not part.pattern:
                return part
            bounds = f"{{{least},{'' if most is None else most}}}".encode()
            return Proposal(b"(?:" + part.pattern + b")" + bounds, part.width * least, part.exact)
        case Edge():
            return _scan_edge(tree, (), (), reach, head, tail)


def _scan_edge(
    edge: Edge, before: tuple[Tree, ...], after: tuple[Tree, ...], reach: Reach, head: bool, tail: bool
) -> Proposal:
    """A place as bytes, or nothing where bytes cannot say it. `before` and `after` are the items beside it."""
    match edge.kind:
        case "start" if head:
            return Proposal(rb"\xff", 1, True)
        case "line start" if head:
            return Proposal(rb"[\xff\n]", 1, True)
        case "end" if tail:
            return Proposal(rb"\xfe", 1, True)
        case "before end" if tail:
            return Proposal(rb"\n?\xfe", 1, True)
        case "line end" if tail:
            return Proposal(rb"[\xfe\n]", 1, True)
        case "boundary" if reach is Reach.ASCII:
            return Proposal(rb"\b", 0, True)
        case "inside" if reach is Reach.ASCII:
            return Proposal(rb"\B", 0, False)  # to Python, and not to a scanner, an empty text has none
        case "boundary" if (head and _is_word(after, 0, edge)) or (tail and _is_word(before, -1, edge)):
            return Proposal(rb"[^0-9A-Za-z_]" if reach is Reach.ALL else _SURE_EDGE, 1, False)
    return Proposal(_NOTHING, 1, False) if reach is Reach.SURE else Proposal(b"", 0, False)


def _is_word(items: tuple[Tree, ...], side: int, edge: Edge) -> bool:
    """Whether at one side of some items (0 the start, -1 the end) there is always a word character, in the edge's sense."""
    words, empty = _words_at(Sequence(items), side, edge)
    return words and not empty


def _words_at(tree: Tree, side: int, edge: Edge) -> tuple[bool, bool]:
    """Whether a tree that is not empty has a word character at one side, and whether it may be empty."""
    match tree:
        case Atom():
            return _is_word_atom(tree, edge.ascii), False
        case Sequence(items=items):
            words = True
            for item in items if side == 0 else reversed(items):
                own, empty = _words_at(item, side, edge)
                words &= own
                if not empty:
                    return words, False
            return words, True
        case Choice(items=items):
            parts = [_words_at(item, side, edge) for item in items]
            return all(words for words, _ in parts), any(empty for _, empty in parts)
        case Repeat(item=item, least=least):
            words, empty = _words_at(item, side, edge)
            return words, empty or least == 0
        case Edge():
            return True, True


@cache
def _is_word_atom(atom: Atom, ascii_only: bool) -> bool:
    """Whether one character is a word character in any case."""
    own, word = code_points(atom), word_characters(ascii_only)
    points = all_points([own, word])
    return not (members(own, points) & ~members(word, points)).any()


@cache
def _scan_atom(atom: Atom, reach: Reach) -> bytes:
    """One character as bytes."""
    own = code_points(atom)
    narrow = np.flatnonzero(members(own, np.arange(128))).tolist()
    choices = [b"[" + b"".join(b"\\x%02x" % number for number in narrow) + b"]"] if narrow else []
    if reach is not Reach.ASCII:
        choices += _scan_others(own, reach)
    if not choices:
        return _NOTHING
    return choices[0] if len(choices) == 1 else b"(?:" + b"|".join(choices) + b")"


def _scan_others(own: Toggles, reach: Reach) -> list[bytes]:
    """The characters of a set beyond ASCII as bytes: spelled out where they are few."""
    toggles = own if len(own) % 2 == 0 else np.append(own, END_OF_UNICODE)
    ranges = [
        (max(int(low), 128), int(high)) for low, high in zip(toggles[::2], toggles[1::2], strict=True) if high > 128
    ]
    if not ranges:
        return []
    if sum(high - low for low, high in ranges) > _MOST_SPELLED_OUT:
        return [_ANY_OTHER] if reach is Reach.ALL or _is_all(ranges) else []
    spelled = [chr(number).encode() for low, high in ranges for number in range(low, high)]
    return [b"".join(b"\\x%02x" % byte for byte in character) for character in spelled]


def _is_all(ranges: list[tuple[int, int]]) -> bool:
    """Whether ranges of characters are all characters beyond ASCII."""
    return ranges == [(128, END_OF_UNICODE)]
