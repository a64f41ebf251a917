"""Functions of plugins: what they are asked, what their failures cost, and that `check` runs none of their code.

The plugins here are installed as pip would install them, into a folder of their own on the path.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import pytest
import strategies
from equality import batch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plugin_folder import install

from snorkel_dsl import reference
from snorkel_dsl.datasets.options import shortened
from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind, Type
from snorkel_dsl.language.wording import call_in_words

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

# ------------------------------------------------------------------------------------------------ reference = engine

RISKY = """
    def number(text):
        if "b" in text:
            raise ValueError(f"{text!r} is risky")
        return float("nan") if "n" in text else float(len(text))

    def words(text):
        return None if "o" in text else text[::-1] + " a b"

    def holds(text, number):
        if number > 2:
            raise SystemExit(3)
        return "yes" if "x" in text else len(text) % 2 == 0

    def many(texts):
        if any("c" in text for text in texts):
            raise RuntimeError("a batch with a `c`")
        return [float("inf") if "a" in text else len(text) for text in texts]
"""
SIGNATURES = [
    "number(text) -> number",
    "words(text) -> text, not pure",
    "holds(text, number) -> yes/no",
    "many(text) -> number, batch",
]


@pytest.fixture(scope="module")
def _risky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        install(tmp_path_factory.mktemp("risky"), patch, "risky", RISKY, SIGNATURES)
        yield


def _call(name: str, kinds: tuple[Kind, ...], result: Kind, *arguments: Any, batch: bool = False) -> Any:
    function = ir.Constant(ir.PluginFunction("risky", 1, name, kinds, result, name != "words", batch), Kind.FUNCTION)
    operator = {Kind.NUMBER: "call_number", Kind.TEXT: "call_text", Kind.CONDITION: "call_condition"}[result]
    return st.tuples(st.just(function), *arguments).map(lambda drawn: ir.Call(operator, drawn, result))


def _number_of(name: str) -> ir.Call:
    function = ir.Constant(ir.PluginFunction("risky", 1, "number", (Kind.TEXT,), Kind.NUMBER), Kind.FUNCTION)
    return ir.Call("call_number", (function, ir.Column(name, Kind.TEXT)), Kind.NUMBER)


COLUMNS = {"text": Type(Kind.TEXT), "title": Type(Kind.TEXT), "likes": Type(Kind.NUMBER)}


@cache
def texts(level: int, depth: int) -> st.SearchStrategy[Any]:
    plain = strategies.text_values({name: COLUMNS[name] for name in ("text", "title")}, level)
    if not depth:
        return plain
    return st.one_of(plain, _call("words", (Kind.TEXT,), Kind.TEXT, texts(level, depth - 1)))


@cache
def numbers(level: int, depth: int) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from([ir.Column("likes", Kind.NUMBER), ir.Constant(2.0, Kind.NUMBER)]),
        _call("number", (Kind.TEXT,), Kind.NUMBER, texts(level, depth)),
        _call("many", (Kind.TEXT,), Kind.NUMBER, texts(level, depth), batch=True),
    )


@cache
def questions(level: int, depth: int) -> st.SearchStrategy[Any]:
    more = st.tuples(numbers(level, depth), numbers(level, depth)).map(lambda d: ir.Call("more", d, Kind.CONDITION))
    holds = _call("holds", (Kind.TEXT, Kind.NUMBER), Kind.CONDITION, texts(level, depth), numbers(level, depth))
    mentions = st.tuples(texts(level, depth), strategies.constant(Kind.TERMS, strategies.term_lists())).map(
        lambda drawn: ir.Call("mentions", drawn, Kind.CONDITION)
    )
    missing = numbers(level, depth).map(lambda number: ir.Call("is_missing", (number,), Kind.CONDITION))
    return st.one_of(more, holds, mentions, missing)


@cache
def conditions(level: int = 0, depth: int = 2) -> st.SearchStrategy[Any]:
    plain = questions(level, 1)
    if not depth:
        return plain
    inner = conditions(level, depth - 1)
    joined = st.tuples(st.sampled_from(["and", "and", "or"]), st.lists(inner, min_size=2, max_size=3)).map(
        lambda drawn: ir.Call(drawn[0], tuple(drawn[1]), Kind.CONDITION)
    )
    counted = st.tuples(st.sampled_from(["at_least_of", "at_most_of"]), st.lists(inner, min_size=2, max_size=3)).map(
        lambda drawn: ir.Call(drawn[0], (ir.Constant(1, Kind.COUNT), *drawn[1]), Kind.CONDITION)
    )
    pieces = texts(level, 1).map(lambda text: ir.Call("sentences", (text,), Kind.PIECES))
    some = st.builds(ir.Quantified, pieces, conditions(level + 1, depth - 1), st.just(1), st.none(), st.booleans())
    return st.one_of(plain, joined, joined, counted, some, inner.map(lambda c: ir.Call("not", (c,), Kind.CONDITION)))


@st.composite
def programs(draw: st.DrawFn) -> ir.Program:
    functions = []
    for number in range(draw(st.integers(1, 4))):
        clauses = [
            ir.Clause(condition, ir.Vote("spam", frozenset({draw(st.integers(0, 1))})))
            for condition in draw(st.lists(conditions(), min_size=1, max_size=2))
        ]
        if draw(st.booleans()):
            clauses.append(ir.Clause(None, ir.Vote("spam", frozenset({0}))))
        unless = tuple(draw(st.lists(conditions(), max_size=1)))
        functions.append(ir.LabelingFunction(f"f{number}", f"f{number}", "spam", tuple(clauses), unless))
    columns = tuple(ir.DataColumn(name, type_, name) for name, type_ in COLUMNS.items())
    return ir.Program("row", columns, strategies.TASKS, tuple(functions), ())


SHORT = st.sampled_from(["", "a", "b", "x", "no", "ce. xy. b", "x. y", "xx xy. z?", "c. d", "de. n. b", "y\n\nxo"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": SHORT | st.none(),
            "title": SHORT | st.none(),
            "likes": st.sampled_from([0.0, 1.0, 3.0, None]),
        }
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.usefixtures("_risky")
@given(program=programs(), rows=ROWS)
@settings(max_examples=300, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=SLOW)
def test_votes_and_faults_are_those_of_the_reference(program: ir.Program, rows: list[dict[str, Any]]) -> None:
    assert_equal(program, rows)


def assert_equal(program: ir.Program, rows: list[dict[str, Any]]) -> None:
    """Votes and faults of the engine are those of the reference. Raises AssertionError where they are not."""
    matrix, faults = label_matrix(program, batch(program, rows), batch_rows=4)
    failures = {(f.row, rule): (f.column, f.message, f.value, f.is_call) for f in faults for rule in f.rules}
    assert len(failures) == sum(len(fault.rules) for fault in faults)
    for j, function in enumerate(program.functions):
        own = slice(matrix.indptr[j], matrix.indptr[j + 1])
        given_ = dict(zip(matrix.rows[own].tolist(), matrix.codes[own].tolist(), strict=True))
        for i, row in enumerate(rows):
            said = reference.answer(function, row)
            code = given_.get(i)
            assert (None if code is None else matrix.labels_of(code)) == (said.vote.labels if said.vote else None)
            failure = said.failure
            expected = failure and (call_in_words(failure.call), str(failure), shortened(failure.value), True)
            assert failures.get((i, function.name)) == expected


# Every condition is asked of rows on which each of its parts is true, false, unknown or fails.
LOGIC = st.recursive(
    st.sampled_from(
        [
            ir.Call("more", (ir.Column("likes", Kind.NUMBER), ir.Constant(1.0, Kind.NUMBER)), Kind.CONDITION),
            *(
                ir.Call("more", (_number_of(name), ir.Constant(1.0, Kind.NUMBER)), Kind.CONDITION)
                for name in ("text", "title")
            ),
        ]
    ),
    lambda inner: st.one_of(
        inner.map(lambda c: ir.Call("not", (c,), Kind.CONDITION)),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda drawn: ir.Call(drawn[0], tuple(drawn[1]), Kind.CONDITION)
        ),
    ),
    max_leaves=6,
)
TEXTS = ["", "xx", "b", None]
EVERY_ROW = [{"text": a, "title": b, "likes": c} for a, b, c in product(TEXTS, TEXTS, [0.0, 2.0, None])]


@pytest.mark.usefixtures("_risky")
@given(conditions=st.lists(LOGIC, min_size=4, max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_logic_on_every_row_there_is(conditions: list[ir.Expression]) -> None:
    vote = ir.Vote("spam", frozenset({0}))
    several = [ir.Clause(condition, vote) for condition in conditions[:2]]
    functions = [
        ir.LabelingFunction(f"f{number}", "f", "spam", (ir.Clause(condition, vote), ir.Clause(None, vote)))
        for number, condition in enumerate(conditions)
    ]
    functions.append(ir.LabelingFunction("several", "several", "spam", tuple(several), (conditions[2],)))
    columns = tuple(ir.DataColumn(name, type_, name) for name, type_ in COLUMNS.items())
    assert_equal(ir.Program("row", columns, strategies.TASKS, tuple(functions), ()), EVERY_ROW)
