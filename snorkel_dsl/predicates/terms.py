"""Words and phrases: what `mentions` says of a text. `language.text.terms` has the rules."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from snorkel_dsl.language.ir import Term, TermList
from snorkel_dsl.language.text.characters import simple_fold
from snorkel_dsl.language.text.parts import words
from snorkel_dsl.language.text.terms import find, mentioned_terms
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Predicate, Sought, signature

Place = tuple[int, int]


def _mentions(text: str, terms: TermList) -> bool:
    return bool(find(text, terms))


def _mentions_count(text: str, terms: TermList) -> float:
    return float(len(find(text, terms)))


def _mentions_terms(text: str, terms: TermList) -> float:
    return float(mentioned_terms(find(text, terms)))


def _mentions_places(text: str, terms: TermList) -> list[Place]:
    return [(found.start, found.end) for found in find(text, terms)]


def _followed_by(text: str, first: TermList, second: TermList, limit: int) -> bool:
    return bool(_followed_by_places(text, first, second, limit))


def _followed_by_places(text: str, first: TermList, second: TermList, limit: int) -> list[Place]:
    """Each occurrence of the first list with the nearest one of the second after it, where few enough words lie between."""
    places: list[Place] = []
    earlier = find(text, first)
    later = find(text, second) if earlier else []
    starts = [found.start for found in later]
    for found in earlier:
        number = bisect_left(starts, found.end)
        if number < len(later) and _few_words(text, found.end, starts[number], limit):
            places.append((found.start, later[number].end))
    return places


def _few_words(text: str, start: int, end: int, limit: int) -> bool:
    """Whether at most so many words (-1: any number) stand between two offsets, reading few more than these."""
    if limit < 0:
        return True
    reach = start + 16 * (limit + 2)
    while reach < end and len(words(text[start:reach])) < limit + 2:
        reach += reach - start
    return len(words(text[start : min(reach, end)])) <= limit


def _list_contains(items: Sequence[str | None], terms: TermList) -> bool:
    return any(item is not None and _is_listed(item, terms) for item in items)


def _is_listed(item: str, terms: TermList) -> bool:
    return any(
        any(_is_term(item, term) for term in one.terms) and not any(_is_term(item, mask) for mask in one.masks)
        for one in terms.each
    )


def _is_term(item: str, term: Term) -> bool:
    return item == term.text if term.exact_case else simple_fold(item) == simple_fold(term.text)


# ------------------------------------------------------------------------------------------ what a scanner may look for


def _some_word(terms: TermList) -> tuple[Sought, ...]:
    return (Sought(terms, as_words=True, decides=True),)


def _some_words(terms: TermList) -> tuple[Sought, ...]:
    return (Sought(terms, as_words=True),)


def _both(first: TermList, second: TermList, _limit: int) -> tuple[Sought, ...]:
    return (Sought(first, as_words=True), Sought(second, as_words=True))


MENTIONS = Predicate(
    name="mentions",
    signature=signature(Kind.TEXT, Kind.TERMS, gives=Kind.CONDITION),
    evaluate=_mentions,
    looks_for=_some_word,
    doc="whether one of the terms occurs as whole words",
    example='text mentions "check out"',
    places=_mentions_places,
)
MENTIONS_COUNT = Predicate(
    name="mentions_count",
    signature=signature(Kind.TEXT, Kind.TERMS, gives=Kind.NUMBER),
    evaluate=_mentions_count,
    looks_for=_some_words,
    doc="how often the terms occur as whole words, without overlaps",
    example="text mentions WORDS at least 5 times",
    places=_mentions_places,
)
MENTIONS_TERMS = Predicate(
    name="mentions_terms",
    signature=signature(Kind.TEXT, Kind.TERMS, gives=Kind.NUMBER),
    evaluate=_mentions_terms,
    looks_for=_some_words,
    doc="how many different terms of the list occur as whole words",
    example="text mentions more than 1 of WORDS",
    places=_mentions_places,
)
FOLLOWED_BY = Predicate(
    name="followed_by",
    signature=signature(Kind.TEXT, Kind.TERMS, Kind.TERMS, Kind.COUNT, gives=Kind.CONDITION),
    evaluate=_followed_by,
    looks_for=_both,
    doc="whether a term of the first list is followed by one of the second, with at most so many words between",
    example='text mentions "what" followed within 2 words by "company"',
    places=_followed_by_places,
)
LIST_CONTAINS = Predicate(
    name="list_contains",
    signature=signature(Kind.TEXTS, Kind.TERMS, gives=Kind.CONDITION),
    evaluate=_list_contains,
    doc="whether an item of the list is, as a whole and whatever its case, one of the terms",
    example='tags contains "music"',
)
