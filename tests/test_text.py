"""Text semantics, version 1: the frozen Unicode table, folding, parts of a text, finding terms."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from strategies import term_lists, texts

from snorkel_dsl.language.ir import Term, TermList, joined
from snorkel_dsl.language.text import characters, generate, parts
from snorkel_dsl.language.text.characters import simple_fold
from snorkel_dsl.language.text.folding import fold, nfkc
from snorkel_dsl.language.text.terms import compile_term, find, find_characters, mentioned_terms

FROZEN = characters.unicode_table()["unicode"]
same_unicode = pytest.mark.skipif(
    unicodedata.unidata_version != FROZEN, reason=f"the table is of Unicode {FROZEN}, this Python knows another version"
)


class TestTable:
    @same_unicode
    def test_regenerating_gives_the_same_file(self):
        assert generate.TABLE.read_text(encoding="ascii") == generate.as_text()

    def test_ascii_needs_no_table(self):
        code = (
            "from snorkel_dsl.language.text import characters, fold_case, folding, parts, terms\n"
            "from snorkel_dsl.language.ir import Term, TermList\n"
            "text = 'A b. C-D\\n\\nhttp://x.y E'\n"
            "[measure(text) for measure in (*parts.MEASURES.values(), *parts.CAPITALS.values())]\n"
            "terms.find(text, TermList((Term('c d'), Term('b*'), Term('*'), Term('US', exact_case=True)))), fold_case(text)\n"
            "print(characters.unicode_table.cache_info().currsize)"
        )
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert said.stdout == "0\n"

    def test_white_space_is_written_out_as_in_the_table(self):
        assert parts.white_space() == characters.members("white_space")


class TestFolding:
    @same_unicode
    @given(texts())
    def test_nfkc(self, text):
        assert nfkc(text) == unicodedata.normalize("NFKC", text)

    @same_unicode
    @given(texts())
    def test_the_order_of_steps(self, text):
        expected = unicodedata.normalize("NFKC", text)
        expected = expected.translate(characters.SIMPLE_QUOTES | characters.SIMPLE_DASHES)
        expected = "".join(" " if character.isspace() else character for character in expected)
        expected = re.sub(" +", " ", expected)
        assert fold(text, case=True).text == expected
        assert fold(text).text == simple_fold(expected)

    @given(texts())
    def test_offsets_lead_back(self, text):
        folded = fold(text)
        assert len(folded.starts) == len(folded.ends) == len(folded.text)
        assert list(folded.starts) == sorted(folded.starts)
        assert list(folded.ends) == sorted(folded.ends)
        covered = set()
        for index in range(len(folded.text)):
            start, end = folded.place(index, index + 1)
            assert 0 <= start < end <= len(text)
            covered.update(range(start, end))
        assert covered == set(range(len(text)))

    @pytest.mark.parametrize(
        ("text", "folded"),
        [
            ("", ""),
            ("ABC", "abc"),
            ("ﬁrst", "first"),
            ("İı ſ K ﬅ", "İı s k st"),
            ("straße STRASSE ẞ", "straße strasse ß"),
            ("‘a’ “b” – —", "'a' \"b\" - -"),
            ("a\xa0\n\t b\u2028c\x1c", "a b c "),
            ("Cafe\u0301", "café"),
            ("①½", "11⁄2"),
            ("Σς", "σσ"),
            ("\u1112\u1161\u11ab", "한"),
        ],
    )
    def test_values(self, text, folded):
        assert fold(text).text == folded

    @given(texts())
    def test_simple_folding_keeps_the_length(self, text):
        assert len(simple_fold(text)) == len(text)
        assert simple_fold(simple_fold(text)) == simple_fold(text)

    @pytest.mark.parametrize(
        ("text", "folded"), [("K", "k"), ("ſ", "s"), ("İ", "İ"), ("ı", "ı"), ("ẞ", "ß"), ("ᾈ", "ᾀ"), ("ﬅ", "ﬅ")]
    )
    def test_simple_folding(self, text, folded):
        assert simple_fold(text) == folded


def cut(measure, text):
    return [text[start:end] for start, end in parts.MEASURES[measure](text)]


class TestParts:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("don't don’t 1.5 x-ray and/or", ["don't", "don’t", "1.5", "x-ray", "and/or"]),
            ("3,000 a--b 'q' e.g. end.", ["3", "000", "a", "b", "q", "e.g", "end"]),
            ("Cafe\u0301s -- \u0301 日本語 א׳", ["Cafe\u0301s", "日本語", "א"]),
            ("word—word 2019–20 ½", ["word", "word", "2019", "20", "½"]),
            ("", []),
        ],
    )
    def test_words(self, text, words):
        assert cut("words", text) == words

    @given(texts())
    def test_tokens_are_what_split_gives(self, text):
        frozen = "".join(" " if character in parts.white_space() else character for character in text)
        assert [frozen[start:end] for start, end in parts.tokens(text)] == [
            piece for piece in frozen.split(" ") if piece
        ]

    def test_lines_and_paragraphs(self):
        text = "\n a\r\nb \r\n \t\r\n\n c\x85d\n"
        assert cut("lines", text) == [" a", "b ", " c", "d"]
        assert cut("paragraphs", text) == ["a\r\nb", "c\x85d"]
        assert cut("lines", "") == cut("paragraphs", " \n ") == []

    @pytest.mark.parametrize(
        ("text", "links"),
        [
            ("see http://a.b/c?d=1, WWW.x.org and https://", ["http://a.b/c?d=1,", "WWW.x.org"]),
            ('<a href="https://x.y">xhttp://z', ["https://x.y"]),
        ],
    )
    def test_links(self, text, links):
        assert cut("links", text) == links

    def test_capitals(self):
        text = "LOOK at É, ǅ and X-RAY 5 日本"
        assert cut("capitals", text) == [*"LOOKÉǅXRAY"]
        assert [text[start:end] for start, end in parts.capital_words(text)] == ["LOOK", "É", "ǅ", "X-RAY"]
        assert len(cut("letters", text)) == 17

    @pytest.mark.parametrize(
        ("text", "separator", "pieces"),
        [
            ("", ".", []),
            ("a.b.", ".", ["a", "b", ""]),
            (".", ".", ["", ""]),
            ("a--b", "--", ["a", "b"]),
            ("ab", ".", ["ab"]),
        ],
    )
    def test_pieces(self, text, separator, pieces):
        assert [text[start:end] for start, end in parts.pieces(text, separator)] == pieces

    @given(texts())
    def test_places_are_in_order_and_apart(self, text):
        for measure in (*parts.MEASURES.values(), *parts.CAPITALS.values()):
            found = measure(text)
            assert all(0 <= start < end <= len(text) for start, end in found)
            assert all(end <= start for (_, end), (start, _) in pairwise(found))


SENTENCES = [
    ["Dr. Smith saw it.", "It was 1.5 cm."],
    ["See e.g. the left lung.", "Cf. Fig. 3 and No. 4 there."],
    ["Hi!!!", "check this out... lol.", "really?", "yes."],
    ['He said "No."', "Then he left (at 5 p.m.).", "J. Smith of the U.S. Army came."],
    ["At 5 p.m.", "He left at 6 a.m. on Monday."],
    ["IMPRESSION: 1. Stable cardiomegaly with shift.", "2. No effusion.", "a) Clear."],
    ["Is it I.", "It is."],
    ["Wait...", "Then it came."],
    ["これは文です。", "次の文！"],
    ["no stop at the end"],
]


class TestSentences:
    @pytest.mark.parametrize("sentences", SENTENCES, ids=lambda sentences: sentences[0])
    def test_joined_by_spaces_they_come_apart_again(self, sentences):
        assert cut("sentences", " ".join(sentences)) == sentences

    @pytest.mark.parametrize(
        ("text", "sentences"),
        [
            ("1. Cardiomegaly\n2. Edema\n3. none", ["1. Cardiomegaly", "2. Edema", "3. none"]),
            ("- clear\n* normal\n• none", ["- clear", "* normal", "• none"]),
            ("The lungs are\nclear. No\r\neffusion", ["The lungs are\nclear.", "No\r\neffusion"]),
            ("great song\nCheck my channel", ["great song", "Check my channel"]),
            ("one\n\ntwo\n \nthree", ["one", "two", "three"]),
            ("seen by Dr.\nSmith.", ["seen by Dr.\nSmith."]),
            ("  \n ", []),
            ("", []),
            ("x.y is 3.5.", ["x.y is 3.5."]),
        ],
    )
    def test_lines_and_lists(self, text, sentences):
        assert cut("sentences", text) == sentences

    @given(texts())
    def test_they_leave_out_white_space_only(self, text):
        inside = {index for start, end in parts.sentences(text) for index in range(start, end)}
        assert all(text[index] in parts.white_space() for index in range(len(text)) if index not in inside)


def found(text, *terms, masks=(), **how):
    wanted = TermList(tuple(Term(term, **how) for term in terms), tuple(Term(mask) for mask in masks))
    return [text[occurrence.start : occurrence.end] for occurrence in find(text, wanted)]


class TestTerms:
    @pytest.mark.parametrize(
        ("text", "term", "places"),
        [
            ("alone a A", "a", ["a", "A"]),
            ("café cafe\u0301 caf", "caf", ["caf"]),
            ("café cafe\u0301", "cafe\u0301", ["café", "cafe\u0301"]),
            ("C++ c++x xC++ C+++", "C++", ["C++", "c++x"[:3], "C++"]),
            ("#1 x#1 #12", "#1", ["#1", "#1"]),
            ("a:)b :-)", ":)", [":)"]),
            ("X-ray x  ray x–ray xray x--ray", "x ray", ["X-ray", "x  ray", "x–ray"]),
            ("pre pre-op", "pre-", ["pre-"]),
            ("a - b -- c", "--", ["--"]),
            ("❤️love love\u0301", "love", ["love"]),
            ("don’t", "don't", ["don’t"]),
            ("ﬁnd", "find", ["ﬁnd"]),
            ("ﬁnd", "fi", []),
            ("STRASSE", "straße", []),
            ("giveaways Giveaway agiveaway", "giveaway*", ["giveaways", "Giveaway"]),
            ("post-operative pain", "post* pain", ["post-operative pain"]),
            ("no acute cardio-pulmonary disease", "no acute *", ["no acute cardio-pulmonary"]),
            ("no acute, disease", "no acute *", []),
            ("a* b a**", "a**", ["a**"]),
            ("x", "   ", []),
        ],
    )
    def test_one_term(self, text, term, places):
        assert found(text, term) == places

    def test_exactly(self):
        assert found("x-ray x ray X–RAY", "x-ray", exactly=True) == ["x-ray", "X–RAY"]

    def test_exact_case(self):
        assert found("US us Us", "US", exact_case=True) == ["US"]

    def test_the_longest_wins_and_nothing_overlaps(self):
        assert found("lung nodule lung", "lung", "lung nodule", "nodule lung") == ["lung nodule", "lung"]

    def test_masks_come_first(self):
        assert found("history of edema, edema", "edema", masks=["history of edema"]) == ["edema"]
        assert found("please reply now", "reply now", masks=["please reply"]) == []

    def test_masks_concern_their_own_list_alone(self):
        city = TermList((Term("capital"), Term("town")), (Term("country's capital"),))
        country = TermList((Term("country"), Term("capital")))
        text = "What country's capital, town?"
        for search in (find, find_characters):
            places = [text[one.start : one.end] for one in search(text, joined([city, country]))]
            assert places == ["country", "capital", "town"]
        assert mentioned_terms(find(text, joined([city, country]))) == 3

    def test_a_list_joined_with_itself_is_itself(self):
        city = TermList((Term("capital"),), (Term("a capital"),))
        assert joined([city, city]) == city
        assert joined([joined([city, TermList((Term("x"),))]), city]).parts == (city, TermList((Term("x"),)))

    @settings(max_examples=100)
    @given(texts(), term_lists(), term_lists())
    def test_lists_together_are_found_where_either_is(self, text, first, second):
        for search in (find, find_characters):
            assert bool(search(text, joined([first, second]))) == bool(search(text, first) or search(text, second))

    def test_terms_that_share_a_place_all_count(self):
        wanted = TermList((Term("x ray"), Term("x-ray"), Term("x *"), Term("y")))
        assert mentioned_terms(find("X-ray", wanted)) == 3

    @settings(max_examples=60)
    @given(texts(), term_lists())
    def test_occurrences_are_in_order_and_apart(self, text, wanted):
        for search in (find, find_characters):
            places = [(occurrence.start, occurrence.end) for occurrence in search(text, wanted)]
            assert all(0 <= start < end <= len(text) for start, end in places)
            assert places == sorted(places)

    @settings(max_examples=60)
    @given(texts(), term_lists())
    def test_a_term_finds_itself(self, text, wanted):
        for term in wanted.terms:
            compiled = compile_term(term)
            if compiled.is_literal and compiled.atoms:
                assert find(f"( {term.text} )", TermList((term,)))

    @given(texts(), term_lists())
    def test_contains_is_python_in_on_folded_text(self, text, wanted):
        plain = TermList(wanted.terms)
        expected = any(
            term.text in text if term.exact_case else simple_fold(term.text) in simple_fold(text)
            for term in wanted.terms
        )
        assert bool(find_characters(text, plain)) == expected


@pytest.mark.parametrize("unit", ["a-", "x.", "www.", "\u0301", "a\u0301", "a"])
def test_terms_are_found_in_linear_time(unit: str) -> None:
    terms = TermList(tuple(map(Term, ("a*", "*", "* a", "x *"))), (Term("www*"),))
    assert len(find(unit * 50_000, terms)) <= 1
