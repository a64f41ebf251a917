"""The feasible set of several tasks, as a tree of small tables: what a row can be like, without writing all of it out.

    F = { y in Π_v D_v : every constraint holds },     one variable v a task, or a label of those that may all apply

A task under a label of another has one more state, not asked, exactly where the row lacks that label; so in a hierarchy each
element of F is one leaf (Ratner et al., AAAI 2019, section 3). `require A implies B` ties the variables that A and B are
about. Where one side is one of several labels that may apply, or of labels of several tasks, a further variable stands for
"one of these": it is built pair by pair, so no table has to hold all of them at once. A vote for one of several such labels
is about that variable too.

Variables that share a constraint are neighbours. The graph is triangulated by minimum fill, and its maximal cliques are
joined by a **maximum** spanning tree over their separators (Lauritzen and Spiegelhalter, JRSS B 1988). Of each clique only the
configurations are kept that some feasible vector has: fourteen findings of which one may apply are fifteen, and not 2^14.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np

from snorkel_dsl.facts import Requirement
from snorkel_dsl.votes import Bools, Ints, TaskLabels

MOST_CONFIGURATIONS = 1 << 16  # of one clique; a message over that many takes a megabyte a row in a batch of two
Said = tuple[str, frozenset[int]]


class TooManyError(ValueError):
    """The constraints tie so many tasks together that a table of them cannot be held."""


@dataclass(frozen=True)
class Variable:
    """One thing that a row has one state of: `states` names them, in order.

    Of a task they are its labels, of a single label that may apply `not LABEL` and `LABEL`, of a helper that stands for one
    of several labels likewise; the last is `not asked` where the task is under a label. `task` is None for a helper, `label`
    the class number of a single label.
    """

    name: str
    task: str | None
    label: int | None
    states: tuple[str, ...]
    asked_always: bool = True

    @property
    def labels(self) -> int:
        """The number of states in which it is asked."""
        return len(self.states) - (not self.asked_always)


@dataclass(frozen=True)
class Event:
    """That a variable is in one of some states."""

    variable: int
    states: frozenset[int]


@dataclass(frozen=True, eq=False)
class Constraint:
    """The combinations of states, (c, number of variables), that some variables may be in."""

    variables: tuple[int, ...]
    allowed: Ints


@dataclass(frozen=True, eq=False)
class Clique:
    """Variables whose states are tied, and the combinations that occur in F: `configurations` (s, number of variables).

    `parent` is the number of the clique above, -1 at a root. The variables that both have are the separator: `up` (s) numbers
    its states among this clique's configurations, `down` among the parent's.
    """

    variables: tuple[int, ...]
    configurations: Ints
    parent: int = -1
    up: Ints | None = None
    down: Ints | None = None


class FeasibleSet:
    """Variables and the tree of cliques, parents before their children, of some tasks and what they require of each other.

    `events` are votes that must be about one variable (task, class numbers). Raises ValueError where the requirements leave
    nothing, and `TooManyError` where a table would have more than `most` combinations.
    """

    def __init__(
        self,
        tasks: Sequence[TaskLabels],
        requirements: Iterable[Requirement] = (),
        events: Iterable[Said] = (),
        most: int = MOST_CONFIGURATIONS,
    ) -> None:
        self.tasks = {task.name: task for task in tasks}
        self.requirements, self.events = tuple(requirements), tuple(events)
        self.most = most
        self.variables: list[Variable] = []
        self.constraints: list[Constraint] = []
        self.premises: set[int] = set()  # variables of which some state requires something of another
        self._either: dict[frozenset[Event], int] = {}
        self.of_task = {task.name: self._declare(task) for task in tasks}
        for task in tasks:
            if task.under is not None and task.under[0] in self.tasks:
                self._under(task, task.under)
        for one in self.requirements:
            implied = self._one_of(self._merged(one.implied, *one.or_else))
            for given in self._each(one.given):  # `A or B implies C`: `A implies C` and `B implies C`, no helper needed
                self._imply(given, implied)
                self.premises.add(given.variable)
        for said in self.events:
            self.event(said)
        self.cliques = _joined(self._cliques(), len(self.variables))

    # --- variables and constraints -----------------------------------------------------------------------------------

    def _declare(self, task: TaskLabels) -> tuple[int, ...]:
        free = task.under is None or task.under[0] not in self.tasks
        beyond = () if free else ("not asked",)
        if task.any_number:
            made = [
                Variable(f"{task.name}.{label}", task.name, y, (f"not {label}", label, *beyond), free)
                for y, label in enumerate(task.labels)
            ]
        else:
            made = [Variable(task.name, task.name, None, (*task.labels, *beyond), free)]
        self.variables += made
        return tuple(range(len(self.variables) - len(made), len(self.variables)))

    def event(self, said: Said) -> Event:
        """What a vote says, as the states of one variable; a helper is made where it names several labels that may apply."""
        return self._one_of(self._each(said))

    def _merged(self, *said: Said) -> list[Event]:
        """The events of which several votes together say that one holds, of one variable each."""
        by_variable: dict[int, frozenset[int]] = {}
        for event in (event for one in said for event in self._each(one)):
            by_variable[event.variable] = by_variable.get(event.variable, frozenset()) | event.states
        return [Event(variable, states) for variable, states in by_variable.items()]

    def _each(self, said: Said) -> list[Event]:
        """The events of which a vote says that one holds, of one variable each."""
        task, numbers = self.tasks[said[0]], said[1]
        own, k = self.of_task[task.name], len(task.labels)
        if not task.any_number:
            return [Event(own[0], frozenset(numbers))]
        by_label: dict[int, set[int]] = {}
        for number in sorted(numbers):
            by_label.setdefault(own[number % k], set()).add(int(number < k))
        return [Event(variable, frozenset(states)) for variable, states in by_label.items()]

    def known(self, said: Said) -> Event | None:
        """What a vote says, where a variable stands for it; None where it names labels that nothing here names together."""
        before = len(self.variables)
        found = self.event(said)
        while len(self.variables) > before:
            self.variables.pop()
            self._either.popitem()
            self.constraints.pop()
        return found if found.variable < before else None

    def _one_of(self, events: list[Event]) -> Event:
        """The event that one of several holds, about a helper that is tied to two at a time."""
        while len(events) > 1:
            pairs = [events[i : i + 2] for i in range(0, len(events), 2)]
            events = [self._either_of(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
        return events[0]

    def _either_of(self, one: Event, other: Event) -> Event:
        key = frozenset({one, other})
        if key not in self._either:
            self._either[key] = len(self.variables)
            said = " or ".join(self._words(event) for event in (one, other))
            self.variables.append(Variable(said, None, None, (f"not ({said})", said)))
            self._constrain(
                (one.variable, other.variable, self._either[key]),
                lambda a, b, c: c == (a in one.states or b in other.states),
            )
        return Event(self._either[key], frozenset({1}))

    def _words(self, event: Event) -> str:
        return " or ".join(self.variables[event.variable].states[state] for state in sorted(event.states))

    def _under(self, task: TaskLabels, under: tuple[str, int]) -> None:
        above = self.event((under[0], frozenset({under[1]})))
        for variable in self.of_task[task.name]:
            unasked = len(self.variables[variable].states) - 1
            self._constrain(
                (above.variable, variable), lambda a, b, unasked=unasked: (a in above.states) == (b != unasked)
            )

    def _imply(self, given: Event, implied: Event) -> None:
        if given.variable == implied.variable:
            self._constrain((given.variable,), lambda a: a not in given.states or a in implied.states)
        else:
            self._constrain(
                (given.variable, implied.variable), lambda a, b: a not in given.states or b in implied.states
            )

    def _constrain(self, variables: tuple[int, ...], holds: Callable[..., bool]) -> None:
        sizes = [range(len(self.variables[v].states)) for v in variables]
        allowed = [states for states in product(*sizes) if holds(*states)]
        self.constraints.append(Constraint(variables, np.array(allowed, dtype=np.int64).reshape(-1, len(variables))))

    # --- cliques ------------------------------------------------------------------------------------------------------

    def _cliques(self) -> list[Clique]:
        return [Clique(own, self._configurations(own)) for own in _triangulated(self._neighbours())]

    def _neighbours(self) -> list[set[int]]:
        found: list[set[int]] = [set() for _ in self.variables]
        for constraint in self.constraints:
            for one, other in combinations(constraint.variables, 2):
                found[one].add(other)
                found[other].add(one)
        return found

    def _configurations(self, own: tuple[int, ...]) -> Ints:
        """All combinations of the states of some variables that the constraints among them allow, variable by variable."""
        mine = [constraint for constraint in self.constraints if set(constraint.variables) <= set(own)]
        order, found = _tightest_first(own, mine), np.zeros((1, 0), dtype=np.int64)
        for place, variable in enumerate(order):
            states = len(self.variables[variable].states)
            if len(found) * states > self.most * 4:
                raise TooManyError(self._too_many(own))
            found = np.column_stack([np.repeat(found, states, axis=0), np.tile(np.arange(states), len(found))])
            for constraint in mine:
                if variable in constraint.variables and set(constraint.variables) <= set(order[: place + 1]):
                    found = found[_holds(constraint, order, found)]
        if len(found) > self.most:
            raise TooManyError(self._too_many(own))
        return np.asarray(found[:, [order.index(variable) for variable in own]])

    def _too_many(self, own: tuple[int, ...]) -> str:
        names = ", ".join(f"`{self.variables[v].name}`" for v in own if self.variables[v].task is not None)
        return (
            f"the requirements tie {names} together in more than {self.most:,} combinations: "
            "require less of them, or fit `separate` models"
        )

    # --- what it holds ------------------------------------------------------------------------------------------------

    @cached_property
    def offsets(self) -> Ints:
        """Where the states of each variable start among those of all, (V + 1)."""
        sizes = [len(variable.states) for variable in self.variables]
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    def above(self, variable: int) -> Event | None:
        """The label under which a variable is asked, as an event; None where it always is."""
        own = self.variables[variable]
        under = None if own.asked_always else self.tasks[own.task or ""].under
        return None if under is None else self.event((under[0], frozenset({under[1]})))

    def parents_first(self) -> list[int]:
        """The variables of tasks and labels, each after the one that it is asked under."""
        order, waiting = list[int](), [v for v, variable in enumerate(self.variables) if variable.task is not None]
        while waiting:
            ready = [v for v in waiting if (above := self.above(v)) is None or above.variable in order]
            order += ready
            waiting = [v for v in waiting if v not in ready]
        return order

    def states_of(self, variable: int) -> slice:
        """Where the states of a variable stand among those of all."""
        return slice(int(self.offsets[variable]), int(self.offsets[variable + 1]))

    @cached_property
    def homes(self) -> list[int]:
        """For each variable the smallest clique that holds it."""
        sizes = [len(clique.configurations) for clique in self.cliques]
        return [
            min((c for c, clique in enumerate(self.cliques) if v in clique.variables), key=sizes.__getitem__)
            for v in range(len(self.variables))
        ]

    @cached_property
    def possible(self) -> Bools:
        """Which states of all variables some feasible vector has, (number of states)."""
        found: Bools = np.zeros(int(self.offsets[-1]), dtype=np.bool_)
        for clique in self.cliques:
            for column, variable in enumerate(clique.variables):
                found[self.offsets[variable] + clique.configurations[:, column]] = True
        return found

    def size(self) -> float:
        """How many vectors are feasible, helpers aside (they follow from the others)."""
        below = [np.ones(len(clique.configurations)) for clique in self.cliques]
        total = 1.0
        for c in reversed(range(len(self.cliques))):
            clique = self.cliques[c]
            if clique.up is None or clique.down is None:
                total *= float(below[c].sum())
            else:
                below[clique.parent] *= np.bincount(clique.up, weights=below[c])[clique.down]
        return total

    def contains(self, states: Ints) -> Bools:
        """Whether vectors of states (rows, V) are feasible, (rows)."""
        fine: Bools = np.ones(len(states), dtype=np.bool_)
        for constraint in self.constraints:
            fine &= _holds(constraint, list(range(states.shape[1])), states)
        return fine

    def complete(self, states: Ints) -> Ints:
        """Vectors (rows, V) with the states of the helpers as they follow from the others."""
        known = states.copy()
        for key, helper in self._either.items():
            held = [np.isin(known[:, event.variable], sorted(event.states)) for event in key]
            known[:, helper] = np.any(held, axis=0)
        return known


def _holds(constraint: Constraint, order: Sequence[int], found: Ints) -> Bools:
    """Which rows of `found`, whose columns are the variables in `order`, a constraint allows."""
    columns = [order.index(variable) for variable in constraint.variables]
    sizes = np.maximum(found[:, columns].max(axis=0, initial=0), constraint.allowed.max(axis=0, initial=0)) + 1
    numbers = [np.ravel_multi_index(tuple(rows.T), tuple(sizes)) for rows in (found[:, columns], constraint.allowed)]
    return np.asarray(np.isin(*numbers))


def _tightest_first(own: tuple[int, ...], constraints: list[Constraint]) -> list[int]:
    """The variables so that each is tied to as many before it as can be: then few combinations are ever at hand."""
    order: list[int] = []
    while len(order) < len(own):
        ties = {v: sum(v in c.variables and bool(set(order) & set(c.variables)) for c in constraints) for v in own}
        order.append(max((v for v in own if v not in order), key=ties.__getitem__))
    return order


def _triangulated(neighbours: list[set[int]]) -> list[tuple[int, ...]]:
    """The maximal cliques of a graph that is made chordal by eliminating the vertex that adds fewest edges, again and again."""
    graph = {v: set(near) for v, near in enumerate(neighbours)}
    found: list[frozenset[int]] = []
    while graph:
        v = min(graph, key=lambda one: (_fill(graph, one), len(graph[one]), one))
        near = graph.pop(v)
        for one in near:
            graph[one] |= near - {one}
            graph[one].discard(v)
        clique = frozenset({v, *near})
        if not any(clique <= other for other in found):
            found.append(clique)
    return [tuple(sorted(clique)) for clique in found]


def _fill(graph: dict[int, set[int]], vertex: int) -> int:
    near = graph[vertex]
    return sum(len(near - graph[one]) - 1 for one in near) // 2


# ---------------------------------------------------------------------------------------------------------------- the tree


def _joined(cliques: list[Clique], variables: int) -> tuple[Clique, ...]:
    """The cliques as a forest, parents first, with only the configurations that go together with one of each other clique."""
    parents = _spanning(cliques)
    order = _parents_first(parents)
    tables = [clique.configurations for clique in cliques]
    for c in reversed(order):  # a parent keeps what each child can go with, then a child what its parent can
        if parents[c] >= 0:
            up, down = _numbered(cliques, tables, c, parents[c])
            tables[parents[c]] = tables[parents[c]][np.isin(down, up)]
    for c in order:
        if parents[c] >= 0:
            up, down = _numbered(cliques, tables, c, parents[c])
            tables[c] = tables[c][np.isin(up, down)]
    if any(len(table) == 0 for table in tables):
        raise ValueError("the requirements contradict each other: no row can be as they say")
    place = {c: number for number, c in enumerate(order)}
    made = []
    for c in order:
        if parents[c] < 0:
            made.append(Clique(cliques[c].variables, tables[c]))
            continue
        up, down = _numbered(cliques, tables, c, parents[c])
        numbers = np.unique(up, return_inverse=True)[1], np.unique(down, return_inverse=True)[1]
        made.append(Clique(cliques[c].variables, tables[c], place[parents[c]], *numbers))
    return tuple(made)


def _spanning(cliques: list[Clique]) -> list[int]:
    """For each clique the one above it in a maximum spanning forest over the sizes of the separators, -1 for a root."""
    weights = [
        (-len(set(one.variables) & set(other.variables)), i, j)
        for (i, one), (j, other) in combinations(enumerate(cliques), 2)
        if set(one.variables) & set(other.variables)
    ]
    group, near = list(range(len(cliques))), [list[int]() for _ in cliques]
    for _, i, j in sorted(weights):
        if group[i] != group[j]:
            near[i].append(j)
            near[j].append(i)
            group = [group[i] if number == group[j] else number for number in group]
    parents = [-2] * len(cliques)
    for root in sorted(
        range(len(cliques)), key=lambda c: cliques[c].variables
    ):  # tasks that are declared first are above
        waiting = [(root, -1)] if parents[root] == -2 else []
        while waiting:
            c, parent = waiting.pop()
            parents[c] = parent
            waiting += [(other, c) for other in near[c] if parents[other] == -2]
    return parents


def _parents_first(parents: list[int]) -> list[int]:
    order: list[int] = [c for c, parent in enumerate(parents) if parent < 0]
    for c in order:
        order += [other for other, parent in enumerate(parents) if parent == c]
    return order


def _numbered(cliques: list[Clique], tables: list[Ints], c: int, parent: int) -> tuple[Ints, Ints]:
    """The states of the separator of a clique and its parent as numbers, for the configurations of either."""
    shared = [v for v in cliques[c].variables if v in cliques[parent].variables]
    own = tables[c][:, [cliques[c].variables.index(v) for v in shared]]
    above = tables[parent][:, [cliques[parent].variables.index(v) for v in shared]]
    numbers = np.unique(np.vstack([own, above]), axis=0, return_inverse=True)[1].ravel()
    return numbers[: len(own)].astype(np.int64), numbers[len(own) :].astype(np.int64)
