"""Spans: read from every form of data, strictly; aligned to their text; asked and explained from the command line to a row."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from checking import checked, program
from equality import assert_equal_votes
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import texts
from test_commands import fine, snorkel_dsl

import snorkel_dsl as sd
from snorkel_dsl import reference
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.engine.lists import LONGEST, read_list
from snorkel_dsl.engine.spans import NO_PAIR, read_ends, read_pair, read_words
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind

DATA = """\
data pair
    sentence  text
    person1   span of sentence
    person2   span of sentence
task spouse on pair
    labels NO, YES
terms SPOUSE_WORDS
    "wife", "husband"
"""
RULES = (
    DATA
    + """\
rule between votes YES
    when the words between person1 and person2 mention any of SPOUSE_WORDS
rule near votes YES
    when person1 is within 3 words of person2
rule called votes NO
    when person1 is "Ann"
"""
)
TEXT = "Ann's wife is Eve."

# ------------------------------------------------------------------------------------------------- lists as text in a cell


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("[]", []),
        (" [ ] ", []),
        ("['a', 'b']", ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ("""['it', "'s", 'a "b"']""", ["it", "'s", 'a "b"']),
        ("""['', "", None]""", ["", "", None]),
        ('["a", null]', ["a", None]),
        (r"""['\'', '\\', '\n', '\x41', '\u00e9', '\U0001f600', '\101']""", ["'", "\\", "\n", "A", "é", "😀", "A"]),
        (r"""["\ud83d\ude00", "\/"]""", ["😀", "/"]),
        (r"""['\d', '\N{DASH}', '\ud83d']""", [r"\d", r"\N{DASH}", r"\ud83d"]),
        ("['a',\n 'b' ,]", ["a", "b"]),
    ],
)
def test_a_list_in_a_cell(cell: str, items: list[str | None]) -> None:
    assert read_list(cell) == items


@pytest.mark.parametrize(
    "cell",
    [
        *("", "a", "['a'", "['a]", "[a]", "['a' 'b']", "['a', 3]", "[1, 2]", "['a']; import os", "('a', 'b')", "['a'] + ['b']"),
        *("[['a']]", "['a', __import__('os')]", "[f'a']", "['a', 'b', *'cd']", "{'a': 1}", '["a"', "[,]", "['a',,]", "['\\"),
        *("[" * 100_000, "[" + "'a', " * 1_000, "['" + "\\" * 99_999, " " * 100_000 + "['", "'" * 9_999, "[" + " " * 9_999),
    ],
)  # fmt: skip
def test_what_is_no_list_of_text(cell: str) -> None:
    assert read_list(cell) is None


def test_a_cell_has_bounds() -> None:
    assert read_list("[" + " " * LONGEST + "]") is None
    assert read_list(str(["a"] * 100_000)) == ["a"] * 100_000


@given(st.lists(st.one_of(texts(), st.text("'\"\\nxu,[] "))))
def test_lists_are_read_as_python_and_json_write_them(items: list[str]) -> None:
    assert read_list(repr(items)) == ast.literal_eval(repr(items)) == items
    assert read_list(json.dumps(items)) == items
    assert read_list(json.dumps(items, ensure_ascii=False)) == items


# ----------------------------------------------------------------------------------------------------------- one value


@pytest.mark.parametrize("value", ["(4, 7)", "[4, 7]", " ( 4 ,7 ) ", [4, 7], (4, 7), [4.0, 7.0], ["4", "7"]])
def test_a_pair(value: object) -> None:
    assert read_pair(value, TEXT) == ((4, 7), None)


@pytest.mark.parametrize(
    "value",
    [
        *("", "4, 7", "(4, 7]", "(4; 7)", "(-4, 7)", "(4.5, 7)", "(4, 7, 9)", "(٤, 7)", "1e3", "(" * 99_999, "(4, 7)x"),
        *([], [4], [4, None], [4, 7, 9], [True, 7], [4.5, 7], [float("nan"), 7], [float("inf"), 7], {"start": 4}, 4, 4.7),
        *([[4, 7]], "(" + "9" * 10_000 + ", 7)"),
    ],
)  # fmt: skip
def test_no_pair(value: object) -> None:
    assert read_pair(value, TEXT) == (None, NO_PAIR)


def test_a_pair_lies_in_its_text() -> None:
    assert read_pair([0, 18], TEXT) == ((0, 18), None)
    assert read_pair([18, 18], TEXT) == ((18, 18), None)
    assert read_pair([0, 19], TEXT) == (None, "outside its text, which has 18 characters")
    assert read_pair([7, 4], TEXT) == (None, "a span that ends before it begins")
    assert read_pair([0, 19], None) == (None, None)


def test_two_columns() -> None:
    assert read_ends(4, "7.0", TEXT) == ((4, 7), None)
    assert read_ends(None, None, TEXT) == (None, None)
    assert read_ends(4, None, TEXT) == (None, "a span without its end")
    assert read_ends(None, 4, TEXT) == (None, "a span without its start")
    assert read_ends("four", 4, TEXT) == (None, "no span: its start is not a whole number")
    assert read_ends(4, 7.5, TEXT) == (None, "no span: its end is not a whole number")
    assert read_ends(4, 7, None) == (None, None)


@pytest.mark.parametrize(
    ("text", "words", "positions", "found"),
    [
        ("Ann's wife", ["Ann", "s", "wife"], (0, 0), "Ann"),
        ("Ann's wife", ["Ann", "s", "wife"], (0, 1), "Ann's"),
        ("Ann's  wife", ["Ann", "'s", "", "wife"], (2, 3), "wife"),
        ("Ann's wife", ["Ann", " ", None, "'s", "\n"], (1, 4), "'s"),
        ("no, no, no", ["no", ",", "no", ",", "no"], (4, 4), "no"),
        ("a-b a.b", ["a", "b", "a.b"], (1, 2), "b a.b"),
        ("  Ann", ["Ann"], (0, 0), "Ann"),
        ("“Ann” — Eve…", ["Ann", "Eve"], (1, 1), "Eve"),
    ],
)
def test_words_are_aligned_in_order(text: str, words: list[str], positions: tuple[int, int], found: str) -> None:
    for given_words in (words, json.dumps(words), repr(words)):
        span, wrong = read_words(positions, given_words, text)
        assert wrong is None
        assert span is not None
        assert text[span[0] : span[1]] == found


@pytest.mark.parametrize(
    ("text", "words", "positions", "message"),
    [
        (
            "Ann met Eve",
            ["Ann", "Eve"],
            (1, 1),
            "no place in the text: the word `Eve` of its list does not come next in the text",
        ),
        (
            "Ann met Eve",
            ["Ann", "Ive"],
            (0, 1),
            "no place in the text: the word `Ive` of its list does not come next in the text",
        ),
        (
            "Ann met Eve",
            ["Eve", "Ann"],
            (1, 1),
            "no place in the text: the word `Eve` of its list does not come next in the text",
        ),
        ("Ann met Eve", ["Ann"], (0, 1), "outside its list, which has 1 words"),
        ("Ann met Eve", ["Ann", "met"], (1, 0), "a span that ends before it begins"),
        ("Ann met Eve", ["Ann", "", "met"], (1, 1), "no words at all: those of its list are empty there"),
        ("Ann met Eve", [], (0, 0), "outside its list, which has 0 words"),
        ("Ann met Eve", None, (0, 0), "positions without a list of words"),
        ("Ann met Eve", "Ann met", (0, 0), "no list of words (a cell holds one as `['a', 'b']` or `[\"a\", \"b\"]`)"),
        ("Ann met Eve", [1, 2], (0, 0), "no list of words (a cell holds one as `['a', 'b']` or `[\"a\", \"b\"]`)"),
        ("Ann met Eve", ["Ann"], "0", NO_PAIR),
    ],
)
def test_words_that_do_not_fit(text: str, words: object, positions: object, message: str) -> None:
    assert read_words(positions, words, text) == (None, message)


def test_words_need_positions_and_a_text() -> None:
    assert read_words(None, ["Ann"], "Ann") == (None, None)
    assert read_words((0, 0), ["Ann"], None) == (None, None)


@given(st.lists(st.tuples(st.text("abAé1'.-", min_size=1, max_size=4), st.sampled_from(["", " ", " ' ", "\n\n", "…"]))))
def test_any_words_with_anything_but_letters_between_are_found(pairs: list[tuple[str, str]]) -> None:
    text, places = "", []
    for word, gap in pairs:
        places.append((len(text), len(text) + len(word)))
        text += word + gap
    words = [word for word, _ in pairs]
    for position, (start, end) in enumerate(places):
        span, wrong = read_words((position, position), words, text)
        assert wrong is None
        assert span is not None
        assert span == (start, end) or text[span[0] : span[1]] == text[start:end]


def test_alignment_takes_linear_time() -> None:
    many = 200_000
    assert read_words((many - 1, many - 1), ["a"] * many, "a " * many) == ((2 * many - 2, 2 * many - 1), None)
    assert read_words((many, many), ["a"] * many + ["b"], "a " * many)[0] is None


# ------------------------------------------------------------------------------------------------- tables and single rows

ROW = {"sentence": TEXT, "person1": (0, 3), "person2": (14, 17)}


def votes_on(data: Any, rules: str = RULES, columns: dict[str, str] | None = None) -> list[list[int]]:
    return sd.compile(rules).apply(data, columns or {}).to_numpy().tolist()


@pytest.mark.parametrize(
    "data",
    [
        [ROW],
        [ROW | {"person1": "(0, 3)", "person2": "[14, 17]"}],
        pd.DataFrame([ROW]),
        pd.DataFrame([ROW | {"person1": np.array([0, 3])}]),
        pa.table({"sentence": [TEXT], "person1": pa.array([[0, 3]], pa.list_(pa.int32(), 2)), "person2": [[14.0, 17.0]]}),
        pa.table({"sentence": [TEXT], "person1": pa.array(["(0, 3)"]).dictionary_encode(), "person2": ["(14, 17)"]}),
    ],
)  # fmt: skip
def test_pairs_in_every_form_of_data(data: Any) -> None:
    assert votes_on(data) == [[1, 1, 0]]


def test_two_columns_of_a_frame_with_missing_values() -> None:
    rules = RULES.replace("person1   span of sentence", 'person1 span of sentence from columns "a", "b"')
    frame = pd.DataFrame({"sentence": [TEXT] * 2, "a": [0, None], "b": [3, None], "person2": ["(14, 17)"] * 2})
    assert votes_on(frame, rules) == [[1, 1, 0], [-1, -1, -1]]


def test_the_fields_of_a_record_are_two_columns() -> None:
    rules = RULES.replace("person1   span of sentence", 'person1 span of sentence from columns "p.start", "p.end"')
    assert votes_on([{"sentence": TEXT, "p": {"start": 0, "end": 3}, "person2": (14, 17)}], rules) == [[1, 1, 0]]


WORDS = RULES.replace("person1   span of sentence", 'person1 span of sentence from words "index" in "tokens"')


def test_lists_of_words_as_text_and_as_lists() -> None:
    row = {"sentence": TEXT, "person2": (14, 17), "index": "(0, 0)"}
    assert votes_on([row | {"tokens": "['Ann', 's', 'wife']"}], WORDS) == [[1, 1, 0]]
    assert votes_on([row | {"tokens": ["Ann", "s"], "index": [0, 0]}], WORDS) == [[1, 1, 0]]
    table = pa.table({"sentence": [TEXT], "person2": [[14, 17]], "index": [[0, 0]], "tokens": [["Ann", "s"]]})
    assert votes_on(table, WORDS) == [[1, 1, 0]]


def test_a_row_is_given_as_the_data_has_it() -> None:
    functions = sd.compile(WORDS).lfs
    row = {"sentence": TEXT, "person2": (14, 17), "index": (0, 0), "tokens": ["Ann", "'s", "wife"]}
    assert [functions[name](row) for name in ("between", "near", "called")] == [1, 1, 0]
    assert functions["between"](pd.Series(row)) == 1
    assert functions["between"](row | {"tokens": repr(row["tokens"])}) == 1
    assert functions["between"](row | {"index": (5, 5)}) == -1
    assert functions["between"]({"sentence": TEXT, "index": (0, 0)}) == -1
    assert functions["between"](row | {"person2": [30, 31]}) == -1


def test_either_source_can_be_mapped() -> None:
    row = {"text": TEXT, "two": (14, 17), "where": "(0, 0)", "list": "['Ann', 's']"}
    mapped = {"sentence": "text", "person2": "two", "person1": "where", "tokens": "list"}
    assert votes_on([row], WORDS, mapped) == [[1, 1, 0]]
    by_source = {"sentence": "text", "person2": "two", "index": "where", "tokens": "list"}
    assert votes_on([row], WORDS, by_source) == [[1, 1, 0]]


def test_a_missing_second_source_is_said() -> None:
    with pytest.raises(RulesError) as error:
        votes_on([{"sentence": TEXT, "person2": (14, 17), "index": (0, 0), "tokenz": "['Ann']"}], WORDS)
    (found,) = error.value.diagnostics
    assert found.kind == "missing-column"
    assert "`tokens`, from which `person1` is read" in found.message
    assert "did you mean `tokenz`? say so: `--column tokens=tokenz`" in found.helps


def test_a_fault_is_of_the_row_and_its_rules_only() -> None:
    rules = sd.compile(RULES + 'rule text votes NO\n    when sentence mentions "wife"\n')
    votes, faults = rules.apply_with_faults([ROW, ROW | {"person1": (0, 99)}, ROW | {"person1": "nobody"}])
    assert votes.to_numpy().tolist() == [[1, 1, 0, 0], [-1, -1, -1, 0], [-1, -1, -1, 0]]
    assert [(fault.row, fault.column, fault.value) for fault in faults] == [
        (1, "person1", "[0, 99]"),
        (2, "person1", "nobody"),
    ]
    assert faults[0].rules == ("between", "near", "called")


def test_a_span_of_an_unreadable_text_is_missing_and_no_fault_of_its_own() -> None:
    table = pa.table({"sentence": [[1]], "person1": [[0, 3]], "person2": [[14, 17]]})
    with pytest.raises(RulesError) as error:
        sd.compile(RULES).apply(table)
    assert "the column `sentence`" in str(error.value)


# ---------------------------------------------------------------------------------------------------------- what it means

LISTS = st.lists(st.sampled_from(["Ann", "Eve", "wife", "and", "her", "-", "'s", "", "1.5", "\n", "é"]), max_size=8)
MEANT = program(
    RULES
    + """\
