"""Spans: places in a text that the data name. What stands in them, between them and beside them, and how far apart they are.

A span is (start, end), character offsets into its text, the end exclusive. What is cut out is a slice, so that what is
found in it has a place in the text.
"""

from __future__ import annotations

from snorkel_dsl.language.text import parts
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Predicate, signature
from snorkel_dsl.predicates.parts import COVER

Span = tuple[int, int]
_WINDOW = 12  # characters a word, to look at first: few words are wanted, of texts that may be long


def _span_text(text: str, span: Span) -> str:
    start, end = span
    return text[start:end]


def _words_between(text: str, one: Span, other: Span) -> str:
    """From the end of the earlier span to the start of the later one; nothing where they touch or overlap."""
    earlier, later = sorted((one, other))
    return text[earlier[1] : max(earlier[1], later[0])]


def _words_near(text: str, span: Span, count: int, measure: str, side: str) -> str:
    """So many words (below 0: all) right before, right after, or on either side of a span, which is covered then."""
    start, end = span
    if side == "before":
        return text[_start_of_last(text[:start], count, measure) : start]
    after = end + _end_of_first(text[end:], count, measure)
    if side == "after":
        return text[end:after]
    before = _start_of_last(text[:start], count, measure)
    return text[before:start] + COVER * (end - start) + text[end:after]


def _start_of_last(text: str, count: int, measure: str) -> int:
    """Where the last so many words begin. Words of a text's end are its own, but for the first, which may be cut."""
    if count < 0:
        return 0
    window = _WINDOW * (count + 1)
    while True:
        start = max(len(text) - window, 0)
        places = parts.MEASURES[measure](text[start:])
        if not start or len(places) > count:
            places = places[max(len(places) - count, 0) :]
            return start + places[0][0] if places else len(text)
        window *= 4


def _end_of_first(text: str, count: int, measure: str) -> int:
    """Where the first so many words end. Words of a text's start are its own, but for the last, which may be cut."""
    if count < 0:
        return len(text)
    window = _WINDOW * (count + 1)
    while True:
        places = parts.MEASURES[measure](text[:window])
        if window >= len(text) or len(places) > count:
            places = places[:count]
            return places[-1][1] if places else 0
        window *= 4


def _span_distance(text: str, one: Span, other: Span) -> float:
    return float(len(parts.words(_words_between(text, one, other))))


def _span_before(text: str, one: Span, other: Span) -> bool:
    return one[1] <= other[0]


SPAN_TEXT = Predicate(
    name="span_text",
    signature=signature(Kind.TEXT, Kind.SPAN, gives=Kind.TEXT),
    evaluate=_span_text,
    doc="what stands in a span: a span is its text wherever a text is wanted",
    example='person1 mentions "a"',
)
WORDS_BETWEEN = Predicate(
    name="words_between",
    signature=signature(Kind.TEXT, Kind.SPAN, Kind.SPAN, gives=Kind.TEXT),
    evaluate=_words_between,
    doc="what stands between two spans, whichever comes first; nothing where they touch or overlap",
    example='the words between person1 and person2 mention "a"',
)
WORDS_NEAR = Predicate(
    name="words_near",
    signature=signature(Kind.TEXT, Kind.SPAN, Kind.COUNT, Kind.WORD, Kind.WORD, gives=Kind.TEXT),
    evaluate=_words_near,
    doc="so many words before or after a span, or on either side of it; as many as there are where there are fewer",
    example='the 3 words before person1 mention "a"',
)
SPAN_DISTANCE = Predicate(
    name="span_distance",
    signature=signature(Kind.TEXT, Kind.SPAN, Kind.SPAN, gives=Kind.NUMBER),
    evaluate=_span_distance,
    doc="how many words stand between two spans; 0 where they touch or overlap",
    example="person1 is within 3 words of person2",
)
SPAN_BEFORE = Predicate(
    name="span_before",
    signature=signature(Kind.TEXT, Kind.SPAN, Kind.SPAN, gives=Kind.CONDITION),
    evaluate=_span_before,
    doc="whether the first span ends before the second begins",
    example="person1 is before person2",
)
