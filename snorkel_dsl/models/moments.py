"""Emissions and the class balance from the first three moments of the votes.

For functions i, j, l that are independent given Y, with μ_ey = P(e | y), p_y = P(y) and any constants c_e,

    E[ψ_e − c_e]                         = Σ_y p_y (μ_ey − c_e)
    E[(ψ_e − c_e)(ψ_f − c_f)]            = Σ_y p_y (μ_ey − c_e)(μ_fy − c_f)
    E[(ψ_e − c_e)(ψ_f − c_f)(ψ_g − c_g)] = Σ_y p_y (μ_ey − c_e)(μ_fy − c_f)(μ_gy − c_g)

Pairs alone leave a rotation free from three labels on, and the class balance always; triples determine both (Anandkumar et al.,
JMLR 2014; Allman, Matias and Rhodes, Annals of Statistics 2009). `fitted` minimises the weighted squares of all residuals and
ρ_e ‖μ_e − μ_init,e‖², with the exact gradient. The direct form of matrix completion has c = 0, equal weights and no triples
(`direct`); the efficient form has c_e = o_e, where the errors of different moments hardly correlate, and weighs each moment by
its variance (`efficient`).

The first value comes from simultaneous diagonalisation. Let A, B, C be three groups of independent voters, U, V the k leading
singular vectors of M = E[ψ_A ψ_Bᵀ] and T_f = E[ψ_A ψ_Bᵀ ψ_f] for f of C. Then

    N_f = Uᵀ T_f V (Uᵀ M V)⁻¹ = (Uᵀ μ_A) diag(μ_f) (Uᵀ μ_A)⁻¹

have the same eigenvectors R for all f, and μ_fy = (R⁻¹ N_f R)_yy; p and the other groups follow by least squares.

Standard errors are those of the sandwich, H⁻¹ E[s sᵀ] H⁻¹ / n with s what a row adds to the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy import optimize, sparse

from snorkel_dsl.models.majority import USUAL_PRECISION
from snorkel_dsl.models.statistics import Statistics, sampled
from snorkel_dsl.models.symbols import Symbols
from snorkel_dsl.votes import Bools, Floats, Ints

VIEWS = 3
MOST_PAIRS = 200  # of symbols, each of which makes triples with all others
MOST_LABELS = 12  # with more, no table of triples is filled
SCALE = 1e6  # of the loss, so that the search stops late
ROWS_FOR_ERRORS, LEAST_ROWS = 2_000, 100
MOST_WORK = 5e9  # d² k for each step of a search: with very many symbols it ends early
MOST_PARAMETERS = 600  # of which all covariances are taken into account
RESTARTS = 4  # groupings of the voters
FIRST_STEPS = 60
FOLLOWED = 3  # of the restarts
BALANCE_RIDGE = 1e-3  # the belief that functions are better than chance counts as one row in a thousand
AS_GOOD = 4.0  # of twice the log-likelihood: minima that close fit equally well
CHUNK = 1_000  # symbols at a time
FEWEST_VOTERS = 6  # are kept, however many symbols they have
MOST_SYMBOLS = 100  # from which the class balance is learned
CONTRADICTED = 1.0  # χ² over its degrees of freedom: 0.2 to 0.6 where the model holds, for triples repeat each other
DISAGREE = 0.1  # answers farther apart than this are said


@dataclass(frozen=True, eq=False)
class Problem:
    """Moments of d symbols and their weights, all without the number of rows.

    `centre` c (d); `first` (d), `pairs` (d, d) and `triples` (t, d): moments about c, the last of the pairs `chosen` (t, 2)
    with each symbol; `…_weights` of the same shapes, 0 where symbols are of one voter; `start` μ_init (d, k), `ridge` ρ (d).
    """

    centre: Floats
    first: Floats
    first_weights: Floats
    pairs: Floats
    pair_weights: Floats
    chosen: Ints
    triples: Floats
    triple_weights: Floats
    start: Floats
    ridge: Floats

    @cached_property
    def chosen_first(self) -> sparse.csr_matrix:
        """Which symbol is the first of each chosen pair, (d, t) 0/1."""
        return _places(self.chosen[:, 0], self.first.size)

    @cached_property
    def chosen_second(self) -> sparse.csr_matrix:
        """Which symbol is the second of each chosen pair, (d, t) 0/1."""
        return _places(self.chosen[:, 1], self.first.size)

    def loss(self, emission: Floats, balance: Floats) -> tuple[float, Floats, Floats]:
        """The loss at μ (d, k) and p (k), and its gradients in both."""
        away = emission - self.start
        about = emission - self.centre[:, None]
        weighed = about * balance
        marginal = weighed.sum(axis=1) - self.first
        residual = weighed @ about.T - self.pairs
        pulled = self.pair_weights * residual
        drawn = self.first_weights * marginal
        loss = np.sum(pulled * residual) + drawn @ marginal + self.ridge @ np.sum(away**2, axis=1)
        gradient = 4 * pulled @ weighed + 2 * np.outer(drawn, balance) + 2 * self.ridge[:, None] * away
        by_label = 2 * np.sum(about * (pulled @ about), axis=0) + 2 * about.T @ drawn
        if len(self.chosen):
            loss += self._triples(about, balance, gradient, by_label)
        return float(loss), gradient, by_label

    def misfit(self, loss: float, n: float) -> float:
        """χ² of the moments over its degrees of freedom, for moments weighed by one over their variance."""
        moments = np.count_nonzero(self.pair_weights) / 2 + np.sum(self.triple_weights > 0)
        return float(loss * n / max(moments - self.start.size, 1.0))

    def _triples(self, about: Floats, balance: Floats, gradient: Floats, by_label: Floats) -> float:
        """What triples add to the loss, and to the gradients in place."""
        first, second = self.chosen.T
        pair = about[first] * about[second]
        residual = (pair * balance) @ about.T - self.triples
        pulled = self.triple_weights * residual
        across = 2 * pulled @ about
        gradient += 2 * pulled.T @ (pair * balance)
        gradient += self.chosen_first @ (across * balance * about[second])
        gradient += self.chosen_second @ (across * balance * about[first])
        by_label += np.sum(pair * across, axis=0)
        return float(np.sum(pulled * residual))


def _places(symbols: Ints, d: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(symbols.size), (symbols, np.arange(symbols.size))), shape=(d, symbols.size))


@dataclass(frozen=True, eq=False)
class Estimate:
    """`emission` μ (d, k) and `balance` p (k) at a minimum of the loss, and the loss there."""

    emission: Floats
    balance: Floats
    loss: float


# ------------------------------------------------------------------------------------------------------ what is fitted


def apart(symbols: Symbols) -> Bools:
    """Which pairs of symbols are of different blocks, (d, d)."""
    voter = symbols.voter
    return np.asarray(voter[:, None] != voter[None, :])


def direct(statistics: Statistics, start: Floats, ridge: float, observed: Bools | None = None) -> Problem:
    """‖(O − μPμᵀ)_Ω‖² + ‖μp − diag O‖² + ρ‖μ − μ_init‖²; Ω is `observed` (d, d), else the pairs of different blocks."""
    d = len(statistics.symbols)
    share = statistics.votes / max(statistics.n, 1.0)
    omega = (apart(statistics.symbols) if observed is None else observed).astype(np.float64)
    none, ones = np.zeros((0, d)), np.ones(d)
    chosen = np.zeros((0, 2), dtype=np.int64)
    return Problem(np.zeros(d), share, ones, statistics.pairs, omega, chosen, none, none, start, ridge * ones)


def efficient(statistics: Statistics, start: Floats, ridge: float, most_pairs: int = MOST_PAIRS) -> Problem:
    """All moments about the mean up to the third, each weighed by one over its variance (of one row).

    `ridge` is the weight of μ_init in rows, as a share of n. With `most_pairs` 0 there are no triples.
    """
    share = np.clip(statistics.votes / max(statistics.n, 1.0), 1e-12, 1 - 1e-12)
    together, different = statistics.pairs, apart(statistics.symbols)
    spread = share * (1 - share)
    covariance = together - np.outer(share, share)
    smooth = 0.9 * together + 0.1 * np.outer(share, share)
    variance = _pair_variance(smooth, share) - covariance**2
    floor = 0.05 * np.outer(spread, spread)
    weights = different / np.maximum(variance, floor)
    chosen = _pairs_for_triples(together * different, most_pairs if statistics.symbols.k <= MOST_LABELS else 0)
    triples, triple_weights = _triples(statistics, chosen, different, share, together, smooth)
    zero = np.zeros_like(share)
    return Problem(
        share, zero, 1 / spread, covariance, weights / 2, chosen, triples, triple_weights, start, ridge / spread
    )


def _pair_variance(together: Floats, share: Floats) -> Floats:
    """E[(ψ_e − o_e)² (ψ_f − o_f)²], (d, d), by (ψ − o)² = (1 − 2 o) ψ + o²."""
    slope, square = 1 - 2 * share, share**2
    mixed = np.outer(slope * share, square)
    return np.asarray(np.outer(slope, slope) * together + mixed + mixed.T + np.outer(square, square), dtype=np.float64)


def _pairs_for_triples(together: Floats, most: int) -> Ints:
    """The pairs e < f of symbols of different blocks that stand together most often, (t, 2)."""
    first, second = np.nonzero(np.triu(together, 1))
    order = np.argsort(-together[first, second], kind="stable")[:most]
    return np.stack([first[order], second[order]], axis=1).astype(np.int64)


def _triples(
    statistics: Statistics, chosen: Ints, different: Bools, share: Floats, together: Floats, smooth: Floats
) -> tuple[Floats, Floats]:
    """Third central moments of the chosen pairs with every symbol, (t, d), and their weights.

    A variance taken from a count of none or one would be far off: how often three votes stand together is there taken from
    how often two do (Kirkwood's superposition).
    """
    first, second = chosen.T
    columns = statistics.matrix.tocsc()
    both = columns[:, first].multiply(columns[:, second])
    raw = np.asarray((both.T @ sparse.diags(statistics.counts) @ columns).todense()) / max(statistics.n, 1.0)
    a, b, c = share[first, None], share[second, None], share[None, :]
    ab, ac, bc = together[first, second, None], together[first], together[second]
    central = raw - a * bc - b * ac - c * ab + 2 * a * b * c
    ab, ac, bc = smooth[first, second, None], smooth[first], smooth[second]
    usual = np.minimum(ab * ac * bc / (a * b * c), np.minimum(ab, np.minimum(ac, bc)))
    slopes, squares = (1 - 2 * a, 1 - 2 * b, 1 - 2 * c), (a**2, b**2, c**2)
    variance = slopes[0] * slopes[1] * slopes[2] * usual + squares[0] * squares[1] * squares[2]
    variance += slopes[0] * slopes[1] * squares[2] * ab + slopes[0] * squares[1] * slopes[2] * ac
    variance += squares[0] * slopes[1] * slopes[2] * bc + slopes[0] * squares[1] * squares[2] * a
    variance += squares[0] * slopes[1] * squares[2] * b + squares[0] * squares[1] * slopes[2] * c
    floor = 0.05 * a * (1 - a) * b * (1 - b) * c * (1 - c)
    here = np.zeros_like(different)
    here[first, second] = here[second, first] = True
    counted = 1 + here[first] + here[second]
    observed = different[first] & different[second]
    return central * observed, observed / (np.maximum(variance - central**2, floor) * counted)


# ---------------------------------------------------------------------------------------------------------- the search


def fitted(problem: Problem, first: Floats, balance: Floats, free: bool = False, iterations: int = 500) -> Estimate:
    """μ̂, 0 ≤ μ ≤ 1, found from `first` (d, k) by L-BFGS; p too where it is `free`, from `balance` (k)."""
    d, k = first.shape
    if not d:
        return Estimate(first, balance, 0.0)
    iterations = int(np.clip(MOST_WORK / (d * d * k), min(iterations, 20), iterations))
    unit = np.sqrt(np.maximum(problem.centre * (1 - problem.centre), 1e-12)) if problem.centre.any() else np.ones(d)
    beyond = np.full(k if free else 0, np.inf)
    bounds = optimize.Bounds(np.append(np.zeros(d * k), -beyond), np.append(np.repeat(1 / unit, k), beyond))
    point = np.concatenate([(first / unit[:, None]).ravel(), np.log(balance) if free else []])
    found = optimize.minimize(
        partial(_scaled, problem=problem, unit=unit, balance=None if free else balance),
        point,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": 1e-14, "gtol": 1e-8, "maxcor": 20},
    )
    emission = np.clip(found.x[: d * k].reshape(d, k) * unit[:, None], 0.0, 1.0)
    shares = _softmax(found.x[d * k :]) if free else balance
    return Estimate(emission, shares, float(found.fun) / SCALE)


def _scaled(point: Floats, problem: Problem, unit: Floats, balance: Floats | None) -> tuple[float, Floats]:
    d, k = problem.start.shape
    shares = _softmax(point[d * k :]) if balance is None else balance
    loss, gradient, by_label = problem.loss(point[: d * k].reshape(d, k) * unit[:, None], shares)
    slope = [(gradient * unit[:, None]).ravel()]
    if balance is None:
        slope.append(shares * (by_label - shares @ by_label))
    return SCALE * loss, SCALE * np.concatenate(slope)


def _softmax(point: Floats) -> Floats:
    shifted = np.exp(point - point.max())
    return np.asarray(shifted / shifted.sum(), dtype=np.float64)


# ------------------------------------------------------------------------------------------- simultaneous diagonalisation


def diagonalised(statistics: Statistics, seed: int = 0) -> Estimate | None:
    """First values of μ and p from three groups of voters; None where there are too few, or they do not tell k labels apart."""
    groups = _groups(statistics, seed)
    if groups is None:
        return None
    emission = np.zeros((len(statistics.symbols), statistics.symbols.k))
    found = _one_group(statistics, *groups, seed)
    if found is None:
        return None
    order = best_order(found, statistics.symbols.allowed[groups[2]], statistics.votes[groups[2]])
    emission[groups[2]] = np.clip(found[:, order], 0.0, 1.0)
    share = statistics.votes / max(statistics.n, 1.0)
    balance = _shares(emission[groups[2]], share[groups[2]])
    for group, others in ((groups[0], groups[2]), (groups[1], groups[2]), (groups[2], np.concatenate(groups[:2]))):
        factor = emission[others] * balance
        solved = np.linalg.lstsq(factor, statistics.pairs[np.ix_(others, group)], rcond=1e-10)[0].T
        emission[group] = np.clip(solved, 0.0, 1.0)
    return Estimate(emission, balance, np.nan)


def _groups(statistics: Statistics, seed: int) -> tuple[Ints, Ints, Ints] | None:
    """The symbols that occur in three groups of blocks, alike in labels and coverage; `seed` 0 to 2 turns them."""
    symbols, votes = statistics.symbols, statistics.votes
    used = np.unique(symbols.voter[votes > 0])
    if used.size < VIEWS or symbols.k > MOST_LABELS:
        return None
    said = symbols.by_voter(votes[:, None] * symbols.allowed)[used]
    coverage = symbols.by_voter(votes)[used]
    order = np.lexsort((-coverage, np.argmax(said, axis=1)))
    if seed >= VIEWS:
        order = np.random.default_rng(seed).permutation(order)
    place = np.empty(used.size, dtype=np.int64)
    place[order] = (np.arange(used.size) + seed) % VIEWS
    of = np.full(symbols.m, -1)
    of[used] = place
    group = np.where(votes > 0, of[symbols.voter], -1)
    return np.flatnonzero(group == 0), np.flatnonzero(group == 1), np.flatnonzero(group == 2)


def _one_group(statistics: Statistics, one: Ints, two: Ints, three: Ints, seed: int) -> Floats | None:
    """μ of the third group, (symbols, k) with its columns in any order."""
    k, n = statistics.symbols.k, max(statistics.n, 1.0)
    if min(one.size, two.size, three.size) < k:
        return None
    left, size, right = np.linalg.svd(statistics.pairs[np.ix_(one, two)])
    if size[k - 1] < 1e-9 * size[0]:
        return None
    columns = statistics.matrix.tocsc()
    first, second = columns[:, one] @ left[:, :k], columns[:, two] @ right[:k].T
    products = (first[:, :, None] * second[:, None, :]).reshape(-1, k * k)
    third = (columns[:, three].T @ (products * statistics.counts[:, None])).reshape(-1, k, k) / n
    matrices = third / size[:k]
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eig(np.einsum("f,fab->ab", 1 + rng.random(three.size), matrices))
    basis = vectors.real
    if np.any(np.abs(values.imag) > 1e-9 * np.abs(values).max()) or np.linalg.cond(basis) > 1e8:
        return None
    return np.asarray(np.einsum("ya,fab,by->fy", np.linalg.inv(basis), matrices, basis), dtype=np.float64)


def best_order(emission: Floats, allowed: Bools, votes: Floats) -> Ints:
    """The order of the columns that agrees best with what the symbols say: functions are better than chance, (k)."""
    shared = allowed / allowed.sum(axis=1, keepdims=True)
    relative = emission / np.maximum(emission.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray(optimize.linear_sum_assignment(-(shared.T @ (relative * votes[:, None])))[1], dtype=np.int64)


def _shares(emission: Floats, share: Floats) -> Floats:
    """The p ≥ 0 with μ p = o and Σ p = 1, by least squares, no label below one in a thousand."""
    heavy = 10.0
    rows = np.vstack([emission, heavy * np.ones(emission.shape[1])])
    found, _ = optimize.nnls(rows, np.append(share, heavy))
    bounded = np.maximum(found, 1e-3)
    return np.asarray(bounded / bounded.sum(), dtype=np.float64)


# ------------------------------------------------------------------------------------------------------- class balance


def usual_start(statistics: Statistics, balance: Floats, precision: Floats) -> Floats:
    """μ_init, (d, k): the emission of functions of this precision, (m)."""
    share = statistics.votes / max(statistics.n, 1.0)
    meaning = statistics.symbols.spread(statistics.symbols.expected(precision), balance)
    return np.asarray(np.clip(share[:, None] * meaning / balance, 0.0, 1.0), dtype=np.float64)


def class_balance(statistics: Statistics, ridge: float = BALANCE_RIDGE) -> tuple[Floats, Floats, str]:
    """The class balance (k), one standard error of each share (k), and a warning, "" where there is none.

    μ and p are fitted together to the first three moments, from several first values; the best minimum is the answer. The
    warning names other minima that fit as well, functions whose absence changes the answer, a model that the votes
    contradict, and an error that is too large. Where there are fewer than three independent voters, or more labels than
    triples can tell apart, p is even and the error infinite.
    """
    k = statistics.symbols.k
    even = np.full(k, 1 / k)
    statistics = fewer_voters(statistics, min(MOST_SYMBOLS, MOST_PARAMETERS // max(k, 1)))
    used = np.unique(statistics.symbols.voter[statistics.votes > 0])
    if used.size < VIEWS or not 1 < k <= MOST_LABELS or statistics.n <= 0:
        return even, np.full(k, np.inf), "the class balance can't be estimated: too few independent functions"
    answers = _answers(statistics, ridge)
    problem, best = answers[0]
    misfit = problem.misfit(best.loss, statistics.n)
    error = standard_errors(statistics, problem, best, free=True)[1] * np.sqrt(max(misfit, 1.0))
    others = [
        answer.balance
        for _, answer in answers
        if (answer.loss - best.loss) * statistics.n < AS_GOOD and np.abs(answer.balance - best.balance).max() > DISAGREE
    ]
    others += [
        share for share in _without_some(statistics, used, best, ridge) if np.abs(share - best.balance).max() > DISAGREE
    ]
    return best.balance, error, _warning(best.balance, error, others, misfit)


def fewer_voters(statistics: Statistics, most: int) -> Statistics:
    """The same rows with the voters of about `most` symbols that occur: of each label in turn the most frequent."""
    if np.count_nonzero(statistics.votes) <= most:
        return statistics
    kept = frequent_symbols(statistics, most)
    symbols = statistics.symbols
    singles = kept < symbols.singles
    joint = symbols.joint[np.ix_(kept[~singles] - symbols.singles, kept[singles])]
    less = Symbols(symbols.function[kept], symbols.allowed[kept], symbols.blocks, joint)
    return Statistics(less, statistics.matrix[:, kept].tocsr(), statistics.counts, statistics.gold)


def frequent_symbols(statistics: Statistics, most: int) -> Ints:
    """The symbols of the voters that `fewer_voters` keeps."""
    symbols, votes = statistics.symbols, statistics.votes
    said, size = symbols.by_voter(votes[:, None] * symbols.allowed), symbols.by_voter((votes > 0).astype(np.float64))
    label, coverage = np.argmax(said, axis=1), said.sum(axis=1)
    order = np.lexsort((-coverage, label))
    _, start = np.unique(label[order], return_index=True)
    turn = np.empty(order.size, dtype=np.int64)
    turn[order] = np.arange(order.size) - np.repeat(start, np.diff(np.append(start, order.size)))
    by_turn = np.lexsort((-coverage, turn))
    taken = by_turn[(np.cumsum(size[by_turn]) <= most) | (np.arange(by_turn.size) < FEWEST_VOTERS)]
    return np.flatnonzero(np.isin(symbols.voter, taken) & (votes > 0))


def extended(
    statistics: Statistics, kept: Ints, emission: Floats, balance: Floats, start: Floats, ridge: float
) -> tuple[Floats, Floats]:
    """μ of all symbols, (d, k), from that of some, `kept` (a) with `emission` (a, k), and one standard error, (d, k).

    Each of the others is found by itself, by least squares on the pairs that it makes with those, beside μ_init, `start`
    (d, k); a pair within a block counts as if it were none. The errors of μ of the kept ones are left out.
    """
    share = np.clip(statistics.votes / max(statistics.n, 1.0), 1e-12, 1 - 1e-12)
    factor = (emission - share[kept, None]) * balance
    weighed = factor / (share[kept] * (1 - share[kept]))[:, None]
    information = factor.T @ weighed
    inverse = np.linalg.inv(information + np.outer(balance, balance) + (ridge + 1e-9) * np.eye(balance.size))
    of_all, of_kept = statistics.matrix.tocsc(), (sparse.diags(statistics.counts) @ statistics.matrix[:, kept]).tocsc()
    found = np.empty_like(start)
    for first in range(0, share.size, CHUNK):
        part = slice(first, first + CHUNK)
        together = np.asarray((of_all[:, part].T @ of_kept).todense()) / statistics.n - np.outer(
            share[part], share[kept]
        )
        away = together - (start[part] - share[part, None]) @ factor.T
        marginal = share[part] - start[part] @ balance
        found[part] = start[part] + (away @ weighed + np.outer(marginal, balance)) @ inverse
    found[kept] = emission
    spread = np.sqrt(np.maximum(np.diag(inverse @ information @ inverse), 0.0) / max(statistics.n, 1.0))
    upper = share[:, None] / balance
    return np.clip(found, 0.0, np.minimum(upper, 1.0)), np.sqrt(share * (1 - share))[:, None] * spread


def learned(statistics: Statistics, ridge: float = BALANCE_RIDGE) -> tuple[Problem, Estimate]:
    """The emissions and the class balance together: what was minimised, and the best of the minima found."""
    return _answers(statistics, ridge)[0]


def _answers(statistics: Statistics, ridge: float) -> list[tuple[Problem, Estimate]]:
    """The minima reached from several first values: a few steps from each, and to the end from the best ones."""
    k = statistics.symbols.k
    precision = np.full(statistics.symbols.m, max(USUAL_PRECISION, 1 / k))
    even = np.full(k, 1 / k)
    problem = efficient(statistics, usual_start(statistics, even, precision), ridge)
    diagonal = [diagonalised(statistics, seed) for seed in range(RESTARTS)]
    skewed = [np.where(np.arange(2) == y, 0.8, 0.2) for y in range(2)] if k == 2 else []
    firsts = [found for found in diagonal if found is not None]
    firsts += [Estimate(usual_start(statistics, share, precision), share, np.nan) for share in (even, *skewed)]
    tried = [fitted(problem, first.emission, first.balance, True, FIRST_STEPS) for first in firsts]
    found = []
    for first in sorted(tried, key=lambda answer: answer.loss)[:FOLLOWED]:
        last = fitted(problem, first.emission, first.balance, free=True)
        order = best_order(last.emission, statistics.symbols.allowed, statistics.votes)
        found.append((problem, Estimate(last.emission[:, order], last.balance[order], last.loss)))
    return sorted(found, key=lambda answer: answer[1].loss)


def _without_some(statistics: Statistics, used: Ints, best: Estimate, ridge: float) -> Iterator[Floats]:
    """The balance without each third of the voters."""
    for part in range(VIEWS):
        left_out = np.flatnonzero(np.isin(statistics.symbols.blocks, used[part::VIEWS]))
        if used.size - used[part::VIEWS].size >= VIEWS:
            fewer = statistics.without(left_out)
            gone = fewer.votes <= 0
            first = np.where(gone[:, None], 0.0, best.emission)
            problem = efficient(fewer, first, ridge)
            yield fitted(problem, first, best.balance, free=True, iterations=2 * FIRST_STEPS).balance


def _warning(balance: Floats, error: Floats, others: list[Floats], misfit: float) -> str:
    if others:
        told = np.array([balance, *others])
        y = int(np.argmax(np.ptp(told, axis=0)))
        return (
            f"the votes do not settle the class balance: the share of label {y} may be {told[:, y].min():.2f} or "
            f"{told[:, y].max():.2f}"
        )
    if misfit > CONTRADICTED:
        return (
            "functions vote together for other reasons than the label: the class balance found in the votes may be off"
        )
    if np.max(error) > DISAGREE:
        return f"the class balance is uncertain: one standard error of a share is {np.max(error):.2f}"
    return ""


# ----------------------------------------------------------------------------------------------------- standard errors


def standard_errors(
    statistics: Statistics, problem: Problem, estimate: Estimate, free: bool = False
) -> tuple[Floats, Floats]:
    """One standard error of each μ, (d, k), and of each p, (k), which is 0 where p was given.

    Parameters at their bounds are held there. With more than a few hundred parameters each symbol is taken by itself, the
    others being held, and p is held too: then the errors are somewhat too small.
    """
    emission, balance = estimate.emission, estimate.balance
    d, k = emission.shape
    if not statistics.n or not d:
        return np.zeros((d, k)), np.zeros(k)
    loose = ((emission > 1e-9) & (emission < 1 - 1e-9)).ravel()
    rows = int(np.clip(MOST_WORK / 2 / (d * d * k), LEAST_ROWS, ROWS_FOR_ERRORS))
    sample = sampled(statistics, rows, 0)
    counts = sample.counts / max(sample.n, 1e-300)
    scores = _scores(sample, problem, emission, balance)
    if not free or d * k > MOST_PARAMETERS:
        scores = scores[:, : d * k]
    scores = scores - counts @ scores
    if d * k > MOST_PARAMETERS:
        return _errors_by_symbol(problem, emission, balance, scores, counts, statistics.n), np.zeros(k)
    if free:
        loose = np.append(loose, np.ones(k - 1, dtype=np.bool_))
    hessian = _hessian(problem, emission, balance, free)[np.ix_(loose, loose)]
    inverse = np.linalg.pinv(hessian, rcond=1e-12, hermitian=True)
    moved = (scores[:, loose] * np.sqrt(counts)[:, None]) @ inverse
    variance = np.zeros(loose.size)
    variance[loose] = np.sum(moved**2, axis=0) / max(statistics.n, 1.0)
    errors = np.sqrt(variance[: d * k]).reshape(d, k)
    if not free:
        return errors, np.zeros(k)
    last = moved[:, np.flatnonzero(loose) >= d * k].sum(axis=1)
    shares = np.append(variance[d * k :], last @ last / max(statistics.n, 1.0))
    return errors, np.sqrt(shares)


def _scores(statistics: Statistics, problem: Problem, emission: Floats, balance: Floats) -> Floats:
    """What each pattern adds to the gradient in μ and in p_1 … p_(k-1), p_k being the rest, (p, d k + k - 1)."""
    about = emission - problem.centre[:, None]
    seen = np.asarray(statistics.matrix.todense()) - problem.centre
    first, second = problem.chosen.T
    pair = seen[:, first] * seen[:, second]
    by_symbol, by_label = [], []
    for y in range(balance.size):
        of_pairs = seen * ((seen * about[:, y]) @ problem.pair_weights)
        of_first = problem.first_weights * seen
        part = 4 * balance[y] * of_pairs + 2 * balance[y] * of_first
        share = 2 * of_pairs @ about[:, y] + 2 * of_first @ about[:, y]
        if len(problem.chosen):
            across = 2 * pair * ((seen * about[:, y]) @ problem.triple_weights.T)
            model = about[first, y] * about[second, y]
            part += 2 * balance[y] * seen * ((pair * model) @ problem.triple_weights)
            into = (
                sparse.diags(about[second, y]) @ problem.chosen_first.T
                + sparse.diags(about[first, y]) @ problem.chosen_second.T
            )
            part += balance[y] * (across @ into)
            share += across @ model
        by_symbol.append(part)
        by_label.append(share)
    scores = -np.stack(by_symbol, axis=2).reshape(len(seen), -1)
    shares = -np.stack(by_label, axis=1)
    return np.hstack([scores, shares[:, :-1] - shares[:, -1:]])


def _hessian(problem: Problem, emission: Floats, balance: Floats, free: bool) -> Floats:
    """The second derivatives in μ, and in p_1 … p_(k-1) where they are free, by central differences of the gradient."""
    point = np.concatenate([emission.ravel(), balance[:-1] if free else []])
    rows = []
    for e in range(point.size):
        step = 1e-5
        ahead, behind = point.copy(), point.copy()
        ahead[e] += step
        behind[e] -= step
        rows.append((_slope(problem, ahead, balance, free) - _slope(problem, behind, balance, free)) / (2 * step))
    hessian = np.array(rows).reshape(point.size, point.size)
    return np.asarray((hessian + hessian.T) / 2, dtype=np.float64)


def _slope(problem: Problem, point: Floats, balance: Floats, free: bool) -> Floats:
    d, k = problem.start.shape
    shares = np.append(point[d * k :], 1 - point[d * k :].sum()) if free else balance
    _, gradient, by_label = problem.loss(point[: d * k].reshape(d, k), shares)
    return np.concatenate([gradient.ravel(), by_label[:-1] - by_label[-1] if free else []])


def _errors_by_symbol(
    problem: Problem, emission: Floats, balance: Floats, scores: Floats, counts: Floats, n: float
) -> Floats:
    """The errors of each symbol with the others held, (d, k); with many labels those of each number by itself."""
    d, k = emission.shape
    weighed = (emission - problem.centre[:, None]) * balance
    if k > MOST_LABELS:
        slope = 4 * problem.pair_weights @ weighed**2 + 2 * np.outer(problem.first_weights, balance**2)
        slope += 2 * problem.ridge[:, None]
        return np.asarray(np.sqrt((counts @ scores**2).reshape(d, k) / max(n, 1.0)) / slope, dtype=np.float64)
    squares = (weighed[:, :, None] * weighed[:, None, :]).reshape(d, k * k)
    hessian = 4 * (problem.pair_weights @ squares).reshape(d, k, k)
    hessian += 2 * problem.first_weights[:, None, None] * np.outer(balance, balance)
    hessian += 2 * problem.ridge[:, None, None] * np.eye(k)
    if len(problem.chosen):
        first, second = problem.chosen.T
        about = emission - problem.centre[:, None]
        pair = about[first] * about[second] * balance
        outer = (pair[:, :, None] * pair[:, None, :]).reshape(len(pair), k * k)
        hessian += 2 * (problem.triple_weights.T @ outer).reshape(d, k, k)
    inverse = np.linalg.pinv(hessian, rcond=1e-10, hermitian=True)
    moved = np.einsum("rek,ekf->ref", scores.reshape(len(scores), d, k), inverse)
    return np.asarray(np.sqrt(np.einsum("r,ref->ef", counts, moved**2) / max(n, 1.0)), dtype=np.float64)
