"""Where batches are worked on. This folder is the registry: each module is a backend, and has a function `run`.

`run(work, batches, processes)` gives `work(batch, first_row)` for every batch, in the order of the batches, where
`first_row` is the number of rows before it. `work` depends on nothing but its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, TypeAlias

import pyarrow as pa


class Work(Protocol):
    """What is done with a batch. It can be sent to another process, and so can a packed result."""

    def __call__(self, batch: pa.RecordBatch, first_row: int) -> Any:
        """The result for a batch."""
        ...

    def packed(self, result: Any) -> Any:
        """A result in the form in which it travels best."""
        ...

    def unpacked(self, packed: Any) -> Any:
        """The result that was packed."""
        ...


Run: TypeAlias = Callable[[Work, Iterable[pa.RecordBatch], int], Iterator[Any]]


def names() -> list[str]:
    """The names of all backends."""
    return sorted(module.name for module in iter_modules(__path__))


def named(name: str) -> Run:
    """The function `run` of a backend. Raises ValueError where there is none of this name."""
    if name not in names():
        raise ValueError(f"there is no backend `{name}`; there are: {', '.join(names())}")
    run: Run = import_module(f"{__name__}.{name}").run
    return run
