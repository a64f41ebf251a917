"""Why a labeling function said what it said of a row, in words: the clause with its text, the places found.

Why it did not vote is in `why_not`.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent, indent

from snorkel_dsl.datasets.options import shortened
from snorkel_dsl.language import ir
from snorkel_dsl.reference import CallFailedError, ClauseTrace, Match, Step, Trace
from snorkel_dsl.report.table import count
from snorkel_dsl.source import Source, Span

CONTEXT = 60  # characters shown on each side of a place
MOST_PLACES = 3


def written(source: Source | None, span: Span | None) -> str:
    """The text of a place in a rules file on one line; the lines of an indented list are parted by `;`."""
    if source is None or span is None:
        return ""
    text = ""
    for line in (line.strip() for line in source.slice(span).splitlines()):
        if not line or line.startswith("#"):
            continue
        joint = "" if not text else ": " if text.endswith(" of") else " " if _continues(line) else "; "
        text += joint + line
    return text


def _continues(line: str) -> bool:
    """Whether a line goes on with the statement above it."""
    return line.startswith(("and ", "or ", ",", "vote "))


def place(source: Source | None, span: Span | None) -> str:
    """`file:line` of a place."""
    if source is None or span is None:
        return ""
    return f"{source.name}:{source.position(span.start)[0]}"


def why(trace: Trace, row: dict[str, object]) -> list[str]:
    """What made a function vote, abstain by a clause, or stop at an `unless`: lines of text."""
    function = trace.function
    if trace.reason == "broken":
        return [f"a value that it reads cannot be read: {', '.join(trace.broken)}"]
    if trace.failure is not None:
        return [f"{quoted_call(function, trace.failure)} failed: {trace.failure}"]
    if function.by_column is not None:
        value = row.get(function.by_column.column)
        if value is None:
            return [f"{function.by_column.column} is missing"]
        what = "stands for this label" if trace.vote is not None else "stands for no label"
        return [f"the value {shortened(str(value))!r} of {function.by_column.column} {what}"]
    if trace.stopped_by is not None:
        head = f"stopped by: unless {quoted(function, trace.stopped_by)} {outcome(trace.stopped_by, row)}"
        return [head, *places(trace.matches, row), *remarks(trace.stopped_by)]
    if trace.fired is not None:
        said = [] if trace.fired.step is None else remarks(trace.fired.step)
        return [*_clause(function, trace.fired), *places(trace.matches, row), *said]
    return []


def _clause(function: ir.LabelingFunction, clause: ClauseTrace) -> list[str]:
    """The text of a clause with its place, a line a line of the file."""
    if function.source is None or clause.clause.span is None:
        return ["otherwise" if clause.step is None else "when …"]
    first, *rest = function.source.slice(clause.clause.span).splitlines()
    return [
        f"{place(function.source, clause.clause.span)}: {first}",
        *indent(dedent("\n".join(rest)), "    ").splitlines(),
    ]


def quoted(function: ir.LabelingFunction, step: Step) -> str:
    """A condition as it is written, in back quotes."""
    return f"`{written(function.source, step.span)}`" if step.span else "a condition"


def quoted_call(function: ir.LabelingFunction, failure: CallFailedError) -> str:
    """The call that failed as it is written, in back quotes."""
    return f"`{written(function.source, failure.call.span) or failure.call.operator}`"


def outcome(step: Step, row: Mapping[str, object]) -> str:
    """`is true`, `is false`, or `is unknown` with the columns that are missing."""
    if step.failure is not None:
        return f"cannot be answered: {step.failure}"
    if step.value is not None:
        return "is true" if step.value else "is false"
    gone = sorted(name for name in ir.columns_of(step.expression) if row.get(name) is None)
    return f"is unknown: {' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} missing" if gone else "is unknown"


def places(matches: tuple[Match, ...], row: Mapping[str, object]) -> list[str]:
    """Matched places shown in their text, between brackets."""
    lines = []
    for match in matches[:MOST_PLACES]:
        text = row.get(match.column)
        if isinstance(text, str):
            lines.append(f"found in {match.column}: {excerpt(text, match)}")
    if len(matches) > MOST_PLACES:
        lines.append(f"and in {count(len(matches) - MOST_PLACES, 'more place')}")
    return lines


def remarks(step: Step) -> list[str]:
    """What the conditions in a step have to say of their answers."""
    said = list(dict.fromkeys(remark for inner in step.walk() for remark in inner.remarks))
    more = [f"and {count(len(said) - MOST_PLACES, 'more')}"] if len(said) > MOST_PLACES else []
    return said[:MOST_PLACES] + more


def excerpt(text: str, match: Match) -> str:
    """A place between brackets, with some of the text around it, on one line."""
    start, end = max(match.start - CONTEXT, 0), min(match.end + CONTEXT, len(text))
    before, after = "…" * (start > 0), "…" * (end < len(text))
    shown = f"{before}{text[start : match.start]}[{text[match.start : match.end]}]{text[match.end : end]}{after}"
    return " ".join(shown.split())
