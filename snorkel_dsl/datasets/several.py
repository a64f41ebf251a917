"""Several files as one table: a folder, a pattern like `data/*.parquet`, or a list of files, read in sorted order.

A column that only some of the files have is missing in the others, and a note says so. A file that cannot be read, or
not to its end, is lost and reported as such; the others are read all the same. Where none can be read there is no data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from snorkel_dsl.datasets.missing import no_such_data
from snorkel_dsl.datasets.options import FORMATS, ReadOptions, refusal
from snorkel_dsl.datasets.reading import Dataset, LostFile, open_dataset, widened
from snorkel_dsl.diagnostics import RulesError

_UNREADABLE = ("bad-data-file", "bad-json", "wrong-encoding")  # faults of a file; anything else is one of the command


@dataclass(frozen=True)
class _Unopened:
    """A file that could not even be opened."""

    name: str
    message: str


_Part: TypeAlias = "Dataset | _Unopened"


def data_files(name: str) -> list[Path]:
    """The files that a name stands for, in sorted order: a file, those in a folder, or those that fit a pattern.

    In a folder, only files with an ending of data count, and none whose name begins with `.` or `_`. Raises RulesError
    where there is none.
    """
    path = Path(name)
    if path.is_dir():
        found = [file for file in path.iterdir() if file.is_file() and _is_data(file)]
        if not found:
            endings = ", ".join(FORMATS)
            raise refusal("missing-data", f"there is no data in the folder `{name}`", f"the endings are {endings}")
        return sorted(found)
    if path.exists() or not any(sign in name for sign in "*?["):
        return [path]
    matches = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    found = [match for match in matches if match.is_file() and not match.name.startswith(".")]
    if not found:
        raise refusal(
            "missing-data", f"no file fits `{name}`", "`*` stands for any part of a name, `**` for any folders"
        )
    return sorted(found)


def _is_data(path: Path) -> bool:
    return path.suffix.lower() in FORMATS and not path.name.startswith((".", "_"))


def open_files(paths: Sequence[Path], options: ReadOptions, name: str) -> Dataset:
    """The data in some files, one after the other. Raises RulesError where none of them can be read."""
    if len(paths) == 1:
        return open_dataset(paths[0], options, name if paths[0] == Path(name) else str(paths[0]))
    parts = [_opened(path, options) for path in paths]
    opened = [part for part in parts if isinstance(part, Dataset)]
    if not opened:
        open_dataset(paths[0], options, str(paths[0]))
        raise no_such_data(paths[0])
    rows = [part.rows for part in opened]
    return Dataset(
        name,
        tuple(dict.fromkeys(column for part in opened for column in part.columns)),
        lambda data, columns: _read(data, parts, columns),
        None if None in rows else sum(number or 0 for number in rows),
        (*(note for part in opened for note in part.notes), *_differences(opened)),
        lambda: tuple(dict.fromkeys(column for part in opened for column in _all_columns(part))),
        size=sum(part.size or 0 for part in opened),
    )


def _opened(path: Path, options: ReadOptions) -> _Part:
    try:
        return open_dataset(path, options, str(path))
    except RulesError as wrong:
        first = wrong.diagnostics[0]
        if first.kind == "empty-data":
            return Dataset(str(path), (), lambda data, columns: iter(()), 0, (first.message,))
        if first.kind not in _UNREADABLE:
            raise
        return _Unopened(str(path), first.message)
    except OSError as wrong:
        return _Unopened(str(path), f"`{path}` cannot be opened ({(wrong.strerror or str(wrong)).lower()})")


def _all_columns(part: Dataset) -> tuple[str, ...]:
    return part.all_columns() if part.all_columns is not None else part.columns


def _differences(parts: Sequence[Dataset]) -> Iterator[str]:
    """A note for each column that only some of the files have (of JSON lines nobody knows that beforehand)."""
    parts = [part for part in parts if part.columns and part.all_columns is None]
    for column in dict.fromkeys(column for part in parts for column in part.columns):
        without = [part.name for part in parts if column not in part.columns]
        if without:
            more = f" and {len(without) - 1} more files have" if len(without) > 1 else " has"
            yield f"`{without[0]}`{more} no column `{column}`: it is missing there"


def _read(data: Dataset, parts: Sequence[_Part], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """One pass over all files. A file's own counts become those of the whole."""
    row = size = 0
    for part in parts:
        if isinstance(part, _Unopened):
            data.lost.append(LostFile(row, part.name, part.message))
            continue
        first = row
        try:
            for batch in part.batches([column for column in columns if part.has(column)]):
                data.unreadable += [replace(bad, row=bad.row + first) for bad in part.unreadable]
                part.unreadable = []
                data.position = size + (part.position or 0)
                row += batch.num_rows
                yield widened(batch, columns)
        except RulesError as wrong:
            rest = None if part.rows is None else part.rows - (row - first)
            data.lost.append(LostFile(row, part.name, wrong.diagnostics[0].message, rest))
        size += part.size or 0
