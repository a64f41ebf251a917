"""The label matrix: what goes in comes out, bad input is refused, and its shares are those of Snorkel."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.votes import LabelMatrix, TaskLabels, wilson_interval

DENSE = np.array([[0, 1, -1], [0, 0, -1], [-1, -1, -1], [1, -1, -1], [0, 1, -1]])
dense_votes = arrays(np.int8, st.tuples(st.integers(0, 12), st.integers(0, 5)), elements=st.integers(-1, 2))


def with_sets(n: int = 4) -> LabelMatrix:
    """Three labels; `a` votes 0 and {0, 1}, `b` votes 2 and not 0."""
    return LabelMatrix(
        n=n,
        functions=("a", "b"),
        tasks=(TaskLabels("t", ("x", "y", "z")),),
        task_of=(0, 0),
        indptr=np.array([0, 2, 4]),
        rows=np.array([0, 1, 0, 1]),
        codes=np.array([0, -2, 2, -3], dtype=np.int8),
        label_sets=(frozenset({0, 1}), frozenset({1, 2})),
    )


def two_tasks() -> LabelMatrix:
    return LabelMatrix(
        n=2,
        functions=("a", "b", "c"),
        tasks=(TaskLabels("s", ("x", "y")), TaskLabels("t", ("p", "q"))),
        task_of=(0, 1, 0),
        indptr=np.array([0, 1, 2, 3]),
        rows=np.array([0, 0, 1]),
        codes=np.array([0, 1, 1], dtype=np.int8),
    )


@settings(max_examples=50, deadline=None)
@given(dense_votes)
def test_dense_round_trip(dense: np.ndarray) -> None:
    votes = LabelMatrix.from_dense(dense, labels=3)
    assert np.array_equal(votes.to_numpy(), dense)
    assert np.array_equal(votes.to_pandas().to_numpy().reshape(dense.shape), dense)


@pytest.mark.parametrize(
    ("dense", "message"),
    [
        ([[0, -2]], "below -1"),
        ([[0.0, float("nan")]], "NaN"),
        ([[0.5]], "not whole"),
        ([[2]], "out of range"),
        ([0, 1], "two dimensions"),
        ([["SPAM"]], "whole numbers"),
    ],
)
def test_bad_votes_are_refused(dense: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LabelMatrix.from_dense(np.array(dense), labels=2)


def test_bad_names_are_refused() -> None:
    with pytest.raises(ValueError, match="2 names for 3 functions"):
        LabelMatrix.from_dense(DENSE, functions=["a", "b"])
    with pytest.raises(ValueError, match="two functions are named `a`"):
        LabelMatrix.from_dense(DENSE, functions=["a", "b", "a"])
    with pytest.raises(ValueError, match="two labels are named `x`"):
        LabelMatrix.from_dense(DENSE, labels=["x", "x"])


def test_shares_are_those_of_snorkel() -> None:
    votes = LabelMatrix.from_snorkel(DENSE)
    assert votes.coverage().tolist() == [0.8, 0.6, 0.0]
    assert votes.overlaps().tolist() == [0.6, 0.6, 0.0]
    assert votes.conflicts().tolist() == [0.4, 0.4, 0.0]
    assert votes.covered.tolist() == [True, True, False, True, True]
    assert votes.overlapping.tolist() == [True, True, False, False, True]
    assert votes.conflicting.tolist() == [True, False, False, False, True]


def test_sets_conflict_where_they_are_disjoint() -> None:
    votes = with_sets()
    assert votes.conflicting.tolist() == [True, False, False, False]
    assert votes.polarity() == (frozenset({0, 1}), frozenset({1, 2}))
    with pytest.raises(ValueError, match="sets of labels"):
        votes.to_numpy()
    assert votes.to_numpy(set_codes=True)[1].tolist() == [-2, -3]


def test_tasks_do_not_conflict_with_each_other() -> None:
    votes = two_tasks()
    assert not votes.conflicting.any()
    assert votes.task("s").functions == ("a", "c")
    assert votes.task("t").to_numpy().tolist() == [[1], [-1]]
    with pytest.raises(ValueError, match="no task is named `u`"):
        votes.task("u")
    with pytest.raises(ValueError, match="choose one"):
        _ = votes.labels


@settings(max_examples=50, deadline=None)
@given(dense_votes)
def test_patterns_give_the_rows_back(dense: np.ndarray) -> None:
    patterns = LabelMatrix.from_dense(dense, labels=3).patterns()
    distinct = patterns.votes.to_numpy()
    assert np.array_equal(distinct[patterns.inverse], dense)
    assert len({tuple(row) for row in dense.tolist()}) == len(distinct)
    assert np.array_equal(np.bincount(patterns.inverse, minlength=len(distinct)), patterns.counts)


def test_concat_renumbers_sets() -> None:
    first, second = with_sets(), with_sets()
    object.__setattr__(second, "label_sets", (frozenset({1, 2}), frozenset({0, 1})))
    both = LabelMatrix.concat([first, second])
    assert both.n == 8
    assert [both.labels_of(int(code)) for code in both.to_numpy(set_codes=True)[[1, 5], 0]] == [
        frozenset({0, 1}),
        frozenset({1, 2}),
    ]
    with pytest.raises(ValueError, match="different functions"):
        LabelMatrix.concat([first, two_tasks()])
    with pytest.raises(ValueError, match="nothing"):
        LabelMatrix.concat([])


@settings(max_examples=30, deadline=None)
@given(dense_votes, st.integers(0, 12))
def test_concat_undoes_a_cut(dense: np.ndarray, cut: int) -> None:
    parts = [LabelMatrix.from_dense(part, labels=3) for part in (dense[:cut], dense[cut:])]
    assert np.array_equal(LabelMatrix.concat(parts).to_numpy(), dense)


def test_select_by_name() -> None:
    votes = LabelMatrix.from_dense(DENSE, functions=["a", "b", "c"])
    assert np.array_equal(votes.select(["b", "a"]).to_numpy(), DENSE[:, [1, 0]])
    with pytest.raises(ValueError, match="no function is named `d`"):
        votes.select(["d"])


def test_summary_with_gold() -> None:
    table = LabelMatrix.from_dense(DENSE, functions=["a", "b", "c"], labels=["no", "yes"]).summary([0, 0, 1, -1, 1])
    assert table.loc["a", ["polarity", "correct", "incorrect"]].tolist() == ["no, yes", 2, 1]
    assert table.loc["b", "accuracy"] == pytest.approx(2 / 3)
    assert table.loc["a", "accuracy_low"] < 2 / 3 < table.loc["a", "accuracy_high"]
    assert np.isnan(table.loc["c", "accuracy"])
    with pytest.raises(ValueError, match="gold"):
        LabelMatrix.from_dense(DENSE).summary([0, 1])


def test_wilson_interval_is_the_published_one() -> None:
    low, high = wilson_interval(np.array([8]), np.array([10]))
    assert (low[0], high[0]) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_other_tools_can_read_it() -> None:
    votes = LabelMatrix.from_dense(DENSE, functions=["a", "b", "c"])
    table = pa.table(votes)
    assert table.column_names == ["a", "b", "c"]
    assert table["b"].to_pylist() == DENSE[:, 1].tolist()
    assert "5 rows × 3 functions" in votes._repr_html_()


def test_many_labels_need_wider_numbers() -> None:
    wide = LabelMatrix.from_dense([[299, -1]], labels=300)
    assert wide.to_numpy().dtype == np.int16
    assert wide.to_numpy().tolist() == [[299, -1]]
    assert wide.facts == RuleFacts()
