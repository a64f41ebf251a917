"""Where published label models break: the default model, majority vote and Snorkel on a simulation of each trap.

    python benchmarks/traps.py [--seeds 3]

Prints one line a trap, the mean over the seeds: accuracy (F1 of the rare label for `balance .95/.05`; area under the curve for
`one label`). Snorkel's model is shown where it is installed, after 100 and after 500 epochs. The class balance is not given.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from snorkel_dsl.labels import Labels
from snorkel_dsl.models import LabelModel, MajorityVote

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from simulate import (
    Simulation,
    all_positive,
    area_under_curve,
    cofiring,
    copies,
    imbalanced,
    independent,
    one_source,
)


def accuracy(labels: Labels, truth: Any) -> float:
    """The share of right labels."""
    return labels.accuracy(truth)


def rare(labels: Labels, truth: Any) -> float:
    """F1 of the second label."""
    return labels.f1(truth, 1)


def ranking(labels: Labels, truth: Any) -> float:
    """How well the probability of the second label orders the rows."""
    return area_under_curve(np.nan_to_num(labels.probabilities[:, 1], nan=0.5), truth)


def dense(seed: int) -> Simulation:
    """Two hundred functions that vote everywhere."""
    return independent(500, tuple(np.linspace(0.55, 0.8, 200)), seed=seed)


TRAPS: dict[str, tuple[Callable[[int], Simulation], Callable[[Labels, Any], float]]] = {
    "firing together (long documents)": (lambda seed: cofiring(10_000, seed), accuracy),
    "four of .85, three copies of .60": (lambda seed: copies(10_000, seed), accuracy),
    "five rules on one source, undeclared": (lambda seed: one_source(4_000, seed, 0.9), accuracy),
    "balance .95/.05": (lambda seed: imbalanced(20_000, seed), rare),
    "all votes for one label": (lambda seed: all_positive(10_000, seed), ranking),
    "two hundred dense functions": (dense, accuracy),
}


def snorkel(simulation: Simulation, epochs: int) -> Labels:
    """What Snorkel's model says."""
    from snorkel.labeling.model import LabelModel as Snorkel

    votes = simulation.votes.to_numpy().astype(int)
    model = Snorkel(cardinality=2, verbose=False)
    model.fit(votes, n_epochs=epochs, seed=0, progress_bar=False)
    return Labels("label", simulation.votes.labels, model.predict_proba(votes), simulation.votes.covered)


def scores(simulation: Simulation, score: Callable[[Labels, Any], float]) -> Iterator[float]:
    """The default model, majority vote, and Snorkel's after 100 and 500 epochs."""
    for model in (LabelModel(), MajorityVote()):
        yield score(model.fit(simulation.votes).label(simulation.votes), simulation.truth)
    if importlib.util.find_spec("snorkel"):
        for epochs in (100, 500):
            yield score(snorkel(simulation, epochs), simulation.truth)


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
