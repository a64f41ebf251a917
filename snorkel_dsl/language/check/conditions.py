"""Conditions: what joins, negates and counts them, the parts of a text, lists of terms, and named conditions.

`and` beside `or` needs brackets. Each part of a `where` must ask something of its piece, and each part of a `for some` of its
name: a part that does not was meant to stand outside, and would mean something else where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.annotations import check_annotated
from snorkel_dsl.language.check.comparisons import (
    check_between,
    check_comparison,
    check_distance,
    check_in_lookup,
    check_is,
    check_one_of,
    check_presence,
    check_within,
)
from snorkel_dsl.language.check.scope import BoundPiece, Names, Scope
from snorkel_dsl.language.check.texts import (
    Bounds,
    bounds_of,
    check_has_count,
    check_matches,
    check_says,
    check_share,
    list_of,
)
from snorkel_dsl.language.check.values import check_value, text_value
from snorkel_dsl.language.types import Kind
from snorkel_dsl.source import Span

MOST_EXPANSIONS = 10_000


def check_condition(scope: Scope, node: ast.Expression) -> ir.Expression | None:
    """What a condition means, or None where it means nothing (and that has been said)."""
    match node:
        case ast.Chain() | ast.Not() | ast.Brackets() | ast.Items() | ast.Counted() | ast.Where() | ast.ForSome():
            return _joined(scope, node)
        case ast.Says():
            return check_says(scope, node)
        case ast.Matches():
            return check_matches(scope, node)
        case ast.HasCount():
            return check_has_count(scope, node)
        case ast.Share():
            return check_share(scope, node)
        case (
            ast.Is() | ast.OneOf() | ast.Comparison() | ast.Between() | ast.Within() | ast.IsMissing() | ast.IsPresent()
        ):
            return _compared(scope, node)
        case ast.InLookup():
            return check_in_lookup(scope, node)
        case ast.Name() | ast.Call():
            return _named(scope, node)
        case ast.HasEntity() | ast.HasEntities() | ast.HasAmong():
            return check_annotated(scope, node)
        case ast.Distance():
            return check_distance(scope, node)
        case _:
            not_a_condition(scope, node)
            return None


def _compared(
    scope: Scope,
    node: ast.Is | ast.OneOf | ast.Comparison | ast.Between | ast.Within | ast.IsMissing | ast.IsPresent,
) -> ir.Expression | None:
    match node:
        case ast.Is():
            return check_is(scope, node)
        case ast.OneOf(values=values):
            return check_one_of(scope, node, values)
        case ast.Comparison():
            return check_comparison(scope, node)
        case ast.Between():
            return check_between(scope, node)
        case ast.Within():
            return check_within(scope, node)
        case _:
            return check_presence(scope, node)


def not_a_condition(scope: Scope, node: ast.Expression, *helps: str) -> None:
    """Say that a value stands where a condition is needed."""
    names = scope.names
    if not helps and isinstance(node, ast.String):
        helps = (f"say what it is asked of: `text mentions {names.written(node)}`",)
    if not helps and isinstance(node, ast.WordsBetween | ast.WordsNear | ast.PartOf):
        helps = (f'ask something of it: `{names.written(node)} mentions "…"`',)
    names.report(
        "not-a-condition",
        f"`{names.written(node)}` is not a condition",
        node,
        "nothing is asked here",
        helps=helps,
    )


# --------------------------------------------------------------------------------------------------------------- logic


def _joined(
    scope: Scope,
    node: ast.Chain | ast.Not | ast.Brackets | ast.Items | ast.Counted | ast.Where | ast.ForSome,
) -> ir.Expression | None:
    match node:
        case ast.Chain():
            return _chain(scope, node)
        case ast.Not(operand=operand):
            inner = check_condition(scope, operand)
            return None if inner is None else scope.names.negation(inner, node.span)
        case ast.Brackets(inner=inside):
            return check_condition(scope, inside)
        case ast.Items(conditions=conditions):
            checked = check_each(scope, conditions)
            return None if checked is None else scope.names.all_of(*checked, span=node.span)
        case ast.Counted():
            return _counted(scope, node)
        case ast.Where():
            return _where(scope, node)
        case ast.ForSome():
            return _for_some(scope, node)


def check_each(scope: Scope, nodes: Iterable[ast.Expression]) -> list[ir.Expression] | None:
    """All conditions, every one checked; None where one of them is wrong."""
    checked = [check_condition(scope, node) for node in nodes]
    healthy = [condition for condition in checked if condition is not None]
    return healthy if len(healthy) == len(checked) else None


def _chain(scope: Scope, node: ast.Chain) -> ir.Expression | None:
    names = scope.names
    words = {connector.word for connector in node.connectors}
    if len(words) > 1:
        _refuse_mixture(names, node)
    if any(isinstance(operand, ast.String) for operand in node.operands[1:]):
        _loose_words(scope, node)
        return None
    checked = check_each(scope, node.operands)
    if checked is None or len(words) > 1:
        return None
    join = names.all_of if words == {"and"} else names.any_of
    return join(*checked, span=node.span)


def _loose_words(scope: Scope, node: ast.Chain) -> None:
    """`text mentions "a" and "b"`: what comes after `and` is no condition."""
    names, before = scope.names, ""
    for operand in node.operands:
        if isinstance(operand, ast.Says):
            before = f"{names.written(operand.subject)} {operand.verb.word} "
        if isinstance(operand, ast.String):
            help_text = f"write `{before or 'text mentions '}{names.written(operand)}`"
            not_a_condition(scope, operand, help_text)
        else:
            check_condition(scope, operand)


def _refuse_mixture(names: Names, node: ast.Chain) -> None:
    """The two readings of a chain that mixes `and` with `or`, written out."""
    second = next(c for c in node.connectors if c.word != node.connectors[0].word)
    readings = [f"`{_reading(names, node, tighter)}`" for tighter in ("and", "or")]
    names.report(
        "mixed-and-or",
        "`and` and `or` stand beside one another without brackets",
        second,
        f"`{second.word}` after `{node.connectors[0].word}`",
        others=[(node.connectors[0].span, "")],
        helps=[f"either write {readings[0]}", f"or write {readings[1]}"],
    )


def _reading(names: Names, node: ast.Chain, tighter: str) -> str:
    """The chain with brackets around each run that `tighter` joins."""
    runs: list[list[str]] = [[names.written(node.operands[0])]]
    for connector, operand in zip(node.connectors, node.operands[1:], strict=True):
        if connector.word == tighter:
            runs[-1].append(names.written(operand))
        else:
            runs.append([names.written(operand)])
    grouped = [f"({f' {tighter} '.join(run)})" if len(run) > 1 else run[0] for run in runs]
    return f" {'or' if tighter == 'and' else 'and'} ".join(grouped)


def _counted(scope: Scope, node: ast.Counted) -> ir.Expression | None:
    names, quantifier = scope.names, node.quantifier
    conditions = node.items.conditions
    bounds = bounds_of(names, quantifier, "conditions") if isinstance(quantifier, ast.Count) else None
    checked = check_each(scope, conditions)
    if isinstance(quantifier, ast.Count):
        if bounds is None or checked is None or not _enough(names, quantifier, bounds, len(conditions)):
            return None
        return count_of(names, bounds, checked, node.span)
    if checked is None:
        return None
    match quantifier.word:
        case "any" | "some":
            return names.any_of(*checked, span=node.span)
        case "none" | "no":
            return names.negation(names.any_of(*checked, span=node.span), node.span)
        case _:
            return names.all_of(*checked, span=node.span)


def _enough(names: Names, quantifier: ast.Count, bounds: Bounds, there_are: int) -> bool:
    wanted = max(bounds.least or 0, bounds.most or 0)
    if wanted <= there_are and not (bounds.least is None and bounds.most == there_are):
        return True
    how_often = "never" if (bounds.least or 0) > there_are else "always"
    names.report(
        "empty-range",
        f"`{names.written(quantifier)}` of {there_are} conditions is {how_often} so",
        quantifier,
        f"there are {there_are} below",
    )
    return False


def count_of(names: Names, bounds: Bounds, conditions: Sequence[ir.Expression], span: Span) -> ir.Expression:
    """So many of the conditions."""
    parts = []
    for operator, number in (("at_least_of", bounds.least), ("at_most_of", bounds.most)):
        if number is not None:
            parts.append(names.call(operator, ir.Constant(number, Kind.COUNT, span), *conditions, span=span))
    return names.all_of(*parts, span=span)


# ------------------------------------------------------------------------------------------------------ parts of a text

_PIECES = {"sentence": "sentences", "line": "lines", "paragraph": "paragraphs", "piece": "pieces"}


def _where(scope: Scope, node: ast.Where) -> ir.Expression | None:
    names, parts = scope.names, node.parts
    pieces = _pieces(scope, parts)
    every = isinstance(parts.quantifier, ast.Quantifier) and parts.quantifier.word in ("every", "all")
    bounds = _piece_bounds(names, parts)
    inner = scope.with_piece()
    uses_it = _uses_each(names, node.condition, "it", node.parts.span)
    body = check_condition(inner, node.condition)
    if pieces is None or bounds is None or body is None or not uses_it:
        return None
    return ir.Quantified(pieces, body, bounds.least, bounds.most, every, span=node.span)


def _piece_bounds(names: Names, parts: ast.Parts) -> Bounds | None:
    match parts.quantifier:
        case ast.Quantifier(word="every" | "all"):
            return Bounds(None, None)
        case ast.Quantifier(word="no" | "none"):
            return Bounds(None, 0)
        case ast.Quantifier():
            return Bounds(1, None)
        case ast.Count() as count:
            return bounds_of(names, count, f"{parts.unit.word}s")


def _pieces(scope: Scope, parts: ast.Parts) -> ir.Expression | None:
    names, unit = scope.names, parts.unit
    text = text_value(scope, parts.text, f"{names.written(parts.quantifier)} {unit.word}")
    if unit.word not in _PIECES:
        names.report(
            "wrong-unit",
            f"a text is not taken apart into {unit.word}s",
            unit,
            helps=['write sentences, lines, paragraphs, or `pieces of text split at "."`'],
        )
        return None
    if (unit.word == "piece") is not (parts.separator is not None):
        names.report(
            "wrong-unit",
            "only pieces are `split at` something" if parts.separator else "where are the pieces split?",
            parts.separator or unit,
            helps=[f'write `pieces of {parts.text.text} split at "."`'],
        )
        return None
    if parts.separator is not None and not parts.separator.text:
        names.report("empty-text", "a text cannot be split at nothing", parts.separator, "no separator")
        return None
    if text is None:
        return None
    if parts.separator is None:
        return names.call(_PIECES[unit.word], text, span=parts.span)
    return names.call(
        "pieces", text, ir.Constant(parts.separator.text, Kind.TEXT, parts.separator.span), span=parts.span
    )


# ---------------------------------------------------------------------------------------------------- each part uses it


def _leaves(node: ast.Expression) -> Iterator[ast.Expression]:
    """The parts of a condition, below all that joins them."""
    match node:
        case ast.Chain(operands=parts) | ast.Items(conditions=parts):
            for part in parts:
                yield from _leaves(part)
        case ast.Counted(items=items):
            yield from _leaves(items)
        case ast.Brackets(inner=inner) | ast.Not(operand=inner):
            yield from _leaves(inner)
        case ast.ForSome(condition=condition):
            yield from _leaves(condition)
        case _:
            yield node


def uses(node: object, name: str) -> bool:
    """Whether a name is used in a part of the tree; an inner `where` has an `it` of its own."""
    match node:
        case ast.Name(text=text):
            return text == name
        case ast.Regex(pattern=pattern):
            return f"{{{name}}}" in pattern
        case ast.Where(parts=parts, condition=condition):
            return uses(parts, name) or (name != "it" and uses(condition, name))
        case ast.Node():
            return any(uses(part, name) for part in node.inside)
        case tuple():
            return any(uses(part, name) for part in node)
        case _:
            return False


def _uses_each(names: Names, condition: ast.Expression, name: str, head: Span) -> bool:
    healthy = True
    for leaf in _leaves(condition):
        if not uses(leaf, name):
            names.report(
                "part-without-it",
                f"each part after `{names.written(head)}` must use `{name}`",
                leaf,
                f"this does not use `{name}`",
                others=[(head, "")],
                helps=[_outside_help(names, leaf, name)],
            )
            healthy = False
    return healthy


def _outside_help(names: Names, leaf: ast.Expression, name: str) -> str:
    if name != "it":
        return f"use `{name}`, or put brackets around all of `for some …` so that it ends before this part"
    return "ask it of `it`, or put brackets around the part with `where` so that it ends before this part"


# ------------------------------------------------------------------------------------------------------------- for some


def _for_some(scope: Scope, node: ast.ForSome) -> ir.Expression | None:
    names = scope.names
    terms = list_of(scope, node.terms)
    healthy = new_name(scope, node.name) and _uses_each(
        names, node.condition, node.name.text, Span(node.span.start, node.terms.span.end)
    )
    if terms is None:
        # The body is still looked at, with a term of no consequence.
        check_condition(scope.with_term(node.name.text, ir.TermList((ir.Term("x"),)), ir.Term("x"), 1), node.condition)
        return None
    if not healthy or not may_expand(scope, node.terms, terms):
        return None
    expanded = []
    for term in terms.terms:
        body = check_condition(scope.with_term(node.name.text, terms, term, len(terms.terms)), node.condition)
        if body is None:
            return None
        expanded.append(body)
    return names.any_of(*expanded, span=node.span)


def new_name(scope: Scope, name: ast.Name) -> bool:
    """Whether a name may be bound here: it must not hide another."""
    other = scope.names.holder_of(name.text)
    if other is None and name.text not in scope.bound:
        return True
    scope.names.report(
        "duplicate-name",
        f"`{name.text}` is already {other or 'the name of something around this'}",
        name,
        helps=["choose another name"],
    )
    return False


def may_expand(scope: Scope, place: ast.Name, terms: ir.TermList) -> bool:
    """Whether a condition written once for each term stays within bounds."""
    size = scope.expansions * len(terms.terms)
    if size <= MOST_EXPANSIONS:
        return True
    scope.names.report(
        "too-many-terms",
        f"this stands for {size:_} conditions, more than {MOST_EXPANSIONS:_}",
        place,
        f"`{place.text}` has {len(terms.terms):_} terms",
        helps=[f"ask for all of them at once: `text mentions any of {place.text}`"],
    )
    return False


# ---------------------------------------------------------------------------------------------------- named conditions


def _named(scope: Scope, node: ast.Name | ast.Call) -> ir.Expression | None:
    names = scope.names
    name = node if isinstance(node, ast.Name) else node.function
    if name.text in names.conditions:
        return _use(scope, name, () if isinstance(node, ast.Name) else node.arguments, node)
    if isinstance(node, ast.Call):
        return _called(scope, node)
    _bare_name(scope, node)
    return None


def _called(scope: Scope, node: ast.Call) -> ir.Expression | None:
    """A function that says yes or no."""
    value = check_value(scope, node)
    if value is None or value.kind is Kind.CONDITION:
        return None if value is None else value.expression
    compared = "is at least …" if value.kind is Kind.NUMBER else 'is "…"'
    not_a_condition(scope, node, f"ask something of what it gives: `{scope.names.written(node)} {compared}`")
    return None


def _bare_name(scope: Scope, name: ast.Name) -> None:
    names = scope.names
    if name.text in scope.bound:
        kind = "a piece of text" if isinstance(scope.bound[name.text], BoundPiece) else "a term"
        names.report("not-a-condition", f"`{name.text}` is {kind}, not a condition", name, "nothing is asked here")
        return
    if names.is_poisoned(name.text):
        return
    column = names.columns.get(name.text)
    if column is not None:
        question = {Kind.YES_NO: "is yes", Kind.TEXT: 'mentions "…"', Kind.NUMBER: "is at least …"}
        asked = question.get(column.type.kind, "is …")
        not_a_condition(scope, name, f"ask something of the column: `{name.text} {asked}`")
    elif name.text in names.terms:
        not_a_condition(scope, name, f"say what it is asked of: `text mentions any of {name.text}`")
    elif name.text in names.functions:
        parameters = ", ".join(names.functions[name.text][0].parameters)
        not_a_condition(scope, name, f"say what it is asked of: `{name.text}({parameters})`")
    else:
        section = (
            f"name it with its own question: `… or text mentions … in {name.text}`"
            if name.text in names.sections
            else ""
        )
        names.unknown("condition", names.conditions, name, *filter(None, [section]))


def _use(scope: Scope, name: ast.Name, arguments: Sequence[ast.Expression], node: ast.Node) -> ir.Expression | None:
    names, condition = scope.names, scope.names.conditions[name.text]
    texts = [text_value(scope, argument, name.text) for argument in arguments]
    if condition is None:
        return None
    if len(arguments) != int(condition.has_parameter):
        written = f"{name.text}(text)" if condition.has_parameter else name.text
        wants = "is asked of one text" if condition.has_parameter else "is asked of nothing"
        names.report("wrong-arguments", f"the condition `{name.text}` {wants}", node, helps=[f"write `{written}`"])
        return None
    if not texts:
        return condition.body
    return None if texts[0] is None else substitute(condition.body, texts[0])


def substitute(body: ir.Expression, argument: ir.Expression, depth: int = 0) -> ir.Expression:
    """The body of a condition asked of an argument: its free piece is the argument, seen from `depth` quantifiers deeper."""
    match body:
        case ir.Piece(level=level):
            return _deeper(argument, depth) if level == depth else body
        case ir.Call(operator=operator, arguments=arguments, kind=kind, span=span):
            return ir.Call(operator, tuple(substitute(one, argument, depth) for one in arguments), kind, span)
        case ir.Quantified(pieces=pieces, body=inner):
            asked, of = substitute(inner, argument, depth + 1), substitute(pieces, argument, depth)
            return ir.Quantified(of, asked, body.least, body.most, body.every, body.kind, body.span)
        case _:
            return body


def _deeper(expression: ir.Expression, by: int, depth: int = 0) -> ir.Expression:
    """An expression as it is written `by` quantifiers deeper; what is bound inside itself stays."""
    match expression:
        case ir.Piece(level=level, kind=kind, span=span):
            return ir.Piece(level + by, kind, span) if level >= depth else expression
        case ir.Call(operator=operator, arguments=arguments, kind=kind, span=span):
            return ir.Call(operator, tuple(_deeper(one, by, depth) for one in arguments), kind, span)
        case _:
            return expression
