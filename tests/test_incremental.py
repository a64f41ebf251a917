"""What was computed before is not computed again, and nothing else changes: not a vote, not a fault, not a byte."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import strategies
from equality import batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugin_folder import install

from snorkel_dsl import api
from snorkel_dsl.__main__ import run as cli
from snorkel_dsl.caching import Files
from snorkel_dsl.engine import run
from snorkel_dsl.engine.cache import Kept
from snorkel_dsl.engine.faults import Faults
from snorkel_dsl.engine.profile import measured
from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.engine.table import batches
from snorkel_dsl.language import ir
from snorkel_dsl.report import profile
from snorkel_dsl.votes import LabelMatrix

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def votes(program: ir.Program, data: Any, cache: bool, batch_rows: int = 3) -> tuple[LabelMatrix, Faults]:
    return label_matrix(program, data, batch_rows=batch_rows, scanner="re2", cache=cache)


def assert_same(one: tuple[LabelMatrix, Faults], other: tuple[LabelMatrix, Faults]) -> None:
    (left, left_faults), (right, right_faults) = one, other
    assert (left.n, left.functions, left.tasks, left.label_sets) == (
        right.n,
        right.functions,
        right.tasks,
        right.label_sets,
    )
    for name in ("indptr", "rows", "codes"):
        a, b = getattr(left, name), getattr(right, name)
        assert a.dtype == b.dtype
        assert a.tolist() == b.tolist()
    assert left_faults == right_faults


class Asked:
    """Counts what is asked: (functions, rows) for each batch of which something was not known."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[tuple[tuple[str, ...], int]] = []
        of = run.Asked.of

        def counted(asked: Any, data: pa.RecordBatch) -> Any:
            self.batches.append((tuple(f.name for f in asked._program.functions), data.num_rows))
            return of(asked, data)

        monkeypatch.setattr(run.Asked, "of", counted)

    def taken(self) -> list[tuple[tuple[str, ...], int]]:
        """What was asked since this was called last."""
        taken, self.batches = self.batches, []
        return taken


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SNORKEL_DSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# ------------------------------------------------------------------------------------------------------ the same votes


@given(
    programs=st.lists(strategies.programs(), min_size=2, max_size=2),
    rows=st.lists(strategies.rows(), min_size=1, max_size=8),
    more=st.lists(strategies.rows(), max_size=4),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[*SLOW, HealthCheck.function_scoped_fixture])
def test_cold_warm_and_partly_warm_runs_agree(
    programs: list[ir.Program], rows: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    first, second = programs
    both = replace(first, functions=(*second.functions, *(renamed(f) for f in first.functions)))
    for program, data in ((first, rows), (first, rows), (both, rows), (first, rows + more), (both, rows + more)):
        table = batch(program, data)
        assert_same(votes(program, table, cache=True), votes(program, table, cache=False))


def renamed(function: ir.LabelingFunction) -> ir.LabelingFunction:
    return replace(function, name=f"{function.name} again")


RULES = """\
data comment
    text  text
    title text
    likes number from 0 to 10
    kind  one of "a", "b"

task spam on comment
    labels HAM, SPAM

task tone on comment
    labels ANGRY, SAD, GLAD, CALM

terms BAD
    "spam"
    "junk"

rule listed votes SPAM
    when text mentions any of BAD

rule worded votes HAM
    when text mentions "hello"

rule both votes SPAM
    when text mentions "offer" and title mentions "offer"

rule liked votes HAM
    when likes is above 5

rule moody votes ANGRY or SAD
    when text mentions "no"

rule gentle votes SAD or GLAD or CALM
    when text mentions "yes"
"""
ROWS: list[dict[str, Any]] = [
    {
        "text": f"{word} number {i}",
        "title": "an offer" if i % 2 else None,
        "likes": str(i) if i % 5 else "many",
        "kind": "a",
    }
    for i, word in enumerate(
        ["spam", "hello", "junk mail", "offer", "no", "yes", "plain", None, "no spam", "yes hello"]
    )
]
NAMES = ("listed", "worded", "both", "liked", "moody", "gentle")


def table(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows))


