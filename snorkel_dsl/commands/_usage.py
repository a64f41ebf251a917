"""A command line that does not fit its command, said like every other mistake: what is wrong, and what to write instead."""

from __future__ import annotations

import click

from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.diagnostics import RulesError, did_you_mean


def bad_usage(wrong: click.ClickException) -> RulesError:
    """The error of the command-line library in our words."""
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    usage = " ".join(context.get_usage().removeprefix("Usage:").split()) if context else "snorkel-dsl COMMAND"
    helps = [f"write `{usage}`", f"`{context.command_path if context else 'snorkel-dsl'} --help` says more"]
    match wrong:
        case click.NoSuchOption():
            close = did_you_mean(wrong.option_name, _options(context))
            first = [f"did you mean `{close}`?"] if close else []
            return refusal("bad-usage", f"there is no option `{wrong.option_name}` here", *first, helps[-1])
        case click.MissingParameter() if wrong.param is not None:
            name = wrong.param.opts[0] if isinstance(wrong.param, click.Option) else wrong.param.human_readable_name
            meaning = (wrong.param.help or "") if isinstance(wrong.param, click.Option) else ""
            said = f": {meaning[:1].lower()}{meaning[1:].rstrip('.')}" if meaning else ""
            return refusal("bad-usage", f"`{name}` is not given{said}", *helps)
        case click.BadParameter() if wrong.param is not None:
            name = wrong.param.opts[0] if isinstance(wrong.param, click.Option) else wrong.param.human_readable_name
            return refusal("bad-usage", f"`{name}` does not take this: {_plain(wrong.message)}", helps[-1])
    return refusal("bad-usage", _plain(wrong.format_message()), *helps)


def _options(context: click.Context | None) -> list[str]:
    return [name for parameter in context.command.get_params(context) for name in parameter.opts] if context else []


def _plain(message: str) -> str:
    return (message[:1].lower() + message[1:]).rstrip(".").replace("'", "`")
