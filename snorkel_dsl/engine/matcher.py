"""The exact matcher: the answer of Python's `re.search`, in time linear in the text.

Characters which a pattern cannot tell apart are mapped to one representative, a word character for a word character, and
RE2 matches the mapped text with the mapped pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
import re2

from snorkel_dsl.diagnostics import Diagnostic, RulesError
from snorkel_dsl.engine.regex import (
    Atom,
    Choice,
    Edge,
    Repeat,
    Sequence,
    Toggles,
    Tree,
    all_points,
    atoms,
    code_points,
    members,
    parse,
    walk,
    word_characters,
)
from snorkel_dsl.language import ir
from snorkel_dsl.predicates import Catalog, catalog


class Matcher:
    """Whether a pattern is found in a text: the answer of `re.search`, in time linear in the text.

    Raises RulesError where the pattern needs more memory than `MOST_MEMORY`, and ValueError for what `check_pattern`
    refuses.
    """

    def __init__(self, pattern: ir.Pattern) -> None:
        self.pattern = pattern
        self._tree = parse(pattern)
        self._edges = {part for part in walk(self._tree) if isinstance(part, Edge)}
        kinds = {edge.kind for edge in self._edges}
        self._moves_newlines = "before end" in kinds

    def search(self, text: str) -> bool:
        """Whether `re.search` finds the pattern in the text."""
        if not text:
            return _matches_empty(self._tree)
        return self._compiled.search(self._mapped(text)) is not None

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where `re.finditer` finds the pattern, without empty matches: (start, end) character offsets.

        Of a pattern whose representatives are longer than a character there are none.
        """
        if not text or self._classes.lead:
            return []
        return [found.span() for found in self._compiled.finditer(self._mapped(text)) if found.start() < found.end()]

    def _mapped(self, text: str) -> str:
        """A text with each character's representative in its place."""
        mapped = text.translate(self._table)
        return mapped[:-1] + "\n" if self._moves_newlines and text.endswith("\n") else mapped

    @cached_property
    def _classes(self) -> _Classes:
        """The classes of characters that the pattern tells apart."""
        boundaries = {edge.ascii for edge in self._edges if edge.kind in ("boundary", "inside")}
        lines = {edge.kind for edge in self._edges} & {"line start", "line end"}
        if len(boundaries) > 1 or (lines and self._moves_newlines):
            raise ValueError("flags that change within a pattern are outside the language")
        word = word_characters(boundaries.pop()) if boundaries else None
        newline = bool(lines) or self._moves_newlines
        return _Classes.of([code_points(atom) for atom in atoms(self._tree)], word, newline, bool(lines))

    @cached_property
    def _table(self) -> _Table:
        """The representative of each character."""
        return _Table(self._classes)

    @cached_property
    def _compiled(self) -> Any:
        """The mapped pattern for RE2."""
        written = self._classes.lead + self._write(self._tree)
        for memory in (USUAL_MEMORY, MOST_MEMORY):
            options = re2.Options()
            options.log_errors = False
            options.max_mem = min(memory, MOST_MEMORY)
            options.never_capture = True
            try:
                return re2.compile(written, options)
            except re2.error:
                continue
        raise _too_large(self.pattern)

    def _write(self, tree: Tree) -> str:
        """A tree in RE2's syntax over representatives."""
        match tree:
            case Atom():
                return self._write_atom(tree)
            case Sequence(items=items):
                return "".join(self._write(item) for item in items)
            case Choice(items=items):
                return f"(?:{'|'.join(self._write(item) for item in items)})"
            case Repeat(item=item, least=least, most=most):
                return _repeated(f"(?:{self._write(item)})", least, most)
            case Edge(kind=kind):
                return _RE2_EDGES[kind]

    def _write_atom(self, atom: Atom) -> str:
        """An atom as the class of the representatives of its characters."""
        inside = self._classes.representatives(code_points(atom))
        if self._moves_newlines and members(code_points(atom), np.array([10]))[0]:
            inside.append("\n")
        if not inside:
            return r"[^\x00-\x{10FFFF}]"
        single = "".join(f"\\x{{{ord(one):x}}}" for one in inside if len(one) == 1)
        choices = [f"[{single}]"] * bool(single) + [one for one in inside if len(one) > 1]
        return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


@lru_cache(maxsize=4096)
def matcher(pattern: ir.Pattern) -> Matcher:
    """The matcher of a pattern, made once."""
    return Matcher(pattern)


@cache
def linear_operators() -> Catalog:
    """The catalog with regular expressions matched in linear time, for the reference evaluator on a stranger's text."""
    linear = replace(
        catalog()["matches"],
        evaluate=lambda text, pattern: matcher(pattern).search(str(text)),
        places=lambda text, pattern: matcher(pattern).places(str(text)),
    )
    return dict(catalog()) | {"matches": linear}


USUAL_MEMORY = 16 << 20  # bytes that RE2 may use for one pattern, mostly to remember what it has seen
MOST_MEMORY = 256 << 20  # bytes that it may use for a very large pattern, or for a set of patterns


def _too_large(pattern: ir.Pattern) -> RulesError:
    shown = pattern.text if len(pattern.text) <= 60 else pattern.text[:60] + "…"
    message = f"the pattern `{shown}` takes more than {MOST_MEMORY >> 20} MB to match"
    return RulesError([Diagnostic("unsupported-pattern", message, helps=("write several patterns, or a terms list",))])


