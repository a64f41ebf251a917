"""`check`: parse, resolve and type-check rules; nothing is run and no data is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from snorkel_dsl.commands._options import output_options, project_options
from snorkel_dsl.commands._output import exit_code, message, publish
from snorkel_dsl.commands._project import project_for, rules_files, source_at
from snorkel_dsl.diagnostics import Diagnostic, RulesError

if TYPE_CHECKING:
    from snorkel_dsl.language import ir


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATHS]...")
@output_options
@project_options
def command(
    paths: tuple[Path, ...],
    output_format: str,
    output_file: Path | None,
    config: Path | None,
    roots: tuple[Path, ...],
) -> int:
    """Find the mistakes in rules.

    PATHS are files, folders (every *.rules below them), or - for stdin; without any, those of the settings, else the
    current folder. No data is read. Each kind of mistake has a page: snorkel-dsl explain KIND.

    \b
    Example:
      snorkel-dsl check my.rules
    """
    diagnostics: list[Diagnostic] = []
    checked = functions = 0
    for file in rules_files(paths, config, diagnostics):
        program = _check_one(file, config, roots, diagnostics)
        checked += 1
        functions += len(program.functions) if program else 0
    publish(diagnostics, output_format, output_file)
    if checked:
        message(_summary(checked, functions, diagnostics))
    return exit_code(diagnostics)


def _check_one(
    path: Path, config: Path | None, roots: tuple[Path, ...], diagnostics: list[Diagnostic]
) -> ir.Program | None:
    from snorkel_dsl.api import check_source

    try:
        source, file = source_at(path)
    except RulesError as wrong:
        diagnostics.extend(wrong.diagnostics)
        return None
    project = project_for(path, config, roots)
    program, found = check_source(source, file, project.roots, project.settings)
    diagnostics.extend(found)
    return program


def _summary(files: int, functions: int, diagnostics: list[Diagnostic]) -> str:
    from snorkel_dsl.report.table import count

    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    warnings = sum(diagnostic.severity == "warning" for diagnostic in diagnostics)
    checked = f"{count(files, 'file')}, {count(functions, 'labeling function')}"
    found = [count(errors, "error")] if errors else []
    found += [count(warnings, "warning")] if warnings else []
    return f"{checked}: {', '.join(found) or 'all fine'}"
