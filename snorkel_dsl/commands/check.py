"""`check`: parse, resolve and type-check rules; nothing is run and no data is read."""

from __future__ import annotations

from pathlib import Path

import click

from snorkel_dsl.commands._checking import check_files
from snorkel_dsl.commands._options import cache_option, output_options, project_options
from snorkel_dsl.commands._output import exit_code, message, publish
from snorkel_dsl.commands._project import rules_files
from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.repository.checked import CheckedFiles


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATHS]...")
@output_options
@project_options
@cache_option
def command(
    paths: tuple[Path, ...],
    output_format: str,
    output_file: Path | None,
    config: Path | None,
    roots: tuple[Path, ...],
    no_cache: bool,
) -> int:
    """Find the mistakes in rules.

    PATHS are files, folders (every *.rules below them), or - for stdin; without any, those of the settings, else the
    current folder. No data is read. Each kind of mistake has a page: snorkel-dsl explain KIND.

    \b
    Example:
      snorkel-dsl check my.rules
    """
    diagnostics: list[Diagnostic] = []
    files = rules_files(paths, config, diagnostics)
    checked = check_files(files, config, roots, None if no_cache else CheckedFiles())
    diagnostics += [found for one in checked for found in one.diagnostics]
    publish(diagnostics, output_format, output_file)
    if checked:
        message(_summary(len(checked), sum(one.functions for one in checked), diagnostics))
    return exit_code(diagnostics)


def _summary(files: int, functions: int, diagnostics: list[Diagnostic]) -> str:
    from snorkel_dsl.report.table import count

    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    warnings = sum(diagnostic.severity == "warning" for diagnostic in diagnostics)
    checked = f"{count(files, 'file')}, {count(functions, 'labeling function')}"
    found = [count(errors, "error")] if errors else []
    found += [count(warnings, "warning")] if warnings else []
    return f"{checked}: {', '.join(found) or 'all fine'}"
