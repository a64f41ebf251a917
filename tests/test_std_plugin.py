"""The functions that ship: what they say, that they hold on any text, and that a long text takes no longer than it must."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from snorkel_dsl import api
from snorkel_dsl.language.text.parts import words
from snorkel_dsl.plugins import std
from snorkel_dsl.plugins.calling import call
from snorkel_dsl.plugins.installed import all_functions
from snorkel_dsl.plugins.std.languages import languages
from snorkel_dsl.plugins.std.sentiment import DEGREES, NEGATIONS, lexicon

(STORED,) = (plugin for plugin in all_functions() if plugin.plugin == "std")
BY_NAME = {stored.function.name: stored for stored in STORED.functions}
OTHERS = {"code": "en", "phrase": "check out", "other": "check out", "edits": 1.0}


@pytest.mark.parametrize("name", BY_NAME)
@given(text=strategies.texts())
@settings(max_examples=40, deadline=None)
def test_it_gives_what_its_signature_says_of_any_text_and_always_the_same(name: str, text: str) -> None:
    stored = BY_NAME[name]
    arguments = [text if parameter == "text" else OTHERS[parameter] for parameter in stored.parameters]
    assert call(stored.function, arguments) == call(stored.function, arguments)


@pytest.mark.parametrize("name", BY_NAME)
def test_its_example_compiles(name: str) -> None:
    example = BY_NAME[name].example
    assert example.startswith(f"{name}(")
    head = 'use functions from plugin "std" version 1\ndata d\n    text text\ntask t on d\n    labels A, B\n'
    assert api.compile(f"{head}rule r votes A\n    when {example}\n").lfs["r"].name == "r"


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "edit_distance"])  # which says: too long
def test_a_hundred_thousand_characters_are_answered(name: str) -> None:
    stored = BY_NAME[name]
    text = "An awfully nice video, no 1! " * 3500
    arguments = [text if parameter == "text" else OTHERS[parameter] for parameter in stored.parameters]
    call(stored.function, arguments)


# ---------------------------------------------------------------------------------------------------------- statistics


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (std.average_word_length("a bb don't"), 7 / 3),
        (std.average_word_length("!!"), 0),
        (std.share_of_capitals("AbcD 1!"), 0.5),
        (std.share_of_capitals("12"), 0),
        (std.share_of_digits("a1 2٣!"), 3 / 5),
        (std.share_of_digits(""), 0),
        (std.share_of_punctuation("ab !$"), 0.5),
        (std.share_of_punctuation(" "), 0),
        (std.longest_repeat("soOO!!   "), 3),
        (std.longest_repeat("     "), 0),
        (std.word_variety("win Win lose win"), 0.5),
        (std.word_variety("?"), 1),
        (std.reading_ease(""), 0),
        (std.reading_ease("The cat sat."), 206.835 - 1.015 * 3 - 84.6),
    ],
)
def test_statistics(said: float, expected: float) -> None:
    assert said == pytest.approx(expected)


def test_syllables_of_common_words() -> None:
    for word, syllables in {
        "table": 2,
        "makes": 1,
        "moved": 1,
        "landed": 2,
        "radiology": 5,
        "see": 1,
        "rhythm": 1,
    }.items():
        assert std.reading_ease(word) == pytest.approx(206.835 - 1.015 - 84.6 * syllables), word


# ----------------------------------------------------------------------------------------------------------- sentiment


def test_the_lexicon_is_sound() -> None:
    known = lexicon()
    assert len(known) > 700
    assert all(-1 <= weight.polarity <= 1 and 0 <= weight.subjectivity <= 1 for weight in known.values())
    listed = (Path(std.__file__).parent / "lexicon.txt").read_text(encoding="utf-8").splitlines()
    written = [word for line in listed if line and line[0] in "+-" for word in line.split()[2:]]
    assert sorted(written) == sorted(set(written)), "a word stands twice"
    assert not NEGATIONS & known.keys()
    assert all(factor > 0 for factor in DEGREES.values())


IN_ORDER = [
    "the worst song ever",
    "very bad song",
    "bad song",
    "slightly bad song",
    "a song",
    "not bad a song",
    "good song",
    "very good song",
    "the best song ever",
]


def test_polarity_is_in_order() -> None:
    said = [std.polarity(text) for text in IN_ORDER]
    assert said[0] == -1
    assert said[4] == 0
    assert said[-1] == 1
    assert all(worse < better for worse, better in pairwise(said)), said


@pytest.mark.parametrize(
    ("text", "polarity", "subjectivity"),
    [
        ("", 0, 0),
        ("the video has 3 parts", 0, 0),
        ("not good", -0.35, 0.7),
        ("isn't really all that good", 0.7, 0.7),  # four words away
        ("never a good song", -0.35, 0.7),
        ("I don't like it", -0.25, 0.5),
        ("good and bad", 0, 0.75),
        ("LOOOOVE", 0.8, 0.7),
        ("goooood", 0.7, 0.7),
        (":)", 0.5, 1),
        ("pretty", 0.6, 0.9),
        ("pretty bad", -0.805, 0.92),
        ("http://x.y", 0, 0),
        ("I think so", 0, 0.8),
    ],
)
def test_sentiment_of_small_texts(text: str, polarity: float, subjectivity: float) -> None:
    assert std.polarity(text) == pytest.approx(polarity)
    assert std.subjectivity(text) == pytest.approx(subjectivity)


@given(strategies.texts())
@settings(max_examples=100, deadline=None)
def test_sentiment_is_within_its_bounds(text: str) -> None:
    assert -1 <= std.polarity(text) <= 1
    assert 0 <= std.subjectivity(text) <= 1


# ------------------------------------------------------------------------------------------------------------ language

SENTENCES = {
    "en": ["Check out my channel please", "The lungs are clear", "who is watching this in november"],
    "de": ["Das ist ja wirklich ein tolles Lied", "Die Lunge ist frei", "wer hört das noch heute"],
    "fr": ["Les poumons sont clairs", "qui regarde encore cette vidéo", "abonnez-vous à ma chaîne"],
    "es": ["Los pulmones están limpios", "quién sigue viendo este video", "suscríbete a mi canal por favor"],
    "it": ["I polmoni sono liberi", "chi guarda ancora questo video", "iscrivetevi al mio canale"],
    "pt": ["Os pulmões estão limpos", "quem ainda está assistindo", "inscreva-se no meu canal, por favor"],
    "nl": ["De longen zijn schoon", "wie kijkt er nog naar deze video", "abonneer je op mijn kanaal"],
    "sv": ["Lungorna är rena och fina", "vem tittar fortfarande på den här videon", "jag gillar låten mycket"],
    "pl": ["Płuca są czyste", "kto jeszcze ogląda ten film", "to jest bardzo ładna piosenka"],
    "tr": ["Akciğerler temiz görünüyor", "bu videoyu hala kim izliyor", "çok güzel bir şarkı"],
    "ru": ["Лёгкие у пациента чистые", "кто ещё смотрит это видео", "очень красивая песня"],
}


@pytest.mark.parametrize("code", SENTENCES)
def test_languages_of_short_sentences(code: str) -> None:
    assert [std.language_of(text) for text in SENTENCES[code]] == [code] * 3
    assert std.is_language(SENTENCES[code][0], code.upper())


def test_each_language_has_its_sentences() -> None:
    assert set(languages()) == set(SENTENCES)


@pytest.mark.parametrize("text", ["", "   ", "123 :)", "こんにちは世界", "שלום עולם", "xkcd qwrtz zzz"])
def test_what_is_none_of_them(text: str) -> None:
    assert std.language_of(text) == "und"


# ------------------------------------------------------------------------------------------------------------- likeness


def distance(first: str, second: str) -> int:
    """Levenshtein's distance as it is defined."""
    row = list(range(len(second) + 1))
    for i, one in enumerate(first, start=1):
        new = [i]
        for j, other in enumerate(second, start=1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (one != other)))
        row = new
    return row[-1]


