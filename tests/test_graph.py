"""The task graph: what requirements come to, by writing out every row; which lines clash; how it is drawn."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_questions import holds, worlds

from snorkel_dsl.api import compile
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.facts import Requirement
from snorkel_dsl.language import ir
from snorkel_dsl.models import MajorityVote
from snorkel_dsl.models.joint.feasible import FeasibleSet
from snorkel_dsl.models.tasks import fit_tasks
from snorkel_dsl.questions import Tries, UndecidedError, allowed, exists, possible
from snorkel_dsl.report.analysis import all_as_text, analyse_all
from snorkel_dsl.report.graph import as_dot, as_svg, as_text, graph_of
from snorkel_dsl.votes import TaskLabels

HEAD = """\
data report
    text text
task triage on report
    labels NORMAL, ABNORMAL
task findings on report
    labels EDEMA, NODULE, FRACTURE, any number may apply
    balance EDEMA 5%
task side on report
    labels LEFT, RIGHT, BOTH
task urgency under triage.ABNORMAL
    labels LOW, HIGH
task size under findings.NODULE
    labels SMALL, LARGE
"""
RULES = """\
rule edema votes EDEMA
    when text mentions "edema"
rule clear votes not EDEMA
    when text mentions "clear"
rule here
    when text mentions "left" vote LEFT
    when text mentions "sides" vote BOTH
rule some for each WORD in WORDS votes NODULE or FRACTURE
    when text mentions WORD
rule size votes SMALL
    when text mentions "tiny"
rule now votes HIGH
    when text mentions "now"
terms WORDS
    "shadow", "opacity"
