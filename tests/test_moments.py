"""The mathematics of matrix completion: dependent pairs, direct and inverse form, third moments, class balance, errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recovery import accuracies, confusions, drawn, population
from recovery import counted as seen_in
from simulate import cofiring, copies, imbalanced, independent, one_label_each, one_source

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models import MatrixCompletion, load
from snorkel_dsl.models.inverse import completed, emissions, two_labels
from snorkel_dsl.models.junction import junction_tree, learned_tables, states_of, triangulated
from snorkel_dsl.models.moments import Problem, class_balance, direct, efficient, extended, fewer_voters, usual_start
from snorkel_dsl.models.statistics import Statistics, count
from snorkel_dsl.models.structure import dependent_pairs, pair_residuals
from snorkel_dsl.votes import Bools, Floats, LabelMatrix

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
    assert len(fewer.symbols) == 6
    assert fewer.symbols.allowed.sum(axis=0).tolist() == [3, 3]
    assert fewer.n == statistics.n
    assert fewer_voters(statistics, 7) is statistics


def test_symbols_beyond_those_of_which_all_pairs_are_looked_at_are_found_from_these() -> None:
    tables, balance = confusions(9, 3, 4), np.array([0.5, 0.3, 0.2])
    _, votes = drawn(tables, balance, 40_000, 1)
    statistics, true = seen_in(votes, 3), tables.reshape(-1, 3)
    kept = np.arange(18)
    start = usual_start(statistics, balance, np.full(9, 0.75))
    found, error = extended(statistics, kept, true[kept], balance, start, 1e-6)
    assert np.array_equal(found[kept], true[kept])
    assert np.abs(found - true)[18:].max() < 0.05
    assert 0.5 < np.std((found - true)[18:] / error[18:]) < 2


def test_a_model_warns_of_a_class_balance_that_it_could_not_find() -> None:
    votes = cofiring(4_000).votes
    model = MatrixCompletion(moments="pairs", abstain=0.0).fit(votes)
    assert any("class balance" in warning for warning in model.warnings_)
    told = MatrixCompletion(moments="pairs", abstain=0.0).fit(votes, class_balance=(0.5, 0.5))
    assert told.warnings_ == ()
    assert told.balance_error_.tolist() == [0.0, 0.0]


# ------------------------------------------------------------------------------------------------- the inverse form


CHAIN = ((0, 1), (1, 2))


def chained(k: int, m: int) -> tuple[Statistics, Floats, Floats]:
    """All patterns of m functions of k labels of which 1 often repeats 0, and 2 often 1; their emissions, the class balance."""
    tables, balance = confusions(m, k, 1), np.arange(k + 1, 1, -1) / np.arange(k + 1, 1, -1).sum()
    free = population(tables, balance)
    states = states_of(free.matrix, free.symbols)
    full = np.concatenate([1 - tables.sum(axis=1, keepdims=True), tables], axis=1)
    joint, emission = balance * np.prod([full[j, states[:, j]] for j in (0, *range(3, m))], axis=0), tables.copy()
    for (one, other), share in zip(CHAIN, (0.5, 0.4), strict=True):
        same = states[:, [one]] == states[:, [other]]
        joint *= share * same + (1 - share) * full[other, states[:, other]]
        emission[other] = share * emission[one] + (1 - share) * tables[other]
    return replace(free, counts=joint.sum(axis=1)), emission.reshape(-1, k), balance


def graph_of(m: int, edges: tuple[tuple[int, int], ...]) -> Bools:
    graph = np.zeros((m, m), dtype=bool)
    for i, j in edges:
        graph[i, j] = graph[j, i] = True
    return graph


@pytest.mark.parametrize(("k", "m"), [(2, 7), (3, 6)])
def test_the_inverse_form_completes_population_moments_exactly(k: int, m: int) -> None:
    statistics, emission, balance = chained(k, m)
    function, share = statistics.symbols.function, statistics.votes
    omega = (function[:, None] != function[None, :]) & ~graph_of(m, CHAIN)[np.ix_(function, function)]
    covariance = statistics.pairs - np.outer(share, share)
    start = np.clip(emission + np.random.default_rng(0).normal(size=emission.shape) * 0.05, 0.01, 0.99)
    q = completed(covariance, share, omega, balance, start)
    assert np.abs(q - emission @ np.diag(balance) @ emission.T).max() < 1e-6
    if k == 2:
        assert np.abs(two_labels(covariance, share, omega, balance, start) - emission).max() < 1e-9
        wrong = function[:, None] != function[None, :]
        assert np.abs(two_labels(covariance, share, wrong, balance, start) - emission).max() > 0.02


def test_the_inverse_form_needs_no_order_of_labels_or_signs() -> None:
    statistics, emission, balance = chained(2, 7)
    even = usual_start(statistics, balance, np.full(7, 0.75))
    found = emissions(statistics, graph_of(7, CHAIN), balance, even, 1e-9)
    assert np.abs(found - emission).max() < 1e-5


def test_functions_that_never_abstain_leave_the_inverse_form_exact() -> None:
    tables, balance = accuracies((0.6, 0.7, 0.8, 0.9, 0.75), 1.0), np.array([0.6, 0.4])
    statistics = population(tables, balance)
    seen = replace(
        statistics, matrix=statistics.matrix[statistics.counts > 0], counts=statistics.counts[statistics.counts > 0]
    )
    start = usual_start(seen, balance, np.full(5, 0.75))
    found = emissions(seen, graph_of(5, ()), balance, start, 1e-9)
    assert np.abs(found - tables.reshape(-1, 2)).max() < 1e-6


def test_graphs_are_triangulated_and_separators_are_the_largest() -> None:
    ring = graph_of(5, ((0, 1), (1, 2), (2, 3), (3, 4), (4, 0)))
    filled, cliques = triangulated(ring)
    assert filled.sum() == 2 * (5 + 2)
    assert sorted(len(clique) for clique in cliques) == [3, 3, 3]
    assert [len(shared) for _, _, shared in junction_tree(cliques)] == [2, 2]
    star = [(0, 1, 2), (1, 2, 3), (2, 4)]
    assert sorted(len(shared) for _, _, shared in junction_tree(star)) == [1, 2]


def test_the_tables_of_a_junction_tree_give_exact_posteriors() -> None:
    statistics, emission, balance = chained(2, 7)
    graph = graph_of(7, CHAIN)
    tables = learned_tables(statistics, graph, emission, balance, 1e-12, 1.0)
    assert tables.power.tolist() == [1, 1, -1]
    states = states_of(statistics.matrix, statistics.symbols)
    free = confusions(7, 2, 1)
    full = np.concatenate([1 - free.sum(axis=1, keepdims=True), free], axis=1)
    chain = full[0, states[:, 0]]
    for (one, other), share in zip(CHAIN, (0.5, 0.4), strict=True):
        chain = chain * (share * (states[:, [one]] == states[:, [other]]) + (1 - share) * full[other, states[:, other]])
    assert np.abs(tables.logits(states) - np.log(chain)).max() < 1e-3


def test_a_model_with_dependencies_that_are_no_blocks_follows_the_junction_tree(tmp_path: Path) -> None:
    rng, n = np.random.default_rng(0), 20_000
    truth = rng.integers(2, size=n)
    dense = np.stack([np.where(rng.random(n) < 0.8, truth, 1 - truth) for _ in range(4)], axis=1)
    poor = np.where(rng.random(n) < 0.62, truth, 1 - truth)
    chain = [poor]
    for _ in range(4):
        chain.append(np.where(rng.random(n) < 0.9, chain[-1], np.where(rng.random(n) < 0.62, truth, 1 - truth)))
    votes = LabelMatrix.from_dense(np.hstack([dense, np.stack(chain, axis=1)]), labels=2)
    names = votes.functions
    edges = [(names[4 + i], names[5 + i]) for i in range(4)]
    told = MatrixCompletion(dependencies=edges, form="inverse", abstain=1.0).fit(votes, class_balance=(0.5, 0.5))
    assert (told.table_members_ >= 0).sum(axis=1).tolist() == [2] * 4 + [1] * 3
    assert told.score(votes, truth) > 0.89
    right = told.emission_[told.symbol_labels_].reshape(9, 2).mean(axis=1)
    assert np.abs(right - ([0.8] * 4 + [0.62] * 5)).max() < 0.04
    assert np.all(told.emission_error_ < 0.05)
    block = MatrixCompletion(dependencies=edges, abstain=1.0).fit(votes, class_balance=(0.5, 0.5))
    assert block.blocks_.tolist() == [0, 1, 2, 3, 4, 4, 4, 4, 4]
    assert block.score(votes, truth) > 0.89
    told.save(tmp_path / "model")
    assert np.array_equal(load(tmp_path / "model").predict_proba(votes), told.predict_proba(votes))
