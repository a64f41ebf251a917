"""The cache of checked files: the same output with it and without it, whatever changes between two runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import check as benchmark
import pytest
from plugin_folder import install, signatures

from snorkel_dsl.__main__ import run
from snorkel_dsl.api import check_with
from snorkel_dsl.commands import _checking
from snorkel_dsl.commands._project import project_for, source_at
from snorkel_dsl.repository.checked import Checked, CheckedFiles, Opened, Question, Watched, read, written

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "snorkel_dsl" / "diagnostics" / "pages"
HEAD = "data report\n    text text\ntask triage on report\n    labels NORMAL, ABNORMAL\n"
MAIN = """\
use WORDS from "lists/shared.rules"
data report
    text  text
    place text
task triage on report
    labels NORMAL, ABNORMAL
lookup known from "places.csv"
    column name
terms MORE
    file "more.txt"
terms DISEASES
    from ontology "small.obo" below "X:1"
rule one votes ABNORMAL
    when text mentions any of WORDS, MORE, DISEASES or place is in known
"""
OBO = "format-version: 1.2\n\n[Term]\nid: X:1\nname: disease\n\n[Term]\nid: X:2\nname: lung disease\nis_a: X:1\n"

FORMS = ("full", "concise", "json", "github", "sarif", "junit")  # each with some of the pages, together all of them


@pytest.fixture(autouse=True)
def _cache_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNORKEL_DSL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


def project() -> Path:
    """The files of a project that opens everything that rules can open but plugins and pipelines."""
    Path("lists").mkdir()
    Path("lists/shared.rules").write_text('terms WORDS\n    file "words.txt"\n', encoding="utf-8")
    Path("lists/words.txt").write_text("mass\n", encoding="utf-8")
    Path("more.txt").write_text("nodule\n", encoding="utf-8")
    Path("places.csv").write_text("name\nParis\n", encoding="utf-8")
    Path("small.obo").write_text(OBO, encoding="utf-8")
    Path("main.rules").write_text(MAIN, encoding="utf-8")
    return Path("main.rules")


def question(path: Path, today: date = date(2026, 11, 21), roots: tuple[Path, ...] = ()) -> Question:
    source, file = source_at(path)
    there = project_for(path, None, roots)
    return Question(source, file, there.roots, there.settings, today)


def checked(asked: Question) -> Checked:
    """What is found anew, which is kept."""
    opened = Opened()
    program, diagnostics = check_with(asked.source, Watched(asked.resolver(), opened), asked.today)
    found = Checked(len(program.functions) if program else 0, tuple(diagnostics))
    CheckedFiles().keep(asked, found, opened)
    return found


def said(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    code = run(["check", *options])
    return code, *capsys.readouterr()


def same(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    """What `check` says, which must be the same without a cache, with one, and from it."""
    plain = said(capsys, "--no-cache", *options)
    assert said(capsys, *options) == plain
    assert said(capsys, *options) == plain
    return plain


# --------------------------------------------------------------------------------------------------------- the same output


@pytest.mark.parametrize(("form", "first"), list(zip(FORMS, range(len(FORMS)), strict=True)))
def test_the_output_of_bad_examples_is_the_same_from_the_cache(
    form: str, first: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for page in sorted({*sorted(PAGES.glob("*.md"))[first :: len(FORMS)], PAGES / "unused-name.md", PAGES / "tab.md"}):
        text = page.read_text(encoding="utf-8")
        for number, (_, content) in enumerate(re.findall(r"```rules([^\n]*)\n(.*?)```", text, re.DOTALL)):
            Path(f"{page.stem}_{number}.rules").write_text(content, encoding="utf-8")
    code, output, message = same(capsys, "--output-format", form)
    assert (code, "unused-name" in output, "errors" in message) == (1, True, True)


def test_the_output_on_rules_that_ship_is_the_same_from_the_cache(capsys: pytest.CaptureFixture[str]) -> None:
    code, output, _ = same(capsys, str(ROOT / "rulesets"))
    assert code == 0, output


def test_several_processes_say_the_same_in_the_same_order(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark.make_repository(Path("rules"), files=20, rules=4)
    Path("rules/part_003.rules").write_text("rule ?\n", encoding="utf-8")
    monkeypatch.setattr(_checking, "usable_processors", lambda: 1)
    alone = said(capsys, "--no-cache")
    monkeypatch.setattr(_checking, "usable_processors", lambda: 3)
    assert same(capsys) == alone
    assert "part_003" in alone[1]


def test_two_runs_at_once_say_the_same() -> None:
    benchmark.make_repository(Path("rules"), files=20, rules=4)
    command = [sys.executable, "-m", "snorkel_dsl", "check", "rules"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    at_once = [subprocess.Popen(command, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    outputs = {(*process.communicate(), process.returncode) for process in at_once}
    later = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outputs == {(later.stdout, later.stderr, later.returncode)}
    assert (later.returncode, later.stderr.count("\n")) == (0, 1), later.stderr


def test_what_is_found_survives_writing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("shared.rules").write_text("terms A\n    \"x\" 'y'\nterms B\n    B\n", encoding="utf-8")
    Path("main.rules").write_text('use A, B from "shared.rules"\n' + HEAD, encoding="utf-8")
    asked = question(Path("main.rules"))
    found = checked(asked)
    assert {one.mark.source.name for one in found.diagnostics if one.mark} >= {"shared.rules"}
    assert read(json.loads(json.dumps(written(found, asked.source))), asked.source) == found
    same(capsys)


# ------------------------------------------------------------------------------------------------------------ what changes


def changes() -> dict[str, Callable[[], object]]:
    """What may happen between two runs, and must be noticed."""

    def link() -> None:
        Path("other.txt").write_text("nodule\n", encoding="utf-8")
        Path("more.txt").unlink()
        Path("more.txt").symlink_to("other.txt")

    def write(name: str, text: str) -> Callable[[], object]:
        return lambda: Path(name).write_text(text, encoding="utf-8")

    return {
        "the file itself": write("main.rules", MAIN.replace("any of WORDS", "any of WORD")),
        "used rules": write("lists/shared.rules", 'terms OTHER\n    "x"\n'),
        "terms of used rules": write("lists/words.txt", ""),
        "terms": write("more.txt", "nodule\nnodule\nmass\n"),
        "a lookup": write("places.csv", "town\nParis\n"),
        "an ontology": write("small.obo", OBO.replace("X:1", "Y:1")),
        "terms are gone": lambda: Path("more.txt").unlink(),
        "used rules are gone": lambda: Path("lists/shared.rules").unlink(),
        "a link instead": link,
        "settings with a root": write("snorkel-dsl.toml", 'roots = ["lists"]\nfunction_seconds = 2\n'),
        "a pipeline": write("snorkel-dsl.toml", 'spacy = "blank:en"\n'),
    }


@pytest.mark.parametrize("what", sorted(changes()))
def test_a_change_is_noticed(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = project()
    before = checked(question(path))
    assert CheckedFiles().find(question(path)) == before
    changes()[what]()
    assert CheckedFiles().find(question(path)) is None
    same(capsys, "main.rules")


def test_what_does_not_matter_is_not_noticed() -> None:
    path = project()
    before = checked(question(path))
    Path("unrelated.txt").write_text("x", encoding="utf-8")
    os.utime("more.txt", (1, 1))
    assert CheckedFiles().find(question(path)) == before


def test_a_file_that_names_what_is_not_there_is_checked_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    path = project()
    Path("more.txt").unlink()
    assert checked(question(path)).diagnostics[0].kind == "missing-file"
    assert CheckedFiles().find(question(path)) is None
    Path("more.txt").write_text("nodule\n", encoding="utf-8")
    assert same(capsys, "main.rules")[0] == 0


def test_another_root_another_place_and_another_name_are_other_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    path = project()
    checked(question(path))
    assert CheckedFiles().find(question(path, roots=(Path("lists"),))) is None
    assert CheckedFiles().find(question(path.resolve())) is None
    monkeypatch.chdir("lists")
    assert CheckedFiles().find(question(Path("../main.rules"))) is None


def test_a_warning_that_is_allowed_until_a_month_comes_back_after_it() -> None:
    text = HEAD + '# allow unused-name: the new scanner, until 2027-01\nterms A\n    "x"\nrule r votes NORMAL\n'
    Path("a.rules").write_text(text + '    when text mentions "y"\n', encoding="utf-8")
    during = checked(question(Path("a.rules"), date(2027, 1, 31)))
    after = checked(question(Path("a.rules"), date(2027, 2, 1)))
    assert (len(during.diagnostics), {one.kind for one in after.diagnostics}) == (0, {"unused-allow", "unused-name"})
    assert CheckedFiles().find(question(Path("a.rules"), date(2027, 1, 2))) == during
    assert CheckedFiles().find(question(Path("a.rules"), date(2027, 2, 2))) == after


def test_a_plugin_that_changes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install(tmp_path / "site", monkeypatch, "own", "", ["size(text) -> number"])
    text = f'use functions from plugin "own" version 1\n{HEAD}rule r votes NORMAL\n    when size(text) is above 3\n'
    Path("a.rules").write_text(text, encoding="utf-8")
    before = checked(question(Path("a.rules")))
    assert before.diagnostics == ()
    assert CheckedFiles().find(question(Path("a.rules"))) == before
    (folder / "functions.toml").write_text(signatures("own", 1, ["length(text) -> number"]), encoding="utf-8")
    assert CheckedFiles().find(question(Path("a.rules"))) is None


def test_a_pipeline_that_changes_is_noticed() -> None:
    Path("snorkel-dsl.toml").write_text('spacy = "blank:en"\nspacy_patterns = "names.jsonl"\n', encoding="utf-8")
    Path("names.jsonl").write_text('{"label": "PERSON", "pattern": "Ann"}\n', encoding="utf-8")
    Path("a.rules").write_text(HEAD + "rule r votes NORMAL\n    when text has an entity PERSON\n", encoding="utf-8")
    before = checked(question(Path("a.rules")))
    assert before.diagnostics == ()
    assert CheckedFiles().find(question(Path("a.rules"))) == before
    Path("names.jsonl").write_text('{"label": "PLACE", "pattern": "Ann"}\n', encoding="utf-8")
    assert CheckedFiles().find(question(Path("a.rules"))) is None


# ------------------------------------------------------------------------------------------------------------- what breaks


def test_entries_that_are_broken_are_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project()
    before = checked(question(path))
    (entry,) = (tmp_path / "cache" / "checked").iterdir()
    entry.write_bytes(b"garbage")
    assert CheckedFiles().find(question(path)) is None
    assert checked(question(path)) == before
    for content in (b"[]", b"{}", b'{"opened": [], "sources": [], "functions": 1, "found": [[1]]}', b"\xff"):
        CheckedFiles()._files.put(question(path).name, content)
        assert CheckedFiles().find(question(path)) is None
        assert same(capsys, "main.rules")[0] == 0


def test_without_a_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNORKEL_DSL_CACHE", "")
    path = project()
    checked(question(path))
    assert CheckedFiles().find(question(path)) is None


def test_no_cache_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.rules").write_text(HEAD + 'rule r votes NORMAL\n    when text mentions "y"\n', encoding="utf-8")
    assert said(capsys, "--no-cache")[0] == 0
    assert not (tmp_path / "cache" / "checked").exists()
    assert said(capsys)[0] == 0
    assert len(list((tmp_path / "cache" / "checked").iterdir())) == 1
