"""How much of something a text has: words, links, capitals and so on. `language.text.parts` has the rules."""

from __future__ import annotations

from snorkel_dsl.language.text.parts import CAPITALS, MEASURES
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Predicate, signature

Place = tuple[int, int]


def _size(text: str, measure: str) -> float:
    return float(len(MEASURES[measure](text)))


def _capital(text: str, measure: str) -> float:
    return float(len(CAPITALS[measure](text)))


def _capital_places(text: str, measure: str) -> list[Place]:
    return CAPITALS[measure](text)


SIZE = Predicate(
    name="size",
    signature=signature(Kind.TEXT, Kind.WORD, gives=Kind.NUMBER),
    evaluate=_size,
    doc="how many characters, letters, words, tokens, sentences, lines, paragraphs, links or capitals the text has",
    example="text has fewer than 5 words",
)
CAPITAL = Predicate(
    name="capital",
    signature=signature(Kind.TEXT, Kind.WORD, gives=Kind.NUMBER),
    evaluate=_capital,
    doc="how many letters (or characters) are capital, or how many words are written in capitals",
    example="at least 50% of letters in text are capital",
    places=_capital_places,
)
