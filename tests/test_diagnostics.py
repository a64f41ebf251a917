"""Each page of a diagnostic is its test: the bad example says exactly what the page says, the good one passes.

`pytest tests/test_diagnostics.py --accept` writes what the tool says now into the pages; read the difference before you
commit it.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

import snorkel_dsl
from snorkel_dsl.__main__ import run
from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.diagnostics.render import FORMATS, render
from snorkel_dsl.source import Source, Span

PACKAGE = Path(snorkel_dsl.__file__).parent
PAGES = sorted((PACKAGE / "diagnostics" / "pages").glob("*.md"))
FENCE = re.compile(r"^```(\w*)(?: +file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")
REPORTING = {"Diagnostic", "refusal", "say", "report", "Refusal"}


@dataclass(frozen=True)
class Case:
    """One half of a page: the files, the command line, and what it must say."""

    files: dict[str, str]
    command: str
    expected: str
    absent: tuple[str, ...] = ()  # packages that are not there (a fence ```absent)

    @classmethod
    def read(cls, section: str) -> Case:
        files: dict[str, str] = {}
        command = "$ snorkel-dsl check bad.rules"
        expected = ""
        absent: tuple[str, ...] = ()
        for language, name, text in FENCE.findall(section):
            if name:
                files[name] = text
            elif language == "rules":
                files["bad.rules"] = text
            elif language == "console":
                command = text.strip()
            elif language == "text":
                expected = text.removesuffix("\n")
            elif language == "absent":
                absent = tuple(text.split())
        return cls(files, command, expected, absent)

    def run(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
        for name, text in self.files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        *before, command = self.command.removeprefix("$ ").split(" && ")
        for step in before:
            if step.startswith("snorkel-dsl "):
                assert run(shlex.split(step)[1:]) == 0
            else:
                subprocess.run(["bash", "-c", step], check=True)
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:  # one that leaves alone what the command imports
            for name in self.absent:
                patch.setitem(sys.modules, name, None)
            code = run(shlex.split(command.removeprefix("snorkel-dsl")))
        written = capsys.readouterr()
        return code, written.out.strip(), written.err.strip()


@pytest.fixture
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as `python -m snorkel_dsl` has it: a page may hold a plugin


@pytest.mark.usefixtures("_in_a_folder")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page(page: Path, capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config) -> None:
    text = page.read_text(encoding="utf-8")
    title, bad, good = sections(text)
    assert title == page.stem
    case = Case.read(bad)
    code, out, err = case.run(capsys)
    said = out if f"[{page.stem}]" in out else err
    holds = bool(case.expected) and (case.expected == out or case.expected in err)
    if pytestconfig.getoption("--accept") and f"[{page.stem}]" in said and not holds:
        page.write_text(text.replace(f"```text\n{case.expected}\n```", f"```text\n{out or err}\n```"), encoding="utf-8")
        return
    assert case.expected.startswith(f"{severity(text)}[{page.stem}]: ")
    assert case.expected == out or case.expected in err
    assert code in ((0, 1) if severity(text) != "error" else (1, 2))
    code, out, err = Case.read(good).run(capsys)
    assert f"[{page.stem}]" not in out + err
    assert code == 0, out + err


def sections(text: str) -> tuple[str, str, str]:
    """The title of a page, its bad and its good half; the others must be there, in this order."""
    head = r"# (\S+)\n(?:error|warning|note)\n\n## What\n.+?\n\n## Why\n.+?"
    shape = head + r"\n\n## Bad\n(.+?)\n## Good\n(.+?)(?:\n## Allow\n.+)?"
    found = re.fullmatch(shape, text, re.DOTALL)
    assert found, "a page has the parts What, Why, Bad, Good, and for a warning Allow"
    return found[1], found[2], found[3]


def severity(text: str) -> str:
    return text.splitlines()[1]


def reported_kinds() -> set[str]:
    """The kinds that the code names where it reports something."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in REPORTING and isinstance(node.args[0].value, str) and KEBAB.fullmatch(node.args[0].value):
                    found.add(node.args[0].value)
    return found


def test_every_kind_has_its_page_and_every_page_its_kind() -> None:
    pages = {page.stem for page in PAGES}
    assert reported_kinds() - pages == set()
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert {page for page in pages if f'"{page}"' not in code} == set()


# ----------------------------------------------------------------------------------------------------------- rendering


