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

__all__ = [
    "NOT_ASKED", "Question", "Requirement", "Said", "Task", "Tries", "UndecidedError",
    "allowed", "exists", "possible", "said_of",
]  # fmt: skip


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


class UndecidedError(Exception):
    """Whether there is such a row takes too many tries to find out."""


class Tries:
    """How many answers may still be tried, in one search or several."""

    def __init__(self, left: int = 5_000) -> None:
        self.left = left

    def take(self) -> None:
        """Use one up. Raises UndecidedError where none is left."""
        if self.left <= 0:
            raise UndecidedError
        self.left -= 1


def allowed(tasks: Sequence[Task], requirements: Iterable[Requirement], said: Said) -> Domains | None:
    """The answers that a vote leaves to every variable; None where no row can be as it says.

    A vote for one of several labels leaves what any one of them would leave.
    """
    graph = _graph(tuple(tasks), tuple(requirements))
    left = graph.left(said)
    return None if left is None else graph.opening | left


def possible(
    tasks: Sequence[Task], requirements: Iterable[Requirement], tries: Tries | None = None
) -> set[tuple[str, int]]:
    """The answers that some row may have, each with its task; one of which that takes too many tries to tell counts as one.

    Every row that is found has an answer to each question, and the next is looked for among those with answers that no row
    before it had: so most answers need not be asked for.
    """
    search = _Search(Graph(tuple(tasks), tuple(requirements)), tries or Tries())
    found: set[tuple[Variable, int]] = set()
    for part in search.parts:
        every = [(variable, number) for variable in part for number in sorted(search.graph.opening[variable])]
        try:
            if not search.row(part, None, found):
                return set()
            for variable, number in every:
                if (variable, number) not in found:
                    search.row(part, (variable, number), found)
        except UndecidedError:
            found.update(every)
    return {(task, number) for (task, _), number in found if number != NOT_ASKED}


def exists(
    tasks: Sequence[Task], requirements: Iterable[Requirement], said: Said | None = None, tries: Tries | None = None
) -> bool:
    """Whether some row is as the requirements, and a vote if there is one, say. Raises UndecidedError after too many tries."""
    graph = Graph(tuple(tasks), tuple(requirements))
    search = _Search(graph, tries or Tries())
    wanted = [] if said is None else [(_variable(graph.tasks[said[0]], number), number) for number in sorted(said[1])]
    if said is not None and not any(search.row(search.part_of(one[0]), one, set()) for one in wanted):
        return False
    return all(search.row(part, None, set()) for part in search.parts)


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
            given = tuple((name, said) for name, said in votes if said)
            yield Exemplar(self.name, next(iter(settled)), given, one.own)


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
            sides = (one.given, one.implied, *one.or_else)
            self._watch(one, {self._variable(name, y) for name, numbers in sides for y in numbers})
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

    def parts(self) -> list[tuple[Variable, ...]]:
        """The variables in groups that no constraint connects, each in no order at all."""
        around: dict[int, list[Variable]] = {}
        for variable in self.opening:
            for constraint in self.watching(variable):
                around.setdefault(id(constraint), []).append(variable)
        found: list[tuple[Variable, ...]] = []
        seen: set[Variable] = set()
        for first in self.opening:
            group = [] if first in seen else [first]
            seen.add(first)
            for variable in group:
                near = [one for constraint in self.watching(variable) for one in around.pop(id(constraint), ())]
                group += dict.fromkeys(one for one in near if one not in seen)
                seen.update(near)
            Random(0).shuffle(group)  # noqa: S311 - no secret
            found += [tuple(group)] if group else []
        return found


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

    def copy(self) -> _Narrowing:
        """The same domains, to be narrowed in another way."""
        other = _Narrowing(self.graph)
        other.domains, other.changed = dict(self.domains), list(self.changed)
        return other

    def by(self, variable: Variable, number: int) -> Domains | None:
        """The domains that are narrowed by one answer; None where that is impossible."""
        try:
            self.keep(variable, frozenset({number}))
            self.follow()
        except ImpossibleError:
            return None
        return self.domains

    def follow(self) -> None:
        """Narrow what follows from what has changed. Raises ImpossibleError where nothing is left of a domain."""
        while self.changed:
            for constraint in self.graph.watching(self.changed.pop()):
                if isinstance(constraint, Requirement):
                    self._require(constraint)
                else:
                    self._under(constraint)

    def domain(self, variable: Variable) -> frozenset[int]:
        """What is left of a domain."""
        return self.domains.get(variable) or self.graph.opening[variable]

    def keep(self, variable: Variable, answers: frozenset[int]) -> None:
        """Narrow a domain. Raises ImpossibleError where nothing is left of it."""
        before = self.domain(variable)
        if not before & answers:
            raise ImpossibleError
        if before & answers != before:
            self.domains[variable] = before & answers
            self.changed.append(variable)

    def _drop(self, variable: Variable, answers: frozenset[int]) -> None:
        self.keep(variable, self.domain(variable) - answers)

    def _under(self, task: Task) -> None:
        """A task is asked where its parent's label is so, and only there."""
        parent, label = task.under or ("", 0)
        above = _variable(self.graph.tasks[parent], label)
        own = self.graph.variables[task.name]
        here, silent = frozenset({label}), frozenset({NOT_ASKED})
        if any(NOT_ASKED not in self.domain(variable) for variable in own):
            self.keep(above, here)
        if any(self.domain(variable) == silent for variable in own):
            self._drop(above, here)
        for variable in own:
            if label not in self.domain(above):
                self.keep(variable, silent)
            elif self.domain(above) == here:
                self._drop(variable, silent)

    def _require(self, requirement: Requirement) -> None:
        """What is given being certain, what it implies is so; what is implied being impossible, nothing given is so."""
        premise, given = requirement.given[1], self.graph.tasks[requirement.given[0]]
        left = self._left(requirement)
        if any(self.domain(_variable(given, number)) <= premise for number in premise):
            if not left:
                raise ImpossibleError
            if len(left) == 1:
                self.keep(*left.popitem())
        elif not left:
            for number in premise:
                self._drop(_variable(given, number), frozenset({number}))

    def _left(self, requirement: Requirement) -> Domains:
        """What is implied as far as it still can be: for each variable that it is about, the answers of which one is so."""
        left: Domains = {}
        for name, numbers in (requirement.implied, *requirement.or_else):
            for number in numbers:
                variable = _variable(self.graph.tasks[name], number)
                if number in self.domain(variable):
                    left[variable] = left.get(variable, frozenset()) | {number}
        return left


