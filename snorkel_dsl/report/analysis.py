"""The table of labeling functions: what each does on some data, what the model thinks of it, and what gold says.

What a model thinks of a function is its own estimate of the function's precision with its standard error, where it has one
(its `summary`); else the mean posterior of the function's votes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.datasets.options import ReadOptions, shortened
from snorkel_dsl.datasets.reading import Dataset
from snorkel_dsl.engine.feed import data_columns
from snorkel_dsl.labels import Labels
from snorkel_dsl.language import ir
from snorkel_dsl.models.base import Model
from snorkel_dsl.models.tasks import Answered
from snorkel_dsl.report.names import package_of, short_names
from snorkel_dsl.report.table import count, percent, share, table
from snorkel_dsl.votes import LabelMatrix

SCHEMA_VERSION = 1
MANY_ROWS = 5_000  # from here on a third digit means something

Estimates = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Line:
    """One labeling function. Shares are of all rows; what cannot be said is None.

    `on` is the task of its rule where that is another one, whose votes say something of this task too.
    """

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
    on: str | None = None


@dataclass(frozen=True)
class Analysis:
    """The labeling functions of one task on n rows, of which `covered` have a vote.

    `directly` counts the rows with a vote of a rule on the task itself; on the others, votes on other tasks say something of
    it. `under` is the label that the task stands under.

    `learned_from` says what `Line.learned` is: the "model" estimated it with a standard error, or it is the mean
    "posterior" of the function's votes with the standard error of that mean.
    """

    task: str
    rows: int
    covered: int
    conflicting: int
    model: str
    learned_from: str
    lines: tuple[Line, ...]
    directly: int | None = None
    under: str | None = None


def analyse(one: Answered, gold: npt.NDArray[np.int64] | None) -> Analysis:
    """The table of the functions that vote on one question; `gold` (n) holds class numbers, -1 where unknown."""
    votes, model, labels = one.votes, one.model, one.labels
    summary = votes.summary(gold)
    estimated = _estimated(model, votes)
    learned, error = _posterior(votes, labels) if estimated is None else estimated
    sizes = np.diff(votes.indptr)
    lines = []
    for j, name in enumerate(votes.functions):
        row = summary.iloc[j]
        judged = {} if gold is None else _judged(row)
        lines.append(
            Line(
                name,
                _polarity(votes, j),
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
    learned_from = "posterior" if estimated is None else "model"
    return Analysis(votes.only_task.name, votes.n, covered, conflicting, model.name, learned_from, tuple(lines))


def _polarity(votes: LabelMatrix, function: int) -> tuple[str, ...]:
    """The labels that a function can vote, in declared order."""
    known = votes.facts.functions.get(votes.functions[function])
    seen = votes.polarity()[function] if known is None else known.polarity
    return tuple(votes.labels[number] for number in sorted(seen))


def analyse_all(
    votes: LabelMatrix, answered: Sequence[Answered], gold: Mapping[str, npt.NDArray[np.int64]]
) -> list[Analysis]:
    """An analysis for each task; one whose labels may all apply has a line for each function and label that it votes on.

    `gold` has the gold of each task that has some, as `Answered.gold_of` takes it.
    """
    found: list[Analysis] = []
    for task in dict.fromkeys(one.task for one in answered):
        own = [one for one in answered if one.task == task]
        each = [analyse(one, one.gold_of(gold)) for one in own]
        made = _together(votes, own, each, gold.get(task.name)) if task.any_number else each[0]
        found.append(_among_tasks(votes, made))
    return found


def _among_tasks(votes: LabelMatrix, made: Analysis) -> Analysis:
    """An analysis that says of each function whether its rule is on another task."""
    known = votes.facts.functions
    on = {name: known[name].task for name in votes.functions if name in known}
    lines = [
        replace(line, on=None if on.get(line.function) in (None, made.task) else on[line.function])
        for line in made.lines
    ]
    if all(line.on is None for line in lines):
        directly = made.covered
    else:
        own = votes.select([name for name in votes.functions if on.get(name) == made.task])
        directly = int(own.covered.sum()) if own.functions else 0
    task = next(one for one in votes.tasks if one.name == made.task)
    above = next((one for one in votes.tasks if task.under is not None and one.name == task.under[0]), None)
    under = None if above is None or task.under is None else f"{above.name}.{above.labels[task.under[1]]}"
    return replace(made, lines=tuple(lines), directly=directly, under=under)


def _together(
    votes: LabelMatrix, own: Sequence[Answered], each: Sequence[Analysis], gold: npt.NDArray[np.int64] | None
) -> Analysis:
    """The analyses of the labels of one task as one, with the functions that never vote on one label alone."""
    covered = np.any([one.votes.covered for one in own], axis=0)
    conflicting = np.any([one.votes.conflicting for one in own], axis=0)
    models = ", ".join(dict.fromkeys(one.model for one in each))
    learned_from = "model" if all(one.learned_from == "model" for one in each) else "posterior"
    lines = tuple(line for one in each for line in one.lines)
    told = {line.function for line in lines}
    untold = votes.task(own[0].task.name)
    lines += _unlearned(untold.select([name for name in untold.functions if name not in told]), gold)
    sums = int(covered.sum()), int(conflicting.sum())
    return Analysis(own[0].task.name, each[0].rows, *sums, models, learned_from, lines)


def _unlearned(votes: LabelMatrix, gold: npt.NDArray[np.int64] | None) -> tuple[Line, ...]:
    """Lines of functions of which no model says anything: votes for one of several labels that may all apply."""
    summary, answers = votes.summary(gold), votes.only_task.answers
    lines = []
    for j, name in enumerate(votes.functions):
        row = summary.iloc[j]
        said = tuple(answers[number] for number in sorted(votes.polarity()[j]))
        coverage, overlaps, conflicts = (float(row[share]) for share in ("coverage", "overlaps", "conflicts"))
        judged = {} if gold is None else _judged(row)
        number = int(votes.indptr[j + 1] - votes.indptr[j])
        lines.append(Line(name, (" or ".join(said),), number, coverage, overlaps, conflicts, None, None, **judged))
    return tuple(lines)


def _judged(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = {name: int(row[name]) for name in ("correct", "incorrect")}
    return found | {name: _number(row[name]) for name in ("accuracy", "accuracy_low", "accuracy_high")}


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _estimated(model: Model, votes: LabelMatrix) -> Estimates | None:
    """The model's own estimates of the functions' precisions and their standard errors, (m) each; None where it has none.

    A function that says several things has the mean over its votes; NaN without votes.
    """
    table = model.summary()
    if not table["error"].notna().any():
        return None
    means, errors = (np.full(len(votes.functions), np.nan) for _ in range(2))
    for j, name in enumerate(votes.functions):
        own = table[table["function"] == name]
        coverage = own["coverage"].to_numpy()
        if coverage.sum() > 0:
            weights = coverage / coverage.sum()
            means[j] = weights @ own["precision"].to_numpy()
            errors[j] = np.sqrt(((weights * own["error"].to_numpy()) ** 2).sum())
    return means, errors


def _posterior(votes: LabelMatrix, labels: Labels) -> Estimates:
    """For each function the mean probability that its votes hold, and the standard error of that mean; NaN without votes.

    The posterior of a row is the model's, so a function's own weight counts in it as well.
    """
    means, errors = (np.full(len(votes.functions), np.nan) for _ in range(2))
    for j in range(len(votes.functions)):
        own = votes.slice_of(j)
        probabilities = labels.probabilities[votes.rows[own]]
        held = np.zeros(probabilities.shape[0])
        for code in np.unique(votes.codes[own]):
            mine = votes.codes[own] == code
            held[mine] = probabilities[mine][:, sorted(votes.labels_of(int(code)))].sum(axis=1)
        if held.size:
            means[j], errors[j] = held.mean(), np.sqrt((held * (1 - held)).sum()) / held.size
    return means, errors


# ------------------------------------------------------------------------------------------------------------- as text


def all_as_text(analyses: Sequence[Analysis]) -> str:
    """A table for each task; what their columns mean is said once, below them."""
    if len(analyses) == 1:
        return as_text(analyses[0])
    feet: dict[str, list[str]] = {}
    for one in analyses:
        feet.setdefault(_learned(one), []).append(one.task)
    learned = [f"learned accuracy of {', '.join(tasks)}: {said}" for said, tasks in feet.items()]
    carried = any(line.on for one in analyses for line in one.lines)
    arrow = ["← task: a rule on that task, whose votes say something of this one too"] if carried else []
    return "\n\n".join([*(_table(one).rstrip("\n") for one in analyses), "\n".join([_SHARES, *learned, *arrow])])


def as_text(analysis: Analysis) -> str:
    """The analysis as a table, with what its columns mean."""
    return f"{_table(analysis)}\n{_SHARES}\nlearned accuracy: {_learned(analysis)}"


def _table(analysis: Analysis) -> str:
    with_gold = any(line.correct is not None for line in analysis.lines)
    names = [line.function for line in analysis.lines]
    short = short_names(names)
    digits = 3 if analysis.rows >= MANY_ROWS or not with_gold else 2
    all_judged = with_gold and all(line.votes == (line.correct or 0) + (line.incorrect or 0) for line in analysis.lines)
    headers = ["rule", "votes\nfor", "votes", "cover", "over-\nlap", "con-\nflict", "learned\naccuracy"]
    headers += ["right", "wrong", "accuracy\n(95 % interval)"] if with_gold else []
    shown = [short[line.function] + (f" ← {line.on}" if line.on else "") for line in analysis.lines]
    rows = [[name, *_cells(line, with_gold, digits)] for name, line in zip(shown, analysis.lines, strict=True)]
    if all_judged:  # then the votes are those that are right and those that are wrong
        headers, rows = [*headers[:2], *headers[3:]], [[*row[:2], *row[3:]] for row in rows]
    heard = {line.function for line in analysis.lines if line.votes}
    silent = [short[name] for name in dict.fromkeys(names) if name not in heard]
    foot = [f"never voted: {', '.join(silent)}"] if silent else []
    body = table(headers, rows, left=(0, 1))
    return "\n".join([*_head(analysis, package_of(names)), "", body, "", *foot])


def _head(analysis: Analysis, package: str) -> list[str]:
    rules = f"{package}, task" if package else "task"
    under = f", under {analysis.under}" if analysis.under else ""
    covered = f"{percent(analysis.covered / analysis.rows)} with a vote"
    if analysis.directly is not None and analysis.directly < analysis.covered:
        direct = percent(analysis.directly / analysis.rows) if analysis.directly else "none"
        covered += f" ({direct} of a rule on the task itself)"
    return [
        f"{rules} {analysis.task}{under}: {count(analysis.rows, 'row')}, {covered}, "
        f"{percent(analysis.conflicting / analysis.rows)} with votes that exclude each other"
    ]


_SHARES = "cover, overlap, conflict: in percent of all rows"


def _learned(analysis: Analysis) -> str:
    """What the learned accuracies are."""
    if analysis.learned_from == "model":
        return f"the estimate of the label model ({analysis.model}), made without gold, ± one standard error"
    return f"the mean probability of its votes under the label model ({analysis.model}), ± its standard error"


def _cells(line: Line, with_gold: bool, digits: int) -> list[str]:
    learned = "–" if line.learned is None else f"{share(line.learned, digits)} ± {share(line.learned_error, digits)}"
    cells = [", ".join(line.labels), f"{line.votes:,}"]
    cells += [*(f"{100 * value:.1f}" for value in (line.coverage, line.overlaps, line.conflicts)), learned]
    if not with_gold:
        return cells
    low, high = share(line.accuracy_low, digits), share(line.accuracy_high, digits)
    judged = "–" if line.accuracy is None else f"{share(line.accuracy, digits)} ({low}–{high})"
    return [*cells, f"{line.correct:,}", f"{line.incorrect:,}", judged]


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
