"""The tests that stand in a rules file: its examples by the reference evaluator, its expectations on their datasets.

An example of a rule with several labeling functions (`for each`) holds where at least one of them gives the vote and none
gives another; `none` holds where all abstain. An `example todo` is a known miss: it must fail, and is reported when it
no longer does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snorkel_dsl.language import ir
from snorkel_dsl.reference import Trace, explain

if TYPE_CHECKING:
    from snorkel_dsl.votes import LabelMatrix


@dataclass(frozen=True)
class ExampleResult:
    """What became of an example: the trace of each function of its rule, and whether it got the vote it must get."""

    rule: ir.Rule
    example: ir.Example
    traces: tuple[Trace, ...]

    @property
    def holds(self) -> bool:
        """Whether the rule votes as the example says."""
        votes = {trace.vote for trace in self.traces if trace.vote is not None}
        return votes == (set() if self.example.vote is None else {self.example.vote})

    @property
    def fails(self) -> bool:
        """Whether this is a failing test: it does not hold, and nobody said that it would not yet."""
        return not self.holds and not self.example.todo


def run_examples(program: ir.Program) -> list[ExampleResult]:
    """Every example of every rule that has functions, in file order."""
    from snorkel_dsl.engine.matcher import linear_operators

    functions = {function.name: function for function in program.functions}
    results = []
    for rule in program.rules:
        own = [functions[name] for name in rule.functions if name in functions]
        if not own:
            continue
        for example in rule.examples:
            row = dict(example.row)
            traces = tuple(explain(function, row, operators=linear_operators()) for function in own)
            results.append(ExampleResult(rule, example, traces))
    return results


@dataclass(frozen=True)
class Coverage:
    """What the examples exercise: `rules` and `clauses` of the file, those with an example, and the clauses that none fires."""

    rules: int
    rules_tested: int
    clauses: int
    clauses_fired: int
    untested: tuple[tuple[ir.Rule, str], ...]  # a rule and what of it no example shows


def coverage_of(program: ir.Program, results: list[ExampleResult]) -> Coverage:
    """Which rules have an example, and which of their clauses fire in one; a rule's functions share their clauses."""
    fired: set[tuple[str, int]] = set()
    tested = {result.rule.name for result in results if not result.example.todo}
    for result in results:
        for trace in result.traces:
            fired |= {(result.rule.name, index) for index, clause in enumerate(trace.clauses) if clause.fired}
    functions = {function.name: function for function in program.functions}
    clauses = 0
    untested = []
    rules = [rule for rule in program.rules if any(name in functions for name in rule.functions)]
    for rule in rules:
        function = next(functions[name] for name in rule.functions if name in functions)
        clauses += len(function.clauses)
        if rule.name not in tested:
            untested.append((rule, "has no example"))
            continue
        silent = [str(index + 1) for index in range(len(function.clauses)) if (rule.name, index) not in fired]
        if silent:
            one = len(function.clauses) == 1
            untested.append((rule, "votes in no example" if one else f"has no example for clause {', '.join(silent)}"))
    return Coverage(len(rules), sum(rule.name in tested for rule in rules), clauses, len(fired), tuple(untested))


@dataclass(frozen=True)
class ExpectationResult:
    """What became of an expectation: the share that was measured (None: there was nothing to measure)."""

    rule: ir.Rule
    expectation: ir.Expectation
    value: float | None

    @property
    def holds(self) -> bool:
        """Whether the value lies in the expected bounds; a value that cannot be measured does not."""
        least, most = self.expectation.least, self.expectation.most
        if self.value is None:
            return False
        return (least is None or self.value >= least) and (most is None or self.value <= most)


GoldRow = int | list[int]  # a class number; where any number of labels may apply, 1, 0 or -1 for each
VotesAndGold = Callable[[str, str], "tuple[LabelMatrix, list[GoldRow] | None]"]


def run_expectations(program: ir.Program, measured: VotesAndGold) -> Iterator[ExpectationResult]:
    """Every expectation; `measured` gives, for a dataset's name and a task, the task's votes and its gold class numbers."""
    for rule in program.rules:
        for expectation in rule.expectations:
            votes, gold = measured(expectation.dataset, rule.task)
            yield ExpectationResult(rule, expectation, _measure(expectation.measure, rule, votes, gold))


def _measure(measure: str, rule: ir.Rule, votes: LabelMatrix, gold: list[GoldRow] | None) -> float | None:
    """The measure of a rule (all its functions together), a share; None where there is nothing to measure."""
    own = votes.select([name for name in rule.functions if name in votes.functions])
    if measure == "coverage":
        return float(own.covered.mean()) if own.n else None
    if gold is None:
        return None
    pairs = [(int(row), own.labels_of(int(code))) for row, code in zip(own.rows, own.codes, strict=True)]
    true = [_true_answers(known) for known in gold]
    correct = [(row, said) for row, said in pairs if said & true[row]]
    if measure == "precision":
        judged = len(correct) + sum(_is_wrong(said, gold[row]) for row, said in pairs)
        return len(correct) / judged if judged else None
    votable = frozenset[int]().union(*(said for _, said in pairs)) if pairs else frozenset()
    relevant = sum(bool(votable & answers) for answers in true)
    return len({row for row, _ in correct}) / relevant if relevant else None


def _true_answers(known: GoldRow) -> frozenset[int]:
    """The votes that a row's gold makes right."""
    if isinstance(known, int):
        return frozenset({known}) if known >= 0 else frozenset()
    k = len(known)
    return frozenset(label if applies else k + label for label, applies in enumerate(known) if applies >= 0)


def _is_wrong(said: frozenset[int], known: GoldRow) -> bool:
    """Whether a row's gold makes a vote wrong: all that it says is known not to be so."""
    if isinstance(known, int):
        return known >= 0 and known not in said
    k = len(known)
    return all(known[number % k] == (1 if number >= k else 0) for number in said)