def _matches_empty(tree: Tree) -> bool:
    """Whether a tree matches the empty text."""
    match tree:
        case Atom():
            return False
        case Sequence(items=items):
            return all(_matches_empty(item) for item in items)
        case Choice(items=items):
            return any(_matches_empty(item) for item in items)
        case Repeat(item=item, least=least):
            return least == 0 or _matches_empty(item)
        case Edge(kind="inside"):
            return re.search(r"\B", "") is not None  # Python 3.14 changed this
        case Edge(kind=kind):
            return kind != "boundary"


_RE2_EDGES = {
    "start": r"\A",
    "line start": r"(?m:^)",
    "end": r"\z",
    "before end": r"(?m:$)",  # the only real newline of a mapped text is its last character
    "line end": r"(?m:$)",
    "boundary": r"\b",
    "inside": r"\B",
}
_MOST_REPEATS = 1000  # of one item, in RE2


def _repeated(item: str, least: int, most: int | None) -> str:
    """A repetition, written out where it is longer than RE2 takes."""
    needed = (item + f"{{{_MOST_REPEATS}}}") * (least // _MOST_REPEATS) + f"{item}{{{least % _MOST_REPEATS}}}"
    if most is None:
        return f"(?:{needed}{item}*)" if least else f"{item}*"
    if least == most:
        return f"(?:{needed})"
    more = most - least
    optional = (item + f"{{0,{_MOST_REPEATS}}}") * (more // _MOST_REPEATS) + f"{item}{{0,{more % _MOST_REPEATS}}}"
    return f"(?:{needed}{optional})" if least else f"(?:{optional})"


_WORD_REPRESENTATIVES = tuple(n for n in range(128) if chr(n).isalnum() or chr(n) == "_")
_OTHER_REPRESENTATIVES = tuple(n for n in range(128) if n not in _WORD_REPRESENTATIVES and n != 10)


@dataclass(frozen=True)
class _Classes:
    """Classes of characters that a pattern cannot tell apart: where each begins, its number there, its representative.

    A representative is a character, but where there are more classes of word characters than RE2 knows word characters:
    then theirs are strings, all of one length. `lead` is a pattern for whole representatives from the text's start, so
    that a match begins at one.
    """

    points: Toggles
    numbers: Toggles
    chosen: tuple[str, ...]
    lead: str = ""

    @classmethod
    def of(cls, sets: list[Toggles], word: Toggles | None, newline: bool, keep_newline: bool) -> _Classes:
        """The coarsest classes that respect the sets, word characters and the newline."""
        told_apart = [*sets, *([] if word is None else [word]), *([np.array([10, 11])] if newline else [])]
        points = all_points(told_apart)
        signatures = np.stack([members(s, points) for s in told_apart] or [np.zeros(len(points), bool)], axis=1)
        different, numbers = np.unique(signatures, axis=0, return_inverse=True)
        is_word = np.zeros(len(points), bool) if word is None else members(word, points)
        first = [int(np.argmax(numbers.ravel() == number)) for number in range(len(different))]
        kept = [keep_newline and points[f] == 10 for f in first]
        words, lead = _word_names(int(sum(is_word[f] and not k for f, k in zip(first, kept, strict=True))))
        others = list(_OTHER_REPRESENTATIVES) + list(_WORD_REPRESENTATIVES if word is None else ())
        rest = iter([*others, *range(0x100, 0x100 + len(different))])
        names = iter(words)
        chosen = [
            "\n" if k else next(names) if is_word[f] else chr(next(rest)) for f, k in zip(first, kept, strict=True)
        ]
        return cls(points, numbers.ravel(), tuple(chosen), lead)

    def representative(self, character: int) -> str:
        """The representative of a character."""
        return self.chosen[int(self.numbers[np.searchsorted(self.points, character, side="right") - 1])]

    def representatives(self, toggles: Toggles) -> list[str]:
        """The representatives of the characters of a set."""
        inside = members(toggles, self.points)
        return sorted({self.chosen[number] for number in self.numbers[inside].tolist()})


def _word_names(count: int) -> tuple[list[str], str]:
    """As many different strings of ASCII word characters, all of one length, and the pattern that leads to whole ones.

    Characters that begin a string of several stand nowhere else in one.
    """
    letters = [chr(number) for number in _WORD_REPRESENTATIVES]
    if count <= len(letters):
        return letters[:count], ""
    firsts, inner = letters[: len(letters) // 2], letters[len(letters) // 2 :]
    names, length = firsts, 1
    while len(names) < count:
        names, length = [name + letter for name in names for letter in inner], length + 1
    whole = f"[{''.join(firsts)}][{''.join(inner)}]{{{length - 1}}}"
    return names[:count], rf"\A(?:{whole}|\W)*?"


class _Table(dict[int, str]):
    """A table for `str.translate` that finds the representative of a character when it first meets it."""

    def __init__(self, classes: _Classes) -> None:
        super().__init__()
        self._classes = classes

    def __missing__(self, character: int) -> str:
        self[character] = self._classes.representative(character)
        return self[character]
