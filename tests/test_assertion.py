"""How mentions are meant: the rules of scopes one by one, and the algorithm against a slow one that follows the definition."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import snorkel_dsl as sd
from snorkel_dsl import api
from snorkel_dsl.language import ir
from snorkel_dsl.language.text.assertion import Mention, mentions_in
from snorkel_dsl.language.text.folding import fold
from snorkel_dsl.language.text.parts import COVER, sentences, words
from snorkel_dsl.language.text.terms import Occurrence, compile_term, find, occurrences
from snorkel_dsl.reference import explain
from snorkel_dsl.report.why import why
from snorkel_dsl.report.why_not import why_not

STATUS = {"negation": "denies", "uncertainty": "suspects", "hypothesis": "suspects", "history": "", "family": ""}
SHIPPED = ("general_english", "clinical_english")


def context(*lines: str, not_cues: tuple[str, ...] = (), stops: tuple[str, ...] = ()) -> ir.Context:
    """A context of cues written as `negation before no`, `negation after absent 2`."""
    cues = []
    for line in lines:
        axis, side, *phrase = line.split(" ")
        reach = int(phrase.pop()) if phrase[-1].isdigit() else None
        cues.append(ir.Cue(axis, side == "after", ir.Term(" ".join(phrase)), reach))
    return ir.Context(tuple(cues), tuple(map(ir.Term, not_cues)), tuple(map(ir.Term, stops)))


def said(text: str, asked: ir.Context, *terms: str) -> list[str]:
    """The status of each mention of some words, in order."""
    found = mentions_in(text, ir.TermList(tuple(map(ir.Term, terms or ("edema",)))), asked)
    return [mention.status for mention in found]


SIMPLE = context(
    "negation before no",
    "negation before without",
    "negation after absent",
    "uncertainty before possible",
    "history before old",
    not_cues=("no change",),
    stops=("but",),
)


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("edema", ["asserts"]),
        ("no edema", ["denies"]),
        ("no fever, cough, or edema, edema", ["denies", "denies"]),
        ("edema and fever absent", ["denies"]),
        ("no fever but edema", ["asserts"]),
        ("edema but fever absent", ["asserts"]),
        ("no fever. Edema", ["asserts"]),
        ("No fever\nEdema", ["asserts"]),
        ("edema no fever", ["asserts"]),
        ("absent edema", ["asserts"]),
        ("no possible edema", ["suspects"]),
        ("possible but no edema", ["denies"]),
        ("old possible edema, absent", [""]),
        ("no change in edema", ["asserts"]),
        ("no change in fever, no edema", ["denies"]),
        (f"no {COVER * 5} edema", ["asserts"]),
        ("NO\tedema", ["denies"]),
        ("knot edema", ["asserts"]),
        ("no-edema", ["denies"]),
        ("", []),
    ],
)
def test_scopes(text, statuses):
    assert said(text, SIMPLE) == statuses


@pytest.mark.parametrize(
    ("text", "reach", "status"),
    [
        ("no edema", 1, "denies"),
        ("no new edema", 1, "asserts"),
        ("no new edema", 2, "denies"),
        ("no - edema", 1, "denies"),
    ],
)
def test_a_reach_counts_the_words_from_the_cue_to_the_mention(text, reach, status):
    assert said(text, context(f"negation before no {reach}")) == [status]
    backwards = " ".join(reversed(text.split()))
    assert said(backwards, context(f"negation after no {reach}")) == [status]


def test_another_cue_of_the_axis_takes_over():
    nearest = context("negation before no", "negation before never 1", "uncertainty before maybe")
    assert said("no edema, never any edema", nearest) == ["denies", "asserts"]
    assert said("no edema, maybe any edema", nearest) == ["denies", "suspects"]
    both_ways = context("negation before no", "negation after absent")
    assert said("no edema, pain absent, edema", both_ways) == ["denies", "asserts"]
    assert said("edema, no pain absent", both_ways) == ["asserts"]


def test_the_longest_phrase_counts_and_those_that_overlap_both_do():
    crossing = context("negation before negative for", "negation after is negative")
    assert said("the edema is negative for edema", crossing) == ["denies", "denies"]
    inside = context("negation before exclude", "uncertainty before cannot exclude", "negation after no longer seen")
    assert said("cannot exclude edema", inside) == ["suspects"]
    assert said("to exclude edema", inside) == ["denies"]
    no = context("negation before no", "negation after no longer seen")
    assert said("edema is no longer seen, edema", no) == ["denies", "asserts"]


def test_no_cue_as_long_as_a_cue_takes_it_away():
    assert said("no edema", context("negation before no", not_cues=("no",))) == ["asserts"]
    assert said("no edema", context("negation before no", not_cues=("no edema",))) == ["asserts"]
    assert said("there is no edema", context("negation before is no", not_cues=("no",))) == ["denies"]
    assert said("left, no change in edema", context("negation before , no", not_cues=("no change",))) == ["asserts"]


def test_a_phrase_that_runs_into_a_mention_counts_for_nothing():
    short = context("negation before no acute", "negation before no")
    assert said("no acute edema", short, "acute edema") == ["denies"]
    assert said("no acute edema", short, "no acute edema") == ["asserts"]
    assert said("no fever edema", context("negation before no", not_cues=("no fever",)), "fever edema") == ["denies"]
    assert said("no sign of edema", context("negation before no sign of"), "sign") == ["denies"]


def test_a_phrase_may_look_both_ways():
    both = context("uncertainty before versus", "uncertainty after versus")
    assert said("edema versus fever", both, "edema", "fever") == ["suspects", "suspects"]
    assert said("edema versus edema versus edema", both) == ["suspects"] * 3


def test_exact_case_and_truncated_cues():
    asked = ir.Context(
        (
            ir.Cue("negation", False, ir.Term("NO", exact_case=True)),
            ir.Cue("negation", False, ir.Term("den*")),
            ir.Cue("negation", False, ir.Term("* free of")),
        )
    )
    for text, status in [
        ("NO edema", "denies"),
        ("no edema", "asserts"),
        ("denying edema", "denies"),
        ("Den edema", "denies"),
        ("the lungs free of edema", "denies"),
        ("free of edema", "asserts"),
    ]:
        assert said(text, asked) == [status], text


def test_a_very_long_sentence_takes_no_longer_for_each_word():
    sentence = "no edema but " * 20_000
    assert said(sentence, SIMPLE) == ["denies"] * 20_000
    assert said("no " * 50_000 + "edema", SIMPLE) == ["denies"]
    assert said("a" * 100_000 + " no edema", context("negation before no*")) == ["denies"]


# ------------------------------------------------------------------------------------------------ by the definition


def by_definition(text: str, terms: ir.TermList, asked: ir.Context) -> list[tuple[int, int, str]]:
    """The status of each mention, by looking at every phrase and every pair of phrases."""
    found = find(text, terms)
    pieces = [piece for start, end in sentences(text) for piece in uncovered(text, start, end)]
    judged = []
    for mention in found:
        start, end = max((piece for piece in pieces if piece[0] <= mention.start), default=(0, len(text)))
        own = [one for one in found if start == max((p[0] for p in pieces if p[0] <= one.start), default=0)]
        judged.append((mention.start, mention.end, status(text, start, end, mention, own, asked)))
    return judged


def uncovered(text: str, start: int, end: int) -> list[tuple[int, int]]:
    places, first = [], start
    for index in chain(range(start, end), [end]):
        if index == end or text[index] == COVER:
            if first < index:
                places.append((first, index))
            first = index + 1
    return places


def status(text: str, start: int, end: int, mention: Occurrence, own: list[Occurrence], asked: ir.Context) -> str:
    place = (mention.start, mention.end)
    phrases: list[tuple[tuple[int, int], str, ir.Cue | None]] = []
    written = [(term, "mask", None) for term in asked.not_cues] + [(term, "stop", None) for term in asked.stops]
    for term, role, cue in [*written, *((cue.term, "cue", cue) for cue in asked.cues)]:
        folded = fold(text[start:end], term.exact_case)
        for a, b in occurrences(folded.text, compile_term(term)):
            first, last = folded.place(a, b)
            phrases.append(((start + first, start + last), role, cue))
    phrases = [p for p in phrases if all(apart(p[0], one) or (around(p[0], one) and p[0] != one) for one in spans(own))]
    phrases = [p for p in phrases if not any(around(q[0], p[0]) and q[0] != p[0] for q in phrases)]
    masks = [p[0] for p in phrases if p[1] == "mask"]
    stops = [p[0] for p in phrases if p[1] == "stop"]
    cues = [(p[0], p[2]) for p in phrases if p[2] is not None and all(apart(p[0], mask) for mask in masks)]
    for axis in ("history", "family", "uncertainty", "hypothesis", "negation"):
        if governed([c for c in cues if c[1].axis == axis], stops, text[start:end], start, place):
            return STATUS[axis]
    return "asserts"


def governed(cues, stops, sentence, start, mention) -> bool:
    if any(around(place, mention) for place, _ in cues):
        return True
    before = [(place, cue) for place, cue in cues if place[1] <= mention[0]]
    nearest = max((place[::-1] for place, _ in before), default=None)
    for place, cue in before:
        inside = [w for w in words(sentence) if place[1] <= start + w[0] < mention[0]]
        stopped = any(place[1] <= stop[0] < mention[0] for stop in stops)
        if place[::-1] == nearest and not cue.after and not stopped and len(inside) < (cue.reach or 10**9):
            return True
    behind = [(place, cue) for place, cue in cues if place[0] >= mention[1]]
    first = min((place for place, _ in behind), default=None)
    for place, cue in sorted(behind, key=lambda found: (found[0], not found[1].after)):
        if place[0] >= first[1] or not cue.after:
            continue  # a cue that looks back counts although one that looks ahead runs into it
        inside = [w for w in words(sentence) if mention[1] <= start + w[0] < place[0]]
        stopped = any(mention[1] < stop[1] <= place[0] for stop in stops)
        return not stopped and len(inside) < (cue.reach or 10**9)
    return False


def spans(found: list[Occurrence]) -> list[tuple[int, int]]:
    return [(one.start, one.end) for one in found]


def apart(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[1] <= other[0] or other[1] <= one[0]


def around(outer: tuple[int, int], inner: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


PHRASES = [
    "no",
    "not",
    "no *",
    "without",
    "is negative",
    "negative for",
    "absent",
    "a",
    "but",
    ",",
    "no change",
    "neg*",
]
WORDS = [
    *PHRASES[:2],
    *PHRASES[3:-1],
    "edema",
    "edema",
    "fever",
    "of",
    "the",
    ". The",
    "\n\n",
    COVER,
    "x-ray",
    "negation",
]


@st.composite
def plain_contexts(draw: st.DrawFn) -> ir.Context:
    """Contexts in which no phrase has two roles that look the same way on one axis."""
    phrase = st.sampled_from(PHRASES).map(ir.Term)
    axes = st.sampled_from(["negation", "negation", "uncertainty", "history"])
    cue = st.builds(ir.Cue, axes, st.booleans(), phrase, st.one_of(st.none(), st.integers(1, 3)))
    cues = draw(st.lists(cue, max_size=6, unique_by=lambda one: (one.axis, one.after, one.term)))
    few = st.lists(phrase, max_size=2, unique=True).map(tuple)
    return ir.Context(tuple(cues), draw(few), draw(few))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join), plain_contexts())
def test_the_algorithm_follows_the_definition(text, asked):
    terms = ir.TermList((ir.Term("edema"), ir.Term("the edema"), ir.Term("change edema")), (ir.Term("edema fever"),))
    found = [(one.start, one.end, one.status) for one in mentions_in(text, terms, asked)]
    assert found == by_definition(text, terms, asked)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.texts(), strategies.term_lists(), strategies.contexts())
def test_every_mention_has_one_status_and_its_cue_a_place(text, terms, asked):
    found = mentions_in(text, terms, asked)
    assert [(m.start, m.end, m.terms) for m in found] == [(o.start, o.end, o.terms) for o in find(text, terms)]
    for mention in found:
        assert mention.status in ("asserts", "denies", "suspects", "")
        assert (mention.governor is None) == (mention.status == "asserts")
        if mention.governor is not None:
            assert mention.status == STATUS[mention.governor.cue.axis]
            assert 0 <= mention.governor.start < mention.governor.end <= len(text)


# ---------------------------------------------------------------------------------------------------- shipped contexts


def shipped(name: str) -> ir.Context:
    """A context that ships."""
    rules = api.compile(
        f"use context {name}\ndata d\n    text text\ntask t on d\n    labels A, B\n"
        'rule r votes A\n    when text asserts "zebra"\n'
    )
    (call,) = rules.program.functions[0].expressions
    assert isinstance(call, ir.Call)
    value = call.arguments[2].value
    assert isinstance(value, ir.Context)
    return value


@pytest.mark.parametrize("name", SHIPPED)
def test_every_cue_of_a_shipped_context_has_its_effect(name):
    asked = shipped(name)
    for cue in asked.cues:
        phrase = cue.term.text.replace("*", "quietly")
        text = f"The zebra {phrase}" if cue.after else f"The {phrase} zebra"
        (found,) = mentions_in(text, ir.TermList((ir.Term("zebra"),)), asked)
        assert (found.status, found.governor and found.governor.cue) == (STATUS[cue.axis], cue), text


@pytest.mark.parametrize("name", SHIPPED)
def test_no_phrase_that_is_no_cue_has_any(name):
    asked = shipped(name)
    for term in asked.not_cues:
        phrase = term.text.replace("*", "quietly")
        for text in (f"The {phrase} zebra", f"The zebra {phrase}"):
            assert said(text, asked, "zebra") == ["asserts"], text


@pytest.mark.parametrize("name", SHIPPED)
def test_every_stop_of_a_shipped_context_stops(name):
    asked = shipped(name)
    long = ir.Context((*asked.cues, ir.Cue("history", False, ir.Term("once"))), asked.not_cues, asked.stops)
    for term in asked.stops:
        phrase = term.text.replace("*", "quietly")
        found = mentions_in(f"once a horse {phrase} zebra", ir.TermList((ir.Term("zebra"),)), long)
        assert found[0].governor is None or found[0].governor.cue.term.text != "once", phrase


# -------------------------------------------------------------------------------------------------------- in a program

RULES = """use context clinical_english
data report
    text text
