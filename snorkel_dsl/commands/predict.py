"""`predict`: the labels of some data under a model that was fitted before, on this data or on other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from snorkel_dsl.commands._options import (
    changed_option,
    data_argument,
    data_options,
    fault_options,
    gold_options,
    keep_option,
    output_option,
    project_options,
    reliability_option,
    rules_argument,
    run_options,
)


@click.command()
@rules_argument
@data_argument
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.model",
    help="What `fit` wrote, or `label --save-model`.",
)
@output_option
@changed_option
@gold_options
@reliability_option
@keep_option
@fault_options
@run_options
@data_options
@project_options
def command(
    rules: Path, data: tuple[str, ...], model: Path, output: Path, allow_changed: bool, keep: str, **options: Any
) -> int:
    """Label data with a model that is fitted already.

    The rules vote on DATA, and the model says what the votes are worth. The output is that of `label`: the rows of DATA in
    their order, for each task T a column T and the probabilities T.LABEL. Where rules mean something else than they
    did when the model was fitted, nothing is labeled and they are named. Comments and layout may change.

    \\b
    Examples:
      snorkel-dsl predict my.rules new.csv --model my.model -o labels.parquet
      snorkel-dsl predict my.rules new.csv --model my.model --gold truth --keep id -o labels.csv
    """
    from snorkel_dsl.datasets.writing import check_writable

    check_writable(output)

    from snorkel_dsl.commands import _labeling
    from snorkel_dsl.commands._run import Labeling

    fitted = _labeling.read_models(model)
    labeling = Labeling.begin(rules, data, options, keep)
    answered = _labeling.label_all(labeling.votes, fitted, allow_changed)
    labeling.write(answered, output)
    labeling.plot(answered)
    return labeling.finish()
