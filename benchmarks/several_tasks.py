"""The rule sets with several tasks, a label model for each task: `python benchmarks/several_tasks.py [--train]`.

The folder of real data is `$SNORKEL_DSL_DATA`. The models are fitted on the votes of the train split, without any answer, and
label the test split (with `--train` the train split, on which the rules were written); beside them majority vote. Questions:
coarse accuracy, and fine accuracy, for which both must be right. Reports: triage accuracy and area under the ROC curve,
accuracy of the urgency of abnormal reports, micro F1 of thirteen findings, on reports that the rules for them were not
written on, and the share of reports whose answers keep to every `require`. Ties and rows without a vote count at their
expected value under a random choice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from public_data import COARSE, QUESTION_TASKS, Tasks, question_types, reports
from scipy.stats import rankdata

import snorkel_dsl as sd
from snorkel_dsl.language.facts import facts_of
from snorkel_dsl.models.tasks import Answered, fit_tasks, label_tasks

ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "rulesets" / "questions" / "fine.rules"
REPORTS = ROOT / "rulesets" / "chest_xray" / "joint.rules"
Given = dict[str, sd.Labels]
Scores = dict[str, float]


def given(answered: list[Answered], majority: bool) -> Given:
    """The labels of each question by its name."""
    return {one.name: one.majority if majority else one.labels for one in answered}


def shares(labels: sd.Labels) -> npt.NDArray[np.float64]:
    """The chance of each label to be given under a random choice at ties and on rows without a vote, (n, k)."""
    tied = labels.winners | ~labels.covered[:, None]
    return np.asarray(tied / tied.sum(axis=1, keepdims=True))


def question_scores(labels: Given, gold: Tasks) -> Scores:
    """Coarse and fine accuracy. A fine type is right where the coarse one is as well."""
    rows = np.arange(gold["coarse"].size)
    coarse = shares(labels["coarse"])[rows, gold["coarse"]]
    fine = np.zeros(rows.size)
    for number, parent in enumerate(COARSE):
        own = np.flatnonzero(gold["coarse"] == number)
        task = QUESTION_TASKS[parent]
        fine[own] = shares(labels[task])[own, gold[task][own]]
    return {"coarse": float(coarse.mean()), "fine": float((coarse * fine).mean())}


def report_scores(labels: Given, gold: Tasks, rules: sd.Rules) -> Scores:
    """Triage accuracy and AUC, accuracy of urgency, micro F1 of the findings, and how many rows keep to every `require`."""
    abnormal = gold["urgency"] >= 0
    urgency = shares(labels["urgency"])[abnormal, gold["urgency"][abnormal]]
    return {
        "triage": labels["triage"].accuracy(gold["triage"]),
        "triage AUC": area(labels["triage"].probabilities[:, 1], gold["triage"] == 1),
        "urgency": float(urgency.mean()),
        "findings F1": micro_f1(labels, gold["findings"], rules),
        "consistent": float(consistent(labels, rules).mean()),
    }


def area(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    """The area under the ROC curve: the chance that a positive row has the higher score, a tie counting one half."""
    positive, negative = truth.sum(), (~truth).sum()
    return float((rankdata(scores)[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def micro_f1(labels: Given, gold: npt.NDArray[np.int64], rules: sd.Rules) -> float:
    """F1 over all labels of `findings`, on the rows whose index is known."""
    names = rules.program.task("findings").labels
    said = np.column_stack([labels[f"findings.{name}"].predict() == 1 for name in names])[gold[:, 0] >= 0]
    true = gold[gold[:, 0] >= 0] == 1
    return float(2 * (said & true).sum() / (said.sum() + true.sum()))


def consistent(labels: Given, rules: sd.Rules) -> npt.NDArray[np.bool_]:
    """The rows whose answers contradict no `require`, (n). A task without an answer contradicts nothing."""
    kept = np.ones(len(labels["triage"]), dtype=np.bool_)
    for requirement in facts_of(rules.program).requirements:
        holds, _ = _says(labels, rules, *requirement.given)
        _, fails = _says(labels, rules, *requirement.implied)
        kept &= ~(holds & fails)
    return kept


def _says(
    labels: Given, rules: sd.Rules, name: str, numbers: frozenset[int]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where the answers say that one of some labels is there, and where they say that none is."""
    task = rules.program.task(name)
    if not task.any_number:
        own = labels[name].predict()
        there = np.isin(own, sorted(numbers))
        unasked = labels["triage"].predict() == 0 if task.under else np.zeros_like(there)
        return there, (~there & (own >= 0)) | unasked
    found = np.column_stack([labels[f"{name}.{task.labels[number]}"].predict() for number in sorted(numbers)])
    return (found == 1).any(axis=1), (found == 0).all(axis=1)


def questions(data: Path, split: str) -> dict[str, Scores]:
    """Majority vote and the label model on the questions."""
    rules = sd.compile(QUESTIONS)
    return _both(rules, question_types, data, split, question_scores)


def chest_xray(data: Path, split: str) -> dict[str, Scores]:
    """Majority vote and the label model on the reports."""
    rules = sd.compile(REPORTS)
    return _both(rules, reports, data, split, lambda labels, gold: report_scores(labels, gold, rules))


def _both(
    rules: sd.Rules,
    read: Callable[[Path, str], tuple[pd.DataFrame, Tasks]],
    data: Path,
    split: str,
    score: Callable[[Given, Tasks], Scores],
) -> dict[str, Scores]:
    rows, gold = read(data, "train")
    fitted = fit_tasks(rules.apply(rows[["text"]]), sd.LabelModel)
    if split != "train":
        rows, gold = read(data, split)
        fitted = label_tasks(rules.apply(rows[["text"]]), {one.name: one.model for one in fitted})
    return {name: score(given(fitted, majority), gold) for name, majority in (("majority", True), ("model", False))}


def line(name: str, split: str, scores: Mapping[str, Scores]) -> str:
    """A line for each score: majority vote and the label model."""
    rows = [
        f"{name:10} {split:9} {measure:12} {value:9.3f} {scores['model'][measure]:9.3f}"
        for measure, value in scores["majority"].items()
    ]
    return "\n".join(rows)


def main() -> None:
    """Run both."""
    data = os.environ.get("SNORKEL_DSL_DATA")
    if not data:
        sys.exit("set SNORKEL_DSL_DATA to the folder of real data")
    splits = ["train"] if "--train" in sys.argv else ["test", "held_out"]
    print(f"{'':34}{'majority':>9}{'model':>10}")
    print(line("questions", splits[0], questions(Path(data), splits[0])))
    for split in splits:
        print(line("chest_xray", split, chest_xray(Path(data), split)))


if __name__ == "__main__":
    main()