task triage on report
    labels NORMAL, ABNORMAL
terms SIGNS
    "effusion", "edema"
rule asserted votes ABNORMAL
    when text asserts any of SIGNS
rule piecewise votes ABNORMAL
    when some sentence of text where it asserts any of SIGNS
"""


def test_an_account_says_how_each_mention_is_meant_and_by_which_cue():
    program = sd.compile(RULES).program
    asserted, piecewise = program.functions
    row = {"text": "No effusion.\nFamily history of edema."}
    assert why_not(explain(asserted, row), row) == [
        "`text asserts any of SIGNS` is false",
        '  "effusion" is denied: `No` before it',
        '  "edema" is neither asserted nor denied nor suspected (family): `Family history of` before it',
    ]
    row = {"text": "No effusion. Edema."}
    lines = why(explain(piecewise, row), row)
    assert lines[1:] == [
        "found in text: No effusion. [Edema].",
        '"effusion" is denied: `No` before it',
        '"Edema" is asserted: no cue governs it',
    ]


def test_what_a_context_is_called_and_where_its_lines_stand_is_no_part_of_the_meaning():
    own = "context {name}\n    negation before {first}\n    negation before {second}\n"
    body = RULES.replace("use context clinical_english\n", "")
    one = own.format(name="a", first='"no"', second='"not"')
    other = own.format(name="b", first='"not"', second='"no"')
    reach = own.format(name="a", first='"no" reaching 3 words', second='"not"')
    hashes = [sd.compile(written + body).program.functions[0].semantic_hash for written in (one, other, reach)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_context_of_ones_own_may_have_the_name_of_one_that_ships(tmp_path: Path):
    file = tmp_path / "clinical_english.rules"
    file.write_text('context clinical_english\n    negation before "nil"\n', encoding="utf-8")
    rules = tmp_path / "a.rules"
    text = RULES.replace("use context clinical_english", 'use clinical_english from "clinical_english.rules"')
    rules.write_text(text, encoding="utf-8")
    function = sd.compile(rules).lfs["asserted"]
    assert function({"text": "nil edema"}) == -1
    assert function({"text": "no edema"}) == 1


def test_mentions_are_comparable():
    assert Mention(0, 1, (0,), "asserts") == Mention(0, 1, (0,), "asserts")
