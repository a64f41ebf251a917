"""A table as plain text, aligned: the same bytes on every screen."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Rows of cells under headers; the columns numbered in `left` are flush left, the others flush right.

    A header may have several lines; they stand on the rule.
    """
    heads = _stacked(headers)
    widths = [max(_width(line[column]) for line in (*heads, *rows)) for column in range(len(headers))]
    rule = ["─" * width for width in widths]
    return "\n".join(_line(line, widths, left) for line in (*heads, rule, *rows))


def _stacked(headers: Sequence[str]) -> list[list[str]]:
    """The lines of the headers, as many for each: blank ones come first."""
    parts = [header.split("\n") for header in headers]
    height = max(map(len, parts), default=1)
    return [[part[line - height] if line - height >= -len(part) else "" for part in parts] for line in range(height)]


def _line(cells: Sequence[str], widths: Sequence[int], left: Sequence[int]) -> str:
    padded = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        blanks = " " * (width - _width(cell))
        padded.append(cell + blanks if column in left else blanks + cell)
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """How many columns of a screen a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def share(value: float | None, digits: int = 3) -> str:
    """A share from 0 to 1 as `.830`; a dash where there is none."""
    if value is None or value != value:
        return "–"
    text = f"{value:.{digits}f}"
    return text.removeprefix("0") if text.startswith("0.") else text


def percent(value: float | None) -> str:
    """A share from 0 to 1 as `8.3 %`; a dash where there is none."""
    return "–" if value is None or value != value else f"{100 * value:.1f} %"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 row`, `2,630 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
