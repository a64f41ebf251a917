"""Counted votes, in a form that adds: over batches, processes and machines, and from one run to the next.

Rows with the same votes are one pattern. Each has a key,

    key(row) = Σ_{votes of the row} h(function, labels)   mod 2^64,        h a fixed hash of the names,

and patterns stand in the order of their keys, those of one vote and of none first. So neither the order of the rows nor how
they were split into batches leaves a trace: the same rows give the same counts, the same bytes in a file and the same model.
(Two different patterns out of a million share a key by chance once in thirty million data sets.)

**What adds.** Counts of patterns, gold labels by pattern, how often each function said each thing, and how many rows have no
vote, one, or more. An appended batch costs itself.

**What an edit needs.** A function that is removed needs nothing but the counts. One that is edited or added needs its own new
votes, and beside them the key of every row as it was (`Tallied` keeps those, 8 bytes a row): a row's key names its pattern,
which says how the function voted there before, and with which other votes. No other function is asked again; rows on which the
function says what it said cost nothing. The gold labels of rows that change have to be given again.

**The bound.** Where rows are nearly all different, patterns of two votes and more are kept in the order of their keys until
they hold `most_votes` votes. That order is a random one, so those kept are a random sample of the patterns (bottom-k; Cohen and
Kaplan, Summarizing data using bottom-k sketches, PODC 2007). Any part of the rows keeps at least what the whole keeps, so
this too is the same for every split. The counts that are kept then stand for the others too, in proportion. Once patterns
were left out, an edited or removed function means counting anew.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.archives import array, npy, reading, write_archive
from snorkel_dsl.models.symbols import Symbol
from snorkel_dsl.votes import ABSTAIN, FIRST_SET, Floats, Ints, LabelMatrix, TaskLabels, check_gold, code_dtype

Keys = npt.NDArray[np.uint64]

MOST_VOTES = 1 << 24  # of the patterns that are kept: 150 MB
FORMAT = 1
ABOUT = "counts.json"
ENOUGH_TO_ADD = 1 << 21  # votes
SEVERAL = 2  # votes, from which on the patterns are bounded


@dataclass(frozen=True, eq=False)
class Tally:
    """The distinct rows of a matrix by the number of a row `at` which each stands, (p), with their counts.

    `counts` (p) says how often each occurs, `gold` (p, k) how often with each gold label (None where no gold is known).
    `rows` (3) are the numbers of all rows with no vote, one, and more; `judged` (k) those with each gold label; `said` how
    often each function said each thing; `cut` the key from which on patterns of several votes were left out, or None.
    """

    votes: LabelMatrix
    at: Ints
    keys: Keys
    counts: Ints
    gold: Ints | None
    rows: Ints
    judged: Ints
    said: Mapping[Symbol, int]
    cut: int | None = None

    @classmethod
    def of(cls, votes: LabelMatrix, gold: Ints | None = None, most_votes: int = MOST_VOTES) -> Tally:
        """Counts the rows of a matrix of one task; `gold` (n) holds class numbers, -1 where unknown."""
        sizes = votes.votes_per_row
        keys, at, counts, inverse = distinct(row_keys(votes), gold is not None)
        by_label = None if gold is None else by_label_of(gold, inverse, at.size, len(votes.labels))
        rows = np.bincount(np.minimum(sizes, SEVERAL), minlength=SEVERAL + 1).astype(np.int64)
        judged = np.zeros(len(votes.labels), dtype=np.int64) if by_label is None else by_label.sum(axis=0)
        return cls(votes, at, keys, counts, by_label, rows, judged, said_of(votes)).bounded(most_votes)

    @cached_property
    def sizes(self) -> Ints:
        """The number of votes of each pattern, (p)."""
        return self.votes.votes_per_row[self.at]

    def bounded(self, most_votes: int) -> Tally:
        """The same in canonical order, with as many patterns as may be kept."""
        several = self.sizes >= SEVERAL
        many = np.flatnonzero(several)
        if self.cut is not None:
            many = many[self.keys[many] < np.uint64(self.cut)]
        fitting = int(np.searchsorted(np.cumsum(self.sizes[many]), most_votes, side="right"))
        cut = int(self.keys[many[fitting]]) if fitting < many.size else self.cut
        return replace(self.chosen(np.concatenate([np.flatnonzero(~several), many[:fitting]])), cut=cut)

    def chosen(self, places: Ints) -> Tally:
        """Some of the patterns, in this order; sums over all rows stay."""
        return replace(
            self,
            at=self.at[places],
            keys=self.keys[places],
            counts=self.counts[places],
            gold=None if self.gold is None else self.gold[places],
        )

    @property
    def weights(self) -> Floats:
        """What each pattern stands for, (p): its count, and where patterns were left out its share of theirs."""
        weights = self.counts.astype(np.float64)
        several = self.sizes >= SEVERAL
        kept = weights[several].sum()
        if self.cut is not None and kept:
            weights[several] *= float(self.rows[SEVERAL]) / kept
        return weights

    def gathered(self) -> LabelMatrix:
        """The patterns as a matrix of their own, in their order, (p rows)."""
        return gathered(self.votes, self.at)


@dataclass(frozen=True, eq=False)
class Counts:
    """Counted votes of one task: `patterns` holds p distinct rows, the rest is as in `Tally`. Add them with `+`.

    `most_votes` bounds the patterns that are kept; parts that are to be added must have the same.
    """

    patterns: LabelMatrix
    counts: Ints
    gold: Ints | None
    rows: Ints
    judged: Ints
    said: Mapping[Symbol, int]
    cut: int | None = None
    most_votes: int = MOST_VOTES
    hashes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, votes: LabelMatrix, gold: npt.ArrayLike | None = None, most_votes: int = MOST_VOTES) -> Self:
        """Counts the rows of a matrix of one task; `gold` (n) holds class numbers, -1 where unknown.

        Raises ValueError on a matrix of several tasks, and on gold that does not fit.
        """
        truth = None if gold is None else check_gold(gold, votes.n, len(votes.labels))
        return cls.from_tally(Tally.of(votes, truth, most_votes), most_votes, hashes_of(votes))

    @classmethod
    def from_tally(cls, tally: Tally, most_votes: int, hashes: Mapping[str, str]) -> Self:
        """The counts of a tally that keeps to the bound, with the semantic hashes of the functions."""
        patterns = _with_sets_in_order(tally.gathered())
        return cls(
            patterns, tally.counts, tally.gold, tally.rows, tally.judged, tally.said, tally.cut, most_votes, hashes
        )

    @property
    def n(self) -> int:
        """The number of rows that were counted."""
        return int(self.rows.sum())

    @property
    def tally(self) -> Tally:
        """The same as a tally of the patterns."""
        at = np.arange(self.patterns.n)
        return Tally(self.patterns, at, self.keys, self.counts, self.gold, self.rows, self.judged, self.said, self.cut)

    @cached_property
    def keys(self) -> Keys:
        """The key of each pattern, (p)."""
        return row_keys(self.patterns)

    def __add__(self, other: Counts) -> Counts:
        """The counts of the rows of both. Raises ValueError where functions, labels or bounds differ."""
        return total([self, other])

    def without(self, functions: Sequence[str]) -> Counts:
        """The counts as if these functions had never been. Raises ValueError where patterns were left out."""
        self.refuse_cut()
        kept = [name for name in self.patterns.functions if name not in set(functions)]
        fewer = self.patterns.select(kept)
        place = {self.patterns.functions.index(name): j for j, name in enumerate(kept)}
        said = {(place[j], labels): number for (j, labels), number in self.said.items() if j in place}
        hashes = {name: hash_ for name, hash_ in self.hashes.items() if name in kept}
        return recounted(fewer, self.counts, self.gold, said, self.most_votes, hashes)

    def refuse_cut(self) -> None:
        """Raise ValueError where patterns were left out."""
        if self.cut is not None:
            raise ValueError("patterns were left out of these counts: where a function changes, count anew")


def total(parts: Sequence[Counts]) -> Counts:
    """The sum of counts. Raises ValueError without any, and where functions, labels or bounds differ."""
    if not parts:
        raise ValueError("no counts to add")
    first = parts[0]
    if any(part.most_votes != first.most_votes for part in parts):
        raise ValueError("counts with different bounds can't be added: choose one `most_votes`")
    if any(part.hashes != first.hashes for part in parts):
        raise ValueError("counts of functions that mean different things can't be added")
    said: Counter[Symbol] = Counter()
    for part in parts:
        said.update(part.said)
    cuts = [part.cut for part in parts if part.cut is not None]
    together = LabelMatrix.concat([part.patterns for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    rows, judged = (np.sum([getattr(part, name) for part in parts], axis=0) for name in ("rows", "judged"))
    tally = _merged(together, counts, _stacked(parts), rows, judged, said)
    if cuts:
        tally = replace(tally, cut=min(cuts))
    return Counts.from_tally(tally.bounded(first.most_votes), first.most_votes, first.hashes)


def running_total(parts: Iterable[Counts], enough: int = ENOUGH_TO_ADD) -> Counts | None:
    """The sum of counts that come one after another, holding little more than it; None without any.

    Those that come wait until they hold as many votes as the sum, and `enough`, so that each is added a few times only.
    """
    waiting: list[Counts] = []
    for part in parts:
        waiting.append(part)
        if sum(one.patterns.codes.size for one in waiting[1:]) > max(waiting[0].patterns.codes.size, enough):
            waiting = [total(waiting)]
    return total(waiting) if waiting else None


def _stacked(parts: Sequence[Counts]) -> Ints | None:
    if all(part.gold is None for part in parts):
        return None
    k = len(parts[0].patterns.labels)
    each = [np.zeros((part.patterns.n, k), dtype=np.int64) if part.gold is None else part.gold for part in parts]
    return np.concatenate(each)


def recounted(
    patterns: LabelMatrix,
    counts: Ints,
    gold: Ints | None,
    said: Mapping[Symbol, int],
    most_votes: int,
    hashes: Mapping[str, str],
) -> Counts:
    """The counts of patterns that may occur more than once, or no more at all; none may have been left out."""
    sizes = np.minimum(patterns.votes_per_row, SEVERAL)
    rows = np.bincount(sizes, weights=counts, minlength=SEVERAL + 1).astype(np.int64)
    judged = np.zeros(len(patterns.labels), dtype=np.int64) if gold is None else gold.sum(axis=0)
    tally = _merged(patterns, counts, gold, rows, judged, said)
    return Counts.from_tally(tally.bounded(most_votes), most_votes, hashes)


def _merged(
    patterns: LabelMatrix, counts: Ints, gold: Ints | None, rows: Ints, judged: Ints, said: Mapping[Symbol, int]
) -> Tally:
    """The tally of patterns that may occur more than once, (q) with a count each; those that nothing counts any more go."""
    keys, at, _, inverse = distinct(row_keys(patterns), True)
    summed = np.zeros(at.size, dtype=np.int64)
    np.add.at(summed, inverse, counts)
    by_label = None
    if gold is not None:
        by_label = np.zeros((at.size, gold.shape[1]), dtype=np.int64)
        np.add.at(by_label, inverse, gold)
    tally = Tally(patterns, at, keys, summed, by_label, rows, judged, {s: c for s, c in said.items() if c})
    return tally.chosen(np.flatnonzero(summed))


# ---------------------------------------------------------------------------------------------------------------- keys


def row_keys(votes: LabelMatrix) -> Keys:
    """The key of each row, (n) uint64: the same for the same votes of functions of the same names."""
    keys: Keys = np.zeros(votes.n, dtype=np.uint64)
    for j in range(len(votes.functions)):
        piece = votes.slice_of(j)
        lowest, table = _table(votes, j)
        keys[votes.rows[piece]] += table[votes.codes[piece].astype(np.int64) - lowest]
    return keys


def _table(votes: LabelMatrix, function: int) -> tuple[int, Keys]:
    """The lowest code of a function, and the number of each code from there on."""
    codes = votes.codes_of(function)
    lowest = min(codes, default=0)
    table: Keys = np.zeros(max(codes, default=0) - lowest + 1, dtype=np.uint64)
    for code in codes:
        table[code - lowest] = number_of(votes.functions[function], votes.labels_of(code))
    return lowest, table


def number_of(function: str, labels: frozenset[int]) -> int:
    """The 64-bit number of a function saying that one of these labels holds."""
    said = f"{function}\0{','.join(map(str, sorted(labels)))}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "little")


def distinct(keys: Keys, with_inverse: bool) -> tuple[Keys, Ints, Ints, Ints]:
    """The distinct keys, ascending; for each a row that has it, and its count; for each row its number, where asked."""
    order = np.argsort(keys)
    ordered = keys[order]
    start = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: keys.size])
    counts = np.diff(np.append(start, keys.size)).astype(np.int64)
    inverse = np.empty(keys.size if with_inverse else 0, dtype=np.int64)
    if with_inverse:
        inverse[order] = np.repeat(np.arange(start.size), counts)
    return ordered[start], order[start], counts, inverse


def by_label_of(gold: Ints, inverse: Ints, p: int, k: int) -> Ints:
    """How often each of p patterns has each gold label, (p, k)."""
    known = gold >= 0
    found = np.bincount(inverse[known] * k + gold[known], minlength=p * k)
    return found.reshape(p, k).astype(np.int64)


def hashes_of(votes: LabelMatrix) -> dict[str, str]:
    """The semantic hash of each function of which the facts know one."""
    known = votes.facts.functions
    return {name: known[name].semantic_hash for name in votes.functions if name in known}


def said_of(votes: LabelMatrix) -> dict[Symbol, int]:
    """How often each function said each thing."""
    found: dict[Symbol, int] = {}
    for j in range(len(votes.functions)):
        codes = votes.codes[votes.slice_of(j)]
        found |= {(j, votes.labels_of(code)): int(np.count_nonzero(codes == code)) for code in votes.codes_of(j)}
    return found


def gathered(votes: LabelMatrix, rows: Ints) -> LabelMatrix:
    """The votes on some rows, in this order; one may be named more than once."""
    wanted, places = np.unique(rows, return_inverse=True)
    part = votes if wanted.size == votes.n else votes.take(wanted)
    found = sparse.csc_matrix((np.arange(part.codes.size), part.rows, part.indptr), shape=part.shape)
    turned = found.tocsr()[places].tocsc()
    return replace(
        part,
        n=int(rows.size),
        indptr=turned.indptr.astype(np.int64),
        rows=turned.indices.astype(np.int64),
        codes=part.codes[turned.data],
    )


def _with_sets_in_order(votes: LabelMatrix) -> LabelMatrix:
    """The same votes with the sets of labels that occur numbered in a fixed order, and without facts."""
    used = sorted(
        {votes.labels_of(code) for code in np.unique(votes.codes).tolist() if code <= FIRST_SET},
        key=lambda labels: (len(labels), sorted(labels)),
    )
    codes = votes.codes.astype(code_dtype(len(votes.labels), len(used)))
    for place, labels in enumerate(votes.label_sets):
        if labels in used:
            codes[votes.codes == FIRST_SET - place] = FIRST_SET - used.index(labels)
    return replace(votes, codes=codes, label_sets=tuple(used), facts=RuleFacts())


# --------------------------------------------------------------------------------------------------------------- files


def save(counts: Counts, path: str | Path | IO[bytes]) -> None:
    """Writes counts to one file: a zip of JSON and npy arrays, the same bytes for the same content."""
    votes = counts.patterns
    about = {
        "format": FORMAT,
        "task": votes.only_task.name,
        "labels": votes.labels,
        "functions": votes.functions,
        "hashes": dict(counts.hashes),
        "label_sets": [sorted(labels) for labels in votes.label_sets],
        "rows": counts.rows.tolist(),
        "judged": counts.judged.tolist(),
        "said": sorted([j, sorted(labels), number] for (j, labels), number in counts.said.items()),
        "cut": counts.cut,
        "most_votes": counts.most_votes,
    }
    arrays = {"indptr": votes.indptr, "rows": votes.rows, "codes": votes.codes, "counts": counts.counts}
    if counts.gold is not None:
        arrays["gold"] = counts.gold
    files = {f"{name}.npy": npy(array) for name, array in arrays.items()}
    write_archive(path, files | {ABOUT: json.dumps(about, indent=1, sort_keys=True).encode()})


def load(path: str | Path) -> Counts:
    """The counts that were saved. Raises ValueError where the file holds none, or none that can be.

    The file may come from anywhere: nothing in it is run, and it takes little more memory than it has bytes.
    """
    with reading(path, ABOUT, "counts") as archive:
        return _counts(archive)


def _counts(archive: zipfile.ZipFile) -> Counts:
    about = json.loads(archive.read(ABOUT))
    if about["format"] != FORMAT:
        raise ValueError("counts of an unknown format")
    arrays = {name[:-4]: array(archive, name) for name in archive.namelist() if name.endswith(".npy")}
    task = TaskLabels(str(about["task"]), tuple(map(str, about["labels"])))
    functions = tuple(map(str, about["functions"]))
    votes = LabelMatrix(
        int(arrays["counts"].size),
        functions,
        (task,),
        (0,) * len(functions),
        arrays["indptr"],
        arrays["rows"],
        arrays["codes"],
        tuple(frozenset(map(int, labels)) for labels in about["label_sets"]),
    )
    said = {(int(j), frozenset(map(int, labels))): int(number) for j, labels, number in about["said"]}
    rows, judged = (np.array([int(number) for number in about[name]], dtype=np.int64) for name in ("rows", "judged"))
    hashes = {str(name): str(hash_) for name, hash_ in about["hashes"].items()}
    cut = None if about["cut"] is None else int(about["cut"])
    most = int(about["most_votes"])
    counts = Counts(votes, arrays["counts"], arrays.get("gold"), rows, judged, said, cut, most, hashes)
    _check(counts)
    return counts


def _check(counts: Counts) -> None:
    """Raise ValueError where counts that come from a file contradict themselves."""
    votes = counts.patterns
    m, k, p = len(votes.functions), len(votes.labels), votes.n
    sound = [
        len(set(votes.functions)) == m and len(set(votes.labels)) == k,
        votes.indptr.dtype == np.int64 and votes.rows.dtype == np.int64 and counts.counts.dtype == np.int64,
        votes.codes.dtype in (np.int8, np.int16),
        votes.indptr.shape == (m + 1,) and votes.indptr[0] == 0 and bool(np.all(np.diff(votes.indptr) >= 0)),
        votes.rows.shape == votes.codes.shape == (int(votes.indptr[-1]),),
        all(labels and max(labels) < k and min(labels) >= 0 for labels in votes.label_sets),
        counts.counts.shape == (p,) and bool(np.all(counts.counts > 0)),
        counts.gold is None or (counts.gold.dtype == np.int64 and counts.gold.shape == (p, k)),
        counts.rows.shape == (SEVERAL + 1,) and bool(np.all(counts.rows >= 0)),
        counts.judged.shape == (k,) and bool(np.all(counts.judged >= 0)),
        counts.cut is None or 0 <= counts.cut < 2**64,
        all(0 <= j < m and labels and labels <= frozenset(range(k)) for j, labels in counts.said),
    ]
    if not all(sound) or not _votes_are_sound(votes):
        raise ValueError("counts that contradict themselves")


def _votes_are_sound(votes: LabelMatrix) -> bool:
    """Whether each function votes at most once on a row, in order, with codes that there are."""
    if not votes.codes.size:
        return True
    inside = votes.rows.min() >= 0 and votes.rows.max() < votes.n
    known = FIRST_SET - len(votes.label_sets) < votes.codes.min() and votes.codes.max() < len(votes.labels)
    same = np.diff(votes.function_of_vote) == 0
    ordered = np.all(np.diff(votes.rows)[same] > 0)
    return bool(inside and known and ordered and np.all(votes.codes != ABSTAIN))
