"""How a dataset is to be read: what the user says about a file that the file itself does not say.

This module is imported by every command, so it imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from snorkel_dsl.diagnostics import Diagnostic, RulesError

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".data": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".xlsx": "xlsx",
}
"""The format that each ending of a file's name stands for."""

WRITTEN = (".parquet", ".csv", ".jsonl")
"""The endings of the files that can be written."""


@dataclass(frozen=True)
class ReadOptions:
    """What is said about a dataset.

    `format` overrides the file's ending; `encoding` and `delimiter` override what is detected; `header` False means that
    the first row is data, `names` names the columns then; `missing` are the texts that stand for a missing value beside
    an empty cell; `columns` maps a column of the rules (its name there, or its `from column` name) to one of the data.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True
    names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unreadable:
    """A row that cannot be read: its number counted from 0, what stands there (shortened), and what is wrong."""

    row: int
    value: str
    message: str


def refusal(kind: str, message: str, *helps: str) -> RulesError:
    """The error that ends a run which cannot start: one diagnostic without a place in a rules file."""
    return RulesError([Diagnostic(kind, message, helps=helps)])


def shortened(text: str, length: int = 80) -> str:
    """A text on one line and no longer than that."""
    flat = text.replace("\r", "\\r").replace("\n", "\\n")
    return flat if len(flat) <= length else flat[: length - 1] + "…"
