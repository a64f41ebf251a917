"""How fast the engine labels, beside its peers on the same rules, the same rows and the same machine, in turn.

    python benchmarks/engine.py                               # 400 rules, 100,000 sentences, Snorkel on 1,000 of them
    python benchmarks/engine.py --peers snorkel bare polars   # and a bare scan, and Polars on 20,000
    python benchmarks/engine.py --snorkel-rows all            # Snorkel on all rows: this takes minutes
    python benchmarks/engine.py --processes 1 2               # in one process and in two, with what these take to start

The rules are 300 words and 100 regular expressions, one labeling function each. Snorkel gets the same as Python functions with
compiled patterns, as a user would write them; Polars one expression a rule, on all cores. The bare scan is Vectorscan with the
same patterns over joined rows that does nothing but note each match: what a scanner costs at least. On Snorkel's rows the votes
are compared cell by cell. Ours are timed with compiling, the others without; from the second time on our scanner's databases
are loaded from where they are kept between runs. Of Snorkel and of Polars a sample of the rows gives the rate. Each time is the
median of `--repeats`, the sides in turn. Peers come with `pip install "snorkel-dsl[bench]"`.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from snorkel_dsl.engine.run import apply
from snorkel_dsl.engine.table import batches
from snorkel_dsl.language import ir, types
from snorkel_dsl.language.types import Kind
from snorkel_dsl.votes import LabelMatrix

LABELS = ("HAM", "SPAM")


@dataclass
class Side:
    """One of those that are timed: its rows, what it does, and the seconds of each time by the clock and of the CPU.

    The CPU's seconds are this process's own: what a shared machine cannot spoil, and what other processes do not count in.
    """

    name: str
    rows: int
    run: Callable[[], Any]
    counted: bool = True  # whether all its work is done in this process, so that its CPU says something
    result: Any = None
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    def time(self) -> None:
        """Do it once more."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.result = self.run()
        self.walls.append(time.perf_counter() - wall)
        self.cpus.append(time.process_time() - cpu)

    def __str__(self) -> str:
        wall, cpu = statistics.median(self.walls), statistics.median(self.cpus)
        spread = f"{min(self.walls):.2f} to {max(self.walls):.2f}"
        by_cpu = f", {self.rows / cpu:,.0f} by CPU ({cpu:.2f} s)" if self.counted else ""
        took = f"{self.rows:,} rows in {wall:.2f} s ({spread})"
        return f"{self.name}: {took}, {self.rows / wall:,.0f} rows/s by the clock{by_cpu}"

    def times(self, other: Side) -> tuple[float, float]:
        """How many times as long as another it takes for a row, by the clock and by the CPU."""
        pairs = ((self.walls, other.walls), (self.cpus, other.cpus))
        wall, cpu = (statistics.median(a) / self.rows / (statistics.median(b) / other.rows) for a, b in pairs)
        return wall, cpu


def vocabulary(size: int, rng: random.Random) -> list[str]:
    """Different made-up words of 2 to 4 syllables."""
    syllables = [c + v + e for c in "bcdfghklmnprstvw" for v in "aeiou" for e in ("", "n", "r", "s")]
    words = set()
    while len(words) < size:
        words.add("".join(rng.choice(syllables) for _ in range(rng.randint(2, 4))))
    return sorted(words)


def sentences(n: int, words: list[str], rng: random.Random) -> list[str]:
    """Sentences of about 140 bytes with a few capitals, numbers, links and, in one of thirty, other letters."""
    weights = [1 / (rank + 10) for rank in range(len(words))]
    drawn = iter(rng.choices(words, weights, k=22 * n))
    made = []
    for _ in range(n):
        parts = [next(drawn) for _ in range(rng.randint(14, 22))]
        parts[0] = parts[0].capitalize()
        if rng.random() < 0.2:
            parts.insert(rng.randrange(len(parts)), str(rng.randint(1, 9999)))
        if rng.random() < 0.05:
            parts.append(f"http://{parts[-1]}.com/{rng.randint(1, 99)}")
        if rng.random() < 1 / 30:
            parts[rng.randrange(len(parts))] = rng.choice(["café", "naïve", "“so”", "ÜBER", "\u00a0", "日本", "😀"])
        made.append(" ".join(parts) + rng.choice([".", "!", "?"]))
    return made


