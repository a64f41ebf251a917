"""What sets each model of the family apart: its equations hold, its errors are honest, and it does what the others can't."""

from __future__ import annotations

import numpy as np
import pytest
from simulate import all_positive, area_under_curve, independent, noisy, one_label_each

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models import DawidSkene, MajorityVote, load
from snorkel_dsl.models.data_programming import DataProgramming, _Climb, _groups
from snorkel_dsl.models.ebcc import EnhancedBayesian
from snorkel_dsl.models.positive_only import PositiveOnly
from snorkel_dsl.models.statistics import count
from snorkel_dsl.models.triplets import Triplets, triplet_factors
from snorkel_dsl.votes import LabelMatrix

RULES = ((0, 0.4, 0.1), (0, 0.3, 0.05), (1, 0.4, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.1))

# -------------------------------------------------------------------------------------------------- data programming


@pytest.mark.parametrize("balance", [None, (0.5, 0.3, 0.2)])
def test_the_gradient_of_the_likelihood_is_exact(balance: tuple[float, ...] | None) -> None:
    simulation = independent(400, (0.6, 0.7, 0.8, 0.9), coverage=0.5, balance=(0.4, 0.35, 0.25))
    gold = np.where(np.arange(400) < 40, simulation.truth, -1)
    statistics = count(simulation.votes, RuleFacts(), gold, 1_000, 0)
    given = None if balance is None else np.array(balance)
    climb = _Climb(statistics, _groups(statistics.symbols), np.full(len(statistics.symbols), 0.75), given, 0.5)
    at = climb.start + np.random.default_rng(0).normal(size=climb.start.size) * 0.2
    _, gradient = climb.loss(at)
    steps = np.eye(at.size) * 1e-6
    slopes = [(climb.loss(at + step)[0] - climb.loss(at - step)[0]) / 2e-6 for step in steps]
    assert np.allclose(gradient, slopes, atol=1e-7)


@pytest.mark.parametrize("kind", [DataProgramming, Triplets])
def test_precisions_are_recovered_and_their_errors_honest(kind: type[DataProgramming] | type[Triplets]) -> None:
    away = []
    for seed in range(6):
        simulation = one_label_each(20_000, RULES, seed=seed)
        model = kind(strength=1e-6).fit(simulation.votes, class_balance=(0.5, 0.5))
        assert simulation.precision is not None
        assert np.abs(model.precision_ - simulation.precision).max() < 0.08
        away.append((model.precision_ - simulation.precision) / model.precision_error_)
    assert 0.3 < np.std(away) < 1.6


def test_data_programming_estimates_the_balance() -> None:
    simulation = independent(20_000, (0.7, 0.75, 0.8, 0.85), coverage=0.6, balance=(0.7, 0.3), seed=3)
    found = DataProgramming(strength=1e-6).fit(simulation.votes).class_balance_
    assert found == pytest.approx([0.7, 0.3], abs=0.04)


# ---------------------------------------------------------------------------------------------------------- triplets


def test_factors_follow_from_exact_moments_in_closed_form() -> None:
    size = np.array([0.1, 0.3, 0.5, 0.7, -0.2, 0.6])
    correlation = np.outer(size, size)
    np.fill_diagonal(correlation, 0.0)
    found, doubt = triplet_factors(correlation, 1_000)
    assert np.allclose(found, size)
    assert np.all(doubt > 0)


def test_functions_in_no_triplet_keep_what_is_expected_and_are_named() -> None:
    simulation = one_label_each(5_000, RULES)
    dense = np.hstack([simulation.votes.to_numpy(), np.full((5_000, 1), -1)])
    dense = np.vstack([dense, np.full((500, 6), -1)])
    votes = LabelMatrix.from_dense(dense, functions=list("abcdef"))
    model = Triplets().fit(votes)
    assert model.not_identifiable_ == ("f",)
    assert "f" in model.explanation_
    pair = Triplets().fit(votes.select(["a", "c"]))
    assert pair.not_identifiable_ == ("a", "c")
    assert pair.precision_ == pytest.approx([0.75, 0.75])
    assert np.all(np.isnan(pair.precision_error_))


# ------------------------------------------------------------------------------------------------------------ subtypes


def hard_rows(seed: int) -> tuple[LabelMatrix, np.ndarray]:
    """Twelve dense functions of which seven are mostly wrong, together, on three rows in ten."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=3_000)
    hard = rng.random(3_000) < 0.3
    columns = [np.where(hard & (j < 7), noisy(truth, 0.35, 2, rng), noisy(truth, 0.85, 2, rng)) for j in range(12)]
    return LabelMatrix.from_dense(np.stack(columns, axis=1), labels=2), truth


def test_subtypes_find_what_dense_functions_get_wrong_together() -> None:
    votes, truth = hard_rows(0)
    score = EnhancedBayesian().fit(votes).score(votes, truth)
    assert score > DawidSkene().fit(votes).score(votes, truth) + 0.02
    assert score > MajorityVote().fit(votes).score(votes, truth) + 0.05


def test_subtypes_are_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="`subtypes` must be"):
        EnhancedBayesian(subtypes=3).fit(one_label_each(50, RULES).votes)


# ------------------------------------------------------------------------------------------------------- positive only


def test_a_superset_of_votes_is_at_least_as_positive() -> None:
    votes = all_positive(3_000).votes
    model = PositiveOnly().fit(votes, class_balance=(0.7, 0.3))
    every = np.array([[1 if pattern >> j & 1 else -1 for j in range(5)] for pattern in range(32)])
    chance = model.predict_proba(LabelMatrix.from_dense(every, labels=2))[:, 1]
    for small in range(32):
        for large in range(32):
            if small & large == small:
                assert chance[large] >= chance[small] - 1e-12


def test_positive_votes_rank_better_than_their_number_and_are_held_to_the_balance() -> None:
    simulation = all_positive(10_000)
    votes = simulation.votes
    model = PositiveOnly().fit(votes, class_balance=simulation.balance)
    chance = model.predict_proba(votes)[:, 1]
    counted = area_under_curve(votes.votes_per_row.astype(float), simulation.truth)
    assert area_under_curve(chance, simulation.truth) > counted + 0.01
    assert chance.mean() == pytest.approx(0.3, abs=1e-6)
    assert model.warnings_ == ()


def test_a_balance_that_nobody_gave_is_warned_of(tmp_path: object) -> None:
    simulation = all_positive(10_000)
    model = PositiveOnly().fit(simulation.votes)
    assert model.class_balance_[1] == pytest.approx(0.3, abs=0.1)
    assert "nobody gave the class balance" in model.warnings_[0]
    model.save(f"{tmp_path}/model.npz")
    assert load(f"{tmp_path}/model.npz").warnings_ == model.warnings_
    assert model.summary()["weight"].min() >= 0
