"""Parquet files with columns of whole numbers that are -1 in nearly every row: what one costs to write is what its other
values cost, not its rows.

No library takes such columns as anything but one number a row. So they are laid out here: a dictionary of the values of the
column, and runs of equal ones (Parquet's RLE_DICTIONARY encoding; where values change so often that runs are longer, all
rows bit by bit). Such pages are nearly as small as a codec makes them, and need none. Everything else, the schema and all
other columns, is pyarrow's: it writes them to memory, and their bytes and what the file says of them are taken over.

The format: https://parquet.apache.org/docs/file-format/ and parquet.thrift beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from snorkel_dsl.datasets.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    Field,
    Items,
    Reader,
    Struct,
    list_head,
    signed,
    varint,
    written,
)

MOSTLY = -1  # the value of the rows that are not given
_MAGIC = b"PAR1"

# Numbers of parquet.thrift.
_INT32, _UNCOMPRESSED = 1, 0
_PLAIN, _RLE, _RLE_DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_VERSION, _SCHEMA, _ROWS, _GROUPS = 1, 2, 3, 4  # fields of a file's metadata
_PATH, _COMPRESSED, _DATA_AT, _DICTIONARY_AT = 3, 7, 9, 11  # fields of a column's metadata
_UNCOMPRESSED_SIZE = 6
_OFFSETS = (9, 10, 11)  # of the data, index and dictionary pages
_ABOUT = 3  # of a column chunk: its metadata
_CHILDREN = 5  # of an element of the schema

Array: TypeAlias = "pa.Array[Any]"
Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[Any]


@dataclass(frozen=True)
class SparseBatch:
    """n rows: the columns that are given in full, in their order in the schema, and m sparse ones.

    Of sparse column j only the values other than -1 are there, none of them below 0: `codes[indptr[j]:indptr[j + 1]]`,
    int8 or int16, on the rows `rows[indptr[j]:indptr[j + 1]]`, ascending.
    """

    n: int
    full: Sequence[Array]
    indptr: Ints
    rows: Ints
    codes: Ints


class _Chunk(NamedTuple):
    """A column chunk in the file: what is said of it, its bytes before packing, and those that it takes."""

    said: bytes
    size: int
    packed: int


class SparseWriter:
    """Writes batches to a Parquet file, each as a row group; `sparse` are the places in the schema of the sparse columns."""

    def __init__(self, schema: pa.Schema, sparse: Sequence[int], **options: Any) -> None:
        """Get ready; the options are pyarrow's, for the columns that are given in full. Raises as pyarrow does."""
        self._options = options
        self._sparse = frozenset(sparse)
        self._full = pa.schema([field for place, field in enumerate(schema) if place not in self._sparse])
        self._about = _metadata(_in_memory(pa.Table.from_batches([], schema), **options))
        self._leaves = list(_leaves(self._about[_SCHEMA].value.items))
        self._paths = [field.name.encode() for field in schema]
        self._at = self._rows = 0
        self._groups: list[bytes] = []

    def open(self, file: BinaryIO) -> None:
        """Begin a file."""
        self._file = file
        self._write(_MAGIC)

    def write(self, batch: SparseBatch) -> None:
        """Write a batch."""
        n = batch.n
        if n:
            full = self._taken_over(batch.full)
            pages = encoded(batch)
            chunks = [
                [self._sparse_chunk(n, name, next(pages))]
                if place in self._sparse
                else [self._full_chunk(*next(full)) for _ in range(leaves)]
                for place, (name, leaves) in enumerate(zip(self._paths, self._leaves, strict=True))
            ]
            self._end_group(n, [chunk for own in chunks for chunk in own])

    def close(self) -> None:
        """Write what stands at the end of the file."""
        groups = list_head(STRUCT, len(self._groups)) + b"".join(self._groups)
        before = {number: field for number, field in self._about.items() if number < _ROWS} | {
            _ROWS: Field(I64, self._rows)
        }
        after = {number: field for number, field in self._about.items() if number > _GROUPS}
        footer = written(before)[:-1] + bytes((LIST | 1 << 4,)) + groups + written(after, before=_GROUPS)
        self._write(footer + len(footer).to_bytes(4, "little") + _MAGIC)

    def _write(self, content: Any) -> int:
        """Write bytes; where they begin."""
        begin = self._at
        self._file.write(content)
        self._at += len(content)
        return begin

    def _taken_over(self, arrays: Sequence[Array]) -> Iterator[tuple[Struct, memoryview]]:
        """The column chunks of the full columns, as pyarrow writes them: what is said of each, and its bytes."""
        if not self._full.names:
            return
        table = pa.Table.from_arrays(list(arrays), schema=self._full)
        content = _in_memory(table, row_group_size=table.num_rows, **self._options)
        (group,) = _metadata(content)[_GROUPS].value.items
        for chunk in group[1].value.items:
            about = chunk[_ABOUT].value
            begin = _begin(about)
            yield chunk, memoryview(content)[begin : begin + about[_COMPRESSED].value]

    def _full_chunk(self, chunk: Struct, content: memoryview) -> _Chunk:
        """Write a column chunk that was written elsewhere."""
        about = chunk[_ABOUT].value
        moved = self._at - _begin(about)
        self._write(content)
        for number in _OFFSETS:
            if number in about:
                about[number] = Field(I64, about[number].value + moved)
        said = written({2: Field(I64, 0), _ABOUT: Field(STRUCT, about)})
        return _Chunk(said, about[_UNCOMPRESSED_SIZE].value, len(content))

    def _sparse_chunk(self, n: int, name: bytes, pages: tuple[bytes, bytes]) -> _Chunk:
        """Write the pages of a sparse column."""
        dictionary, data = pages
        begin = self._write(dictionary)
        data_at = self._write(data)
        bytes_ = len(dictionary) + len(data)
        size = signed(bytes_)
        path = _CHUNK_HEAD + varint(len(name)) + name
        places = b"\x26" + signed(data_at) + b"\x26" + signed(begin)
        said = path + b"\x15\x00\x16" + signed(n) + b"\x16" + size + b"\x16" + size + places + b"\0\0"
        return _Chunk(said, bytes_, bytes_)

    def _end_group(self, n: int, chunks: Sequence[_Chunk]) -> None:
        """Note a row group of n rows."""
        columns = list_head(STRUCT, len(chunks)) + b"".join(chunk.said for chunk in chunks)
        size, packed = sum(chunk.size for chunk in chunks), sum(chunk.packed for chunk in chunks)
        rest = {2: Field(I64, size), 3: Field(I64, n), 6: Field(I64, packed)}
        self._groups.append(bytes((LIST | 1 << 4,)) + columns + written(rest, before=1))
        self._rows += n


