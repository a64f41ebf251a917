"""How much of something a text has: words, links, capitals and so on. `language.text.parts` has the rules."""

from __future__ import annotations

from snorkel_dsl.language.text.parts import CAPITALS, MEASURES
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Array, Predicate, signature

Place = tuple[int, int]


def _size(text: str, measure: str) -> float:
    return float(len(MEASURES[measure](text)))


def _capital(text: str, measure: str) -> float:
    return float(len(CAPITALS[measure](text)))


def _capital_places(text: str, measure: str) -> list[Place]:
    return CAPITALS[measure](text)


# One unit of a measure in ASCII text, in the syntax of RE2. What is not here is measured text by text.
_SIZE_UNITS = {
    "words": "[A-Za-z0-9]+(?:['./-][A-Za-z0-9]+)*",
    "tokens": r"[^\t-\r\x1c- ]+",
    "letters": "[A-Za-z]",
    "capitals": "[A-Z]",
}
_CAPITAL_UNITS = {"letters": "[A-Z]", "characters": "[A-Z]"}


def _all_sizes(texts: Array, measure: str) -> Array:
    import pyarrow.compute as pc

    if measure == "characters":
        return _floats(pc.utf8_length(texts))
    return _all_counts(texts, _SIZE_UNITS.get(measure))


def _all_capitals(texts: Array, measure: str) -> Array:
    return _all_counts(texts, _CAPITAL_UNITS.get(measure))


def _all_counts(texts: Array, unit: str | None) -> Array:
    import pyarrow.compute as pc

    return None if unit is None else _floats(pc.count_substring_regex(texts, unit))


def _floats(counts: Array) -> Array:
    return counts.to_numpy(zero_copy_only=False).astype("float64")


SIZE = Predicate(
    name="size",
    signature=signature(Kind.TEXT, Kind.WORD, gives=Kind.NUMBER),
    evaluate=_size,
    kernel=_all_sizes,
    ascii_only=True,
    doc="how many characters, letters, words, tokens, sentences, lines, paragraphs, links or capitals the text has",
    example="text has fewer than 5 words",
)
CAPITAL = Predicate(
    name="capital",
    signature=signature(Kind.TEXT, Kind.WORD, gives=Kind.NUMBER),
    evaluate=_capital,
    kernel=_all_capitals,
    ascii_only=True,
    doc="how many letters (or characters) are capital, or how many words are written in capitals",
    example="at least 50% of letters in text are capital",
    places=_capital_places,
)
