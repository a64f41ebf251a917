"""What is said of a text: that it mentions, contains, starts with, ends with, matches; its size and its share of capitals.

Each form becomes a *core*, "at least n of the terms" asked of a piece of text, and everything else is made of cores: at
most n is not at least n + 1, exactly n is both, and `in the same sentence` is some sentence of which the core is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.contexts import context_for
from snorkel_dsl.language.check.declarations import in_mode, make_term
from snorkel_dsl.language.check.places import Core, Places, check_places
from snorkel_dsl.language.check.scope import ARTICLE, BoundTerm, Names, Scope
from snorkel_dsl.language.check.values import check_value, percent_number, whole, wrong_type
from snorkel_dsl.language.patterns import check_pattern
from snorkel_dsl.language.text.characters import simple_fold
from snorkel_dsl.language.text.terms import compile_term
from snorkel_dsl.language.types import Kind
from snorkel_dsl.source import Span

_OPERATORS = {"mentions": "mentions", "contains": "contains", "starts with": "starts_with", "ends with": "ends_with"}
_ASSERTION = ("asserts", "denies", "suspects")
_PLACEHOLDER = re.compile(r"(?<!\\)\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class Verb:
    """What is asked of a text and terms: an operator, with what else it is asked with (a context and a status)."""

    operator: str
    rest: tuple[ir.Expression, ...] = ()

    def ask(self, names: Names, text: ir.Expression, terms: ir.TermList, span: Span, form: str = "") -> ir.Call:
        """The verb, or another form of it (`_every`, `_count`, `_terms`), asked of a text."""
        return names.call(self.operator + form, text, _terms(terms, span), *self.rest, span=span)


@dataclass(frozen=True)
class Bounds:
    """How many: at least `least`, at most `most` (None: no bound)."""

    least: int | None
    most: int | None


def bounds_of(names: Names, count: ast.Count, what: str) -> Bounds | None:
    """The bounds that a count means, for something that comes in whole numbers."""
    number = whole(names, count.number, what)
    if number is None:
        return None
    match count.relation:
        case "at least":
            bounds = Bounds(number, None)
        case "more than":
            bounds = Bounds(number + 1, None)
        case "at most":
            bounds = Bounds(None, number)
        case "fewer than":
            bounds = Bounds(None, number - 1)
        case "exactly":
            bounds = Bounds(number or None, number)
    if bounds.most == -1 or (bounds.least == 0 and bounds.most is None):
        always = "never" if bounds.most == -1 else "always"
        names.report(
            "empty-range", f"`{names.written(count)}` is {always} so", count, helps=["count from 1 on: `at least 1`"]
        )
        return None
    return bounds


def compare_count(names: Names, number: ir.Expression, bounds: Bounds, span: Span) -> ir.Expression:
    """A number of things within bounds."""
    if bounds.least is not None and bounds.least == bounds.most:
        return names.call("equal", number, _number(bounds.least, span), span=span)
    parts = []
    if bounds.least is not None:
        parts.append(names.call("at_least", number, _number(bounds.least, span), span=span))
    if bounds.most is not None:
        parts.append(names.call("at_least", _number(bounds.most, span), number, span=span))
    return names.all_of(*parts, span=span)


def _number(value: float, span: Span) -> ir.Constant:
    return ir.Constant(float(value), Kind.NUMBER, span)


# --------------------------------------------------------------------------------------------------------------- terms


def terms_of(scope: Scope, operand: ast.TermsOperand, plain: bool = False) -> list[ir.TermList] | None:
    """The lists that an operand names; words between quotes are one list. `plain`: a `*` and a blank are characters."""
    match operand:
        case ast.Words(mode=mode, words=words):
            terms = [make_term(scope.names, word, plain) for word in words]
            found = [term for term in terms if term is not None]
            return [ir.TermList(tuple(dict.fromkeys(in_mode(found, mode))))] if len(found) == len(terms) else None
        case ast.OfLists(lists=lists):
            resolved = [list_of(scope, name) for name in lists]
            healthy = [terms for terms in resolved if terms is not None]
            return healthy if len(healthy) == len(resolved) else None
        case ast.Name():
            single = list_of(scope, operand)
            return None if single is None else [single]


def list_of(scope: Scope, name: ast.Name) -> ir.TermList | None:
    """The terms list of a name, or the term that the name is bound to."""
    names, bound = scope.names, scope.bound.get(name.text)
    if isinstance(bound, BoundTerm):
        return bound.terms
    if name.text not in names.terms and not names.is_poisoned(name.text):
        unknown_list(names, name)
        return None
    return names.terms.get(name.text)


def unknown_list(names: Names, name: ast.Name) -> None:
    """Say that no terms list has a name: words need quotes."""
    likely = did_you_mean(name.text, names.terms)
    quoted = f'`"{name.text}"`'
    if names.kind_of(name.text) is not None or (likely is not None and name.text.isupper()):
        names.unknown("terms list", names.terms, name)
        return
    label = "names without quotes are lists; words need quotes"
    meant = quoted if likely is None else f"the list `{likely}`, or the word {quoted}"
    names.unknown("terms list", names.terms, name, f"did you mean {meant}?", label=label)


# --------------------------------------------------------------------------------------------- mentions, contains, …


def check_says(scope: Scope, node: ast.Says) -> ir.Expression | None:
    """`text mentions any of PROMOTION in FINDINGS`, and so on."""
    names = scope.names
    subject = check_value(scope, node.subject)
    lists = terms_of(scope, node.terms, plain=node.verb.word in ("contains", "starts with", "ends with"))
    places = check_places(scope, node.places)
    if subject is None or lists is None or places is None or not _verb_fits(names, node, places):
        return None
    verb = _verb(names, node, subject.kind, places)
    if verb is None:
        return None
    rest = node.places[0] if node.places else node.followed_by
    if verb.operator == "list_contains" and rest is not None:
        names.report(
            "wrong-type", f"`{names.written(node.subject)}` is a list of text; this asks something of a text", rest
        )
        return None
    said = _said(scope, node, verb, lists, places, subject.expression)
    return None if said is None else (names.negation(said, node.span) if node.negated else said)


def _verb(names: Names, node: ast.Says, kind: Kind, places: Places) -> Verb | None:
    """The operator of a verb, for a subject of a kind."""
    word = node.verb.word
    if kind is Kind.TEXTS and word in ("mentions", "contains"):
        return Verb("list_contains")
    operator = "said" if word in _ASSERTION else _OPERATORS[word]
    if not names.accepts(operator, kind):
        _wrong_subject(names, node, kind)
        return None
    if word not in _ASSERTION:
        return Verb(operator)
    context = context_for(names, places.under, node.verb)
    if context is None:
        return None
    span = node.verb.span if places.under is None else places.under.span
    return Verb(operator, (ir.Constant(context, Kind.CONTEXT, span), ir.Constant(word, Kind.WORD, node.verb.span)))


def _wrong_subject(names: Names, node: ast.Says | ast.Matches, kind: Kind) -> None:
    verb = "matches" if isinstance(node, ast.Matches) else node.verb.word
    written = names.written(node.subject)
    instead = {
        Kind.CHOICE: f'write `{written} is "…"`',
        Kind.NUMBER: f"write `{written} is at least …`",
        Kind.YES_NO: f"write `{written} is yes`",
        Kind.TIME: f"write `{written} is after …`",
    }
    names.report(
        "wrong-type",
        f"`{written}` is {ARTICLE[kind]}; `{verb}` asks something of a text",
        node.subject,
        ARTICLE[kind],
        helps=[instead.get(kind)],
    )


def _verb_fits(names: Names, node: ast.Says, places: Places) -> bool:
    """Whether the verb goes with `followed by`, `every`, and `at least 5 times`."""
    verb, terms = node.verb.word, node.terms
    if places.under is not None and verb not in _ASSERTION:
        _refuse_under(names, places.under, verb)
        return False
    if _is_every(terms) and verb not in _ASSERTION:
        names.report("wrong-quantifier", f"`{verb} every` is not said of lists", terms, helps=["write `all of`"])
        return False
    counted = isinstance(terms, ast.OfLists) and not _is_any(terms)
    countable = verb in ("mentions", "contains", *_ASSERTION)
    if places.times is not None and (not countable or counted or node.followed_by):
        names.report(
            "wrong-quantifier",
            "`times` counts occurrences of `mentions` and `contains`",
            places.times,
            helps=["write `text mentions LIST at least 5 times`, with nothing else to count"],
        )
        return False
    if node.followed_by is not None and (verb != "mentions" or counted or _counts(node.followed_by.terms)):
        names.report(
            "wrong-quantifier",
            "`followed by` goes with `mentions` and with `any of`",
            node.followed_by,
            helps=['write `text mentions any of A followed within 4 words by B`, or `"a" or "b" followed by "c"`'],
        )
        return False
    return True


def _refuse_under(names: Names, under: ast.UnderContext, verb: str) -> None:
    names.report(
        "misplaced-line",
        f"`{verb}` is the same under every context",
        under,
        "only `asserts`, `denies` and `suspects` have one",
        helps=[f"remove it, or write `asserts … {names.written(under)}`"],
    )


def _is_every(terms: ast.TermsOperand) -> bool:
    return (
        isinstance(terms, ast.OfLists)
        and isinstance(terms.quantifier, ast.Quantifier)
        and terms.quantifier.word == "every"
    )


def _distinct(operator: str, terms: ir.TermList) -> ir.TermList:
    """A list without the terms that the operator looks for just as it does for one before: `"x-ray"`, `"X ray"`."""
    alike: dict[object, ir.Term] = {}
    for term in terms.terms:
        alike.setdefault(_looked_for(operator, term), term)
    parts = (tuple(dict.fromkeys(alike[_looked_for(operator, term)] for term in part.terms)) for part in terms.parts)
    each = tuple(ir.TermList(own, part.masks) for own, part in zip(parts, terms.parts, strict=True))
    return ir.TermList(tuple(alike.values()), terms.masks, terms.name, each)


def _looked_for(operator: str, term: ir.Term) -> object:
    if operator in ("mentions", "said"):
        return compile_term(term)
    return term.text if term.exact_case else simple_fold(term.text), term.exact_case


def _is_any(terms: ast.OfLists) -> bool:
    return isinstance(terms.quantifier, ast.Quantifier) and terms.quantifier.word == "any"


def _counts(terms: ast.TermsOperand) -> bool:
    return isinstance(terms, ast.OfLists) and not _is_any(terms)


def _said(
    scope: Scope, node: ast.Says, verb: Verb, lists: list[ir.TermList], places: Places, subject: ir.Expression
) -> ir.Expression | None:
    names, span = scope.names, node.span
    lists = [_distinct(verb.operator, terms) for terms in lists]
    text = places.narrow(names, subject)
    if text is None:
        return None
    if node.followed_by is not None:
        return _followed(scope, node, node.followed_by, lists, places, text)
    if places.times is not None:
        bounds = bounds_of(names, places.times.count, "times")
        return None if bounds is None else _times(names, verb, ir.joined(lists), bounds, places, text, span)
    quantifier = node.terms.quantifier if isinstance(node.terms, ast.OfLists) else None
    if isinstance(quantifier, ast.Count):
        bounds = bounds_of(names, quantifier, "terms")
        together = _distinct(verb.operator, ir.joined(lists))
        if bounds is None or not _enough(names, quantifier, bounds, together):
            return None
        return _bounded(
            names,
            bounds,
            lambda n: places.ask(names, _at_least_terms(names, verb, together, n, span), text, span),
            span,
        )
    word = "any" if quantifier is None else quantifier.word
    if word == "all":
        return places.ask(names, _all_terms(names, verb, lists, span), text, span)
    if word == "every":
        every = _one_list(lists)
        return places.ask(names, lambda piece: verb.ask(names, piece, every, span, "_every"), text, span)
    found = places.ask(names, _any_term(names, verb, lists, span), text, span)
    return names.negation(found, span) if word == "none" else found


def _enough(names: Names, quantifier: ast.Count, bounds: Bounds, terms: ir.TermList) -> bool:
    if bounds.least is None or bounds.least <= len(terms.terms):
        return True
    names.report(
        "empty-range",
        f"`{names.written(quantifier)}` is never so: the list has {len(terms.terms)} terms",
        quantifier,
        helps=["to count occurrences: `text mentions LIST at least 5 times`"],
    )
    return False


def _bounded(names: Names, bounds: Bounds, at_least: Callable[[int], ir.Expression], span: Span) -> ir.Expression:
    """Bounds in terms of "at least n" alone: at most n is not at least n + 1."""
    parts = [] if bounds.least is None else [at_least(bounds.least)]
    if bounds.most is not None:
        parts.append(names.negation(at_least(bounds.most + 1), span))
    return names.all_of(*parts, span=span)


def _terms(terms: ir.TermList, span: Span) -> ir.Constant:
    return ir.Constant(terms, Kind.TERMS, span)


def _any_term(names: Names, verb: Verb, lists: list[ir.TermList], span: Span) -> Core:
    together = _one_list(lists)
    return lambda text: verb.ask(names, text, together, span)


def _one_list(lists: list[ir.TermList]) -> ir.TermList:
    return lists[0] if len(lists) == 1 else ir.joined(lists)


def _all_terms(names: Names, verb: Verb, lists: list[ir.TermList], span: Span) -> Core:
    cores = [_at_least_terms(names, verb, one, len(one.terms), span) for one in lists]
    return lambda text: names.all_of(*(core(text) for core in cores), span=span)


def _at_least_terms(names: Names, verb: Verb, terms: ir.TermList, least: int, span: Span) -> Core:
    """At least so many different terms of a list."""
    if least == 1 or len(terms.terms) == 1:
        return lambda text: verb.ask(names, text, terms, span)
    if verb.operator in ("mentions", "contains", "said"):
        return lambda text: names.call(
            "at_least", verb.ask(names, text, terms, span, "_terms"), _number(least, span), span=span
        )
    single = [terms.only(term) for term in terms.terms]
    return lambda text: names.call(
        "at_least_of",
        ir.Constant(least, Kind.COUNT, span),
        *(verb.ask(names, text, one, span) for one in single),
        span=span,
    )


def _times(
    names: Names, verb: Verb, terms: ir.TermList, bounds: Bounds, places: Places, text: ir.Expression, span: Span
) -> ir.Expression:
    def at_least(number: int) -> ir.Expression:
        def core(piece: ir.Expression) -> ir.Expression:
            if number == 1:
                return verb.ask(names, piece, terms, span)
            count = verb.ask(names, piece, terms, span, "_count")
            return names.call("at_least", count, _number(number, span), span=span)

        return places.ask(names, core, text, span)

    return _bounded(names, bounds, at_least, span)


def _followed(
    scope: Scope,
    node: ast.Says,
    follower: ast.FollowedBy,
    lists: list[ir.TermList],
    places: Places,
    text: ir.Expression,
) -> ir.Expression | None:
    names = scope.names
    second = terms_of(scope, follower.terms)
    within = -1 if follower.within is None else whole(names, follower.within, "words")
    if second is None or within is None:
        return None
    limit = ir.Constant(within, Kind.COUNT, follower.span)
    first_list, second_list = _terms(_one_list(lists), node.terms.span), _terms(_one_list(second), follower.terms.span)

    def core(piece: ir.Expression) -> ir.Expression:
        return names.call("followed_by", piece, first_list, second_list, limit, span=node.span)

    return places.ask(names, core, text, node.span)


# ------------------------------------------------------------------------------------------------------------- matches


def check_matches(scope: Scope, node: ast.Matches) -> ir.Expression | None:
    """`text matches /…/`; `{NAME}` stands for the term that the name is bound to."""
    names = scope.names
    subject = check_value(scope, node.subject)
    places = check_places(scope, node.places)
    pattern = _pattern(scope, node)
    if places is not None and places.times is not None:
        names.report("wrong-quantifier", "`times` counts occurrences of `mentions` and `contains`", places.times)
        return None
    if places is not None and places.under is not None:
        _refuse_under(names, places.under, "matches")
        return None
    if subject is None or places is None or pattern is None:
        return None
    if not names.accepts("matches", subject.kind):
        _wrong_subject(names, node, subject.kind)
        return None
    text = places.narrow(names, subject.expression)
    if text is None:
        return None
    constant = ir.Constant(pattern, Kind.PATTERN, node.regex.span)

    def core(piece: ir.Expression) -> ir.Expression:
        return names.call("matches", piece, constant, span=node.span)

    found = places.ask(names, core, text, node.span)
    return names.negation(found, node.span) if node.negated else found


def _pattern(scope: Scope, node: ast.Matches) -> ir.Pattern | None:
    names, written = scope.names, node.regex.pattern
    start = node.regex.span.start + 1
    filled: list[str] = []
    at = 0
    # For the check, a term is as many plain letters as its placeholder, so that every position stays.
    plain = _PLACEHOLDER.sub(lambda found: "x" * len(found[0]) if found[1] in scope.bound else found[0], written)
    if not _is_sound(names, plain, start):
        return None
    for found in _PLACEHOLDER.finditer(written):
        place = Span(start + found.start(), start + found.end())
        term = _bound_term(scope, found[1], place)
        if term is None:
            return None
        repeated = written[found.end() : found.end() + 1] in {"*", "+", "?", "{"}
        filled += [written[at : found.start()], f"(?:{term})" if repeated else term]
        at = found.end()
    return ir.Pattern("".join([*filled, written[at:]]), node.exact_case)


def _is_sound(names: Names, pattern: str, start: int) -> bool:
    known = names.patterns.get(pattern)
    if known is True:
        return True
    problems = check_pattern(pattern)
    for begin, end, kind, message, advice in problems:
        names.report(kind, message, Span(start + begin, start + max(end, begin + 1)), helps=[advice])
    names.patterns[pattern] = not problems
    return not problems


def _bound_term(scope: Scope, name: str, place: Span) -> str | None:
    """The term of a placeholder, as a regular expression for just its characters."""
    names, bound = scope.names, scope.bound.get(name)
    if not isinstance(bound, BoundTerm):
        names.unknown(
            "term",
            [known for known, what in scope.bound.items() if isinstance(what, BoundTerm)],
            ast.Name(text=name, span=place),
            f"write `for some {name} in LIST` before it; a brace that is meant itself is written `\\{{`",
            label="`{NAME}` in a regular expression stands for a term",
        )
        return None
    if "*" in bound.term.text or bound.term.exact_case:
        reason = "has a `*`" if "*" in bound.term.text else "is in `exact case`"
        names.report(
            "term-in-pattern",
            f"the term `{bound.term.text}` {reason} and cannot stand in a regular expression",
            place,
            helps=["name a list of plain terms"],
        )
        return None
    return re.escape(bound.term.text)


# ------------------------------------------------------------------------------------------------------ sizes and shares

_SIZES = ("word", "sentence", "line", "paragraph", "letter", "character", "token", "link")


def check_has_count(scope: Scope, node: ast.HasCount) -> ir.Expression | None:
    """`text has fewer than 5 words`."""
    names = scope.names
    subject = check_value(scope, node.subject)
    bounds = bounds_of(names, node.count, f"{node.unit.word}s")
    if node.unit.word not in _SIZES:
        units = ", ".join(f"{unit}s" for unit in _SIZES)
        names.report("wrong-unit", f"a text is not measured in {node.unit.word}s", node.unit, helps=[f"write {units}"])
        return None
    if subject is None or bounds is None:
        return None
    if subject.kind is not Kind.TEXT:
        wrong_type(names, node.subject, subject, f"only a text has {node.unit.word}s")
        return None
    size = names.call(
        "size", subject.expression, ir.Constant(f"{node.unit.word}s", Kind.WORD, node.unit.span), span=node.span
    )
    compared = compare_count(names, size, bounds, node.span)
    return names.negation(compared, node.span) if node.negated else compared


def check_share(scope: Scope, node: ast.Share) -> ir.Expression | None:
    """`at least 50% of letters in text are capital`: there are letters, and 100 × capital ≥ 50 × letters, which is exact."""
    names, span = scope.names, node.span
    subject = check_value(scope, node.text)
    percent = percent_number(names, node.count.number)
    if node.property.text != "capital" or node.unit.word not in ("letter", "word"):
        wrong = node.property if node.property.text != "capital" else node.unit
        names.report(
            "wrong-unit",
            f"`{names.written(wrong)}` has no share",
            wrong,
            helps=["write `of letters in text are capital`"],
        )
        return None
    if subject is None or percent is None:
        return None
    if subject.kind is not Kind.TEXT:
        wrong_type(names, node.text, subject, f"only a text has {node.unit.word}s")
        return None
    unit = ir.Constant(f"{node.unit.word}s", Kind.WORD, node.unit.span)
    size = names.call("size", subject.expression, unit, span=span)
    capital = names.call("capital", subject.expression, unit, span=span)
    share = names.call("multiply", capital, _number(100, span), span=span)
    limit = names.call("multiply", size, _number(percent, span), span=span)
    relations = {
        "at least": ("at_least", share, limit),
        "more than": ("more", share, limit),
        "at most": ("at_least", limit, share),
        "fewer than": ("more", limit, share),
        "exactly": ("equal", share, limit),
    }
    operator, left, right = relations[node.count.relation]
    some = names.call("more", size, _number(0, span), span=span)
    return names.all_of(names.call(operator, left, right, span=span), some, span=span)
