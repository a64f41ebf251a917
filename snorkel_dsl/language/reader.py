"""Reads one block of a rules file into its node: an LALR parser over tables that Lark made of the grammar.

Lark itself reads a block in three passes (tokens, a tree with its places, our nodes) and takes longer to import than a small
file takes to check. Here a node is made as soon as its last part is read. What this reader cannot read, it does not explain:
`parse` then asks Lark, which knows what could have stood there. The two agree on every block that has no mistake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from snorkel_dsl.language.build import make, name_of_token
from snorkel_dsl.language.layout import Layout
from snorkel_dsl.source import Span

_NOWHERE = ("_NL", "_INDENT", "_DEDENT")  # do not count for the place of a node
_BLANKS = r"[ \t]*"


class UnreadError(Exception):
    """A block that is not written as the grammar says."""


class Token(str):
    """A word or sign of a rules file, and its place."""

    __slots__ = ("end_pos", "start_pos", "type")

    type: str
    start_pos: int
    end_pos: int

    @classmethod
    def new_borrow_pos(cls, kind: str, text: str, other: Token) -> Token:
        """A token at the place of another."""
        made = cls(text)
        made.type, made.start_pos, made.end_pos = kind, other.start_pos, other.end_pos
        return made


class _Rule(NamedTuple):
    """What is done when the right side of a grammar rule was read.

    `size` parts are taken, and those that `kept` names by number stay: as they are, or by their own parts where the second of
    the pair says so; None stands for what may be written and was not. `node` is the class of the node to make of them; of a
    rule that makes no node they are parts of the one around it. Where `alone` and there is but one, that is all.
    """

    origin: str
    size: int
    node: str | None
    alone: bool
    kept: tuple[tuple[int | None, bool], ...]
    plain: bool  # every part is kept as it is


class _Words(NamedTuple):
    """How the next token is found in some states of the parser: a pattern of all that is tried, and its keywords."""

    match: Any
    keywords: Mapping[str, Mapping[str, str]]


class Reader:
    """The parser, from its generated tables."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._actions: list[dict[str, int]] = [tables["actions"][index] for index in tables["states"]]
        self._rules = [_rule(*written) for written in tables["rules"]]
        self._start: int = tables["start"]
        self._end: int = tables["end"]
        self._ignored = frozenset(tables["ignored"])
        self._written_words = tables["words"]
        self._words_of: list[int] = tables["words_of"]
        self._words: list[_Words | None] = [None] * len(self._words_of)
        self._layout = Layout()

    def read(self, text: str, start: int, end: int) -> Any:
        """The node of the block between two offsets. Raises UnreadError, or the error of what makes the block unreadable."""
        return _Reading(self).read(text, start, end)

    def tokens(self, text: str, start: int, end: int, states: list[int]) -> Iterator[Token]:
        """The tokens of a text, each by what the parser, whose stack is `states`, can use when it is asked for."""
        ignored = self._ignored
        while start < end:
            words = self._words[states[-1]] or self._make_words(states[-1])
            found = words.match(text, start, end)
            if found is None:
                raise UnreadError
            kind = found.lastgroup
            first, start = found.span(kind)
            if kind not in ignored:
                token = Token(text[first:start])
                if kind in words.keywords:
                    kind = words.keywords[kind].get(token, kind)
                token.type, token.start_pos, token.end_pos = kind, first, start
                yield token

    def _make_words(self, state: int) -> _Words:
        pattern, keywords = self._written_words[self._words_of[state]]
        words = _Words(_compiled(pattern), keywords)
        self._words[state] = words
        return words


@cache
def _compiled(pattern: str) -> Any:
    return re.compile(f"{_BLANKS}(?:{pattern})").match


def _rule(origin: str, size: int, node: str | None, alone: bool, kept: list[tuple[int | None, bool]]) -> _Rule:
    plain = [tuple(one) for one in kept] == [(index, False) for index in range(size)]
    return _Rule(origin, size, node, alone, tuple((index, inside) for index, inside in kept), plain)


class _Reading:
    """One block being read. Beside the values on the stack stand the places that they take up (None: no place)."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.states = [reader._start]
        self.values: list[Any] = []
        self.places: list[tuple[int, int] | None] = []

    def read(self, text: str, start: int, end: int) -> Any:
        """The node of a block."""
        reader, states = self.reader, self.states
        actions, rules = reader._actions, reader._rules
        for token in reader._layout.process(reader.tokens(text, start, end, states)):
            kind = token.type
            while (action := actions[states[-1]].get(kind)) is not None and action < 0:
                self._reduce(rules[~action])
            if action is None:
                raise UnreadError
            states.append(action)
            self.values.append(token)
            self.places.append(None if kind in _NOWHERE else (token.start_pos, token.end_pos))
        while states[-1] != reader._end:
            action = actions[states[-1]].get("$END")
            if action is None or action >= 0:
                raise UnreadError
            self._reduce(rules[~action])
        return _part(self.values[-1])

    def _reduce(self, rule: _Rule) -> None:
        values, places, states = self.values, self.places, self.states
        size = rule.size
        if size:
            taken, where = values[-size:], places[-size:]
            del values[-size:], places[-size:], states[-size:]
        else:
            taken, where = [], []
        place = where[0] if size == 1 else _around(where)
        parts = taken if rule.plain else _kept(rule.kept, taken)
        if rule.alone and len(parts) == 1:
            (value,) = parts
            if isinstance(value, Token):  # its own place alone counts for what is around it
                place = (value.start_pos, value.end_pos)
            elif value is None:
                place = None
        elif rule.node is None:
            value = parts
        elif place is None:
            raise UnreadError
        else:
            value = make(rule.node, [_part(part) for part in parts], Span(*place))
        states.append(self.reader._actions[states[-1]][rule.origin])
        values.append(value)
        places.append(place)


def _around(places: list[tuple[int, int] | None]) -> tuple[int, int] | None:
    """From the beginning of the first place to the end of the last."""
    known = [place for place in places if place is not None]
    return (known[0][0], known[-1][1]) if known else None


def _kept(kept: tuple[tuple[int | None, bool], ...], taken: list[Any]) -> list[Any]:
    parts: list[Any] = []
    for index, inside in kept:
        if index is None:
            parts.append(None)
        elif inside and not parts:
            parts = taken[index]  # the beginning of a long list is not copied for each part more
        elif inside:
            parts += taken[index]
        else:
            parts.append(taken[index])
    return parts


def _part(value: Any) -> Any:
    """A value as a part of a node: a bare name is a node as well."""
    return name_of_token(value) if isinstance(value, Token) and value.type == "NAME" else value


@cache
def reader(file: Path) -> Reader:
    """The reader whose tables are in a file."""
    return Reader(json.loads(file.read_text(encoding="utf-8")))
