"""The sentiment of an English text, from a lexicon: each word that it knows counts, and what stands before it changes how much.

Polarity and subjectivity are the means over the words of the lexicon that a text has. A word of degree right before one
(`very good`) makes it stronger or weaker. A negation among the three words before one turns it round and halves it: `not
good` is worse than nothing, but better than `bad`. Letters that are drawn out (`loooove`) are looked up as they should be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from snorkel_dsl.language.text import fold_case

NEGATION_REACH = 3  # words
NEGATED = -0.5
NEGATIONS = frozenset({
    *("no", "not", "never", "none", "nothing", "nobody", "neither", "nor", "without", "hardly", "barely", "scarcely"),
    *("cannot", "cant", "dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "werent", "wont", "wouldnt", "couldnt"),
    *("shouldnt", "aint", "hasnt", "havent", "hadnt"),
})  # fmt: skip
DEGREES = {
    **dict.fromkeys(("extremely", "incredibly", "insanely", "unbelievably", "exceptionally", "utterly"), 1.5),
    **dict.fromkeys(("absolutely", "totally", "completely", "fucking", "freaking", "super", "amazingly"), 1.4),
    **dict.fromkeys(("very", "really", "truly", "deeply", "highly", "most", "hella", "damn", "seriously"), 1.3),
    **dict.fromkeys(("so", "such", "too", "much", "quite", "pretty", "rather", "especially", "particularly"), 1.15),
    **dict.fromkeys(("fairly", "mostly", "kinda", "sorta", "somewhat", "relatively", "partly"), 0.7),
    **dict.fromkeys(("slightly", "little", "bit", "almost", "barely", "hardly", "marginally"), 0.5),
}


class Weight(NamedTuple):
    """What a word says: polarity from -1 to 1, subjectivity from 0 to 1."""

    polarity: float
    subjectivity: float


def polarity(text: str) -> float:
    """How pleased a text sounds, from -1 to 1; 0 where no word of it is in the lexicon."""
    weights = [weight.polarity for weight in _weights(text)]
    return _mean(weights)


def subjectivity(text: str) -> float:
    """How much of an opinion a text sounds, from 0 to 1; 0 where no word of it is in the lexicon."""
    weights = [weight.subjectivity for weight in _weights(text)]
    return _mean(weights)


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 12) if values else 0.0


def _weights(text: str) -> Iterator[Weight]:
    """The weight of each word of the lexicon in a text, as what stands before it makes it."""
    words = _words(text)
    known = lexicon()
    for index, word in enumerate(words):
        weight = known.get(word)
        if weight is None or _only_says_how_much(words, index):
            continue
        before = words[max(index - NEGATION_REACH, 0) : index]
        degree = DEGREES.get(before[-1], 1.0) if before else 1.0
        turned = NEGATED if any(one in NEGATIONS or one.endswith("n't") for one in before) else 1.0
        changed = max(-1.0, min(1.0, weight.polarity * degree)) * turned
        yield Weight(changed, min(1.0, weight.subjectivity * degree))


def _only_says_how_much(words: list[str], index: int) -> bool:
    """Whether a word of the lexicon stands here as a word of degree: `pretty bad`, `fucking great`."""
    return words[index] in DEGREES and index + 1 < len(words) and words[index + 1] in lexicon()


# --------------------------------------------------------------------------------------------------------------- words

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_DRAWN_OUT = re.compile(r"(.)\1{2,}", re.DOTALL)


@cache
def _token() -> re.Pattern[str]:
    """A word, or one of the faces and signs of the lexicon; of several the longest."""
    signs = sorted((sign for sign in lexicon() if not _WORD.fullmatch(sign)), key=lambda sign: (-len(sign), sign))
    faces = "|".join(f"(?<!\\w){re.escape(s)}(?!\\w)" if s.isascii() else re.escape(s) for s in signs)
    return re.compile(f"{faces}|{_WORD.pattern}")


def _words(text: str) -> list[str]:
    """The words and faces of a text as the lexicon has them."""
    return [_as_listed(found[0]) for found in _token().finditer(text)]


def _as_listed(token: str) -> str:
    known = lexicon()
    if token in known:
        return token
    word = fold_case(token).replace("’", "'")
    if word in known or not _DRAWN_OUT.search(word):
        return word
    doubled = _DRAWN_OUT.sub(r"\1\1", word)
    return doubled if doubled in known else _DRAWN_OUT.sub(r"\1", word)


@cache
def lexicon() -> dict[str, Weight]:
    """Every word and sign of the lexicon with its weight."""
    found: dict[str, Weight] = {}
    for line in Path(__file__).with_name("lexicon.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            how_pleased, how_much, *words = line.split()
            found |= dict.fromkeys(words, Weight(float(how_pleased), float(how_much)))
    return found
