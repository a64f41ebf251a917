"""Which language a text is written in: English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Polish, Turkish
or Russian.

Each language has a list of common words and a short text (languages.toml). A text speaks for a language by how likely its
runs of three characters are there, and by each common word. Where few of its runs are known to the likeliest language, it is
none of these.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from math import log
from pathlib import Path
from typing import NamedTuple

from snorkel_dsl.language.text import fold_case
from snorkel_dsl.language.text.characters import is_letter

UNDETERMINED = "und"  # as ISO 639 has it
LONGEST = 5_000  # characters that are looked at
FEWEST_KNOWN = 0.35  # of the runs of a text
WORD_WEIGHT = 2.5  # of a common word, as a logarithm of odds
SMOOTHING = 0.5


class Language(NamedTuple):
    """The common words of a language, the logarithms of the shares of its runs, and that of a run that it does not know."""

    words: frozenset[str]
    runs: dict[str, float]
    unknown: float


def language_of(text: str) -> str:
    """The code of the language that a text is most likely written in; `und` where that cannot be said."""
    words = _words(text[:LONGEST])
    runs = _runs(words)
    if not runs:
        return UNDETERMINED
    known = languages()
    code = max(known, key=lambda code: (_score(known[code], words, runs), code))
    best = known[code]
    found = sum(count for run, count in runs.items() if run in best.runs)
    common = any(word in best.words for word in words)
    return code if common or found >= FEWEST_KNOWN * runs.total() else UNDETERMINED


def is_language(text: str, code: str) -> bool:
    """Whether `language_of` gives this code."""
    return language_of(text) == fold_case(code)


def _score(language: Language, words: list[str], runs: Counter[str]) -> float:
    likely = sum(count * language.runs.get(run, language.unknown) for run, count in runs.items())
    return likely + WORD_WEIGHT * sum(word in language.words for word in words)


def _words(text: str) -> list[str]:
    """The words of a text as they are compared: runs of letters, case ignored."""
    return "".join(character if is_letter(character) else " " for character in fold_case(text)).split(" ")


def _runs(words: list[str]) -> Counter[str]:
    padded = [f" {word} " for word in words if word]
    return Counter(word[index : index + 3] for word in padded for index in range(len(word) - 2))


@cache
def languages() -> dict[str, Language]:
    """Every language by its code."""
    content = tomllib.loads(Path(__file__).with_name("languages.toml").read_text(encoding="utf-8"))
    return {code: _language(known["words"], known["text"]) for code, known in content.items()}


def _language(common: str, text: str) -> Language:
    words = [word for word in _words(common) if word]
    runs = _runs([*words, *_words(text.replace("\n", " "))])
    total = runs.total() + SMOOTHING * 20_000
    shares = {run: log((count + SMOOTHING) / total) for run, count in runs.items()}
    return Language(frozenset(words), shares, log(SMOOTHING / total))
