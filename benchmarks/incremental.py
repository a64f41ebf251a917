"""What a second run costs: nothing changed, one rule edited, rows appended, against the full run on the same machine.

    python benchmarks/incremental.py                        # 400 rules, 1,000,000 sentences, the engine alone
    python benchmarks/incremental.py --rows 100000
    python benchmarks/incremental.py --command              # the whole command, Parquet to Parquet, with the process's start

The rules are those of `engine.py`: 300 words and 100 regular expressions. Each kind of run is made several times in turn and
the median counts; a rule is edited anew each time. The votes of every run are compared with a run that keeps nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from engine import patterns, program, sentences, vocabulary

from snorkel_dsl import caching
from snorkel_dsl.engine.run import apply
from snorkel_dsl.engine.table import batches
from snorkel_dsl.language import ir

TIMES = 3
KINDS = ("full", "full, keeping", "warm", "word edited", "pattern edited", "rows appended")


class Clock:
    """Seconds on the wall, and of the CPU of this process and of those that it waited for."""

    def __enter__(self) -> Clock:
        self._start = time.perf_counter(), self._cpu()
        return self

    def __exit__(self, *error: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self._start[0], self._cpu() - self._start[1]

    @staticmethod
    def _cpu() -> float:
        used = os.times()
        return used.user + used.system + used.children_user + used.children_system


def votes(rules: ir.Program, data: pa.Table, cache: bool) -> tuple[list[tuple[Any, Any, Any]], Clock]:
    """The votes by batch, and the time."""
    with Clock() as clock:
        parts = [(v.indptr, v.rows, v.codes) for v, _ in apply(rules, batches(data), cache=cache)]
    return parts, clock


def same(left: list[tuple[Any, Any, Any]], right: list[tuple[Any, Any, Any]]) -> bool:
    """Whether two runs gave the same votes."""
    pairs = zip(left, right, strict=True)
    return all(np.array_equal(a, b) for ours, theirs in pairs for a, b in zip(ours, theirs, strict=True))


def edited(rules: ir.Program, number: int, other: ir.Program) -> ir.Program:
    """The program with one function's conditions from another program."""
    functions = list(rules.functions)
    functions[number] = replace(functions[number], clauses=other.functions[number].clauses)
    return replace(rules, functions=tuple(functions))


def compare(rows: int, rng: random.Random, _: Path) -> dict[str, list[Clock]]:
    """The times of each kind of run. Raises SystemExit where a vote differs."""
    known = vocabulary(8_000, rng)
    rng.shuffle(known)
    texts = sentences(rows + rows // 100, known, rng)
    data, longer = pa.table({"text": texts[:rows]}), pa.table({"text": texts})
    rules = program(known[100:400], patterns(100, known[:1_000], rng))
    other = program(known[400:700], patterns(100, known[1_000:2_000], rng))
    times: dict[str, list[Clock]] = defaultdict(list)
    expected = votes(rules, data, False)[0]
    for turn in range(TIMES):
        caching.clear()
        runs: list[tuple[str, ir.Program, pa.Table, bool]] = [
            ("full", rules, data, False),
            ("full, keeping", rules, data, True),
            ("warm", rules, data, True),
            ("word edited", edited(rules, 10 + turn, other), data, True),
            ("pattern edited", edited(rules, 310 + turn, other), data, True),
            ("rows appended", rules, longer, True),
        ]
        for kind, changed, own, cache in runs:
            found, clock = votes(changed, own, cache)
            times[kind].append(clock)
            if not same(found, expected if changed is rules and own is data else votes(changed, own, False)[0]):
                raise SystemExit(f"{kind}: the votes differ")
    return times


def as_rules(rows: int, rng: random.Random, folder: Path) -> None:
    """The same rules and data as files: a rules file, one with a word edited, and the sentences."""
    known = vocabulary(8_000, rng)
    rng.shuffle(known)
    pq.write_table(pa.table({"text": sentences(rows, known, rng)}), folder / "data.parquet")
    conditions = [f'text mentions "{word}"' for word in known[100:400]]
    conditions += ["text matches /" + p.replace("/", "\\/") + "/" for p in patterns(100, known[:1_000], rng)]
    for name, first in (("full", conditions[0]), ("edited", f'text mentions "{known[450]}"')):
        lines = ["data comment", "    text text", "", "task spam on comment", "    labels HAM, SPAM", ""]
        for number, condition in enumerate([first, *conditions[1:]]):
            lines += [f"rule r{number} votes {'SPAM' if number % 2 else 'HAM'}", f"    when {condition}", ""]
        (folder / f"{name}.rules").write_text("\n".join(lines), encoding="utf-8")


def command(rules: str, folder: Path, *more: str) -> Clock:
    """`apply` as a process of its own."""
    asked = [
        sys.executable,
        "-m",
        "snorkel_dsl",
        "apply",
        f"{rules}.rules",
        "data.parquet",
        "-o",
        "votes.parquet",
        *more,
    ]
    with Clock() as clock:
        subprocess.run(asked, cwd=folder, check=True, stderr=subprocess.DEVNULL)
    return clock


def compare_commands(rows: int, rng: random.Random, folder: Path) -> dict[str, list[Clock]]:
    """The times of the whole command."""
    as_rules(rows, rng, folder)
    times: dict[str, list[Clock]] = defaultdict(list)
    for _ in range(TIMES):
        caching.clear()
        kinds: list[tuple[str, Callable[[], Clock]]] = [
            ("full", lambda: command("full", folder, "--no-cache")),
            ("full, keeping", lambda: command("full", folder)),
            ("warm", lambda: command("full", folder)),
            ("word edited", lambda: command("edited", folder)),
        ]
        for kind, run in kinds:
            times[kind].append(run())
    return times


def main() -> int:
    """Run the benchmark; 1 where a vote differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--command", action="store_true")
    options = parser.parse_args()
    rng = random.Random(20261120)
    with tempfile.TemporaryDirectory() as name:
        os.environ[caching.VARIABLE] = str(Path(name, "cache"))
        compared = compare_commands if options.command else compare
        times = compared(options.rows, rng, Path(name))
        kept = sum(held.bytes for held in caching.holdings())
    print(f"{options.rows:,} rows, 400 rules, median of {TIMES} runs in turn; {kept / 2**20:.1f} MiB are kept")
    full = {unit: median(getattr(clock, unit) for clock in times["full"]) for unit in ("wall", "cpu")}
    for kind in KINDS:
        if kind in times:
            wall, cpu = (median(getattr(clock, unit) for clock in times[kind]) for unit in ("wall", "cpu"))
            spread = max(clock.wall for clock in times[kind]) - min(clock.wall for clock in times[kind])
            print(
                f"{kind:<15} {wall:6.2f} s (± {spread / 2:.2f}), CPU {cpu:6.2f} s; "
                f"of the full run {wall / full['wall']:.3f} by the clock, {cpu / full['cpu']:.3f} by CPU"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
