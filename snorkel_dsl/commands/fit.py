"""`fit`: rules and data in, a label model out, for `predict` to label other data with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from snorkel_dsl.commands._options import (
    balance_option,
    data_argument,
    data_options,
    fault_options,
    model_option,
    project_options,
    rules_argument,
    run_options,
)


@click.command()
@rules_argument
@data_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.model",
    help="The file to write. One that is there is replaced, all at once.",
)
@model_option("The label model.")
@balance_option
@fault_options
@run_options
@data_options
@project_options
def command(rules: Path, data: tuple[str, ...], output: Path, model: str, **options: Any) -> int:
    """Learn from the votes of rules, without gold, and save what was learned.

    The file holds a model for each question that the rules vote on: each task, and each label of a task of which any number
    may apply. With it `predict` labels other data, as long as the rules mean the same. The same rules and data give the same
    bytes.

    \\b
    Examples:
      snorkel-dsl fit my.rules reports.csv -o my.model
      snorkel-dsl fit my.rules 'reports/*.parquet' --model dawid_skene --balance SPAM=13% -o my.model
    """
    from snorkel_dsl.commands import _labeling
    from snorkel_dsl.commands._output import result
    from snorkel_dsl.commands._run import Run
    from snorkel_dsl.datasets.files import check_folder
    from snorkel_dsl.report.account import accounts

    check_folder(output)
    _labeling.named_model(model)
    fitting = Run.open(rules, data, options)
    answered = fitting.fitted(model)
    result(accounts(answered, {}))
    fitting.save(answered, output)
    return fitting.finish()
