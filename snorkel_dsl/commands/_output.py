"""Where words go: findings to stdout or a file in the format asked for, messages to stderr; colours only on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

import click

from snorkel_dsl.diagnostics import Diagnostic

FINDINGS = 1
COULD_NOT_RUN = 2


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """0 without errors; 1 where rules have errors; 2 where something else stands in the way (it has no place in rules)."""
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
    if any(diagnostic.mark is None for diagnostic in errors):
        return COULD_NOT_RUN
    return FINDINGS if errors else 0


def colours(stream: TextIO) -> bool:
    """Whether to write colours to a stream: to a terminal, unless NO_COLOR is set."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics as messages, on stderr."""
    from snorkel_dsl.diagnostics.render import render

    for diagnostic in diagnostics:
        click.echo(render(diagnostic, color=colours(sys.stderr)) + "\n", err=True, color=True)


def message(text: str) -> None:
    """Print a line for the user on stderr."""
    click.echo(text, err=True)


def publish(diagnostics: Sequence[Diagnostic], output_format: str, output_file: Path | None) -> None:
    """Print diagnostics as the result of a command."""
    from snorkel_dsl.diagnostics.render import FORMATS

    if output_format == "full":
        from snorkel_dsl.diagnostics.render import render

        colour = output_file is None and colours(sys.stdout)
        text = "\n\n".join(render(diagnostic, color=colour) for diagnostic in diagnostics)
    else:
        text = FORMATS[output_format](diagnostics)
    result(text, output_file)


def result(text: str, output_file: Path | None = None) -> None:
    """Print a result on stdout, or write it to a file."""
    if output_file is None:
        if text:
            click.echo(text, color=True)
        return
    from snorkel_dsl.datasets.files import beside, check_folder

    check_folder(output_file)
    with beside(output_file) as file:
        file.write((text + "\n" if text else "").encode())
