"""The mathematics of matrix completion: dependent pairs, direct and inverse form, third moments, class balance, errors."""

from __future__ import annotations

import numpy as np
import pytest
from simulate import cofiring, copies, imbalanced, independent, one_label_each, one_source

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models import MatrixCompletion
from snorkel_dsl.models.moments import Problem, class_balance, direct, efficient, fewer_voters
from snorkel_dsl.models.statistics import Statistics, count
from snorkel_dsl.models.structure import dependent_pairs, pair_residuals
from snorkel_dsl.votes import Floats, LabelMatrix

RULES = ((0, 0.4, 0.1), (0, 0.3, 0.05), (1, 0.4, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.1), (0, 0.2, 0.03), (1, 0.2, 0.1))


def counted(votes: LabelMatrix, facts: RuleFacts | None = None) -> Statistics:
    return count(votes, facts or RuleFacts(), None, 100_000, 0)


# ------------------------------------------------------------------------------------------------------ dependent pairs


def test_copies_are_found_and_nothing_else() -> None:
    found = dependent_pairs(counted(copies(5_000).votes))
    assert {(i, j) for i, j, _ in found} == {(4, 5), (4, 6), (5, 6)}
    assert min(z for _, _, z in found) > 30


def test_false_positives_are_as_rare_as_promised() -> None:
    chances = [
        pair_residuals(counted(votes)).chance
        for seed in range(12)
        for votes in (
            one_label_each(3_000, RULES, seed=seed).votes,
            independent(3_000, (0.6, 0.7, 0.8, 0.9, 0.75, 0.65), 0.5, (0.7, 0.3), seed=seed).votes,
            independent(3_000, (0.6, 0.7, 0.8, 0.9, 0.75, 0.65), 0.5, (0.4, 0.35, 0.25), seed=seed).votes,
        )
    ]
    together = np.concatenate(chances)
    assert together.size > 500
    assert np.mean(together < 0.05) < 0.06
    assert np.mean(together < 0.001) < 0.005


def test_facts_say_which_group_is_the_one_source_and_votes_drop_what_facts_suspect_wrongly() -> None:
    suspected = np.zeros((9, 9), dtype=bool)
    suspected[4:, 4:] = True
    found = dependent_pairs(counted(one_source().votes), suspected=suspected)
    assert {(i, j) for i, j, _ in found} == {(i, j) for i in range(4, 9) for j in range(i + 1, 9)}
    free = counted(one_label_each(4_000, RULES, seed=3).votes)
    wrong = np.zeros((7, 7), dtype=bool)
    wrong[:3, :3] = True
    assert dependent_pairs(free, rate=1e-4, suspected=wrong) == []


# --------------------------------------------------------------------------------------------------------- the search


def problem_of(seed: int, triples: int) -> tuple[Problem, Floats, Floats]:
    rng = np.random.default_rng(seed)
    statistics = counted(independent(2_000, (0.6, 0.7, 0.8, 0.9), 0.7, (0.5, 0.3, 0.2), seed=seed).votes)
    start = rng.random((len(statistics.symbols), 3))
    made = efficient(statistics, start, 0.1, triples) if triples >= 0 else direct(statistics, start, 0.1)
    return made, rng.random(start.shape), rng.dirichlet(np.ones(3))


@pytest.mark.parametrize("triples", [-1, 0, 20])
def test_gradients_are_exact(triples: int) -> None:
    problem, emission, balance = problem_of(3, triples)
    _, gradient, by_label = problem.loss(emission, balance)
    rng, step = np.random.default_rng(0), 1e-6
    for _ in range(3):
        move, shift = rng.normal(size=emission.shape), rng.normal(size=3)
        ahead, behind = (
            problem.loss(emission + step * move, balance)[0],
            problem.loss(emission - step * move, balance)[0],
        )
        assert np.sum(gradient * move) == pytest.approx((ahead - behind) / (2 * step), rel=1e-5)
        ahead, behind = (
            problem.loss(emission, balance + step * shift)[0],
            problem.loss(emission, balance - step * shift)[0],
        )
        assert by_label @ shift == pytest.approx((ahead - behind) / (2 * step), rel=1e-5)


def test_the_plain_loss_is_that_of_the_paper() -> None:
    problem, emission, balance = problem_of(5, -1)
    statistics = counted(independent(2_000, (0.6, 0.7, 0.8, 0.9), 0.7, (0.5, 0.3, 0.2), seed=5).votes)
    residual = statistics.pairs - emission @ np.diag(balance) @ emission.T
    residual[statistics.symbols.voter[:, None] == statistics.symbols.voter[None, :]] = 0
    marginal = emission @ balance - np.diag(statistics.pairs)
    expected = np.sum(residual**2) + np.sum(marginal**2) + 0.1 * np.sum((emission - problem.start) ** 2)
    assert problem.loss(emission, balance)[0] == pytest.approx(expected)


# ------------------------------------------------------------------------------------------------------ class balance


def test_the_class_balance_says_when_votes_do_not_settle_it() -> None:
    assert "too few" in class_balance(counted(independent(500, (0.8, 0.7)).votes))[2]
    assert class_balance(counted(independent(500, (0.8, 0.7)).votes))[0].tolist() == [0.5, 0.5]
    for seed in range(3):
        balance, error, warning = class_balance(counted(cofiring(4_000, seed=seed).votes))
        assert abs(balance[0] - 0.5) < 3 * error[0] or warning
    balance, error, warning = class_balance(counted(imbalanced(5_000).votes))
    assert warning == ""
    assert abs(balance[1] - 0.05) < 4 * error[1] < 0.05


def test_fewer_voters_keep_some_of_every_label() -> None:
    statistics = counted(one_label_each(2_000, RULES).votes)
    fewer = fewer_voters(statistics, 4)
    assert len(fewer.symbols) == 4
    assert fewer.symbols.allowed.sum(axis=0).tolist() == [2, 2]
    assert fewer.n == statistics.n
    assert fewer_voters(statistics, 7) is statistics


def test_a_model_warns_of_a_class_balance_that_it_could_not_find() -> None:
    votes = cofiring(4_000).votes
    model = MatrixCompletion(moments="pairs", abstain=0.0).fit(votes)
    assert any("class balance" in warning for warning in model.warnings_)
    told = MatrixCompletion(moments="pairs", abstain=0.0).fit(votes, class_balance=(0.5, 0.5))
    assert told.warnings_ == ()
    assert told.balance_error_.tolist() == [0.0, 0.0]
