"""What to doubt in the answers of a label model: plain sentences, for whoever wrote the rules.

Each says what is missing or odd, by name, and what stands in for it: functions that never vote; functions that nothing in the
votes tells good from bad; labels that no function votes for; functions that seem to depend on each other although no fact says
so (`structure`); a class balance that nobody gave, with how many labels would change if it were another; rows without votes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from snorkel_dsl.models.base import log
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.structure import dependent_pairs
from snorkel_dsl.votes import Bools, Floats

ENOUGH_VIEWS = 3  # functions that vote together, from which agreement tells how good each is (Ratner et al., AAAI 2019)
MOST_NAMED = 5
MOST_SYMBOLS = 256  # beyond, looking for pairs that depend on each other costs more than all else
LEAST_CORRELATION = 0.1
PLAUSIBLE = 2.0  # an estimated balance is taken to be right up to this factor in the odds of a label
WORTH_SAYING = 0.02  # the share of rows from which a doubt is named


def doubts(
    statistics: Statistics,
    functions: Sequence[str],
    labels: Sequence[str],
    posterior: Floats,
    balance: Floats,
    silent: Floats | None,
) -> tuple[str, ...]:
    """The sentences; `posterior` (p, k) is that of the patterns, `balance` (k) what the model goes by.

    `silent` (k) are the chances of a row without votes where nobody gave the class balance, else None.
    """
    found = [
        *_never(statistics, functions),
        *_unjudged(statistics, functions),
        *_one_sided(statistics, labels),
        *_dependent(statistics, functions),
    ]
    if silent is not None:
        found += [*_balance_missing(statistics, labels, posterior, balance), *_uncovered(statistics, labels, silent)]
    return tuple(found)


def _never(statistics: Statistics, functions: Sequence[str]) -> list[str]:
    votes = statistics.symbols.by_voter(statistics.votes)
    silent = [name for name, block in zip(functions, statistics.symbols.blocks, strict=True) if not votes[block]]
    if not silent or not statistics.n:
        return []
    return [f"{named(silent)} never {_verb('vote', silent)}: later votes would count as rules usually do"]


def _unjudged(statistics: Statistics, functions: Sequence[str]) -> list[str]:
    names = [name for name, bad in zip(functions, not_identifiable(statistics), strict=True) if bad]
    if not names:
        return []
    return [
        f"nothing in the votes tells how good {named(names)} {_verb('is', names)}, for fewer than "
        f"{ENOUGH_VIEWS} independent functions vote on the same rows: what is usual of rules stands"
    ]


def not_identifiable(statistics: Statistics) -> Bools:
    """The functions that vote, in a component of fewer than three blocks that vote together, (m)."""
    symbols = statistics.symbols
    count = int(symbols.blocks.max(initial=-1)) + 1
    by_block = sparse.csr_matrix(
        (np.ones(len(symbols)), (np.arange(len(symbols)), symbols.voter)), (len(symbols), count)
    )
    voted = statistics.matrix @ by_block
    together = (voted.T @ voted).tocsr()
    _, component = sparse.csgraph.connected_components(together, directed=False)
    active = together.diagonal() > 0
    views = np.bincount(component, weights=active, minlength=1)
    return np.asarray((active & (views[component] < ENOUGH_VIEWS))[symbols.blocks])


def _one_sided(statistics: Statistics, labels: Sequence[str]) -> list[str]:
    allowed = statistics.symbols.allowed[statistics.votes > 0]
    if not allowed.size:
        return []
    said = np.any(allowed, axis=0).tolist()
    never = [label for label, voted in zip(labels, said, strict=True) if not voted]
    if not never:
        return []
    only = len(labels) - len(never) == 1
    consequence = "the order of rows is to be trusted more than their probabilities" if only else "no row can have it"
    return [f"no function votes for {named(never, '')}: {consequence}"]


def _dependent(statistics: Statistics, functions: Sequence[str]) -> list[str]:
    symbols = statistics.symbols
    voting = np.unique(symbols.function[statistics.votes > 0]).size
    if symbols.singles > MOST_SYMBOLS or voting < ENOUGH_VIEWS:
        return []
    pairs = [
        f"`{functions[i]}` and `{functions[j]}`"
        for i, j, z in dependent_pairs(statistics, least=LEAST_CORRELATION)
        if z > 0 and symbols.blocks[i] != symbols.blocks[j]
    ]
    if not pairs:
        return []
    return [f"more often than labels explain, these vote together and may count twice: {named(pairs, '', '; ', '; ')}"]


def _balance_missing(statistics: Statistics, labels: Sequence[str], posterior: Floats, balance: Floats) -> list[str]:
    moved = moves(statistics, posterior)
    if moved < WORTH_SAYING:
        return []
    shares = ", ".join(f"{label} {share:.0%}" for label, share in zip(labels, balance, strict=True))
    return [
        f"no class balance is given, and it is estimated ({shares}): were the odds of a label half or twice that, up to "
        f"{moved:.0%} of the rows with votes would get another label; a `balance` line or `class_balance` settles it"
    ]


def moves(statistics: Statistics, posterior: Floats) -> float:
    """The largest share of rows with votes whose most probable label changes if the odds of one label double or halve."""
    voted = np.asarray(np.diff(statistics.matrix.indptr) > 0)
    counts, logits = statistics.counts[voted], log(posterior[voted])
    if not counts.size:
        return 0.0
    now, each, k = logits.argmax(axis=1), np.arange(len(logits)), logits.shape[1]
    top = logits[each, now]
    before = np.arange(k) < now[:, None]  # of two that are level the first is the most probable
    raised = logits + np.log(PLAUSIBLE)
    wins = ((raised > top[:, None]) | ((raised == top[:, None]) & before)) & (np.arange(k) != now[:, None])
    logits[each, now] = -np.inf
    second = logits.argmax(axis=1)
    next_best, lowered = logits[each, second], top - np.log(PLAUSIBLE)
    loses = (next_best > lowered) | ((next_best == lowered) & (second < now))
    moved = np.concatenate([counts @ wins, np.bincount(now, counts * loses, minlength=k)])
    return float(moved.max() / counts.sum())


def _uncovered(statistics: Statistics, labels: Sequence[str], silent: Floats) -> list[str]:
    covered = np.asarray(np.diff(statistics.matrix.indptr) > 0)
    share = 1 - float(statistics.counts @ covered) / max(statistics.n, 1.0)
    if share < WORTH_SAYING:
        return []
    if np.ptp(silent) < 1e-9:
        return [f"{share:.0%} of the rows have no vote, and nothing tells their labels: they are tied"]
    likely = labels[int(silent.argmax())]
    return [f"{share:.0%} of the rows have no vote; that they are {likely} ({silent.max():.0%}) rests on no rule"]


def named(names: Sequence[str], quote: str = "`", comma: str = ", ", last: str = " and ") -> str:
    """A list in words, of which at most five are named."""
    shown = [f"{quote}{name}{quote}" for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        return f"{comma.join(shown)}{last}{len(names) - MOST_NAMED} more"
    return f"{comma.join(shown[:-1])}{last}{shown[-1]}" if len(shown) > 1 else shown[0]


def _verb(verb: str, names: Sequence[str]) -> str:
    plural = {"vote": ("votes", "vote"), "is": ("is", "are")}
    return plural[verb][len(names) > 1]
