"""Rule sets of unusual size: 10,000 rules, and one rule with 200,000 terms. Seconds of the CPU, and memory.

    python benchmarks/scale.py                 # rules: 1,250 to 10,000; terms: 25,000 to 200,000
    python benchmarks/scale.py --rows 1_000_000

Each size runs in a process of its own, from the rules file to the votes on 200,000 sentences (those of `engine.py`), without a
cache. `check` is what the compiler takes, `first` the first batch of 65,536 rows with planning and compiled databases, `rows/s`
the speed from then on, `resident` the most memory at any moment. A cliff would show as a step in what a doubling costs, which
is printed beside: 2.00 x is linear in the rules.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import engine
import memory
import pyarrow as pa
import pyarrow.parquet as pq

from snorkel_dsl import compile
from snorkel_dsl.engine.run import apply
from snorkel_dsl.engine.table import BATCH_ROWS, batches

KINDS = ("words", "phrases", "patterns", "mixed")
SIZES = (1_250, 2_500, 5_000, 10_000)
TERMS = (25_000, 50_000, 100_000, 200_000)


def rules_of(kind: str, count: int, known: list[str]) -> str:
    """A rules file with so many rules: a word each, a phrase, a regular expression, or some of all."""
    rng = random.Random(count)
    pairs = [f"{rng.choice(known)} {rng.choice(known)}" for _ in range(count)]
    parts = {"words": (count, 0, 0), "phrases": (0, count, 0), "patterns": (0, 0, count)}
    words, phrases, patterns = parts.get(kind, (count * 6 // 10, count * 3 // 10, count // 10))
    return memory.rules_text([*known[:words], *pairs[:phrases]], engine.patterns(patterns, known[:3_000], rng))


def list_of(count: int, known: list[str]) -> str:
    """A rules file with one rule on a list of so many terms, half of them phrases; few of the words are in the texts."""
    rng = random.Random(count)
    others = engine.vocabulary(count // 2, rng)
    terms = [*others, *(f"{word} {rng.choice(known)}" for word in rng.choices(known, k=count - len(others)))]
    listed = "\n".join(f'    "{term}"' for term in terms)
    head = memory.rules_text([], [])
    return f"{head}\nterms LONG\n{listed}\n\nrule long votes SPAM\n    when text mentions any of LONG\n"


def measured(rules: Path, data: Path) -> dict[str, float]:
    """Compile and run here, in a process that does nothing else."""
    start = time.process_time()
    program = compile(rules).program
    checked = time.process_time()
    table = pq.read_table(data)
    table = table.set_column(0, "text", table["text"].cast(pa.large_string()))
    read = time.process_time()
    parts = apply(program, batches(table))
    votes = len(next(parts)[0].rows)
    first = time.process_time()
    votes += sum(len(part.rows) for part, _ in parts)
    rest = time.process_time() - first
    return {
        "check": checked - start,
        "first": first - read,
        "speed": (table.num_rows - BATCH_ROWS) / rest,
        "votes": votes / table.num_rows,
        "resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def table(title: str, texts: list[tuple[int, str]], folder: Path, data: Path) -> None:
    """One line a size."""
    print(
        f"\n{title:>22}  {'check':>8}  {'first':>8}  {'rows/s':>10}  {'votes/row':>9}  {'resident':>10}  a doubling costs"
    )
    before: dict[str, float] = {}
    for count, text in texts:
        rules = folder / "scale.rules"
        rules.write_text(text, encoding="utf-8")
        command = [sys.executable, __file__, "--measure", str(rules), str(data)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        growth = [f"{found[x] / before[x]:.2f} x {x}" for x in ("check", "first") if before]
        growth += [f"{before['speed'] / found['speed']:.2f} x a row"] if before else []
        cells = f"{found['check']:>6.2f} s  {found['first']:>6.2f} s  {found['speed']:>10,.0f}  {found['votes']:>9.2f}"
        print(f"{count:>22,}  {cells}  {found['resident']:>6,.0f} MiB  {', '.join(growth)}", flush=True)
        before = found


def main() -> None:
    """Print a table a kind of rule, and one for a long list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kinds", nargs="*", choices=(*KINDS, "terms"), default=[*KINDS, "terms"])
    parser.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(*options.measure)))
        return
    rng = random.Random(11)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data.parquet"
        known = engine.vocabulary(12_000, rng)
        rng.shuffle(known)
        pq.write_table(pa.table({"text": engine.sentences(options.rows, known, rng)}), data)
        for kind in KINDS:
            if kind in options.kinds:
                made = [(size, rules_of(kind, size, known)) for size in SIZES]
                table(f"rules, {kind}", made, folder, data)
        if "terms" in options.kinds:
            table("terms of one rule", [(size, list_of(size, known)) for size in TERMS], folder, data)


if __name__ == "__main__":
    main()
