"""`rule` blocks: their clauses and votes, and what else they say: examples, expectations, status, history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.columns import refuse_values, voting_columns
from snorkel_dsl.language.check.conditions import check_condition, may_expand, new_name, uses
from snorkel_dsl.language.check.examples import check_example, check_expectation
from snorkel_dsl.language.check.scope import Names, Scope
from snorkel_dsl.language.check.texts import list_of
from snorkel_dsl.language.check.votes import RuleVotes, items_of, labels_of

STATES = ("stable", "experimental", "deprecated", "disabled")


@dataclass(frozen=True)
class CheckedRule:
    """A rule and its labeling functions, still without package and hash."""

    rule: ir.Rule
    functions: tuple[ir.LabelingFunction, ...]


def check_rule(names: Names, block: ast.Rule) -> CheckedRule | None:
    """A rule, or None where it has no meaning (and that has been said)."""
    votes = RuleVotes(names, block)
    task = votes.task
    by = block.votes
    by_column = isinstance(by, ast.ByColumn | ast.ByAnnotators)
    functions = _by_columns(block, votes) if by_column else _by_clauses(block, votes)
    task = task or votes.task
    read = {column for function in functions or () for column in function.columns}
    examples = [check_example(names, item, task, read) for item in items_of(block, ast.Example)]
    expectations = [check_expectation(names, item) for item in items_of(block, ast.Expect)]
    about = _about(names, block)
    if functions is not None:
        _check_example_votes(names, block, functions, examples)
    if functions is None or task is None or about is None or None in examples or None in expectations:
        return None
    rule = replace(
        about,
        functions=tuple(function.name for function in functions),
        task=task,
        examples=tuple(example for example in examples if example is not None),
        expectations=tuple(expectation for expectation in expectations if expectation is not None),
    )
    if rule.status == "disabled":
        return CheckedRule(replace(rule, functions=()), ())
    return CheckedRule(rule, tuple(replace(function, task=task) for function in functions))


def _check_example_votes(
    names: Names, block: ast.Rule, functions: Iterable[ir.LabelingFunction], examples: Iterable[ir.Example | None]
) -> None:
    """Whether each example asks for a vote that the rule can give; one that is `todo` may wait for a line to come."""
    votes = dict.fromkeys(vote for function in functions for vote in function.votes)
    possible = [labels_of(names, vote) for vote in votes]
    for written, example in zip(items_of(block, ast.Example), examples, strict=True):
        if example is None or example.vote is None or example.todo or example.vote in votes:
            continue
        names.report(
            "impossible-example",
            f"`{block.name.text}` never votes `{names.written(written.vote)}`",
            written.vote,
            f"it votes {', '.join(f'`{vote}`' for vote in possible)}",
            helps=[f"write `example {possible[0]} …`, or `example none …` for a row on which it abstains"],
        )


# ------------------------------------------------------------------------------------------------------- by conditions


def _by_clauses(block: ast.Rule, votes: RuleVotes) -> list[ir.LabelingFunction] | None:
    names = votes.names
    well_formed = _is_well_formed(names, block)
    clause_votes = [
        _clause_vote(votes, block, item) for item in block.items if isinstance(item, ast.When | ast.Otherwise)
    ]
    scopes = _scopes(names, block)
    if scopes is None:
        return None
    functions: list[ir.LabelingFunction] = []
    for suffix, scope in scopes:
        conditions, unless = _conditions(scope, block), _unless(scope, block)
        if conditions is None or unless is None:
            return None
        if votes.broken or not well_formed:
            return None
        clauses = tuple(
            ir.Clause(condition, vote, item.span)
            for condition, vote, item in zip(conditions, clause_votes, _clause_items(block), strict=True)
        )
        functions.append(_function(names, block, suffix, clauses, unless))
    _warn_of_silence(names, block, functions[0])
    return functions


def _clause_items(block: ast.Rule) -> list[ast.When | ast.Otherwise]:
    return [item for item in block.items if isinstance(item, ast.When | ast.Otherwise)]


def _function(
    names: Names, block: ast.Rule, suffix: str, clauses: tuple[ir.Clause, ...], unless: tuple[ir.Expression, ...]
) -> ir.LabelingFunction:
    name = f"{block.name.text}{suffix}"
    return ir.LabelingFunction(name, block.name.text, "", clauses, unless, source=names.source, span=block.span)


def _scopes(names: Names, block: ast.Rule) -> list[tuple[str, Scope]] | None:
    """The scope of each labeling function: one, or one for each term."""
    if block.each is None:
        return [("", Scope(names))]
    name = block.each.name
    terms = list_of(Scope(names), block.each.terms)
    healthy = new_name(Scope(names), name)
    if healthy and not any(uses(item, name.text) for item in block.items):
        names.report(
            "part-without-it", f"nothing is asked of `{name.text}`", name, helps=[f"use `{name.text}` in a condition"]
        )
        healthy = False
    if terms is None:
        placeholder = ir.TermList((ir.Term("x"),))
        terms, healthy = placeholder, False
    if not may_expand(Scope(names), block.each.terms, terms):
        return None
    texts: set[str] = set()
    scopes = []
    for term in terms.terms:
        if term.text in texts:
            names.report(
                "duplicate-name",
                f"`{term.text}` stands twice in `{block.each.terms.text}`",
                block.each.terms,
                "one function for each term needs terms that differ",
            )
            return None
        texts.add(term.text)
        scopes.append((f"[{term.text}]", Scope(names).with_term(name.text, terms, term, len(terms.terms))))
    if not healthy:
        for _, scope in scopes[:1]:
            _conditions(scope, block)
            _unless(scope, block)
        return None
    return scopes


def _is_well_formed(names: Names, block: ast.Rule) -> bool:
    healthy = True
    whens, others = items_of(block, ast.When), items_of(block, ast.Otherwise)
    if not whens and not others:
        names.report(
            "no-when",
            f"the rule `{block.name.text}` has no `when`",
            block.name,
            "nothing says when it votes",
            helps=['add a line such as `when text mentions "…"`'],
        )
        healthy = False
    clauses = _clause_items(block)
    for item in others:
        if item is not clauses[-1] or len(clauses) == 1:
            names.report(
                "misplaced-line",
                "`otherwise` stands after every `when`" if len(clauses) > 1 else "`otherwise` needs a `when` before it",
                item,
                "nothing after it is ever reached" if len(clauses) > 1 else "",
            )
            healthy = False
    return healthy and not refuse_values(names, block)


def _clause_vote(votes: RuleVotes, block: ast.Rule, item: ast.When | ast.Otherwise) -> ir.Vote | None:
    """The vote of a clause: its own or the header's, but not both."""
    names = votes.names
    if item.vote is not None and block.votes is not None:
        names.report(
            "two-votes",
            "the vote is given twice",
            item.vote,
            "and again here",
            others=[(block.votes.span, "given here")],
            helps=["remove it here, or remove `votes …` from the header and give every `when` its own vote"],
        )
        votes.broken = True
        return None
    if item.vote is not None:
        return votes.check(item.vote)
    if isinstance(item, ast.When) and block.votes is None:
        names.report(
            "no-vote",
            "this `when` does not say what to vote",
            item,
            helps=[f"write `rule {block.name.text} votes LABEL`, or `when … vote LABEL`"],
        )
        votes.broken = True
    return None if isinstance(item, ast.Otherwise) else votes.header