def program(rules: str = RULES) -> ir.Program:
    return api.compile(rules).program


def test_nothing_is_asked_twice(asked: Asked) -> None:
    plain = votes(program(), table(ROWS), cache=False)
    asked.taken()
    assert_same(votes(program(), table(ROWS), cache=True), plain)
    assert asked.taken() == [(NAMES, 3), (NAMES, 3), (NAMES, 3), (NAMES, 1)]
    assert_same(votes(program(), table(ROWS), cache=True), plain)
    assert asked.taken() == []
    assert len(plain[1]) == 2


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        ('mentions "hello"', 'mentions "hallo"', ("worded",)),
        ('"junk"', '"junk"\n    "offer"', ("listed",)),
        ("is above 5", "is above 6", ("liked",)),
        ("from 0 to 10", "from 0 to 8", ("liked",)),
        ("votes ANGRY or SAD", "votes ANGRY or GLAD", ("moody",)),
        ("votes ANGRY or SAD", "votes GLAD or SAD or CALM", ("moody",)),
        ("rule worded", "rule greeted", ()),
        ("BAD", "WORSE", ()),
        ('    "spam"\n    "junk"', '    "junk"\n    "spam"', ()),
        ("labels HAM, SPAM", "labels SPAM, HAM", ("listed", "worded", "both", "liked")),
    ],
)
def test_an_edit_asks_what_it_changes(asked: Asked, before: str, after: str, again: tuple[str, ...]) -> None:
    votes(program(), table(ROWS), cache=True)
    edited = program(RULES.replace(before, after))
    asked.taken()
    found = votes(edited, table(ROWS), cache=True)
    assert [names for names, _ in asked.taken()] == [again] * (4 if again else 0)
    assert_same(found, votes(edited, table(ROWS), cache=False))


def test_what_was_said_before_an_edit_is_still_known(asked: Asked) -> None:
    edited = program(RULES.replace("hello", "hallo"))
    for one in (program(), edited, program()):
        asked.taken()
        votes(one, table(ROWS), cache=True)
    assert asked.taken() == []


def test_appended_rows_cost_themselves(asked: Asked) -> None:
    votes(program(), table(ROWS), cache=True)
    asked.taken()
    longer = table([*ROWS, *ROWS[:4]])
    found = votes(program(), longer, cache=True)
    assert asked.taken() == [(NAMES, 2), (NAMES, 2)]  # one was in the last batch, which had room for two more
    assert_same(found, votes(program(), longer, cache=False))
    asked.taken()
    votes(program(), longer, cache=True)
    assert asked.taken() == []


def test_rows_that_come_after_others_again_and_again_cost_themselves(asked: Asked) -> None:
    rows = [{**row, "text": f"{row['text']} {i}", "title": f"offer {i}"} for i in range(4) for row in ROWS]
    for count in (1, 2, 10, 11, 30, 39):
        found = votes(program(), table(rows[:count]), cache=True, batch_rows=32)
        assert sum(n for _, n in asked.taken()) == {1: 1, 2: 1, 10: 8, 11: 1, 30: 19, 39: 9}[count]
        assert_same(found, votes(program(), table(rows[:count]), cache=False, batch_rows=32))
        asked.taken()


def test_rows_that_were_changed_before_those_that_came_after_are_asked_again(asked: Asked) -> None:
    votes(program(), table(ROWS), cache=True, batch_rows=32)
    asked.taken()
    changed = table([ROWS[0], {**ROWS[1], "text": "junk"}, *ROWS[2:], *ROWS[:4]])
    found = votes(program(), changed, cache=True, batch_rows=32)
    others = tuple(name for name in NAMES if name != "liked")
    assert asked.taken() == [(("liked",), 4), (others, 14)]  # what it reads is as it was
    assert_same(found, votes(program(), changed, cache=False, batch_rows=32))


