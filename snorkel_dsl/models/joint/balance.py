"""The class balance over a feasible set: a chance of every vector, out of one small table for each variable.

    p(y) = Π_v p(y_v | context of v)              context: the variables of the clique of v that come before it

Variables come in the order of the tree: what a clique shares with the one above, then tasks before the labels that may apply
beside each other, then helpers. So each table is estimated in closed form from the expected counts of its clique (Lauritzen,
Graphical Models 1996, section 4.4). How often a label occurs may depend on its context only as far as the counts insist:

    p(y_v | c) = (share of y_v in c + τ q(y_v | c)) / (1 + τ)           q(y_v | c) = m(y_v) [feasible] / Σ of the feasible m

with one m for all contexts, their maximum likelihood by Hunter's steps (Annals of Statistics 2004). Without that, a task that
few rules are about soon stands for something else: every urgent report has a nodule, say.

p⁰ is even: each task has its labels equally often where it is asked, or as often as is declared. A task of which some label
requires something of another follows from that one: were both even, each would stand for the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from snorkel_dsl.models.base import log
from snorkel_dsl.models.joint.feasible import Clique
from snorkel_dsl.models.joint.messages import Messages
from snorkel_dsl.votes import Floats, Ints

TIE = 3.0  # τ
STEPS = 20  # of m
FITTING_STEPS = 300  # of p⁰ to declared shares
CAREFUL = 0.5  # what part of a correction is made, because all are made at once
FEW = 4  # and less of it for more labels beside each other, which move the same task above
EXACT = 1e-6  # nats
Shares = Mapping[int, Floats]  # by variable, those of its labels among the rows of which it is asked


@dataclass(frozen=True, eq=False)
class Table:
    """Of one variable of a clique: for each configuration (s) its context, its context with its state, and its state."""

    context: Ints
    cell: Ints
    state: Ints

    def conditional(self, shares: Floats, tie: float) -> Floats:
        """P(state | context) for each configuration, (s), from the shares of the configurations."""
        cells = np.bincount(self.cell, weights=shares).astype(np.float64)
        contexts = np.bincount(self.context, weights=shares).astype(np.float64)
        free: Floats = cells[self.cell] / np.maximum(contexts[self.context], 1e-300)
        return (free + tie * self._tied(cells, contexts)) / (1 + tie) if tie else free

    def _tied(self, cells: Floats, contexts: Floats) -> Floats:
        """Q for each configuration, (s)."""
        _, first = np.unique(self.cell, return_index=True)
        context, state = self.context[first], self.state[first]
        seen = np.bincount(state, weights=cells)
        m = np.maximum(seen / max(seen.sum(), 1e-300), 1e-12)
        for _ in range(STEPS):
            room = np.bincount(context, weights=m[state])
            m = np.maximum(seen / np.maximum(np.bincount(state, weights=(contexts / room)[context]), 1e-300), 1e-12)
            m /= m.sum()
        room = np.bincount(context, weights=m[state])
        return np.asarray((m[state] / room[context])[self.cell])


class BalanceTree:
    """Which tables the class balance over a feasible set has."""

    def __init__(self, messages: Messages) -> None:
        self.messages, self.feasible = messages, messages.feasible
        self.tables = [self._tables(clique) for clique in self.feasible.cliques]

    def _tables(self, clique: Clique) -> list[Table]:
        above = () if clique.parent < 0 else self.feasible.cliques[clique.parent].variables
        order = [v for v in clique.variables if v in above]
        new = sorted((v for v in clique.variables if v not in above), key=self._place)
        found = []
        for variable in new:
            columns = [clique.variables.index(v) for v in order]
            own = clique.configurations[:, clique.variables.index(variable)]
            context = _numbers(clique.configurations[:, columns])
            found.append(Table(context, _numbers(np.column_stack([context, own])), own))
            order.append(variable)
        return found

    def _place(self, variable: int) -> tuple[bool, bool, int]:
        own = self.feasible.variables[variable]
        return own.task is None, own.label is not None, variable

    def factors(self, shares: list[Floats], tie: float = TIE) -> tuple[Floats, ...]:
        """The logs of p(configuration | state of the separator) of each clique, (s), from shares of its configurations."""
        return tuple(
            np.sum([log(table.conditional(share, tie)) for table in tables], axis=0) if tables else np.zeros(share.size)
            for tables, share in zip(self.tables, shares, strict=True)
        )

    def states(self, factors: tuple[Floats, ...]) -> Floats:
        """The share of each state of all variables."""
        nothing = np.zeros((1, int(self.feasible.offsets[-1])))
        marginals: Floats = self.messages.beliefs(nothing, factors).marginals[0]
        return marginals

    def even(self, declared: Shares) -> tuple[list[Floats], Floats]:
        """p⁰: the share of each configuration of each clique, and of each state of all variables."""
        targets = dict(declared)
        for v, variable in enumerate(self.feasible.variables):
            alike = variable.task is not None and variable.label is None and v not in self.feasible.premises
            if alike and v not in targets:
                targets[v] = np.full(variable.labels, 1 / variable.labels)
        unary, step, before = np.zeros((1, int(self.feasible.offsets[-1]))), 1.0, np.inf
        for _ in range(FITTING_STEPS):
            found = self.correction(self.messages.beliefs(unary, self.messages.flat()).marginals[0], targets)
            off = float(np.abs(found).max(initial=0.0))
            if off < EXACT:
                break
            step, before = (step / 2 if off > before else step), off
            unary[0] += step * found
        beliefs = self.messages.beliefs(unary, self.messages.flat())
        return [share[0] for share in beliefs.cliques], beliefs.marginals[0]

    def correction(self, marginals: Floats, targets: Shares) -> Floats:
        """What must be added to the logs of states so that they come closer to the shares that they should have."""
        found = np.zeros(marginals.size)
        for v, target in targets.items():
            own = slice(int(self.feasible.offsets[v]), int(self.feasible.offsets[v]) + target.size)
            share = marginals[own]
            if share.sum() > 0:
                found[own] = np.where(share > 0, log(target) - log(share / share.sum()), 0.0)
        beside = sum(self.feasible.variables[v].label is not None for v in targets)
        return np.clip(CAREFUL * found / max(1.0, beside / FEW), -1.0, 1.0)

    def shares(self, states: Floats) -> dict[int, Floats]:
        """The shares of the labels of every task with one true label, out of those of all states."""
        found = {}
        for v, variable in enumerate(self.feasible.variables):
            own = states[self.feasible.states_of(v)][: variable.labels]
            if variable.task is not None and variable.label is None and own.sum() > 0:
                found[v] = own / own.sum()
        return found

    def reference(self) -> Floats:
        """The share of each state of all variables if every label were as likely as any other where it is asked."""
        found = np.full(int(self.feasible.offsets[-1]), 0.5)
        for variable in self.feasible.parents_first():
            event = self.feasible.above(variable)
            above = 1.0
            if event is not None:
                above = float(found[self.feasible.states_of(event.variable)][sorted(event.states)].sum())
            labels, own = self.feasible.variables[variable].labels, found[self.feasible.states_of(variable)]
            own[:labels], own[labels:] = above / labels, 1 - above
        return found


def _numbers(rows: Ints) -> Ints:
    """Equal rows as equal numbers from 0, (s)."""
    if rows.shape[1] == 0:
        return np.zeros(len(rows), dtype=np.int64)
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
