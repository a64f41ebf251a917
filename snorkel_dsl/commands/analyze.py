"""`analyze`: the table of labeling functions, and the rows that no rule covers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from snorkel_dsl.commands._options import (
    balance_option,
    changed_option,
    data_argument,
    data_options,
    fault_options,
    gold_options,
    model_option,
    project_options,
    reliability_option,
    rules_argument,
    run_options,
)


@click.command()
@rules_argument
@data_argument
@model_option("The label model for the learned accuracies: a name, or a file that `fit` wrote.", "NAME|FILE")
@changed_option
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
@reliability_option
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
    from snorkel_dsl.commands import _labeling
    from snorkel_dsl.commands._output import result
    from snorkel_dsl.commands._run import Labeling
    from snorkel_dsl.report import analysis

    chosen = _labeling.open_model(model)
    labeling = Labeling.begin(rules, data, options)
    if uncovered is not None:
        text = labeling.uncovered(uncovered)
    else:
        answered = labeling.answered(chosen)
        labeling.plot(answered)
        reports = analysis.analyse_all(labeling.votes, answered, labeling.gold)
        text = analysis.as_json(reports) if output_format == "json" else analysis.all_as_text(reports)
    result(text, output_file)
    return labeling.finish()
