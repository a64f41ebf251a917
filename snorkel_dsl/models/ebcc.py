"""Enhanced Bayesian combination of classifiers (EBCC; Li, Rubinstein and Cohn, ICML 2019), for functions that vote often.

Rows of one label are not alike: each label y has M subtypes g, and given its subtype the functions of a row are independent.
So functions that err together, on the hard rows of a label, say, need not be named: a subtype holds what they have in common.

    y ~ τ,  g | y ~ π_y,  vote of i | y, g ~ V_i,y,g        τ ~ Dir(1), π_y ~ Dir(a / M), V_i,y,g ~ Dir(β_i,y)

Mean-field variational Bayes keeps q(y, g) of each row and Dirichlet counts of the rest, and goes round

    q(y, g) ∝ exp(E log τ_y + E log π_yg + Σ_{e in row} E log V_e,y,g)        E log V_e = ψ(count of e) − ψ(count of all e of i)
    count of e with y, g = β_e,y + Σ_rows [e in row] q(y, g)

β expects a vote to be right four times as often as wrong and counts five votes, as in the paper. A missing vote says nothing
there, and a function that says only one thing then says nothing at all: here abstaining is a symbol of such functions
(`abstain`), whose β is worth as much and has the share of rows on which they vote.

The likelihood is raised to the power ζ = `rows` / n where there are more rows (a coarsened posterior; Miller and Dunson, JASA
2019): rows never follow the model exactly, and this is how many it takes until that shows. So the priors do not fade, and
repeated data change nothing. The paper draws 40 random starts and keeps the best; here the start is found: majority vote for
y, and for g the side on which a row lies along the first principal directions of who agrees with it, which is the same for any
order of rows, functions and labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import log, softmax
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.majority import USUAL_PRECISION, believed
from snorkel_dsl.models.precision import PrecisionModel
from snorkel_dsl.models.statistics import Statistics, sampled
from snorkel_dsl.models.symbols import Symbols
from snorkel_dsl.votes import Bools, Floats, LabelMatrix

MOST_CELLS = 4_000_000  # patterns × labels × subtypes: beyond, patterns are sampled
MOST_SUBTYPES = 8
PRIOR_VOTES = 5.0  # 4 + 1 in the paper, for two labels
SUBTYPE_PRIOR = 10.0  # a
FEWEST_VOTERS = (
    3  # fewer say nothing of each other, and any balance explains their votes: the tables stay where they are
)
UNMOVED = 1e9  # votes
LEANING = 1.0  # how far the start leans to one side, in log-odds a standard deviation


class EnhancedBayesian(PrecisionModel):
    """EBCC. `subtypes` is M, a power of two; `abstain` says of which functions abstaining is a symbol; `rows` is n ζ.

    `table_` (d + m, k, M) is E log V of the symbols and of the abstaining of each block, 0 where it is no symbol; `subtype_`
    (k, M) is E log π.
    """

    name: ClassVar[str] = "ebcc"
    saved: ClassVar[tuple[str, ...]] = (
        *PrecisionModel.saved,
        "table_",
        "subtype_",
    )
    table_: Floats
    subtype_: Floats

    def __init__(
        self,
        subtypes: int = 4,
        abstain: Literal["one-sided"] | bool = "one-sided",
        rows: float = 1_000,
        iterations: int = 200,
        tolerance: float = 1e-5,
        seed: int = 0,
    ) -> None:
        self.subtypes = subtypes
        self.abstain = abstain
        self.rows = rows
        self.iterations = iterations
        self.tolerance = tolerance
        self.seed = seed

    # --- fitting -----------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        if self.subtypes not in (1, 2, 4, 8):
            raise ValueError(f"`subtypes` must be 1, 2, 4 or {MOST_SUBTYPES}, not {self.subtypes}")
        symbols = statistics.symbols
        self._keep(symbols)
        some = sampled(statistics, max(MOST_CELLS // (symbols.k * self.subtypes), 1), self.seed)
        self.prior_ = believed(self.functions_, facts, USUAL_PRECISION, symbols.k)
        self.coverage_ = statistics.votes / max(statistics.n, 1.0)
        power = min(1.0, self.rows / max(some.n, 1.0))
        few = np.unique(symbols.voter[statistics.votes > 0]).size < FEWEST_VOTERS
        weight = UNMOVED if few else PRIOR_VOTES
        rounds = _Rounds(some, self.subtypes, self._speaks(symbols), power, balance, weight)
        counts = rounds.settled(self.iterations, self.tolerance)
        self.table_, self.subtype_, self.class_balance_ = rounds.expected_logs(counts)
        self.precision_, self.precision_error_ = rounds.precisions(counts)
        self.explanation_ = f"{self.subtypes} subtypes of each label, within which functions are independent"

    def _speaks(self, symbols: Symbols) -> Bools:
        """Whether abstaining is a symbol of each block, (m)."""
        if self.abstain == "one-sided":
            return np.asarray(symbols.by_voter(np.ones((len(symbols), 1)))[:, 0] == 1)
        return np.full(symbols.m, bool(self.abstain))

    # --- prediction --------------------------------------------------------------------------------------------------

    def _logits(self, votes: LabelMatrix) -> Floats:
        symbols = self.symbols_
        spoken, silent = np.split(self.table_, [len(symbols)])
        values = (spoken - silent[symbols.voter]).reshape(len(symbols), self.subtype_.size)
        rows = row_sums(votes, symbols, values).reshape(votes.n, *self.subtype_.shape)
        logits: Floats = log(self.class_balance_) + special.logsumexp(rows + silent.sum(axis=0) + self.subtype_, axis=2)
        return logits + self._unmet(votes)


@dataclass(frozen=True, eq=False)
class _Counts:
    """Dirichlet counts: `votes` (d, k M), `silence` (m, k M), `subtypes` (k, M), `labels` (k)."""

    votes: Floats
    silence: Floats
    subtypes: Floats
    labels: Floats


@dataclass(frozen=True, eq=False)
class _Rounds:
    """Variational Bayes on counted votes. `speaks` (m) says of which blocks abstaining is a symbol; `power` is ζ.

    `weight` is the number of votes that β is worth.
    """

    statistics: Statistics
    subtypes: int
    speaks: Bools
    power: float
    balance: Floats | None
    weight: float

    @property
    def symbols(self) -> Symbols:
        return self.statistics.symbols

    @property
    def k(self) -> int:
        return self.symbols.k

    @cached_property
    def prior(self) -> _Counts:
        """β of the symbols and of abstaining, a / M, and one row a label."""
        symbols, speaks = self.symbols, self.speaks[self.symbols.voter]
        share = self.statistics.votes / max(self.statistics.n, 1.0)
        right = symbols.spread(np.full(len(symbols), 0.8), np.full(self.k, 1 / self.k))
        emission = np.where(speaks[:, None], np.minimum(right * share[:, None] * self.k, 0.95), right)
        votes = self.weight * np.maximum(emission, 1e-6)
        silence = np.maximum(self.weight - symbols.by_voter(votes), 0.05 * self.weight) * self.speaks[:, None]
        flat = (np.repeat(votes, self.subtypes, axis=1), np.repeat(silence, self.subtypes, axis=1))
        each = np.full((self.k, self.subtypes), SUBTYPE_PRIOR / self.subtypes)
        return _Counts(*flat, each, np.ones(self.k))

    # --- going round -------------------------------------------------------------------------------------------------

    def settled(self, iterations: int, tolerance: float) -> _Counts:
        """The counts after the last round."""
        shares = self._start()
        counts = self._counted(shares)
        for _ in range(iterations):
            after = self._shares(counts)
            moved = float(np.max(np.abs(after - shares), initial=0.0))
            shares, counts = after, self._counted(after)
            if moved < tolerance:
                break
        return counts

    def _start(self) -> Floats:
        """q(y, g) of each pattern to begin with, (p, k M)."""
        symbols, matrix = self.symbols, self.statistics.matrix
        usual = symbols.spread(np.full(len(symbols), USUAL_PRECISION), np.full(self.k, 1 / self.k))
        label = softmax(np.asarray(matrix @ (log(usual) + np.log(self.k))))
        if self.subtypes == 1:
            return label
        sides = self._directions(label)
        lean = np.zeros((label.shape[0], self.subtypes))
        for bit, side in enumerate(sides.T):
            lean += LEANING * side[:, None] * np.where(np.arange(self.subtypes) >> bit & 1, 0.5, -0.5)
        return (label[:, :, None] * softmax(lean)[:, None, :]).reshape(label.shape[0], self.k * self.subtypes)

    def _directions(self, label: Floats) -> Floats:
        """Where each pattern lies along the first principal directions of agreement, in standard deviations, (p, log2 M)."""
        symbols, matrix, counts = self.symbols, self.statistics.matrix, self.statistics.counts
        agreement = np.zeros((label.shape[0], symbols.m))
        single = matrix.tocoo()
        said = np.einsum("ek,ek->e", label[single.row], symbols.allowed[single.col].astype(np.float64))
        np.add.at(agreement, (single.row, symbols.voter[single.col]), said * single.data)
        voted = np.zeros_like(agreement)
        np.add.at(voted, (single.row, symbols.voter[single.col]), single.data)
        agreement -= voted * (counts @ agreement / np.maximum(counts @ voted, 1e-300))
        _, directions = np.linalg.eigh((agreement * counts[:, None]).T @ agreement / max(self.statistics.n, 1.0))
        width = int(np.log2(self.subtypes))
        sides = np.zeros((label.shape[0], width))
        found = agreement @ directions[:, ::-1][:, :width]
        sides[:, : found.shape[1]] = found
        deviation = np.sqrt(counts @ sides**2 / max(self.statistics.n, 1.0))
        return np.asarray(sides / np.where(deviation > 1e-9, deviation, np.inf), dtype=np.float64)

    def _counted(self, shares: Floats) -> _Counts:
        """The Dirichlet counts given q(y, g), (p, k M)."""
        rows = self._rows(shares)
        prior, votes = self.prior, np.asarray(self.statistics.matrix.T @ rows)
        total = rows.sum(axis=0)
        silence = np.maximum(total - self.symbols.by_voter(votes), 0.0) * self.speaks[:, None]
        by_type = total.reshape(self.k, -1)
        return _Counts(
            prior.votes + votes, prior.silence + silence, prior.subtypes + by_type, prior.labels + by_type.sum(axis=1)
        )

    def _rows(self, shares: Floats) -> Floats:
        """How many rows each pattern has of each label and subtype, those with gold at their label, (p, k M)."""
        by_label = shares.reshape(shares.shape[0], self.k, self.subtypes)
        posterior = by_label.sum(axis=2)
        within = by_label / np.maximum(posterior, 1e-300)[:, :, None]
        weighed = self.power * self.statistics.expected(posterior)[:, :, None] * within
        return np.asarray(weighed.reshape(shares.shape), dtype=np.float64)

    def _shares(self, counts: _Counts) -> Floats:
        """q(y, g) of each pattern, (p, k M)."""
        table, subtype, balance = self.expected_logs(counts)
        spoken, silent = np.split(table.reshape(len(table), self.k * self.subtypes), [len(self.symbols)])
        base = silent.sum(axis=0) + (log(balance)[:, None] + subtype).ravel()
        return softmax(np.asarray(self.statistics.matrix @ (spoken - silent[self.symbols.voter]) + base))

    def expected_logs(self, counts: _Counts) -> tuple[Floats, Floats, Floats]:
        """E log V of symbols and abstaining, (d + m, k, M), E log π, (k, M), and the balance, (k)."""
        total = self.symbols.by_voter(counts.votes) + counts.silence
        everything = special.digamma(np.where(total > 0, total, 1.0))
        spoken = special.digamma(counts.votes) - everything[self.symbols.voter]
        silent = np.where(
            self.speaks[:, None] & (total > 0), special.digamma(np.maximum(counts.silence, 1e-9)) - everything, 0.0
        )
        table = np.concatenate([spoken, silent]).reshape(-1, self.k, self.subtypes)
        subtype = special.digamma(counts.subtypes) - special.digamma(counts.subtypes.sum(axis=1, keepdims=True))
        if self.balance is not None:
            return table, subtype, self.balance
        label = np.exp(special.digamma(counts.labels) - special.digamma(counts.labels.sum()))
        return table, subtype, np.asarray(label / label.sum(), dtype=np.float64)

    def precisions(self, counts: _Counts) -> tuple[Floats, Floats]:
        """P(Y ∈ e | e) and its standard error, that of a share of as many votes as were counted, (d) each."""
        by_label = counts.votes.reshape(len(self.symbols), self.k, self.subtypes).sum(axis=2)
        total = by_label.sum(axis=1)
        precision = np.sum(by_label * self.symbols.allowed, axis=1) / total
        return precision, np.sqrt(precision * (1 - precision) / (total + 1))
