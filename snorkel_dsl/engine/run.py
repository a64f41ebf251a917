"""Run a plan: batches of rows in, parts of a label matrix out, in order.

Each node is computed once for a batch. What the engine can do for all rows at once (logic, numbers, the scan of a text)
is done for all; what must run row by row runs only on the rows where its answer still matters, which is why a value
may be known in part. A part depends on nothing but its batch, so parts may be computed anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from snorkel_dsl.engine import logic
from snorkel_dsl.engine.faults import Fault, Faults
from snorkel_dsl.engine.kernels import KERNELS, counted, is_counted
from snorkel_dsl.engine.lexicon import lexicon
from snorkel_dsl.engine.plan import FunctionPlan, Node, Plan, plan
from snorkel_dsl.engine.proposals import LONG_LIST, Needle, needles
from snorkel_dsl.engine.regex import Matcher
from snorkel_dsl.engine.scan import Hits, Scan
from snorkel_dsl.engine.table import BATCH_ROWS, Table, batches
from snorkel_dsl.engine.values import (
    Index,
    Mask,
    Numbers,
    Objects,
    Texts,
    Truth,
    Value,
    from_python,
    full,
    merge,
    union,
)
from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Catalog, catalog
from snorkel_dsl.votes import LabelMatrix


class Execution:
    """The values of a plan's nodes on one table."""

    def __init__(self, plan: Plan, table: Table, operators: Catalog, scans: Scans) -> None:
        self.plan = plan
        self.table = table
        self.operators = operators
        self.scans = scans
        self._hits: dict[int, Hits] = {}
        self._values: dict[int, Value] = {}
        self._known: dict[int, Mask] = {}  # where a value is known; a node that is not in it is known everywhere
        self._parents: dict[int, Index] = {}
        self._sizes: dict[int, int] = {0: table.n}

    def value(self, number: int, need: Mask | None = None) -> Value:
        """A node's value, right at least where `need` holds (None: everywhere)."""
        node = self.plan.nodes[number]
        known = self._known.get(number)
        if number in self._values and (known is None or (need is not None and not (need & ~known).any())):
            return self._values[number]
        if not self.plan.lazy[number] or node.kind not in _PARTIAL:
            need = None
        if need is None:
            self._values[number] = self._compute(number, node, None)
            self._known.pop(number, None)
            return self._values[number]
        todo = need if known is None else need & ~known
        new = self._compute(number, node, todo)
        self._values[number] = new if known is None else merge(todo, new, self._values[number])
        self._known[number] = todo if known is None else todo | known
        return self._values[number]

    def truth(self, number: int, need: Mask | None = None) -> Truth:
        """The value of a node that is a condition."""
        value = self.value(number, need)
        if not isinstance(value, Truth):
            raise TypeError(f"node {number} is not a condition")
        return value

    # ------------------------------------------------------------------------------------------------- how to compute

    def _compute(self, number: int, node: Node, need: Mask | None) -> Value:
        """A node's value where `need` holds; elsewhere it may be anything."""
        match node.operator:
            case "column":
                return self.table.columns[node.detail]
            case "constant":
                return full(node.detail, node.kind, self._size(node.frame))
            case "piece":
                return self._pieces_text(node.frame)
            case "lift":
                return self._lift(node, need)
            case "quantified":
                return self._quantified(node, need)
            case "and" | "or":
                return self._connective(node, need)
            case "not":
                return logic.negation(self.truth(node.arguments[0], need))
            case "at_least_of" | "at_most_of":
                return self._count(node, need)
            case "is_missing":
                missing = self.value(node.arguments[0], need).missing
                return Truth(np.zeros(self._size(node.frame), bool) if missing is None else missing)
            case _ if number in self.scans.of_node:
                return self._scanned(number, node)
            case "size" | "capital" if is_counted(node.operator, self.plan.nodes[node.arguments[1]].detail):
                return self._counted(node)
            case operator if operator in KERNELS:
                return self._kernel(node, need)
            case _:
                return self._row_by_row(node, need)

    def _kernel(self, node: Node, need: Mask | None) -> Value:
        """An operator on all rows at once."""
        values = [self._argument(argument, node.frame, need) for argument in node.arguments]
        with np.errstate(all="ignore"):
            result = KERNELS[node.operator](*values)
        if result is None:
            return self._row_by_row(node, need)
        return _missing_where(result, union([value.missing for value in values]))

    def _argument(self, number: int, frame: int, need: Mask | None) -> Value:
        """The value of a node in a frame: a constant, which is at home in all of them, has as many rows as the frame."""
        node = self.plan.nodes[number]
        if node.operator == "constant":
            return full(node.detail, node.kind, self._size(frame))
        return self.value(number, need)

    def _counted(self, node: Node) -> Value:
        """A measure of a text."""
        text, measure = self.value(node.arguments[0]), self.plan.nodes[node.arguments[1]].detail
        if not isinstance(text, Texts):
            raise TypeError(f"node {node.arguments[0]} is not a text")
        return counted(node.operator, measure, text, _with(self.operators[node.operator].evaluate, [measure]))

    def _scanned(self, number: int, node: Node) -> Value:
        """An operator that the scan answers, but for the rows that must be asked."""
        if number not in self._hits:
            text = self.scans.of_node[number]
            value = self.value(text)
            if not isinstance(value, Texts):
                raise TypeError(f"node {text} is not a text")
            self._hits.update(self.scans.run(text, value))
        hits, n = self._hits[number], self._size(node.frame)
        found: Any = np.zeros(n, np.bool_ if node.kind is Kind.CONDITION else np.float64)
        found[hits.sure] = 1
        if len(hits.maybe):
            ask = self.scans.confirm(number, self.operators)
            found[hits.maybe] = [ask(string) for string in self.value(node.arguments[0]).python(hits.maybe)]
        missing = self.value(node.arguments[0]).missing
        return Truth(found, missing) if node.kind is Kind.CONDITION else Numbers(found, missing)

    def _connective(self, node: Node, need: Mask | None) -> Truth:
        """And, or: cheap arguments first, costly ones only where they can still change the answer."""
        ordered = sorted(node.arguments, key=lambda argument: self.plan.lazy[argument])
        combine = logic.conjunction if node.operator == "and" else logic.disjunction
        result = self.truth(ordered[0], need)
        for argument in ordered[1:]:
            if self.plan.lazy[argument]:
                open_ = ~(result.false if node.operator == "and" else result.true)
                need = open_ if need is None else need & open_
            result = combine(result, self.truth(argument, need))
        return result

    def _count(self, node: Node, need: Mask | None) -> Truth:
        """At least or at most so many of several conditions."""
        number = int(self.plan.nodes[node.arguments[0]].detail)
        conditions = [self.truth(argument, need) for argument in node.arguments[1:]]
        if node.operator == "at_least_of":
            return logic.count(conditions, number, None)
        return logic.count(conditions, None, number)

    def _row_by_row(self, node: Node, need: Mask | None) -> Value:
        """The reference evaluation of an operator, on the rows that need it and have all its arguments."""
        predicate = self.operators[node.operator]
        n = self._size(node.frame)
        constants = {i: a for i, a in enumerate(node.arguments) if self.plan.nodes[a].operator == "constant"}
        values = [None if i in constants else self.value(a, need) for i, a in enumerate(node.arguments)]
        missing = None if predicate.takes_missing else union([value.missing for value in values if value is not None])
        wanted = np.ones(n, bool) if need is None else need
        index = np.flatnonzero(wanted if missing is None else wanted & ~missing)
        columns = [
            [self.plan.nodes[constants[i]].detail] * len(index) if value is None else value.python(index)
            for i, value in enumerate(values)
        ]
        results: list[Any] = [None] * n
        for row, arguments in zip(index.tolist(), zip(*columns, strict=True), strict=True):
            results[row] = predicate.evaluate(*arguments)
        return from_python(results, node.kind)

    # ------------------------------------------------------------------------------------------------- frames of pieces

    def _size(self, frame: int) -> int:
        """The number of rows or pieces of a frame."""
        if frame not in self._sizes:
            self._sizes[frame] = len(self._parent_of(frame))
        return self._sizes[frame]

    def _parent_of(self, frame: int) -> Index:
        """For each piece of a frame, the row of the parent frame that it is a piece of (ascending)."""
        if frame not in self._parents:
            pieces = self._places(frame)
            counts = np.fromiter((0 if p is None else len(p) for p in pieces), np.int64, len(pieces))
            self._parents[frame] = np.repeat(np.arange(len(pieces)), counts)
        return self._parents[frame]

    def _places(self, frame: int) -> list[list[tuple[int, int]] | None]:
        """The pieces of each row of a frame's parent: (start, end) offsets, or None where the text is missing."""
        pieces = self.plan.frames[frame].pieces
        value = self.value(pieces) if pieces is not None else None
        if not isinstance(value, Objects):
            raise TypeError(f"frame {frame} has no pieces")
        return value.values

    def _pieces_text(self, frame: int) -> Texts:
        """The text of each piece of a frame."""
        text = self.plan.frames[frame].text
        value = self.value(text) if text is not None else None
        if not isinstance(value, Texts):
            raise TypeError(f"frame {frame} has no text")
        cut = [
            string[start:end]
            for string, places in zip(value.strings, self._places(frame), strict=True)
            if string is not None and places is not None
            for start, end in places
        ]
        return Texts(pa.array(cut, pa.large_string()))

    def _lift(self, node: Node, need: Mask | None) -> Value:
        """A value of the parent frame on each piece."""
        parents = self._parent_of(node.frame)
        parent = self.plan.frames[node.frame].parent or 0
        if need is not None:
            above = np.zeros(self._size(parent), bool)
            above[parents[need]] = True
            need = above
        return self.value(node.arguments[0], need).take(parents)

    def _quantified(self, node: Node, need: Mask | None) -> Truth:
        """How many pieces satisfy a body."""
        pieces, body = node.arguments
        frame = self.plan.frame_of[pieces]
        parents = self._parent_of(frame)
        inside = self.truth(body, None if need is None else need[parents])
        counted = logic.quantified(inside, parents, self._size(node.frame), node.detail)
        return logic.unknown_where(counted, self.value(pieces).missing)


