"""From a program to a graph in which every value is computed once.

A node is an operator applied to nodes; two expressions that mean the same are one node (hash-consing). Each node lives
in a frame: the rows of the data (frame 0), or the pieces of a text, which have a parent row each. What a piece's
condition asks of the row itself stays in the row's frame and is lifted to the pieces. A plan prints as text.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from snorkel_dsl.engine.answers import sets_of
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Sought, catalog
from snorkel_dsl.votes import FIRST_SET


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the graph.

    `operator` is a name of the catalog, or one of `column`, `constant`, `piece` (the text of a frame's piece), `lift` (a
    value of the parent frame on each piece) and `quantified` (a body in a frame of pieces counted for each parent).
    `arguments` are numbers of nodes; `detail` is the column's name, the constant, or (least, most, every).
    """

    operator: str
    arguments: tuple[int, ...]
    detail: Any
    frame: int
    kind: Kind

    @property
    def key(self) -> Hashable:
        """What makes two nodes the same. The type of a constant counts: 1, 1.0 and True are equal in Python."""
        return (self.operator, self.arguments, type(self.detail), self.detail, self.frame, self.kind)


@dataclass(frozen=True, slots=True)
class Frame:
    """The pieces of a text: `pieces` is their node, of kind PIECES. Frame 0 has none."""

    parent: int | None = None
    pieces: int | None = None


