"""Probabilistic training labels: what a label model hands on, n rows × k probabilities of one task.

A row on which every function abstained is uncovered. It has probabilities like any other, but `predict` leaves it
unlabeled unless asked. Scores take ties and uncovered rows at their expected value under a random choice: an uncovered
row is right with 1 / k, a tie of two with one half if the truth is among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.intervals import wilson_interval
from snorkel_dsl.votes import ABSTAIN, Bools, Floats, Ints, check_gold

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TIE = 1e-9  # probabilities that differ by less are tied
LOWEST = 1e-12  # the log loss of a probability below this is that of this


@dataclass(frozen=True, eq=False, repr=False)
class Labels:
    """Labels of one task: `probabilities` (n, k) float64, rows sum to one; `covered` (n) bool; k names in `labels`."""

    task: str
    labels: tuple[str, ...]
    probabilities: Floats
    covered: Bools

    def __post_init__(self) -> None:
        n, k = self.covered.size, len(self.labels)
        if self.probabilities.shape != (n, k):
            raise ValueError(
                f"{n} rows and {k} labels, but the probabilities have the shape {self.probabilities.shape}"
            )

    def __len__(self) -> int:
        return self.covered.size

    # --- one label a row ------------------------------------------------------------------------------------------------

    @property
    def winners(self) -> Bools:
        """The labels whose probability is the highest of their row, (n, k)."""
        return most_probable(self.probabilities)

    @property
    def ties(self) -> Bools:
        """The covered rows on which two labels or more share the highest probability, (n)."""
        return np.asarray(self.covered & (self.winners.sum(axis=1) > 1))

    def predict(self, tie: str | int = "abstain", seed: int = 0, uncovered: bool = False) -> Ints:
        """The class number of each row, (n) int64, -1 where there is none.

        `tie`: "abstain" leaves ties at -1; "random" draws one of the tied labels with `seed`; the name or the number of a
        label takes that one where it is among the tied. Uncovered rows are -1 unless `uncovered`. Raises ValueError on
        another `tie`.
        """
        chosen = choose(self.probabilities, self._tie(tie), seed)
        if not uncovered:
            chosen[~self.covered] = ABSTAIN
        return chosen

    def _tie(self, tie: str | int) -> str | int:
        if isinstance(tie, str) and tie in self.labels:
            return self.labels.index(tie)
        if tie in ("abstain", "random") or (isinstance(tie, int) and 0 <= tie < len(self.labels)):
            return tie
        raise ValueError(f"`{tie}` is no way to break ties: write `abstain`, `random` or a label")

    # --- scores -----------------------------------------------------------------------------------------------------------

    def accuracy(self, gold: npt.ArrayLike, uncovered: bool = False) -> float:
        """The share of right labels; ties and uncovered rows count at their expected value under a random choice.

        With `uncovered`, uncovered rows get their most probable label like all others. Rows whose gold is -1 are left out
        here as in every score; NaN where no row is left.
        """
        truth, known = self._known(gold)
        return _mean(self._shares(uncovered)[known, truth])

    def f1(self, gold: npt.ArrayLike, label: str | int, uncovered: bool = False) -> float:
        """F1 of a label, from expected counts under a random choice at ties and uncovered rows; 0 without a hit."""
        truth, known = self._known(gold)
        share = self._shares(uncovered)[known, self._number(label)]
        positive = truth == self._number(label)
        denominator = float(share.sum() + positive.sum())
        return float(2 * share[positive].sum() / denominator) if denominator else 0.0

    def log_loss(self, gold: npt.ArrayLike) -> float:
        """The mean of -log P(gold label), in nats, over all rows; probabilities count as at least 1e-12."""
        truth, known = self._known(gold)
        return _mean(-np.log(np.maximum(self.probabilities[known, truth], LOWEST)))

    def brier(self, gold: npt.ArrayLike) -> float:
        """The mean squared distance between the probabilities and the gold label, from 0 to 2 (Brier 1950)."""
        truth, known = self._known(gold)
        return _mean(np.sum((self.probabilities[known] - np.eye(len(self.labels))[truth]) ** 2, axis=1))

    def calibration(self, gold: npt.ArrayLike, bins: int = 10) -> Calibration:
        """How right the labels of each confidence are, in bins of equal width, over all rows whose gold is known.

        The confidence of a row is its highest probability; a tie is right with the share that a random choice would be.
        """
        truth, known = self._known(gold)
        confidence = self.probabilities[known].max(axis=1, initial=0.0)
        right = self._shares(uncovered=True)[known, truth]
        number = np.minimum((confidence * bins).astype(np.int64), bins - 1)
        rows = np.bincount(number, minlength=bins)
        filled = np.flatnonzero(rows)
        sums = [np.bincount(number, weights=values, minlength=bins)[filled] for values in (confidence, right)]
        return Calibration(sums[0] / rows[filled], sums[1] / rows[filled], rows[filled].astype(np.int64))

    def calibration_error(self, gold: npt.ArrayLike, bins: int = 10) -> float:
        """The expected calibration error, from 0 to 1; NaN where no gold is known. See `Calibration.error`."""
        return self.calibration(gold, bins).error

    def _shares(self, uncovered: bool) -> Floats:
        """The chance of each label under a random choice among the winners, (n, k)."""
        winners = self.winners.astype(np.float64)
        if not uncovered:
            winners[~self.covered] = 1.0
        shares: Floats = winners / winners.sum(axis=1, keepdims=True)
        return shares

    def _known(self, gold: npt.ArrayLike) -> tuple[Ints, Ints]:
        """The gold class numbers that are known, and the rows they stand on."""
        truth = check_gold(gold, len(self), len(self.labels))
        known = np.flatnonzero(truth >= 0)
        return truth[known], known

    def _number(self, label: str | int) -> int:
        if isinstance(label, int) and 0 <= label < len(self.labels):
            return label
        if label in self.labels:
            return self.labels.index(str(label))
        raise ValueError(f"`{label}` is no label of `{self.task}`")

    # --- turning them into something else ---------------------------------------------------------------------------------

    def to_pandas(self, tie: str | int = "abstain", seed: int = 0) -> pd.DataFrame:
        """One row a row: the `label` by name (missing where there is none), one probability a label, and `covered`."""
        return self.to_arrow(tie, seed).to_pandas()

    def to_arrow(self, tie: str | int = "abstain", seed: int = 0) -> pa.Table:
        """An Arrow table with the columns of `to_pandas`: `TASK`, `TASK.LABEL` for each label, `covered`."""
        import pyarrow as pa

        chosen = self.predict(tie, seed)
        names = np.array([*self.labels, None], dtype=object)
        columns: dict[str, Any] = {self.task: pa.array(names[chosen], type=pa.string())}
        columns |= {f"{self.task}.{name}": pa.array(self.probabilities[:, y]) for y, name in enumerate(self.labels)}
        return pa.table(columns | {"covered": pa.array(self.covered)})

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        stream: object = self.to_arrow().__arrow_c_stream__(requested_schema)  # type: ignore[no-untyped-call]
        return stream

    def __repr__(self) -> str:
        return f"Labels({self.task}: {', '.join(self.labels)}; {len(self)} rows, {int(self.covered.sum())} covered)"

    def _repr_html_(self) -> str:
        return str(self.to_pandas().head(20).to_html())


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far probabilities can be believed: for each bin that has rows, (b), ascending, the mean `confidence` of its rows,
    the share of them that is right (`accuracy`), and their number (`rows`).
    """

    confidence: Floats
    accuracy: Floats
    rows: Ints

    @property
    def error(self) -> float:
        """The expected calibration error Σ_b n_b / n · |accuracy_b − confidence_b| (Naeini et al., AAAI 2015); else NaN."""
        gap = np.abs(self.accuracy - self.confidence)
        return float(self.rows @ gap / self.rows.sum()) if self.rows.size else float("nan")

    @property
    def low(self) -> Floats:
        """The lower end of the 95 % score interval of each accuracy, (b)."""
        return wilson_interval(self.accuracy * self.rows, self.rows)[0]

    @property
    def high(self) -> Floats:
        """The upper end of it, (b)."""
        return wilson_interval(self.accuracy * self.rows, self.rows)[1]


def most_probable(probabilities: Floats) -> Bools:
    """The labels whose probability is the highest of their row, (n, k); less than 1e-9 apart is the same."""
    return np.asarray(probabilities >= probabilities.max(axis=1, keepdims=True, initial=0.0) - TIE)


def choose(probabilities: Floats, tie: str | int, seed: int) -> Ints:
    """One class number a row, (n) int64; `tie` is "abstain", "random", or the class number that wins its ties."""
    winners = most_probable(probabilities)
    chosen: Ints = winners.argmax(axis=1).astype(np.int64)
    tied = winners.sum(axis=1) > 1
    if tie == "abstain":
        chosen[tied] = ABSTAIN
    elif tie == "random":
        draws = np.random.default_rng(seed).random(winners.shape)
        chosen[tied] = np.where(winners, draws, -1.0).argmax(axis=1)[tied]
    else:
        favoured = tied & winners[:, int(tie)]
        chosen[favoured] = int(tie)
        chosen[tied & ~favoured] = ABSTAIN
    return chosen


def _mean(values: Floats) -> float:
    array = np.asarray(values, dtype=np.float64)
    return float(array.mean()) if array.size else float("nan")
