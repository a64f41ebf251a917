"""Whether every way to run gives the reference evaluator's votes, cell for cell, on real texts and on hard ones.

    SNORKEL_DSL_DATA=… python benchmarks/modes.py                   # all rule sets, all ways: minutes
    SNORKEL_DSL_DATA=… python benchmarks/modes.py --only spam       # one rule set

The rows are real texts of the data that a rule set was written for, and as many with pieces of them set between characters
that fold, compose or count as white space in ways of their own. The reference evaluator, which defines what rules mean, answers
each distinct row; the program labels them repeated to several batches. The ways: one process and two; read from Parquet, CSV,
JSON lines and Arrow; from a cache, after an edit of a rule, after rows were appended; without Vectorscan; and ten runs killed
with SIGKILL at random moments and gone on with, in one process and in two. Prints the cells compared in each way and how many
differ, which must be none.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
from public_data import chest_xray, questions, youtube

from snorkel_dsl import compile, reference

RULESETS = Path(__file__).parents[1] / "rulesets"
ODD = [*"İıſKÅﬁßΣςǅ½²①…´ªµ\x0b\x1c\x1f\x85\xa0\u2009\u2028\u3000‐–−\u00ad’“\u0301\u200d\ufe0f日。😀שם"]
KILLS = 10
WITHOUT_VECTORSCAN = "import sys; sys.modules['hyperscan'] = None; from snorkel_dsl.__main__ import main; main()"


@dataclass(frozen=True)
class Case:
    """A rule set, the reader of its texts, and to how many rows they are repeated (those that take long, to fewer)."""

    rules: str
    read: Callable[[Path, str], tuple[pd.DataFrame, npt.NDArray[np.int64]]]
    rows: int


CASES = {
    "spam": Case("youtube/spam.rules", youtube, 300_000),
    "triage": Case("chest_xray/triage.rules", chest_xray, 200_000),
    "questions": Case("questions/coarse.rules", questions, 300_000),
}


def texts_of(case: Case, data: Path, count: int, rng: random.Random) -> list[str]:
    """Distinct texts: real ones, and as many hard ones made of their pieces."""
    real = list(dict.fromkeys(case.read(data, "train")[0]["text"]))
    chosen = rng.sample(real, min(count, len(real)))
    return list(dict.fromkeys([*chosen, *(_hard(text, rng) for text in chosen)]))


def _hard(text: str, rng: random.Random) -> str:
    pieces = text.split(" ")
    for _ in range(rng.randint(1, 12)):
        place = rng.randrange(len(pieces))
        odd = rng.choice(ODD)
        pieces[place] = rng.choice((odd + pieces[place], pieces[place] + odd, pieces[place].upper(), odd))
    return rng.choice((" ", " ", rng.choice(ODD))).join(pieces)


def expected(rules: Path, texts: list[str]) -> dict[str, list[object]]:
    """By function the reference evaluator's vote on each text, as `apply` writes it."""
    program = compile(rules).program
    columns: dict[str, list[object]] = {}
    for function in program.functions:
        votes = [reference.vote(function, {"text": text}) for text in texts]
        columns[function.name] = [-1 if vote is None else min(vote.labels) for vote in votes]
        if any(vote is not None and len(vote.labels) != 1 for vote in votes):
            raise SystemExit(f"{rules}: `{function.name}` votes for several labels at once")
    return columns


