"""What each labeling function says of one batch of rows, and how the answers of all of them become votes and faults.

An answer depends on what the function means and on the columns that it reads, and on nothing else: not on the functions
beside it, not on where in the data the batch begins. So it may be computed once and kept (`engine.cache`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from snorkel_dsl.engine.faults import Fault, Faults
from snorkel_dsl.engine.values import Index
from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.language import ir
from snorkel_dsl.language.wording import as_written
from snorkel_dsl.votes import FIRST_SET, LabelMatrix, TaskLabels, code_dtype

_MOST_LISTED = 12  # values named in a message


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed, by its row in the batch: how it is written, what it was asked of in short, and what went wrong."""

    row: int
    call: str
    value: str
    message: str


@dataclass(frozen=True)
class Answer:
    """What a function says of a batch: the rows on which it votes, ascending, and its codes there.

    A code is a class number, or -2 - i for the set of labels number i of `sets_of` the function. `unlisted` are the values,
    in short, that it names none of although it means to name all, by row; `failures` the calls that silenced it.
    """

    rows: Index
    codes: npt.NDArray[Any]
    unlisted: tuple[tuple[int, str], ...] = ()
    failures: tuple[Failure, ...] = ()

    def then(self, other: Answer, first_row: int) -> Answer:
        """The same answer on the rows before a row, and the other on those from there on, which it counts from 0."""
        return Answer(
            np.concatenate([self.rows, other.rows + first_row]),
            np.concatenate([self.codes, other.codes]),
            (*self.unlisted, *((first_row + row, value) for row, value in other.unlisted)),
            (*self.failures, *(replace(failed, row=first_row + failed.row) for failed in other.failures)),
        )

    def among(self, rows: Index) -> Answer:
        """The same answer where the rows that it speaks of are these, ascending, of a larger batch."""
        return Answer(
            rows[self.rows],
            self.codes,
            tuple((int(rows[row]), value) for row, value in self.unlisted),
            tuple(replace(failed, row=int(rows[failed.row])) for failed in self.failures),
        )


NOTHING = Answer(np.empty(0, np.int64), np.empty(0, np.int8))


@dataclass(frozen=True, slots=True)
class Unread:
    """A value of a column that cannot be read, by its row in the batch."""

    row: int
    value: str
    message: str


Broken: TypeAlias = Mapping[str, Sequence[Unread]]
"""What cannot be read of a batch, by column."""


def sets_of(function: ir.LabelingFunction) -> tuple[frozenset[int], ...]:
    """The sets of labels that a function may vote for, in an order that depends on nothing but the sets."""
    several = {vote.labels for vote in function.votes if len(vote.labels) != 1}
    return tuple(sorted(several, key=sorted))


@dataclass(frozen=True)
class Coding:
    """How the votes of a program are numbered in a label matrix. `own` are the codes of each function's own sets."""

    program: ir.Program
    tasks: tuple[TaskLabels, ...]
    task_of: tuple[int, ...]
    label_sets: tuple[frozenset[int], ...]
    own: tuple[tuple[int, ...], ...]
    type: np.dtype[Any]
    readers: Mapping[str, tuple[str, ...]]  # by column, the functions that read it

    @classmethod
    def of(cls, program: ir.Program) -> Coding:
        """The numbers of a program."""
        tasks = tuple(TaskLabels(task.name, task.labels, task.any_number, task.under) for task in program.tasks)
        numbers = {task.name: number for number, task in enumerate(tasks)}
        votes = (vote.labels for function in program.functions for vote in function.votes)
        sets = tuple(dict.fromkeys(labels for labels in votes if len(labels) != 1))
        codes = {labels: FIRST_SET - number for number, labels in enumerate(sets)}
        readers: dict[str, list[str]] = {}
        for function in program.functions:
            for name in function.columns:
                readers.setdefault(name, []).append(function.name)
        return cls(
            program,
            tasks,
            tuple(numbers[function.task] for function in program.functions),
            sets,
            tuple(tuple(codes[labels] for labels in sets_of(function)) for function in program.functions),
            code_dtype(max((len(task.answers) for task in tasks), default=0), len(sets)),
            {name: tuple(functions) for name, functions in readers.items()},
        )

    def matrix(self, n: int, answers: Sequence[Answer], facts: RuleFacts) -> LabelMatrix:
        """The label matrix of n rows from the answer of each function, in order."""
        codes = [_recoded(answer.codes, own) for answer, own in zip(answers, self.own, strict=True)]
        return LabelMatrix(
            n=n,
            functions=tuple(function.name for function in self.program.functions),
            tasks=self.tasks,
            task_of=self.task_of,
            indptr=np.cumsum([0, *(len(answer.rows) for answer in answers)], dtype=np.int64),
            rows=np.concatenate([np.empty(0, np.int64), *(answer.rows for answer in answers)]),
            codes=np.concatenate([np.empty(0, self.type), *codes], dtype=self.type, casting="unsafe"),
            label_sets=self.label_sets,
            facts=facts,
        )

    def faults(self, broken: Broken, answers: Sequence[Answer], first_row: int) -> Faults:
        """What went wrong on a batch that begins at a row of the data."""
        bad = [
            Fault(first_row + one.row, column.name, self.readers[column.name], one.value, one.message)
            for column in self.program.columns
            for one in broken.get(column.name, ())
        ]
        named = list(zip(self.program.functions, answers, strict=True))
        return (*bad, *_failed(named, first_row), *_unlisted(named, first_row))


def _recoded(codes: npt.NDArray[Any], own: tuple[int, ...]) -> npt.NDArray[Any]:
    """A function's codes with the numbers that its sets of labels have in the whole program."""
    if not own or tuple(range(FIRST_SET, FIRST_SET - len(own), -1)) == own:
        return codes
    wide = codes.astype(np.int16)
    sets = wide <= FIRST_SET
    wide[sets] = np.array(own, np.int16)[FIRST_SET - wide[sets]]
    return wide


Answered: TypeAlias = Sequence[tuple[ir.LabelingFunction, Answer]]


def _failed(answers: Answered, first_row: int) -> Iterable[Fault]:
    """The calls that failed, each with all functions that it silences, in the order of the rows."""
    silenced: dict[Failure, list[str]] = {}
    for function, answer in answers:
        for failure in answer.failures:
            silenced.setdefault(failure, []).append(function.name)
    found = [
        Fault(first_row + failed.row, failed.call, tuple(functions), failed.value, failed.message, is_call=True)
        for failed, functions in silenced.items()
    ]
    return sorted(found, key=lambda fault: (fault.row, fault.column, fault.rules))


def _unlisted(answers: Answered, first_row: int) -> Iterable[Fault]:
    """The values that some function names none of, although it means to name all, in the order of the rows."""
    found: dict[tuple[int, str], tuple[str, list[ir.LabelingFunction]]] = {}
    for function, answer in answers:
        column = "" if function.by_column is None else function.by_column.column
        for row, value in answer.unlisted:
            found.setdefault((row, column), (value, []))[1].append(function)
    for (row, column), (value, functions) in sorted(found.items(), key=lambda item: item[0]):
        rules = tuple(function.name for function in functions)
        yield Fault(first_row + row, column, rules, value, f"not one of {_named(functions[0])}")


def _named(function: ir.LabelingFunction) -> str:
    """The values that a function by column names, the first of them."""
    by = function.by_column
    named = () if by is None else (*(known for known, _ in by.meanings), *by.abstaining)
    listed = ", ".join(f"`{as_written(known)}`" for known in named[:_MOST_LISTED])
    return listed + (f" and {len(named) - _MOST_LISTED} more" if len(named) > _MOST_LISTED else "")
