"""The table of labeling functions: what each does on some data, what the model thinks of it, and what gold says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.datasets.options import ReadOptions, shortened
from snorkel_dsl.datasets.reading import Dataset
from snorkel_dsl.engine.feed import data_columns
from snorkel_dsl.labels import Labels
from snorkel_dsl.language import ir
from snorkel_dsl.models.base import Model
from snorkel_dsl.report.table import count, percent, share, table
from snorkel_dsl.votes import LabelMatrix

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Line:
    """One labeling function. Shares are of all rows; what cannot be said is None."""

    function: str
    labels: tuple[str, ...]
    votes: int
    coverage: float
    overlaps: float
    conflicts: float
    learned: float | None
    learned_error: float | None
    correct: int | None = None
    incorrect: int | None = None
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None


@dataclass(frozen=True)
class Analysis:
    """The labeling functions of one task on n rows, of which `covered` have a vote."""

    task: str
    rows: int
    covered: int
    conflicting: int
    model: str
    lines: tuple[Line, ...]


def analyse(
    votes: LabelMatrix,
    model: Model,
    labels: Labels,
    program: ir.Program,
    gold: npt.NDArray[np.int64] | None,
) -> Analysis:
    """The table of one task's functions; `gold` (n) holds class numbers, -1 where unknown."""
    summary = votes.summary(gold)
    learned, error = _learned(votes, model, labels)
    functions = {function.name: function for function in program.functions}
    sizes = np.diff(votes.indptr)
    lines = []
    for j, name in enumerate(votes.functions):
        row = summary.iloc[j]
        judged = {} if gold is None else _judged(row)
        lines.append(
            Line(
                name,
                _polarity(functions[name], votes.labels),
                int(sizes[j]),
                float(row["coverage"]),
                float(row["overlaps"]),
                float(row["conflicts"]),
                _number(learned[j]),
                _number(error[j]),
                **judged,
            )
        )
    covered, conflicting = int(votes.covered.sum()), int(votes.conflicting.sum())
    return Analysis(votes.only_task.name, votes.n, covered, conflicting, model.name, tuple(lines))


def _polarity(function: ir.LabelingFunction, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that a function can vote, in declared order."""
    seen = frozenset[int]().union(*(vote.labels for vote in function.votes))
    return tuple(labels[number] for number in sorted(seen))


def _judged(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = {name: int(row[name]) for name in ("correct", "incorrect")}
    return found | {name: _number(row[name]) for name in ("accuracy", "accuracy_low", "accuracy_high")}


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _learned(votes: LabelMatrix, model: Model, labels: Labels) -> tuple[list[float], list[float]]:
    """For each function the mean probability that its votes hold, and the standard error of that mean; NaN without votes.

    The posterior of a row is the model's, so a function's own weight counts in it as well.
    """
    means, errors = [], []
    for j in range(len(votes.functions)):
        own = votes.slice_of(j)
        probabilities = labels.probabilities[votes.rows[own]]
        held = np.zeros(probabilities.shape[0])
        for code in np.unique(votes.codes[own]):
            mine = votes.codes[own] == code
            held[mine] = probabilities[mine][:, sorted(votes.labels_of(int(code)))].sum(axis=1)
        size = held.size
        means.append(float(held.mean()) if size else float("nan"))
        errors.append(float(np.sqrt((held * (1 - held)).sum()) / size) if size else float("nan"))
    return means, errors


def as_text(analysis: Analysis) -> str:
    """The analysis as a table."""
    with_gold = any(line.correct is not None for line in analysis.lines)
    headers = ["function", "votes for", "votes", "coverage", "overlaps", "conflicts", "learned accuracy"]
    headers += ["correct", "incorrect", "accuracy", "95 % interval"] if with_gold else []
    rows = [_cells(line, with_gold) for line in analysis.lines]
    head = (
        f"task {analysis.task}: {count(analysis.rows, 'row')}, "
        f"{percent(analysis.covered / analysis.rows)} with a vote, "
        f"{percent(analysis.conflicting / analysis.rows)} with votes that exclude each other"
    )
    silent = [line.function for line in analysis.lines if not line.votes]
    foot = [f"\n{count(len(silent), 'function')} never voted: {', '.join(silent)}"] if silent else []
    return "\n".join([head, "", table(headers, rows, left=(0, 1)), *foot])


def _cells(line: Line, with_gold: bool) -> list[str]:
    learned = "–" if line.learned is None else f"{share(line.learned)} ± {share(line.learned_error)}"
    cells = [line.function, ", ".join(line.labels), f"{line.votes:,}"]
    cells += [percent(line.coverage), percent(line.overlaps), percent(line.conflicts), learned]
    if not with_gold:
        return cells
    interval = "–" if line.accuracy is None else f"{share(line.accuracy_low)} to {share(line.accuracy_high)}"
    return [*cells, f"{line.correct:,}", f"{line.incorrect:,}", share(line.accuracy), interval]


def as_json(analyses: Sequence[Analysis]) -> str:
    """The analyses as JSON, with a schema version."""
    return json.dumps(
        {"schema": SCHEMA_VERSION, "tasks": [asdict(one) for one in analyses]}, indent=2, ensure_ascii=False
    )


def uncovered(program: ir.Program, data: Dataset, options: ReadOptions, votes: LabelMatrix, most: int) -> str:
    """The first rows on which no function votes, with the values that the rules read; rows count from 1."""
    rows = np.flatnonzero(~votes.covered)
    wanted = set(rows[:most].tolist())
    sources = data_columns(program, data, options)
    lines = [f"{count(int(rows.size), 'row')} of {votes.n:,} without a vote ({percent(rows.size / max(votes.n, 1))})"]
    number = 0
    for batch in data.batches(list(dict.fromkeys(sources.values()))):
        if not wanted:
            break
        for row in sorted(wanted & set(range(number, number + batch.num_rows))):
            values = batch.slice(row - number, 1).to_pylist()[0]
            lines.append(f"\nrow {row + 1}")
            lines += [f"  {name}: {shortened(str(value), 300)}" for name, value in values.items() if value is not None]
            wanted.discard(row)
        number += batch.num_rows
    return "\n".join(lines)
