"""Matrix completion (MeTaL; Ratner et al., AAAI 2019), with a class balance and errors of its own.

For functions i, j that are independent given Y, the pair moments factor: O_ij = μ_i P μ_jᵀ, where O = E[ψψᵀ] is the share
of rows on which two symbols stand together, μ_ey = P(e | y) and P = diag(p). So

    μ̂ = argmin ‖(O − μPμᵀ)_Ω‖² + ‖μp − diag O‖² + ρ‖μ − μ_init‖²,   0 ≤ μ ≤ 1

over Ω, the pairs of symbols of functions in different dependency blocks; μ_init is the belief that functions are better than
chance. By default each moment is taken about its mean and weighed by one over its variance, without which a few frequent
votes decide everything; ρ then counts in rows, as a share of n. The gradient is exact, and L-BFGS needs no learning rate
(`moments`). Columns of labels that are about equally frequent can be exchanged without changing the loss much: where another
order agrees better with what the symbols say, the descent begins anew from there. Fewer than three independent blocks that
vote together do not determine μ: their functions keep μ_init and are named in `not_identifiable_`.

With three labels or more pairs leave a rotation free, and μ_init decides; third moments over independent triples settle it
(`moments="triples"`). Which moments, how strong a belief and how far abstaining is trusted is chosen by what foretells the
votes of left-out functions best, where it is not given. Nobody giving the class balance, it is that of the triples
(`moments.class_balance`) unless these do not settle it: then it is the one that Dawid-Skene finds, and `warnings_` says so.

Inference: P(y | row) ∝ p_y Π_i μ_i(λ_i | y); abstaining is 1 − Σ_e μ_ey, trusted to the power α. A joint vote of a block is
one symbol, so the factor is exact where blocks are disjoint. Where dependencies, given or proposed by facts and confirmed by
votes, are no disjoint blocks, μ is that of the inverse form (`inverse`), and inference follows a junction tree (`junction`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from scipy import sparse

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import SymbolModel, log, softmax
from snorkel_dsl.models.blocks import MOST_MEMBERS, incidence, row_sums
from snorkel_dsl.models.dawid_skene import ABSTAIN_WEIGHTS, NEVER_ABSTAINS, DawidSkene
from snorkel_dsl.models.heldout import best
from snorkel_dsl.models.inverse import emissions
from snorkel_dsl.models.junction import Tables, bounded, learned_tables, states_of, tables_of, triangulated
from snorkel_dsl.models.majority import USUAL_PRECISION, expected_precision
from snorkel_dsl.models.moments import (
    MOST_LABELS,
    Estimate,
    Problem,
    best_order,
    class_balance,
    diagonalised,
    direct,
    efficient,
    extended,
    fewer_voters,
    fitted,
    frequent_symbols,
    standard_errors,
    usual_start,
)
from snorkel_dsl.models.statistics import Statistics, sampled
from snorkel_dsl.models.structure import confirmed_pairs, merged_blocks, with_blocks, without_blocks
from snorkel_dsl.models.symbols import Symbols, unseen
from snorkel_dsl.votes import Bools, Floats, Ints, LabelMatrix

if TYPE_CHECKING:
    import pandas as pd

Moments = Literal["direct", "pairs", "triples"]

ENOUGH_VIEWS = 3
# Settled by how well left-out votes are foretold, without any gold: on the public vote sets of benchmarks/label_models.py.
SETTINGS: tuple[tuple[Moments, float], ...] = (("pairs", 0.3), ("triples", 0.5), ("triples", 2.0))
USUAL_WEIGHT = 0.25  # α under which the moments are chosen
PATTERNS_TO_CHOOSE = 10_000
SYMBOLS_TO_CHOOSE = 100
MOST_DENSE = 2_500  # symbols of which all pairs are looked at
MOST_TO_CHOOSE = 2e7  # d² k beyond which nothing is tried out
RESAMPLED = 20  # times, for standard errors of the inverse form


class MatrixCompletion(SymbolModel):
    """MeTaL. `abstain` is α, or "chosen"; `prior` is the precision behind μ_init and `ridge` its weight ρ, or "chosen".

    `moments` is "direct" for the plain loss (where `ridge` is absolute, .01 if it is not given), "pairs" or "triples" for
    moments weighed by their variance, or "chosen". `emission_` is μ, (d, k), and `emission_error_` one standard error of it,
    (d, k), of the symbols `symbol_function_` (d), `symbol_labels_` (d, k); `balance_error_` (k) is that of an estimated
    class balance, 0 where it was given, infinite where the votes do not tell. `dependencies` are pairs of names of functions
    that depend on each other given the label, beside those of the facts; `form` is "direct", "inverse", or "chosen" by
    whether they are disjoint blocks that a table can hold. Of the inverse form `table_…_` are the tables of its junction tree.
    """

    name: ClassVar[str] = "matrix_completion"
    saved: ClassVar[tuple[str, ...]] = (
        *SymbolModel.saved,
        "emission_",
        "emission_error_",
        "balance_error_",
        "expected_",
        "abstain_",
        "unidentified_",
        "table_members_",
        "table_power_",
        "table_sizes_",
        "table_first_",
        "table_values_",
    )
    abstain_: np.float64
    expected_: Floats
    emission_: Floats
    emission_error_: Floats
    balance_error_: Floats
    unidentified_: Bools
    setting_: tuple[Moments, float]
    table_members_: Ints
    table_power_: Ints
    table_sizes_: Ints
    table_first_: Ints
    table_values_: Floats

    def __init__(
        self,
        abstain: float | Literal["chosen"] = "chosen",
        prior: float = USUAL_PRECISION,
        ridge: float | Literal["chosen"] = "chosen",
        moments: Literal["direct", "pairs", "triples", "chosen"] = "chosen",
        dependencies: Sequence[tuple[str, str]] = (),
        form: Literal["direct", "inverse", "chosen"] = "chosen",
        iterations: int = 500,
        seed: int = 0,
    ) -> None:
        self.abstain = abstain
        self.prior = prior
        self.ridge = ridge
        self.moments = moments
        self.dependencies = dependencies
        self.form = form
        self.iterations = iterations
        self.seed = seed

    @property
    def not_identifiable_(self) -> tuple[str, ...]:
        """Names of the functions that vote together with fewer than two independent others."""
        return tuple(name for name, bad in zip(self.functions_, self.unidentified_, strict=True) if bad)

    # --- fitting -----------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        self.prepare(self.functions_, facts, statistics.symbols.k)
        shares = self._balanced(statistics) if balance is None else self._given(balance)
        fewer = fewer_voters(sampled(statistics, PATTERNS_TO_CHOOSE, self.seed), SYMBOLS_TO_CHOOSE)
        self._choose(fewer, shares)
        self._keep_tables(tables_of(np.zeros((0, 0), dtype=np.bool_), np.zeros(0, dtype=np.int64), shares.size))
        edges = self._edges(statistics, facts)
        blocks = merged_blocks(statistics.symbols.blocks, edges)
        if self.form == "inverse" or (self.form == "chosen" and np.bincount(blocks, minlength=1).max() > MOST_MEMBERS):
            self._invert(without_blocks(statistics), edges, shares)
        else:
            self._direct(statistics if self.form == "direct" else with_blocks(statistics, blocks), shares)
        self._explain()

    def _direct(self, statistics: Statistics, balance: Floats) -> None:
        """Sets μ and its errors, functions of one block being one voter."""
        if len(statistics.symbols) > MOST_DENSE:
            self._extend(statistics, balance)
            return
        problem = self._complete(statistics, balance)
        estimate = Estimate(self.emission_, self.class_balance_, np.nan)
        self.emission_error_ = standard_errors(statistics, problem, estimate)[0]

    def _extend(self, statistics: Statistics, balance: Floats) -> None:
        """Sets μ and its errors where there are too many symbols for all pairs: from the pairs with the frequent ones."""
        kept = frequent_symbols(statistics, MOST_DENSE)
        fewer = fewer_voters(statistics, MOST_DENSE)
        self._direct(fewer, balance)
        some, errors = self.emission_, self.emission_error_
        self._keep(statistics.symbols)
        start, ridge = usual_start(statistics, balance, self.expected_), self._setting[1]
        self.emission_, self.emission_error_ = extended(statistics, kept, some, balance, start, ridge)
        self.emission_error_[kept] = errors

    def _edges(self, statistics: Statistics, facts: RuleFacts) -> list[tuple[int, int]]:
        """The pairs of functions that depend on each other given the label.

        They are those of one block, those given, and those that the facts propose and the votes confirm where a block could
        not hold them. With the inverse form they are those given and all that votes confirm, if any are given.
        """
        blocks = statistics.symbols.blocks
        given = self.form == "inverse" and len(self.dependencies) > 0
        first, second = np.nonzero(np.triu((blocks[:, None] == blocks[None, :]) & (not given), 1))
        place = {name: j for j, name in enumerate(self.functions_)}
        edges = [(int(i), int(j)) for i, j in zip(first, second, strict=True)]
        edges += [(place[one], place[other]) for one, other in self.dependencies if one in place and other in place]
        size = np.bincount(blocks, minlength=1)[blocks]
        confirmed = [] if self.form == "direct" else confirmed_pairs(statistics, self.functions_, facts)
        return edges + [(i, j) for i, j, _ in confirmed if self.form == "inverse" or size[i] + size[j] > MOST_MEMBERS]

    def prepare(self, functions: tuple[str, ...], facts: RuleFacts, k: int) -> None:
        """Takes what is known before any vote is seen: the expected precision of each function, (m)."""
        self.functions_ = functions
        self.expected_ = np.clip(expected_precision(functions, facts, max(self.prior, 1 / k)), 0.01, 0.99)

    def _given(self, balance: Floats) -> Floats:
        self.balance_error_, self.warnings_ = np.zeros_like(balance), ()
        return balance

    def _balanced(self, statistics: Statistics) -> Floats:
        """The class balance that triples settle, else that of Dawid-Skene."""
        found, self.balance_error_, warning = class_balance(statistics)
        self.warnings_ = (warning,) if warning else ()
        return self._estimated_balance(statistics) if warning else found

    def _estimated_balance(self, statistics: Statistics) -> Floats:
        helper = DawidSkene(abstain=0.25, prior=self.prior, strength=1.0)
        helper.prepare(self.functions_, RuleFacts(), statistics.symbols.k)
        helper.prior_, helper.abstain_ = self.expected_, np.float64(0.25)
        return helper.balance_of(sampled(statistics, PATTERNS_TO_CHOOSE, self.seed))

    def _complete(self, statistics: Statistics, balance: Floats | None) -> Problem:
        """Sets μ; gives what it minimises."""
        symbols = statistics.symbols
        self._keep(symbols)
        self.class_balance_ = self._estimated_balance(statistics) if balance is None else balance
        start = usual_start(statistics, self.class_balance_, self.expected_)
        self.unidentified_ = _unidentified(statistics)
        problem = self._problem(statistics, start)
        emission = self._minimum(statistics, problem)
        self.emission_ = np.where(self.unidentified_[symbols.function][:, None], start, emission)
        return problem

    def _invert(self, statistics: Statistics, edges: list[tuple[int, int]], balance: Floats) -> None:
        """Sets μ in the inverse form, its errors by resampling rows, and the tables of the junction tree."""
        symbols, (_, ridge) = statistics.symbols, self._setting
        graph = bounded(edges, np.bincount(symbols.function, minlength=symbols.m) + 1)
        self._keep(symbols)
        self.class_balance_ = balance
        start = usual_start(statistics, balance, self.expected_)
        chordal = triangulated(graph)[0]
        self.unidentified_ = _unidentified(statistics) | ~_in_triangles(~chordal)
        held = self.unidentified_[symbols.function][:, None]
        self.emission_ = np.where(held, start, emissions(statistics, chordal, balance, start, ridge))
        rng = np.random.default_rng(self.seed)
        drawn = [
            replace(statistics, counts=rng.poisson(statistics.counts).astype(np.float64)) for _ in range(RESAMPLED)
        ]
        again = [emissions(sample, chordal, balance, self.emission_, ridge) for sample in drawn]
        self.emission_error_ = np.where(held, 0.0, np.std(again, axis=0, ddof=1))
        silence = float(self.abstain_)
        self._keep_tables(learned_tables(statistics, graph, self.emission_, balance, ridge, silence))

    def _keep_tables(self, tables: Tables) -> None:
        self.table_members_, self.table_power_ = tables.members, tables.power
        self.table_sizes_, self.table_first_, self.table_values_ = tables.sizes, tables.first, tables.values

    def _problem(self, statistics: Statistics, start: Floats) -> Problem:
        moments, ridge = self._setting
        if moments == "direct":
            return direct(statistics, start, ridge)
        return efficient(statistics, start, ridge) if moments == "triples" else efficient(statistics, start, ridge, 0)

    @property
    def _setting(self) -> tuple[Moments, float]:
        """The moments and ρ: as chosen, as given, or as usual."""
        if self.moments == "chosen":
            return self.setting_
        usual = 0.01 if self.moments == "direct" else dict(SETTINGS)[self.moments]
        return self.moments, usual if self.ridge == "chosen" else self.ridge

    def _minimum(self, statistics: Statistics, problem: Problem) -> Floats:
        """μ̂, (d, k): the least of the minima found from μ_init and, with triples, from their diagonalisation."""
        shares, start = self.class_balance_, problem.start
        found = [fitted(problem, start, shares, iterations=self.iterations)]
        diagonal = diagonalised(statistics) if len(problem.chosen) else None
        if diagonal is not None:
            found.append(fitted(problem, diagonal.emission, shares, iterations=self.iterations))
        least = min(found, key=lambda estimate: estimate.loss).emission
        order = best_order(least * shares, statistics.symbols.allowed, statistics.votes)
        if np.any(order != np.arange(order.size)):
            least = fitted(problem, least[:, order], shares, iterations=self.iterations).emission
        return least

    # --- settings ----------------------------------------------------------------------------------------------------

    def _choose(self, statistics: Statistics, balance: Floats) -> None:
        """Takes the moments and the α under which functions left out are foretold best; the first of two that are as good."""
        alpha = USUAL_WEIGHT if self.abstain == "chosen" else self.abstain
        self.setting_ = SETTINGS[0]
        if len(statistics.symbols) ** 2 * balance.size > MOST_TO_CHOOSE:
            self.abstain_ = np.float64(alpha)
            return
        if self.moments == "chosen" and self.ridge != "chosen":
            self.setting_ = "pairs", self.ridge
        elif self.moments == "chosen" and balance.size <= MOST_LABELS:
            candidates = [self.with_setting(setting, alpha) for setting in SETTINGS]
            self.setting_ = SETTINGS[best(candidates, statistics, balance)]
        if self.abstain == "chosen":
            weights = [self.with_abstain(weight) for weight in ABSTAIN_WEIGHTS]
            alpha = ABSTAIN_WEIGHTS[best(weights, statistics, balance)]
        self.abstain_ = np.float64(alpha)

    def with_abstain(self, alpha: float) -> MatrixCompletion:
        """A copy, not yet fitted, whose α is given."""
        return self.with_setting(self._setting, alpha)

    def with_setting(self, setting: tuple[Moments, float], alpha: float) -> MatrixCompletion:
        """A copy, not yet fitted, whose moments, ρ and α are given."""
        given = {"abstain": alpha, "moments": setting[0], "ridge": setting[1]}
        copy = MatrixCompletion(**self.get_params() | given)
        copy.functions_, copy.expected_, copy.abstain_ = self.functions_, self.expected_, np.float64(alpha)
        return copy

    def posterior(self, statistics: Statistics, balance: Floats | None) -> Floats:
        """Fits on these statistics alone and gives P(y | pattern), (p, k)."""
        self._complete(statistics, balance)
        weights, base = self._weights(statistics.symbols)
        return softmax(statistics.matrix @ weights + base + log(self.class_balance_))

    def _explain(self) -> None:
        moments, ridge = self._setting
        votes = "three votes" if moments == "triples" else "votes"
        self.explanation_ = (
            f"emissions that explain which {votes} stand together, beside a belief that counts {ridge:g}; "
            f"abstaining counts {self.abstain_:g}"
        )
        if self.not_identifiable_:
            self.explanation_ += f"; too few independent votes to judge {', '.join(self.not_identifiable_)}"

    # --- prediction --------------------------------------------------------------------------------------------------

    def _weights(self, symbols: Symbols) -> tuple[Floats, Floats]:
        """What each symbol adds to the log-odds, (d, k), and what a row without votes starts from, (k)."""
        share = np.maximum(self.emission_ @ self.class_balance_, 1e-12)[:, None]
        meaning = np.maximum(self.emission_ * self.class_balance_ / share, 0.0)
        weights = np.log(np.maximum(meaning, 1e-3)) - log(self.class_balance_)
        weights[np.isin(symbols.function, self._in_tables)] = 0.0
        if self.abstain_ == 0:
            return weights, np.zeros(symbols.k)
        silence = np.log(np.clip(1 - symbols.by_voter(self.emission_), NEVER_ABSTAINS, 1.0))
        silence[self._in_tables] = 0.0
        return weights - self.abstain_ * silence[symbols.voter], self.abstain_ * silence.sum(axis=0)

    @property
    def _in_tables(self) -> Ints:
        """The functions that tables speak for."""
        members = getattr(self, "table_members_", np.zeros(0, dtype=np.int64))
        return np.unique(members[members >= 0])

    def _logits(self, votes: LabelMatrix) -> Floats:
        symbols = self.symbols_
        weights, base = self._weights(symbols)
        logits: Floats = log(self.class_balance_) + base + row_sums(votes, symbols, weights)
        if len(self.table_members_):
            tables = Tables(
                self.table_members_, self.table_power_, self.table_sizes_, self.table_first_, self.table_values_
            )
            logits += tables.logits(states_of(incidence(votes, symbols), symbols))
        new = unseen(votes, symbols)
        if len(new):
            usual = log(new.spread(self.expected_[new.function], self.class_balance_))
            logits += row_sums(votes, new, usual - log(self.class_balance_))
        return logits

    def summary(self) -> pd.DataFrame:
        """What was learned of each vote of a function: `function`, `says` (labels), `coverage`, `precision`, `error`.

        `coverage` is the share of rows, `precision` the chance that it is right, `error` one standard error of that by the
        delta method, the class balance held; all three over the joint votes of its block that hold it.
        """
        import pandas as pd

        symbols = self.symbols_
        share = np.maximum(self.emission_ @ self.class_balance_, 1e-12)
        meaning = symbols.marginal(self.emission_ * self.class_balance_ / share[:, None], share)
        right = np.sum(self.emission_ * symbols.allowed * self.class_balance_, axis=1) / share
        slope = self.class_balance_ * (symbols.allowed - right[:, None]) / share[:, None]
        error = np.sqrt(np.sum((slope * self.emission_error_) ** 2, axis=1, keepdims=True))
        allowed = symbols.allowed[: symbols.singles]
        columns = {
            "coverage": share[: symbols.singles] + symbols.joint.T @ share[symbols.singles :],
            "precision": np.sum(meaning * allowed, axis=1),
            "error": np.sqrt(symbols.marginal(error**2, share)[:, 0]),
        }
        names = [self.functions_[j] for j in symbols.function[: symbols.singles]]
        says = [", ".join(self.labels_[y] for y in np.flatnonzero(row)) for row in allowed]
        return pd.DataFrame({"function": names, "says": says, **columns})


def _in_triangles(free: Bools) -> Bools:
    """The functions with two others such that all three are independent, (m)."""
    linked = (free & ~np.eye(len(free), dtype=np.bool_)).astype(np.int64)
    return np.asarray(np.sum((linked @ linked) * linked, axis=1) > 0)


def _unidentified(statistics: Statistics) -> Bools:
    """The functions in a component of fewer than three blocks that vote together, (m)."""
    blocks, block = statistics.symbols.blocks, statistics.symbols.voter
    count = int(blocks.max(initial=-1)) + 1
    first, second = np.nonzero(statistics.pairs > 0)
    graph = sparse.coo_matrix((np.ones(first.size), (block[first], block[second])), shape=(count, count))
    _, component = sparse.csgraph.connected_components(graph, directed=False)
    views = np.bincount(component, minlength=1)
    return np.asarray(views[component[blocks]] < ENOUGH_VIEWS)
