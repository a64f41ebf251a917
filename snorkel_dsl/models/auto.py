"""The default: settings of a label model, kept or dropped by evidence in the votes alone, and averaged.

No single setting holds on all rule sets: how far abstaining can be trusted differs, and so does an estimated class balance;
being wrong costs much. So Dawid-Skene is fitted at several settings with functions left out and asked to foretell those
(`heldout`). Settings that fall
behind the best by more than a standard error are dropped: the error is over functions, because it is the few rules that are
a sample of what might have been written, not the many rows. The posteriors of the others are averaged with equal weights,
which is steadier than picking one (Yao et al., Using stacking to average Bayesian predictive distributions, Bayesian
Analysis 2018). The belief that rules are better than chance counts three times what the votes of a rule do: it is what keeps
a model without a single true label near majority vote where the votes say little.

A row without votes says only that all abstained, so there the exact likelihood (abstaining counts in full) decides, if it
foretells as well; near even it is no evidence, and the row is tied. Where fewer than three functions vote on rows that they
share, nothing can be learned from agreement, and majority vote decides.

Seen, and not taken: matrix completion foretells worse than Dawid-Skene on most of the public sets, and averaged in it decides
rows by a hair on chest X-ray. Majority vote foretells best of all on census, where rules repeat each other, and labels worst.
"""

from __future__ import annotations

import json
import zipfile
from typing import ClassVar

import numpy as np

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import Model, log, softmax
from snorkel_dsl.models.dawid_skene import DawidSkene
from snorkel_dsl.models.heldout import Evidence, folds_of, foretold
from snorkel_dsl.models.majority import MajorityVote
from snorkel_dsl.models.statistics import Statistics, sampled
from snorkel_dsl.votes import Floats, LabelMatrix

# Settled while looking at scores on the six public sets of benchmarks/label_models.py and on the rule sets of this project,
# train and test: all of these are optimistic for this model.
STRENGTH = 3.0
ABSTAIN_WEIGHTS = (0.0, 0.25, 0.5)
MARGIN = 1.0  # standard errors
ENOUGH_PATTERNS = 10_000  # to foretell left-out votes: the error is over functions, more rows hardly lower it
TOLERANCE = 1e-4
EVEN = 0.05  # an estimate for rows without votes that is no farther than this from even is taken as even
FEWEST_FUNCTIONS = 3
EXACT = "dawid_skene with abstaining at 1"

Member = DawidSkene | MajorityVote


