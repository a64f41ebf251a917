"""Thrift's compact protocol, as far as the metadata of a Parquet file needs it: structs as numbered fields, to and from bytes.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. What a field means is the
business of whoever asks; fields that nobody knows come out as they went in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
_WHOLE = (I16, I32, I64)


class Field(NamedTuple):
    """A field of a struct: its type, and its value."""

    type: int
    value: Any


class Items(NamedTuple):
    """A list or a set: the type of its items, and these."""

    type: int
    items: list[Any]


Struct: TypeAlias = dict[int, Field]
"""Fields by their numbers, ascending."""


def varint(number: int) -> bytes:
    """A number that is not negative, seven bits a byte, the low ones first."""
    if number < 128:
        return bytes((number,))
    found = bytearray()
    while number >= 128:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def signed(number: int) -> bytes:
    """A number of either sign."""
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def written(fields: Mapping[int, Field], before: int = 0) -> bytes:
    """A struct as bytes; what comes after the field number `before` of one that is begun."""
    parts = []
    for number, (kind, value) in fields.items():
        step = number - before
        parts.append(bytes((step << 4 | kind,)) if 0 < step < 16 else bytes((kind,)) + signed(number))
        if kind not in (TRUE, FALSE):
            parts.append(_value(kind, value))
        before = number
    return b"".join([*parts, b"\0"])


def list_head(kind: int, size: int) -> bytes:
    """What stands before the items of a list."""
    return bytes((size << 4 | kind,)) if size < 15 else bytes((0xF0 | kind,)) + varint(size)


def _value(kind: int, value: Any) -> bytes:
    if kind in _WHOLE:
        return signed(value)
    if kind == BINARY:
        return varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return written(value)
    if kind in (LIST, SET):
        return list_head(value.type, len(value.items)) + b"".join(_value(value.type, item) for item in value.items)
    return bytes(value)  # a byte, a double, a truth in a list: as it was read


@dataclass
class Reader:
    """Reads structs from bytes, from a place on. Raises ValueError, or IndexError at the end, where there are none."""

    content: bytes
    place: int = 0

    def struct(self) -> Struct:
        """The struct that stands here."""
        fields: Struct = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            kind = head & 15
            fields[number] = Field(kind, None if kind in (TRUE, FALSE) else self._read(kind))
        return fields

    def _read(self, kind: int) -> Any:
        if kind in _WHOLE:
            return self._signed()
        if kind == BINARY:
            return self._take(self._varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            head = self._byte()
            size = head >> 4 if head >> 4 != 15 else self._varint()
            return Items(head & 15, [self._read(head & 15) for _ in range(size)])
        if kind in (TRUE, FALSE, BYTE, DOUBLE):
            return self._take(8 if kind == DOUBLE else 1)
        raise ValueError(f"type {kind} has no place in the metadata of a Parquet file")

    def _take(self, size: int) -> bytes:
        found = self.content[self.place : self.place + size]
        if len(found) != size:
            raise IndexError("the bytes end inside a struct")
        self.place += size
        return found

    def _byte(self) -> int:
        self.place += 1
        return self.content[self.place - 1]

    def _varint(self) -> int:
        number = shift = 0
        while (byte := self._byte()) > 127:
            number |= (byte & 127) << shift
            shift += 7
        return number | byte << shift

    def _signed(self) -> int:
        number = self._varint()
        return number >> 1 if number % 2 == 0 else -(number >> 1) - 1
