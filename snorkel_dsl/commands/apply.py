"""`apply`: the votes of every labeling function on every row, as a file; streamed, so memory does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from snorkel_dsl.commands._options import (
    data_argument,
    data_options,
    fault_options,
    keep_option,
    output_option,
    project_options,
    rules_argument,
    run_options,
)
from snorkel_dsl.commands._output import message, result
from snorkel_dsl.commands._project import load_rules, project_for


@click.command()
@rules_argument
@data_argument
@output_option
@click.option(
    "--format",
    "shape",
    type=click.Choice(("wide", "long")),
    default="wide",
    show_default=True,
    help="wide: a column a function; long: a line a vote (row, function, label).",
)
@keep_option
@click.option("--profile", is_flag=True, help="Print where the time went, by phase and by rule. Runs in one process.")
@fault_options
@run_options
@data_options
@project_options
def command(
    rules: Path, data: tuple[str, ...], output: Path, shape: str, keep: str, profile: bool, **options: Any
) -> int:
    """Write the votes of every rule on every row.

    DATA is a file (Parquet, CSV, TSV, JSONL, JSON, Arrow, Excel), - for stdin, or the name of a dataset in the settings.
    Several files, a folder, or a pattern such as 'data/*.parquet' are read one after the other, as one table.
    The output has the rows of DATA, in their order, and a whole-number column for each labeling function, named by it:
    the class number of its vote in declared order, -1 for abstain. A function that may vote for several labels at once
    gets a list of names, empty for abstain.

    \b
    Examples:
      snorkel-dsl apply my.rules reports.csv --keep id -o votes.parquet
      snorkel-dsl apply my.rules reports.csv -o votes.parquet --no-cache --profile
    """
    from snorkel_dsl.datasets.writing import check_writable

    check_writable(output)
    project = project_for(rules, options.pop("config"), options.pop("roots"))
    compiled = load_rules(rules, project)

    from snorkel_dsl.commands._data import choose_data, kept_columns, report_faults
    from snorkel_dsl.engine.feed import FaultCount
    from snorkel_dsl.engine.profile import measured

    faults_file, most = options.pop("faults_file"), options.pop("max_faults")
    chosen = choose_data(data, options, project.settings, compiled.program)
    kept = kept_columns(keep, chosen.data)
    faults = FaultCount(keep=faults_file is not None)
    chosen = replace(chosen, processes=1) if profile else chosen
    with measured() if profile else nullcontext() as clock:
        rows, votes = _write(compiled.program, chosen, faults, output, shape, kept)

    from snorkel_dsl.report.table import count

    if clock is not None:
        from snorkel_dsl.report.profile import as_text

        result(as_text(clock, rows))

    message(
        f"{output}: {count(rows, 'row')}, {count(len(compiled.program.functions), 'labeling function')}, "
        f"{count(votes, 'vote')}"
    )
    return report_faults(faults, faults_file, most)


def _write(program: Any, chosen: Any, faults: Any, output: Path, shape: str, kept: tuple[str, ...]) -> tuple[int, int]:
    """Write the votes batch by batch; the numbers of rows and of votes."""
    from snorkel_dsl.commands._data import refuse_unreadable_columns
    from snorkel_dsl.commands._progress import progress
    from snorkel_dsl.datasets.options import refusal
    from snorkel_dsl.engine.feed import feed
    from snorkel_dsl.engine.profile import phase

    rows = votes = 0
    write = None
    with ExitStack() as stack:
        advance = stack.enter_context(progress("applying", chosen.data.rows, chosen.data.size))
        for fed in feed(program, chosen.data, chosen.options, faults, kept, processes=chosen.processes):
            if write is None:
                write = stack.enter_context(_opened(program, output, fed.extra.schema, shape == "long"))
            write(fed.votes, fed.extra, rows)
            rows, votes = rows + fed.votes.n, votes + int(fed.votes.rows.size)
            advance(fed.votes.n, fed.position)
        if write is None:
            raise refusal("empty-data", f"`{chosen.data.name}` has no rows")
        refuse_unreadable_columns(faults)
        with phase("write"):
            stack.close()
    return rows, votes


@contextmanager
def _opened(program: Any, output: Path, kept: Any, long: bool) -> Iterator[Callable[[Any, Any, int], None]]:
    """Open the output; what is given writes the votes of a batch with its kept columns and the number of its first row."""
    from snorkel_dsl.datasets.writing import open_output, open_sparse
    from snorkel_dsl.engine.profile import phase
    from snorkel_dsl.report.votes import Shape

    form = Shape.of(program, kept, long)
    sparse = form.sparse if output.suffix.lower() == ".parquet" else ()
    with open_sparse(output, form.schema, sparse) if sparse else open_output(output, form.schema) as write:

        def write_votes(votes: Any, extra: Any, first_row: int) -> None:
            with phase("assemble"):
                batch: Any = form.sparse_batch(votes, extra) if sparse else form.batch(votes, extra, first_row)
            with phase("write"):
                write(batch)

        yield write_votes
