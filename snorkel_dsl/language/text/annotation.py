"""What a language pipeline says of a text, as plain values, and what the language asks of it.

An annotation does not depend on the library that made it: it holds the words of the text with their parts of speech and base
forms, the named entities and the noun phrases, each with its place. So it can be kept, compared and read again.

A term of a list is compared with whole words: with the word as it is written and with its base form, both folded as
`mentions` folds (`language.text.terms`). A word inside an occurrence of a mask (`except`) does not count. A term of several
words is never one word; `noun phrase` is asked about those: a phrase counts where a term is found in it, or in its words'
base forms written one after another, as `mentions` finds terms.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from sys import intern
from types import MappingProxyType
from typing import Any, NamedTuple

from snorkel_dsl.language.ir import TermList
from snorkel_dsl.language.text.terms import find

Place = tuple[int, int]
_BETWEEN = "\ufdd0"  # a noncharacter: no letter, no digit, no white space, in nobody's terms


class Token(NamedTuple):
    """A word, number or sign: its place, its part of speech (Universal POS, "" where it has none), its base form."""

    start: int
    end: int
    tag: str = ""
    lemma: str = ""


class Entity(NamedTuple):
    """A named entity: its place and its label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A text with its tokens, entities and noun phrases, each in the order of the text; places are character offsets."""

    text: str
    tokens: tuple[Token, ...] = ()
    entities: tuple[Entity, ...] = ()
    phrases: tuple[Place, ...] = ()

    def written(self) -> str:
        """All but the text, as JSON."""
        return json.dumps([self.tokens, self.entities, self.phrases], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, text: str, written: str) -> Annotation:
        """The annotation of a text from what `written` gave. Raises ValueError where it is not that."""
        try:
            tokens, entities, phrases = json.loads(written)
            found = cls(
                text,
                tuple(Token(start, end, intern(tag), intern(lemma)) for start, end, tag, lemma in tokens),
                tuple(Entity(*entity) for entity in entities),
                tuple((start, end) for start, end in phrases),
            )
        except (TypeError, RecursionError) as wrong:
            raise ValueError(str(wrong)) from None
        if not found._is_sound():
            raise ValueError("no annotation of this text")
        return found

    def _is_sound(self) -> bool:
        parts: tuple[tuple[Any, ...], ...] = (*self.tokens, *self.entities, *self.phrases)
        return (
            all(isinstance(offset, int) for part in parts for offset in part[:2])
            and all(0 <= part[0] < part[1] <= len(self.text) for part in parts)
            and all(isinstance(word, str) for part in parts for word in part[2:])
        )


# What a pipeline can add to a text.
ENTITIES = "named entities"
TAGS = "parts of speech"
LEMMAS = "base forms"
PHRASES = "noun phrases"

UNIVERSAL_TAGS = frozenset({
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "CONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM",
    "VERB", "X",
})  # fmt: skip

# What the language calls a kind of word, and its tags. No tags: any word, by its base form alone.
WORD_KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "noun": frozenset({"NOUN"}),
        "proper noun": frozenset({"PROPN"}),
        "verb": frozenset({"VERB", "AUX"}),
        "adjective": frozenset({"ADJ"}),
        "adverb": frozenset({"ADV"}),
        "pronoun": frozenset({"PRON"}),
        "number": frozenset({"NUM"}),
        "preposition": frozenset({"ADP"}),
        "determiner": frozenset({"DET"}),
        "conjunction": frozenset({"CCONJ", "SCONJ", "CONJ"}),
        "interjection": frozenset({"INTJ"}),
        "lemma": frozenset(),
    }
)
PHRASE = "noun phrase"


def entities(annotation: Annotation, label: str) -> list[Place]:
    """The places of the entities with a label."""
    return [(entity.start, entity.end) for entity in annotation.entities if entity.label == label]


def among(annotation: Annotation, kind: str, terms: TermList) -> list[Place]:
    """The places of the words of a kind, or of the noun phrases, that are among some terms."""
    if kind == PHRASE:
        return _phrases(annotation, terms)
    return sorted({place for one in terms.each for place in _words_among(annotation, kind, one)})


def _words_among(annotation: Annotation, kind: str, terms: TermList) -> list[Place]:
    masked = find(annotation.text, TermList(terms.masks)) if terms.masks else []
    tokens = [
        token
        for token in _of_kind(annotation, kind)
        if not any(mask.start < token.end and token.start < mask.end for mask in masked)
    ]
    forms = [token.lemma for token in tokens]
    if kind != "lemma":
        forms += [annotation.text[token.start : token.end] for token in tokens]
    found = _found_in(forms, TermList(terms.terms))
    listed = {n % len(tokens) for n, form in enumerate(forms) if (0, len(form)) in found[n]}
    return [(tokens[n].start, tokens[n].end) for n in sorted(listed)]


def _of_kind(annotation: Annotation, kind: str) -> Iterator[Token]:
    tags = WORD_KINDS[kind]
    return (token for token in annotation.tokens if not tags or token.tag in tags)


def _phrases(annotation: Annotation, terms: TermList) -> list[Place]:
    phrases = annotation.phrases
    forms = [_base(annotation, place) for place in phrases] + [annotation.text[start:end] for start, end in phrases]
    listed = {n % len(phrases) for n, found in enumerate(_found_in(forms, terms)) if found}
    return [phrases[n] for n in sorted(listed)]


def _base(annotation: Annotation, place: Place) -> str:
    """The base forms of a phrase's words, one after another; a word that has none as it is written."""
    start, end = place
    words = (token for token in annotation.tokens if start <= token.start and token.end <= end)
    return " ".join(token.lemma or annotation.text[token.start : token.end] for token in words)


def _found_in(forms: Sequence[str], terms: TermList) -> list[set[Place]]:
    """Where terms are found in each of several short texts: one search, for a long list costs more than long text does."""
    starts = list(accumulate((len(form) + 1 for form in forms), initial=0))
    found: list[set[Place]] = [set() for _ in forms]
    for occurrence in find(_BETWEEN.join(forms), terms):
        number = bisect_right(starts, occurrence.start) - 1
        found[number].add((occurrence.start - starts[number], occurrence.end - starts[number]))
    return found
