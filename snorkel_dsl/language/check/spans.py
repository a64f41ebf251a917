"""Spans: columns that are places in a text column, and what is asked of the words between and beside them.

A span is its text wherever a text is wanted, so this module has only what is asked of the place itself. Every operator on
spans takes their text as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from snorkel_dsl.language import ast, ir, types
from snorkel_dsl.language.check.scope import ARTICLE, Names, Scope, Typed
from snorkel_dsl.language.types import Kind, Type

_UNITS = ("word", "token", "character")
ALL = -1  # words, as a count


@dataclass(frozen=True)
class Place:
    """A span column with the text column that it is a place in."""

    text: ir.Column
    span: ir.Column


# -------------------------------------------------------------------------------------------------------- declarations


def span_type(names: Names, data: ast.Data, column: ast.DataColumn, written: ast.SpanType) -> Type | None:
    """The type of a span column: of a text column of the same data block."""
    kinds = {other.name.text: other.type for other in data.columns}
    texts = [name for name, kind in kinds.items() if isinstance(kind, ast.TextType)]
    found = kinds.get(written.of.text)
    if found is None:
        names.unknown("text column", texts, written.of)
        return None
    if not isinstance(found, ast.TextType):
        names.report(
            "wrong-type",
            f"`{written.of.text}` is not a text, so nothing has a place in it",
            written.of,
            helps=[f"write `span of {texts[0]}`"] if texts else ["declare the text: `sentence text`"],
        )
        return None
    return Type(Kind.SPAN, of=written.of.text, in_words=isinstance(column.source, ast.FromWords))


def sources_of(column: ast.DataColumn) -> tuple[str, str | None]:
    """The names of the file's own columns that a column is read from."""
    match column.source:
        case ast.FromColumn(column=source):
            return source.text, None
        case ast.FromColumns(start=start, end=end):
            return start.text, end.text
        case ast.FromWords(positions=positions, words=words):
            return positions.text, words.text
        case None:
            return column.name.text, None


def only_spans_have_two(names: Names, column: ast.DataColumn) -> bool:
    """Whether a column that is read from two of the file's columns is a span; says so where it is not."""
    if not isinstance(column.source, ast.FromColumns | ast.FromWords) or isinstance(column.type, ast.SpanType):
        return True
    names.report(
        "wrong-type",
        f"`{column.name.text}` is read from two columns, and only a span is",
        column.source,
        helps=['write `from column "…"`, or declare a span: `span of text`'],
    )
    return False


# ------------------------------------------------------------------------------------------------------------- the words


def span_of(scope: Scope, node: ast.Expression, asks: str) -> Place | None:
    """The span that a name stands for; `asks` is what asks for one."""
    names = scope.names
    if not isinstance(node, ast.Name) or node.text in scope.bound or node.text in names.sections:
        _no_span(names, node, asks, "")
        return None
    column = names.find("column", names.columns, node)
    if column is None:
        return None
    if column.type.kind is not Kind.SPAN or column.type.of is None:
        _no_span(names, node, asks, ARTICLE[column.type.kind])
        return None
    return Place(ir.Column(column.type.of, Kind.TEXT, node.span), ir.Column(node.text, Kind.SPAN, node.span))


def _no_span(names: Names, node: ast.Expression, asks: str, what: str) -> None:
    written = names.written(node)
    known = [name for name, column in names.columns.items() if column is not None and column.type.kind is Kind.SPAN]
    names.report(
        "not-a-span",
        f"`{written}` is no span; `{asks}` asks for a place in a text",
        node,
        what,
        helps=[f"spans: {', '.join(f'`{name}`' for name in known)}" if known else "declare one: `person span of text`"],
    )


def two_spans(scope: Scope, one: ast.Expression, other: ast.Expression, asks: str) -> tuple[Place, Place] | None:
    """Two different spans of the same text."""
    names = scope.names
    first, second = span_of(scope, one, asks), span_of(scope, other, asks)
    if first is None or second is None:
        return None
    if first.text != second.text:
        names.report(
            "spans-of-two-texts",
            f"`{first.span.name}` is a span of `{first.text.name}`, `{second.span.name}` one of `{second.text.name}`",
            one.span | other.span,
            "they stand in different texts",
        )
        return None
    if first.span == second.span:
        names.report("span-and-itself", f"`{asks}` asks for two different spans", other, "the same span again")
        return None
    return first, second


def words_between(scope: Scope, node: ast.WordsBetween) -> Typed | None:
    """`the words between person1 and person2`."""
    pair = two_spans(scope, node.first, node.second, "the words between")
    if pair is None:
        return None
    one, other = pair
    return Typed(scope.names.call("words_between", one.text, one.span, other.span, span=node.span), types.TEXT)


