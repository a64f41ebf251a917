"""The reference evaluator: what a program means, one row at a time, in plain Python, slow and obvious.

It is the definition of the language. The engine must give the same votes, cell for cell; where the two differ, the engine
is wrong. It also says why: which clause voted or why none did, what each condition came to, and where in the row's text
the evidence stands.

A row maps column names to values as `ir.Example` describes them: text `str`, a number `float`, a time in whole
microseconds, yes/no `bool`, a list as a tuple, a missing value None or no entry at all. `operators` is the catalog to use in
place of the package's own; a regular expression's own evaluation may take for ever, so where a stranger's text is read pass
`engine.matcher.linear_operators()`, whose answers are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, SupportsIndex

from snorkel_dsl.language.ir import (
    Call,
    Clause,
    Column,
    ColumnVotes,
    Constant,
    Expression,
    LabelingFunction,
    Piece,
    Quantified,
    Vote,
    children,
    walk,
)
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Catalog, FailedError, Predicate, catalog
from snorkel_dsl.source import Span

Row = Mapping[str, object]
Truth = bool | None

# ------------------------------------------------------------------------------------------------------------- passages


class Passage(str):
    """A text that knows where it stands: character `start` of the row's column `column`. A slice of it knows as well, and so
    does what it makes with more text after it.
    """

    column: str
    start: int

    def __new__(cls, text: str, column: str, start: int = 0) -> Passage:
        """A passage; `start` counts characters of the column's text."""
        passage = super().__new__(cls, text)
        passage.column = column
        passage.start = start
        return passage

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        text = super().__getitem__(key)
        if isinstance(key, slice):
            first, _, step = key.indices(len(self))
            return Passage(text, self.column, self.start + first) if step == 1 else text
        return text

    def __add__(self, other: str) -> str:
        return Passage(str(self) + other, self.column, self.start)


@dataclass(frozen=True, order=True)
class Match:
    """A place in the text of a column: character offsets, `start` inclusive and `end` exclusive."""

    column: str
    start: int
    end: int


# ------------------------------------------------------------------------------------------------------------ evaluation


def evaluate(expression: Expression, row: Row, pieces: Sequence[str] = (), operators: Catalog | None = None) -> Any:
    """The value of an expression on a row; None where it is missing or unknown.

    `pieces` are the current pieces of the quantifiers around the expression, outermost first. Raises CallFailedError where an
    operator that may fail could not answer: the first one, arguments before what they are arguments of.
    """
    match expression:
        case Column(name=name):
            value = row.get(name)
            return Passage(value, name) if isinstance(value, str) else value
        case Constant(value=value):
            return value
        case Piece(level=level):
            return pieces[-1 - level]
        case Quantified():
            return _quantified(expression, row, pieces, operators)
        case Call(operator=operator, arguments=arguments):
            values = [evaluate(argument, row, pieces, operators) for argument in arguments]
            try:
                return _apply((operators or catalog())[operator], values)
            except FailedError as failed:
                raise CallFailedError(expression, failed) from None


class CallFailedError(FailedError):
    """As `predicates.FailedError`, with the call that failed."""

    def __init__(self, call: Call, failed: FailedError) -> None:
        super().__init__(str(failed), failed.value)
        self.call = call


def _apply(predicate: Predicate, values: list[Any]) -> Any:
    if not predicate.takes_missing and any(value is None for value in values):
        return None
    result = predicate.evaluate(*values)
    if predicate.signature.result is Kind.TEXT and isinstance(values[0], Passage) and not isinstance(result, Passage):
        return Passage(result, values[0].column, values[0].start)  # as long as its argument: `outside`
    return result


def _quantified(expression: Quantified, row: Row, pieces: Sequence[str], operators: Catalog | None) -> Truth:
    current = pieces_of(expression.pieces, row, pieces, operators)
    if current is None:
        return None
    truths = [evaluate(expression.body, row, (*pieces, piece), operators) for piece in current]
    return quantify(expression, truths)


