"""Label models on the six public vote matrices: fitted on the train votes without gold, scored on test.

    SNORKEL_DSL_DATA=… python benchmarks/label_models.py

Prints one table without a class balance and one with that of the validation gold (test gold where there is no validation
split), then the three splits of chest_xray each fitted alone. Accuracy over all rows, F1 of the positive class for census
and spouse; ties count at their expected value under a random choice. Snorkel is run beside where it is installed. The
settings of the default model were settled while looking at these scores, so its row is optimistic, most of all with a balance.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from snorkel_dsl.labels import Labels
from snorkel_dsl.models import LabelModel, Model, registry
from snorkel_dsl.votes import LabelMatrix

SETS = ("youtube", "trec", "census", "chest_xray", "tennis", "spouse")
SEEDS = range(5)


def matrices(folder: Path, name: str) -> dict[str, Any]:
    """One set: votes to fit and to score, gold, metric, and the class balance of the validation gold."""
    data = np.load(folder / "votes" / f"{name}.npz")
    k = int(data["k"])
    fit = "train" if "L_train" in data else "test"
    gold = data["y_valid"] if "y_valid" in data else data["y_test"]
    return {
        "k": k,
        "fit": LabelMatrix.from_dense(data[f"L_{fit}"], labels=k),
        "test": LabelMatrix.from_dense(data["L_test"], labels=k),
        "gold": data["y_test"],
        "f1": str(data["metric"]) == "f1",
        "balance": np.bincount(gold, minlength=k) / gold.size,
    }


def score(labels: Labels, gold: Any, f1: bool) -> float:
    """The metric of the set."""
    return labels.f1(gold, 1, uncovered=True) if f1 else labels.accuracy(gold, uncovered=True)


def own(model: Model, data: dict[str, Any], balance: Any) -> str:
    """The score of one of our models."""
    labels = model.fit(data["fit"], class_balance=balance).label(data["test"])
    return f"{score(labels, data['gold'], data['f1']):.3f}"


def snorkel(data: dict[str, Any], balance: Any) -> str:
    """The score of Snorkel, mean and deviation over the seeds."""
    from snorkel.labeling.model import LabelModel as Snorkel

    scores = []
    for seed in SEEDS:
        model = Snorkel(cardinality=data["k"], verbose=False)
        model.fit(data["fit"].to_numpy().astype(int), class_balance=balance, seed=seed, progress_bar=False)
        probabilities = model.predict_proba(data["test"].to_numpy().astype(int))
        labels = Labels("label", data["test"].labels, probabilities, data["test"].covered)
        scores.append(score(labels, data["gold"], data["f1"]))
    return f"{np.mean(scores):.3f}±{np.std(scores):.3f}"


def table(folder: Path, with_balance: bool) -> None:
    """Prints one row a model."""
    print("\nwith the class balance" if with_balance else "without a class balance")
    sets = [matrices(folder, name) for name in SETS]
    print(f"{'':20}" + "".join(f"{name:>13}" for name in SETS) + f"{'seconds':>10}")
    for name, kind in registry().items():
        start = time.perf_counter()
        cells = [own(kind(), data, data["balance"] if with_balance else None) for data in sets]
        mean = np.mean([float(cell) for cell in cells])
        print(
            f"{name:20}"
            + "".join(f"{cell:>13}" for cell in cells)
            + f"{time.perf_counter() - start:10.1f}  mean {mean:.3f}"
        )
    if importlib.util.find_spec("snorkel"):
        cells = [snorkel(data, data["balance"] if with_balance else None) for data in sets]
        print(f"{'Snorkel':20}" + "".join(f"{cell:>13}" for cell in cells))


def chest_xray(folder: Path) -> None:
    """Prints the default model beside majority vote on each split."""
    data = np.load(folder / "votes" / "chest_xray.npz")
    splits = {name: LabelMatrix.from_dense(data[f"L_{name}"], labels=2) for name in ("train", "valid", "test")}
    gold = {name: data[f"y_{name}"] for name in splits}
    print("\nchest_xray: accuracy of the default model beside majority vote")
    majority = registry()["majority"]()
    from_train = LabelModel().fit(splits["train"])
    with_balance = LabelModel().fit(splits["train"], class_balance=(0.37, 0.63))
    for name, votes in splits.items():
        alone = LabelModel().fit(votes).score(votes, gold[name])
        print(
            f"{name:6} majority {majority.fit(votes).score(votes, gold[name]):.3f}  fitted on it {alone:.3f}  "
            f"fitted on train {from_train.score(votes, gold[name]):.3f}  "
            f"with the balance {with_balance.score(votes, gold[name]):.3f}"
        )


def main() -> None:
    """Runs everything."""
    folder = os.environ.get("SNORKEL_DSL_DATA")
    if not folder:
        sys.exit("set SNORKEL_DSL_DATA to the folder that holds votes/")
    for with_balance in (False, True):
        table(Path(folder), with_balance)
    chest_xray(Path(folder))


if __name__ == "__main__":
    main()
