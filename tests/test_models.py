"""Every registered label model passes one battery; the default one survives the known traps and real rule sets."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulate import (
    Simulation,
    all_positive,
    area_under_curve,
    cofiring,
    copies,
    imbalanced,
    independent,
    one_label_each,
    one_source,
)

import snorkel_dsl as sd
from snorkel_dsl.facts import FunctionFacts, RuleFacts
from snorkel_dsl.models import (
    DawidSkene,
    LabelModel,
    MajorityVote,
    MatrixCompletion,
    Model,
    WeightedVote,
    load,
    registry,
)
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.matrix_completion import MatrixCompletion as Completion
from snorkel_dsl.models.statistics import count
from snorkel_dsl.votes import LabelMatrix, TaskLabels

RULES = ((0, 0.4, 0.1), (0, 0.3, 0.05), (1, 0.4, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.1))


@pytest.fixture(params=sorted(registry()), ids=str)
def model(request: pytest.FixtureRequest) -> Model:
    return registry()[request.param]()


@pytest.fixture(scope="module")
def rules() -> Simulation:
    return one_label_each(2_000, RULES)


@pytest.fixture(scope="module")
def three() -> Simulation:
    return independent(1_500, (0.6, 0.7, 0.8, 0.9), coverage=0.5, balance=(0.4, 0.35, 0.25), seed=2)


# -------------------------------------------------------------------------------------------------------- the battery


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


def test_doubled_data_change_nothing(model: Model, rules: Simulation) -> None:
    twice = LabelMatrix.concat([rules.votes, rules.votes])
    one, other = model.fit(rules.votes).predict_proba(rules.votes), model.fit(twice).predict_proba(rules.votes)
    assert np.allclose(one, other, atol=1e-6)


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


# ------------------------------------------------------------------------------------------------- estimates are right


def test_dawid_skene_recovers_precisions() -> None:
    simulation = one_label_each(50_000, RULES)
    model = DawidSkene(abstain=1.0, strength=0.01, iterations=500).fit(simulation.votes, class_balance=(0.5, 0.5))
    assert np.abs(model.precision_ - simulation.precision).max() < 0.03
    assert np.all(model.precision_error_ > 0)
    assert np.all(model.precision_error_ < 0.05)


def test_summary_of_precisions(rules: Simulation) -> None:
    table = DawidSkene(abstain=1.0).fit(rules.votes).summary()
    assert table["function"].tolist() == list(rules.votes.functions)
    assert table["says"].tolist() == ["0", "0", "1", "1", "1"]
    assert table["coverage"].to_numpy() == pytest.approx(rules.votes.coverage())
    assert np.all(table["error"] < 0.1)


def test_matrix_completion_recovers_emissions_and_its_gradient_is_exact() -> None:
    accuracies = (0.6, 0.7, 0.8, 0.9, 0.75)
    simulation = independent(50_000, accuracies, coverage=0.6, balance=(0.6, 0.4))
    model = MatrixCompletion(ridge=1e-7, iterations=3000).fit(simulation.votes, class_balance=(0.6, 0.4))
    right = model.emission_[model.symbol_labels_].reshape(5, 2)
    assert np.abs(right - 0.6 * np.array(accuracies)[:, None]).max() < 0.02
    rng = np.random.default_rng(0)
    emission, start = rng.random((10, 2)), rng.random((10, 2))
    moments, observed = np.cov(rng.random((10, 20))), 1 - np.kron(np.eye(5), np.ones((2, 2)))
    shares = rng.random(10)
    _, gradient = model._loss(emission.ravel(), moments, shares, observed, start)
    step = np.eye(20) * 1e-6
    loss = [model._loss(emission.ravel() + d, moments, shares, observed, start)[0] for d in step]
    back = [model._loss(emission.ravel() - d, moments, shares, observed, start)[0] for d in step]
    assert np.allclose(gradient, (np.array(loss) - back) / 2e-6, atol=1e-5)


def test_matrix_completion_leaves_declared_blocks_apart() -> None:
    simulation = copies(5_000)
    shared = frozenset(simulation.votes.functions[4:])
    facts = RuleFacts(
        {name: FunctionFacts(name, "label", frozenset({0, 1}), shares=shared - {name}) for name in shared}
    )
    blind = MatrixCompletion().fit(simulation.votes, class_balance=(0.5, 0.5))
    told = MatrixCompletion().fit(simulation.votes, facts=facts, class_balance=(0.5, 0.5))
    assert told.score(simulation.votes, simulation.truth) > 0.85
    assert told.score(simulation.votes, simulation.truth) > blind.score(simulation.votes, simulation.truth) + 0.2


# -------------------------------------------------------------------------------------------------- blocks and facts


def share(votes: LabelMatrix, functions: tuple[str, ...]) -> RuleFacts:
    """Facts that say that these functions share a condition."""
    names = frozenset(functions)
    return RuleFacts(
        {name: FunctionFacts(name, "label", frozenset({0, 1}), shares=names - {name}) for name in functions}
    )


LEARNING = pytest.mark.parametrize("kind", [LabelModel, DawidSkene, MatrixCompletion])


@LEARNING
def test_copies_in_a_declared_block_count_once(kind: type[Model]) -> None:
    simulation = copies(4_000)
    votes, once = simulation.votes, simulation.votes.select([0, 1, 2, 3, 4])
    told = kind().fit(votes, facts=share(votes, votes.functions[4:]))
    assert told.score(votes, simulation.truth) >= 0.93
    assert np.mean(told.predict(votes) == kind().fit(once).predict(once)) > 0.99


@LEARNING
def test_facts_buy_accuracy_where_rules_read_the_same_text(kind: type[Model]) -> None:
    simulation = one_source()
    votes = simulation.votes
    blind, told = kind().fit(votes), kind().fit(votes, facts=share(votes, votes.functions[4:]))
    assert told.score(votes, simulation.truth) > blind.score(votes, simulation.truth) + 0.02
    assert told.score(votes, simulation.truth) > MajorityVote().fit(votes).score(votes, simulation.truth) + 0.02


def test_functions_that_share_something_and_vote_apart_are_no_block() -> None:
    votes = one_label_each(2_000, RULES).votes
    apart = count(votes, share(votes, votes.functions), None, 10_000, 0)
    assert apart.symbols.blocks.tolist() == [0, 1, 2, 3, 4]
    assert len(apart.symbols.joint) == 0


def test_joint_votes_fill_the_matrix_once_for_each_voter() -> None:
    simulation = one_source()
    votes, facts = simulation.votes, share(simulation.votes, simulation.votes.functions[4:])
    statistics = count(votes, facts, None, 10_000, 0)
    assert statistics.symbols.blocks.tolist() == [0, 1, 2, 3, 4, 4, 4, 4, 4]
    assert 10 < len(statistics.symbols.joint) <= 2**5 - 6
    assert statistics.symbols.joint.sum(axis=1).min() >= 2
    voters = statistics.matrix @ np.eye(9)[statistics.symbols.voter]
    assert np.allclose(voters, voters > 0)
    values = np.random.default_rng(0).random((len(statistics.symbols), 2))
    assert np.allclose(row_sums(votes.patterns().votes, statistics.symbols, values), statistics.matrix @ values)


def test_a_joint_vote_never_met_is_the_mean_of_its_members() -> None:
    dense = np.full((60, 4), -1)
    dense[:20, :2], dense[20:40, 1:3], dense[40:, 3] = 1, 1, 0
    votes = LabelMatrix.from_dense(dense, labels=2)
    symbols = count(votes, share(votes, votes.functions[:3]), None, 100, 0).symbols
    assert symbols.joint.sum(axis=1).tolist() == [2, 2]
    values = np.arange(2.0 * len(symbols)).reshape(-1, 2)
    members = [symbols.numbers[j, frozenset({1})] for j in range(3)]
    never = LabelMatrix.from_dense([[1, 1, 1, -1]], labels=2)
    assert row_sums(never, symbols, values)[0].tolist() == pytest.approx(values[members].mean(axis=0))


def test_summary_is_of_functions_even_where_joint_votes_were_learned() -> None:
    simulation = one_source()
    votes = simulation.votes
    table = DawidSkene(abstain=0.0, strength=0.1).fit(votes, facts=share(votes, votes.functions[4:])).summary()
    said = table.set_index(["function", "says"])
    assert said.loc[("function_4", "1"), "coverage"] == pytest.approx(votes.coverage()[4], rel=0.01)
    assert 0.5 < said.loc[("function_4", "1"), "precision"] < said.loc[("function_2", "1"), "precision"]


def test_functions_that_nothing_identifies_are_named() -> None:
    dense = np.full((300, 5), -1)
    dense[:150, :3] = 1
    dense[200:, 3:] = 0
    model = Completion().fit(LabelMatrix.from_dense(dense, functions=list("abcde")))
    assert model.not_identifiable_ == ("d", "e")
    assert "d, e" in model.explanation_


def test_expected_precision_weighs_votes() -> None:
    names = ("good", "poor", "bad")
    bounds = {"good": (0.95, 0.99), "poor": (0.5, 0.6), "bad": (0.5, 0.6)}
    facts = RuleFacts({n: FunctionFacts(n, "label", frozenset({0, 1}), precision=bounds[n]) for n in names})
    votes = LabelMatrix.from_dense([[1, 0, 0]], functions=names)
    assert WeightedVote().fit(votes, facts=facts).predict(votes).tolist() == [1]
    assert MajorityVote().fit(votes, facts=facts).predict(votes).tolist() == [0]


def test_majority_reports_ties() -> None:
    votes = LabelMatrix.from_dense([[0, 1], [1, 1], [-1, 0]])
    labels = MajorityVote().fit(votes).label(votes)
    assert labels.predict().tolist() == [-1, 1, 0]
    assert labels.ties.tolist() == [True, False, False]
    weighed = MajorityVote().fit(votes, class_balance=(0.7, 0.3)).predict_proba(votes)
    assert weighed[0].tolist() == pytest.approx([0.7, 0.3])


# ------------------------------------------------------------------------------------- traps that the default survives


@pytest.mark.parametrize("simulate", [cofiring, copies, all_positive], ids=lambda simulate: simulate.__name__)
def test_never_below_majority(simulate: object) -> None:
    simulation = simulate(5_000)  # type: ignore[operator]
    majority = MajorityVote().fit(simulation.votes).score(simulation.votes, simulation.truth)
    assert LabelModel().fit(simulation.votes).score(simulation.votes, simulation.truth) >= majority - 0.005


def test_positive_rules_give_a_useful_ranking() -> None:
    simulation = all_positive(5_000)
    scores = LabelModel().fit(simulation.votes).predict_proba(simulation.votes)[:, 1]
    majority = MajorityVote().fit(simulation.votes).predict_proba(simulation.votes)[:, 1]
    assert area_under_curve(scores, simulation.truth) > area_under_curve(majority, simulation.truth) + 0.05


def test_a_rare_class_is_found_without_its_balance() -> None:
    simulation = imbalanced(5_000)
    assert LabelModel().fit(simulation.votes).label(simulation.votes).f1(simulation.truth, 1) >= 0.5


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


# ------------------------------------------------------------------------------------------------------- real rule sets


@pytest.fixture(scope="session")
def chest_xray(data_folder: Path) -> dict[str, tuple[LabelMatrix, np.ndarray]]:
    data = np.load(data_folder / "votes" / "chest_xray.npz")
    return {
        split: (LabelMatrix.from_dense(data[f"L_{split}"], labels=2), data[f"y_{split}"])
        for split in ("train", "valid", "test")
    }


def test_chest_xray_majority(chest_xray: dict[str, tuple[LabelMatrix, np.ndarray]]) -> None:
    scores = [MajorityVote().fit(votes).score(votes, gold) for votes, gold in chest_xray.values()]
    assert scores == pytest.approx([0.830, 0.847, 0.816], abs=5e-4)


def test_chest_xray_default(chest_xray: dict[str, tuple[LabelMatrix, np.ndarray]]) -> None:
    from_train = LabelModel().fit(chest_xray["train"][0])
    for votes, gold in chest_xray.values():
        floor = MajorityVote().fit(votes).score(votes, gold) - 0.005
        assert LabelModel().fit(votes).score(votes, gold) >= floor
        assert from_train.score(votes, gold) >= floor


def test_chest_xray_with_the_balance(chest_xray: dict[str, tuple[LabelMatrix, np.ndarray]]) -> None:
    votes, gold = chest_xray["train"]
    assert LabelModel().fit(votes, class_balance=(0.37, 0.63)).score(votes, gold) >= 0.845


def test_chest_xray_with_the_facts_of_its_rules(
    data_folder: Path, chest_xray: dict[str, tuple[LabelMatrix, np.ndarray]]
) -> None:
    rules = sd.compile(Path(__file__).parents[1] / "rulesets" / "chest_xray" / "published.rules")
    train = rules.apply(data_folder / "chest_xray" / "train_entries.csv")
    gold = chest_xray["train"][1]
    assert LabelModel().fit(train, class_balance=(0.37, 0.63)).score(train, gold) >= 0.845
    model = LabelModel().fit(train)
    for file, split in (("train", "train"), ("dev", "valid"), ("test", "test")):
        votes, gold = chest_xray[split]
        same = replace(votes, functions=train.functions, tasks=train.tasks)
        assert np.array_equal(
            same.to_numpy(), rules.apply(data_folder / "chest_xray" / f"{file}_entries.csv").to_numpy()
        )
        assert model.score(same, gold) >= MajorityVote().fit(votes).score(votes, gold) - 0.005


@pytest.mark.parametrize("name", ["youtube", "trec", "census", "chest_xray", "tennis", "spouse"])
def test_never_far_below_majority_on_public_sets(data_folder: Path, name: str) -> None:
    data = np.load(data_folder / "votes" / f"{name}.npz")
    votes = LabelMatrix.from_dense(data["L_train" if "L_train" in data else "L_test"], labels=int(data["k"]))
    test = LabelMatrix.from_dense(data["L_test"], labels=int(data["k"]))
    scores = []
    for model in (LabelModel(), MajorityVote()):
        labels = model.fit(votes).label(test)
        f1 = str(data["metric"]) == "f1"
        scores.append(
            labels.f1(data["y_test"], 1, uncovered=True) if f1 else labels.accuracy(data["y_test"], uncovered=True)
        )
    assert scores[0] >= scores[1] - 0.005
