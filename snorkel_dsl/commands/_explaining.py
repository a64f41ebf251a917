"""The account of one row: its values, its label, every vote with where it comes from, and what each vote is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from snorkel_dsl.api import Rules
from snorkel_dsl.commands import _labeling
from snorkel_dsl.commands._data import Chosen, choose_data, refuse_unreadable_columns
from snorkel_dsl.commands._project import Project
from snorkel_dsl.datasets.options import refusal, shortened
from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.engine.feed import FaultCount, data_columns
from snorkel_dsl.engine.matcher import linear_operators
from snorkel_dsl.engine.rows import row_of
from snorkel_dsl.language import ir
from snorkel_dsl.models.joint import Push, across, influences
from snorkel_dsl.models.tasks import Answered
from snorkel_dsl.reference import Trace, explain
from snorkel_dsl.report.names import short_names
from snorkel_dsl.report.table import count, share
from snorkel_dsl.report.testing import shown_vote
from snorkel_dsl.report.why import place, why
from snorkel_dsl.report.why_not import why_not
from snorkel_dsl.votes import LabelMatrix

LONGEST_VALUE = 1_000
MOST_MOVED = 5  # votes on other questions in the account of one
MOVED = 0.05  # by fewer nats a vote moves nothing worth telling


def explain_row(
    rules: Rules, project: Project, data: str, number: int, rule: str | None, model: str, options: dict[str, Any]
) -> tuple[str, int]:
    """The account of row `number` (from 1) as text, and the exit code. With a rule's name no model is fitted."""
    program = rules.program
    wanted = _functions(program, rule) if rule else ()
    balance = _labeling.balances(options.pop("balance"), program)
    options.pop("faults_file"), options.pop("max_faults")
    chosen = choose_data(data, options, project.settings, program)
    index = number - 1
    batch = _batch_of(program, chosen, index)
    lines = [f"row {number} of {chosen.data.name}", *_values(batch)]
    unreadable = next((bad for bad in chosen.data.unreadable if bad.row == index), None)
    if unreadable:
        return "\n".join([*lines, f"this row cannot be read ({unreadable.message}): every rule abstains"]), 0
    row, broken = row_of(program, batch, 0)
    lines += _spans(program, row)
    traces = {function.name: explain(function, row, broken, linear_operators()) for function in program.functions}
    if not wanted:
        lines += _labels(rules, chosen, index, traces, row, _Fit(model, balance))
    for name in wanted:
        lines += ["", *_account(traces[name], program, row)]
    return "\n".join(lines), 0


@dataclass(frozen=True)
class _Fit:
    """Which model is fitted, and what is known of the class balance of each task."""

    model: str
    balance: dict[str, _labeling.Balance]


def _labels(
    rules: Rules, chosen: Chosen, index: int, traces: dict[str, Trace], row: dict[str, object], fit: _Fit
) -> list[str]:
    """For each task the label of the row under a model that is fitted on all rows, and each vote for it."""
    faults = FaultCount()
    votes, table = _labeling.all_votes(rules, chosen, faults)
    refuse_unreadable_columns(faults)
    golds = chosen.numbers(rules.program, table)
    lines: list[str] = []
    answered = _labeling.fit_all(votes, fit.model, fit.balance)
    joint = next((one.joint for one in answered), None)
    pushes = [] if joint is None else influences(joint, votes, index)
    silent = [one for one in answered if not one.asked[index] and not _spoken(one.votes, index).any()]
    told = [one for one in answered if one.asked[index] or _spoken(one.votes, index).any()]
    for task in dict.fromkeys(one.task for one in told):
        own = [one for one in told if one.task == task]
        shown = [one for one in own if one.labels.covered[index]] if task.any_number else own
        if not shown:
            lines += ["", f"{task.name}: no label (no rule votes)"]
        for fitted in shown:
            gold = fitted.gold_of(golds)
            lines += ["", *_label(fitted, index, None if gold is None else int(gold[index]))]
            lines += _votes(fitted, index, pushes, traces, rules.program, row)
            lines += _from_elsewhere(fitted, index, pushes)
    return [*lines, *_not_asked(silent)]


def _not_asked(silent: list[Answered]) -> list[str]:
    """One line for all tasks that are not asked of the row, and of which no rule says anything."""
    under = dict.fromkeys((one.task.name, one.parent) for one in silent)
    return ["", f"not asked: {', '.join(f'{name} (under {parent})' for name, parent in under)}"] if under else []


def _functions(program: ir.Program, name: str) -> tuple[str, ...]:
    """The functions of a rule or function by its name, with or without its package."""
    before = f"{program.package}." if program.package else ""
    for rule in program.rules:
        if name in (rule.name, before + rule.name) and rule.functions:
            return rule.functions
    known = [function.name for function in program.functions]
    for candidate in (name, before + name):
        if candidate in known:
            return (candidate,)
    names = [*(rule.name for rule in program.rules), *known]
    close = did_you_mean(name, names)
    helps = (
        [f"did you mean `{close}`?"] if close else [f"the rules are {', '.join(rule.name for rule in program.rules)}"]
    )
    raise refusal("unknown-rule", f"no rule is called `{name}`", *helps)


