"""What a vote on one task says of the others: tasks under a label of another, and labels that require each other.

Every task is a variable, and so is every label of a task of which any number may apply. A variable's domain is the set of
answers that are still possible, class numbers as in `TaskLabels.answers`, and NOT_ASKED where the task stands under a label
that the row does not have. A vote narrows one domain, and what follows is narrowed until nothing changes. Nothing here needs
arrays: the checker of the language asks it as well as the label matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random
from typing import Protocol

from snorkel_dsl.facts import Exemplar, FunctionFacts, Requirement, RuleFacts, Said

NOT_ASKED = -1
Variable = tuple[str, int]  # a task, and the number of one of its labels where any number may apply, else ONE
Domains = dict[Variable, frozenset[int]]
ONE = -1

__all__ = ["NOT_ASKED", "Question", "Requirement", "Said", "Task", "allowed", "possible", "said_of"]


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
    graph = _graph(tuple(tasks), tuple(requirements))
    left = graph.left(said)
    return None if left is None else graph.opening | left


def possible(tasks: Sequence[Task], requirements: Iterable[Requirement]) -> set[tuple[str, int]]:
    """The answers that some row may have, each with its task.

    What one possible answer settles is possible too, and need not be asked. So the answers are asked in no order at all: of a
    long chain of requirements, most are settled by the first few, whichever way it is written.
    """
    graph = Graph(tuple(tasks), tuple(requirements))
    every = [
        (variable, number) for variable, answers in graph.opening.items() for number in sorted(answers - {NOT_ASKED})
    ]
    Random(0).shuffle(every)  # noqa: S311 - no secret
    found: set[tuple[Variable, int]] = set()
    for variable, number in every:
        left = None if (variable, number) in found else _Narrowing(graph).by(variable, number)
        if left is not None:
            found.add((variable, number))
            found.update((one, next(iter(answers))) for one, answers in left.items() if len(answers) == 1)
    return {(task, number) for (task, _), number in found if number != NOT_ASKED}


def said_of(
    tasks: Sequence[Task], requirements: Iterable[Requirement], said: Said, task: Task, label: int | None = None
) -> frozenset[int]:
    """What a vote says of a task, or of one label of a task of which any number may apply: the answers that it leaves.

    Empty where it says nothing: where every answer is left, or none but that the task is not asked. Of a vote that no row can
    satisfy, what it says of its own task is left.
    """
    domains = _graph(tuple(tasks), tuple(requirements)).left(said)
    everything = frozenset(range(len(task.labels))) if label is None else _both(task, label)
    if domains is None:
        return said[1] & everything if said[0] == task.name else frozenset()
    left = domains.get((task.name, ONE if label is None else label), everything) - {NOT_ASKED}
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


@lru_cache(maxsize=8)
def _graph(tasks: tuple[Task, ...], requirements: tuple[Requirement, ...]) -> Graph:
    return Graph(tasks, requirements)


class Graph:
    """Tasks and what they require of each other. What each answer leaves to all variables is worked out once.

    `opening` has the domains before anything is said. Narrowed domains are kept by themselves: most answers touch few.
    """

    def __init__(self, tasks: tuple[Task, ...], requirements: tuple[Requirement, ...]) -> None:
        self.tasks = {task.name: task for task in tasks}
        self.variables = {task.name: _variables(task) for task in tasks}
        self.opening = {
            (task.name, number): _answers(task, number) for task in tasks for _, number in self.variables[task.name]
        }
        self._watching: dict[Variable, list[Task | Requirement]] = {}
        for task in tasks:
            if task.under is not None:
                self._watch(task, {*self.variables[task.name], self._variable(task.under[0], task.under[1])})
        for one in requirements:
            self._watch(one, {self._variable(name, y) for name, numbers in (one.given, one.implied) for y in numbers})
        self._left: dict[tuple[Variable, int], Domains | None] = {}

    def left(self, said: Said) -> Domains | None:
        """The domains that a vote narrows; None where no row can be as it says."""
        each = [self._left_by(self._variable(said[0], number), number) for number in sorted(said[1])]
        possible = [domains for domains in each if domains is not None]
        if not possible:
            return None
        touched = frozenset.intersection(*(frozenset(domains) for domains in possible))
        return {variable: frozenset[int]().union(*(one[variable] for one in possible)) for variable in touched}

    def _left_by(self, variable: Variable, number: int) -> Domains | None:
        if (variable, number) not in self._left:
            self._left[variable, number] = _Narrowing(self).by(variable, number)
        return self._left[variable, number]

    def _watch(self, constraint: Task | Requirement, variables: Iterable[Variable]) -> None:
        for variable in variables:
            self._watching.setdefault(variable, []).append(constraint)

    def watching(self, variable: Variable) -> Sequence[Task | Requirement]:
        """What may follow from a narrower domain of a variable: requirements, and tasks under a label or with it above."""
        return self._watching.get(variable, ())

    def _variable(self, task: str, number: int) -> Variable:
        return _variable(self.tasks[task], number)


def _variables(task: Task) -> tuple[Variable, ...]:
    return tuple((task.name, y) for y in range(len(task.labels))) if task.any_number else ((task.name, ONE),)


def _answers(task: Task, number: int) -> frozenset[int]:
    """The domain of a variable before anything is said."""
    unasked = frozenset[int]() if task.under is None else frozenset({NOT_ASKED})
    return unasked | (_both(task, number) if task.any_number else frozenset(range(len(task.labels))))


class _Narrowing:
    """Domains while they are narrowed, and the variables whose followers have not been looked at since."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.domains: Domains = {}
        self.changed: list[Variable] = []

    def by(self, variable: Variable, number: int) -> Domains | None:
        """The domains that are narrowed by one answer; None where that is impossible."""
        try:
            self._keep(variable, frozenset({number}))
            while self.changed:
                for constraint in self.graph.watching(self.changed.pop()):
                    if isinstance(constraint, Requirement):
                        self._require(constraint)
                    else:
                        self._under(constraint)
        except ImpossibleError:
            return None
        return self.domains

    def _domain(self, variable: Variable) -> frozenset[int]:
        return self.domains.get(variable) or self.graph.opening[variable]

    def _keep(self, variable: Variable, answers: frozenset[int]) -> None:
        before = self._domain(variable)
        if not before & answers:
            raise ImpossibleError
        if before & answers != before:
            self.domains[variable] = before & answers
            self.changed.append(variable)

    def _drop(self, variable: Variable, answers: frozenset[int]) -> None:
        self._keep(variable, self._domain(variable) - answers)

    def _under(self, task: Task) -> None:
        """A task is asked where its parent's label is so, and only there."""
        parent, label = task.under or ("", 0)
        above = _variable(self.graph.tasks[parent], label)
        own = self.graph.variables[task.name]
        here, silent = frozenset({label}), frozenset({NOT_ASKED})
        if any(NOT_ASKED not in self._domain(variable) for variable in own):
            self._keep(above, here)
        if any(self._domain(variable) == silent for variable in own):
            self._drop(above, here)
        for variable in own:
            if label not in self._domain(above):
                self._keep(variable, silent)
            elif self._domain(above) == here:
                self._drop(variable, silent)

    def _require(self, requirement: Requirement) -> None:
        """What is given being certain, what it implies is so; what is implied being impossible, nothing given is so."""
        premise, conclusion = requirement.given[1], requirement.implied[1]
        given, implied = (self.graph.tasks[name] for name, _ in (requirement.given, requirement.implied))
        if any(self._domain(_variable(given, number)) <= premise for number in premise):
            self._affirm(implied, conclusion)
        if not any(number in self._domain(_variable(implied, number)) for number in conclusion):
            for number in premise:
                self._drop(_variable(given, number), frozenset({number}))

    def _affirm(self, task: Task, numbers: frozenset[int]) -> None:
        """One of the answers is so. Where any number may apply, the last that can still be."""
        if not task.any_number:
            self._keep((task.name, ONE), numbers)
            return
        possible = [number for number in numbers if number in self._domain(_variable(task, number))]
        if not possible:
            raise ImpossibleError
        if len(possible) == 1:
            self._keep(_variable(task, possible[0]), frozenset(possible))
