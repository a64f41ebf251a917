"""What a vote on one task says of the others: tasks under a label of another, and labels that require each other.

Every task is a variable, and so is every label of a task of which any number may apply. A variable's domain is the set of
answers that are still possible, class numbers as in `TaskLabels.answers`, and NOT_ASKED where the task stands under a label
that the row does not have. A vote narrows one domain, and what follows is narrowed until nothing changes. Nothing here needs
arrays: the checker of the language asks it as well as the label matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from snorkel_dsl.facts import Exemplar, FunctionFacts, Requirement, RuleFacts, Said

NOT_ASKED = -1
Variable = tuple[str, int]  # a task, and the number of one of its labels where any number may apply, else ONE
Domains = dict[Variable, frozenset[int]]
ONE = -1

__all__ = ["NOT_ASKED", "Question", "Requirement", "Said", "Task", "allowed", "said_of"]


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

    Empty where it says nothing: where every answer is left, or none but that the task is not asked. Of a vote that no row can
    satisfy, what it says of its own task is left.
    """
    domains = allowed(tasks, requirements, said)
    variable = (task.name, ONE if label is None else label)
    everything = frozenset(range(len(task.labels))) if label is None else _both(task, label)
    if domains is None:
        return said[1] & everything if said[0] == task.name else frozenset()
    left = domains[variable] - {NOT_ASKED}
    return frozenset() if left == everything else left


@dataclass(frozen=True)
class Question:
    """One question that a label model answers: a task with one true label, or one label of those that may all apply.

    `labels` are its classes, of a single label `not LABEL` and `LABEL`; `facts` are those of the votes on it.
    """

    name: str
    labels: tuple[str, ...]
    tasks: tuple[Task, ...]
    task: Task
    label: int | None
    known: RuleFacts
    _said: dict[Said, frozenset[int]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, tasks: Sequence[Task], known: RuleFacts, task: str, label: str | None = None) -> Question:
        """The question of a task or of one of its labels. Raises ValueError where there is no such question."""
        found = next((one for one in tasks if one.name == task), None)
        if found is None:
            listed = ", ".join(f"`{one.name}`" for one in tasks)
            raise ValueError(f"no task is named `{task}`; the tasks are {listed}")
        if not found.any_number:
            if label is not None:
                raise ValueError(f"one label of `{task}` is true: ask for the task, not for the label `{label}`")
            return cls(task, found.labels, tuple(tasks), found, None, known)
        if label not in found.labels:
            labels = ", ".join(f"`{name}`" for name in found.labels)
            raise ValueError(f"any number of the labels of `{task}` may apply: ask for one of {labels}")
        classes = (f"not {label}", str(label))
        return cls(f"{task}.{label}", classes, tuple(tasks), found, found.labels.index(str(label)), known)

    def said(self, vote: Said) -> frozenset[int]:
        """What a vote says of the question, as class numbers; empty where it says nothing."""
        if vote not in self._said:
            left = said_of(self.tasks, self.known.requirements, vote, self.task, self.label)
            self._said[vote] = left if self.label is None else frozenset(int(number == self.label) for number in left)
        return self._said[vote]

    def expects(self, function: str, seen: Mapping[int, frozenset[int]]) -> bool:
        """Whether a function may vote on the question although it was not seen to: its facts say so."""
        known = self.known.functions.get(function)
        return known is not None and bool(self._polarity(known)) and not any(code < 0 for code in seen)

    def is_of(self, task: str) -> bool:
        """Whether every vote on a task is one on the question."""
        return task == self.name

    def _polarity(self, function: FunctionFacts) -> frozenset[int]:
        said = [self.said((function.task, frozenset({number}))) for number in function.polarity]
        return frozenset[int]().union(*said)

    @property
    def facts(self) -> RuleFacts:
        """What is known of the functions, in the class numbers of the question."""
        functions = {
            name: replace(one, task=self.name, polarity=self._polarity(one))
            for name, one in self.known.functions.items()
        }
        balance = {name: shares for name, shares in self.known.balance.items() if name == self.name}
        exemplars = tuple(found for one in self.known.exemplars for found in self._exemplar(one))
        return RuleFacts(functions, balance, exemplars)

    def _exemplar(self, one: Exemplar) -> Iterable[Exemplar]:
        """An example of a vote that settles the question, with what each function says of it."""
        settled = self.said((one.task, frozenset({one.label})))
        if len(settled) == 1:
            votes = [(name, self.said((one.task, numbers))) for name, numbers in one.votes]
            yield Exemplar(self.name, next(iter(settled)), tuple((name, said) for name, said in votes if said))


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
