"""Run a plan: batches of rows in, parts of a label matrix out, in order.

A part depends on nothing but its batch, so parts may be computed anywhere: `backends` says where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from snorkel_dsl.caching import cache_folder
from snorkel_dsl.datasets.options import shortened
from snorkel_dsl.engine import backends
from snorkel_dsl.engine.answers import NOTHING, Answer, Broken, Coding, Failure, Unread
from snorkel_dsl.engine.cache import Kept, Known
from snorkel_dsl.engine.candidates import FEWEST_ROWS, Candidates
from snorkel_dsl.engine.execution import Execution
from snorkel_dsl.engine.faults import Fault, Faults
from snorkel_dsl.engine.plan import FunctionPlan, plan
from snorkel_dsl.engine.profile import phase
from snorkel_dsl.engine.searches import Searches
from snorkel_dsl.engine.table import BATCH_ROWS, Table, batches, readers_of
from snorkel_dsl.engine.values import Index, Mask, Truth, union
from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.language import ir
from snorkel_dsl.language.wording import as_written, call_in_words
from snorkel_dsl.predicates import catalog
from snorkel_dsl.votes import LabelMatrix

# What of a result differs from batch to batch: n, indptr, rows, codes, faults.
_Packed: TypeAlias = tuple[int, Any, Any, Any, Faults]

_MOST_READY = 4  # sets of functions that are planned at once

# ---------------------------------------------------------------------------------------------------------- functions


@dataclass
class _Silent:
    """Why a function has nothing to say: the calls that failed, and the values that it names none of."""

    failures: dict[Failure, None] = field(default_factory=dict)
    unlisted: dict[int, str] = field(default_factory=dict)


def answer(function: FunctionPlan, execution: Execution) -> Answer:
    """What a function says of a table."""
    match function:
        case FunctionPlan(unless=(), clauses=((int(node), int(code)),), column=None, columns=columns):
            if execution.table.broken.keys().isdisjoint(columns):
                rows = execution.found(node)
                if rows is not None:
                    return Answer(rows, np.full(len(rows), code, np.int16))
    silent = _Silent()
    index, votes = _votes(function, execution, silent)
    given = np.zeros(execution.table.n, np.int16)
    for mask, code in votes:
        given[mask] = code
    return Answer(index, given[index], tuple(sorted(silent.unlisted.items())), tuple(silent.failures))


def _votes(function: FunctionPlan, execution: Execution, silent: _Silent) -> tuple[Index, list[tuple[Mask, int]]]:
    """The rows on which a function votes, each code with its rows as a mask over the table; it abstains where a call fails."""
    open_ = np.ones(execution.table.n, bool)
    for column in function.columns:
        if column in execution.table.broken:
            open_ &= ~execution.table.broken[column]
    for condition in function.unless:
        truth, open_ = _ask(condition, open_, execution, silent)
        open_ = open_ & truth.false
    votes: list[tuple[Mask, int]] = []
    unknown = np.zeros(execution.table.n, bool)
    for node, code in function.clauses:
        if node is None:
            fires = open_ & ~unknown
        else:
            truth, open_ = _ask(node, open_, execution, silent)
            fires = open_ & truth.true
            if truth.unknown is not None:
                unknown |= truth.unknown
        if code is not None:
            votes.append((fires, code))
        open_ = open_ & ~fires
    if function.column is not None:
        votes += _by_column(function, function.column, execution, open_, silent)
    voted = union([mask for mask, _ in votes])
    return np.empty(0, np.int64) if voted is None else np.flatnonzero(voted), votes


def _ask(condition: int, open_: Mask, execution: Execution, silent: _Silent) -> tuple[Truth, Mask]:
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
            call, error = found
            failure = Failure(row, call_in_words(plan.calls[call]), shortened(error.value), str(error))
            silent.failures[failure] = None
    return _false_but(truth, matters), open_ & ~(failed & matters)


def _false_but(truth: Truth, matters: Mask) -> Truth:
    """The same truth where it matters, false elsewhere."""
    return Truth(truth.true & matters, None if truth.unknown is None else truth.unknown & matters)


def _by_column(
    function: FunctionPlan, column: str, execution: Execution, open_: Mask, silent: _Silent
) -> list[tuple[Mask, int]]:
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
                silent.unlisted[row] = shortened(as_written(value))
    return [(mask & open_, code) for code, mask in masks.items()]


# ------------------------------------------------------------------------------------------------------------ streaming


class Asked:
    """The functions of a program, planned and ready to be asked of any batch."""

    def __init__(self, program: ir.Program, scanner: str | None = None) -> None:
        """Plan a program. Raises RulesError where what a function stands on cannot be had."""
        self._program = program
        self._readers = readers_of(program)
        with phase("plan"):
            self._plan = plan(program)
            self._searches = Searches(self._plan, scanner)
            self.candidates = Candidates.of(program, scanner)
        for call in self._plan.calls.values():
            prepare = catalog()[call.operator].prepare
            if prepare is not None:
                prepare(*(argument.value for argument in call.arguments if isinstance(argument, ir.Constant)))

    def of_all(self, batch: pa.RecordBatch, read: Broken) -> tuple[list[Answer], Broken]:
        """As `of`, but where it pays, only the candidates of a large batch are asked.

        Of the columns in `read` it is known what cannot be read, and it need not be said again.
        """
        if self.candidates is None or batch.num_rows < FEWEST_ROWS:
            return self.of(batch)
        with phase("scan"):
            found = self.candidates.of_batch(batch, read)
        if found is None:
            return self.of(batch)
        chosen, rows = found
        return [answer.among(rows) for answer in self.of(chosen)[0]], {}

    def of(self, batch: pa.RecordBatch) -> tuple[list[Answer], Broken]:
        """What each function says of a batch, and what cannot be read of it."""
        with phase("columns"):
            table, faults = Table.from_batch(batch, self._program, readers=self._readers)
        broken: dict[str, list[Unread]] = {}
        for fault in faults:
            broken.setdefault(fault.column, []).append(Unread(fault.row, fault.value, fault.message))
        execution = Execution(self._plan, table, self._searches)
        answers = []
        for function in self._plan.functions:
            with phase("rules", function.name):
                answers.append(answer(function, execution))
        return answers, broken


@dataclass(frozen=True)
class Work:
    """What is done with a batch, wherever it is done: a program's votes and faults. A call depends on nothing else.

    With `cache`, what was computed before is not computed again. The batches come after so many rows `before` the first.
    """

    program: ir.Program
    facts: RuleFacts
    scanner: str | None = None
    cache: bool = False
    before: int = 0

    @cached_property
    def _coding(self) -> Coding:
        return Coding.of(self.program)

    @cached_property
    def _kept(self) -> Kept:
        return Kept(self.program)

    @cached_property
    def _asked(self) -> Callable[[tuple[int, ...]], Asked]:
        """Some functions, by their numbers, ready to be asked: batches lack few different sets of answers."""

        @lru_cache(maxsize=_MOST_READY)
        def asked(numbers: tuple[int, ...]) -> Asked:
            chosen = tuple(self.program.functions[number] for number in numbers)
            return Asked(replace(self.program, functions=chosen), self.scanner)

        return asked

    def __getstate__(self) -> dict[str, Any]:
        """What another process is sent: it makes the rest itself."""
        return {own.name: getattr(self, own.name) for own in fields(self)}

    def __call__(self, batch: pa.RecordBatch, first_row: int) -> tuple[LabelMatrix, Faults]:
        """The votes and faults of a batch that begins at a row of the data."""
        return self.completed(batch, first_row, self.known(batch))

    def known(self, batch: pa.RecordBatch) -> Known | None:
        """What is known of a batch; None where nothing is kept."""
        if not self.cache or cache_folder() is None:
            return None
        with phase("cache"):
            return self._kept.of(batch)

    def completed(self, batch: pa.RecordBatch, first_row: int, known: Known | None) -> tuple[LabelMatrix, Faults]:
        """As a call, with what is known of the batch."""
        answers, broken = self._answers(batch, known)
        with phase("assemble"):
            votes = self._coding.matrix(batch.num_rows, answers, self.facts)
            return votes, self._coding.faults(broken, answers, self.before + first_row)

    def _answers(self, batch: pa.RecordBatch, known: Known | None) -> tuple[list[Answer], Broken]:
        """What each function says of a batch, and what cannot be read of it; what is known of it is not asked again."""
        everything = tuple(range(len(self.program.functions)))
        if known is None:
            return self._asked(everything).of_all(batch, {})
        missing = known.missing
        if missing:
            answers, broken = self._ask(batch, known, missing)
            with phase("cache"):
                known.add(answers, broken)
        return [known.answers[number] for number in everything], known.broken

    def _ask(self, batch: pa.RecordBatch, known: Known, missing: tuple[int, ...]) -> tuple[dict[int, Answer], Broken]:
        """Ask what is missing. Those who have answered for the first rows are asked only of the rows that came after."""
        with phase("cache"):
            before = known.before
        early = () if before is None else tuple(number for number in missing if number in before.answers)
        if before is None or not early:
            answers, broken = self._asked(missing).of_all(batch, known.broken)
            return dict(zip(missing, answers, strict=True)), broken
        answers, broken = self._asked(early).of(batch.slice(before.rows))
        found = {n: before.answers[n].then(answer, before.rows) for n, answer in zip(early, answers, strict=True)}
        unread: dict[str, Sequence[Unread]] = {
            name: [*first, *(replace(one, row=before.rows + one.row) for one in broken.get(name, ()))]
            for name, first in before.broken.items()
        }
        late = tuple(number for number in missing if number not in found)
        if late:
            answers, broken = self._asked(late).of_all(batch, {})
            found |= dict(zip(late, answers, strict=True))
            unread.update(broken)
        return found, unread

    def packed(self, result: tuple[LabelMatrix, Faults]) -> _Packed:
        """A result without what every result has: the votes' own numbers, and the faults."""
        votes, faults = result
        rows = votes.rows.astype(np.uint16 if votes.n <= 1 << 16 else np.uint32)
        return votes.n, votes.indptr, rows, votes.codes, faults

    def unpacked(self, packed: _Packed) -> tuple[LabelMatrix, Faults]:
        """The result that was packed."""
        n, indptr, rows, codes, faults = packed
        return replace(self._empty, n=n, indptr=indptr, rows=rows.astype(np.int64), codes=codes), faults

    @cached_property
    def _empty(self) -> LabelMatrix:
        return self._coding.matrix(0, [NOTHING] * len(self.program.functions), self.facts)


