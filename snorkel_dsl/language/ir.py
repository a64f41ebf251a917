"""What a rules file means: resolved, typed, without sugar. The waist between text and execution.

There are five kinds of expression. Everything that the language can say is an operator of the catalog applied to
expressions (`Call`), so a new predicate touches nothing here. An expression compares and hashes by its meaning: names of
lists, layout and places in the file do not count, so equal expressions mean equal values on any row, which is what lets
the planner share work and what the semantic hash is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from snorkel_dsl import facts
from snorkel_dsl.facts import answers_of
from snorkel_dsl.language.types import Kind, Type
from snorkel_dsl.source import Source, Span

# ---------------------------------------------------------------------------------------------------------- constants


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase as it is looked for. `*` at the end of a word truncates it; alone it is any one word."""

    text: str
    exact_case: bool = False
    exactly: bool = False  # a space is a space and a hyphen a hyphen


@dataclass(frozen=True, slots=True)
class TermList:
    """Resolved terms: those looked for and those that mask (`except`), both in the order written, without repeats.

    Masks concern the terms of their own list alone. So where lists with different masks stand together, they are `parts`, and
    `terms` and `masks` are all of theirs.
    """

    terms: tuple[Term, ...]
    masks: tuple[Term, ...] = ()
    name: str | None = field(default=None, compare=False)
    parts: tuple[TermList, ...] = ()

    @property
    def each(self) -> tuple[TermList, ...]:
        """The lists of which all masks concern all terms: its parts, or itself."""
        return self.parts or (self,)

    def only(self, term: Term) -> TermList:
        """One of the terms, with the masks that concern it."""
        if not self.parts:
            return TermList((term,), self.masks)
        return joined(TermList((term,), one.masks) for one in self.parts if term in one.terms)


def joined(lists: Iterable[TermList], name: str | None = None) -> TermList:
    """Lists that stand together as one, in the order written."""
    lists = [one for several in lists for one in several.each if one.terms]
    alike: dict[frozenset[Term], list[TermList]] = {}
    for one in lists:
        alike.setdefault(frozenset(one.masks), []).append(one)
    parts = [TermList(_terms_of(same), same[0].masks) for same in alike.values()]
    masks = tuple(dict.fromkeys(mask for part in parts for mask in part.masks))
    return TermList(_terms_of(lists), masks, name, tuple(parts) if len(parts) > 1 else ())


