"""Where published label models break: the default model, majority vote and Snorkel on a simulation of each trap.

    python benchmarks/traps.py [--seeds 3]

Prints one line a trap, the mean over the seeds: accuracy, and for `balance .95/.05` F1 of the rare label, for `unanimous votes`
the share of rows on which all votes agree that get another label or none, for `never fires` the probability of what such a
function says the first time (that of rules as usual would be .75), for `all votes for one label` the area under the curve.
Snorkel's model is shown where it is installed, after 100 and after 500 epochs; NaN is what its fit ended with. The class
balance is not given.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from snorkel_dsl.labels import Labels
from snorkel_dsl.models import LabelModel, MajorityVote
from snorkel_dsl.votes import LabelMatrix

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from simulate import (
    Simulation,
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
)

UNEVEN = ((0, 0.5, 0.1), (0, 0.2, 0.1), (1, 0.3, 0.05), (1, 0.3, 0.15), (1, 0.1, 0.02))  # label, right, wrong


def accuracy(labels: Labels, simulation: Simulation) -> float:
    """The share of right labels."""
    return labels.accuracy(simulation.truth)


def rare(labels: Labels, simulation: Simulation) -> float:
    """F1 of the second label."""
    return labels.f1(simulation.truth, 1)


def ranking(labels: Labels, simulation: Simulation) -> float:
    """How well the probability of the second label orders the rows."""
    return area_under_curve(np.nan_to_num(labels.probabilities[:, 1], nan=0.5), simulation.truth)


def against(labels: Labels, simulation: Simulation) -> float:
    """The share of the rows whose votes all agree that do not get that label."""
    dense = simulation.votes.to_numpy()
    lowest, highest = np.where(dense < 0, 99, dense).min(axis=1), dense.max(axis=1)
    agreed = lowest == highest
    return float(np.mean(labels.predict()[agreed] != highest[agreed]))


def first_vote(labels: Labels, simulation: Simulation) -> float:
    """The mean probability of the second label on the rows on which only the last function votes."""
    dense = simulation.votes.to_numpy()
    return float(labels.probabilities[(dense[:, :-1] < 0).all(axis=1) & (dense[:, -1] == 1), 1].mean())


def dense(seed: int) -> Simulation:
    """Two hundred functions that vote everywhere."""
    return independent(500, tuple(np.linspace(0.55, 0.8, 200)), seed=seed)


def never_fires(seed: int) -> Simulation:
    """Three functions, and one that votes on no row but those below, which nothing is fitted on."""
    plain = independent(5_000, (0.7, 0.8, 0.9), coverage=0.7, seed=seed)
    dense = np.hstack([plain.votes.to_numpy(), np.full((5_000, 1), -1)])
    asked = np.vstack([dense, [[-1, -1, -1, 1]]])
    return Simulation(LabelMatrix.from_dense(asked, labels=2), np.append(plain.truth, 1), plain.balance)


def disjoint(seed: int) -> Simulation:
    """Four functions of .6 to .9, each on rows of its own."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, size=4_000)
    dense = np.full((4_000, 4), -1)
    for j, accuracy in enumerate((0.6, 0.7, 0.8, 0.9)):
        mine = slice(j * 1_000, (j + 1) * 1_000)
        dense[mine, j] = noisy(truth[mine], accuracy, 2, rng)
    return Simulation(LabelMatrix.from_dense(dense, labels=2), truth, (0.5, 0.5))


TRAPS: dict[str, tuple[Callable[[int], Simulation], Callable[[Labels, Simulation], float]]] = {
    "firing together (long documents)": (lambda seed: cofiring(10_000, seed), accuracy),
    "four of .85, three copies of .60": (lambda seed: copies(10_000, seed), accuracy),
    "the same, copies on seven rows in ten": (lambda seed: partial_copies(10_000, seed), accuracy),
    "five rules on one source, undeclared": (lambda seed: one_source(4_000, seed, 0.9), accuracy),
    "balance .95/.05": (lambda seed: imbalanced(20_000, seed), rare),
    "unanimous votes gone against": (lambda seed: one_label_each(4_000, UNEVEN, (0.8, 0.2), seed), against),
    "a function that never fires": (never_fires, first_vote),
    "disjoint functions": (disjoint, accuracy),
    "all votes for one label": (lambda seed: all_positive(10_000, seed), ranking),
    "two hundred dense functions": (dense, accuracy),
}


def fitted_on(simulation: Simulation) -> LabelMatrix:
    """The votes that are fitted on: those of `never_fires` without the row that is only asked."""
    dense = simulation.votes.to_numpy()
    rows = len(dense) - 1 if simulation.truth.size % 2 else len(dense)
    return LabelMatrix.from_dense(dense[:rows], labels=2)


def snorkel(simulation: Simulation, epochs: int) -> Labels | None:
    """What Snorkel's model says; nothing where its loss became NaN, which it raises as a bare exception."""
    from snorkel.labeling.model import LabelModel as Snorkel

    votes = simulation.votes.to_numpy().astype(int)
    model = Snorkel(cardinality=2, verbose=False)
    try:
        model.fit(fitted_on(simulation).to_numpy().astype(int), n_epochs=epochs, seed=0, progress_bar=False)
    except Exception as failure:
        if "NaN" not in str(failure):
            raise
        return None
    return Labels("label", simulation.votes.labels, model.predict_proba(votes), simulation.votes.covered)


def scores(simulation: Simulation, score: Callable[[Labels, Simulation], float]) -> Iterator[float]:
    """The default model, majority vote, and Snorkel's after 100 and 500 epochs."""
    for model in (LabelModel(), MajorityVote()):
        yield score(model.fit(fitted_on(simulation)).label(simulation.votes), simulation)
    if importlib.util.find_spec("snorkel"):
        for epochs in (100, 500):
            labels = snorkel(simulation, epochs)
            yield float("nan") if labels is None else score(labels, simulation)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    print(f"{'':38}{'default':>9}{'majority':>9}{'Snorkel 100':>13}{'Snorkel 500':>13}")
    for name, (simulate, score) in TRAPS.items():
        ours, majority, *theirs = np.mean([list(scores(simulate(seed), score)) for seed in range(seeds)], axis=0)
        print(f"{name:38}{ours:9.3f}{majority:9.3f}" + "".join(f"{one:13.3f}" for one in theirs), flush=True)


if __name__ == "__main__":
    main()
