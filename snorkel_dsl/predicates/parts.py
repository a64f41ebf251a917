"""Parts of a text: sections, the first and the last of something, and the pieces that `some`, `every` and `no` go over.

Each is a slice, so that what is found in it has a place in the text it was cut from.
"""

from __future__ import annotations

from itertools import pairwise

from snorkel_dsl.language.ir import HeadedSection, Section
from snorkel_dsl.language.text import parts
from snorkel_dsl.language.text.headings import parts_under
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Array, Predicate, signature

Place = tuple[int, int]
COVER = parts.COVER


def _section_places(text: str, section: Section | HeadedSection) -> list[Place]:
    """The parts of a text that are of a section. By markers there is one at most: from after the first start marker up to
    the next end marker, or to the end of the text.
    """
    if isinstance(section, HeadedSection):
        return parts_under(text, section)
    marker = text.find(section.start)
    if marker < 0:
        return []
    start = marker + len(section.start)
    end = text.find(section.end, start) if section.end else -1
    return [(start, end if end >= 0 else len(text))]


def _section(text: str, section: Section | HeadedSection) -> str:
    """From the first part to the last; what stands between parts is covered, but for white space: sentences end there."""
    places = _section_places(text, section)
    if not places:
        return text[:0]
    gaps = [(end, start) for (_, end), (start, _) in pairwise(places)]
    if not gaps:
        return text[places[0][0] : places[0][1]]
    words = [(start + first, start + last) for start, end in gaps for first, last in parts.tokens(text[start:end])]
    return _covered(text, words, places[0][0], places[-1][1])


def _outside(text: str, section: Section | HeadedSection) -> str:
    return _covered(text, _section_places(text, section), 0, len(text))


def _covered(text: str, places: list[Place], start: int, end: int) -> str:
    """A slice of a text in which each character of some places is covered."""
    if not places:
        return text[start:end]
    ends = [place for place, _ in places[1:]] + [end]
    covered = [COVER * (last - first) + text[last:until] for (first, last), until in zip(places, ends, strict=True)]
    return text[start : places[0][0]] + "".join(covered)


def _first(text: str, count: int, measure: str) -> str:
    places = parts.MEASURES[measure](text)[: max(count, 0)]
    return text[places[0][0] : places[-1][1]] if places else text[:0]


def _last(text: str, count: int, measure: str) -> str:
    places = parts.MEASURES[measure](text)
    places = places[max(len(places) - max(count, 0), 0) :]
    return text[places[0][0] : places[-1][1]] if places else text[:0]


def _sentences(text: str) -> list[Place]:
    return parts.sentences(text)


def _lines(text: str) -> list[Place]:
    return parts.lines(text)


def _paragraphs(text: str) -> list[Place]:
    return parts.paragraphs(text)


def _pieces(text: str, separator: str) -> list[Place]:
    return parts.pieces(text, separator)


# ------------------------------------------------------------------------------------------------------------- kernels


def _all_sections(texts: Array, section: Section | HeadedSection) -> Array:
    import pyarrow.compute as pc

    if isinstance(section, HeadedSection) or not section.start:
        return None
    after = _nth_part(texts, section.start, 1)
    return pc.fill_null(_nth_part(after, section.end, 0) if section.end else after, "")


def _nth_part(texts: Array, separator: str, number: int) -> Array:
    """What stands before (0) or after (1) the first separator; null without one, but before none is all."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts: Array = pc.split_pattern(texts, separator, max_splits=1)
    offsets = parts.offsets.to_numpy()
    index, ends = offsets[:-1] + number, offsets[1:]
    return parts.values.take(pa.array(index, mask=index >= ends))


def _all_pieces(texts: Array, separator: str) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not separator:
        return None
    none = pa.scalar([], pa.list_(pa.large_string()))
    return pc.if_else(pc.equal(texts, pa.scalar("", pa.large_string())), none, pc.split_pattern(texts, separator))


SECTION = Predicate(
    name="section",
    signature=signature(Kind.TEXT, Kind.SECTION, gives=Kind.TEXT),
    evaluate=_section,
    kernel=_all_sections,
    doc="the section's text, without its markers or headings; empty where the text has no such section",
    example='text mentions "a" in BODY',
)
OUTSIDE = Predicate(
    name="outside",
    signature=signature(Kind.TEXT, Kind.SECTION, gives=Kind.TEXT),
    evaluate=_outside,
    doc="the text with the section covered: each of its characters is one that no term has",
    example='text mentions "a" outside BODY',
)
FIRST = Predicate(
    name="first",
    signature=signature(Kind.TEXT, Kind.COUNT, Kind.WORD, gives=Kind.TEXT),
    evaluate=_first,
    doc="the first so many sentences, words, tokens, lines or paragraphs; all of them where there are fewer",
    example='text mentions "a" in the first 2 sentences',
)
LAST = Predicate(
    name="last",
    signature=signature(Kind.TEXT, Kind.COUNT, Kind.WORD, gives=Kind.TEXT),
    evaluate=_last,
    doc="the last so many sentences, words, tokens, lines or paragraphs; all of them where there are fewer",
    example='text mentions "a" in the last sentence',
)
SENTENCES = Predicate(
    name="sentences",
    signature=signature(Kind.TEXT, gives=Kind.PIECES),
    evaluate=_sentences,
    doc="the sentences of a text",
    example='some sentence of text where it mentions "a"',
)
LINES = Predicate(
    name="lines",
    signature=signature(Kind.TEXT, gives=Kind.PIECES),
    evaluate=_lines,
    doc="the lines of a text that are not blank",
    example='every line of text where it mentions "a"',
)
PARAGRAPHS = Predicate(
    name="paragraphs",
    signature=signature(Kind.TEXT, gives=Kind.PIECES),
    evaluate=_paragraphs,
    doc="the paragraphs of a text: what blank lines separate",
    example='no paragraph of text where it mentions "a"',
)
PIECES = Predicate(
    name="pieces",
    signature=signature(Kind.TEXT, Kind.TEXT, gives=Kind.PIECES),
    evaluate=_pieces,
    kernel=_all_pieces,
    doc="the pieces between separators, empty ones included; an empty text has none",
    example='some piece of text split at "." where it mentions "a"',
)
