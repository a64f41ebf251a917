"""Whether the engine and the reference evaluator agree: one program on some rows, cell for cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from snorkel_dsl import reference
from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind

ARROW = {
    Kind.TEXT: pa.large_string(),
    Kind.CHOICE: pa.large_string(),
    Kind.NUMBER: pa.float64(),
    Kind.TIME: pa.timestamp("us", "UTC"),
    Kind.YES_NO: pa.bool_(),
    Kind.TEXTS: pa.list_(pa.string()),
    Kind.NUMBERS: pa.list_(pa.float64()),
    Kind.SPAN: pa.list_(pa.int64()),
}


def batch(program: ir.Program, rows: Sequence[Mapping[str, object]]) -> pa.RecordBatch:
    """Rows of the reference evaluator as a record batch."""
    arrays = [pa.array([row.get(c.name) for row in rows], ARROW[c.type.kind]) for c in program.columns]
    return pa.RecordBatch.from_arrays(arrays, [column.source for column in program.columns])


def assert_equal_votes(program: ir.Program, rows: Sequence[dict[str, Any]], scanner: str, batch_rows: int = 3) -> None:
    """The engine's vote is the reference's for each function on each row. Raises AssertionError with the first other."""
    matrix, faults = label_matrix(program, batch(program, rows), batch_rows=batch_rows, scanner=scanner)
    answers = [[reference.answer(function, row) for row in rows] for function in program.functions]
    unlisted = {
        (i, function.by_column.column)
        for function, own in zip(program.functions, answers, strict=True)
        for i, answer in enumerate(own)
        if answer.unlisted and function.by_column is not None
    }
    assert {(fault.row, fault.column) for fault in faults} == unlisted
    for j, function in enumerate(program.functions):
        own = slice(matrix.indptr[j], matrix.indptr[j + 1])
        pairs = zip(matrix.rows[own].tolist(), matrix.codes[own].tolist(), strict=True)
        given = {row: matrix.labels_of(code) for row, code in pairs}
        for i, row in enumerate(rows):
            expected = reference.vote(function, row)
            found = given.get(i)
            assert found == (None if expected is None else expected.labels), (scanner, found, expected, row, function)
