"""One battery of checks over every registered label model: whatever is added to the folder must pass it."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulate import Simulation, imbalanced, independent, one_label_each

from snorkel_dsl.models import Model, load, registry
from snorkel_dsl.votes import LabelMatrix, TaskLabels

RULES = ((0, 0.4, 0.1), (0, 0.3, 0.05), (1, 0.4, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.1))
WEAKEST_PRIOR = {"strength": 1e-6, "ridge": 1e-6, "abstain": 1.0, "rows": 1e9}
PRIOR_STAYS = (
    "majority",
    "weighted",
    "expected",
    "auto",
    "positive_only",
)  # their beliefs never fade, whatever the votes


@pytest.fixture(params=sorted(registry()), ids=str)
def model(request: pytest.FixtureRequest) -> Model:
    return registry()[request.param]()


@pytest.fixture(scope="module")
def rules() -> Simulation:
    return one_label_each(2_000, RULES)


@pytest.fixture(scope="module")
def three() -> Simulation:
    return independent(1_500, (0.6, 0.7, 0.8, 0.9), coverage=0.5, balance=(0.4, 0.35, 0.25), seed=2)


def test_rows_sum_to_one(model: Model, rules: Simulation, three: Simulation) -> None:
    for simulation in (rules, three):
        probabilities = model.fit(simulation.votes).predict_proba(simulation.votes)
        assert probabilities.shape == (simulation.votes.n, len(simulation.balance))
        assert np.allclose(probabilities.sum(axis=1), 1)
        assert probabilities.min() >= 0


def test_is_better_than_chance(model: Model, rules: Simulation, three: Simulation) -> None:
    assert model.fit(rules.votes).score(rules.votes, rules.truth) > 0.7
    assert model.fit(three.votes).score(three.votes, three.truth) > 0.7


def test_order_of_rows_does_not_matter(model: Model, rules: Simulation) -> None:
    dense, order = rules.votes.to_numpy(), np.random.default_rng(1).permutation(rules.votes.n)
    shuffled = LabelMatrix.from_dense(dense[order])
    one, other = model.fit(rules.votes).predict_proba(rules.votes), model.fit(shuffled).predict_proba(shuffled)
    assert np.allclose(one[order], other, atol=1e-3)


def test_order_of_functions_does_not_matter(model: Model, rules: Simulation) -> None:
    turned = rules.votes.select([3, 0, 4, 2, 1])
    one, other = model.fit(rules.votes).predict_proba(rules.votes), model.fit(turned).predict_proba(turned)
    assert np.allclose(one, other, atol=1e-3)
    assert np.allclose(model.predict_proba(rules.votes), other)


def test_order_of_labels_does_not_matter(model: Model, three: Simulation) -> None:
    dense, turn = three.votes.to_numpy(), np.array([2, 0, 1, -1])
    turned = LabelMatrix.from_dense(turn[dense], labels=3)
    one, other = model.fit(three.votes).predict_proba(three.votes), model.fit(turned).predict_proba(turned)
    assert np.allclose(one, other[:, turn[:3]], atol=1e-3)


def estimates(model: Model) -> dict[str, Any]:
    """All that a model learned, by name, without standard errors: those must shrink."""
    names = ["class_balance_", *(name for name in model.saved if "error" not in name)]
    found = {name: np.asarray(getattr(model, name)) for name in names}
    for number, member in enumerate(getattr(model, "members_", ())):
        found |= {f"{number} {name}": learned for name, learned in estimates(member).items()}
    return found


def test_doubled_data_change_nothing(model: Model, rules: Simulation) -> None:
    twice = LabelMatrix.concat([rules.votes, rules.votes])
    once = estimates(model.fit(rules.votes))
    again = estimates(model.fit(twice))
    assert set(once) == set(again)
    for name, learned in once.items():
        assert np.allclose(learned, again[name], atol=1e-6, equal_nan=True), name


def test_same_votes_same_bytes(model: Model, rules: Simulation, tmp_path: Path) -> None:
    for name in ("one", "two"):
        model.fit(rules.votes).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_save_and_load(model: Model, three: Simulation, tmp_path: Path) -> None:
    model.fit(three.votes).save(tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    assert type(again) is type(model)
    assert again.explanation_ == model.explanation_
    assert again.functions_ == three.votes.functions
    assert np.array_equal(again.predict_proba(three.votes), model.predict_proba(three.votes))


def test_rows_without_votes(model: Model, rules: Simulation) -> None:
    silent = LabelMatrix.from_dense(np.full((3, 5), -1))
    model.fit(rules.votes)
    assert np.all(np.isfinite(model.predict_proba(silent)))
    assert model.predict(silent).tolist() == [-1, -1, -1]
    assert np.allclose(model.fit(silent).predict_proba(silent), 0.5)


@pytest.mark.parametrize("m", [0, 1, 2])
def test_few_functions(model: Model, rules: Simulation, m: int) -> None:
    few = rules.votes.select(list(range(1, 1 + m)))
    probabilities = model.fit(few).predict_proba(few)
    assert np.allclose(probabilities.sum(axis=1), 1)
    if m == 2:
        assert np.all(model.predict(few.take(few.select([1]).covered & ~few.select([0]).covered)) == 1)


def test_no_rows(model: Model) -> None:
    empty = LabelMatrix.from_dense(np.zeros((0, 4), dtype=int), labels=2)
    assert model.fit(empty).predict_proba(empty).shape == (0, 2)


def test_one_label_only(model: Model) -> None:
    ones = LabelMatrix.from_dense(np.where(np.random.default_rng(0).random((300, 4)) < 0.4, 1, -1), labels=2)
    assert np.all(np.isfinite(model.fit(ones).predict_proba(ones)))


def test_bad_input_is_refused(model: Model, rules: Simulation) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        type(model)().predict_proba(rules.votes)
    with pytest.raises(ValueError, match="gold"):
        model.fit(rules.votes, gold=np.full(rules.votes.n, 2))
    for balance in ([0.5], [1.0, 0.0], [0.5, float("nan")]):
        with pytest.raises(ValueError, match="class balance"):
            model.fit(rules.votes, class_balance=balance)
    model.fit(rules.votes)
    with pytest.raises(ValueError, match="was not fitted with the function `stranger`"):
        model.predict_proba(replace(rules.votes, functions=("stranger", *rules.votes.functions[1:])))
    with pytest.raises(ValueError, match="knows the labels"):
        model.predict_proba(LabelMatrix.from_dense(rules.votes.to_numpy(), labels=3))


def test_sets_of_labels(model: Model, three: Simulation) -> None:
    """A function that only ever says "not the first label" takes probability from it."""
    rng, n = np.random.default_rng(0), three.votes.n
    says = np.flatnonzero((rng.random(n) < 0.6) & (three.truth != 0))
    votes = replace(
        three.votes,
        functions=(*three.votes.functions, "not_first"),
        task_of=(0,) * 5,
        indptr=np.append(three.votes.indptr, three.votes.indptr[-1] + says.size),
        rows=np.append(three.votes.rows, says),
        codes=np.append(three.votes.codes, np.full(says.size, -2, dtype=np.int8)),
        label_sets=(frozenset({1, 2}),),
    )
    alone = LabelMatrix(
        1,
        votes.functions,
        votes.tasks,
        votes.task_of,
        np.array([0, 0, 0, 0, 0, 1]),
        np.array([0]),
        np.array([-2], dtype=np.int8),
        votes.label_sets,
    )
    first, *others = model.fit(votes).predict_proba(alone)[0]
    assert first < min(others)
    assert model.score(votes, three.truth) > 0.7


def test_a_missing_function_abstains(model: Model, rules: Simulation) -> None:
    model.fit(rules.votes)
    dense = rules.votes.to_numpy().copy()
    dense[:, 1] = -1
    fewer = rules.votes.select([0, 2, 3, 4])
    assert np.array_equal(model.predict_proba(fewer), model.predict_proba(LabelMatrix.from_dense(dense)))


def test_an_array_of_votes_as_snorkel_gives_it_is_taken_for_a_label_matrix(model: Model, rules: Simulation) -> None:
    array = rules.votes.to_numpy()
    probabilities = model.fit(rules.votes).predict_proba(rules.votes)
    np.testing.assert_array_equal(model.predict_proba(array), probabilities)
    np.testing.assert_array_equal(model.fit(array).predict_proba(array), probabilities)


def test_a_label_never_seen_before(model: Model, rules: Simulation) -> None:
    """A function that votes another label after fitting is believed as much as rules usually are, not ignored."""
    model.fit(rules.votes)
    new = LabelMatrix.from_dense(np.array([[1, -1, -1, -1, -1], [-1, -1, -1, -1, -1], [0, -1, -1, -1, -1]]), labels=2)
    said_one, silent, said_zero = model.predict_proba(new)[:, 1]
    assert said_one > silent > said_zero


def test_parameters(model: Model) -> None:
    assert model.set_params(**model.get_params()) is model
    assert set(model.get_params()) == set(inspect.signature(type(model).__init__).parameters) - {"self"}
    with pytest.raises(ValueError, match="no parameter"):
        model.set_params(eggs=1)


def test_balance_helps_and_comes_from_gold(model: Model) -> None:
    simulation = imbalanced(4_000)
    given = model.fit(simulation.votes, class_balance=simulation.balance).class_balance_
    assert np.allclose(given, simulation.balance, atol=1e-6)
    judged = np.where(np.arange(4_000) < 1_000, simulation.truth, -1)
    assert model.fit(simulation.votes, gold=judged).class_balance_[1] < 0.1


def test_several_tasks_are_refused(model: Model, rules: Simulation) -> None:
    two = replace(rules.votes, tasks=(*rules.votes.tasks, TaskLabels("other", ("a", "b"))))
    with pytest.raises(ValueError, match="choose one"):
        model.fit(two)


def test_unanimous_functions_are_followed(model: Model) -> None:
    simulation = independent(1_000, (0.9,))
    votes = LabelMatrix.from_dense(np.repeat(simulation.votes.to_numpy(), 4, axis=1))
    assert np.array_equal(model.fit(votes).predict(votes), votes.to_numpy()[:, 0])


def test_a_function_that_never_fires_changes_nothing(model: Model, rules: Simulation) -> None:
    wider = LabelMatrix.from_dense(np.hstack([rules.votes.to_numpy(), np.full((rules.votes.n, 1), -1)]))
    one, other = model.fit(rules.votes).predict_proba(rules.votes), model.fit(wider).predict_proba(wider)
    assert np.allclose(one, other, atol=1e-3)


def test_two_hundred_dense_functions(model: Model) -> None:
    simulation = independent(500, tuple(np.linspace(0.55, 0.8, 200)))
    assert model.fit(simulation.votes).score(simulation.votes, simulation.truth) > 0.99


@pytest.mark.parametrize("name", sorted(set(registry()) - set(PRIOR_STAYS)))
def test_recovers_a_simulation(name: str) -> None:
    """With its prior taken away, a model finds the posterior that the true parameters give."""
    kind = registry()[name]
    chosen = {key: value for key, value in WEAKEST_PRIOR.items() if key in kind().get_params()}
    n = 20_000
    simulation = one_label_each(n, RULES, balance=(0.6, 0.4), seed=5)
    balance = np.array(simulation.balance)
    fires = simulation.votes.to_numpy() >= 0
    rates = np.array([[right if label == y else wrong for label, right, wrong in RULES] for y in (0, 1)])
    likelihood = np.exp(np.log(rates) @ fires.T + np.log(1 - rates) @ ~fires.T).T * balance
    truth = likelihood / likelihood.sum(axis=1, keepdims=True)
    found = kind(**chosen).fit(simulation.votes, class_balance=balance).predict_proba(simulation.votes)
    assert np.mean(np.abs(found - truth)) < 0.04


def test_no_vote_is_refused_that_is_no_label(model: Model, rules: Simulation) -> None:
    good = rules.votes.to_numpy()[:50].astype(float)
    for wrong, word in ((float("nan"), "NaN"), (float("inf"), "infinite"), (-2.0, "below -1"), (0.5, "whole")):
        bad = good.copy()
        bad[3, 1] = wrong
        with pytest.raises(ValueError, match=word):
            model.fit(bad)
    model.fit(good)
    bad[3, 1] = 2.0
    with pytest.raises(ValueError, match="out of range"):
        model.predict_proba(bad)
    with pytest.raises(ValueError, match="out of range"):
        LabelMatrix.from_dense(bad, labels=2)


def test_wrong_shapes_are_refused(model: Model, rules: Simulation) -> None:
    dense = rules.votes.to_numpy()[:50]
    with pytest.raises(ValueError, match="two dimensions"):
        model.fit(dense[:, 0])
    with pytest.raises(ValueError, match="gold has the shape"):
        model.fit(dense, gold=np.zeros(49, dtype=int))
    with pytest.raises(ValueError, match="2 shares"):
        model.fit(dense, class_balance=(0.2, 0.3, 0.5))
    model.fit(dense)
    with pytest.raises(ValueError, match="names for 4 functions"):
        model.predict_proba(dense[:, :4])


def test_two_hundred_labels(model: Model) -> None:
    """A rule or two for each of two hundred labels: every row gets finite chances, and the rules are mostly followed."""
    rng = np.random.default_rng(4)
    truth = rng.integers(200, size=800)
    dense = np.full((800, 220), -1)
    for j in range(220):
        dense[:, j] = np.where(rng.random(800) < np.where(truth == j % 200, 0.8, 0.001), j % 200, -1)
    votes = LabelMatrix.from_dense(dense, labels=200)
    if "iterations" in model.get_params():
        model.set_params(iterations=5)
    probabilities = model.fit(votes).predict_proba(votes)
    assert np.allclose(probabilities.sum(axis=1), 1)
    followed = np.argmax(probabilities, axis=1)[votes.covered] == truth[votes.covered]
    assert followed.mean() > 0.75


def test_standard_errors_stand_beside_estimates(model: Model, rules: Simulation) -> None:
    """A table of what was learned names every function; models that learn nothing of a function have no error there."""
    table = model.fit(rules.votes).summary()
    assert table.columns.tolist()[:5] == ["function", "says", "coverage", "precision", "error"]
    assert table["function"].tolist() == list(rules.votes.functions)
    assert table["says"].tolist() == ["0", "0", "1", "1", "1"]
    assert table["coverage"].to_numpy() == pytest.approx(rules.votes.coverage(), abs=0.05)
    assert table["precision"].dropna().between(0, 1).all()
    assert table["error"].dropna().between(1e-6, 0.5).all()
    assert table["error"].notna().any() or model.name in ("majority", "weighted", "expected")
