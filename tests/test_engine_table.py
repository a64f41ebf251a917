"""Columns are read by their declared type; what cannot be read is a fault, and its rules abstain on that row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.engine import run, table
from snorkel_dsl.engine.plan import plan
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind, Type

VOTE = ir.Vote("spam", frozenset({1}))


def program(*columns: tuple[str, Type], condition: ir.Expression | None = None) -> ir.Program:
    """A program with one function for each column, which votes where the column has a value."""
    functions = []
    for name, type_ in columns:
        missing = ir.Call("is_missing", (ir.Column(name, type_.kind),), Kind.CONDITION)
        present = ir.Call("not", (missing,), Kind.CONDITION)
        functions.append(ir.LabelingFunction(f"r.{name}", name, "spam", (ir.Clause(condition or present, VOTE),)))
    declared = tuple(ir.DataColumn(name, type_, name) for name, type_ in columns)
    return ir.Program("row", declared, (ir.Task("spam", ("HAM", "SPAM")),), tuple(functions), ())


def read(array: pa.Array, type_: Type) -> tuple[list[Any], dict[int, str]]:
    """A column's values, None where missing, and the messages of its faults by row."""
    batch = pa.RecordBatch.from_arrays([array], ["x"])
    made, faults = table.Table.from_batch(batch, program(("x", type_)), 100)
    found = {fault.row - 100: fault.message for fault in faults}
    assert sorted(found) == np.flatnonzero(made.broken.get("x", np.zeros(0))).tolist()
    return made.columns["x"].python(np.arange(len(array))), found


@pytest.mark.parametrize(
    "layout", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_text_comes_in_every_layout(layout: pa.DataType) -> None:
    assert read(pa.array(["a", None, "é"]).cast(layout), Type(Kind.TEXT)) == (["a", None, "é"], {})
    assert read(pa.array(["z", "a", None, "é"]).cast(layout).slice(1), Type(Kind.TEXT)) == (["a", None, "é"], {})


def test_numbers() -> None:
    written = ["1", "-2.5e3", " 3 ", "1,000", "nan", "inf", "1_000", "0x1", "", None, "1e999", ".5", "+7."]
    values, faults = read(pa.array(written), Type(Kind.NUMBER))
    assert values == [1.0, -2500.0, 3.0, None, None, None, None, None, None, None, None, 0.5, 7.0]
    assert sorted(faults) == [3, 4, 5, 6, 7, 8, 10]
    assert read(pa.array([1, None, 3]), Type(Kind.NUMBER)) == ([1.0, None, 3.0], {})
    values, faults = read(pa.array([0.5, 1.5, -1.0, float("nan")]), Type(Kind.NUMBER, low=0, high=1))
    assert values == [0.5, None, None, None]
    assert faults == {1: "above 1", 2: "below 0", 3: "not a number"}
    assert read(pa.array([True]), Type(Kind.NUMBER))[1] == {0: "not a number"}


def test_yes_and_no() -> None:
    values, faults = read(pa.array(["yes", "No", "TRUE", "0", "maybe", None]), Type(Kind.YES_NO))
    assert values == [True, False, True, False, None, None]
    assert list(faults) == [4]
    assert read(pa.array([1, 0, 2]), Type(Kind.YES_NO)) == ([True, False, None], {2: "neither yes nor no"})
    assert read(pa.array([1.0, 0.0]), Type(Kind.YES_NO)) == ([True, False], {})


def test_times() -> None:
    noon = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000
    written = ["2026-11-20 12:00", "2026-11-20T13:00:00+01:00", "2026-11-20T12:00:00Z", "20/11/2026", "2026-02-30"]
    values, faults = read(pa.array(written), Type(Kind.TIME))
    assert values == [noon, noon, noon, None, None]
    assert sorted(faults) == [3, 4]
    assert read(pa.array([date(1970, 1, 2), None]), Type(Kind.TIME)) == ([86_400_000_000, None], {})
    for unit in ("s", "ms", "us", "ns"):
        stamps = pa.array([datetime(2026, 11, 20, 12)], pa.timestamp("us")).cast(pa.timestamp(unit, "Europe/Zurich"))
        assert read(stamps, Type(Kind.TIME)) == ([noon], {})


def test_choices_and_lists() -> None:
    kinds = Type(Kind.CHOICE, choices=("video", "short"))
    values, faults = read(pa.array(["video", "Short", None]), kinds)
    assert values == ["video", None, None]
    assert faults == {1: "not one of `video`, `short`"}
    assert read(pa.array([["a", None], [], None]), Type(Kind.TEXTS)) == ([("a",), (), None], {})
    cells = pa.array(["a | b", '["a|b", "c"]', "", "[a]", '["a", 1]'])
    wrong = 'not a list of text (a cell holds one as `a|b` or `["a", "b"]`)'
    assert read(cells, Type(Kind.TEXTS)) == ([("a", "b"), ("a|b", "c"), (), None, None], {3: wrong, 4: wrong})
    assert read(pa.array([[1, 2]]), Type(Kind.NUMBERS)) == ([(1.0, 2.0)], {})


def test_a_fault_silences_the_rules_that_read_the_column_on_its_row_only() -> None:
    frame = pd.DataFrame({"likes": ["1", "many", "3", None], "text": ["a", "b", "c", "d"]})
    made = program(("likes", Type(Kind.NUMBER)), ("text", Type(Kind.TEXT)))
    matrix, faults = run.label_matrix(made, frame, batch_rows=2)
    assert matrix.to_numpy().tolist() == [[1, 1], [-1, 1], [1, 1], [-1, 1]]
    assert [(f.row, f.column, f.rules, f.value, f.message) for f in faults] == [
        (1, "likes", ("r.likes",), "many", "not a number")
    ]


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"x": ["a", None, "c"]}),
        pl.DataFrame({"x": ["a", None, "c"]}),
        pa.table({"x": ["a", None, "c"]}),
        pa.record_batch({"x": ["a", None, "c"]}),
        [{"x": "a"}, {}, {"x": "c", "y": 1}],
        [pa.record_batch({"x": ["a"]}), pa.table({"x": [None, "c"]})],
    ],
)
def test_data_of_every_sort(data: object) -> None:
    parts = list(table.batches(data, 2))
    assert all(part.num_rows <= 2 for part in parts)
    matrix, _ = run.label_matrix(program(("x", Type(Kind.TEXT))), data, batch_rows=2)
    assert matrix.to_numpy().tolist() == [[1], [-1], [1]]


