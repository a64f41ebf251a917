"""What the parser says of a block that it cannot read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.source import Source, Span


@dataclass(frozen=True)
class Failure:
    """Where the parser stopped: the block, the place and kind of what it found, and the terminals it could have taken.

    `found` is the name of a terminal, `$END` at the end of the block, or empty where no terminal fits at all.
    """

    source: Source
    block: Span
    span: Span
    found: str
    accepted: frozenset[str]


def not_rules(source: Source) -> Diagnostic | None:
    return None


def without_echoes(source: Source, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    return diagnostics


def of_layout(source: Source, block: Span, kind: str, span: Span) -> Diagnostic:
    return Diagnostic(kind, kind, Mark(source, span))


def of_syntax(failure: Failure, vocabulary: Mapping[str, str]) -> Diagnostic:
    return Diagnostic("unexpected", f"{failure.found} {failure.source.slice(failure.span)!r} expected {sorted(failure.accepted)}", Mark(failure.source, failure.span))
