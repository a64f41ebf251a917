"""Votes as columns of a file: a column a function, or a line a vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.datasets.sparse import SparseBatch
from snorkel_dsl.language import ir
from snorkel_dsl.report.testing import qualified
from snorkel_dsl.votes import ABSTAIN, Codes, LabelMatrix


@dataclass(frozen=True)
class Shape:
    """How votes are laid out: the schema of the file, and which functions are lists of label names."""

    program: ir.Program
    schema: pa.Schema
    kept: tuple[pa.Field[Any], ...]
    long: bool
    lists: tuple[bool, ...]

    @classmethod
    def of(cls, program: ir.Program, extra: pa.Schema, long: bool) -> Shape:
        """The layout for a program with the kept columns in front."""
        kept = tuple(
            pa.field(field.name, pa.string() if pa.types.is_null(field.type) else field.type) for field in extra
        )
        lists = tuple(_is_list(program, function) for function in program.functions)
        if long:
            columns = [("function", pa.string()), ("label", pa.string())]
            schema = pa.schema([pa.field("row", pa.int64()), *kept, *(pa.field(*column) for column in columns)])
            return cls(program, schema, kept, long, lists)
        votes = [
            pa.field(function.name, _type(program, function, is_list))
            for function, is_list in zip(program.functions, lists, strict=True)
        ]
        return cls(program, pa.schema([*kept, *votes]), kept, long, lists)

    def batch(self, votes: LabelMatrix, extra: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        """One batch of votes with the kept columns of its rows; `first_row` is its first row's number from 0."""
        kept = [_as(extra.column(field.name), field) for field in self.kept]
        if self.long:
            return self._long(votes, kept, first_row)
        columns = [
            pa.array(_names(votes, j)) if is_list else pa.array(_numbers(votes, j))
            for j, is_list in enumerate(self.lists)
        ]
        arrays = [array.cast(field.type) for array, field in zip([*kept, *columns], self.schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    @property
    def sparse(self) -> tuple[int, ...]:
        """The places in the schema of the columns of class numbers, which are -1 in nearly every row."""
        if self.long:
            return ()
        return tuple(place for place, is_list in enumerate(self.lists, start=len(self.kept)) if not is_list)

    def sparse_batch(self, votes: LabelMatrix, extra: pa.RecordBatch) -> SparseBatch:
        """As `batch`, with the columns `sparse` by their votes alone."""
        full = [_as(extra.column(field.name), field) for field in self.kept]
        full += [pa.array(_names(votes, j), pa.list_(pa.string())) for j, is_list in enumerate(self.lists) if is_list]
        if any(self.lists):
            votes = votes.select([j for j, is_list in enumerate(self.lists) if not is_list])
        return SparseBatch(votes.n, full, votes.indptr, votes.rows, votes.codes)

    def _long(self, votes: LabelMatrix, kept: list[pa.Array[Any]], first_row: int) -> pa.RecordBatch:
        functions = votes.function_of_vote
        order = np.lexsort((functions, votes.rows))
        rows = votes.rows[order]
        several = len(votes.tasks) > 1
        labels = [
            "|".join(_labels(votes, int(j), int(code), several))
            for j, code in _pairs(functions[order], votes.codes[order])
        ]
        arrays = [
            pa.array(rows + first_row + 1),
            *(column.take(rows) for column in kept),
            pa.array([votes.functions[j] for j in functions[order].tolist()], pa.string()),
            pa.array(labels, pa.string()),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _pairs(functions: npt.NDArray[Any], codes: npt.NDArray[Any]) -> list[tuple[int, int]]:
    return list(zip(functions.tolist(), codes.tolist(), strict=True))


def _is_list(program: ir.Program, function: ir.LabelingFunction) -> bool:
    """Whether a function's votes are lists of names: no single class number says what it votes."""
    return program.task(function.task).any_number or any(len(vote.labels) > 1 for vote in function.votes)


def _type(program: ir.Program, function: ir.LabelingFunction, is_list: bool) -> pa.DataType:
    if is_list:
        return pa.list_(pa.string())
    return pa.int8() if len(program.task(function.task).labels) <= 127 else pa.int16()


def _numbers(votes: LabelMatrix, function: int) -> Codes:
    column = np.full(votes.n, ABSTAIN, dtype=votes.codes.dtype)
    own = votes.slice_of(function)
    column[votes.rows[own]] = votes.codes[own]
    return column


def _names(votes: LabelMatrix, function: int) -> list[list[str]]:
    names: list[list[str]] = [[] for _ in range(votes.n)]
    own = votes.slice_of(function)
    for row, code in _pairs(votes.rows[own], votes.codes[own]):
        names[row] = _labels(votes, function, code, True)
    return names


def _labels(votes: LabelMatrix, function: int, code: int, with_task: bool) -> list[str]:
    task = votes.tasks[votes.task_of[function]]
    before = f"{task.name}." if with_task else ""
    return [qualified(before, task.answers[number]) for number in sorted(votes.labels_of(code))]


def _as(array: pa.Array[Any], field: pa.Field[Any]) -> pa.Array[Any]:
    """A kept column in the type of the first batch."""
    try:
        return array.cast(field.type)
    except pa.ArrowInvalid:
        raise refusal(
            "bad-option",
            f"the column `{field.name}` holds {field.type} at first and {array.type} later",
            "leave it out of `--keep`",
        ) from None
