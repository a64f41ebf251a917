"""`require` lines: what they come to, and whether rows are left that are as all of them say.

Every line becomes implications. That A excludes B is that A implies another label of B's task, or that this task is not
asked; that one of several labels is so is that the one not being so implies the others. Where several lines together leave
no row, or none with some label, the fewest lines that clash are shown: with any one of them away, they no longer would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.scope import Names
from snorkel_dsl.language.check.tasks import ancestors
from snorkel_dsl.language.check.votes import check_vote
from snorkel_dsl.questions import Requirement, Said, Tries, UndecidedError, exists, possible
from snorkel_dsl.source import Span

_MOST_IMPOSSIBLE = 12  # answers that no row can have, whose lines are looked for
_ANOTHER = "a requirement ties a label to one of another task, or to another where any number may apply"
_ONE_LABEL = "`{}` has one label a row"
_SAME_LABEL = "the same label stands on both sides"


def check_requirements(names: Names, blocks: Iterable[ast.Block]) -> tuple[ir.RequireLine, ...]:
    """All `require` lines of a file."""
    made = [_line(names, block) for block in blocks if isinstance(block, ast.AnyRequire)]
    found = tuple(line for line in made if line is not None)
    if found:
        _find_impossible(names, found)
    return found


def _line(names: Names, block: ast.AnyRequire) -> ir.RequireLine | None:
    """A line with what it comes to; None where it is wrong, and that has been said."""
    sides = [check_vote(names, side, None) for side in _sides(block)]
    known = [side for side in sides if side is not None]
    if len(known) < len(sides):
        return None
    match block:
        case ast.Require():
            relation, made = "implies", _implies(names, block, *known)
        case ast.RequireNot():
            relation, made = "excludes", _excludes(names, block, *known)
        case ast.RequireSome():
            relation, made = f"{block.how_many.word} of", _one_of(names, block, known)
    return ir.RequireLine(relation, tuple(known), made, block.span) if made else None


def _sides(block: ast.AnyRequire) -> Sequence[ast.Vote]:
    match block:
        case ast.Require():
            return block.premise, block.conclusion
        case ast.RequireNot():
            return block.first, block.second
        case ast.RequireSome():
            return [ast.VoteFor((label,), span=label.span) for label in block.labels]


def _says_nothing(names: Names, block: ast.Node, message: str, because: str) -> tuple[ir.Requirement, ...]:
    names.report("empty-requirement", message, block, because, helps=[_ANOTHER])
    return ()


# ------------------------------------------------------------------------------------------------- what a line comes to


def _implies(names: Names, block: ast.Node, given: ir.Vote, implied: ir.Vote) -> tuple[ir.Requirement, ...]:
    """`A implies B`. Of a task of which one label is true the one settles the other without being told."""
    task, same = names.tasks[given.task], given.labels & implied.labels
    if given.task != implied.task or (task.any_number and not same):
        return (ir.Requirement(given, implied, block.span),)
    because = _SAME_LABEL if task.any_number else _ONE_LABEL.format(task.name)
    return _says_nothing(names, block, "this holds of itself" if same else "no row can be so", because)


def _excludes(names: Names, block: ast.Node, one: ir.Vote, other: ir.Vote) -> tuple[ir.Requirement, ...]:
    """`A excludes B`: each part of the one excludes each of the other."""
    task, same = names.tasks[one.task], one.labels & other.labels
    if one.task == other.task and (same or not task.any_number):
        message = "no row can be so" if same else "this holds of every row"
        return _says_nothing(names, block, message, _SAME_LABEL if same else _ONE_LABEL.format(task.name))
    pairs = ((a, b) for a in _parts(names, one) for b in _parts(names, other))
    return tuple(_not_both(names, block, a, b) for a, b in pairs)


def _one_of(names: Names, block: ast.RequireSome, labels: Sequence[ir.Vote]) -> tuple[ir.Requirement, ...]:
    """`exactly one of`, `at least one of`, `at most one of` some labels."""
    seen: set[ir.Vote] = set()
    for written, label in zip(block.labels, labels, strict=True):
        if label in seen:
            names.report("duplicate-name", f"the label `{written.text}` is named twice", written)
            return ()
        seen.add(label)
    found: list[ir.Requirement] = []
    if block.how_many.word != "at most one":
        found += _some(names, block, labels)
    if block.how_many.word != "at least one":
        pairs = [(a, b) for a, b in combinations(labels, 2) if a.task != b.task or names.tasks[a.task].any_number]
        found += [_not_both(names, block, a, b) for a, b in pairs]
    if found:
        return tuple(found)
    return _says_nothing(names, block, "this holds of every row", _ONE_LABEL.format(labels[0].task))


def _some(names: Names, block: ast.Node, labels: Iterable[ir.Vote]) -> tuple[ir.Requirement, ...]:
    """At least one of some labels: that one task has none of them implies that another has."""
    merged: dict[str, frozenset[int]] = {}
    for label in labels:
        merged[label.task] = merged.get(label.task, frozenset()) | label.labels
    votes = [ir.Vote(task, numbers) for task, numbers in merged.items()]
    tasks = [names.tasks[vote.task] for vote in votes]
    if any(not of.any_number and len(vote.labels) == len(of.labels) for vote, of in zip(votes, tasks, strict=True)):
        votes = [vote for vote in votes if names.tasks[vote.task].under is not None] or votes
        if names.tasks[votes[0].task].under is None:
            return ()
    settled = [
        vote
        for vote in votes
        if len(votes) > 1 and names.tasks[vote.task].under is None and len(_parts(names, vote)) == 1
    ]
    given = _other(names, settled[0]) if settled else _always(names, votes[0].task)
    implied, *or_else = [vote for vote in votes if vote not in settled[:1]]
    return (ir.Requirement(given, implied, block.span, tuple(or_else)),)


def _not_both(names: Names, block: ast.Node, one: ir.Vote, other: ir.Vote) -> ir.Requirement:
    """Two things that exclude each other; the one is given in which the task of the other is sure to be asked, if any."""
    if not _is_asked(names, one, other.task) and _is_asked(names, other, one.task):
        one, other = other, one
    or_else = () if _is_asked(names, one, other.task) else tuple(_unasked(names, other.task))
    return ir.Requirement(one, _other(names, other), block.span, or_else)


def _parts(names: Names, vote: ir.Vote) -> list[ir.Vote]:
    """The things of which a vote says that one is so; of a task with one label a row, that is one thing."""
    if not names.tasks[vote.task].any_number:
        return [vote]
    return [ir.Vote(vote.task, frozenset({number})) for number in sorted(vote.labels)]


def _other(names: Names, part: ir.Vote) -> ir.Vote:
    """What is so of a task that is asked, and of which a thing is not so."""
    task = names.tasks[part.task]
    if not task.any_number:
        return ir.Vote(task.name, frozenset(range(len(task.labels))) - part.labels)
    k = len(task.labels)
    return ir.Vote(task.name, frozenset((number + k) % (2 * k) for number in part.labels))


def _always(names: Names, task: str) -> ir.Vote:
    """What is so of every row: that the topmost task above one has some answer."""
    of = names.tasks[task]
    top = [of, *ancestors(names, of)][-1]
    return ir.Vote(top.name, frozenset({0, len(top.labels)} if top.any_number else range(len(top.labels))))


def _is_asked(names: Names, given: ir.Vote, task: str) -> bool:
    """Whether a task is asked of each row of which something is so."""
    of = names.tasks[given.task]
    return names.tasks[task].under is None or task in (of.name, *(above.name for above in ancestors(names, of)))


def _unasked(names: Names, task: str) -> Iterator[ir.Vote]:
    """What one of is so where a task is not asked: something else of a task above it."""
    of = names.tasks[task]
    for above in ancestors(names, of):
        if of.under is not None:
            yield _other(names, ir.Vote(above.name, frozenset({of.under[1]})))
        of = above


# ------------------------------------------------------------------------------------------------------ what they leave


def _find_impossible(names: Names, lines: Sequence[ir.RequireLine]) -> None:
    """Say so where the lines leave no row; find the labels that none has, each with the fewest lines that do it."""
    search = _Clashes(names, lines)
    if search.leaves_none(search.items, None):
        _empty(names, search.fewest(None))
        return
    tasks = tuple(names.tasks.values())
    some_row_has = possible(tasks, search.requirements(search.items), search.tries)
    every = {(task.name, number) for task in tasks for number in range(len(task.answers))}
    names.impossible, names.clashing = every - some_row_has, search.fewest


def refuse_impossible_labels(names: Names) -> None:
    """Say so of each line with which some label can be that of no row, unless a vote for such a label has shown the line."""
    order = list(names.tasks)
    for task, number in sorted(names.impossible, key=lambda one: (order.index(one[0]), one[1]))[:_MOST_IMPOSSIBLE]:
        places = names.clashing((task, frozenset({number})))
        if places and places[-1] not in names.told:
            names.told.add(places[-1])
            _never(names, f"`{task}` can never be `{names.tasks[task].answers[number]}`", places)


class _Clashes:
    """The lines that may clash: those that say under which label a task stands, and then the requirements."""

    def __init__(self, names: Names, lines: Sequence[ir.RequireLine]) -> None:
        self.tasks = names.tasks
        under = [task.name for task in names.tasks.values() if task.under is not None and task.name in names.unders]
        self.items: tuple[str | ir.RequireLine, ...] = (*under, *lines)
        self.places: Mapping[str, Span] = names.unders
        self.tries = Tries(20_000)

    def requirements(self, items: Iterable[str | ir.RequireLine]) -> tuple[Requirement, ...]:
        """What the lines among some items come to."""
        lines = (item for item in items if isinstance(item, ir.RequireLine))
        return tuple(one.fact for line in lines for one in line.requirements)

    def leaves_none(self, items: Sequence[str | ir.RequireLine], said: Said | None) -> bool:
        """Whether with these lines alone no row is as said. Where that would take too long to find out, it counts as one."""
        under = {item for item in items if isinstance(item, str)}
        tasks = [task if task.name in under else replace(task, under=None) for task in self.tasks.values()]
        try:
            return not exists(tasks, self.requirements(items), said, self.tries)
        except UndecidedError:
            return False

    def fewest(self, said: Said | None) -> tuple[Span, ...]:
        """The places of the fewest lines that leave no row as said, in the order of the file.

        The last line of the shortest beginning that does it is one of them; kept, it may do it with a shorter beginning, whose
        last line is the next one, and so on: each needs about as many trials as the lines have binary digits.
        """
        kept: list[str | ir.RequireLine] = []
        high = len(self.items)
        while not self.leaves_none(kept, said):
            low = 0
            while low < high:
                middle = (low + high) // 2
                low, high = (
                    (low, middle) if self.leaves_none([*self.items[:middle], *kept], said) else (middle + 1, high)
                )
            if high == 0:
                break
            kept.append(self.items[high - 1])
            high -= 1
        spans = (self.places[item] if isinstance(item, str) else item.span for item in kept)
        return tuple(sorted(spans, key=lambda span: span.start))


def _empty(names: Names, places: Sequence[Span]) -> None:
    names.report(
        "clashing-requirements",
        f"no row can be as {'these lines say' if len(places) > 1 else 'this line says'}",
        places[-1],
        "this cannot be",
        others=[(place, "together with this") for place in places[:-1]],
        helps=["remove or weaken one of these lines" if len(places) > 1 else "remove the line"],
    )


def _never(names: Names, message: str, places: Sequence[Span]) -> None:
    names.report(
        "impossible-label",
        f"with this line, {message}",
        places[-1],
        "what it requires cannot be",
        others=[(place, "together with this") for place in places[:-1]],
        helps=["remove the requirement, or the label"],
    )
