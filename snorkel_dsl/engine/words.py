"""Words: terms that are one plain word, found in many texts at once without a scanner.

A scanner calls back for every match, and words are most of what is found. Here the bytes of many joined texts are cut at
everything that is no ASCII letter or digit, and what lies between is looked up, all at once, in a table of the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.engine.values import Index, Mask

_WINDOW = 1 << 18  # bytes that are cut into words at once: few enough to stay in the processor's cache
_KEPT = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)  # masks: the first 0 to 8 bytes of 8
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # of Fibonacci hashing
_ROOM = 4  # the table has at least 2 to this power times as many places as there are words
_LEAST_BITS = 16
_FIRST = 4  # bytes of a word that are looked at before the word is: few words get further
_NEXT = np.uint16(0x9C35)

_Bytes = npt.NDArray[np.uint8]
_Eights = npt.NDArray[np.uint64]
_Numbers = npt.NDArray[np.uint16]


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
        self._begun = np.zeros(1 << 16, bool)  # by the number of a word's first bytes
        self._begun[_beginnings(words)] = True
        self._words = self._placed(bits)

    def _placed(self, bits: int) -> npt.NDArray[np.int32]:
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
        return table

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
        bytes_ = np.frombuffer(block, np.uint8)
        for first in range(0, len(block) - 1, _WINDOW):
            numbers, starts = self._in_window(bytes_[first : first + _WINDOW + self._longest + 1])
            starts += first
            yield numbers, starts, starts + self._lengths[numbers]

    def _in_window(self, window: _Bytes) -> tuple[Index, Index]:
        """The words of some bytes that start in a window, and where they start."""
        letters, between = _spelled(window)
        starts = np.flatnonzero(between)
        starts += 1
        own = starts[: int(np.searchsorted(starts[:-1], _WINDOW, side="right"))]
        firsts = (letters.take(own + place if place else own, mode="clip") for place in range(_FIRST))
        begun = np.flatnonzero(self._begun.take(_numbered(firsts)))
        own = own[begun]
        begun += 1
        lengths = starts[begun] - own
        lengths -= 1
        np.minimum(lengths, self._longest + 1, out=lengths)
        numbers = self._looked_up(np.ndarray((len(window) + 1,), "<u8", letters, strides=(1,)), own, lengths)
        found = np.flatnonzero(numbers >= 0)
        return numbers[found].astype(np.int64), own[found]

    def _eight(self, eights: _Eights, number: int, starts: Index, lengths: Index) -> _Eights:
        """The eight bytes of each word with a number, 0 after the word's end."""
        found = eights[starts + 8 * number if number else starts]
        found &= self._masks[number][lengths]
        return found

    def _looked_up(self, eights: _Eights, starts: Index, lengths: Index) -> npt.NDArray[np.int32]:
        """The numbers of those words that stand in the table, at their place or at the next ones; -1 for the others."""
        first = self._eight(eights, 0, starts, lengths)
        hashed = first if len(self._eights) == 1 else first.copy()
        for number in range(1, len(self._eights)):
            far = np.flatnonzero(lengths > 8 * number)
            hashed[far] = _mixed(hashed[far], self._eight(eights, number, starts[far], lengths[far]))
        places = self._places(hashed, lengths)
        numbers = self._words[places]
        left = np.flatnonzero(numbers >= 0)
        while len(left):
            words, own, ends = numbers[left], starts[left], lengths[left]
            same = self._eights[0][words] == first[left]
            same &= self._lengths[words] == ends
            for number in range(1, len(self._eights)):
                far = np.flatnonzero(same & (ends > 8 * number))
                same[far] = self._eight(eights, number, own[far], ends[far]) == self._eights[number][words[far]]
            left = left[~same]
            places[left] += 1
            numbers[left] = self._words[places[left]]
            left = left[numbers[left] >= 0]
        return numbers


def _spelled(window: _Bytes) -> tuple[_Bytes, Mask]:
    """Some bytes with letters in lower case and 0 for all that is no letter or digit, and eight more 0; and where those are."""
    letters = np.zeros(len(window) + 8, np.uint8)
    own = letters[: len(window)]
    np.bitwise_or(window, 0x20, out=own)  # a letter in lower case, and no other byte a letter
    within = (own - ord("a")) < 26
    within |= (window - ord("0")) < 10
    own &= np.negative(within.view(np.uint8))
    return letters, ~within


def _beginnings(words: Sequence[bytes]) -> _Numbers:
    """The numbers of the beginnings of words."""
    firsts = b"".join(word[:_FIRST].ljust(_FIRST, b"\0") for word in words)
    return _numbered(np.frombuffer(firsts, np.uint8).reshape(-1, _FIRST).T)


def _numbered(firsts: Iterable[_Bytes]) -> _Numbers:
    """A number for the first bytes of each word, given as all first bytes, all second ones, …; after a 0 none counts."""
    numbers: Any = np.uint16(0)
    goes_on: Any = np.uint8(1)
    for byte in firsts:
        byte = byte * goes_on
        numbers = numbers * _NEXT + byte
        goes_on = byte > 0
    own: _Numbers = numbers
    return own


def _mixed(hashed: _Eights, more: _Eights) -> _Eights:
    """A hash of what was hashed and more."""
    mixed: _Eights = (hashed * _FACTOR) ^ (hashed >> np.uint64(32)) ^ more
    return mixed