rule before votes YES
    when the 2 words before person1 mention any of SPOUSE_WORDS
     or the 3 tokens after person2 mention "and"
rule around votes NO
    when the 2 words around person2 mention "her"
     and the 4 characters around person1 do not contain "-"
rule order votes NO
    when person1 is before person2
    unless person1 is not person2 and person2 mentions "Ann"
rule parts votes YES
    when the last word of person1 is the first word of person2
rule sized votes NO
    when the words between person1 and person2 have fewer than 2 words
"""
)


@settings(max_examples=150)
@given(LISTS, st.lists(st.integers(0, 30), min_size=4, max_size=4), st.booleans())
def test_engine_and_reference_agree_on_spans(words: list[str], offsets: list[int], gone: bool) -> None:
    sentence = " ".join(words)
    a, b, c, d = (offset % (len(sentence) + 1) for offset in offsets)
    row = {"sentence": sentence, "person1": tuple(sorted((a, b))), "person2": None if gone else tuple(sorted((c, d)))}
    for scanner in ("vectorscan", "plain"):
        assert_equal_votes(MEANT, [row, row | {"sentence": None}], scanner)


def test_places_are_those_of_the_text_column() -> None:
    sentence = "Eve, the wife of Ann, waved."
    row = {"sentence": sentence, "person1": (17, 20), "person2": (0, 3)}
    found = {function.name: reference.explain(function, row).matches for function in MEANT.functions}
    (match,) = found["between"]
    assert (match.column, sentence[match.start : match.end]) == ("sentence", "wife")
    (match,) = reference.explain(MEANT.functions[3], row | {"person2": (22, 27)}).matches
    assert sentence[match.start : match.end] == "wife"
    around = program(DATA + 'rule r votes YES\n    when the 2 words around person1 mention "waved"\n').functions[0]
    (match,) = reference.explain(around, row).matches
    assert sentence[match.start : match.end] == "waved"


def test_equal_meanings_have_equal_hashes_and_sources_count() -> None:
    def hash_of(rules: str) -> str:
        return program(rules).functions[0].semantic_hash

    plain = hash_of(RULES)
    assert plain != hash_of(RULES.replace("person1   span of sentence", 'person1 span of sentence from column "x"'))
    assert plain != hash_of(WORDS)
    assert hash_of(WORDS) != hash_of(WORDS.replace('"tokens"', '"words"'))
    renamed = RULES.replace("person1   span of sentence", 'first span of sentence from column "person1"')
    assert plain == hash_of(renamed.replace("person1 and", "first and").replace("when person1", "when first"))


# -------------------------------------------------------------------------------------------------------------- examples


def test_examples_name_spans_by_their_words() -> None:
    rules = program(
        DATA
        + """\