@dataclass(frozen=True, slots=True)
class FunctionPlan:
    """One labeling function: the nodes of its `unless` lines; for each clause the node of its condition and its code.

    Codes are those of `answers.Answer`. A condition None is `otherwise`; a code None abstains. `meanings` are the codes of
    the values of `column`, if any; where some values are `abstaining`, any that is not named is a fault.
    """

    name: str
    unless: tuple[int, ...]
    clauses: tuple[tuple[int | None, int | None], ...]
    columns: tuple[str, ...]
    column: str | None = None
    meanings: tuple[tuple[str | float, int], ...] = ()
    abstaining: tuple[str | float, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The nodes of a program in an order in which arguments come first, its frames, and its functions."""

    program: ir.Program
    nodes: tuple[Node, ...]
    frames: tuple[Frame, ...]
    functions: tuple[FunctionPlan, ...]
    lazy: tuple[bool, ...]  # for each node, whether some of it may run row by row
    fallible: tuple[bool, ...]  # for each node, whether there is a call in it that may fail
    calls: Mapping[int, ir.Call]  # by node that is asked only of rows that need it: costly, or may fail itself
    frame_of: Mapping[int, int]  # the frame that a node of kind PIECES makes
    sought: Mapping[int, tuple[Sought, ...]]  # by node that looks for something in a text, what: all must be found
    scans: Mapping[int, tuple[int, ...]]  # by node of kind TEXT, the nodes that look for something in it

    def __str__(self) -> str:
        lines = [f"{number}: {self._describe(node)}" for number, node in enumerate(self.nodes)]
        return "\n".join(lines + [_describe_function(function) for function in self.functions]) + "\n"

    def _describe(self, node: Node) -> str:
        """One node in one line."""
        inside = [f"%{argument}" for argument in node.arguments]
        if node.detail is not None:
            inside.append(_describe_detail(node.detail))
        where = f" in frame {node.frame}" if node.frame else ""
        return f"{node.operator}({', '.join(inside)}){where} -> {node.kind.value}"


def _describe_detail(detail: Any) -> str:
    """A constant in a few words."""
    match detail:
        case ir.TermList(terms=terms, masks=masks):
            shown = ", ".join(_describe_term(term) for term in terms[:5]) + (", …" if len(terms) > 5 else "")
            return f"[{shown}]" + (f" except {len(masks)}" if masks else "")
        case ir.Pattern(text=text, exact_case=exact_case):
            return f"/{text}/" + (" exact case" if exact_case else "")
        case ir.LookupTable(keys=keys):
            return f"lookup of {len(keys)}"
        case ir.Section(start=start, end=end):
            return f"from {start!r} to {end!r}"
        case ir.HeadedSection(headings=headings):
            return "under " + " or ".join(map(repr, headings))
        case ir.Context(cues=cues):
            return f"context of {len(cues)} cues"
        case _:
            return repr(detail)


_MOST_SHOWN = 20


def _describe_term(term: ir.Term) -> str:
    """A term as it is written."""
    words = ["exactly"] * term.exactly + ["exact case"] * term.exact_case
    return " ".join([*words, f'"{term.text}"'])


def _describe_function(function: FunctionPlan) -> str:
    """One function in one line."""
    parts = [f"unless %{node}" for node in function.unless]
    for node, code in function.clauses:
        condition = "otherwise" if node is None else f"when %{node}"
        parts.append(f"{condition} {'abstain' if code is None else f'vote {code}'}")
    if function.column is not None:
        shown = ", ".join(f"{value!r} {code}" for value, code in function.meanings[:_MOST_SHOWN])
        parts.append(f"votes by {function.column}: {shown}" + (", …" if len(function.meanings) > _MOST_SHOWN else ""))
    return f"{function.name}: " + "; ".join(parts)


def plan(program: ir.Program) -> Plan:
    """The plan of a program."""
    builder = _Builder()
    functions = tuple(_function(function, builder) for function in program.functions)
    nodes, frames = tuple(builder.nodes), tuple(builder.frames)
    fallible = _fallible(nodes)
    sought = {
        number: found
        for number, node in enumerate(nodes)
        if not fallible[number] and (found := _sought(node, nodes))  # a scan asks all rows
    }
    scans: dict[int, tuple[int, ...]] = {}
    for number in sought:
        text = nodes[number].arguments[0]
        scans[text] = (*scans.get(text, ()), number)
    lazy = _lazy(nodes, sought)
    return Plan(
        program,
        nodes,
        frames,
        functions,
        lazy,
        fallible,
        builder.calls,
        builder.frame_of,
        sought,
        scans,
    )


# What the engine itself computes: where values come from, pieces, and logic, which steers what is computed at all.
_OWN = frozenset(
    {"column", "constant", "piece", "lift", "quantified", "and", "or", "not", "at_least_of", "at_most_of", "is_missing"}
)


def _lazy(nodes: tuple[Node, ...], sought: Mapping[int, tuple[Sought, ...]]) -> tuple[bool, ...]:
    """For each node, whether it or one of its arguments may run row by row."""
    lazy: list[bool] = []
    for number, node in enumerate(nodes):
        if number in sought:
            own = not all(one.decides and not one.masks for one in sought[number])
        else:
            own = node.operator not in _OWN and (_is_call(node.operator) or catalog()[node.operator].kernel is None)
        lazy.append(own or any(lazy[argument] for argument in node.arguments))
    return tuple(lazy)


def _is_call(operator: str) -> bool:
    """Whether an operator is asked only of the rows that need it."""
    return catalog()[operator].may_fail or catalog()[operator].costly


def _fallible(nodes: tuple[Node, ...]) -> tuple[bool, ...]:
    """For each node, whether it or one of its arguments may fail."""
    fallible: list[bool] = []
    for node in nodes:
        own = node.operator not in _OWN and catalog()[node.operator].may_fail
        fallible.append(own or any(fallible[argument] for argument in node.arguments))
    return tuple(fallible)


def _sought(node: Node, nodes: tuple[Node, ...]) -> tuple[Sought, ...]:
    """What a scanner may look for on behalf of a node: an operator on a text with constants otherwise."""
    if node.operator in _OWN:
        return ()
    looks_for = catalog()[node.operator].looks_for
    if looks_for is None or nodes[node.arguments[0]].kind is not Kind.TEXT:
        return ()
    others = [nodes[argument] for argument in node.arguments[1:]]
    return looks_for(*(o.detail for o in others)) if all(o.operator == "constant" for o in others) else ()


def _function(function: ir.LabelingFunction, builder: _Builder) -> FunctionPlan:
    """One function's conditions as nodes and its votes as codes."""
    sets = sets_of(function)
    clauses = tuple(
        (None if clause.condition is None else builder.build(clause.condition, (0,)), _code(clause.vote, sets))
        for clause in function.clauses
    )
    unless = tuple(builder.build(condition, (0,)) for condition in function.unless)
    columns = tuple(sorted(function.columns))
    if function.by_column is None:
        return FunctionPlan(function.name, unless, clauses, columns)
    by = function.by_column
    meanings = tuple((value, _number(vote, sets)) for value, vote in by.meanings)
    return FunctionPlan(function.name, unless, clauses, columns, by.column, meanings, by.abstaining)


def _number(vote: ir.Vote, sets: tuple[frozenset[int], ...]) -> int:
    """The code of a vote: a class number, or that of a set of labels."""
    return next(iter(vote.labels)) if len(vote.labels) == 1 else FIRST_SET - sets.index(vote.labels)


def _code(vote: ir.Vote | None, sets: tuple[frozenset[int], ...]) -> int | None:
    """The code of a vote, None for abstaining."""
    return None if vote is None else _number(vote, sets)


@dataclass
class _Builder:
    """Nodes and frames while they are collected."""

    nodes: list[Node] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=lambda: [Frame()])
    numbers: dict[Hashable, int] = field(default_factory=dict)
    frame_of: dict[int, int] = field(default_factory=dict)  # by node of kind PIECES
    calls: dict[int, ir.Call] = field(default_factory=dict)

    def build(self, expression: ir.Expression, frames: tuple[int, ...]) -> int:
        """The node of an expression; `frames` are those around it, the innermost last."""
        match expression:
            case ir.Column(name=name, kind=kind):
                return self._node(Node("column", (), name, 0, kind))
            case ir.Constant(value=value, kind=kind):
                return self._node(Node("constant", (), value, 0, kind))
            case ir.Piece(level=level, kind=kind):
                return self._node(Node("piece", (), None, frames[-1 - level], kind))
            case ir.Call(operator=operator, arguments=arguments, kind=kind):
                numbers = [self.build(argument, frames) for argument in arguments]
                frame = self._deepest([self.nodes[number].frame for number in numbers], frames)
                lifted = tuple(self._lift(number, frame) for number in numbers)
                number = self._node(Node(operator, lifted, None, frame, kind))
                if _is_call(operator):
                    self.calls.setdefault(number, expression)
                return number
            case ir.Quantified():
                return self._quantified(expression, frames)

    def _quantified(self, expression: ir.Quantified, frames: tuple[int, ...]) -> int:
        """A quantified condition: its pieces make a frame, in which its body lives."""
        pieces = self.build(expression.pieces, frames)
        used = [frames[-level] for level in _outer_levels(expression.body)] + [self.nodes[pieces].frame]
        around = self._deepest(used, frames)
        pieces = self._lift(pieces, around)
        if pieces not in self.frame_of:
            self.frame_of[pieces] = len(self.frames)
            self.frames.append(Frame(around, pieces))
        frame = self.frame_of[pieces]
        body = self._lift(self.build(expression.body, (*frames, frame)), frame)
        counted = (expression.least, expression.most, expression.every)
        return self._node(Node("quantified", (pieces, body), counted, around, Kind.CONDITION))

    def _deepest(self, used: list[int], frames: tuple[int, ...]) -> int:
        """The innermost of the frames that arguments live in."""
        return max(used, key=frames.index, default=0)

    def _lift(self, number: int, frame: int) -> int:
        """A node's value in an inner frame. A constant is at home in all of them."""
        node = self.nodes[number]
        if node.operator == "constant" or node.frame == frame:
            return number
        parent = self.frames[frame].parent
        inner = self._lift(number, 0 if parent is None else parent)
        return self._node(Node("lift", (inner,), None, frame, node.kind))

    def _node(self, node: Node) -> int:
        """The number of a node, new or known."""
        if node.key not in self.numbers:
            self.numbers[node.key] = len(self.nodes)
            self.nodes.append(node)
        return self.numbers[node.key]


def _outer_levels(body: ir.Expression, depth: int = 0) -> set[int]:
    """How far around the quantified condition of a body the pieces lie that it speaks of; 1 is the next one out."""
    match body:
        case ir.Piece(level=level):
            return {level - depth} if level > depth else set()
        case ir.Quantified(pieces=pieces, body=inner):
            return _outer_levels(pieces, depth) | _outer_levels(inner, depth + 1)
        case _:
            return set().union(*(_outer_levels(child, depth) for child in ir.children(body)))
