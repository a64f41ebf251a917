"""How values compare: numbers, times, times of day, durations, choices, texts that are equal, presence, lookups.

All relations become `equal`, `more` and `at_least`. A date without a time of day is a whole day: after it means from the
next day on, before it means before it begins, and `between A and B` includes the whole of day B.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language import ast, ir, types
from snorkel_dsl.language.check.declarations import likely_choice
from snorkel_dsl.language.check.scope import ARTICLE, Names, Scope, Typed
from snorkel_dsl.language.check.spans import in_order, is_span, words_apart
from snorkel_dsl.language.check.values import (
    DAY,
    ORDERED,
    check_value,
    constant,
    duration_of,
    whole,
    wrong_type,
)
from snorkel_dsl.language.types import Kind, Type
from snorkel_dsl.source import Span

Negatable: TypeAlias = (
    ast.Is | ast.Comparison | ast.Between | ast.OneOf | ast.Within | ast.InLookup | ast.IsMissing | ast.IsPresent
)


# ---------------------------------------------------------------------------------------------------------- comparisons


def comparable(scope: Scope, left_node: ast.Expression, right_node: ast.Expression) -> tuple[Typed, Typed] | None:
    """Two values that can be compared: of the same ordered kind, a time beside a time of day taken as a time of day."""
    left, right = check_value(scope, left_node), check_value(scope, right_node)
    if left is None or right is None:
        return None
    names = scope.names
    if left.kind is Kind.TIME and right.kind is Kind.CLOCK:
        left = _as_clock(names, left, left_node.span)
    elif left.kind is Kind.CLOCK and right.kind is Kind.TIME:
        right = _as_clock(names, right, right_node.span)
    if left.kind is right.kind and left.kind in ORDERED:
        fits = in_range(names, left.type, right, right_node) and in_range(names, right.type, left, left_node)
        return (left, right) if fits else None
    _cannot_compare(names, left_node, left, right_node, right)
    return None


def _as_clock(names: Names, value: Typed, span: Span) -> Typed:
    return Typed(names.call("clock", value.expression, span=span), types.CLOCK)


def _cannot_compare(names: Names, left_node: ast.Node, left: Typed, right_node: ast.Node, right: Typed) -> None:
    text = left.kind if left.kind not in ORDERED else right.kind
    helps: list[str] = []
    if left.kind is Kind.TEXT and right.kind is Kind.NUMBER:
        helps = [f"to ask how long it is: `{names.written(left_node)} has more than {names.written(right_node)} words`"]
    if left.kind is Kind.NUMBER and right.kind is Kind.TEXT and isinstance(right_node, ast.String):
        helps = ["numbers are written without quotes"]
    if left.kind is Kind.TIME and right.kind is Kind.NUMBER and isinstance(right_node, ast.Arithmetic):
        helps = ["dates are written `2026-11-20`: year, month and day, with two digits each"]
    why = (
        f"{ARTICLE[text]} has no order" if left.kind is right.kind
        else f"`{names.written(right_node)}` is {ARTICLE[right.kind]}; they cannot be compared"
    )  # fmt: skip
    names.report(
        "wrong-type",
        f"`{names.written(left_node)}` is {ARTICLE[left.kind]} and {why}",
        left_node.span | right_node.span,
        helps=helps,
    )


def in_range(names: Names, declared: Type, value: Typed, node: ast.Node) -> bool:
    """Whether a number that stands in the file is one that the column can hold; says so where it is not."""
    number = constant_number(value.expression)
    return number is None or declared.kind is not Kind.NUMBER or number_in_range(names, declared, number, node)


def number_in_range(names: Names, declared: Type, number: float, node: ast.Node) -> bool:
    """Whether a column of numbers can hold a number; says so where it cannot."""
    too_low = declared.low is not None and number < declared.low
    too_high = declared.high is not None and number > declared.high
    if not too_low and not too_high:
        return True
    low = "" if declared.low is None else f" from {declared.low:g}"
    high = "" if declared.high is None else f" to {declared.high:g}"
    names.report(
        "out-of-range",
        f"`{names.written(node)}` is out of range: the column is declared `number{low}{high}`",
        node,
        "no value is ever there",
        helps=["write a number of that range, or change the range in the data block"],
    )
    return False


def compare(names: Names, relation: str, left: Typed, right: Typed, span: Span) -> ir.Expression:
    """One of the six relations, with a date as a whole day."""
    if left.is_day and not right.is_day:
        mirrored = {"more than": "less than", "less than": "more than", "at least": "at most", "at most": "at least"}
        relation = {"after": "before", "before": "after", **mirrored}[relation]
        left, right = right, left
    x, y = left.expression, right.expression
    next_day = _next_day(right)
    match relation:
        case "more than" | "after":
            return (
                names.call("more", x, y, span=span)
                if next_day is None
                else names.call("at_least", x, next_day, span=span)
            )
        case "less than" | "before":
            return names.call("more", y, x, span=span)
        case "at most":
            return (
                names.call("at_least", y, x, span=span)
                if next_day is None
                else names.call("more", next_day, x, span=span)
            )
        case _:
            return names.call("at_least", x, y, span=span)


def _next_day(value: Typed) -> ir.Expression | None:
    """The midnight that ends a day, for a date without a time of day."""
    midnight = constant_number(value.expression) if value.is_day else None
    return None if midnight is None else ir.Constant(int(midnight) + DAY, Kind.TIME, value.expression.span)


def constant_number(expression: ir.Expression) -> float | None:
    """The number, time or duration that stands in the file, if the expression is one."""
    if isinstance(expression, ir.Constant) and isinstance(expression.value, float | int):
        return expression.value
    return None


def equals(names: Names, left: Typed, right: Typed, span: Span) -> ir.Expression:
    """Whether two values are the same; a time is a day's when it lies in the day."""
    if left.is_day and not right.is_day:
        left, right = right, left
    if right.is_day and not left.is_day:
        from_then = compare(names, "at least", left, right, span)
        return names.all_of(from_then, compare(names, "at most", left, right, span), span=span)
    return names.call("equal", left.expression, right.expression, span=span)