rule between votes YES
    when the words between person1 and person2 mention any of SPOUSE_WORDS
    example YES sentence "Eve and her wife Eve", person1 "Eve", person2 "Eve", 2
    example none sentence "Eve and her wife Eve", person1 0, 3, person2 "and"
    example none sentence "Eve and her wife Eve", person1 missing
"""
    )
    rows = [dict(example.row) for example in rules.rules[0].examples]
    assert [row["person1"] for row in rows] == [(0, 3), (0, 3), None]
    assert [row.get("person2") for row in rows] == [(17, 20), (4, 7), None]
    votes = [reference.vote(rules.functions[0], row) for row in rows]
    assert [vote is not None for vote in votes] == [True, False, False]


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ('person1 "Anne"', "no-such-words"),
        ('person1 ""', "no-such-words"),
        ('person1 "Eve", 3', "no-such-words"),
        ("person1 3, 99", "no-such-words"),
        ("person1 3.5, 4", "no-such-words"),
        ('person1 "Eve", 0', "wrong-type"),
        ('person1 "Eve", "Ann"', "wrong-type"),
        ('person1 "Eve", 50%', "wrong-type"),
        ("person1 yes", "wrong-type"),
        ("person1 1, 2, 3", "wrong-type"),
    ],
)
def test_an_example_that_names_no_span(field: str, kind: str) -> None:
    rules = f'{DATA}rule r votes YES\n    when person1 is "Eve"\n    example YES sentence "Eve and Eve", {field}\n'
    assert [one.kind for one in checked(rules)[1]] == [kind]


def test_spans_are_declared_of_text_columns_alone() -> None:
    wrong = DATA.replace("person2   span of sentence", "person2 span of person1")
    assert [one.kind for one in checked(wrong)[1]] == ["wrong-type"]
    (column,) = [c for c in program(WORDS).columns if c.name == "person1"]
    assert (column.type.of, column.type.in_words, column.sources) == ("sentence", True, ("index", "tokens"))
    assert column.type.kind is Kind.SPAN
    assert ir.columns_of(program(RULES).functions[0].expressions[0]) == {"sentence", "person1", "person2"}


# ------------------------------------------------------------------------------------------------------- the command line

FILE = """\
sentence,index,tokens,person2,gold
"Ann's wife is Eve.","(0, 0)","['Ann', 's', 'wife']","(14, 17)",YES
"Ann met Eve.","(0, 0)","['Ann', 'met']","(8, 11)",NO
"Ann met Eve.","(7, 7)","['Ann', 'met']","(8, 11)",NO
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pairs.rules").write_text(WORDS, encoding="utf-8")
    (tmp_path / "pairs.csv").write_text(FILE, encoding="utf-8")
    return tmp_path


