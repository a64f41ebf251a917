"""The options that commands share, each spelt and explained once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from snorkel_dsl.datasets.options import FORMATS, ReadOptions, refusal

Command = TypeVar("Command", bound=Callable[..., Any])
OUTPUT_FORMATS = ("full", "concise", "json", "github", "sarif", "junit")

rules_argument = click.argument("rules", type=click.Path(path_type=Path), metavar="RULES")
data_argument = click.argument("data", nargs=-1, required=True)
output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write: .parquet, .csv or .jsonl.",
)
keep_option = click.option(
    "--keep", metavar="COLUMNS", default="", help="Columns of the data to copy into the output, separated by commas."
)
balance_option = click.option(
    "--balance",
    multiple=True,
    metavar="LABEL=SHARE",
    help="What is known of the class balance, as in --balance SPAM=13%. Labels without a share divide what is left; of "
    "labels that may all apply, each share stands alone.",
)


def _list_models(context: click.Context, _: click.Parameter, name: str) -> str:
    if name == "list":
        from snorkel_dsl.models import registry

        for known, model in registry().items():
            click.echo(f"{known:<18}  {(model.__doc__ or '').strip().splitlines()[0]}")
        click.echo(f"{'joint':<18}  One model of all tasks: the default where tasks inform each other.")
        click.echo(f"{'separate':<18}  The default model for each task by itself.")
        context.exit()
    return name


def model_option(what: str, metavar: str = "NAME") -> Callable[[Command], Command]:
    """The option that names a label model; `what` says what the model is for."""
    return click.option(
        "--model",
        default="auto",
        metavar=metavar,
        show_default=True,
        is_eager=True,
        callback=_list_models,
        help=f"{what} `--model list` lists them.",
    )


changed_option = click.option(
    "--allow-changed",
    is_flag=True,
    help="Go on with a model file although rules have changed since: a changed rule counts as it did, a new one not at all.",
)


def together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator; they stand in the help in the order given."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


output_options = together(
    click.option(
        "--output-format",
        type=click.Choice(OUTPUT_FORMATS),
        default="full",
        show_default=True,
        envvar="SNORKEL_DSL_OUTPUT_FORMAT",
        help="How findings are printed.",
    ),
    click.option("--output-file", type=click.Path(path_type=Path), help="Write findings to a file, not to stdout."),
)

project_options = together(
    click.option("--config", type=click.Path(path_type=Path), help="The settings file, instead of the nearest upward."),
    click.option(
        "--root",
        "roots",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A folder from which rules may name files. May be repeated.",
    ),
)

cache_option = click.option(
    "--no-cache", is_flag=True, help="Do all the work again; find and keep nothing between runs."
)

reading_options = together(
    click.option(
        "--data-format",
        type=click.Choice(sorted(set(FORMATS.values()))),
        help="What DATA is, where the ending of its name does not say so.",
    ),
    click.option("--encoding", help="Of a text file; else it is detected."),
    click.option("--delimiter", help="Between CSV cells; else it is detected."),
    click.option("--no-header", is_flag=True, help="The first row is data already."),
    click.option("--names", metavar="A,B,…", default="", help="The names of the columns, instead of the header's."),
    click.option(
        "--missing",
        multiple=True,
        metavar="TEXT",
        help="A text that stands for a missing value, as in --missing '?'. An empty cell always does.",
    ),
)

data_options = together(
    reading_options,
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="NAME=COLUMN",
        help="Read a column of the rules from this column of the data, as in --column text=data.text.",
    ),
)

fault_options = together(
    click.option(
        "--faults",
        "faults_file",
        type=click.Path(path_type=Path),
        help="Write every value and row that cannot be read to this file. Rows count from 1, without a header.",
    ),
    click.option(
        "--max-faults",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="The exit code is 1 where more rows than this have a fault.",
    ),
)


def _keep_nothing(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from snorkel_dsl.caching import nothing_kept

        context.with_resource(nothing_kept())


run_options = together(
    click.option(
        "--processes",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many processes work on the data. Default: one for small data, else one a CPU; the settings may say.",
    ),
    click.option(
        "--no-cache",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_keep_nothing,
        help="Compute everything anew, and keep nothing for the next time.",
    ),
)

gold_options = together(
    click.option(
        "--gold",
        multiple=True,
        metavar="[TASK=]COLUMN",
        help="A column of true labels, only to compare with. With several tasks: --gold TASK=COLUMN; for a label that may "
        "apply beside others also --gold TASK.LABEL=COLUMN, of 1 and 0.",
    ),
    click.option(
        "--gold-map",
        multiple=True,
        metavar="VALUE=LABEL",
        help="What a value of the gold column means, as in --gold-map '>50K=HIGH'. May be repeated.",
    ),
)


reliability_option = click.option(
    "--reliability",
    type=click.Path(path_type=Path),
    metavar="FILE.svg",
    help="Draw how far the probabilities can be believed, beside --gold.",
)


@dataclass(frozen=True)
class DataChoice:
    """The options about data, as the user gave them."""

    data_format: str | None
    encoding: str | None
    delimiter: str | None
    no_header: bool
    names: str
    missing: tuple[str, ...]
    columns: tuple[str, ...]

    @classmethod
    def take(cls, options: dict[str, Any]) -> DataChoice:
        """Take them out of a command's keyword arguments."""
        return cls(**{name: options.pop(name) for name in cls.__dataclass_fields__})

    def over(self, base: ReadOptions) -> ReadOptions:
        """What holds when these options are laid over those of the settings."""
        return ReadOptions(
            format=self.data_format or base.format,
            encoding=self.encoding or base.encoding,
            delimiter=_character(self.delimiter) or base.delimiter,
            header=base.header and not self.no_header,
            names=comma_separated(self.names) or base.names,
            missing=self.missing + base.missing,
            columns={**base.columns, **pairs(self.columns, "--column", "text=data.text")},
        )


def _character(delimiter: str | None) -> str | None:
    return {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter) if delimiter else None


def comma_separated(text: str) -> tuple[str, ...]:
    """The parts of `a,b,c`."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def pairs(texts: tuple[str, ...], option: str, example: str) -> Mapping[str, str]:
    """`name=value` pairs of an option. Raises RulesError where one has no `=`."""
    found: dict[str, str] = {}
    for text in texts:
        # The last `=` parts them, so that a value like `>=50K` can be mapped.
        name, equals, value = text.rpartition("=") if option == "--gold-map" else text.partition("=")
        if not equals or not name or not value:
            raise refusal("bad-option", f"`{option} {text}` is not understood", f"write it as `{option} {example}`")
        found[name.strip()] = value.strip()
    return found
