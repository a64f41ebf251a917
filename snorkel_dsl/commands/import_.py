"""`import`: a table of labels and regular expressions or keywords becomes a rules file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from snorkel_dsl.commands._options import comma_separated, pairs
from snorkel_dsl.commands._output import message, show


@click.command()
@click.argument("table", type=click.Path(path_type=Path), metavar="TABLE")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The rules file to write.")
@click.option("--label", metavar="COLUMN", help="The column of labels (usual: label).")
@click.option("--regex", "pattern", metavar="COLUMN", help="The column of regular expressions (usual: regex, pattern).")
@click.option("--keyword", metavar="COLUMN", help="The column of words or phrases (usual: keyword, term, phrase).")
@click.option("--example", metavar="COLUMN", help="The column of example texts (usual: example).")
@click.option(
    "--map", "mapped", multiple=True, metavar="OLD=NEW", help="What a label of the table is called in the rules."
)
@click.option(
    "--label-order",
    metavar="A,B,…",
    default="",
    help="The labels in the order of their class numbers; else as they appear.",
)
@click.option(
    "--match",
    type=click.Choice(("mentions", "contains")),
    default="mentions",
    show_default=True,
    help="How keywords are looked for: whole words, or characters.",
)
@click.option("--data", default="document", show_default=True, help="The name of the data in the rules.")
@click.option("--text", default="text", show_default=True, help="The name of its text column.")
@click.option("--task", default="label", show_default=True, help="The name of the task in the rules.")
@click.option("--encoding", help="Of the table; else it is detected.")
@click.option("--delimiter", help="Between its cells; else it is detected.")
@click.option(
    "--no-header",
    is_flag=True,
    help="The first row is data; the columns are label, regex, example, or as --names says.",
)
@click.option("--names", metavar="A,B,…", default="", help="The names of the columns, instead of the header's.")
def command(table: Path, output: Path, mapped: tuple[str, ...], label_order: str, **options: Any) -> int:
    """Turn a table of patterns into rules.

    TABLE (CSV, or separated by tabs) has a column of labels and one of regular expressions or keywords; each row becomes
    a rule, in its order. A rule matches where Python's re.search(pattern, text, re.I) does. Patterns that the language
    does not take are left out and reported with their line; the exit code is 1 then.

    \b
    Example:
      snorkel-dsl import patterns.csv --map ENTITY=ENTY -o my.rules
    """
    from snorkel_dsl.datasets.files import beside, check_folder
    from snorkel_dsl.datasets.options import ReadOptions, refusal
    from snorkel_dsl.report.table import count
    from snorkel_dsl.repository.files import ENDING
    from snorkel_dsl.repository.importing import ImportOptions, import_table

    if output.suffix != ENDING:
        raise refusal(
            "unknown-output-format", f"`{output.name}` is no rules file", f"write `{output.with_suffix(ENDING)}`"
        )
    check_folder(output)
    if not table.is_file():
        from snorkel_dsl.datasets.missing import no_such_data

        raise no_such_data(table)
    read = ReadOptions(
        encoding=options.pop("encoding"),
        delimiter={"\\t": "\t", "tab": "\t"}.get(given := options.pop("delimiter"), given),
        header=not options.pop("no_header"),
        names=comma_separated(options.pop("names")),
    )
    meaning = pairs(mapped, "--map", "ENTITY=ENTY")
    made = import_table(table, read, ImportOptions(meaning=meaning, order=comma_separated(label_order), **options))
    _verify(made.text, output)
    with beside(output) as file:
        file.write(made.text.encode())
    show(made.problems)
    left_out = f", {len(made.problems)} left out" if made.problems else ""
    message(f"{output}: {count(made.rules, 'rule')}{left_out}")
    return 1 if made.problems else 0


def _verify(text: str, output: Path) -> None:
    """Raise RulesError where the new rules would not compile: a name may be a word of the language."""
    from snorkel_dsl.api import check_source
    from snorkel_dsl.diagnostics import RulesError
    from snorkel_dsl.source import Source

    _, found = check_source(Source(str(output), text), None, ())
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    if errors:
        raise RulesError(errors)
