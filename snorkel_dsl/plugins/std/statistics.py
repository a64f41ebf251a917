"""Numbers about a text. Words, sentences, letters and capitals are those of the language's own text semantics."""

from __future__ import annotations

import re
from itertools import groupby

from snorkel_dsl.language.text import fold_case, parts
from snorkel_dsl.language.text.characters import is_letter, is_letter_or_digit


def average_word_length(text: str) -> float:
    """The mean number of letters and digits of the words; 0 where there is no word."""
    words = _words(text)
    return sum(sum(map(is_letter_or_digit, word)) for word in words) / len(words) if words else 0.0


def share_of_capitals(text: str) -> float:
    """How many of the letters are capital, from 0 to 1; 0 where there is no letter."""
    letters = len(parts.letters(text))
    return len(parts.capitals(text)) / letters if letters else 0.0


def share_of_digits(text: str) -> float:
    """How many of the characters that are no white space are digits, from 0 to 1."""
    shown = _shown(text)
    return sum(is_letter_or_digit(c) and not is_letter(c) for c in shown) / len(shown) if shown else 0.0


def share_of_punctuation(text: str) -> float:
    """How many of the characters that are no white space are neither letters nor digits, from 0 to 1."""
    shown = _shown(text)
    return sum(not is_letter_or_digit(c) for c in shown) / len(shown) if shown else 0.0


def longest_repeat(text: str) -> float:
    """The length of the longest run of one character that is no white space, case ignored."""
    blank = parts.white_space()
    runs = (sum(1 for _ in run) for character, run in groupby(fold_case(text)) if character not in blank)
    return float(max(runs, default=0))


def word_variety(text: str) -> float:
    """Different words divided by words, the type-token ratio, case ignored; 1 where there is no word."""
    words = [fold_case(word) for word in _words(text)]
    return len(set(words)) / len(words) if words else 1.0


def reading_ease(text: str) -> float:
    """Flesch's reading ease of an English text (Flesch 1948): 206.835 - 1.015 words/sentences - 84.6 syllables/words."""
    words = _words(text)
    sentences = len(parts.sentences(text))
    if not words or not sentences:
        return 0.0
    syllables = sum(map(_syllables, words))
    return 206.835 - 1.015 * len(words) / sentences - 84.6 * syllables / len(words)


_VOWELS = re.compile("[aeiouy]+")
_HIATUS = re.compile("(?<![cgstx])i[ao]")  # radiology; but not: nation
_SILENT = re.compile("(?:[^laeiouy]es?|[^aeiouydt]ed)$")  # makes, moved; but not: table, landed


def _syllables(word: str) -> int:
    """About how many syllables an English word has: its runs of vowels, `io` as two, without a silent `e` at its end."""
    folded = fold_case(word)
    runs = len(_VOWELS.findall(folded)) + len(_HIATUS.findall(folded))
    return max(runs - (runs > 1 and _SILENT.search(folded) is not None), 1)


def _words(text: str) -> list[str]:
    return [text[start:end] for start, end in parts.words(text)]


def _shown(text: str) -> str:
    blank = parts.white_space()
    return "".join(character for character in text if character not in blank)