def _missing_where(value: Value, missing: Mask | None) -> Value:
    """A result of a kernel, missing where an argument is."""
    if missing is None:
        return value
    match value:
        case Truth():
            return logic.unknown_where(value, missing)
        case Numbers():
            return Numbers(np.where(missing, 0, value.values), union([value.missing, missing]))
        case _:
            return value


def _with(evaluate: Callable[..., Any], constants: list[Any]) -> Callable[[Any], Any]:
    """An evaluation with all its arguments but the first."""
    return lambda text: evaluate(text, *constants)


def _narrowed(evaluate: Callable[..., Any], constants: list[Any]) -> Callable[[Any], Any]:
    """The same for words and phrases; of a long list, it gets the terms that may be in the text."""

    def among(constant: Any, text: str) -> Any:
        long = isinstance(constant, ir.TermList) and len(constant.terms) > LONG_LIST
        return lexicon(constant).among(text) if long else constant

    return lambda text: evaluate(text, *(among(constant, text) for constant in constants))


class Scans:
    """What the nodes of a plan look for in texts, compiled once and kept for all batches."""

    def __init__(self, plan: Plan, scanner: str | None = None) -> None:
        self.of_node = {number: text for text, numbers in plan.scans.items() for number in numbers}
        self._plan = plan
        self._confirm: dict[int, Callable[[Any], Any]] = {}
        self._scans = {
            text: Scan([self._needles(number) for number in plan.scans[text]], scanner) for text in plan.scans
        }

    def _needles(self, number: int) -> tuple[Needle, ...]:
        """What one node looks for."""
        node = self._plan.nodes[number]
        return needles(node.operator, [self._plan.nodes[argument].detail for argument in node.arguments[1:]])

    def confirm(self, number: int, operators: Catalog) -> Callable[[Any], Any]:
        """What to ask a single text for one node: a pattern its linear matcher, anything else its evaluation."""
        if number not in self._confirm:
            node = self._plan.nodes[number]
            constants = [self._plan.nodes[argument].detail for argument in node.arguments[1:]]
            if node.operator == "matches":
                self._confirm[number] = Matcher(constants[0]).search
            elif node.operator.startswith("mentions") or node.operator == "followed_by":
                self._confirm[number] = _narrowed(operators[node.operator].evaluate, constants)
            else:
                self._confirm[number] = _with(operators[node.operator].evaluate, constants)
        return self._confirm[number]

    def run(self, text: int, value: Texts) -> dict[int, Hits]:
        """For each node that looks for something in a text, where it is."""
        return dict(zip(self._plan.scans[text], self._scans[text].run(value), strict=True))


