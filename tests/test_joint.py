"""The multi-task label model: consistent answers, recovery, the equations of the paper, and a gain over separate models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize
from simulate import Several, Voter, diamond, every_task, findings, hierarchy, matrix, tree
from test_joint_messages import vectors

from snorkel_dsl.facts import FunctionFacts, Requirement, RuleFacts
from snorkel_dsl.models import LabelModel, load_bundle
from snorkel_dsl.models.joint import Answers, FeasibleSet, JointModel, across, influences, targets
from snorkel_dsl.models.joint.balance import BalanceTree
from snorkel_dsl.models.joint.emissions import NEVER_ABSTAINS
from snorkel_dsl.models.joint.messages import Messages
from snorkel_dsl.models.joint.model import MOST_PATTERNS
from snorkel_dsl.models.stored import Bundle, load
from snorkel_dsl.models.tasks import Answered, answer_jointly, columns_of, fit_joint, fit_tasks
from snorkel_dsl.votes import Floats, LabelMatrix, TaskLabels

EXACT = {
    "abstain": 1.0,
    "strength": 0.0,
    "iterations": 500,
    "tolerance": 1e-5,
}  # the maximum likelihood, without beliefs
TWO = every_task((3, 3), 3, 0.5, 0.85, 0.1)


def contradictions(votes: LabelMatrix, answered: list[Answered]) -> int:
    """How many rows have written answers that cannot all be true."""
    columns, tasks = columns_of(answered), {task.name: task for task in votes.tasks}
    written = {name: columns[name] for name in tasks if name in columns}

    def says(name: str, numbers: frozenset[int], row: int) -> bool | None:
        answer, task = written[name][row] if name in written else None, tasks[name]
        if answer is None:
            return False if columns.get(f"{name}.asked", [None] * votes.n)[row] is False else None
        if not task.any_number:
            return task.labels.index(answer) in numbers
        k = len(task.labels)
        voted = [not np.isnan(np.asarray(columns[f"{name}.{task.labels[y % k]}"])[row]) for y in numbers]
        true = [(task.labels[y % k] in answer) == (y < k) for y in numbers]
        return True if any(t for t in true) else (False if all(voted) else None)

    wrong = 0
    for row in range(votes.n):
        for task in votes.tasks:
            if task.under and task.name in written and written[task.name][row] is not None:
                wrong += says(task.under[0], frozenset({task.under[1]}), row) is not True
        for one in votes.facts.requirements:
            sides = [says(*said, row) for said in (one.implied, *one.or_else)]
            wrong += says(*one.given, row) is True and all(side is False for side in sides)
    return wrong


def leaf_accuracy(simulation: Several, answered: list[Answered]) -> tuple[float, float]:
    """The shares of rows whose first task, and whose whole path down the tree, is right."""
    given = {one.name: one.labels.predict(tie="random", uncovered=True) for one in answered}
    right = {name: given[name] == truth for name, truth in simulation.truth.items() if name in given}
    path = right["t"].copy()
    for name, truth in simulation.truth.items():
        path &= (truth < 0) | right[name]
    return float(right["t"].mean()), float(path.mean())


# ------------------------------------------------------------------------------------------------------------ consistency


SIMULATIONS: dict[str, Callable[[], Several]] = {
    "two levels": lambda: hierarchy(1_500, (3, 3), TWO),
    "three levels": lambda: hierarchy(1_500, (2, 2, 3), every_task((2, 2, 3), 2, 0.6, 0.8, 0.1)),
    "diamond": lambda: diamond(1_500),
    "fourteen labels": lambda: findings(800),
}


@pytest.mark.parametrize("name", SIMULATIONS)
def test_answers_never_contradict_each_other(name: str) -> None:
    votes = SIMULATIONS[name]().votes
    answered = fit_joint(votes)
    joint = answered[0].joint
    assert joint is not None
    assert joint.feasible_.contains(joint.answers(joint.marginals(votes))).all()
    assert joint.feasible_.contains(joint.most_probable(votes)).all()
    assert contradictions(votes, answered) == 0


@pytest.mark.parametrize("name", SIMULATIONS)
def test_probabilities_agree_with_each_other(name: str) -> None:
    votes = SIMULATIONS[name]().votes
    found = JointModel().fit(votes).predict_proba(votes)
    assert all(np.allclose(probabilities.sum(axis=1), 1) for probabilities in found.values())
    for task in votes.tasks:
        if task.under is not None:
            above = found[task.under[0]][:, task.under[1]]
            assert np.allclose(found[task.name][:, :-1].sum(axis=1), above)
            assert np.all(found[task.name][:, :-1].max(axis=1) <= above + 1e-9)
    for one in votes.facts.requirements:
        k = len(votes.tasks[[task.name for task in votes.tasks].index(one.given[0])].labels)
        for number in one.given[1]:
            name_of = one.given[0] if one.given[0] in found else f"{one.given[0]}.{votes.tasks[1].labels[number % k]}"
            premise = found[name_of][:, 1]
            assert np.all(premise <= found[one.implied[0]][:, sorted(one.implied[1])].sum(axis=1) + 1e-9)


def test_separate_models_do_contradict_each_other_on_a_diamond() -> None:
    votes = diamond(1_500).votes
    assert contradictions(votes, fit_tasks(votes, LabelModel)) > 0


# --------------------------------------------------------------------------------------------------------------- learning


def test_tasks_that_inform_each_other_are_answered_better_together() -> None:
    voters = tuple(replace(voter, coverage=0.5) for voter in every_task((3, 3), 4, 0.45, 0.9, 0.15))
    together, apart = [], []
    for seed in range(3):
        simulation = hierarchy(2_000, (3, 3), voters, seed)
        together.append(leaf_accuracy(simulation, fit_joint(simulation.votes)))
        apart.append(leaf_accuracy(simulation, fit_tasks(simulation.votes, LabelModel)))
    gain = np.mean(together, axis=0) - np.mean(apart, axis=0)
    assert gain[0] >= 0
    assert gain[1] > 0.005


def test_labels_beside_each_other_are_answered_better_together() -> None:
    simulation = findings(1_000, labels=8, seed=1)
    right = {}
    for name, answered in (
        ("joint", fit_joint(simulation.votes)),
        ("separate", fit_tasks(simulation.votes, LabelModel)),
    ):
        given = [one.labels.predict(tie="random", uncovered=True) == simulation.truth[one.name] for one in answered]
        right[name] = np.mean(given)
    assert right["joint"] > right["separate"] + 0.05


def test_an_even_balance_is_reached_over_fourteen_labels() -> None:
    votes = findings(50).votes
    tree_of = BalanceTree(Messages(FeasibleSet(votes.tasks, votes.facts.requirements)))
    labels = {v: np.array([0.7, 0.3]) for v in tree_of.feasible.of_task["found"]}
    _, shares = tree_of.even(labels)
    assert shares[:2] == pytest.approx([0.5, 0.5], abs=0.01)
    assert [shares[tree_of.feasible.states_of(v)][1] for v in labels] == pytest.approx([0.3] * 14, abs=0.01)


def error(simulation: Several) -> tuple[float, float]:
    """Root mean square of the errors of all precisions, and of them in standard errors."""
    model = JointModel(**EXACT).fit(simulation.votes, class_balance=simulation.balance)
    off = []
    for one, emission, errors in zip(model.voices_, model.fitted_.emissions, model.errors_, strict=True):
        variable = model.feasible_.variables[one.variable]
        for e in range(one.symbols.singles):
            y = int(one.symbols.allowed[e].argmax())
            if variable.label is not None:
                k = len(model.feasible_.tasks[variable.task or ""].labels)
                y = variable.label if y == 1 else k + variable.label
            away = emission.precision[e, 0] - simulation.precision[one.functions[one.symbols.function[e]], y]
            off.append((away, away / errors[e]))
    both = np.sqrt(np.mean(np.square(off), axis=0))
    return float(both[0]), float(both[1])


@pytest.mark.parametrize(
    "simulate",
    [
        lambda n, seed: hierarchy(n, (2, 3), every_task((2, 3), 3, 0.6, 0.85, 0.05), seed),
        lambda n, seed: diamond(n, seed),
    ],
    ids=["tree", "diamond"],
)
def test_precisions_are_recovered_at_the_rate_of_one_over_the_root_of_n(
    simulate: Callable[[int, int], Several],
) -> None:
    sizes = (500, 1_500, 4_500)
    found = [np.mean([error(simulate(n, seed)) for seed in range(2)], axis=0) for n in sizes]
    slope = np.polyfit(np.log(sizes), np.log([away for away, _ in found]), 1)[0]
    assert -0.7 < slope < -0.3
    assert 0.6 < found[-1][1] < 1.5


def test_a_known_balance_is_held() -> None:
    simulation = hierarchy(3_000, (3, 2), every_task((3, 2), 3, 0.6, 0.8, 0.05))
    shares = {"t": [0.5, 0.3, 0.2], "t0": [0.9, 0.1]}
    found = JointModel(tolerance=1e-7, iterations=400).fit(simulation.votes, class_balance=shares)
    marginals = found.predict_proba(simulation.votes)
    assert marginals["t"].mean(axis=0) == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    asked = marginals["t0"].mean(axis=0)[:2]
    assert asked / asked.sum() == pytest.approx([0.9, 0.1], abs=0.01)


def test_the_balance_is_found_where_nobody_gives_it() -> None:
    simulation = hierarchy(20_000, (3, 2), every_task((3, 2), 4, 0.7, 0.9, 0.05))
    model = JointModel(**EXACT).fit(simulation.votes)
    for v, variable in enumerate(model.feasible_.variables):
        assert model.balance_of(v) == pytest.approx(simulation.balance[variable.name], abs=0.1)


def test_doubled_data_change_nothing() -> None:
    votes = hierarchy(600, (2, 2), every_task((2, 2), 3, 0.6, 0.8, 0.05)).votes
    one, other = JointModel().fit(votes), JointModel().fit(LabelMatrix.concat([votes, votes]))
    assert np.allclose(one.marginals(votes), other.marginals(votes), atol=1e-6)


def test_a_sample_of_distinct_rows_stands_for_all() -> None:
    simulation = findings(MOST_PATTERNS + 2_000, labels=8, each=4)
    votes = simulation.votes
    assert len(votes.patterns().counts) > MOST_PATTERNS
    model = JointModel(iterations=3).fit(votes)
    assert all(one.symbols.singles == 2 * len(one.functions) for one in model.voices_)
    share = votes.coverage()
    for one, emission in zip(model.voices_, model.fitted_.emissions, strict=True):
        covered = np.bincount(one.symbols.function, emission.coverage)
        own = [share[votes.functions.index(name)] for name in one.functions]
        assert covered == pytest.approx(own, abs=0.01)
    again, other = JointModel(iterations=3).fit(votes), JointModel(iterations=3, seed=1).fit(votes)
    some = votes.take(np.arange(500))
    assert np.array_equal(again.marginals(some), model.marginals(some))
    assert np.abs(other.marginals(some) - model.marginals(some)).max() < 0.1


def test_a_label_that_is_only_voted_for_does_not_always_apply() -> None:
    simulation = findings(2_000, labels=2)
    positive = [name for name in simulation.votes.functions if not name.startswith("L0")]
    only = np.where(simulation.truth["found.L0"] == 1, 0, -1)
    voters = (Voter("sure", "found", 0.9), *(Voter(name, "triage", 0.7) for name in positive if name.startswith("tri")))
    others = [np.asarray(simulation.votes._column(simulation.votes.functions.index(v.name))) for v in voters[1:]]
    votes = matrix(simulation.votes.tasks, voters, [only, *others], simulation.votes.facts)
    model = JointModel().fit(votes)
    said = model.predict_proba(votes)["found.L0"][:, 1]
    assert said[only == 0].mean() > 0.6
    assert said[only < 0].max() < 0.5
    assert any("every vote goes one way" in warning for warning in model.warnings_)


# ------------------------------------------------------------------------------------------------- the paper's equations


def leaves(model: JointModel) -> tuple[np.ndarray, Floats]:
    """All vectors of F, and p of each, written out."""
    every = vectors(model.feasible_, model.feasible_.requirements)
    chance = np.zeros(len(every))
    for clique, factor in zip(model.feasible_.cliques, model.fitted_.factors, strict=True):
        place = {tuple(row): number for number, row in enumerate(clique.configurations.tolist())}
        chance += factor[[place[tuple(row)] for row in every[:, list(clique.variables)].tolist()]]
    return every, np.exp(chance)


def test_answers_are_those_of_the_equations_over_all_of_f() -> None:
    """P(y | row) ∝ p_y Π μ_i(λ_i | y), with the factor of those that abstain (Ratner et al. 2019, section 3)."""
    simulation = hierarchy(500, (2, 3), every_task((2, 3), 2, 0.6, 0.85, 0.1))
    votes = simulation.votes
    model = JointModel(**EXACT).fit(votes)
    every, p = leaves(model)
    assert p.sum() == pytest.approx(1, abs=1e-6)
    total = np.repeat(np.log(p)[None, :], votes.n, axis=0)
    dense = votes.to_numpy()
    for one, emission in zip(model.voices_, model.fitted_.emissions, strict=True):
        own = every[:, one.variable]
        shares = np.array([p[own == s].sum() for s in range(one.symbols.k)])
        for j, name in enumerate(one.functions):
            column, silent = dense[:, votes.functions.index(name)], np.ones(len(every))
            for e in np.flatnonzero(one.symbols.function == j):
                groups = one.groups[e]
                mu = (emission.coverage[e] * emission.precision[e] / np.maximum(groups @ shares, 1e-300)) @ groups
                silent -= mu[own]
                total[column == one.symbols.allowed[e].argmax()] += np.log(mu[own])
            total[column < 0] += np.log(np.maximum(silent, NEVER_ABSTAINS))
    chances = np.exp(total - total.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    for v, variable in enumerate(model.feasible_.variables):
        by_state = np.stack([chances[:, every[:, v] == s].sum(axis=1) for s in range(len(variable.states))], axis=1)
        assert np.abs(model.predict_proba(votes)[variable.name] - by_state).max() < 1e-6


def test_parameters_are_those_of_matrix_completion_over_all_of_f() -> None:
    """argmin ‖(O - μ P μᵀ)_Ω‖² over the feasible set, each function tied to a few numbers (class-conditional)."""
    voters = every_task((2, 2), 3, 0.65, 0.9, 0.1)
    simulation = hierarchy(20_000, (2, 2), voters, seed=3)
    votes = simulation.votes
    model = JointModel(**EXACT).fit(votes, class_balance=simulation.balance)
    every, _ = leaves(model)
    names = [task.name for task in votes.tasks]
    p = np.array([simulation.balance["t"][row[0]] * simulation.balance[f"t{row[0]}"][row[1 + row[0]]] for row in every])
    symbols = [(j, y) for j in range(len(votes.functions)) for y in (0, 1)]
    dense = votes.to_numpy()
    psi = np.stack([dense[:, j] == y for j, y in symbols], axis=1).astype(np.float64)
    moments = psi.T @ psi / votes.n
    omega = np.array([[one[0] != other[0] for other in symbols] for one in symbols])
    group = [
        np.where(
            every[:, names.index(voters[j].task)] == y, 0, np.where(every[:, names.index(voters[j].task)] == 2, 2, 1)
        )
        for j, y in symbols
    ]

    def off(numbers: Floats) -> Floats:
        mu = np.stack([own[which] for own, which in zip(numbers.reshape(-1, 3), group, strict=True)])
        return np.concatenate([((moments - (mu * p) @ mu.T) * omega).ravel(), 3 * (mu @ p - moments.diagonal())])

    start = np.tile([0.4, 0.15, 0.05], len(symbols))
    completed = optimize.least_squares(off, start, bounds=(0, 1)).x.reshape(-1, 3)
    for (j, y), numbers in zip(symbols, completed, strict=True):
        place = next(i for i, one in enumerate(model.voices_) if votes.functions[j] in one.functions)
        one, emission = model.voices_[place], model.fitted_.emissions[place]
        own = one.functions.index(votes.functions[j])
        e = next(e for e in np.flatnonzero(one.symbols.function == own) if one.symbols.allowed[e, y])
        shares = one.groups[e] @ model.fitted_.balance[model.feasible_.states_of(one.variable)]
        mine = emission.coverage[e] * emission.precision[e] / np.maximum(shares, 1e-12)
        assert np.abs(mine - numbers)[shares > 0].max() < 0.08


# ------------------------------------------------------------------------------------------------------------ other parts


def test_save_and_load(tmp_path: Path) -> None:
    votes = SIMULATIONS["fourteen labels"]().votes
    model = JointModel().fit(votes)
    for name in ("one", "two"):
        model.save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    again = JointModel.load(tmp_path / "one")
    assert np.array_equal(again.marginals(votes), model.marginals(votes))
    assert (again.explanation_, again.warnings_, again.functions_) == (
        model.explanation_,
        model.warnings_,
        model.functions_,
    )
    assert again.summary().equals(model.summary())
    Bundle({}, {}, model).save(tmp_path / "bundle")
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.joint is not None
    assert (
        columns_of(answer_jointly(bundle.joint, votes))["triage"] == columns_of(answer_jointly(model, votes))["triage"]
    )
    with pytest.raises(ValueError, match="one model of several questions"):
        load(tmp_path / "bundle")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    LabelModel().fit(LabelMatrix.from_dense([[0, 1], [1, 1]])).save(tmp_path / "single")
    with pytest.raises(ValueError, match="unknown kind"):
        JointModel.load(tmp_path / "single")


def test_other_votes_are_labeled_by_name() -> None:
    votes = SIMULATIONS["two levels"]().votes
    model = JointModel().fit(votes)
    turned = votes.select(list(reversed(range(len(votes.functions)))))
    assert np.allclose(model.marginals(turned), model.marginals(votes))
    few = votes.select(list(votes.functions[:2]))
    assert np.isfinite(model.marginals(few)).all()
    with pytest.raises(ValueError, match="other tasks"):
        model.marginals(diamond(10).votes)
    with pytest.raises(ValueError, match="not fitted"):
        JointModel().marginals(votes)
    with pytest.raises(ValueError, match="class balance of `t`"):
        JointModel().fit(votes, class_balance={"t": [0.5, 0.5]})


def test_a_vote_on_one_task_moves_another() -> None:
    votes = SIMULATIONS["two levels"]().votes
    model = JointModel().fit(votes)
    row = int(np.flatnonzero((votes.to_numpy()[:, 0] >= 0) & (votes.to_numpy()[:, 3:].max(axis=1) >= 0))[0])
    pushes = influences(model, votes, row)
    assert {push.function for push in pushes} <= {
        name for name, vote in zip(votes.functions, votes.to_numpy()[row], strict=True) if vote >= 0
    }
    moved = across(pushes, "t")
    assert moved
    assert all(push.about != "t" and push.change != 0 for push in moved)
    one = moved[0]
    odds = np.log(one.probability / (1 - one.probability)) - np.log(one.without / (1 - one.without))
    assert one.change == pytest.approx(odds, abs=1e-6)
    silent = int(np.flatnonzero(~votes.covered)[0]) if not votes.covered.all() else None
    assert silent is None or influences(model, votes, silent) == []


def test_targets_of_an_end_model() -> None:
    votes = SIMULATIONS["two levels"]().votes
    model = JointModel().fit(votes)
    found = {target.name: target for target in targets(model, votes)}
    assert set(found) == {task.name for task in votes.tasks}
    for target in found.values():
        assert target.probabilities.shape == (votes.n, len(target.labels))
        assert np.allclose(target.probabilities.sum(axis=1), 1)
        assert target.mask.dtype == np.bool_
        assert not np.any(target.mask & (target.weights <= 0.5))
    assert found["t"].parent is None
    assert found["t1"].parent == ("t", 1)
    assert np.allclose(found["t1"].weights, model.predict_proba(votes)["t"][:, 1])


def test_not_asked_is_told_from_unknown() -> None:
    tasks = tree((2, 2))
    voters = (Voter("coarse", "t", 0.9), Voter("fine", "t0", 0.9), Voter("other", "t1", 0.9))
    columns = [np.array([0, 1, -1, 0]), np.array([0, -1, -1, -1]), np.array([-1, 1, -1, -1])]
    answered = fit_joint(matrix(tasks, voters, columns))
    written = columns_of(answered)
    assert written["t"] == ["L0", "L1", None, "L0"]
    assert written["t0"] == ["L0", None, None, None]
    assert written["t0.asked"] == [True, False, None, True]
    assert written["t1.asked"] == [False, True, None, False]
    assert np.isnan(np.asarray(written["t0.L0"])).tolist() == [False, True, True, False]


def test_answers_that_are_as_probable_stay_open() -> None:
    tasks = tree((2, 2))
    voters = (Voter("one", "t", 0.9), Voter("other", "t", 0.9))
    votes = matrix(tasks, voters, [np.array([0, 1]), np.array([1, 0])])
    answered = fit_joint(votes)
    assert answered[0].labels.predict().tolist() == [-1, -1]
    joint = answered[0].joint
    assert joint is not None
    unsettled = Answers.of(joint, votes).open
    assert unsettled.all()


def test_few_votes_and_none() -> None:
    task, under = TaskLabels("t", ("A", "B")), TaskLabels("u", ("C", "D"), under=("t", 0))
    empty = np.zeros(0, dtype=np.int64)
    known = RuleFacts({"a": FunctionFacts("a", "t", frozenset({0}))})
    votes = LabelMatrix(
        3, ("a",), (task, under), (0,), np.zeros(2, dtype=np.int64), empty, empty.astype(np.int8), (), known
    )
    found = JointModel().fit(votes).predict_proba(votes)
    assert np.allclose(found["t"], 0.5)
    assert np.allclose(found["u"], [0.25, 0.25, 0.5])
    nothing = LabelMatrix(0, ("a",), (task, under), (0,), votes.indptr, empty, votes.codes)
    assert JointModel().fit(nothing).predict_proba(nothing)["t"].shape == (0, 2)


def test_requirements_that_contradict_each_other_are_refused() -> None:
    task, other = TaskLabels("t", ("A", "B")), TaskLabels("u", ("C", "D"))
    first, second = ("t", frozenset({0, 1})), ("u", frozenset({0}))
    lines = (Requirement(first, second), Requirement(first, ("u", frozenset({1}))))
    votes = matrix((task, other), (Voter("a", "t", 0.9),), [np.array([0, 1])], RuleFacts(requirements=lines))
    with pytest.raises(ValueError, match="no row can be as they say"):
        JointModel().fit(votes)
