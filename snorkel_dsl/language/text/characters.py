"""Characters: which are letters, digits, marks and white space, and what each is folded to, in the frozen Unicode table.

A letter is of general category L, a digit of N (so `½` and `Ⅷ` are digits), a mark of M. A capital is of category Lu or
Lt. White space is what Python's `str.isspace` says in that version. The table is read when the first character that is
not ASCII turns up.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

SIMPLE_QUOTES = {0x2018: "'", 0x2019: "'", 0x201A: "'", 0x201B: "'", 0x201C: '"', 0x201D: '"', 0x201E: '"', 0x201F: '"'}
SIMPLE_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0x2E3A, 0x2E3B], "-")

# The same classes, as far as ASCII goes: the body of a character class of a regular expression.
ASCII_WHITE_SPACE = r"\t-\r\x1c- "
ASCII_LETTERS = "A-Za-z"
ASCII_DIGITS = "0-9"


@cache
def unicode_table() -> dict[str, Any]:
    """The frozen table, as `generate` describes it."""
    table: dict[str, Any] = json.loads(Path(__file__).with_name("unicode.json").read_text(encoding="ascii"))
    return table


def ranges(name: str) -> list[tuple[int, int]]:
    """The code points of a class (letters, digits, marks, capitals, small, white_space): inclusive ranges, ascending."""
    bounds = unicode_table()[name]
    return list(zip(bounds[::2], bounds[1::2], strict=True))


@cache
def character_class(*names: str) -> str:
    """The union of some classes, as the body of a character class of a regular expression: `a-zB-D…`."""
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for name in names for low, high in ranges(name))


@cache
def members(name: str) -> frozenset[str]:
    """The characters of a class."""
    return frozenset(chr(code) for low, high in ranges(name) for code in range(low, high + 1))


@cache
def case_folding() -> dict[int, str]:
    """Unicode simple case folding for `str.translate`: code point to character."""
    return {ord(character): folded for character, folded in zip(*unicode_table()["case_folding"], strict=True)}


def simple_fold(text: str) -> str:
    """Ignore case and nothing else: Unicode simple case folding, character by character, so offsets stay what they are."""
    return text.lower() if text.isascii() else text.translate(case_folding())


def is_letter(character: str) -> bool:
    """Whether a character is a letter."""
    return character.isalpha() if character.isascii() else character in members("letters")


def is_letter_or_digit(character: str) -> bool:
    """Whether a character is a letter or a digit."""
    if character.isascii():
        return character.isalnum()
    return character in members("letters") or character in members("digits")


def is_mark(character: str) -> bool:
    """Whether a character is a combining mark, which belongs to what is before it."""
    return not character.isascii() and character in members("marks")


def is_capital(character: str) -> bool:
    """Whether a character is a capital letter."""
    return "A" <= character <= "Z" if character.isascii() else character in members("capitals")


def is_small(character: str) -> bool:
    """Whether a character is a small letter."""
    return "a" <= character <= "z" if character.isascii() else character in members("small")