def pieces_of(
    expression: Expression, row: Row, pieces: Sequence[str] = (), operators: Catalog | None = None
) -> list[str] | None:
    """The pieces that an expression of kind PIECES cuts its text into, as passages; None where the text is missing."""
    places = evaluate(expression, row, pieces, operators)
    if places is None or not isinstance(expression, Call):
        return None
    text: str = evaluate(expression.arguments[0], row, pieces, operators)
    return [text[start:end] for start, end in places]


def quantify(expression: Quantified, truths: Sequence[Truth]) -> Truth:
    """What a quantifier makes of the truth of its body on each piece, as `ir.Quantified` defines it."""
    true = sum(truth is True for truth in truths)
    unknown = sum(truth is None for truth in truths)
    if expression.every:
        if not truths or False in truths:
            return False
        return None if unknown else True
    least = 0 if expression.least is None else expression.least
    most = len(truths) if expression.most is None else expression.most
    if least <= true and true + unknown <= most:
        return True
    return False if true + unknown < least or true > most else None


# ---------------------------------------------------------------------------------------------------------------- votes


@dataclass(frozen=True)
class Answer:
    """What a labeling function says of a row, None where it abstains, and the failed call that made it abstain, if any.

    `clause` is the number of the clause that fired; `stopped`: an `unless` was true or unknown; `unlisted`: the value of the
    column by which it votes is none of those named, and all were meant to be.
    """

    vote: Vote | None = None
    failure: CallFailedError | None = None
    clause: int | None = None
    stopped: bool = False
    unlisted: bool = False


def vote(
    function: LabelingFunction, row: Row, broken: frozenset[str] = frozenset(), operators: Catalog | None = None
) -> Vote | None:
    """What a labeling function says of a row, as `ir.LabelingFunction` defines it; None: it abstains.

    `broken` are the columns whose value in this row cannot be read. Where a call fails, the function abstains.
    """
    return answer(function, row, broken, operators).vote


def answer(
    function: LabelingFunction, row: Row, broken: frozenset[str] = frozenset(), operators: Catalog | None = None
) -> Answer:
    """What a labeling function says of a row, and whether it abstains because a call failed.

    Its conditions are asked in the order written, each `unless` before the clauses, and none after the one that decides.
    """
    if function.columns & broken:
        return Answer()
    try:
        if any(ask(condition, row, operators) is not False for condition in function.unless):
            return Answer(stopped=True)
        if function.by_column is not None:
            return _by_column(function.by_column, row.get(function.by_column.column))
        chosen = _choose(function.clauses, row, operators)
    except CallFailedError as failed:
        return Answer(failure=failed)
    return Answer() if chosen is None else Answer(function.clauses[chosen].vote, clause=chosen)


def ask(condition: Expression, row: Row, operators: Catalog | None = None) -> Truth:
    """Whether the condition of an `unless` or of a clause holds. Raises CallFailedError where a call in it fails.

    Calls that may fail are made only where they matter, in this sense: an `and` of which some part without such calls is
    false is false. Otherwise the condition is evaluated in full, whatever its other parts come to.
    """
    if isinstance(condition, Call) and condition.operator == "and" and may_fail(condition, operators):
        sure = [part for part in children(condition) if not may_fail(part, operators)]
        if any(evaluate(part, row, (), operators) is False for part in sure):
            return False
    truth: Truth = evaluate(condition, row, (), operators)
    return truth


def may_fail(expression: Expression, operators: Catalog | None = None) -> bool:
    """Whether there is a call in an expression that may fail."""
    known = operators or catalog()
    return any(isinstance(node, Call) and known[node.operator].may_fail for node in walk(expression))


def _by_column(by: ColumnVotes, value: object) -> Answer:
    if value is None:
        return Answer()
    found = [vote for listed, vote in by.meanings if listed == value]
    if found:
        return Answer(found[0])
    return Answer(unlisted=bool(by.abstaining) and value not in by.abstaining)


