"""Run a plan: batches of rows in, parts of a label matrix out, in order.

A part depends on nothing but its batch, so parts may be computed anywhere: `backends` says where.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from snorkel_dsl.datasets.options import shortened
from snorkel_dsl.engine import backends
from snorkel_dsl.engine.execution import Execution
from snorkel_dsl.engine.faults import Fault, Faults
from snorkel_dsl.engine.plan import FunctionPlan, Plan, plan
from snorkel_dsl.engine.searches import Searches
from snorkel_dsl.engine.table import BATCH_ROWS, Table, batches
from snorkel_dsl.engine.values import Index, Mask, Truth, union
from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.language import ir
from snorkel_dsl.language.wording import as_written, call_in_words
from snorkel_dsl.predicates import FailedError, catalog
from snorkel_dsl.votes import LabelMatrix

# The functions that a failure silences, by row and node.
_Failures: TypeAlias = dict[tuple[int, int, FailedError], list[str]]

# What of a result differs from batch to batch: n, indptr, rows, codes, faults.
_Packed: TypeAlias = tuple[int, Any, Any, Any, Faults]

_MOST_LISTED = 12  # values named in a message

# ---------------------------------------------------------------------------------------------------------- functions


def _votes(function: FunctionPlan, execution: Execution, failures: _Failures) -> tuple[Index, npt.NDArray[Any]]:
    """The rows on which a function votes, ascending, and its codes there."""
    code_type = _code_type(execution.plan)
    match function:
        case FunctionPlan(unless=(), clauses=((int(node), int(code)),), column=None, columns=columns):
            if not any(column in execution.table.broken for column in columns):
                rows = execution.found(node)
                if rows is not None:
                    return rows, np.full(len(rows), code, code_type)
    index, votes = _answer(function, execution, failures)
    given = np.zeros(execution.table.n, code_type)
    for mask, code in votes:
        given[mask] = code
    return index, given[index]


def _answer(function: FunctionPlan, execution: Execution, failures: _Failures) -> tuple[Index, list[tuple[Mask, int]]]:
    """The rows on which a function votes, each code with its rows as a mask over the table; it abstains where a call fails."""
    open_ = np.ones(execution.table.n, bool)
    for column in function.columns:
        if column in execution.table.broken:
            open_ &= ~execution.table.broken[column]
    for condition in function.unless:
        truth, open_ = _ask(condition, open_, execution, failures, function.name)
        open_ = open_ & truth.false
    votes: list[tuple[Mask, int]] = []
    unknown = np.zeros(execution.table.n, bool)
    for node, code in function.clauses:
        if node is None:
            fires = open_ & ~unknown
        else:
            truth, open_ = _ask(node, open_, execution, failures, function.name)
            fires = open_ & truth.true
            if truth.unknown is not None:
                unknown |= truth.unknown
        if code is not None:
            votes.append((fires, code))
        open_ = open_ & ~fires
    if function.column is not None:
        votes += _by_column(function, function.column, execution, open_)
    voted = union([mask for mask, _ in votes])
    return np.empty(0, np.int64) if voted is None else np.flatnonzero(voted), votes


def _ask(condition: int, open_: Mask, execution: Execution, failures: _Failures, function: str) -> tuple[Truth, Mask]:
    """The truth of a condition on the open rows, and which of them stay open: those where no call in it failed.

    As in `reference.ask`, an `and` is false where some part without a call that may fail is, and no call is made there.
    """
    plan = execution.plan
    if not plan.fallible[condition]:
        return execution.truth(condition, open_), open_
    node = plan.nodes[condition]
    matters = open_
    for part in node.arguments if node.operator == "and" else ():
        if not plan.fallible[part]:
            matters = matters & ~execution.truth(part, matters).false
    truth = execution.truth(condition, matters)
    failed = execution.failed(condition)
    if failed is None:
        return _false_but(truth, matters), open_
    for row in np.flatnonzero(failed & matters).tolist():
        found = execution.failure(condition, row)
        if found is not None:
            failures.setdefault((row, *found), []).append(function)
    return _false_but(truth, matters), open_ & ~(failed & matters)


def _false_but(truth: Truth, matters: Mask) -> Truth:
    """The same truth where it matters, false elsewhere."""
    return Truth(truth.true & matters, None if truth.unknown is None else truth.unknown & matters)


def _by_column(function: FunctionPlan, column: str, execution: Execution, open_: Mask) -> list[tuple[Mask, int]]:
    """The votes that the values of a column mean."""
    places = execution.places(column)
    masks: dict[int, Mask] = {}
    for value, code in function.meanings:
        if value in places:
            masks.setdefault(code, np.zeros(open_.size, bool))[places[value]] = True
    if function.abstaining:
        named = {value for value, _ in function.meanings} | set(function.abstaining)
        for value in places.keys() - named:
            for row in places[value][open_[places[value]]].tolist():
                execution.unlisted.setdefault((row, column), (value, []))[1].append(function)
    return [(mask & open_, code) for code, mask in masks.items()]


def _part(plan: Plan, table: Table, searches: Searches, facts: RuleFacts, first_row: int) -> tuple[LabelMatrix, Faults]:
    """The votes of all functions on one table, and the calls that failed."""
    execution = Execution(plan, table, searches)
    failures: _Failures = {}
    rows, codes, indptr = [], [], [0]
    for function in plan.functions:
        index, given = _votes(function, execution, failures)
        rows.append(index)
        codes.append(given)
        indptr.append(indptr[-1] + len(index))
    faults = _faults(plan, failures, first_row) + _unlisted(execution, first_row)
    return _matrix(plan, table.n, indptr, rows, codes, facts), faults


def _faults(plan: Plan, failures: _Failures, first_row: int) -> Faults:
    """The failures of a table as faults, in the order of the rows."""
    found = []
    for (row, node, error), functions in failures.items():
        call = call_in_words(plan.calls[node])
        rules = tuple(dict.fromkeys(functions))
        found.append(Fault(first_row + row, call, rules, shortened(error.value), str(error), is_call=True))
    return tuple(sorted(found, key=lambda fault: (fault.row, fault.column, fault.rules)))


def _unlisted(execution: Execution, first_row: int) -> Faults:
    """The values that some function names none of, although it means to name all, as faults in the order of the rows."""
    found = []
    for (row, column), (value, functions) in sorted(execution.unlisted.items(), key=lambda item: item[0]):
        named = [*(known for known, _ in functions[0].meanings), *functions[0].abstaining]
        listed = ", ".join(f"`{as_written(known)}`" for known in named[:_MOST_LISTED])
        more = f" and {len(named) - _MOST_LISTED} more" if len(named) > _MOST_LISTED else ""
        rules = tuple(function.name for function in functions)
        found.append(Fault(first_row + row, column, rules, shortened(as_written(value)), f"not one of {listed}{more}"))
    return tuple(found)


def _code_type(plan: Plan) -> type[np.int8] | type[np.int16]:
    """The type of a label matrix's codes: int8 unless a task has over 127 labels or there are as many sets of them."""
    largest = max([len(task.answers) for task in plan.tasks] + [len(plan.label_sets) + 1], default=0)
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


