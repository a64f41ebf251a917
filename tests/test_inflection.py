"""The forms of English words: regular and irregular, with hyphens, in phrases; and names, which have none."""

from __future__ import annotations

import pytest
from checking import condition
from hypothesis import given
from hypothesis import strategies as st

from snorkel_dsl.language.text.inflection import forms

FORMS = """
win wins won winning
lose loses lost losing
be am is are was were been being
have has had having
do does did done doing
go goes went gone going
undertake undertakes undertook undertaken undertaking
misunderstand misunderstands misunderstood misunderstanding
undercut undercuts undercutting
relay relays relayed relaying
stop stops stopped stopping
plan plans planned planning
open opens opened opening
offer offers offered offering
refer refers referred referring
admit admits admitted admitting
visit visits visited visiting
travel travels traveled travelled traveling travelling
panic panics panicked panicking
study studies studied studying
play plays played playing
try tries tried trying
agree agrees agreed agreeing
argue argues argued arguing
dye dyes dyed dyeing
die dies died dying
tie ties tied tying
lie lies lay lain lied lying
singe singes singed singeing
sing sings sang sung singing
age ages aged aging ageing
fix fixes fixed fixing
quit quits quitted quitting
echo echoes echoed echoing
tiptoe tiptoes tiptoed tiptoeing
assess assesses assessed assessing
mention mentions mentioned mentioning
man men mans manned manning
wife wives
ex-wife ex-wives
ex-husband ex-husbands
spouse spouses
father fathers
midwife midwives
mother-in-law mothers-in-law
passer-by passers-by
runner-up runners-up
check-up check-ups
x-ray x-rays x-rayed x-raying
child children
grandchild grandchildren
woman women
chairman chairmen
human humans
foot feet
mouse mice
goose geese
ox oxen
person people persons
city cities
box boxes boxed boxing
church churches
stomach stomachs stomached stomaching
quiz quizzes quizzed quizzing
potato potatoes
piano pianos
leaf leaves
roof roofs
belief beliefs
shelf shelves
analysis analyses
diagnosis diagnoses
bronchus bronchi
vertebra vertebrae
bacterium bacteria
appendix appendices appendixes
criterion criteria
lymphoma lymphomas lymphomata
pneumothorax pneumothoraxes pneumothoraces
metastasis metastases
nodule nodules
effusion effusions
opacity opacities
fracture fractures fractured fracturing
series
sheep
species
café cafés
big bigger biggest
happy happier happiest
large larger largest
good goods better best
cold colds colder coldest
clean cleans cleaned cleaning cleaner cleanest
quickly
dangerous
C++
US
Obama
x
42
"""
PHRASES = {
    "lung nodule": ("lung nodules",),
    "wedding ring": ("wedding rings",),
    "check out": ("checks out", "checked out", "checking out"),
    "rule out": ("rules out", "ruled out", "ruling out"),
    "give birth": ("gives birth", "gave birth", "given birth", "giving birth"),
    "tie the knot": ("ties the knot", "tied the knot", "tying the knot"),
    "get married": ("gets married", "got married", "gotten married", "getting married"),
    "point of view": ("points of view",),
    "husband of": ("husbands of",),
    "the wife": ("the wives",),
    "White House": (),
}


@pytest.mark.parametrize("line", FORMS.split("\n")[1:-1])
def test_the_forms_of_a_word(line: str) -> None:
    word, *others = line.split()
    assert sorted(forms(word)) == sorted([word, *others])
    assert forms(word)[0] == word


@pytest.mark.parametrize("phrase", PHRASES)
def test_the_forms_of_a_phrase(phrase: str) -> None:
    assert forms(phrase) == (phrase, *PHRASES[phrase])


@given(st.text("abeiosxyzAé -'*", max_size=12))
def test_any_text_has_itself_as_a_form_and_no_form_twice(text: str) -> None:
    found = forms(text)
    assert found[0] == text
    assert len(set(found)) == len(found)


def test_forms_stand_for_the_word_in_lists_lists_of_lists_and_conditions() -> None:
    blocks = (
        'terms A\n    any form of "wife", "marry"\n    except any form of "housewife"\n'
        "terms B\n    any form of MASKED\n"
    )
    married = "wife|wives|marry|marries|married|marrying"
    assert condition("text mentions any of A", blocks) == f"mentions(text, {{{married} - housewife|housewives}})"
    replies = "reply|replies|replied|replying|answer|answers|answered|answering"
    assert condition("text mentions any of B", blocks) == f"mentions(text, {{{replies} - please reply}})"
    assert condition('text mentions any form of "win"') == "mentions(text, {win|wins|won|winning})"
    assert condition('text contains any form of "goose" or "ox"') == "contains(text, {goose|geese|ox|oxen})"
