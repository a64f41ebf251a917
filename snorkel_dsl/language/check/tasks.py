"""Tasks: their labels and balance, the label of another task that one stands under, and what one label requires of others.

Tasks may stand in any order, so all are declared first; then each finds the label that it is under, and only then are votes,
and with them requirements, looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.declarations import percent_of, repeated
from snorkel_dsl.language.check.scope import Names
from snorkel_dsl.language.check.votes import ABSTAINING, check_vote
from snorkel_dsl.questions import Requirement, Said, allowed, possible
from snorkel_dsl.source import Span

_MOST_IMPOSSIBLE = 12  # answers that no row can have, whose lines are looked for


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


# -------------------------------------------------------------------------------------------------------- requirements


def check_requirements(names: Names, blocks: Iterable[ast.Require]) -> tuple[ir.Requirement, ...]:
    """All `require A implies B` of a file."""
    found: list[ir.Requirement] = []
    for block in blocks:
        given, implied = check_vote(names, block.premise, None), check_vote(names, block.conclusion, None)
        if given is not None and implied is not None and not _says_nothing(names, block, given, implied):
            found.append(ir.Requirement(given, implied, block.span))
    _refuse_impossible(names, found)
    return tuple(found)


def _says_nothing(names: Names, block: ast.Require, given: ir.Vote, implied: ir.Vote) -> bool:
    """Whether both sides are of one task of which one label is true: the one then settles the other without being told."""
    if given.task != implied.task:
        return False
    task = names.tasks[given.task]
    if task.any_number and not given.labels & implied.labels:
        return False
    same = given.labels & implied.labels
    message = "this holds of itself" if same else "no row can be so"
    because = f"`{task.name}` has one label a row" if not task.any_number else "the same label stands on both sides"
    names.report(
        "empty-requirement",
        message,
        block,
        because,
        helps=["a requirement ties a label to one of another task, or to another where any number may apply"],
    )
    return True


def _refuse_impossible(names: Names, found: Sequence[ir.Requirement]) -> None:
    """Say so of each line with which some label can be that of no row any more."""
    if not found:
        return
    tasks, lines = tuple(names.tasks.values()), [plain(line) for line in found]
    some_row_has = possible(tasks, lines)
    told: set[int] = set()
    answers = ((task, number) for task in tasks for number in range(len(task.answers)))
    missing = (one for one in answers if (one[0].name, one[1]) not in some_row_has)
    for task, number in islice(missing, _MOST_IMPOSSIBLE):
        line = _first_in_the_way(tasks, lines, (task.name, frozenset({number})))
        if line not in told:
            told.add(line)
            _impossible(names, f"`{task.name}` can never be `{task.answers[number]}`", found[: line + 1])


def _is_possible(tasks: tuple[ir.Task, ...], lines: Sequence[Requirement], said: Said) -> bool:
    return allowed(tasks, lines, said) is not None


def _first_in_the_way(tasks: tuple[ir.Task, ...], lines: Sequence[Requirement], said: Said) -> int:
    """The first of the lines with which something becomes impossible, together with those before it."""
    low, high = 0, len(lines)  # possible with the first `low` lines, not with the first `high`
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _is_possible(tasks, lines[:middle], said) else (low, middle)
    return high - 1


def _impossible(names: Names, message: str, lines: Sequence[ir.Requirement]) -> None:
    spans = [line.span for line in lines if line.span is not None]
    names.report(
        "impossible-label",
        f"with this line, {message}",
        spans[-1],
        "what it requires cannot be",
        others=[(span, "together with this") for span in spans[-3:-1]],
        helps=["remove the requirement, or the label"],
    )


def plain(requirement: ir.Requirement) -> Requirement:
    """A requirement as the facts have it, without its place."""
    given, implied = requirement.given, requirement.implied
    return Requirement((given.task, given.labels), (implied.task, implied.labels))
