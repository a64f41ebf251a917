"""What label models cost: CPU seconds and peak memory of fit and predict, beside Snorkel and crowd-kit.

    python benchmarks/label_cost.py                          small sizes, a minute
    python benchmarks/label_cost.py --full                   the sizes of the README: 1M x 100, 1M x 400, k = 2, 10 and 200
    python benchmarks/label_cost.py --rows 1e6 --functions 100 --labels 2 --runs 3

Votes are simulated: every function votes on one row in ten, and is right with .70 plus what chance adds. Each side runs in
a process of its own, in turn, with one thread, and is told the same votes in the form that it takes: ours a sparse label
matrix, Snorkel a dense array, crowd-kit a table of (task, worker, label). Seconds are CPU seconds of the fit and of the
predictions alone; memory is the peak of the process, with the votes and the libraries in it. A side that is not installed
is left out, and one that needs more memory than `--most-memory` is stopped. The last table is what fitting costs when the votes
are counted already, for n and ten times n rows of the same distribution.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from statistics import median
from typing import Any

import numpy as np

from snorkel_dsl.models import LabelModel
from snorkel_dsl.models.counts import Counts, total
from snorkel_dsl.votes import LabelMatrix, TaskLabels

SMALL = ((100_000, 100, 10), (100_000, 100, 2), (50_000, 400, 2), (5_000, 10, 200))
FULL = ((1_000_000, 100, 10), (1_000_000, 100, 2), (1_000_000, 400, 2), (20_000, 10, 200))
COVERAGE, ACCURACY = 0.1, 0.7


def simulated(n: int, m: int, k: int, seed: int = 0) -> LabelMatrix:
    """The votes, made function by function so that nothing n x m is ever held."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n, dtype=np.int16)
    rows, codes = [], []
    for _ in range(m):
        mine = np.flatnonzero(rng.random(n, dtype=np.float32) < COVERAGE)
        right = rng.random(mine.size) < ACCURACY
        rows.append(mine)
        codes.append(
            np.where(right, truth[mine], rng.integers(0, k, mine.size)).astype(np.int8 if k <= 128 else np.int16)
        )
    indptr = np.concatenate([[0], np.cumsum([mine.size for mine in rows])])
    task = TaskLabels("label", tuple(map(str, range(k))))
    names = tuple(f"f{j}" for j in range(m))
    return LabelMatrix(n, names, (task,), (0,) * m, indptr, np.concatenate(rows), np.concatenate(codes))


def peak() -> float:
    """The largest memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def ours(votes: LabelMatrix) -> tuple[float, float]:
    """CPU seconds of fit and predict of the default model."""
    start = time.process_time()
    model = LabelModel().fit(votes)
    fitted = time.process_time()
    model.predict_proba(votes)
    return fitted - start, time.process_time() - fitted


def snorkel(votes: LabelMatrix) -> tuple[float, float]:
    """The same of Snorkel's label model, with its own defaults."""
    from snorkel.labeling.model import LabelModel as Snorkel

    dense, k = votes.to_numpy(), len(votes.labels)
    model = Snorkel(cardinality=k, verbose=False)
    start = time.process_time()
    model.fit(dense, progress_bar=False, seed=0)
    fitted = time.process_time()
    model.predict_proba(dense)
    return fitted - start, time.process_time() - fitted


def crowdkit(votes: LabelMatrix) -> tuple[float, float]:
    """The same of crowd-kit's Dawid-Skene; it predicts while it fits."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    table = pd.DataFrame({"task": votes.rows, "worker": votes.function_of_vote, "label": votes.codes})
    start = time.process_time()
    DawidSkene(n_iter=100).fit_predict_proba(table)
    return time.process_time() - start, 0.0


SIDES = {"ours": ours, "Snorkel": snorkel, "crowd-kit": crowdkit}
PACKAGES = {"ours": "snorkel_dsl", "Snorkel": "snorkel", "crowd-kit": "crowdkit"}


def child(side: str, n: int, m: int, k: int, most_memory: float) -> None:
    """Runs one side and prints what it cost, as JSON."""
    resource.setrlimit(resource.RLIMIT_DATA, (int(most_memory * 1e9),) * 2)
    votes = simulated(n, m, k)
    before = peak()
    fit, predict = SIDES[side](votes)
    print(json.dumps({"fit": fit, "predict": predict, "peak": peak(), "before": before}))


def measured(side: str, n: int, m: int, k: int, most_memory: float) -> dict[str, float] | None:
    """What one side costs in a process of its own; None where it could not finish."""
    command = [sys.executable, __file__, "--child", side, "--most-memory", str(most_memory)]
    command += ["--rows", str(n), "--functions", str(m), "--labels", str(k)]
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | one, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def compare(n: int, m: int, k: int, runs: int, most_memory: float) -> None:
    """Prints the cost of every side, in turn, and its ratio to ours."""
    sides = [side for side, package in PACKAGES.items() if importlib.util.find_spec(package)]
    found: dict[str, list[dict[str, float] | None]] = {side: [] for side in sides}
    for _ in range(runs):
        for side in sides:
            found[side].append(measured(side, n, m, k, most_memory))
    print(f"\n{n:,} x {m}, k = {k}, {COVERAGE:.0%} coverage; median of {runs}")
    print(f"{'':10}{'fit s':>9}{'predict s':>11}{'together (spread)':>24}{'peak GB':>9}{'x ours':>8}")
    together = {side: [one["fit"] + one["predict"] for one in each if one] for side, each in found.items()}
    for side, each in found.items():
        known = [one for one in each if one]
        if not known:
            print(f"{side:10}  could not finish within {most_memory:g} GB")
            continue
        fit, predict, high = (median(one[what] for one in known) for what in ("fit", "predict", "peak"))
        both = f"{median(together[side]):.2f} ({min(together[side]):.2f} to {max(together[side]):.2f})"
        ratio = median(together[side]) / median(together["ours"])
        print(f"{side:10}{fit:9.2f}{predict:11.2f}{both:>24}{high:9.2f}{ratio:8.1f}")


def counted(n: int, m: int, k: int) -> None:
    """Prints what fitting costs when the votes of n and of 10 n rows are counted already, in ten batches."""
    print(f"\nfitting on counted votes, {m} functions that vote on {COVERAGE:.0%} of the rows, k = {k}")
    print(f"{'rows':>12}{'count s':>10}{'fit s':>8}{'distinct rows':>15}")
    parts = []
    for seed in range(10):
        start = time.process_time()
        parts.append(Counts.of(simulated(n, m, k, seed)))
        if seed in (0, 9):
            counts = total(parts)
            ready = time.process_time()
            LabelModel().fit_counts(counts)
            print(f"{counts.n:12,}{ready - start:10.2f}{time.process_time() - ready:8.2f}{counts.patterns.n:15,}")


def main() -> None:
    """Runs everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="the sizes of the README")
    parser.add_argument("--rows", type=lambda text: int(float(text)))
    parser.add_argument("--functions", type=int, default=100)
    parser.add_argument("--labels", type=int, default=2)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--most-memory", type=float, default=12.0, metavar="GB")
    parser.add_argument("--child", choices=SIDES, help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    if options.child:
        child(options.child, options.rows, options.functions, options.labels, options.most_memory)
        return
    sizes = FULL if options.full else SMALL
    if options.rows:
        sizes = ((options.rows, options.functions, options.labels),)
    for n, m, k in sizes:
        compare(n, m, k, options.runs, options.most_memory)
    counted(1_000_000 if options.full else 100_000, 20, 2)


if __name__ == "__main__":
    main()
