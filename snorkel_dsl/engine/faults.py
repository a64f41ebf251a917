"""What went wrong with the data, and where: a value that cannot be read never becomes a vote, and never goes unnoticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that cannot be read, or a call that failed. Every function in `rules` abstains on its row.

    `row` counts the rows of the whole data from 0; `column` is the column's name in the rules; `value` is what stands
    there, shortened to 80 characters; `message` says what is wrong with it. Of a failed call, `column` is the call as it is
    written in the rules, and `value` what it was asked of. Of a file that cannot be read to its end, `value` is its name,
    and `row` the first of its rows that is not there.
    """

    row: int
    column: str
    rules: tuple[str, ...]
    value: str
    message: str
    is_call: bool = False
    is_file: bool = False

    def __str__(self) -> str:
        if self.is_file:
            return self.message
        if self.is_call:
            return f"`{self.column}` failed in row {self.row + 1}: {self.message}"
        where = f"column `{self.column}` of row {self.row + 1}" if self.column else f"row {self.row + 1}"
        return f"{where} cannot be read: {self.message}"


Faults: TypeAlias = tuple[Fault, ...]
