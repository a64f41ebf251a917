"""What is known of some columns of one batch, as bytes: an Arrow file with a row for each function or column.

The rows on which a function votes are kept as steps from one to the next: small numbers, which pack well. A page is two
files: what comes in after an edit is little, and goes into a small file beside the large one, until it is no longer small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from snorkel_dsl.engine import arrow
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
_SMALL = 10_000  # votes that are always written again
_MUCH = 4  # what came in later is written with the rest when it is more than a part in so many of it
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class Page:
    """What was kept, by key: answers of functions, and what cannot be read of columns."""

    def __init__(self, first: _Entries, later: _Entries) -> None:
        """A page of the entries that were written first, and of those that came in later."""
        self._first, self._later = first, later

    @classmethod
    def read(cls, first: bytes | None, later: bytes | None) -> Page:
        """The page that the bytes of two files hold; an empty one where they hold none."""
        return cls(_Entries.read(first), _Entries.read(later))

    def __contains__(self, key: object) -> bool:
        return key in self._later.numbers or key in self._first.numbers

    def _with(self, key: bytes) -> _Entries:
        return self._later if key in self._later.numbers else self._first

    def answer(self, key: bytes) -> Answer:
        """The answer of a function."""
        return self._with(key).answer(key)

    def unread(self, key: bytes) -> list[Unread]:
        """What cannot be read of a column."""
        return [Unread(*said) for said in self._with(key).said(key)]

    def with_(
        self, answers: Mapping[bytes, Answer], unread: Mapping[bytes, Sequence[Unread]], new: Set[bytes]
    ) -> tuple[bytes | None, bytes | None]:
        """The bytes of both files with these answers and what cannot be read; None for one that stays as it is.

        `new` are the keys that the page lacks. Of other keys some are kept on, those first that were used last.
        """
        came = self._later.but({*self._first.numbers, *new}, _STRANGERS)
        fresh = {key: answer for key, answer in answers.items() if key in new}
        votes = came.votes + sum(len(answer.rows) for answer in fresh.values())
        if votes <= max(self._first.votes // _MUCH, _SMALL) and self._first.numbers:
            said = {key: found for key, found in unread.items() if key in new}
            return None, _Entries.of(fresh, said).beside(came)
        own = {*answers, *unread}
        old = self._later.but(own, _STRANGERS)
        kept_on = self._first.but(own | old.numbers.keys(), _STRANGERS - old.votes)
        return _Entries.of(answers, unread).beside(old, kept_on), None


class _Entries:
    """The entries of one file."""

    def __init__(self, rows: pa.RecordBatch) -> None:
        """Entries of the schema above."""
        self._rows_of = rows
        content = _data(rows.column("key"))[16 * rows.column("key").offset :]
        self.numbers = {content[16 * number : 16 * number + 16]: number for number in range(rows.num_rows)}

    @classmethod
    def read(cls, content: bytes | None) -> _Entries:
        """The entries that bytes hold; none where they hold none."""
        if content is not None:
            try:
                with pa.ipc.open_file(content) as file:
                    found = file.get_batch(0)
                if found.schema == _SCHEMA:
                    return cls(found)
            except pa.ArrowException:
                pass
        return cls.of({}, {})

    @classmethod
    def of(cls, answers: Mapping[bytes, Answer], unread: Mapping[bytes, Sequence[Unread]]) -> _Entries:
        """The entries of some answers and of what cannot be read."""
        return cls(_entries(answers, unread))

    @property
    def votes(self) -> int:
        """How many votes there are."""
        return len(self._column("steps").values)

    def but(self, others: Set[bytes], most: int) -> _Entries:
        """The entries of other keys than these, of so many votes at most: the first."""
        found, votes = [], 0
        for key, number in self.numbers.items():
            if key not in others:
                votes += int(self._bounds[number + 1] - self._bounds[number])
                if votes > most:
                    break
                found.append(number)
        return _Entries(self._rows_of.take(arrow.numbers(np.array(found, np.int64))))

    def beside(self, *others: _Entries) -> bytes:
        """These entries and then the others, as bytes."""
        batches = [entries._rows_of for entries in (self, *others) if entries.numbers]
        whole = pa.Table.from_batches(batches, _SCHEMA).combine_chunks().to_batches()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, _SCHEMA, options=_OPTIONS) as file:
            file.write_batch(whole[0] if whole else self._rows_of)  # of nothing that is kept there is no batch
        return sink.getvalue().to_pybytes()

    def answer(self, key: bytes) -> Answer:
        """The answer of a function."""
        number = self.numbers[key]
        start, end = self._bounds[number], self._bounds[number + 1]
        rows, codes = self._rows[start:end], self._codes[start:end]
        if self._marks[number] == self._marks[number + 1]:
            return Answer(rows, codes)
        return Answer(rows, codes, tuple((row, value) for row, value, _ in self.said(key)))

    def said(self, key: bytes) -> list[tuple[int, str, str]]:
        """What is said of single rows: the row, a value, and a message."""
        number = self.numbers[key]
        if self._marks[number] == self._marks[number + 1]:
            return []
        marked, values, messages = (self._column(name)[number].as_py() for name in ("marked", "values", "messages"))
        return list(zip(marked, values, messages, strict=True))

    def _column(self, name: str) -> Array:
        return self._rows_of.column(name)

    @cached_property
    def _bounds(self) -> list[int]:
        """Where the votes of each entry begin and end."""
        bounds: list[int] = _whole(self._column("steps").offsets, np.int32).tolist()
        return bounds

    @cached_property
    def _marks(self) -> list[int]:
        """Where what is said of single rows begins and ends."""
        marks: list[int] = _whole(self._column("marked").offsets, np.int32).tolist()
        return marks

    @cached_property
    def _rows(self) -> npt.NDArray[np.int64]:
        """The rows of all entries, one after the other."""
        steps = _whole(self._column("steps").values, np.uint16)
        total = np.concatenate([[0], np.cumsum(steps, dtype=np.int64)])
        bounds = np.array(self._bounds)
        rows: npt.NDArray[np.int64] = total[1:] - np.repeat(total[bounds[:-1]], np.diff(bounds))
        return rows

    @cached_property
    def _codes(self) -> npt.NDArray[Any]:
        return _whole(self._column("codes").values, np.int16)


def _data(array: Array) -> bytes:
    """The bytes of the values of an array of one width."""
    _, data = array.buffers()
    return bytes(data or b"")


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
        arrow.keys([*answers, *unread], 16),
        pa.ListArray.from_arrays(arrow.numbers(bounds), arrow.numbers(steps.astype(np.uint16))),
        pa.ListArray.from_arrays(arrow.numbers(bounds), arrow.numbers(codes)),
    ]
    marks = arrow.numbers(np.cumsum([0, *map(len, said)], dtype=np.int32))
    flat = [one for own in said for one in own]
    columns.append(pa.ListArray.from_arrays(marks, arrow.numbers(np.array([row for row, _, _ in flat], np.uint16))))
    values, messages = [value for _, value, _ in flat], [message for _, _, message in flat]
    columns += [pa.ListArray.from_arrays(marks, arrow.texts(said, pa.string())) for said in (values, messages)]
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)
