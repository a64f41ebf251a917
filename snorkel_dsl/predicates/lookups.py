"""Lookup tables: whether a value, or a pair of values, is in one."""

from __future__ import annotations

from functools import lru_cache

from snorkel_dsl.language.ir import LookupTable
from snorkel_dsl.language.text.characters import simple_fold
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Predicate, signature


@lru_cache(maxsize=64)
def _keys(table: LookupTable) -> frozenset[tuple[str, ...]]:
    return frozenset(table.keys)


def _in_lookup(text: str, table: LookupTable) -> bool:
    return _has(table, text)


def _pair_in_lookup(text: str, other: str, table: LookupTable) -> bool:
    return _has(table, text, other)


def _has(table: LookupTable, *key: str) -> bool:
    return tuple(simple_fold(part) if table.ignoring_case else str(part) for part in key) in _keys(table)


IN_LOOKUP = Predicate(
    name="in_lookup",
    signature=signature((Kind.TEXT, Kind.CHOICE), Kind.LOOKUP, gives=Kind.CONDITION),
    evaluate=_in_lookup,
    doc="whether a text is in the table",
    example="text is in cities",
)
PAIR_IN_LOOKUP = Predicate(
    name="pair_in_lookup",
    signature=signature((Kind.TEXT, Kind.CHOICE), (Kind.TEXT, Kind.CHOICE), Kind.LOOKUP, gives=Kind.CONDITION),
    evaluate=_pair_in_lookup,
    doc="whether a pair of texts is in the table",
    example="the pair text, title is in couples",
)
