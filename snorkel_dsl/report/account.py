"""What came out of labeling, task by task, in words and numbers: coverage, the models and why, labels, scores beside gold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.labels import Labels
from snorkel_dsl.models.tasks import Answered
from snorkel_dsl.report.table import count, percent, share, table

Gold = npt.NDArray[np.int64]
_SIDES = {None: "both ways", 0: "against", 1: "for"}


def accounts(answered: Sequence[Answered], gold: Mapping[str, Gold]) -> str:
    """The account of every task, in order."""
    tasks = dict.fromkeys(one.task for one in answered)
    by_task = [[one for one in answered if one.task == task] for task in tasks]
    return "\n\n".join(_of_labels(own, gold) if own[0].task.any_number else _of_one(own[0], gold) for own in by_task)


# ------------------------------------------------------------------------------------------------- one label for each row


def _of_one(one: Answered, gold: Mapping[str, Gold]) -> str:
    labels = one.labels
    covered = _rows(one, labels.covered)
    lines = [
        f"task {one.name}{_under(one)}: {_asked(one)}, {covered:,} with a vote ({_part(covered, _rows(one, one.asked))}), "
        f"{count(_rows(one, one.votes.votes_per_row), 'vote')} of {count(len(one.votes.functions), 'function')}",
        f"model {one.model.name}: {one.model.explanation_}",
        *(f"doubt: {sentence}" for sentence in one.model.warnings_),
        f"class balance: {_balance(one)}",
        "",
        table(("label", "rows", "share", "mean probability"), _label_rows(one)),
    ]
    known = one.gold_of(gold)
    return "\n".join(lines if known is None else [*lines, "", scores(one, known)])


def _rows(one: Answered, flags: npt.NDArray[Any]) -> int:
    """How many rows are flagged, or what numbers of them add up to; distinct rows count for those that they stand for."""
    return int(flags.sum() if one.weights is None else round(float(one.weights @ flags)))


def _under(one: Answered) -> str:
    return "" if one.parent is None else f", under {one.parent}"


def _asked(one: Answered) -> str:
    rows = f"{_rows(one, np.ones(len(one.labels), dtype=np.bool_)):,} rows"
    return rows if one.task.under is None else f"{rows}, asked of {_rows(one, one.asked):,}"


def _part(part: int, whole: int) -> str:
    return percent(part / whole) if whole else "none"


def _balance(one: Answered) -> str:
    shares = one.model.class_balance_
    return ", ".join(f"{label} {percent(float(s))}" for label, s in zip(one.labels.labels, shares, strict=True))


def _label_rows(one: Answered) -> list[tuple[str, ...]]:
    labels, asked = one.labels, _rows(one, one.asked)
    chosen = labels.predict()
    weights = None if one.weights is None else one.weights[one.asked]
    shares = labels.probabilities[one.asked]
    means = np.average(shares, axis=0, weights=weights) if asked else np.full(len(labels.labels), np.nan)
    counts = [
        (label, _rows(one, chosen == number), share(float(means[number]))) for number, label in enumerate(labels.labels)
    ]
    tied = _rows(one, labels.ties)
    rest = [("(no vote)", asked - _rows(one, labels.covered), ""), ("(tie)", tied, "")]
    return [
        (name, f"{number:,}", _part(number, asked), mean) for name, number, mean in counts + [r for r in rest if r[1]]
    ]


def scores(one: Answered, gold: Gold) -> str:
    """Majority vote beside the label model, on the rows whose gold is known."""
    k = len(one.labels.labels)
    headers = ["", "accuracy", *(["F1 " + one.labels.labels[1]] if k == 2 else []), "log loss"]
    rows = []
    for name, labels in (("majority vote", one.majority), (f"label model ({one.model.name})", one.labels)):
        cells = [name, share(labels.accuracy(gold))]
        cells += [share(labels.f1(gold, 1))] if k == 2 else []
        rows.append([*cells, f"{labels.log_loss(gold):.3f}"])
    known = int((gold >= 0).sum())
    return f"against gold ({known:,} rows; ties and rows without a vote count at their expected value):\n" + table(
        headers, rows
    )


# ------------------------------------------------------------------------------------------ any number of labels for each


def _of_labels(own: list[Answered], gold: Mapping[str, Gold]) -> str:
    task, n = own[0].task, len(own[0].labels)
    covered = int(np.any([one.labels.covered for one in own], axis=0).sum())
    votes = sum(one.votes.rows.size for one in own)
    lines = [
        f"task {task.name}{_under(own[0])}, any number of {len(task.labels)} labels: {_asked(own[0])}, {covered:,} with a "
        f"vote ({_part(covered, int(own[0].asked.sum()))}), {count(votes, 'vote')}",
        *_models(own),
        *_silent(own),
        "",
        table(
            ("label", "with a vote", "votes", "applies", "share", "mean probability"), [_applies(one, n) for one in own]
        ),
    ]
    judged = [(one, known) for one in own if (known := one.gold_of(gold)) is not None]
    return "\n".join([*lines, "", label_scores(judged)] if judged else lines)


def _models(own: list[Answered]) -> list[str]:
    """Each model once, with the labels that it is for; of votes that go one way only, that is said."""
    by_reason: dict[str, list[str]] = {}
    for one in own:
        sided = "" if one.sided is None else f", for every vote is {_SIDES[one.sided]} it and nothing can be learned"
        by_reason.setdefault(f"model {one.model.name}: {one.model.explanation_}{sided}", []).append(_label(one))
    return [f"{', '.join(labels)}: {reason}" if len(by_reason) > 1 else reason for reason, labels in by_reason.items()]


def _silent(own: list[Answered]) -> list[str]:
    """Labels that no rule votes on, and votes that say nothing of a single label."""
    asked = {one.label for one in own}
    silent = [label for number, label in enumerate(own[0].task.labels) if number not in asked]
    lines = [f"no rule votes on {', '.join(silent)}"] if silent else []
    left_out = [f"{one.left_out:,} of {_label(one)}" for one in own if one.left_out]
    if left_out:
        lines.append(
            f"votes for one of several labels say nothing of a single one, and are left out: {', '.join(left_out)}"
        )
    return lines


def _label(one: Answered) -> str:
    return one.labels.labels[1]


def _applies(one: Answered, n: int) -> tuple[str, ...]:
    covered, positive = int(one.labels.covered.sum()), int((one.labels.predict() == 1).sum())
    mean = share(float(one.labels.probabilities[one.labels.covered, 1].mean())) if covered else "–"
    return (_label(one), f"{covered:,}", _SIDES[one.sided], f"{positive:,}", _part(positive, n), mean)


@dataclass(frozen=True)
class Counts:
    """Of a label: the rows that got it, those that have it, and those that got and have it."""

    given: int
    true: int
    both: int

    @classmethod
    def of(cls, labels: Labels, gold: Gold) -> Counts:
        """The counts of class 1 on the rows whose gold is known; a tie, and a row without a vote, did not get it."""
        given, true = (labels.predict() == 1) & (gold >= 0), gold == 1
        return cls(int(given.sum()), int(true.sum()), int((given & true).sum()))

    @classmethod
    def together(cls, counts: Sequence[Counts]) -> Counts:
        """The counts of several labels as if they were one."""
        return cls(*(sum(getattr(one, name) for one in counts) for name in ("given", "true", "both")))

    @property
    def precision(self) -> float:
        """The share of the rows that got the label which have it; NaN where none got it."""
        return self.both / self.given if self.given else float("nan")

    @property
    def recall(self) -> float:
        """The share of the rows that have the label which got it; NaN where none has it."""
        return self.both / self.true if self.true else float("nan")

    @property
    def f1(self) -> float:
        """The harmonic mean of both; NaN where no row has the label or got it."""
        return 2 * self.both / (self.given + self.true) if self.given + self.true else float("nan")


def label_scores(judged: Sequence[tuple[Answered, Gold]]) -> str:
    """Precision, recall and F1 of each label under the models, and over all labels beside majority vote.

    Micro scores count rows and labels together; macro scores are means over the labels for which they are defined.
    """
    model = [Counts.of(one.labels, gold) for one, gold in judged]
    majority = [Counts.of(one.majority, gold) for one, gold in judged]
    rows: list[tuple[str, ...]] = [
        (_label(one), f"{found.true:,}", *_three(found)) for (one, _), found in zip(judged, model, strict=True)
    ]
    total = f"{sum(found.true for found in model):,}"
    for name, counts in (("label models", model), ("majority vote", majority)):
        rows.append((f"all, micro, {name}", total, *_three(Counts.together(counts))))
        rows.append((f"all, macro, {name}", total, *(_mean([getattr(c, s) for c in counts]) for s in _MEASURES)))
    known = int(np.any([gold >= 0 for _, gold in judged], axis=0).sum())
    head = f"against gold ({known:,} rows; a label without a vote, or tied, counts as not given):\n"
    return head + table(("", "in gold", *_MEASURES), rows)


_MEASURES = ("precision", "recall", "f1")


def _three(counts: Counts) -> tuple[str, str, str]:
    return _shown(counts.precision), _shown(counts.recall), _shown(counts.f1)


def _mean(values: Sequence[float]) -> str:
    known = [value for value in values if value == value]
    return _shown(sum(known) / len(known)) if known else "–"


def _shown(value: float) -> str:
    return share(value) if value == value else "–"
