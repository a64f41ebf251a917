"""How what a text mentions is meant: asserted, denied, suspected, or told as history or of the family. Version 1.

A context says which phrases decide it. A *cue* governs the mentions ahead of it (or, a cue `after` them, those behind it) in
its sentence, on its axis: negation, uncertainty, hypothesis, history, family.

sentence    as `language.text.parts` has it; what is covered (a section that is left out) ends one as well
scope       from the cue on in its direction, over at most `reach` words, up to a phrase to stop at or another cue of the
            same axis, whichever way that one looks. A comma stops nothing, so lists are governed as a whole
cues        of phrases that lie one inside the other only the longest counts, and `not a cue` counts before a cue that it
            overlaps, unless it lies inside it. Cues that overlap one another both count: of "is negative for", "is negative"
            looks back and "negative for" ahead. A phrase that is part of a mention, or runs into one, counts for nothing;
            a mention inside a longer cue is governed by it
status      a mention governed on the axes history or family is neither asserted nor denied nor suspected; otherwise,
            on uncertainty or hypothesis, it is suspected; otherwise, on negation, denied; otherwise asserted
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import takewhile

from snorkel_dsl.language.ir import Context, Cue, TermList
from snorkel_dsl.language.text.characters import (
    ASCII_DIGITS,
    ASCII_LETTERS,
    character_class,
    is_letter_or_digit,
    is_mark,
)
from snorkel_dsl.language.text.folding import fold
from snorkel_dsl.language.text.parts import COVER, Place, sentences, words
from snorkel_dsl.language.text.terms import (
    REST,
    SEPARATOR,
    CompiledTerm,
    Occurrence,
    Words,
    compile_term,
    find,
    match_at,
    occurrences,
)

ASSERTED, DENIED, SUSPECTED, ELSEWHERE = "asserts", "denies", "suspects", ""
_STATUS = {
    "history": ELSEWHERE,
    "family": ELSEWHERE,
    "uncertainty": SUSPECTED,
    "hypothesis": SUSPECTED,
    "negation": DENIED,
}  # the first axis that governs a mention decides
AXES = tuple(_STATUS)
_LONGEST_REMEMBERED = 1_000  # characters of a sentence
_LONGEST_TEXT = 4_000  # characters of a text whose sentences are remembered


@dataclass(frozen=True, slots=True)
class Governor:
    """A cue that governs a mention, where it stands in the text."""

    start: int
    end: int
    cue: Cue


@dataclass(frozen=True)
class Mention(Occurrence):
    """An occurrence, how it is meant (`asserts`, `denies`, `suspects`, or none of them: ``), and the cue that says so."""

    status: str
    governor: Governor | None = None


def mentions_in(text: str, terms: TermList, context: Context) -> list[Mention]:
    """The mentions of a list in a text, as `mentions` finds them, each with what a context says of it."""
    found = find(text, terms)
    if not found:
        return []
    phrases = compile_context(context)
    judged: list[Mention] = []
    for (start, end), inside in _by_segment(text, found):
        scene = _Scene(text, start, end, phrases, inside)
        judged += [scene.judge(mention) for mention in inside]
    return judged


def _by_segment(text: str, found: list[Occurrence]) -> Iterator[tuple[Place, list[Occurrence]]]:
    """The sentences that hold a mention, each with its own: a mention belongs where it starts."""
    segments = _segments(text)
    starts = [start for start, _ in segments]
    inside: dict[int, list[Occurrence]] = {}
    for mention in found:
        inside.setdefault(max(bisect_right(starts, mention.start) - 1, 0), []).append(mention)
    for number, own in inside.items():
        yield segments[number], own


def _segments(text: str) -> list[Place]:
    """The sentences, cut where something is covered; those of a short text are remembered for the next question."""
    return _cut(text) if len(text) > _LONGEST_TEXT else _remembered_segments(str(text))


@lru_cache(maxsize=4_096)
def _remembered_segments(text: str) -> list[Place]:
    return _cut(text)


def _cut(text: str) -> list[Place]:
    whole = sentences(text)
    if COVER not in text:
        return whole
    return [
        (start + piece.start(), start + piece.end())
        for start, end in whole
        for piece in _UNCOVERED.finditer(text[start:end])
    ] or [(0, len(text))]


_UNCOVERED = re.compile(f"[^{COVER}]+")


# ------------------------------------------------------------------------------------------------------------- phrases


@dataclass(frozen=True, eq=False)
class _Phrase:
    """A phrase of a context with all that it is: cues, a stop, or no cue."""

    term: CompiledTerm
    cues: tuple[Cue, ...]
    stops: bool
    masks: bool


@dataclass(frozen=True, eq=False)
class Phrases:
    """The phrases of a context by the words that they begin with, for text folded without and with case kept.

    `by_word`: those that begin with a whole word, and among them by the word that follows a space or hyphen (None where
    nothing, or anything else, follows); `by_prefix`: those that begin with the first letters of a word, as `deni*`;
    `others`: those that begin with a sign or a `*`.
    """

    by_word: dict[bool, dict[str, dict[str | None, list[_Phrase]]]] = field(
        default_factory=lambda: {False: {}, True: {}}
    )
    by_prefix: dict[bool, dict[str, list[_Phrase]]] = field(default_factory=lambda: {False: {}, True: {}})
    others: list[_Phrase] = field(default_factory=list)

    def add(self, phrase: _Phrase) -> None:
        """Put a phrase where it is looked for."""
        atoms = phrase.term.atoms
        word = _word(atoms) if phrase.term.left else ""
        after = atoms[len(word) :]
        if not word:
            self.others.append(phrase)
        elif after[:1] == (REST,):
            self.by_prefix[phrase.term.case].setdefault(word, []).append(phrase)
        else:
            second = _word(after[1:]) if after[:1] == (SEPARATOR,) else ""
            whole = second and after[1 + len(second) :][:1] != (REST,)
            by_second = self.by_word[phrase.term.case].setdefault(word, {})
            by_second.setdefault(second if whole else None, []).append(phrase)

    def likely(self, case: bool, word: str, second: str) -> Iterator[_Phrase]:
        """The phrases that may begin with a word that `second` comes after."""
        by_second = self.by_word[case].get(word)
        if by_second is not None:
            yield from by_second.get(second, ())
            yield from by_second.get(None, ())
        by_prefix = self.by_prefix[case]
        for length in range(1, min(len(word), max(map(len, by_prefix))) + 1) if by_prefix else ():
            yield from by_prefix.get(word[:length], ())


def _word(atoms: tuple[str, ...]) -> str:
    """The letters, digits and marks that atoms begin with."""
    return "".join(takewhile(_is_of_word, atoms)) if atoms and is_letter_or_digit(atoms[0][:1]) else ""


def _is_of_word(atom: str) -> bool:
    return len(atom) == 1 and (is_letter_or_digit(atom) or is_mark(atom))


@lru_cache(maxsize=64)
def compile_context(context: Context) -> Phrases:
    """The phrases of a context, ready to be looked for."""
    cues: dict[CompiledTerm, list[Cue]] = {}
    for cue in context.cues:
        cues.setdefault(compile_term(cue.term), []).append(cue)
    stops, masks = set(map(compile_term, context.stops)), set(map(compile_term, context.not_cues))
    phrases = Phrases()
    for term in dict.fromkeys((*cues, *map(compile_term, context.stops), *map(compile_term, context.not_cues))):
        if term.atoms:
            own = () if term in masks else tuple(cues.get(term, ()))
            phrases.add(_Phrase(term, own, term in stops, term in masks))
    return phrases


@dataclass(frozen=True, slots=True)
class _Found:
    """A phrase where it stands in the text."""

    start: int
    end: int
    phrase: _Phrase


def _phrases_in(sentence: str, phrases: Phrases) -> tuple[_Found, ...]:
    """Every place of every phrase, in offsets of the sentence; that of a short one is remembered for the next question."""
    if len(sentence) > _LONGEST_REMEMBERED:
        return tuple(_look(sentence, phrases))
    return _remembered(str(sentence), phrases)


@lru_cache(maxsize=20_000)
def _remembered(sentence: str, phrases: Phrases) -> tuple[_Found, ...]:
    return tuple(_look(sentence, phrases))


def _look(sentence: str, phrases: Phrases) -> Iterator[_Found]:
    for case in (False, True):
        others = [phrase for phrase in phrases.others if phrase.term.case == case]
        if not others and not phrases.by_word[case] and not phrases.by_prefix[case]:
            continue
        folded = fold(sentence, case)
        ends = Words(folded.text)
        for start, word, second in _runs(folded.text):
            for phrase in phrases.likely(case, word, second):
                end = match_at(folded.text, phrase.term, start, ends)
                if end is not None:
                    yield _Found(*folded.place(start, end), phrase)
        for phrase in others:
            for start, end in occurrences(folded.text, phrase.term):
                yield _Found(*folded.place(start, end), phrase)


def _runs(folded: str) -> Iterator[tuple[int, str, str]]:
    """The runs of letters, digits and marks of a folded text: where each starts, and what one space or hyphen after it
    parts from it ("" where something else follows).
    """
    found = list(_run(folded.isascii()).finditer(folded))
    for number, run in enumerate(found):
        end = run.end()
        after = found[number + 1] if number + 1 < len(found) else None
        joined = after is not None and after.start() == end + 1 and folded[end] in SEPARATOR
        yield run.start(), run[0], after[0] if after is not None and joined else ""


@lru_cache(maxsize=2)
def _run(ascii_only: bool) -> re.Pattern[str]:
    if ascii_only:
        return re.compile(f"[{ASCII_LETTERS}{ASCII_DIGITS}]+")
    first = character_class("letters", "digits")
    return re.compile(f"[{first}][{first}{character_class('marks')}]*")


# -------------------------------------------------------------------------------------------------------------- scopes


class _Scene:
    """One sentence with the mentions and the phrases in it. All offsets are of the whole text."""

    def __init__(self, text: str, start: int, end: int, phrases: Phrases, mentions: list[Occurrence]) -> None:
        found = [_Found(start + f.start, start + f.end, f.phrase) for f in _phrases_in(text[start:end], phrases)]
        free = _longest(_apart(found, mentions))
        masks = [f for f in free if f.phrase.masks]
        self._stop_starts = sorted(f.start for f in free if f.phrase.stops)
        self._stop_ends = sorted(f.end for f in free if f.phrase.stops)
        cues = [Governor(f.start, f.end, cue) for f in _unmasked(free, masks) for cue in f.phrase.cues]
        self._axes = {axis: _Axis([one for one in cues if one.cue.axis == axis]) for axis in {c.cue.axis for c in cues}}
        self._words = [start + place[0] for place in words(text[start:end])] if self._axes else []

    def judge(self, mention: Occurrence) -> Mention:
        """What the cues say of a mention: the first axis that has one for it decides."""
        for axis, status in _STATUS.items():
            if axis in self._axes:
                governor = self._governor(self._axes[axis], mention)
                if governor is not None:
                    return Mention(mention.start, mention.end, mention.terms, status, governor)
        return Mention(mention.start, mention.end, mention.terms, ASSERTED)

    def _governor(self, axis: _Axis, mention: Occurrence) -> Governor | None:
        around = axis.around(mention)
        if around is not None:
            return around
        before = axis.before(mention)
        if before is not None and not before.cue.after and self._reaches(before, mention):
            return before
        after = axis.behind(mention)
        if after is not None and after.cue.after and self._reaches(after, mention):
            return after
        return None

    def _reaches(self, cue: Governor, mention: Occurrence) -> bool:
        """Whether few enough words stand between a cue and a mention, and no stop, seen from the cue, begins there."""
        if cue.cue.after:
            start, end = mention.end, cue.start
            stopped = _any_between(self._stop_ends, start + 1, end + 1)
        else:
            start, end = cue.end, mention.start
            stopped = _any_between(self._stop_starts, start, end)
        between = bisect_left(self._words, end) - bisect_left(self._words, start)
        return not stopped and (cue.cue.reach is None or between < cue.cue.reach)


def _any_between(places: list[int], start: int, end: int) -> bool:
    """Whether one of some sorted offsets is at least `start` and below `end`."""
    number = bisect_left(places, start)
    return number < len(places) and places[number] < end


class _Axis:
    """The cues of one axis in a sentence. Where a phrase looks both ways, it stands once for each."""

    def __init__(self, cues: list[Governor]) -> None:
        # Of two roles of one phrase, the nearest in front is the one that looks ahead, the nearest behind that looks back.
        self._by_end = sorted(cues, key=lambda one: (one.end, one.start, not one.cue.after))
        self._by_start = sorted(cues, key=lambda one: (one.start, one.end, not one.cue.after))
        self._ends = [one.end for one in self._by_end]
        self._starts = [one.start for one in self._by_start]

    def before(self, mention: Occurrence) -> Governor | None:
        """The nearest cue that ends before a mention."""
        number = bisect_right(self._ends, mention.start) - 1
        return self._by_end[number] if number >= 0 else None

    def behind(self, mention: Occurrence) -> Governor | None:
        """The nearest cue that starts after a mention; where cues overlap, as in "nodule, not seen", one that looks back."""
        first = bisect_left(self._starts, mention.end)
        if first == len(self._by_start):
            return None
        nearest = self._by_start[first]
        following = (self._by_start[number] for number in range(first, len(self._by_start)))
        overlapping = takewhile(lambda one: one.start < nearest.end, following)
        return next((one for one in overlapping if one.cue.after), nearest)

    def around(self, mention: Occurrence) -> Governor | None:
        """A cue in which a mention stands."""
        number = bisect_right(self._starts, mention.start) - 1
        found = self._by_start[number] if number >= 0 else None
        return found if found is not None and found.end >= mention.end else None


def _apart(found: Iterable[_Found], mentions: list[Occurrence]) -> list[_Found]:
    """Without the phrases that are part of a mention or run into one."""
    starts = [mention.start for mention in mentions]
    return [one for one in found if not _clashes(one, mentions, starts)]


def _clashes(one: _Found, mentions: list[Occurrence], starts: list[int]) -> bool:
    """Whether a phrase overlaps a mention, and is not longer and around it."""
    number = bisect_left(starts, one.end) - 1  # the last mention that starts before the phrase ends
    while number >= 0 and mentions[number].end > one.start:
        start, end = mentions[number].start, mentions[number].end
        if not one.start <= start < end <= one.end or (start, end) == (one.start, one.end):
            return True
        number -= 1
    return False


def _longest(found: list[_Found]) -> list[_Found]:
    """Without the phrases that lie inside a longer one; beside a `not a cue` of the same place, nothing else stays."""
    ordered = sorted(found, key=lambda one: (one.start, -one.end, not one.phrase.masks))
    kept: list[_Found] = []
    furthest = -1
    for one in ordered:
        same = bool(kept) and (kept[-1].start, kept[-1].end) == (one.start, one.end)
        if one.end > furthest or (same and not kept[-1].phrase.masks):
            kept.append(one)
            furthest = max(furthest, one.end)
    return kept


def _unmasked(found: list[_Found], masks: list[_Found]) -> list[_Found]:
    """Without the phrases that run into a `not a cue`. Both in order; none lies inside another."""
    kept: list[_Found] = []
    number = 0
    for one in found:
        while number < len(masks) and masks[number].end <= one.start:
            number += 1
        if number == len(masks) or masks[number].start >= one.end:
            kept.append(one)
    return kept
