"""Results as files: Parquet, CSV or JSON lines by the file's ending, whole or not at all, the same bytes every time."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from snorkel_dsl.datasets.files import beside, check_folder
from snorkel_dsl.datasets.options import WRITTEN, refusal
from snorkel_dsl.datasets.sparse import SparseBatch, SparseWriter
from snorkel_dsl.diagnostics import did_you_mean

_ROWS_AT_ONCE = 1 << 17  # of a table
_MOST_WAITING = 2  # batches that are made and not yet written
B = TypeVar("B", contravariant=True)


class Write(Protocol[B]):
    """Takes one batch after another."""

    def __call__(self, batch: B) -> None:
        """Write a batch of the schema that the file was opened with."""
        ...


def check_writable(path: Path) -> None:
    """Raise RulesError where the ending is unknown or the folder is not there: before any work is done."""
    if not path.name:
        raise refusal("missing-folder", f"`{path}` is a folder", "name a file in it")
    if path.suffix.lower() not in WRITTEN:
        close = did_you_mean(path.suffix.lower(), WRITTEN) or ".parquet"
        what = f"`{path.name}` ends in `{path.suffix}`" if path.suffix else f"`{path.name}` has no ending"
        raise refusal(
            "unknown-output-format",
            f"{what}, and nothing is written so",
            f"write `{path.with_suffix(close)}`: results go to {', '.join(WRITTEN[:-1])} or {WRITTEN[-1]} files",
        )
    check_folder(path)


@contextmanager
def open_output(path: Path, schema: pa.Schema) -> Iterator[Write[pa.RecordBatch]]:
    """Open a file for batches of a schema; `path` has been checked by `check_writable`."""
    writer = {".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl}[path.suffix.lower()]
    with _refusing(path), writer(BytesIO(), schema) as write:
        write(pa.RecordBatch.from_pylist([], schema))
    with beside(path) as file, writer(file, schema) as write, _behind(write) as later:
        yield later


@contextmanager
def open_sparse(path: Path, schema: pa.Schema, sparse: Sequence[int]) -> Iterator[Write[SparseBatch]]:
    """Open a Parquet file for batches whose columns at the places `sparse` of the schema are -1 in nearly every row."""
    with _refusing(path):
        writer = SparseWriter(schema, sparse, **_parquet_options(schema))
    with beside(path) as file:
        writer.open(file)
        with _behind(writer.write) as later:
            yield later
        writer.close()


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Raises RulesError where the file cannot hold what it is tried with."""
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as wrong:
        raise refusal(
            "unknown-output-format", f"`{path}` cannot hold a column that is kept: {wrong}", "write a .jsonl file"
        ) from None


@contextmanager
def _behind(write: Write[B]) -> Iterator[Write[B]]:
    """Write in a thread of its own, while the next batches are made; what goes wrong is raised a few batches later."""
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1) as thread:

        def later(batch: B) -> None:
            waiting.append(thread.submit(write, batch))
            if len(waiting) > _MOST_WAITING:
                waiting.popleft().result()

        yield later
        while waiting:
            waiting.popleft().result()


def write_table(path: Path, table: pa.Table) -> None:
    """Write a whole table, a part of its rows at a time: what a file takes to write does not grow with them."""
    check_writable(path)
    with open_output(path, table.schema) as write:
        for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
            write(batch)


@contextmanager
def _parquet(file: BinaryIO, schema: pa.Schema) -> Iterator[Write[pa.RecordBatch]]:
    with pq.ParquetWriter(file, schema, **_parquet_options(schema)) as writer:
        yield writer.write_batch


def _parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """Of small whole numbers zstd makes as little without a dictionary, in half the time."""
    others = [_leaf(field) for field in schema if not pa.types.is_integer(field.type) or field.type.bit_width > 16]
    return {"compression": "zstd", "use_dictionary": others, "write_statistics": others}


def _leaf(field: pa.Field[Any]) -> str:
    """The name under which Parquet knows the values of a column."""
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name


@contextmanager
def _csv(file: BinaryIO, schema: pa.Schema) -> Iterator[Write[pa.RecordBatch]]:
    flat = pa.schema([(field.name, pa.string() if _as_text(field.type) else field.type) for field in schema])
    with pa_csv.CSVWriter(file, flat) as writer:

        def write(batch: pa.RecordBatch) -> None:
            writer.write_batch(pa.RecordBatch.from_arrays([_flat(column) for column in batch.columns], schema=flat))

        yield write


def _as_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_nested(type_) or pa.types.is_string_view(type_))


def _flat(array: Any) -> Any:
    """A list of texts as one text with `|` between them; anything else nested as JSON."""
    if not _as_text(array.type):
        return array
    if pa.types.is_string_view(array.type):
        return array.cast(pa.string())
    if pa.types.is_list(array.type) and pa.types.is_string(array.type.value_type):
        return pc.binary_join(array, "|")
    return pa.array([None if v is None else json.dumps(_plain(v), ensure_ascii=False) for v in array.to_pylist()])


@contextmanager
def _jsonl(file: BinaryIO, schema: pa.Schema) -> Iterator[Write[pa.RecordBatch]]:
    def write(batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            file.write(json.dumps(_plain(row), ensure_ascii=False, default=str).encode() + b"\n")

    yield write


def _plain(value: Any) -> Any:
    """A value as JSON knows it: no NaN."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value
