"""How the constants of the default model do, each public set judged by the settings that the other sets choose.

    SNORKEL_DSL_DATA=… python benchmarks/tuning.py

A small grid over the constants of `snorkel_dsl.models.auto`. For each set, and without and with a class balance: the setting
with the best mean advantage over majority vote on the other sets, the score it gets on the set left out, the score of the
shipped setting, and majority vote. Then every setting with its mean, so that one sees how little or how much each matters.
"""

from __future__ import annotations

import os
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from label_models import SETS, matrices, score

import snorkel_dsl.models.auto as auto
from snorkel_dsl.models import LabelModel, MajorityVote

GRID: dict[str, tuple[Any, ...]] = {
    "ABSTAIN_WEIGHTS": ((0.0, 0.25, 0.5, 1.0), (0.0, 0.25, 0.5), (0.5,)),
    "STRENGTHS": ((1.0, 3.0), (3.0,)),
    "PART": (0.0, 0.5, 1.0),
    "EVEN": (0.05, 0.2),
}


def scored(data: dict[str, Any], model: Any, given: bool) -> float:
    """The score of a model on one set."""
    fitted = model.fit(data["fit"], class_balance=data["balance"] if given else None)
    return score(fitted.label(data["test"]), data["gold"], data["f1"])


def table(sets: list[dict[str, Any]], given: bool) -> None:
    """Prints what is left out and what each setting gets."""
    settings = list(product(*GRID.values()))
    shipped = tuple(getattr(auto, name) for name in GRID)
    majority = np.array([scored(data, MajorityVote(), given) for data in sets])
    scores = np.zeros((len(settings), len(sets)))
    for row, setting in enumerate(settings):
        for name, value in zip(GRID, setting, strict=True):
            setattr(auto, name, value)
        scores[row] = [scored(data, LabelModel(), given) for data in sets]
    for name, value in zip(GRID, shipped, strict=True):
        setattr(auto, name, value)
    print("\nwith the class balance" if given else "\nwithout a class balance")
    print(
        f"{'left out':12}{'chosen':>8}{'shipped':>9}{'majority':>10}   setting that the others choose: {', '.join(GRID)}"
    )
    own, chosen_scores = scores[settings.index(shipped)], []
    for number, name in enumerate(SETS):
        others = np.delete(scores - majority, number, axis=1).mean(axis=1)
        chosen = int(np.argmax(others))
        chosen_scores.append(scores[chosen, number])
        print(f"{name:12}{chosen_scores[-1]:8.3f}{own[number]:9.3f}{majority[number]:10.3f}   {settings[chosen]}")
    print(f"{'mean':12}{np.mean(chosen_scores):8.3f}{own.mean():9.3f}{majority.mean():10.3f}")
    for setting, row in sorted(zip(settings, scores, strict=True), key=lambda pair: -pair[1].mean()):
        print(f"  {row.mean():.3f}  " + " ".join(f"{one:.3f}" for one in row) + f"  {setting}")


def main() -> None:
    """Runs both tables."""
    folder = os.environ.get("SNORKEL_DSL_DATA")
    if not folder:
        sys.exit("set SNORKEL_DSL_DATA to the folder that holds votes/")
    sets = [matrices(Path(folder), name) for name in SETS]
    for given in (False, True):
        table(sets, given)


if __name__ == "__main__":
    main()
