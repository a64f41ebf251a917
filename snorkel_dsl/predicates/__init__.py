"""The vocabulary: every operator that a condition can be made of. This folder is the registry.

One definition is one operator: its name, signature, reference evaluation, places, kernel, documentation and example. A
predicate module is pure Python; what its kernel needs is imported inside the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from snorkel_dsl.language.types import Kind, Signature


@dataclass(frozen=True)
class Predicate:
    """One operator.

    `evaluate` is its meaning on one row, in plain Python: it gets the arguments' values (`types.Kind` says what each kind
    is in Python; TEXT is `str`, PIECES a list of (start, end) offsets, a missing value None, a CONDITION True, False or
    None) and returns the result's. Unless `takes_missing`, it is never called with a missing argument: the result is
    missing (unknown) then. `places` returns where in its first argument, a text, it found what it looked for: (start, end)
    character offsets. `kernel` is the same meaning on a batch of rows (`engine.kernels`); without one, the engine calls
    `evaluate` row by row. `doc` is one line; `example` a condition in the language.
    """

    name: str
    signature: Signature
    evaluate: Callable[..., Any]
    doc: str
    example: str
    places: Callable[..., list[tuple[int, int]]] | None = None
    kernel: Callable[..., Any] | None = None
    takes_missing: bool = False


Catalog = Mapping[str, Predicate]


@cache
def catalog() -> Catalog:
    """Every operator by its name: each `Predicate` that stands in a module of this folder."""
    found: dict[str, Predicate] = {}
    for module in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, Predicate):
                found[value.name] = value
    return found


def signatures() -> Mapping[str, Signature]:
    """The signature of every operator, by name: all that the checker needs of the catalog."""
    return {name: predicate.signature for name, predicate in catalog().items()}


def signature(*parameters: Kind | tuple[Kind, ...], gives: Kind, rest: Kind | None = None) -> Signature:
    """Write a signature: each parameter is a kind or a tuple of accepted kinds; `rest` is any number more of one kind."""
    return Signature(
        tuple(frozenset(p if isinstance(p, tuple) else (p,)) for p in parameters),
        gives,
        None if rest is None else frozenset((rest,)),
    )
