"""Which regular expressions the language accepts, and what it says of the others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import PATTERNS, patterns

from snorkel_dsl.language import ir
from snorkel_dsl.language.patterns import check_pattern, compile_pattern

REFUSED = [
    ("(?<=x)y", 0, 6, "look-behind", "`xy`"),
    ("a(?=b)", 1, 6, "look-ahead", "`ab`"),
    ("a(?!b)c", 1, 6, "look-ahead", "does not match"),
    ("(?<!b)c", 0, 6, "look-behind", "does not match"),
    (r"(a)\1", 3, 5, "back-reference", "`|`"),
    ("(?P<n>a)(?P=n)", 8, 14, "back-reference", "`|`"),
    ("(a)?(?(1)b|c)", 4, 13, "conditional", "`|`"),
    ("a++b", 1, 3, "possessive", "`+`"),
    ("a{2,3}+", 1, 7, "possessive", "`{2,3}`"),
    ("(?>ab)c", 0, 6, "atomic", "`(?:ab)`"),
    ("a{1001}", 1, 7, "1_000", "smaller"),
    ("(a{100}){100}", 0, 13, "10_000", "smaller"),
    ("(?:" + "abcdefghij" * 40 + "){100}", 0, 409, "40_000", "several patterns"),
    ("(" * 200 + ")" * 200, 0, 400, "100", "several patterns"),
    ("(?x) a", 0, 4, "`x`", "comments"),
    ("(?a)x", 0, 4, "`a`", "`[0-9]`"),
    ("b(?m:^a)", 1, 5, "`m`", "start"),
]
INVALID = [
    ("a(b", 1, "subpattern", r"`\(`"),
    ("a)", 1, "parenthesis", r"`\)`"),
    ("[a", 0, "character set", "`]`"),
    ("*a", 0, "nothing to repeat", "before it"),
    ("a**", 2, "multiple repeat", "(?:…)"),
    ("a{3,2}", 2, "min repeat", "smaller number first"),
    ("ab\\", 2, "bad escape", "backslash"),
    (r"a\q", 1, r"bad escape \q", r"`\q` means nothing"),
    ("x(?i)", 1, "global flags", "start"),
]


@pytest.mark.parametrize(("pattern", "start", "end", "message", "advice"), REFUSED)
def test_what_no_automaton_does_is_refused_with_its_place(pattern, start, end, message, advice):
    (problem,) = check_pattern(pattern)
    assert (problem.start, problem.end, problem.kind) == (start, end, "unsupported-pattern")
    assert message in problem.message
    assert advice in problem.help


@pytest.mark.parametrize(("pattern", "start", "message", "advice"), INVALID)
def test_what_is_no_regular_expression_says_why(pattern, start, message, advice):
    (problem,) = check_pattern(pattern)
    assert (problem.start, problem.kind) == (start, "invalid-pattern")
    assert message in problem.message
    assert advice in problem.help


@pytest.mark.parametrize(
    "pattern", [*PATTERNS, "[(?=]", r"\(?=", r"\101", r"[\1]", "(?P<n>a)", "[[a]", "a{", "(?#note)a", "[]a]"]
)
def test_accepted(pattern):
    assert check_pattern(pattern) == []


def test_every_problem_is_found_at_once():
    found = check_pattern(r"(?=a)b++(?<!c)\1")
    assert [problem.start for problem in found] == [0, 6, 8, 14]


@given(patterns())
def test_what_the_strategies_draw_is_accepted(pattern):
    assert check_pattern(pattern.text) == []
    assert compile_pattern(pattern).flags & re.IGNORECASE == (0 if pattern.exact_case else re.IGNORECASE)


@given(st.text(st.sampled_from("ab()[]{}?*+|\\1,2<=!>:P^$.-imx")))
def test_any_text_is_judged(text):
    problems = check_pattern(text)
    for problem in problems:
        assert 0 <= problem.start <= problem.end <= len(text)
    if not problems:
        compile_pattern(ir.Pattern(text))
