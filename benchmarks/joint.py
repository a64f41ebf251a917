"""One model of all tasks against a model for each: `python benchmarks/joint.py [size] [recovery] [simulations] [data]`.

By default all four. Three answers to the same votes stand side by side: separate models, each fitted on the votes of its own
task alone; separate models, each on what all votes say of it by logic (`fit_tasks`); and one model of all tasks
(`fit_joint`). Prints, with the standard deviation over five seeds,

- `size`: what fifty leaves, and fourteen labels in 2^14 combinations, take in CPU seconds and in memory, up to a million rows;
- `recovery`: errors of the estimated precisions of three levels and of fourteen labels, which fall as n^-½ (slope -0.5);
- `simulations`: the accuracy of each level of simulated trees, of a diamond and of fourteen labels;
- `data`: the rule sets for questions and for chest X-ray reports, fitted on the votes of the train split without any answer,
  where the folder `$SNORKEL_DSL_DATA` is there (seeds are samples of nine tenths of the train rows). Of the rows of each,
  `consistent` are those whose answers contradict no parent and no `require`.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import several_tasks as real
from public_data import question_types, reports
from simulate import Several, diamond, every_task, findings, hierarchy
from test_joint import error

import snorkel_dsl as sd
from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.base import Model
from snorkel_dsl.models.tasks import Answered, answer_jointly, fit_joint, fit_tasks, label_tasks

SEEDS = 5
ROWS = (1_000, 2_000, 4_000)
Scores = dict[str, float]
WAYS = ("own votes", "separate", "joint")


# ----------------------------------------------------------------------------------------------------------- simulations


def own_votes(votes: sd.LabelMatrix, models: Mapping[str, Model] | None = None) -> list[Answered]:
    """A model for each task on the votes of its functions alone, or the answers of those that are fitted already."""
    found: list[Answered] = []
    for task in votes.tasks:
        own = {name: one for name, one in votes.facts.functions.items() if one.task == task.name}
        facts = RuleFacts(own, votes.facts.balance)
        alone = replace(votes.task(task.name), tasks=(replace(task, under=None),), facts=facts)
        found += fit_tasks(alone, sd.LabelModel) if models is None else label_tasks(alone, models)
    return found


def simulated(simulation: Several) -> dict[str, Scores]:
    """The mean accuracy of the first task and of the others, on all rows of which they are asked."""
    ways = zip(WAYS, (own_votes, lambda votes: fit_tasks(votes, sd.LabelModel), fit_joint), strict=True)
    return {name: accuracies(simulation, answer(simulation.votes)) for name, answer in ways}


def accuracies(simulation: Several, answered: list[Answered]) -> Scores:
    """Accuracy of the first task, mean accuracy of the others where asked, and the share of rows with all of them right."""
    right = {}
    for one in answered:
        truth = simulation.truth[one.name]
        right[one.name] = np.where(truth >= 0, one.labels.predict(tie="random", uncovered=True) == truth, True)
    first, *others = right
    asked = [right[name][simulation.truth[name] >= 0].mean() for name in others]
    together = np.all(list(right.values()), axis=0)
    return {"first task": right[first].mean(), "others": float(np.mean(asked)), "all right": together.mean()}


SIMULATIONS: dict[str, Callable[[int], Several]] = {
    "tree 3 × 3": lambda seed: hierarchy(2_000, (3, 3), every_task((3, 3), 4, 0.45, 0.9, 0.15), seed),
    "tree 2 × 2 × 2": lambda seed: hierarchy(2_000, (2, 2, 2), every_task((2, 2, 2), 3, 0.55, 0.9, 0.15), seed),
    "diamond": lambda seed: diamond(2_000, seed),
    "14 labels": lambda seed: findings(2_000, seed=seed),
}


def table(name: str, runs: list[dict[str, Scores]]) -> list[str]:
    """A line for each score: its mean in each way, what joint gains on either with the spread over the seeds."""
    lines = []
    for measure in runs[0]["joint"]:
        columns = {way: np.array([run[way][measure] for run in runs]) for way in WAYS if way in runs[0]}
        means = "".join(f"{columns[way].mean():11.3f}" if way in columns else f"{'–':>11}" for way in WAYS)
        gains = [columns["joint"] - columns[way] for way in WAYS[:2]]
        spread = "".join(f"  {gain.mean():+8.3f} ± {gain.std():.3f}" for gain in gains)
        lines.append(f"{name:16} {measure:12}{means}{spread}")
    return lines


def averages(name: str, tables: Iterable[list[dict[str, Scores]]]) -> str:
    """What joint gains on the others, on average over all measures but `consistent`."""
    gains = [
        [np.mean([run["joint"][measure] - run[way][measure] for run in runs]) for way in WAYS[:2]]
        for runs in tables
        for measure in runs[0]["joint"]
        if measure != "consistent"
    ]
    own, separate = np.mean(gains, axis=0)
    return f"{name}: joint - own votes {own:+.3f}, joint - separate {separate:+.3f} over {len(gains)} measures"


# -------------------------------------------------------------------------------------------------------------- real data


def on_data(data: Path) -> list[str]:
    """The lines of both rule sets, on the rows that they were not written on."""
    questions, chest = sd.compile(real.QUESTIONS), sd.compile(real.REPORTS)
    found = scored("questions", questions, question_types, data, ("test",), real.question_scores)
    read = ("test", "held_out")
    found |= scored("chest X-ray", chest, reports, data, read, lambda g, gold: real.report_scores(g, gold, chest))
    return [*(line for name, runs in found.items() for line in table(name, runs)), averages("real", found.values())]


def scored(  # type: ignore[no-untyped-def]
    name: str, rules: sd.Rules, read, data: Path, splits: tuple[str, ...], score: Callable[..., Scores]
) -> dict[str, list[dict[str, Scores]]]:
    """The scores of one rule set in each way, for each seed, by split."""
    rows, _ = read(data, "train")
    train = rules.apply(rows[["text"]])
    tests = {split: (lambda found: (rules.apply(found[0][["text"]]), found[1]))(read(data, split)) for split in splits}
    runs: dict[str, list[dict[str, Scores]]] = {split: [] for split in splits}
    for seed in range(SEEDS):
        chosen = np.random.default_rng(seed).random(train.n) < 0.9
        part = train.take(chosen)
        separate = {one.name: one.model for one in fit_tasks(part, sd.LabelModel)}
        alone = {one.name: one.model for one in own_votes(part)}
        joint = fit_joint(part)[0].joint
        assert joint is not None
        for split, (votes, gold) in tests.items():
            answers = {
                "own votes": own_votes(votes, alone),
                "separate": label_tasks(votes, separate),
                "joint": answer_jointly(joint, votes),
            }
            runs[split].append({way: score(real.given(found, False), gold) for way, found in answers.items()})
    return {f"{name} {split}"[:16]: own for split, own in runs.items()}


# --------------------------------------------------------------------------------------------------------------- recovery


RECOVERED: dict[str, Callable[[int, int], Several]] = {
    "tree 2 × 2 × 2": lambda n, seed: hierarchy(n, (2, 2, 2), every_task((2, 2, 2), 3, 0.6, 0.9, 0.05), seed),
    "14 labels": lambda n, seed: findings(n, seed=seed),
}


def recovered(name: str, simulate: Callable[[int, int], Several]) -> str:
    """The root mean square of the errors of all precisions at each number of rows, and the slope of their logs."""
    off = [np.mean([error(simulate(n, seed))[0] for seed in range(2)]) for n in ROWS]
    slope = np.polyfit(np.log(ROWS), np.log(off), 1)[0]
    errors = ", ".join(f"{away:.4f} at {n:,} rows" for n, away in zip(ROWS, off, strict=True))
    return f"{name:16} errors of precisions {errors}; slope {slope:+.2f}"


# ------------------------------------------------------------------------------------------------------------------- size


def sized(name: str, simulation: Several) -> str:
    """What fitting and answering take."""
    start = time.process_time()
    answered = fit_joint(simulation.votes)
    taken = time.process_time() - start
    joint = answered[0].joint
    size = 0.0 if joint is None else joint.feasible_.size()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"{name:16} {simulation.votes.n:7,} rows, {len(simulation.votes.functions)} functions, {size:,.0f} vectors: "
        f"{taken:.1f} CPU s; {peak:.2f} GiB at most so far"
    )


def fifty_leaves(n: int) -> Several:
    """Five types with ten below each."""
    voters = every_task((5, 10), 3, 0.6, 0.85, 0.02)
    return hierarchy(n, (5, 10), voters)


def main() -> None:
    """Run what was asked for."""
    wanted = sys.argv[1:] or ["size", "recovery", "simulations", "data"]
    if "size" in wanted:
        print(sized("50 leaves", fifty_leaves(20_000)))
        print(sized("14 labels", findings(20_000)))
        print(sized("14 labels", findings(1_000_000)), flush=True)
    if "recovery" in wanted:
        for name, simulate in RECOVERED.items():
            print(recovered(name, simulate), flush=True)
    if not {"simulations", "data"} & set(wanted):
        return
    print(f"{'':29}" + "".join(f"{way:>11}" for way in WAYS) + "  joint - own votes  joint - separate")
    if "simulations" in wanted:
        every = {name: [simulated(make(seed)) for seed in range(SEEDS)] for name, make in SIMULATIONS.items()}
        print("\n".join(line for name, runs in every.items() for line in table(name, runs)))
        print(averages("simulations", every.values()), flush=True)
    if "data" in wanted:
        data = os.environ.get("SNORKEL_DSL_DATA")
        if not data:
            sys.exit("set SNORKEL_DSL_DATA to the folder of real data")
        print("\n".join(on_data(Path(data))))


if __name__ == "__main__":
    main()