def test_data_that_cannot_be_read() -> None:
    with pytest.raises(RulesError) as caught:
        list(table.batches("a,b\n1,2"))
    assert caught.value.diagnostics[0].kind == "unknown-format"
    with pytest.raises(RulesError) as caught:
        run.label_matrix(program(("text", Type(Kind.TEXT))), [{"txet": "a"}])
    assert caught.value.diagnostics[0].helps == ("did you mean `txet`?",)


def test_no_rows_and_no_functions() -> None:
    nothing = pa.table({"x": pa.array([], pa.string())})
    assert run.label_matrix(program(("x", Type(Kind.TEXT))), nothing)[0].shape == (0, 1)
    assert run.label_matrix(program(), pa.table({"x": ["a"]}))[0].shape == (1, 0)


def test_a_plan_shares_what_is_equal() -> None:
    text = ir.Column("text", Kind.TEXT)
    win = ir.Constant(ir.TermList((ir.Term("win"),), name="WIN"), Kind.TERMS)
    same = ir.Constant(ir.TermList((ir.Term("win"),)), Kind.TERMS)
    first = ir.Call("mentions", (text, win), Kind.CONDITION)
    inside = ir.Call("mentions", (ir.Piece(), same), Kind.CONDITION)
    body = ir.Call("and", (inside, ir.Call("mentions", (text, same), Kind.CONDITION)), Kind.CONDITION)
    some = ir.Quantified(ir.Call("lines", (text,), Kind.PIECES), body, 1, None)
    both = ir.Call("or", (first, some), Kind.CONDITION)
    assert str(plan(program(("text", Type(Kind.TEXT)), condition=both))) == (
        """0: column('text') -> text
1: constant(["win"]) -> terms
2: mentions(%0, %1) -> condition
3: lines(%0) -> pieces of text
4: piece() in frame 1 -> text
5: mentions(%4, %1) in frame 1 -> condition
6: lift(%2) in frame 1 -> condition
7: and(%5, %6) in frame 1 -> condition
8: quantified(%3, %7, (1, None, False)) -> condition
9: or(%2, %8) -> condition
r.text: when %9 vote 1
"""
    )
