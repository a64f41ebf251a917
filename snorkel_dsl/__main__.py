"""`snorkel-dsl` and `python -m snorkel_dsl`: run a command and turn whatever happens into an exit code and a clear word."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import click

from snorkel_dsl.commands import cli
from snorkel_dsl.diagnostics import RulesError

COULD_NOT_RUN = 2
BUG = 3
INTERRUPTED = 130
PIPE_CLOSED = 141
ENDED = 143
DEBUG = "SNORKEL_DSL_DEBUG"


class _Outcome(AbstractContextManager["_Outcome"]):
    """Ends every run of a command: no traceback reaches a user, and each way to end has its exit code."""

    code = 0

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> bool:
        match wrong:
            case None:
                pass
            case click.exceptions.Exit():
                self.code = wrong.exit_code
            case click.ClickException():
                from snorkel_dsl.commands._output import show
                from snorkel_dsl.commands._usage import bad_usage

                show(bad_usage(wrong).diagnostics)
                self.code = COULD_NOT_RUN
            case KeyboardInterrupt() | click.Abort():
                click.echo("stopped", err=True)
                self.code = ENDED if isinstance(wrong, _EndedError) else INTERRUPTED
            case BrokenPipeError():
                _discard_stdout()
                self.code = PIPE_CLOSED
            case RulesError():
                from snorkel_dsl.commands._output import exit_code, show

                show(wrong.diagnostics)
                self.code = exit_code(wrong.diagnostics)
            case SystemExit() | GeneratorExit():
                return False
            case _ if os.environ.get(DEBUG):
                return False
            case _:
                self.code = _report(wrong)
        return True


def _report(wrong: BaseException) -> int:
    """Say in a few words what went wrong outside the user's rules: the machine's fault or ours."""
    if isinstance(wrong, OSError):
        where = f" `{wrong.filename}`" if wrong.filename else ""
        click.echo(f"error:{where} {(wrong.strerror or str(wrong)).lower()}", err=True)
        return COULD_NOT_RUN
    if isinstance(wrong, MemoryError):
        click.echo("error: out of memory", err=True)
        return COULD_NOT_RUN
    click.echo(f"this is a bug in snorkel-dsl, not in your rules: {type(wrong).__name__}: {wrong}", err=True)
    click.echo(f"  = help: run it again with {DEBUG}=1 and send us the traceback", err=True)
    return BUG


def _discard_stdout() -> None:
    """Nobody reads on: let Python's own flush at the end go nowhere."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())


def _open_closed_streams() -> None:
    """Whoever starts us may have closed stdin, stdout or stderr: then nothing comes in and nothing is heard."""
    nothing = Path(os.devnull)
    sys.stdin = sys.stdin or nothing.open(encoding="utf-8")
    sys.stdout = sys.stdout or nothing.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or nothing.open("w", encoding="utf-8")


def run(arguments: Sequence[str]) -> int:
    """Run a command line (without the program's name) and return its exit code."""
    with _Outcome() as outcome:
        _open_closed_streams()
        if not arguments:
            arguments = ["--help"]
        with cli.make_context("snorkel-dsl", list(arguments)) as context:
            code = cli.invoke(context)
            sys.stdout.flush()
            outcome.code = code if isinstance(code, int) else 0
    return outcome.code


class _EndedError(KeyboardInterrupt):
    """Somebody ends us with a signal: as an interrupt, it goes through whatever runs and leaves nothing half-written."""


def _end(*_: object) -> None:
    raise _EndedError


def main() -> None:
    """The entry point of the installed program."""
    signal.signal(signal.SIGTERM, _end)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