def _choose(clauses: Sequence[Clause], row: Row, operators: Catalog | None) -> int | None:
    """The clause that fires: the first that is true, or an `otherwise` after clauses that are all false."""
    all_false = True
    for index, clause in enumerate(clauses):
        if clause.condition is None:
            if all_false:
                return index
            continue
        truth = ask(clause.condition, row, operators)
        if truth is True:
            return index
        all_false = all_false and truth is False
    return None


# --------------------------------------------------------------------------------------------------------------- tracing


@dataclass(frozen=True)
class Step:
    """What one condition came to on a row, and why.

    `value`: True, False or None (unknown; or the number, text … of a value inside a comparison). `matches`: the places that
    the condition itself found, in order. `inside`: the steps of its parts; of a quantifier, one for each piece (`piece`).
    `failure`: the call in it that failed; it has no value then. `remarks`: what the condition has to say of its answer.
    """

    expression: Expression
    value: Any
    matches: tuple[Match, ...] = ()
    inside: tuple[Step, ...] = ()
    piece: Match | None = None
    failure: CallFailedError | None = None
    remarks: tuple[str, ...] = ()

    @property
    def span(self) -> Span | None:
        """Where the condition stands in the rules file."""
        return self.expression.span

    @property
    def evidence(self) -> tuple[Match, ...]:
        """All places that this step and those inside it found, sorted, each once."""
        found = {match for step in self.walk() for match in step.matches}
        return tuple(sorted(found))

    def walk(self) -> list[Step]:
        """The step and all inside it, outermost first."""
        return [self, *(step for part in self.inside for step in part.walk())]


@dataclass(frozen=True)
class ClauseTrace:
    """What became of one clause: its step (None for `otherwise`), and whether it is the one that fired."""

    clause: Clause
    step: Step | None
    fired: bool


@dataclass(frozen=True)
class Trace:
    """Why a labeling function said what it said of a row.

    `vote` is what `vote` gives. `reason` is one of: voted, abstained (a clause says so), unless (`stopped_by` is the first
    `unless` that is true or unknown), broken (`broken` names the unreadable columns), failed (`failure` is the call that
    could not answer), no clause, and for `votes by column` no meaning.
    """

    function: LabelingFunction
    vote: Vote | None
    reason: str
    clauses: tuple[ClauseTrace, ...] = ()
    unless: tuple[Step, ...] = ()
    broken: tuple[str, ...] = ()
    failure: CallFailedError | None = None

    @property
    def fired(self) -> ClauseTrace | None:
        """The clause that fired."""
        return next((clause for clause in self.clauses if clause.fired), None)

    @property
    def stopped_by(self) -> Step | None:
        """The first `unless` that is true or unknown."""
        return next((step for step in self.unless if step.value is not False), None)

    @property
    def matches(self) -> tuple[Match, ...]:
        """The evidence of what decided: of the `unless` that stopped it, or of the clause that fired."""
        step = self.stopped_by or (self.fired.step if self.fired else None)
        return step.evidence if step else ()


def explain(
    function: LabelingFunction, row: Row, broken: frozenset[str] = frozenset(), operators: Catalog | None = None
) -> Trace:
    """Why a labeling function says what it says of a row. Every condition is evaluated, also where it decides nothing."""
    unreadable = tuple(sorted(function.columns & broken))
    if unreadable:
        return Trace(function, None, "broken", broken=unreadable)
    operators = _remembering(operators or catalog())
    said = answer(function, row, operators=operators)
    if said.failure is not None:
        return Trace(function, None, "failed", failure=said.failure)
    unless = tuple(trace(condition, row, operators=operators) for condition in function.unless)
    if function.by_column is not None and not said.stopped:
        return Trace(function, said.vote, "no meaning" if said.vote is None else "voted", (), unless)
    clauses = tuple(
        ClauseTrace(
            clause,
            None if clause.condition is None else trace(clause.condition, row, operators=operators),
            index == said.clause,
        )
        for index, clause in enumerate(function.clauses)
    )
    return Trace(function, said.vote, _reason(said), clauses, unless)


