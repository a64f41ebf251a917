"""Data of any size and shape: several files, rows of many megabytes, processes that work side by side, disks that are full.

Whatever the number of processes and the size of the batches, the rows come out in order with the same votes.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pty
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from plugin_folder import install

import snorkel_dsl
from snorkel_dsl.commands import _progress
from snorkel_dsl.datasets import reading
from snorkel_dsl.datasets.options import ReadOptions
from snorkel_dsl.datasets.reading import open_dataset
from snorkel_dsl.datasets.several import data_files, open_files
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.engine.faults import Faults
from snorkel_dsl.engine.run import apply
from snorkel_dsl.votes import LabelMatrix

HEAD = """\
data comment
    text   text
    likes  number from 0

task spam on comment
    labels HAM, SPAM
"""
RULES = (
    HEAD
    + """
rule asks votes SPAM
    when text mentions "subscribe"

rule liked votes HAM
    when likes is more than 10
"""
)
PLUGGED = 'use functions from plugin "{0}" version 1\n' + HEAD + "\nrule asks votes SPAM\n    when {1}\n"
ROWS = [
    {
        "id": str(number),
        "text": ("please subscribe", "a song", None)[number % 3],
        "likes": (25, 3, "many")[number % 7 % 3],
    }
    for number in range(100)
]


def table_of(rows: list[dict[str, object]]) -> pa.Table:
    return pa.table({name: [None if row[name] is None else str(row[name]) for row in rows] for name in rows[0]})


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table_of(rows), path, row_group_size=7)
    elif path.suffix == ".arrow":
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table_of(rows).schema) as out:
            out.write_table(table_of(rows), max_chunksize=9)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        lines = [",".join(str(row[name] or "") for name in row) for row in rows]
        path.write_text("\n".join([",".join(rows[0]), *lines]) + "\n")
    return path


def started(folder: Path, *arguments: str, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "snorkel_dsl", *arguments],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1", "PYTHONPATH": os.pathsep.join(map(str, sys.path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def done(folder: Path, *arguments: str, **more: object) -> tuple[int, str]:
    """The exit code of a command and what it said on stderr."""
    with started(folder, *arguments, **more) as process:
        _, said = process.communicate(timeout=120)
        return process.returncode, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spam.rules").write_text(RULES)
    return tmp_path


# ------------------------------------------------------------------------------------------------------ several processes


def whole(rules: snorkel_dsl.Rules, table: pa.Table, rows: int, processes: int) -> tuple[LabelMatrix, Faults]:
    """The votes and the faults of a table that is cut into batches of so many rows."""
    parts = list(apply(rules.program, table.to_batches(rows), processes=processes))
    return LabelMatrix.concat([votes for votes, _ in parts]), tuple(fault for _, faults in parts for fault in faults)


def test_votes_and_faults_are_the_same_with_any_number_of_processes_and_any_batches() -> None:
    rules = snorkel_dsl.compile(RULES)
    table = table_of(ROWS)
    expected, expected_faults = whole(rules, table, 100, 1)
    assert expected_faults
    for rows, processes in ((7, 1), (7, 2), (33, 3), (1, 2)):
        votes, faults = whole(rules, table, rows, processes)
        assert (votes.to_numpy() == expected.to_numpy()).all()
        assert votes.functions == expected.functions
        assert faults == expected_faults


def test_the_votes_are_the_same_where_no_memory_can_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = snorkel_dsl.compile(RULES)
    shared, faults = whole(rules, table_of(ROWS), 9, 2)
    monkeypatch.setattr("snorkel_dsl.engine.backends.processes._SHARES", False)
    sent, the_same_faults = whole(rules, table_of(ROWS), 9, 2)
    assert (sent.to_numpy() == shared.to_numpy()).all()
    assert the_same_faults == faults


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl", ".arrow"])
@pytest.mark.parametrize("shape", ["out.parquet", "out.csv"])
def test_the_same_bytes_with_one_process_and_with_two(folder: Path, ending: str, shape: str) -> None:
    names = [write(folder / f"{number}{ending}", ROWS[number * 20 : number * 20 + 20]).name for number in range(5)]
    written = []
    for processes in ("1", "2"):
        run = ("--processes", processes, "--keep", "id", "--faults", "faults.csv", "-o", shape)
        code, said = done(folder, "apply", "spam.rules", *names, *run)
        assert code == 1, said
        assert "100 rows, 2 labeling functions" in said
        written.append(((folder / shape).read_bytes(), (folder / "faults.csv").read_bytes(), said))
    assert written[0] == written[1]
    assert [row["id"] for row in _read(folder / shape)] == [row["id"] for row in ROWS]


def _read(path: Path) -> list[dict[str, object]]:
    data = open_dataset(path)
    return [row for batch in data.batches(data.columns) for row in batch.to_pylist()]


def test_the_settings_say_how_many_processes(folder: Path) -> None:
    write(folder / "data.csv", ROWS)
    (folder / "snorkel-dsl.toml").write_text("processes = 0\n")
    code, said = done(folder, "apply", "spam.rules", "data.csv", "-o", "out.csv")
    assert (code, "`processes` in" in said) == (2, True)
    (folder / "snorkel-dsl.toml").write_text("processes = 2\n")
    assert done(folder, "label", "spam.rules", "data.csv", "-o", "out.csv", "--max-faults", "99")[0] == 0


def test_a_call_that_fails_is_a_fault_in_any_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def score(text):\n    if 'song' in text:\n        raise ValueError('no songs')\n    return 1.0\n"
    install(tmp_path, monkeypatch, "fails", code, ["score(text) -> number"])
    rules = snorkel_dsl.compile(PLUGGED.format("fails", "score(text) is above 0"))
    one, two = (whole(rules, table_of(ROWS), 10, processes) for processes in (1, 2))
    assert (one[0].to_numpy() == two[0].to_numpy()).all()
    assert one[1] == two[1]
    assert len(one[1]) == 33


def test_a_process_that_dies_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os\n\ndef score(text):\n    os.kill(os.getpid(), 9)\n"
    install(tmp_path, monkeypatch, "dies", code, ["score(text) -> number"])
    rules = snorkel_dsl.compile(PLUGGED.format("dies", "score(text) is above 0"))
    with pytest.raises(ChildProcessError, match="was killed by signal 9"):
        whole(rules, table_of(ROWS), 10, 2)


def test_what_is_wrong_with_the_data_is_said_by_any_process() -> None:
    rules = snorkel_dsl.compile(RULES)
    with pytest.raises(RulesError) as wrong:
        whole(rules, table_of(ROWS).drop_columns(["likes"]), 10, 2)
    assert wrong.value.diagnostics[0].kind == "missing-column"


def test_a_reader_that_fails_ends_all_processes() -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from table_of(ROWS).to_batches(10)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(apply(snorkel_dsl.compile(RULES).program, broken(), processes=2))


@pytest.mark.parametrize(
    ("processes", "ending", "code"),
    [
        ("1", signal.SIGINT, 130),
        ("2", signal.SIGINT, 130),
        ("1", signal.SIGTERM, 143),
        ("2", signal.SIGTERM, 143),
        ("2", signal.SIGKILL, -9),
    ],
)
def test_however_a_run_is_ended_all_its_processes_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: str, ending: signal.Signals, code: int
) -> None:
    pipe = tmp_path / "begun"
    os.mkfifo(pipe)
    plugin = f"import time\n\ndef score(text):\n    file = open({str(pipe)!r}, 'w')\n    time.sleep(1000)\n"
    install(tmp_path, monkeypatch, "hangs", plugin, ["score(text) -> number"])
    (tmp_path / "snorkel-dsl.toml").write_text("function_seconds = 2000\n")
    (tmp_path / "spam.rules").write_text(PLUGGED.format("hangs", "score(text) is above 0"))
    data = write(tmp_path / "data.csv", ROWS[:1])
    run = ("apply", "spam.rules", data.name, "--processes", processes, "-o", "out.csv")
    # Opening the pipe waits until some process is at work, and reading it to the end until nobody holds it any more.
    with started(tmp_path, *run, start_new_session=True) as process, pipe.open() as begun:
        if ending == signal.SIGINT:
            os.killpg(process.pid, ending)  # as a terminal does
        else:
            process.send_signal(ending)
        _, said = process.communicate(timeout=60)
        assert begun.read() == ""
    assert process.returncode == code
    assert said == ("" if ending == signal.SIGKILL else "stopped\n")
    assert not list(tmp_path.glob("*out.csv*"))


# ---------------------------------------------------------------------------------------------------------- several files


def test_a_folder_a_pattern_and_a_list_are_one_table_in_sorted_order(tmp_path: Path) -> None:
    for number in (2, 0, 1):
        write(tmp_path / f"part{number}.parquet", ROWS[number * 10 : number * 10 + 10])
    for name in ("_SUCCESS", ".part.parquet.crc", "notes.txt", "_part9.parquet"):
        (tmp_path / name).write_text("not data")
    listed = [tmp_path / f"part{number}.parquet" for number in range(3)]
    for name in (str(tmp_path), f"{tmp_path}/p*.parquet", f"{tmp_path}/**/part?.parquet"):
        assert data_files(name) == listed
    data = open_files(listed, ReadOptions(), "parts")
    assert data.rows == 30
    assert [value for batch in data.batches(["id"]) for value in batch.column(0).to_pylist()] == [
        row["id"] for row in ROWS[:30]
    ]


@pytest.mark.parametrize("name", ["*.parquet", "."])
def test_no_data_is_an_error(folder: Path, name: str) -> None:
    code, said = done(folder, "apply", "spam.rules", name, "-o", "out.csv")
    assert code == 2
    assert "error[missing-data]" in said


def test_a_column_that_some_files_lack_is_missing_there_and_said_to_be(folder: Path) -> None:
    write(folder / "a.csv", ROWS[:2])
    write(folder / "b.parquet", [{"text": "subscribe"}])
    code, said = done(folder, "apply", "spam.rules", "a.csv", "b.parquet", "--keep", "id,likes", "-o", "out.csv")
    assert code == 0, said
    assert "note: `b.parquet` has no column `likes`: it is missing there" in said
    assert _read(folder / "out.csv")[-1] == {"id": None, "likes": None, "asks": "1", "liked": "-1"}
    code, said = done(folder, "apply", "spam.rules", "b.parquet", "b.parquet", "-o", "out.csv")
    assert code == 2
    assert "has no column `likes`" in said


def test_rows_of_several_files_that_cannot_be_read_have_their_number_in_the_whole(tmp_path: Path) -> None:
    for name, text in (("a.csv", "x,y\n1,2\n3\n"), ("b.jsonl", '{"x": 1}\n{"x": \n')):
        (tmp_path / name).write_text(text)
    data = open_files(sorted(tmp_path.iterdir()), ReadOptions(), "both")
    assert sum(batch.num_rows for batch in data.batches(["x"])) == 4
    assert [bad.row for bad in data.unreadable] == [1, 3]


def corrupted(path: Path) -> Path:
    """A Parquet file with 30 rows, of which the last row group cannot be read."""
    with pq.ParquetWriter(path, table_of(ROWS).schema, compression="none", use_dictionary=False) as out:
        out.write_table(table_of(ROWS[:20]))
        out.write_table(table_of(ROWS[20:30]))
    start = pq.ParquetFile(path).metadata.row_group(1).column(1).data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)
    return path


def test_a_file_that_breaks_off_is_a_fault_among_others_and_an_error_alone(folder: Path) -> None:
    for name in ("a.csv", "c.csv"):
        write(folder / name, ROWS[:4])
    corrupted(folder / "b.parquet")
    (folder / "d.arrow").write_bytes(b"no arrow")
    run = ("-o", "out.parquet", "--keep", "id", "--faults", "faults.csv")
    code, said = done(folder, "apply", "spam.rules", "[abcd].*", *run)
    assert code == 1
    assert "warning[unreadable-file]: `b.parquet` cannot be read after row " in said
    assert "warning[unreadable-file]: `d.arrow` is not an Arrow file" in said
    lost = [fault for fault in _read(folder / "faults.csv") if fault["value"] in ("b.parquet", "d.arrow")]
    assert [fault["value"] for fault in lost] == ["b.parquet", "d.arrow"]
    rows = _read(folder / "out.parquet")
    assert len(rows) + int(said.split(" of its rows are not there")[0].rsplit(" ", 1)[1]) == 38
    assert [row["id"] for row in rows[:4] + rows[-4:]] == ["0", "1", "2", "3"] * 2
    code, said = done(folder, "apply", "spam.rules", "[abcd].*", "-o", "out.parquet", "--max-faults", "31")
    assert code == 1
    assert done(folder, "apply", "spam.rules", "[abcd].*", "-o", "out.parquet", "--max-faults", "39")[0] == 0
    before = (folder / "out.parquet").read_bytes()
    code, said = done(folder, "apply", "spam.rules", "b.parquet", "-o", "out.parquet")
    assert code == 2
    assert said.startswith("error[bad-data-file]: `b.parquet` cannot be read after row ")
    assert (folder / "out.parquet").read_bytes() == before


def test_where_no_file_can_be_read_there_is_no_data(tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path in paths:
        path.write_bytes(gzip.compress(b"nothing"))
    with pytest.raises(RulesError) as wrong:
        open_files(paths, ReadOptions(), "both")
    assert wrong.value.diagnostics[0].kind == "bad-data-file"


# ------------------------------------------------------------------------------------------------------ rows of any length


LONG = "a" * (50 << 20) + " subscribe"


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_row_of_fifty_megabytes_is_a_row_like_any_other(tmp_path: Path, ending: str) -> None:
    rows: list[dict[str, object]] = [{"text": text, "likes": 3} for text in ("subscribe", LONG, "no", "subscribe")]
    data = open_dataset(write(tmp_path / f"data{ending}", rows))
    rules = snorkel_dsl.compile(RULES)
    votes, faults = rules.apply_with_faults(data)
    assert votes.to_numpy()[:, 0].tolist() == [1, 1, -1, 1]
    assert faults == ()


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".arrow"])
def test_batches_of_long_rows_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(reading, "BATCH_CHARACTERS", 1_000)
    rows: list[dict[str, object]] = [{"text": "x" * (number % 300), "other": "y" * 9_000} for number in range(200)]
    batches = list(open_dataset(write(tmp_path / f"data{ending}", rows)).batches(["text"]))
    assert max(batch.nbytes for batch in batches) < 6_000 if ending != ".jsonl" else len(batches) > 150
    assert sum(batch.num_rows for batch in batches) == 200


def test_small_row_groups_are_read_together(tmp_path: Path) -> None:
    data = open_dataset(write(tmp_path / "data.parquet", ROWS))
    assert [batch.num_rows for batch in data.batches(["text"])] == [100]


def test_only_the_columns_that_are_wanted_are_read(tmp_path: Path) -> None:
    table = pa.table({"data": [{"text": "subscribe", "image": b"x"}], "data.x": ["y"], "id": [1]})
    pq.write_table(table, tmp_path / "data.parquet")
    data = open_dataset(tmp_path / "data.parquet")
    assert [batch.to_pylist() for batch in data.batches(["data.text", "data.x"])] == [
        [{"data.text": "subscribe", "data.x": "y"}]
    ]


# --------------------------------------------------------------------------------------------------- output and progress


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.jsonl"])
def test_a_full_disk_leaves_what_was_there(folder: Path, name: str) -> None:
    write(folder / "data.csv", [row | {"id": number} for number, row in enumerate(ROWS * 30)])
    (folder / name).write_text("before")

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))

    run = ("--processes", "1", "--keep", "id,text", "--max-faults", "3000", "-o", name)
    code, said = done(folder, "apply", "spam.rules", "data.csv", *run, preexec_fn=little_room)
    assert code == 2
    assert said == f"error: `{name}` file too large\n"
    assert (folder / name).read_text() == "before"
    assert not list(folder.glob(".*.part"))


def shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch, rows: int | None, size: int | None, *steps: int) -> str:
    """What a progress bar shows on a terminal of a run that has done so many rows, of 10 bytes each, after each step."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal, os.fdopen(master, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("COLUMNS", "150")
        monkeypatch.setenv("TERM", "xterm")
        with _progress.progress("applying", rows, size) as advance:
            reached = 0
            for step in steps:
                reached += step
                advance(step, reached * 10)
        terminal.write("end")
        terminal.flush()
        shown = io.BytesIO()
        while not shown.getvalue().endswith(b"end"):
            shown.write(screen.read(4_096))
    return shown.getvalue().decode()