_PARTIAL = frozenset({Kind.CONDITION, Kind.NUMBER, Kind.TIME, Kind.CLOCK, Kind.DURATION, Kind.YES_NO})

# ---------------------------------------------------------------------------------------------------------- functions


def _answer(function: FunctionPlan, execution: Execution) -> tuple[Index, list[tuple[Mask, int]]]:
    """The rows on which a function votes, each code with its rows as a mask over the table."""
    open_ = np.ones(execution.table.n, bool)
    for column in function.columns:
        if column in execution.table.broken:
            open_ &= ~execution.table.broken[column]
    for condition in function.unless:
        open_ &= execution.truth(condition, open_).false
    votes: list[tuple[Mask, int]] = []
    unknown = np.zeros(execution.table.n, bool)
    for node, code in function.clauses:
        if node is None:
            fires = open_ & ~unknown
        else:
            truth = execution.truth(node, open_)
            fires = open_ & truth.true
            if truth.unknown is not None:
                unknown |= truth.unknown
        if code is not None:
            votes.append((fires, code))
        open_ = open_ & ~fires
    if function.column is not None:
        votes += _by_column(function, execution, open_)
    voted = union([mask for mask, _ in votes])
    return np.empty(0, np.int64) if voted is None else np.flatnonzero(voted), votes


