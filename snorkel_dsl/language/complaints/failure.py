"""Where the parser stopped, and the words around that place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.source import Source, Span

_WORD = re.compile(
    r'"""(?:.|\n)*?"""(?!")|"[^"\n]*"|`[^`\n]*`|(?:(?<=match )|(?<=matches )|(?<=case ))/(?:\\.|[^/\\\n])+/'
    r"|\d[\d_]*(?:\.\d+)?%?|\w+|#[^\n]*|[^\w\s]"
)


@dataclass(frozen=True)
class Failure:
    """Where the parser stopped: the block, the place and kind of what it found, and the terminals it could have taken.

    `found` is the name of a terminal, `$END` at the end of the block, or empty where no terminal fits at all;
    `vocabulary` are the keywords by the names of their terminals.
    """

    source: Source
    block: Span
    span: Span
    found: str
    accepted: frozenset[str]
    vocabulary: Mapping[str, str]

    @cached_property
    def words_before(self) -> list[tuple[str, Span]]:
        """The words, strings and signs of the block before the place, comments left out."""
        found = _WORD.finditer(self.source.text, self.block.start, self.span.start)
        return [(match[0], Span(*match.span())) for match in found if not match[0].startswith("#")]

    @property
    def previous(self) -> str:
        """The word before the place, empty at the beginning of the block."""
        return self.words_before[-1][0] if self.words_before else ""

    @cached_property
    def here(self) -> str:
        """The text from the place to the end of its line."""
        return self.source.text[self.span.start : self.block.end].partition("\n")[0]

    @cached_property
    def text(self) -> str:
        """What the parser found."""
        return self.source.slice(self.span)

    @cached_property
    def keywords(self) -> list[str]:
        """The keywords (not signs) that could stand here."""
        words = (self.vocabulary[name] for name in sorted(self.accepted) if name in self.vocabulary)
        found = [word for word in words if word.isalpha()]
        if "_OR_TERM" in self.accepted and "or" not in found:
            found.append("or")
        return found

    def say(self, kind: str, message: str, mark: str, *helps: str, span: Span | None = None) -> Diagnostic:
        """A diagnostic at the place, or at another."""
        return Diagnostic(kind, message, Mark(self.source, span or self.span, mark), helps=helps)

    def with_text(self, span: Span, text: str) -> str:
        """The line of a place as it would read with another text there, in back quotes."""
        number, column = self.source.position(span.start)
        line = self.source.line(number)
        end = min(len(line), column - 1 + span.end - span.start)
        return f"`{(line[: column - 1] + text + line[end:]).strip()}`"


Complaint: TypeAlias = Callable[[Failure], Diagnostic | None]


def shortened(text: str, longest: int = 40) -> str:
    """A text on one line and not too long to be quoted in a message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


_KINDS = (
    ("_INDENT", "an indented list"),
    ("NAME", "a name"),
    ("STRING", "words in quotes"),
    ("REGEX", "a pattern between slashes"),
    ("INT", "a number"),
    ("PERCENT", "a share such as `80%`"),
)
_LIKELY = (
    "is", "mentions", "has", "contains", "of", "any", "when", "with", "and", "or", "votes", "vote", "than", "least", "most",
    "on", "from", "in", "where", "text", "number", "labels", "headed",
    "words", "letters", "sentence", "sentences", "lines",
)  # fmt: skip


def expected(failure: Failure) -> str:
    """The likeliest things that could stand at the place, at most four, in words."""
    wanted = [phrase for terminal, phrase in _KINDS if terminal in failure.accepted]
    if {"INT", "PERCENT"} <= failure.accepted:
        wanted.remove("a share such as `80%`")
    rank = {word: index for index, word in enumerate(_LIKELY)}
    wanted += [f"`{word}`" for word in sorted(failure.keywords, key=lambda word: (rank.get(word, len(rank)), word))]
    if "COMMA" in failure.accepted:
        wanted.insert(1, "a comma")
    if "_NL" in failure.accepted:
        wanted.insert(3, "the end of the line")
    shown = wanted[:4] or ["the end of the block"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
