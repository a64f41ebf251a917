"""The names of a rules file and what they stand for while it is checked, and the place where its mistakes are collected.

A name that is declared wrongly is still declared: its entry is None (poison), every use of it is None as well, and nothing
is said a second time. So one mistake is one diagnostic, however often the name is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from snorkel_dsl.diagnostics import Diagnostic, Mark, Severity, did_you_mean
from snorkel_dsl.facts import Said
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.types import Kind, Signature, Type
from snorkel_dsl.source import Source, Span

if TYPE_CHECKING:
    from snorkel_dsl.language.check.resolving import Resolver, StoredFunction

T = TypeVar("T")

ARTICLE = {
    Kind.TEXT: "a text",
    Kind.NUMBER: "a number",
    Kind.TIME: "a time",
    Kind.CLOCK: "a time of day",
    Kind.DURATION: "a duration",
    Kind.YES_NO: "yes or no",
    Kind.CHOICE: "a choice",
    Kind.TEXTS: "a list of text",
    Kind.NUMBERS: "a list of numbers",
    Kind.CONDITION: "a condition",
    Kind.PIECES: "pieces of text",
    Kind.SPAN: "a span of text",
}


@dataclass
class Problems:
    """The diagnostics of a run, each once, whichever of its files they are about."""

    found: dict[tuple[str, str, Span, str], Diagnostic] = field(default_factory=dict)

    def add(self, source: Source, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic, unless the same was said of the same place before."""
        span = diagnostic.mark.span if diagnostic.mark is not None else Span(0, 0)
        self.found.setdefault((source.name, diagnostic.kind, span, diagnostic.message), diagnostic)


@dataclass(frozen=True)
class NamedCondition:
    """A checked `condition` block: its body, in which `Piece` level 0 is the parameter, if it has one."""

    body: ir.Expression
    has_parameter: bool


@dataclass(frozen=True)
class NamedSection:
    """A checked section and the text column that it is of."""

    column: str
    section: ir.Section | ir.HeadedSection


