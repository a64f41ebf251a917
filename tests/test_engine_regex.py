"""A pattern means `re.search` of the running Python: on any text, in linear time, and the scanner misses nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from snorkel_dsl.engine import regex
from snorkel_dsl.language import ir

NASTY = "aAbBkKsSiIzZ019_ \t\n\r\x0b\x1c\x1f\x85\xa0İıſKﬅﬆéÉßẞΣσςµμǅDžöｅ\u0301\u200d😀א١٣ⅷ²½.-'/,:\ufdd0\x00"
LETTERS = "abksizABKSIZ09_ .-'éÉİıſKßΣςµﬅ😀١"

characters = st.sampled_from(NASTY)
texts = st.text(characters, max_size=12) | st.text(st.sampled_from("abks \n-é"), max_size=12)


def spelled(character: str) -> str:
    return re.escape(character)


atoms = st.one_of(
    st.sampled_from(LETTERS).map(spelled),
    st.sampled_from([".", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"\n", r"\.", r"\t", r"(?i:k)", r"(?-i:k)"]),
    st.sampled_from(
        ["[a-z]", "[^a-z]", "[A-Za-z]", r"[\w-]", r"[^\s,]", "[éİ]", "[^k]", "[ſ-ƀ]", "[à-ÿ]", r"[^\W\d_]"]
    ),
    st.sampled_from(["(?a:\\w)", "(?s:.)", "[^İ]", "[^ı]", "[h-l]", "[^h-l]", "[K]", "[Ā-ſ]", "[\\x1c-\\x1f]"]),
)
edges = st.sampled_from([r"\b", r"\B", "^", "$", r"\A", r"\Z", ""])


def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{,2}", "{2,}", "*?", "+?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        st.tuples(edges, inner, edges).map("".join),
        st.tuples(st.sampled_from(["(?m:", "(?s:", "("]), inner).map(lambda pair: f"{pair[0]}{pair[1]})"),
    )


patterns = st.recursive(atoms | edges, extend, max_leaves=8).filter(bool)


@given(patterns, st.lists(texts, min_size=1, max_size=8), st.booleans())
@settings(max_examples=400, deadline=None)
@example(r"^\s*$", ["", "\n", " \n", "\x1c", "a", "\n\n", "\x85\n"], False)
@example(r"\bk\b", ["k", "K", "ék", "k é", "K", "K.", "aKb"], False)
@example(r"a$\n", ["a\n", "a", "a\n\n"], False)
@example(r"\B", ["", "a", "ab", " "], False)
@example(r"st|ß", ["ﬅ", "ﬆ", "ẞ", "SS"], False)
@example(r"(?m)^a$", ["b\na", "a\n", "b\na\nc", "ba"], False)
@example(r"a{1001}", ["a" * 1000, "a" * 1001], False)
def test_a_matcher_answers_as_python_does(pattern: str, strings: list[str], exact_case: bool) -> None:
    python = re.compile(pattern, 0 if exact_case else re.IGNORECASE)
    matcher = regex.Matcher(ir.Pattern(pattern, exact_case))
    for text in strings:
        assert matcher.search(text) == (python.search(text) is not None), (pattern, text)


@given(patterns, st.lists(texts, min_size=1, max_size=8), st.booleans())
@settings(max_examples=400, deadline=None)
@example(r"\bwin", ["é win", "éwin", "win"], False)
@example(r"^\B", ["", " "], False)
def test_a_scanner_misses_nothing_and_is_sure_only_of_what_is_there(
    pattern: str, strings: list[str], exact_case: bool
) -> None:
    python = re.compile(pattern, 0 if exact_case else re.IGNORECASE)
    tree = regex.parse(ir.Pattern(pattern, exact_case))
    for reach in regex.Reach:
        proposal = regex.propose(tree, reach)
        found = re.compile(proposal.pattern, re.DOTALL)
        for text in strings:
            if proposal.width == 0 or (reach is regex.Reach.ASCII and not text.isascii()):
                continue
            proposed = found.search(regex.START + text.encode() + regex.END) is not None
            matched = python.search(text) is not None
            if reach is not regex.Reach.SURE:
                assert proposed >= matched, (pattern, text, proposal)
            if reach is regex.Reach.SURE or proposal.exact:
                assert proposed <= matched, (pattern, text, proposal)


@pytest.mark.parametrize(
    "text", ["[^k]", "k", "[a-ſ]", r"[^\W\d_]", "İ", "[ı-ŀ]", r"[\s\d]", "[Σ]", "ﬅ", "\u0345", "[^\u0345]"]
)
@pytest.mark.parametrize("flags", [0, re.IGNORECASE, re.IGNORECASE | re.ASCII])
def test_the_characters_of_an_atom_are_those_of_python(text: str, flags: int) -> None:
    tree = regex.parse(ir.Pattern(f"(?a){text}" if flags & re.ASCII else text, not flags & re.IGNORECASE))
    assert isinstance(tree, regex.Atom)
    numbers = np.array([n for n in range(regex.END_OF_UNICODE) if not 0xD800 <= n < 0xE000])
    expected = np.zeros(regex.END_OF_UNICODE, bool)
    every = "".join(map(chr, numbers.tolist()))
    for match in re.finditer(text, every, flags):
        expected[numbers[match.start()]] = True
    assert (regex.members(regex.code_points(tree), numbers) == expected[numbers]).all()


@pytest.mark.parametrize("pattern", ["(a|a)*b", r"(\w+\s?)*$", "(a*)*c", r"(?:a?){30}a{30}b", r"^(\s|\w)*!"])
def test_no_pattern_is_slower_than_linear(pattern: str) -> None:
    matcher = regex.Matcher(ir.Pattern(pattern))
    for text in ("a" * 100_000, "é" + "a" * 100_000 + "\x1c!", "a \n" * 30_000 + "?"):
        matcher.search(text)
    assert not regex.Matcher(ir.Pattern("(a|a)*b")).search("a" * 100_000)


def test_more_word_characters_than_representatives() -> None:
    word = "".join(chr(n) for n in range(0x430, 0x44F)) + "abcdefghijklmnopqrstuvwxyz0123456789αβγδεζηθ"
    pattern = "|".join(rf"\b{letter}\b" for letter in word)
    python, matcher = re.compile(pattern, re.IGNORECASE), regex.Matcher(ir.Pattern(pattern))
    for text in ("ж", "жж", "a б", "_", "éa", " "):
        assert matcher.search(text) == (python.search(text) is not None)
