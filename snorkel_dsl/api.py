"""The way from rules to votes in Python: compile a file, apply its labeling functions to data or to one row.

    rules = compile("spam.rules")                # or the text of a rules file
    rules.lfs["asks_to_promote"](row)            # a class number, or -1
    votes = rules.apply(frame)                   # a label matrix, with what the compiler knows of each function
    models = rules.fit(frame)                    # what the votes teach of all tasks, for rules.label(other, models)

Everything that needs arrays is imported where it is used: the command line's `check` stands on this module too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snorkel_dsl.collector import collector_paused
from snorkel_dsl.datasets.options import ReadOptions
from snorkel_dsl.diagnostics import Diagnostic, RulesError, did_you_mean
from snorkel_dsl.facts import Exemplar, RuleFacts
from snorkel_dsl.language import ir
from snorkel_dsl.source import Source

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from snorkel_dsl.engine.faults import Faults
    from snorkel_dsl.language.check.resolving import Resolver
    from snorkel_dsl.models.stored import Bundle
    from snorkel_dsl.repository.settings import Settings
    from snorkel_dsl.votes import LabelMatrix

ABSTAIN = -1


def compile(rules: str | Path, roots: Sequence[str | Path] = ()) -> Rules:
    """Compile a rules file: its path, or its text (a `str` with a line break in it).

    `roots` are the folders from which it may name other files; without any, that of the settings file, else its own.
    Raises RulesError with every mistake of the file, rendered.
    """
    if isinstance(rules, str) and "\n" in rules:
        source, file = Source("<text>", rules.replace("\r\n", "\n").removeprefix("\ufeff")), None
    else:
        from snorkel_dsl.repository.files import read_rules

        file = Path(rules)
        source = read_rules(file)
    program, diagnostics = check_source(source, file, roots_for(file, roots))
    if program is None or any(diagnostic.severity == "error" for diagnostic in diagnostics):
        raise RulesError(diagnostics or [nothing_to_run(source.name)])
    return Rules(program, tuple(diagnostics))


def nothing_to_run(name: str) -> Diagnostic:
    """What to say of a file of contexts, terms and the like, which is sound and has nothing of its own to run."""
    helps = ('compile a rules file that uses it: `use NAME from "…"`', "or write a rule: `rule my_rule votes LABEL`")
    return Diagnostic("no-rules", f"`{name}` declares no rule that could vote", helps=helps)


def roots_for(file: Path | None, given: Sequence[str | Path] = ()) -> tuple[Path, ...]:
    """The folders from which a rules file may name files: the given ones, else those of its settings, else its own."""
    from snorkel_dsl.repository.settings import find_settings

    if given:
        return tuple(Path(root).resolve() for root in given)
    folder = (file.parent if file else Path.cwd()).resolve()
    settings = find_settings(folder)
    return tuple(root.resolve() for root in (settings.folder, *settings.roots) if root is not None) or (folder,)


def check_source(
    source: Source, file: Path | None, roots: tuple[Path, ...], settings: Settings | None = None
) -> tuple[ir.Program | None, list[Diagnostic]]:
    """Parse and check a source. The program is the healthy part of the file; the diagnostics are in file order.

    `settings` are those that hold; none given: those of the file's folder, should the rules ask for something of them.
    """
    from datetime import UTC, datetime

    from snorkel_dsl.repository.opening import resolver_for

    return check_with(source, resolver_for(roots, file, settings), datetime.now(tz=UTC).date())


@collector_paused()
def check_with(
    source: Source, resolver: Resolver, today: date, hashed: bool = True
) -> tuple[ir.Program | None, list[Diagnostic]]:
    """Parse and check a source, with what opens the files that it names, as of a day. See `check_source`.

    Functions that are not to be run need not be `hashed`.
    """
    from snorkel_dsl.language.allow import allowed
    from snorkel_dsl.language.check import check
    from snorkel_dsl.language.parse import parse
    from snorkel_dsl.language.remarks import remarks
    from snorkel_dsl.predicates import signatures

    tree, diagnostics = parse(source)
    program, more = check(tree, source, signatures(), resolver, hashed)
    found = [*diagnostics, *more]
    if not any(one.severity == "error" for one in found):
        found += remarks(tree, source, program)
    found = allowed(found, tree, source, today)
    return program, sorted(set(found), key=lambda diagnostic: diagnostic.sort_key)


@dataclass(frozen=True)
class Function:
    """A compiled labeling function: callable on one row, with a name, so that Snorkel's appliers take it as one of theirs.

    A row is a mapping, or an object with attributes (a pandas row, a named tuple), with the data's own column names.
    """

    program: ir.Program = field(repr=False)
    definition: ir.LabelingFunction = field(repr=False)

    @property
    def name(self) -> str:
        """The function's full name."""
        return self.definition.name

    def __call__(self, row: Any) -> int:
        """The class number of the vote, -1 for abstain.

        Raises ValueError on a vote for a set of labels, or on a task of which any number of labels may apply (see `vote`).
        """
        found = self._vote(row)
        if found is None:
            return ABSTAIN
        if len(found.labels) > 1:
            raise ValueError(f"`{self.name}` votes for a set of labels, which is no class number: call `.vote(row)`")
        if self.program.task(found.task).any_number:
            raise ValueError(
                f"any number of labels of `{found.task}` may apply, and no class number says so: call `.vote(row)`"
            )
        return next(iter(found.labels))

    def vote(self, row: Any) -> frozenset[str] | None:
        """The names of the labels that the vote allows, with `not` before one that it denies; None for abstain."""
        found = self._vote(row)
        answers = self.program.task(self.definition.task).answers
        return None if found is None else frozenset(answers[number] for number in found.labels)

    def _vote(self, row: Any) -> ir.Vote | None:
        from snorkel_dsl.engine.matcher import linear_operators
        from snorkel_dsl.engine.rows import read_row
        from snorkel_dsl.reference import vote

        values = {source: _value(row, source) for column in self._columns for source in column.sources}
        return vote(self.definition, *read_row(self.program, values), linear_operators())

    @cached_property
    def _columns(self) -> tuple[ir.DataColumn, ...]:
        """The columns that it reads."""
        read = self.definition.columns
        return tuple(column for column in self.program.columns if column.name in read)

    def __repr__(self) -> str:
        return f"Function({self.name})"