def at(text: str, found: str, label: str = "", name: str = "a.rules") -> Mark:
    start = text.index(found)
    return Mark(Source(name, text), Span(start, start + len(found)), label)


def test_wide_characters_and_tabs_keep_the_mark_under_its_place() -> None:
    mark = at("rule 日本 é\n\twhen x\n", "x", "here")
    assert render(Diagnostic("a-b", "no", mark)).splitlines()[-2:] == ["2 |     when x", "  |          ^ here"]
    mark = at("rule 日本 e\u0301 y\n", "y")
    assert render(Diagnostic("a-b", "no", mark)).splitlines()[-1] == "  |             ^"


def test_a_mark_over_several_lines_shows_its_first_and_last() -> None:
    text = "rule a\n    when x\n    unless y\n"
    mark = Mark(Source("a.rules", text), Span(5, len(text)), "all of this")
    assert render(Diagnostic("a-b", "no", mark)) == "\n".join([
        "error[a-b]: no",
        " --> a.rules:1:6",
        "  |",
        "1 | rule a",
        "  |      ^",
        "...",
        "3 |     unless y",
        "  |     ^^^^^^^^ all of this",
    ])  # fmt: skip


def test_further_marks_are_drawn_with_dashes_in_their_own_files() -> None:
    other = at("terms A\n", "A", "first here", "b.rules")
    shown = render(Diagnostic("a-b", "no", at("rule A\n", "A"), (other,), ("rename one\nof them",)))
    assert shown == "\n".join([
        "error[a-b]: no",
        " --> a.rules:1:6",
        "  |",
        "1 | rule A",
        "  |      ^",
        " ::: b.rules:1:7",
        "  |",
        "1 | terms A",
        "  |       - first here",
        "  = help: rename one",
        "          of them",
    ])  # fmt: skip


def test_control_characters_do_not_reach_the_terminal() -> None:
    mark = at("rule \x1b[31m\u202ex\n", "x")
    shown = render(Diagnostic("a-b", "no", mark))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert shown.splitlines()[-1].endswith("^")


def test_a_very_long_line_is_cut_around_its_mark() -> None:
    lines = render(Diagnostic("a-b", "no", at("x" * 3000 + "HERE" + "y" * 3000, "HERE"))).splitlines()
    assert max(map(len, lines)) < 230
    assert lines[-2].index("HERE") == lines[-1].index("^^^^")


def test_colours_only_when_asked_for() -> None:
    diagnostic = Diagnostic("a-b", "no", at("rule x\n", "x"), helps=("try y",))
    assert "\x1b" not in render(diagnostic)
    coloured = render(diagnostic, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(diagnostic)
    assert coloured != render(diagnostic)


SOME = [
    Diagnostic("a-b", "50% of <it>, really", at("rule x\n", "x", "here"), (at("rule x\n", "rule"),), ("one", "two")),
    Diagnostic("c-d", "careful", severity="warning"),
]


def test_machine_formats_hold_what_was_said() -> None:
    data = json.loads(FORMATS["json"](SOME))
    assert data["schema"] == 1
    assert data["diagnostics"][0]["place"]["start"] == {"line": 1, "column": 6, "offset": 5}
    assert [one["kind"] for one in data["diagnostics"]] == ["a-b", "c-d"]
    run = json.loads(FORMATS["sarif"](SOME))["runs"][0]
    assert [one["ruleId"] for one in run["results"]] == ["a-b", "c-d"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startColumn"] == 6
    assert ElementTree.fromstring(FORMATS["junit"]([])).attrib["tests"] == "1"
    suite = ElementTree.fromstring(FORMATS["junit"](SOME))
    assert suite.attrib["failures"] == "1"
    assert [one.attrib["name"] for one in suite.iter("testcase")][1] == "warning[c-d]: careful"
    first, second = FORMATS["github"](SOME).splitlines()
    assert first == (
        "::error file=a.rules,line=1,endLine=1,col=6,endColumn=7,title=a-b::"
        "50%25 of <it>, really%0Ahere%0Ahelp: one%0Ahelp: two"
    )
    assert second == "::warning title=c-d::careful"
    assert FORMATS["concise"](SOME).splitlines()[0] == "a.rules:1:6: error[a-b]: 50% of <it>, really"
    assert FORMATS["full"](SOME).count("\n\n") == 1


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("json", "sarif", "junit")])
def test_nothing_to_say_is_said_with_nothing(name: str) -> None:
    assert FORMATS[name]([]) == ""
