"""Reads ontologies from tables: a row a node, with the columns id and name; a cell may hold several parts, divided by `|`."""

from __future__ import annotations

import csv
from io import StringIO

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.knowledge.ontology.table import Drafts, Table, UnreadableError
from snorkel_dsl.language.check.resolving import Refusal

NEEDED = ("id", "name")
_SCOPES = {"synonyms": "exact", "narrow": "narrow", "related": "related", "broad": "broad"}
COLUMNS = (*NEEDED, *_SCOPES, "parents", "obsolete", "replaced_by", "language")
_YES = ("yes", "true", "1")
_LARGEST_CELL = 16 << 20  # characters


def read_table(text: str, path: str) -> Table:
    """The table of a CSV or TSV file. Raises UnreadableError."""
    first = text.split("\n", 1)[0]
    delimiter = next((sign for sign in "\t;" if sign in first and "," not in first), ",")
    csv.field_size_limit(_LARGEST_CELL)
    rows = csv.reader(StringIO(text), delimiter=delimiter, strict=True)
    drafts = Drafts(path)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        _check_header(header, path)
        for row in rows:
            _row(dict(zip(header, (cell.strip() for cell in row), strict=False)), drafts)
    except csv.Error as error:
        refusal = Refusal("broken-table", f"`{path}` is not a table that can be read", str(error))
        raise UnreadableError(refusal) from error
    return drafts.table("", "CSV")


def _check_header(header: list[str], path: str) -> None:
    for name in NEEDED:
        if name not in header:
            likely = did_you_mean(name, header)
            helps = [f"is it the column `{likely}`?"] if likely else []
            listed = ", ".join(f"`{column}`" for column in COLUMNS)
            message = f"`{path}` has no column `{name}`"
            helps.append(f"an ontology in a table has the columns {listed}; only the first two are needed")
            raise UnreadableError(Refusal("unknown-column", message, "not a column of that file", tuple(helps)))


def _row(cells: dict[str, str], drafts: Drafts) -> None:
    if not cells.get("id"):
        return
    node = drafts.node(cells["id"])
    language = cells.get("language", "")
    for name in _parts(cells, "name"):
        drafts.label(node, name, language)
    for column, scope in _SCOPES.items():
        for name in _parts(cells, column):
            drafts.synonym(node, scope, name, language)
    node.parents.update(_parts(cells, "parents"))
    node.replaced_by.update(_parts(cells, "replaced_by"))
    node.obsolete = node.obsolete or cells.get("obsolete", "").lower() in _YES


def _parts(cells: dict[str, str], column: str) -> list[str]:
    return [part.strip() for part in cells.get(column, "").split("|") if part.strip()]