class _Search:
    """Rows that are as they must be, found by trying: first where fewest answers are left, each with all that follows from it.

    Variables that no constraint connects, however indirectly, are searched apart: `parts`. They stand in no order at all, so
    that of a long chain of requirements most follow from the first few.
    """

    def __init__(self, graph: Graph, tries: Tries) -> None:
        self.graph, self.tries = graph, tries
        self.parts = graph.parts()
        self._part = {variable: part for part in self.parts for variable in part}
        self._starts: dict[Variable, _Narrowing | None] = {}

    def part_of(self, variable: Variable) -> tuple[Variable, ...]:
        """The variables that are connected with one."""
        return self._part[variable]

    def row(
        self, part: tuple[Variable, ...], wanted: tuple[Variable, int] | None, found: set[tuple[Variable, int]]
    ) -> bool:
        """Whether some row has a wanted answer, as far as a part goes; the answers of such a row are added to `found`.

        Answers that are not found yet are tried first. Raises UndecidedError after too many tries.
        """
        start = self._start(part)
        waiting = [] if start is None else [(start, *(wanted or (part[0], None)))]
        while waiting:
            state, variable, number = waiting.pop()
            state = state.copy()
            if not self._narrows(state, variable, number):
                continue
            several = [one for one in part if len(state.domain(one)) > 1]
            if not several:
                found.update((one, answer) for one in part for answer in state.domain(one))
                return True
            variable = min(several, key=lambda one: len(state.domain(one)))
            answers = sorted(state.domain(variable), key=lambda answer: ((variable, answer) not in found, answer))
            waiting += [(state, variable, answer) for answer in answers]
        return False

    def _start(self, part: tuple[Variable, ...]) -> _Narrowing | None:
        """What follows before anything is tried; None where that is impossible."""
        if part[0] not in self._starts:
            state = _Narrowing(self.graph)
            state.changed += part
            self._starts[part[0]] = state if self._narrows(state, part[0], None) else None
        return self._starts[part[0]]

    def _narrows(self, state: _Narrowing, variable: Variable, number: int | None) -> bool:
        self.tries.take()
        try:
            if number is not None:
                state.keep(variable, frozenset({number}))
            state.follow()
        except ImpossibleError:
            return False
        return True
