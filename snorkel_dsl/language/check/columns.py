"""Votes from elsewhere: what the values of a column mean, and what annotators said of single items in a file.

`votes by annotators` is taken apart here: each annotator becomes a labeling function that votes by the column of the items,
in which each item that the annotator labeled stands for what was said of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.comparisons import number_in_range, unknown_choice
from snorkel_dsl.language.check.declarations import refuse, repeated
from snorkel_dsl.language.check.resolving import Refusal
from snorkel_dsl.language.check.scope import Names
from snorkel_dsl.language.check.votes import RuleVotes, items_of
from snorkel_dsl.language.types import Kind
from snorkel_dsl.language.wording import as_written
from snorkel_dsl.source import Span

Value = str | float
Meanings = dict[Value, ir.Vote | None]  # None: the value abstains

MOST_ANNOTATORS = 10_000
_SHOWN = 5


def voting_columns(names: Names, block: ast.Rule, votes: RuleVotes) -> list[tuple[str, ir.ColumnVotes]] | None:
    """The labeling functions of a rule that votes by a column or by annotators: the end of each one's name, and its values."""
    healthy = _has_no_conditions(names, block)
    by = block.votes
    if isinstance(by, ast.ByAnnotators):
        found = _by_annotators(names, block, by, votes)
    else:
        found = _by_column(names, block, by, votes) if isinstance(by, ast.ByColumn) else None
    return found if healthy and not votes.broken else None


def refuse_values(names: Names, block: ast.Rule) -> bool:
    """Say so of lines that only belong to a rule that votes by a column or by annotators. Returns whether there are any."""
    misplaced = [item for item in block.items if isinstance(item, ast.Means | ast.Abstains | ast.LookupColumns)]
    for item in misplaced:
        what = {ast.Means: "means", ast.Abstains: "abstain", ast.LookupColumns: "columns"}[type(item)]
        names.report(
            "misplaced-line",
            f"`{what}` belongs to a rule that votes by a column",
            item,
            helps=[f'write `rule {block.name.text} votes by column "…"`'],
        )
    return bool(misplaced)


def _has_no_conditions(names: Names, block: ast.Rule) -> bool:
    conditions = [item for item in block.items if isinstance(item, ast.When | ast.Otherwise)]
    for item in conditions:
        names.report(
            "misplaced-line",
            "a rule that votes by a column has no `when`",
            item,
            helps=['write what each value means: `"spam" means SPAM`'],
        )
    if block.each is not None:
        names.report("misplaced-line", "`for each` does not go with `votes by column`", block.each)
    return not conditions and block.each is None


# ------------------------------------------------------------------------------------------------------------- columns


def _by_column(
    names: Names, block: ast.Rule, by: ast.ByColumn, votes: RuleVotes
) -> list[tuple[str, ir.ColumnVotes]] | None:
    for line in items_of(block, ast.LookupColumns):
        names.report("misplaced-line", "`columns` belongs to a rule that votes by annotators", line)
        votes.broken = True
    column = _column_named(names, by.column)
    if column is not None and column.type.kind not in (Kind.TEXT, Kind.CHOICE, Kind.NUMBER):
        names.report(
            "wrong-type",
            f"`{by.column.text}` is not a text, so its values have no names",
            by.column,
            helps=["declare it as `text`, `number` or `one of …`"],
        )
        column = None
    meanings = _meanings(names, block, votes)
    if column is None or meanings is None:
        return None
    misfits = [value for value in _written_values(block) if not _fits(names, column, value)]
    if misfits:
        return None
    voting = tuple((value, vote) for value, vote in meanings.items() if vote is not None)
    return [("", ir.ColumnVotes(column.name, voting, tuple(v for v, vote in meanings.items() if vote is None)))]


def _column_named(names: Names, written: ast.String | ast.Name) -> ir.DataColumn | None:
    """The column of a name; the file's own name for it will do as well."""
    sources = {column.source: column.name for column in names.columns.values() if column is not None}
    known = written.text in names.columns
    name = ast.Name(text=written.text if known else sources.get(written.text, written.text), span=written.span)
    if name.text not in names.columns and not names.is_poisoned(name.text):
        quote = '"' if isinstance(written, ast.String) else ""
        names.unknown("column", names.columns, name, *_declare_help(names, name, quote))
        return None
    return names.columns.get(name.text)


