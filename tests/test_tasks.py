"""Several tasks from rules to labels: what is written for labels that may all apply and for tasks under a label of another."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from simulate import one_label_each

from snorkel_dsl.api import compile
from snorkel_dsl.facts import FunctionFacts, RuleFacts
from snorkel_dsl.models import LabelModel, MajorityVote, load, load_bundle
from snorkel_dsl.models.expected import ExpectedPrecision
from snorkel_dsl.models.tasks import columns_of, fit_tasks
from snorkel_dsl.report.account import Counts
from snorkel_dsl.votes import LabelMatrix, TaskLabels

RULES = """\
data report
    text text
task triage on report
    labels NORMAL, ABNORMAL
task findings on report
    labels EDEMA, NODULE, FRACTURE, any number may apply
    balance EDEMA 20%
task urgency under triage.ABNORMAL
    labels LOW, HIGH
task size under findings.NODULE
    labels SMALL, LARGE
require findings.EDEMA implies triage.ABNORMAL
rule edema votes EDEMA
    when text mentions "edema"
    expect precision at least 60% on dev
    expect recall at least 60% on dev
    expect coverage at least 60% on dev
rule no_edema votes not EDEMA
    when text mentions "clear"
rule nodule votes NODULE
    when text mentions "nodule"
rule shadow votes NODULE or FRACTURE
    when text mentions "shadow"
rule clear votes triage.NORMAL
    when text mentions "clear"
rule now votes urgency.HIGH
    when text mentions "now"
rule tiny votes size.SMALL
    when text mentions "tiny"
