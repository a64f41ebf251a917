"""Text as a whole and as characters: equality, plain substrings, beginnings and ends, regular expressions.

Case is ignored by Unicode simple case folding, character by character; nothing else is folded and nothing is trimmed.
"""

from __future__ import annotations

from collections.abc import Sequence

from snorkel_dsl.language.ir import Pattern, Term, TermList
from snorkel_dsl.language.patterns import compile_pattern
from snorkel_dsl.language.text.characters import simple_fold
from snorkel_dsl.language.text.terms import find_characters, mentioned_terms
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Array, Predicate, Sought, signature

Place = tuple[int, int]


def _is_text(text: str, wanted: Sequence[str]) -> bool:
    return simple_fold(text) in {simple_fold(one) for one in wanted}


def _is_choice(choice: str, wanted: Sequence[str]) -> bool:
    return choice in wanted


def _same_text(text: str, other: str) -> bool:
    return simple_fold(text) == simple_fold(other)


def _same_choice(choice: str, other: str) -> bool:
    return choice == other


def _contains(text: str, terms: TermList) -> bool:
    return bool(find_characters(text, terms))


def _contains_count(text: str, terms: TermList) -> float:
    return float(len(find_characters(text, terms)))


def _contains_terms(text: str, terms: TermList) -> float:
    return float(mentioned_terms(find_characters(text, terms)))


def _contains_places(text: str, terms: TermList) -> list[Place]:
    return [(found.start, found.end) for found in find_characters(text, terms)]


def _folded_as(term: Term, text: str) -> tuple[str, str]:
    """The text and the term, both folded unless the term is `exact case`."""
    return (str(text), term.text) if term.exact_case else (simple_fold(text), simple_fold(term.text))


def _starting(text: str, terms: TermList) -> list[Term]:
    pairs = ((term, _folded_as(term, text)) for term in terms.terms if term.text)
    return [term for term, (folded, needle) in pairs if folded.startswith(needle)]


def _ending(text: str, terms: TermList) -> list[Term]:
    pairs = ((term, _folded_as(term, text)) for term in terms.terms if term.text)
    return [term for term, (folded, needle) in pairs if folded.endswith(needle)]


def _starts_with(text: str, terms: TermList) -> bool:
    return bool(_starting(text, terms))


def _starts_with_places(text: str, terms: TermList) -> list[Place]:
    return [(0, length) for length in _longest(_starting(text, terms))]


def _ends_with(text: str, terms: TermList) -> bool:
    return bool(_ending(text, terms))


def _ends_with_places(text: str, terms: TermList) -> list[Place]:
    return [(len(text) - length, len(text)) for length in _longest(_ending(text, terms))]


def _longest(terms: list[Term]) -> list[int]:
    return [max(len(term.text) for term in terms)] if terms else []


def _matches(text: str, pattern: Pattern) -> bool:
    return compile_pattern(pattern).search(text) is not None


def _matches_places(text: str, pattern: Pattern) -> list[Place]:
    """All matches, left to right; an empty match is no place."""
    return [found.span() for found in compile_pattern(pattern).finditer(text) if found[0]]


# ------------------------------------------------------------------------------- kernels, and what a scanner may look for


def _all_texts(texts: Array, wanted: Sequence[str]) -> Array:
    import pyarrow.compute as pc

    return _all_among(pc.ascii_lower(texts), [simple_fold(one) for one in wanted])


def _all_among(texts: Array, wanted: Sequence[str]) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    found: Array = pc.is_in(texts, pa.array(wanted, pa.large_string()))
    return found.to_numpy(zero_copy_only=False)


def _all_same_text(texts: Array, others: Array) -> Array:
    import pyarrow.compute as pc

    return _all_same(pc.ascii_lower(texts), pc.ascii_lower(others))


def _all_same(texts: Array, others: Array) -> Array:
    import pyarrow.compute as pc

    same: Array = pc.equal(texts, others)
    return same.to_numpy(zero_copy_only=False)


def _whole_text(wanted: Sequence[str]) -> tuple[Sought, ...]:
    return (Sought(TermList(tuple(map(Term, wanted))), at_start=True, at_end=True, decides=True),)


