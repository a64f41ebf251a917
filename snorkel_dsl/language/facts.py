"""What the compiler knows of each labeling function that no vote matrix shows.

Two functions share something where the same terms, pattern, lookup or sub-condition stands in both: their mistakes then come
together, and a label model that knows it does not count the same evidence twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from snorkel_dsl.facts import FunctionFacts, RuleFacts
from snorkel_dsl.language import ir
from snorkel_dsl.language.hashing import Forms
from snorkel_dsl.language.types import Kind

# A trait that most functions of a task have, or very many, would make each depend on each: it tells nothing.
_COMMON = 0.5
_MOST_HOLDERS = 200
_JOINS = frozenset({"and", "or", "not", "at_least_of", "at_most_of"})


def facts_of(program: ir.Program) -> RuleFacts:
    """The facts of a program, without exemplars (those need the rules to be run)."""
    forms = Forms(program)
    shares = _shares(program, forms)
    contains = _contains(program, forms)
    siblings = _siblings(program)
    rules = {rule.name: rule for rule in program.rules}
    functions = {
        function.name: FunctionFacts(
            function.name,
            function.task,
            frozenset(label for vote in function.votes for label in vote.labels),
            frozenset(shares[function.name]),
            frozenset(contains[function.name]),
            siblings[function.name],
            _precision(rules[function.rule]),
            function.semantic_hash,
        )
        for function in program.functions
    }
    requirements = tuple(one.fact for one in program.requirements)
    return RuleFacts(functions, _balances(program.tasks), requirements=requirements)


def _balances(tasks: Iterable[ir.Task]) -> dict[str, tuple[float, ...]]:
    """The declared balances by task, or by label where any number may apply."""
    found: dict[str, tuple[float, ...]] = {}
    for task in tasks:
        if task.balance is None:
            continue
        shares = [share or 0.0 for share in task.balance]
        if task.any_number:
            said = [(label, share) for label, share in zip(task.labels, shares, strict=True) if share]
            found |= {f"{task.name}.{label}": (1 - share, share) for label, share in said}
        else:
            found[task.name] = tuple(shares)
    return found


def _precision(rule: ir.Rule) -> tuple[float, float] | None:
    """The tightest bounds that its `expect precision` lines give."""
    expected = [one for one in rule.expectations if one.measure == "precision"]
    if not expected:
        return None
    low = max(0.0 if one.least is None else one.least for one in expected)
    high = min(1.0 if one.most is None else one.most for one in expected)
    return (low, high) if low <= high else None


def _siblings(program: ir.Program) -> dict[str, frozenset[str]]:
    by_rule: dict[str, set[str]] = defaultdict(set)
    for function in program.functions:
        by_rule[function.rule].add(function.name)
    return {function.name: frozenset(by_rule[function.rule] - {function.name}) for function in program.functions}


# --------------------------------------------------------------------------------------------------------------- shares


def _shares(program: ir.Program, forms: Forms) -> dict[str, set[str]]:
    """For each function, those of its task with a trait in common."""
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    for function in program.functions:
        sizes[function.task] += 1
        for trait in {trait for expression in function.expressions for trait in _traits(forms, expression)}:
            holders[function.task, trait].append(function.name)
    shares: dict[str, set[str]] = {function.name: set() for function in program.functions}
    for (task, _), names in holders.items():
        if 2 <= len(names) <= min(_MOST_HOLDERS, max(2, _COMMON * sizes[task])):
            for name in names:
                shares[name].update(other for other in names if other != name)
    return shares


def _traits(forms: Forms, expression: ir.Expression) -> Iterator[str]:
    """What an expression can have in common with others: its terms one by one, patterns, lookups, and conditions."""
    for node in ir.walk(expression):
        match node:
            case ir.Constant(value=ir.TermList(terms=terms)):
                yield from (f"term {term.text.casefold()}" for term in terms)
            case ir.Constant(value=ir.Pattern(text=text)):
                yield f"pattern {text}"
            case ir.Constant(value=ir.LookupTable()):
                yield forms.expression(node)
            case ir.Call(kind=Kind.CONDITION, operator=operator) if operator not in _JOINS:
                yield forms.expression(node)


# ------------------------------------------------------------------------------------------------------------- contains


def _contains(program: ir.Program, forms: Forms) -> dict[str, set[str]]:
    """For each function, those whose only condition is one of the alternatives of its own: it fires wherever they do."""
    alternatives = {function.name: _alternatives(forms, function) for function in program.functions}
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for function in program.functions:
        for key in alternatives[function.name]:
            holders[function.task, key].append(function.name)
    contains: dict[str, set[str]] = {function.name: set() for function in program.functions}
    for function in program.functions:
        for needed in _needs(forms, function):
            for larger in holders[function.task, needed]:
                if larger != function.name:
                    contains[larger].add(function.name)
    return contains


def _alternatives(forms: Forms, function: ir.LabelingFunction) -> set[str]:
    """Conditions each of which alone makes the function vote: none where an `unless` may stop it."""
    if function.unless or function.by_column is not None:
        return set()
    voting = [
        clause.condition for clause in function.clauses if clause.condition is not None and clause.vote is not None
    ]
    if len(voting) < sum(clause.condition is not None for clause in function.clauses):
        return set()
    return {forms.expression(part) for condition in voting for part in _parts(condition, "or")}


def _needs(forms: Forms, function: ir.LabelingFunction) -> set[str]:
    """Conditions that hold whenever the function votes."""
    if function.by_column is not None:
        return set()
    needed: list[set[str]] = []
    for clause in function.clauses:
        if clause.vote is None:
            continue
        if clause.condition is None:
            return set()
        parts = {clause.condition, *_parts(clause.condition, "and")}
        needed.append({forms.expression(part) for part in parts})
    return set.intersection(*needed) if needed else set()


def _parts(condition: ir.Expression, operator: str) -> Iterable[ir.Expression]:
    if isinstance(condition, ir.Call) and condition.operator == operator:
        return condition.arguments
    return (condition,)
