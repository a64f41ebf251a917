"""Typed columns of one batch of rows, read from Arrow.

A declared column is read by its declared type, whatever the data's own: a number may stand in the data as text, yes as
`true` or 1, a time as ISO 8601. What cannot be read is a fault: the value counts as missing, the row is marked broken for
this column, and whoever reads the column abstains there. An empty cell is the reader's business: it arrives as null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from snorkel_dsl.diagnostics import Diagnostic, RulesError, did_you_mean
from snorkel_dsl.engine import spans
from snorkel_dsl.engine.faults import Fault
from snorkel_dsl.engine.lists import read_list
from snorkel_dsl.engine.values import Array, Mask, Numbers, Objects, Texts, Value, from_python, null_mask, numpy_bools
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind, Type

BATCH_ROWS = 65_536  # about 10 MB of sentences: large enough to amortise a scan, small enough to bound memory
BATCH_BYTES = 128 << 20

_PLAIN_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_ISO_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)?)?",
    re.ASCII,
)
_YES = ("yes", "true", "1")
_NO = ("no", "false", "0")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Table:
    """n rows of typed columns by their name in the rules, and for each column with faults where it is broken."""

    n: int
    columns: dict[str, Value]
    broken: dict[str, Mask]

    @classmethod
    def from_batch(
        cls,
        batch: pa.RecordBatch,
        program: ir.Program,
        first_row: int = 0,
        readers: Mapping[str, Sequence[str]] | None = None,
    ) -> tuple[Table, list[Fault]]:
        """Read the columns that the program's functions use from a batch whose first row is number `first_row`.

        `readers` are what `readers_of` says of the program, where it is known. Raises RulesError where the batch lacks a
        column.
        """
        readers = readers_of(program) if readers is None else readers
        columns, broken, faults = {}, {}, []
        for column in program.columns:
            if column.name not in readers:
                continue
            found = [_find(batch, column, source) for source in column.sources]
            value, bad = _read_span(batch, program, column) if column.type.of else _read(found[0], column.type)
            columns[column.name] = value
            if bad:
                broken[column.name] = _marks(bad, batch.num_rows)
                rules = tuple(readers[column.name])
                faults += [_fault(first_row, row, column.name, rules, found[0], bad[row]) for row in sorted(bad)]
        return cls(batch.num_rows, columns, broken), faults


def readers_of(program: ir.Program) -> dict[str, list[str]]:
    """By column, the functions that read it."""
    readers: dict[str, list[str]] = {}
    for function in program.functions:
        for name in function.columns:
            readers.setdefault(name, []).append(function.name)
    return readers


def batches(data: Any, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Cut data into record batches of at most `size` rows and, unless a single row is larger, BATCH_BYTES, in order.

    `data` is a pyarrow Table, RecordBatch or RecordBatchReader, a pandas or Polars data frame, anything else with
    `__arrow_c_stream__`, a list of dicts, or an iterable of record batches. Raises RulesError for anything else.
    """
    for batch in _record_batches(data):
        start = 0
        while start < batch.num_rows:
            rows = min(size, batch.num_rows - start)
            while rows > 1 and batch.slice(start, rows).nbytes > BATCH_BYTES:
                rows //= 2
            yield batch.slice(start, rows)
            start += rows


def _record_batches(data: Any) -> Iterable[pa.RecordBatch]:
    """The data as record batches, cut in any way."""
    if isinstance(data, pa.RecordBatch):
        return [data]
    if isinstance(data, pa.Table | pa.RecordBatchReader):
        return data.to_batches() if isinstance(data, pa.Table) else data
    if type(data).__module__.startswith("pandas."):
        return pa.Table.from_pandas(data, preserve_index=False).to_batches()
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    if isinstance(data, list | tuple) and all(isinstance(row, dict) for row in data):
        return _from_dicts(data)
    if isinstance(data, Iterable) and not isinstance(data, str | bytes | dict):
        return _only_batches(data)
    message = f"cannot read rows from a `{type(data).__name__}`"
    help_ = "give a pandas or Polars data frame, a pyarrow table, or a list of dicts"
    raise RulesError([Diagnostic("unknown-format", message, helps=(help_,))])


def _from_dicts(rows: list[dict[str, Any]] | tuple[dict[str, Any], ...]) -> list[pa.RecordBatch]:
    """Rows as dicts, each with its own keys, as one batch: a key that a row lacks is missing there."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        nothing: Array = pa.array([{} for _ in rows], pa.struct([]))
        return [pa.RecordBatch.from_struct_array(nothing)]
    return [pa.RecordBatch.from_arrays([_array([row.get(name) for row in rows]) for name in names], names)]


def _array(values: list[Any]) -> Array:
    """Python values as an Arrow array; values of several types become text, so that each is read or reported alone."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.large_string())


