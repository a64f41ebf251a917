"""`label`: rules and data in, probabilistic training labels out, with a score beside majority vote where gold is given."""

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
    keep_option,
    model_option,
    output_option,
    project_options,
    rules_argument,
    run_options,
)
from snorkel_dsl.commands._output import message, result
from snorkel_dsl.commands._project import load_rules, project_for

if TYPE_CHECKING:
    from snorkel_dsl.commands._data import Chosen


@click.command()
@rules_argument
@data_argument
@output_option
@model_option("The label model.")
@balance_option
@gold_options
@keep_option
@click.option(
    "--save-model",
    type=click.Path(path_type=Path),
    help="Save the fitted model; of several questions, each into this folder.",
)
@fault_options
@run_options
@data_options
@project_options
def command(
    rules: Path, data: tuple[str, ...], output: Path, model: str, keep: str, save_model: Path | None, **options: Any
) -> int:
    """Write a label and probabilities for every row.

    The rules vote, a label model is fitted on the votes, and each row gets its label. DATA is a file, - for stdin, or the
    name of a dataset in the settings. For each task T there is a column T (the label; empty where no rule votes or labels
    are tied) and a column T.LABEL with the probability of each label. Where any number of labels may apply, T is the list of
    those that are more likely than not, and T.LABEL is empty where no rule votes on the label; a task under a label of
    another is empty where that label is not given. The output has the rows of DATA, in their order.
    Gold is only compared with, never used.

    \b
    Example:
      snorkel-dsl label my.rules reports.csv --keep id --gold truth -o labels.parquet
    """
    from snorkel_dsl.datasets.writing import check_writable, write_table

    check_writable(output)
    project = project_for(rules, options.pop("config"), options.pop("roots"))
    compiled = load_rules(rules, project)

    from snorkel_dsl.commands import _labeling
    from snorkel_dsl.commands._data import choose_data, kept_columns, refuse_unreadable_columns, report_faults
    from snorkel_dsl.engine.feed import FaultCount
    from snorkel_dsl.report.account import accounts

    faults_file, most = options.pop("faults_file"), options.pop("max_faults")
    balance = _labeling.balances(options.pop("balance"), compiled.program)
    chosen: Chosen = choose_data(data, options, project.settings, compiled.program)
    kept = kept_columns(keep, chosen.data)
    faults = FaultCount(keep=faults_file is not None)
    votes, table = _labeling.all_votes(compiled, chosen, faults, kept)
    refuse_unreadable_columns(faults)
    gold = chosen.numbers(compiled.program, table)
    fitted = _labeling.fit_all(votes, model, balance)
    write_table(output, _labeling.label_table(table.select(list(kept)) if kept else None, fitted))
    saved = [] if save_model is None else _labeling.save(fitted, save_model)
    result(accounts(fitted, gold))
    if len(saved) > 1:
        message(f"{save_model}: {len(saved)} models, one a question")
    message(f"{output}: {votes.n:,} rows")
    return report_faults(faults, faults_file, most)
