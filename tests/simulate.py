"""Votes drawn from known distributions, with their true labels: what label models are tested against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snorkel_dsl.votes import LabelMatrix


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


def one_source(n: int = 4_000, seed: int = 0) -> Simulation:
    """Four good rules, and for label 1 five that fire on the same text, mostly together and rightly in three of five rows."""
    rng = np.random.default_rng(seed)
    truth = labels(n, (0.5, 0.5), rng)
    text = rng.random(n) < np.where(truth == 1, 0.45, 0.30)
    good = [np.where(rng.random(n) < np.where(truth == label, 0.5, 0.08), label, -1) for label in (0, 0, 1, 1)]
    same = [np.where(text & (rng.random(n) < 0.9), 1, -1) for _ in range(5)]
    return Simulation(LabelMatrix.from_dense(np.stack([*good, *same], axis=1), labels=2), truth, (0.5, 0.5))


def imbalanced(n: int = 20_000, seed: int = 0) -> Simulation:
    """Five functions of .75 to .90 that vote everywhere; one row in twenty is positive."""
    return independent(n, (0.75, 0.78, 0.82, 0.86, 0.90), balance=(0.95, 0.05), seed=seed)


def all_positive(n: int = 10_000, seed: int = 0) -> Simulation:
    """Rules that can only vote for label 1."""
    hits = ((1, 0.5, 0.05), (1, 0.4, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.2), (1, 0.2, 0.02))
    return one_label_each(n, hits, balance=(0.7, 0.3), seed=seed)


def area_under_curve(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> float:
    """The chance that a positive row scores above a negative one; ties count one half."""
    _, ranks, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    positive = truth == 1
    total = middle[ranks][positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(total / (positive.sum() * (~positive).sum()))
