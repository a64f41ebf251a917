"""Lookup tables: whether a value, or a pair of values, is in one."""

from __future__ import annotations

from functools import lru_cache

from snorkel_dsl.language.ir import LookupTable
from snorkel_dsl.language.text.characters import simple_fold
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Array, Predicate, signature


@lru_cache(maxsize=64)
def _keys(table: LookupTable) -> frozenset[tuple[str, ...]]:
    return frozenset(table.keys)


def _in_lookup(text: str, table: LookupTable) -> bool:
    return _has(table, text)


def _pair_in_lookup(text: str, other: str, table: LookupTable) -> bool:
    return _has(table, text, other)


def _has(table: LookupTable, *key: str) -> bool:
    return tuple(simple_fold(part) if table.ignoring_case else str(part) for part in key) in _keys(table)


def _all_in_lookup(texts: Array, table: LookupTable) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = pa.array([key for (key,) in table.keys], pa.large_string())
    found: Array = pc.is_in(pc.ascii_lower(texts) if table.ignoring_case else texts, keys)
    return found.to_numpy(zero_copy_only=False)


def _all_pairs_in_lookup(texts: Array, others: Array, table: LookupTable) -> Array:
    """Whether both are keys at all decides most pairs; the rest is asked one by one."""
    import numpy as np

    firsts, seconds = zip(*table.keys, strict=True) if table.keys else ((), ())
    one, other = (
        LookupTable(1, tuple((key,) for key in dict.fromkeys(keys)), table.ignoring_case) for keys in (firsts, seconds)
    )
    found = _all_in_lookup(texts, one) & _all_in_lookup(others, other)
    index = np.flatnonzero(found)
    pairs = zip(texts.take(index).to_pylist(), others.take(index).to_pylist(), strict=True)
    found[index] = [_has(table, *pair) for pair in pairs]
    return found


IN_LOOKUP = Predicate(
    name="in_lookup",
    signature=signature((Kind.TEXT, Kind.CHOICE), Kind.LOOKUP, gives=Kind.CONDITION),
    evaluate=_in_lookup,
    kernel=_all_in_lookup,
    ascii_only=True,
    doc="whether a text is in the table",
    example="text is in cities",
)
PAIR_IN_LOOKUP = Predicate(
    name="pair_in_lookup",
    signature=signature((Kind.TEXT, Kind.CHOICE), (Kind.TEXT, Kind.CHOICE), Kind.LOOKUP, gives=Kind.CONDITION),
    evaluate=_pair_in_lookup,
    kernel=_all_pairs_in_lookup,
    ascii_only=True,
    doc="whether a pair of texts is in the table",
    example="the pair text, title is in couples",
)
