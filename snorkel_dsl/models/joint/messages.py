"""Exact sums and maxima over a feasible set, by messages along its tree of cliques, for many rows at once.

    P(y | row) ∝ Π_C φ_C(y_C) · Π_v ψ_v(y_v; row)          y in F

φ are the factors of the class balance, ψ what the votes of a row say of each variable. With messages from the leaves to the
root and back (Lauritzen and Spiegelhalter, JRSS B 1988),

    m_C(s) = log Σ_{y_C agrees with s} φ_C(y_C) Π ψ_v(y_v) Π_{C' below C} m_C'(y_C)        s: a state of the separator

each clique has its exact share of every configuration, and each variable of every state. All is done in logarithms; a
maximum in place of the sum gives the best vector. Rows are columns of nothing: each array here is (rows, something).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from snorkel_dsl.models.joint.feasible import Clique, FeasibleSet
from snorkel_dsl.votes import Floats, Ints

MOST_CELLS = 4_000_000  # of one batch of rows times the configurations of all cliques: 32 MB an array


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What messages found, of p rows: `partition` (p) the log of the sum over F, `cliques` a (p, s) array of probabilities
    for each clique, and `marginals` (p, states of all variables).
    """

    partition: Floats
    cliques: list[Floats]
    marginals: Floats


class Spoken(Protocol):
    """What votes say of the states of all variables."""

    def of(self, rows: slice) -> Floats:
        """The logs of ψ of some rows, (rows, states of all variables)."""


class Groups:
    """Columns in groups, for sums and maxima over each: `of` (s) numbers the group of each column from 0 without a gap."""

    def __init__(self, of: Ints) -> None:
        self.of = of
        self.order = np.argsort(of, kind="stable")
        self.starts = np.searchsorted(of[self.order], np.arange(int(of.max(initial=-1)) + 1))

    def log_sum(self, values: Floats) -> Floats:
        """Log Σ exp over each group, (p, s) to (p, groups)."""
        sorted_values = values[:, self.order]
        highest = np.maximum.reduceat(sorted_values, self.starts, axis=1)
        finite = np.where(np.isfinite(highest), highest, 0.0)
        with np.errstate(divide="ignore"):
            summed = np.log(np.add.reduceat(np.exp(values - finite[:, self.of])[:, self.order], self.starts, axis=1))
        return np.asarray(summed + finite)

    def sum(self, values: Floats) -> Floats:
        """Σ over each group, (p, s) to (p, groups)."""
        return np.asarray(np.add.reduceat(values[:, self.order], self.starts, axis=1))

    def max(self, values: Floats) -> Floats:
        """The highest of each group, (p, s) to (p, groups)."""
        return np.asarray(np.maximum.reduceat(values[:, self.order], self.starts, axis=1))


