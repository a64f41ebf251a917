"""The names of labeling functions as a table shows them: without the package, where all share it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def package_of(functions: Sequence[str]) -> str:
    """The package that all functions share, or an empty text. A `[term]` at a name's end may hold dots of its own."""
    packages = {name.partition("[")[0].rpartition(".")[0] for name in functions}
    return packages.pop() if len(packages) == 1 else ""


def short_names(functions: Iterable[str]) -> dict[str, str]:
    """For each function its name without the shared package."""
    names = list(functions)
    package = package_of(names)
    return {name: name.removeprefix(f"{package}.") if package else name for name in names}
