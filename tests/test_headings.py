"""Sections by their headings: where a heading can stand, what ends a section, and that parts stay where they are."""

from __future__ import annotations

import itertools

import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import snorkel_dsl as sd
from snorkel_dsl.language import ir
from snorkel_dsl.language.text.headings import COMMON, headings, parts_under
from snorkel_dsl.language.text.parts import COVER
from snorkel_dsl.predicates import catalog
from snorkel_dsl.reference import Passage

FINDINGS = ir.HeadedSection(("findings", "What was seen"), ("advice", *COMMON))


def under(text: str, section: ir.HeadedSection = FINDINGS) -> list[str]:
    """The parts of a section."""
    return [text[start:end] for start, end in parts_under(text, section)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("FINDINGS: clear", ["clear"]),
        ("findings : clear", ["clear"]),
        ("  Findings:clear", ["clear"]),
        ("WHAT  WAS\xa0SEEN: clear", ["clear"]),
        ("Chest film.\nFindings\nclear", ["clear"]),
        ("Chest film. Findings: clear", ["clear"]),
        ('Chest "film." Findings: clear', ["clear"]),
        ("Chest film FINDINGS: clear", ["clear"]),
        ("Chest film; findings: clear", ["clear"]),
        ("Chest film findings: clear", []),
        ("INDICATION: XXXX FINDINGS: clear", ["clear"]),
        ("Indication: history of COPD FINDINGS: clear", ["clear"]),
        ("INDICATION: COPD. NO PRIOR FILM FINDINGS: clear", ["clear"]),
        ("Chest film.\nCT CHEST, XXXX FINDINGS: clear", []),
        ("FINDINGS: clear COMPARISON: XXXX INDICATION: XXXX", ["clear"]),
        ("PRELIMINARY FINDINGS: clear", []),
        ("Film.\n  PRELIMINARY FINDINGS : clear", []),
        ("A PRELIMINARY-FINDINGS: clear", []),
        ("Findings clear", []),
        ("our findings\nclear", []),
        ("pathfindings: clear", []),
        ("Findings:", []),
        ("FINDINGS: a IMPRESSION: b", ["a"]),
        ("Findings: a impression: b", ["a impression: b"]),
        ("Findings: a. Impression: b", ["a."]),
        ("Findings: a. ADVICE: b", ["a."]),
        ("Findings: a. TUMOR BOARD: b", ["a."]),
        ("Findings: a. LUNGS AND HEART: b", ["a. LUNGS AND HEART: b"]),
        ("Findings: a. HEART BOARD: b", ["a."]),
        ("Findings: a. CT: b", ["a. CT: b"]),
        ("Findings: at 10:30, L4: b", ["at 10:30, L4: b"]),
        ("Findings: a. ONE TWO THREE FOUR FIVE SIX SEVEN: b", ["a. ONE TWO THREE FOUR FIVE SIX SEVEN: b"]),
        ("Findings: a\r\nImpression\r\nb\r\nFindings: c", ["a", "c"]),
        ("FINDINGS: IMPRESSION: b", []),
        ("FINDINGS: a FINDINGS: b", ["a", "b"]),
        ("", []),
    ],
)
def test_what_stands_under_a_heading(text, parts):
    assert under(text) == parts


def test_a_heading_may_be_written_with_its_colon():
    assert under("Seen here: a", ir.HeadedSection(("seen here:",))) == ["a"]


def test_of_headings_that_begin_alike_the_longest_counts():
    section = ir.HeadedSection(("history",), ("history of present illness",))
    assert under("HISTORY: a HISTORY OF PRESENT ILLNESS: b", section) == ["a"]


def test_a_section_of_two_parts_keeps_its_place():
    text = Passage("Findings: one. Advice: none. Findings: two.", "text")
    found = catalog()["section"].evaluate(text, FINDINGS)
    assert isinstance(found, Passage)
    assert text[found.start :].startswith("one.")
    assert found == f"one. {COVER * 7} {COVER * 5} {COVER * 9} two."
    outside = catalog()["outside"].evaluate(text, FINDINGS)
    assert outside == f"Findings: {COVER * 4} Advice: none. Findings: {COVER * 4}"


def test_a_cue_does_not_reach_from_one_part_into_the_next():
    rules = sd.compile(
        "use context clinical_english\ndata report\n    text text\ntask t on report\n    labels A, B\n"
        'sections of text\n    SEEN headed "seen"\nrule r votes A\n    when text asserts "edema" in SEEN\n'
    )
    assert rules.lfs["r"]({"text": "SEEN: no fever PLAN: rest SEEN: edema"}) == 0
    assert rules.lfs["r"]({"text": "SEEN: no fever or edema"}) == -1


def test_the_sections_of_a_column_end_one_another_wherever_they_are_declared():
    rules = sd.compile(
        "data report\n    text text\n    note text\ntask t on report\n    labels A, B\n"
        'sections of text\n    ONE headed "one"\nsections of note\n    THREE headed "three"\n'
        'sections of text\n    TWO headed "two"\n'
        'rule r votes A\n    when text mentions "x" in ONE\nrule s votes A\n    when note mentions "x" in THREE\n'
    )
    for function, text, vote in [
        ("r", "One: a. Two: x", -1),
        ("r", "One: a. Three: x", 0),
        ("s", "Three: a. Two: x", 0),
    ]:
        assert rules.lfs[function]({"text": text, "note": text}) == vote, text


PIECES = [
    "findings",
    "FINDINGS",
    "Impression",
    ":",
    " : ",
    ". ",
    "\n",
    " ",
    "LUNGS",
    "no",
    "a",
    "\xa0",
    "FINDINGS:",
    "advice:",
]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), strategies.texts()))
def test_headings_come_in_order_and_parts_lie_between_them(text):
    found = list(headings(text, FINDINGS))
    for before, after in itertools.pairwise(found):
        assert before.start < before.end <= after.start < after.end
    for start, end in parts_under(text, FINDINGS):
        assert start < end
        assert text[start:end] == text[start:end].strip()
        assert [one.own for one in found if one.end <= start][-1:] == [True]
        assert not any(start < one.end and one.start < end for one in found)
    inside = catalog()["section"].evaluate(text, FINDINGS)
    outside = catalog()["outside"].evaluate(text, FINDINGS)
    assert len(outside) == len(text)
    assert inside.replace(COVER, "") == "" or parts_under(text, FINDINGS)


def test_a_long_text_full_of_headings_and_colons():
    text = "FINDINGS: a. " * 20_000
    assert len(parts_under(text, FINDINGS)) == 20_000
    assert parts_under(":" * 100_000, FINDINGS) == []
    assert parts_under("FINDINGS" + " " * 100_000 + "x", FINDINGS) == []
    assert parts_under(" " * 100_000 + "FINDINGS: x", FINDINGS) == [(100_010, 100_011)]
    assert parts_under(" " * 1_000_000 + ": " * 40, FINDINGS) == []
    assert parts_under(("A" * 70 + " " * 70 + ":") * 10_000, FINDINGS) == []