def words_near(scope: Scope, node: ast.WordsNear, count: int | None) -> Typed | None:
    """`the 3 words before person1`; without a count, `the word before` is one and `the words before` are all."""
    names, unit = scope.names, node.unit
    place = span_of(scope, node.of, f"the {unit.word}s {node.side}")
    if unit.word not in _UNITS:
        names.report(
            "wrong-unit",
            f"what stands {node.side} a span is not counted in {unit.word}s",
            unit,
            helps=["write words, tokens or characters"],
        )
        return None
    if place is None:
        return None
    if count is None:
        count = ALL if names.written(unit) == f"{unit.word}s" else 1
    constants = (
        ir.Constant(count, Kind.COUNT, unit.span if node.count is None else node.count.span),
        ir.Constant(f"{unit.word}s", Kind.WORD, unit.span),
        ir.Constant(node.side, Kind.WORD, unit.span),
    )
    return Typed(names.call("words_near", place.text, place.span, *constants, span=node.span), types.TEXT)


# ---------------------------------------------------------------------------------------------------- distance and order


def words_apart(scope: Scope, one: ast.Expression, other: ast.Expression, node: ast.Node, asks: str) -> Typed | None:
    """How many words stand between two spans."""
    pair = two_spans(scope, one, other, asks)
    if pair is None:
        return None
    first, second = pair
    return Typed(
        scope.names.call("span_distance", first.text, first.span, second.span, span=node.span),
        types.NUMBER,
    )


def in_order(scope: Scope, node: ast.Comparison) -> ir.Expression | None:
    """`person1 is before person2`, `person1 is after person2`."""
    asks = f"is {node.relation.word}"
    pair = two_spans(scope, node.subject, node.value, asks)
    if pair is None:
        return None
    first, second = pair if node.relation.word == "before" else pair[::-1]
    return scope.names.call("span_before", first.text, first.span, second.span, span=node.span)


def is_span(scope: Scope, node: ast.Expression) -> bool:
    """Whether a name stands for a span column."""
    if not isinstance(node, ast.Name) or node.text in scope.bound:
        return False
    column = scope.names.columns.get(node.text)
    return column is not None and column.type.kind is Kind.SPAN


# ------------------------------------------------------------------------------------------------------------- examples


def example_span(
    names: Names, column: ir.DataColumn, field: ast.Field, given: ast.Value | None
) -> tuple[int, int] | None:
    """The span that an example names: by its words, perhaps with which occurrence of them, or by start and end."""
    if not isinstance(given, ast.String):
        names.report(
            "unclear-example",
            f"`{column.name}` is a span of `{column.type.of}`, which this example does not give",
            field,
            "a place in which text",
            helps=[f'give the text as well: `{column.type.of} "…"`'],
        )
        return None
    match field.values:
        case (ast.String() as words,):
            return _occurrence(names, column, words, given, 1, words)
        case (ast.String() as words, ast.Number(percent=False, value=value) as number) if _counts(value):
            return _occurrence(names, column, words, given, int(value), number)
        case (ast.Number(percent=False) as start, ast.Number(percent=False) as end):
            return _offsets(names, given, start, end)
    names.report(
        "wrong-type",
        f"`{column.name}` is a span of text; `{names.written(field)}` names none",
        field,
        helps=[
            f'write its words, `{column.name} "…"`, with a number where they stand there more than once '
            f'(`{column.name} "…", 2`), or its start and end: `{column.name} 4, 12`'
        ],
    )
    return None


def _counts(number: float) -> bool:
    return 1 <= number <= 1_000 and number == int(number)


def _occurrence(
    names: Names, column: ir.DataColumn, words: ast.String, given: ast.String, number: int, at: ast.Node
) -> tuple[int, int] | None:
    """Where some words of an example stand in its text for so many times; they may overlap themselves."""
    start = -1
    for found in range(number):
        start = given.text.find(words.text, start + 1) if words.text else -1
        if start < 0:
            often = f" {number} times" if found else ""
            names.report(
                "no-such-words",
                f'`"{words.text}"` does not stand in the `{column.type.of}` of this example{often}',
                at,
                "not found" if not found else f"it stands there {found} time{'s' if found > 1 else ''}",
                others=[(given.span, "")],
                helps=["write the words as they stand in the text, letter by letter"] if not found else [],
            )
            return None
    return start, start + len(words.text)


def _offsets(names: Names, given: ast.String, start: ast.Number, end: ast.Number) -> tuple[int, int] | None:
    first, last = int(start.value), int(end.value)
    if 0 <= first == start.value and first <= last == end.value and last <= len(given.text):
        return first, last
    names.report(
        "no-such-words",
        f"there is no place from {start.text} to {end.text} in this text",
        start.span | end.span,
        f"the text has {len(given.text)} characters",
        others=[(given.span, "")],
        helps=["count characters from 0; the end is where the next character begins"],
    )
    return None
