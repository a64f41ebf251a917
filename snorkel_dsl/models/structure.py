"""Which functions depend on each other given the label, found from the votes alone.

If votes were independent given Y, the covariances of votes of different functions would have rank k - 1,

    C_ef = E[ψ_e ψ_f] − o_e o_f = Σ_y p_y (μ_ey − o_e)(μ_fy − o_f) = v_e · v_f

and what is left of them would be noise. Where functions depend on each other, C is sparse plus low rank, as its inverse is in
Varma et al. (ICML 2019); here the parts are found in C itself, where the sampling error of each entry is known:

    V = argmin Σ_{e,f of different functions} w_ef (C_ef − v_e · v_f)²,   w_ef = 1 / (σ²_ef (1 + (z_ef / c)²))
    z_ef = (C_ef − v_e · v_f) / (σ_ef √(1 − h_ef)),                σ²_ef = Var[(ψ_e − o_e)(ψ_f − o_f)] / n under the fit

The weights are those of a Cauchy likelihood: pairs that depend on each other are outliers, and do not bend the fit. h is the
share of its own noise that the fit takes from an entry (its leverage, row by row), and a z that rests on few rows is that of
the exact Poisson tail. A pair of functions has the z of its most unusual pair of votes, Bonferroni's factor included; pairs
are chosen at a false discovery rate (Benjamini and Hochberg 1995). Where all z are too large, because the model holds nowhere
exactly, they are divided by what the median says (genomic control; Devlin and Roeder 1999), so that only pairs that stand out
are named. Pairs that the facts suspect (one block) do not take part in the fit, and are tested like all others: the votes
confirm or drop them. No class balance is needed. Votes for many labels have v_e = a_e b_e with b_e what a vote for those
labels means, and only the strength a_e is learned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, special

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.blocks import joined, joint_symbols
from snorkel_dsl.models.majority import USUAL_PRECISION
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.symbols import Symbols
from snorkel_dsl.votes import Bools, Floats, Ints

FALSE_DISCOVERIES = 0.05
SWEEPS = 40
FIRST_SWEEPS = 8
SET_ASIDE = 0.25  # of the pairs, in one of two fits, at first
MOST_FREE = 8  # labels for which every vote has a free direction
OUTLIER = 3.0  # c, in standard errors: Cauchy weights lose little at 3 where there is no outlier
FEW = 25.0  # rows expected together below which the exact tail is taken
TAKEN = 0.8  # a pair of which the fit takes more than this share cannot be tested
MEDIAN_CHI = 0.4549  # of a squared standard normal


def dependent_pairs(
    statistics: Statistics, rate: float = FALSE_DISCOVERIES, least: float = 0.0, suspected: Bools | None = None
) -> list[tuple[int, int, float]]:
    """The pairs of functions i < j that depend on each other given the label: (i, j, z), the largest |z| first.

    z > 0 where the votes stand together more often than the labels explain. `rate` is the false discovery rate; `least` the
    smallest departure that is named, as a correlation (on many rows everything departs a little). `suspected` (m, m) are the
    pairs that facts propose; without it they are those of one block.
    """
    residuals = pair_residuals(statistics, suspected)
    named = residuals.significant(rate) & (np.abs(residuals.correlation) >= least)
    return [
        (int(residuals.first[e]), int(residuals.second[e]), float(residuals.z[e]))
        for e in np.argsort(-np.abs(residuals.z), kind="stable")
        if named[e]
    ]


def confirmed_pairs(
    statistics: Statistics, functions: tuple[str, ...], facts: RuleFacts, rate: float = FALSE_DISCOVERIES
) -> list[tuple[int, int, float]]:
    """The pairs that the facts propose (something shared, contained, or siblings) and the votes confirm, as above, z > 0."""
    place = {name: j for j, name in enumerate(functions)}
    suspected = np.zeros((len(functions), len(functions)), dtype=np.bool_)
    for name, known in facts.functions.items():
        for other in known.shares | known.contains | known.siblings:
            if name in place and other in place and name != other:
                suspected[place[name], place[other]] = suspected[place[other], place[name]] = True
    if not suspected.any():
        return []
    return [
        (i, j, z) for i, j, z in dependent_pairs(statistics, rate, suspected=suspected) if suspected[i, j] and z > 0
    ]


@dataclass(frozen=True, eq=False)
class Residuals:
    """Every pair of functions that votes together: `first`, `second`, `z`, p-value `chance`, `correlation`, (pairs) each.

    `correlation` is what the labels leave of the correlation of the two votes of which z speaks. `inflation` is by how much
    the squared z were too large everywhere: far above 1, the votes have a cause in common that is not the label.
    """

    first: Ints
    second: Ints
    z: Floats
    chance: Floats
    correlation: Floats
    inflation: float

    def significant(self, rate: float) -> Bools:
        """The pairs named at a false discovery rate, (pairs)."""
        if not self.chance.size:
            return np.zeros(0, dtype=np.bool_)
        ordered = np.sort(self.chance)
        below = np.flatnonzero(ordered <= rate * np.arange(1, ordered.size + 1) / ordered.size)
        return np.asarray(self.chance <= (ordered[below[-1]] if below.size else -1.0))


def pair_residuals(statistics: Statistics, suspected: Bools | None = None) -> Residuals:
    """What the labels do not explain of each pair of functions; the `suspected` (m, m) take no part in the fit."""
    single = single_votes(statistics)
    symbols = statistics.symbols
    counts, n = statistics.counts, max(statistics.n, 1.0)
    share = np.asarray(single.T @ counts) / n
    kept = informative(symbols, share)
    together = np.asarray((single.T @ sparse.diags(counts) @ single).todense())[np.ix_(kept, kept)] / n
    share, function = share[kept], symbols.function[kept]
    different = function[:, None] != function[None, :]
    together_by_facts = symbols.blocks[:, None] == symbols.blocks[None, :] if suspected is None else suspected
    apart = different & ~together_by_facts[np.ix_(function, function)]
    covariance = together - np.outer(share, share)
    fitted, leverage = _low_rank(covariance, share, symbols.allowed[kept], apart, n)
    deviation = np.sqrt(_variance(fitted, share) / n)
    z = (covariance - fitted) / (deviation * np.sqrt(np.maximum(1 - leverage, 1 - TAKEN)))
    z = _exact_where_few(z, together * n, (fitted + np.outer(share, share)) * n)
    tested = different & (leverage < TAKEN)
    return _by_function(np.where(tested, z, 0.0), (covariance - fitted) / _scale(share), tested, function)


def without_blocks(statistics: Statistics) -> Statistics:
    """The same rows with each function a block of its own."""
    symbols = statistics.symbols
    singles = symbols.singles
    alone = Symbols(
        symbols.function[:singles],
        symbols.allowed[:singles],
        np.arange(symbols.m),
        np.zeros((0, singles), dtype=np.bool_),
    )
    return Statistics(alone, single_votes(statistics), statistics.counts, statistics.gold)


def merged_blocks(blocks: Ints, edges: list[tuple[int, int]]) -> Ints:
    """The blocks (m) joined where an edge crosses them, numbered from 0, (m)."""
    if not edges:
        return blocks
    first, second = np.array(edges).T
    count = int(blocks.max()) + 1
    graph = sparse.csr_matrix((np.ones(first.size), (blocks[first], blocks[second])), shape=(count, count))
    joined_to = sparse.csgraph.connected_components(graph, directed=False)[1]
    return np.asarray(np.unique(joined_to[blocks], return_inverse=True)[1], dtype=np.int64)


def with_blocks(statistics: Statistics, blocks: Ints) -> Statistics:
    """The same rows with these blocks (m), and their joint votes as symbols."""
    if np.array_equal(blocks, statistics.symbols.blocks):
        return statistics
    alone = without_blocks(statistics)
    symbols = joint_symbols(alone.matrix, alone.counts, alone.symbols, blocks)
    return Statistics(symbols, joined(alone.matrix, symbols), alone.counts, alone.gold)


def single_votes(statistics: Statistics) -> sparse.csr_matrix:
    """The votes of single functions in each pattern, (p, singles) 0/1: joint votes are taken apart."""
    matrix, singles = statistics.matrix, statistics.symbols.singles
    alone = matrix[:, :singles]
    if len(statistics.symbols.joint):
        alone = alone + matrix[:, singles:] @ sparse.csr_matrix(statistics.symbols.joint.astype(np.float64))
    result = sparse.csr_matrix(alone)
    result.data = np.ones(result.nnz)
    return result


def informative(symbols: Symbols, share: Floats) -> Ints:
    """The votes of single functions that say something: those that occur, without the most frequent of a function that never
    abstains.
    """
    kept = share > 0
    function = symbols.function[: symbols.singles]
    voted = np.bincount(function, weights=share, minlength=symbols.m)
    for j in np.flatnonzero(voted > 1 - 1e-9):
        mine = np.flatnonzero(function == j)
        kept[mine[np.argmax(share[mine])]] = False
    return np.flatnonzero(kept)


# ------------------------------------------------------------------------------------------------------- the low rank


def _low_rank(covariance: Floats, share: Floats, allowed: Bools, apart: Bools, n: float) -> tuple[Floats, Floats]:
    """v_e · v_f and h_ef, (d, d) each: of two fits, the one with fewer and smaller outliers.

    Copies of one function agree with each other as if they knew the label. So one of the fits begins without the pairs that
    are the most correlated.
    """
    believed = _believed(share, allowed)
    if allowed.shape[1] > MOST_FREE:
        alike, first = believed @ believed.T, np.ones((share.size, 1))
    else:
        alike, first = np.ones_like(covariance), _principal(believed, allowed.shape[1] - 1)
    correlation = np.where(apart, np.abs(covariance) / _scale(share), 0.0)
    limits = (np.inf, float(np.quantile(correlation[apart], 1 - SET_ASIDE)) if np.any(apart) else 0.0)
    fits = [_robust(covariance, share, alike, first, apart, correlation <= most, n) for most in limits]
    factor, weights, _ = min(fits, key=lambda fit: fit[2])
    return alike * (factor @ factor.T), _leverage(weights * alike**2, factor)


def _robust(
    covariance: Floats, share: Floats, alike: Floats, factor: Floats, apart: Bools, trusted: Bools, n: float
) -> tuple[Floats, Floats, float]:
    """V, (d, r), the weights of the entries, (d, d), and Σ log(1 + (z / c)²); at first only `trusted` entries count."""
    weights, unusual = np.zeros_like(covariance), 0.0
    for sweep in range(SWEEPS):
        fitted = alike * (factor @ factor.T)
        deviation = np.sqrt(_variance(fitted, share) / n)
        z = np.where(apart, (covariance - fitted) / deviation, 0.0)
        spread = 1.5 * np.median(np.abs(z[apart])) if np.any(apart) else 1.0
        outlier = OUTLIER * max(1.0, spread)
        weights = (apart & (trusted | (sweep > FIRST_SWEEPS))) / (deviation**2 * (1 + (z / outlier) ** 2))
        found = _regressed(weights * alike**2, weights * alike * covariance, factor)
        step = 0.5 * (found - factor)
        factor = factor + step
        unusual = float(np.sum(np.log1p((z / OUTLIER) ** 2)))
        if sweep > FIRST_SWEEPS and np.max(np.abs(step), initial=0.0) < 1e-7:
            break
    return factor, weights, unusual


def _believed(share: Floats, allowed: Bools) -> Floats:
    """(μ_e − o_e) P^½, (d, k), of votes of the usual precision, all labels being equally frequent."""
    k = allowed.shape[1]
    named = allowed.sum(axis=1, keepdims=True)
    usual = max(USUAL_PRECISION, 1 / k)
    meaning = np.where(allowed, usual / named, (1 - usual) / np.maximum(k - named, 1))
    meaning = meaning / meaning.sum(axis=1, keepdims=True)
    return np.asarray(share[:, None] * (meaning * k - 1) / np.sqrt(k), dtype=np.float64)


def _principal(believed: Floats, rank: int) -> Floats:
    """The same inner products in as few columns as they need."""
    left, size, _ = np.linalg.svd(believed, full_matrices=False)
    kept = size[:rank] > 1e-9 * max(float(size.max(initial=0.0)), 1e-300)
    return np.asarray((left[:, :rank] * size[:rank])[:, kept], dtype=np.float64)


def _information(weights: Floats, factor: Floats) -> Floats:
    """Σ_f w_ef v_f v_fᵀ for each e, (d, r, r), a little more than which is inverted."""
    r = factor.shape[1]
    squares = (factor[:, :, None] * factor[:, None, :]).reshape(len(factor), r * r)
    found = (weights @ squares).reshape(-1, r, r)
    trace = np.trace(found, axis1=1, axis2=2)[:, None, None]
    return np.asarray(found + (1e-6 * trace / max(r, 1) + 1e-300) * np.eye(r), dtype=np.float64)


def _regressed(weights: Floats, target: Floats, factor: Floats) -> Floats:
    """Each v_e by least squares on the others, (d, r)."""
    return np.asarray(np.linalg.solve(_information(weights, factor), (target @ factor)[:, :, None])[:, :, 0])


def _leverage(weights: Floats, factor: Floats) -> Floats:
    """How much of the noise of an entry both its rows take, (d, d)."""
    inverse = np.linalg.inv(_information(weights, factor))
    quadratic = np.einsum("fr,ers,fs->ef", factor, inverse, factor, optimize=True)
    one_sided = weights * quadratic
    return np.asarray(np.minimum(one_sided + one_sided.T, 1.0), dtype=np.float64)


# -------------------------------------------------------------------------------------------------------- how unusual


def _scale(share: Floats) -> Floats:
    """The product of the standard deviations of two votes, (d, d)."""
    deviation = np.sqrt(share * (1 - share))
    return np.asarray(np.maximum(np.outer(deviation, deviation), 1e-300), dtype=np.float64)


def _variance(fitted: Floats, share: Floats) -> Floats:
    """Var[(ψ_e − o_e)(ψ_f − o_f)], (d, d), where the votes stand together as often as fitted."""
    one, other = share[:, None], share[None, :]
    both = np.clip(fitted + one * other, 1e-12, np.minimum(one, other))
    rest = np.maximum(1 - one - other + both, 0.0)
    square = both * (1 - one) ** 2 * (1 - other) ** 2 + (one - both) * (1 - one) ** 2 * other**2
    square += (other - both) * one**2 * (1 - other) ** 2 + rest * one**2 * other**2
    return np.asarray(np.maximum(square - fitted**2, 1e-3 * square), dtype=np.float64)


def _exact_where_few(z: Floats, seen: Floats, expected: Floats) -> Floats:
    """The z of the exact tail where few rows are expected and the normal one promises more, (d, d)."""
    mean = np.maximum(expected, 1e-9)
    seen = np.rint(seen)
    above = -special.ndtri(np.maximum(special.pdtrc(np.maximum(seen - 1, 0), mean), 1e-300))
    below = special.ndtri(np.maximum(special.pdtr(seen, mean), 1e-300))
    exact = np.where(z > 0, np.maximum(above, 0.0), np.minimum(below, 0.0))
    return np.where((mean < FEW) & (np.abs(exact) < np.abs(z)), exact, z)


def _by_function(z: Floats, correlation: Floats, tested: Bools, function: Ints) -> Residuals:
    """From pairs of votes (d, d) to pairs of functions, by the most unusual pair of votes."""
    first, second = np.nonzero(tested & (function[:, None] < function[None, :]))
    inflation = max(1.0, float(np.median(z[first, second] ** 2) / MEDIAN_CHI)) if first.size else 1.0
    value = z[first, second] / np.sqrt(inflation)
    key = function[first] * (int(function.max(initial=0)) + 1) + function[second]
    order = np.lexsort((-value, -np.round(np.abs(value), 6), key))
    pairs, start, tries = np.unique(key[order], return_index=True, return_counts=True)
    best = order[start]
    chance = np.minimum(1.0, 2 * special.ndtr(-np.abs(value[best])) * tries)
    one, other = np.divmod(pairs, int(function.max(initial=0)) + 1)
    return Residuals(one, other, value[best], chance, correlation[first[best], second[best]], inflation)
