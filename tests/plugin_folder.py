"""A plugin as pip would install it: a package with its signatures, and the record of its entry point, in a folder."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import pytest


def install(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    code: str,
    functions: str | Iterable[str],
    version: int = 1,
    package: str = "",
) -> Path:
    """Put a plugin into a folder that is on the path from now on; returns the folder of its package.

    `functions` is the text of `functions.toml`, or a line for each function: `name(kind, kind) -> kind, flag, flag`.
    """
    package = package or f"plugin_{name}"
    home = folder / package
    home.mkdir(parents=True)
    (home / "__init__.py").write_text(dedent(code), encoding="utf-8")
    text = functions if isinstance(functions, str) else signatures(name, version, functions)
    (home / "functions.toml").write_text(text, encoding="utf-8")
    record = folder / f"{package}-{version}.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}.0\n", encoding="utf-8"
    )
    (record / "entry_points.txt").write_text(f"[snorkel_dsl.plugins]\n{name} = {package}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    return home


def signatures(name: str, version: int, functions: Iterable[str]) -> str:
    """The text of a `functions.toml`."""
    lines = [f'name = "{name}"', f"version = {version}"]
    for line in functions:
        head, _, rest = line.partition(" -> ")
        result, *flags = rest.split(", ")
        called, _, kinds = head.removesuffix(")").partition("(")
        parameters = ", ".join(
            f'{{ name = "{letter}", kind = "{kind}" }}'
            for letter, kind in zip("abcdef", kinds.split(", "), strict=False)
        )
        lines += [
            "[[function]]",
            f'name = "{called}"',
            f"parameters = [{parameters}]",
            f'result = "{result}"',
            'doc = "…"',
        ]
        lines += [f"{flag.removeprefix('not ')} = {'false' if flag.startswith('not ') else 'true'}" for flag in flags]
    return "\n".join(lines) + "\n"
