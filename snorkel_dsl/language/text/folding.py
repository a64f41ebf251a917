"""Folding: the form of a text in which `mentions` looks for terms, with the way back to the original's offsets.

In this order: NFKC; curly quotes and dashes to `'`, `"` and `-`; any run of white space (no-break spaces included) to one
space; unless case counts, Unicode simple case folding. NFKC is done from the frozen table (Unicode Standard Annex 15),
cluster by cluster: a cluster is a character with all that belongs to it, its combining marks and whatever else may
compose with it. Every folded character of a cluster maps to the whole cluster, so a place never cuts a letter from its mark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from snorkel_dsl.language.text.characters import (
    ASCII_WHITE_SPACE,
    SIMPLE_DASHES,
    SIMPLE_QUOTES,
    case_folding,
    character_class,
    ranges,
    unicode_table,
)

_HANGUL, _LEADS, _VOWELS, _TRAILS = 0xAC00, 0x1100, 0x1161, 0x11A7  # Unicode Standard, section 3.12
_VOWEL_COUNT, _TRAIL_COUNT, _LEAD_COUNT = 21, 28, 19
_HANGUL_COUNT = _LEAD_COUNT * _VOWEL_COUNT * _TRAIL_COUNT

_SHORT = 8  # characters: longer clusters are rare

# ASCII alone is never changed; a character of it belongs to a cluster only where one beyond ASCII follows.
_BEYOND_ASCII = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")


@dataclass(frozen=True)
class Folded:
    """Folded text; its character i stands for the characters `starts[i]` up to `ends[i]` of the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of the folded characters `start` up to `end`, of which there is at least one."""
        return self.starts[start], self.ends[end - 1]


@lru_cache(maxsize=4)  # several lists of terms are looked for in one text
def fold(text: str, case: bool = False) -> Folded:
    """Fold a text; with `case`, capitals stay capitals. Linear in the length of the text."""
    folded, starts, ends = _unchanged(text) if text.isascii() else _normalized(text)
    folded = folded.translate(SIMPLE_QUOTES | SIMPLE_DASHES) if not folded.isascii() else folded
    folded, starts, ends = _one_space(folded, starts, ends)
    if not case:
        folded = folded.lower() if folded.isascii() else folded.translate(case_folding())
    return Folded(folded, starts, ends)


_Mapped = tuple[str, Sequence[int], Sequence[int]]


def _unchanged(text: str) -> _Mapped:
    return text, range(len(text)), range(1, len(text) + 1)


def _normalized(text: str) -> _Mapped:
    """NFKC with offsets: what no cluster touches is copied, each cluster is normalised alone."""
    clusters = [
        found
        for region in _BEYOND_ASCII.finditer(text)
        for found in _changing_clusters().finditer(text, *region.span())
        if _normal(found[0]) != found[0] or found.end() - found.start() > 1
    ]
    if not clusters:
        return _unchanged(text)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for found in clusters:
        start, end = found.span()
        normal = _normal(found[0])
        parts += (text[done:start], normal)
        starts += range(done, start)
        starts += [start] * len(normal)
        ends += range(done + 1, start + 1)
        ends += [end] * len(normal)
        done = end
    parts.append(text[done:])
    starts += range(done, len(text))
    ends += range(done + 1, len(text) + 1)
    return "".join(parts), starts, ends


def _normal(cluster: str) -> str:
    """A cluster normalised: most come again and again."""
    return _normal_short(cluster) if len(cluster) <= _SHORT else nfkc(cluster)


@lru_cache(maxsize=100_000)
def _normal_short(cluster: str) -> str:
    return nfkc(cluster)


def _one_space(text: str, starts: Sequence[int], ends: Sequence[int]) -> _Mapped:
    """Any run of white space as one space, which stands for the whole run."""
    if not _uneven(text.isascii()).search(text):
        return text, starts, ends
    runs = list(_white_space(text.isascii()).finditer(text))
    parts: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    done = 0
    for found in runs:
        start, end = found.span()
        parts += (text[done:start], " ")
        new_starts += starts[done : start + 1]
        new_ends += ends[done:start]
        new_ends.append(ends[end - 1])
        done = end
    parts.append(text[done:])
    return "".join(parts), new_starts + list(starts[done:]), new_ends + list(ends[done:])


@cache
def _white_space(ascii_only: bool) -> re.Pattern[str]:
    return re.compile(f"[{ASCII_WHITE_SPACE if ascii_only else character_class('white_space')}]+")


@cache
def _uneven(ascii_only: bool) -> re.Pattern[str]:
    """Finds white space that is not a single space."""
    spaces = ASCII_WHITE_SPACE if ascii_only else character_class("white_space")
    return re.compile(f"  |(?! )[{spaces}]")


@cache
def _changing_clusters() -> re.Pattern[str]:
    """Finds every cluster that has more than one character or that NFKC changes."""
    joining = character_class("marks") + _escaped(_joining())
    decomposing = _escaped(set(unicode_table()["decompositions"][0]))
    return re.compile(f"[^{joining}]?[{joining}]+|[{decomposing}]")


def _escaped(characters: set[str]) -> str:
    return "".join(f"\\U{ord(character):08x}" for character in sorted(characters))


def _joining() -> set[str]:
    """Characters that are no marks and yet may join the one before: they, or what they decompose to, compose with it."""
    triples = unicode_table()["compositions"]
    second = set(triples[1::3]) | set(_combining_classes())
    second |= {chr(_VOWELS + i) for i in range(_VOWEL_COUNT)} | {chr(_TRAILS + i) for i in range(1, _TRAIL_COUNT)}
    marks = {chr(code) for low, high in ranges("marks") for code in range(low, high + 1)}
    either = second | marks
    opening = {character for character, parts in _decompositions().items() if parts[0] in either}
    return (second | opening) - marks


# ------------------------------------------------------------------------------------------------------------- NFKC


def nfkc(text: str) -> str:
    """Normalization form KC of the frozen version of Unicode."""
    return text if text.isascii() else _composed(_ordered(_decomposed(text)))


@cache
def _decompositions() -> dict[str, str]:
    return dict(zip(*unicode_table()["decompositions"], strict=True))


@cache
def _combining_classes() -> dict[str, int]:
    return dict(zip(*unicode_table()["combining_classes"], strict=True))


@cache
def _compositions() -> dict[tuple[str, str], str]:
    triples = unicode_table()["compositions"]
    return {(triples[i], triples[i + 1]): triples[i + 2] for i in range(0, len(triples), 3)}


def _decomposed(text: str) -> list[str]:
    characters: list[str] = []
    for character in text:
        index = ord(character) - _HANGUL
        if 0 <= index < _HANGUL_COUNT:
            lead, rest = divmod(index, _VOWEL_COUNT * _TRAIL_COUNT)
            vowel, trail = divmod(rest, _TRAIL_COUNT)
            characters += (chr(_LEADS + lead), chr(_VOWELS + vowel))
            characters += (chr(_TRAILS + trail),) if trail else ()
        else:
            characters += _decompositions().get(character, character)
    return characters


def _ordered(characters: list[str]) -> list[str]:
    """The canonical order: each run of marks by combining class, stably."""
    classes = _combining_classes()
    ordered: list[str] = []
    run: list[str] = []
    for character in characters:
        if character in classes:
            run.append(character)
            continue
        ordered += sorted(run, key=classes.__getitem__)
        ordered.append(character)
        run = []
    return ordered + sorted(run, key=classes.__getitem__)


def _composed(characters: list[str]) -> str:
    """Canonical composition: each character joins the last starter unless one of its class or higher stands between."""
    classes = _combining_classes()
    result: list[str] = []
    starter = -1
    last_class = 0
    for character in characters:
        own_class = classes.get(character, 0)
        blocked = starter < len(result) - 1 and (last_class == 0 or last_class >= own_class)
        joined = _pair(result[starter], character) if starter >= 0 and not blocked else None
        if joined is not None:
            result[starter] = joined
            continue
        if own_class == 0:
            starter = len(result)
        last_class = own_class
        result.append(character)
    return "".join(result)


def _pair(first: str, second: str) -> str | None:
    """What two characters compose to, by rule for Hangul and by table for all others."""
    lead, vowel, trail = ord(first) - _LEADS, ord(second) - _VOWELS, ord(second) - _TRAILS
    if 0 <= lead < _LEAD_COUNT and 0 <= vowel < _VOWEL_COUNT:
        return chr(_HANGUL + (lead * _VOWEL_COUNT + vowel) * _TRAIL_COUNT)
    syllable = ord(first) - _HANGUL
    if 0 <= syllable < _HANGUL_COUNT and syllable % _TRAIL_COUNT == 0 and 0 < trail < _TRAIL_COUNT:
        return chr(ord(first) + trail)
    return _compositions().get((first, second))