def patterns(count: int, words: list[str], rng: random.Random) -> list[str]:
    """Regular expressions of the kinds that people write for this."""
    shapes = (
        r"\b{a}(?:s|es)?\b",
        r"{a}.{{0,30}}{b}",
        r"\b{a}\w* {b}",
        r"(?:{a}|{b}) \d+",
        r"{a}\s+(?:{b}|{c})",
        r"^{a}\b",
        r"\b{a}[.!?]$",
        r"\d{{3,4}} {a}",
        r"https?://{a}",
        r"[{x}]{y}(?:{b})?\b",
    )
    made = []
    for number in range(count):
        a, b, c = rng.sample(words, 3)
        made.append(shapes[number % len(shapes)].format(a=a, b=b, c=c, x=a[0] + b[0], y=a[1:]))
    return made


def program(words: list[str], expressions: list[str]) -> ir.Program:
    """One labeling function for each word and each regular expression."""
    text = ir.Column("text", Kind.TEXT)
    conditions: list[ir.Expression] = []
    for word in words:
        terms = ir.Constant(ir.TermList((ir.Term(word),)), Kind.TERMS)
        conditions.append(ir.Call("mentions", (text, terms), Kind.CONDITION))
    constants = [ir.Constant(ir.Pattern(pattern), Kind.PATTERN) for pattern in expressions]
    conditions += [ir.Call("matches", (text, constant), Kind.CONDITION) for constant in constants]
    functions = tuple(
        ir.LabelingFunction(
            f"rule_{number}",
            f"rule_{number}",
            "spam",
            (ir.Clause(condition, ir.Vote("spam", frozenset({number % 2}))),),
        )
        for number, condition in enumerate(conditions)
    )
    column = ir.DataColumn("text", types.TEXT, "text")
    return ir.Program("comment", (column,), (ir.Task("spam", LABELS),), functions, ())


def written(words: list[str], expressions: list[str]) -> list[str]:
    """All rules as regular expressions."""
    return [rf"\b{re.escape(word)}\b" for word in words] + expressions


def own_votes(rules: ir.Program, table: pa.Table, scanner: str | None, processes: int) -> LabelMatrix:
    """The votes of the engine."""
    found = list(apply(rules, batches(table), scanner=scanner, processes=processes))
    assert not any(faults for _, faults in found)
    return LabelMatrix.concat([part for part, _ in found])


def ours(rules: ir.Program, table: pa.Table, scanner: str | None, processes: int) -> Side:
    """The engine in so many processes."""
    name = "snorkel_dsl" if processes == 1 else f"snorkel_dsl in {processes} processes"
    return Side(name, table.num_rows, lambda: own_votes(rules, table, scanner, processes), processes == 1)


def same(left: LabelMatrix, right: LabelMatrix) -> bool:
    """Whether all votes are equal."""
    return all(np.array_equal(getattr(left, part), getattr(right, part)) for part in ("indptr", "rows", "codes"))


def snorkel(table: pa.Table, rules: list[str], rows: int) -> Side:
    """Snorkel's applier on the first rows."""
    import pandas as pd
    from snorkel.labeling import LabelingFunction, PandasLFApplier

    def function(number: int, compiled: re.Pattern[str]) -> Any:
        def vote(row: Any) -> int:
            return number % 2 if compiled.search(row.text) else -1

        return LabelingFunction(f"rule_{number}", vote)

    frame = pd.DataFrame({"text": table["text"].slice(0, rows).to_pylist()})
    applier = PandasLFApplier([function(i, re.compile(p, re.IGNORECASE)) for i, p in enumerate(rules)])
    return Side("Snorkel 0.10", len(frame), lambda: applier.apply(frame, progress_bar=False))