def check_comparison(scope: Scope, node: ast.Comparison) -> ir.Expression | None:
    """`x is more than 3`, `posted is after 2026-11-20`."""
    names = scope.names
    if node.relation.word in ("before", "after") and (is_span(scope, node.subject) or is_span(scope, node.value)):
        ordered = in_order(scope, node)
        return None if ordered is None else _negated(names, node, ordered)
    pair = comparable(scope, node.subject, node.value)
    if pair is None:
        return None
    if node.relation.word in ("before", "after") and pair[0].kind not in (Kind.TIME, Kind.CLOCK):
        instead = "less than" if node.relation.word == "before" else "more than"
        wrong_type(
            names, node.subject, pair[0], f"`{node.relation.word}` compares times",
            f"write `{names.written(node.subject)} is {instead} {names.written(node.value)}`",
        )  # fmt: skip
        return None
    return _negated(names, node, compare(names, node.relation.word, *pair, node.span))


def _negated(names: Names, node: Negatable, condition: ir.Expression) -> ir.Expression:
    return names.negation(condition, node.span) if node.negated else condition


def check_between(scope: Scope, node: ast.Between) -> ir.Expression | None:
    """`x is between A and B`, both included; times of day may go around midnight."""
    names = scope.names
    low = comparable(scope, node.subject, node.low)
    high = comparable(scope, node.subject, node.high)
    if low is None or high is None:
        return None
    from_low = compare(names, "at least", *low, node.span)
    up_to_high = compare(names, "at most", *high, node.span)
    first, last = constant_number(low[1].expression), constant_number(high[1].expression)
    if last is not None and high[1].is_day:
        last += DAY - 1  # its last microsecond
    if first is not None and last is not None and first > last:
        if low[1].kind is Kind.CLOCK:
            return _negated(names, node, names.any_of(from_low, up_to_high, span=node.span))
        low_text, high_text = names.written(node.low), names.written(node.high)
        names.report(
            "empty-range",
            f"nothing is between {low_text} and {high_text}",
            node.low.span | node.high.span,
            "the larger one stands first",
            helps=[f"write `between {high_text} and {low_text}`"],
        )
        return None
    return _negated(names, node, names.all_of(from_low, up_to_high, span=node.span))


