"""Label models on the six public vote matrices: fitted on the train votes without gold, scored on test.

    SNORKEL_DSL_DATA=… python benchmarks/label_models.py

Prints one table without a class balance and one with that of the validation gold (test gold where there is no validation
split), then the three splits of chest_xray each fitted alone. Accuracy over all rows, F1 of the positive class for census
and spouse; ties count at their expected value under a random choice. Beside them run, where they are installed, Snorkel (mean ±
standard deviation over five seeds), crowd-kit's Dawid-Skene and logistic regression on the votes with the validation gold.
Then the expected calibration error of the default model and of Snorkel's. How the settings of the default model do on sets
that had no part in choosing them, `benchmarks/tuning.py` shows.
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
        "valid": (data["L_valid"], data["y_valid"]) if "L_valid" in data else None,
    }


def score(labels: Labels, gold: Any, f1: bool) -> float:
    """The metric of the set."""
    return labels.f1(gold, 1, uncovered=True) if f1 else labels.accuracy(gold, uncovered=True)


def own(model: Model, data: dict[str, Any], balance: Any) -> str:
    """The score of one of our models."""
    labels = model.fit(data["fit"], class_balance=balance).label(data["test"])
    return f"{score(labels, data['gold'], data['f1']):.3f}"


def snorkel(data: dict[str, Any], balance: Any) -> list[Labels]:
    """The labels of Snorkel's model on the test votes, by seed."""
    from snorkel.labeling.model import LabelModel as Snorkel

    found = []
    for seed in SEEDS:
        model = Snorkel(cardinality=data["k"], verbose=False)
        model.fit(data["fit"].to_numpy().astype(int), class_balance=balance, seed=seed, progress_bar=False)
        found.append(_labels(data, model.predict_proba(data["test"].to_numpy().astype(int))))
    return found


def spread(data: dict[str, Any], each: list[Labels]) -> str:
    """The mean score and its deviation."""
    scores = [score(labels, data["gold"], data["f1"]) for labels in each]
    return f"{np.mean(scores):.3f}±{np.std(scores):.3f}"


def crowd_kit(data: dict[str, Any]) -> str:
    """The score of crowd-kit's Dawid-Skene on the test votes; rows without votes are tied."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    votes = data["test"].to_numpy().astype(int)
    rows, workers = np.nonzero(votes >= 0)
    frame = pd.DataFrame({"task": rows, "worker": workers, "label": votes[rows, workers]})
    found = DawidSkene(n_iter=100).fit_predict_proba(frame)
    probabilities = np.full((len(votes), data["k"]), 1 / data["k"])
    probabilities[found.index.to_numpy()] = found.reindex(columns=range(data["k"]), fill_value=0.0).fillna(0.0)
    return f"{score(_labels(data, probabilities), data['gold'], data['f1']):.3f}"


def regression(data: dict[str, Any]) -> str:
    """The score of logistic regression on the votes, one column for each function and label, with the validation gold."""
    from sklearn.linear_model import LogisticRegression

    if data["valid"] is None:
        return "–"
    votes, gold = data["valid"]
    columns = [np.hstack([one == y for y in range(data["k"])]) for one in (votes, data["test"].to_numpy())]
    model = LogisticRegression(max_iter=1000).fit(columns[0], gold)
    probabilities = np.zeros((len(columns[1]), data["k"]))
    probabilities[:, model.classes_] = model.predict_proba(columns[1])
    return f"{score(_labels(data, probabilities), data['gold'], data['f1']):.3f}"


def _labels(data: dict[str, Any], probabilities: Any) -> Labels:
    return Labels("label", data["test"].labels, np.asarray(probabilities), data["test"].covered)


def calibration_error(labels: Labels, gold: Any) -> float:
    """The expected calibration error: ten bins of the highest probability (Guo et al. 2017); ties at their expected value."""
    sure = labels.probabilities.max(axis=1)
    winners = labels.winners
    right = winners[np.arange(len(gold)), gold] / winners.sum(axis=1)
    bins = np.minimum((sure * 10).astype(int), 9)
    return float(np.abs(np.bincount(bins, weights=right - sure, minlength=10)).sum() / len(gold))


def calibration(folder: Path, with_balance: bool) -> None:
    """Prints the expected calibration error of the default model, majority vote and Snorkel's."""
    sets = [matrices(folder, name) for name in SETS]
    print(f"\nexpected calibration error, {'with the class balance' if with_balance else 'without a class balance'}")
    found: dict[str, list[float]] = {}
    for data in sets:
        balance = data["balance"] if with_balance else None
        for model in (LabelModel(), registry()["majority"]()):
            labels = model.fit(data["fit"], class_balance=balance).label(data["test"])
            found.setdefault(model.name, []).append(calibration_error(labels, data["gold"]))
        if importlib.util.find_spec("snorkel"):
            errors = [calibration_error(labels, data["gold"]) for labels in snorkel(data, balance)]
            found.setdefault("Snorkel", []).append(float(np.mean(errors)))
    for name, cells in found.items():
        print(f"{name:20}" + "".join(f"{cell:13.3f}" for cell in cells) + f"  mean {np.mean(cells):.3f}")


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
        cells = [spread(data, snorkel(data, data["balance"] if with_balance else None)) for data in sets]
        print(f"{'Snorkel':20}" + "".join(f"{cell:>13}" for cell in cells))
    if importlib.util.find_spec("crowdkit") and not with_balance:
        print(f"{'crowd-kit':20}" + "".join(f"{crowd_kit(data):>13}" for data in sets))
    if importlib.util.find_spec("sklearn") and not with_balance:
        print(f"{'regression, gold':20}" + "".join(f"{regression(data):>13}" for data in sets))


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
        calibration(Path(folder), with_balance)
    chest_xray(Path(folder))


if __name__ == "__main__":
    main()
