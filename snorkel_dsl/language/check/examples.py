"""Examples and expectations of a rule: rows with the vote they must get, and how well it should do on a dataset."""

from __future__ import annotations

from collections.abc import Collection

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.comparisons import unknown_choice
from snorkel_dsl.language.check.scope import ARTICLE, Names
from snorkel_dsl.language.check.spans import example_span
from snorkel_dsl.language.check.values import moment_of, percent_number
from snorkel_dsl.language.check.votes import check_vote
from snorkel_dsl.language.types import Kind, Type
from snorkel_dsl.source import Span

MEASURES = ("precision", "recall", "coverage")
_BAD = object()


def check_example(
    names: Names, example: ast.Example, task: str | None, read: Collection[str] = ()
) -> ir.Example | None:
    """A row and its vote; `none` means that the rule abstains. `read` are the columns that the rule asks."""
    vote, healthy = _vote(names, example, task)
    row = _row_of_text(names, example.text, read) if example.text is not None else _row_of_fields(names, example.fields)
    return ir.Example(row, vote, example.todo, example.span) if healthy and row is not None else None


def _vote(names: Names, example: ast.Example, task: str | None) -> tuple[ir.Vote | None, bool]:
    written = example.vote
    if isinstance(written, ast.VoteFor) and len(written.labels) == 1 and written.labels[0].text in ("none", "abstain"):
        return None, True
    # What the rule votes on is wrong already: the label is then looked for in every task.
    vote = check_vote(names, written, task)
    return vote, vote is not None


def _row_of_text(
    names: Names, text: ast.String, read: Collection[str]
) -> tuple[tuple[str, ir.Value | None], ...] | None:
    texts = [column.name for column in names.columns.values() if column is not None and column.type.kind is Kind.TEXT]
    if len(texts) == 1:
        return ((texts[0], text.text),)
    if not _columns_unknown(names):
        listed = ", ".join(f"`{name}`" for name in texts[:4])
        several = f"the data has {len(texts)} text columns: {listed}" if texts else "the data has no text column"
        likely = next((name for name in texts if name in read), texts[0] if texts else "")
        help_text = f"write `{likely} {names.written(text)[:40]}`" if texts else "name the columns: `likes 3`"
        names.report("unclear-example", "it is not said which column this text is of", text, several, helps=[help_text])
    return None


def _columns_unknown(names: Names) -> bool:
    return not names.columns or None in names.columns.values()


def _row_of_fields(names: Names, fields: tuple[ast.Field, ...]) -> tuple[tuple[str, ir.Value | None], ...] | None:
    row: dict[str, ir.Value | None] = {}
    places: dict[str, Span] = {}
    healthy = True
    for field in fields:
        column = names.find("column", names.columns, field.name)
        if column is None:
            healthy = False
            continue
        if field.name.text in places:
            names.report(
                "duplicate-name",
                f"`{field.name.text}` is given twice",
                field.name,
                others=[(places[field.name.text], "")],
            )
            healthy = False
        places[field.name.text] = field.name.span
        value = _text_of(names, column, fields, field) if column.type.of else _field(names, column, field)
        if value is _BAD:
            healthy = False
        else:
            row[field.name.text] = value  # type: ignore[assignment]
    return tuple(row.items()) if healthy else None


def _text_of(names: Names, column: ir.DataColumn, fields: tuple[ast.Field, ...], field: ast.Field) -> object:
    """The span that a field gives, in the text that another field of the example gives."""
    if len(field.values) == 1 and isinstance(field.values[0], ast.Missing):
        return None
    texts = [other.values[0] for other in fields if other.name.text == column.type.of]
    place = example_span(names, column, field, texts[0] if texts else None)
    return _BAD if place is None else place


def _field(names: Names, column: ir.DataColumn, field: ast.Field) -> object:
    if len(field.values) == 1 and isinstance(field.values[0], ast.Missing):
        return None
    kind = column.type.kind
    if kind not in (Kind.TEXTS, Kind.NUMBERS):
        if len(field.values) == 1:
            return _literal(names, column, column.type, field.values[0])
        names.report("wrong-type", f"`{column.name}` is {ARTICLE[kind]}, not a list", field, "one value is needed")
        return _BAD
    item = Type(Kind.TEXT if kind is Kind.TEXTS else Kind.NUMBER)
    values = [_literal(names, column, item, value) for value in field.values]
    return _BAD if any(value is _BAD for value in values) else tuple(values)


def _literal(names: Names, column: ir.DataColumn, wanted: Type, value: ast.Value) -> object:
    match wanted.kind, value:
        case Kind.TEXT, ast.String(text=text):
            return text
        case Kind.CHOICE, ast.String(text=text):
            if text in wanted.choices:
                return text
            unknown_choice(names, wanted, value)
            return _BAD
        case Kind.NUMBER, ast.Number(value=number):
            return number if _in_range(names, wanted, value, number) else _BAD
        case Kind.YES_NO, ast.YesNo(value=answer):
            return answer
        case Kind.TIME, ast.Date():
            moment = moment_of(names, value)
            return _BAD if moment is None else moment
    names.report(
        "wrong-type",
        f"`{column.name}` is {ARTICLE[column.type.kind]}; `{names.written(value)}` is not",
        value,
        f"{ARTICLE[wanted.kind]} is needed",
        helps=[_literal_help(names, wanted.kind, value)],
    )
    return _BAD


def _in_range(names: Names, declared: Type, node: ast.Node, number: float) -> bool:
    if (declared.low is None or number >= declared.low) and (declared.high is None or number <= declared.high):
        return True
    names.report(
        "out-of-range", f"`{names.written(node)}` is out of the range of the column", node, "the column cannot hold it"
    )
    return False


def _literal_help(names: Names, kind: Kind, value: ast.Node) -> str | None:
    written = names.written(value)
    match kind:
        case Kind.TEXT | Kind.CHOICE:
            return f'write `"{written}"`'
        case Kind.NUMBER:
            return f"write `{written[1:-1]}`, without quotes" if isinstance(value, ast.String) else None
        case Kind.YES_NO:
            return "write `yes` or `no`"
        case Kind.TIME:
            return "write a date: `2026-11-20` or `2026-11-20 22:30`"
        case _:
            return None


def check_expectation(names: Names, expect: ast.Expect) -> ir.Expectation | None:
    """`expect precision at least 80% on dev`."""
    least = None if expect.least is None else percent_number(names, expect.least)
    most = None if expect.most is None else percent_number(names, expect.most)
    if (expect.least is not None and least is None) or (expect.most is not None and most is None):
        return None
    if expect.measure.text not in MEASURES:
        names.unknown("measure", MEASURES, expect.measure, label="precision, recall or coverage")
        return None
    if least is not None and most is not None and least > most:
        names.report(
            "empty-range",
            f"nothing is between {least:g}% and {most:g}%",
            expect,
            "the larger one stands first",
            helps=[f"write `between {most:g}% and {least:g}%`"],
        )
        return None
    bounds = (None if least is None else least / 100, None if most is None else most / 100)
    return ir.Expectation(expect.measure.text, *bounds, expect.dataset.text, expect.span)
