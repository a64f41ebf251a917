"""How fast the engine labels, against Snorkel 0.10 on the same rules, the same rows and the same machine.

    python benchmarks/engine.py                    # 400 rules, 100,000 sentences, Snorkel on 1,000 of them
    python benchmarks/engine.py --snorkel-rows all # Snorkel on all rows: this takes minutes
    python benchmarks/engine.py --no-snorkel       # without Snorkel (pip install "snorkel-dsl[bench]" for it)

The rules are 300 words and 100 regular expressions, one labeling function each; for Snorkel the same as Python functions
with compiled patterns, as a user would write them. On Snorkel's rows the votes are compared cell by cell.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.language import ir, types
from snorkel_dsl.language.types import Kind

LABELS = ("HAM", "SPAM")


class Clock:
    """Seconds on the wall and of this process's CPU: the second is what a shared machine cannot spoil."""

    def __enter__(self) -> Clock:
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.wall = time.perf_counter() - self._start[0]
        self.cpu = time.process_time() - self._start[1]


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


def snorkel_votes(frame: pd.DataFrame, words: list[str], expressions: list[str]) -> tuple[Any, Clock]:
    """The votes of Snorkel's applier, and its time."""
    from snorkel.labeling import LabelingFunction, PandasLFApplier

    def function(number: int, compiled: re.Pattern[str]) -> Any:
        def vote(row: Any) -> int:
            return number % 2 if compiled.search(row.text) else -1

        return LabelingFunction(f"rule_{number}", vote)

    written = [rf"\b{re.escape(word)}\b" for word in words] + expressions
    applier = PandasLFApplier([function(i, re.compile(p, re.IGNORECASE)) for i, p in enumerate(written)])
    with Clock() as clock:
        votes = applier.apply(frame, progress_bar=False)
    return votes, clock


def main() -> int:
    """Run the benchmark; 1 where a vote differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--snorkel-rows", default="1000", help="how many rows Snorkel labels, or `all`")
    parser.add_argument("--no-snorkel", action="store_true")
    parser.add_argument("--scanner", choices=("vectorscan", "re2"))
    options = parser.parse_args()

    rng = random.Random(20261120)
    known = vocabulary(8_000, rng)
    rng.shuffle(known)
    words = known[100 : 100 + options.words]
    expressions = patterns(options.patterns, known[:1_000], rng)
    frame = pd.DataFrame({"text": sentences(options.rows, known, rng)})
    print(
        f"{len(frame):,} sentences of {frame.text.str.len().mean():.0f} characters, "
        f"{len(words)} words, {len(expressions)} patterns"
    )

    rules = program(words, expressions)
    with Clock() as own:
        matrix, faults = label_matrix(rules, frame, scanner=options.scanner)
    assert not faults
    n = len(frame)
    n = len(frame)
    print(
        f"snorkel_dsl: {told(own, n, len(matrix.rows))} with compiling, {np.mean(matrix.covered):.0%} of rows have a vote"
    )
    if options.no_snorkel:
        return 0

    rows = n if options.snorkel_rows == "all" else min(n, int(options.snorkel_rows))
    expected, peer = snorkel_votes(frame.iloc[:rows], words, expressions)
    print(f"Snorkel 0.10: {told(peer, rows, int(np.sum(expected != -1)))}")
    votes = matrix.take(np.arange(rows)).to_numpy()
    different = int(np.sum(votes != expected))
    given = f"{np.sum(votes != -1) / rows:.3f} and {np.sum(expected != -1) / rows:.3f}"
    print(f"on these {rows:,} rows: {given} votes a sentence; cells compared {votes.size:,}, different {different}")
    said = "" if rows == n else f" (Snorkel's cost a row from {rows:,} rows, taken as the same for all)"
    wall, cpu = (peer.wall / rows) / (own.wall / n), (peer.cpu / rows) / (own.cpu / n)
    print(f"ratio: {wall:,.0f} x by the clock, {cpu:,.0f} x by CPU time{said}")
    return 1 if different else 0


def told(clock: Clock, rows: int, votes: int) -> str:
    """A time in words."""
    speed = f"{rows / clock.wall:,.0f} rows/s by the clock, {rows / clock.cpu:,.0f} by CPU"
    return f"{rows:,} rows in {clock.wall:.2f} s (CPU {clock.cpu:.2f} s), {speed}, {votes / rows:.3f} votes a sentence"


if __name__ == "__main__":
    sys.exit(main())
