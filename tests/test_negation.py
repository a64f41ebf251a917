"""What 120 sentences say of a word: `negation.tsv`, written before the shipped contexts were tuned to anything.

Each row has a sentence, a term, and what a careful reader takes the sentence to say of it: that it is so (asserts), that it
is not (denies), that it may be or is asked for (suspects), or none of these (neither: a thing of the past, of a relative, or
no statement at all). The contexts that ship are held to it. A row whose last column says `known limit` is one that a scope
of cues cannot read; there are at most six, none of the failures that papers on negation have quoted for twenty years is
among them, and the day such a row is read right, its mark has to go.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

import snorkel_dsl as sd

TABLE = Path(__file__).with_name("negation.tsv")
VERBS = ("asserts", "denies", "suspects")
KNOWN = "known limit"
QUOTED = (
    "is negative for",
    "no chest pain but has fever",
    "fever: none",
    "no change in",
    "cannot exclude",
    "rule out",
    "free of",
    "not only",
)
QUOTED_GROUPS = ("double negation", "sentence before", "list")


class Case(NamedTuple):
    group: str
    context: str
    sentence: str
    term: str
    expected: str
    known: str


def read_cases() -> list[Case]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [Case(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


CASES = read_cases()


def rules_for(context: str, terms: list[str]) -> str:
    """A rules file that asks all three questions of every term."""
    lines = [
        f"use context {context}",
        "data note",
        "    text text",
        "task saying on note",
        "    labels OTHER, SAID",
    ]
    for number, term in enumerate(terms):
        for verb in VERBS:
            lines += [f"rule {verb}_{number} votes SAID", f'    when text {verb} "{term}"']
    return "\n".join(lines) + "\n"


def outcomes(context: str, cases: list[Case]) -> list[str]:
    """What the compiled rules find of each case; several verbs at once are all named."""
    terms = sorted({case.term for case in cases})
    rules = sd.compile(rules_for(context, terms))
    votes = rules.apply(pd.DataFrame({"text": [case.sentence for case in cases]}))
    place = {name: index for index, name in enumerate(votes.functions)}
    dense = votes.to_numpy()
    found = []
    for row, case in enumerate(cases):
        number = terms.index(case.term)
        said = [verb for verb in VERBS if dense[row, place[f"{verb}_{number}"]] >= 0]
        found.append(" and ".join(said) or "neither")
    return found


def test_the_table_is_whole() -> None:
    assert len({case.sentence for case in CASES}) == 120
    assert len(set(CASES)) == len(CASES)
    assert {case.expected for case in CASES} == {*VERBS, "neither"}
    assert all(case.term.lower() in case.sentence.lower() for case in CASES)
    for quoted in QUOTED:
        assert any(quoted in case.sentence.lower() for case in CASES), quoted
    assert set(QUOTED_GROUPS) <= {case.group for case in CASES}


def test_no_quoted_failure_is_a_known_limit() -> None:
    known = [case for case in CASES if case.known]
    assert {case.known for case in known} <= {KNOWN}
    assert len(known) <= 6
    for case in known:
        assert not any(quoted in case.group for quoted in QUOTED_GROUPS), case
        assert not any(quoted in case.sentence.lower() for quoted in QUOTED), case


@pytest.mark.parametrize("context", sorted({case.context for case in CASES}))
def test_every_sentence_is_read_as_expected(context: str) -> None:
    cases = [case for case in CASES if case.context == context]
    found = list(zip(cases, outcomes(context, cases), strict=True))
    missed = [
        f"{case.sentence} [{case.term}]: {said}, expected {case.expected}"
        for case, said in found
        if said != case.expected and not case.known
    ]
    passing = [f"{case.sentence} [{case.term}]" for case, said in found if said == case.expected and case.known]
    assert not missed, "\n".join([f"{len(missed)} of {len(cases)} are misread:", *missed])
    assert not passing, "\n".join(["no longer a limit; take the mark away:", *passing])


@pytest.mark.parametrize("sentence", ["Previously seen nodule, not seen today.", "The nodule is smaller and not seen."])
def test_of_cues_that_overlap_one_looks_back(sentence: str) -> None:
    """ ", not" and "and not" look ahead; "not seen", which they run into, still looks back."""
    assert outcomes("clinical_english", [Case("", "", sentence, "nodule", "", "")]) == ["denies"]
