"""From a dataset to votes: finds the columns that the rules read, feeds the engine, and keeps account of every fault.

A row that the reader could not read is broken in all its columns, so every function abstains on it.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from snorkel_dsl.datasets.options import ReadOptions, Unreadable, refusal
from snorkel_dsl.datasets.reading import Dataset, LostFile
from snorkel_dsl.diagnostics import Diagnostic, did_you_mean
from snorkel_dsl.engine import run
from snorkel_dsl.engine.faults import Fault
from snorkel_dsl.engine.profile import each
from snorkel_dsl.engine.values import Array
from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.language import ir
from snorkel_dsl.votes import LabelMatrix

_ADORNED_NUMBER = re.compile(r"[^\w\s]?\s*[-+]?\d[\d.,' ]*\s*\S{0,3}")
_CHOICES = re.compile(r"`([^`]*)`")
_MISSING_MARKERS = {
    "n/a",
    "na",
    "#n/a",
    "nan",
    "null",
    "none",
    "nil",
    "-",
    "--",
    "–",
    "?",
    ".",
    "unknown",
    "missing",
    "\\n",
}


@dataclass
class FaultCount:
    """The faults of a pass: all of them where `keep`, else the first of each column; how many, and on how many rows.

    `present` counts the values of each column of the rules that were there at all; `files` are those that could not be
    read to their end, whose rows count too: as many as are known not to be there, or one.
    """

    keep: bool = True
    faults: list[Fault] = field(default_factory=list)
    by_column: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)
    files: list[Fault] = field(default_factory=list)
    rows: int = 0

    def add(self, found: Sequence[Fault]) -> None:
        """Count the faults of one batch."""
        self.rows += len({fault.row for fault in found})
        for fault in found:
            if self.keep or not self.by_column[fault.column]:
                self.faults.append(fault)
            self.by_column[fault.column] += 1

    def add_files(self, lost: Sequence[LostFile]) -> None:
        """Count the files that could not be read."""
        for file in lost:
            gone = f"{file.message}; {file.rows:,} of its rows are not there" if file.rows else file.message
            self.files.append(Fault(file.row, "", (), file.name, gone, is_file=True))
            self.rows += file.rows or 1

    @property
    def all(self) -> list[Fault]:
        """Every fault that is kept."""
        return [*self.faults, *self.files]

    @property
    def number(self) -> int:
        """How many there are."""
        return self.by_column.total() + len(self.files)


@dataclass(frozen=True)
class Fed:
    """One batch: its votes, and the further columns that were asked for, row for row.

    `position` is where in the bytes of the data it ends, where the reader knows.
    """

    votes: LabelMatrix
    extra: pa.RecordBatch
    position: int | None = None


def columns_read(program: ir.Program) -> list[ir.DataColumn]:
    """The declared columns that some function reads."""
    read = frozenset[str]().union(*(function.columns for function in program.functions))
    return [column for column in program.columns if column.name in read]


def data_columns(program: ir.Program, data: Dataset, options: ReadOptions) -> dict[str, str]:
    """For the source of each column that is read, the column of the data. Raises RulesError where one is missing."""
    known = {name for column in program.columns for name in (column.name, *column.sources)}
    for name in options.columns:
        if name not in known:
            close = did_you_mean(name, known)
            helps = (
                f"did you mean `{close}`?" if close else f"the rules have {', '.join(sorted(f'`{k}`' for k in known))}"
            )
            raise refusal("unknown-mapped-column", f"`--column {name}=…` names no column of the rules", helps)
    found: dict[str, str] = {}
    missing: list[tuple[str, str, str]] = []
    for column in columns_read(program):
        for source in column.sources:
            called = column.name if source == column.source else source  # what `--column` calls it
            found[source] = wanted = options.columns.get(called, options.columns.get(source, source))
            if not data.has(wanted):
                missing.append((column.name, called, wanted))
    if missing:
        from snorkel_dsl.diagnostics import RulesError

        raise RulesError(_missing_columns(missing, data))
    return found


def _missing_columns(missing: Sequence[tuple[str, str, str]], data: Dataset) -> list[Diagnostic]:
    """One diagnostic for each missing column, with a column that is called alike; the last one lists what there is.

    `missing` holds the column of the rules, what `--column` calls its source, and the column that is not there.
    """
    found = []
    for column, called, wanted in missing:
        message = f"`{data.name}` has no column `{wanted}`"
        if column != wanted:
            message += f", from which `{column}` is read"
        close = _column_like(wanted, data.columns) or _column_like(called, data.columns)
        said = f"did you mean `{close}`? say so: " if close else "say which column it is: "
        helps = [f"{said}`--column {called}={close or 'COLUMN'}`"]
        found.append(Diagnostic("missing-column", message, helps=tuple(helps)))
    last = found[-1]
    return [*found[:-1], replace(last, helps=(*last.helps, data.listing))]


def _column_like(name: str, columns: Sequence[str]) -> str | None:
    """The column whose name, or the last part of it, is most like a name."""
    last_parts = {column.rpartition(".")[2]: column for column in reversed(columns)}
    close = did_you_mean(name, columns)
    return close or last_parts.get(did_you_mean(name, last_parts) or "")


def feed(
    program: ir.Program,
    data: Dataset,
    options: ReadOptions,
    faults: FaultCount,
    extra: Sequence[str] = (),
    facts: RuleFacts | None = None,
    processes: int = 1,
) -> Iterator[Fed]:
    """The votes of a program on a dataset, batch by batch and in order; `faults` is filled on the way.

    What was computed before is not computed again (`engine.cache`). Raises RulesError where a column is missing.
    """
    sources = data_columns(program, data, options)
    asked = list(dict.fromkeys([*sources.values(), *extra]))
    read = {column.name: sources[column.source] for column in columns_read(program)}
    waiting: deque[_Waiting] = deque()

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in each("read", data.batches(asked)):
            bad, data.unreadable = data.unreadable, []
            present = {name: _present(batch.column(source)) for name, source in read.items()}
            waiting.append(_Waiting(batch.select(list(extra)), present, bad, data.position))
            yield _renamed(batch, sources)

    first_row = 0
    for votes, found in run.apply(program, batches(), facts, processes=processes, cache=True):
        part = waiting.popleft()
        faults.add([Fault(row.row, "", (), row.value, row.message) for row in part.unreadable])
        faults.add(found)
        faults.present.update(part.present)
        yield Fed(without_rows(votes, [row.row - first_row for row in part.unreadable]), part.extra, part.position)
        first_row += votes.n
    faults.add_files(data.lost)


@dataclass(frozen=True)
class _Waiting:
    """What is kept of a batch until its votes are there."""

    extra: pa.RecordBatch
    present: dict[str, int]
    unreadable: list[Unreadable]
    position: int | None


def _present(array: Array) -> int:
    return len(array) - int(array.null_count)


def _renamed(batch: pa.RecordBatch, sources: dict[str, str]) -> pa.RecordBatch:
    """The columns under the names by which the rules declare them."""
    if not sources:
        return batch
    return pa.RecordBatch.from_arrays([batch.column(name) for name in sources.values()], names=list(sources))


def without_rows(votes: LabelMatrix, rows: Sequence[int]) -> LabelMatrix:
    """A label matrix in which every function abstains on some rows."""
    if not rows:
        return votes
    kept = ~np.isin(votes.rows, rows)
    per_function = np.bincount(votes.function_of_vote[kept], minlength=len(votes.functions))
    indptr = np.concatenate([[0], np.cumsum(per_function)]).astype(np.int64)
    return replace(votes, indptr=indptr, rows=votes.rows[kept], codes=votes.codes[kept])


def votes_of(
    program: ir.Program,
    data: Dataset,
    options: ReadOptions,
    faults: FaultCount,
    extra: Sequence[str] = (),
    facts: RuleFacts | None = None,
) -> tuple[LabelMatrix, pa.Table]:
    """The votes on all rows, and the further columns as a table."""
    fed = list(feed(program, data, options, faults, extra, facts))
    if not fed:
        raise refusal("empty-data", f"`{data.name}` has no rows")
    if not extra:
        return LabelMatrix.concat([part.votes for part in fed]), pa.table({})
    table = pa.concat_tables([pa.Table.from_batches([part.extra]) for part in fed], promote_options="permissive")
    return LabelMatrix.concat([part.votes for part in fed]), table


# ------------------------------------------------------------------------------------------------- faults in words


def fault_diagnostics(faults: FaultCount) -> list[Diagnostic]:
    """What could not be read, in words: one diagnostic for each file, one for the rows, one for each column with bad values
    and one for each call.

    A column of which no value can be read is an error (`unreadable-column`), anything else a warning.
    """
    rest = "the rows that come before are there, and so are all other files"
    lost = [Diagnostic("unreadable-file", file.message, helps=(rest,), severity="warning") for file in faults.files]
    return [*lost, *(_about(column, faults) for column in faults.by_column)]


def _about(column: str, faults: FaultCount) -> Diagnostic:
    first = next(fault for fault in faults.faults if fault.column == column)
    number = faults.by_column[column]
    others = f", and {number - 1:,} more" if number > 1 else ""
    if not column:
        message = f"row {first.row + 1} cannot be read: {first.message}{others}"
        helps = (f"it begins `{first.value[:40]}`", "every rule abstains there")
        return Diagnostic("unreadable-row", message, helps=helps, severity="warning")
    if first.is_call:
        message = f"the call `{column}` failed in row {first.row + 1}: {first.message}{others}"
        helps = (
            f"it was asked of `{first.value[:40]}`",
            f"the rules that ask it abstain there: {_listed(first.rules)}",
        )
        return Diagnostic("failed-call", message, helps=helps, severity="warning")
    if number == faults.present[column]:
        message = (
            f"no value of the column `{column}` can be read: `{first.value}` in row {first.row + 1} is {first.message}"
        )
        return Diagnostic("unreadable-column", message, helps=_advice(first, column, all_bad=True))
    message = f"the column `{column}` holds `{first.value}` in row {first.row + 1}, which is {first.message}{others}"
    return Diagnostic("unreadable-value", message, helps=_advice(first, column, all_bad=False), severity="warning")


def _advice(fault: Fault, column: str, all_bad: bool) -> tuple[str, ...]:
    if fault.value.strip().lower() in _MISSING_MARKERS:
        return (f'if it stands for a missing value, say so: `--missing "{fault.value.strip()}"`',)
    if fault.message == "not a number" and _ADORNED_NUMBER.fullmatch(fault.value.strip()):
        plain = "a number is plain digits with a point, as in `2500.00`: no comma, currency or unit"
        return (plain, f"to take it as it is, declare `{column}` as text") if all_bad else (plain, _abstaining(fault))
    if all_bad:
        return (
            f"declare `{column}` as it is (`{column} text`), or read it from another column: `--column {column}=…`",
        )
    near = (
        did_you_mean(fault.value, _CHOICES.findall(fault.message)) if fault.message.startswith("not one of") else None
    )
    return (*([f"choices are compared letter by letter: is `{near}` meant?"] if near else []), _abstaining(fault))


def _abstaining(fault: Fault) -> str:
    return f"the rules that read `{fault.column}` abstain there: {_listed(fault.rules)}"


def _listed(rules: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{rule}`" for rule in rules[:3])
    return shown + (f" and {len(rules) - 3} more" if len(rules) > 3 else "")
