"""CSV and its kin: rows of cells from text, in any encoding, with any delimiter, and with quotes that go wrong.

A cell is text; what it means is decided by whoever knows the column's type. Blanks around a cell are trimmed, an empty
cell is missing. A row that cannot be read (a quote that never closes, too many or too few cells) stays a row: it comes
out as `Unreadable`, in its place. A record that spans lines and ends in a mistake gives up its first line only, and the
lines after it are read afresh, so that one stray quote never swallows the rows below it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO, TypeAlias

from snorkel_dsl.datasets.encodings import checked_encoding
from snorkel_dsl.datasets.options import ReadOptions, Unreadable, refusal, shortened

_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_LINES = 200
_LARGEST_CELL = 64 << 20  # characters: a quote that never closes must not swallow a file of any size
_SEPARATOR_LINE = re.compile(r"sep=(.)", re.DOTALL)  # Excel's own first line

Row: TypeAlias = "list[str | None] | Unreadable"


@dataclass(frozen=True)
class CsvFile:
    """A CSV file that was looked at: how to read it, and its columns in order.

    `encoding` is the one in use, `guessed` whether it is a guess that the user should hear of.
    """

    path: Path
    encoding: str
    guessed: bool
    delimiter: str
    columns: tuple[str, ...]
    skip: int  # lines before the first row of data, at most a `sep=` line and the header
    missing: frozenset[str]

    def opened(self) -> TextIOWrapper:
        """The file, opened for `rows`."""
        return self.path.open(encoding=self.encoding, newline="")

    def rows(self, file: TextIO) -> Iterator[Row]:
        """Every row in order: its cells (None is missing), or why it cannot be read."""
        width = len(self.columns)
        records = islice(_records(file, self.delimiter), self.skip, None)
        return (self._row(number, record, width) for number, record in enumerate(records))

    def _row(self, number: int, record: list[str] | _Bad, width: int) -> Row:
        if isinstance(record, _Bad):
            return Unreadable(number, shortened(record.text), record.message)
        if len(record) != width:
            text = self.delimiter.join(record)
            return Unreadable(number, shortened(text), f"{len(record)} cells where the header has {width}")
        cells = (cell.strip(" \t") for cell in record)
        return [None if not cell or cell in self.missing else cell for cell in cells]


@dataclass(frozen=True)
class _Bad:
    """A line that no record can be made of."""

    text: str
    message: str


def open_csv(path: Path, name: str, options: ReadOptions) -> CsvFile:
    """Look at a CSV file: encoding, delimiter, columns. Raises RulesError where it has none."""
    encoding = checked_encoding(path, name, options.encoding)
    with path.open(encoding=encoding, newline="") as file:
        sample = list(islice(file, _SAMPLE_LINES))
    if not any(line.strip() for line in sample):
        raise refusal("empty-data", f"`{name}` has no rows")
    separator = _SEPARATOR_LINE.fullmatch(sample[0].rstrip("\r\n"))
    delimiter = options.delimiter or (separator and separator[1]) or _delimiter(path, sample)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise refusal(
            "bad-option", f"`{delimiter}` cannot separate cells", "give one character, as in `--delimiter ';'`"
        )
    before = 1 if separator else 0
    first = next(islice(_records(iter(sample), delimiter), before, None), None)
    if first is None or isinstance(first, _Bad):
        raise refusal("empty-data", f"the first row of `{name}` cannot be read as {delimiter!r}-separated cells")
    columns = column_names([cell.strip() for cell in first], name, options)
    guessed = options.encoding is None and encoding in ("cp1252", "latin-1", "utf-16-le", "utf-16-be")
    skip = before + (1 if options.header else 0)
    return CsvFile(path, encoding, guessed, delimiter, columns, skip, frozenset(options.missing))


def column_names(first: Sequence[str], name: str, options: ReadOptions) -> tuple[str, ...]:
    """The names of the columns: those given, else those of the header, else `column1`, `column2` …"""
    if options.names:
        if len(options.names) != len(first):
            raise refusal(
                "bad-option", f"`--names` gives {len(options.names)} names, and `{name}` has {len(first)} columns"
            )
        return options.names
    if not options.header:
        return tuple(f"column{number}" for number in range(1, len(first) + 1))
    names = [cell or f"column{number}" for number, cell in enumerate(first, start=1)]
    for repeated, times in Counter(names).items():
        if times > 1:
            raise refusal(
                "repeated-column",
                f"`{name}` has two columns called `{repeated}`",
                "name the columns yourself: `--names a,b,…`",
            )
    return tuple(names)


def _delimiter(path: Path, sample: list[str]) -> str:
    """The delimiter that gives the most cells in the first line and the same number in most others."""
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(record) for record in _records(iter(sample), delimiter) if not isinstance(record, _Bad)]
        if not widths or widths[0] < 2:
            return (0.0, 0)
        return (round(widths.count(widths[0]) / len(widths), 1), widths[0])

    return max(_DELIMITERS, key=fit)


def _records(lines: Iterator[str], delimiter: str) -> Iterator[list[str] | _Bad]:
    """The records of some lines; blank lines between records are left out."""
    csv.field_size_limit(_LARGEST_CELL)
    again: deque[str] = deque()
    while True:
        taken: list[str] = []
        source = _remembering(lines, again, taken)
        try:
            for record in csv.reader(source, delimiter=delimiter, skipinitialspace=True, strict=True):
                taken.clear()
                if record:
                    yield record
            return
        except csv.Error as wrong:
            yield _Bad(taken[0].rstrip("\r\n"), _why(str(wrong)))
            again.extendleft(reversed(taken[1:]))


def _remembering(lines: Iterator[str], again: deque[str], taken: list[str]) -> Iterator[str]:
    """The lines to be read again, then the others; each is noted in `taken`."""
    while True:
        line = again.popleft() if again else next(lines, None)
        if line is None:
            return
        taken.append(line)
        yield line


def _why(message: str) -> str:
    """The csv module's words in ours."""
    if "unexpected end" in message:
        return "a quote is opened and never closed"
    if "field limit" in message:
        return f"a cell of more than {_LARGEST_CELL >> 20} million characters, or a quote that is never closed"
    if "expected after" in message:
        return "something follows a closing quote"
    return f"not a row of cells ({message})"