def _conditions(scope: Scope, block: ast.Rule) -> list[ir.Expression | None] | None:
    """The condition of each clause; None stands for `otherwise`."""
    found: list[ir.Expression | None] = []
    healthy = True
    for item in _clause_items(block):
        condition = check_condition(scope, item.condition) if isinstance(item, ast.When) else None
        healthy = healthy and (condition is not None or isinstance(item, ast.Otherwise))
        found.append(condition)
    return found if healthy else None


def _unless(scope: Scope, block: ast.Rule) -> tuple[ir.Expression, ...] | None:
    checked = [check_condition(scope, item.condition) for item in items_of(block, ast.Unless)]
    found = tuple(condition for condition in checked if condition is not None)
    return found if len(found) == len(checked) else None


def _warn_of_silence(names: Names, block: ast.Rule, function: ir.LabelingFunction) -> None:
    """Warn where no clause with a vote can be reached, and of each line that cannot."""
    reachable = [clause for clause in function.clauses if clause.condition not in function.unless]
    if not any(clause.vote is not None for clause in reachable):
        message = f"the rule `{block.name.text}` never votes"
        because = "what it votes on is excluded by `unless`"
        names.report("never-votes", message, block.name, because, severity="warning")
        return
    seen: dict[ir.Expression, ir.Clause] = {}
    for clause in function.clauses:
        before = None if clause.condition is None else seen.get(clause.condition)
        if before is not None and clause.span is not None and before.span is not None:
            names.report(
                "never-votes",
                "this line is never reached: an earlier one asks the same",
                clause.span,
                others=[(before.span, "asked here")],
                severity="warning",
            )
        elif clause.condition is not None:
            seen[clause.condition] = clause


