"""`graph`: the tasks of a rules file, what stands under what, what is required, and how many rules vote on each."""

from __future__ import annotations

from pathlib import Path

import click

from snorkel_dsl.commands._options import project_options, rules_argument


@click.command()
@rules_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "dot", "svg")),
    help="text, DOT for Graphviz, or a drawing. [default: by the ending of the output file, else text]",
)
@click.option("-o", "--output-file", type=click.Path(path_type=Path), metavar="FILE", help="Write it to a file.")
@project_options
def command(
    rules: Path, form: str | None, output_file: Path | None, config: Path | None, roots: tuple[Path, ...]
) -> int:
    """Draw the tasks of RULES: labels, tasks under them, and requirements.

    With each label: how many rules vote for it (and against it, where any number may apply), and its declared balance. A row
    has one of the combinations of answers that `under` and `require` leave; their number is exact. No data is read.

    \b
    Examples:
      snorkel-dsl graph my.rules
      snorkel-dsl graph my.rules -o tasks.svg
      snorkel-dsl graph my.rules --format dot | dot -Tpdf -o tasks.pdf
    """
    from snorkel_dsl.commands._output import result
    from snorkel_dsl.commands._project import load_rules, project_for
    from snorkel_dsl.report import graph

    program = load_rules(rules, project_for(rules, config, roots)).program
    ending = "" if output_file is None else output_file.suffix.lower()
    chosen = form or {".dot": "dot", ".gv": "dot", ".svg": "svg"}.get(ending, "text")
    result(graph.FORMATS[chosen](graph.graph_of(program)), output_file)
    return 0
