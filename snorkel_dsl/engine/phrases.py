"""Phrases: terms of plain words, found in joined texts without a scanner.

All words of all phrases are looked up first (`engine.words`). Then those that follow one another, with nothing but white
space or a hyphen between, are followed through the tree of phrases, all places of a block at once, a word at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from snorkel_dsl.collector import collector_paused
from snorkel_dsl.engine.values import Index, Mask
from snorkel_dsl.engine.words import WordTable

_SPACES = bytes([*range(9, 14), *range(28, 33)])
_SPACE, _HYPHEN = 1, 2
_JOINING = np.array([_SPACE if byte in _SPACES else _HYPHEN if byte == ord("-") else 0 for byte in range(256)], np.int8)


@lru_cache(maxsize=8)
def phrase_table(phrases: tuple[bytes, ...]) -> Phrases:
    """The table of some phrases, built once."""
    with collector_paused():
        return Phrases(phrases)


class Phrases:
    """Different phrases, ready to be found: each one word or several with a space between, in lower-case ASCII."""

    def __init__(self, phrases: Sequence[bytes]) -> None:
        words: dict[bytes, int] = {}
        steps: dict[tuple[int, int], int] = {}  # from a node of the tree with a word to the next; the root is 0
        ends = [-1]  # by node, the phrase that ends there
        for number, phrase in enumerate(phrases):
            node = 0
            for word in phrase.split(b" "):
                step = node, words.setdefault(word, len(words))
                node = steps.setdefault(step, len(ends))
                if node == len(ends):
                    ends.append(-1)
            ends[node] = number
        self._table = WordTable(list(words))
        self._ends = np.array(ends, np.int64)
        self._first = np.zeros(len(words), np.int64)
        self._more = np.zeros(len(ends), bool)
        for (node, index), following in steps.items():
            if node:
                self._more[node] = True
            else:
                self._first[index] = following
        self._steps, self._following = self._sorted(steps)
        self._plain = not len(self._steps)  # all phrases are single words

    def _sorted(self, steps: dict[tuple[int, int], int]) -> tuple[Index, Index]:
        """The steps that do not begin a phrase, as numbers in ascending order, and the nodes they lead to."""
        inner = sorted((self._step(node, index), following) for (node, index), following in steps.items() if node)
        pairs = np.array(inner, np.int64).reshape(-1, 2)
        return pairs[:, 0].copy(), pairs[:, 1].copy()

    def _step(self, node: int, word: int) -> int:
        return node * len(self._first) + word

    def find(self, block: bytes) -> Iterator[tuple[Index, Index, Index]]:
        """The phrases in a block of bytes as `WordTable.find` takes it: numbers, where they start and end, in parts.

        Within a part they are in order.
        """
        parts = list(self._table.find(block))
        if not parts:
            return
        words, starts, ends = (np.concatenate(found) for found in zip(*parts, strict=True))
        if self._plain:
            yield self._ends[self._first[words]], starts, ends
            return
        nodes = self._first[words]
        first = last = np.flatnonzero(nodes)
        nodes = nodes[first]
        while len(nodes):
            whole = self._ends[nodes]
            found = np.flatnonzero(whole >= 0)
            yield whole[found], starts[first[found]], ends[last[found]]
            on = np.flatnonzero(self._more[nodes] & (last < len(words) - 1))
            wanted = nodes[on] * len(self._first) + words[last[on] + 1]
            places = np.minimum(np.searchsorted(self._steps, wanted), max(len(self._steps) - 1, 0))
            known = np.flatnonzero(self._steps[places] == wanted)
            known = known[_linked(block, ends[last[on[known]]], starts[last[on[known]] + 1])]
            first, last, nodes = first[on[known]], last[on[known]] + 1, self._following[places[known]]


def _linked(block: bytes, ends: Index, starts: Index) -> Mask:
    """Whether between where words end and others start stands white space and nothing else, or a single hyphen."""
    bytes_: npt.NDArray[np.uint8] = np.frombuffer(block, np.uint8)
    gaps = starts - ends
    after, before = _JOINING[bytes_[ends]], _JOINING[bytes_[starts - 1]]
    spaces = (after == _SPACE) & (before == _SPACE)
    linked: Mask = ((gaps == 1) & (after > 0)) | ((gaps == 2) & spaces)
    for index in np.flatnonzero((gaps > 2) & spaces).tolist():
        linked[index] = not block[ends[index] : starts[index]].strip(_SPACES)
    return linked
