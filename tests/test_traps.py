"""What breaks published label models: each trap a simulation, each with the default model on the right side of it."""

from __future__ import annotations

import numpy as np
import pytest
from simulate import (
    all_positive,
    area_under_curve,
    cofiring,
    copies,
    imbalanced,
    independent,
    noisy,
    one_label_each,
    one_source,
    partial_copies,
    rule_book,
)

from snorkel_dsl.facts import Exemplar, FunctionFacts, RuleFacts
from snorkel_dsl.models import LabelModel, MajorityVote
from snorkel_dsl.models.exemplars import taught
from snorkel_dsl.votes import LabelMatrix


@pytest.mark.parametrize("seed", range(2))
def test_functions_that_fire_together_for_a_reason_of_their_own(seed: int) -> None:
    simulation = cofiring(5_000, seed)
    majority = MajorityVote().fit(simulation.votes).score(simulation.votes, simulation.truth)
    assert LabelModel().fit(simulation.votes).score(simulation.votes, simulation.truth) >= majority - 0.005


@pytest.mark.parametrize("seed", range(2))
def test_three_copies_are_found_in_the_votes_and_count_once(seed: int) -> None:
    simulation = copies(5_000, seed)
    model = LabelModel().fit(simulation.votes)
    assert model.score(simulation.votes, simulation.truth) >= 0.93
    assert model.members_[0].blocks_.tolist() == [0, 1, 2, 3, 4, 4, 4]


@pytest.mark.parametrize("rate", [0.5, 0.7])
def test_copies_on_a_part_of_the_rows_are_found_in_the_votes(rate: float) -> None:
    simulation = partial_copies(rate=rate)
    assert LabelModel().fit(simulation.votes).score(simulation.votes, simulation.truth) >= 0.93


def test_independent_functions_of_several_labels_stay_apart() -> None:
    simulation = independent(5_000, (0.6, 0.65, 0.7, 0.8, 0.85, 0.9), coverage=0.6, seed=2)
    assert LabelModel().fit(simulation.votes).members_[0].blocks_.tolist() == [0, 1, 2, 3, 4, 5]


def test_rules_on_one_source_are_found_in_the_votes() -> None:
    simulation = one_source(5_000, together=0.9)
    majority = MajorityVote().fit(simulation.votes).score(simulation.votes, simulation.truth)
    for balance in (None, simulation.balance):
        model = LabelModel().fit(simulation.votes, class_balance=balance)
        assert model.score(simulation.votes, simulation.truth) >= majority


def test_a_rare_label_without_its_balance() -> None:
    simulation = imbalanced(5_000)
    model = LabelModel().fit(simulation.votes)
    assert model.label(simulation.votes).f1(simulation.truth, 1) >= 0.7
    assert model.class_balance_[1] < 0.2


def test_a_missing_balance_that_matters_is_named() -> None:
    simulation = cofiring(5_000)
    said = LabelModel().fit(simulation.votes).warnings_
    assert any("no class balance is given" in sentence for sentence in said)
    with_it = LabelModel().fit(simulation.votes, class_balance=simulation.balance).warnings_
    assert not any("class balance" in sentence for sentence in with_it)


def test_unanimous_votes_are_never_gone_against() -> None:
    simulation = independent(4_000, (0.65, 0.7, 0.8, 0.9), coverage=0.7, seed=3)
    dense = simulation.votes.to_numpy()
    for label in (0, 1):
        mine = np.all((dense == label) | (dense == -1), axis=1) & np.any(dense == label, axis=1)
        assert np.all(LabelModel().fit(simulation.votes).predict(simulation.votes)[mine] == label)


@pytest.mark.parametrize("precision", [0.2, 0.5])
def test_votes_for_a_rare_label_that_nothing_contradicts_are_never_gone_against(precision: float) -> None:
    share, fires = 0.05, 0.6
    wrong = share * fires * (1 - precision) / precision / (1 - share)
    rare = tuple((1, fires, wrong * part) for part in (0.6, 1.0, 1.4))
    simulation = one_label_each(4_000, (*rare, (0, 0.5, 0.2), (0, 0.3, 0.1)), balance=(1 - share, share))
    dense = simulation.votes.to_numpy()
    mine = np.any(dense == 1, axis=1) & ~np.any(dense == 0, axis=1)
    probabilities = LabelModel().fit(simulation.votes, class_balance=simulation.balance).predict_proba(simulation.votes)
    assert mine.sum() > 50
    assert np.all(probabilities[mine, 1] > 0.5)


def test_equally_many_votes_stay_tied_without_a_clear_difference() -> None:
    simulation = independent(4_000, (0.75, 0.75, 0.75, 0.75), coverage=0.8)
    dense = simulation.votes.to_numpy()
    tied = ((dense == 0).sum(axis=1) == 2) & ((dense == 1).sum(axis=1) == 2)
    probabilities = LabelModel().fit(simulation.votes).predict_proba(simulation.votes)
    assert tied.sum() > 100
    assert np.allclose(probabilities[tied], 0.5)


def test_a_row_without_votes_has_the_frequent_label_unless_another_is_clearly_left() -> None:
    simulation = one_label_each(4_000, ((0, 0.4, 0.05), (0, 0.3, 0.1), (1, 0.4, 0.1), (1, 0.3, 0.05)), (0.52, 0.48))
    model = LabelModel().fit(simulation.votes, class_balance=simulation.balance)
    assert model.silent_.argmax() == 0


