"""The values of a plan's nodes on one table.

Each node is computed once for a batch. What can be done for all rows at once (logic, kernels, the scan of a text) is
done for all; what must run row by row runs only on the rows where its answer still matters, which is why a value may be
known in part.

A call that may fail is made only on the rows on which its condition is asked. Where it failed, its value is missing here,
and `failed` and `failure` say so: a condition that stands on such a value has no answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from snorkel_dsl.engine import logic
from snorkel_dsl.engine.plan import Node, Plan
from snorkel_dsl.engine.profile import one_by_one
from snorkel_dsl.engine.scan import Hits
from snorkel_dsl.engine.searches import Searches
from snorkel_dsl.engine.table import Table
from snorkel_dsl.engine.values import (
    Index,
    Mask,
    Numbers,
    Pieces,
    Texts,
    Truth,
    Value,
    from_array,
    from_python,
    full,
    merge,
    union,
)
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import FailedError, Predicate, catalog

_PARTIAL = frozenset({Kind.CONDITION, Kind.NUMBER, Kind.TIME, Kind.CLOCK, Kind.DURATION, Kind.YES_NO})


class Execution:
    """The values of a plan's nodes on one table."""

    def __init__(self, plan: Plan, table: Table, searches: Searches) -> None:
        self.plan = plan
        self.table = table
        self.searches = searches
        self._hits: dict[int, Hits] = {}
        self._values: dict[int, Value] = {}
        self._known: dict[int, Mask] = {}  # where a value is known; a node that is not in it is known everywhere
        self._failures: dict[int, dict[int, FailedError]] = {}  # by node that may fail itself, by its row or piece
        self._places: dict[str, dict[str | float, Index]] = {}

    def value(self, number: int, need: Mask | None = None) -> Value:
        """A node's value, right at least where `need` holds (None: everywhere)."""
        node = self.plan.nodes[number]
        known = self._known.get(number)
        if number in self._values and (known is None or (need is not None and not (need & ~known).any())):
            return self._values[number]
        if self.plan.fallible[number] and node.kind is not Kind.PIECES:
            need = np.ones(self._size(node.frame), bool) if need is None else need
        elif not self.plan.lazy[number] or node.kind not in _PARTIAL:
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

    def places(self, column: str) -> dict[str | float, Index]:
        """The rows of each value of a column, ascending; missing values are left out."""
        if column not in self._places:
            rows: dict[str | float, list[int]] = {}
            for row, value in enumerate(self.table.columns[column].python(np.arange(self.table.n))):
                if isinstance(value, str | float):
                    rows.setdefault(value, []).append(row)
            self._places[column] = {value: np.array(found, dtype=np.int64) for value, found in rows.items()}
        return self._places[column]

    def truth(self, number: int, need: Mask | None = None) -> Truth:
        """The value of a node that is a condition."""
        value = self.value(number, need)
        if not isinstance(value, Truth):
            raise TypeError(f"node {number} is not a condition")
        return value

    def found(self, number: int) -> Index | None:
        """The rows on which a node is true, ascending, where it is a condition that a scan answers and asks no row of."""
        node = self.plan.nodes[number]
        if number not in self.plan.sought or node.kind is not Kind.CONDITION:
            return None
        hits = self._hits[number] if number in self._hits else self._hits_of(number, node)[1]
        return None if len(hits.maybe) else hits.sure

    # ------------------------------------------------------------------------------------------------- how to compute

    def _compute(self, number: int, node: Node, need: Mask | None) -> Value:
        """A node's value where `need` holds; elsewhere it may be anything."""
        match node.operator:
            case "column":
                return self.table.columns[node.detail]
            case "constant":
                return full(node.detail, node.kind, self._size(node.frame))
            case "piece":
                return self._pieces(node.frame).texts
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
            case _ if number in self.plan.sought:
                return self._scanned(number, node, need)
            case _ if number in self.plan.calls:
                return self._call(number, node, need)
            case _:
                return self._operator(node, need)

    def _operator(self, node: Node, need: Mask | None) -> Value:
        """An operator: on all rows at once where it has a kernel for these values, otherwise row by row."""
        predicate = catalog()[node.operator]
        values = self._arguments(node, need)
        present = [value for value in values if value is not None]
        plain = [value.plain for value in present if isinstance(value, Texts | Numbers)]
        if predicate.kernel is None or not plain or len(plain) < len(present):
            return self._row_by_row(node, need)
        columns = iter(plain)
        details = self._details(node)
        arguments = [d if value is None else next(columns) for value, d in zip(values, details, strict=True)]
        answer = predicate.kernel(*arguments)
        if answer is None:
            return self._row_by_row(node, need)
        array, unsaid = answer if isinstance(answer, tuple) else (answer, None)
        missing = union([value.missing for value in present] + [unsaid])
        result = from_array(array, node.kind, self._size(node.frame), missing)
        others = union([~value.ascii for value in present if isinstance(value, Texts)])
        if not predicate.ascii_only or others is None or not others.any():
            return result
        return merge(others, self._row_by_row(node, others if need is None else others & need), result)

    def _arguments(self, node: Node, need: Mask | None) -> list[Value | None]:
        """The values of a node's arguments; None for those that stand in the rules file."""
        constant = [self.plan.nodes[argument].operator == "constant" for argument in node.arguments]
        return [None if c else self.value(a, need) for a, c in zip(node.arguments, constant, strict=True)]

    def _details(self, node: Node) -> list[Any]:
        """The constants among a node's arguments."""
        return [self.plan.nodes[argument].detail for argument in node.arguments]

    def _scanned(self, number: int, node: Node, need: Mask | None) -> Value:
        """An operator that the scan answers, but for the rows that must be asked."""
        text, hits = self._hits_of(number, node)
        found: Any = np.zeros(self._size(node.frame), np.bool_ if node.kind is Kind.CONDITION else np.float64)
        found[hits.sure] = 1
        maybe = hits.maybe if need is None else hits.maybe[need[hits.maybe]]
        if len(maybe):
            one_by_one(node.operator, len(maybe))
            ask = self.searches.ask(number)
            found[maybe] = [ask(string) for string in text.python(maybe) if string is not None]
        return Truth(found, text.missing) if node.kind is Kind.CONDITION else Numbers(found, text.missing)

    def _hits_of(self, number: int, node: Node) -> tuple[Texts, Hits]:
        """The text that a node looks for something in, and where that is."""
        text = self.value(node.arguments[0])
        if not isinstance(text, Texts):
            raise TypeError(f"node {node.arguments[0]} is not a text")
        if number not in self._hits:
            self._hits.update(self.searches.run(node.arguments[0], text))
        return text, self._hits[number]

    def _connective(self, node: Node, need: Mask | None) -> Truth:
        """And, or: cheap arguments first, costly ones only where they can still change the answer.

        What may fail is asked everywhere: whether it fails must not depend on what else stands beside it.
        """
        fallible, lazy = self.plan.fallible, self.plan.lazy
        ordered = sorted(node.arguments, key=lambda argument: (not fallible[argument], lazy[argument]))
        combine = logic.conjunction if node.operator == "and" else logic.disjunction
        result = self.truth(ordered[0], need)
        for argument in ordered[1:]:
            if lazy[argument] and not fallible[argument]:
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
        predicate = catalog()[node.operator]
        n = self._size(node.frame)
        values = self._arguments(node, need)
        missing = None if predicate.takes_missing else union([value.missing for value in values if value is not None])
        wanted = np.ones(n, bool) if need is None else need
        index = np.flatnonzero(wanted if missing is None else wanted & ~missing)
        columns = [
            [detail] * len(index) if value is None else value.python(index)
            for value, detail in zip(values, self._details(node), strict=True)
        ]
        one_by_one(node.operator, len(index))
        results: list[Any] = [None] * n
        for row, arguments in zip(index.tolist(), zip(*columns, strict=True), strict=True):
            answer = predicate.evaluate(*arguments)
            results[row] = [arguments[0][s:e] for s, e in answer] if node.kind is Kind.PIECES else answer
        return from_python(results, node.kind)

    # ------------------------------------------------------------------------------------------------ single calls

    def _call(self, number: int, node: Node, need: Mask | None) -> Value:
        """An operator on only the rows that need it and have all its arguments; missing where it fails."""
        predicate = catalog()[node.operator]
        n = self._size(node.frame)
        values = self._arguments(node, need)
        wanted = np.ones(n, bool) if need is None else need
        missing = None if predicate.takes_missing else union([value.missing for value in values if value is not None])
        index = np.flatnonzero(wanted if missing is None else wanted & ~missing)
        pairs = zip(values, self._details(node), strict=True)
        arguments = [detail if value is None else value.python(index) for value, detail in pairs]
        by_row = [value is not None for value in values]
        one_by_one(node.operator, len(index))
        failures = self._failures.setdefault(number, {})
        results: list[Any] = [None] * n
        for row, answer in zip(index.tolist(), _answers(predicate, arguments, by_row, len(index)), strict=True):
            failures.pop(row, None)
            if isinstance(answer, FailedError):
                failures[row] = answer
            else:
                results[row] = answer
        return from_python(results, node.kind)

    def failed(self, number: int) -> Mask | None:
        """Where a call that a node's value stands on failed, among the rows where that was asked; None: nowhere."""
        node = self.plan.nodes[number]
        if not self.plan.fallible[number]:
            return None
        if node.operator == "lift":
            above = self.failed(node.arguments[0])
            return None if above is None else above[self._pieces(node.frame).parents]
        if node.operator == "quantified":
            return self._failed_quantified(node)
        found = union([self.failed(argument) for argument in node.arguments])
        own = self._failures.get(number)
        if not own:
            return found
        mask = np.zeros(self._size(node.frame), bool)
        mask[list(own)] = True
        return union([found, mask])

    def _failed_quantified(self, node: Node) -> Mask | None:
        """Where the pieces cannot be had, or the body failed on one of them."""
        pieces, body = node.arguments
        inside = self.failed(body)
        if inside is None:
            return self.failed(pieces)
        mask = np.zeros(self._size(node.frame), bool)
        mask[self._pieces(self.plan.frame_of[pieces]).parents[inside]] = True
        return union([self.failed(pieces), mask])

    def failure(self, number: int, row: int) -> tuple[int, FailedError] | None:
        """The first call that failed in a node on a row, as a node and its error; the order is the reference's."""
        node = self.plan.nodes[number]
        if not self.plan.fallible[number]:
            return None
        if node.operator == "lift":
            return self.failure(node.arguments[0], int(self._pieces(node.frame).parents[row]))
        if node.operator == "quantified":
            pieces, body = node.arguments
            own = np.flatnonzero(self._pieces(self.plan.frame_of[pieces]).parents == row).tolist()
            found = (self.failure(*place) for place in [(pieces, row), *((body, piece) for piece in own)])
        else:
            found = (self.failure(argument, row) for argument in node.arguments)
        first = next((failed for failed in found if failed is not None), None)
        error = self._failures.get(number, {}).get(row)
        return first if first is not None or error is None else (number, error)

    # ------------------------------------------------------------------------------------------------- frames of pieces

    def _size(self, frame: int) -> int:
        """The number of rows or pieces of a frame."""
        return self.table.n if frame == 0 else len(self._pieces(frame).parents)

    def _pieces(self, frame: int) -> Pieces:
        """The pieces that a frame consists of."""
        number = self.plan.frames[frame].pieces
        value = self.value(number) if number is not None else None
        if not isinstance(value, Pieces):
            raise TypeError(f"frame {frame} has no pieces")
        return value

    def _lift(self, node: Node, need: Mask | None) -> Value:
        """A value of the parent frame on each piece."""
        parents = self._pieces(node.frame).parents
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
        parents = self._pieces(frame).parents
        inside = self.truth(body, None if need is None else need[parents])
        counted = logic.quantified(inside, parents, self._size(node.frame), node.detail)
        return logic.unknown_where(counted, self.value(pieces).missing)


def _answers(predicate: Predicate, arguments: list[Any], by_row: list[bool], n: int) -> list[Any]:
    """What an operator says of n rows; a FailedError stands for itself. `by_row`: which arguments are lists."""
    if predicate.kernel is not None and any(by_row):
        answers: Any = predicate.kernel(*arguments) if n else []
        return list(answers)
    rows = [argument if own else [argument] * n for argument, own in zip(arguments, by_row, strict=True)]
    return [_answer(predicate, row) for row in zip(*rows, strict=True)]


def _answer(predicate: Predicate, arguments: tuple[Any, ...]) -> Any:
    try:
        return predicate.evaluate(*arguments)
    except FailedError as failed:
        return failed
