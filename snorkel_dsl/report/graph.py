"""The task graph of a program as text, as DOT and as a drawing: tasks, labels, what stands under them, what is required.

The drawing is a layered tree, left to right: tasks and labels take turns as columns, a label without a task under it takes a
row, and everything else stands in the middle of what hangs on it. Requirements are dashed, around the right-hand side. The
same program gives the same bytes. Every name is written by a library or between escaped quotes: none can say more than itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap
from xml.etree.ElementTree import Element, SubElement, tostring

from snorkel_dsl.language import ir
from snorkel_dsl.models.joint.feasible import FeasibleSet, TooManyError
from snorkel_dsl.report.table import count
from snorkel_dsl.votes import TaskLabels

Label = tuple[str, int]  # a task, and the class number of one of its labels
_INDENT = "    "
_WIDTH = 110  # characters of a line of requirements
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class End:
    """One end of an arrow: a label, or that it is not so."""

    label: Label
    negated: bool


@dataclass(frozen=True)
class Arrow:
    """A requirement between two labels: `directed` where the first implies the second, else they exclude each other."""

    start: End
    end: End
    directed: bool


@dataclass(frozen=True)
class TaskGraph:
    """What is drawn: tasks in declared order, rules that vote on a task or say that a label is so or is not, and lines.

    `votes` counts rules by task and answer (class numbers as in `ir.Task.answers`), `rules` by task. `size` is the number of
    combinations of answers that a row may have; None where the requirements tie too many together to count them.
    """

    name: str
    tasks: tuple[ir.Task, ...]
    rules: Mapping[str, int]
    votes: Mapping[Label, int]
    lines: tuple[ir.RequireLine, ...]
    size: int | None

    def task(self, name: str) -> ir.Task:
        """The task of a name."""
        return next(task for task in self.tasks if task.name == name)

    def below(self, label: Label | None) -> list[ir.Task]:
        """The tasks under a label, or under none."""
        return [task for task in self.tasks if task.under == label]


def graph_of(program: ir.Program) -> TaskGraph:
    """The task graph of a program."""
    rules: dict[str, set[str]] = {}
    votes: dict[Label, set[str]] = {}
    for function in program.functions:
        for vote in function.votes:
            rules.setdefault(vote.task, set()).add(function.rule)
            for number in vote.labels:
                votes.setdefault((vote.task, number), set()).add(function.rule)
    return TaskGraph(
        program.package or program.data,
        program.tasks,
        {task: len(found) for task, found in rules.items()},
        {answer: len(found) for answer, found in votes.items()},
        program.require_lines,
        _size(program),
    )


def _size(program: ir.Program) -> int | None:
    """How many vectors of answers are feasible: products of sums up the tree of cliques, in whole numbers."""
    tasks = [TaskLabels(task.name, task.labels, task.any_number, task.under) for task in program.tasks]
    try:
        cliques = FeasibleSet(tasks, [one.fact for one in program.requirements]).cliques
    except TooManyError:
        return None
    below = [[1] * len(clique.configurations) for clique in cliques]
    total = 1
    for c in reversed(range(len(cliques))):
        clique = cliques[c]
        if clique.up is None or clique.down is None:
            total *= sum(below[c])
            continue
        sums: Counter[int] = Counter()
        for state, number in zip(clique.up.tolist(), below[c], strict=True):
            sums[state] += number
        for row, state in enumerate(clique.down.tolist()):
            below[clique.parent][row] *= sums[state]
    return total


# ------------------------------------------------------------------------------------------------------------- as text


def as_text(graph: TaskGraph) -> str:
    """The graph as an indented tree, with the requirements below."""
    lines = [_head(graph), ""]
    for task in graph.below(None):
        lines += _branch(graph, task, "")
    if graph.lines:
        lines += ["", "requirements"]
        for line in graph.lines:
            lines += wrap(_in_words(graph, line), _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT * 2)
    return "\n".join(map(_plain, lines))


def _head(graph: TaskGraph) -> str:
    labels = sum(len(task.labels) for task in graph.tasks)
    size = "too many combinations of answers to count" if graph.size is None else _combinations(graph.size)
    return f"{graph.name}: {count(len(graph.tasks), 'task')}, {count(labels, 'label')}, {size}"


def _combinations(size: int) -> str:
    return f"{count(size, 'combination')} of answers {'is' if size == 1 else 'are'} possible"


def _branch(graph: TaskGraph, task: ir.Task, indent: str) -> Iterator[str]:
    width = max(map(len, task.labels), default=0)
    yield f"{indent}task {task.name}: {_about(graph, task)}"
    for number, label in enumerate(task.labels):
        said = ", ".join(_said(graph, task, number))
        yield f"{indent}{_INDENT}{label:{width}}  {said}"
        for child in graph.below((task.name, number)):
            yield from _branch(graph, child, indent + 2 * _INDENT)


def _about(graph: TaskGraph, task: ir.Task) -> str:
    which = "any number" if task.any_number else "one"
    return f"{which} of {len(task.labels)}, {_rules(graph.rules.get(task.name, 0))}"


def _rules(number: int) -> str:
    return count(number, "rule") if number else "no rules"


def _said(graph: TaskGraph, task: ir.Task, number: int) -> Iterator[str]:
    """How many rules vote for a label, and against it; its declared balance."""
    against = graph.votes.get((task.name, len(task.labels) + number), 0) if task.any_number else 0
    for_it = _rules(graph.votes.get((task.name, number), 0))
    yield f"{for_it} for it, {against} against" if against else for_it
    share = None if task.balance is None else task.balance[number]
    if share is not None:
        yield f"{100 * share:g}% of rows"


def _in_words(graph: TaskGraph, line: ir.RequireLine) -> str:
    sides = [_vote_in_words(graph.task(side.task), side) for side in line.sides]
    if line.relation == "implies":
        return f"{sides[0]} → {sides[1]}"
    if line.relation == "excludes":
        return f"{sides[0]} → not ({sides[1]})" if " " in sides[1] else f"{sides[0]} → not {sides[1]}"
    return f"{line.relation} {', '.join(sides)}"


def _vote_in_words(task: ir.Task, vote: ir.Vote) -> str:
    others = set(range(len(task.labels))) - vote.labels
    if not task.any_number and len(others) == 1 < len(vote.labels):
        return f"not {task.name}.{task.labels[others.pop()]}"
    return " or ".join(_answer(task, number) for number in sorted(vote.labels))


def _answer(task: ir.Task, number: int) -> str:
    k = len(task.labels)
    return f"{task.name}.{task.labels[number]}" if number < k else f"not {task.name}.{task.labels[number - k]}"


def _plain(text: str) -> str:
    """A text without what no terminal and no XML may hold."""
    return _UNPRINTABLE.sub("\ufffd", text)


# -------------------------------------------------------------------------------------------------------------- arrows


def _arrows(graph: TaskGraph, line: ir.RequireLine) -> Iterator[Arrow]:
    """A requirement as arrows between labels: of one of several, a chain through all of them."""
    if line.relation in ("implies", "excludes"):
        starts, ends = (_ends(graph.task(side.task), side) for side in line.sides)
        yield from (Arrow(start, end, line.relation == "implies") for start in starts for end in ends)
    else:
        ends = [end for side in line.sides for end in _ends(graph.task(side.task), side)]
        yield from (Arrow(start, end, False) for start, end in pairwise(ends))


def _ends(task: ir.Task, vote: ir.Vote) -> list[End]:
    """The labels that a vote names; of all but one of a task, the one that is not."""
    k = len(task.labels)
    others = set(range(k)) - vote.labels
    if not task.any_number and len(others) == 1 < len(vote.labels):
        return [End((task.name, others.pop()), True)]
    return [End((task.name, number % k), number >= k) for number in sorted(vote.labels)]


# -------------------------------------------------------------------------------------------------------------- as DOT


def as_dot(graph: TaskGraph) -> str:
    """The graph in Graphviz's language; its nodes are numbered, and names stand in their labels alone."""
    ids = {(task.name, y): f"t{i}_{y}" for i, task in enumerate(graph.tasks) for y in range(len(task.labels))}
    lines = ["digraph tasks {", "    rankdir=LR", f"    label={_quoted(_head(graph))}", "    node [shape=box]"]
    for i, task in enumerate(graph.tasks):
        said = f"{task.name}\n{_about(graph, task)}"
        lines.append(f"    t{i} [label={_quoted(said)}, style=bold]")
        if task.under is not None:
            lines.append(f"    {ids[task.under]} -> t{i}")
        for y, label in enumerate(task.labels):
            text = "\n".join([label, *_said(graph, task, y)])
            lines += [f"    t{i}_{y} [label={_quoted(text)}, style=rounded]", f"    t{i} -> t{i}_{y} [arrowhead=none]"]
    for line in graph.lines:
        tip = _quoted(_in_words(graph, line))
        for arrow in _arrows(graph, line):
            tail, head = (
                "odot" if arrow.start.negated else "none",
                ("odot" if arrow.end.negated else "")
                + ("normal" if arrow.directed else "tee" * (not arrow.end.negated)),
            )
            lines.append(
                f"    {ids[arrow.start.label]} -> {ids[arrow.end.label]} "
                f"[style=dashed, constraint=false, dir=both, arrowtail={tail}, arrowhead={head}, tooltip={tip}]"
            )
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    """A text between quotes, as Graphviz reads it: line ends are `\\n`."""
    lines = (_plain(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'


# -------------------------------------------------------------------------------------------------------------- as SVG

_ROW, _BOX, _LETTER, _GAP, _MARGIN = (
    26,
    20,
    6.7,
    34,
    16,
)  # pixels: of a row, a box, a letter, between columns, around all
_HEAD = 30
_STYLE = (
    "text{font:11px ui-monospace,Menlo,Consolas,monospace;fill:#222}.note{fill:#777}"
    ".task{fill:#e8eef7;stroke:#1f5fa8}.label{fill:#fff;stroke:#999}.tie{fill:none;stroke:#999}"
    ".implies{fill:none;stroke:#2d7d46;stroke-dasharray:5 3;stroke-opacity:.75}"
    ".excludes,.one{fill:none;stroke:#b3263e;stroke-dasharray:5 3;stroke-opacity:.75}.one{stroke:#7a4fa3}"
    ".not{fill:#fff;stroke:#b3263e}.tip{fill:#2d7d46}"
)


@dataclass
class _Box:
    """A task or a label in the drawing: its column, the middle of its height, its words."""

    column: int
    y: float
    words: str
    note: str
    kind: str
    above: tuple[str, int] | None


class _Layout:
    """Where the boxes stand: labels by (task, number), tasks by (task, -1)."""

    def __init__(self, graph: TaskGraph) -> None:
        self.graph = graph
        self.boxes: dict[Label, _Box] = {}
        self.rows = 0
        for task in graph.below(None):
            self._place(task, 0, None)
        columns = 1 + max((box.column for box in self.boxes.values()), default=0)
        widths = [max(self._wide(box) for box in self.boxes.values() if box.column == c) for c in range(columns)]
        self.widths = widths
        self.lefts = [_MARGIN + sum(widths[:c]) + c * _GAP for c in range(columns)]

    @property
    def right(self) -> float:
        """Where the last column ends."""
        return self.lefts[-1] + self.widths[-1]

    def edges(self, box: _Box) -> tuple[float, float]:
        """The left and the right edge of a box."""
        left = self.lefts[box.column]
        return left, left + self._wide(box)

    def _wide(self, box: _Box) -> float:
        return 12 + _LETTER * (len(box.words) + len(box.note) + 1)

    def _place(self, task: ir.Task, column: int, above: Label | None) -> float:
        middles = []
        for number, label in enumerate(task.labels):
            children = self.graph.below((task.name, number))
            own = [self._place(child, column + 2, (task.name, number)) for child in children]
            if not own:
                self.rows += 1
            y = (own[0] + own[-1]) / 2 if own else _HEAD + _MARGIN + (self.rows - 0.5) * _ROW
            note = ", ".join(_said(self.graph, task, number))
            self.boxes[task.name, number] = _Box(column + 1, y, _plain(label), note, "label", (task.name, -1))
            middles.append(y)
        y = (middles[0] + middles[-1]) / 2 if middles else _HEAD + _MARGIN
        about = _about(self.graph, task)
        self.boxes[task.name, -1] = _Box(column, y, _plain(task.name), about, "task", above)
        return y


def as_svg(graph: TaskGraph) -> str:
    """The graph as a drawing, in SVG."""
    layout = _Layout(graph)
    lanes = max(1, len(graph.lines))
    width, height = layout.right + 40 + 14 * lanes + _MARGIN, _HEAD + 2 * _MARGIN + layout.rows * _ROW
    size = {"width": f"{width:.0f}", "height": f"{height:.0f}", "viewBox": f"0 0 {width:.0f} {height:.0f}"}
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, "role": "img"})
    SubElement(svg, "title").text = _plain(_head(graph))
    SubElement(svg, "style").text = _STYLE
    SubElement(svg, "rect", {"width": "100%", "height": "100%", "fill": "#fff"})
    SubElement(svg, "text", {"x": str(_MARGIN), "y": "22"}).text = _plain(_head(graph))
    for box in layout.boxes.values():
        _tie(svg, layout, box)
    for lane, line in enumerate(graph.lines):
        _requirement(svg, layout, line, layout.right + 40 + 14 * lane)
    for box in layout.boxes.values():
        _box(svg, layout, box)
    return tostring(svg, encoding="unicode")


