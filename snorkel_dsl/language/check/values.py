"""Values: numbers, times, times of day, durations, columns, pieces, sections, and arithmetic with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from snorkel_dsl.language import ast, ir, types
from snorkel_dsl.language.check.declarations import percent_of
from snorkel_dsl.language.check.functions import check_call, find_function
from snorkel_dsl.language.check.scope import ARTICLE, BoundPiece, BoundTerm, Names, Scope, Typed
from snorkel_dsl.language.check.spans import words_between, words_near
from snorkel_dsl.language.types import Kind, Type
from snorkel_dsl.source import Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
_UNITS = {"second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000, "day": DAY, "week": 7 * DAY}
ORDERED = frozenset({Kind.NUMBER, Kind.TIME, Kind.CLOCK, Kind.DURATION})


# ------------------------------------------------------------------------------------------------------------- literals


def clock_of(names: Names, node: ast.Clock) -> int | None:
    """Microseconds since midnight."""
    hours, minutes = (int(part) for part in node.text.split(":")[:2])
    if hours < 24 and minutes < 60:
        return (hours * 60 + minutes) * _UNITS["minute"]
    names.report(
        "no-such-time", f"there is no time of day `{node.text}`", node, helps=["times go from `00:00` to `23:59`"]
    )
    return None


def moment_of(names: Names, node: ast.Date) -> int | None:
    """Microseconds since 1970 of a date's midnight, or of its time of day."""
    try:
        midnight = datetime.strptime(node.text[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        names.report("no-such-time", f"there is no day `{node.text[:10]}`", node, helps=["dates are year-month-day"])
        return None
    offset = 0 if node.clock is None else clock_of(names, node.clock)
    return None if offset is None else (midnight - _EPOCH) // _MICROSECOND + offset


def duration_of(node: ast.Duration) -> int:
    """Whole microseconds."""
    return round(node.number.value * _UNITS[node.unit])


def whole(names: Names, number: ast.Number, what: str, least: int = 0) -> int | None:
    """A whole number that counts something."""
    if number.percent or number.value != int(number.value) or number.value < least:
        names.report(
            "not-a-whole-number",
            f"`{number.text}` {what} cannot be counted",
            number,
            f"a whole number from {least} on is needed here",
        )
        return None
    return int(number.value)


def percent_number(names: Names, number: ast.Number) -> float | None:
    """The percents that a share says, from 0 to 100."""
    percent = percent_of(number)
    if 0 <= percent <= 100:
        return percent
    names.report("out-of-range", f"`{number.text}` is no share", number, helps=["shares go from 0% to 100%"])
    return None


# --------------------------------------------------------------------------------------------------------------- values


def check_value(scope: Scope, node: ast.Expression) -> Typed | None:
    """The value of an expression, or None where it has none (and that has been said)."""
    names = scope.names
    match node:
        case ast.Name():
            return _name(scope, node)
        case ast.Number(value=value):
            return constant(value, types.NUMBER, node)
        case ast.Duration():
            return constant(duration_of(node), types.DURATION, node)
        case ast.Clock():
            clock = clock_of(names, node)
            return None if clock is None else constant(clock, types.CLOCK, node)
        case ast.Date():
            moment = moment_of(names, node)
            return None if moment is None else constant(moment, types.TIME, node, is_day=node.clock is None)
        case ast.YesNo(value=value):
            return constant(value, types.YES_NO, node)
        case ast.String(text=text):
            return constant(text, types.TEXT, node)
        case ast.Brackets(inner=inner):
            return check_value(scope, inner)
        case ast.Arithmetic():
            return _arithmetic(scope, node)
        case ast.PartOf():
            return part_of(scope, node)
        case ast.WordsBetween():
            return words_between(scope, node)
        case ast.WordsNear(count=count, unit=unit):
            counted = None if count is None else whole(names, count, f"{unit.word}s", least=1)
            return None if count is not None and counted is None else words_near(scope, node, counted)
        case ast.Pair():
            names.report(
                "wrong-arguments", "a pair can only be looked up", node, helps=["write `the pair A, B is in LOOKUP`"]
            )
            return None
        case ast.Call():
            return _called(scope, node)
        case _:
            names.report("not-a-value", f"`{names.written(node)}` is a condition, and a value is needed here", node)
            return None


def constant(value: ir.Value, kind: Type, node: ast.Node, is_day: bool = False) -> Typed:
    """A value that stands in the file."""
    return Typed(ir.Constant(value, kind.kind, node.span), kind, is_day)


def _name(scope: Scope, name: ast.Name) -> Typed | None:
    names = scope.names
    match scope.bound.get(name.text):
        case BoundPiece(depth=depth):
            return Typed(ir.Piece(scope.depth - depth, Kind.TEXT, name.span), types.TEXT)
        case BoundTerm(term=term):
            return constant(term.text, types.TEXT, name)
    if name.text in names.sections:
        section = names.sections[name.text]
        if section is None:
            return None
        whole_text = ir.Column(section.column, Kind.TEXT, name.span)
        wanted = ir.Constant(section.section, Kind.SECTION, name.span)
        return Typed(names.call("section", whole_text, wanted, span=name.span), types.TEXT)
    if name.text in names.terms and name.text not in names.columns:
        names.report(
            "wrong-type",
            f"`{name.text}` is a list of terms, and a value is needed here",
            name,
            helps=[f"ask for its terms: `text mentions any of {name.text}`"],
        )
        return None
    column_found = names.find("column", names.columns, name)
    if column_found is None:
        return None
    column = ir.Column(name.text, column_found.type.kind, name.span)
    if column_found.type.of is None:
        return Typed(column, column_found.type)
    text = ir.Column(column_found.type.of, Kind.TEXT, name.span)
    return Typed(names.call("span_text", text, column, span=name.span), types.TEXT)


def part_of(scope: Scope, node: ast.PartOf) -> Typed | None:
    """`the first 3 words of text`."""
    names = scope.names
    text = text_value(scope, node.of, "first" if node.end == "first" else "last")
    if text is None:
        return None
    count = 1 if node.count is None else whole(names, node.count, f"{node.unit.word}s", least=1)
    if count is None or not part_unit(names, node.unit):
        return None
    return Typed(cut(names, text, node.end, count, node.unit, node.span), types.TEXT)


def cut(names: Names, text: ir.Expression, end: str, count: int, unit: ast.Unit, span: Span) -> ir.Expression:
    """The first or the last so many units of a text."""
    number = ir.Constant(count, Kind.COUNT, unit.span)
    word = ir.Constant(f"{unit.word}s", Kind.WORD, unit.span)
    return names.call(end, text, number, word, span=span)


def part_unit(names: Names, unit: ast.Unit) -> bool:
    """Whether a text can be cut after so many of a unit."""
    if unit.word in ("sentence", "word", "line", "paragraph"):
        return True
    names.report(
        "wrong-unit",
        f"a text is not cut by {unit.word}s",
        unit,
        helps=["write sentences, words, lines or paragraphs"],
    )
    return False


def text_value(scope: Scope, node: ast.Expression, asks: str) -> ir.Expression | None:
    """The value of something that must be a text; `asks` names what asks for one."""
    value = check_value(scope, node)
    if value is None:
        return None
    if value.kind is Kind.TEXT:
        return value.expression
    wrong_type(scope.names, node, value, f"`{asks}` asks something of a text")
    return None


def wrong_type(names: Names, node: ast.Node, value: Typed, why: str, *helps: str | None) -> None:
    """Say that a value is of a type that does not fit."""
    written = names.written(node)
    names.report("wrong-type", f"`{written}` is {ARTICLE[value.kind]}; {why}", node, ARTICLE[value.kind], helps=helps)


def _called(scope: Scope, node: ast.Call) -> Typed | None:
    names = scope.names
    if node.function.text in names.conditions:
        names.report("not-a-value", f"`{names.written(node)}` is a condition, and a value is needed here", node)
        return None
    function = find_function(names, node)
    if function is None:
        return None
    return check_call(names, node, function, [check_value(scope, argument) for argument in node.arguments])


# ----------------------------------------------------------------------------------------------------------- arithmetic

_SUMS = {
    (Kind.NUMBER, Kind.NUMBER): types.NUMBER,
    (Kind.TIME, Kind.DURATION): types.TIME,
    (Kind.DURATION, Kind.DURATION): types.DURATION,
}
_RESULTS: dict[str, dict[tuple[Kind, Kind], Type]] = {
    "add": {**_SUMS, (Kind.DURATION, Kind.TIME): types.TIME},
    "subtract": {**_SUMS, (Kind.TIME, Kind.TIME): types.DURATION},
    "multiply": {
        (Kind.NUMBER, Kind.NUMBER): types.NUMBER,
        (Kind.DURATION, Kind.NUMBER): types.DURATION,
        (Kind.NUMBER, Kind.DURATION): types.DURATION,
    },
    "divide": {(Kind.NUMBER, Kind.NUMBER): types.NUMBER},
}
_OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "times": "multiply", "/": "divide"}


def _arithmetic(scope: Scope, node: ast.Arithmetic) -> Typed | None:
    left, right = check_value(scope, node.left), check_value(scope, node.right)
    if left is None or right is None:
        return None
    names, operator = scope.names, _OPERATORS[node.operator]
    result = _RESULTS[operator].get((left.kind, right.kind))
    if result is None:
        names.report(
            "wrong-type",
            f"`{node.operator}` does not go with {ARTICLE[left.kind]} and {ARTICLE[right.kind]}",
            node,
            others=[(node.left.span, ARTICLE[left.kind]), (node.right.span, ARTICLE[right.kind])],
        )
        return None
    first, second = left.expression, right.expression
    if right.kind in (Kind.DURATION, Kind.TIME) and left.kind is not right.kind and operator in ("add", "multiply"):
        first, second = (first, second) if left.kind is Kind.TIME else (second, first)
    return Typed(names.call(operator, first, second, span=node.span, kind=result.kind), result)