def _batch_of(program: ir.Program, chosen: Chosen, index: int) -> pa.RecordBatch:
    """The row as a batch of one, its columns under the names that the rules declare as their source."""
    sources = data_columns(program, chosen.data, chosen.options)
    first = 0
    for batch in chosen.data.batches(list(dict.fromkeys(sources.values()))):
        if index < first + batch.num_rows:
            own = batch.slice(index - first, 1)
            return pa.RecordBatch.from_arrays([own.column(name) for name in sources.values()], names=list(sources))
        first += batch.num_rows
    raise refusal(
        "no-such-row",
        f"there is no row {index + 1}: `{chosen.data.name}` has {count(first, 'row')}",
        "rows are counted from 1, without a header",
    )


def _values(batch: pa.RecordBatch) -> list[str]:
    values = batch.to_pylist()[0]
    return [f"  {name}: {'(missing)' if v is None else shortened(str(v), LONGEST_VALUE)}" for name, v in values.items()]


def _spans(program: ir.Program, row: dict[str, object]) -> list[str]:
    """What stands in each span of the row that the rules read."""
    lines = []
    for column in program.columns:
        span, text = row.get(column.name), row.get(column.type.of or "")
        if isinstance(span, tuple) and isinstance(text, str):
            start, end = span
            shown = shortened(text[start:end], LONGEST_VALUE)
            lines.append(f"  {column.name}: `{shown}`, characters {start} to {end} of {column.type.of}")
    return lines


def _label(fitted: Answered, index: int, gold: int | None) -> list[str]:
    labels = fitted.labels
    if not fitted.asked[index]:
        return [f"{labels.task}: not asked here (its row is not {fitted.parent})"]
    number = int(labels.predict()[index])
    if not labels.covered[index]:
        said = "no label (no rule votes)"
    else:
        said = "no label (a tie)" if number < 0 else labels.labels[number]
    shares = ", ".join(
        f"{label} {share(float(p))}" for label, p in zip(labels.labels, labels.probabilities[index], strict=True)
    )
    head = f"{labels.task}: {said}  ({shares}; model {fitted.model.name})"
    return [head if gold is None or gold < 0 else f"{head}  gold: {labels.labels[gold]}"]


def _votes(
    fitted: Answered,
    index: int,
    pushes: list[Push],
    traces: dict[str, Trace],
    program: ir.Program,
    row: dict[str, object],
) -> list[str]:
    """Each vote of a task on the row: the rule, what made it, and the probability of the label without it."""
    mine = fitted.votes.take([index])
    target = int(fitted.labels.probabilities[index].argmax())
    label = fitted.labels.labels[target]
    short = short_names(mine.functions)
    lines = []
    for j in range(len(mine.functions)):
        if mine.slice_of(j).start == mine.slice_of(j).stop:
            continue
        trace = traces[mine.functions[j]]
        with_it = float(fitted.labels.probabilities[index, target])
        if fitted.joint is None:
            without = float(fitted.model.predict_proba(_without(mine, j))[0, target])
        else:
            name = mine.functions[j]
            without = next((one.without for one in pushes if _about(one, fitted, name, label)), with_it)
        change = with_it - without
        head = f"  {short[mine.functions[j]]} votes {shown_vote(trace.vote, program)}"
        lines += [f"{head}  ({label} would be {share(without)} without it: {change:+.3f})"]
        lines += [f"    {line}" for line in why(trace, row)]
    return lines


def _about(push: Push, fitted: Answered, function: str, answer: str) -> bool:
    return (push.function, push.question, push.answer) == (function, fitted.name, answer)


def _from_elsewhere(fitted: Answered, index: int, pushes: list[Push]) -> list[str]:
    """The votes on other questions that moved this one most although they say nothing of it by themselves."""
    mine = {name for name, votes in zip(fitted.votes.functions, _spoken(fitted.votes, index), strict=True) if votes}
    moving = [push for push in across(pushes, fitted.name) if push.function not in mine and abs(push.change) >= MOVED]
    short = short_names([push.function for push in moving])
    lines = [
        f"  moved by {short[push.function]}, which votes {push.says} on {push.about}  "
        f"({push.answer} would be {share(push.without)} without it: {push.probability - push.without:+.3f})"
        for push in moving[:MOST_MOVED]
    ]
    more = len(moving) - len(lines)
    return [*lines, f"  and less by {count(more, 'vote')} more on other questions"] if more else lines


def _spoken(votes: LabelMatrix, index: int) -> npt.NDArray[np.bool_]:
    """Which functions vote on a row, (m)."""
    return np.diff(votes.take([index]).indptr) > 0


def _without(votes: LabelMatrix, function: int) -> LabelMatrix:
    """One row of votes in which a function abstains."""
    kept = votes.function_of_vote != function
    sizes = np.diff(votes.indptr)
    sizes[function] = 0
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return replace(votes, indptr=indptr, rows=votes.rows[kept], codes=votes.codes[kept])


def _account(trace: Trace, program: ir.Program, row: dict[str, object]) -> list[str]:
    """All that one function came to: its vote and why, or why not."""
    function = trace.function
    where = place(function.source, function.span)
    if trace.vote is not None:
        head = f"{function.name} votes {shown_vote(trace.vote, program)}"
        return [f"{head}  ({where})", *(f"  {line}" for line in why(trace, row))]
    return [f"{function.name} abstains  ({where})", *(f"  {line}" for line in why_not(trace, row))]