def _reason(said: Answer) -> str:
    if said.stopped:
        return "unless"
    if said.clause is None:
        return "no clause"
    return "abstained" if said.vote is None else "voted"


def _remembering(operators: Catalog) -> Catalog:
    """The same operators; one that may fail is asked only once of the same arguments, so that all steps agree."""
    return {
        name: replace(predicate, evaluate=_remembered(predicate.evaluate)) if predicate.may_fail else predicate
        for name, predicate in operators.items()
    }


def _remembered(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[tuple[Any, ...], Any] = {}

    def ask_once(*arguments: Any) -> Any:
        if arguments not in known:
            try:
                known[arguments] = evaluate(*arguments)
            except FailedError as failed:
                known[arguments] = failed
        if isinstance(known[arguments], FailedError):
            raise known[arguments]
        return known[arguments]

    return ask_once


def trace(
    expression: Expression,
    row: Row,
    pieces: Sequence[str] = (),
    piece: Match | None = None,
    operators: Catalog | None = None,
) -> Step:
    """What an expression came to on a row, with the steps inside it and the places found."""
    try:
        value = evaluate(expression, row, pieces, operators)
    except CallFailedError as failed:
        return Step(expression, None, piece=piece, failure=failed)
    if isinstance(expression, Quantified):
        return Step(expression, value, (), _piece_steps(expression, row, pieces, operators), piece)
    if not isinstance(expression, Call):
        return Step(expression, value, piece=piece)
    inside = tuple(
        trace(argument, row, pieces, operators=operators)
        for argument in expression.arguments
        if isinstance(argument, Call | Quantified)
    )
    remarks = _remarks(expression, row, pieces, operators)
    return Step(expression, value, _matches(expression, row, pieces, operators), inside, piece, remarks=remarks)


def _piece_steps(
    expression: Quantified, row: Row, pieces: Sequence[str], operators: Catalog | None
) -> tuple[Step, ...]:
    current = pieces_of(expression.pieces, row, pieces, operators) or []
    return tuple(
        trace(expression.body, row, (*pieces, text), _place(text, 0, len(text)), operators) for text in current
    )


def _matches(call: Call, row: Row, pieces: Sequence[str], operators: Catalog | None) -> tuple[Match, ...]:
    """The places that an operator found in its text, in the column that the text was cut from."""
    predicate = (operators or catalog())[call.operator]
    if predicate.places is None:
        return ()
    values = [evaluate(argument, row, pieces, operators) for argument in call.arguments]
    if any(value is None for value in values):
        return ()
    text = _text_of(call, row, pieces, operators)
    found = (_place(text, start, end) for start, end in predicate.places(*values))
    return tuple(place for place in found if place is not None)


def _remarks(call: Call, row: Row, pieces: Sequence[str], operators: Catalog | None) -> tuple[str, ...]:
    """What an operator has to say of its answer."""
    predicate = (operators or catalog())[call.operator]
    if predicate.remarks is None:
        return ()
    values = [evaluate(argument, row, pieces, operators) for argument in call.arguments]
    return () if any(value is None for value in values) else tuple(predicate.remarks(*values))


def _text_of(call: Call, row: Row, pieces: Sequence[str], operators: Catalog | None) -> str:
    """The text that the places of an operator are in: its first argument, or the text of which that is the annotation."""
    first = call.arguments[0]
    if isinstance(first, Call) and first.kind is Kind.ANNOTATION:
        return _text_of(first, row, pieces, operators)
    text: str = evaluate(first, row, pieces, operators)
    return text


def _place(text: str, start: int, end: int) -> Match | None:
    return Match(text.column, text.start + start, text.start + end) if isinstance(text, Passage) else None
