"""What a second process gives, against what it can give: two bare scans side by side on the same machine.

    python benchmarks/processes.py                    # 1,000,000 documents, 400 rules
    python benchmarks/processes.py --rounds 5

A bare scan is Vectorscan over the same texts with the same patterns and nothing else: one process, then two at once, each on
half of the texts. Ours is `engine.run.apply` on batches in memory, in one process and then in two, without a cache; what a
process needs to start and to compile the rules is left out on both sides (all are warm before the clock starts). The
rounds alternate, and the medians are compared: the gain of ours over the gain of the bare scans.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import engine
import hyperscan
import pyarrow as pa

from snorkel_dsl.engine.run import apply
from snorkel_dsl.language import ir

BATCH = 65_536


def bare(words: list[str], expressions: list[str], texts: list[str], connection: Connection) -> None:
    """Scan the texts once for each message that comes in."""
    block = "\n".join(texts).encode()
    patterns = [rf"\b{word}\b".encode() for word in words] + [expression.encode() for expression in expressions]
    flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_MULTILINE
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=patterns, ids=list(range(len(patterns))), flags=[flags] * len(patterns))
    parts = [block[start : start + (8 << 20)] for start in range(0, len(block), 8 << 20)]
    while connection.recv() is not None:
        found = 0

        def match(*_: object) -> None:
            nonlocal found
            found += 1

        for part in parts:
            database.scan(part, match_event_handler=match)
        connection.send(found)


class Bare:
    """Processes that scan, each its share of the texts."""

    def __init__(self, count: int, words: list[str], expressions: list[str], texts: list[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connections = []
        for number in range(count):
            ours, theirs = context.Pipe()
            share = texts[number * len(texts) // count : (number + 1) * len(texts) // count]
            context.Process(target=bare, args=(words, expressions, share, theirs), daemon=True).start()
            self.connections.append(ours)
        self.seconds()

    def seconds(self) -> float:
        """The time until all have scanned their share."""
        start = time.perf_counter()
        for connection in self.connections:
            connection.send(True)
        for connection in self.connections:
            connection.recv()
        return time.perf_counter() - start

    def stop(self) -> None:
        """End them."""
        for connection in self.connections:
            connection.send(None)


class Ours:
    """The engine in so many processes, which stay warm: one endless run, of which each round takes its batches."""

    def __init__(self, rules: ir.Program, batches: list[pa.RecordBatch], processes: int) -> None:
        self.number, self.processes, self.rules, self.batches = len(batches), processes, rules, batches
        self.seconds()

    def seconds(self) -> float:
        """The time from the first result to the last; the batches before it warm the processes up."""
        warm = 4 * self.processes
        results = apply(self.rules, self._fed(warm), processes=self.processes)
        for _ in range(warm):
            next(results)
        start = time.perf_counter()
        for _ in results:
            pass
        return time.perf_counter() - start

    def _fed(self, warm: int) -> Iterator[pa.RecordBatch]:
        yield from (self.batches[number % self.number] for number in range(warm))
        yield from self.batches


def main() -> None:
    """Print the medians, and the gain of ours over that of the bare scans."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rng = random.Random(7)
    words = engine.vocabulary(5_000, rng)
    expressions = engine.patterns(options.rules // 4, words[:600], rng)
    wanted = words[100 : 100 + options.rules - len(expressions)]
    texts = rng.choices(engine.sentences(100_000, words, rng), k=options.rows)
    batches = pa.table({"text": texts}).combine_chunks().to_batches(BATCH)
    rules = engine.program(wanted, expressions)
    sides = {
        "bare scan, one process": Bare(1, wanted, expressions, texts),
        "bare scans, two processes": Bare(2, wanted, expressions, texts),
        "ours, one process": Ours(rules, batches, 1),
        "ours, two processes": Ours(rules, batches, 2),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, side in sides.items():
            times[name].append(side.seconds())
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, found in times.items():
        print(f"{name:<27} {medians[name]:>7.2f} s   ({min(found):.2f} to {max(found):.2f})")
    bare_one, bare_two, one, two = medians.values()
    print(
        f"gain of a second process: bare {bare_one / bare_two:.2f}, ours {one / two:.2f}: {one / two * bare_two / bare_one:.2f}"
    )
    for side in sides.values():
        if isinstance(side, Bare):
            side.stop()


if __name__ == "__main__":
    main()
