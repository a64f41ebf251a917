"""`test`: every example and every expectation that stands in rules files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snorkel_dsl.commands._options import output_options, project_options
from snorkel_dsl.commands._output import exit_code, message, publish, result
from snorkel_dsl.commands._project import Project, project_for, rules_files, source_at
from snorkel_dsl.diagnostics import Diagnostic, Mark, RulesError
from snorkel_dsl.report.table import count, percent
from snorkel_dsl.report.testing import Case, bounds, junit, shown_vote

if TYPE_CHECKING:
    from snorkel_dsl.language import ir
    from snorkel_dsl.repository.tests import Coverage, ExampleResult, ExpectationResult

MOST_UNTESTED = 20


@dataclass
class _Run:
    """What the files of one run came to."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    files: int = 0
    not_measured: int = 0


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATHS]...")
@click.option("--examples-only", is_flag=True, help="Only the examples; no dataset is read.")
@output_options
@project_options
def command(
    paths: tuple[Path, ...],
    examples_only: bool,
    output_format: str,
    output_file: Path | None,
    config: Path | None,
    roots: tuple[Path, ...],
) -> int:
    """Run the examples and expectations in rules.

    PATHS are files, folders (every *.rules below them), or - for stdin; without any, those of the settings, else the
    current folder. An `expect … on dev` reads the dataset `dev` of the settings. An `example todo` that starts to hold
    is reported; it does not fail.

    \b
    Example:
      snorkel-dsl test --examples-only my.rules
    """
    run = _Run()
    for file in rules_files(paths, config, run.diagnostics):
        run.files += 1
        _test_file(file, project_for(file, config, roots), run, examples_only)
    diagnostics = list(dict.fromkeys(run.diagnostics))  # one settings file serves several rules files
    if output_format == "junit":
        result(junit(run.cases, diagnostics), output_file)
    else:
        publish(diagnostics, output_format, output_file)
    if run.files:
        message(_summary(run))
    return exit_code(run.diagnostics)


def _test_file(file: Path, project: Project, run: _Run, examples_only: bool) -> None:
    from snorkel_dsl.api import check_source
    from snorkel_dsl.repository.tests import coverage_of, run_examples, run_expectations

    try:
        source, place = source_at(file)
        program, found = check_source(source, place, project.roots, project.settings)
    except RulesError as wrong:
        run.diagnostics.extend(wrong.diagnostics)
        return
    run.diagnostics.extend(found)
    if program is None:
        return
    results = run_examples(program)
    run.coverage.append(coverage_of(program, results))
    for example in results:
        _note(run, file, _example_name(example), _about_example(example, program))
    if examples_only or not any(rule.expectations for rule in program.rules):
        return
    waiting = sum(len(rule.expectations) for rule in program.rules)
    try:
        for expected in run_expectations(program, _Datasets(program, project)):
            _note(run, file, f"expect {bounds(expected.expectation)}", _about_expectation(expected), expected.rule.name)
            waiting -= 1
    except RulesError as wrong:
        run.diagnostics.extend(map(_or_without_data, wrong.diagnostics))
    run.not_measured += waiting


def _or_without_data(wrong: Diagnostic) -> Diagnostic:
    """Missing data, with the way to do without it."""
    if wrong.kind != "missing-data":
        return wrong
    return replace(wrong, helps=(*wrong.helps, "or test without data: `snorkel-dsl test --examples-only`"))


def _note(run: _Run, file: Path, name: tuple[str, str] | str, wrong: Diagnostic | None, rule: str = "") -> None:
    rule, name = (rule, name) if isinstance(name, str) else name
    failed = wrong if wrong is not None and wrong.severity == "error" else None
    run.cases.append(Case(str(file), rule, name, failed))
    if wrong is not None:
        run.diagnostics.append(wrong)


def _example_name(example: ExampleResult) -> tuple[str, str]:
    written = example.example
    source = example.rule.source
    line = f" in line {source.position(written.span.start)[0]}" if source else ""
    return example.rule.name, f"example{line}"