@dataclass
class Names:
    """Everything that a rules file declares, by kind of name; None stands for what was declared wrongly."""

    source: Source
    problems: Problems
    signatures: Mapping[str, Signature]
    resolver: Resolver
    columns: dict[str, ir.DataColumn | None] = field(default_factory=dict)
    tasks: dict[str, ir.Task] = field(default_factory=dict)
    terms: dict[str, ir.TermList | None] = field(default_factory=dict)
    sections: dict[str, NamedSection | None] = field(default_factory=dict)
    lookups: dict[str, ir.LookupTable | None] = field(default_factory=dict)
    contexts: dict[str, ir.Context | None] = field(default_factory=dict)
    own_contexts: tuple[str, ...] = ()  # those that the file itself declares
    context_asked_for: bool = False  # it was said that a condition needs a context, or must name one
    conditions: dict[str, NamedCondition | None] = field(default_factory=dict)
    functions: dict[str, tuple[StoredFunction, ...]] = field(default_factory=dict)  # of all plugins that are used
    lost_functions: bool = False  # a plugin cannot be used, and its functions are not known
    rules: dict[str, Span] = field(default_factory=dict)
    unders: dict[str, Span] = field(default_factory=dict)  # the lines that put a task under a label, by task
    require_lines: tuple[ir.RequireLine, ...] = ()
    impossible: set[tuple[str, int]] = field(default_factory=set)  # answers that no row can have
    clashing: Callable[[Said], tuple[Span, ...]] = lambda _: ()  # the fewest lines with which no row can be as said
    told: set[Span] = field(default_factory=set)  # lines that were shown to clash
    poisoned: frozenset[str] = frozenset()
    incomplete: bool = False  # a block was lost with its header: any name may have been declared there
    patterns: dict[str, bool] = field(default_factory=dict)
    used: dict[str, Names] = field(default_factory=dict)  # of other files, by file; one dict for all files of a run

    def report(
        self,
        kind: str,
        message: str,
        at: ast.Node | Span,
        label: str = "",
        *,
        helps: Iterable[str | None] = (),
        others: Iterable[tuple[Span, str]] = (),
        severity: Severity = "error",
    ) -> None:
        """Say that something is wrong at a node or a place; helps that are None are left out."""
        span = at if isinstance(at, Span) else at.span
        marks = tuple(Mark(self.source, place, text) for place, text in others)
        given = tuple(text for text in helps if text)
        self.problems.add(
            self.source, Diagnostic(kind, message, Mark(self.source, span, label), marks, given, severity)
        )

    def written(self, node: ast.Node | Span) -> str:
        """What the user wrote there, on one line."""
        return " ".join(self.source.slice(node if isinstance(node, Span) else node.span).split())

    # --------------------------------------------------------------------------------------------------- finding names

    @property
    def tables(self) -> dict[str, Mapping[str, object]]:
        """What the kinds of names are called, and the names of each."""
        return {
            "column": self.columns,
            "terms list": self.terms,
            "section": self.sections,
            "lookup": self.lookups,
            "context": self.contexts,
            "condition": self.conditions,
            "function": self.functions,
            "task": self.tasks,
            "rule": self.rules,
        }

    def kind_of(self, name: str) -> str | None:
        """What a declared name is (`a column`, …), or None."""
        for what, table in self.tables.items():
            if name in table:
                return f"a {what}"
        return None

    def holder_of(self, name: str) -> str | None:
        """What already has a name that must be the only one: tasks, rules and functions stand elsewhere and may share it."""
        kind = self.kind_of(name)
        return None if kind in ("a task", "a rule", "a function") else kind

    def is_poisoned(self, name: str, what: str | None = None) -> bool:
        """Whether a name was declared by something that could not be read or was refused."""
        if name in self.poisoned:
            return True
        tables = self.tables if what is None else {what: self.tables[what]}
        return any(name in table and table[name] is None for table in tables.values())

    def find(self, what: str, table: Mapping[str, T | None], name: ast.Name, *helps: str, label: str = "") -> T | None:
        """What a name stands for. Says so where no such name is declared."""
        if name.text in table:
            return table[name.text]
        if not self.is_poisoned(name.text):
            self.unknown(what, table, name, *helps, label=label)
        return None

    def unknown(self, what: str, known: Iterable[str], name: ast.Name, *helps: str, label: str = "") -> None:
        """Say that no such name is declared, and which one may be meant."""
        if self.incomplete or (what == "column" and not self.columns):
            return
        known = list(known)
        likely = did_you_mean(name.text, known)
        other = self.kind_of(name.text)
        if not label:
            label = f"this is {other}, not a {what}" if other is not None else "not declared in this file"
        suggestion = None if likely is None or helps else f"did you mean `{likely}`?"
        listed = None if suggestion or helps or not known else f"declared: {_listed(known)}"
        self.report(
            "unknown-name", f"no {what} is called `{name.text}`", name, label, helps=[*helps, suggestion, listed]
        )

    # ------------------------------------------------------------------------------------------------------ expressions

    def call(self, operator: str, *arguments: ir.Expression, span: Span, kind: Kind | None = None) -> ir.Call:
        """An operator applied to arguments; the kind of the result is the signature's, unless given."""
        return ir.Call(operator, arguments, kind or self.signatures[operator].result, span)

    def accepts(self, operator: str, kind: Kind, position: int = 0) -> bool:
        """Whether an operator takes an argument of that kind there."""
        return kind in self.signatures[operator].parameters[position]

    def all_of(self, *conditions: ir.Expression, span: Span) -> ir.Expression:
        """All of them, flat."""
        return self._joined("and", conditions, span)

    def any_of(self, *conditions: ir.Expression, span: Span) -> ir.Expression:
        """Any of them, flat."""
        return self._joined("or", conditions, span)

    def _joined(self, operator: str, conditions: Iterable[ir.Expression], span: Span) -> ir.Expression:
        flat: list[ir.Expression] = []
        for condition in conditions:
            inside = isinstance(condition, ir.Call) and condition.operator == operator
            flat.extend(condition.arguments if isinstance(condition, ir.Call) and inside else (condition,))
        different = tuple(dict.fromkeys(flat))
        return different[0] if len(different) == 1 else self.call(operator, *different, span=span)

    def negation(self, condition: ir.Expression, span: Span) -> ir.Expression:
        """The opposite; of an opposite, the thing itself."""
        if isinstance(condition, ir.Call) and condition.operator == "not":
            return condition.arguments[0]
        return self.call("not", condition, span=span)


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:8])
    return shown + (", …" if len(names) > 8 else "")


# -------------------------------------------------------------------------------------------------------- bound names


@dataclass(frozen=True)
class BoundPiece:
    """A name for a piece of text, bound `depth` levels deep."""

    depth: int


@dataclass(frozen=True)
class BoundTerm:
    """A name for one term of a list; `terms` is that term with the masks of its list."""

    term: ir.Term
    terms: ir.TermList


@dataclass(frozen=True)
class Scope:
    """The names of the file, with those bound around an expression: `it`, the NAME of `for some` and `for each`.

    `depth` counts the quantifiers around; `expansions` how often the expression is already multiplied by `for some`.
    """

    names: Names
    bound: Mapping[str, BoundPiece | BoundTerm] = field(default_factory=dict)
    depth: int = 0
    expansions: int = 1

    def with_piece(self, name: str = "it") -> Scope:
        """One quantifier deeper, where `name` is the piece."""
        depth = self.depth + 1
        return replace(self, bound={**self.bound, name: BoundPiece(depth)}, depth=depth)

    def with_term(self, name: str, terms: ir.TermList, term: ir.Term, expansions: int) -> Scope:
        """Where `name` is one term of a list."""
        bound = BoundTerm(term, terms.only(term))
        return replace(self, bound={**self.bound, name: bound}, expansions=self.expansions * expansions)


@dataclass(frozen=True)
class Typed:
    """A checked value: its expression and its type; `is_day` marks a date without a time of day, which is a whole day."""

    expression: ir.Expression
    type: Type
    is_day: bool = False

    @property
    def kind(self) -> Kind:
        """The kind of its type."""
        return self.type.kind
