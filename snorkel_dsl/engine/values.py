"""A batch of values: what one node of a plan is worth on every row of its frame.

There are five forms. `Truth` is a condition in Kleene's logic, `Numbers` everything that is a machine number, `Texts`
an Arrow array of text, `Pieces` the pieces that texts are cut into, and `Objects` whatever is left (lists). Each knows
where it is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from snorkel_dsl.engine import arrow
from snorkel_dsl.language.types import Kind

Mask: TypeAlias = npt.NDArray[np.bool_]
Index: TypeAlias = npt.NDArray[np.int64]
Array: TypeAlias = Any  # a pyarrow array; the stubs of pyarrow refuse what its kernels accept


@dataclass(frozen=True)
class Truth:
    """A condition: where it is true, and where it is unknown (None: nowhere). Never both. Shapes (n,)."""

    true: Mask
    unknown: Mask | None = None

    @property
    def false(self) -> Mask:
        """Where it is false."""
        return ~self.true if self.unknown is None else ~(self.true | self.unknown)

    @property
    def missing(self) -> Mask | None:
        """Where it has no value: the same as unknown."""
        return self.unknown

    def take(self, index: Index) -> Truth:
        """Its values at the given places."""
        return Truth(self.true[index], None if self.unknown is None else self.unknown[index])

    def python(self, index: Index) -> list[bool | None]:
        """Its values at the given places as Python values."""
        if self.unknown is None:
            return list(self.true[index].tolist())
        pairs = zip(self.true[index].tolist(), self.unknown[index].tolist(), strict=True)
        return [None if unknown else true for true, unknown in pairs]


@dataclass(frozen=True)
class Numbers:
    """Numbers (float64), times, times of day and durations (int64, microseconds), or yes/no (bool). Shapes (n,).

    `missing` is None where no value is missing; a missing place holds 0.
    """

    values: npt.NDArray[Any]
    missing: Mask | None = None

    @property
    def plain(self) -> npt.NDArray[Any]:
        """Its values for a kernel: 0 where missing."""
        return self.values

    def take(self, index: Index) -> Numbers:
        """Its values at the given places."""
        return Numbers(self.values[index], None if self.missing is None else self.missing[index])

    def python(self, index: Index) -> list[float | int | bool | None]:
        """Its values at the given places as Python values."""
        values = self.values[index].tolist()
        if self.missing is None:
            return list(values)
        return [None if gone else v for v, gone in zip(values, self.missing[index].tolist(), strict=True)]


@dataclass(frozen=True)
class Texts:
    """Text as an Arrow array of type large_string without offset; null is missing."""

    array: Array

    @cached_property
    def missing(self) -> Mask | None:
        """Where there is no text, or None."""
        return null_mask(self.array)

    @cached_property
    def plain(self) -> Array:
        """Its values for a kernel: empty where missing."""
        return self.array.fill_null("") if self.array.null_count else self.array

    @cached_property
    def strings(self) -> list[str | None]:
        """Every text as a Python value."""
        return list(self.array.to_pylist())

    @cached_property
    def ascii(self) -> Mask:
        """Where the text has no other than ASCII characters; a missing text has none."""
        present: Array = pc.string_is_ascii(self.array)
        return numpy_bools(pc.or_kleene(present, pc.is_null(self.array)) if self.array.null_count else present)

    def take(self, index: Index) -> Texts:
        """Its values at the given places."""
        return Texts(self.array.take(arrow.numbers(index)))

    def python(self, index: Index) -> list[str | None]:
        """Its values at the given places as Python values."""
        if 4 * len(index) < len(self.array) and "strings" not in self.__dict__:
            return list(self.array.take(arrow.numbers(index)).to_pylist())
        strings = self.strings
        return [strings[i] for i in index.tolist()]


@dataclass(frozen=True)
class Pieces:
    """The pieces of each text as an Arrow array of lists of large_string; null is missing."""

    array: Array

    @cached_property
    def missing(self) -> Mask | None:
        """Where there was no text to cut, or None."""
        return null_mask(self.array)

    @cached_property
    def parents(self) -> Index:
        """For each piece, the number of the text that it is a piece of; ascending."""
        lengths: Array = pc.list_value_length(self.array)
        return np.repeat(np.arange(len(self.array)), lengths.fill_null(0).to_numpy(zero_copy_only=False))

    @cached_property
    def texts(self) -> Texts:
        """All pieces, one after the other."""
        return Texts(self.array.flatten())

    def take(self, index: Index) -> Pieces:
        """Its values at the given places."""
        return Pieces(self.array.take(arrow.numbers(index)))

    def python(self, index: Index) -> list[list[str] | None]:
        """Its values at the given places as Python values."""
        return list(self.array.take(arrow.numbers(index)).to_pylist())


@dataclass(frozen=True)
class Objects:
    """Values that are neither numbers nor text: tuples. None is missing."""

    values: list[Any]

    @cached_property
    def missing(self) -> Mask | None:
        """Where there is no value, or None."""
        mask = np.fromiter((value is None for value in self.values), bool, len(self.values))
        return mask if mask.any() else None

    def take(self, index: Index) -> Objects:
        """Its values at the given places."""
        return Objects(self.python(index))

    def python(self, index: Index) -> list[Any]:
        """Its values at the given places as Python values."""
        return [self.values[i] for i in index.tolist()]


Value: TypeAlias = Truth | Numbers | Texts | Pieces | Objects

_NUMERIC: dict[Kind, Any] = {
    Kind.NUMBER: np.float64,
    Kind.COUNT: np.float64,
    Kind.TIME: np.int64,
    Kind.CLOCK: np.int64,
    Kind.DURATION: np.int64,
    Kind.YES_NO: np.bool_,
}


def numpy_bools(array: Array) -> Mask:
    """An Arrow boolean array without nulls as a NumPy one."""
    _, data = array.buffers()  # `to_numpy` loads pandas, which takes longer than all else
    bits = np.unpackbits(np.frombuffer(data or b"", np.uint8), bitorder="little")
    result: Mask = bits[array.offset : array.offset + len(array)].view(np.bool_)
    return result


def null_mask(array: Array) -> Mask | None:
    """Where an Arrow array is null, or None where it never is."""
    return numpy_bools(array.is_null()) if array.null_count else None


def union(masks: Sequence[Mask | None]) -> Mask | None:
    """Where any of the masks holds; None stands for nowhere."""
    found: Mask | None = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found | mask
    return found


def from_python(values: Sequence[Any], kind: Kind) -> Value:
    """Python values of one kind (None is missing) as a batch; of the kind PIECES, lists of texts."""
    if kind is Kind.CONDITION:
        true = np.fromiter((value is True for value in values), bool, len(values))
        unknown = np.fromiter((value is None for value in values), bool, len(values))
        return Truth(true, unknown if unknown.any() else None)
    if kind in (Kind.TEXT, Kind.CHOICE):
        return Texts(pa.array(values, pa.large_string()))
    if kind is Kind.PIECES:
        return Pieces(pa.array(values, pa.list_(pa.large_string())))
    if kind not in _NUMERIC:
        return Objects(list(values))
    missing = np.fromiter((value is None for value in values), bool, len(values))
    filled = np.array([0 if value is None else value for value in values], _NUMERIC[kind])
    return Numbers(filled, missing if missing.any() else None)


def from_array(array: Array, kind: Kind, n: int, missing: Mask | None) -> Value:
    """What a kernel returned for n rows as a batch, missing where the mask holds (None: nowhere)."""
    if kind in (Kind.TEXT, Kind.CHOICE, Kind.PIECES):
        filled = array if missing is None else pc.if_else(pa.array(missing), pa.scalar(None, array.type), array)
        return Pieces(filled) if kind is Kind.PIECES else Texts(filled)
    values = np.broadcast_to(np.asarray(array), n)
    if kind is Kind.CONDITION:
        return Truth(values if missing is None else values & ~missing, missing)
    return Numbers(values if missing is None else np.where(missing, values.dtype.type(0), values), missing)


def full(value: Any, kind: Kind, n: int) -> Value:
    """A constant as a batch of n rows."""
    if kind in (Kind.TEXT, Kind.CHOICE):
        return Texts(pa.repeat(pa.scalar(value, pa.large_string()), n))
    if kind in _NUMERIC:
        return Numbers(np.full(n, value, _NUMERIC[kind]))
    return Objects([value] * n)


def merge(mask: Mask, new: Value, old: Value) -> Value:
    """`new` where the mask holds, `old` elsewhere; both of one form."""
    match new, old:
        case Truth(), Truth():
            return Truth(np.where(mask, new.true, old.true), _merge_masks(mask, new.unknown, old.unknown))
        case Numbers(), Numbers():
            missing = _merge_masks(mask, new.missing, old.missing)
            return Numbers(np.where(mask, new.values, old.values), missing)
        case Texts(), Texts():
            return Texts(pc.if_else(pa.array(mask), new.array, old.array))
        case Objects(), Objects():
            pairs = zip(mask.tolist(), new.values, old.values, strict=True)
            return Objects([one if chosen else other for chosen, one, other in pairs])
        case _:
            return new


def _merge_masks(mask: Mask, new: Mask | None, old: Mask | None) -> Mask | None:
    """`new` where the mask holds, `old` elsewhere; None stands for nowhere."""
    if new is None and old is None:
        return None
    nowhere = np.zeros(len(mask), bool)
    return np.where(mask, nowhere if new is None else new, nowhere if old is None else old)


def distinct(keys: Index) -> Index:
    """Each key once, ascending. Sorting beats the hashing of `np.unique` on keys that are nearly all different."""
    ordered = np.sort(keys)
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    found: Index = ordered[new]
    return found
