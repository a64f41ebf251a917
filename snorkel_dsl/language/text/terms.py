"""Finding terms in text: what `mentions` (whole words, folded text) and `contains` (characters) mean.

A term is compiled to atoms. Most are one character of folded text; a space or hyphen inside a term (between its first and
its last other character) is either of the two, unless the term is `exactly`; a `*` at the end of a word is the rest of
that word, nothing included; a `*` alone is one whole word. The rest of a word, from anywhere in it, are the letters,
digits and marks there and, after a single `'` `.` `-` `/` each, further runs of them: so `post*` finds `post-operative`.

The edge rule: a term may not touch a letter or digit on a side where it itself ends in a letter or digit, or in `*`. A
mark belongs to the character before it, so a term may not end between a letter and its mark either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import takewhile
from typing import TypeAlias

from snorkel_dsl.language.ir import Term, TermList
from snorkel_dsl.language.text.characters import (
    character_class,
    is_letter_or_digit,
    is_mark,
    simple_fold,
)
from snorkel_dsl.language.text.folding import Folded, fold

Place: TypeAlias = tuple[int, int]

REST = "rest"  # an atom: the rest of a word
WORD = "word"  # an atom: one whole word
SEPARATOR = " -"  # an atom: a space or a hyphen


@dataclass(frozen=True)
class CompiledTerm:
    """A term as it is looked for in folded text.

    `atoms`: each a single character, REST, WORD or SEPARATOR. `case`: look in the text folded with case kept. `left` and
    `right`: the edge rule holds on that side. `needle`: the longest literal that every occurrence contains once each
    hyphen of text and term counts as a space ("" where there is none): what a scanner may look for first.
    """

    atoms: tuple[str, ...]
    case: bool
    left: bool
    right: bool

    @property
    def is_literal(self) -> bool:
        """Whether it has no `*`."""
        return REST not in self.atoms and WORD not in self.atoms

    @cached_property
    def lead(self) -> str:
        """The literal atoms at its front."""
        return "".join(takewhile(lambda atom: len(atom) == 1, self.atoms))

    @property
    def needle(self) -> str:
        """The longest run of literal atoms, hyphens written as spaces."""
        literal = "".join(" " if atom in (SEPARATOR, "-") else atom if len(atom) == 1 else "\0" for atom in self.atoms)
        return max(literal.split("\0"), key=len)


@dataclass(frozen=True)
class Occurrence:
    """A place in folded text, and which terms (indexes into the list, ascending) have exactly this occurrence."""

    start: int
    end: int
    terms: tuple[int, ...]


@lru_cache(maxsize=250_000)
def compile_term(term: Term) -> CompiledTerm:
    """Compile a term for folded text. A term of nothing but white space has no atoms, and no occurrence."""
    text = fold(term.text, term.exact_case).text.strip(" ")
    atoms = _atoms(text, term.exactly)
    return CompiledTerm(tuple(atoms), term.exact_case, _edge_left(atoms), _edge_right(atoms))


def _atoms(text: str, exactly: bool) -> list[str]:
    """The atoms of a folded term."""
    core = text.strip(" -")
    first = text.find(core) if core else len(text)
    last = first + len(core) - 1
    if "*" not in core:
        inside = core if exactly else (SEPARATOR if character in " -" else character for character in core)
        return [*text[:first], *inside, *text[last + 1 :]]
    atoms: list[str] = []
    for index, character in enumerate(text):
        if character == "*" and _ends_word(text, index):
            atoms.append(WORD if index == 0 or text[index - 1] in " -" else REST)
        elif character in " -" and first < index < last and not exactly:
            atoms.append(SEPARATOR)
        else:
            atoms.append(character)
    return atoms


def _ends_word(text: str, index: int) -> bool:
    """Whether the `*` at an index is one: after a letter, digit, mark or word's start, and before the word's end."""
    after = text[index + 1 : index + 2]
    before = text[index - 1] if index else " "
    return after in ("", " ", "-") and (before in " -" or is_letter_or_digit(before) or is_mark(before))


def _edge_left(atoms: list[str]) -> bool:
    return bool(atoms) and (atoms[0] == WORD or (len(atoms[0]) == 1 and is_letter_or_digit(atoms[0])))


def _edge_right(atoms: list[str]) -> bool:
    marks = len(atoms)
    while marks and len(atoms[marks - 1]) == 1 and is_mark(atoms[marks - 1]):
        marks -= 1
    return bool(marks) and (atoms[marks - 1] in (REST, WORD) or is_letter_or_digit(atoms[marks - 1]))


# ------------------------------------------------------------------------------------------------------------ mentions


def find(text: str, terms: TermList) -> list[Occurrence]:
    """The occurrences of a list's terms in a text, left to right, in offsets of the ORIGINAL text.

    Masks first: a place that overlaps an occurrence of a mask of its own list is no occurrence. Then the longest at each
    place wins, from left to right, without overlaps.
    """
    foldings = {False: fold(text)}
    if any(term.exact_case for term in terms.terms + terms.masks):
        foldings[True] = fold(text, case=True)
    folded = foldings[False]
    return [
        Occurrence(*folded.place(found.start, found.end), found.terms)
        for found in _standing(terms, lambda wanted: candidates(foldings, wanted))
    ]


def candidates(foldings: dict[bool, Folded], terms: tuple[Term, ...]) -> list[Occurrence]:
    """Every place of every term, overlaps and all, in folded text: leftmost first, at one start the longest first."""
    places: dict[tuple[int, int], list[int]] = {}
    for index, term in enumerate(terms):
        for place in occurrences(foldings[term.exact_case].text, compile_term(term)):
            places.setdefault(place, []).append(index)
    return _in_order(places)


def _in_order(places: Mapping[Place, Iterable[int]]) -> list[Occurrence]:
    ordered = sorted(places.items(), key=lambda item: (item[0][0], -item[0][1]))
    return [Occurrence(start, end, tuple(indexes)) for (start, end), indexes in ordered]


def occurrences(folded: str, term: CompiledTerm) -> list[tuple[int, int]]:
    """Every place of one term in folded text, one start after another. There is at most one for each start."""
    places = []
    words = Words(folded)
    for start in _starts(folded, term):
        end = match_at(folded, term, start, words)
        if end is not None:
            places.append((start, end))
    return places


def _starts(folded: str, term: CompiledTerm) -> Iterator[int]:
    """The offsets at which a term may begin: where its leading characters stand."""
    if not term.atoms:
        return
    start = folded.find(term.lead)
    while 0 <= start < len(folded):
        yield start
        start = folded.find(term.lead, start + 1)


def match_at(folded: str, term: CompiledTerm, start: int, words: Words) -> int | None:
    """Where an occurrence of the term that starts here ends, or None."""
    if term.left and (not is_letter_or_digit(folded[start : start + 1]) or touches_left(folded, start)):
        return None
    end = start
    for atom in term.atoms:
        if atom == REST:
            end = words.rest(end)
        elif atom == WORD:
            if not is_letter_or_digit(folded[end : end + 1]) or touches_left(folded, end):
                return None
            end = words.rest(end)
        elif folded[end : end + 1] not in ((" ", "-") if atom == SEPARATOR else (atom,)):
            return None
        else:
            end += 1
    if term.right and touches_right(folded, end):
        return None
    return end if end > start else None


def touches_left(folded: str, start: int) -> bool:
    """Whether a letter or digit, perhaps with marks, stands just before an offset."""
    before = start - 1
    while before >= 0 and is_mark(folded[before]):
        before -= 1
    return before >= 0 and is_letter_or_digit(folded[before])


def touches_right(folded: str, end: int) -> bool:
    """Whether a letter, a digit or a mark stands at an offset."""
    character = folded[end : end + 1]
    return bool(character) and (is_letter_or_digit(character) or is_mark(character))


class Words:
    """Where words end in a folded text. From anywhere in a word its rest has one end, so the last one is remembered:
    a long chain of words with hyphens is read once, not from each of its parts.
    """

    def __init__(self, folded: str) -> None:
        self._folded = folded
        self._start, self._end = -1, -1

    def rest(self, start: int) -> int:
        """Where the word that stands at an offset ends; the offset itself where no letter, digit or mark is there."""
        if not self._start <= start <= self._end:
            found = _rest(self._folded.isascii()).match(self._folded, start)
            self._start, self._end = start, found.end() if found else start
        return self._end


@cache
def _rest(ascii_only: bool) -> re.Pattern[str]:
    run = "A-Za-z0-9" if ascii_only else character_class("letters", "digits", "marks")
    first = "A-Za-z0-9" if ascii_only else character_class("letters", "digits")
    return re.compile(f"[{run}]*(?:['./-][{first}][{run}]*)*")


def _standing(terms: TermList, places_of: Callable[[tuple[Term, ...]], list[Occurrence]]) -> list[Occurrence]:
    """The occurrences of a list's terms, given what makes the candidates of any terms."""
    if not terms.parts:
        return _free(_unmasked(terms, places_of))
    index = {term: number for number, term in enumerate(terms.terms)}
    places: dict[Place, set[int]] = {}
    for part in terms.parts:
        for found in _unmasked(part, places_of):
            own = (index[part.terms[number]] for number in found.terms)
            places.setdefault((found.start, found.end), set()).update(own)
    return _free(_in_order({place: sorted(indexes) for place, indexes in places.items()}))