LETTERS = st.text("abc", max_size=9)


@given(LETTERS, LETTERS)
@settings(max_examples=300, deadline=None)
def test_edit_distance_is_as_defined(first: str, second: str) -> None:
    assert std.edit_distance(first, second) == distance(first, second)


@given(LETTERS, LETTERS, st.integers(0, 4))
@settings(max_examples=300, deadline=None)
def test_contains_nearly_is_as_defined(text: str, phrase: str, edits: int) -> None:
    parts = [text[i:j] for i in range(len(text) + 1) for j in range(i, len(text) + 1)]
    assert std.contains_nearly(text, phrase, edits) == (min(distance(part, phrase) for part in parts) <= edits)


def test_case_and_white_space_do_not_count() -> None:
    assert std.edit_distance(" Check\n OUT", "check out") == 0
    assert std.contains_nearly("plz SUB  SCRIBE!", "sub scribe", 0)
    assert std.similarity("Check  out", "check out") == 1


def test_similarity() -> None:
    assert std.similarity("", "") == 1
    assert std.similarity("", "a") == 0
    assert std.similarity("abc", "xyz") == 0
    near, far = std.similarity("check out my channel", "check out my chanel"), std.similarity("check out", "a song")
    assert 0.8 < near < 1
    assert far < 0.2


def test_what_cannot_be_asked_is_an_error() -> None:
    with pytest.raises(ValueError, match="20,000 are allowed"):
        std.edit_distance("a " * 20_000, "a")
    with pytest.raises(ValueError, match="-1 edits"):
        std.contains_nearly("a", "b", -1)


@given(strategies.texts(6))
@settings(max_examples=60, deadline=None)
def test_word_counts_are_those_of_the_language(text: str) -> None:
    assert (std.average_word_length(text) == 0) == (not words(text))


def test_it_loads_no_arrays() -> None:
    code = (
        "import sys\nimport snorkel_dsl.plugins.std\nprint(*{'numpy', 'pandas', 'pyarrow', 'spacy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
