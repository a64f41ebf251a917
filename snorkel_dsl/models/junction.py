"""Junction trees: what is exact where dependencies are no disjoint blocks.

A graph of functions that depend on each other given Y is triangulated; its largest cliques C form a tree whose separators S are
as large as they can be (a **maximum** spanning tree over |C ∩ C'|), and

    P(λ | y) = Π_C μ_C(λ_C | y) / Π_S μ_S(λ_S | y)^(d(S) − 1)

where d(S) is how many cliques meet in S (Lauritzen 1996; Ratner et al., AAAI 2019). A table μ_C has one row for every joint
vote of its functions, abstaining included. It is learned from the pairs that these joint votes make with the functions of
other components, which are independent of them given Y, beside a belief: E[1_s ψ_e] = Σ_y μ_sy p_y μ_ey, by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.symbols import Symbols
from snorkel_dsl.votes import Bools, Floats, Ints

MOST_STATES = 4_096  # joint votes of one clique
SMALLEST = 1e-6

Clique = tuple[int, ...]


# ------------------------------------------------------------------------------------------------------------- graphs


def triangulated(graph: Bools) -> tuple[Bools, list[Clique]]:
    """A chordal graph that holds the symmetric `graph` (m, m), and its largest cliques, by eliminating the vertex that adds
    the fewest edges first.
    """
    filled = graph & ~np.eye(len(graph), dtype=np.bool_)
    left = filled.copy()
    alive = np.ones(len(graph), dtype=np.bool_)
    found: list[set[int]] = []
    for _ in range(len(graph)):
        vertex = min(np.flatnonzero(alive), key=lambda v: (_missing(left, int(v)), v))
        near = np.flatnonzero(left[vertex])
        for other in near:
            added = near[near != other]
            filled[other, added] = left[other, added] = True
        found.append({int(vertex), *near.tolist()})
        left[vertex], left[:, vertex], alive[vertex] = False, False, False
    largest = [clique for i, clique in enumerate(found) if not any(clique <= other for other in found[:i])]
    return filled, [tuple(sorted(clique)) for clique in largest]


def _missing(graph: Bools, vertex: int) -> int:
    """How many edges its neighbours lack between them."""
    near = np.flatnonzero(graph[vertex])
    return int(near.size * (near.size - 1) - graph[np.ix_(near, near)].sum())


def junction_tree(cliques: list[Clique]) -> list[tuple[int, int, Clique]]:
    """The edges of a maximum spanning tree over the sizes of separators: (clique, clique, separator)."""
    if len(cliques) < 2:
        return []
    members = np.zeros((len(cliques), 1 + max(max(clique) for clique in cliques)), dtype=np.int64)
    for c, clique in enumerate(cliques):
        members[c, list(clique)] = 1
    tree = csgraph.minimum_spanning_tree(sparse.csr_matrix(-np.triu(members @ members.T, 1))).tocoo()
    edges = sorted(zip(tree.row.tolist(), tree.col.tolist(), strict=True))
    return [(i, j, tuple(np.flatnonzero(members[i] & members[j]).tolist())) for i, j in edges]


def components(graph: Bools) -> Ints:
    """For each vertex the number of its connected component, (m)."""
    return np.asarray(
        csgraph.connected_components(sparse.csr_matrix(graph.astype(np.int64)), directed=False)[1], dtype=np.int64
    )


# ------------------------------------------------------------------------------------------------------------- tables


@dataclass(frozen=True, eq=False)
class Tables:
    """Cliques and separators of several functions each, `members` (t, widest), -1 beyond the last, and their tables.

    `power` (t) is 1 for a clique and -1 for a separator, which stands as often as it counts. `sizes` (m) is how many states a
    function has: 0 abstains, then its symbols in order. `first` (t + 1) is where each table begins in `values` (rows, k), the
    logarithms of P(joint vote | y); the first member changes slowest.
    """

    members: Ints
    power: Ints
    sizes: Ints
    first: Ints
    values: Floats

    def logits(self, states: Ints) -> Floats:
        """Σ log P(λ_C | y) − Σ log P(λ_S | y) of rows with these states of all functions (rows, m), (rows, k)."""
        total = np.zeros((len(states), self.values.shape[1]))
        for t in range(len(self.members)):
            total += self.power[t] * self.values[self.first[t] + self.codes(states, t)]
        return total

    def codes(self, states: Ints, table: int) -> Ints:
        """The row of a table for each row of states."""
        code = np.zeros(len(states), dtype=np.int64)
        for j in self.members[table][self.members[table] >= 0]:
            code = code * self.sizes[j] + states[:, j]
        return code


def tables_of(graph: Bools, sizes: Ints, k: int) -> Tables:
    """The cliques and separators of a graph of functions with these numbers of states, tables still empty."""
    _, cliques = triangulated(graph)
    several = [clique for clique in cliques if len(clique) > 1]
    separators = [shared for _, _, shared in junction_tree(several) if shared]
    everything = several + separators
    members = np.full((len(everything), max((len(clique) for clique in everything), default=0)), -1)
    for t, clique in enumerate(everything):
        members[t, : len(clique)] = clique
    rows = [int(np.prod(sizes[list(clique)])) for clique in everything]
    first = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
    power = np.array([1] * len(several) + [-1] * len(separators), dtype=np.int64)
    return Tables(members, power, sizes, first, np.zeros((int(first[-1]), k)))


def bounded(edges: list[tuple[int, int]], sizes: Ints) -> Bools:
    """The graph of as many of the edges, the first ones first, as leave every clique a table that can be filled, (m, m)."""
    graph = np.zeros((sizes.size, sizes.size), dtype=np.bool_)
    for i, j in edges:
        tried = graph.copy()
        tried[i, j] = tried[j, i] = True
        if all(np.prod(sizes[list(clique)].astype(np.float64)) <= MOST_STATES for clique in triangulated(tried)[1]):
            graph = tried
    return graph


def learned_table(
    seen: Floats, together: Floats, outside: Floats, share: Floats, balance: Floats, believed: Floats, ridge: float
) -> Floats:
    """P(joint vote | y), (states, k), whose columns sum to one.

    `seen` (states) is how often each joint vote occurs, `together` (states, e) how often with each outside symbol, whose
    emissions are `outside` (e, k) and shares `share` (e); `believed` (states, k) weighs as `ridge`, a share of the rows.
    """
    weights = 1 / np.maximum(share * (1 - share), 1e-9)
    factor = (outside - share[:, None]) * balance
    normal = factor.T @ (weights[:, None] * factor) + np.outer(balance, balance) / 0.01
    normal = normal + ridge * np.diag(balance)
    right = (weights * (together - np.outer(seen, share))) @ factor + np.outer(seen, balance) / 0.01
    solved = np.linalg.solve(normal, (right + ridge * believed * balance).T).T
    upper = seen[:, None] / np.maximum(balance, 1e-12)
    table = np.clip(solved, SMALLEST * np.maximum(believed, SMALLEST), np.maximum(upper, SMALLEST))
    return np.asarray(table / table.sum(axis=0), dtype=np.float64)


def learned_tables(
    statistics: Statistics, graph: Bools, emission: Floats, balance: Floats, ridge: float, silence: float
) -> Tables:
    """The tables of a graph (m, m), from votes of single functions with emissions μ (d, k); `silence` is how far a joint
    vote in which all abstain is trusted.
    """
    symbols, n = statistics.symbols, max(statistics.n, 1.0)
    sizes = np.bincount(symbols.function, minlength=symbols.m) + 1
    tables = tables_of(graph, sizes, symbols.k)
    states, component = states_of(statistics.matrix, symbols), components(graph)
    share = np.maximum(statistics.votes / n, 1e-12)
    for t, members in enumerate(tables.members):
        clique = members[members >= 0]
        rows = int(tables.first[t + 1] - tables.first[t])
        code = tables.codes(states, t)
        seen = np.bincount(code, weights=statistics.counts, minlength=rows) / n
        outside = np.flatnonzero((component[symbols.function] != component[clique[0]]) & (statistics.votes > 0))
        hits = sparse.csr_matrix((statistics.counts, (code, np.arange(code.size))), shape=(rows, code.size))
        together = np.asarray((hits @ statistics.matrix[:, outside]).todense()) / n
        believed = _voices(clique, sizes, symbols, emission, balance, seen)
        table = np.log(learned_table(seen, together, emission[outside], share[outside], balance, believed, ridge))
        table[0] *= silence
        tables.values[tables.first[t] : tables.first[t + 1]] = table
    return tables


def _voices(clique: Ints, sizes: Ints, symbols: Symbols, emission: Floats, balance: Floats, seen: Floats) -> Floats:
    """P(joint vote | y), (states, k), if its members shared one voice: the geometric mean of what each vote says alone."""
    weights = np.log(np.maximum(emission / np.maximum(emission @ balance, 1e-12)[:, None], 1e-3))
    grid = np.stack(np.unravel_index(np.arange(seen.size), sizes[clique]), axis=1)
    total = np.zeros((seen.size, symbols.k))
    for place, j in enumerate(clique):
        says = np.vstack([np.zeros(symbols.k), weights[symbols.function == j]])
        total += says[grid[:, place]]
    voice = np.exp(total / np.maximum(np.count_nonzero(grid, axis=1), 1)[:, None])
    joint = seen[:, None] * voice / np.maximum(voice @ balance, 1e-12)[:, None] + 1e-9
    return np.asarray(joint / joint.sum(axis=0), dtype=np.float64)


def states_of(matrix: sparse.csr_matrix, symbols: Symbols) -> Ints:
    """The state of each function in each row, (rows, m): 0, or the place of its vote among its symbols from 1 on."""
    first = np.concatenate([[0], np.cumsum(np.bincount(symbols.function, minlength=symbols.m))])
    entries = matrix.tocoo()
    states = np.zeros((matrix.shape[0], symbols.m), dtype=np.int64)
    states[entries.row, symbols.function[entries.col]] = entries.col - first[symbols.function[entries.col]] + 1
    return states
