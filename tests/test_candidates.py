"""The rows on which a function votes are always candidates, and asking them alone gives the same votes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import strategies
from equality import batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snorkel_dsl import caching, reference
from snorkel_dsl.engine.candidates import Candidates, look_alikes, needed
from snorkel_dsl.engine.run import Asked, label_matrix
from snorkel_dsl.engine.scan import SCANNERS
from snorkel_dsl.language import ir
from snorkel_dsl.language.text.folding import fold
from snorkel_dsl.language.types import Kind, Type

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def program(*conditions: ir.Expression, columns: Any = strategies.COLUMNS) -> ir.Program:
    """A program with a function for each condition."""
    declared = tuple(ir.DataColumn(name, type_, name) for name, type_ in columns.items())
    vote = ir.Vote("spam", frozenset({1}))
    functions = [
        ir.LabelingFunction(f"rule{number}", f"rule{number}", "spam", (ir.Clause(condition, vote),))
        for number, condition in enumerate(conditions)
    ]
    return ir.Program("row", declared, strategies.TASKS, tuple(functions), ())


def hidden(rows: list[dict[str, Any]], among: int = 10) -> list[dict[str, Any]]:
    """Rows, each with so many after it in which nothing is ever found."""
    return [one for row in rows for one in (row, *[{"text": "0", "title": "0"}] * among)]


def assert_same_votes(asked: ir.Program, rows: list[dict[str, Any]], data: pa.RecordBatch, scanner: str | None) -> bool:
    """The candidates' votes are those of the reference. Whether there were any candidates to ask."""
    candidates = Candidates.of(asked, scanner)
    found = None if candidates is None else candidates.of_batch(data, {column.name for column in asked.columns})
    if found is None:
        return False
    chosen, index = found
    assert index.tolist() == sorted(set(index.tolist()))
    answers = [answer.among(index) for answer in Asked(asked, scanner).of(chosen)[0]]
    for function, answer in zip(asked.functions, answers, strict=True):
        votes = [reference.vote(function, row) for row in rows]
        assert answer.rows.tolist() == [number for number, vote in enumerate(votes) if vote is not None]
        assert not answer.failures
        assert not answer.unlisted
    return True


@pytest.mark.parametrize("scanner", SCANNERS)
@given(asked=strategies.programs(most=2), rows=st.lists(strategies.rows(), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_any_program(scanner: str, asked: ir.Program, rows: list[dict[str, Any]]) -> None:
    padded = hidden(rows)
    assert_same_votes(asked, padded, batch(asked, padded), scanner)


# ----------------------------------------------------------------------- conditions that need a literal, texts in disguise

TEXTS = {name: strategies.COLUMNS[name] for name in ("text", "title")}
WORDS = ["giveaway", "check out", "finding", "sick", "kiss", "x ray", "istanbul", "strasse", "café", "US 12", "give*"]
FORMS = [
    "giveaway",
    r"\bkiss\b",
    "(?:find|check)ing?",
    "gi+veaway",
    r"(sick|kiss)\w* (ray|out)",
    "[kK]iss",
    "[sß]ick",
    "(?i:us) 1",
    "^finding$",
    "(?-i:Kiss)|istanbul",
    "caf.|strasse",
    "(?:no )?give",
    "k(?:i|ı)ss",
    "[^a]inding",
    "(?:ki){1,2}ss",
    "s*ick",
]
ALIKE: dict[str, list[str]] = {}
for _code in np.flatnonzero(look_alikes()).tolist():
    for _letter in fold(chr(_code)).text:
        ALIKE.setdefault(_letter, []).append(chr(_code))
for _letter, _others in {"i": "İı", "s": "ſß", "k": "K", "e": "éèę", "a": "áå"}.items():
    ALIKE.setdefault(_letter, []).extend(_others)


@st.composite
def disguised(draw: st.DrawFn) -> str:
    """A word that is looked for, some of its characters in another form, between others."""
    word = draw(st.sampled_from([*WORDS, "kissing rays", "sick outing", "finding"]))
    characters = []
    for character in word:
        other = st.sampled_from(ALIKE.get(character, ["\u0301"]))
        plain = st.sampled_from([character, character, character, character.upper(), character + "\u0323"])
        characters.append(draw(st.integers(0, 7).flatmap(lambda n, o=other, p=plain: p if n else o)))
    around = st.sampled_from(["", "", " ", "x", "-", "é", "\xad", "日本", "…", "\u0301"])
    return draw(around) + "".join(characters) + draw(around)


def on(column: str, operator: str, *constants: tuple[Any, Kind], kind: Kind = Kind.CONDITION) -> ir.Call:
    return ir.Call(operator, (ir.Column(column, Kind.TEXT), *(ir.Constant(*one) for one in constants)), kind)


LISTS = st.lists(
    st.builds(ir.Term, st.sampled_from(WORDS), exact_case=st.booleans(), exactly=st.booleans()), min_size=1, max_size=2
).map(lambda terms: (ir.TermList(tuple(dict.fromkeys(terms))), Kind.TERMS))
NAMES = st.sampled_from(["text", "text", "title"])
FOUND = st.one_of(
    st.builds(on, NAMES, st.sampled_from(["mentions", "mentions", "contains", "starts_with", "ends_with"]), LISTS),
    st.builds(
        lambda name, text, case: on(name, "matches", (ir.Pattern(text, case), Kind.PATTERN)),
        NAMES,
        st.sampled_from(FORMS),
        st.booleans(),
    ),
    st.builds(lambda name, first, second: on(name, "followed_by", first, second, (3, Kind.COUNT)), NAMES, LISTS, LISTS),
)
COUNTED = st.builds(
    lambda name, counted, terms, compared, least: ir.Call(
        compared, (on(name, counted, terms, kind=Kind.NUMBER), ir.Constant(least, Kind.NUMBER)), Kind.CONDITION
    ),
    NAMES,
    st.sampled_from(["mentions_count", "contains_count"]),
    LISTS,
    st.sampled_from(["at_least", "more", "equal"]),
    st.sampled_from([0.0, 1.0, 2.0]),
)


def _joined(inner: st.SearchStrategy[ir.Expression]) -> st.SearchStrategy[ir.Expression]:
    both = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), both).map(lambda d: ir.Call(d[0], d[1], Kind.CONDITION)),
        inner.map(lambda one: ir.Call("not", (one,), Kind.CONDITION)),
        st.tuples(st.integers(0, 2), both).map(
            lambda d: ir.Call("at_least_of", (ir.Constant(d[0], Kind.COUNT), *d[1]), Kind.CONDITION)
        ),
    )


