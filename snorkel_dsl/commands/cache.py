"""`cache`: what is kept between runs, and how to be rid of it."""

from __future__ import annotations

import json

import click

from snorkel_dsl.commands._output import message, result

_UNITS = ("bytes", "KiB", "MiB", "GiB")


@click.group()
def command() -> None:
    """Look at what is kept between runs, or throw it away.

    Votes, annotations, ontologies and checked files are kept, so that nothing is computed twice. They lie in the folder
    that $SNORKEL_DSL_CACHE names, else in your cache folder; where that is set to nothing, nothing is kept. It is always
    safe to throw them away.
    """


@command.command()
@click.option(
    "--output-format", type=click.Choice(("full", "json")), default="full", show_default=True, help="How it is printed."
)
def info(output_format: str) -> int:
    """Print where it lies and how large it is.

    \b
    Example:
      snorkel-dsl cache info
    """
    from snorkel_dsl.caching import cache_folder, holdings
    from snorkel_dsl.report.table import table

    folder, held = cache_folder(), holdings()
    if output_format == "json":
        parts = [{"name": one.name, "files": one.files, "bytes": one.bytes} for one in held]
        result(json.dumps({"version": 1, "folder": None if folder is None else str(folder), "held": parts}, indent=2))
        return 0
    if folder is None:
        result("nothing is kept: $SNORKEL_DSL_CACHE is empty, or names a folder that is not yours")
        return 0
    total = sum(one.bytes for one in held)
    lines = [f"{folder}: {in_units(total)}"]
    if held:
        lines += ["", table(("", "files", "size"), [(one.name, f"{one.files:,}", in_units(one.bytes)) for one in held])]
    result("\n".join(lines))
    return 0


@command.command()
def clear() -> int:
    """Throw all of it away.

    \b
    Example:
      snorkel-dsl cache clear
    """
    from snorkel_dsl import caching

    message(f"{in_units(caching.clear())} are free now")
    return 0


def in_units(size: int) -> str:
    """A number of bytes as one reads it: `1.5 MiB`."""
    power = max(0, min(len(_UNITS) - 1, (size.bit_length() - 1) // 10))
    return f"{size:,} bytes" if not power else f"{size / 1024**power:,.1f} {_UNITS[power]}"
