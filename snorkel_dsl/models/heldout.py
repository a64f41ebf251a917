"""Evidence in the votes alone: how well a model foretells the votes of functions that it did not see.

Functions are left out fold by fold, whole dependency blocks together. A model is fitted on the others, and its posterior is
held against what the left-out functions said, on rows where another function votes too. A left-out vote is a noisy label, so
a tenth of each posterior is spread evenly before its logarithm is taken. A model that has latched onto something else than
the labels (onto which rows are long, say) foretells badly, however high its own likelihood. (Compare the leave-one-out
stacking of Yao et al., Bayesian Analysis 2018.)
"""

from __future__ import annotations

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
    per_function = statistics.symbols.by_function(statistics.votes)
    blocks = np.unique(statistics.blocks)
    voted = np.array([per_function[statistics.blocks == block].sum() for block in blocks])
    ordered = blocks[np.argsort(-voted, kind="stable")]
    dealt = [ordered[start::FOLDS] for start in range(min(FOLDS, ordered.size))]
    return [np.flatnonzero(np.isin(statistics.blocks, fold)) for fold in dealt]


def foretold(model: Candidate, statistics: Statistics, balance: Floats | None, folds: list[Ints]) -> float:
    """The mean log-likelihood of a left-out vote in nats; -inf where there is nothing to foretell."""
    total, weight = 0.0, 0.0
    for fold in folds:
        seen = statistics.without(fold)
        if seen.matrix.nnz == 0:
            continue
        gained, rows = _fold(model.posterior(seen, balance), statistics, seen, fold)
        total, weight = total + gained, weight + rows
    return total / weight if weight else -np.inf


def _fold(posterior: Floats, statistics: Statistics, seen: Statistics, fold: Ints) -> tuple[float, float]:
    """The summed log-likelihood of the votes of the functions in `fold`, and their number."""
    symbols = statistics.symbols
    counted = statistics.counts * (np.diff(seen.matrix.indptr) > 0)
    total, votes = 0.0, 0.0
    by_symbol = statistics.matrix.tocsc()
    for e in np.flatnonzero(np.isin(symbols.function, fold)):
        rows = by_symbol.indices[by_symbol.indptr[e] : by_symbol.indptr[e + 1]]
        allowed = symbols.allowed[e]
        share = posterior[rows][:, allowed].sum(axis=1) * (1 - NOISE) + NOISE * allowed.mean()
        total += float(counted[rows] @ np.log(share))
        votes += float(counted[rows].sum())
    return total, votes