def check_within(scope: Scope, node: ast.Within) -> ir.Expression | None:
    """`posted is within 2 days of seen`."""
    names = scope.names
    if isinstance(node.distance, ast.Number):
        return _within_words(scope, node, node.distance)
    left, right = check_value(scope, node.subject), check_value(scope, node.of)
    if left is None or right is None:
        return None
    for value, place in ((left, node.subject), (right, node.of)):
        if value.kind is not Kind.TIME:
            wrong_type(names, place, value, "`within` a duration compares times")
            return None
    difference = names.call("subtract", left.expression, right.expression, span=node.span, kind=Kind.DURATION)
    distance = names.call("absolute", difference, span=node.span, kind=Kind.DURATION)
    limit = ir.Constant(duration_of(node.distance), Kind.DURATION, node.distance.span)
    return _negated(names, node, names.call("at_least", limit, distance, span=node.span))


def _within_words(scope: Scope, node: ast.Within, number: ast.Number) -> ir.Expression | None:
    """`person1 is within 15 words of person2`: at most so many words stand between them."""
    names = scope.names
    most = whole(names, number, "words")
    apart = words_apart(scope, node.subject, node.of, node, "is within … words of")
    if most is None or apart is None:
        return None
    limit = ir.Constant(float(most), Kind.NUMBER, number.span)
    return _negated(names, node, names.call("at_least", limit, apart.expression, span=node.span))


def check_distance(scope: Scope, node: ast.Distance) -> ir.Expression | None:
    """`person1 is more than 30 words from person2`."""
    names = scope.names
    number = whole(names, node.words, "words")
    apart = words_apart(scope, node.subject, node.of, node, "words from")
    if number is None or apart is None:
        return None
    limit = Typed(ir.Constant(float(number), Kind.NUMBER, node.words.span), types.NUMBER)
    compared = compare(names, node.relation.word, apart, limit, node.span)
    return names.negation(compared, node.span) if node.negated else compared


# ------------------------------------------------------------------------------------------------------ `is`, `is one of`


def check_is(scope: Scope, node: ast.Is) -> ir.Expression | None:
    """`x is 3`, `text is "y"`, `isolated is yes`, `name is other_name`."""
    if isinstance(node.value, ast.String):
        return check_one_of(scope, node, (node.value,))
    names = scope.names
    if isinstance(node.value, ast.YesNo):
        return _is_yes_no(scope, node, node.value)
    left = check_value(scope, node.subject)
    if left is None:
        return None
    if isinstance(node.value, ast.Name) and _is_no_name(scope, node.value):
        names.unknown("column", names.columns, node.value, *_value_helps(names, node, node.value.text.lower(), left))
        return None
    if left.kind in (Kind.TEXT, Kind.CHOICE):
        return _is_same_text(scope, node, left)
    if left.kind in (Kind.TEXTS, Kind.NUMBERS):
        wrong_type(names, node.subject, left, "`is` compares single values")
        return None
    pair = comparable(scope, node.subject, node.value)
    return None if pair is None else _negated(names, node, equals(names, *pair, node.span))


def _is_no_name(scope: Scope, name: ast.Name) -> bool:
    """Whether a name stands for nothing at all, and is not like the name of a column either."""
    names = scope.names
    known = names.kind_of(name.text) is not None or name.text in scope.bound or names.is_poisoned(name.text)
    return not known and did_you_mean(name.text, names.columns) is None


