"""Long lists of terms: thousands of words and phrases found at once by an Aho-Corasick automaton.

Compiling so many patterns for a scanner takes longer than reading the text. The automaton looks for plain bytes in folded
text in which a hyphen is written as a space; the bytes at either side of a hit then decide the edge rule, or leave it open
where they are not ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import ahocorasick_rs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from snorkel_dsl.collector import collector_paused
from snorkel_dsl.engine.proposals import part_of
from snorkel_dsl.engine.values import Array, Index
from snorkel_dsl.language import ir
from snorkel_dsl.language.text.characters import simple_fold
from snorkel_dsl.language.text.folding import fold
from snorkel_dsl.language.text.terms import SEPARATOR, compile_term

_LOWER = bytes(range(65, 91)), bytes(range(97, 123))
_TABLE = bytes.maketrans(_LOWER[0] + b"-", _LOWER[1] + b" ")
_OTHER, _ALNUM, _BEYOND = 0, 1, 2
_CLASSES = np.array(
    [_ALNUM if chr(b).isalnum() and b < 128 else _BEYOND if 128 <= b < 0xF8 else _OTHER for b in range(256)], np.int8
)


@lru_cache(maxsize=64)
def lexicon(terms: ir.TermList) -> Lexicon:
    """The lexicon of a list, built once."""
    with collector_paused():
        return Lexicon(terms)


class Lexicon:
    """A long list of terms, ready to be found. `exact`: a hit of a term is an occurrence of it, as far as ASCII goes."""

    def __init__(self, terms: ir.TermList) -> None:
        self._all = terms.terms
        compiled = [(index, compile_term(term)) for index, term in enumerate(terms.terms)]
        parts = [(index, part_of(term)) for index, term in compiled if term.atoms]
        self._anywhere = [index for index, part in parts if not part.atoms]
        parts = [(index, part) for index, part in parts if part.atoms]
        self._index = [index for index, _ in parts]
        self._left = np.array([part.left for _, part in parts], bool)
        self._right = np.array([part.right for _, part in parts], bool)
        self._exact = np.array(
            [
                part.exact and not part.case and not part.word_follows and not {" ", "-"} & set(part.atoms)
                for _, part in parts
            ],
            bool,
        )
        self._literals = [_literal(part.atoms) for _, part in parts]

    @cached_property
    def _automaton(self) -> Any:
        return ahocorasick_rs.BytesAhoCorasick(self._literals, matchkind=ahocorasick_rs.MatchKind.Standard)

    def rows(self, texts: Array, folded: bool) -> tuple[Index, Index]:
        """The numbers of the texts (large_binary) that have a term for certain, and of those that must be asked."""
        if folded:
            lowered = [simple_fold(text.decode()).encode() for text in texts.to_pylist()]
            texts = pa.array(lowered, pa.large_binary())
        else:
            texts = _single_spaces(texts)
        block = (b"\xff" + b"\xfe\xff".join(texts.to_pylist()) + b"\xfe").translate(_TABLE)
        lengths: Array = pc.binary_length(texts)
        sizes = lengths.to_numpy(zero_copy_only=False)
        starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)[:-1]]) + 2 * np.arange(len(texts)) + 1
        number, start, end = self._hits(block)
        codes = _CLASSES[np.frombuffer(block, np.uint8)]
        before = np.where(self._left[number], codes[start - 1], _OTHER)
        after = np.where(self._right[number], codes[end], _OTHER)
        possible = (before != _ALNUM) & (after != _ALNUM)
        sure = possible & self._exact[number] & (before == _OTHER) & (after == _OTHER)
        row = np.searchsorted(starts, start, side="right") - 1
        sure_rows = np.unique(row[sure])
        return sure_rows, np.setdiff1d(row[possible], sure_rows)

    def _hits(self, block: bytes) -> tuple[Index, Index, Index]:
        """Every hit: the number of the literal, where it starts and where it ends."""
        found = self._automaton.find_matches_as_indexes(block, overlapping=True)
        flat = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        return flat[:, 0], flat[:, 1], flat[:, 2]

    def among(self, searchable: bytes) -> tuple[ir.Term, ...]:
        """The terms that may be in a text, given as `searchable` makes it; in the list's order."""
        if not self._literals:
            return self._all
        hits: Iterable[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(searchable, overlapping=True)
        wanted = sorted({*self._anywhere, *(self._index[number] for number, _, _ in hits)})
        return tuple(self._all[index] for index in wanted)


def searchable(text: str) -> bytes:
    """A text as the automaton reads it: folded, and each hyphen a space."""
    return fold(text).text.replace("-", " ").encode()


def _literal(atoms: tuple[str, ...]) -> bytes:
    """Atoms as bytes of folded text with hyphens written as spaces."""
    return "".join(" " if atom in (SEPARATOR, "-") else simple_fold(atom) for atom in atoms).encode()


_SPACES = re.compile(rb"[\t-\r\x1c- ]{2,}|[\t-\r\x1c-\x1f]")


def _single_spaces(texts: Array) -> Array:
    """ASCII texts with each run of white space as one space."""
    return pa.array([_SPACES.sub(b" ", text) for text in texts.to_pylist()], pa.large_binary())