def apply(
    program: ir.Program,
    data: Iterable[pa.RecordBatch],
    facts: RuleFacts | None = None,
    scanner: str | None = None,
    processes: int = 1,
    cache: bool = False,
) -> Iterator[tuple[LabelMatrix, Faults]]:
    """The votes of a program, batch by batch: for each, its part of the label matrix and its faults.

    A part's rows are counted from 0; a fault's row counts from the first row of all the data. At most a few
    batches with their votes are in memory. `scanner` is one of `scan.SCANNERS`; with several `processes` that many more
    work on batches; with `cache`, what was computed before is not computed again (`engine.cache`). The votes depend on
    none of these. Raises RulesError where a batch lacks a column, ChildProcessError where
    a process dies.
    """
    work = Work(program, facts or RuleFacts(), scanner, cache)
    if processes == 1:
        return backends.named("local")(work, data, 1)
    return _spread(work, iter(data), processes)


def _spread(work: Work, data: Iterator[pa.RecordBatch], processes: int) -> Iterator[tuple[LabelMatrix, Faults]]:
    """Work in several processes, which take a while to start: in this one while nearly all is known, and one batch longer."""
    first_row, much = 0, True
    for batch in data:
        known = work.known(batch)
        before, much = much, known is None or len(known.missing) > len(known.answers) // 4
        if before and much:
            yield from backends.named("processes")(replace(work, before=first_row), chain([batch], data), processes)
            return
        yield work.completed(batch, first_row, known)
        first_row += batch.num_rows


def label_matrix(
    program: ir.Program,
    data: Any,
    facts: RuleFacts | None = None,
    batch_rows: int = BATCH_ROWS,
    scanner: str | None = None,
    cache: bool = False,
) -> tuple[LabelMatrix, Faults]:
    """The votes of a program on all of some data (`engine.table.batches` says what data may be), with its faults."""
    parts: list[LabelMatrix] = []
    faults: list[Fault] = []
    for part, found in apply(program, batches(data, batch_rows), facts, scanner, cache=cache):
        parts.append(part)
        faults += found
    if not parts:
        parts = [Coding.of(program).matrix(0, [NOTHING] * len(program.functions), facts or RuleFacts())]
    return LabelMatrix.concat(parts), tuple(faults)
