"""Estimates are right, blocks and facts buy accuracy, and the default model survives the known traps and real rule sets."""

from __future__ import annotations

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
)
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.counts import Counts
from snorkel_dsl.models.matrix_completion import MatrixCompletion as Completion
from snorkel_dsl.models.statistics import count
from snorkel_dsl.votes import LabelMatrix

RULES = ((0, 0.4, 0.1), (0, 0.3, 0.05), (1, 0.4, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.1))


@pytest.fixture(scope="module")
def rules() -> Simulation:
    return one_label_each(2_000, RULES)


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


def test_matrix_completion_recovers_emissions() -> None:
    accuracies = (0.6, 0.7, 0.8, 0.9, 0.75)
    simulation = independent(50_000, accuracies, coverage=0.6, balance=(0.6, 0.4))
    model = MatrixCompletion(ridge=1e-7, iterations=3000).fit(simulation.votes, class_balance=(0.6, 0.4))
    right = model.emission_[model.symbol_labels_].reshape(5, 2)
    assert np.abs(right - 0.6 * np.array(accuracies)[:, None]).max() < 0.02


def test_matrix_completion_leaves_declared_blocks_apart() -> None:
    simulation = copies(5_000)
    shared = frozenset(simulation.votes.functions[4:])
    facts = RuleFacts(
        {name: FunctionFacts(name, "label", frozenset({0, 1}), shares=shared - {name}) for name in shared}
    )
    blind = MatrixCompletion().fit(simulation.votes, class_balance=(0.5, 0.5))
    told = MatrixCompletion().fit(simulation.votes, facts=facts, class_balance=(0.5, 0.5))
    assert told.score(simulation.votes, simulation.truth) > 0.85
    assert blind.score(simulation.votes, simulation.truth) > 0.85  # exact copies show in the votes


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
    assert np.allclose(row_sums(Counts.of(votes).patterns, statistics.symbols, values), statistics.matrix @ values)


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
    for start, function in ((0, 0), (30, 1), (60, 2)):
        dense[start : start + 130, function] = 1
    dense[200:260, 3], dense[220:280, 4] = 0, 0
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
