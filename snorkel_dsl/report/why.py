"""Why a labeling function said what it said of a row, in words: the clause with its text, the places, what failed."""

from __future__ import annotations

from textwrap import dedent, indent

from snorkel_dsl.language import ir
from snorkel_dsl.reference import ClauseTrace, Match, Step, Trace
from snorkel_dsl.source import Source, Span

CONTEXT = 60  # characters shown on each side of a place
MOST_PLACES = 3


def written(source: Source | None, span: Span | None) -> str:
    """The text of a place in a rules file on one line."""
    if source is None or span is None:
        return ""
    lines = (line.strip() for line in source.slice(span).splitlines())
    return " ".join(line for line in lines if line and not line.startswith("#"))


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
    if function.by_column is not None:
        value = row.get(function.by_column.column)
        what = "means this" if trace.vote is not None else "has no meaning"
        return [f"the value {value!r} of {function.by_column.column} {what}"]
    if trace.stopped_by is not None:
        unknown = "unknown" if trace.stopped_by.value is None else "true"
        head = f"stopped by: unless {_text(function, trace.stopped_by)} ({unknown})"
        return [head, *places(trace.matches, row)]
    if trace.fired is not None:
        return [*_clause(function, trace.fired), *places(trace.matches, row)]
    return why_not(trace)


def why_not(trace: Trace) -> list[str]:
    """For each clause that did not fire, the smallest condition that failed."""
    if trace.reason in ("broken", "unless", "no meaning"):
        return why(trace, {})
    return [
        f"{_text(trace.function, failed)} {_outcome(failed)}"
        for clause in trace.clauses
        if clause.step is not None and not clause.fired
        for failed in culprits(clause.step)
    ]


def _clause(function: ir.LabelingFunction, clause: ClauseTrace) -> list[str]:
    """The text of a clause with its place, a line a line of the file."""
    if function.source is None or clause.clause.span is None:
        return ["otherwise" if clause.step is None else "when …"]
    first, *rest = function.source.slice(clause.clause.span).splitlines()
    return [
        f"{place(function.source, clause.clause.span)}: {first}",
        *indent(dedent("\n".join(rest)), "    ").splitlines(),
    ]


def _text(function: ir.LabelingFunction, step: Step) -> str:
    return f"`{written(function.source, step.span)}`" if step.span else "a condition"


def _outcome(step: Step) -> str:
    if step.value is None:
        columns = ", ".join(sorted(ir.columns_of(step.expression)))
        return f"is unknown (a value of {columns} is missing)" if columns else "is unknown"
    return "is false" if step.value is False else "is true"


def culprits(step: Step) -> list[Step]:
    """The smallest conditions that made a step fail: for `and` those that failed, for `or` all, for `not` what held."""
    conditions = [
        part for part in step.inside if part.expression.kind is step.expression.kind and part.span is not None
    ]
    operator = step.expression.operator if isinstance(step.expression, ir.Call) else ""
    if operator in ("and", "or") and conditions:
        failed = [part for part in conditions if part.value is not True]
        return [smallest for part in failed for smallest in culprits(part)]
    if operator == "not" and len(conditions) == 1 and conditions[0].value is True and conditions[0].span != step.span:
        return [step]
    return [step]


def places(matches: tuple[Match, ...], row: dict[str, object]) -> list[str]:
    """Matched places shown in their text, between brackets."""
    lines = []
    for match in matches[:MOST_PLACES]:
        text = row.get(match.column)
        if isinstance(text, str):
            lines.append(f"found in {match.column}: {_excerpt(text, match)}")
    if len(matches) > MOST_PLACES:
        lines.append(f"and in {len(matches) - MOST_PLACES} more places")
    return lines


def _excerpt(text: str, match: Match) -> str:
    start, end = max(match.start - CONTEXT, 0), min(match.end + CONTEXT, len(text))
    before, after = "…" * (start > 0), "…" * (end < len(text))
    shown = f"{before}{text[start : match.start]}[{text[match.start : match.end]}]{text[match.end : end]}{after}"
    return " ".join(shown.split())