def test_rules_and_rows_that_are_new_at_once(asked: Asked) -> None:
    votes(program(), table(ROWS), cache=True, batch_rows=32)
    asked.taken()
    other, longer = program(RULES.replace('"hello"', '"plain"')), table([*ROWS, *ROWS[:4]])
    found = votes(other, longer, cache=True, batch_rows=32)
    assert asked.taken() == [(tuple(name for name in NAMES if name != "worded"), 4), (("worded",), 14)]
    assert_same(found, votes(other, longer, cache=False, batch_rows=32))


def test_a_changed_column_asks_those_who_read_it(asked: Asked) -> None:
    votes(program(), table(ROWS), cache=True)
    asked.taken()
    other = table([{**row, "title": "an offer"} for row in ROWS])
    found = votes(program(), other, cache=True)
    assert asked.taken() == [(("both",), 3), (("both",), 3), (("both",), 3)]  # the last batch is the same
    assert_same(found, votes(program(), other, cache=False))


def test_a_batch_of_which_nothing_can_be_kept_is_written_all_the_same() -> None:
    rules = (
        'use functions from plugin "std" version 1\ndata d\n    text  text\n    edits number\ntask t on d\n    labels A, B\n'
        'rule nearly votes B\n    when contains_nearly(text, "subscribe", edits)\n'
    )
    data = pa.RecordBatch.from_pylist([{"text": "suscribe", "edits": 1.0}, {"text": "suscribe", "edits": -1.0}])
    cold, warm = (votes(program(rules), data, cache=True) for _ in range(2))
    assert_same(cold, votes(program(rules), data, cache=False))
    assert_same(cold, warm)


def test_a_slice_of_a_batch_is_known_by_its_values(asked: Asked) -> None:
    votes(program(), table(ROWS[2:8]), cache=True)
    asked.taken()
    votes(program(), table(ROWS).slice(2, 6), cache=True)
    assert asked.taken() == []


def test_several_processes_work_on_what_is_not_known(asked: Asked) -> None:
    rows = [{**row, "text": f"{row['text']} {i}"} for i in range(4) for row in ROWS]
    plain = votes(program(), table(rows), cache=False)
    votes(program(), table(rows[:9]), cache=True)
    asked.taken()
    for own in ([(NAMES, 3)], []):  # the other processes' work is not counted here, but kept
        parts = list(run.apply(program(), batches(table(rows), 3), processes=2, cache=True))
        assert asked.taken() == own
        faults = tuple(fault for _, found in parts for fault in found)
        assert_same((LabelMatrix.concat([part for part, _ in parts]), faults), plain)