"""
PROGRAM = compile(HEAD + RULES).program
TASKS = tuple(TaskLabels(task.name, task.labels, task.any_number, task.under) for task in PROGRAM.tasks)
KNOWN = {task.name: task for task in TASKS}
LABELS = [(task.name, y) for task in TASKS for y in range(len(task.labels))]


# ---------------------------------------------------------------------------------------------- what a line comes to


def every_row() -> list[dict[str, object]]:
    return worlds(TASKS, ())


ROWS = every_row()
SOME_LABELS = st.lists(st.sampled_from(LABELS), min_size=2, max_size=3, unique=True)


def written(label: tuple[str, int]) -> str:
    return f"{label[0]}.{KNOWN[label[0]].labels[label[1]]}"


def is_so(row: dict[str, object], label: tuple[str, int]) -> bool:
    return holds(row, KNOWN, (label[0], frozenset({label[1]})))


def lines_of(line: str) -> tuple[ir.RequireLine, ...] | None:
    """What a line comes to; None where it is refused."""
    try:
        return compile(f"{HEAD}{line}\n{RULES}").program.require_lines
    except RulesError:
        return None


@settings(max_examples=60, deadline=None)
@given(
    labels=SOME_LABELS,
    relation=st.sampled_from(["implies", "excludes", "exactly one of", "at least one of", "at most one of"]),
)
def test_a_line_leaves_the_rows_of_which_it_is_true(labels: list[tuple[str, int]], relation: str) -> None:
    if relation in ("implies", "excludes"):
        labels = labels[:2]
        lines = lines_of(f"require {written(labels[0])} {relation} {written(labels[1])}")
    else:
        lines = lines_of(f"require {relation} {', '.join(map(written, labels))}")
    if lines is None:
        return
    facts = [one.fact for line in lines for one in line.requirements]
    for row in ROWS:
        so = [is_so(row, label) for label in labels]
        expected = {
            "implies": not so[0] or so[1],
            "excludes": not (so[0] and so[1]),
            "exactly one of": sum(so) == 1,
            "at least one of": any(so),
            "at most one of": sum(so) <= 1,
        }[relation]
        assert all(is_kept(row, one) for one in facts) == expected, row
    assert FeasibleSet(TASKS, facts).size() == sum(all(is_kept(row, one) for one in facts) for row in ROWS)


def is_kept(row: dict[str, object], one: Requirement) -> bool:
    return not holds(row, KNOWN, one.given) or any(holds(row, KNOWN, said) for said in (one.implied, *one.or_else))


def test_a_set_on_either_side_excludes_each_of_the_other() -> None:
    (line,) = lines_of("require EDEMA or FRACTURE excludes LEFT or RIGHT") or ()
    pairs = [(one.given.labels, one.implied.labels) for one in line.requirements]
    assert pairs == [({0}, {2}), ({2}, {2})]


# ------------------------------------------------------------------------------------------- the search against all rows


@st.composite
def requirement_lists(draw: st.DrawFn) -> tuple[Requirement, ...]:
    def side() -> tuple[str, frozenset[int]]:
        task = draw(st.sampled_from(TASKS))
        most = 2 if task.any_number else len(task.labels) - 1
        return task.name, draw(st.frozensets(st.sampled_from(range(len(task.answers))), min_size=1, max_size=most))

    return tuple(
        Requirement(side(), side(), tuple(side() for _ in range(draw(st.integers(0, 2)))))
        for _ in range(draw(st.integers(0, 7)))
    )


@settings(max_examples=80, deadline=None)
@given(requirements=requirement_lists())
def test_the_search_agrees_with_writing_out_every_row(requirements: tuple[Requirement, ...]) -> None:
    rows = [row for row in ROWS if all(is_kept(row, one) for one in requirements)]
    had = {
        (task.name, number)
        for task in TASKS
        for number in range(len(task.answers))
        if any(holds(row, KNOWN, (task.name, frozenset({number}))) for row in rows)
    }
    assert exists(TASKS, requirements) == bool(rows)
    assert possible(TASKS, requirements) == had
    for task in TASKS:
        both = (task.name, frozenset({0, 1}))
        assert exists(TASKS, requirements, both) == any(holds(row, KNOWN, both) for row in rows)
        domains = allowed(TASKS, requirements, both)
        assert domains is not None or not any(holds(row, KNOWN, both) for row in rows)


def test_what_takes_too_many_tries_is_not_claimed() -> None:
    pigeons = [TaskLabels(f"p{i}", tuple(f"h{j}" for j in range(8))) for i in range(9)]
    apart = [
        Requirement((one.name, frozenset({hole})), (other.name, frozenset(range(8)) - {hole}))
        for one, other in combinations(pigeons, 2)
        for hole in range(8)
    ]
    with pytest.raises(UndecidedError):
        exists(pigeons, apart, tries=Tries(200))
    assert len(possible(pigeons, apart, Tries(200))) == 72
    assert exists(pigeons[:8], [one for one in apart if "p8" not in (one.given[0], one.implied[0])])


# --------------------------------------------------------------------------------------------------- which lines clash

LINES = [
    f"require {one} {relation} {other}"
    for one, other in product(
        ("NORMAL", "EDEMA", "NODULE", "LEFT", "SMALL"), ("ABNORMAL", "EDEMA", "FRACTURE", "RIGHT")
    )
    for relation in ("implies", "excludes")
    if one != other and {one, other} != {"NORMAL", "ABNORMAL"} and {one, other} != {"LEFT", "RIGHT"}
] + ["require at least one of NORMAL, EDEMA", "require exactly one of LEFT, EDEMA"]


@settings(max_examples=25, deadline=None)
@given(lines=st.lists(st.sampled_from(LINES), min_size=3, max_size=6, unique=True))
def test_the_lines_shown_are_needed_and_enough(lines: list[str]) -> None:
    text = HEAD + "".join(f"{line}\n" for line in lines) + RULES
    try:
        compile(text)
    except RulesError as error:
        for one in error.diagnostics[:2]:
            assert one.mark is not None
            marks = [one.mark, *one.others]
            shown = [text[mark.span.start : mark.span.end] for mark in marks]
            needed = [line for line in shown if line.startswith("require")]
            assert not is_fine(needed)
            assert all(is_fine([other for other in needed if other != line], one.message) for line in needed)


def is_fine(lines: list[str], message: str | None = None) -> bool:
    """Whether nothing is said of some lines; with a message, whether that is not said."""
    try:
        compile(HEAD + "".join(f"{line}\n" for line in lines) + RULES)
    except RulesError as error:
        return message is not None and all(what(one.message) != what(message) for one in error.diagnostics)
    return True


def what(message: str) -> str:
    return re.sub(r"th(is|ese) lines? says?", "", message)


# -------------------------------------------------------------------------------------------------------------- drawing

LINE = (
    "require EDEMA or FRACTURE implies ABNORMAL\nrequire NORMAL excludes NODULE\nrequire at least one of LEFT, EDEMA\n"
)
DRAWN = graph_of(compile(HEAD + LINE + RULES).program)


def test_the_text_shows_labels_rules_balance_and_requirements() -> None:
    assert as_text(DRAWN) == (Path(__file__).parent / "golden" / "graph.txt").read_text(encoding="utf-8").rstrip("\n")


def test_the_size_is_that_of_all_rows() -> None:
    facts = [one.fact for line in DRAWN.lines for one in line.requirements]
    assert DRAWN.size == sum(all(is_kept(row, one) for one in facts) for row in ROWS)
    assert graph_of(PROGRAM).size == len(ROWS)
    many = replace(PROGRAM.tasks[1], labels=tuple(f"L{i}" for i in range(70)), balance=None)
    assert graph_of(replace(PROGRAM, tasks=(many,), functions=())).size == 2**70


def test_the_drawing_has_a_box_for_everything_and_none_on_another() -> None:
    svg = ElementTree.fromstring(as_svg(DRAWN))
    name = "{http://www.w3.org/2000/svg}"
    boxes = [one for one in svg.iter(f"{name}rect") if one.get("class") in ("task", "label")]
    assert len(boxes) == len(TASKS) + len(LABELS)
    places = [tuple(float(box.get(side, "")) for side in ("x", "y", "width", "height")) for box in boxes]
    for (x, y, w, h), (x2, y2, w2, h2) in combinations(places, 2):
        assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
    width, height = float(svg.get("width", "")), float(svg.get("height", ""))
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in places)
    assert sum(one.get("class") == "implies" for one in svg.iter(f"{name}path")) == 2
    assert as_svg(DRAWN) == as_svg(graph_of(compile(HEAD + LINE + RULES).program))


def test_no_name_says_more_than_itself() -> None:
    evil = '"]; evil [label="<script>alert(1)</script>\\'
    task = replace(PROGRAM.tasks[0], name=evil, labels=(evil, "a\x00b\n"))
    graph = graph_of(replace(PROGRAM, tasks=(task,), functions=()))
    svg = ElementTree.fromstring(as_svg(graph))
    assert not list(svg.iter("{http://www.w3.org/2000/svg}script"))
    assert [one.text for one in svg.iter("{http://www.w3.org/2000/svg}text")][-1] == evil + " "
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', "", as_dot(graph))
    assert "evil" not in unquoted
    assert '"' not in unquoted
    assert "\x00" not in as_text(graph) + as_dot(graph) + as_svg(graph)


def test_dot_names_only_nodes_that_it_declares() -> None:
    text = as_dot(DRAWN)
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    declared = set(re.findall(r"^    (t\w+) \[", bare, re.MULTILINE))
    assert len(declared) == len(TASKS) + len(LABELS)
    assert set(re.findall(r"t\d+(?:_\d+)?", bare)) <= declared
    assert bare.count("{") == bare.count("}") == 1


def test_the_tables_of_analyze_show_what_comes_from_rules_on_other_tasks() -> None:
    line = "require EDEMA or FRACTURE implies ABNORMAL\n"
    votes = compile(HEAD + line + RULES).apply([{"text": one} for one in ("edema", "now", "tiny", "left", "clear", "")])
    answered = fit_tasks(votes, MajorityVote)
    analyses = {one.task: one for one in analyse_all(votes, answered, {})}
    triage, findings = analyses["triage"], analyses["findings"]
    heard = [(line.function, line.on) for line in triage.lines if line.votes]
    assert heard == [("edema", "findings"), ("now", "urgency")]
    assert (triage.covered, triage.directly, triage.under) == (2, 0, None)
    assert (findings.covered, findings.directly) == (3, 2)
    assert analyses["urgency"].under == "triage.ABNORMAL"
    said = all_as_text(list(analyses.values()))
    assert "edema ← findings" in said
    assert said.count("cover, overlap, conflict: in percent of all rows") == 1


def test_the_command_writes_what_the_ending_says(tmp_path: Path) -> None:
    (tmp_path / "a.rules").write_text(HEAD + LINE + RULES, encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snorkel_dsl", "graph", *arguments]
        environment = os.environ | {"NO_COLOR": "1"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert run("a.rules").stdout.startswith("report: 5 tasks, 12 labels, ")
    assert run("a.rules", "-o", "a.svg").returncode == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert run("a.rules", "-o", "a.svg", "--format", "dot").returncode == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("digraph ")
    assert run("b.rules").returncode == 2
    (tmp_path / "a.rules").write_text(HEAD + "require EDMA implies ABNORMAL\n" + RULES, encoding="utf-8")
    wrong = run("a.rules")
    assert wrong.returncode == 1
    assert "did you mean `EDEMA`?" in wrong.stderr