# A column chunk at no other place: its metadata are those of 32-bit numbers in these encodings, with a path of one name.
_CHUNK_HEAD = written(
    {
        2: Field(I64, 0),
        _ABOUT: Field(
            STRUCT,
            {
                1: Field(I32, _INT32),
                2: Field(LIST, Items(I32, [_PLAIN, _RLE, _RLE_DICTIONARY])),
                _PATH: Field(LIST, Items(BINARY, [b""])),
            },
        ),
    }
)[:-3]  # without the length of the path's name, and the ends of both structs


def _in_memory(table: pa.Table, **options: Any) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def _metadata(content: bytes) -> Struct:
    """What a Parquet file says of itself."""
    size = int.from_bytes(content[-8:-4], "little")
    return Reader(content[-8 - size : -8]).struct()


def _begin(about: Struct) -> int:
    """Where a column chunk begins."""
    places = [about[number].value for number in (_DATA_AT, _DICTIONARY_AT) if number in about]
    return int(min(place for place in places if place > 0))


def _leaves(elements: Sequence[Struct]) -> Iterator[int]:
    """How many columns of numbers or texts each column of a schema has; the elements lie as a tree does, root first."""
    open_: list[int] = []
    count = 0
    for element in elements[1:]:
        children = element[_CHILDREN].value if _CHILDREN in element else 0
        count += not children
        if children:
            open_.append(children)
            continue
        while open_:
            open_[-1] -= 1
            if open_[-1]:
                break
            open_.pop()
        if not open_:
            yield count
            count = 0


# ---------------------------------------------------------------------------------------------------------------- pages


