"""What is no mistake but most likely not meant: warnings about a file in which nothing is wrong.

Each function looks at the whole file, its tree and what it means, and `REMARKS` names it by the kind of warning that it gives:
one place to add another. A warning that is meant to stay is allowed in the file itself (`language.allow`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.language import ast, ir
from snorkel_dsl.questions import said_of
from snorkel_dsl.source import Source

_DECLARING = (ast.Terms, ast.Lookup, ast.Condition)


def remarks(file: ast.File, source: Source, program: ir.Program | None = None) -> list[Diagnostic]:
    """Warnings about a file without errors. One without rules is there for others to use: nothing is said of it."""
    if not any(isinstance(block, ast.Rule) for block in file.blocks):
        return []
    return [found for look in REMARKS.values() for found in look(file, source, program)]


def unused_names(file: ast.File, source: Source, _: ir.Program | None) -> Iterator[Diagnostic]:
    """Terms, lookups and conditions that no rule reaches."""
    declared = {block.name.text: block for block in file.blocks if isinstance(block, _DECLARING)}
    reached: list[ast.Node] = [block for block in file.blocks if not isinstance(block, _DECLARING)]
    used: set[str] = set()
    while reached:
        found = set(ast.names_in(reached.pop())) - used
        used |= found
        reached += [declared[name] for name in found if name in declared]
    for name, block in declared.items():
        if name not in used:
            what = "terms list" if isinstance(block, ast.Terms) else type(block).__name__.lower()
            message = f"no rule uses the {what} `{name}`"
            advice = "use it, remove it, or say why it stays: `# allow unused-name: …`"
            mark = Mark(source, block.name.span)
            yield Diagnostic("unused-name", message, mark, helps=(advice,), severity="warning")


def silent_tasks(file: ast.File, source: Source, program: ir.Program | None) -> Iterator[Diagnostic]:
    """Tasks of which no vote says anything, neither of a rule of their own nor what follows from a vote on another task."""
    if program is None or len(program.tasks) < 2:
        return
    votes = {vote for function in program.functions for vote in function.votes}
    written = {block.name.text: block.name for block in file.blocks if isinstance(block, ast.Task)}
    for task in program.tasks:
        if any(vote.task == task.name for vote in votes) or any(_says(program, vote, task) for vote in votes):
            continue
        advice = f"write a rule that votes `{task.name}.{task.labels[0]}`, or remove the task"
        stays = "or say why it stays: `# allow silent-task: …`"
        mark = Mark(source, written[task.name].span, "its answers follow from no other task either")
        message = f"no rule votes on the task `{task.name}`"
        yield Diagnostic("silent-task", message, mark, helps=(f"{advice}; {stays}",), severity="warning")


def _says(program: ir.Program, vote: ir.Vote, task: ir.Task) -> bool:
    """Whether a vote on one task says something of another."""
    requirements = tuple(one.fact for one in program.requirements)
    labels = range(len(task.labels)) if task.any_number else (None,)
    return any(said_of(program.tasks, requirements, (vote.task, vote.labels), task, label) for label in labels)


Look = Callable[[ast.File, Source, "ir.Program | None"], Iterator[Diagnostic]]
REMARKS: Mapping[str, Look] = {"unused-name": unused_names, "silent-task": silent_tasks}
