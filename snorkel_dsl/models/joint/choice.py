"""Which settings the multi-task model is averaged over: those that foretell the votes of functions left out about equally well.

As in `heldout`, functions are left out fold by fold, whole dependency blocks together; the model is fitted on the others, and
what it then holds of a variable is compared with what the left-out functions said of it. A left-out vote on a task under a
label is foretold only where that label is as well, so settings are judged by all levels of a hierarchy at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.heldout import FOLDS, NOISE, Evidence
from snorkel_dsl.models.joint.balance import Shares
from snorkel_dsl.models.joint.emissions import Voices
from snorkel_dsl.models.joint.estimation import Climb, Counted, Fitted, Settings
from snorkel_dsl.models.joint.messages import Messages
from snorkel_dsl.votes import Bools, Floats, Ints

ENOUGH_CELLS = 400_000  # distinct rows times configurations: the error is over functions, more rows hardly lower it


def blocks_of(voices: Sequence[Voices]) -> dict[str, int]:
    """The number of the block of each function, over all variables: those that depend on each other anywhere are one."""
    number: dict[str, int] = {}
    for one in voices:
        for block in range(one.symbols.m):
            names = [name for j, name in enumerate(one.functions) if one.symbols.blocks[j] == block]
            met = {number[name] for name in names if name in number}
            own = min(met, default=len(number))
            number = {name: own if n in met else n for name, n in number.items()} | dict.fromkeys(names, own)
    order = {n: place for place, n in enumerate(dict.fromkeys(number.values()))}
    return {name: order[n] for name, n in number.items()}


def folds_of(counted: Counted, blocks: dict[str, int]) -> list[frozenset[str]]:
    """The functions in folds: blocks in the order of their votes, dealt out one by one."""
    votes = np.zeros(max(blocks.values(), default=-1) + 1)
    for one in counted.voices:
        said = np.asarray(one.matrix.T @ counted.counts)
        np.add.at(votes, [blocks[one.functions[j]] for j in one.symbols.function], said)
    ordered = np.argsort(-votes, kind="stable")
    dealt = [set(ordered[start::FOLDS].tolist()) for start in range(min(FOLDS, ordered.size))]
    return [frozenset(name for name, block in blocks.items() if block in fold) for fold in dealt]


class Trial:
    """Counted votes, fewer where there are many, on which settings are tried."""

    def __init__(self, messages: Messages, counted: Counted, facts: RuleFacts, declared: Shares, seed: int) -> None:
        self.messages, self.facts, self.declared = messages, facts, declared
        self.counted = sampled(counted, max(ENOUGH_CELLS // max(messages.configurations, 1), 200), seed)
        self.blocks = blocks_of(counted.voices)
        self.folds = folds_of(self.counted, self.blocks)

    def evidence(self, settings: Settings) -> Evidence:
        """How well settings foretell left-out votes, by block."""
        size = max(self.blocks.values(), default=-1) + 1
        gained, votes = np.zeros(size), np.zeros(size)
        for fold in self.folds:
            seen = self.counted.without(fold)
            if any(one.matrix.nnz for one in seen.voices):
                fitted = Climb(self.messages, seen, self.facts, settings).run(self.declared)
                self._foretell(seen, fitted, fold, gained, votes)
        return Evidence(gained, votes)

    def _foretell(self, seen: Counted, fitted: Fitted, fold: frozenset[str], gained: Floats, votes: Floats) -> None:
        feasible = self.messages.feasible
        marginals = self.messages.marginals(fitted.evidence(feasible, seen.voices), seen.counts.size, fitted.factors)
        spoken: Bools = np.zeros(seen.counts.size, dtype=np.bool_)
        for one in seen.voices:
            spoken |= np.diff(one.matrix.indptr) > 0
        counted = seen.counts * spoken
        for one in self.counted.voices:
            posterior = marginals[:, feasible.states_of(one.variable)]
            by_symbol = one.matrix.tocsc()
            for e, j in enumerate(one.symbols.function):
                if one.functions[j] in fold:
                    here = slice(by_symbol.indptr[e], by_symbol.indptr[e + 1])
                    rows, allowed = by_symbol.indices[here], one.symbols.allowed[e]
                    share = posterior[rows][:, allowed].sum(axis=1) * (1 - NOISE) + NOISE * allowed.mean()
                    said = counted[rows] * by_symbol.data[here]
                    gained[self.blocks[one.functions[j]]] += float(said @ np.log(share))
                    votes[self.blocks[one.functions[j]]] += float(said.sum())


def sampled(counted: Counted, most: int, seed: int) -> Counted:
    """At most `most` distinct rows, drawn in proportion to their counts at equal steps from a random start."""
    counts = counted.counts
    if counts.size <= most:
        return counted
    step = counts.sum() / most
    points = (np.arange(most) + np.random.default_rng(seed).random()) * step
    drawn = np.minimum(np.searchsorted(np.cumsum(counts), points, side="right"), counts.size - 1)
    chosen: tuple[Ints, Ints] = np.unique(drawn, return_counts=True)
    return Counted(chosen[1] * step, tuple(replace(one, matrix=one.matrix[chosen[0]]) for one in counted.voices))


def kept(trial: Trial, candidates: Sequence[Settings], margin: float) -> list[tuple[Settings, float]]:
    """The candidates that are no more than `margin` standard errors behind the best, each with its nats a vote."""
    told = [trial.evidence(candidate) for candidate in candidates]
    best = max(told, key=lambda one: one.mean)
    if not best.votes.sum():
        return [(candidate, -np.inf) for candidate in candidates]
    found = []
    for candidate, one in zip(candidates, told, strict=True):
        behind, error = one.behind(best)
        if not behind > margin * error:
            found.append((candidate, one.mean))
    return found