def _tie(svg: Element, layout: _Layout, box: _Box) -> None:
    """The line from what a box hangs on."""
    if box.above is None:
        return
    above = layout.boxes[box.above]
    start, end = layout.edges(above)[1], layout.edges(box)[0]
    turn = layout.lefts[box.column] - _GAP / 2
    SubElement(svg, "path", {"class": "tie", "d": f"M{start:.1f} {above.y:.1f}H{turn:.1f}V{box.y:.1f}H{end:.1f}"})


def _box(svg: Element, layout: _Layout, box: _Box) -> None:
    left, right = layout.edges(box)
    corners = {"rx": "9" if box.kind == "label" else "2", "class": box.kind}
    shape = {"x": f"{left:.1f}", "y": f"{box.y - _BOX / 2:.1f}", "width": f"{right - left:.1f}", "height": str(_BOX)}
    SubElement(svg, "rect", shape | corners)
    text = SubElement(svg, "text", {"x": f"{left + 6:.1f}", "y": f"{box.y + 4:.1f}"})
    text.text = box.words + " "
    SubElement(text, "tspan", {"class": "note"}).text = box.note


def _requirement(svg: Element, layout: _Layout, line: ir.RequireLine, lane: float) -> None:
    """The dashed arrows of one requirement, in a lane of its own; its words show when the pointer rests on it."""
    group = SubElement(svg, "g")
    SubElement(group, "title").text = _plain(_in_words(layout.graph, line))
    kind = line.relation if line.relation in ("implies", "excludes") else "one"
    for arrow in _arrows(layout.graph, line):
        (x1, y1), (x2, y2) = (_right_of(layout, end.label) for end in (arrow.start, arrow.end))
        SubElement(
            group,
            "path",
            {"class": kind, "d": f"M{x1:.1f} {y1:.1f}C{lane:.1f} {y1:.1f} {lane:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"},
        )
        if arrow.directed:
            tip = f"M{x2:.1f} {y2:.1f}l8 -4v8z"
            SubElement(group, "path", {"class": "tip", "d": tip})
        for end, (x, y) in ((arrow.start, (x1, y1)), (arrow.end, (x2, y2))):
            if end.negated:
                SubElement(group, "circle", {"class": "not", "cx": f"{x + 3:.1f}", "cy": f"{y:.1f}", "r": "3"})


def _right_of(layout: _Layout, label: Label) -> tuple[float, float]:
    box = layout.boxes[label]
    return layout.edges(box)[1], box.y


FORMATS: Mapping[str, Callable[[TaskGraph], str]] = {"text": as_text, "dot": as_dot, "svg": as_svg}
