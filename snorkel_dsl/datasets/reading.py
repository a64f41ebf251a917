"""Any data as Arrow record batches: files by their ending or their first bytes, frames by the Arrow interface.

A `Dataset` can be read any number of times. A pass yields the asked columns in batches of bounded size and notes the rows
that could not be read; those come as rows of nulls, in their place. (A `.json` or `.xlsx` file and a stream are read
whole.) Values keep the type that the data gives them; cells of CSV and Excel are text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from snorkel_dsl.datasets import jsons
from snorkel_dsl.datasets.csvs import Row, column_names, open_csv
from snorkel_dsl.datasets.encodings import checked_encoding
from snorkel_dsl.datasets.missing import no_such_data
from snorkel_dsl.datasets.options import FORMATS, ReadOptions, Unreadable, refusal
from snorkel_dsl.diagnostics import did_you_mean

BATCH_ROWS = 65_536
BATCH_CHARACTERS = 32 << 20  # a batch of long texts is cut earlier
_BUFFER = 1 << 20  # bytes of a column that are read at once

Batches = Callable[["Dataset", Sequence[str]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class LostFile:
    """One of several files that cannot be read to its end: the row of the data at which it breaks off, its name, and why.

    `rows` is the number of rows that are not there for it, where that is known.
    """

    row: int
    name: str
    message: str
    rows: int | None = None


@dataclass
class Dataset:
    """Data under a name: its columns (nested ones dotted), its number of rows where known, and how to read it.

    `size` is the size of its file in bytes; `notes` are remarks for the user; `unreadable` the rows that the latest pass
    could not read; `all_columns` looks at every record where `columns` comes from the first ones only. Of a text file,
    `position` says how many of its bytes the pass has read. `lost` are the files, of several, that the pass could not
    read to their end.
    """

    name: str
    columns: tuple[str, ...]
    read: Batches
    rows: int | None = None
    notes: tuple[str, ...] = ()
    all_columns: Callable[[], tuple[str, ...]] | None = None
    unreadable: list[Unreadable] = field(default_factory=list)
    size: int | None = None
    position: int | None = None
    lost: list[LostFile] = field(default_factory=list)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """One pass over the data: record batches of these columns, in order.

        They are cut alike in every pass: a file's batches depend on what it holds, and on nothing else. Raises RulesError
        where the data cannot be read to its end.
        """
        self.unreadable, self.lost, self.position = [], [], None
        rows = 0
        try:
            for batch in self.read(self, columns):
                rows += batch.num_rows
                yield batch
        except MemoryError:
            raise
        except (pa.ArrowException, OSError) as wrong:
            message = f"`{self.name}` cannot be read after row {rows:,} ({_first_line(wrong)})"
            raise refusal("bad-data-file", message) from None

    def has(self, column: str) -> bool:
        """Whether there is a column of that name, in any record."""
        if column not in self.columns and self.all_columns is not None:
            self.columns, self.all_columns = self.all_columns(), None
        return column in self.columns

    def require(self, column: str, what: str) -> None:
        """Raise RulesError, with a suggestion, where the data has no such column."""
        if not self.has(column):
            close = did_you_mean(column, self.columns)
            helps = [f"did you mean `{close}`?"] if close else []
            raise refusal("missing-column", f"`{self.name}` has no column `{column}` {what}", *helps, self.listing)

    @property
    def listing(self) -> str:
        """The columns that there are, as a sentence."""
        if not self.columns:
            return "it has no columns: there is no row in it that can be read"
        shown = ", ".join(f"`{column}`" for column in self.columns[:20])
        return f"its columns are {shown}" + (f" and {len(self.columns) - 20} more" if len(self.columns) > 20 else "")


# --------------------------------------------------------------------------------------------------------------- files


def open_dataset(path: Path, options: ReadOptions | None = None, name: str | None = None) -> Dataset:
    """The data in a file. Raises RulesError where it is missing, of an unknown format, or not what its format says."""
    options, name = options or ReadOptions(), name or path.name
    if not path.is_file():
        raise no_such_data(path)
    readers = {
        "parquet": _parquet,
        "csv": _csv,
        "jsonl": _jsonl,
        "json": _json,
        "arrow": _arrow,
        "xlsx": _xlsx,
    }
    data = readers[options.format or _format_of(path, name)](path, name, options)
    data.size = path.stat().st_size
    return data


def _format_of(path: Path, name: str) -> str:
    """The format of a file by its ending, or, without one, by its first bytes."""
    if known := FORMATS.get(path.suffix.lower()):
        return known
    if path.suffix:
        raise refusal(
            "unknown-format",
            f"`{name}` ends in `{path.suffix}`, and that is no format of data",
            f"the endings are {', '.join(FORMATS)}",
            "or say what it is: `--data-format csv`",
        )
    with path.open("rb") as file:
        start = file.read(64)
    for magic, found in ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\xff\xff\xff\xff", "arrow"), (b"PK", "xlsx")):
        if start.startswith(magic):
            return found
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "json" if text.startswith(b"[") else "jsonl" if text.startswith(b"{") else "csv"


def _parquet(path: Path, name: str, options: ReadOptions) -> Dataset:
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError) as wrong:
        raise refusal("bad-data-file", f"`{name}` is not a Parquet file ({_first_line(wrong)})") from None

    def read(_: Dataset, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Neither a whole row group nor what lies ahead is held: a file may be one row group, of any size.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
            leaves = sorted({column if column in schema.names else _leaf(schema, column) for column in columns})
            for batch in file.iter_batches(_rows_at_once(file.metadata, leaves), columns=leaves, use_threads=False):
                yield from cut(_picked(batch, columns, options))

    return Dataset(name, _schema_names(schema), read, rows)


def _rows_at_once(metadata: pq.FileMetaData, columns: Sequence[str]) -> int:
    """How many rows of these columns go into a batch: a power of two, so that it rarely changes when rows are added."""
    largest = 0.0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        chunks = (group.column(place) for place in range(group.num_columns))
        used = (chunk for chunk in chunks if any(_lies_in(chunk.path_in_schema, column) for column in columns))
        largest = max(largest, sum(chunk.total_uncompressed_size for chunk in used) / max(group.num_rows, 1))
    rows = BATCH_ROWS
    while rows > 1 and rows * largest > BATCH_CHARACTERS:
        rows //= 2
    return rows


def _lies_in(path: str, column: str) -> bool:
    return path == column or path.startswith(column + ".")


def _arrow(path: Path, name: str, options: ReadOptions) -> Dataset:
    def batches() -> Iterator[pa.RecordBatch]:
        with pa.OSFile(str(path), "rb") as file:
            reader = _arrow_reader(file)
            if isinstance(reader, pa.RecordBatchFileReader):
                yield from (reader.get_batch(index) for index in range(reader.num_record_batches))
            else:
                yield from reader

    try:
        with pa.OSFile(str(path), "rb") as file:
            schema = _arrow_reader(file).schema
    except (pa.ArrowException, OSError) as wrong:
        raise refusal("bad-data-file", f"`{name}` is not an Arrow file ({_first_line(wrong)})") from None
    return _of_batches(name, schema, batches, None, options)


def _arrow_reader(file: Any) -> Any:
    try:
        return pa.ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        return pa.ipc.open_stream(file)


def _csv(path: Path, name: str, options: ReadOptions) -> Dataset:
    file = open_csv(path, name, options)
    note = f"`{name}` is not UTF-8: it is read as {file.encoding} (`--encoding` says otherwise)"

    def read(data: Dataset, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with file.opened() as text:
            yield from _cells(data, file.rows(text), file.columns, columns, _position(text))

    return Dataset(name, file.columns, read, notes=(note,) if file.guessed else ())


def _xlsx(path: Path, name: str, options: ReadOptions) -> Dataset:
    try:
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError:
        raise refusal(
            "unknown-format",
            f"`{name}` cannot be read: reading an Excel file needs openpyxl",
            'install it: `pip install "snorkel-dsl[excel]"`',
        ) from None
    from zipfile import BadZipFile

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, OSError) as wrong:
        raise refusal("bad-data-file", f"`{name}` is not an Excel file ({_first_line(wrong)})") from None
    try:
        sheet = [[_excel_cell(value) for value in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()
    if not sheet:
        raise refusal("empty-data", f"`{name}` has no rows")
    names = column_names([cell or "" for cell in sheet[0]], name, options)
    gone = frozenset(options.missing)
    rows: list[Row] = [[None if cell in gone else cell for cell in row] for row in sheet[1 if options.header else 0 :]]

    def read(data: Dataset, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return _cells(data, iter(rows), names, columns)

    return Dataset(name, names, read, len(rows))


def _excel_cell(value: object) -> str | None:
    """A cell of a sheet as the text that a CSV export would hold."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip(" \t") or None


