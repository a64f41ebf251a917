"""What a vote on one task says of the others: tasks under a label of another, and labels that require each other.

Every task is a variable, and so is every label of a task of which any number may apply. A variable's domain is the set of
answers that are still possible, class numbers as in `TaskLabels.answers`, and NOT_ASKED where the task stands under a label
that the row does not have. A vote narrows one domain, and what follows is narrowed until nothing changes. Nothing here needs
arrays: the checker of the language asks it as well as the label matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from snorkel_dsl.facts import Requirement, Said

NOT_ASKED = -1
Variable = tuple[str, int]  # a task, and the number of one of its labels where any number may apply, else ONE
Domains = dict[Variable, frozenset[int]]
ONE = -1

__all__ = ["NOT_ASKED", "Requirement", "Said", "Task", "allowed", "said_of"]


class Task(Protocol):
    """What is asked of a task: `language.ir.Task` and `votes.TaskLabels` both are one."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels."""
        ...

    @property
    def any_number(self) -> bool:
        """Whether any number of them may apply."""
        ...

    @property
    def under(self) -> tuple[str, int] | None:
        """The label of another task that it stands under."""
        ...


class ImpossibleError(Exception):
    """Nothing is left of a domain."""


def allowed(tasks: Sequence[Task], requirements: Iterable[Requirement], said: Said) -> Domains | None:
    """The answers that a vote leaves to every variable; None where no row can be as it says.

    A vote for one of several labels leaves what any one of them would leave.
    """
    task = next(task for task in tasks if task.name == said[0])
    requirements = tuple(requirements)
    found = [_narrowed(tasks, requirements, _variable(task, number), number) for number in sorted(said[1])]
    possible = [domains for domains in found if domains is not None]
    if not possible:
        return None
    return {variable: frozenset().union(*(one[variable] for one in possible)) for variable in possible[0]}


def said_of(
    tasks: Sequence[Task], requirements: Iterable[Requirement], said: Said, task: Task, label: int | None = None
) -> frozenset[int]:
    """What a vote says of a task, or of one label of a task of which any number may apply: the answers that it leaves.

    Empty where it says nothing: where every answer is left, or none but that the task is not asked.
    """
    domains = allowed(tasks, requirements, said)
    variable = (task.name, ONE if label is None else label)
    everything = frozenset(range(len(task.labels))) if label is None else _both(task, label)
    left = frozenset() if domains is None else domains[variable] - {NOT_ASKED}
    return frozenset() if left == everything else left


def _variable(task: Task, number: int) -> Variable:
    return (task.name, number % len(task.labels) if task.any_number else ONE)


def _both(task: Task, label: int) -> frozenset[int]:
    return frozenset({label, len(task.labels) + label})


def _opening(tasks: Sequence[Task]) -> Domains:
    """The domains before anything is said."""
    domains: Domains = {}
    for task in tasks:
        unasked = frozenset() if task.under is None else frozenset({NOT_ASKED})
        if task.any_number:
            domains |= {(task.name, label): _both(task, label) | unasked for label in range(len(task.labels))}
        else:
            domains[task.name, ONE] = frozenset(range(len(task.labels))) | unasked
    return domains


def _narrowed(
    tasks: Sequence[Task], requirements: tuple[Requirement, ...], variable: Variable, number: int
) -> Domains | None:
    """The domains that are left when one answer is given."""
    domains = _opening(tasks)
    known = {task.name: task for task in tasks}
    try:
        _keep(domains, variable, frozenset({number}))
        before: Domains = {}
        while before != domains:
            before = dict(domains)
            for task in tasks:
                _under(domains, known, task)
            for requirement in requirements:
                _require(domains, known, requirement)
    except ImpossibleError:
        return None
    return domains


def _keep(domains: Domains, variable: Variable, answers: frozenset[int]) -> None:
    domains[variable] &= answers
    if not domains[variable]:
        raise ImpossibleError


def _drop(domains: Domains, variable: Variable, answers: frozenset[int]) -> None:
    _keep(domains, variable, domains[variable] - answers)


def _under(domains: Domains, known: dict[str, Task], task: Task) -> None:
    """A task is asked where its parent's label is so, and only there."""
    if task.under is None:
        return
    parent, label = task.under
    above = _variable(known[parent], label)
    own = [variable for variable in domains if variable[0] == task.name]
    here, silent = frozenset({label}), frozenset({NOT_ASKED})
    if any(NOT_ASKED not in domains[variable] for variable in own):
        _keep(domains, above, here)
    if any(domains[variable] == silent for variable in own):
        _drop(domains, above, here)
    for variable in own:
        if label not in domains[above]:
            _keep(domains, variable, silent)
        elif domains[above] == here:
            _drop(domains, variable, silent)


def _require(domains: Domains, known: dict[str, Task], requirement: Requirement) -> None:
    """What is given being certain, what it implies is so; what is implied being impossible, nothing given is so."""
    (given, premise), (implied, conclusion) = requirement.given, requirement.implied
    if _is_certain(domains, known[given], premise):
        _affirm(domains, known[implied], conclusion)
    if not any(number in domains[_variable(known[implied], number)] for number in conclusion):
        for number in premise:
            _drop(domains, _variable(known[given], number), frozenset({number}))


def _is_certain(domains: Domains, task: Task, numbers: frozenset[int]) -> bool:
    """Whether one of the answers must be so."""
    return any(domains[_variable(task, number)] <= numbers for number in numbers)


def _affirm(domains: Domains, task: Task, numbers: frozenset[int]) -> None:
    """One of the answers is so. Where any number may apply, the last that can still be."""
    if not task.any_number:
        _keep(domains, (task.name, ONE), numbers)
        return
    possible = [number for number in numbers if number in domains[_variable(task, number)]]
    if not possible:
        raise ImpossibleError
    if len(possible) == 1:
        _keep(domains, _variable(task, possible[0]), frozenset(possible))