def pieces_of(condition: ir.Expression, least: int | None, most: int | None, every: bool) -> ir.Expression:
    """A condition of the sentences of `text`."""
    sentences = ir.Call("sentences", (ir.Column("text", Kind.TEXT),), Kind.PIECES)
    return ir.Quantified(sentences, _of_piece(condition), least, most, every)


def _of_piece(condition: ir.Expression) -> ir.Expression:
    match condition:
        case ir.Column(name="text"):
            return ir.Piece(0)
        case ir.Call(operator=operator, arguments=arguments, kind=kind):
            return ir.Call(operator, tuple(map(_of_piece, arguments)), kind)
    return condition


CONDITIONS = st.one_of(
    FOUND,
    COUNTED,
    st.recursive(st.one_of(FOUND, FOUND, COUNTED), _joined, max_leaves=4),
    st.builds(pieces_of, FOUND, st.sampled_from([None, 0, 1, 2]), st.sampled_from([None, None, 0, 2]), st.booleans()),
)
CELLS = st.one_of(disguised(), disguised(), strategies.texts(4), st.none())


@pytest.mark.parametrize("scanner", SCANNERS)
@given(
    conditions=st.lists(CONDITIONS, min_size=1, max_size=2),
    rows=st.lists(st.fixed_dictionaries({"text": CELLS, "title": CELLS}), min_size=1, max_size=4),
    type_=st.sampled_from([pa.string(), pa.large_string()]),
    before=st.integers(0, 2),
)
@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
def test_disguised_texts(
    scanner: str, conditions: list[ir.Expression], rows: list[dict[str, Any]], type_: pa.DataType, before: int
) -> None:
    """Also of columns of both widths, and of batches that begin or end within larger ones."""
    asked = program(*conditions, columns=TEXTS)
    padded = hidden(rows)
    around = [{"text": "a giveaway", "title": "sick"}]
    data = batch(asked, around * before + padded + around).cast(pa.schema([(name, type_) for name in TEXTS]))
    assert_same_votes(asked, padded, data.slice(before, len(padded)), scanner)


# ---------------------------------------------------------------------------------------------------------- what is known


def mentions(*terms: str) -> ir.Call:
    return on("text", "mentions", (ir.TermList(tuple(map(ir.Term, terms))), Kind.TERMS))


def matches(pattern: str) -> ir.Call:
    return on("text", "matches", (ir.Pattern(pattern), Kind.PATTERN))