def test_a_function_that_never_fires_has_what_is_usual_and_is_named() -> None:
    simulation = independent(2_000, (0.7, 0.8, 0.9), seed=1)
    wider = LabelMatrix.from_dense(np.hstack([simulation.votes.to_numpy(), np.full((2_000, 1), -1)]))
    model = LabelModel().fit(wider)
    assert any("`function_3` never votes" in sentence for sentence in model.warnings_)
    new = LabelMatrix.from_dense([[-1, -1, -1, 1]], labels=2)
    assert 0.5 < model.predict_proba(new)[0, 1] < 0.9


def test_disjoint_functions_are_named_and_majority_vote_decides() -> None:
    dense = np.full((300, 4), -1)
    for j in range(4):
        dense[j * 70 : j * 70 + 70, j] = j % 2
    model = LabelModel().fit(LabelMatrix.from_dense(dense))
    assert model.explanation_ == "majority vote, because no row has two votes"
    assert any("nothing in the votes tells how good" in sentence for sentence in model.warnings_)


def test_votes_for_one_label_give_a_useful_ranking() -> None:
    simulation = all_positive(5_000)
    model = LabelModel().fit(simulation.votes)
    scores = model.predict_proba(simulation.votes)[:, 1]
    majority = MajorityVote().fit(simulation.votes).predict_proba(simulation.votes)[:, 1]
    assert area_under_curve(scores, simulation.truth) > area_under_curve(majority, simulation.truth) + 0.05
    assert any("no function votes for 0" in sentence for sentence in model.warnings_)


def test_two_hundred_dense_functions_stay_finite() -> None:
    simulation = independent(500, tuple(np.linspace(0.55, 0.8, 200)))
    probabilities = LabelModel().fit(simulation.votes).predict_proba(simulation.votes)
    assert np.all(np.isfinite(probabilities))
    assert np.mean(probabilities.argmax(axis=1) == simulation.truth) > 0.99


def example(label: int, votes: dict[str, int], own: str) -> Exemplar:
    return Exemplar("t", label, tuple((name, frozenset({said})) for name, said in votes.items()), frozenset({own}))


def test_examples_tell_of_other_rules_but_not_of_their_own() -> None:
    usual = np.full(3, 0.75)
    right = (example(1, {"a": 1, "b": 1}, "a"), example(0, {"a": 0, "c": 1}, "a"))
    a, b, c = taught(usual, ("a", "b", "c"), RuleFacts(exemplars=right))
    assert a == 0.75
    assert c < 0.75 < b
    nameless = Exemplar("t", 0, (("c", frozenset({1})),))
    assert taught(usual, ("a", "b", "c"), RuleFacts(exemplars=(nameless,))).tolist() == usual.tolist()


def test_examples_of_a_rare_label_weigh_as_much_as_those_of_a_frequent_one() -> None:
    examples = (*[example(0, {"a": 0, "b": 1}, "a")] * 4, example(1, {"c": 1, "b": 1}, "c"))
    assert taught(np.array([0.75, 0.5, 0.75]), ("a", "b", "c"), RuleFacts(exemplars=examples))[1] == pytest.approx(0.5)


def test_examples_make_up_for_a_bad_rule() -> None:
    """Of three rules one is mostly wrong: the examples of the others show which."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, size=3_000)
    said = [noisy(truth, 0.8, 2, rng) for _ in range(2)] + [noisy(truth, 0.3, 2, rng)]
    votes = LabelMatrix.from_dense(np.stack([np.where(rng.random(3_000) < 0.6, one, -1) for one in said], axis=1))
    dense, names = votes.to_numpy(), votes.functions
    shown = [
        example(int(truth[row]), {names[j]: int(dense[row, j]) for j in range(3) if dense[row, j] >= 0}, names[own])
        for own in range(2)
        for row in np.flatnonzero(dense[:, own] == truth)[:20]
    ]
    taught_by = LabelModel().fit(votes, RuleFacts(exemplars=tuple(shown)))
    assert taught_by.score(votes, truth) > LabelModel().fit(votes).score(votes, truth) + 0.01


def test_facts_can_be_left_out_one_by_one() -> None:
    known = FunctionFacts("a", "t", frozenset({1}), shares=frozenset({"b"}), precision=(0.8, 0.9))
    facts = RuleFacts({"a": known}, {"t": (0.5, 0.5)})
    assert facts.without() == facts
    assert facts.without("dependencies").functions["a"].shares == frozenset()
    assert facts.without("precision").functions["a"].precision is None
    assert facts.without("polarity").functions["a"].polarity == frozenset()
    assert facts.without("balance", "exemplars").balance == {}
    with pytest.raises(ValueError, match="`colour` is no kind of fact"):
        facts.without("colour")


def test_rule_books_on_average_are_labeled_better_than_by_majority_vote() -> None:
    """With the balance, over ten random rule books: ours is better on average."""
    gains = []
    for seed in range(10):
        book = rule_book(seed, 1_500)
        ours = LabelModel().fit(book.votes, class_balance=book.balance).label(book.votes).accuracy(book.truth, True)
        majority = MajorityVote().fit(book.votes, class_balance=book.balance).label(book.votes)
        gains.append(ours - majority.accuracy(book.truth, True))
    assert np.mean(gains) > 0
