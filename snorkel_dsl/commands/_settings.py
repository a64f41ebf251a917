"""Showing the settings that hold and where they come from."""

from __future__ import annotations

from pathlib import Path

import click

from snorkel_dsl.repository.settings import NamedDataset, Settings


def show_settings(settings: Settings, roots: tuple[Path, ...] = ()) -> None:
    """Print the settings on stdout."""
    click.echo(f"settings from {settings.file}" if settings.file else "no settings file: the defaults hold")
    _list("rules", settings.rules, "(none: name them on the command line)")
    if roots:
        _list("roots", roots, "")
    else:
        _list(
            "roots", settings.roots or ((settings.folder,) if settings.folder else ()), "(the folder of the rules file)"
        )
    click.echo(f"spacy: {_pipeline(settings)}")
    click.echo(f"function_seconds: {settings.function_seconds:g}")
    click.echo(f"processes: {settings.processes or '(as many as the data is worth)'}")
    click.echo("datasets" if settings.datasets else "datasets: (none)")
    for dataset in settings.datasets.values():
        click.echo(f"  {dataset.name}: {_described(dataset)}")


def _list(name: str, values: tuple[Path, ...], default: str) -> None:
    click.echo(f"{name}: {', '.join(str(value) for value in values) or default}")


def _pipeline(settings: Settings) -> str:
    named = settings.pipeline
    if named is None:
        return "(none)"
    return named.name if named.patterns is None else f"{named.name}, with the patterns of {named.patterns}"


def _described(dataset: NamedDataset) -> str:
    parts = [str(dataset.path)]
    parts += [f"gold {column}" + (f" of {task}" if task else "") for task, column in dataset.gold.items()]
    parts += [f"{value} means {label}" for value, label in dataset.gold_map.items()]
    parts += [f"{name} from {column}" for name, column in dataset.options.columns.items()]
    parts += [f"{text!r} is missing" for text in dataset.options.missing]
    return ", ".join(parts)
