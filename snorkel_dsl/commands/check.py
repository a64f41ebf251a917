"""`check`: parse, resolve and type-check rules; nothing is run and no data is read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snorkel_dsl.commands._options import output_options, project_options
from snorkel_dsl.commands._output import exit_code, message, publish
from snorkel_dsl.commands._project import project_for
from snorkel_dsl.diagnostics import Diagnostic, RulesError

if TYPE_CHECKING:
    from snorkel_dsl.language import ir

_STDIN = Path("-")


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
    """Check rules: files, folders (every *.rules below them), or - for stdin.

    Without PATHS, those of the settings are checked, else the current folder.
    """
    diagnostics: list[Diagnostic] = []
    checked = functions = 0
    for path in _named(paths, config):
        for file in _files(path, diagnostics):
            program = _check_one(file, config, roots, diagnostics)
            checked += 1
            functions += len(program.functions) if program else 0
    publish(diagnostics, output_format, output_file)
    if checked:
        message(_summary(checked, functions, diagnostics))
    return exit_code(diagnostics)


def _named(paths: tuple[Path, ...], config: Path | None) -> tuple[Path, ...]:
    return paths or project_for(Path.cwd(), config).rules or (Path(),)


def _files(path: Path, diagnostics: list[Diagnostic]) -> list[Path]:
    from snorkel_dsl.repository.files import find_rules

    if path == _STDIN:
        return [path]
    try:
        return find_rules([path])
    except RulesError as wrong:
        diagnostics.extend(wrong.diagnostics)
        return []


def _check_one(
    file: Path, config: Path | None, roots: tuple[Path, ...], diagnostics: list[Diagnostic]
) -> ir.Program | None:
    from snorkel_dsl.api import check_source
    from snorkel_dsl.repository.files import read_rules, source_of

    try:
        if file == _STDIN:
            source, place = source_of("<stdin>", sys.stdin.buffer.read()), None
        else:
            source, place = read_rules(file), file
    except RulesError as wrong:
        diagnostics.extend(wrong.diagnostics)
        return None
    program, found = check_source(source, place, project_for(file, config, roots).roots)
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
