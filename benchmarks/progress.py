"""Whether the progress bar tells the truth: what it says beside the clock, through a long run.

    python benchmarks/progress.py                       # 10,000,000 documents, from Parquet to Parquet
    python benchmarks/progress.py --rows 2_000_000

The command runs on a terminal of its own, and every share and time left that its bar shows is noted with the moment. When the
run has ended, the share is compared with the share of the time that had passed, and the time left with the time that it still
took. The bar appears after two seconds; start-up and the closing of the file are part of the time and not of the rows.
"""

from __future__ import annotations

import argparse
import os
import pty
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import engine
import memory

SAID = re.compile(rb"(\d+)%, [\d,]+ of [\d,]+ rows, [\d,]+ rows/s, (\d+):(\d+):(\d+) left")
Moment = tuple[float, float, float]  # seconds since the start, the share, the seconds left


def watched(folder: Path, processes: int) -> tuple[float, list[Moment]]:
    """The seconds of a run, and all that its bar said."""
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "snorkel_dsl",
        "apply",
        "rules.rules",
        "d.parquet",
        "-o",
        "votes.parquet",
        "--no-cache",
    ]
    start, said = time.monotonic(), []
    known = os.environ | {"COLUMNS": "200"}
    with subprocess.Popen([*command, "--processes", str(processes)], cwd=folder, stderr=theirs, env=known) as run:
        os.close(theirs)
        while content := _read(ours):
            for share, *clock in SAID.findall(content):
                hours, minutes, seconds = map(int, clock)
                left = 3600 * hours + 60 * minutes + seconds
                said.append((time.monotonic() - start, int(share) / 100, float(left)))
    os.close(ours)
    if run.returncode:
        raise SystemExit("the run failed")
    return time.monotonic() - start, said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other end is closed
        return b""


def main() -> None:
    """Print what the bar said, about ten times, and how far it was off at worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    rng = random.Random(7)
    words = engine.vocabulary(5_000, rng)
    texts = engine.sentences(memory.CHUNK, words, rng)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules = memory.rules_text(words[100:200], engine.patterns(20, words[:600], rng))
        (folder / "rules.rules").write_text(rules, encoding="utf-8")
        memory.write_documents(folder / "d.parquet", options.rows, memory.CHUNK * 10, texts)
        took, said = watched(folder, options.processes)
    if not said:
        raise SystemExit(f"the run took {took:.1f} s and showed no bar")
    print(f"{options.rows:,} rows in {took:.1f} s; the bar spoke {len(said):,} times, first after {said[0][0]:.1f} s")
    print(f"{'clock':>8}  {'of the time':>11}  {'the bar says':>12}  {'left':>6}  {'it still took':>13}")
    for moment, share, left in said[:: max(1, len(said) // 10)]:
        print(f"{moment:>7.1f}s  {moment / took:>11.0%}  {share:>12.0%}  {left:>5.0f}s  {took - moment:>12.1f}s")
    off = [abs(share - moment / took) for moment, share, _ in said]
    print(f"share beside clock: {max(off):.0%} off at worst, {statistics.median(off):.0%} in the middle")
    late = [abs(left - (took - moment)) for moment, _, left in said]
    print(f"time left: {max(late):.1f} s off at worst, {statistics.median(late):.1f} s in the middle")


if __name__ == "__main__":
    main()