def test_the_bar_shows_what_is_done_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "PATIENCE", -1.0)
    shown = shown_on_a_terminal(monkeypatch, 400, None, 100, 200)
    assert "25%, 100 of 400 rows" in shown
    assert "75%, 300 of 400 rows" in shown
    assert " rows/s, 0:00:00 left" in shown
    assert "50%, 200 rows" in shown_on_a_terminal(monkeypatch, None, 4_000, 100, 100)
    unknown = shown_on_a_terminal(monkeypatch, None, None, 100)
    assert "100 rows" in unknown
    assert "%" not in unknown


def test_the_bar_waits_and_is_for_terminals_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown_on_a_terminal(monkeypatch, 400, None, 100, 200) == "end"
    monkeypatch.undo()
    monkeypatch.setattr(_progress, "PATIENCE", -1.0)
    with _progress.progress("applying", 400) as advance:
        advance(100)
    assert capsys.readouterr().err == ""


def test_text_files_tell_how_far_they_are_read(tmp_path: Path) -> None:
    for ending in (".csv", ".jsonl"):
        path = write(tmp_path / f"data{ending}", ROWS * 2_000)
        data = open_dataset(path)
        positions = [data.position for _ in data.batches(["text"])]
        assert data.size == path.stat().st_size
        assert positions == sorted(positions, key=lambda position: position or 0)
        assert (positions[-1], len(positions) > 1) == (data.size, True)
