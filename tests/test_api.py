"""The Python API: compile, single rows, data of every kind, Snorkel's way of calling, and how errors read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import snorkel_dsl as sd
from snorkel_dsl.models import load_bundle

RULES = """\
package shop.spam

data comment
    text   text from column "CONTENT"
    likes  number from 0
    posted time

task spam on comment
    labels HAM, SPAM, OTHER

rule asks votes SPAM
    when text mentions "subscribe"
    example SPAM "please subscribe"
    example todo SPAM "plz sub"
    example none "hello"

rule liked votes HAM
    when likes is more than 10

rule old votes HAM or OTHER
    when posted is before 2020-01-01
"""
ROWS = [
    {"CONTENT": "please subscribe", "likes": 0, "posted": "2024-05-01"},
    {"CONTENT": "nice", "likes": 20, "posted": "2010-05-01 10:00"},
    {"CONTENT": None, "likes": None, "posted": None},
]
VOTES = [[1, -1, -1], [-1, 0, -2], [-1, -1, -1]]


def test_what_compiled_rules_know() -> None:
    rules = sd.compile(RULES)
    assert list(rules.lfs) == ["shop.spam.asks", "shop.spam.liked", "shop.spam.old"]
    assert rules.tasks[0].name == "spam"
    assert rules.tasks[0].labels == ("HAM", "SPAM", "OTHER")
    assert rules.facts.functions["shop.spam.old"].polarity == {0, 2}
    assert [(one.label, one.votes) for one in rules.facts.exemplars] == [(1, (("shop.spam.asks", frozenset({1})),))]


def test_a_function_is_callable_on_one_row_of_any_kind() -> None:
    rules = sd.compile(RULES)
    asks, liked = rules.lfs["asks"], rules.lfs["shop.spam.liked"]
    assert asks.name == "shop.spam.asks"
    frame = pd.DataFrame(ROWS)
    for row, expected in zip(ROWS, VOTES, strict=True):
        assert [asks(row), liked(row)] == expected[:2]
        assert [asks(SimpleNamespace(**row)), liked(SimpleNamespace(**row))] == expected[:2]
    assert [asks(row) for _, row in frame.iterrows()] == [1, -1, -1]
    assert [liked(row) for _, row in frame.iterrows()] == [-1, 0, -1]
    assert rules.lfs["old"].vote(ROWS[1]) == {"HAM", "OTHER"}
    with pytest.raises(ValueError, match="set of labels"):
        rules.lfs["old"](ROWS[1])
    with pytest.raises(KeyError, match="did you mean `asks`"):
        rules.lfs["ask"]


def test_a_value_that_cannot_be_read_abstains_on_one_row_too() -> None:
    assert sd.compile(RULES).lfs["liked"]({"likes": "many"}) == -1


@pytest.mark.parametrize(
    "make",
    [list, pd.DataFrame, pl.DataFrame, pa.Table.from_pylist, lambda rows: pa.Table.from_pylist(rows).to_reader()],
    ids=["dicts", "pandas", "polars", "table", "reader"],
)
def test_apply_takes_any_data(make: object) -> None:
    votes = sd.compile(RULES).apply(make(ROWS))  # type: ignore[operator]
    assert votes.to_numpy(set_codes=True).tolist() == VOTES
    assert votes.facts.functions["shop.spam.asks"].polarity == {1}


def test_apply_reads_a_file_and_mapped_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS).rename(columns={"CONTENT": "body"})
    frame.to_csv(tmp_path / "data.csv", index=False)
    votes = sd.compile(RULES).apply(tmp_path / "data.csv", columns={"text": "body"})
    assert votes.to_numpy(set_codes=True).tolist() == VOTES


def test_faults_warn_or_come_along() -> None:
    rules = sd.compile(RULES)
    rows = [*ROWS, {"CONTENT": "x", "likes": "many", "posted": "2024-01-01"}]
    with pytest.warns(UserWarning, match="column `likes` of row 4 cannot be read: not a number"):
        rules.apply(rows)
    votes, faults = rules.apply_with_faults(rows)
    assert votes.n == 4
    assert [(fault.row, fault.column, fault.value) for fault in faults] == [(3, "likes", "many")]


@pytest.mark.parametrize("shared", ['context c\n    negation before "no"\n', 'terms T\n    "a"\n'])
def test_a_file_that_others_use_has_nothing_to_run(tmp_path: Path, shared: str) -> None:
    with pytest.raises(sd.RulesError, match=r"error\[no-rules\]: `<text>` declares no rule that could vote"):
        sd.compile(shared)
    (tmp_path / "shared.rules").write_text(shared)
    with pytest.raises(sd.RulesError, match=r"compile a rules file that uses it"):
        sd.compile(tmp_path / "shared.rules")


def test_errors_are_rendered_diagnostics(tmp_path: Path) -> None:
    with pytest.raises(sd.RulesError, match=r"error\[unknown-name\]") as wrong:
        sd.compile(RULES.replace("votes SPAM", "votes SPAMM"))
    assert "did you mean `SPAM`" in str(wrong.value)
    with pytest.raises(sd.RulesError, match="missing-rules-file"):
        sd.compile(tmp_path / "none.rules")
    with pytest.raises(sd.RulesError, match="--column text=content"):
        sd.compile(RULES).apply([{"content": "x", "likes": 1, "posted": None}])


def test_from_rules_to_labels(tmp_path: Path) -> None:
    path = tmp_path / "spam.rules"
    path.write_text(RULES)
    votes = sd.compile(path).apply(ROWS)
    model = sd.LabelModel().fit(votes)
    probabilities = model.predict_proba(votes)
    assert probabilities.shape == (3, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_rules_fit_and_label_all_tasks_at_once(tmp_path: Path) -> None:
    rules = sd.compile(RULES)
    frame = pd.DataFrame(ROWS * 5)
    models = rules.fit(frame)
    labels = rules.label(frame, models)
    assert list(labels.columns) == ["spam", "spam.HAM", "spam.SPAM", "spam.OTHER"]
    assert labels["spam"].tolist()[:2] == ["SPAM", "HAM"]
    pd.testing.assert_frame_equal(rules.label(frame), labels)
    own = sd.LabelModel().fit(rules.apply(frame)).predict_proba(rules.apply(frame))
    assert labels.iloc[:, 1:].to_numpy() == pytest.approx(own)
    models.save(tmp_path / "spam.model")
    pd.testing.assert_frame_equal(rules.label(frame, load_bundle(tmp_path / "spam.model")), labels)
    with pytest.raises(ValueError, match=r"fitted with other rules than these: `shop\.spam\.liked`"):
        sd.compile(RULES.replace("more than 10", "more than 11")).label(frame, models)


def test_a_balance_is_taken_for_each_question() -> None:
    rules = sd.compile(RULES)
    models = rules.fit(ROWS * 5, {"spam": (0.2, 0.3, 0.5)})
    assert models.models["spam"].class_balance_.tolist() == pytest.approx([0.2, 0.3, 0.5])


def test_a_matrix_of_snorkel_reaches_our_models() -> None:
    matrix = np.array([[0, -1, 0], [1, 1, -1], [-1, 0, 0], [1, 1, 1]])
    votes = sd.LabelMatrix.from_snorkel(matrix)
    assert sd.LabelModel().fit(votes).predict(votes).tolist() == [0, 1, 0, 1]


def test_a_function_goes_into_snorkels_applier() -> None:
    labeling = pytest.importorskip("snorkel.labeling")
    rules = sd.compile(RULES)
    frame = pd.DataFrame(ROWS[:2])
    functions = [rules.lfs["asks"], rules.lfs["liked"]]
    assert labeling.PandasLFApplier(functions).apply(frame, progress_bar=False).tolist() == [[1, -1], [-1, 0]]


def test_the_package_is_lazy_and_says_what_it_has() -> None:
    code = "import sys, snorkel_dsl as s; assert 'compile' in dir(s); s.__version__; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    with pytest.raises(AttributeError, match="no attribute"):
        sd.nothing  # noqa: B018