def _declare_help(names: Names, name: ast.Name, quote: str) -> list[str]:
    likely = did_you_mean(name.text, names.columns)
    if likely:
        return [f"did you mean `{quote}{likely}{quote}`?"]
    return [f"declare it in the data block: `{name.text}  text`"]


def _written_values(block: ast.Rule) -> list[ast.String | ast.Number]:
    found = [line.value for line in items_of(block, ast.Means)]
    return found + [value for line in items_of(block, ast.Abstains) for value in line.values]


def _fits(names: Names, column: ir.DataColumn, value: ast.String | ast.Number) -> bool:
    """Whether a value can stand in a column; if not, that is said."""
    kind, is_number = column.type.kind, isinstance(value, ast.Number)
    if kind is Kind.CHOICE and isinstance(value, ast.String) and value.text not in column.type.choices:
        unknown_choice(names, column.type, value)
        return False
    if isinstance(value, ast.Number) and kind is Kind.NUMBER:
        return number_in_range(names, column.type, value.value, value)
    if is_number == (kind is Kind.NUMBER):
        return True
    written = names.written(value)
    names.report(
        "wrong-type",
        f"`{column.name}` is {'a number' if kind is Kind.NUMBER else 'a text'}; `{written}` is not",
        value,
        helps=[f'write `"{written}"`' if is_number else _as_number(column, value.text)],
    )
    return False


def _as_number(column: ir.DataColumn, text: str) -> str:
    if _number(text) is None:
        return f"declare the column as text: `{column.name}  text`"
    return f"write `{text}`, without quotes"


def _meanings(names: Names, block: ast.Rule, votes: RuleVotes) -> Meanings | None:
    """What each value stands for; None where nothing is said of any, or one is named twice."""
    if not items_of(block, ast.Means):
        names.report(
            "no-when",
            f"the rule `{block.name.text}` does not say what the values mean",
            block.name,
            helps=['add a line such as `"spam" means SPAM`'],
        )
        return None
    places: dict[str, Span] = {}
    found: Meanings = {}
    for line in block.items:
        values = (line.value,) if isinstance(line, ast.Means) else line.values if isinstance(line, ast.Abstains) else ()
        vote = votes.check(line.vote) if isinstance(line, ast.Means) else None
        for value in values:
            written = value.text if isinstance(value, ast.String) else as_written(value.value)
            if repeated(names, "value", ast.Name(text=written, span=value.span), places):
                votes.broken = True
            found[value.text if isinstance(value, ast.String) else value.value] = vote
    return found


# ---------------------------------------------------------------------------------------------------------- annotators


def _by_annotators(
    names: Names, block: ast.Rule, by: ast.ByAnnotators, votes: RuleVotes
) -> list[tuple[str, ir.ColumnVotes]] | None:
    column = _item_column(names, by)
    meanings = _meanings(names, block, votes)
    lines = _lines(names, block, by)
    if column is None or meanings is None or lines is None or votes.broken:
        return None
    by_text = {value if isinstance(value, str) else as_written(value): vote for value, vote in meanings.items()}
    if not _all_named(names, by, by_text, lines):
        return None
    said = _said(names, by, by_text, lines)
    if len(said) > MOST_ANNOTATORS:
        names.report("too-large", f"`{by.path.text}` has more than {MOST_ANNOTATORS:_} annotators", by.path)
        return None
    items = [item for by_item in said.values() for item in by_item]
    if column.type.kind is Kind.NUMBER and not _are_numbers(names, by, items):
        return None
    return [(f"[{who}]", ir.ColumnVotes(column.name, _by_item(column, by_item))) for who, by_item in said.items()]


def _item_column(names: Names, by: ast.ByAnnotators) -> ir.DataColumn | None:
    column = _column_named(names, by.column)
    if column is None or column.type.kind in (Kind.TEXT, Kind.CHOICE, Kind.NUMBER):
        return column
    names.report(
        "wrong-type",
        f"`{by.column.text}` is no text and no number, so it cannot name items",
        by.column,
        helps=["name the column that tells one row from another"],
    )
    return None


