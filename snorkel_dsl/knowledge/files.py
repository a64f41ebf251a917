"""Reads text files and tables into strings: UTF-8 with or without a byte-order mark, any line ends."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language.check.resolving import Refusal

LARGEST = 500 << 20  # bytes
_LARGEST_CELL = 16 << 20  # characters


def read_text(file: Path, path: str) -> str | Refusal:
    """The text of a file, with `\\n` line ends; `path` is how the user names it."""
    try:
        if file.stat().st_size > LARGEST:
            return Refusal("too-large", f"`{path}` is too large", f"more than {LARGEST >> 20} million bytes")
        raw = file.read_bytes()
    except OSError as error:
        return Refusal("missing-file", f"`{path}` cannot be read", (error.strerror or "").lower())
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Refusal(
            "not-utf-8",
            f"`{path}` is not UTF-8 text",
            f"line {line} holds the byte 0x{raw[error.start]:02X}",
            ("save the file as UTF-8",),
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_lines(file: Path, path: str) -> tuple[str, ...] | Refusal:
    """The lines of a file that are not blank, trimmed, without repeats."""
    text = read_text(file, path)
    if isinstance(text, Refusal):
        return text
    stripped = (line.strip() for line in text.split("\n"))
    return tuple(dict.fromkeys(line for line in stripped if line))


@dataclass(frozen=True)
class _Table:
    header: list[str]
    rows: list[list[str]]


def _read_table(file: Path, path: str) -> _Table | Refusal:
    text = read_text(file, path)
    if isinstance(text, Refusal):
        return text
    first = text.split("\n", 1)[0]
    semicolons = ";" in first and "," not in first
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ";" if semicolons else ","
    csv.field_size_limit(_LARGEST_CELL)
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(StringIO(text), delimiter=delimiter, strict=True)
            if row
        ]
    except csv.Error as error:
        return Refusal(
            "broken-table", f"`{path}` is not a table that can be read", str(error), ("save it as CSV again",)
        )
    if not rows:
        return Refusal("empty-lookup", f"`{path}` is empty", "a table has a line of column names, and rows")
    return _Table(rows[0], rows[1:])


def read_column(file: Path, path: str, column: str | None) -> tuple[str, ...] | Refusal:
    """The cells of a column that are not empty, without repeats; a table of one column needs no name."""
    table = _read_table(file, path)
    if isinstance(table, Refusal):
        return table
    if column is None and len(table.header) > 1:
        listed = ", ".join(f"`{name}`" for name in table.header)
        return Refusal(
            "unknown-column",
            f"`{path}` has {len(table.header)} columns",
            "which one holds the terms?",
            (f'write `file "{path}" column "{table.header[0]}"`', f"its columns: {listed}"),
        )
    index = _index(table, path, column or table.header[0])
    if isinstance(index, Refusal):
        return index
    cells = (row[index] for row in table.rows if index < len(row))
    return tuple(dict.fromkeys(cell for cell in cells if cell))


def read_rows(file: Path, path: str, columns: tuple[str, ...]) -> tuple[tuple[str, ...], ...] | Refusal:
    """The rows of a table, cut to the named columns (none named: all); a row with an empty cell there is left out."""
    table = _read_table(file, path)
    if isinstance(table, Refusal):
        return table
    indexes: list[int] = []
    for column in columns or tuple(table.header):
        index = _index(table, path, column)
        if isinstance(index, Refusal):
            return index
        indexes.append(index)
    return tuple(dict.fromkeys(_complete(table, indexes)))


def _complete(table: _Table, indexes: list[int]) -> Iterator[tuple[str, ...]]:
    for row in table.rows:
        cells = tuple(row[index] if index < len(row) else "" for index in indexes)
        if all(cells):
            yield cells


def _index(table: _Table, path: str, column: str) -> int | Refusal:
    if column in table.header:
        return table.header.index(column)
    likely = did_you_mean(column, table.header)
    listed = ", ".join(f"`{name}`" for name in table.header)
    help_text = f"did you mean `{likely}`?" if likely else f"its columns: {listed}"
    return Refusal("unknown-column", f"`{path}` has no column `{column}`", "not a column of that file", (help_text,))
