"""Which labels a vote names, and of which task."""

from __future__ import annotations

from typing import TypeVar

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.scope import Names

T = TypeVar("T", bound=ast.Node)

ABSTAINING = ("none", "abstain")


def check_vote(names: Names, vote: ast.Vote, task: str | None) -> ir.Vote | None:
    """A vote, for the task that the rule already serves, if it does."""
    written = vote.labels if isinstance(vote, ast.VoteFor) else (vote.label,)
    found: list[tuple[str, int]] = []
    for label in written:
        resolved = _label(names, label, found[0][0] if found else task)
        if resolved is None:
            return None
        if resolved in found:
            names.report("duplicate-name", f"the label `{label.text}` is named twice", label)
            return None
        found.append(resolved)
    of = names.tasks[found[0][0]]
    numbers = frozenset(number for _, number in found)
    if of.any_number:
        k = len(of.labels)
        return ir.Vote(of.name, numbers if isinstance(vote, ast.VoteFor) else frozenset(k + y for y in numbers))
    allowed = numbers if isinstance(vote, ast.VoteFor) else frozenset(range(len(of.labels))) - numbers
    if not allowed or len(allowed) == len(of.labels) > 1:
        names.report(
            "every-label",
            f"this vote names every label of `{of.name}`, so it says nothing",
            vote,
            helps=["leave out at least one label"],
        )
        return None
    return ir.Vote(of.name, allowed)


def labels_of(names: Names, vote: ir.Vote) -> str:
    """A vote as it is written: its labels in the order of the task."""
    answers = names.tasks[vote.task].answers
    return " or ".join(answers[number] for number in sorted(vote.labels))


def _label(names: Names, label: ast.QualifiedName, task: str | None) -> tuple[str, int] | None:
    if any(names.is_poisoned(part.text) for part in label.parts):
        return None
    if len(label.parts) == 1:
        return _plain_label(names, label.parts[0], task)
    if len(label.parts) > 2:
        names.report("unknown-name", f"no label is called `{label.text}`", label, helps=["write `task.LABEL`"])
        return None
    of, name = label.parts
    if of.text not in names.tasks:
        names.unknown("task", names.tasks, of)
        return None
    if name.text not in names.tasks[of.text].labels:
        _unknown_label(names, name, of.text)
        return None
    if task is not None and of.text != task:
        _of_another_task(names, label, task, of.text)
        return None
    return of.text, names.tasks[of.text].labels.index(name.text)


def _plain_label(names: Names, name: ast.Name, task: str | None) -> tuple[str, int] | None:
    if task is not None and name.text in names.tasks[task].labels:
        return task, names.tasks[task].labels.index(name.text)
    having = [one.name for one in names.tasks.values() if name.text in one.labels]
    if task is not None and having:
        _of_another_task(names, name, task, having[0])
    elif len(having) == 1:
        return having[0], names.tasks[having[0]].labels.index(name.text)
    elif having:
        choices = " or ".join(f"`{of}.{name.text}`" for of in having)
        names.report(
            "ambiguous-label",
            f"`{name.text}` is a label of {len(having)} tasks",
            name,
            "which one is meant?",
            helps=[f"write {choices}"],
        )
    elif names.tasks:
        _unknown_label(names, name, task)
    return None


def _unknown_label(names: Names, name: ast.Name, task: str | None) -> None:
    if task is not None:
        elsewhere = [one.name for one in names.tasks.values() if name.text in one.labels]
        if elsewhere:
            _of_another_task(names, name, task, elsewhere[0])
            return
    known = names.tasks[task].labels if task else [label for one in names.tasks.values() for label in one.labels]
    label = f"not a label of `{task}`" if task else "no task has this label"
    helps = (
        ['leave it out: a rule abstains where nothing says that it votes; of a value: `"…" abstains`']
        if name.text in ABSTAINING
        else []
    )
    names.unknown("label", known, name, *helps, label=label)


def _of_another_task(names: Names, label: ast.Node, task: str, other: str) -> None:
    labels = ", ".join(f"`{one}`" for one in names.tasks[task].labels)
    likely = did_you_mean(names.written(label).split(".")[-1], names.tasks[task].labels)
    names.report(
        "label-of-another-task",
        f"`{names.written(label)}` is a label of `{other}`, not of `{task}`",
        label,
        f"this rule votes on `{task}`",
        helps=[f"did you mean `{likely}`?" if likely else f"labels of `{task}`: {labels}", "a rule votes on one task"],
    )


def items_of(block: ast.Rule, kind: type[T]) -> list[T]:
    """The items of a rule that are of a class."""
    return [item for item in block.items if isinstance(item, kind)]


class RuleVotes:
    """The votes of a rule; the first sound one decides which task it serves."""

    def __init__(self, names: Names, block: ast.Rule) -> None:
        self.names = names
        self.task: str | None = None
        self.broken = False
        self.header: ir.Vote | None = None
        if isinstance(block.votes, ast.VoteFor | ast.VoteNot):
            self.header = self.check(block.votes)

    def check(self, vote: ast.Vote) -> ir.Vote | None:
        """A vote of the rule's task."""
        found = check_vote(self.names, vote, self.task)
        if found is None:
            self.broken = True
        else:
            self.task = found.task
            _refuse_impossible(self.names, vote, found)
        return found


def _refuse_impossible(names: Names, written: ast.Vote, vote: ir.Vote) -> None:
    """Say so of a vote that no row can be as it says, the first for which the lines that clash are these."""
    if not names.impossible.issuperset((vote.task, number) for number in vote.labels):
        return
    lines = names.clashing((vote.task, vote.labels))
    if not lines or names.told.issuperset(lines):
        return
    names.told.update(lines)
    names.report(
        "impossible-vote",
        f"no row can be `{names.written(written)}`: this vote is wrong wherever it is given",
        written,
        f"`{vote.task}` can never be so",
        others=[(line, "together with this" if line in lines[1:] else "with this") for line in lines],
        helps=["change the requirements, or remove the vote"],
    )
