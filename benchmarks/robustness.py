"""How often a label model falls behind majority vote, over many rule sets that somebody might have written instead.

    SNORKEL_DSL_DATA=… python benchmarks/robustness.py
    SNORKEL_DSL_DATA=… python benchmarks/robustness.py --models auto dawid_skene --draws 30

Each draw takes a third to nine tenths of the functions of a public vote matrix, at random, fits on its train votes without gold
and scores on test, as `label_models.py` does. Six sets of votes are few to judge a default by; some hundred of these, which
nobody looked at one by one, tell whether it can be trusted. Printed by set, without and with the class balance: the mean gain
over majority vote, the worst, and the share of draws that are more than .005 behind.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from label_models import SETS, matrices, score

from snorkel_dsl.models import registry
from snorkel_dsl.votes import LabelMatrix

BEHIND = 0.005


def of_functions(votes: LabelMatrix, chosen: Any) -> LabelMatrix:
    """The votes of some of the functions."""
    return LabelMatrix.from_dense(votes.to_numpy()[:, chosen], labels=votes.labels)


def gains(data: dict[str, Any], names: list[str], balance: Any, draws: int, seed: int) -> dict[str, list[float]]:
    """By model its score less that of majority vote, a number a draw."""
    rng = np.random.default_rng(seed)
    m = len(data["fit"].functions)
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(draws):
        size = int(rng.integers(max(3, m // 3), max(4, m * 9 // 10)))
        chosen = np.sort(rng.choice(m, size, replace=False))
        fit, test = of_functions(data["fit"], chosen), of_functions(data["test"], chosen)
        scores = {
            name: score(registry()[name]().fit(fit, class_balance=balance).label(test), data["gold"], data["f1"])
            for name in ("majority", *names)
        }
        for name in names:
            found[name].append(scores[name] - scores["majority"])
    return found


def main() -> None:
    """Print a line a set, a model, and with or without the balance; then the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=sorted(registry()), default=["auto"])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    folder = Path(
        os.environ.get("SNORKEL_DSL_DATA") or sys.exit("set SNORKEL_DSL_DATA to the folder that holds votes/")
    )
    for with_balance in (False, True):
        print("\nwith the class balance" if with_balance else "without a class balance")
        print(f"{'':14}{'':20}{'mean gain':>10}{'worst':>9}{'behind':>9}")
        every: dict[str, list[tuple[float, float]]] = {name: [] for name in options.models}
        for one in options.sets:
            data = matrices(folder, one)
            balance = data["balance"] if with_balance else None
            for name, found in gains(data, options.models, balance, options.draws, options.seed).items():
                behind = float(np.mean(np.array(found) < -BEHIND))
                every[name].append((float(np.mean(found)), behind))
                print(f"{one:14}{name:20}{np.mean(found):>+10.3f}{min(found):>+9.3f}{behind:>9.0%}", flush=True)
        for name, pairs in every.items():
            gain, behind = np.mean(pairs, axis=0)
            print(f"{'all sets':14}{name:20}{gain:>+10.3f}{'':9}{behind:>9.0%}")


if __name__ == "__main__":
    main()