def _lines(names: Names, block: ast.Rule, by: ast.ByAnnotators) -> tuple[tuple[str, ...], ...] | None:
    """The lines of the file: item, annotator, label."""
    given = items_of(block, ast.LookupColumns)
    columns = tuple(name for line in given for name in line.names)
    if len(columns) != 3:
        names.report(
            "wrong-arguments",
            "it takes three columns to say which item was given which label by whom",
            given[0] if given else by,
            f"{len(columns)} are named" if given else "no columns are named",
            helps=["name them in this order: `columns item, annotator, label`"],
        )
        return None
    found = names.resolver.lookup(by.path.text, tuple(column.text for column in columns))
    if isinstance(found, Refusal):
        wrong = [column for column in columns if found.kind == "unknown-column" and f"`{column.text}`" in found.message]
        refuse(names, found, wrong[0] if wrong else by.path)
        return None
    if not found:
        names.report("empty-lookup", f"`{by.path.text}` has no rows", by.path)
        return None
    return found


def _all_named(
    names: Names, by: ast.ByAnnotators, meanings: dict[str, ir.Vote | None], lines: Iterable[tuple[str, ...]]
) -> bool:
    """Whether something is said of every label that stands in the file; if not, of which it is not."""
    strangers = sorted({label for *_, label in lines} - meanings.keys())
    if not strangers:
        return True
    shown = ", ".join(f"`{label}`" for label in strangers[:_SHOWN])
    more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
    names.report(
        "unknown-value",
        f"nothing says what {shown}{more} of `{by.path.text}` means",
        by.path,
        "annotators said so there",
        helps=[
            f'say what it means, `"{strangers[0]}" means LABEL`, or that it says nothing: `"{strangers[0]}" abstains`'
        ],
    )
    return False


def _said(
    names: Names, by: ast.ByAnnotators, meanings: dict[str, ir.Vote | None], lines: Iterable[tuple[str, ...]]
) -> dict[str, dict[str, ir.Vote]]:
    """What each annotator said of each item. One who said different things of an item said nothing of it."""
    every: dict[str, dict[str, set[ir.Vote | None]]] = {}
    for item, who, label in lines:
        every.setdefault(who, {}).setdefault(item, set()).add(meanings[label])
    torn = [(who, item) for who, by_item in every.items() for item, votes in by_item.items() if len(votes) > 1]
    if torn:
        shown = ", ".join(f"`{who}` of `{item}`" for who, item in torn[:_SHOWN])
        names.report(
            "contradiction",
            f"in `{by.path.text}`, an annotator says different things of the same item",
            by.path,
            f"{shown}{f' and {len(torn) - _SHOWN} more' if len(torn) > _SHOWN else ''}",
            helps=["there the annotator abstains; leave one line for each annotator and item"],
            severity="warning",
        )
    return {
        who: {item: vote for item, (vote, *others) in _sure(by_item) if vote is not None and not others}
        for who, by_item in sorted(every.items())
    }


def _sure(by_item: dict[str, set[ir.Vote | None]]) -> list[tuple[str, list[ir.Vote | None]]]:
    return [(item, list(votes)) for item, votes in sorted(by_item.items())]


def _are_numbers(names: Names, by: ast.ByAnnotators, items: Iterable[str]) -> bool:
    """Whether all items are numbers, where the column of the items holds numbers."""
    wrong = next((item for item in items if _number(item) is None), None)
    if wrong is not None:
        names.report(
            "wrong-type",
            f"`{by.column.text}` is a number, and `{by.path.text}` has the item `{wrong}`",
            by.column,
            helps=[f"declare `{by.column.text}` as text"],
        )
    return wrong is None


def _number(text: str) -> float | None:
    """The number that a text is written as, without its like under another spelling: ids are compared as text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if as_written(number) == text else None


def _by_item(column: ir.DataColumn, by_item: dict[str, ir.Vote]) -> tuple[tuple[Value, ir.Vote], ...]:
    if column.type.kind is not Kind.NUMBER:
        return tuple(by_item.items())
    return tuple((number, vote) for item, vote in by_item.items() if (number := _number(item)) is not None)
