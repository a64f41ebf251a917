"""What the tool says when something is wrong: frozen data first, words on a screen last (`render`).

A diagnostic has a name (`unknown-name`), never a number. The page of each name is the Markdown file `pages/<name>.md`
beside this module: the one place that declares it, with what it means, why it matters, a bad example (which is also its
test) and a good one. The style of a message: lower case, no full stop, what the user wrote in backquotes, and a help
line that says what to write instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from snorkel_dsl.source import Source, Span

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Mark:
    """A place in a source and what to say about it."""

    source: Source
    span: Span
    text: str = ""


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong, as data.

    `kind` is the name of its page; `message` is one sentence in the user's words; `mark` is the place (`^^^`), `others`
    are further places (`---`); `helps` are suggestions, each printed as `= help: …`. A diagnostic about data has no mark.
    """

    kind: str
    message: str
    mark: Mark | None = None
    others: tuple[Mark, ...] = ()
    helps: tuple[str, ...] = ()
    severity: Severity = "error"

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """File, then place, then kind: the order in which diagnostics are printed."""
        if self.mark is None:
            return ("", -1, -1, self.kind)
        return (self.mark.source.name, self.mark.span.start, self.mark.span.end, self.kind)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None where nothing is alike. Case counts for little."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


class RulesError(Exception):
    """Rules that cannot be compiled, or data that cannot be read with them. Its text is the rendered diagnostics."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__()

    def __str__(self) -> str:
        from snorkel_dsl.diagnostics.render import render

        return "\n" + "\n\n".join(render(diagnostic) for diagnostic in self.diagnostics)