def _unmasked(terms: TermList, places_of: Callable[[tuple[Term, ...]], list[Occurrence]]) -> list[Occurrence]:
    """The candidates of a list, in order, that overlap none of its masks."""
    masks = _free(places_of(terms.masks))
    kept: list[Occurrence] = []
    mask = 0
    for candidate in places_of(terms.terms):
        while mask < len(masks) and masks[mask].end <= candidate.start:
            mask += 1
        if mask == len(masks) or masks[mask].start >= candidate.end:
            kept.append(candidate)
    return kept


def _free(found: list[Occurrence]) -> list[Occurrence]:
    """From candidates in order, those that do not overlap, greedily from the left."""
    kept: list[Occurrence] = []
    done = 0
    for candidate in found:
        if candidate.start >= done:
            kept.append(candidate)
            done = candidate.end
    return kept


def mentioned_terms(found: Iterable[Occurrence]) -> int:
    """How many different terms of the list have an occurrence. Terms that share one place both count."""
    return len({index for occurrence in found for index in occurrence.terms})


# ------------------------------------------------------------------------------------------------------------ contains


def find_characters(text: str, terms: TermList) -> list[Occurrence]:
    """The places of a list's terms as plain characters of the original text, by the same rules as `find`.

    Case is ignored by simple folding unless the term is `exact case`; nothing else is folded, and `*` is a character.
    """
    texts = {False: simple_fold(text), True: text}
    return _standing(terms, lambda wanted: _character_candidates(texts, wanted))


def _character_candidates(texts: dict[bool, str], terms: tuple[Term, ...]) -> list[Occurrence]:
    places: dict[tuple[int, int], list[int]] = {}
    for index, term in enumerate(terms):
        needle = term.text if term.exact_case else simple_fold(term.text)
        haystack = texts[term.exact_case]
        start = haystack.find(needle) if needle else -1
        while start >= 0:
            places.setdefault((start, start + len(needle)), []).append(index)
            start = haystack.find(needle, start + 1)
    return _in_order(places)
