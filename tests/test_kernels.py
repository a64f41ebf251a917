"""A battery over every operator's kernel and over what it looks for: on generated values, what `evaluate` says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snorkel_dsl.engine.values import Numbers, Texts, from_array, from_python
from snorkel_dsl.language import ir
from snorkel_dsl.language.patterns import compile_pattern
from snorkel_dsl.language.text.characters import simple_fold
from snorkel_dsl.language.text.terms import find, find_characters
from snorkel_dsl.language.types import Kind, Type
from snorkel_dsl.predicates import Predicate, Sought, catalog

CATALOG = catalog()
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
ROWS = 8
CONSTANTS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TERMS: strategies.term_lists(),
    Kind.PATTERN: strategies.patterns(),
    Kind.CONTEXT: strategies.contexts(),
    Kind.SECTION: st.sampled_from(strategies.SECTIONS),
    Kind.COUNT: st.integers(0, 3),
    Kind.WORD: st.sampled_from(["characters", "letters", "words", "tokens", "capitals"]),
    Kind.TEXTS: st.lists(st.sampled_from([*strategies.WORDS, ""]), min_size=1, max_size=3, unique=True).map(tuple),
    Kind.NUMBERS: st.lists(st.sampled_from(strategies.NUMBERS), min_size=1, max_size=3).map(tuple),
}


def constants(predicate: Predicate, kind: Kind) -> st.SearchStrategy[Any]:
    """What stands in a rules file for an argument of an operator."""
    if kind is Kind.LOOKUP:
        return strategies.lookups(len(predicate.signature.parameters) - 1)
    if kind is Kind.WORD and predicate.name == "capital":
        return st.sampled_from(["letters", "words", "characters"])
    if kind is Kind.WORD and predicate.name.startswith("said"):
        return st.sampled_from(strategies.STATUSES)
    return st.sampled_from([".", " ", "a", "no"]) if predicate.name == "pieces" else CONSTANTS[kind]


def columns(predicate: Predicate, kind: Kind) -> st.SearchStrategy[list[Any]]:
    """Values of one column, none missing; where the kernel is for ASCII text only, ASCII text."""
    texts = st.one_of(strategies.texts(), st.sampled_from([*strategies.WORDS, *strategies.CHOICES]))
    values = texts if kind in (Kind.TEXT, Kind.CHOICE) else strategies.values(Type(kind))
    if predicate.ascii_only and kind in (Kind.TEXT, Kind.CHOICE):
        values = values.map(lambda text: text.encode("ascii", "ignore").decode())
    return st.lists(values, min_size=ROWS, max_size=ROWS)


@st.composite
def arguments(draw: st.DrawFn, predicate: Predicate) -> list[tuple[Kind, Any]]:
    """An argument for each parameter: a constant of its kind, or a list of values, one a row. Equal parameters get
    values of one kind."""
    chosen: dict[frozenset[Kind], Kind] = {}
    drawn: list[tuple[Kind, Any]] = []
    for number, kinds in enumerate(predicate.signature.parameters):
        kind = chosen.setdefault(kinds, draw(st.sampled_from(sorted(kinds, key=str))))
        constant = kind in CONSTANTS or kind is Kind.LOOKUP or (predicate.name == "pieces" and number == 1)
        drawn.append((kind, draw(constants(predicate, kind) if constant else columns(predicate, kind))))
    return drawn


# What runs code that is not ours is tested with such code: test_annotations.py, test_plugins.py.
OURS = [name for name, predicate in CATALOG.items() if predicate.kernel is not None and not predicate.may_fail]


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_kernel_says_what_evaluate_says(name: str) -> None:
    predicate, answers = CATALOG[name], 0

    @given(arguments(predicate))
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=SLOW)
    def agree(drawn: list[tuple[Kind, Any]]) -> None:
        nonlocal answers
        given_ = [from_python(value, kind) if isinstance(value, list) else value for kind, value in drawn]
        plain = [value.plain if isinstance(value, Texts | Numbers) else value for value in given_]
        assert predicate.kernel is not None
        answer = predicate.kernel(*plain)
        if answer is None:
            return
        answers += 1
        array, missing = answer if isinstance(answer, tuple) else (answer, None)
        result_kind = drawn[0][0] if name in ("add", "subtract", "multiply", "absolute") else predicate.signature.result
        found = from_array(array, result_kind, ROWS, missing).python(np.arange(ROWS))
        for row in range(ROWS):
            one = [value[row] if isinstance(value, list) else value for _, value in drawn]
            expected = predicate.evaluate(*one)
            if predicate.signature.result is Kind.PIECES:
                expected = [one[0][start:end] for start, end in expected]
            assert found[row] == expected, (one, found[row], expected)

    agree()
    assert answers


def is_found(sought: Sought, text: str) -> bool:
    """Whether a text has what an operator looks for, plainly."""
    match sought.what:
        case ir.Pattern() as pattern:
            return compile_pattern(pattern).search(text) is not None
        case ir.TermList(terms=terms) if sought.as_words:
            return bool(find(text, ir.TermList(terms)))
        case ir.TermList(terms=terms) if not (sought.at_start or sought.at_end):
            return bool(find_characters(text, ir.TermList(terms)))
    return any(is_at_edge(sought, text, term) for term in sought.what.terms)


def is_at_edge(sought: Sought, text: str, term: ir.Term) -> bool:
    """Whether a text begins, ends, or begins and ends at once with a term."""
    folded, needle = (text, term.text) if term.exact_case else (simple_fold(text), simple_fold(term.text))
    if sought.at_start and sought.at_end:
        return folded == needle
    return folded.startswith(needle) if sought.at_start else folded.endswith(needle)


@pytest.mark.parametrize("name", sorted(name for name, predicate in CATALOG.items() if predicate.looks_for is not None))
def test_what_an_operator_looks_for_is_in_every_text_that_it_is_true_of(name: str) -> None:
    predicate, true, false = CATALOG[name], 0, 0

    @given(arguments(predicate).filter(lambda drawn: drawn[0][0] is Kind.TEXT))
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=SLOW)
    def agree(drawn: list[tuple[Kind, Any]]) -> None:
        nonlocal true, false
        (_, texts), *others = drawn
        assert predicate.looks_for is not None
        sought = predicate.looks_for(*(value for _, value in others))
        assert sought
        terms = [term.text for _, value in others if isinstance(value, ir.TermList) for term in value.terms]
        whole = [text for kind, value in others if kind is Kind.TEXTS for text in value]
        for text in [*texts, *terms, *whole, " ".join(terms)]:
            answer = bool(predicate.evaluate(text, *(value for _, value in others)))
            found = [is_found(one, text) for one in sought]
            assert all(found) >= answer, (text, others)
            if all(one.decides and not one.masks for one in sought):
                assert all(found) == answer, (text, others)
            true, false = true + answer, false + (not answer)

    agree()
    assert true
    assert false
