"""Warnings that are meant to stay: `# allow never-votes: waiting for the new scanner, until 2027-01`.

The comment stands in the block that it is about, or above it. It names one kind of warning and gives a reason; with `until`
it ends with that month. One that allows nothing is itself reported, so that none outlives what it was for. An error is
never allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from snorkel_dsl.diagnostics import Diagnostic, Mark, did_you_mean
from snorkel_dsl.language import ast
from snorkel_dsl.language.remarks import REMARKS
from snorkel_dsl.source import Source, Span

_ALLOW = re.compile(
    r"allow\b[ \t]*(?P<kind>[\w-]*)[ \t]*(?::[ \t]*(?P<reason>.*?))?(?:,?[ \t]*until (?P<month>\d{4}-\d\d))?$"
)
ALLOWABLE = ("never-votes", *REMARKS)


@dataclass(frozen=True)
class _Allowance:
    """A comment that allows `kind` in the block at `block`, and whether its time is over."""

    kind: str
    place: Span
    block: Span
    over: bool


def allowed(diagnostics: list[Diagnostic], file: ast.File, source: Source, today: date) -> list[Diagnostic]:
    """The diagnostics without the warnings that comments of the file allow, with what is wrong with such comments."""
    found: list[Diagnostic] = []
    allowances: list[_Allowance] = []
    for comment in file.comments:
        written = _ALLOW.fullmatch(comment.text)
        wrong = None if written is None else _wrong(written)
        if written is None:
            continue
        if wrong is not None:
            found.append(Diagnostic("bad-allow", wrong[0], Mark(source, comment.span), helps=wrong[1:]))
            continue
        over = written["month"] is not None and f"{today:%Y-%m}" > written["month"]
        allowances.append(_Allowance(written["kind"], comment.span, _block_of(comment.span, file, source), over))
    kept = [one for one in diagnostics if not any(_covers(allowance, one, source) for allowance in allowances)]
    return kept + found + [_idle(one, source) for one in allowances if _is_idle(one, diagnostics, source)]


def _wrong(written: re.Match[str]) -> tuple[str, str] | None:
    """What is wrong with an allowance and what to write; None where nothing is."""
    kind = written["kind"]
    if kind not in ALLOWABLE:
        likely = did_you_mean(kind, ALLOWABLE) or " or ".join(ALLOWABLE)
        return (
            f"`{kind}` is no warning that can be allowed" if kind else "nothing is named"
        ), f"did you mean `{likely}`?"
    if not written["reason"]:
        return "the reason is missing", f"write `# allow {kind}: why it may stay`"
    return None


def _block_of(place: Span, file: ast.File, source: Source) -> Span:
    """The block that a comment belongs to: the one above it where it is indented, else the one around or below it."""
    blocks = [block.span for block in file.blocks]
    indented = source.position(place.start)[1] > 1
    above = [span for span in blocks if span.start <= place.start and (indented or place.start < span.end)]
    below = [span for span in blocks if span.start >= place.end]
    return above[-1] if above else below[0] if below else place


def _speaks_of(allowance: _Allowance, diagnostic: Diagnostic, source: Source) -> bool:
    mark = diagnostic.mark
    return (
        diagnostic.severity == "warning"
        and diagnostic.kind == allowance.kind
        and mark is not None
        and mark.source is source
        and allowance.block.start <= mark.span.start < allowance.block.end
    )


def _covers(allowance: _Allowance, diagnostic: Diagnostic, source: Source) -> bool:
    return not allowance.over and _speaks_of(allowance, diagnostic, source)


def _is_idle(allowance: _Allowance, diagnostics: list[Diagnostic], source: Source) -> bool:
    return allowance.over or not any(_speaks_of(allowance, one, source) for one in diagnostics)


def _idle(allowance: _Allowance, source: Source) -> Diagnostic:
    why = "its time is over" if allowance.over else "there is nothing here to allow"
    advice = "remove it, or set a later month" if allowance.over else "remove it"
    message = f"this comment allows `{allowance.kind}`, and {why}"
    return Diagnostic("unused-allow", message, Mark(source, allowance.place), helps=(advice,), severity="warning")
