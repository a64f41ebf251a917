"""Votes drawn from known distributions, with their true labels: what label models are tested against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snorkel_dsl.facts import Requirement, RuleFacts
from snorkel_dsl.votes import LabelMatrix, TaskLabels


@dataclass(frozen=True, eq=False)
class Simulation:
    votes: LabelMatrix
    truth: npt.NDArray[np.int64]
    balance: tuple[float, ...]
    precision: npt.NDArray[np.float64] | None = None


def labels(n: int, balance: tuple[float, ...], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return rng.choice(len(balance), size=n, p=balance)


def noisy(truth: npt.NDArray[np.int64], accuracy: float, k: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    wrong = (truth + rng.integers(1, k, size=truth.size)) % k
    return np.where(rng.random(truth.size) < accuracy, truth, wrong)


def independent(
    n: int,
    accuracies: tuple[float, ...],
    coverage: float = 1.0,
    balance: tuple[float, ...] = (0.5, 0.5),
    seed: int = 0,
) -> Simulation:
    """Functions of all labels that err and abstain on their own."""
    rng = np.random.default_rng(seed)
    truth = labels(n, balance, rng)
    columns = [
        np.where(rng.random(n) < coverage, noisy(truth, accuracy, len(balance), rng), -1) for accuracy in accuracies
    ]
    return Simulation(LabelMatrix.from_dense(np.stack(columns, axis=1), labels=len(balance)), truth, balance)


def one_label_each(
    n: int,
    hits: tuple[tuple[int, float, float], ...],
    balance: tuple[float, ...] = (0.5, 0.5),
    seed: int = 0,
) -> Simulation:
    """Rules: each (label, how often it fires under its label, how often under another)."""
    rng = np.random.default_rng(seed)
    truth = labels(n, balance, rng)
    dense = np.full((n, len(hits)), -1)
    precision = []
    for j, (label, right, wrong) in enumerate(hits):
        fires = rng.random(n) < np.where(truth == label, right, wrong)
        dense[fires, j] = label
        share = balance[label]
        precision.append(right * share / (right * share + wrong * (1 - share)))
    return Simulation(LabelMatrix.from_dense(dense, labels=len(balance)), truth, balance, np.array(precision))


def cofiring(n: int = 10_000, seed: int = 0) -> Simulation:
    """Ten functions that fire mostly on the same fifth of the rows (long documents), whatever the label."""
    rng = np.random.default_rng(seed)
    truth = labels(n, (0.5, 0.5), rng)
    long = rng.random(n) < 0.2
    columns = [
        np.where(rng.random(n) < np.where(long, 0.6, 0.05), noisy(truth, accuracy, 2, rng), -1)
        for accuracy in np.linspace(0.6, 0.9, 10)
    ]
    return Simulation(LabelMatrix.from_dense(np.stack(columns, axis=1), labels=2), truth, (0.5, 0.5))


def copies(n: int = 10_000, seed: int = 0) -> Simulation:
    """Four functions of .85, and three copies of one of .60."""
    rng = np.random.default_rng(seed)
    truth = labels(n, (0.5, 0.5), rng)
    good = [noisy(truth, 0.85, 2, rng) for _ in range(4)]
    poor = noisy(truth, 0.60, 2, rng)
    return Simulation(LabelMatrix.from_dense(np.stack([*good, poor, poor, poor], axis=1), labels=2), truth, (0.5, 0.5))


def partial_copies(n: int = 5_000, seed: int = 0, rate: float = 0.7) -> Simulation:
    """Four functions of .85, and three of .60 of which two say what the first says on so many rows."""
    rng = np.random.default_rng(seed)
    truth = labels(n, (0.5, 0.5), rng)
    good = [noisy(truth, 0.85, 2, rng) for _ in range(4)]
    poor = noisy(truth, 0.60, 2, rng)
    others = [np.where(rng.random(n) < rate, poor, noisy(truth, 0.60, 2, rng)) for _ in range(2)]
    return Simulation(LabelMatrix.from_dense(np.stack([*good, poor, *others], axis=1), labels=2), truth, (0.5, 0.5))


def one_source(n: int = 4_000, seed: int = 0, together: float = 0.8) -> Simulation:
    """Four good rules, and for label 1 five that fire on the same text, mostly together and rightly in three of five rows."""
    rng = np.random.default_rng(seed)
    truth = labels(n, (0.5, 0.5), rng)
    text = rng.random(n) < np.where(truth == 1, 0.45, 0.30)
    good = [np.where(rng.random(n) < np.where(truth == label, 0.5, 0.08), label, -1) for label in (0, 0, 1, 1)]
    same = [np.where(text & (rng.random(n) < together), 1, -1) for _ in range(5)]
    return Simulation(LabelMatrix.from_dense(np.stack([*good, *same], axis=1), labels=2), truth, (0.5, 0.5))


def imbalanced(n: int = 20_000, seed: int = 0) -> Simulation:
    """Five functions of .75 to .90 that vote everywhere; one row in twenty is positive."""
    return independent(n, (0.75, 0.78, 0.82, 0.86, 0.90), balance=(0.95, 0.05), seed=seed)


def all_positive(n: int = 10_000, seed: int = 0) -> Simulation:
    """Rules that can only vote for label 1."""
    hits = ((1, 0.5, 0.05), (1, 0.4, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.2), (1, 0.2, 0.02))
    return one_label_each(n, hits, balance=(0.7, 0.3), seed=seed)


def rule_book(seed: int, n: int = 3_000) -> Simulation:
    """Rules as people write them, drawn at random: few or many labels, rare ones, topics within labels that rules find and
    miss, mistakes that come together, long rows on which more rules fire, near copies, and some classifiers."""
    rng = np.random.default_rng(seed)
    k = 2 if rng.random() < 0.6 else int(rng.integers(3, 7)) if rng.random() < 0.75 else int(rng.integers(7, 16))
    rare = rng.uniform(0.05, 0.25) if k == 2 and rng.random() < 0.45 else None
    balance = rng.dirichlet(np.full(k, 6.0)) if rare is None else np.array([1 - rare, rare])
    topics = int(rng.integers(4, 13))
    weights = rng.dirichlet(np.ones(topics), size=k)
    truth = rng.choice(k, size=n, p=balance)
    topic = (weights.cumsum(axis=1)[truth] < rng.random((n, 1))).sum(axis=1).clip(max=topics - 1)
    length = rng.gamma(2, 0.5, size=n) if rng.random() < 0.6 else np.ones(n)
    m = int(np.clip(np.round(np.exp(rng.normal(np.log(10 + 2 * k), 0.6))), 4, 90))
    written = rng.dirichlet(np.full(k, 3.0)) if rng.random() < 0.7 else balance
    columns: list[npt.NDArray[np.int64]] = []
    for j in range(m):
        kind = rng.random()
        if kind < 0.06:
            says = noisy(truth, rng.uniform(max(1 / k, 0.5), 0.92), k, rng)
            columns.append(np.where(rng.random(n) < rng.uniform(0.3, 1), says, -1))
        elif columns and kind < 0.12:
            copied = columns[int(rng.integers(len(columns)))]
            columns.append(np.where(rng.random(n) < 0.85, copied, -1))
        else:
            label = int(rng.choice(k, p=written)) if j >= k else j
            columns.append(_rule(label, truth, topic, weights[label], balance[label], length, rng))
    votes = LabelMatrix.from_dense(np.stack(columns, axis=1), labels=k)
    return Simulation(votes, truth, tuple(balance.tolist()))


def _rule(
    label: int,
    truth: npt.NDArray[np.int64],
    topic: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    share: float,
    length: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """A rule for one label: it finds some of its topics, and errs mostly on a few topics of other labels."""
    likely = (weights + 0.02) / (weights + 0.02).sum()
    found = rng.choice(weights.size, size=int(rng.integers(1, 4)), replace=False, p=likely)
    meant = (truth == label) & np.isin(topic, found)
    rate, precision = rng.beta(1.5, 2.5), float(np.clip(rng.beta(6, 2), min(share * 1.2, 0.9), 0.995))
    mistaken = rng.choice(weights.size, size=max(1, weights.size // 3), replace=False)
    spill = np.where(np.isin(topic, mistaken), 1.0, 0.25) * (truth != label)
    wrong = max(meant.mean() * rate, 1e-4) * (1 - precision) / precision / max(spill.mean(), 1e-9)
    chance = np.clip(np.where(meant, rate, wrong * spill) * length, 0, 0.98)
    return np.where(rng.random(truth.size) < chance, label, -1)


def area_under_curve(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> float:
    """The chance that a positive row scores above a negative one; ties count one half."""
    _, ranks, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    positive = truth == 1
    total = middle[ranks][positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(total / (positive.sum() * (~positive).sum()))


# ---------------------------------------------------------------------------------------------------------- several tasks


@dataclass(frozen=True, eq=False)
class Several:
    """Votes on several tasks. `truth` (n) by task, or `task.label` where any number may apply: class numbers, -1 not asked;
    `balance` likewise, the shares where it is asked; `precision` by function and class number: how often it is right.
    """

    votes: LabelMatrix
    truth: dict[str, npt.NDArray[np.int64]]
    balance: dict[str, npt.NDArray[np.float64]]
    precision: dict[tuple[str, int], float]


@dataclass(frozen=True)
class Voter:
    """A function on a task: how often it votes where the task is asked and where not, and how often it then is right."""

    name: str
    task: str
    accuracy: float
    coverage: float = 0.6
    elsewhere: float = 0.0


def tree(branches: tuple[int, ...]) -> tuple[TaskLabels, ...]:
    """A hierarchy: a task of so many labels, under each of which is one of so many, and so on."""
    made = [TaskLabels("t", tuple(f"L{y}" for y in range(branches[0])))]
    level = made[:]
    for k in branches[1:]:
        level = [
            TaskLabels(f"{task.name}{y}", tuple(f"L{z}" for z in range(k)), under=(task.name, y))
            for task in level
            for y in range(len(task.labels))
        ]
        made += level
    return tuple(made)


def hierarchy(n: int, branches: tuple[int, ...], voters: tuple[Voter, ...], seed: int = 0) -> Several:
    """Rows are leaves of a tree of tasks. Functions vote for any label of one task, on their own."""
    rng = np.random.default_rng(seed)
    tasks, truth, balance = tree(branches), {}, {}
    for task in tasks:
        k = len(task.labels)
        balance[task.name] = rng.dirichlet(np.full(k, 8.0))
        drawn = rng.choice(k, size=n, p=balance[task.name])
        truth[task.name] = drawn if task.under is None else np.where(truth[task.under[0]] == task.under[1], drawn, -1)
    columns, precision = [], {}
    chance = {task.name: _chance(task, tasks, balance) for task in tasks}
    for voter in voters:
        own = truth[voter.task]
        k = balance[voter.task].size
        fires = rng.random(n) < np.where(own >= 0, voter.coverage, voter.elsewhere)
        said = np.where(own >= 0, noisy(np.maximum(own, 0), voter.accuracy, k, rng), rng.integers(0, k, size=n))
        columns.append(np.where(fires, said, -1))
        for y in range(k):
            share = balance[voter.task]
            right = chance[voter.task] * share[y] * voter.coverage * voter.accuracy
            wrong = chance[voter.task] * (1 - share[y]) * voter.coverage * (1 - voter.accuracy) / (k - 1)
            precision[voter.name, y] = right / (right + wrong + (1 - chance[voter.task]) * voter.elsewhere / k)
    return Several(matrix(tasks, voters, columns), truth, balance, precision)


def _chance(task: TaskLabels, tasks: tuple[TaskLabels, ...], balance: dict[str, npt.NDArray[np.float64]]) -> float:
    if task.under is None:
        return 1.0
    above = next(one for one in tasks if one.name == task.under[0])
    return float(balance[above.name][task.under[1]]) * _chance(above, tasks, balance)


def matrix(
    tasks: tuple[TaskLabels, ...],
    voters: tuple[Voter, ...],
    columns: list[npt.NDArray[np.int64]],
    facts: RuleFacts | None = None,
) -> LabelMatrix:
    """A label matrix of several tasks from a column of class numbers for each function."""
    names = [task.name for task in tasks]
    dense = np.stack(columns)
    _, rows = np.nonzero(dense >= 0)
    return LabelMatrix(
        n=dense.shape[1],
        functions=tuple(voter.name for voter in voters),
        tasks=tasks,
        task_of=tuple(names.index(voter.task) for voter in voters),
        indptr=np.concatenate([[0], np.cumsum((dense >= 0).sum(axis=1))]).astype(np.int64),
        rows=rows.astype(np.int64),
        codes=dense[dense >= 0].astype(np.int8),
        facts=facts or RuleFacts(),
    )


def every_task(branches: tuple[int, ...], each: int, low: float, high: float, elsewhere: float) -> tuple[Voter, ...]:
    """So many functions on each task of a tree, of accuracies from low to high."""
    spread = np.linspace(low, high, each)
    return tuple(
        Voter(f"{task.name}_{j}", task.name, float(accuracy), elsewhere=0.0 if task.under is None else elsewhere)
        for task in tree(branches)
        for j, accuracy in enumerate(spread)
    )


def findings(n: int, labels: int = 14, each: int = 3, seed: int = 0, triage: int = 3) -> Several:
    """A report is abnormal or not; if it is, each of so many labels may apply on its own. Functions say that it does or not."""
    rng = np.random.default_rng(seed)
    tasks = (
        TaskLabels("triage", ("NORMAL", "ABNORMAL")),
        TaskLabels("found", tuple(f"L{y}" for y in range(labels)), any_number=True),
    )
    abnormal = rng.random(n) < 0.5
    rates = rng.uniform(0.1, 0.4, size=labels)
    truth = {"triage": abnormal.astype(np.int64)}
    balance = {"triage": np.array([0.5, 0.5])}
    voters, columns, precision = [], [], {}
    for j, accuracy in enumerate(np.linspace(0.6, 0.8, triage)):
        voters.append(Voter(f"triage_{j}", "triage", float(accuracy)))
        columns.append(np.where(rng.random(n) < 0.6, noisy(truth["triage"], float(accuracy), 2, rng), -1))
        precision.update({(f"triage_{j}", y): float(accuracy) for y in (0, 1)})
    for y in range(labels):
        own = (abnormal & (rng.random(n) < rates[y])).astype(np.int64)
        truth[f"found.L{y}"], share = own, rates[y] / 2
        balance[f"found.L{y}"] = np.array([1 - share, share])
        for j, accuracy in enumerate(np.linspace(0.7, 0.9, each)):
            voters.append(Voter(f"L{y}_{j}", "found", float(accuracy)))
            said = noisy(own, float(accuracy), 2, rng)
            columns.append(np.where(rng.random(n) < 0.6, np.where(said == 1, y, labels + y), -1))
            right = accuracy * np.array([1 - share, share])
            odds = right / (right + (1 - accuracy) * np.array([share, 1 - share]))
            precision[f"L{y}_{j}", labels + y], precision[f"L{y}_{j}", y] = float(odds[0]), float(odds[1])
    needs = Requirement(("found", frozenset(range(labels))), ("triage", frozenset({1})))
    facts = RuleFacts(requirements=(needs,))
    return Several(matrix(tasks, tuple(voters), columns, facts), truth, balance, precision)


def diamond(n: int, seed: int = 0) -> Several:
    """A label that implies two others, each of which implies a fourth: what is said of any moves all."""
    rng = np.random.default_rng(seed)
    names = ("top", "left", "right", "bottom")
    tasks = tuple(TaskLabels(name, ("NO", "YES")) for name in names)
    pairs = (("top", "left"), ("top", "right"), ("left", "bottom"), ("right", "bottom"))
    requirements = tuple(Requirement((one, frozenset({1})), (other, frozenset({1}))) for one, other in pairs)
    worlds = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]])
    shares = np.array([0.3, 0.15, 0.15, 0.1, 0.1, 0.2])
    drawn = worlds[rng.choice(len(worlds), size=n, p=shares)]
    truth = {name: drawn[:, i] for i, name in enumerate(names)}
    balance = {name: np.array([1 - shares @ worlds[:, i], shares @ worlds[:, i]]) for i, name in enumerate(names)}
    voters, columns, precision = [], [], {}
    for name in names:
        for j, accuracy in enumerate((0.65, 0.75, 0.85)):
            voters.append(Voter(f"{name}_{j}", name, accuracy))
            columns.append(np.where(rng.random(n) < 0.6, noisy(truth[name], accuracy, 2, rng), -1))
            for y in (0, 1):
                right = accuracy * balance[name][y]
                precision[f"{name}_{j}", y] = float(right / (right + (1 - accuracy) * balance[name][1 - y]))
    return Several(
        matrix(tasks, tuple(voters), columns, RuleFacts(requirements=requirements)), truth, balance, precision
    )
