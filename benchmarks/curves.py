"""How many documents a second, against the number of rules and the number of documents; two charts as SVG.

    python benchmarks/curves.py                          # prints, and writes benchmarks/plots/speed_by_*.svg
    python benchmarks/curves.py --most-rows 100_000 --folder plots

Rules and documents are those of `engine.py`. Snorkel and Polars, where they are installed, label as many documents as they can
in about a second or two; ours all of them, with compiling and databases compiled anew. Each point is the median of
`--repeats`, the sides in turn.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import statistics
from pathlib import Path

import engine
import pyarrow as pa

from snorkel_dsl.report.plots import Series, log_log

RULES = (25, 100, 400, 1_600)
OURS = "snorkel_dsl, one process"
TWO = "snorkel_dsl, two processes"
SNORKEL = "Snorkel 0.10, one process"
POLARS = "Polars, all cores"


class Job:
    """Documents and rules, and the sides that label them."""

    def __init__(self, rows: int, rng: random.Random) -> None:
        self.known = engine.vocabulary(8_000, rng)
        rng.shuffle(self.known)
        self.table = pa.table({"text": pa.array(engine.sentences(rows, self.known, rng), pa.large_string())})

    def sides(self, rules: int, rows: int) -> list[engine.Side]:
        """All that are installed, for so many rules (three quarters words, the rest expressions) and documents."""
        words = self.known[100 : 100 + rules - rules // 4]
        expressions = engine.patterns(rules // 4, self.known[:1_000], random.Random(rules))
        program, texts = engine.program(words, expressions), engine.written(words, expressions)
        table = self.table.slice(0, rows)
        found = [engine.Side(OURS, rows, lambda: engine.own_votes(program, table, None, 1))]
        if rows >= 100_000:  # what starting a process costs is more than it gives below
            found.append(engine.Side(TWO, rows, lambda: engine.own_votes(program, table, None, 2)))
        if importlib.util.find_spec("snorkel"):
            side = engine.snorkel(table, texts, min(rows, max(20, 200_000 // rules)))
            found.append(engine.Side(SNORKEL, side.rows, side.run))
        if importlib.util.find_spec("polars"):
            side = engine.polars(table, texts, min(rows, max(100, 8_000_000 // rules)))
            found.append(engine.Side(POLARS, side.rows, side.run))
        return found


def timed(sides: list[engine.Side], repeats: int) -> dict[str, float]:
    """Documents a second by the clock."""
    for _ in range(repeats):
        for side in sides:
            side.time()
    return {side.name: side.rows / statistics.median(side.walls) for side in sides}


def chart(title: str, across: str, points: dict[int, dict[str, float]], path: Path) -> None:
    """Print the points and draw them."""
    names = list(dict.fromkeys(name for found in points.values() for name in found))
    print(f"\n{title}\n{across:>12}" + "".join(f"{name:>28}" for name in names))
    for x, found in points.items():
        print(f"{x:>12,}" + "".join(f"{found[name]:>28,.0f}" if name in found else f"{'':28}" for name in names))
    lines = [(name, [x for x in points if name in points[x]]) for name in names]
    series = [Series(name, xs, [points[x][name] for x in xs]) for name, xs in lines]
    path.write_bytes(log_log(title, across, "documents a second", series, slopes=False))


def main() -> None:
    """Measure, print and draw both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most-rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "plots")
    options = parser.parse_args()
    job = Job(options.most_rows, random.Random(20261120))
    options.folder.mkdir(parents=True, exist_ok=True)
    middle = min(options.most_rows, 300_000)
    by_rules = {rules: timed(job.sides(rules, middle), options.repeats) for rules in RULES}
    chart(f"{middle:,} documents", "rules", by_rules, options.folder / "speed_by_rules.svg")
    sizes = [rows for rows in (1_000, 10_000, 100_000, 1_000_000) if rows <= options.most_rows]
    by_rows = {rows: timed(job.sides(400, rows), options.repeats) for rows in sizes}
    chart("400 rules", "documents", by_rows, options.folder / "speed_by_documents.svg")


if __name__ == "__main__":
    main()