def _value_helps(names: Names, node: ast.Is, word: str, left: Typed) -> list[str]:
    """What a word without quotes after `is` may have meant."""
    said = f"{names.written(node.subject)} is{' not' if node.negated else ''}"
    if word in ("null", "nan", "na", "unknown", "undefined", "none"):
        return [f"write `{said} missing`"]
    if left.kind is Kind.YES_NO:
        return [f"write `{said} {'no' if word in ('false', 'n') else 'yes'}`"]
    if left.kind not in (Kind.TEXT, Kind.CHOICE):
        return []
    if word in ("empty", "blank"):
        return [f'write `{said} ""`; where there is no value at all, `{said} missing`']
    return [f'words need quotes: `{said} "{node.value.text}"`'] if isinstance(node.value, ast.Name) else []


def _is_yes_no(scope: Scope, node: ast.Is, value: ast.YesNo) -> ir.Expression | None:
    left = check_value(scope, node.subject)
    if left is None:
        return None
    if left.kind is not Kind.YES_NO:
        written = "yes" if value.value else "no"
        helps = [f'a text is compared with `"{written}"`, in quotes'] if left.kind in (Kind.TEXT, Kind.CHOICE) else []
        wrong_type(scope.names, node.subject, left, f"only a yes/no column can be `{written}`", *helps)
        return None
    is_yes = scope.names.call("is_yes", left.expression, span=node.span)
    return is_yes if value.value is not node.negated else scope.names.negation(is_yes, node.span)


def _is_same_text(scope: Scope, node: ast.Is, left: Typed) -> ir.Expression | None:
    names = scope.names
    if isinstance(node.value, ast.Name) and node.value.text in names.terms and node.value.text not in scope.bound:
        names.report(
            "wrong-type",
            f"`{node.value.text}` is a list of terms; `is` compares with one text",
            node.value,
            helps=[f"write `{names.written(node.subject)} mentions any of {node.value.text}`"],
        )
        return None
    right = check_value(scope, node.value)
    if right is None:
        return None
    if right.kind not in (Kind.TEXT, Kind.CHOICE):
        _cannot_compare(names, node.subject, left, node.value, right)
        return None
    if isinstance(right.expression, ir.Constant):
        values = ir.Constant((str(right.expression.value),), Kind.TEXTS, node.value.span)
        return _negated(names, node, names.call(_IS[left.kind], left.expression, values, span=node.span))
    same = "same_choice" if left.kind is right.kind is Kind.CHOICE else "same_text"
    return _negated(names, node, names.call(same, left.expression, right.expression, span=node.span))


_IS = {Kind.TEXT: "is_text", Kind.CHOICE: "is_choice"}  # case counts in a choice: its texts are declared


def check_one_of(scope: Scope, node: ast.Is | ast.OneOf, values: tuple[ast.Expression, ...]) -> ir.Expression | None:
    """`x is one of 1, 2, 3`, `kind is "video" or "short"`."""
    names = scope.names
    left = check_value(scope, node.subject)
    if left is None:
        return None
    if left.kind in (Kind.TEXT, Kind.CHOICE):
        texts = _texts(names, node, left, values)
        if texts is None:
            return None
        listed = ir.Constant(tuple(dict.fromkeys(texts)), Kind.TEXTS, node.span)
        return _negated(names, node, names.call(_IS[left.kind], left.expression, listed, span=node.span))
    if left.kind is Kind.NUMBER and all(isinstance(value, ast.Number) for value in values):
        return _one_of_numbers(names, node, left, values)
    if left.kind not in ORDERED:
        wrong_type(
            names,
            node.subject,
            left,
            "`is` compares single texts, numbers and times",
            _is_help(names, node, left, values),
        )
        return None
    pairs = [comparable(scope, node.subject, value) for value in values]
    equal = [equals(names, *pair, node.span) for pair in pairs if pair is not None]
    if len(equal) < len(values):
        return None
    return _negated(names, node, names.any_of(*equal, span=node.span))


def _is_help(names: Names, node: ast.Is | ast.OneOf, left: Typed, values: tuple[ast.Expression, ...]) -> str | None:
    if left.kind is Kind.TEXTS:
        return f"write `{names.written(node.subject)} contains {names.written(values[0])}`"
    return f"write `{names.written(node.subject)} is yes`" if left.kind is Kind.YES_NO else None