def test_apply_label_and_analyze_take_spans(folder: Path) -> None:
    said = fine(folder, "apply", "pairs.rules", "pairs.csv", "-o", "votes.parquet", "--max-faults", "1").stderr
    assert "the column `person1` holds `(7, 7)` in row 3, which is outside its list, which has 2 words" in said
    fine(folder, "label", "pairs.rules", "pairs.csv", "-o", "labels.csv", "--max-faults", "1")
    assert (
        "between" in fine(folder, "analyze", "pairs.rules", "pairs.csv", "--gold", "gold", "--max-faults", "1").stdout
    )


def test_explain_shows_the_place_in_the_text(folder: Path) -> None:
    shown = fine(folder, "explain", "pairs.rules", "pairs.csv", "--row", "1", "--rule", "between").stdout
    assert "between votes YES" in shown
    assert "found in sentence: Ann's [wife] is Eve." in shown
    assert "person1: `Ann`, characters 0 to 3 of sentence" in shown
    shown = fine(folder, "explain", "pairs.rules", "pairs.csv", "--row", "2", "--rule", "between").stdout
    assert '`the words between person1 and person2 mention any of SPOUSE_WORDS` is false: "met"' in shown
    shown = fine(folder, "explain", "pairs.rules", "pairs.csv", "--row", "2", "--rule", "called").stdout
    assert "found" not in shown
    shown = fine(folder, "explain", "pairs.rules", "pairs.csv", "--row", "3", "--rule", "between").stdout
    assert "a value that it reads cannot be read: person1" in shown