NEGATED = ir.Call("not", (mentions("giveaway"),), Kind.CONDITION)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (mentions("check out", "give*"), {b"check", b"give"}),
        (mentions("café"), {b"caf"}),
        (mentions("*"), None),
        (mentions("日本"), None),
        (matches(r"\bwin\w+ prizes?\b"), {b" prize"}),
        (matches("gratis|free +money"), {b"gratis", b"money"}),
        (matches("gratis|[0-9]+"), None),
        (matches("(?:free)?"), None),
        (matches("[sß]ick"), None),
        (matches("(?i:[k-l])ick"), {b"kick", b"lick"}),
        (matches("(?:free|now)[.!]"), {b"free.", b"free!", b"now.", b"now!"}),
        (mentions("naïve"), {b"na"}),
        (NEGATED, None),
        (ir.Call("and", (NEGATED, mentions("free")), Kind.CONDITION), {b"free"}),
        (ir.Call("or", (NEGATED, mentions("free")), Kind.CONDITION), None),
        (pieces_of(mentions("free"), 1, None, False), {b"free"}),
        (pieces_of(mentions("free"), None, 0, False), None),
    ],
)
def test_what_a_vote_needs(condition: ir.Expression, expected: set[bytes] | None) -> None:
    found = needed(program(condition))
    assert found == (None if expected is None else {("text", one) for one in expected})


def test_otherwise_needs_nothing() -> None:
    vote = ir.Vote("spam", frozenset({1}))
    clauses = (ir.Clause(mentions("free"), None), ir.Clause(None, vote))
    asked = program(mentions("free"))
    function = replace(asked.functions[0], clauses=clauses)
    assert needed(replace(asked, functions=(function,))) is None


def test_look_alikes_are_all_that_count_as_letters() -> None:
    letters = re.compile("[0-9a-z]")
    ignoring_case = re.compile("[0-9a-z]", re.IGNORECASE)
    others = [chr(code) for code in range(128, 0x20000) if not 0xD800 <= code < 0xE000 and not look_alikes()[code]]
    counted = [one for one in others if letters.search(fold(one).text) or ignoring_case.search(one)]
    assert not counted


def test_a_match_reaches_over_no_end() -> None:
    asked = program(mentions("giveaway"), columns={"text": Type(Kind.TEXT)})
    rows = [{"text": text} for text in ["give", "away", None, "", *["x"] * 20, "giveaway", ""]]
    candidates = Candidates.of(asked, "vectorscan")
    assert candidates is not None
    found = candidates.of_batch(batch(asked, rows))
    assert found is not None
    assert found[1].tolist() == [24]


def test_where_many_rows_are_candidates_all_are_asked() -> None:
    asked = program(mentions("giveaway"), columns={"text": Type(Kind.TEXT)})
    data = batch(asked, [{"text": "a giveaway"}] * 20)
    for scanner in SCANNERS:
        candidates = Candidates.of(asked, scanner)
        assert candidates is not None
        assert candidates.of_batch(data) is None


def test_a_column_that_is_not_known_to_be_readable_is_read() -> None:
    liked = ir.Call("more", (ir.Column("likes", Kind.NUMBER), ir.Constant(1.0, Kind.NUMBER)), Kind.CONDITION)
    asked = program(ir.Call("and", (mentions("giveaway"), liked), Kind.CONDITION))
    candidates = Candidates.of(asked)
    assert candidates is not None
    data = batch(asked, hidden([{"text": "giveaway", "likes": 2.0}]))
    assert candidates.of_batch(data) is None
    assert candidates.of_batch(data, {"likes"}) is not None


@pytest.mark.parametrize("cache", [False, True])
def test_large_batches(cache: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The votes and faults of a run with few functions, in several batches, after one with another function."""
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path))
    liked = ir.Call("more", (ir.Column("likes", Kind.NUMBER), ir.Constant(1.0, Kind.NUMBER)), Kind.CONDITION)
    first = program(mentions("sick"), ir.Call("and", (mentions("x ray"), liked), Kind.CONDITION))
    second = program(mentions("sick"), ir.Call("and", (mentions("giveaway"), liked), Kind.CONDITION))
    texts = [
        f"sick {n}" if n % 50 == 0 else f"Gıveaway ｇiveaway {n}" if n % 40 == 0 else f"no {n}" for n in range(9_000)
    ]
    data = pa.table({name: pa.nulls(len(texts)) for name in strategies.COLUMNS})
    likes = ["many" if n == 4_000 else str(n % 3) for n in range(len(texts))]
    data = data.set_column(0, "text", pa.array(texts)).set_column(2, "likes", pa.array(likes))
    label_matrix(first, data, batch_rows=4_500, cache=cache)
    found, faults = label_matrix(second, data, batch_rows=4_500, cache=cache)
    expected, expected_faults = label_matrix(second, data, batch_rows=900)
    assert found.rows.tolist() == expected.rows.tolist()
    assert found.codes.tolist() == expected.codes.tolist()
    assert found.indptr.tolist() == expected.indptr.tolist()
    assert faults == expected_faults
    assert len(found.rows) > 180
    assert faults
