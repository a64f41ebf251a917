"""One row as the reference evaluator takes it, read by the same code that reads a batch."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa

from snorkel_dsl.datasets.jsons import has_half_character
from snorkel_dsl.engine.table import Table, batches
from snorkel_dsl.language import ir


def read_row(program: ir.Program, values: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """A row by the rules' column names, and the columns whose value cannot be read.

    `values` holds the data's values under the names that the columns declare as their source; NaN is missing. A column
    that no function reads, or that `values` lacks, is left out.
    """
    no_text = {name for name, value in values.items() if has_half_character(value)}
    plain = {name: None if name in no_text or _is_nan(value) else value for name, value in values.items()}
    known = [function for function in program.functions if function.columns <= _readable(program, plain)]
    row, broken = _row(next(iter(batches([plain]))), _only(program, known))
    return row, broken | {column.name for column in program.columns if no_text.intersection(column.sources)}


def row_of(program: ir.Program, batch: pa.RecordBatch, index: int) -> tuple[dict[str, Any], frozenset[str]]:
    """As `read_row`, from one row of a batch whose columns have their source's names."""
    return _row(batch.slice(index, 1), program)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and isnan(value)


def _readable(program: ir.Program, values: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(column.name for column in program.columns if all(source in values for source in column.sources))


def _only(program: ir.Program, functions: list[ir.LabelingFunction]) -> ir.Program:
    from dataclasses import replace

    return replace(program, functions=tuple(functions))


def _row(batch: pa.RecordBatch, program: ir.Program) -> tuple[dict[str, Any], frozenset[str]]:
    table, _ = Table.from_batch(batch, program)
    first = np.zeros(1, dtype=np.int64)
    row = {name: value.python(first)[0] for name, value in table.columns.items()}
    return row, frozenset(name for name, broken in table.broken.items() if broken[0])
