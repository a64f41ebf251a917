"""Triage, urgency and findings of one report: what the rules demand of the answers, and how good they are."""

from __future__ import annotations

from pathlib import Path

import findings as findings_benchmark
import numpy as np
import numpy.typing as npt
import pytest
import several_tasks as benchmark
from public_data import FINDINGS, URGENCY, Tasks, reports

import snorkel_dsl as sd
from snorkel_dsl.language.facts import facts_of
from snorkel_dsl.models.tasks import fit_tasks

RULES = sd.compile(benchmark.REPORTS)
REQUIREMENTS = facts_of(RULES.program).requirements


def test_the_three_questions() -> None:
    triage, urgency, findings = RULES.program.tasks
    assert triage.labels == ("NORMAL", "ABNORMAL")
    assert (urgency.under, urgency.labels) == (("triage", 1), tuple(URGENCY.values()))
    assert findings.any_number
    assert findings.labels == tuple(name.upper() for name in FINDINGS)


def test_every_answer_has_a_rule() -> None:
    voted = {
        (function.task, label)
        for function in RULES.program.functions
        for vote in function.votes
        for label in vote.labels
    }
    assert voted >= {(task.name, label) for task in RULES.program.tasks for label in range(len(task.labels))}
    assert voted >= {("findings", label) for label in range(2 * len(FINDINGS))}  # for and against each of them


def said_of(text: str, task: str, label: str | None = None) -> list[set[str]]:
    """What each vote on a report says of a question, as names of labels."""
    votes = RULES.apply([{"text": text}]).question(task, label)
    names = votes.only_task.labels
    return [{names[number] for number in votes.labels_of(int(code))} for code in votes.codes]


def test_a_finding_says_how_soon() -> None:
    """No rule for urgency reads it, and the requirements tell."""
    text = "FINDINGS: There is a small right apical pneumothorax. IMPRESSION: See above."
    assert {"EMERGENT"} in said_of(text, "urgency")
    assert {"ABNORMAL"} in said_of(text, "triage")
    assert not RULES.apply([{"text": text}]).task("urgency").covered.any()


def test_what_is_normal_has_no_finding() -> None:
    said = said_of("FINDINGS: Lungs clear. Heart normal. IMPRESSION: Normal chest.", "findings", "EDEMA")
    assert {"not EDEMA"} in said
    assert {"EDEMA"} not in said
    assert len(said) > 1  # not from its own rule alone: NORMAL says it as well


# ----------------------------------------------------------------------------------------------------- on real data


def true_of(gold: Tasks, name: str, numbers: frozenset[int]) -> npt.NDArray[np.bool_]:
    """The rows of which it is true that they have one of some labels, (n)."""
    own = gold[name]
    wanted = sorted(numbers)
    return np.asarray(np.isin(own, wanted) if own.ndim == 1 else (own[:, wanted] == 1).any(axis=1))


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_requirements_are_true_of_the_answers(split: str, data_folder: Path) -> None:
    """They were read off the reports of `train`; not one report of either half breaks one, and each speaks of some."""
    _, gold = reports(data_folder, split)
    for requirement in REQUIREMENTS:
        given, implied = true_of(gold, *requirement.given), true_of(gold, *requirement.implied)
        assert not (given & ~implied).any()
        assert given.any() or split == "held_out"


def test_findings_are_those_of_the_findings_rules(data_folder: Path) -> None:
    """The same words, read in the same way: the rules that vote for a finding agree, report by report."""
    rows, gold = reports(data_folder, "train")
    known = gold["findings"][:, 0] >= 0
    votes = RULES.apply(rows[["text"]])
    names = [f"findings.{name.upper()}" for name in FINDINGS]
    mine = np.column_stack([_votes_for(votes, name) for name in names])
    theirs = findings_benchmark.votes_for(sd.compile(findings_benchmark.RULES).apply(rows[["text"]]))
    assert (mine | ~theirs).mean() >= 0.999
    assert benchmark_f1(mine[known], gold["findings"][known]) >= benchmark_f1(theirs[known], gold["findings"][known])


def _votes_for(votes: sd.LabelMatrix, name: str) -> npt.NDArray[np.bool_]:
    task = votes.tasks.index(next(one for one in votes.tasks if one.name == "findings"))
    label = votes.tasks[task].labels.index(name.partition(".")[2])
    found = np.zeros(votes.n, dtype=np.bool_)
    for function in range(len(votes.functions)):
        if votes.task_of[function] == task:
            place = votes.slice_of(function)
            found[votes.rows[place][votes.codes[place] == label]] = True
    return found


def benchmark_f1(predicted: npt.NDArray[np.bool_], gold: npt.NDArray[np.int64]) -> float:
    """Micro F1 on reports whose index is known."""
    return findings_benchmark.scores(predicted, gold == 1)[2]


@pytest.mark.parametrize(
    ("split", "at_least"),
    [
        ("train", {"triage": 0.95, "urgency": 0.88, "findings F1": 0.95}),
        ("test", {"triage": 0.94, "triage AUC": 0.95, "urgency": 0.85}),
        ("held_out", {"findings F1": 0.92}),
    ],
)
def test_it_is_as_good_as_we_say(split: str, at_least: dict[str, float], data_folder: Path) -> None:
    """By counting votes. The test reports were opened when the rules were done."""
    rows, gold = reports(data_folder, split)
    fitted = fit_tasks(RULES.apply(rows[["text"]]), sd.MajorityVote)
    scores = benchmark.report_scores(benchmark.given(fitted, majority=True), gold, RULES)
    assert {name: scores[name] >= bound for name, bound in at_least.items()} == dict.fromkeys(at_least, True), scores
