"""A run that is killed, at whatever moment, goes on from what it had finished and ends in the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from snorkel_dsl.engine.table import BATCH_ROWS

RULES = """\
data comment
    text  text
    likes number

task spam on comment
    labels HAM, SPAM
"""
WORDS = [f"{a}{b}{c}" for a in "bdgk" for b in "aeiou" for c in "lmnr"]
MOMENTS = [0.03, 0.12, 0.2, 0.31, 0.4, 0.52, 0.6, 0.71, 0.83, 0.95]  # of the time that an undisturbed run takes


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rules and data of six batches, some of it not readable."""
    folder = tmp_path_factory.mktemp("job")
    rules = [
        f'rule on_{w} votes {"SPAM" if i % 2 else "HAM"}\n    when text mentions "{w}"' for i, w in enumerate(WORDS)
    ]
    liked = "rule liked votes HAM\n    when likes is above 5"
    (folder / "a.rules").write_text("\n\n".join([RULES.rstrip(), *rules, liked]) + "\n", encoding="utf-8")
    n = 5 * BATCH_ROWS + 1_000
    texts = [f"{WORDS[i % 80]} {WORDS[i * 7 % 79]} number {i} {WORDS[i // 3 % 77]}" for i in range(n)]
    likes = ["many" if i % 50_000 == 7 else str(i % 11) for i in range(n)]
    pq.write_table(pa.table({"text": texts, "likes": likes}), folder / "d.parquet")
    return folder


def start(job: Path, cache: Path, output: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "snorkel_dsl", "apply", "a.rules", "d.parquet", "--max-faults", "99"]
    return subprocess.Popen(
        [*command, "--faults", str(output.with_suffix(".csv")), "-o", str(output), *more],
        cwd=job,
        env=os.environ | {"SNORKEL_DSL_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def result(output: Path) -> tuple[bytes, bytes]:
    return output.read_bytes(), output.with_suffix(".csv").read_bytes()


@pytest.mark.parametrize(("processes", "moments"), [("1", MOMENTS), ("2", MOMENTS[2::3])])
def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(
    job: Path, tmp_path: Path, processes: str, moments: list[float]
) -> None:
    began = time.monotonic()
    assert start(job, tmp_path / "other", tmp_path / "whole.parquet").wait() == 0
    took = time.monotonic() - began
    output, cache = tmp_path / "votes.parquet", tmp_path / "cache"
    for moment in moments:
        run = start(job, cache, output, "--processes", processes)
        try:
            run.wait(took * moment)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)  # and with it all that it has started
            run.wait()
        assert not output.exists() or result(output) == result(tmp_path / "whole.parquet")
    assert start(job, cache, output, "--processes", processes).wait() == 0
    assert result(output) == result(tmp_path / "whole.parquet")
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert left == set()


def test_what_a_killed_run_finished_is_there(job: Path, tmp_path: Path) -> None:
    output, cache = tmp_path / "votes.parquet", tmp_path / "cache"
    run = start(job, cache, output, "--processes", "1")
    while run.poll() is None and not finished(cache):
        os.sched_yield()
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    before = finished(cache)
    assert before
    assert start(job, cache, output, "--processes", "1").wait() == 0
    assert before < finished(cache)


def finished(cache: Path) -> set[tuple[str, int]]:
    """The whole files that are kept, each with the number of what is in its place: another one if it is written again."""
    votes = cache / "votes"
    files = votes.iterdir() if votes.is_dir() else ()
    return {(path.name, path.stat().st_ino) for path in files if not path.name.startswith(".")}
