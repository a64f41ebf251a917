"""`demo`: the whole job on the corpus that ships with the project, each step as the command that anybody can repeat."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import chdir
from pathlib import Path

import click

from snorkel_dsl.commands._output import message

_FILES = ("requests.rules", "train.csv", "dev.csv", "snorkel-dsl.toml")
_SHOWN_RULES = 3
_SHOWN_ROWS = 8


@click.command()
@click.option("--into", type=click.Path(path_type=Path), help="Keep the example and the results in this new folder.")
def command(into: Path | None) -> int:
    """Run the whole job on a small example.

    Nothing is downloaded. The example ships with snorkel-dsl and is made up: requests to a building's caretaker, and
    rules that tell the urgent ones.
    """
    from snorkel_dsl.datasets.options import refusal

    if into is not None and into.exists() and any(into.iterdir() if into.is_dir() else [into]):
        raise refusal(
            "bad-option", f"`{into}` is there already", "name a new folder: `snorkel-dsl demo --into my-demo`"
        )
    with tempfile.TemporaryDirectory(prefix="snorkel-dsl-demo-") as scratch:
        folder = into or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copyfile(_examples() / name, folder / name)
        with chdir(folder):
            _tour()
    if into is None:
        message("`snorkel-dsl demo --into FOLDER` keeps these files, to change the rules and try again")
    return 0


def _examples() -> Path:
    """Where the corpus is: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_examples"
    return (inside if inside.is_dir() else package.parent / "examples") / "maintenance"


def _tour() -> None:
    """Every step: a heading, the command, what it prints."""
    rules, train, dev, _ = _FILES
    _heading("Some of the rules")
    _some_rules(Path(rules))
    _heading("Are they sound? Do their examples hold?")
    _step("check", rules)
    _step("test", "--examples-only", rules)
    _heading("Their votes, one line a vote")
    votes, labels = "votes.csv", "labels.csv"
    _step("apply", rules, dev, "--format", "long", "--keep", "text", "-o", votes)
    _rows(Path(votes))
    _heading("The labeling functions: coverage, conflicts, accuracy as learned without gold, and with gold")
    _step("analyze", rules, dev, "--gold", "gold")
    _heading("Labels for the training data, without any gold")
    _step("label", rules, train, "--keep", "text", "-o", labels)
    _rows(Path(labels))
    _heading("How good are they? Majority vote beside the label model, on data with gold")
    _step("label", rules, dev, "--gold", "gold", "-o", "dev_labels.parquet")
    _heading("Why does a row get its label?")
    _step("explain", rules, dev, "--row", "1", "--gold", "gold")


def _heading(text: str) -> None:
    click.echo(f"\n── {text} " + "─" * max(3, 96 - len(text)))


def _step(*arguments: str) -> None:
    """Show a command as one would type it, and run it."""
    click.echo(f"$ snorkel-dsl {' '.join(arguments)}")
    root = click.get_current_context().find_root().command
    if isinstance(root, click.Group):
        with root.make_context("snorkel-dsl", list(arguments)) as context:
            root.invoke(context)


def _some_rules(path: Path) -> None:
    """The task and the first rules of a file, and how many more there are."""
    blocks = [block.strip("\n") for block in path.read_text(encoding="utf-8").split("\n\n")]
    rules = [block for block in blocks if block.startswith("rule ")]
    shown = [block for block in blocks if block.startswith("task ")] + rules[:_SHOWN_RULES]
    click.echo("\n\n".join(shown))
    click.echo(f"\n… and {len(rules) - _SHOWN_RULES} more in {path.name}")


def _rows(path: Path) -> None:
    """The first rows of a file of results."""
    import csv

    from snorkel_dsl.datasets.options import shortened
    from snorkel_dsl.report.table import table

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    cells = [
        [_short(cell) if name != "text" else shortened(cell, 60) for name, cell in zip(rows[0], row, strict=True)]
        for row in rows
    ]
    click.echo(table(cells[0], cells[1 : _SHOWN_ROWS + 1], left=range(len(rows[0]))))
    click.echo(f"… {len(rows) - 1:,} rows")


def _short(cell: str) -> str:
    """A probability with three digits; anything else as it is."""
    whole, point, _ = cell.partition(".")
    return f"{float(cell):.3f}" if point and whole in ("0", "1") else cell