# --------------------------------------------------------------------------------------------------- damage and bounds


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "votes").iterdir())


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "strange"])
def test_damaged_files_are_computed_again(own_cache: Path, damage: str, asked: Asked) -> None:
    plain = votes(program(), table(ROWS), cache=True)
    for path in kept(own_cache):
        content = path.read_bytes()
        match damage:
            case "cut":
                path.write_bytes(content[: len(content) // 2])
            case "changed":
                place = min(100, len(content) - 1)
                path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            case "emptied":
                path.write_bytes(b"")
            case "strange":
                path.write_bytes(b"something else altogether" * 10)
    asked.taken()
    assert_same(votes(program(), table(ROWS), cache=True), plain)
    assert len(asked.taken()) == 4
    assert_same(votes(program(), table(ROWS), cache=True), plain)
    assert asked.taken() == []


def test_where_nothing_can_be_kept_everything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    plain = votes(program(), table(ROWS), cache=False)
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    for place in (str(tmp_path / "file"), str(tmp_path / "file" / "in it"), ""):
        monkeypatch.setenv("SNORKEL_DSL_CACHE", place)
        for _ in range(2):
            asked.taken()
            assert_same(votes(program(), table(ROWS), cache=True), plain)
            assert len(asked.taken()) == 4


def test_what_is_kept_is_bounded_and_what_was_used_longest_ago_goes(own_cache: Path) -> None:
    def fresh(most: int = 250) -> Files:
        return Files("votes", most)

    def there() -> set[str]:
        return {path.name for path in kept(own_cache)}

    names = [letter * 32 for letter in "abcd"]

    def used_long_ago(*names: str) -> None:
        for age, name in enumerate(names):
            os.utime(own_cache / "votes" / name, (1_000 + age, 1_000 + age))

    for name in names[:2]:
        fresh().put(name, b"x" * 60)
    used_long_ago(*names[:2])
    assert fresh().get(names[0]) == b"x" * 60  # used just now
    fresh().put(names[2], b"y" * 60)
    assert there() == {names[0], names[2]}
    used_long_ago(names[0], names[2])
    full = fresh(200)
    for name in names:
        full.put(name, b"z" * 60)
    assert there() == set(names[:2])  # what is used in this run does not drive out itself
    assert [full.get(name) for name in names[:2]] == [b"z" * 60] * 2


def test_others_cannot_put_anything_there(own_cache: Path) -> None:
    (own_cache / "votes").mkdir(parents=True)
    (own_cache / "votes").chmod(0o777)
    Files("votes", 1_000).put("a" * 32, b"x")
    assert kept(own_cache) == []
    (own_cache / "votes").chmod(0o700)
    Files("votes", 1_000).put("a" * 32, b"x")
    assert [oct(path.stat().st_mode & 0o777) for path in kept(own_cache)] == ["0o600"]


def test_what_is_kept_is_shown_and_thrown_away(own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["cache", "info"]) == 0
    assert capsys.readouterr().out == f"{own_cache}: 0 bytes\n"
    votes(program(), table(ROWS), cache=True)
    mine = [own_cache / "notes.txt", own_cache / "votes" / "notes.txt", own_cache / "letters" / ("a" * 32)]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")
    assert cli(["cache", "info", "--output-format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    (held,) = shown["held"]
    assert (shown["folder"], held["name"], held["files"]) == (str(own_cache), "votes", len(kept(own_cache)) - 1)
    assert cli(["cache", "clear"]) == 0
    assert all(path.read_text(encoding="utf-8") == "mine" for path in mine)
    assert kept(own_cache) == [own_cache / "votes" / "notes.txt"]


def test_without_the_cache_nothing_is_read_or_kept(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    (tmp_path / "a.rules").write_text(RULES, encoding="utf-8")
    pq.write_table(pa.Table.from_batches([table(ROWS)]), tmp_path / "d.parquet")
    monkeypatch.chdir(tmp_path)
    apply = ["apply", "a.rules", "d.parquet", "--max-faults", "9", "-o"]
    for own, name in ((["--no-cache"], "a.csv"), ([], "b.csv"), ([], "c.csv"), (["--no-cache"], "d.csv")):
        asked.taken()
        assert cli([*apply, name, *own]) == 0
        assert len(asked.taken()) == (name != "c.csv")
        assert (name == "a.csv") != (own_cache / "votes").exists()
    assert len({(tmp_path / f"{name}.csv").read_bytes() for name in "abcd"}) == 1


def test_compiled_patterns_are_kept(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hyperscan")
    from snorkel_dsl.engine import databases

    expressions = [(b"word%d" % number, number, 0) for number in range(60)]
    compiled: list[int] = []
    compile_ = databases._compiled
    monkeypatch.setattr(databases, "_compiled", lambda some: compiled.append(len(some)) or compile_(some))

    def found() -> set[int]:
        seen: list[int] = []
        databases.database(expressions).scan(b"word7 word23", match_event_handler=lambda event, *_: seen.append(event))
        return set(seen)

    assert [found(), found()] == [{7, 2, 23}] * 2
    assert compiled == [60]
    (path,) = (own_cache / "scanners").iterdir()
    path.write_bytes(hashlib.sha256(b"no database").digest() + b"no database")  # whole, and for no library
    assert found() == {7, 2, 23}
    assert compiled == [60, 60]
    assert databases._name(expressions) != databases._name(expressions[1:])


# -------------------------------------------------------------------------------------------------------- explained


def test_where_the_time_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.rules").write_text(RULES, encoding="utf-8")
    pq.write_table(pa.Table.from_batches([table(ROWS * 300)]), tmp_path / "d.parquet")
    monkeypatch.chdir(tmp_path)
    assert cli(["apply", "a.rules", "d.parquet", "--max-faults", "999", "-o", "v.parquet", "--profile"]) == 0
    printed = capsys.readouterr().out
    for name in ("read", "cache", "plan", "columns", "compile", "scan", "rules", "assemble", "write", "all"):
        assert re.search(rf"^{name} +\d+\.\d\d  .*\w", printed, re.MULTILINE)
    assert "slowest rules" in printed


def test_rules_that_ask_row_by_row_get_a_hint() -> None:
    rules = RULES + "\nrule asked votes HAM\n    when text matches /\\b[a-zé ]+é/\n"
    with measured() as clock:
        for _ in run.apply(program(rules), batches(table([{**row, "text": "é à é"} for row in ROWS] * 400))):
            pass
    assert clock.asked["asked", "matches"] == 4_000
    printed = profile.as_text(clock, 4_000)
    assert re.search(r"^asked +\d+\.\d\d +4,000  the pattern needs a second look", printed, re.MULTILINE)


def test_the_plan_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.rules").write_text(RULES, encoding="utf-8")
    assert cli(["explain", str(tmp_path / "a.rules"), "--plan"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "0: column('text') -> text"
    assert printed[-1].startswith("gentle: when %")
    assert sum(line.partition(": ")[2].startswith("column('text')") for line in printed) == 1


# ---------------------------------------------------------------------------------------------------------- plugins

PLUGIN = """\
use functions from plugin "NAME" version 1

data comment
    text text

task spam on comment
    labels HAM, SPAM

rule scored votes SPAM
    when score(text) is above 1

rule worded votes HAM
    when text mentions "row"
"""
CODE = """
def score(text):
    if "bad" in text:
        raise ValueError("bad text")
    return LEVEL
"""
TEXTS = table([{"text": text} for text in ("row one", "row two", "row bad", "row three", "row four")])


def scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, flags: str = "") -> ir.Program:
    install(tmp_path / "site", monkeypatch, name, CODE.replace("LEVEL", "2.0"), [f"score(text) -> number{flags}"])
    return program(PLUGIN.replace("NAME", name))


def test_calls_that_fail_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    rules = scored(tmp_path, monkeypatch, "failing")
    plain = votes(rules, TEXTS, cache=False, batch_rows=2)
    asked.taken()
    both, one = ("scored", "worded"), ("scored",)
    for again in ([(both, 2), (both, 2), (both, 1)], [(one, 2)], [(one, 2)]):
        assert_same(votes(rules, TEXTS, cache=True, batch_rows=2), plain)
        assert asked.taken() == again
    assert [(fault.row, fault.rules) for fault in plain[1]] == [(2, ("scored",))]


def test_what_is_not_pure_is_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    rules = scored(tmp_path, monkeypatch, "impure", ", not pure")
    for again in (("scored", "worded"), ("scored",)):
        asked.taken()
        votes(rules, TEXTS, cache=True, batch_rows=2)
        assert [names for names, _ in asked.taken()] == [again] * 3


def test_other_code_of_a_plugin_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    rules = scored(tmp_path, monkeypatch, "mended")
    home = tmp_path / "site" / "plugin_mended" / "__init__.py"
    kept_before = Kept(rules).functions
    home.write_text(CODE.replace("LEVEL", "20.0"), encoding="utf-8")
    kept_after = Kept(rules).functions
    assert kept_before[0] != kept_after[0] is not None
    assert kept_before[1] == kept_after[1]
    votes(rules, TEXTS, cache=True, batch_rows=2)  # loads the plugin
    home.write_text(CODE.replace("LEVEL", "0.0"), encoding="utf-8")
    assert Kept(rules).functions[0] is None  # what is loaded is not what is there
