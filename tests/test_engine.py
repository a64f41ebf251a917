"""The engine gives the reference evaluator's votes on any rows, with any scanner, in batches of any size."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
import strategies
from equality import assert_equal_votes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snorkel_dsl.engine import backends
from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.engine.scan import SCANNERS
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind, Type

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.parametrize("scanner", SCANNERS)
@given(program=strategies.programs(), rows=st.lists(strategies.rows(), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_votes_are_those_of_the_reference(scanner: str, program: ir.Program, rows: list[dict[str, Any]]) -> None:
    assert_equal_votes(program, rows, scanner)


def one_function_each(conditions: list[ir.Expression]) -> ir.Program:
    """A program with a function for each condition, over the columns of the strategies."""
    columns = tuple(ir.DataColumn(name, type_, name) for name, type_ in strategies.COLUMNS.items())
    vote = ir.Vote("spam", frozenset({1}))
    functions = []
    for number, condition in enumerate(conditions):
        name = f"rule{number}"
        functions.append(ir.LabelingFunction(name, name, "spam", (ir.Clause(condition, vote), ir.Clause(None, None))))
    return ir.Program("row", columns, strategies.TASKS, tuple(functions), ())


TEXTS = {name: strategies.COLUMNS[name] for name in ("text", "title")}
WORDY = st.lists(st.tuples(st.sampled_from(strategies.WORDS), st.sampled_from(strategies.GLUE)), max_size=5).map(
    lambda pairs: "".join(word + glue for word, glue in pairs)
)
LISTS = st.builds(
    ir.TermList,
    st.lists(strategies.terms(), min_size=1, max_size=2, unique=True).map(tuple),
    st.lists(strategies.terms(), max_size=1).map(tuple),
)
WORD_QUESTIONS = st.tuples(
    st.sampled_from(["mentions", "mentions", "contains", "starts_with", "ends_with"]), LISTS
).map(
    lambda drawn: ir.Call(drawn[0], (ir.Column("text", Kind.TEXT), ir.Constant(drawn[1], Kind.TERMS)), Kind.CONDITION)
)


@pytest.mark.parametrize("scanner", SCANNERS)
@given(
    conditions=st.lists(WORD_QUESTIONS, min_size=10, max_size=20),
    texts=st.lists(WORDY | strategies.texts(4), min_size=8, max_size=16),
)
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_words_are_found_as_the_reference_finds_them(scanner: str, conditions: list[Any], texts: list[str]) -> None:
    assert_equal_votes(one_function_each(conditions), [{"text": text} for text in texts], scanner, 16)


@given(
    conditions=st.lists(strategies.conditions(TEXTS, depth=0), min_size=8, max_size=16),
    rows=st.lists(strategies.rows(TEXTS), min_size=3, max_size=8),
)
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_each_operator_on_text(conditions: list[ir.Expression], rows: list[dict[str, Any]]) -> None:
    assert_equal_votes(one_function_each(conditions), rows, "re2", 8)


# Conditions that are often true, often false, often unknown; the last two run row by row.
SIMPLE = [
    ir.Call("is_yes", (ir.Column("shared", Kind.YES_NO),), Kind.CONDITION),
    ir.Call("more", (ir.Column("likes", Kind.NUMBER), ir.Constant(1.0, Kind.NUMBER)), Kind.CONDITION),
    ir.Call("same_text", (ir.Column("text", Kind.TEXT), ir.Column("title", Kind.TEXT)), Kind.CONDITION),
    ir.Call("is_choice", (ir.Column("kind", Kind.CHOICE), ir.Constant(("video",), Kind.TEXTS)), Kind.CONDITION),
]
LOGIC = st.recursive(
    st.sampled_from(SIMPLE),
    lambda inner: st.one_of(
        inner.map(lambda c: ir.Call("not", (c,), Kind.CONDITION)),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda drawn: ir.Call(drawn[0], tuple(drawn[1]), Kind.CONDITION)
        ),
        st.tuples(
            st.sampled_from(["at_least_of", "at_most_of"]), st.integers(0, 3), st.lists(inner, min_size=2, max_size=3)
        ).map(lambda d: ir.Call(d[0], (ir.Constant(d[1], Kind.COUNT), *d[2]), Kind.CONDITION)),
    ),
    max_leaves=6,
)
FEW = {
    "shared": [True, False, None],
    "likes": [0.0, 2.0, None],
    "text": ["a", None],
    "title": ["A", "b", None],
    "kind": ["video", "Video", None],
}
EVERY_ROW = [dict(zip(FEW, values, strict=True)) for values in product(*FEW.values())]


@given(conditions=st.lists(LOGIC, min_size=5, max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
def test_logic_on_every_row_there_is(conditions: list[ir.Expression]) -> None:
    program = one_function_each(conditions)
    clauses = tuple(ir.Clause(c, ir.Vote("spam", frozenset({i % 2}))) for i, c in enumerate(conditions[:3]))
    several = ir.LabelingFunction(
        "several", "several", "spam", (*clauses, ir.Clause(None, clauses[0].vote)), (conditions[3],)
    )
    assert_equal_votes(replace(program, functions=(*program.functions, several)), EVERY_ROW, "re2", 1000)


FILLER = tuple(ir.Term(f"filler{number}") for number in range(501))


@given(
    listed=strategies.term_lists(),
    texts=st.lists(strategies.texts(), min_size=1, max_size=6),
    operator=st.sampled_from(["mentions", "mentions_count", "mentions_terms"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_a_long_list_is_found_as_a_short_one_is(listed: ir.TermList, texts: list[str], operator: str) -> None:
    terms = ir.TermList(listed.terms + FILLER, listed.masks)
    arguments = (ir.Column("text", Kind.TEXT), ir.Constant(terms, Kind.TERMS))
    found: ir.Expression = ir.Call(operator, arguments, Kind.CONDITION if operator == "mentions" else Kind.NUMBER)
    if operator != "mentions":
        found = ir.Call("more", (found, ir.Constant(1.0, Kind.NUMBER)), Kind.CONDITION)
    clauses = (ir.Clause(found, ir.Vote("spam", frozenset({1}))),)
    function = ir.LabelingFunction("rule", "rule", "spam", clauses)
    column = ir.DataColumn("text", Type(Kind.TEXT), "text")
    program = ir.Program("row", (column,), strategies.TASKS, (function,), ())
    assert_equal_votes(program, [{"text": text} for text in texts], "re2")


@pytest.mark.parametrize("scanner", SCANNERS)
def test_no_pattern_and_no_text_makes_it_hang(scanner: str) -> None:
    written = ["(a|a)*b", r"(\w+\s?)*$", "(a*)*c", r"(x+x+)+y", r"\w", r"a{1,500}b", r"^(\s|\w)*!"]
    functions = []
    for number, text in enumerate(written):
        arguments = (ir.Column("text", Kind.TEXT), ir.Constant(ir.Pattern(text), Kind.PATTERN))
        clause = ir.Clause(ir.Call("matches", arguments, Kind.CONDITION), ir.Vote("spam", frozenset({1})))
        functions.append(ir.LabelingFunction(f"rule{number}", f"rule{number}", "spam", (clause,)))
    column = ir.DataColumn("text", Type(Kind.TEXT), "text")
    program = ir.Program("row", (column,), strategies.TASKS, tuple(functions), ())
    rows = [{"text": "a" * 100_000}, {"text": "x" * 100_000 + "é"}, {"text": "a " * 50_000 + "\x1c?"}, {"text": ""}]
    matrix, _ = label_matrix(program, rows, scanner=scanner)
    assert (matrix.to_numpy() == 1).tolist() == [
        [False, True, False, False, True, False, False],
        [False, True, False, False, True, False, False],
        [False, True, False, False, True, False, False],
        [False, True, False, False, False, False, False],
    ]


class Counting:
    """Work that any process can do."""

    def __call__(self, batch: pa.RecordBatch, first_row: int) -> tuple[int, int]:
        return batch.num_rows, first_row

    def packed(self, result: tuple[int, int]) -> tuple[int, int]:
        return result

    def unpacked(self, packed: tuple[int, int]) -> tuple[int, int]:
        return packed


@pytest.mark.parametrize("name", backends.names())
def test_a_backend_works_on_every_batch_in_order(name: str) -> None:
    parts = [pa.RecordBatch.from_pydict({"x": list(range(n))}) for n in (3, 1, 0, 2)]
    work = backends.named(name)(Counting(), iter(parts), 2)
    assert list(work) == [(3, 0), (1, 3), (0, 4), (2, 4)]


def test_a_backend_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="there is no backend `cluster`; there are: local, processes"):
        backends.named("cluster")