def _some_term(terms: TermList) -> tuple[Sought, ...]:
    return (Sought(terms, decides=True),)


def _some_terms(terms: TermList) -> tuple[Sought, ...]:
    return (Sought(terms),)


def _term_at_start(terms: TermList) -> tuple[Sought, ...]:
    return (Sought(TermList(terms.terms), at_start=True, decides=True),)


def _term_at_end(terms: TermList) -> tuple[Sought, ...]:
    return (Sought(TermList(terms.terms), at_end=True, decides=True),)


def _pattern(pattern: Pattern) -> tuple[Sought, ...]:
    return (Sought(pattern, decides=True),)


IS_TEXT = Predicate(
    name="is_text",
    signature=signature((Kind.TEXT, Kind.CHOICE), Kind.TEXTS, gives=Kind.CONDITION),
    evaluate=_is_text,
    kernel=_all_texts,
    ascii_only=True,
    looks_for=_whole_text,
    doc="whether a text is, as a whole and whatever its case, one of those listed",
    example='text is "yes" or "no"',
)
IS_CHOICE = Predicate(
    name="is_choice",
    signature=signature(Kind.CHOICE, Kind.TEXTS, gives=Kind.CONDITION),
    evaluate=_is_choice,
    kernel=_all_among,
    doc="whether a choice is one of those listed, letter for letter",
    example='kind is "video"',
)
SAME_TEXT = Predicate(
    name="same_text",
    signature=signature((Kind.TEXT, Kind.CHOICE), (Kind.TEXT, Kind.CHOICE), gives=Kind.CONDITION),
    evaluate=_same_text,
    kernel=_all_same_text,
    ascii_only=True,
    doc="whether two texts are equal, whatever their case",
    example="text is title",
)
SAME_CHOICE = Predicate(
    name="same_choice",
    signature=signature(Kind.CHOICE, Kind.CHOICE, gives=Kind.CONDITION),
    evaluate=_same_choice,
    kernel=_all_same,
    doc="whether two choices are equal, letter for letter",
    example="kind is kind",
)
CONTAINS = Predicate(
    name="contains",
    signature=signature(Kind.TEXT, Kind.TERMS, gives=Kind.CONDITION),
    evaluate=_contains,
    looks_for=_some_term,
    doc="whether one of the terms occurs as plain characters, inside a word too",
    example='text contains "sub"',
    places=_contains_places,
)
CONTAINS_COUNT = Predicate(
    name="contains_count",
    signature=signature(Kind.TEXT, Kind.TERMS, gives=Kind.NUMBER),
    evaluate=_contains_count,
    looks_for=_some_terms,
    doc="how often the terms occur as plain characters, without overlaps",
    example="text contains WORDS at least 2 times",
    places=_contains_places,
)
CONTAINS_TERMS = Predicate(
    name="contains_terms",
    signature=signature(Kind.TEXT, Kind.TERMS, gives=Kind.NUMBER),
    evaluate=_contains_terms,
    looks_for=_some_terms,
    doc="how many different terms occur as plain characters",
    example="text contains more than 1 of WORDS",
    places=_contains_places,
)
STARTS_WITH = Predicate(
    name="starts_with",
    signature=signature(Kind.TEXT, Kind.TERMS, gives=Kind.CONDITION),
    evaluate=_starts_with,
    looks_for=_term_at_start,
    doc="whether the text begins with one of the terms, as plain characters",
    example='text starts with "who"',
    places=_starts_with_places,
)
ENDS_WITH = Predicate(
    name="ends_with",
    signature=signature(Kind.TEXT, Kind.TERMS, gives=Kind.CONDITION),
    evaluate=_ends_with,
    looks_for=_term_at_end,
    doc="whether the text ends with one of the terms, as plain characters",
    example='text ends with "?"',
    places=_ends_with_places,
)
MATCHES = Predicate(
    name="matches",
    signature=signature(Kind.TEXT, Kind.PATTERN, gives=Kind.CONDITION),
    evaluate=_matches,
    looks_for=_pattern,
    doc="whether a regular expression is found in the text: Python's `re.search`",
    example="text matches /check.*out/",
    places=_matches_places,
)
