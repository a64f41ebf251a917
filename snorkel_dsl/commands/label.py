"""`label`: rules and data in, probabilistic training labels out, with a score beside majority vote where gold is given."""

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
    keep_option,
    model_option,
    output_option,
    project_options,
    reliability_option,
    rules_argument,
    run_options,
)


@click.command()
@rules_argument
@data_argument
@output_option
@model_option("The label model: a name, or a file that `fit` or --save-model wrote.", "NAME|FILE")
@changed_option
@balance_option
@gold_options
@reliability_option
@keep_option
@click.option(
    "--save-model",
    type=click.Path(path_type=Path),
    metavar="FILE.model",
    help="Save the fitted model, for `predict`.",
)
@fault_options
@run_options
@data_options
@project_options
def command(
    rules: Path, data: tuple[str, ...], output: Path, model: str, keep: str, save_model: Path | None, **options: Any
) -> int:
    """Write a label and probabilities for every row.

    The rules vote, a label model is fitted on the votes, and each row gets its label. With a file as --model nothing is
    fitted: what was learned elsewhere labels these rows, as `predict` does. DATA is a file, - for stdin, or the
    name of a dataset in the settings. For each task T there is a column T (the label; empty where no rule votes or labels
    are tied) and a column T.LABEL with the probability of each label. Where any number of labels may apply, T is the list of
    those that are more likely than not, and T.LABEL is empty where no rule votes on the label. A task under a label of
    another is empty where that label is not given, and T.asked says whether it is: false where the task is not applicable,
    empty where nobody knows. Tasks that inform each other are answered by one model, and never contradict each other; with
    `--model separate` each has its own. The output has the rows of DATA, in their order.
    Gold is only compared with, never used.

    \b
    Examples:
      snorkel-dsl label my.rules reports.csv --keep id --gold truth -o labels.parquet
      snorkel-dsl label my.rules reports.csv --model majority --save-model my.model -o labels.parquet
    """
    from snorkel_dsl.datasets.writing import check_writable

    check_writable(output)
    from snorkel_dsl.commands import _labeling
    from snorkel_dsl.commands._run import Labeling

    chosen = _labeling.open_model(model)
    labeling = Labeling.begin(rules, data, options, keep)
    answered = labeling.answered(chosen)
    if save_model is not None:
        labeling.save(answered, save_model)
    labeling.write(answered, output)
    labeling.plot(answered)
    return labeling.finish()