def _only_batches(data: Iterable[Any]) -> Iterator[pa.RecordBatch]:
    """An iterable of record batches (or tables), checked one by one."""
    for item in data:
        yield from _record_batches(item)


def _find(batch: pa.RecordBatch, column: ir.DataColumn, source: str) -> Array:
    """The batch's array of one of the sources of a declared column."""
    names = batch.schema.names
    if source in names:
        return batch.column(names.index(source))
    close = did_you_mean(source, names)
    helps = (f"did you mean `{close}`?",) if close else (f"its columns are {', '.join(f'`{n}`' for n in names)}",)
    message = f"the data has no column `{source}`"
    if source != column.name:
        message += f", from which `{column.name}` is read"
    raise RulesError([Diagnostic("missing-column", message, helps=helps)])


def _marks(bad: dict[int, str], n: int) -> Mask:
    """A mask of the rows that are broken."""
    mask = np.zeros(n, bool)
    mask[list(bad)] = True
    return mask


def _fault(first_row: int, row: int, column: str, rules: tuple[str, ...], array: Array, message: str) -> Fault:
    """The fault of one cell."""
    value = str(array[row].as_py())
    return Fault(first_row + row, column, rules, value if len(value) <= 80 else value[:79] + "…", message)


# --------------------------------------------------------------------------------------------------- reading one column

Read = tuple[Value, dict[int, str]]


def _read(array: Array, type_: Type) -> Read:
    """A column as its declared type, and what is wrong at the rows that cannot be read."""
    array = _plain(array)
    match type_.kind:
        case Kind.TEXT:
            return _read_text(array)
        case Kind.CHOICE:
            return _read_choice(array, type_.choices)
        case Kind.NUMBER:
            return _read_number(array, type_)
        case Kind.YES_NO:
            return _read_each(array, type_.kind, _yes_no)
        case Kind.TIME:
            return _read_time(array)
        case Kind.TEXTS:
            return _read_each(array, type_.kind, _texts)
        case Kind.NUMBERS:
            return _read_each(array, type_.kind, _numbers)
    return _read_each(array, type_.kind, lambda value: (None, f"a column cannot hold a {type_.kind.value}"))


def _is_text(array: Array) -> bool:
    """Whether an array holds text, in whichever of Arrow's layouts."""
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return any(kind(array.type) for kind in kinds)


def _read_text(array: Array) -> Read:
    """Text as it is; whole numbers and yes/no as they are written; anything else is a fault."""
    if _is_text(array) or pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return Texts(_compact(pc.cast(array, pa.large_string()))), {}
    bad = dict.fromkeys(np.flatnonzero(_present(array)).tolist(), "not text")
    return Texts(pa.nulls(len(array), pa.large_string())), bad


def _compact(array: Array) -> Array:
    """The same array in buffers of its own size: a slice of a large batch must not keep or join all of it."""
    return array if array.offset == 0 else pa.concat_arrays([array.slice(0, 0), array])


def _present(array: Array) -> Mask:
    """Where an array is not null."""
    return numpy_bools(array.is_valid())


def _read_choice(array: Array, choices: tuple[str, ...]) -> Read:
    """Text that is one of the declared choices."""
    value, bad = _read_text(array)
    if bad or not isinstance(value, Texts):
        return value, bad
    known = numpy_bools(pc.is_in(value.array, pa.array(choices, pa.large_string())))
    rows = np.flatnonzero(~known & _present(value.array)).tolist()
    if not rows:
        return value, {}
    message = "not one of " + ", ".join(f"`{choice}`" for choice in choices)
    return Texts(pc.if_else(pa.array(known), value.array, None)), dict.fromkeys(rows, message)


