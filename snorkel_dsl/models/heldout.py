"""Evidence in the votes alone: how well a model foretells the votes of functions that it did not see.

Functions are left out fold by fold, whole dependency blocks together. A model is fitted on the others, and its posterior is
held against what the left-out functions said, on rows where another function votes too. A left-out vote is a noisy label, so
a tenth of each posterior is spread evenly before its logarithm is taken. A model that has latched onto something else than
the labels (onto which rows are long, say) foretells badly, however high its own likelihood. (Compare the leave-one-out
stacking of Yao et al., Bayesian Analysis 2018.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.votes import Floats, Ints

FOLDS = 4
NOISE = 0.1


class Candidate(Protocol):
    """A model that can be fitted on counted votes and gives the posterior of their patterns."""

    def posterior(self, statistics: Statistics, balance: Floats | None) -> npt.NDArray[np.float64]:
        """P(y | pattern), (p, k)."""


def folds_of(statistics: Statistics) -> list[Ints]:
    """The functions in folds: blocks in the order of their votes, dealt out one by one; no fold holds every block."""
    voted = statistics.symbols.by_voter(statistics.votes)
    ordered = np.argsort(-voted[: statistics.symbols.blocks.max(initial=-1) + 1], kind="stable")
    dealt = [ordered[start::FOLDS] for start in range(min(FOLDS, ordered.size))]
    return [np.flatnonzero(np.isin(statistics.symbols.blocks, fold)) for fold in dealt]


@dataclass(frozen=True, eq=False)
class Evidence:
    """For each block that was left out, (b): the log-likelihood of its votes in nats, and their number."""

    gained: Floats
    votes: Floats

    @property
    def mean(self) -> float:
        """Nats a vote; -inf where there was nothing to foretell."""
        return float(self.gained.sum() / self.votes.sum()) if self.votes.sum() else -np.inf

    def behind(self, best: Evidence) -> tuple[float, float]:
        """By how many nats a vote this is behind another, and the standard error of that.

        Blocks, not rows, are what was sampled: the error is that of a ratio estimate over blocks.
        """
        difference = best.gained - self.gained
        behind = best.mean - self.mean
        b, total = np.count_nonzero(self.votes), self.votes.sum()
        if b < 2:
            return behind, np.inf
        return behind, float(np.sqrt(np.sum((difference - behind * self.votes) ** 2) * b / (b - 1)) / total)


def foretold(model: Candidate, statistics: Statistics, balance: Floats | None, folds: list[Ints]) -> Evidence:
    """How well a model foretells the votes of each fold from those of the others."""
    m = statistics.symbols.m
    gained, votes = np.zeros(m), np.zeros(m)
    for fold in folds:
        seen = statistics.without(fold)
        if seen.matrix.nnz:
            _foretell(model.posterior(seen, balance), statistics, seen, fold, gained, votes)
    return Evidence(gained, votes)


def _foretell(
    posterior: Floats, statistics: Statistics, seen: Statistics, fold: Ints, gained: Floats, votes: Floats
) -> None:
    """Adds the log-likelihood of the votes of the functions in `fold`, and their number, by block; both (m)."""
    symbols = statistics.symbols
    counted = statistics.counts * (np.diff(seen.matrix.indptr) > 0)
    by_symbol = statistics.matrix.tocsc()
    for e in np.flatnonzero(np.isin(symbols.function, fold) & ~symbols.allowed.all(axis=1)):
        here = slice(by_symbol.indptr[e], by_symbol.indptr[e + 1])
        rows, allowed = by_symbol.indices[here], symbols.allowed[e]
        share = posterior[rows][:, allowed].sum(axis=1) * (1 - NOISE) + NOISE * allowed.mean()
        said = counted[rows] * by_symbol.data[here]
        gained[symbols.voter[e]] += float(said @ np.log(share))
        votes[symbols.voter[e]] += float(said.sum())


def best(candidates: Sequence[Candidate], statistics: Statistics, balance: Floats | None) -> int:
    """The number of the candidate that foretells votes left out best; the first of two that are as good."""
    folds = folds_of(statistics)
    return int(np.argmax([foretold(candidate, statistics, balance, folds).mean for candidate in candidates]))
