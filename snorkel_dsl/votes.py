"""The label matrix: n rows × m labeling functions.

The waist between rules and models; with `labels` the only place that knows what abstaining looks like. It is sparse and
stands function by function, because functions abstain on most rows: every operation here costs what the votes cost, never
n × m. Rows that got the same votes are the same to every label model, so `patterns` finds the distinct ones and how often
each occurs, and models never look at anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.arrays import (
    ABSTAIN,
    Ints,
    check_gold,
    check_gold_table,
    function_names,
    label_names,
    refuse_bad_labels,
    whole_numbers,
)
from snorkel_dsl.facts import RuleFacts, Said, answers_of
from snorkel_dsl.intervals import wilson_interval
from snorkel_dsl.questions import Question

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["ABSTAIN", "FIRST_SET", "Ints", "LabelMatrix", "Patterns", "TaskLabels", "check_gold", "wilson_interval"]

FIRST_SET = -2  # the code of `label_sets[0]`; the next set is one lower

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8] | npt.NDArray[np.int16]


@dataclass(frozen=True)
class TaskLabels:
    """A task's name and its labels in the order of their class numbers.

    Where `any_number` of its k labels may apply, a code y below k says that label y applies and k + y that it does not. A task
    `under` a label of another, (task, class number), is asked only of rows that have it.
    """

    name: str
    labels: tuple[str, ...]
    any_number: bool = False
    under: tuple[str, int] | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """What each code from 0 on says: the labels and, where any number may apply, that each does not."""
        return answers_of(self.labels, self.any_number)


@dataclass(frozen=True, eq=False, repr=False)
class LabelMatrix:
    """Votes of m labeling functions on n rows, sparse, function by function.

    The votes of function j are `codes[indptr[j]:indptr[j + 1]]` on the rows `rows[indptr[j]:indptr[j + 1]]` (ascending);
    on every other row it abstains. A code ≥ 0 is a class number of the function's task. A code ≤ -2 is a set of labels
    (a partial vote or a complement): `label_sets[-2 - code]`. -1 (abstain) is never stored.

    Shapes: `indptr` (m + 1) int64, `rows` (nnz) int64, `codes` (nnz) int8 (int16 where a task has over 127 labels).
    """

    n: int
    functions: tuple[str, ...]
    tasks: tuple[TaskLabels, ...]
    task_of: tuple[int, ...]  # for each function, the index of its task in `tasks`
    indptr: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int8] | npt.NDArray[np.int16]
    label_sets: tuple[frozenset[int], ...] = ()
    facts: RuleFacts = field(default_factory=RuleFacts)

    # --- making one -------------------------------------------------------------------------------------------------

    @classmethod
    def from_dense(
        cls,
        dense: npt.ArrayLike,
        functions: Sequence[str] | None = None,
        labels: Sequence[str] | int | None = None,
        task: str = "label",
        facts: RuleFacts | None = None,
    ) -> LabelMatrix:
        """A label matrix of one task from an n × m array of whole numbers: class numbers from 0, -1 where a function abstains.

        `functions` are m names (default `function_0` …); `labels` are the k names of the labels, or k (default: the highest
        class number seen, but at least 2 labels). Raises ValueError on an array that is not two-dimensional, on values
        that are not whole numbers (NaN too), below -1, or at or above k, and on names that do not fit or repeat.
        """
        votes = whole_numbers(dense)
        names = label_names(labels, int(votes.max(initial=1)) + 1)
        refuse_bad_labels(votes, len(names))
        named = function_names(functions, votes.shape[1])
        by_function = np.ascontiguousarray(votes.T)
        places = by_function != ABSTAIN
        _, rows = np.nonzero(places)
        return cls(
            n=votes.shape[0],
            functions=named,
            tasks=(TaskLabels(task, names),),
            task_of=(0,) * len(named),
            indptr=_pointers(places.sum(axis=1)),
            rows=rows.astype(np.int64, copy=False),
            codes=by_function[places].astype(code_dtype(len(names), 0)),
            facts=facts or RuleFacts(),
        )

    @classmethod
    def from_snorkel(
        cls, dense: npt.ArrayLike, functions: Sequence[str] | None = None, labels: Sequence[str] | int | None = None
    ) -> LabelMatrix:
        """A label matrix from what Snorkel's appliers return: n × m whole numbers, -1 abstains. See `from_dense`."""
        return cls.from_dense(dense, functions, labels)

    @classmethod
    def concat(cls, parts: Sequence[LabelMatrix]) -> LabelMatrix:
        """The parts one below the other. Raises ValueError without parts, or where functions or tasks differ."""
        if not parts:
            raise ValueError("nothing to concatenate")
        first = parts[0]
        for part in parts:
            if (part.functions, part.tasks, part.task_of) != (first.functions, first.tasks, first.task_of):
                raise ValueError("label matrices of different functions or tasks can't stand one below the other")
        sets = tuple(dict.fromkeys(labels for part in parts for labels in part.label_sets))
        dtype = code_dtype(max((len(task.answers) for task in first.tasks), default=0), len(sets))
        indptr = _pointers(np.sum([np.diff(part.indptr) for part in parts], axis=0))
        # Filled in place: besides the parts and the whole, nothing as large as they are is ever held.
        rows, codes = np.empty(indptr[-1], np.int64), np.empty(indptr[-1], dtype)
        filled, offset = indptr[:-1].tolist(), 0
        for part in parts:
            recoded = _recoded(part, sets, dtype)
            for j in np.flatnonzero(np.diff(part.indptr)).tolist():
                piece = part.slice_of(j)
                own = slice(filled[j], filled[j] + piece.stop - piece.start)
                np.add(part.rows[piece], offset, out=rows[own])
                codes[own] = recoded[piece]
                filled[j] = own.stop
            offset += part.n
        return replace(first, n=offset, indptr=indptr, rows=rows, codes=codes, label_sets=sets)

    # --- looking at parts of it ---------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        """(n, m)."""
        return self.n, len(self.functions)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the only task. Raises ValueError where there are several tasks."""
        return self.only_task.labels

    @property
    def only_task(self) -> TaskLabels:
        """The task of a matrix of one task. Raises ValueError where there are several."""
        if len(self.tasks) != 1:
            names = ", ".join(f"`{task.name}`" for task in self.tasks)
            raise ValueError(f"this label matrix has the tasks {names}: choose one with `.task(name)`")
        return self.tasks[0]

    def slice_of(self, function: int) -> slice:
        """Where in `rows` and `codes` the votes of function j stand."""
        return slice(int(self.indptr[function]), int(self.indptr[function + 1]))

    @property
    def function_of_vote(self) -> npt.NDArray[np.int32]:
        """For each vote the index of its function, (nnz)."""
        return np.repeat(np.arange(len(self.functions), dtype=np.int32), np.diff(self.indptr))

    def codes_of(self, function: int) -> list[int]:
        """The codes that stand among the votes of function j, ascending."""
        return self._codes_seen[function]

    @cached_property
    def _codes_seen(self) -> list[list[int]]:
        lowest = FIRST_SET + 1 - len(self.label_sets)
        width = int(self.codes.max(initial=0)) - lowest + 1
        found = []
        for piece in self._slices:
            seen: Bools = np.zeros(width, dtype=np.bool_)
            seen[self.codes[piece].astype(np.intp) - lowest] = True
            found.append([int(code) + lowest for code in np.flatnonzero(seen)])
        return found

    def labels_of(self, code: int) -> frozenset[int]:
        """The class numbers that a code allows."""
        return frozenset({code}) if code >= 0 else self.label_sets[FIRST_SET - code]

    def select(self, functions: Sequence[str] | Sequence[int]) -> LabelMatrix:
        """The columns of these functions (names or indexes), in this order. Raises ValueError on an unknown name."""
        columns = [self._index(function) for function in functions]
        chosen = self._of_slices([self.slice_of(j) for j in columns])
        functions, tasks = tuple(self.functions[j] for j in columns), tuple(self.task_of[j] for j in columns)
        return replace(chosen, functions=functions, task_of=tasks)

    def _of_slices(self, slices: Sequence[slice]) -> LabelMatrix:
        """A matrix with these slices of the votes, one a function."""
        return replace(
            self,
            indptr=_pointers(np.array([piece.stop - piece.start for piece in slices], dtype=np.int64)),
            rows=_joined([self.rows[piece] for piece in slices], np.dtype(np.int64)),
            codes=_joined([self.codes[piece] for piece in slices], self.codes.dtype),
        )

    def between(self, start: int, stop: int) -> LabelMatrix:
        """The matrix of the rows from `start` up to `stop`, which is not among them."""
        ends = [(piece.start, np.searchsorted(self.rows[piece], (start, stop))) for piece in self._slices]
        part = self._of_slices([slice(first + int(low), first + int(high)) for first, (low, high) in ends])
        return replace(part, n=stop - start, rows=part.rows - start)

    @property
    def _slices(self) -> list[slice]:
        return [self.slice_of(j) for j in range(len(self.functions))]

    def task(self, name: str) -> LabelMatrix:
        """The matrix of one task: its functions only. Raises ValueError on an unknown name."""
        names = [task.name for task in self.tasks]
        if name not in names:
            raise ValueError(f"no task is named `{name}`; the tasks are {', '.join(f'`{known}`' for known in names)}")
        index = names.index(name)
        chosen = self.select([j for j, task in enumerate(self.task_of) if task == index])
        return replace(chosen, tasks=(self.tasks[index],), task_of=(0,) * len(chosen.functions))

    def question(self, task: str, label: str | None = None) -> LabelMatrix:
        """The votes on one question, as a matrix of one task: whatever a vote on any task says of it.

        A task with one true label is one question, and the matrix's task is that task. Where any number of labels may apply,
        each is a question of its own: the matrix's task is called `task.label`, class 1 is the label and class 0 that it
        does not apply. A vote for a label carries over to those above its task, and as the requirements in the facts say
        (`questions.said_of`); a vote for one of several labels that may all apply says nothing of any one of them. Raises
        ValueError on an unknown task or label, and where a label is wanted or not.
        """
        asked = Question.of(self.tasks, self.facts, task, label)
        tables = [
            {code: asked.said(self._said(j, code)) for code in self.codes_of(j)} for j in range(len(self.functions))
        ]
        own = [
            j
            for j, table in enumerate(tables)
            if any(table.values())
            or asked.is_of(self.tasks[self.task_of[j]].name)
            or asked.expects(self.functions[j], table)
        ]
        return self.select(own)._recoded([tables[j] for j in own], asked)

    def _said(self, function: int, code: int) -> Said:
        return self.tasks[self.task_of[function]].name, self.labels_of(code)

    def _recoded(self, tables: Sequence[dict[int, frozenset[int]]], asked: Question) -> LabelMatrix:
        """The same functions with their codes as a question has them; a vote that says nothing of it is none."""
        sets = tuple(dict.fromkeys(said for table in tables for said in table.values() if len(said) > 1))
        codes = np.full(self.codes.size, ABSTAIN, dtype=code_dtype(len(asked.labels), len(sets)))
        for j, table in enumerate(tables):
            piece = self.slice_of(j)
            for code, said in table.items():
                if said:
                    codes[piece][self.codes[piece] == code] = _code(said, sets)
        kept = codes != ABSTAIN
        per_function = np.bincount(self.function_of_vote[kept], minlength=len(self.functions))
        return replace(
            self,
            tasks=(TaskLabels(asked.name, asked.labels),),
            task_of=(0,) * len(self.functions),
            indptr=_pointers(per_function),
            rows=self.rows[kept],
            codes=codes[kept],
            label_sets=sets,
            facts=asked.facts,
        )

    def widened(self, functions: Sequence[str]) -> LabelMatrix:
        """The columns of these functions, in this order; one that the matrix lacks abstains everywhere (one task only)."""
        self.only_task  # noqa: B018 - raises where there are several
        known = {name: self.slice_of(j) for j, name in enumerate(self.functions)}
        wider = self._of_slices([known.get(name, slice(0, 0)) for name in functions])
        return replace(wider, functions=tuple(functions), task_of=(0,) * len(functions))

    def take(self, rows: npt.ArrayLike) -> LabelMatrix:
        """The matrix of some rows: ascending row numbers, or a mask of n booleans."""
        chosen = np.asarray(rows)
        chosen = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
        if np.any(np.diff(chosen) <= 0):
            raise ValueError("row numbers must ascend")
        place = np.full(self.n, -1, dtype=np.int64)
        place[chosen] = np.arange(chosen.size)
        parts = []
        for piece in self._slices:  # function by function: nothing as large as the whole is made beside it
            places = place[self.rows[piece]]
            kept = places >= 0
            parts.append((places[kept], self.codes[piece][kept]))
        return replace(
            self,
            n=int(chosen.size),
            indptr=_pointers(np.array([codes.size for _, codes in parts], dtype=np.int64)),
            rows=_joined([places for places, _ in parts], np.dtype(np.int64)),
            codes=_joined([codes for _, codes in parts], self.codes.dtype),
        )

    def _index(self, function: str | int) -> int:
        if isinstance(function, str):
            if function not in self.functions:
                raise ValueError(f"no function is named `{function}`")
            return self.functions.index(function)
        return int(function)

    # --- turning it into something else --------------------------------------------------------------------------------

    def to_numpy(self, set_codes: bool = False) -> Codes:
        """The votes as a dense n × m array, int8 or int16, -1 where a function abstains.

        Votes for a set of labels have no class number: they raise ValueError, unless `set_codes` asks for their codes
        (≤ -2, indexes into `label_sets`).
        """
        if not set_codes and self.codes.size and int(self.codes.min()) <= FIRST_SET:
            raise ValueError("some votes are for sets of labels and have no class number: ask for `set_codes=True`")
        dense: Codes = np.full((self.n, len(self.functions)), ABSTAIN, dtype=self.codes.dtype)
        dense[self.rows, self.function_of_vote] = self.codes
        return dense

    def to_pandas(self) -> pd.DataFrame:
        """The votes as a DataFrame, n rows, one column of whole numbers a function; codes as in this class."""
        import pandas as pd

        return pd.DataFrame({name: self._column(j) for j, name in enumerate(self.functions)}, index=range(self.n))

    def to_arrow(self) -> pa.Table:
        """The votes as an Arrow table, one column of whole numbers a function; the labels stand in its metadata."""
        import json

        import pyarrow as pa

        about = {
            "tasks": [asdict(task) for task in self.tasks],
            "task_of": self.task_of,
            "label_sets": [sorted(labels) for labels in self.label_sets],
        }
        columns = {name: pa.array(self._column(j)) for j, name in enumerate(self.functions)}
        return pa.table(columns).replace_schema_metadata({"snorkel_dsl": json.dumps(about)})

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        stream: object = self.to_arrow().__arrow_c_stream__(requested_schema)  # type: ignore[no-untyped-call]
        return stream

    def _column(self, function: int) -> Codes:
        column: Codes = np.full(self.n, ABSTAIN, dtype=self.codes.dtype)
        piece = self.slice_of(function)
        column[self.rows[piece]] = self.codes[piece]
        return column

    # --- what the votes look like ---------------------------------------------------------------------------------------

    @property
    def votes_per_row(self) -> Ints:
        """How many functions vote on each row, (n)."""
        return np.bincount(self.rows, minlength=self.n).astype(np.int64, copy=False)

    @property
    def covered(self) -> Bools:
        """The rows on which at least one function votes, (n)."""
        return self.votes_per_row > 0

    @property
    def overlapping(self) -> Bools:
        """The rows on which at least two functions vote on the same task, or label where any number may apply, (n)."""
        mask: Bools = np.zeros(self.n, dtype=np.bool_)
        mask[self.rows[self._accompanied()]] = True
        return mask

    @property
    def conflicting(self) -> Bools:
        """The rows on which two functions vote for disjoint sets of labels, (n)."""
        mask: Bools = np.zeros(self.n, dtype=np.bool_)
        mask[self.rows[self._opposed()]] = True
        return mask

    def coverage(self) -> Floats:
        """For each function the share of rows on which it votes, (m)."""
        return np.diff(self.indptr) / max(self.n, 1)

    def overlaps(self) -> Floats:
        """For each function the share of rows on which another votes on its task, or label where any number may apply, (m)."""
        return self._shares(self._accompanied())

    def conflicts(self) -> Floats:
        """For each function the share of rows on which another function votes for labels that it excludes, (m)."""
        return self._shares(self._opposed())

    def polarity(self) -> tuple[frozenset[int], ...]:
        """For each function the class numbers that it was seen to vote for; a set counts each of its labels."""
        seen = [self.codes_of(j) for j in range(len(self.functions))]
        return tuple(frozenset[int]().union(*(self.labels_of(code) for code in codes)) for codes in seen)

    def _shares(self, votes: Bools) -> Floats:
        per_function = np.bincount(self.function_of_vote, weights=votes, minlength=len(self.functions))
        return np.asarray(per_function / max(self.n, 1), dtype=np.float64)

    @property
    def _task_of_vote(self) -> npt.NDArray[np.int32]:
        return np.asarray(self.task_of, dtype=np.int32)[self.function_of_vote]

    def _accompanied(self) -> Bools:
        """For each vote, whether there is another on its row in the same task, or of the same label, (nnz)."""
        found: Bools = np.zeros(self.rows.size, dtype=np.bool_)
        for index, task in enumerate(self.tasks):
            mine = np.flatnonzero(self._task_of_vote == index)
            rows = self.rows[mine]
            if not task.any_number:
                found[mine] = np.bincount(rows, minlength=self.n)[rows] > 1
                continue
            k = len(task.labels)
            for label in range(k):
                about = [c for c in np.unique(self.codes[mine]) if any(y % k == label for y in self.labels_of(int(c)))]
                these = np.isin(self.codes[mine], about)
                found[mine[these]] |= np.bincount(rows[these], minlength=self.n)[rows[these]] > 1
        return found

    def _opposed(self) -> Bools:
        """For each vote, whether another vote on its row in the same task excludes all its labels, (nnz)."""
        opposed: Bools = np.zeros(self.rows.size, dtype=np.bool_)
        for index, task in enumerate(self.tasks):
            mine = np.flatnonzero(self._task_of_vote == index)
            opposed[mine] = self._opposed_within(self.rows[mine], self.codes[mine], task)
        return opposed

    def _exclude(self, task: TaskLabels, code: int, other: int) -> bool:
        """Whether two votes on a task cannot both be right."""
        said, against = self.labels_of(code), self.labels_of(other)
        if task.any_number:
            return len(said) == len(against) == 1 and abs(code - other) == len(task.labels)
        return not said & against

    def _opposed_within(self, rows: Ints, codes: Codes, task: TaskLabels) -> Bools:
        if not task.any_number and (codes.size == 0 or int(codes.min()) >= 0):
            lowest = np.full(self.n, np.iinfo(np.int16).max, dtype=np.int16)
            highest = np.full(self.n, -1, dtype=np.int16)
            np.minimum.at(lowest, rows, codes.astype(np.int16))
            np.maximum.at(highest, rows, codes.astype(np.int16))
            return np.asarray(lowest[rows] != highest[rows])
        opposed: Bools = np.zeros(codes.size, dtype=np.bool_)
        present = [int(code) for code in np.unique(codes)]
        for code in present:
            excluding = [other for other in present if self._exclude(task, code, other)]
            against: Bools = np.zeros(self.n, dtype=np.bool_)
            against[rows[np.isin(codes, excluding)]] = True
            mine = codes == code
            opposed[mine] = against[rows[mine]]
        return opposed

    def patterns(self) -> Patterns:
        """The distinct rows, in the order in which they first appear, with their counts.

        Rows are compared by a 64-bit sum of one fixed random number for each (function, code): two different rows out of
        a million meet by chance in one matrix of thirty million.
        """
        fingerprint = np.zeros(self.n, dtype=np.uint64)
        numbers = _fingerprints(len(self.functions), self.codes)
        lowest = int(self.codes.min(initial=0))
        for j in range(len(self.functions)):
            piece = self.slice_of(j)
            fingerprint[self.rows[piece]] += numbers[j, self.codes[piece].astype(np.int64) - lowest]
        _, first, inverse, counts = np.unique(fingerprint, return_index=True, return_inverse=True, return_counts=True)
        by_appearance = np.argsort(first)
        rank = np.empty_like(by_appearance)
        rank[by_appearance] = np.arange(by_appearance.size)
        return Patterns(self.take(first[by_appearance]), counts[by_appearance].astype(np.int64), rank[inverse])

    @cached_property
    def worked_out(self) -> dict[Any, Any]:
        """What was worked out from these votes and is kept with them, by keys of those who did."""
        return {}

    # --- reports -------------------------------------------------------------------------------------------------------

    def summary(self, gold: npt.ArrayLike | None = None) -> pd.DataFrame:
        """A table of the labeling functions, one row each.

        Columns: `polarity` (names of the labels it votes for), `coverage`, `overlaps`, `conflicts` (shares of rows); with
        `gold`, n class numbers and -1 where unknown (one task only; where any number of k labels may apply, n × k of 1, 0
        and -1): `correct` and `incorrect` votes, `accuracy` and its 95 % Wilson interval `accuracy_low`, `accuracy_high`
        (NaN without a judged vote). A set is correct if it holds the gold label.
        """
        import pandas as pd

        names = [self.tasks[task].answers for task in self.task_of]
        columns: dict[str, Any] = {
            "polarity": [
                ", ".join(own[y] for y in sorted(seen)) for own, seen in zip(names, self.polarity(), strict=True)
            ],
            "coverage": self.coverage(),
            "overlaps": self.overlaps(),
            "conflicts": self.conflicts(),
        }
        if gold is not None:
            columns |= self._judged(np.asarray(gold))
        return pd.DataFrame(columns, index=pd.Index(self.functions, name="function"))

    def _judged(self, gold: npt.NDArray[Any]) -> dict[str, Any]:
        right, known = self._right(gold)
        correct = np.rint(self._shares(right) * max(self.n, 1)).astype(np.int64)
        judged = np.rint(self._shares(known) * max(self.n, 1)).astype(np.int64)
        low, high = wilson_interval(correct, judged)
        with np.errstate(invalid="ignore"):
            accuracy = np.where(judged > 0, correct / np.maximum(judged, 1), np.nan)
        return {
            "correct": correct,
            "incorrect": judged - correct,
            "accuracy": accuracy,
            "accuracy_low": low,
            "accuracy_high": high,
        }

    def _right(self, gold: npt.NDArray[Any]) -> tuple[Bools, Bools]:
        """For each vote whether it is right, and whether gold tells, (nnz) each; of a set, one of its answers must be true."""
        k = len(self.labels)
        if self.only_task.any_number:
            table = check_gold_table(gold, self.n, k)
            true, false = np.hstack([table == 1, table == 0]), np.hstack([table == 0, table == 1])
        else:
            truth = check_gold(gold, self.n, k)
            true = truth[:, None] == np.arange(k)
            false = (truth >= 0)[:, None] & ~true
        right, wrong = np.zeros(self.codes.size, dtype=np.bool_), np.zeros(self.codes.size, dtype=np.bool_)
        for code in np.unique(self.codes):
            mine, answers = np.flatnonzero(self.codes == code), sorted(self.labels_of(int(code)))
            right[mine] = true[self.rows[mine]][:, answers].any(axis=1)
            wrong[mine] = false[self.rows[mine]][:, answers].all(axis=1)
        return right, right | wrong

    def __repr__(self) -> str:
        tasks = ", ".join(f"{task.name} ({len(task.labels)} labels)" for task in self.tasks)
        return f"LabelMatrix({self.n} rows × {len(self.functions)} functions, {self.rows.size} votes; {tasks})"

    def _repr_html_(self) -> str:
        import html

        table = self.summary().to_html(float_format=lambda share: f"{share:.3f}")
        return f"<p>{html.escape(repr(self)[len('LabelMatrix(') : -1])}</p>{table}"


@dataclass(frozen=True, eq=False)
class Patterns:
    """The distinct rows of a label matrix.

    `votes` holds each once (p rows), `counts` (p) how often it occurs, `inverse` (n) the pattern of every row.
    """

    votes: LabelMatrix
    counts: Ints
    inverse: Ints


def code_dtype(labels: int, sets: int) -> np.dtype[Any]:
    """The smallest type that holds the class numbers and the codes of the sets."""
    return np.dtype(np.int8) if labels <= 128 and sets <= 127 else np.dtype(np.int16)


def _pointers(per_function: npt.NDArray[Any]) -> Ints:
    return np.concatenate([[0], np.cumsum(per_function)]).astype(np.int64)


def _joined(pieces: Sequence[npt.NDArray[Any]], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=dtype)


def _code(labels: frozenset[int], sets: tuple[frozenset[int], ...]) -> int:
    """The code of a set of labels: its only one, or the place of the set."""
    return next(iter(labels)) if len(labels) == 1 else FIRST_SET - sets.index(labels)


def _recoded(part: LabelMatrix, sets: tuple[frozenset[int], ...], dtype: np.dtype[Any]) -> Codes:
    """The codes of a part, with sets numbered as in `sets`."""
    codes = part.codes.astype(dtype)
    for index, labels in enumerate(part.label_sets):
        codes[part.codes == FIRST_SET - index] = FIRST_SET - sets.index(labels)
    return codes


def _fingerprints(functions: int, codes: Codes) -> npt.NDArray[np.uint64]:
    """One fixed random odd 64-bit number for each function and code, (m, number of codes from the lowest on)."""
    width = int(codes.max(initial=0)) - int(codes.min(initial=0)) + 1
    drawn = np.random.default_rng(0).integers(0, 2**63, size=(functions, width), dtype=np.uint64)
    return drawn * np.uint64(2) + np.uint64(1)
