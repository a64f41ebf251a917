"""The command line. This folder is the registry: a module is a command, and its `command` is what runs.

A module is imported when its command is called, and imports what is heavy inside its functions, so that `check` starts
at once. Modules that begin with an underscore are what commands share. A name that Python keeps for itself has an
underscore at its end (`import_`).
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

import click

from snorkel_dsl.diagnostics import Diagnostic, RulesError, did_you_mean


class Commands(click.Group):
    """The group of all commands, found by the names of this folder's modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted(module.name.rstrip("_") for module in iter_modules(__path__) if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        modules = {module.name.rstrip("_"): module.name for module in iter_modules(__path__)}
        return cast("click.Command", import_module(f"{__name__}.{modules[cmd_name]}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with; an unknown one comes with a suggestion."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            close = did_you_mean(name, self.list_commands(ctx))
            hint = f"did you mean `{close}`?" if close else "`snorkel-dsl --help` lists them"
            raise RulesError([Diagnostic("bad-usage", f"no command is called `{name}`", helps=(hint,))])
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"snorkel-dsl {version('snorkel-dsl')}")
        ctx.exit()


def _settings(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from pathlib import Path

        from snorkel_dsl.commands._settings import show_settings
        from snorkel_dsl.repository.settings import find_settings

        show_settings(find_settings(Path.cwd()))
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
@click.option(
    "--show-settings",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_settings,
    help="Print the settings that hold in this folder, and the file they come from.",
)
def cli() -> None:
    """Write rules, get probabilistic training labels.

    \b
    A first run:
      snorkel-dsl demo                                     see the whole job
      snorkel-dsl check my.rules                           find mistakes
      snorkel-dsl label my.rules data.csv -o labels.csv    get labels

    Exit codes: 0 fine; 1 findings, failing tests or faults; 2 could not run; 3 a bug of ours. Results go to stdout,
    messages to stderr.
    """
