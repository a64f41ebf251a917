"""How much memory `apply` or `label` takes from Parquet to Parquet, all its processes together, while the rows grow.

    python benchmarks/memory.py                       # 1,000,000 documents, and half and a quarter of them
    python benchmarks/memory.py --rows 10_000_000     # the claim: inside 1 GiB
    python benchmarks/memory.py --label               # labels in place of votes: the votes of all rows are held
    python benchmarks/memory.py --group-rows 1_000_000_000 --processes 1   # the file is one row group

The documents are those of `engine.py`, about 140 bytes each, with a rule for each of 100 words and 20 regular expressions
(`--rules 400`: 300 words and 100 expressions). The resident memory of the command and of every process that it starts
is read from /proc ten times a second; what processes share counts once for each, so the sum is more than what is in use.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import engine
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 100_000


def rules_text(words: list[str], expressions: list[str]) -> str:
    """A rules file with one rule for each word and each regular expression."""
    lines = ["data comment", "    text  text", "", "task spam on comment", "    labels HAM, SPAM", ""]
    conditions = [f'text mentions "{word}"' for word in words]
    conditions += [f"text matches /{expression.replace('/', chr(92) + '/')}/" for expression in expressions]
    for number, condition in enumerate(conditions):
        lines += [f"rule rule_{number} votes {engine.LABELS[number % 2]}", f"    when {condition}", ""]
    return "\n".join(lines)


def write_documents(path: Path, rows: int, group_rows: int, texts: list[str]) -> None:
    """A Parquet file of so many documents; each chunk holds the same texts in another order."""
    rng = random.Random(rows)
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for start in range(0, rows, group_rows):
            file.write_table(
                pa.concat_tables(_chunks(start, min(start + group_rows, rows), schema, texts, rng)), group_rows
            )


def _chunks(start: int, end: int, schema: pa.Schema, texts: list[str], rng: random.Random) -> Iterator[pa.Table]:
    for first in range(start, end, CHUNK):
        count = min(CHUNK, end - first)
        yield pa.table([list(range(first, first + count)), rng.choices(texts, k=count)], schema=schema)


def resident(process: int) -> int:
    """The resident bytes of a process and of all that descend from it."""
    waiting, pages = [process], 0
    while waiting:
        one = waiting.pop()
        try:
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
            waiting += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure(folder: Path, data: Path, processes: int, asked: str) -> tuple[float, int]:
    """The seconds that a run takes, and its largest resident memory in bytes."""
    command = [sys.executable, "-m", "snorkel_dsl", asked, "rules.rules", data.name, "--keep", "id"]
    command += ["--processes", str(processes), "-o", "output.parquet"]
    start, most = time.perf_counter(), 0
    # A cache of its own, so that nothing is known beforehand.
    known = os.environ | {"SNORKEL_DSL_CACHE": str(folder / f"cache-{data.stem}-{processes}")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, env=known, text=True, **quiet) as run:
        while run.poll() is None:
            most = max(most, resident(run.pid))
            time.sleep(0.1)
        if run.returncode:
            raise SystemExit(run.stderr.read() if run.stderr else "")
    return time.perf_counter() - start, most


def main() -> None:
    """Print seconds and memory for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=120)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--group-rows", type=int, default=CHUNK * 10)
    parser.add_argument("--label", action="store_true", help="run `label` in place of `apply`")
    parser.add_argument("--only", action="store_true", help="this size only, not half and a quarter of it")
    options = parser.parse_args()
    rng = random.Random(7)
    words = engine.vocabulary(5_000, rng)
    expressions = engine.patterns(options.rules // 4 if options.rules >= 400 else options.rules // 6, words[:600], rng)
    texts = engine.sentences(CHUNK, words, rng)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules.rules").write_text(
            rules_text(words[100 : 100 + options.rules - len(expressions)], expressions)
        )
        print(f"{options.rules} rules, {options.processes} processes, row groups of {options.group_rows:,}")
        print(f"{'documents':>12}  {'seconds':>8}  {'documents/s':>11}  {'most resident':>13}")
        for share in (1,) if options.only else (4, 2, 1):
            rows = options.rows // share
            data = folder / f"data{share}.parquet"
            write_documents(data, rows, options.group_rows, texts)
            seconds, most = measure(folder, data, options.processes, "label" if options.label else "apply")
            print(f"{rows:>12,}  {seconds:>8.1f}  {rows / seconds:>11,.0f}  {most / 2**20:>9,.0f} MiB", flush=True)
            data.unlink()


if __name__ == "__main__":
    main()
