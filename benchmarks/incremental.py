"""What a second run costs: nothing changed, one rule edited, rows appended, against the full run on the same machine.

    python benchmarks/incremental.py                        # 400 rules, 1,000,000 sentences, the engine alone
    python benchmarks/incremental.py --rows 100000
    python benchmarks/incremental.py --command              # the whole command, Parquet to Parquet, with the process's start

The rules are those of `engine.py`: 300 words and 100 regular expressions. Each kind of run is made several times in turn and
the median counts; a rule is edited anew each time. The votes of every run, and the files that commands write, are compared
with those of a run that keeps nothing. `start alone` is the command on a single row.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
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
KINDS = ("full", "full, keeping", "warm", "word edited", "pattern edited", "rows appended", "start alone")


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
    """The same rules and data as files: the rules, and with one word or pattern edited; the sentences, and some more."""
    known = vocabulary(8_000, rng)
    rng.shuffle(known)
    texts = sentences(rows + rows // 100, known, rng)
    pq.write_table(pa.table({"text": texts[:rows]}), folder / "data.parquet")
    pq.write_table(pa.table({"text": texts}), folder / "longer.parquet")
    pq.write_table(pa.table({"text": texts[:1]}), folder / "one.parquet")
    conditions = [f'text mentions "{word}"' for word in known[100:400]]
    conditions += ["text matches /" + p.replace("/", "\\/") + "/" for p in patterns(100, known[:1_000], rng)]
    write_rules(folder / "full.rules", conditions)
    for turn in range(TIMES):
        word = {10 + turn: f'text mentions "{known[450 + turn]}"'}
        pattern = {310 + turn: f"text matches /{known[500 + turn]}\\w+ {known[600 + turn][:3]}/"}
        for name, edits in (("word", word), ("pattern", pattern)):
            write_rules(folder / f"{name}{turn}.rules", [edits.get(n, one) for n, one in enumerate(conditions)])


def write_rules(path: Path, conditions: list[str]) -> None:
    """A rules file with a rule for each condition."""
    lines = ["data comment", "    text text", "", "task spam on comment", "    labels HAM, SPAM", ""]
    for number, condition in enumerate(conditions):
        lines += [f"rule r{number} votes {'SPAM' if number % 2 else 'HAM'}", f"    when {condition}", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def command(folder: Path, rules: str, data: str, *more: str) -> tuple[Clock, bytes]:
    """`apply` as a process of its own: its time, and the hash of what it wrote."""
    asked = ["apply", f"{rules}.rules", f"{data}.parquet", "-o", "votes.parquet", *more]
    with Clock() as clock:
        subprocess.run([sys.executable, "-m", "snorkel_dsl", *asked], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    return clock, hashlib.sha256((folder / "votes.parquet").read_bytes()).digest()


def compare_commands(rows: int, rng: random.Random, folder: Path) -> dict[str, list[Clock]]:
    """The times of the whole command. Raises SystemExit where what it wrote differs from what a full run writes."""
    as_rules(rows, rng, folder)
    times: dict[str, list[Clock]] = defaultdict(list)
    command(folder, "full", "one")  # its compiled Python is there from now on
    for turn in range(TIMES):
        caching.clear()
        runs = [
            ("full", "full", "data", "--no-cache"),
            ("full, keeping", "full", "data"),
            ("warm", "full", "data"),
            ("word edited", f"word{turn}", "data"),
            ("pattern edited", f"pattern{turn}", "data"),
            ("rows appended", "full", "longer"),
            ("start alone", "full", "one"),
        ]
        for kind, *asked in runs:
            clock, wrote = command(folder, *asked)
            times[kind].append(clock)
            if not turn and wrote != command(folder, asked[0], asked[1], "--no-cache")[1]:
                raise SystemExit(f"{kind}: the output differs")
    return times


def print_times(times: dict[str, list[Clock]]) -> None:
    """Each kind of run beside the full run; of the whole command, the same without the process's start."""

    def middle(kind: str, unit: str) -> float:
        return median(getattr(clock, unit) for clock in times[kind])

    for kind in (kind for kind in KINDS if kind in times):
        spread = max(clock.wall for clock in times[kind]) - min(clock.wall for clock in times[kind])
        shares = [middle(kind, unit) / middle("full", unit) for unit in ("wall", "cpu")]
        line = f"{kind:<15} {middle(kind, 'wall'):6.2f} s (± {spread / 2:.2f}), CPU {middle(kind, 'cpu'):6.2f} s; "
        line += f"of the full run {shares[0]:.3f} by the clock, {shares[1]:.3f} by CPU"
        if "start alone" in times and kind != "start alone":
            first = {unit: middle("start alone", unit) for unit in ("wall", "cpu")}
            alone = [(middle(kind, unit) - own) / (middle("full", unit) - own) for unit, own in first.items()]
            line += f"; without the start {alone[0]:.3f} and {alone[1]:.3f}"
        print(line)


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
    print_times(times)
    return 0


if __name__ == "__main__":
    sys.exit(main())