def _terms_of(lists: Iterable[TermList]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(term for one in lists for term in one.terms))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that passed `language.patterns.check_pattern`; it means `re.search` of the running Python."""

    text: str
    exact_case: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a text from after its first `start` marker up to the next `end` marker after that, or to the text's end.

    The markers are literal, in exact case, and belong to no section. A text without the start marker has no such section:
    that is empty text, without pieces. (The published chest X-ray votes come out with or without the markers.)
    """

    start: str
    end: str
    name: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class HeadedSection:
    """The parts of a text under any of `headings`, each up to the next heading; `others` are the headings that end it too.

    `language.text.headings` says what a heading is. Headings belong to no section.
    """

    headings: tuple[str, ...]
    others: tuple[str, ...] = ()
    name: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that says how what stands near it is meant.

    `axis` is one of negation, uncertainty, history, family, hypothesis. A cue `after` what it governs looks back, others look
    ahead, over at most `reach` words (None: to the end of the sentence).
    """

    axis: str
    after: bool
    term: Term
    reach: int | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Cues in the order written, phrases that are no cue although one stands in them, and words at which a scope stops.

    `extends`: the contexts that it has all of, near and far.
    """

    cues: tuple[Cue, ...]
    not_cues: tuple[Term, ...] = ()
    stops: tuple[Term, ...] = ()
    name: str | None = field(default=None, compare=False)
    extends: tuple[Context, ...] = field(default=(), compare=False, repr=False)

    def __hash__(self) -> int:
        """Of its size and its first cue: it is asked for with every text, and a context may have hundreds of cues."""
        return hash((len(self.cues), len(self.not_cues), len(self.stops), self.cues[:1]))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A language pipeline: its name, and a version that changes whenever its answers may.

    `folder` is where it lies, where that is a folder; `patterns` a file of rules for a blank one. `gives` is what it can add
    to a text (`language.text.annotation` has the names), `entities` are the labels of its entities; None: that is not known.
    """

    name: str
    version: str
    folder: str | None = field(default=None, compare=False)
    patterns: str | None = field(default=None, compare=False)
    gives: frozenset[str] | None = field(default=None, compare=False)
    entities: tuple[str, ...] | None = field(default=None, compare=False)


FUNCTION_SECONDS = 10.0  # a call of a plugin's function, unless the settings say otherwise


@dataclass(frozen=True, slots=True)
class PluginFunction:
    """A function of an installed plugin, by its stored signature; `pure`: the same arguments always give the same result.

    A call of it may take so many `seconds`; one of a `batch` function is a call for many rows.
    """

    plugin: str
    version: int
    name: str
    parameters: tuple[Kind, ...]
    result: Kind
    pure: bool = True
    batch: bool = False
    needs_model: bool = False
    seconds: float = field(default=FUNCTION_SECONDS, compare=False)


@dataclass(frozen=True, slots=True)
class LookupTable:
    """Rows of keys, sorted and without repeats; already folded where `ignoring_case`, and in both orders where asked."""

    width: int
    keys: tuple[tuple[str, ...], ...]
    ignoring_case: bool = False
    name: str | None = field(default=None, compare=False)


Value: TypeAlias = (
    str
    | float
    | int
    | bool
    | tuple[str, ...]
    | tuple[float, ...]
    | TermList
    | Pattern
    | Section
    | HeadedSection
    | Context
    | Pipeline
    | PluginFunction
    | LookupTable
)

# -------------------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Column:
    """The value of a declared column in this row; missing where the data has none."""

    name: str
    kind: Kind
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the rules file. TIME, CLOCK and DURATION are whole microseconds (`types.Kind`)."""

    value: Value
    kind: Kind
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator of the catalog applied to arguments."""

    operator: str
    arguments: tuple[Expression, ...]
    kind: Kind
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Piece:
    """`it`: the current piece of the enclosing `Quantified`; `level` 0 is the innermost."""

    level: int = 0
    kind: Kind = Kind.TEXT
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Quantified:
    """How many `pieces` (an expression of kind PIECES) satisfy `body`: at least `least`, at most `most` (None: no bound).

    With t pieces where the body is true and u where it is unknown, out of n: true when least ≤ t and t + u ≤ most; false
    when t + u < least or t > most; unknown otherwise. `every` means instead: there is a piece (n ≥ 1) and the body holds
    for all n. A missing text makes it unknown.
    """

    pieces: Expression
    body: Expression
    least: int | None
    most: int | None
    every: bool = False
    kind: Kind = Kind.CONDITION
    span: Span | None = field(default=None, compare=False)


Expression: TypeAlias = Column | Constant | Call | Piece | Quantified


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one."""
    match expression:
        case Call(arguments=arguments):
            return arguments
        case Quantified(pieces=pieces, body=body):
            return (pieces, body)
        case _:
            return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all that is inside it, outermost first."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def columns_of(expression: Expression) -> frozenset[str]:
    """The names of the columns that an expression reads."""
    return frozenset(node.name for node in walk(expression) if isinstance(node, Column))


# ------------------------------------------------------------------------------------------------- data, tasks, rules


@dataclass(frozen=True)
class DataColumn:
    """A declared column: its name in the rules, its type, and the name of the file's own column.

    A SPAN may have a `second` column: that of its ends, or, in words, that of the list of words.
    """

    name: str
    type: Type
    source: str
    span: Span | None = field(default=None, compare=False)
    second: str | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the file's own columns that it is read from."""
        return (self.source,) if self.second is None else (self.source, self.second)


Balance: TypeAlias = tuple[float | None, ...]


