"""What functions say of each variable of a feasible set: votes as symbols, and the numbers that are learned of them.

A vote is a set of F, and every set that a rule can name is about one variable: the label of a task, one of several of its
labels, a label that may apply, or a helper for one of several that may. So the votes of a row say something of each variable
by itself, and the tree of the feasible set carries it to the others. A symbol e (a function with one thing that it says, or
a joint vote of a block of functions: `models.blocks`) is right, wrong although the task is asked, or about a task that is
not asked of the row at all:

    π_eg = P(y in group g | e)      g: what e allows, other labels, not asked          θ_e(y) = P(e | y) = c_e π_eg / p(g)

with c_e its share of rows and p(g) that of the group: two or three numbers a symbol, tied among the states of a group
(Ratner et al., AAAI 2019, class-conditional model), whatever the size of F. The first is its precision, learned as in
`dawid_skene`; how its errors are shared between the other two is learned for each task from all its functions, and of each
function as far as its votes show it. A row adds log θ_e(y) of its votes, and α log P(i abstains | y) of the other functions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from snorkel_dsl.facts import FunctionFacts, RuleFacts
from snorkel_dsl.models.base import log
from snorkel_dsl.models.blocks import dependency_blocks, incidence, joined, joint_symbols
from snorkel_dsl.models.joint.feasible import FeasibleSet, Said
from snorkel_dsl.models.symbols import Symbols, symbols_of
from snorkel_dsl.votes import ABSTAIN, FIRST_SET, Floats, Ints, LabelMatrix, TaskLabels, code_dtype

RIGHT, WRONG, NOT_ASKED = range(3)
NEVER_ABSTAINS = 1e-3  # P(i abstains | y) is at least this
SPLIT = 2.0  # how errors are shared: what all functions of the task show counts as so many times s times their errors
LEAST_SPLIT = 0.01  # no error is impossible
EVEN = 0.05  # and what the balance would make of it as such a part of all errors


def said_by(votes: LabelMatrix) -> list[Said]:
    """What functions were seen to say: each task with each set of its class numbers, once."""
    found = {
        (votes.tasks[votes.task_of[j]].name, votes.labels_of(code)): None
        for j in range(len(votes.functions))
        for code in votes.codes_of(j)
    }
    return sorted(found, key=lambda said: (said[0], sorted(said[1])))


def votes_on(votes: LabelMatrix, feasible: FeasibleSet) -> dict[int, LabelMatrix]:
    """For each variable on which some function votes, the matrix of those votes; class numbers are its states."""
    tables: dict[int, dict[int, dict[int, frozenset[int]]]] = {}
    for j in range(len(votes.functions)):
        task = votes.tasks[votes.task_of[j]].name
        for code in votes.codes_of(j):
            event = feasible.known((task, votes.labels_of(code)))
            if event is not None and len(event.states) < feasible.variables[event.variable].labels:
                tables.setdefault(event.variable, {}).setdefault(j, {})[code] = event.states
    return {variable: _recoded(votes, feasible, variable, tables[variable]) for variable in sorted(tables)}


def _recoded(
    votes: LabelMatrix, feasible: FeasibleSet, variable: int, tables: dict[int, dict[int, frozenset[int]]]
) -> LabelMatrix:
    own = feasible.variables[variable]
    chosen = votes.select(sorted(tables))
    sets = tuple(dict.fromkeys(said for table in tables.values() for said in table.values() if len(said) > 1))
    codes = np.full(chosen.codes.size, ABSTAIN, dtype=code_dtype(len(own.states), len(sets)))
    for place, j in enumerate(sorted(tables)):
        piece = chosen.slice_of(place)
        for code, said in tables[j].items():
            number = next(iter(said)) if len(said) == 1 else FIRST_SET - sets.index(said)
            codes[piece][chosen.codes[piece] == code] = number
    kept = codes != ABSTAIN
    sizes = np.bincount(chosen.function_of_vote[kept], minlength=len(chosen.functions))
    return replace(
        chosen,
        tasks=(TaskLabels(own.name, own.states),),
        task_of=(0,) * len(chosen.functions),
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        rows=chosen.rows[kept],
        codes=codes[kept],
        label_sets=sets,
        facts=_facts(votes.facts, feasible, variable),
    )


def _facts(facts: RuleFacts, feasible: FeasibleSet, variable: int) -> RuleFacts:
    """What is known of the functions, in the states of a variable; polarity only where it can be about it."""
    own = feasible.variables[variable]
    found: dict[str, FunctionFacts] = {}
    for name, one in facts.functions.items():
        polarity: frozenset[int] = frozenset()
        if one.task == own.task and own.label is None:
            polarity = one.polarity
        elif one.task == own.task:
            k = len(feasible.tasks[one.task].labels)
            polarity = frozenset(int(number < k) for number in one.polarity if number % k == own.label)
        found[name] = replace(one, polarity=polarity)
    return RuleFacts(found)


@dataclass(frozen=True, eq=False)
class Voices:
    """The votes on one variable: `symbols` over its states, and which stand in each of p patterns, `matrix` (p, d) sparse.

    `functions` names the functions of the symbols; without `asked_always` the task is not asked in the last state.
    """

    variable: int
    functions: tuple[str, ...]
    symbols: Symbols
    matrix: sparse.csr_matrix
    asked_always: bool

    @cached_property
    def groups(self) -> Floats:
        """Which states are right, wrong, or those of a task not asked, for each symbol, (d, 3, k) of 0 and 1."""
        allowed = self.symbols.allowed
        asked = np.arange(allowed.shape[1]) < allowed.shape[1] - (not self.asked_always)
        return np.stack([allowed, ~allowed & asked, ~allowed & ~asked], axis=1).astype(np.float64)

    @property
    def sided(self) -> int | None:
        """The only state that any vote is for, where there are two and only one is voted."""
        if self.symbols.k - (not self.asked_always) != 2 or not len(self.symbols):
            return None
        voted = np.flatnonzero(np.any(self.symbols.allowed[:, :2], axis=0))
        return int(voted[0]) if voted.size == 1 else None

    def on(self, own: LabelMatrix | None, rows: int) -> Voices:
        """The same voices on other rows; `own` are the votes on the variable there, None where there are none."""
        if own is None:
            return replace(self, matrix=sparse.csr_matrix((rows, len(self.symbols))))
        known = own.select([name for name in own.functions if name in set(self.functions)])
        wide = known.widened(self.functions)
        return replace(self, matrix=joined(incidence(wide, self.symbols), self.symbols))

    @classmethod
    def silent(cls, variable: int, functions: tuple[str, ...], symbols: Symbols, asked_always: bool) -> Voices:
        """Symbols without any row."""
        return cls(variable, functions, symbols, sparse.csr_matrix((0, len(symbols))), asked_always)

    def speakers(self, symbol: int) -> str:
        """The names of the functions whose vote a symbol is; of a joint vote all that take part."""
        singles = self.symbols.singles
        members = [symbol] if symbol < singles else np.flatnonzero(self.symbols.joint[symbol - singles]).tolist()
        return ", ".join(self.functions[self.symbols.function[e]] for e in members)

    def without(self, functions: frozenset[str]) -> Voices:
        """The same patterns as if these functions abstained everywhere."""
        kept = np.array([self.functions[j] not in functions for j in self.symbols.function], dtype=np.float64)
        matrix = (self.matrix @ sparse.diags(kept)).tocsr()
        matrix.eliminate_zeros()
        return replace(self, matrix=matrix)


def voices_of(
    rows: LabelMatrix, chosen: Ints | None, counts: Floats, feasible: FeasibleSet, facts: RuleFacts
) -> list[Voices]:
    """The votes of distinct rows, variable by variable; functions that depend on each other are one voter.

    `chosen` are the numbers of the rows that stand for all, None for all of them, and `counts` what each counts.
    """
    found = []
    for variable, every in votes_on(rows, feasible).items():
        symbols = symbols_of(every, every.facts)
        own = every if chosen is None else every.take(chosen)
        matrix = incidence(own, symbols)
        blocks = dependency_blocks(matrix, counts, symbols, own.functions, own.facts)
        symbols = joint_symbols(matrix, counts, symbols, blocks)
        asked = feasible.variables[variable].asked_always
        found.append(Voices(variable, own.functions, symbols, joined(matrix, symbols), asked))
    return found


@dataclass(frozen=True, eq=False)
class Emission:
    """What is believed of the symbols of one variable: `precision` (d, 3) is π, `coverage` (d) is c."""

    precision: Floats
    coverage: Floats

    @classmethod
    def expected(cls, voices: Voices, prior: Floats, balance: Floats, coverage: Floats) -> Emission:
        """Before any vote was looked at: π as expected of each symbol, (d), and errors shared as the balance (k) is."""
        split = _split(voices.groups @ balance)
        return cls(_threefold(prior, split), coverage)

    def weights(self, voices: Voices, balance: Floats, alpha: float) -> tuple[Floats, Floats]:
        """What each symbol adds to the log-odds of the states, (d, k), and what a row without votes starts from, (k)."""
        groups = voices.groups
        share = groups @ balance
        weights = np.einsum("dgk,dg->dk", groups, log(self.precision) - log(share))
        if alpha == 0:
            return weights, np.zeros(voices.symbols.k)
        emitted = self.coverage[:, None] * np.exp(weights)
        silence = np.log(np.clip(1 - voices.symbols.by_voter(emitted), NEVER_ABSTAINS, 1.0))
        return weights - alpha * silence[voices.symbols.voter], alpha * silence.sum(axis=0)

    def learned(self, voices: Voices, expected: Floats, votes: Floats, prior: Prior, balance: Floats) -> Emission:
        """The maximum a posteriori, from the expected states (d, k) of the rows on which each symbol stands."""
        counted = np.einsum("dgk,dk->dg", voices.groups, expected)
        share = voices.groups @ balance
        right = (counted[:, RIGHT] + prior.strength * votes * prior.precision) / np.maximum(
            votes * (1 + prior.strength), 1e-300
        )
        right = np.maximum(np.where(votes > 0, right, prior.precision), np.minimum(share[:, RIGHT], 1 - 1e-6))
        errors, usual = counted[:, WRONG:], _split(share)
        together = errors.sum(axis=0) + EVEN * max(errors.sum(), 1e-9) * usual.mean(axis=0)
        pooled = usual * together / np.maximum(usual.mean(axis=0), 1e-9)
        pooled /= np.maximum(pooled.sum(axis=1, keepdims=True), 1e-300)
        believed = max(SPLIT * prior.strength, LEAST_SPLIT) * max(errors.sum(axis=1).mean(), 1e-9)
        split = errors + believed * pooled
        return replace(self, precision=_threefold(right, split / np.maximum(split.sum(axis=1, keepdims=True), 1e-300)))


@dataclass(frozen=True, eq=False)
class Prior:
    """The precision that is expected of each symbol, (d), and its weight as a multiple of the symbol's votes."""

    precision: Floats
    strength: float


def _split(share: Floats) -> Floats:
    """How errors are shared among other labels and not being asked, (d, 2), as those two groups are."""
    outside = np.maximum(share[:, WRONG:], 0.0)
    total = outside.sum(axis=1, keepdims=True)
    return np.where(total > 0, outside / np.where(total > 0, total, 1.0), 0.5)


def _threefold(right: Floats, split: Floats) -> Floats:
    return np.column_stack([right, (1 - right)[:, None] * split])
