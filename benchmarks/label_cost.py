"""What label models cost: CPU seconds and peak memory of fit and predict, beside Snorkel and crowd-kit.

    python benchmarks/label_cost.py                          ours at full size, peers on a tenth of the rows: ten minutes
    python benchmarks/label_cost.py --full                   peers on all rows too: half an hour, and 20 GB for Snorkel
    python benchmarks/label_cost.py --rows 1e6 --functions 100 --labels 2 --runs 3

Votes are simulated: every function votes on one row in ten, and is right with .70 plus what chance adds. Each side runs in
a process of its own, in turn, with one thread, and is told the same votes in the form that it takes: ours a sparse label
matrix, Snorkel a dense array, crowd-kit a table of (task, worker, label). Seconds are CPU seconds of the fit and of the
predictions alone; memory is the peak of the process, with the votes and the libraries in it. A side that is not installed
is left out, and one that needs more memory than `--most-memory` is stopped. The ratio is that of the seconds a row. Then
comes what fitting costs when the votes are counted already, for 1 and 10 million rows of the same distribution, counted
in batches of a million, and last all of it beside what is to be reached.
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

GOALS = {  # seconds and GB by rows, functions and labels
    (1_000_000, 100, 10): (3.0, 1.0),
    (1_000_000, 100, 2): (2.0, 0.5),
    (1_000_000, 400, 2): (5.0, 1.0),
    (20_000, 10, 200): (5.0, None),
}
TENTH = 100_000  # rows, from which on the peers get a tenth of them
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


def compare(n: int, m: int, k: int, runs: int, most_memory: float, peer_rows: int) -> str:
    """Prints the cost of every side, in turn, and its ratio to ours; gives the line of the last table."""
    sides = [side for side, package in PACKAGES.items() if importlib.util.find_spec(package)]
    rows = {side: n if side == "ours" else peer_rows for side in sides}
    found: dict[str, list[dict[str, float] | None]] = {side: [] for side in sides}
    for _ in range(runs):
        for side in sides:
            found[side].append(measured(side, rows[side], m, k, most_memory))
    print(f"\n{n:,} x {m}, k = {k}, {COVERAGE:.0%} coverage; median of {runs}")
    print(
        f"{'':10}{'rows':>11}{'fit s':>9}{'predict s':>11}{'together (spread)':>24}{'peak GB':>9}{'x ours a row':>14}"
    )
    shown: dict[str, str] = {}
    ours_a_row = float("nan")
    for side, each in found.items():
        known = [one for one in each if one]
        if not known:
            print(f"{side:10}{rows[side]:11,}  could not finish within {most_memory:g} GB")
            shown[side] = "-"
            continue
        fit, predict, high = (median(one[what] for one in known) for what in ("fit", "predict", "peak"))
        sums = [one["fit"] + one["predict"] for one in known]
        both = f"{median(sums):.2f} ({min(sums):.2f} to {max(sums):.2f})"
        a_row = median(sums) / rows[side]
        ours_a_row = a_row if side == "ours" else ours_a_row
        print(
            f"{side:10}{rows[side]:11,}{fit:9.2f}{predict:11.2f}{both:>24}{high:9.2f}{a_row / ours_a_row:14.1f}",
            flush=True,
        )
        shown[side] = f"{median(sums):.1f} s, {high:.1f} GB" + (" *" if rows[side] < n else "")
    seconds, memory = GOALS.get((n, m, k), (None, None))
    goal = "" if seconds is None else f"{seconds:g} s" + ("" if memory is None else f", {memory:g} GB")
    return f"{f'{n:,} x {m}, k = {k}':26}" + "".join(f"{shown.get(side, ''):>18}" for side in SIDES) + f"{goal:>14}"


def counted(n: int, m: int, k: int) -> str:
    """Prints what fitting costs when the votes of n and of 10 n rows are counted already; gives the line of the last table."""
    print(f"\nfitting on counted votes, {m} functions that vote on {COVERAGE:.0%} of the rows, k = {k}")
    print(f"{'rows':>12}{'count s':>10}{'fit s':>8}{'distinct rows':>15}")
    parts, fits, counting = [], [], 0.0
    for seed in range(10):
        votes = simulated(n, m, k, seed)
        start = time.process_time()
        parts = [total([*parts, Counts.of(votes)])]
        counting += time.process_time() - start
        if seed in (0, 9):
            ready = time.process_time()
            LabelModel().fit_counts(parts[0])
            fits.append(time.process_time() - ready)
            print(f"{parts[0].n:12,}{counting:10.2f}{fits[-1]:8.2f}{parts[0].patterns.n:15,}", flush=True)
    return f"{f'{n:,} to {10 * n:,} counted':26}{f'x {fits[1] / fits[0]:.2f}':>18}{'x 10':>18}{'x 10':>18}{'x 1':>14}"


def main() -> None:
    """Runs everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="the peers on all rows too")
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
    sizes = [(options.rows, options.functions, options.labels)] if options.rows else list(GOALS)
    lines = []
    for n, m, k in sizes:
        peer_rows = n if options.full or options.rows or n < TENTH else n // 10
        lines.append(compare(n, m, k, options.runs, options.most_memory, peer_rows))
    if not options.rows:
        lines.append(counted(1_000_000, 20, 2))
    print(f"\n{'':26}" + "".join(f"{side:>18}" for side in SIDES) + f"{'goal':>14}")
    print("\n".join(lines))
    print("* on a tenth of the rows; the peers count nothing beforehand, so ten times the rows are ten times the work")


if __name__ == "__main__":
    main()
