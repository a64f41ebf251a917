"""The engine gives the reference evaluator's votes on any rows, with any scanner, in batches of any size."""

from __future__ import annotations

from typing import Any

import pytest
import strategies
from equality import assert_equal_votes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.engine.scan import SCANNERS
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind, Type

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.parametrize("scanner", SCANNERS)
@given(program=strategies.programs(), rows=st.lists(strategies.rows(), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_votes_are_those_of_the_reference(scanner: str, program: ir.Program, rows: list[dict[str, Any]]) -> None:
    assert_equal_votes(program, rows, scanner)


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