def _about_example(example: ExampleResult, program: ir.Program) -> Diagnostic | None:
    """What to say of an example, if anything."""
    rule, written = example.rule, example.example
    if rule.source is None or (example.holds != written.todo and (example.holds or not written.todo)):
        return None
    if written.todo:
        if not example.holds:
            return None
        return Diagnostic(
            "todo-passes",
            f"an example marked `todo` of `{rule.name}` holds now",
            Mark(rule.source, written.span, "take `todo` away, so that it stays so"),
            severity="warning",
        )
    wanted = shown_vote(written.vote, program)
    got = sorted({shown_vote(trace.vote, program) for trace in example.traces if trace.vote is not None})
    from snorkel_dsl.report.why_not import why_not_briefly

    said = f"`{rule.name}` votes {' and '.join(got)} here" if got else f"`{rule.name}` abstains here"
    helps = [] if got or len(example.traces) > 1 else why_not_briefly(example.traces[0], dict(written.row))
    return Diagnostic(
        "failing-example", f"{said}, and its example says {wanted}", Mark(rule.source, written.span), helps=tuple(helps)
    )


def _about_expectation(expected: ExpectationResult) -> Diagnostic | None:
    if expected.holds or expected.rule.source is None:
        return None
    wanted = expected.expectation
    value = "cannot be measured" if expected.value is None else f"is {percent(expected.value)}"
    helps: tuple[str, ...] = ()
    if expected.value is None:
        helps = (
            f'it never votes on a row of `{wanted.dataset}` with gold, or the dataset names no gold: `gold = "…"`',
        )
    return Diagnostic(
        "missed-expectation",
        f"the {wanted.measure} of `{expected.rule.name}` on `{wanted.dataset}` {value}",
        Mark(expected.rule.source, wanted.span, f"expected {bounds(wanted)}"),
        helps=helps,
    )


class _Datasets:
    """The votes and the gold of named datasets, each read once."""

    def __init__(self, program: ir.Program, project: Project) -> None:
        self.program, self.project = program, project
        self.read: dict[str, Any] = {}

    def __call__(self, name: str, task: str) -> tuple[Any, list[Any] | None]:
        if name not in self.read:
            self.read[name] = self._load(name)
        votes, gold = self.read[name]
        return votes.task(task), gold[task].tolist() if task in gold else None

    def _load(self, name: str) -> tuple[Any, Any]:
        from snorkel_dsl.api import Rules
        from snorkel_dsl.commands._data import Chosen, refuse_unreadable_columns
        from snorkel_dsl.commands._labeling import all_votes
        from snorkel_dsl.datasets.reading import open_dataset
        from snorkel_dsl.engine.feed import FaultCount

        dataset = self.project.settings.dataset(name)
        data = open_dataset(dataset.found(), dataset.options, name)
        chosen = Chosen(data, dataset.options, dataset.gold, dataset.gold_map)
        faults = FaultCount(keep=False)
        votes, table = all_votes(Rules(self.program), chosen, faults)
        refuse_unreadable_columns(faults)
        return votes, chosen.numbers(self.program, table)


def _summary(run: _Run) -> str:
    failed = sum(case.failed is not None for case in run.cases)
    errors = len(
        {found for found in run.diagnostics if found.severity == "error"} - {case.failed for case in run.cases}
    )
    left = f", {count(run.not_measured, 'expectation')} not measured" if run.not_measured else ""
    left += f", {count(errors, 'error')}" if errors else ""
    parts = [f"{count(run.files, 'file')}, {count(len(run.cases), 'test')}, {failed} failed{left}"]
    rules, tested = _sum(run.coverage, "rules"), _sum(run.coverage, "rules_tested")
    clauses, fired = _sum(run.coverage, "clauses"), _sum(run.coverage, "clauses_fired")
    parts.append(f"examples cover {tested} of {count(rules, 'rule')} and fire {fired} of {count(clauses, 'clause')}")
    untested = [f"  {rule.name} {what}" for coverage in run.coverage for rule, what in coverage.untested]
    more = [f"  and {len(untested) - MOST_UNTESTED} more"] if len(untested) > MOST_UNTESTED else []
    broken = [f"{count(errors, 'error')}: what is wrong was not tested"] if errors else []
    return "\n".join([*parts, *untested[:MOST_UNTESTED], *more, *broken])


def _sum(coverage: Iterable[Coverage], name: str) -> int:
    return sum(getattr(one, name) for one in coverage)
