"""How what is mentioned is meant: asserted, denied or suspected. `language.text.assertion` has the rules."""

from __future__ import annotations

from snorkel_dsl.language.ir import Context, TermList
from snorkel_dsl.language.text.assertion import ASSERTED, DENIED, ELSEWHERE, SUSPECTED, Mention, mentions_in
from snorkel_dsl.language.text.terms import mentioned_terms
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Predicate, Sought, signature

Place = tuple[int, int]


def _so(text: str, terms: TermList, context: Context, status: str) -> list[Mention]:
    """The mentions that are meant so."""
    return [mention for mention in mentions_in(text, terms, context) if mention.status == status]


def _said(text: str, terms: TermList, context: Context, status: str) -> bool:
    return bool(_so(text, terms, context, status))


def _said_every(text: str, terms: TermList, context: Context, status: str) -> bool:
    found = mentions_in(text, terms, context)
    return bool(found) and all(mention.status == status for mention in found)


def _said_count(text: str, terms: TermList, context: Context, status: str) -> float:
    return float(len(_so(text, terms, context, status)))


def _said_terms(text: str, terms: TermList, context: Context, status: str) -> float:
    return float(mentioned_terms(_so(text, terms, context, status)))


def _places(text: str, terms: TermList, context: Context, status: str) -> list[Place]:
    return [(mention.start, mention.end) for mention in _so(text, terms, context, status)]


def _every_places(text: str, terms: TermList, context: Context, status: str) -> list[Place]:
    return _places(text, terms, context, status) if _said_every(text, terms, context, status) else []


def _remarks(text: str, terms: TermList, context: Context, _status: str) -> list[str]:
    """For each mention how it is meant, and the cue that says so."""
    return [_remark(text, mention) for mention in mentions_in(text, terms, context)]


def _remark(text: str, mention: Mention) -> str:
    said = f'"{_on_one_line(text[mention.start : mention.end])}" is {_IN_WORDS[mention.status]}'
    governor = mention.governor
    if governor is None:
        return f"{said}: no cue governs it"
    meant = f"{said} ({governor.cue.axis})" if mention.status == ELSEWHERE else said
    side = "after" if governor.start >= mention.end else "before" if governor.end <= mention.start else "around"
    return f"{meant}: `{_on_one_line(text[governor.start : governor.end])}` {side} it"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


_IN_WORDS = {
    ASSERTED: "asserted",
    DENIED: "denied",
    SUSPECTED: "suspected",
    ELSEWHERE: "neither asserted nor denied nor suspected",
}


def _mentioned(terms: TermList, _context: Context, _status: str) -> tuple[Sought, ...]:
    return (Sought(terms, as_words=True),)


SAID = Predicate(
    name="said",
    signature=signature(Kind.TEXT, Kind.TERMS, Kind.CONTEXT, Kind.WORD, gives=Kind.CONDITION),
    evaluate=_said,
    looks_for=_mentioned,
    doc="whether some mention of the terms is asserted, denied or suspected",
    example="text denies any of WORDS",
    places=_places,
    remarks=_remarks,
)
SAID_EVERY = Predicate(
    name="said_every",
    signature=signature(Kind.TEXT, Kind.TERMS, Kind.CONTEXT, Kind.WORD, gives=Kind.CONDITION),
    evaluate=_said_every,
    looks_for=_mentioned,
    doc="whether the terms are mentioned and every mention is asserted, denied or suspected",
    example="text denies every WORDS",
    places=_every_places,
    remarks=_remarks,
)
SAID_COUNT = Predicate(
    name="said_count",
    signature=signature(Kind.TEXT, Kind.TERMS, Kind.CONTEXT, Kind.WORD, gives=Kind.NUMBER),
    evaluate=_said_count,
    looks_for=_mentioned,
    doc="how many mentions of the terms are asserted, denied or suspected",
    example="text asserts WORDS at least 2 times",
    places=_places,
    remarks=_remarks,
)
SAID_TERMS = Predicate(
    name="said_terms",
    signature=signature(Kind.TEXT, Kind.TERMS, Kind.CONTEXT, Kind.WORD, gives=Kind.NUMBER),
    evaluate=_said_terms,
    looks_for=_mentioned,
    doc="how many different terms of the list are asserted, denied or suspected somewhere",
    example="text asserts more than 1 of WORDS",
    places=_places,
    remarks=_remarks,
)
