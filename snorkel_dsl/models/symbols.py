"""The vocabulary of label models: symbols, each one function (or one block of functions) with one thing that it says.

Functions that depend on each other by construction are one voter, a block: its joint votes are symbols of their own, so that
nothing is taken for independent that is not (`blocks` finds them). A joint vote allows what all its members allow, and where
they conflict what any of them does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.votes import Bools, Floats, Ints, LabelMatrix

Symbol = tuple[int, frozenset[int]]


@dataclass(frozen=True, eq=False)
class Symbols:
    """d symbols: of each its function (d) int64 and the labels that it allows (d, k) bool.

    `blocks` (m) int64 holds the number of the block of each function. The last symbols are joint votes, and `joint`
    (joints, d - joints) bool holds their members; `function` then is one of the block.
    """

    function: Ints
    allowed: Bools
    blocks: Ints
    joint: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))

    @property
    def k(self) -> int:
        """The number of labels."""
        return int(self.allowed.shape[1])

    @property
    def m(self) -> int:
        """The number of functions."""
        return self.blocks.size

    @property
    def singles(self) -> int:
        """How many symbols are votes of one function; they come first."""
        return self.function.size - len(self.joint)

    @cached_property
    def voter(self) -> Ints:
        """For each symbol the number of its block, (d)."""
        return self.blocks[self.function]

    @cached_property
    def shared(self) -> Bools:
        """For each function, whether its block holds others, (m)."""
        return np.asarray(np.bincount(self.blocks, minlength=1)[self.blocks] > 1)

    @cached_property
    def one_sided(self) -> Bools:
        """For each function, whether all that it says allows some label in common, (m)."""
        apart = np.zeros((self.m, self.k), dtype=np.bool_)
        np.logical_or.at(apart, self.function[: self.singles], ~self.allowed[: self.singles])
        return np.asarray(~apart.all(axis=1))

    def __len__(self) -> int:
        return self.function.size

    @cached_property
    def numbers(self) -> dict[Symbol, int]:
        """The number of each vote of one function by the function and its set of labels."""
        sets = (frozenset(np.flatnonzero(row).tolist()) for row in self.allowed)
        pairs = list(zip(self.function.tolist(), sets, strict=True))[: self.singles]
        return {symbol: e for e, symbol in enumerate(pairs)}

    def by_function(self, values: Floats) -> Floats:
        """Sums over the symbols of each function, joint votes left out: (d, …) to (m, …)."""
        sums = np.zeros((self.m, *values.shape[1:]))
        np.add.at(sums, self.function[: self.singles], values[: self.singles])
        return sums

    def by_voter(self, values: Floats, weights: Floats | None = None) -> Floats:
        """Sums over the symbols of each block: (d, …) to (m, …), of which the last are zero if blocks are fewer.

        Symbols are weighed by `weights` (d), if there are any.
        """
        of = self._of_voter if weights is None else self._of_voter @ sparse.diags(weights)
        return np.asarray(of @ values, dtype=np.float64)

    @cached_property
    def _of_voter(self) -> sparse.csr_matrix:
        """1 where a symbol is of a block, (m, d)."""
        places = (self.voter, np.arange(len(self)))
        return sparse.csr_matrix((np.ones(len(self)), places), shape=(self.m, len(self)))

    def expected(self, precision: Floats) -> Floats:
        """From the precision expected of each function, (m), that of each symbol, (d).

        Of a joint vote it lies midway, in log-odds, between what its best member says alone, as if the others were copies,
        and what independent members would add up to.
        """
        single = precision[self.function[: self.singles]]
        odds = np.log(single / (1 - single))
        joint = np.array([(odds[members].max() + odds[members].sum()) / 2 for members in self.joint])
        return np.concatenate([single, 1 / (1 + np.exp(-joint))])

    def marginal(self, values: Floats, weights: Floats) -> Floats:
        """For each vote of one function the weighted mean of `values` (d, k) over it and the joint votes that hold it."""
        singles = self.singles
        total = weights[:singles] + self.joint.T @ weights[singles:]
        weighed = weights[:, None] * values
        summed = weighed[:singles] + self.joint.T @ weighed[singles:]
        return np.where(total[:, None] > 0, summed / np.where(total > 0, total, 1.0)[:, None], values[:singles])

    def spread(self, precision: Floats, balance: Floats) -> Floats:
        """P(y | e), (d, k): `precision` (d) is shared among the labels that e allows as `balance` is, the rest likewise."""
        within, without = self.odds(precision, balance)
        shared: Floats = np.where(self.allowed, within[:, None], without[:, None])
        shared *= balance
        return shared

    def odds(self, precision: Floats, balance: Floats) -> tuple[Floats, Floats]:
        """P(y | e) / p_y of each label that a symbol allows, (d), and of each that it denies, (d). See `spread`."""
        inside, outside = self._allowing @ balance, self._denying @ balance
        everything = np.all(self.allowed, axis=1)
        within = np.where(everything, 1.0, precision) / np.where(inside > 0, inside, np.inf)
        without = (1 - precision) / np.where(outside > 0, outside, np.inf)
        return within, without

    @cached_property
    def _allowing(self) -> Floats:
        return self.allowed.astype(np.float64)

    @cached_property
    def _denying(self) -> Floats:
        return 1 - self._allowing


def symbols_of(votes: LabelMatrix, facts: RuleFacts) -> Symbols:
    """All symbols that stand in the votes, and those that the facts say a function can utter; each function a block."""
    return symbols_said(_said(votes), votes, facts)


def symbols_said(said: Iterable[Symbol], votes: LabelMatrix, facts: RuleFacts) -> Symbols:
    """These symbols of the functions of a matrix, and those that the facts say a function can utter; each function a block."""
    found = set(said)
    sets = {function for function, labels in found if len(labels) > 1}
    for j, name in enumerate(votes.functions):
        if name in facts.functions and j not in sets:
            found |= {(j, frozenset({label})) for label in facts.functions[name].polarity}
    return vocabulary(found, len(votes.functions), len(votes.labels))


def unseen(votes: LabelMatrix, known: Symbols) -> Symbols:
    """The symbols of the votes that a vocabulary lacks."""
    return vocabulary(_said(votes) - known.numbers.keys(), len(votes.functions), len(votes.labels))


def _said(votes: LabelMatrix) -> set[Symbol]:
    """What each function says somewhere; kept with the votes, because each member of an average asks."""
    if "said" not in votes.worked_out:
        codes = ((j, code) for j in range(len(votes.functions)) for code in votes.codes_of(j))
        votes.worked_out["said"] = {(j, votes.labels_of(code)) for j, code in codes}
    found: set[Symbol] = votes.worked_out["said"]
    return found


def vocabulary(found: set[Symbol], m: int, k: int) -> Symbols:
    """Symbols in the order of their functions and labels; each function is a block of its own."""
    ordered = sorted(found, key=lambda symbol: (symbol[0], sorted(symbol[1])))
    allowed = np.zeros((len(ordered), k), dtype=np.bool_)
    for e, (_, labels) in enumerate(ordered):
        allowed[e, sorted(labels)] = True
    function = np.array([j for j, _ in ordered], dtype=np.int64)
    return Symbols(function, allowed, np.arange(m), np.zeros((0, len(ordered)), dtype=np.bool_))


def symbol_of_vote(votes: LabelMatrix, symbols: Symbols) -> npt.NDArray[np.int32]:
    """For each vote the number of its symbol, -1 where the vocabulary lacks it, (nnz)."""
    numbers = np.empty(votes.codes.size, dtype=np.int32)
    for j in range(len(votes.functions)):
        piece = votes.slice_of(j)
        lowest, table = numbers_by_code(votes, symbols, j)
        numbers[piece] = table[votes.codes[piece].astype(np.int64) - lowest]
    return numbers


def numbers_by_code(votes: LabelMatrix, symbols: Symbols, function: int) -> tuple[int, npt.NDArray[np.int32]]:
    """The lowest code, and for each code from there on the number of its symbol, -1 where there is none."""
    lowest, highest = -1 - len(votes.label_sets), len(votes.labels)
    table = np.full(highest - lowest, -1, dtype=np.int32)
    for code in votes.codes_of(function):
        table[code - lowest] = symbols.numbers.get((function, votes.labels_of(code)), -1)
    return lowest, table