def encoded(batch: SparseBatch) -> Iterator[tuple[bytes, bytes]]:
    """For each sparse column its dictionary page and its data page."""
    n, m = batch.n, len(batch.indptr) - 1
    function = np.repeat(np.arange(m, dtype=np.int32), np.diff(batch.indptr))
    seen = np.zeros((m, int(batch.codes.max(initial=0)) + 1), np.bool_)
    seen[function, batch.codes] = True
    place_of = np.cumsum(seen, axis=1, dtype=np.int32)  # in the dictionary, after -1
    widths = [max(int(last).bit_length(), 1) for last in place_of[:, -1]]
    values = np.ones(len(batch.rows), np.int32) if max(widths, default=1) == 1 else place_of[function, batch.codes]
    runs, bounds = _runs(n, function, batch.rows.astype(np.int32), values, np.array(widths) > 8)
    present = varint(n << 1) + b"\x01"  # one run: every row has a value
    present = len(present).to_bytes(4, "little") + present
    for column, width in enumerate(widths):
        body = runs[bounds[column] : bounds[column + 1]].tobytes()
        groups = -(-n // 8)
        if len(body) > groups * width + 4:
            own = slice(batch.indptr[column], batch.indptr[column + 1])
            body = varint(groups << 1 | 1) + _bits(groups * 8, width, batch.rows[own], values[own])
        known = np.concatenate([[MOSTLY], np.flatnonzero(seen[column])]).astype("<i4")
        yield _dictionary_page(known), _data_page(n, present + bytes((width,)) + body)


def _dictionary_page(values: npt.NDArray[np.int32]) -> bytes:
    size = signed(values.nbytes)
    head = b"\x15" + signed(_DICTIONARY_PAGE) + b"\x15" + size + b"\x15" + size
    return head + b"\x4c\x15" + signed(len(values)) + b"\x15" + signed(_PLAIN) + b"\0\0" + values.tobytes()


def _data_page(n: int, content: bytes) -> bytes:
    size = signed(len(content))
    head = b"\x15" + signed(_DATA_PAGE) + b"\x15" + size + b"\x15" + size
    encodings = b"\x15" + signed(_RLE_DICTIONARY) + b"\x15" + signed(_RLE) + b"\x15" + signed(_RLE)
    return head + b"\x2c\x15" + signed(n) + encodings + b"\0\0" + content


def _runs(n: int, function: Ints, rows: Ints, values: Ints, wide: npt.NDArray[np.bool_]) -> tuple[Bytes, Ints]:
    """The runs of all columns as bytes, one column after the other, and where each begins and the last ends.

    A run is its length, twice, as a varint, and its value in one byte, or two where it is `wide`. Before each run of a value
    lies one of -1, whose bytes but for the length are 0, and another at the end of the column; those of no rows are left out.
    """
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = (np.diff(rows) != 1) | (np.diff(values) != 0) | (np.diff(function) != 0)
    first = np.flatnonzero(begins)
    own, start = function[first], rows[first]
    length = np.diff(first, append=len(rows)).astype(np.int32)
    end = start + length
    gap = start.copy()
    gap[1:] -= np.where(own[1:] == own[:-1], end[:-1], 0)
    reached = np.zeros(len(wide), np.int32)
    reached[own] = end  # the last run of a column is written last, and stays
    two = wide[own]
    sizes = _size(gap, two) + _size(length, two)
    tails = _size(n - reached, wide)
    marks = np.cumsum(sizes) + np.concatenate([[0], np.cumsum(tails)])[own]
    at = marks - sizes
    bounds = np.concatenate([[0], np.cumsum(np.bincount(own, sizes, len(wide)) + tails)]).astype(np.int64)
    content = np.zeros(int(bounds[-1]), np.uint8)
    _put_varints(content, at, gap)
    _put_varints(content, at + _size(gap, two), length)
    content[marks - 1 - two] = values[first] & 255
    content[(marks - 1)[two]] = values[first][two] >> 8
    _put_varints(content, bounds[1:] - tails, n - reached)
    return content, bounds


def _size(lengths: Ints, two: npt.NDArray[np.bool_]) -> Ints:
    """The bytes of runs of so many rows, with a value of one byte or two; none where it has no rows."""
    sizes = (lengths > 0) * (2 + two.astype(np.int64))
    for shift in (6, 13, 20, 27):
        longer = lengths >> shift > 0
        if not longer.any():
            break
        sizes += longer
    return sizes


def _put_varints(content: Bytes, at: Ints, lengths: Ints) -> None:
    """Write twice some lengths as varints, each at its place; nothing for 0."""
    filled = lengths > 0
    at, left = (at, lengths << 1) if filled.all() else (at[filled], lengths[filled] << 1)
    while len(left):
        more = left > 127
        content[at] = left & 127 | more.view(np.uint8) << 7
        at, left = at[more] + 1, left[more] >> 7


def _bits(size: int, width: int, rows: Ints, values: Ints) -> bytes:
    """So many numbers of `width` bits, the low bits first: the values on their rows, else 0."""
    bits = np.zeros((size, width), np.uint8)
    bits[rows] = values[:, None] >> np.arange(width) & 1
    return np.packbits(bits, bitorder="little").tobytes()
