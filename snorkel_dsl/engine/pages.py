"""What is known of some columns of one batch, as bytes: an Arrow file with a row for each function or column.

The rows on which a function votes are kept as steps from one to the next: small numbers, which pack well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from snorkel_dsl.engine.answers import Answer, Unread
from snorkel_dsl.engine.values import Array

_SCHEMA = pa.schema(
    [
        ("key", pa.binary(16)),
        ("steps", pa.list_(pa.uint16())),  # the first row with a vote, then how far it is to the next
        ("codes", pa.list_(pa.int16())),
        ("marked", pa.list_(pa.uint16())),  # rows of which something is said in `values` and `messages`
        ("values", pa.list_(pa.string())),
        ("messages", pa.list_(pa.string())),
    ]
)
_STRANGERS = 300_000  # votes that are kept, at most, of functions that the program has no more, or another one has
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class Page:
    """What was kept, by key: answers of functions, and what cannot be read of columns."""

    def __init__(self, entries: pa.RecordBatch) -> None:
        """A page of entries of the schema above."""
        self._entries = entries
        self._numbers = {key: number for number, key in enumerate(entries.column("key").to_pylist())}

    @classmethod
    def read(cls, content: bytes | None) -> Page:
        """The page that bytes hold; an empty one where they hold none."""
        if content is not None:
            try:
                with pa.ipc.open_file(content) as file:
                    found = file.get_batch(0)
                if found.schema == _SCHEMA:
                    return cls(found)
            except pa.ArrowException:
                pass
        return cls(pa.RecordBatch.from_pylist([], _SCHEMA))

    def __contains__(self, key: object) -> bool:
        return key in self._numbers

    def answer(self, key: bytes) -> Answer:
        """The answer of a function."""
        number = self._numbers[key]
        start, end = self._bounds[number], self._bounds[number + 1]
        said = self._said(number)
        return Answer(self._rows[start:end], self._codes[start:end], tuple((row, value) for row, value, _ in said))

    def unread(self, key: bytes) -> list[Unread]:
        """What cannot be read of a column."""
        return [Unread(*said) for said in self._said(self._numbers[key])]

    def _column(self, name: str) -> Array:
        return self._entries.column(name)

    def _said(self, number: int) -> list[tuple[int, str, str]]:
        if self._marks[number] == self._marks[number + 1]:
            return []
        marked, values, messages = (
            self._entries.column(name)[number].as_py() for name in ("marked", "values", "messages")
        )
        return list(zip(marked, values, messages, strict=True))

    @cached_property
    def _bounds(self) -> npt.NDArray[Any]:
        """Where the votes of each entry begin and end."""
        return _whole(self._column("steps").offsets, np.int32)

    @cached_property
    def _marks(self) -> npt.NDArray[Any]:
        """Where what is said of single rows begins and ends."""
        return _whole(self._column("marked").offsets, np.int32)

    @cached_property
    def _rows(self) -> npt.NDArray[np.int64]:
        """The rows of all entries, one after the other."""
        steps = _whole(self._column("steps").values, np.uint16)
        total = np.concatenate([[0], np.cumsum(steps, dtype=np.int64)])
        rows: npt.NDArray[np.int64] = total[1:] - np.repeat(total[self._bounds[:-1]], np.diff(self._bounds))
        return rows

    @cached_property
    def _codes(self) -> npt.NDArray[Any]:
        return _whole(self._column("codes").values, np.int16)

    def with_(self, answers: Mapping[bytes, Answer], unread: Mapping[bytes, Sequence[Unread]]) -> bytes:
        """These answers and what cannot be read as bytes, with some of what was kept before."""
        own = _entries(answers, unread)
        before = self._entries.take(pa.array(self._others({*answers, *unread}), pa.int64()))
        batches = pa.Table.from_batches([own, before]).combine_chunks().to_batches()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, _SCHEMA, options=_OPTIONS) as file:
            file.write_batch(batches[0] if batches else own)  # of nothing that is kept there is no batch
        return sink.getvalue().to_pybytes()

    def _others(self, own: set[bytes]) -> list[int]:
        """The entries of other keys that are kept on, those first that were used last."""
        found, votes = [], 0
        for key, number in self._numbers.items():
            if key not in own:
                votes += int(self._bounds[number + 1] - self._bounds[number])
                if votes > _STRANGERS:
                    break
                found.append(number)
        return found


def _whole(array: Array, kind: type[np.integer[Any]]) -> npt.NDArray[Any]:
    """The whole numbers of an Arrow array, as they lie there: `to_numpy` loads pandas, which takes longer than all else."""
    _, data = array.buffers()
    return np.frombuffer(data or b"", kind)[array.offset : array.offset + len(array)]


def _entries(answers: Mapping[bytes, Answer], unread: Mapping[bytes, Sequence[Unread]]) -> pa.RecordBatch:
    """Entries of the schema."""
    bounds: Any = np.cumsum(
        [0, *(len(answer.rows) for answer in answers.values()), *(0 for _ in unread)], dtype=np.int32
    )
    rows = np.concatenate([np.empty(0, np.int64), *(answer.rows for answer in answers.values())])
    codes = np.concatenate([np.empty(0, np.int16), *(answer.codes for answer in answers.values())], dtype=np.int16)
    steps = np.diff(rows, prepend=0)
    firsts = bounds[:-1][np.diff(bounds) > 0]
    steps[firsts] = rows[firsts]
    said = [[(row, value, "") for row, value in answer.unlisted] for answer in answers.values()]
    said += [[(one.row, one.value, one.message) for one in found] for found in unread.values()]
    columns: list[Any] = [
        pa.array([*answers, *unread], pa.binary(16)),
        pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pa.array(steps.astype(np.uint16), pa.uint16())),
        pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pa.array(codes, pa.int16())),
    ]
    marks = pa.array(np.cumsum([0, *map(len, said)]), pa.int32())
    flat = [one for own in said for one in own]
    for place, name in enumerate(("marked", "values", "messages")):
        values = pa.array([one[place] for one in flat], _SCHEMA.field(name).type.value_type)
        columns.append(pa.ListArray.from_arrays(marks, values))
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)
