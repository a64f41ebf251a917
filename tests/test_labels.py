"""Labels: ties and uncovered rows are never passed off as knowledge."""

from __future__ import annotations

import numpy as np
import pytest

from snorkel_dsl.labels import Labels


def some() -> Labels:
    probabilities = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9], [0.7, 0.3]])
    return Labels("spam", ("HAM", "SPAM"), probabilities, np.array([True, True, True, False]))


def test_predict() -> None:
    labels = some()
    assert labels.predict().tolist() == [0, -1, 1, -1]
    assert labels.predict("SPAM").tolist() == [0, 1, 1, -1]
    assert labels.predict(0, uncovered=True).tolist() == [0, 0, 1, 0]
    assert labels.ties.tolist() == [False, True, False, False]
    with pytest.raises(ValueError, match="no way to break ties"):
        labels.predict("EGGS")


def test_random_ties_depend_on_the_seed_only() -> None:
    tied = Labels("t", ("a", "b", "c"), np.tile([0.4, 0.4, 0.2], (200, 1)), np.ones(200, dtype=bool))
    drawn = tied.predict("random", seed=3)
    assert np.array_equal(drawn, tied.predict("random", seed=3))
    assert set(drawn.tolist()) == {0, 1}


def test_scores_take_ties_at_their_expected_value() -> None:
    labels = some()
    assert labels.accuracy([0, 1, 0, 1]) == pytest.approx((1 + 0.5 + 0 + 0.5) / 4)
    assert labels.accuracy([0, 1, 0, 1], uncovered=True) == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    assert labels.accuracy([0, -1, -1, -1]) == 1.0
    assert labels.f1([0, 1, 0, 1], "SPAM") == pytest.approx(2 * 1.0 / (2.0 + 2))
    assert np.isnan(labels.accuracy([-1] * 4))


def test_probability_scores() -> None:
    labels = some()
    assert labels.log_loss([0, -1, -1, -1]) == pytest.approx(-np.log(0.8))
    assert labels.brier([0, 1, -1, -1]) == pytest.approx((0.08 + 0.5) / 2)


def test_bad_gold_is_refused() -> None:
    for gold in ([0, 1], [0, 1, 2, 0], [0, 1, -2, 0], [0, 1, float("nan"), 0]):
        with pytest.raises(ValueError, match="gold"):
            some().accuracy(gold)
    with pytest.raises(ValueError, match="no label of `spam`"):
        some().f1([0, 0, 0, 0], "EGGS")


def test_table_has_no_label_where_there_is_none() -> None:
    table = some().to_arrow()
    assert table.column_names == ["spam", "spam.HAM", "spam.SPAM", "covered"]
    assert table["spam"].to_pylist() == ["HAM", None, "SPAM", None]
    assert some().to_pandas()["covered"].tolist() == [True, True, True, False]


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match="shape"):
        Labels("t", ("a", "b"), np.ones((2, 3)), np.ones(2, dtype=bool))
