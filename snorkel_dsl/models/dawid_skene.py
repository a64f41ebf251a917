"""Dawid-Skene by maximum a posteriori EM (Dawid and Skene, Applied Statistics 1979), for functions that mostly abstain.

Each symbol e (a function and what it says, or a joint vote of a block of functions: `blocks`) has one number, its precision
π_e = P(Y ∈ e | e), and what it says is shared among the labels as the class balance p is: q_ey = P(y | e). Its emission
follows from Bayes, with c_e its share of rows; i is a function or a block:

    θ_ey = P(e | y) = c_e q_ey / p_y                      a_iy = P(i abstains | y) = 1 - Σ_{e of i} θ_ey

E-step  P(y | row) ∝ p_y · Π_{e in row} q_ey / p_y · (Π_{i abstains} a_iy / Π_{i votes} 1)^α
M-step  π_e = max(Σ_{y in e} p_y, (expected right votes + s n_e π⁰_e) / (n_e (1 + s)))
        p = (expected rows of y + b n / k) / (n (1 + b))

The prior of the precision counts as s times the votes of the function, so it never fades with n: what pins the model down
are not a few rows but the belief that rules are better than chance; nor may a precision fall below that of a vote at
random, so that no vote speaks against its own label. α says how far abstaining is trusted: 1 is the exact
likelihood of independent functions, 0 leaves it out. Functions that fire together for reasons of their own make 1 too
sure of itself, and rules of one polarity collapse at 0 when the balance is fixed; `abstain="chosen"` takes the α under
which the functions that were left out are foretold best. A label that a function can never vote is no symbol of it.

A balance that is given bounds each label from above, or else EM puts every row into one class: where the rows with votes would
hold more of a label than all rows have, its odds are lowered on all of them alike until they hold as much (with votes on
every row the mean of the posteriors equals p). The rows without a vote, a share u, are like all rows unless what is left of p
for them says otherwise by more than what the others may be off, a twentieth of their share:

    P(y | no vote) ∝ min(max(u p_y, p_y − h_y − (1 − u) / 20), p_y − h_y + (1 − u) / 20)        h_y = share voted on that is y

π⁰ is .75 where nothing else is expected, for a label of the usual share 1 / k: a rule fires so much more often on its own
label than elsewhere. Where the balance is known, π⁰ has the same likelihood ratio at every share, but is at least ½, for a
rule is more often right than wrong:

    logit π⁰_e = logit .75 + logit Σ_{y in e} p_y − logit |e| / k

Without it a vote for the rarer class would count for more than one for the other, whatever the functions. A balance that must
be estimated has the same π⁰ for all, or each would drag the other along, unless every function votes for several labels: such a
function is about as often right on one label as on another, and π⁰ is shifted as the estimate of each step says. With `hold`
the estimate is then held like a given one, which helps where it is about right and harms where it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from scipy import special

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import SMALLEST, SymbolModel, log, softmax
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.exemplars import taught
from snorkel_dsl.models.heldout import best
from snorkel_dsl.models.majority import USUAL_PRECISION, expected_precision
from snorkel_dsl.models.statistics import Statistics
from snorkel_dsl.models.symbols import Symbols, unseen
from snorkel_dsl.votes import Bools, Floats, LabelMatrix

if TYPE_CHECKING:
    import pandas as pd

NEVER_ABSTAINS = 1e-3  # a_iy is at least this
BALANCE_PRIOR = 0.05  # b
HELD_ERROR = 0.05  # how far the shares of labels on rows with votes are off on public sets, as a share of those rows
ABSTAIN_WEIGHTS = (0.0, 0.25, 0.5, 1.0)
BALANCE_STEPS = 5
STRENGTH = 0.5


class DawidSkene(SymbolModel):
    """MAP Dawid-Skene. `abstain` is α from 0 (off) to 1 (full), or "chosen"; `prior` is π⁰ and `strength` its weight s;
    `hold` says whether an estimated balance is held like a given one, and `even` is b.

    `silent_` (k) are the chances of a row without votes where a balance is held, else NaN. `precision_` (d) and
    `precision_error_` (d, one standard error) belong to the symbols `symbol_function_` (d) and `symbol_labels_` (d, k).
    """

    name: ClassVar[str] = "dawid_skene"
    saved: ClassVar[tuple[str, ...]] = (
        *SymbolModel.saved,
        "precision_",
        "precision_error_",
        "coverage_",
        "intercept_",
        "silent_",
        "abstain_",
        "prior_",
    )
    abstain_: np.float64
    precision_: Floats
    precision_error_: Floats
    coverage_: Floats
    intercept_: Floats
    silent_: Floats
    prior_: Floats
    stated_: Bools
    believed_: Floats

    def __init__(
        self,
        abstain: float | Literal["chosen"] = "chosen",
        prior: float = USUAL_PRECISION,
        strength: float = STRENGTH,
        iterations: int = 100,
        tolerance: float = 1e-6,
        hold: bool = False,
        even: float = BALANCE_PRIOR,
        seed: int = 0,
    ) -> None:
        self.abstain = abstain
        self.prior = prior
        self.strength = strength
        self.iterations = iterations
        self.tolerance = tolerance
        self.hold = hold
        self.even = even
        self.seed = seed

    def prepare(self, functions: tuple[str, ...], facts: RuleFacts, k: int) -> None:
        """Takes what is known before any vote is seen: the prior precision of each function, (m)."""
        self.functions_ = functions
        usual = np.clip(expected_precision(functions, facts, max(self.prior, 1 / k)), 0.01, 0.99)
        self.prior_ = taught(usual, functions, facts)
        self.stated_ = np.isfinite(expected_precision(functions, facts, np.nan))

    def _believed(self, symbols: Symbols, balance: Floats | None) -> Floats:
        """π⁰ of each symbol, (d): what the facts state stands, the rest is shifted as the balance says.

        One that is estimated, so far, counts only where every function votes for several labels.
        """
        usual = symbols.expected(self.prior_)
        if balance is None and np.any(symbols.one_sided[symbols.function]):
            return usual
        shares = self.class_balance_ if balance is None else balance
        likely = np.clip([symbols.allowed @ shares, symbols.allowed.mean(axis=1)], 1e-3, 1 - 1e-3)
        shifted = special.expit(special.logit(usual) + special.logit(likely[0]) - special.logit(likely[1]))
        if balance is not None:
            shifted = np.maximum(shifted, np.minimum(usual, 0.5))
        return np.where(self.stated_[symbols.function], usual, shifted)

    # --- EM ----------------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        self.prepare(self.functions_, facts, statistics.symbols.k)
        self.abstain_ = np.float64(
            self._chosen_abstain(statistics, balance) if self.abstain == "chosen" else self.abstain
        )
        self._em(statistics, balance)
        self.precision_error_ = self._standard_errors(statistics)
        how = "chosen by how well left-out functions are foretold" if self.abstain == "chosen" else "as given"
        self.explanation_ = f"one precision for each function and label; abstaining counts {self.abstain_:g} ({how})"

    def _em(self, statistics: Statistics, balance: Floats | None) -> None:
        known = self.balance_of(statistics) if balance is None and self.hold else balance
        self._climb(statistics, known)

    def balance_of(self, statistics: Statistics) -> Floats:
        """The class balance by maximum a posteriori, (k), every label having the same prior."""
        self._climb(statistics, None)
        return self.class_balance_

    def _climb(self, statistics: Statistics, balance: Floats | None) -> None:
        k, n = statistics.symbols.k, max(statistics.n, 1.0)
        self._keep(statistics.symbols)
        self.coverage_ = statistics.votes / n
        self.class_balance_ = np.full(k, 1 / k) if balance is None else balance
        self.intercept_, self.silent_ = log(self.class_balance_), np.full(k, np.nan)
        self.believed_ = self._believed(statistics.symbols, balance)
        self.precision_ = self.believed_
        for _ in range(self.iterations):
            posterior = self._e_step(statistics, balance)
            before = self.precision_
            self._m_step(statistics, posterior, balance)
            if np.max(np.abs(self.precision_ - before), initial=0.0) < self.tolerance:
                break

    def _e_step(self, statistics: Statistics, balance: Floats | None) -> Floats:
        """P(y | pattern), (p, k)."""
        weights, base = self._weights(statistics.symbols)
        evidence: Floats = statistics.matrix @ weights
        if balance is None:
            evidence += base + self.intercept_
            return softmax(evidence, evidence)
        evidence += base
        return self._balanced(evidence, statistics, balance)

    def _balanced(self, evidence: Floats, statistics: Statistics, balance: Floats) -> Floats:
        """The posterior under which rows with votes hold at most the balance of each label, by proportional fitting."""
        voted = np.asarray(np.diff(statistics.matrix.indptr) > 0)
        share = statistics.counts * voted / max(statistics.n, 1.0)
        posterior, held = softmax(evidence + self.intercept_), share @ softmax(evidence + self.intercept_)
        for _ in range(BALANCE_STEPS):
            lowered = np.minimum(self.intercept_ - log(held), 0.0)
            self.intercept_ = log(balance) + lowered - lowered.max()
            posterior = softmax(evidence + self.intercept_)
            held = share @ posterior
        self.silent_ = _left(balance, held)
        posterior[~voted] = self.silent_
        return posterior

    def _m_step(self, statistics: Statistics, posterior: Floats, balance: Floats | None) -> None:
        symbols, votes = statistics.symbols, statistics.votes
        if balance is None:
            n, k, expected = max(statistics.n, 1.0), symbols.k, statistics.expected_rows(posterior)
            self.class_balance_ = (expected + (n - expected.sum() + self.even * n) / k) / (n * (1 + self.even))
            self.intercept_ = log(self.class_balance_)
            self.believed_ = self._believed(symbols, None)
        right = statistics.expected_right(posterior)
        prior = self.believed_
        counted = (right + self.strength * votes * prior) / np.maximum(votes * (1 + self.strength), 1e-300)
        self.precision_ = np.maximum(np.where(votes > 0, counted, prior), self._chance(symbols))

    def _chance(self, symbols: Symbols) -> Floats:
        """The share of rows whose label each symbol allows, (d): what a vote at random would have as its precision."""
        return np.asarray(symbols.allowed @ self.class_balance_, dtype=np.float64)

    def _weights(self, symbols: Symbols) -> tuple[Floats, Floats]:
        """What each symbol adds to the log-odds, (d, k), and what a row without votes starts from, (k)."""
        within, without = symbols.odds(self.precision_, self.class_balance_)
        odds = np.where(symbols.allowed, within[:, None], without[:, None])
        if min(within.min(initial=1.0), without.min(initial=1.0)) * self.class_balance_.min() < SMALLEST:
            weights = log(odds * self.class_balance_) - log(self.class_balance_)
        else:  # two logarithms a symbol, however many labels there are
            weights = np.where(symbols.allowed, np.log(within)[:, None], np.log(without)[:, None])
        if self.abstain_ == 0:
            return weights, np.zeros(symbols.k)
        emission = symbols.by_voter(odds, self.coverage_)
        silence = self.abstain_ * np.log(np.clip(1 - emission, NEVER_ABSTAINS, 1.0))
        weights -= silence[symbols.voter]
        return weights, silence.sum(axis=0)

    # --- prediction --------------------------------------------------------------------------------------------------

    def _logits(self, votes: LabelMatrix) -> Floats:
        known = self.symbols_
        weights, base = self._weights(known)
        logits: Floats = self.intercept_ + base + row_sums(votes, known, weights)
        new = unseen(votes, known)
        if len(new):
            usual = log(new.spread(self.prior_[new.function], self.class_balance_))
            logits += row_sums(votes, new, usual - log(self.class_balance_))
        if np.all(np.isfinite(self.silent_)):
            logits[~votes.covered] = log(self.silent_)
        return logits

    # --- how sure ------------------------------------------------------------------------------------------------------

    def _standard_errors(self, statistics: Statistics) -> Floats:
        """One standard error of each precision, (d), from the observed information (Louis 1982), other numbers held fixed.

        The complete information less what is missing: Σ counts · r (1 - r) is the part that the unknown labels take.
        """
        posterior = self.of_patterns(statistics)
        doubt = statistics.on_allowed(posterior * (1 - posterior), statistics.counts)
        precision = np.clip(self.precision_, 1e-3, 1 - 1e-3)
        spread = precision * (1 - precision)
        weight = statistics.votes * (1 + self.strength)
        information = weight / spread - np.minimum(doubt, 0.95 * weight * spread) / spread**2
        return np.asarray(1 / np.sqrt(np.maximum(information, 1.0)), dtype=np.float64)

    def summary(self) -> pd.DataFrame:
        """What was learned of each vote of a function: `function`, `says` (labels), `coverage`, `precision`, `error`.

        `coverage` is the share of rows, `precision` the chance that it is right, `error` one standard error of that; all
        three over the joint votes of its block that hold it; in a rare joint vote it has only its share of a vote.
        """
        import pandas as pd

        symbols = self.symbols_
        names = [self.functions_[j] for j in symbols.function[: symbols.singles]]
        allowed = symbols.allowed[: symbols.singles]
        says = [", ".join(self.labels_[y] for y in np.flatnonzero(row)) for row in allowed]
        meaning = symbols.marginal(symbols.spread(self.precision_, self.class_balance_), self.coverage_)
        columns = {
            "coverage": self.coverage_[: symbols.singles] + self.joint_.T @ self.coverage_[symbols.singles :],
            "precision": np.sum(meaning * allowed, axis=1),
            "error": np.sqrt(symbols.marginal(self.precision_error_[:, None] ** 2, self.coverage_)[:, 0]),
        }
        return pd.DataFrame({"function": names, "says": says, **columns})

    # --- how far abstaining is trusted -----------------------------------------------------------------------------------

    def _chosen_abstain(self, statistics: Statistics, balance: Floats | None) -> float:
        """The α under which functions left out are foretold best; the smaller of two that are as good."""
        return ABSTAIN_WEIGHTS[best([self.with_abstain(alpha) for alpha in ABSTAIN_WEIGHTS], statistics, balance)]

    def with_abstain(self, alpha: float) -> DawidSkene:
        """A copy, not yet fitted, whose α is given."""
        copy = DawidSkene(**self.get_params() | {"abstain": alpha})
        copy.functions_, copy.abstain_ = self.functions_, np.float64(alpha)
        copy.prior_, copy.stated_ = self.prior_, self.stated_
        return copy

    def posterior(self, statistics: Statistics, balance: Floats | None) -> Floats:
        """Fits on these statistics alone and gives P(y | pattern), (p, k)."""
        self._em(statistics, balance)
        return self.of_patterns(statistics)

    def of_patterns(self, statistics: Statistics) -> Floats:
        """P(y | pattern), (p, k), as it was fitted; patterns without votes left as the intercept has them."""
        weights, base = self._weights(statistics.symbols)
        evidence: Floats = statistics.matrix @ weights
        evidence += base + self.intercept_
        return softmax(evidence, evidence)


def _left(balance: Floats, held: Floats) -> Floats:
    """The chances of a row without votes, (k), where the rows with votes hold these shares of all rows, (k)."""
    covered = float(held.sum())
    error = HELD_ERROR * covered
    left = balance - held
    chances = np.maximum(np.clip((1 - covered) * balance, left - error, left + error), 0.0)
    return np.asarray(chances / chances.sum() if chances.sum() > 0 else balance, dtype=np.float64)