def bare(table: pa.Table, rules: list[str]) -> Side:
    """Vectorscan alone over the joined rows: how many matches it reports."""
    import hyperscan

    flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_MULTILINE
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    patterns = [rule.encode() for rule in rules]
    database.compile(patterns, ids=range(len(rules)), elements=len(rules), flags=[flags] * len(rules))
    texts = [text.encode() for text in table["text"].to_pylist()]
    blocks = [b"\n".join(texts[first : first + 8_192]) for first in range(0, len(texts), 8_192)]

    def scan() -> int:
        seen: list[tuple[int, int]] = []
        note = seen.append

        def found(event: int, _start: int, end: int, _flags: int, _context: object) -> None:
            note((event, end))

        for block in blocks:
            database.scan(block, match_event_handler=found)
        return len(seen)

    return Side("bare scan", len(texts), scan)


def polars(table: pa.Table, rules: list[str], rows: int) -> Side:
    """Polars on the first rows, one expression a rule."""
    import polars as pl

    frame = pl.DataFrame({"text": table["text"].slice(0, rows).to_pylist()})
    asked = [pl.col("text").str.contains(f"(?i){rule}").alias(str(number)) for number, rule in enumerate(rules)]
    return Side("Polars", len(frame), lambda: frame.select(asked))


def compared(matrix: LabelMatrix, expected: Any) -> int:
    """Compare our votes with Snorkel's on its rows, and say in how many cells they differ."""
    votes = matrix.take(np.arange(len(expected))).to_numpy()
    different = int(np.sum(votes != expected))
    given = f"{np.sum(votes != -1) / len(votes):.3f} and {np.sum(expected != -1) / len(votes):.3f}"
    print(f"  {given} votes a sentence on these rows; cells compared {votes.size:,}, different {different}")
    return different


def main() -> int:
    """Run the benchmark; 1 where a vote differs."""
    options = _options()
    rng = random.Random(20261120)
    known = vocabulary(8_000, rng)
    rng.shuffle(known)
    words = known[100 : 100 + options.words]
    expressions = patterns(options.patterns, known[:1_000], rng)
    table = pa.table({"text": pa.array(sentences(options.rows, known, rng), pa.large_string())})
    rules, texts = program(words, expressions), written(words, expressions)
    n = table.num_rows
    mean = sum(map(len, table["text"].to_pylist())) / n
    print(f"{n:,} sentences of {mean:.0f} characters, {len(words)} words, {len(expressions)} patterns")

    own = [ours(rules, table, options.scanner, processes) for processes in options.processes]
    peers = []
    if "snorkel" in options.peers:
        peers.append(snorkel(table, texts, n if options.snorkel_rows == "all" else int(options.snorkel_rows)))
    if "bare" in options.peers:
        peers.append(bare(table, texts))
    if "polars" in options.peers:
        peers.append(polars(table, texts, options.polars_rows))
    for _ in range(options.repeats):
        for side in (*own, *peers):
            side.time()
    for side in own:
        print(side, f"{len(side.result.rows) / n:.3f} votes a sentence", sep=", ")
    different = 0
    for side in peers:
        sample = f" (its rate on {side.rows:,} of the rows)" if side.rows < n else ""
        print(f"{side}{sample}")
        for one in own:
            wall, cpu = side.times(one)
            by_cpu = f", {cpu:,.2f} x by CPU" if one.counted else ""
            print(f"  takes {wall:,.2f} x the time of {one.name} for a row by the clock{by_cpu}")
        different += compared(own[0].result, side.result) if side.name.startswith("Snorkel") else 0
    return 1 if different or any(not same(own[0].result, side.result) for side in own) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--peers", nargs="*", choices=("snorkel", "bare", "polars"), default=["snorkel"])
    parser.add_argument("--snorkel-rows", default="1000", help="how many rows Snorkel labels, or `all`")
    parser.add_argument("--polars-rows", type=int, default=20_000)
    parser.add_argument("--scanner", choices=("vectorscan", "re2"))
    parser.add_argument("--processes", type=int, nargs="+", default=[1])
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