def test_columns_are_mapped_on_the_command_line(folder: Path) -> None:
    (folder / "other.csv").write_text(FILE.replace("tokens", "list").replace("index", "where"), encoding="utf-8")
    done = snorkel_dsl(folder, "apply", "pairs.rules", "other.csv", "-o", "votes.parquet")
    assert done.returncode == 2
    assert "`other.csv` has no column `tokens`, from which `person1` is read" in done.stderr
    mapped = ("--column", "person1=where", "--column", "tokens=list")
    fine(folder, "apply", "pairs.rules", "other.csv", *mapped, "-o", "votes.parquet", "--max-faults", "1")


@given(texts(), st.integers(0, 4), st.sampled_from(["words", "tokens", "characters"]), st.data())
def test_words_nearby_are_those_of_the_whole_text(text: str, count: int, measure: str, data: st.DataObject) -> None:
    from snorkel_dsl.language.text.parts import MEASURES
    from snorkel_dsl.predicates.spans import WORDS_NEAR

    start = data.draw(st.integers(0, len(text)))
    before = MEASURES[measure](text[:start])[-count:] if count else []
    after = MEASURES[measure](text[start:])[:count]
    near = WORDS_NEAR.evaluate
    assert near(text, (start, start), count, measure, "before") == text[before[0][0] if before else start : start]
    assert near(text, (start, start), count, measure, "after") == text[start : start + after[-1][1] if after else start]
