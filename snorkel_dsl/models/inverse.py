"""The inverse form of matrix completion, for functions whose dependencies are any sparse graph (Ratner et al., AAAI 2019).

Let K be the inverse of the second moments of all votes and of Y together. It vanishes on Ω, the pairs that no edge of the
triangulated graph joins (Loh and Wainwright, Annals of Statistics 2013: exactly where separators of cliques are Y alone, or
votes lean on a separator without regard to Y, else nearly). Of it only O = E[ψψᵀ] is seen, and

    K_O = O⁻¹ + Z Zᵀ,      (O⁻¹ + Z Zᵀ)_Ω = 0,      Q = O Z (I + ZᵀOZ)⁻¹ ZᵀO = μ P μᵀ

That μ p = diag O is known takes one column off Z: with Σ = O − ooᵀ in the place of O, Z has k − 1 and Q is (μ − o) P (μ − o)ᵀ.
For two labels it is one column, with a closed form: by least squares over Ω, weighed as the logarithms are sure,

    log z_e² + log z_f² = log (Σ⁻¹)_ef²,    sign(z_e z_f) = −sign(Σ⁻¹)_ef
    c = (1 + zᵀΣz) / (p_0 p_1),             Cov(ψ, Y) = Σz / √c,      μ_e1 = o_e + Cov(ψ_e, Y) / p_1

with one free sign for each connected component of Ω, taken so that functions are better than chance. Logarithms of small
entries are mostly noise, so least squares on the entries themselves follow.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import optimize, sparse
from scipy.sparse import csgraph

from snorkel_dsl.models.moments import Problem, fitted
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.structure import informative
from snorkel_dsl.votes import Bools, Floats, Ints

STEPS = 2_000
SHRUNK = (1.0, 0.8, 0.6, 0.4)  # what is believed, where the search begins: too much of it lies far off
LEFT = 0.05  # of the variance of Y that votes do not explain, at least, in what is believed
SURE = 1e-12  # of the largest entry: below it an entry of an inverse is taken as zero


def emissions(statistics: Statistics, chordal: Bools, balance: Floats, start: Floats, ridge: float) -> Floats:
    """μ, (d, k), of functions that depend on each other along a chordal graph (m, m); `start` is μ_init with weight `ridge`.

    `statistics` hold votes of single functions. Where a function never abstains, its most frequent vote follows from the
    others, and is left out of Σ; a vote that never occurs has μ = 0.
    """
    symbols, share = statistics.symbols, statistics.votes / max(statistics.n, 1.0)
    kept = informative(symbols, share)
    function, of = symbols.function[kept], share[kept]
    omega = (function[:, None] != function[None, :]) & ~chordal[np.ix_(function, function)]
    covariance = statistics.pairs[np.ix_(kept, kept)] - np.outer(of, of)
    covariance[np.diag_indices_from(covariance)] *= 1 + 1e-9
    found = np.zeros_like(start)
    if balance.size == 2:
        found[kept] = two_labels(covariance, of, omega, balance, start[kept])
    else:
        found[kept] = _factored(completed(covariance, of, omega, balance, start[kept]), of, balance, start[kept], ridge)
    for j in np.unique(symbols.function[np.setdiff1d(np.flatnonzero(share > 0), kept)]):
        mine = np.flatnonzero((symbols.function == j) & (share > 0))
        left = np.setdiff1d(mine, kept)
        found[left] = np.clip(1 - found[np.intersect1d(mine, kept)].sum(axis=0), 0.0, 1.0)
    return found


def _factored(q: Floats, share: Floats, balance: Floats, start: Floats, ridge: float) -> Floats:
    """The μ with μPμᵀ = Q and μp = o that is nearest to what is believed."""
    d, spread = share.size, np.maximum(share * (1 - share), 1e-12)
    none = np.zeros((0, d))
    problem = Problem(
        share,
        np.zeros(d),
        1 / spread,
        q - np.outer(share, share),
        0.5 / np.outer(spread, spread),
        np.zeros((0, 2), dtype=np.int64),
        none,
        none,
        start,
        ridge / spread,
    )
    return fitted(problem, start, balance, iterations=STEPS).emission


def rank_one(inverse: Floats, omega: Bools, believed: Floats) -> Floats:
    """The z, (d), with Σ⁻¹ + zzᵀ = 0 on Ω; 0 where Ω says nothing. `believed` (d) has the signs that most of z should have."""
    d = believed.size
    scale = np.sqrt(np.maximum(np.diag(inverse), 1e-300))
    unit = inverse / np.outer(scale, scale)
    first, second = np.nonzero(np.triu(omega & (np.abs(unit) > SURE), 1))
    if not first.size:
        return np.zeros(d)
    entries = unit[first, second]
    rows = np.arange(first.size)
    design = sparse.csr_matrix(
        (np.ones(2 * first.size), (np.tile(rows, 2), np.append(first, second))), shape=(first.size, d)
    )
    weighed = sparse.diags(np.abs(entries)) @ design
    target = np.abs(entries) * np.log(entries**2)
    found = sparse.linalg.lsqr(weighed, target, atol=1e-14, btol=1e-14, iter_lim=20 * d)[0]
    size = np.where(np.asarray(design.sum(axis=0)).ravel() > 0, np.exp(found / 2), 0.0)
    return np.asarray(size * scale * _signs(unit, first, second, believed * size), dtype=np.float64)


def _signs(unit: Floats, first: Ints, second: Ints, believed: Floats) -> Floats:
    """±1 for each e along the surest pairs; each component is turned so that it agrees with what is believed."""
    d = believed.size
    cost = sparse.csr_matrix((-np.abs(unit[first, second]) - 1.0, (first, second)), shape=(d, d))
    forest = csgraph.minimum_spanning_tree(cost)
    count, component = csgraph.connected_components(forest, directed=False)
    signs = np.ones(d)
    for root in (int(np.flatnonzero(component == c)[0]) for c in range(count)):
        order, parent = csgraph.breadth_first_order(forest, root, directed=False)
        for e in order[1:]:
            signs[e] = -np.sign(unit[e, parent[e]]) * signs[parent[e]]
    agreement = np.bincount(component, weights=signs * believed, minlength=count)
    return np.asarray(signs * np.where(agreement < 0, -1.0, 1.0)[component], dtype=np.float64)


def two_labels(covariance: Floats, share: Floats, omega: Bools, balance: Floats, start: Floats) -> Floats:
    """μ, (d, 2), in closed form from Σ (d, d), o (d) and p (2); `start` μ_init says which label is which."""
    deviation = np.sqrt(np.diag(covariance))
    inverse = np.asarray(np.linalg.inv(covariance / np.outer(deviation, deviation)))
    closed = rank_one(inverse, omega, (start[:, 1] - start[:, 0]) / deviation)
    z = _closed(inverse, omega, closed[:, None])[:, 0] / deviation
    joint = balance[0] * balance[1]
    scale = np.sqrt((1 + z @ covariance @ z) / joint)
    with_label = covariance @ z / scale
    by_label = np.stack([share - with_label / balance[0], share + with_label / balance[1]], axis=1)
    return np.asarray(np.clip(by_label, 0.0, 1.0), dtype=np.float64)


def completed(covariance: Floats, share: Floats, omega: Bools, balance: Floats, start: Floats) -> Floats:
    """Q = μPμᵀ, (d, d), from Σ (d, d) and o (d) by Z of k - 1 columns; `start` μ_init (d, k) gives the first Z."""
    scale = np.sqrt(np.diag(covariance))
    unit = covariance / np.outer(scale, scale)
    inverse = np.linalg.inv(unit)
    believed = (start - share[:, None]) * np.sqrt(balance) / scale[:, None]
    tried = [_closed(inverse, omega, _first(inverse, shrunk * believed)) for shrunk in SHRUNK]
    z = min(tried, key=lambda found: _open_entries(found.ravel(), inverse, omega.astype(np.float64))[0])
    along = unit @ z
    inner = np.linalg.inv(np.eye(z.shape[1]) + z.T @ along)
    return np.asarray((along @ inner @ along.T) * np.outer(scale, scale) + np.outer(share, share), dtype=np.float64)


def _closed(inverse: Floats, omega: Bools, first: Floats) -> Floats:
    """The Z, (d, k - 1), at the minimum that is reached from `first`."""
    found = optimize.minimize(
        partial(_open_entries, inverse=inverse, omega=omega.astype(np.float64)),
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS, "maxfun": 2 * STEPS, "ftol": 1e-16, "gtol": 1e-10, "maxcor": 30},
    )
    return np.asarray(found.x, dtype=np.float64).reshape(first.shape)


def _first(inverse: Floats, joint: Floats) -> Floats:
    """Z = Σ⁻¹ A (I − AᵀΣ⁻¹A)^−½ of the A = (μ − o) P^½ that is believed, in its k - 1 columns."""
    values, vectors = np.linalg.eigh(np.eye(joint.shape[1]) - joint.T @ inverse @ joint)
    wide = inverse @ joint @ (vectors * np.maximum(values, LEFT) ** -0.5)
    left, size, _ = np.linalg.svd(wide, full_matrices=False)
    return np.asarray(left[:, :-1] * size[:-1], dtype=np.float64)


def _open_entries(flat: Floats, inverse: Floats, omega: Floats) -> tuple[float, Floats]:
    """‖(Σ⁻¹ + ZZᵀ)_Ω‖² and its gradient."""
    z = flat.reshape(len(inverse), -1)
    residual = omega * (inverse + z @ z.T)
    return float(np.sum(residual**2)), (4 * residual @ z).ravel()
