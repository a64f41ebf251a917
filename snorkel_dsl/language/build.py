"""From a parse tree to the nodes of `language.ast`.

A grammar rule and its class have the same name and the same order of parts, so most nodes are put together by one function:
a part for each field, a tuple field takes the parts that the others leave, a flag is whether its keyword is there. The few
rules that say more with their keywords have a function of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from functools import cache
from math import isinf
from textwrap import dedent
from typing import Any, cast

from snorkel_dsl.language import ast
from snorkel_dsl.language.layout import UnreadableError
from snorkel_dsl.source import Span

_LONGEST = 10_000_000  # of any unit of time: as weeks, 190_000 years, which microseconds in 64 bits still hold
_FLAGS = {
    "negated": "NOT",
    "any_number": "ANY",
    "masks": "EXCEPT",
    "exact_case": "EXACT",
    "todo": "TODO",
    "keep_original": "KEEP",
}
_RELATIONS = {
    "above": "more than", "over": "more than", ">": "more than",
    "below": "less than", "under": "less than", "fewer than": "less than", "<": "less than",
    ">=": "at least", "<=": "at most",
}  # fmt: skip
_VERBS = {
    "mention": "mentions", "contain": "contains", "start with": "starts with", "end with": "ends with",
    "assert": "asserts", "deny": "denies", "suspect": "suspects",
}  # fmt: skip


def node_classes() -> dict[str, type[ast.Node]]:
    """The class of each grammar rule, by the rule's name."""
    outside = (ast.Node, ast.File, ast.Comment, ast.Broken)
    return {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): found
        for name, found in vars(ast).items()
        if isinstance(found, type) and issubclass(found, ast.Node) and found not in outside
    }


_CLASSES = node_classes()


def build(tree: Any) -> Any:
    """The node of a parse tree, or of a bare name; other tokens stay as they are."""
    if not hasattr(tree, "children"):
        return _name([tree], Span(tree.start_pos, tree.end_pos)) if getattr(tree, "type", "") == "NAME" else tree
    parts = [build(child) for child in tree.children]
    span = Span(tree.meta.start_pos, tree.meta.end_pos)
    special = _SPECIAL.get(tree.data)
    return special(parts, span) if special else _assemble(_CLASSES[tree.data], parts, span)


@cache
def _shape(node: Hashable) -> tuple[tuple[str, ...], tuple[str, ...], int | None]:
    """The fields of a class: its flags, the others in order, and which of those takes many parts."""
    types = cast(type[ast.Node], node).part_types
    flags = tuple(name for name in types if name in _FLAGS)
    plain = [name for name in types if name not in _FLAGS]
    many = next((index for index, name in enumerate(plain) if types[name].startswith("tuple[")), None)
    return flags, tuple(plain), many


def _assemble(node: type[ast.Node], parts: Sequence[Any], span: Span) -> ast.Node:
    flags, names, many = _shape(cast(Hashable, node))
    values: dict[str, Any] = {}
    if flags:
        tokens: list[Any] = [part for part in parts if isinstance(part, str)]
        written = {token.type for token in tokens}
        values = {name: _FLAGS[name] in written for name in flags}
        parts = [part for part in parts if not isinstance(part, str)]
    if many is not None:
        after = len(parts) - (len(names) - many - 1)
        parts = [*parts[:many], tuple(parts[many:after]), *parts[after:]]
    values.update(zip(names, map(_plain, parts), strict=True))
    return node(**values, span=span)


def _plain(part: Any) -> Any:
    """A keyword as plain text."""
    return str(part) if isinstance(part, str) else part


def _words(parts: Sequence[Any]) -> str:
    return " ".join(map(str, parts))


def _of_type(parts: Sequence[Any], *types: type[ast.Node]) -> tuple[Any, ...]:
    return tuple(part for part in parts if isinstance(part, types))


# ------------------------------------------------------------------------------------------------ names and literals


def _name(parts: Sequence[Any], span: Span) -> ast.Name:
    if isinstance(parts[0], ast.Name):
        return parts[0]
    text = str(parts[0])
    quoted = text.startswith("`")
    return ast.Name(text[1:-1] if quoted else text, quoted, span=span)


def _string(parts: Sequence[Any], span: Span) -> ast.String:
    text = str(parts[0])
    if not text.startswith('"""') or len(text) < 6:
        return ast.String(text[1:-1], span=span)
    return ast.String(_without_indentation(text[3:-3]), long=True, span=span)


def _without_indentation(text: str) -> str:
    """A long string without the indentation that its lines share, and without the line ends beside its quotes."""
    first, newline, rest = text.partition("\n")
    if not newline:
        return text
    body, newline, last = rest.rpartition("\n")
    if last.strip():
        body, newline = rest, ""
    lines = dedent(body)
    return f"{first.strip()}\n{lines}" if first.strip() else lines


def _number(parts: Sequence[Any], span: Span) -> ast.Number:
    text = "".join(map(str, parts))
    percent = text.endswith("%")
    value = float(text.rstrip("%").replace("_", ""))
    if isinf(value):
        raise UnreadableError("unreadable-number", span)
    return ast.Number(text, value / 100 if percent else value, percent, span=span)


def _duration(parts: Sequence[Any], span: Span) -> ast.Duration:
    if parts[0].value > _LONGEST:
        raise UnreadableError("unreadable-number", span)
    return ast.Duration(parts[0], str(parts[1]).removesuffix("s"), span=span)