def _by_column(function: FunctionPlan, execution: Execution, open_: Mask) -> list[tuple[Mask, int]]:
    """The votes that the values of a column mean."""
    value = execution.table.columns[function.column or ""]
    index = np.flatnonzero(open_)
    meanings = dict(function.meanings)
    codes = [meanings.get(text) if isinstance(text, str) else None for text in value.python(index)]
    found = []
    for code in dict.fromkeys(meanings.values()):
        mask = np.zeros(execution.table.n, bool)
        mask[index[[code == c for c in codes]]] = True
        found.append((mask, code))
    return found


def _part(plan: Plan, table: Table, operators: Catalog, scans: Scans, facts: RuleFacts) -> LabelMatrix:
    """The votes of all functions on one table."""
    execution = Execution(plan, table, operators, scans)
    rows, codes, indptr = [], [], [0]
    code_type = _code_type(plan)
    for function in plan.functions:
        index, votes = _answer(function, execution)
        given = np.zeros(table.n, code_type)
        for mask, code in votes:
            given[mask] = code
        rows.append(index)
        codes.append(given[index])
        indptr.append(indptr[-1] + len(index))
    return _matrix(plan, table.n, indptr, rows, codes, facts)


def _code_type(plan: Plan) -> type[np.int8] | type[np.int16]:
    """The type of a label matrix's codes: int8 unless a task has over 127 labels or there are as many sets of them."""
    largest = max([len(task.labels) for task in plan.tasks] + [len(plan.label_sets) + 1], default=0)
    return np.int8 if largest <= 127 else np.int16


def _matrix(plan: Plan, n: int, indptr: list[int], rows: list[Any], codes: list[Any], facts: RuleFacts) -> LabelMatrix:
    """A label matrix from the rows and codes of each function."""
    return LabelMatrix(
        n=n,
        functions=tuple(function.name for function in plan.functions),
        tasks=plan.tasks,
        task_of=plan.task_of,
        indptr=np.asarray(indptr, np.int64),
        rows=np.concatenate([np.empty(0, np.int64), *rows]),
        codes=np.concatenate([np.empty(0, _code_type(plan)), *codes]),
        label_sets=plan.label_sets,
        facts=facts,
    )


# ------------------------------------------------------------------------------------------------------------ streaming


def apply(
    program: ir.Program, data: Iterable[pa.RecordBatch], facts: RuleFacts | None = None, scanner: str | None = None
) -> Iterator[tuple[LabelMatrix, Faults]]:
    """The votes of a program, batch by batch: for each, its part of the label matrix and its faults.

    A part's rows are counted from 0; a fault's row counts from the first row of all the data. At most one batch with
    its votes is in memory. `scanner` is one of `scan.SCANNERS`; the votes do not depend on it. Raises RulesError where
    a batch lacks a column.
    """
    made = plan(program)
    scans = Scans(made, scanner)
    first_row = 0
    for batch in data:
        table, faults = Table.from_batch(batch, program, first_row)
        yield _part(made, table, catalog(), scans, facts or RuleFacts()), tuple(faults)
        first_row += batch.num_rows


def label_matrix(
    program: ir.Program,
    data: Any,
    facts: RuleFacts | None = None,
    batch_rows: int = BATCH_ROWS,
    scanner: str | None = None,
) -> tuple[LabelMatrix, Faults]:
    """The votes of a program on all of some data (`engine.table.batches` says what data may be), with its faults."""
    parts: list[LabelMatrix] = []
    faults: list[Fault] = []
    for part, found in apply(program, batches(data, batch_rows), facts, scanner):
        parts.append(part)
        faults += found
    return join(parts, plan(program), facts or RuleFacts()), tuple(faults)


def join(parts: list[LabelMatrix], made: Plan, facts: RuleFacts) -> LabelMatrix:
    """Parts in order as one label matrix."""
    starts = np.cumsum([0, *(part.n for part in parts)])
    rows: list[Any] = []
    codes: list[Any] = []
    indptr = [0]
    for j in range(len(made.functions)):
        size = 0
        for part, start in zip(parts, starts.tolist(), strict=False):
            own = slice(part.indptr[j], part.indptr[j + 1])
            rows.append(part.rows[own] + start)
            codes.append(part.codes[own])
            size += len(rows[-1])
        indptr.append(indptr[-1] + size)
    return _matrix(made, int(starts[-1]), indptr, rows, codes, facts)
