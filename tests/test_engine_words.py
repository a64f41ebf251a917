"""Words in a table, phrases in a tree, joined texts, many texts folded at once: each against the plain way."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
import strategies
from equality import assert_equal_votes
from hypothesis import given, settings
from hypothesis import strategies as st

from snorkel_dsl.engine import phrases, words
from snorkel_dsl.engine.blocks import blocks
from snorkel_dsl.engine.folded import fold_all
from snorkel_dsl.engine.scan import SCANNERS
from snorkel_dsl.language import ir, types
from snorkel_dsl.language.text.characters import case_folding
from snorkel_dsl.language.text.folding import fold, nfkc
from snorkel_dsl.language.types import Kind

# Few letters, so that what is looked for is found; lengths on both sides of 8, 16 and 24 bytes.
SOME_WORDS = st.builds(lambda piece, times: piece * times, st.text("ab1", min_size=1, max_size=3), st.integers(1, 9))
PIECES = st.one_of(
    SOME_WORDS,
    SOME_WORDS.map(str.upper),
    st.sampled_from([" ", "-", "_", "\0", "é", "\u0301", "\n", "  ", " - ", "\t \x1c"]),
    SOME_WORDS,
)
LINES = st.lists(PIECES, max_size=8).map("".join)


def spans(table: words.WordTable | phrases.Phrases, block: bytes) -> list[tuple[int, int, int]]:
    parts = list(table.find(block))
    return sorted(
        (start, end, number)
        for numbers, starts, ends in parts
        for number, start, end in zip(numbers.tolist(), starts.tolist(), ends.tolist(), strict=True)
    )


@given(st.lists(SOME_WORDS, min_size=1, max_size=20, unique=True), st.lists(LINES, max_size=6), st.integers(1, 40))
def test_words_are_found_where_a_regular_expression_finds_them(
    looked_for: list[str], lines: list[str], window: int
) -> None:
    block = b"\xff" + b"\xfe\xff".join(line.encode() for line in lines) + b"\xfe"
    numbers = {word.encode(): number for number, word in enumerate(looked_for)}
    found = re.finditer(rb"[0-9A-Za-z]+", block)
    expected = [(*one.span(), numbers[one[0].lower()]) for one in found if one[0].lower() in numbers]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_WINDOW", window)
        assert spans(words.WordTable(list(numbers)), block) == expected


PHRASES = st.lists(
    st.lists(st.sampled_from(["a", "b", "ab", "1"]), min_size=1, max_size=4).map(" ".join), min_size=1, unique=True
)
GLUE = st.sampled_from([" ", " ", " ", "-", "  ", " \t\n ", " -", "--", "", "é", " é ", ". "])


@given(PHRASES, st.lists(st.tuples(st.sampled_from(["a", "b", "AB", "1", "c"]), GLUE), max_size=30), st.booleans())
def test_phrases_are_found_where_a_regular_expression_finds_them(
    looked_for: list[str], pairs: list[tuple[str, str]], split: bool
) -> None:
    text = "".join(word + glue for word, glue in pairs).encode()
    block = b"\xff" + (text.replace(b".", b"\xfe\xff") if split else text) + b"\xfe"
    expected = []
    for number, phrase in enumerate(looked_for):
        gap = rb"(?:[\t-\r\x1c- ]+|-)"
        pattern = rb"(?<![0-9A-Za-z])(?=(%s)(?![0-9A-Za-z]))" % gap.join(phrase.encode().split())
        expected += [(*one.span(1), number) for one in re.finditer(pattern, block, re.IGNORECASE)]
    assert spans(phrases.Phrases([phrase.encode() for phrase in looked_for]), block) == sorted(expected)


def test_words_that_begin_alike_and_end_alike_are_told_apart() -> None:
    looked_for = [b"begin%05dmiddle%05dend" % (n % 7, n) for n in range(3_000)]
    block = b" " + b" ".join(looked_for[::-1]) + b" begin00000middle99999end "
    table = words.WordTable(looked_for)
    assert [number for _, _, number in spans(table, block)] == list(range(2_999, -1, -1))


@given(st.lists(st.one_of(strategies.texts(), LINES), max_size=6))
def test_many_texts_fold_as_each_alone(texts: list[str]) -> None:
    assert fold_all(texts) == [fold(text, case=True).text for text in texts]


@pytest.mark.parametrize("texts", [["a\u00a0 b", "\u0301", "x", ""], ["".join(map(chr, range(128))), "é\u2003 \t"]])
def test_texts_fold_alone_whatever_stands_beside_them(texts: list[str]) -> None:
    assert fold_all(texts) == [fold(text, case=True).text for text in texts]


def test_no_folded_text_holds_a_character_that_is_an_ascii_letter_in_another_case() -> None:
    """A table of words ignores the case of ASCII letters only: that is enough for folded text."""
    others = {chr(code) for code, folded in case_folding().items() if code > 127 and folded.isascii()}
    assert others == {"\u212a", "\u017f"}
    assert all(nfkc(character).isascii() for character in others)


@given(st.lists(st.text("ab é", max_size=5), min_size=1, max_size=8), st.integers(1, 12))
def test_blocks_hold_every_text_once_and_know_which_is_where(texts: list[str], most: int) -> None:
    array = pa.array([text.encode() for text in texts], pa.large_binary())
    seen = []
    for block in blocks(array, most):
        places = [place for place, byte in enumerate(block.joined) if byte == 0xFF]
        seen += [
            (row, block.joined[place + 1 :].split(b"\xfe")[0])
            for row, place in zip(block.rows(np.array(places) + 1).tolist(), places, strict=True)
        ]
    assert seen == [(row, text.encode()) for row, text in enumerate(texts)]


TERMS = st.lists(
    st.builds(
        ir.Term,
        st.one_of(SOME_WORDS, st.sampled_from(["a b", "b*", "é", "a1-b", "a ab b", "1 1 1", "a - b", "b a*"])),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique=True,
)


@pytest.mark.parametrize("scanner", SCANNERS)
@given(
    lists=st.lists(st.tuples(TERMS, st.lists(SOME_WORDS.map(ir.Term), max_size=1)), min_size=1, max_size=3),
    rows=st.lists(st.fixed_dictionaries({"text": st.one_of(st.none(), LINES)}), min_size=1, max_size=6),
)
@settings(deadline=None)
def test_functions_of_one_clause_vote_as_the_reference_does(
    scanner: str, lists: list[tuple[list[ir.Term], list[ir.Term]]], rows: list[dict[str, object]]
) -> None:
    text = ir.Column("text", Kind.TEXT)
    functions = []
    for number, (terms, masks) in enumerate(lists):
        listed = ir.Constant(ir.TermList(tuple(terms), tuple(masks)), Kind.TERMS)
        clause = ir.Clause(ir.Call("mentions", (text, listed), Kind.CONDITION), ir.Vote("t", frozenset({number % 2})))
        functions.append(ir.LabelingFunction(f"f{number}", f"f{number}", "t", (clause,)))
    column = ir.DataColumn("text", types.TEXT, "text")
    program = ir.Program("row", (column,), (ir.Task("t", ("A", "B")),), tuple(functions), ())
    assert_equal_votes(program, rows, scanner)
