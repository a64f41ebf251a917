"""What is learned goes to the truth: at the rate that sampling allows, and with standard errors that say how far off it is."""

from __future__ import annotations

import numpy as np
import pytest
from recovery import (
    BALANCE,
    RATES,
    accuracies,
    confusions,
    counted,
    drawn,
    error_ratios,
    population,
    rate_of,
    rms,
    seeing,
    slope,
    with_pairs,
)

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models import MatrixCompletion
from snorkel_dsl.models.moments import class_balance, diagonalised, learned
from snorkel_dsl.models.statistics import count
from snorkel_dsl.models.structure import dependent_pairs
from snorkel_dsl.votes import LabelMatrix


@pytest.mark.parametrize("k", [3, 4])
def test_confusion_matrices_follow_from_population_moments(k: int) -> None:
    tables, balance = confusions(5, k, k), np.arange(k, 0, -1) / (k * (k + 1) / 2)
    _, estimate = learned(population(tables, balance), 0.0)
    assert np.abs(estimate.emission - tables.reshape(-1, k)).max() < 1e-6
    assert np.abs(estimate.balance - balance).max() < 1e-6


@pytest.mark.parametrize("k", [3, 4])
def test_every_grouping_diagonalises_population_moments(k: int) -> None:
    tables, balance = confusions(6, k, k + 7), np.full(k, 1 / k)
    statistics = population(tables, balance)
    for seed in range(4):
        found = diagonalised(statistics, seed)
        assert found is not None
        assert np.abs(found.emission - tables.reshape(-1, k)).max() < 1e-6


@pytest.mark.parametrize("k", [3, 4])
def test_confusion_matrices_are_found_about_as_well_as_with_labels(k: int) -> None:
    tables, balance, n = confusions(8, k, k), np.arange(k, 0, -1) / (k * (k + 1) / 2), 60_000
    mine, theirs = [], []
    for seed in range(3):
        truth, votes = drawn(tables, balance, n, seed)
        mine.append(learned(counted(votes, k), 0.0)[1].emission - tables.reshape(-1, k))
        theirs.append(seeing(truth, votes, k) - tables.reshape(-1, k))
    assert rms(np.array(mine)) < 2 * rms(np.array(theirs))


def test_matrix_completion_learns_full_confusion_matrices_from_triples() -> None:
    tables, balance = confusions(6, 3, 1), np.array([0.5, 0.3, 0.2])
    _, votes = drawn(tables, balance, 60_000, 0)
    matrix = LabelMatrix.from_dense(votes, labels=3)
    errors = {}
    for moments in ("pairs", "triples"):
        model = MatrixCompletion(abstain=1.0, moments=moments, ridge=1e-6, iterations=2_000)
        errors[moments] = rms(model.fit(matrix, class_balance=balance).emission_ - tables.reshape(-1, 3))
    assert errors["triples"] < 0.01
    assert errors["pairs"] > 1.5 * errors["triples"]


def test_errors_fall_with_the_root_of_the_rows() -> None:
    sizes = [1_000, 8_000, 64_000]
    rates = rate_of(sizes, 5)
    for name, errors in rates.items():
        assert -0.75 < slope(sizes, errors) < -0.3, name
        assert errors[-1] < 0.01, name


def test_standard_errors_are_the_spread_over_simulations() -> None:
    for name, ratio in error_ratios(3_000, 30).items():
        assert 0.7 < ratio < 1.4, name


def test_the_class_balance_is_found_with_its_error() -> None:
    tables, scores = accuracies(RATES[:5], 0.6), []
    for seed in range(12):
        _, votes = drawn(tables, np.array([0.8, 0.2]), 5_000, seed)
        balance, error, warning = class_balance(counted(votes, 2))
        assert warning == ""
        scores.append((balance[0] - 0.8) / error[0])
    assert np.max(np.abs(scores)) < 4.5
    assert np.sqrt(np.mean(np.square(scores))) < 2


def test_dependent_pairs_are_found_as_rows_grow() -> None:
    found = []
    for n in (1_000, 10_000):
        votes, edges, _ = with_pairs(n, 1, 0.2)
        named = {(i, j) for i, j, _ in dependent_pairs(count(votes, RuleFacts(), None, 100_000, 0))} - {(10, 12)}
        found.append(len(named & edges))
        assert len(named - edges) <= 1
    assert found[1] == 4
    assert found[0] <= found[1]


def test_the_balance_of_the_benchmark_is_one() -> None:
    assert BALANCE.sum() == pytest.approx(1)
    truth, votes = drawn(accuracies(RATES, 0.6), BALANCE, 4_000, 0)
    assert np.mean(votes[truth == 1, 3] == 1) == pytest.approx(0.54, abs=0.06)
