"""Why a labeling function did not vote on a row: for each clause the smallest conditions that failed, with what stood there.

Of `and` those parts are named that failed, of `or` and of a count all, of `some sentence … where` the pieces that came
nearest. A value or a number that was compared is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from snorkel_dsl.datasets.options import shortened
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind
from snorkel_dsl.reference import Step, Trace
from snorkel_dsl.report.table import count
from snorkel_dsl.report.why import outcome, place, places, quoted, remarks, why

MOST_PIECES = 2
_COUNTED = ("size", "mentions_count", "mentions_terms", "contains_count", "contains_terms", "span_distance")
_CUT = ("span_text", "words_between", "words_near")
_SHOWN_KINDS = (Kind.NUMBER, Kind.CHOICE, Kind.YES_NO, Kind.TIME)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, object]


def why_not(trace: Trace, row: Row) -> list[str]:
    """Lines of text, those that belong to the one above them indented."""
    if trace.reason != "no clause":
        return why(trace, dict(row))
    lines = []
    for clause in trace.clauses:
        if clause.step is None:
            lines.append("`otherwise` votes only where every `when` before it is false")
        elif not clause.fired:
            before = f"{place(trace.function.source, clause.clause.span)}: " if len(trace.clauses) > 1 else ""
            first, *rest = _failures(trace.function, clause.step, row)
            lines += [before + first, *rest]
    return lines


def why_not_briefly(trace: Trace, row: Row) -> list[str]:
    """One line for each of the smallest conditions that failed."""
    if trace.reason != "no clause":
        return why(trace, dict(row))[:1]
    steps = [clause.step for clause in trace.clauses if clause.step is not None and not clause.fired]
    return [_sentence(trace.function, failed, row) for step in steps for failed in culprits(step)]


def culprits(step: Step) -> list[Step]:
    """The smallest conditions that made a step fail: for `and` those that failed, for `or` all."""
    if _operator(step) in ("and", "or") and _conditions(step):
        return [smallest for part in _conditions(step) if part.value is not True for smallest in culprits(part)]
    return [step]


def _failures(function: ir.LabelingFunction, step: Step, row: Row) -> list[str]:
    parts = [part for part in _conditions(step) if part.value is not True]
    match _operator(step):
        case "and" if parts:
            return [line for part in parts for line in _failures(function, part, row)]
        case "or" if parts:
            return ["none of these is true", *_indented(function, parts, row)]
        case "at_least_of" if parts:
            return [_sentence(function, step, row), *_indented(function, parts, row)]
    lines = [_sentence(function, step, row)]
    if isinstance(step.expression, ir.Quantified):
        return [*lines, *_pieces(function, step, row)]
    if step.value is not False:
        return lines
    return [*lines, *(f"  {line}" for line in (*places(step.evidence, row), *remarks(step)))]


def _indented(function: ir.LabelingFunction, parts: list[Step], row: Row) -> list[str]:
    return [f"  {line}" for part in parts for line in _failures(function, part, row)]


def _operator(step: Step) -> str:
    return step.expression.operator if isinstance(step.expression, ir.Call) else ""


def _conditions(step: Step) -> list[Step]:
    return [part for part in step.inside if part.expression.kind is Kind.CONDITION and part.span is not None]


def _sentence(function: ir.LabelingFunction, step: Step, row: Row) -> str:
    remark = "" if step.value is None else _remark(step, row)
    return f"{quoted(function, step)} {outcome(step, row)}{remark}"


def _remark(step: Step, row: Row) -> str:
    """What stood there, where that is a value or a number."""
    if _operator(step) == "at_least_of":
        conditions = _conditions(step)
        true = sum(part.value is True for part in conditions)
        return f": {true} of {len(conditions)} {'is' if true == 1 else 'are'} true"
    counted = [part for part in step.walk() if _operator(part) in _COUNTED and isinstance(part.value, int | float)]
    if len(counted) == 1 and not isinstance(step.expression, ir.Quantified):
        return f" (counted: {counted[0].value:,g})"
    cut = [part for part in step.inside if _operator(part) in _CUT and isinstance(part.value, str)]
    if cut and len(cut) == len(step.inside):
        return f": {' and '.join(_shown(part.value.strip(), Kind.TEXT) for part in cut)}"
    shown = dict.fromkeys(_values(step.expression, row))
    return f": {', '.join(shown)}" if shown else ""


def _values(expression: ir.Expression, row: Row) -> Iterator[str]:
    for node in ir.walk(expression):
        if isinstance(node, ir.Column) and node.kind in _SHOWN_KINDS:
            yield f"{node.name} is {_shown(row.get(node.name), node.kind)}"


def _shown(value: object, kind: Kind) -> str:
    """A value as it would be written in rules."""
    match value:
        case None:
            return "missing"
        case bool():
            return "yes" if value else "no"
        case int() if kind is Kind.TIME:
            return (_EPOCH + timedelta(microseconds=value)).strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")
        case int() | float():
            return f"{value:g}" if abs(value) < 1e6 else f"{value:.15g}"
        case _:
            return f'"{shortened(str(value))}"'


def _pieces(function: ir.LabelingFunction, step: Step, row: Row) -> list[str]:
    """How many pieces fit, and those that decided: what failed in the nearest ones, or the ones that fit too many."""
    expression = step.expression
    if not isinstance(expression, ir.Quantified) or step.value is None:
        return []
    what = expression.pieces.operator if isinstance(expression.pieces, ir.Call) else "pieces"
    if not step.inside:
        return [f"  there are no {what}: the text or the section is empty"]
    fitting = [piece for piece in step.inside if piece.value is True]
    lines = [f"  {len(fitting)} of {count(len(step.inside), what[:-1])} {'fits' if len(fitting) == 1 else 'fit'}"]
    if expression.least is None and not expression.every:
        return lines + [f"  it fits: {_piece_text(piece, row)}" for piece in fitting[:MOST_PIECES]]
    for piece in _nearest([piece for piece in step.inside if piece.value is not True]):
        lines.append(f"  not: {_piece_text(piece, row)}")
        lines += [f"    {_sentence(function, failed, row)}" for failed in culprits(piece) if failed is not piece]
    return lines


def _nearest(pieces: list[Step]) -> list[Step]:
    """The first pieces in which the most conditions are true."""
    ranked = sorted(pieces, key=lambda piece: -sum(part.value is True for part in _conditions(piece)))
    return ranked[:MOST_PIECES]


def _piece_text(piece: Step, row: Row) -> str:
    text = row.get(piece.piece.column) if piece.piece else None
    return (
        f'"{shortened(text[piece.piece.start : piece.piece.end].strip())}"'
        if piece.piece and isinstance(text, str)
        else "…"
    )
