"""Dependency blocks: functions whose votes are no independent evidence, taken as one voter with a table of joint votes.

Facts propose and votes confirm. That two functions share a term, pattern, lookup or condition says that they can err
together, not that they do: "no" stands in half of all rules. So they depend on each other where one contains the other, or
where they share something and also agree on half of the rows on which either votes (Jaccard): at a third, rules for one finding
were taken for one that err apart (chest X-ray reports .849 for .854). Blocks grow from the closest pair on, and no farther
than a table of their joint votes can be filled.

Near copies need no facts: rules for one label that agree beyond chance on seven in ten of the rows on which either votes (κ;
Cohen 1960, without the rows on which neither votes) are one voter. Independent rules do that only where both find nearly all
rows of their label and are right on them, and then little is lost by taking them for one. Functions that vote for several
labels agree that well where they are just good: they are copies from nine in ten on.

Within a block each combination of votes that is not rare is a symbol like any other: P(combination | y) is learned as such, and
nothing is assumed of the functions in it. In a rare combination, and in one that was never met, the members share one
voice: the geometric mean of what each says alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.symbols import Symbols, symbol_of_vote
from snorkel_dsl.votes import Bools, Floats, Ints, LabelMatrix

TOGETHER = 1 / 2  # share of the rows of either on which two functions agree
COPIES, COPIES_OF_BOTH = 0.7, 0.9  # the same beyond chance, for functions of which no fact says anything
ENOUGH_PATTERNS = 20_000  # to see who agrees with whom
MOST_MEMBERS = 6
MOST_JOINT = 64  # joint votes of one block that are symbols
RARE = 10  # a joint vote on fewer rows is no symbol


# ------------------------------------------------------------------------------------------------------- finding blocks


def dependency_blocks(
    matrix: sparse.csr_matrix, counts: Floats, symbols: Symbols, functions: tuple[str, ...], facts: RuleFacts
) -> Ints:
    """For each function the number of its block, (m); `matrix` (p, d) holds the symbols of each pattern."""
    blocks = np.arange(len(functions))
    edges, contained = _proposed(functions, facts)
    step = -(-counts.size // ENOUGH_PATTERNS) or 1
    agreement, beyond = _agreement(matrix[::step], counts[::step], symbols)
    close = np.where(contained, 1.0, _at(agreement, edges[:, 0], edges[:, 1]))
    known = np.flatnonzero(close >= TOGETHER)
    for e in known[np.argsort(-close[known], kind="stable")]:
        _join(blocks, edges[e], MOST_MEMBERS)
    for pair in _copies(beyond, symbols):
        _join(blocks, pair, blocks.size)
    return np.unique(blocks, return_inverse=True)[1].astype(np.int64)


def _proposed(functions: tuple[str, ...], facts: RuleFacts) -> tuple[Ints, Bools]:
    """The pairs of functions that the facts say may depend on each other, (e, 2), and whether one contains the other, (e)."""
    place = {name: j for j, name in enumerate(functions)}
    found: dict[tuple[int, int], bool] = {}
    for name, known in facts.functions.items():
        for other in known.shares | known.contains | known.siblings:
            if name in place and other in place and name != other:
                pair = (min(place[name], place[other]), max(place[name], place[other]))
                found[pair] = found.get(pair, False) or other in known.contains
    ordered = sorted(found)
    edges = np.array(ordered, dtype=np.int64).reshape(-1, 2)
    return edges, np.array([found[pair] for pair in ordered], dtype=np.bool_)


def _join(blocks: Ints, pair: Ints, most: int) -> None:
    """Makes the blocks of two functions one, where it has at most so many members."""
    one, other = blocks[pair]
    if one != other and np.sum((blocks == one) | (blocks == other)) <= most:
        blocks[blocks == max(one, other)] = min(one, other)


def _copies(beyond: sparse.csr_matrix, symbols: Symbols) -> Ints:
    """The pairs of functions that are near copies of each other, (e, 2)."""
    upper = sparse.triu(beyond, k=1).tocoo()
    least = np.where(symbols.one_sided[upper.row] & symbols.one_sided[upper.col], COPIES, COPIES_OF_BOTH)
    near = upper.data >= least
    return np.stack([upper.row[near], upper.col[near]], axis=1).astype(np.int64)


def _agreement(
    matrix: sparse.csr_matrix, counts: Floats, symbols: Symbols
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """For each pair of functions the share of the rows of either on which both vote for a label in common, (m, m).

    And the same beyond chance: what it would be for votes that have nothing to do with each other is taken from both sides.
    """
    pairs = (matrix.T @ sparse.diags(counts) @ matrix).tocoo()
    common = np.sum(symbols.allowed[pairs.row] & symbols.allowed[pairs.col], axis=1) > 0
    ends, shape = (symbols.function[pairs.row], symbols.function[pairs.col]), (symbols.m, symbols.m)
    said = np.asarray(matrix.T @ counts, dtype=np.float64)
    chance = said[pairs.row] * said[pairs.col] / max(float(counts.sum()), 1.0)
    agreed, by_chance, both = (
        sparse.csr_matrix((values, ends), shape=shape) for values in (pairs.data * common, chance * common, pairs.data)
    )
    agreed.eliminate_zeros()
    found = agreed.tocoo()
    places = (found.row, found.col)
    votes = np.bincount(symbols.function, weights=said, minlength=symbols.m)
    either = votes[found.row] + votes[found.col] - _at(both, *places)
    expected = np.minimum(_at(by_chance, *places), 0.999 * either)
    beyond = (found.data - expected) / np.maximum(either - expected, 1e-300)
    share = found.data / np.maximum(either, 1e-300)
    return sparse.csr_matrix((share, places), shape=shape), sparse.csr_matrix((beyond, places), shape=shape)


def _at(matrix: sparse.csr_matrix, rows: npt.NDArray[np.integer[Any]], columns: npt.NDArray[np.integer[Any]]) -> Floats:
    """The entries at these places."""
    if not rows.size:
        return np.zeros(0)
    return np.asarray(matrix[rows, columns], dtype=np.float64).ravel()


# --------------------------------------------------------------------------------------------------------- joint votes


def incidence(votes: LabelMatrix, symbols: Symbols) -> sparse.csr_matrix:
    """Which votes of single functions stand on each row, (rows, d) 0/1. Votes that the vocabulary lacks are left out."""
    numbers = symbol_of_vote(votes, symbols)
    by_row = sparse.csc_matrix((numbers, votes.rows, votes.indptr), shape=votes.shape).tocsr()
    known = by_row.data >= 0
    indptr = by_row.indptr if known.all() else np.concatenate([[0], np.cumsum(known)])[by_row.indptr]
    columns = by_row.data[known]
    return sparse.csr_matrix((np.ones(columns.size), columns, indptr), shape=(votes.n, len(symbols)))


def joint_symbols(matrix: sparse.csr_matrix, counts: Floats, symbols: Symbols, blocks: Ints) -> Symbols:
    """The vocabulary with these blocks, and with the joint votes of each that are not rare, the most frequent first."""
    alone = replace(symbols, blocks=blocks)
    groups = _Groups(matrix, alone)
    several = np.flatnonzero(groups.voices > 1)
    _, first, kind = np.unique(groups.fingerprint[several], return_index=True, return_inverse=True)
    seen = np.bincount(kind, weights=counts[groups.row[several]], minlength=first.size)
    taken = np.zeros(symbols.m, dtype=np.int64)
    by_group = np.argsort(groups.of, kind="stable")
    ends = np.cumsum(groups.voices)
    joint = []
    for e in np.argsort(-seen, kind="stable"):
        group = several[first[e]]
        block = groups.block[group]
        if seen[e] >= RARE and taken[block] < MOST_JOINT:
            taken[block] += 1
            votes = by_group[ends[group] - groups.voices[group] : ends[group]]
            joint.append(np.isin(np.arange(len(symbols)), groups.symbol[votes]))
    if not joint:
        return alone
    members = np.array(joint)
    function = np.array([symbols.function[row].min() for row in members])
    allowed = np.array([_allowed(symbols.allowed[row]) for row in members])
    return Symbols(
        np.concatenate([symbols.function, function]), np.concatenate([symbols.allowed, allowed]), blocks, members
    )


def _allowed(members: Bools) -> Bools:
    """What all members allow, and where they conflict what any does, (k)."""
    common = np.all(members, axis=0)
    return np.asarray(common if common.any() else members.any(axis=0))


def joined(matrix: sparse.csr_matrix, symbols: Symbols) -> sparse.csr_matrix:
    """The same rows in the words of the vocabulary, (rows, d): joint votes as one symbol, rare ones as shares of a voice."""
    groups = _Groups(matrix, symbols)
    known = np.concatenate([symbols.joint @ _draws(symbols.singles), [np.inf]])
    order = np.argsort(known, kind="stable")
    place = order[np.searchsorted(known[order], groups.fingerprint)]
    found = known[place] == groups.fingerprint
    shares = np.where(found, 0.0, 1 / groups.voices)
    single = matrix.tocoo()
    data = np.ones(single.nnz)
    data[groups.shared] = shares[groups.of]
    entries = (
        np.concatenate([data, np.ones(int(found.sum()))]),
        (
            np.concatenate([single.row, groups.row[found]]),
            np.concatenate([single.col, symbols.singles + place[found]]),
        ),
    )
    result = sparse.csr_matrix(entries, shape=(matrix.shape[0], len(symbols)))
    result.eliminate_zeros()
    return result


class _Groups:
    """The votes of each row in each block of several functions: a group, `of` which each such vote is."""

    def __init__(self, matrix: sparse.csr_matrix, symbols: Symbols) -> None:
        single = matrix.tocoo()
        self.shared = np.flatnonzero(symbols.shared[symbols.function[single.col]])
        self.symbol = single.col[self.shared]
        key = single.row[self.shared].astype(np.int64) * symbols.m + symbols.voter[self.symbol]
        found, self.of, self.voices = np.unique(key, return_inverse=True, return_counts=True)
        self.row, self.block = np.divmod(found, max(symbols.m, 1))
        self.fingerprint = np.bincount(self.of, weights=_draws(symbols.singles)[self.symbol], minlength=found.size)


def _draws(d: int) -> Floats:
    """One fixed random whole number for each symbol: their sums tell sets of symbols apart, and are exact."""
    return np.random.default_rng(0).integers(2**20, 2**46, size=d).astype(np.float64)


# ---------------------------------------------------------------------------------------------------------- prediction


def row_sums(votes: LabelMatrix, symbols: Symbols, values: Floats) -> Floats:
    """For each row the sum of the values (d, k) of its symbols, (n, k). Votes that are no symbol add nothing."""
    return np.asarray(_words(votes, symbols) @ values, dtype=np.float64)


def _words(votes: LabelMatrix, symbols: Symbols) -> sparse.csr_matrix:
    """The rows in the words of the vocabulary, kept with the votes: an average of models asks for the same several times."""
    key = tuple(part.tobytes() for part in (symbols.function, symbols.allowed, symbols.blocks, symbols.joint))
    if key not in votes.worked_out:
        matrix = incidence(votes, symbols)
        votes.worked_out[key] = joined(matrix, symbols) if symbols.shared.any() else matrix
    found: sparse.csr_matrix = votes.worked_out[key]
    return found