def _one_of_numbers(
    names: Names, node: ast.Is | ast.OneOf, left: Typed, values: Iterable[ast.Expression]
) -> ir.Expression | None:
    numbers = [value for value in values if isinstance(value, ast.Number)]
    healthy = [in_range(names, left.type, constant(number.value, types.NUMBER, number), number) for number in numbers]
    if not all(healthy):
        return None
    listed = ir.Constant(tuple(dict.fromkeys(float(number.value) for number in numbers)), Kind.NUMBERS, node.span)
    return _negated(names, node, names.call("is_one_of", left.expression, listed, span=node.span))


def _texts(names: Names, node: ast.Is | ast.OneOf, left: Typed, values: Iterable[ast.Expression]) -> list[str] | None:
    texts: list[str] = []
    healthy = True
    for value in values:
        if not isinstance(value, ast.String):
            names.report(
                "wrong-type",
                f"`{names.written(node.subject)}` is {ARTICLE[left.kind]}; `{names.written(value)}` is not in quotes",
                value,
                helps=[f'write `"{names.written(value)}"`'],
            )
            healthy = False
        elif left.kind is Kind.CHOICE and value.text not in left.type.choices:
            unknown_choice(names, left.type, value)
            healthy = False
        else:
            texts.append(value.text)
    return texts if healthy else None


def unknown_choice(names: Names, declared: Type, value: ast.String) -> None:
    """Say that a column never holds a value."""
    choices = ", ".join(f'"{choice}"' for choice in declared.choices)
    names.report(
        "unknown-choice",
        f'the column never holds `"{value.text}"`',
        value,
        "not a declared choice",
        helps=[likely_choice(value.text, declared.choices) or f"declared: {choices}"],
    )


# -------------------------------------------------------------------------------------------------- presence and lookups


def check_presence(scope: Scope, node: ast.IsMissing | ast.IsPresent) -> ir.Expression | None:
    """`x is missing`, `x is present`."""
    value = check_value(scope, node.subject)
    if value is None:
        return None
    is_missing = scope.names.call("is_missing", value.expression, span=node.span)
    wants_missing = isinstance(node, ast.IsMissing) is not node.negated
    return is_missing if wants_missing else scope.names.negation(is_missing, node.span)


def check_in_lookup(scope: Scope, node: ast.InLookup) -> ir.Expression | None:
    """`country is in EMBARGOED`, `the pair A, B is in known_spouses`."""
    names = scope.names
    subjects = (node.subject.first, node.subject.second) if isinstance(node.subject, ast.Pair) else (node.subject,)
    if node.lookup.text in names.terms or node.lookup.text in names.sections:
        written = names.written(node.subject)
        helps = [f"write `{written} mentions any of {node.lookup.text}`"] if node.lookup.text in names.terms else []
        names.unknown("lookup", names.lookups, node.lookup, *helps)
        return None
    table = names.find("lookup", names.lookups, node.lookup)
    texts = [_key(scope, subject) for subject in subjects]
    keys = [text for text in texts if text is not None]
    if table is None or len(keys) < len(subjects):
        return None
    if table.width != len(subjects):
        _wrong_width(names, node, table.width)
        return None
    operator = "in_lookup" if table.width == 1 else "pair_in_lookup"
    constant = ir.Constant(table, Kind.LOOKUP, node.lookup.span)
    return _negated(names, node, names.call(operator, *keys, constant, span=node.span))


def _key(scope: Scope, subject: ast.Expression) -> ir.Expression | None:
    value = check_value(scope, subject)
    if value is None or value.kind in (Kind.TEXT, Kind.CHOICE):
        return None if value is None else value.expression
    wrong_type(scope.names, subject, value, "a lookup holds texts")
    return None


def _wrong_width(names: Names, node: ast.InLookup, width: int) -> None:
    name = node.lookup.text
    names.report(
        "wrong-arguments",
        f"the lookup `{name}` holds {'single names' if width == 1 else 'pairs'}",
        node,
        helps=[f"write `A is in {name}`" if width == 1 else f"write `the pair A, B is in {name}`"],
    )
