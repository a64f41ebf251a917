"""`doctor`: what this installation can do, what is missing, and the command that installs it."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snorkel_dsl.report.table import table

if TYPE_CHECKING:
    from snorkel_dsl.plugins.installed import Installed

_SHOWN = 4  # functions of a plugin
if TYPE_CHECKING:
    from snorkel_dsl.knowledge.pipelines import PipelineSettings

_NEEDED = ("lark", "click", "rich", "numpy", "scipy", "pandas", "pyarrow")
_SCANNER = {"hyperscan": "hyperscan", "ahocorasick-rs": "ahocorasick_rs", "google-re2": "re2"}
_EXTRAS = {
    "excel": ("openpyxl", "reading .xlsx files"),
    "torch": ("torch", "training end models"),
    "spacy": ("spacy", "rules about entities and parts of speech"),
    "ontologies": ("fastobo", "terms from OBO, OWL and SKOS files"),
    "spark": ("pyspark", "running on Spark"),
    "dask": ("dask", "running on Dask"),
}


@click.command()
def command() -> int:
    """Say what is installed and what is missing.

    The exit code is 2 where something needed is missing. The settings that hold in this folder are shown as well.
    """
    from snorkel_dsl.commands._project import project_for
    from snorkel_dsl.commands._settings import show_settings
    from snorkel_dsl.plugins.installed import installed
    from snorkel_dsl.repository.settings import find_settings

    rows = [_python(), _own()]
    rows += [_package(name, name, 'pip install "snorkel-dsl"') for name in _NEEDED]
    rows += [_scanner(name, module) for name, module in _SCANNER.items()]
    rows += [_extra(extra, module, use) for extra, (module, use) in _EXTRAS.items()]
    rows += [_plugin(plugin) for plugin in installed()]
    settings = find_settings(Path.cwd())
    rows += [_pipeline(settings.pipeline, project_for(Path.cwd()).roots)] if settings.pipeline else []
    click.echo(table(("what", "version", "remark"), rows, left=(0, 1, 2)))
    click.echo()
    show_settings(settings)
    broken = [row for row in rows if row[1] == "missing" and row[0] in _NEEDED]
    return 2 if broken or sys.version_info < (3, 11) else 0


def _python() -> tuple[str, str, str]:
    fine = sys.version_info >= (3, 11)
    return "python", platform.python_version(), "" if fine else "3.11 or newer is needed"


def _own() -> tuple[str, str, str]:
    found = _version("snorkel-dsl")
    return "snorkel-dsl", found or "not installed", "" if found else "run from its folder: `pip install -e .`"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _package(name: str, module: str, command: str) -> tuple[str, str, str]:
    if find_spec(module) is None:
        return name, "missing", f"install it: `{command}`"
    return name, _version(name) or "found", ""


def _scanner(name: str, module: str) -> tuple[str, str, str]:
    row = _package(name, module, f"pip install {name}")
    if row[1] == "missing":
        return name, "missing", f"rules run without it, slower, with the same votes; install it: `pip install {name}`"
    return row


def _extra(extra: str, module: str, use: str) -> tuple[str, str, str]:
    name = f"{extra} (extra)"
    if find_spec(module) is None:
        return name, "not installed", f'for {use}: `pip install "snorkel-dsl[{extra}]"`'
    return name, _version(module) or "found", f"for {use}"


def _pipeline(named: PipelineSettings, roots: tuple[Path, ...]) -> tuple[str, str, str]:
    from snorkel_dsl.knowledge.pipelines import find_pipeline
    from snorkel_dsl.language.check.resolving import Refusal

    found = find_pipeline(named, roots)
    if isinstance(found, Refusal):
        return named.name, "missing", "; ".join([found.message, *found.helps])
    says = ", ".join(sorted(found.gives or ())) if found.gives is not None else "it does not tell what it says"
    return named.name, found.version.partition(",")[0], says or "says nothing: name a file of `spacy_patterns`"


def _plugin(plugin: Installed) -> tuple[str, str, str]:
    name = f"{plugin.name} (plugin)"
    if plugin.stored is None:
        return name, "broken", plugin.wrong
    functions = [stored.function.name for stored in plugin.stored.functions]
    shown = ", ".join(functions[:_SHOWN]) + (f" and {len(functions) - _SHOWN} more" if len(functions) > _SHOWN else "")
    return name, f"version {plugin.stored.version}", f"functions: {shown}"
