"""Layout: from line ends and indentation to the tokens `_NL`, `_INDENT` and `_DEDENT`, one block at a time.

A block's header stands in column 0 and its body is indented; a list under a line is indented deeper than that line. Inside
brackets a line end means nothing, and a line that begins with `and`, `or` or a comma continues the line above it. What is
wrong with the layout is raised here as `UnreadableError`, at its place. How deeply a statement may nest is limited, too: no
person writes such a thing, and nothing behind the parser then needs to fear a deep tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from snorkel_dsl.source import Span

DEEPEST = 60  # brackets, `where`s, operators and lists inside one statement


class UnreadableError(Exception):
    """What makes a block unreadable although each of its words is in place: the kind of its diagnostic, and where."""

    def __init__(self, kind: str, span: Span) -> None:
        self.kind = kind
        self.span = span
        super().__init__(kind)


class Layout:
    """The post-lexer that the parser is given. It keeps nothing between two blocks."""

    always_accept: ClassVar[tuple[str, ...]] = ("_NL", "_CONTINUED", "NAME")

    def process(self, tokens: Iterator[Any]) -> Iterator[Any]:
        """The tokens of one block with its layout told by tokens."""
        return _Block().process(tokens)


class _Block:
    _NESTING = frozenset(("LPAR", "WHERE", "FOR", "PLUS", "MINUS", "STAR", "SLASH", "TIMES"))

    def __init__(self) -> None:
        self.levels = [0]
        self.brackets: list[Any] = []
        self.nesting = 0

    def process(self, tokens: Iterator[Any]) -> Iterator[Any]:
        last = None
        for token in tokens:
            match token.type:
                case "_NL":
                    if not self.brackets:
                        yield from self._line_end(token)
                case "_CONTINUED":
                    self._check_continuation(token)
                case _:
                    self._count(token)
                    yield token
            last = token
        if self.brackets:
            raise UnreadableError("unclosed-bracket", Span(self.brackets[-1].start_pos, self.brackets[-1].end_pos))
        if last is not None:
            yield from self._end(last)

    def _count(self, token: Any) -> None:
        if token.type == "LPAR":
            self.brackets.append(token)
        elif token.type == "RPAR" and self.brackets:
            self.brackets.pop()
        if token.type in self._NESTING:
            self.nesting += 1
            if self.nesting > DEEPEST:
                raise UnreadableError("too-deep", Span(token.start_pos, token.end_pos))

    def _line_end(self, token: Any) -> Iterator[Any]:
        self.nesting = len(self.levels)
        yield token
        column = _indentation(token)
        if column > self.levels[-1]:
            self.levels.append(column)
            if len(self.levels) > DEEPEST:
                raise UnreadableError("too-deep", Span(token.end_pos, token.end_pos + 1))
            yield _synthetic("_INDENT", token)
        while column < self.levels[-1]:
            self.levels.pop()
            if column > self.levels[-1]:
                raise UnreadableError("uneven-indentation", Span(token.end_pos - column, token.end_pos))
            yield _synthetic("_DEDENT", token)

    def _check_continuation(self, token: Any) -> None:
        column = _indentation(token)
        if not self.brackets and column <= self.levels[-1]:
            raise UnreadableError("shallow-continuation", Span(token.end_pos, token.end_pos + 1))

    def _end(self, last: Any) -> Iterator[Any]:
        if last.type != "_NL":
            yield _synthetic("_NL", last)
        for _ in self.levels[1:]:
            yield _synthetic("_DEDENT", last)


def _indentation(token: Any) -> int:
    """How many spaces stand at the beginning of the line that a line end leads to."""
    spaces = str(token).rpartition("\n")[2]
    tab = spaces.find("\t")
    if tab >= 0:
        start = token.end_pos - len(spaces)
        raise UnreadableError("tab", Span(start + tab, start + len(spaces.rstrip(" "))))
    return len(spaces)


def _synthetic(kind: str, token: Any) -> Any:
    """A token without text, at the end of another."""
    made = token.new_borrow_pos(kind, "", token)
    made.start_pos = token.end_pos
    return made
