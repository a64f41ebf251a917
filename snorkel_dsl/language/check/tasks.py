"""Tasks: their labels and balance, and the label of another task that one stands under.

Tasks may stand in any order, so all are declared first; then each finds the label that it is under, and only then are votes,
and with them requirements, looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.declarations import percent_of, repeated
from snorkel_dsl.language.check.scope import Names
from snorkel_dsl.language.check.votes import ABSTAINING
from snorkel_dsl.source import Span


def declare_tasks(names: Names, blocks: Iterable[ast.Task]) -> None:
    """All tasks of a file, each with what it stands under."""
    places: dict[str, Span] = {}
    new = [block for block in blocks if not repeated(names, "task", block.name, places)]
    for block in new:
        names.tasks[block.name.text] = _task(names, block)
    for block in new:
        if block.under is not None:
            task = names.tasks[block.name.text]
            names.tasks[task.name] = replace(task, under=_parent(names, block.under))
            names.unders[task.name] = _header(block)
    for block in new:
        _refuse_circle(names, block)


def _task(names: Names, block: ast.Task) -> ir.Task:
    """A task with its labels and its balance."""
    labels: dict[str, Span] = {}
    lines = [item for item in block.items if isinstance(item, ast.Labels)]
    for item in lines:
        _declare_labels(names, item, labels)
    any_number = any(item.any_number for item in lines)
    if sum(len(item.names) for item in lines) < (1 if any_number else 2):
        names.report(
            "too-few-labels",
            f"task `{block.name.text}` has {'one label' if labels else 'no labels'}",
            block.name,
            "there is nothing to choose from",
            helps=["list at least two: `labels NO, YES`"],
        )
    balance = _balance(names, block, tuple(labels), any_number)
    return ir.Task(block.name.text, tuple(labels), balance, block.span, any_number)


def _declare_labels(names: Names, item: ast.Labels, labels: dict[str, Span]) -> None:
    for name in item.names:
        if name.text in ABSTAINING:
            names.report(
                "reserved-label",
                f"a label cannot be called `{name.text}`",
                name,
                "this word means that a rule abstains",
                helps=[f"write it in capitals, `{name.text.upper()}`"],
            )
        repeated(names, "label", name, labels)


# ------------------------------------------------------------------------------------------------------------- balance


def _balance(names: Names, task: ast.Task, labels: tuple[str, ...], any_number: bool) -> ir.Balance | None:
    lines = [item for item in task.items if isinstance(item, ast.Balance)]
    if not lines:
        return None
    for again in lines[1:]:
        names.report("repeated-line", "there are two `balance` lines", again, "write one", others=[(lines[0].span, "")])
    percents: dict[str, float] = {}
    places: dict[str, Span] = {}
    for share in lines[0].shares:
        if share.label.text not in labels:
            names.unknown("label", labels, share.label, label=f"not a label of `{task.name.text}`")
            return None
        if repeated(names, "share", share.label, places):
            return None
        percents[share.label.text] = percent_of(share.share)
    if any_number:
        return _single_shares(names, lines[0], labels, percents)
    return _complete_balance(names, lines[0], labels, percents)


def _single_shares(
    names: Names, line: ast.Balance, labels: tuple[str, ...], percents: dict[str, float]
) -> ir.Balance | None:
    """Where any number of labels may apply, each share stands alone; nothing is known of a label without one."""
    for share in line.shares:
        if not 0 < percents[share.label.text] < 100:
            names.report(
                "bad-balance",
                f"`{share.label.text}` cannot be the label of {percents[share.label.text]:g}% of the rows",
                share,
                "a share lies between 0% and 100%",
                helps=["leave out a label that never or always applies, or about which you know nothing"],
            )
            return None
    return tuple(percents[label] / 100 if label in percents else None for label in labels)


def _complete_balance(
    names: Names, line: ast.Balance, labels: tuple[str, ...], percents: dict[str, float]
) -> ir.Balance | None:
    """The share of each label: one label that is not named gets the rest."""
    left = 100 - sum(percents.values())
    unnamed = [label for label in labels if label not in percents]
    if len(unnamed) == 1 and left > 0:
        percents[unnamed[0]] = left
    elif abs(left) > 1e-9 or unnamed:
        missing = ", ".join(f"`{label}`" for label in unnamed)
        said = f"the shares sum to {100 - left:g}%"
        names.report(
            "bad-balance",
            said + (f" and nothing is said of {missing}" if unnamed else ", not to 100%"),
            line,
            helps=[
                "name the share of every label so that they sum to 100%; one label may be left out and gets the rest"
            ],
        )
        return None
    return tuple(percents[label] / 100 for label in labels)


# --------------------------------------------------------------------------------------------- what a task stands under


def _parent(names: Names, written: ast.QualifiedName) -> tuple[str, int] | None:
    """The label that a task stands under, (task, class number)."""
    of, *rest = written.parts
    if any(names.is_poisoned(part.text) for part in written.parts):
        return None
    if of.text not in names.tasks:
        names.unknown("task", names.tasks, of)
        return None
    labels = names.tasks[of.text].labels
    if len(rest) != 1:
        example = labels[0] if labels else "LABEL"
        names.report(
            "wrong-under",
            f"`{written.text}` is not a label of a task",
            written,
            "a task stands under one label of another",
            helps=[f"write the task and its label: `under {of.text}.{example}`"],
        )
        return None
    if rest[0].text not in labels:
        names.unknown("label", labels, rest[0], label=f"not a label of `{of.text}`")
        return None
    return of.text, labels.index(rest[0].text)


def _header(block: ast.Task) -> Span:
    """The line that says under which label a task stands."""
    end = block.name.span.end if block.under is None else block.under.span.end
    return Span(block.span.start, end)


def _refuse_circle(names: Names, block: ast.Task) -> None:
    """Say so where a task stands under itself, directly or in a circle; it then stands under nothing."""
    above = [task.name for task in ancestors(names, names.tasks[block.name.text])]
    if block.under is None or block.name.text not in above:
        return
    way = " → ".join(f"`{name}`" for name in (block.name.text, *above[: above.index(block.name.text) + 1]))
    names.report(
        "circular-task",
        f"the task `{block.name.text}` stands under itself",
        block.under,
        way if len(above) > 1 else "its own label",
        helps=["a task may stand under a label of a task that is asked before it"],
    )
    names.tasks[block.name.text] = replace(names.tasks[block.name.text], under=None)


def ancestors(names: Names, task: ir.Task) -> Iterator[ir.Task]:
    """The tasks above one, the nearest first; each once, where they go round in a circle."""
    seen: set[str] = set()
    while task.under is not None and task.under[0] not in seen:
        task = names.tasks[task.under[0]]
        seen.add(task.name)
        yield task
