"""`analyze`: the table of labeling functions, and the rows that no rule covers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snorkel_dsl.commands._options import (
    balance_option,
    data_argument,
    data_options,
    fault_options,
    gold_options,
    model_option,
    project_options,
    rules_argument,
    run_options,
)
from snorkel_dsl.commands._output import result
from snorkel_dsl.commands._project import load_rules, project_for

if TYPE_CHECKING:
    from snorkel_dsl.commands._data import Chosen


@click.command()
@rules_argument
@data_argument
@model_option("The label model for the learned accuracies.")
@balance_option
@click.option(
    "--uncovered",
    type=click.IntRange(min=0),
    metavar="N",
    help="Print up to N rows on which no rule votes, instead of the table.",
)
@click.option(
    "--output-format",
    type=click.Choice(("full", "json")),
    default="full",
    show_default=True,
    help="How the table is printed.",
)
@click.option("--output-file", type=click.Path(path_type=Path), help="Write the table to a file, not to stdout.")
@gold_options
@fault_options
@run_options
@data_options
@project_options
def command(
    rules: Path,
    data: tuple[str, ...],
    model: str,
    uncovered: int | None,
    output_format: str,
    output_file: Path | None,
    **options: Any,
) -> int:
    """Show what each rule does on data.

    Cover, overlap and conflict are shares of all rows. The learned accuracy is the label model's own estimate, made
    without gold, ± its standard error; for a model that makes none, the mean probability of the rule's votes. With
    --gold: right and wrong votes, and the share of right ones with its 95 % interval.

    \b
    Examples:
      snorkel-dsl analyze my.rules reports.csv --gold truth
      snorkel-dsl analyze my.rules reports.csv --uncovered 10
    """
    project = project_for(rules, options.pop("config"), options.pop("roots"))
    compiled = load_rules(rules, project)

    from snorkel_dsl.commands import _labeling
    from snorkel_dsl.commands._data import choose_data, refuse_unreadable_columns, report_faults
    from snorkel_dsl.engine.feed import FaultCount
    from snorkel_dsl.report import analysis

    faults_file, most = options.pop("faults_file"), options.pop("max_faults")
    balance = _labeling.balances(options.pop("balance"), compiled.program)
    chosen: Chosen = choose_data(data, options, project.settings, compiled.program)
    faults = FaultCount(keep=faults_file is not None)
    votes, table = _labeling.all_votes(compiled, chosen, faults)
    refuse_unreadable_columns(faults)
    gold = chosen.numbers(compiled.program, table)
    if uncovered is not None:
        result(analysis.uncovered(compiled.program, chosen.data, chosen.options, votes, uncovered), output_file)
        return report_faults(faults, faults_file, most)
    reports = analysis.analyse_all(votes, _labeling.fit_all(votes, model, balance), gold)
    text = analysis.as_json(reports) if output_format == "json" else "\n\n".join(map(analysis.as_text, reports))
    result(text, output_file)
    return report_faults(faults, faults_file, most)