class LabelModel(Model):
    """The default label model.

    `members_` are the fitted models whose posteriors are averaged, `silent_` the one, if any, that decides rows without votes,
    `evidence_` the log-likelihood in nats of a left-out vote under each candidate, and `explanation_` says it in words.
    `margin` is by how many standard errors a candidate may fall behind the best.
    """

    name: ClassVar[str] = "auto"
    saved: ClassVar[tuple[str, ...]] = ("given_",)
    given_: np.bool_
    members_: tuple[Model, ...]
    silent_: tuple[Model, ...]
    evidence_: dict[str, float]

    def __init__(self, margin: float = MARGIN, seed: int = 0) -> None:
        self.margin = margin
        self.seed = seed

    # --- choosing ----------------------------------------------------------------------------------------------------

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        self.given_ = np.bool_(balance is not None)
        reason = _nothing_to_learn(statistics)
        exact = DawidSkene(abstain=1.0, strength=STRENGTH, tolerance=TOLERANCE)
        candidates = [] if reason else _candidates(balance)
        evidence = self._evidence([*candidates, exact], statistics, balance, facts) if candidates else {}
        self.evidence_ = {words: told.mean for words, told in evidence.items()}
        foretelling: list[Member] = [member for member in candidates if self._foretells(member, evidence)]
        kept = foretelling or [MajorityVote()]
        silent = [exact] if candidates and self._foretells(exact, evidence) else []
        trained = [self._trained(member, statistics, balance, facts) for member in (*kept, *silent)]
        self.members_, self.silent_ = tuple(trained[: len(kept)]), tuple(trained[len(kept) :])
        self.explanation_ = f"majority vote, because {reason}" if reason else _explained(kept)
        self.class_balance_ = np.mean([member.class_balance_ for member in self.members_], axis=0)

    def _evidence(
        self, candidates: list[DawidSkene], statistics: Statistics, balance: Floats | None, facts: RuleFacts
    ) -> dict[str, Evidence]:
        """By candidate, in words, how well it foretells left-out functions."""
        statistics = sampled(statistics, ENOUGH_PATTERNS, self.seed)
        folds = folds_of(statistics)
        told = {}
        for candidate in candidates:
            candidate.prepare(self.functions_, facts, statistics.symbols.k)
            fresh = candidate.with_abstain(float(candidate.abstain))
            told[_words(candidate)] = foretold(fresh, statistics, balance, folds)
        return told

    def _foretells(self, candidate: Member, evidence: dict[str, Evidence]) -> bool:
        """Whether a candidate is about as good as the best; true where nothing could be foretold."""
        best = max((told for words, told in evidence.items() if words != EXACT), key=lambda told: told.mean)
        behind, error = evidence[_words(candidate)].behind(best)
        return not behind > self.margin * error

    def _trained(self, member: Member, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> Member:
        member.task_, member.labels_, member.functions_ = self.task_, self.labels_, self.functions_
        member.hashes_ = self.hashes_
        member._fit(statistics, balance, facts)
        return member

    # --- prediction --------------------------------------------------------------------------------------------------

    def _logits(self, votes: LabelMatrix) -> Floats:
        mean = np.mean([softmax(member._logits(votes)) for member in self.members_], axis=0)
        silent = ~votes.covered
        for exact in self.silent_:
            mean[silent] = softmax(exact._logits(votes.take(silent)))
        if not self.given_:
            even = silent & (mean.max(axis=1) < 1 / len(self.labels_) + EVEN)
            mean[even] = 1 / len(self.labels_)
        return log(mean)

    # --- saving ------------------------------------------------------------------------------------------------------

    def _contents(self, folder: str) -> dict[str, bytes]:
        files = super()._contents(folder)
        for number, member in enumerate((*self.members_, *self.silent_)):
            files |= member._contents(f"{folder}member_{number}/")
        return files

    def _restore(self, archive: zipfile.ZipFile, folder: str) -> None:
        super()._restore(archive, folder)
        names = {
            name[len(folder) :].split("/")[0] for name in archive.namelist() if name.startswith(f"{folder}member_")
        }
        members = [_restored(archive, f"{folder}member_{number}/") for number in range(len(names))]
        self.silent_ = tuple(member for member in members if _words(member) == EXACT)
        self.members_ = tuple(member for member in members if _words(member) != EXACT)
        self.evidence_ = {}


def _candidates(balance: Floats | None) -> list[DawidSkene]:
    """The models among which the votes choose; whether to hold the balance is a question only where it is estimated."""
    return [
        DawidSkene(abstain=weight, strength=STRENGTH, tolerance=TOLERANCE, hold=hold)
        for hold in ((False, True) if balance is None else (False,))
        for weight in ABSTAIN_WEIGHTS
    ]


def _restored(archive: zipfile.ZipFile, folder: str) -> Model:
    about = json.loads(archive.read(f"{folder}model.json"))
    kinds: dict[str, type[Model]] = {kind.name: kind for kind in (MajorityVote, DawidSkene)}
    member = kinds[about["model"]](**about["parameters"])
    member._restore(archive, folder)
    return member


def _nothing_to_learn(statistics: Statistics) -> str:
    """Why the votes can't tell good functions from bad, or nothing."""
    voices = np.unique(statistics.symbols.voter[statistics.votes > 0])
    if voices.size < FEWEST_FUNCTIONS:
        return f"fewer than {FEWEST_FUNCTIONS} independent rules vote"
    if not np.any(np.diff(statistics.matrix.indptr) > 1):
        return "no row has two votes"
    return ""


def _words(member: Model) -> str:
    """A candidate in words."""
    held = ", the balance held" if getattr(member, "hold", False) else ""
    return f"{member.name} with abstaining at {float(getattr(member, 'abstain', 0.0)):g}{held}"


def _explained(kept: list[Member]) -> str:
    """What was chosen, in words for who wrote the rules."""
    weights = sorted({float(getattr(member, "abstain", 0.0)) for member in kept})
    listed = " and ".join(", ".join(f"{weight:g}" for weight in weights).rsplit(", ", 1))
    held = {getattr(member, "hold", False) for member in kept}
    listed += "; the balance free and held" if len(held) > 1 else "; the balance held" if True in held else ""
    if len(kept) == 1:
        return f"the Dawid-Skene model that foretells left-out votes best (abstaining counts {listed})"
    return (
        f"the average of {len(kept)} Dawid-Skene models that foretell left-out votes about equally well "
        f"(abstaining counts {listed})"
    )
