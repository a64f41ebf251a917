"""One model of all tasks on real rows: answers to the rules that ship, and to a sample, never contradict each other."""

from __future__ import annotations

from pathlib import Path

from public_data import question_types
from test_joint import contradictions

from snorkel_dsl.api import compile
from snorkel_dsl.models.tasks import fit_joint, informs

ROOT = Path(__file__).parents[1]


def test_answers_of_the_samples_never_contradict_each_other(data_folder: Path) -> None:
    path = data_folder / "trec" / "train_5500.label"
    rows = [{"text": line.partition(" ")[2]} for line in path.read_text(encoding="latin-1").splitlines()]
    votes = compile(ROOT / "tests" / "samples" / "questions.rules").apply(rows)
    assert informs(votes)
    assert contradictions(votes, fit_joint(votes)) == 0


def test_answers_of_the_rules_for_fifty_types_never_contradict_each_other(data_folder: Path) -> None:
    rows, _ = question_types(data_folder, "test")
    votes = compile(ROOT / "rulesets" / "questions" / "fine.rules").apply(rows[["text"]])
    answered = fit_joint(votes)
    joint = answered[0].joint
    assert joint is not None
    assert joint.feasible_.size() == 50
    assert contradictions(votes, answered) == 0


def test_answers_of_the_rules_for_reports_never_contradict_each_other(data_folder: Path) -> None:
    folders = [ROOT / "rulesets" / "chest_xray", ROOT / "rulesets" / "chest_findings"]
    rules = compile(folders[0] / "joint.rules", roots=folders)
    votes = rules.apply(data_folder / "chest_xray" / "test_entries.csv")
    assert votes.facts.requirements
    assert contradictions(votes, fit_joint(votes)) == 0