# ----------------------------------------------------------------------------------------------------------- by column


def _by_columns(block: ast.Rule, votes: RuleVotes) -> list[ir.LabelingFunction] | None:
    """The functions of a rule that votes by the values of a column: one, or one for each annotator."""
    names = votes.names
    found = voting_columns(names, block, votes)
    unless = _unless(Scope(names), block)
    if found is None or unless is None:
        return None
    return [replace(_function(names, block, suffix, (), unless), by_column=by) for suffix, by in found]


# ------------------------------------------------------------------------------------------------- what else a rule says


def _about(names: Names, block: ast.Rule) -> ir.Rule | None:
    """Status, history, source and notes; None where one of them is wrong."""
    statuses, origins = items_of(block, ast.Status), items_of(block, ast.Origin)
    healthy = _at_most_one(names, "status", statuses) and _at_most_one(names, "source", origins)
    state, successor = "stable", None
    if statuses:
        healthy = _is_state(names, block, statuses[0]) and healthy
        state = statuses[0].state.text
        successor = None if statuses[0].successor is None else statuses[0].successor.text
    former = items_of(block, ast.Formerly)
    for item in former:
        if item.name.text in names.rules:
            names.report(
                "duplicate-name",
                f"there still is a rule called `{item.name.text}`",
                item.name,
                "not a former name",
                others=[(names.rules[item.name.text], "declared here")],
            )
            healthy = False
    if not healthy:
        return None
    return ir.Rule(
        block.name.text,
        (),
        "",
        status=state,
        successor=successor,
        formerly=tuple(item.name.text for item in former),
        origin=origins[0].text.text if origins else None,
        notes=tuple(item.text.text for item in items_of(block, ast.Note)),
        span=block.span,
        source=names.source,
    )


def _at_most_one(names: Names, word: str, lines: Iterable[ast.Node]) -> bool:
    lines = list(lines)
    for again in lines[1:]:
        names.report("repeated-line", f"there are two `{word}` lines", again, "write one", others=[(lines[0].span, "")])
    return len(lines) < 2


def _is_state(names: Names, block: ast.Rule, status: ast.Status) -> bool:
    if status.state.text not in STATES:
        names.unknown("status", STATES, status.state, label="stable, experimental, deprecated or disabled")
        return False
    if status.successor is None:
        return True
    if status.state.text != "deprecated":
        names.report("misplaced-line", "only a deprecated rule has a successor", status.successor)
        return False
    if status.successor.text not in names.rules or status.successor.text == block.name.text:
        if not names.is_poisoned(status.successor.text):
            others = [name for name in names.rules if name != block.name.text]
            names.unknown("rule", others, status.successor, label="its successor must be a rule of this file")
        return False
    return True