def _value(row: Any, name: str) -> Any:
    """The value of a column in a row of any kind; None where it has none."""
    if isinstance(row, Mapping):
        from snorkel_dsl.datasets.jsons import field as nested

        return nested(row, name)
    if hasattr(row, "keys"):
        return row[name] if name in row.keys() else None  # noqa: SIM118 - a pandas row: `in` asks for its values' index
    return getattr(row, name, None)


class Functions(Mapping[str, Function]):
    """The labeling functions by name, in the order of the file. A name may be given without its package."""

    def __init__(self, program: ir.Program) -> None:
        self._by_name = {definition.name: Function(program, definition) for definition in program.functions}
        self._before = f"{program.package}." if program.package else ""

    def __getitem__(self, name: str) -> Function:
        found = self._by_name.get(name) or self._by_name.get(self._before + name)
        if found is None:
            short = [known.removeprefix(self._before) for known in self._by_name]
            close = did_you_mean(name, [*self._by_name, *short])
            raise KeyError(f"no labeling function is called `{name}`" + (f": did you mean `{close}`?" if close else ""))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"Functions({', '.join(self)})"


@dataclass(frozen=True)
class Rules:
    """Compiled rules. `program` is what the file means, `warnings` what the checker remarked."""

    program: ir.Program = field(repr=False)
    warnings: tuple[Diagnostic, ...] = ()

    @cached_property
    def lfs(self) -> Functions:
        """The labeling functions by name."""
        return Functions(self.program)

    @property
    def tasks(self) -> tuple[ir.Task, ...]:
        """The tasks: the name of each, and its labels in the order of their class numbers."""
        return self.program.tasks

    @cached_property
    def facts(self) -> RuleFacts:
        """What the compiler knows of each function, and the rules' own examples with the votes that they get."""
        from snorkel_dsl.language.facts import facts_of

        return replace(facts_of(self.program), exemplars=tuple(exemplars(self.program)))

    def apply(self, data: Any, columns: Mapping[str, str] | None = None, missing: Sequence[str] = ()) -> LabelMatrix:
        """The votes of all functions on some data: n rows × m functions, with the facts.

        `data` is a path, a pandas or Polars frame, anything of Arrow, or an iterable of dicts. `columns` maps a column of
        the rules to one of the data; `missing` are texts that stand for a missing value. Raises RulesError where the data
        lacks a column, or no value of a column can be read; single values that cannot be read make their rules abstain,
        with a warning (`apply_with_faults` gives them).
        """
        votes, faults = self.apply_with_faults(data, columns, missing)
        if faults:
            import warnings

            more = f"; {len(faults)} faults in all (see `apply_with_faults`)"
            warnings.warn(f"{faults[0]}{more}", UserWarning, stacklevel=2)
        return votes

    def apply_with_faults(
        self, data: Any, columns: Mapping[str, str] | None = None, missing: Sequence[str] = ()
    ) -> tuple[LabelMatrix, Faults]:
        """As `apply`, with every value and row that could not be read instead of a warning. A fault's row counts from 0."""
        from snorkel_dsl.datasets.reading import dataset_of
        from snorkel_dsl.engine.feed import FaultCount, fault_diagnostics, votes_of

        options = ReadOptions(columns=columns or {}, missing=tuple(missing))
        faults = FaultCount()
        votes, _ = votes_of(self.program, dataset_of(data, options), options, faults, facts=self.facts)
        errors = [found for found in fault_diagnostics(faults) if found.severity == "error"]
        if errors:
            raise RulesError(errors)
        return votes, tuple(faults.all)

    def fit(self, data: Any, balance: Mapping[str, Sequence[float]] | None = None) -> Bundle:
        """Learns from the votes on some data, without gold: models of all questions, for `label`, with a `save` of their own.

        `data` is as for `apply`. `balance` has class balances by the name of the question (a task, or `task.label` where any
        number of labels may apply). The command `fit` learns the same.
        """
        from snorkel_dsl.models.tasks import bundle_of, fit_questions

        return bundle_of(fit_questions(self.apply(data), balance), self.facts)

    def label(self, data: Any, models: Bundle | None = None) -> pd.DataFrame:
        """The labels of some data, as the command `label` writes them: for each task T a column T, and T.LABEL with the
        probability of each label; one row each, in their order.

        Without `models` (of `fit`, or `load_bundle`) they are fitted on the same data. Raises ValueError where the rules mean
        something else than when the models were fitted.
        """
        import pandas as pd

        from snorkel_dsl.models.tasks import answer_questions, columns_of, fit_questions

        changes = models.changes(self.facts) if models is not None else None
        if changes:
            names = ", ".join(f"`{name}`" for name in (*changes.changed, *changes.new, *changes.gone))
            raise ValueError(f"the models were fitted with other rules than these: {names}")
        votes = self.apply(data)
        answered = fit_questions(votes) if models is None else answer_questions(models, votes)
        return pd.DataFrame(columns_of(answered))

    def __repr__(self) -> str:
        tasks = "; ".join(f"{task.name}: {', '.join(task.labels)}" for task in self.tasks)
        return f"Rules({len(self.program.functions)} labeling functions; {tasks})"


def exemplars(program: ir.Program) -> Iterator[Exemplar]:
    """The examples whose rule must vote one label, with the votes that every function gives them."""
    from snorkel_dsl.engine.matcher import linear_operators
    from snorkel_dsl.reference import vote

    for rule in program.rules:
        for example in rule.examples:
            if example.todo or example.vote is None or len(example.vote.labels) != 1:
                continue
            row = dict(example.row)
            votes = [(function, vote(function, row, operators=linear_operators())) for function in program.functions]
            given = tuple((f.name, v.labels) for f, v in votes if v is not None and v.task == example.vote.task)
            own = frozenset(function.name for function in program.functions if function.rule == rule.name)
            yield Exemplar(example.vote.task, next(iter(example.vote.labels)), given, own)