def _list_type(parts: Sequence[Any], span: Span) -> ast.ListType:
    return ast.ListType("text" if parts[-1] == "text" else "number", span=span)


# ------------------------------------------------------------------------------------------------------------- blocks


def _task(parts: Sequence[Any], span: Span) -> ast.Task:
    name, keyword, target, *items = parts
    on, under = (target, None) if keyword.type == "ON" else (None, target)
    return ast.Task(name, on, under, tuple(items), span=span)


def _terms_ontology(parts: Sequence[Any], span: Span) -> ast.TermsOntology:
    path, *below = _of_type(parts, ast.String)
    options = tuple(part for part in parts if isinstance(part, ast.OntologyOption))
    return ast.TermsOntology(path, tuple(below), options, span=span)


def _otherwise(parts: Sequence[Any], span: Span) -> ast.Otherwise:
    return ast.Otherwise(next(iter(_of_type(parts, ast.VoteFor, ast.VoteNot)), None), span=span)


def _example(parts: Sequence[Any], span: Span) -> ast.Example:
    vote, *given = _of_type(parts, ast.Node)
    todo = len(given) + 1 < len(parts)
    if isinstance(given[0], ast.String):
        return ast.Example(todo, vote, given[0], span=span)
    return ast.Example(todo, vote, None, _fields(given), span=span)


def _field(parts: Sequence[Any], span: Span) -> ast.Field:
    return ast.Field(parts[0], tuple(parts[1:]), span=span)


def _fields(parts: Sequence[Any]) -> tuple[ast.Field, ...]:
    """Fields, with the values that follow one put into it."""
    found: list[ast.Field] = []
    for part in parts:
        if isinstance(part, ast.Field):
            found.append(part)
        else:
            last = found.pop()
            found.append(ast.Field(last.name, (*last.values, part), span=last.span | part.span))
    return tuple(found)


def _expect(parts: Sequence[Any], span: Span) -> ast.Expect:
    measure, *_, dataset = parts
    shares = _of_type(parts, ast.Number)
    word = next(part for part in parts if not isinstance(part, ast.Node) and part.type in ("LEAST", "MOST", "BETWEEN"))
    least = None if word.type == "MOST" else shares[0]
    most = None if word.type == "LEAST" else shares[-1]
    return ast.Expect(measure, least, most, dataset, span=span)


def _apply(parts: Sequence[Any], span: Span) -> ast.Apply:
    return ast.Apply(_of_type(parts, ast.Name), _of_type(parts, ast.InARow, ast.AtRandom, ast.Seed), span=span)


# -------------------------------------------------------------------------------------------------------- expressions


def _chain(parts: Sequence[Any], span: Span) -> Any:
    if len(parts) == 1:
        return parts[0]
    for value in _of_type(parts, ast.String, ast.Number):
        raise UnreadableError("missing-verb", value.span)
    return ast.Chain(tuple(parts[::2]), tuple(parts[1::2]), span=span)


def _count(parts: Sequence[Any], span: Span) -> ast.Count:
    *words, number = parts
    if not isinstance(number, ast.Number):  # a count is its relation and a bare number
        number = _number([number], Span(number.start_pos, number.end_pos))
    relation: Any = _words(words).replace("less than", "fewer than")
    return ast.Count(relation, number, span=span)


def _call(parts: Sequence[Any], span: Span) -> ast.Call:
    function, *arguments = parts
    return ast.Call(function, tuple(argument for argument in arguments if argument is not None), span=span)


def _relation(parts: Sequence[Any], span: Span) -> ast.Relation:
    written = _words(parts)
    word: Any = _RELATIONS.get(written, written)
    return ast.Relation(word, written, span=span)


def _unit(parts: Sequence[Any], span: Span) -> ast.Unit:
    return ast.Unit(str(parts[0]).removesuffix("s"), span=span)


def _text_verb(parts: Sequence[Any], span: Span) -> ast.TextVerb:
    written = _words(parts)
    word: Any = _VERBS.get(written, written)
    return ast.TextVerb(word, span=span)


def _keywords(node: Callable[..., ast.Node]) -> Callable[[Sequence[Any], Span], ast.Node]:
    """For a node that is nothing but its keywords."""
    return lambda parts, span: node(_words(parts), span=span)


_SPECIAL: dict[str, Callable[[Sequence[Any], Span], Any]] = {
    "name": _name,
    "string": _string,
    "regex": lambda parts, span: ast.Regex(str(parts[0])[1:-1], span=span),
    "number": _number,
    "duration": _duration,
    "yes_no": lambda parts, span: ast.YesNo(parts[0] == "yes", span=span),
    "list_type": _list_type,
    "task": _task,
    "terms_ontology": _terms_ontology,
    "term_mode": _keywords(ast.TermMode),
    "cue_kind": _keywords(ast.CueKind),
    "how_many": _keywords(ast.HowMany),
    "otherwise": _otherwise,
    "example": _example,
    "field": _field,
    "expect": _expect,
    "apply": _apply,
    "chain": _chain,
    "connector": _keywords(ast.Connector),
    "quantifier": _keywords(ast.Quantifier),
    "count": _count,
    "call": _call,
    "relation": _relation,
    "unit": _unit,
    "text_verb": _text_verb,
}
