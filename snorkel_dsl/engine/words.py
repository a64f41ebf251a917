"""Words: terms that are one plain word, found in many texts at once without a scanner.

A scanner calls back for every match, and words are most of what is found. Here the bytes of many joined texts are cut at
everything that is no ASCII letter or digit, and what lies between is looked up, all at once, in a table of the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.engine.values import Index

_LETTERS = [byte for byte in range(128) if chr(byte).isalnum()]
_TABLE = bytes(ord(chr(byte).lower()) if byte in _LETTERS else 0 for byte in range(256))
_WINDOW = 1 << 18  # bytes that are cut into words at once: few enough to stay in the processor's cache
_KEPT = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)  # masks: the first 0 to 8 bytes of 8
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # of Fibonacci hashing
_ROOM = 4  # the table has at least 2 to this power times as many places as there are words
_LEAST_BITS = 16

_Eights = npt.NDArray[np.uint64]


class WordTable:
    """Different words of lower-case ASCII letters and digits, ready to be found in joined texts."""

    def __init__(self, words: Sequence[bytes]) -> None:
        lengths = np.array([len(word) for word in words], np.int64)
        longest = int(lengths.max())
        self._lengths, self._longest = lengths, longest
        count = -(-longest // 8)
        padded = b"".join(word.ljust(8 * count, b"\0") for word in words)
        self._eights: _Eights = np.frombuffer(padded, "<u8").reshape(len(words), count).T.copy()
        lasting = np.arange(longest + 2)  # one more stands for all that are longer
        self._masks = [_KEPT[np.clip(lasting - 8 * number, 0, 8)] for number in range(count)]
        bits = max(_LEAST_BITS, len(words).bit_length() + _ROOM)
        self._shift = np.uint64(64 - bits)
        self._begun = np.zeros(1 << bits, bool)  # at the places of words as if they had only their first eight bytes
        self._begun[self._places(self._eights[0], lengths)] = True
        self._words, self._filled = self._placed(bits)

    def _placed(self, bits: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """The table: at a word's place its number, or at the next free one; -1 where there is none."""
        hashed = self._eights[0].copy()
        for number in range(1, len(self._eights)):
            far = np.flatnonzero(self._lengths > 8 * number)
            hashed[far] = _mixed(hashed[far], self._eights[number][far])
        taken: dict[int, int] = {}
        for word, place in enumerate(self._places(hashed, self._lengths).tolist()):
            while place in taken:
                place += 1
            taken[place] = word
        table = np.full(max(1 << bits, max(taken) + 1) + 1, -1, np.int32)
        table[list(taken)] = list(taken.values())
        return table, table >= 0

    def _places(self, hashed: _Eights, lengths: Index) -> Index:
        """Where to look for words in the table."""
        hashed = hashed + lengths.view(np.uint64)
        hashed *= _FACTOR
        hashed >>= self._shift
        return hashed.view(np.int64)

    def find(self, block: bytes) -> Iterator[tuple[Index, Index, Index]]:
        """The words that are in a block of bytes: their numbers, where they start and where they end, in order, in parts.

        The block begins and ends with a byte that is no letter or digit; one beyond ASCII is none.
        """
        for first in range(0, len(block) - 1, _WINDOW):
            window = block[first : first + _WINDOW + self._longest + 1].translate(_TABLE)
            numbers, starts = self._in_window(window)
            starts += first
            yield numbers, starts, starts + self._lengths[numbers]

    def _in_window(self, window: bytes) -> tuple[Index, Index]:
        """The words of lower-case bytes, with 0 between words, and where they start."""
        starts = np.flatnonzero(np.frombuffer(window, np.uint8) == 0)
        starts += 1
        lengths = np.diff(starts)
        lengths -= 1
        np.minimum(lengths, self._longest + 1, out=lengths)
        starts = starts[: int(np.searchsorted(starts[:-1], _WINDOW, side="right"))]
        lengths = lengths[: len(starts)]
        eights: _Eights = np.ndarray((len(window) + 1,), "<u8", window + bytes(8), strides=(1,))
        hashed = self._eight(eights, 0, starts, lengths)
        begun = np.flatnonzero(self._begun[self._places(hashed, lengths)])
        hashed, starts, lengths = hashed[begun], starts[begun], lengths[begun]
        for number in range(1, len(self._eights)):
            far = np.flatnonzero(lengths > 8 * number)
            hashed[far] = _mixed(hashed[far], self._eight(eights, number, starts[far], lengths[far]))
        return self._looked_up(eights, self._places(hashed, lengths), starts, lengths)

    def _eight(self, eights: _Eights, number: int, starts: Index, lengths: Index) -> _Eights:
        """The eight bytes of each word with a number, 0 after the word's end."""
        found = eights[starts + 8 * number if number else starts]
        found &= self._masks[number][lengths]
        return found

    def _looked_up(self, eights: _Eights, places: Index, starts: Index, lengths: Index) -> tuple[Index, Index]:
        """Those words that stand in the table, at their place or, one after the other, at the next ones."""
        numbers: list[Any] = [np.empty(0, np.int64)]
        found: list[Any] = [np.empty(0, np.int64)]
        left = np.flatnonzero(self._filled[places])
        while len(left):
            places, starts, lengths = places[left], starts[left], lengths[left]
            words = self._words[places].astype(np.int64)
            same = self._lengths[words] == lengths
            for number in range(len(self._eights)):
                index = np.flatnonzero(same & (lengths > 8 * number))
                own = self._eight(eights, number, starts[index], lengths[index])
                same[index] = own == self._eights[number][words[index]]
            if same.any():
                numbers.append(words[same])
                found.append(starts[same])
            places = places + 1
            left = np.flatnonzero(~same & self._filled[places])
        if len(numbers) <= 2:
            return numbers[-1], found[-1]
        all_found = np.concatenate(found)
        order = np.argsort(all_found)
        return np.concatenate(numbers)[order], all_found[order]


def _mixed(hashed: _Eights, more: _Eights) -> _Eights:
    """A hash of what was hashed and more."""
    mixed: _Eights = (hashed * _FACTOR) ^ (hashed >> np.uint64(32)) ^ more
    return mixed