@dataclass(frozen=True)
class Work:
    """What is done with a batch, wherever it is done: a program's votes and faults. A call depends on nothing else."""

    program: ir.Program
    facts: RuleFacts
    scanner: str | None = None

    @cached_property
    def _plan(self) -> Plan:
        made = plan(self.program)
        for call in made.calls.values():
            prepare = catalog()[call.operator].prepare
            if prepare is not None:
                prepare(*(argument.value for argument in call.arguments if isinstance(argument, ir.Constant)))
        return made

    @cached_property
    def _searches(self) -> Searches:
        return Searches(self._plan, self.scanner)

    def __getstate__(self) -> dict[str, Any]:
        """What another process is sent: it makes the rest itself."""
        return {own.name: getattr(self, own.name) for own in fields(self)}

    def __call__(self, batch: pa.RecordBatch, first_row: int) -> tuple[LabelMatrix, Faults]:
        """The votes and faults of a batch that begins at a row of the data."""
        table, faults = Table.from_batch(batch, self.program, first_row)
        votes, failed = _part(self._plan, table, self._searches, self.facts, first_row)
        return votes, (*faults, *failed)

    def packed(self, result: tuple[LabelMatrix, Faults]) -> _Packed:
        """A result without what every result has: the votes' own numbers, and the faults."""
        votes, faults = result
        return votes.n, votes.indptr, votes.rows.astype(np.uint32), votes.codes, faults

    def unpacked(self, packed: _Packed) -> tuple[LabelMatrix, Faults]:
        """The result that was packed."""
        n, indptr, rows, codes, faults = packed
        return replace(self._empty, n=n, indptr=indptr, rows=rows.astype(np.int64), codes=codes), faults

    @cached_property
    def _empty(self) -> LabelMatrix:
        made = plan(self.program)
        return _matrix(made, 0, [0] * (len(made.functions) + 1), [], [], self.facts)


def apply(
    program: ir.Program,
    data: Iterable[pa.RecordBatch],
    facts: RuleFacts | None = None,
    scanner: str | None = None,
    processes: int = 1,
) -> Iterator[tuple[LabelMatrix, Faults]]:
    """The votes of a program, batch by batch: for each, its part of the label matrix and its faults.

    A part's rows are counted from 0; a fault's row counts from the first row of all the data. At most a few
    batches with their votes are in memory. `scanner` is one of `scan.SCANNERS`; with several `processes` that many more
    work on batches; the votes depend on neither. Raises RulesError where a batch lacks a column, ChildProcessError where
    a process dies.
    """
    run = backends.named("processes" if processes > 1 else "local")
    return run(Work(program, facts or RuleFacts(), scanner), data, processes)


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
    if not parts:
        made = plan(program)
        parts = [_matrix(made, 0, [0] * (len(made.functions) + 1), [], [], facts or RuleFacts())]
    return LabelMatrix.concat(parts), tuple(faults)