def _read_number(array: Array, type_: Type) -> Read:
    """A finite number within the declared bounds."""
    present = _present(array)
    if _is_text(array):
        text: Array = pc.utf8_trim_whitespace(pc.cast(array, pa.large_string()))
        matched: Array = pc.match_substring_regex(text, _PLAIN_NUMBER)
        readable = numpy_bools(matched.fill_null(False))
        numbers: Array = pc.cast(pc.if_else(pa.array(readable), text, None), pa.float64())
    elif pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_decimal(array.type):
        readable, numbers = present, pc.cast(array, pa.float64(), safe=False)
    else:
        readable, numbers = np.zeros(len(array), bool), pa.nulls(len(array), pa.float64())
    values = numbers.fill_null(0.0).to_numpy(zero_copy_only=False)
    bad = dict.fromkeys(np.flatnonzero(present & ~(readable & np.isfinite(values))).tolist(), "not a number")
    if type_.low is not None:
        bad |= dict.fromkeys(np.flatnonzero(present & readable & (values < type_.low)).tolist(), f"below {type_.low:g}")
    if type_.high is not None:
        above = present & readable & np.isfinite(values) & (values > type_.high)
        bad |= dict.fromkeys(np.flatnonzero(above).tolist(), f"above {type_.high:g}")
    missing = ~present
    missing[list(bad)] = True
    return Numbers(np.where(missing, 0.0, values), missing if missing.any() else None), bad


def _read_time(array: Array) -> Read:
    """A time: an Arrow timestamp or date, or ISO 8601 text. Without an offset it is UTC."""
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        unzoned = array.cast(pa.timestamp(array.type.unit)) if pa.types.is_timestamp(array.type) else array
        whole: Array = unzoned.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        missing = null_mask(whole)
        return Numbers(whole.fill_null(0).to_numpy(zero_copy_only=False), missing), {}
    return _read_each(array, Kind.TIME, _time)


def _read_each(array: Array, kind: Kind, read: Any) -> Read:
    """A column read value by value; `read` gives (value, None) or (None, what is wrong)."""
    values: list[Any] = []
    bad: dict[int, str] = {}
    for row, value in enumerate(array.to_pylist()):
        result, wrong = (None, None) if value is None else read(value)
        values.append(result)
        if wrong is not None:
            bad[row] = wrong
    return from_python(values, kind), bad


def _read_span(batch: pa.RecordBatch, program: ir.Program, column: ir.DataColumn) -> Read:
    """A span, in any of its forms, with the text that it is a place in."""
    text = program.column(column.type.of or "")
    texts, _ = _read_text(_plain(_find(batch, text, text.source)))
    arrays = [_plain(_find(batch, column, source)).to_pylist() for source in column.sources]
    strings = texts.python(np.arange(batch.num_rows))
    if column.second is None:
        read = [(None, None) if p is None else spans.read_pair(p, t) for p, t in zip(*arrays, strings, strict=True)]
    elif column.type.in_words:
        read = [spans.read_words(*values) for values in zip(*arrays, strings, strict=True)]
    else:
        read = [spans.read_ends(*values) for values in zip(*arrays, strings, strict=True)]
    bad = {row: wrong for row, (_, wrong) in enumerate(read) if wrong is not None}
    return Objects([span for span, _ in read]), bad


def _plain(array: Array) -> Array:
    """An array without a dictionary."""
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _yes_no(value: object) -> tuple[bool | None, str | None]:
    """Yes or no."""
    word = str(int(value) if isinstance(value, float) and value in (0.0, 1.0) else value).strip().casefold()
    if word in _YES or word in _NO:
        return word in _YES, None
    return None, "neither yes nor no"


def _time(value: object) -> tuple[int | None, str | None]:
    """A point in time in whole microseconds since 1970."""
    if isinstance(value, str) and _ISO_TIME.fullmatch(value.strip()):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None, "not a time"
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(microseconds=1), None
    return None, "not a time (times are written as `2026-11-20 22:30` or `2026-11-20`)"


def _items(cell: str) -> object:
    """The list that stands in a cell: `["a", "b"]` in JSON or as Python writes it, or `a|b`; None where it is neither."""
    if not cell.lstrip().startswith("["):
        return [item.strip() for item in cell.split("|") if item.strip()]
    return read_list(cell)


def _texts(value: object) -> tuple[tuple[str, ...] | None, str | None]:
    """A list of text, or a cell that holds one; an empty item is left out."""
    if isinstance(value, str):
        value = _items(value)
    if isinstance(value, list) and all(item is None or isinstance(item, str) for item in value):
        return tuple(item for item in value if item is not None), None
    return None, 'not a list of text (a cell holds one as `a|b` or `["a", "b"]`)'


def _numbers(value: object) -> tuple[tuple[float, ...] | None, str | None]:
    """A list of finite numbers; an empty item is left out."""
    if isinstance(value, list) and all(item is None or _finite(item) for item in value):
        return tuple(float(item) for item in value if item is not None), None
    return None, "not a list of numbers"


def _finite(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