def _jsonl(path: Path, name: str, options: ReadOptions) -> Dataset:
    encoding = checked_encoding(path, name, options.encoding)

    def names(most: int | None) -> tuple[str, ...]:
        with path.open(encoding=encoding) as text:
            return jsons.names_of(islice(jsons.json_lines(text), most))

    def read(data: Dataset, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with path.open(encoding=encoding) as text:
            yield from _fields(data, jsons.json_lines(text), columns, options, _position(text))

    return Dataset(name, names(1_000), read, all_columns=lambda: names(None))


def _json(path: Path, name: str, options: ReadOptions) -> Dataset:
    return of_records(jsons.json_records(path, name, options), name, options)


def of_records(records: Sequence[jsons.Record], name: str, options: ReadOptions) -> Dataset:
    """Records in memory as data."""

    def read(data: Dataset, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return _fields(data, iter(records), columns, options)

    return Dataset(name, jsons.names_of(records), read, len(records))


# -------------------------------------------------------------------------------------------------------------- frames


def dataset_of(data: Any, options: ReadOptions | None = None) -> Dataset:
    """Data in Python: a path, a pandas or Polars frame, anything of Arrow, or an iterable of mappings.

    Raises RulesError for anything else. A stream that can be read once is read into memory.
    """
    options = options or ReadOptions()
    match data:
        case Dataset():
            return data
        case str() | Path():
            return open_dataset(Path(data), options)
        case pa.RecordBatch():
            return _of_table(pa.Table.from_batches([data]), options)
        case pa.Table():
            return _of_table(data, options)
    if hasattr(data, "to_frame") and not hasattr(data, "columns"):
        advice = 'give a frame: `data.to_frame("text")`'
        raise refusal("unknown-format", f"a `{type(data).__name__}` is a column, not rows", advice)
    if type(data).__module__.split(".")[0] == "pandas":
        return _of_table(_from_pandas(data), options)
    if hasattr(data, "__arrow_c_stream__"):
        return _of_table(pa.RecordBatchReader.from_stream(data).read_all(), options)
    if hasattr(data, "collect"):  # a lazy frame
        return dataset_of(data.collect(), options)
    if isinstance(data, Iterable) and not isinstance(data, Mapping | bytes):
        return of_records(jsons.records_of(_rows(data)), "the data", options)
    raise refusal(
        "unknown-format",
        f"a `{type(data).__name__}` is no data",
        "give a path, a pandas or Polars data frame, an Arrow table, or a list of dicts",
    )


def _rows(data: Iterable[object]) -> list[object]:
    """The rows of an iterable. Raises RulesError where none of them is a mapping."""
    rows = list(data)
    if rows and not any(isinstance(row, Mapping) for row in rows):
        kind = type(rows[0]).__name__
        raise refusal("unknown-format", f"a row cannot be a `{kind}`", 'rows are mappings: `[{"text": …}, …]`')
    return rows


def _from_pandas(frame: Any) -> pa.Table:
    """A pandas frame as an Arrow table; NaN is missing, and a column of mixed values becomes text."""
    import pandas as pd

    columns = {}
    for name in frame.columns:
        try:
            columns[str(name)] = pa.Array.from_pandas(frame[name])
        except (pa.ArrowException, OverflowError):
            columns[str(name)] = _array([None if pd.api.types.is_scalar(v) and pd.isna(v) else v for v in frame[name]])
    return pa.table(columns)


def _of_table(table: pa.Table, options: ReadOptions) -> Dataset:
    def batches() -> Iterator[pa.RecordBatch]:
        return iter(table.to_batches(max_chunksize=BATCH_ROWS))

    return _of_batches("the data", table.schema, batches, table.num_rows, options)


def _of_batches(
    name: str,
    schema: pa.Schema,
    batches: Callable[[], Iterator[pa.RecordBatch]],
    rows: int | None,
    options: ReadOptions,
) -> Dataset:
    def read(_: Dataset, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in batches():
            for start in range(0, batch.num_rows, BATCH_ROWS):
                yield from cut(_picked(batch.slice(start, BATCH_ROWS), columns, options))

    return Dataset(name, _schema_names(schema), read, rows)


# ------------------------------------------------------------------------------------------------------------- batches


def _position(text: TextIOWrapper) -> Callable[[], int]:
    """Says how many bytes of a file have been read."""
    buffer: Any = text.buffer
    return cast(Callable[[], int], buffer.tell)


def cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in parts of bounded size, halved until they are; a row that is larger by itself is a part."""
    if batch.num_rows <= 1 or batch.nbytes <= 2 * BATCH_CHARACTERS:
        yield batch
        return
    half = batch.num_rows // 2
    yield from cut(batch.slice(0, half))
    yield from cut(batch.slice(half))


def _cells(
    data: Dataset,
    rows: Iterator[Row],
    names: tuple[str, ...],
    columns: Sequence[str],
    position: Callable[[], int] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Batches of text columns from rows of cells; `position` says how far into the file they reach."""
    places = [names.index(column) for column in columns]
    schema = pa.schema([(column, pa.large_string()) for column in columns])
    kept: list[list[str | None]] = []
    characters = 0
    for row in rows:
        if isinstance(row, Unreadable):
            data.unreadable.append(row)
            kept.append([None] * len(places))
        else:
            chosen = [row[place] for place in places]
            characters += sum(len(cell) for cell in chosen if cell)
            kept.append(chosen)
        if len(kept) == BATCH_ROWS or characters > BATCH_CHARACTERS:
            data.position = position and position()
            yield _transposed(kept, schema)
            kept, characters = [], 0
    if kept:
        data.position = position and position()
        yield _transposed(kept, schema)


def _transposed(rows: list[list[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    if not schema.names:
        return _without_columns(len(rows))
    arrays = [pa.array(cells, pa.large_string()) for cells in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _fields(
    data: Dataset,
    records: Iterator[jsons.Record],
    columns: Sequence[str],
    options: ReadOptions,
    position: Callable[[], int] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Batches from records; `position` says how far into the file they reach."""
    missing = frozenset(options.missing)
    while chunk := _chunk(records, position):
        data.unreadable.extend(record for record in chunk if isinstance(record, Unreadable))
        data.position = position and position()
        arrays = [_array(jsons.column(chunk, column, missing)) for column in columns]
        yield pa.RecordBatch.from_arrays(arrays, names=list(columns)) if columns else _without_columns(len(chunk))


def _chunk(records: Iterator[jsons.Record], position: Callable[[], int] | None) -> list[jsons.Record]:
    """The records of the next batch: so many rows, or so many bytes of the file."""
    if position is None:
        return list(islice(records, BATCH_ROWS // 4))
    start, chunk = position(), list[jsons.Record]()
    for record in records:
        chunk.append(record)
        if len(chunk) == BATCH_ROWS // 4 or position() - start > BATCH_CHARACTERS:
            break
    return chunk


def widened(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """A batch with all of these columns, in their order; one that it lacks is missing in every row."""
    if not columns or batch.schema.names == list(columns):
        return batch
    names = batch.schema.names
    arrays = [batch.column(name) if name in names else pa.nulls(batch.num_rows) for name in columns]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _without_columns(rows: int) -> pa.RecordBatch:
    """A batch that has rows and nothing else."""
    return pa.RecordBatch.from_arrays([pa.nulls(rows)], names=[""])


def _array(values: Sequence[Any]) -> Any:
    """Values as an Arrow array; where their types do not go together, as text."""
    import json

    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        texts = [v if v is None or isinstance(v, str) else json.dumps(v, default=str) for v in values]
        return pa.array(texts, pa.large_string())


def _schema_names(schema: pa.Schema) -> tuple[str, ...]:
    """The names of all columns; those inside a struct by dotted names."""

    def names(field: pa.Field[Any], before: str) -> Iterator[str]:
        if pa.types.is_struct(field.type):
            for inner in field.type:
                yield from names(inner, f"{before}{field.name}.")
        else:
            yield before + field.name

    return tuple(name for field in schema for name in names(field, ""))


def _top(schema: pa.Schema, column: str) -> str:
    """The name of the top-level column that holds a column."""
    if column in schema.names:
        return column
    parts = column.split(".")
    return next(".".join(parts[:n]) for n in range(1, len(parts)) if ".".join(parts[:n]) in schema.names)


def _leaf(schema: pa.Schema, column: str) -> str:
    """What a Parquet file is asked for: the part of a column that is wanted, unless another column has its name."""
    top = _top(schema, column)
    return top if any(name.startswith(top + ".") for name in schema.names) else column


def _picked(batch: pa.RecordBatch, columns: Sequence[str], options: ReadOptions) -> pa.RecordBatch:
    """The asked columns of a batch, with the texts for missing values made null."""
    if not columns:
        return _without_columns(batch.num_rows)
    arrays = [_without(_inner(batch, column), options.missing) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _inner(batch: pa.RecordBatch, column: str) -> Any:
    top = _top(batch.schema, column)
    array = batch.column(top)
    rest = column[len(top) + 1 :]
    while rest:
        name = next(f.name for f in array.type if rest == f.name or rest.startswith(f.name + "."))
        array = pc.struct_field(array, [array.type.get_field_index(name)])
        rest = rest[len(name) + 1 :]
    return array


def _without(array: Any, missing: tuple[str, ...]) -> Any:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not missing or not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return array
    gone = pc.is_in(pc.utf8_trim_whitespace(array), pa.array(missing, array.type))
    return pc.if_else(gone, pa.scalar(None, array.type), array)


def _first_line(wrong: BaseException) -> str:
    return str(wrong).splitlines()[0] if str(wrong) else type(wrong).__name__