@dataclass(frozen=True)
class Task:
    """A question with its labels in the order that fixes their class numbers 0, 1, 2 …

    `balance` is what the expert believes: the share of each label (floats that sum to 1), or None. With `any_number`, a row
    may have any number of the labels, and each share stands alone (None where nothing is said of a label). A task `under` a
    label of another, (task, class number), is asked only of rows that have it.
    """

    name: str
    labels: tuple[str, ...]
    balance: Balance | None = None
    span: Span | None = field(default=None, compare=False)
    any_number: bool = False
    under: tuple[str, int] | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be said with one number: each label and, where any number may apply, that it does not (see `Vote`)."""
        return answers_of(self.labels, self.any_number)


@dataclass(frozen=True, slots=True)
class Vote:
    """What a function says of a task: the truth is one of `labels` (class numbers). One label is an ordinary vote.

    Of a task with k labels of which any number may apply, it says that at least one of `labels` is so: a number y below k
    says that label y applies, k + y that it does not.
    """

    task: str
    labels: frozenset[int]


@dataclass(frozen=True)
class Requirement:
    """Whenever what is given holds of a row, what is implied does, or one of `or_else`."""

    given: Vote
    implied: Vote
    span: Span | None = field(default=None, compare=False)
    or_else: tuple[Vote, ...] = ()

    @property
    def fact(self) -> facts.Requirement:
        """The requirement without its place."""
        given, implied, *others = ((vote.task, vote.labels) for vote in (self.given, self.implied, *self.or_else))
        return facts.Requirement(given, implied, tuple(others))


@dataclass(frozen=True)
class RequireLine:
    """A `require` line as it is written, which makes one `Requirement` or several.

    `relation` is "implies", "excludes", "exactly one of", "at least one of" or "at most one of"; `sides` is what it is between.
    """

    relation: str
    sides: tuple[Vote, ...]
    requirements: tuple[Requirement, ...]
    span: Span = field(compare=False)


ABSTAIN: None = None


@dataclass(frozen=True)
class Clause:
    """`when condition vote vote`. A clause without a condition is `otherwise`; a clause with vote None abstains."""

    condition: Expression | None
    vote: Vote | None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ColumnVotes:
    """`votes by column`: what each value of a column means; any other value, and a missing one, abstains.

    Values are texts, or numbers of a column of numbers. Where some are `abstaining`, every value is meant to be named: any
    other is a fault.
    """

    column: str
    meanings: tuple[tuple[str | float, Vote], ...]
    abstaining: tuple[str | float, ...] = ()


@dataclass(frozen=True)
class Example:
    """A row with the vote it must get; `vote` None: the rule must abstain. `todo`: a known miss.

    `row` maps column names to Python values as a reader of data would give them: str, float, bool, datetime as whole
    microseconds, lists as tuples, None for missing. A column that is not named is missing.
    """

    row: tuple[tuple[str, Value | None], ...]
    vote: Vote | None
    todo: bool
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Expectation:
    """`expect precision at least 80% on dev`: a measure, its bounds (shares 0 to 1, None where open), a dataset's name."""

    measure: str
    least: float | None
    most: float | None
    dataset: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class LabelingFunction:
    """One labeling function, ready to run.

    How a row is answered: if any of `unless` is true or unknown, abstain. Otherwise the first clause whose condition is
    true gives its vote; a clause whose condition is unknown is passed over; `otherwise` (a clause without a condition)
    fires only when every condition before it is false. Nothing fires: abstain. A row with a broken value in a column that
    the function reads abstains as well.

    `name` is `package.rule`, with `[term]` appended under `for each` (just `rule…` where no package is declared).
    """

    name: str
    rule: str
    task: str
    clauses: tuple[Clause, ...]
    unless: tuple[Expression, ...] = ()
    by_column: ColumnVotes | None = None
    semantic_hash: str = ""
    source: Source | None = field(default=None, compare=False)
    span: Span | None = field(default=None, compare=False)

    @property
    def votes(self) -> tuple[Vote, ...]:
        """Each different vote that the function can give, in the order written."""
        if self.by_column is not None:
            return tuple(dict.fromkeys(vote for _, vote in self.by_column.meanings))
        return tuple(dict.fromkeys(clause.vote for clause in self.clauses if clause.vote is not None))

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its conditions: those of `unless` first, then those of the clauses."""
        return self.unless + tuple(clause.condition for clause in self.clauses if clause.condition is not None)

    @property
    def columns(self) -> frozenset[str]:
        """The names of the columns that it reads."""
        read = frozenset().union(*(columns_of(expression) for expression in self.expressions))
        return read if self.by_column is None else read | {self.by_column.column}


@dataclass(frozen=True)
class Rule:
    """What a `rule` block says beside its conditions; `functions` are the names of its labeling functions."""

    name: str
    functions: tuple[str, ...]
    task: str
    examples: tuple[Example, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    status: str = "stable"  # or experimental, deprecated, disabled
    successor: str | None = None  # `status deprecated, use other`
    formerly: tuple[str, ...] = ()
    origin: str | None = None  # the text of its `source` line
    notes: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False)
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Program:
    """Everything that a rules file (with the files it uses) means. A disabled rule has a `Rule` and no function here."""

    data: str
    columns: tuple[DataColumn, ...]
    tasks: tuple[Task, ...]
    functions: tuple[LabelingFunction, ...]
    rules: tuple[Rule, ...]
    package: str | None = None
    version: str | None = None
    source: Source | None = field(default=None, compare=False)
    conditions: Mapping[str, Expression] = field(default_factory=dict, compare=False)
    require_lines: tuple[RequireLine, ...] = ()
    terms: Mapping[str, TermList] = field(default_factory=dict, compare=False)

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What all `require` lines come to."""
        return tuple(one for line in self.require_lines for one in line.requirements)

    def task(self, name: str) -> Task:
        """The task of a name. Raises KeyError where there is none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)

    def column(self, name: str) -> DataColumn:
        """The declared column of a name. Raises KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