class Work:
    """A folder with the rules, the data in every format, and the votes that must come out."""

    def __init__(self, folder: Path, rules: Path, texts: list[str], rows: int, rng: random.Random) -> None:
        self.folder, self.rng = folder, rng
        self.rules = rules
        self.votes = expected(rules, texts)
        self.which = np.array(rng.choices(range(len(texts)), k=rows))
        table = pa.table({"text": pa.array(texts).take(pa.array(self.which))})
        pq.write_table(table, folder / "d.parquet", row_group_size=rows // 5 + 1)
        pq.write_table(table.slice(0, rows * 6 // 10), folder / "first.parquet")
        pa.csv.write_csv(table, folder / "d.csv")
        pa.feather.write_feather(table, folder / "d.arrow", compression="uncompressed")
        table.to_pandas().to_json(folder / "d.jsonl", orient="records", lines=True, force_ascii=False)
        text = rules.read_text(encoding="utf-8")
        last = text.rindex("\nrule ")
        block = re.compile(r"\nrule .*\n(?:(?:[ \t].*|#.*)?\n)*").match(text, last)
        assert block is not None
        # Beside the rules, so that what they use is found.
        self.shorter = rules.with_name(f".{rules.stem}-without-one-{os.getpid()}.rules")
        self.shorter.write_text(text[:last] + text[block.end() - 1 :], encoding="utf-8")

    def start(
        self, data: str, cache: str, *more: str, rules: Path | None = None, vectorscan: bool = True
    ) -> subprocess.Popen[bytes]:
        """`apply` in a process of its own."""
        program = ["-m", "snorkel_dsl"] if vectorscan else ["-c", WITHOUT_VECTORSCAN]
        command = [sys.executable, *program, "apply", str(rules or self.rules), data, "-o", "votes.parquet", *more]
        known = os.environ | {"SNORKEL_DSL_CACHE": str(self.folder / cache)}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=known,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, data: str, cache: str, *more: str, rules: Path | None = None, vectorscan: bool = True) -> float:
        """`apply` to its end; the seconds that it took."""
        began = time.monotonic()
        with self.start(data, cache, *more, rules=rules, vectorscan=vectorscan) as process:
            _, said = process.communicate()
        if process.returncode:
            raise SystemExit(said.decode())
        return time.monotonic() - began

    def killed(self, processes: str, took: float) -> int:
        """Ten runs killed at random moments and gone on with; how many of the kills met a run at work.

        All must end in the same bytes.
        """
        met, ends = 0, set()
        for number in range(KILLS):
            cache = f"killed-{processes}-{number}"
            with self.start("d.parquet", cache, "--processes", processes) as process:
                try:
                    process.wait(took * self.rng.uniform(0.1, 0.9))
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)  # and with it all that it has started
                    met += 1
            self.run("d.parquet", cache, "--processes", processes)
            ends.add(hashlib.sha256((self.folder / "votes.parquet").read_bytes()).hexdigest())
        if len(ends) != 1:
            raise SystemExit("the runs that were killed end in other bytes")
        return met

    def compared(self) -> tuple[int, int]:
        """The cells of the output, and in how many of them the vote is not the reference's."""
        table = pq.read_table(self.folder / "votes.parquet")
        (self.folder / "votes.parquet").unlink()
        if table.num_rows != self.which.size or set(table.column_names) != set(self.votes):
            raise SystemExit("the output has not the rows and functions that it should have")
        different = 0
        for name, votes in self.votes.items():
            different += int(np.sum(table[name].to_numpy() != np.array(votes)[self.which]))
        return table.num_rows * table.num_columns, different


def ways(work: Work) -> Iterator[str]:
    """Runs the program in each way, and names it when it has ended."""
    took = work.run("d.parquet", "unused", "--processes", "1", "--no-cache")
    yield "one process, Parquet, no cache"
    two = work.run("d.parquet", "unused", "--processes", "2", "--no-cache")
    yield "two processes, Parquet, no cache"
    for name in ("d.csv", "d.jsonl", "d.arrow"):
        work.run(name, "unused", "--processes", "2", "--no-cache")
        yield f"two processes, {name[2:]}, no cache"
    work.run("d.parquet", "kept")
    yield "with a cache, first run"
    work.run("d.parquet", "kept")
    yield "with a cache, again"
    work.run("d.parquet", "edited", rules=work.shorter)
    (work.folder / "votes.parquet").unlink()
    work.run("d.parquet", "edited")
    yield "with a cache, after a rule was added"
    work.run("first.parquet", "appended")
    (work.folder / "votes.parquet").unlink()
    work.run("d.parquet", "appended")
    yield "with a cache, after rows were appended"
    work.run("d.parquet", "unused", "--no-cache", "--processes", "1", vectorscan=False)
    yield "without Vectorscan"
    for processes, usual in (("1", took), ("2", two)):
        met = work.killed(processes, usual)
        yield f"resumed after kill -9 ({met} of {KILLS} at work), --processes {processes}"


def main() -> int:
    """Compare all ways; 1 where a vote differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--texts", type=int, default=400, help="real texts; as many hard ones are made of them")
    parser.add_argument("--seed", type=int, default=20261121)
    options = parser.parse_args()
    data = Path(os.environ.get("SNORKEL_DSL_DATA") or sys.exit("set SNORKEL_DSL_DATA to the folder of the public data"))
    rng, wrong = random.Random(options.seed), 0
    for name, case in CASES.items():
        if options.only in (None, name):
            wrong += _compare(case, texts_of(case, data, options.texts, rng), rng)
    return int(wrong > 0)


def _compare(case: Case, texts: list[str], rng: random.Random) -> int:
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder), RULESETS / case.rules, texts, case.rows, rng)
        print(f"{case.rules}: {len(work.votes)} functions, {len(texts)} distinct texts, {case.rows:,} rows", flush=True)
        try:
            for way in ways(work):
                cells, different = work.compared()
                wrong += different
                print(f"  {way:60} {cells:>12,} cells, {different} differ", flush=True)
        finally:
            work.shorter.unlink()
    return wrong


if __name__ == "__main__":
    sys.exit(main())