"""
DATA = """\
text,triage,found,edema
edema now,ABNORMAL,EDEMA|NODULE,1
clear,NORMAL,none,0
tiny nodule,ABNORMAL,NODULE,no
shadow,ABNORMAL,FRACTURE,0
quiet,NORMAL,,
edema and a nodule,ABNORMAL,NODULE,0
"""
SEPARATE = ("--model", "separate")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "chest.rules").write_text(RULES)
    (tmp_path / "data.csv").write_text(DATA)
    return tmp_path


def snorkel_dsl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snorkel_dsl", *arguments],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


# --------------------------------------------------------------------------------------------------------- what is written


def test_votes_are_numbers_or_lists_of_qualified_names(folder: Path) -> None:
    done = snorkel_dsl(folder, "apply", "chest.rules", "data.csv", "-o", "votes.parquet")
    assert done.returncode == 0, done.stderr
    columns = pq.read_table(folder / "votes.parquet").to_pydict()
    assert columns["edema"] == [["findings.EDEMA"], [], [], [], [], ["findings.EDEMA"]]
    assert columns["no_edema"] == [[], ["not findings.EDEMA"], [], [], [], []]
    assert columns["shadow"] == [[], [], [], ["findings.NODULE", "findings.FRACTURE"], [], []]
    assert columns["now"] == [1, -1, -1, -1, -1, -1]


def test_votes_in_long_form_name_their_task(folder: Path) -> None:
    done = snorkel_dsl(folder, "apply", "chest.rules", "data.csv", "--format", "long", "-o", "votes.csv")
    assert done.returncode == 0, done.stderr
    with (folder / "votes.csv").open() as file:
        labels = [(line["row"], line["label"]) for line in csv.DictReader(file)]
    assert labels == [
        ("1", "findings.EDEMA"),
        ("1", "urgency.HIGH"),
        ("2", "not findings.EDEMA"),
        ("2", "triage.NORMAL"),
        ("3", "findings.NODULE"),
        ("3", "size.SMALL"),
        ("4", "findings.NODULE|findings.FRACTURE"),
        ("6", "findings.EDEMA"),
        ("6", "findings.NODULE"),
    ]


def test_every_task_gets_its_labels(folder: Path) -> None:
    done = snorkel_dsl(folder, "label", "chest.rules", "data.csv", *SEPARATE, "-o", "labels.parquet")
    assert done.returncode == 0, done.stderr
    columns = pq.read_table(folder / "labels.parquet").to_pydict()
    assert columns["findings"] == [["EDEMA"], [], ["NODULE"], None, None, ["EDEMA", "NODULE"]]
    assert columns["triage"] == ["ABNORMAL", "NORMAL", None, None, None, "ABNORMAL"]
    assert columns["urgency"] == ["HIGH", None, None, None, None, None]
    assert columns["size"] == [None, None, "SMALL", None, None, None]
    assert [value is None for value in columns["findings.NODULE"]] == [True, True, False, True, True, False]
    assert columns["findings.FRACTURE"] == [None] * 6
    assert [value is None for value in columns["urgency.HIGH"]] == [False, True, True, True, True, False]
    assert columns["findings.EDEMA"][0] > 0.5 > columns["findings.EDEMA"][1]


def test_the_account_says_what_could_not_be_learned(folder: Path) -> None:
    done = snorkel_dsl(
        folder, "label", "chest.rules", "data.csv", *SEPARATE, "-o", "labels.parquet", "--gold", "findings=found"
    )
    said = " ".join(done.stdout.split())
    assert "NODULE: model expected: each vote is right with the precision that is expected of its rule" in said
    assert "every vote is for it and nothing can be learned" in said
    assert "no rule votes on FRACTURE" in said
    assert "say nothing of a single one, and are left out: 1 of NODULE" in said
    assert "task urgency, under triage.ABNORMAL: 6 rows, asked of 2, 1 with a vote" in said


# ------------------------------------------------------------------------------------------------------------------- gold


def test_scores_of_labels_that_may_all_apply(folder: Path) -> None:
    gold = ("--gold", "findings=found", "--gold", "triage=triage")
    done = snorkel_dsl(folder, "label", "chest.rules", "data.csv", *SEPARATE, "-o", "labels.csv", *gold)
    assert done.returncode == 0, done.stderr
    rows = {
        line[:28].strip(): line[28:].split() for line in done.stdout.splitlines() if line.startswith(("EDEMA ", "all,"))
    }
    assert rows["all, micro, label models"] == rows["all, micro, majority vote"]
    # EDEMA: given twice, right once; NODULE: given twice, right twice, of three.
    assert rows["all, micro, label models"] == ["4", ".750", ".750", ".750"]
    assert rows["all, macro, label models"] == ["4", ".750", ".833", ".733"]


def test_gold_of_single_labels_is_zero_and_one(folder: Path) -> None:
    done = snorkel_dsl(
        folder,
        "analyze",
        "chest.rules",
        "data.csv",
        *SEPARATE,
        "--gold",
        "findings.EDEMA=edema",
        "--output-format",
        "json",
    )
    assert done.returncode == 0, done.stderr
    tasks = {task["task"]: task for task in json.loads(done.stdout)["tasks"]}
    lines = {(line["function"], *line["labels"]): line for line in tasks["findings"]["lines"]}
    assert (lines["edema", "EDEMA"]["correct"], lines["edema", "EDEMA"]["incorrect"]) == (1, 1)
    assert lines["no_edema", "not EDEMA"]["correct"] == 1
    assert lines["nodule", "NODULE"]["accuracy"] is None
    assert lines["shadow", "NODULE or FRACTURE"]["learned"] is None
    assert {line["function"] for line in tasks["triage"]["lines"]} == {"edema", "clear", "now"}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--gold", "findings.EDEMA=found"), "which does not say whether `EDEMA` applies"),
        (("--gold", "findings=triage"), "which is no label of the task"),
        (("--gold", "found"), "the gold of which task does `found` hold?"),
        (("--gold", "EDEMA=found"), "did you mean `--gold findings.EDEMA=found`?"),
        (("--gold", "findngs=found"), "did you mean `--gold findings=found`?"),
        (("--balance", "findings.EDEMA=120%"), "is no share"),
        (("--balance", "findings.EDMA=20%"), "did you mean `EDEMA`?"),
    ],
)
def test_wrong_options_are_said(folder: Path, option: tuple[str, ...], said: str) -> None:
    done = snorkel_dsl(folder, "label", "chest.rules", "data.csv", "-o", "labels.csv", *option)
    assert done.returncode == 2
    assert said in done.stderr


def test_expectations_of_labels_that_may_all_apply(folder: Path) -> None:
    (folder / "snorkel-dsl.toml").write_text('[datasets]\ndev = { path = "data.csv", gold = { findings = "found" } }\n')
    done = snorkel_dsl(folder, "test", "chest.rules")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "the precision of `edema` on `dev` is 50.0 %" in said
    assert "the coverage of `edema` on `dev` is 33.3 %" in said
    assert "recall" not in said  # the one report with an edema is found


def test_an_account_of_one_row(folder: Path) -> None:
    done = snorkel_dsl(
        folder, "explain", "chest.rules", "data.csv", *SEPARATE, "--row", "1", "--gold", "findings=found"
    )
    assert done.returncode == 0, done.stderr
    assert "findings.EDEMA: EDEMA" in done.stdout
    assert "gold: EDEMA" in done.stdout
    assert "edema votes findings.EDEMA  (ABNORMAL would be" in done.stdout  # for the triage too
    assert "urgency:" in done.stdout
    assert done.stdout.endswith("\nnot asked: size (under findings.NODULE)\n")


def test_models_of_several_questions_are_saved_in_one_file(folder: Path) -> None:
    done = snorkel_dsl(
        folder, "label", "chest.rules", "data.csv", *SEPARATE, "-o", "labels.csv", "--save-model", "chest.model"
    )
    assert done.returncode == 0, done.stderr
    models = load_bundle(folder / "chest.model").models
    assert list(models) == ["triage", "findings.EDEMA", "findings.NODULE", "urgency", "size"]
    votes = compile(folder / "chest.rules").apply(folder / "data.csv")
    again = models["findings.EDEMA"]
    assert again.predict(votes.question("findings", "EDEMA")).tolist() == [1, 0, -1, -1, -1, 1]
    with pytest.raises(ValueError, match="holds the models of 5 questions"):
        load(folder / "chest.model")
    done = snorkel_dsl(folder, "predict", "chest.rules", "data.csv", "--model", "chest.model", "-o", "again.csv")
    assert done.returncode == 0, done.stderr
    assert (folder / "again.csv").read_bytes() == (folder / "labels.csv").read_bytes()


# -------------------------------------------------------------------------------------------------------------- in Python


def test_one_model_cannot_take_several_questions(folder: Path) -> None:
    votes = compile(folder / "chest.rules").apply(folder / "data.csv")
    with pytest.raises(ValueError, match="choose one"):
        LabelModel().fit(votes)
    with pytest.raises(ValueError, match=r"\.question\(\"findings\", \"EDEMA\"\)"):
        LabelModel().fit(votes.task("findings"))


def test_a_function_on_labels_that_may_all_apply_has_no_class_number(folder: Path) -> None:
    function = compile(folder / "chest.rules").lfs["no_edema"]
    assert function.vote({"text": "clear"}) == {"not EDEMA"}
    assert function({"text": "quiet"}) == -1
    with pytest.raises(ValueError, match="any number of labels"):
        function({"text": "clear"})


def test_a_known_balance_of_one_label_is_taken(folder: Path) -> None:
    votes = compile(folder / "chest.rules").apply(folder / "data.csv")
    by_name = {one.name: one for one in fit_tasks(votes, MajorityVote, {"findings.NODULE": (0.9, 0.1)})}
    assert by_name["findings.EDEMA"].model.class_balance_.tolist() == pytest.approx([0.8, 0.2])
    assert by_name["findings.NODULE"].model.class_balance_.tolist() == pytest.approx([0.9, 0.1])


def test_labels_that_nobody_voted_on_at_all() -> None:
    task = TaskLabels("t", ("A", "B"), any_number=True)
    empty = np.zeros(0, dtype=np.int64)
    votes = LabelMatrix(3, ("a",), (task,), (0,), np.zeros(2, dtype=np.int64), empty, empty.astype(np.int8))
    assert fit_tasks(votes, LabelModel) == []
    known = RuleFacts({"a": FunctionFacts("a", "t", frozenset({0}))})
    silent = LabelMatrix(3, ("a",), (task,), (0,), votes.indptr, empty, votes.codes, facts=known)
    columns = columns_of(fit_tasks(silent, LabelModel))
    assert columns["t"] == [None, None, None]
    assert np.isnan(columns["t.A"]).all()


# -------------------------------------------------------------------------------------- labels that are only voted for


def positive_only(hits: tuple[tuple[int, float, float], ...], share: float) -> tuple[LabelMatrix, np.ndarray]:
    simulation = one_label_each(4_000, hits, balance=(1 - share, share))
    return simulation.votes, simulation.truth


def test_rare_and_precise_rules_are_believed_although_nothing_contradicts_them() -> None:
    votes, truth = positive_only(((1, 0.6, 0.002), (1, 0.3, 0.001), (1, 0.2, 0.001)), 0.05)
    found = ExpectedPrecision().fit(votes, class_balance=(0.95, 0.05)).label(votes)
    counts = Counts.of(found, truth)
    assert counts.precision > 0.85
    assert counts.recall > 0.7


def test_a_known_balance_bounds_what_poor_rules_may_claim() -> None:
    votes, truth = positive_only(((1, 0.6, 0.05), (1, 0.3, 0.02), (1, 0.2, 0.05)), 0.05)
    held = ExpectedPrecision().fit(votes, class_balance=(0.95, 0.05))
    assert held.predict_proba(votes)[votes.covered, 1].sum() / votes.n <= 0.0505
    free = ExpectedPrecision().fit(votes)
    assert Counts.of(held.label(votes), truth).precision > Counts.of(free.label(votes), truth).precision + 0.2
    assert (free.predict(votes) == 1).sum() == votes.covered.sum()


def test_an_expected_precision_counts() -> None:
    votes = LabelMatrix.from_dense([[1, -1], [-1, 1], [1, 1]], ["sure", "usual"])
    facts = RuleFacts({"sure": FunctionFacts("sure", "label", frozenset({1}), precision=(0.9, 1.0))})
    found = ExpectedPrecision().fit(votes, facts).predict_proba(votes)[:, 1]
    assert found.tolist() == pytest.approx([0.95, 0.75, 0.95 * 0.75 / (0.95 * 0.75 + 0.05 * 0.25)])


# ---------------------------------------------------------------------------------------------------------------- real data


def questions(file: Path) -> list[dict[str, str]]:
    """The questions of TREC with their coarse and fine types."""
    found = []
    for line in file.read_text(encoding="latin-1").splitlines():
        kind, _, text = line.partition(" ")
        coarse, _, fine = kind.partition(":")
        found.append({"text": text, "coarse": coarse, "fine": fine})
    return found


def test_the_questions_of_trec_are_asked_from_coarse_to_fine(data_folder: Path) -> None:
    rows = questions(data_folder / "trec" / "train_5500.label")
    assert len(rows) == 5_452
    rules = compile(Path(__file__).parent / "samples" / "questions.rules")
    votes = rules.apply(rows)
    gold = np.array([rules.tasks[0].labels.index(row["coarse"]) for row in rows])
    coarse = votes.question("coarse")
    assert set(coarse.functions) == set(votes.functions)  # every rule says something of the coarse type
    assert coarse.summary(gold)["accuracy"].min() > 0.9
    answered = {one.name: one for one in fit_tasks(votes, MajorityVote)}
    found = columns_of(list(answered.values()))
    human, number = rules.tasks[0].labels.index("HUM"), rules.tasks[0].labels.index("NUM")
    assert all((label is None) or above == "HUM" for label, above in zip(found["human"], found["coarse"], strict=True))
    assert all((label is None) or above == "NUM" for label, above in zip(found["number"], found["coarse"], strict=True))
    assert answered["human"].asked.sum() == (answered["coarse"].labels.predict() == human).sum() > 500
    assert answered["number"].asked.sum() == (answered["coarse"].labels.predict() == number).sum() > 400
    fine = {"ind": "individual", "gr": "group", "title": "title", "desc": "description"}
    judged = [
        (label, fine[row["fine"]])
        for label, row in zip(found["human"], rows, strict=True)
        if label and row["coarse"] == "HUM"
    ]
    assert sum(label == truth for label, truth in judged) / len(judged) > 0.8
