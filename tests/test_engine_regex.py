"""A pattern means `re.search` of the running Python: on any text, in linear time, and the scanner misses nothing."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import snorkel_dsl as sd
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.engine import literals, regex, scan
from snorkel_dsl.engine import matcher as matching
from snorkel_dsl.engine.blocks import Block
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
        st.tuples(st.sampled_from(["(?-i:", "(?s:", "("]), inner).map(lambda pair: f"{pair[0]}{pair[1]})"),
    )


patterns = st.builds(
    str.__add__, st.sampled_from(["", "", "(?m)"]), st.recursive(atoms | edges, extend, max_leaves=8).filter(bool)
)


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
    matcher = matching.Matcher(ir.Pattern(pattern, exact_case))
    for text in strings:
        assert matcher.search(text) == (python.search(text) is not None), (pattern, text)


@given(patterns, st.lists(texts, min_size=1, max_size=8), st.booleans())
@settings(max_examples=400, deadline=None)
@example(r"\bwin", ["é win", "éwin", "win"], False)
@example(r"\bwin(?:s|es)?\b", ["é win", "é winsé", "wins é", "é win_"], False)
@example(r"\b(?:é|[-k])?a\b", ["éa", "xéa", "é -a", "é k-a", "ka é"], False)
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


@given(patterns, st.lists(texts, min_size=1, max_size=8), st.booleans())
@settings(max_examples=400, deadline=None)
@example("ski|x", ["\u017f\u212ai", "SK\u0130", "sk\u0131", "X"], False)
@example("ski", ["\u017f\u212ai", "ski"], True)
@example(r"(?:éa|k?b){1,2}c", ["ÉAc", "\u212abC"], False)
@example("a(?:b|)(?-i:K)", ["abK", "aK", "abk", "ab\u212a"], False)
def test_a_text_without_the_literals_of_a_pattern_does_not_match(
    pattern: str, strings: list[str], exact_case: bool
) -> None:
    python = re.compile(pattern, 0 if exact_case else re.IGNORECASE)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(literals, "_LEAST", 1)
        needed = literals.required(regex.parse(ir.Pattern(pattern, exact_case)))
    for text in strings if needed else []:
        block = Block(0, pa.array([text.encode()], pa.large_binary()))
        if python.search(text):
            assert any(literal in literals.without_case(block)[0] for literal in needed), (pattern, text, needed)


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
    matcher = matching.Matcher(ir.Pattern(pattern))
    for text in ("a" * 100_000, "é" + "a" * 100_000 + "\x1c!", "a \n" * 30_000 + "?"):
        matcher.search(text)
    assert not matching.Matcher(ir.Pattern("(a|a)*b")).search("a" * 100_000)


MANY = "".join(map(chr, [*range(0x430, 0x44F), *range(0x3B1, 0x3C0), *range(0x61, 0x70), *range(0x4E00, 0x4E10)]))


@given(patterns, st.lists(st.text(st.sampled_from(MANY[::7] + "é _-\n1"), max_size=6), min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
@example(r"\B", ["", "a", "ab", "жж", " "])
@example(r"\b", ["", "a", "ab", "жж", " "])
@example(r"\Bж$", ["жж\n", "ж", "aж", "жé"])
def test_a_pattern_of_very_many_characters(pattern: str, strings: list[str]) -> None:
    many = f"{pattern}|" + "|".join(rf"{letter}\b{letter}" for letter in MANY)
    python, matcher = re.compile(many, re.IGNORECASE), matching.Matcher(ir.Pattern(many))
    for text in strings:
        assert matcher.search(text) == (python.search(text) is not None), (pattern, text)


def test_a_pattern_that_takes_too_much_memory_is_refused(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "MOST_MEMORY", 1 << 14)
    with pytest.raises(RulesError) as raised:
        matching.Matcher(ir.Pattern("(?:ab|c){900}")).search("a")
    assert raised.value.diagnostics[0].message == "the pattern `(?:ab|c){900}` takes more than 0 MB to match"
    assert capfd.readouterr() == ("", "")


def test_patterns_that_are_too_large_for_one_set_are_scanned_in_several_or_asked(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [(b"%c[ab]{%d}" % (97 + n, 60 if n else 900),) for n in range(20)]
    texts = pa.array([b"c" + b"ab" * 30, b"tc", b"a" * 901], pa.large_binary())
    unscanned = []
    for memory in (1 << 20, 1 << 17, 1 << 16, 1 << 15):
        monkeypatch.setattr(matching, "MOST_MEMORY", memory)
        database = scan.Database.of(wanted, "re2")
        found: dict[int, list[int]] = {}
        for numbers, rows in database.find(texts):
            for number, row in zip(numbers.tolist(), rows.tolist(), strict=True):
                found.setdefault(number, []).append(row)
        unscanned.append(sorted(database.unscanned))
        expected = {0: [2], 2: [0]}
        assert found == {number: rows for number, rows in expected.items() if number not in database.unscanned}
    assert unscanned[0] == unscanned[1] == []
    assert 0 in unscanned[-1]
    assert capfd.readouterr() == ("", "")


def test_more_word_characters_than_representatives() -> None:
    word = "".join(chr(n) for n in range(0x430, 0x44F)) + "abcdefghijklmnopqrstuvwxyz0123456789αβγδεζηθ"
    pattern = "|".join(rf"\b{letter}\b" for letter in word)
    python, matcher = re.compile(pattern, re.IGNORECASE), matching.Matcher(ir.Pattern(pattern))
    for text in ("ж", "жж", "a б", "_", "éa", " ", "б", "ё", "жa б", "\n", ""):
        assert matcher.search(text) == (python.search(text) is not None)


@given(st.sampled_from([r"a+", r"\bwar\w*", r"(foo|f)o?", r"x$", r"^\s*\w", r"ſ|k", r"[^a]{2}"]), texts)
def test_places_are_those_that_python_finds(pattern: str, text: str) -> None:
    found = [place.span() for place in re.finditer(pattern, text, re.IGNORECASE) if place[0]]
    assert matching.matcher(ir.Pattern(pattern)).places(text) == found


def test_a_single_row_is_matched_in_linear_time_as_well() -> None:
    rules = sd.compile(
        "data d\n    text text\ntask t on d\n    labels A, B\n"
        'rule slow votes A\n    when text matches /(a+)+$/\n    example none "' + "a" * 60 + '!"\n'
    )
    assert rules.lfs["slow"]({"text": "a" * 5_000 + "!"}) == -1
    assert rules.lfs["slow"]({"text": "a" * 5_000}) == 0
