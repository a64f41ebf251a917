"""Blocks: some texts of a batch joined, each between two bytes that occur in no text, to be searched as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from snorkel_dsl.engine import arrow
from snorkel_dsl.engine.values import Array, Index, Mask


@dataclass(frozen=True)
class Block:
    """Some of the texts of an array (large_binary), and the number that the first of them has there."""

    first: int
    texts: Array

    @cached_property
    def joined(self) -> bytes:
        """The texts as bytes, each between the bytes START and END."""
        one_list = pa.LargeListArray.from_arrays(arrow.numbers(np.array([0, len(self.texts)])), self.texts)
        separator: Any = arrow.binaries([b"\xfe\xff"], pa.large_binary())[0]
        joined: Any = pc.binary_join(one_list, separator)
        return b"".join([b"\xff", joined[0].as_buffer(), b"\xfe"])

    @property
    def bounded(self) -> list[bytes]:
        """Each text between the bytes START and END."""
        joined, starts = self.joined, self._starts
        ends = np.append(starts[1:] - 1, len(joined))
        return [joined[start - 1 : end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    def rows(self, places: Index) -> Index:
        """The numbers of the texts that some places of the joined bytes lie in."""
        rows: Index = np.searchsorted(self._starts, places, side="right") - 1 + self.first
        return rows

    def rows_in_order(self, places: Index) -> Index:
        """As `rows`, of ascending places: quicker where there are many."""
        before = np.searchsorted(places, self._starts)
        return np.repeat(np.arange(len(before)) + self.first, np.diff(before, append=len(places)))

    def beyond_ascii(self, places: Index) -> Mask:
        """Where there is a byte of a character beyond ASCII at some places of the joined bytes."""
        bytes_ = np.frombuffer(self.joined, np.uint8)[places]
        return (bytes_ >= 0x80) & (bytes_ < 0xF8)

    @cached_property
    def _starts(self) -> Index:
        return _offsets(self.texts) + 2 * np.arange(len(self.texts)) + 1


def blocks(texts: Array, most: int) -> Iterator[Block]:
    """The texts of an array in blocks of at most so many bytes, unless a single text is longer."""
    offsets = _offsets(texts)
    first = 0
    while first < len(texts):
        last = max(first + 1, int(np.searchsorted(offsets, offsets[first] + most)))
        yield Block(first, texts.slice(first, last - first))
        first = last


def _offsets(texts: Array) -> Index:
    """Where each text begins in the bytes of all, the first at 0."""
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts)]
    return offsets - offsets[:1]
