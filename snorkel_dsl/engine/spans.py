"""Spans read from data: a pair of character offsets, two columns of them, or positions of words in a list.

Everything is read strictly and in time linear in what stands there; nothing is evaluated. What cannot be read, or does not
fit its text, is a fault of that row. Of a missing text there is no place, so its spans are missing too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from snorkel_dsl.engine.lists import read_list
from snorkel_dsl.language.text.characters import is_letter_or_digit
from snorkel_dsl.language.text.parts import trimmed

Span: TypeAlias = tuple[int, int]
Read: TypeAlias = tuple[Span | None, str | None]

_PAIR = re.compile(r"\s*(?:\(\s*(\d{1,15})\s*,\s*(\d{1,15})\s*\)|\[\s*(\d{1,15})\s*,\s*(\d{1,15})\s*\])\s*", re.ASCII)
_WHOLE = re.compile(r"\s*(\d{1,15})(?:\.0*)?\s*", re.ASCII)
NO_PAIR = "not a pair of whole numbers (a cell holds one as `(12, 25)` or `[12, 25]`)"


def read_pair(value: object, text: str | None) -> Read:
    """A span of a text from its start and end in one value."""
    pair = _pair(value)
    if pair is None:
        return None, NO_PAIR
    return (None, None) if text is None else _inside(pair, text)


def read_ends(start: object, end: object, text: str | None) -> Read:
    """A span of a text from two values."""
    if start is None and end is None:
        return None, None
    if start is None or end is None:
        return None, f"a span without its {'start' if start is None else 'end'}"
    first, last = _whole(start), _whole(end)
    if first is None or last is None:
        return None, f"no span: its {'start' if first is None else 'end'} is not a whole number"
    return (None, None) if text is None else _inside((first, last), text)


def read_words(positions: object, words: object, text: str | None) -> Read:
    """A span of a text from the positions of its first and last word in a list of the text's words, in order."""
    if positions is None or text is None:
        return None, None
    if words is None:
        return None, "positions without a list of words"
    pair = _pair(positions)
    if pair is None:
        return None, NO_PAIR
    listed = read_list(words) if isinstance(words, str) else _texts(words)
    if listed is None:
        return None, "no list of words (a cell holds one as `['a', 'b']` or `[\"a\", \"b\"]`)"
    return _aligned(text, listed, *pair)


def _texts(words: object) -> Sequence[str | None] | None:
    """A list of texts, some of them perhaps missing; None where it is something else."""
    if not isinstance(words, list | tuple) or not all(word is None or isinstance(word, str) for word in words):
        return None
    return words


def _pair(value: object) -> Span | None:
    """Two whole numbers: a list of them, or text that holds both."""
    if isinstance(value, str):
        found = _PAIR.fullmatch(value)
        numbers = [] if found is None else [int(number) for number in found.groups() if number is not None]
        return (numbers[0], numbers[1]) if found else None
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    start, end = _whole(value[0]), _whole(value[1])
    return None if start is None or end is None else (start, end)


def _whole(value: object) -> int | None:
    """A whole number, perhaps as text or as a float."""
    if isinstance(value, str):
        found = _WHOLE.fullmatch(value)
        return None if found is None else int(found[1])
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or value != value // 1:
        return None
    return int(value)


def _inside(span: Span, text: str) -> Read:
    start, end = span
    if start > end:
        return None, "a span that ends before it begins"
    if end > len(text):
        return None, f"outside its text, which has {len(text)} characters"
    return span, None


def _aligned(text: str, words: Sequence[str | None], first: int, last: int) -> Read:
    """The place of the words from `first` to `last`, both included, when the words are looked for one after the other.

    Between two words anything may stand but letters and digits; a word that is empty is skipped.
    """
    if first > last:
        return None, "a span that ends before it begins"
    if last >= len(words):
        return None, f"outside its list, which has {len(words)} words"
    start, position = None, 0
    for number in range(last + 1):
        word = _bare(words[number])
        if not word:
            continue
        found = text.find(word, position)
        if found < 0 or _holds_letters(text[position:found]):
            return None, f"no place in the text: the word `{word[:40]}` of its list does not come next in the text"
        position = found + len(word)
        if number >= first and start is None:
            start = found
    if start is None:
        return None, "no words at all: those of its list are empty there"
    return (start, position), None


def _holds_letters(gap: str) -> bool:
    return gap not in ("", " ") and any(map(is_letter_or_digit, gap))


def _bare(word: str | None) -> str:
    """A word without the white space at its ends."""
    if not word or not (word[0].isspace() or word[-1].isspace()):
        return word or ""
    start, end = trimmed(word, 0, len(word))
    return word[start:end]