class Messages:
    """Messages along the tree of a feasible set; what does not depend on rows is worked out once."""

    def __init__(self, feasible: FeasibleSet) -> None:
        self.feasible = feasible
        self.ups = [None if clique.up is None else Groups(clique.up) for clique in feasible.cliques]
        self.downs = [None if clique.down is None else Groups(clique.down) for clique in feasible.cliques]
        self._columns = [self._columns_of(c, clique) for c, clique in enumerate(feasible.cliques)]
        self._states = [self._states_of(variable) for variable in range(len(feasible.variables))]

    @property
    def configurations(self) -> int:
        """How many configurations all cliques have together."""
        return sum(len(clique.configurations) for clique in self.feasible.cliques)

    def batches(self, rows: int) -> Iterator[slice]:
        """Rows in batches that bound the memory."""
        size = max(1, MOST_CELLS // max(self.configurations, 1))
        return (slice(start, min(start + size, rows)) for start in range(0, rows, size))

    def _columns_of(self, number: int, clique: Clique) -> list[Ints]:
        """For each variable at home in a clique, which state of all each configuration has."""
        return [
            self.feasible.offsets[variable] + clique.configurations[:, column]
            for column, variable in enumerate(clique.variables)
            if self.feasible.homes[variable] == number
        ]

    def _states_of(self, variable: int) -> tuple[Ints, Groups]:
        """The states of a variable that occur in its home, and the configurations in groups of the same."""
        clique = self.feasible.cliques[self.feasible.homes[variable]]
        states, of = np.unique(clique.configurations[:, clique.variables.index(variable)], return_inverse=True)
        return self.feasible.offsets[variable] + states, Groups(of.ravel())

    # --- sums --------------------------------------------------------------------------------------------------------

    def beliefs(self, unary: Floats, factors: Sequence[Floats]) -> Beliefs:
        """Exact probabilities of p rows, from the logs of ψ (p, states of all variables) and of φ (one (s) a clique)."""
        tables = self._tables(unary, factors)
        cliques = self.feasible.cliques
        sent: list[Floats] = [np.zeros((len(unary), 0))] * len(cliques)
        partition = np.zeros(len(unary))
        for c in reversed(range(len(cliques))):
            up = self.ups[c]
            if up is None:
                partition += Groups(np.zeros(tables[c].shape[1], dtype=np.int64)).log_sum(tables[c])[:, 0]
            else:
                sent[c] = up.log_sum(tables[c])
                tables[cliques[c].parent] += sent[c][:, cliques[c].down]
        for c, clique in enumerate(cliques):
            down = self.downs[c]
            if down is not None:
                back = down.log_sum(tables[clique.parent])
                with np.errstate(invalid="ignore"):
                    answer = np.where(np.isneginf(back), -np.inf, back - sent[c])
                tables[c] += answer[:, clique.up]
        return self._normalised(tables, partition)

    def _tables(self, unary: Floats, factors: Sequence[Floats]) -> list[Floats]:
        tables = []
        for c, factor in enumerate(factors):
            table = np.repeat(factor[None, :], len(unary), axis=0)
            for columns in self._columns[c]:
                table += unary[:, columns]
            tables.append(table)
        return tables

    def _normalised(self, tables: list[Floats], partition: Floats) -> Beliefs:
        shares = []
        for table in tables:
            highest = table.max(axis=1, keepdims=True)
            share = np.exp(table - np.where(np.isfinite(highest), highest, 0.0))
            shares.append(share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300))
        marginals = np.zeros((len(partition), int(self.feasible.offsets[-1])))
        for variable, (columns, groups) in enumerate(self._states):
            marginals[:, columns] = groups.sum(shares[self.feasible.homes[variable]])
        return Beliefs(partition, shares, marginals)

    def marginals(self, evidence: Spoken, rows: int, factors: Sequence[Floats]) -> Floats:
        """The share of each state of all variables of each row, (rows, states of all variables)."""
        parts = [self.beliefs(evidence.of(batch), factors).marginals for batch in self.batches(rows)]
        return np.concatenate(parts) if parts else np.zeros((0, int(self.feasible.offsets[-1])))

    # --- maxima --------------------------------------------------------------------------------------------------------

    def best(self, unary: Floats, factors: Sequence[Floats]) -> Ints:
        """The feasible vector of the highest sum of logs, (p, V) states; the first of several that are as good."""
        tables = self._tables(unary, factors)
        cliques = self.feasible.cliques
        for c in reversed(range(len(cliques))):
            up = self.ups[c]
            if up is not None:
                tables[cliques[c].parent] += up.max(tables[c])[:, cliques[c].down]
        chosen: list[Ints] = []
        vector = np.zeros((len(unary), len(self.feasible.variables)), dtype=np.int64)
        for c, clique in enumerate(cliques):
            table = tables[c]
            if clique.up is not None and clique.down is not None:
                agreed = clique.down[chosen[clique.parent]]
                table = np.where(clique.up[None, :] == agreed[:, None], table, -np.inf)
            chosen.append(table.argmax(axis=1).astype(np.int64))
            vector[:, list(clique.variables)] = clique.configurations[chosen[c]]
        return vector

    def flat(self) -> list[Floats]:
        """Factors that say nothing: log φ = 0 on all of F."""
        return [np.zeros(len(clique.configurations)) for clique in self.feasible.cliques]
