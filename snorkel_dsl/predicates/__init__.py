"""The vocabulary: every operator that a condition can be made of. This folder is the registry.

One definition is one operator: its name, signature, reference evaluation, places, kernel, what a scanner may look for,
documentation and example. Nothing outside knows an operator by its name but the connectives of logic, which steer what is
computed at all. A predicate module is pure Python; what its kernel needs is imported inside the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeAlias

from snorkel_dsl.language.ir import Pattern, Term, TermList
from snorkel_dsl.language.types import Kind, Signature

Array: TypeAlias = Any  # of a kernel: a NumPy array, or a pyarrow array for text


@dataclass(frozen=True, slots=True)
class Sought:
    """Terms or a pattern that must be found in a text for an operator to be true of it, or more than 0.

    `as_words`: the terms are found as `mentions` finds them; otherwise as characters of the original text, `at_start` and
    `at_end` only there. `decides`: what was found is the whole answer, true, unless a mask of the terms was found as well;
    otherwise the operator must be asked.
    """

    what: TermList | Pattern
    as_words: bool = False
    at_start: bool = False
    at_end: bool = False
    decides: bool = False

    @property
    def masks(self) -> tuple[Term, ...]:
        """The terms beside which a finding decides nothing."""
        return self.what.masks if isinstance(self.what, TermList) else ()


@dataclass(frozen=True)
class Predicate:
    """One operator.

    `evaluate` is its meaning on one row, in plain Python: it gets the arguments' values (`types.Kind` says what each kind
    is in Python; TEXT is `str`, PIECES a list of (start, end) offsets, a missing value None, a CONDITION True, False or
    None) and returns the result's. Unless `takes_missing`, it is never called with a missing argument: the result is
    missing (unknown) then. `places` returns where in its first argument, a text or an annotated one, it found what it looked
    for: (start, end) character offsets. `remarks` says in words what a reader of its answer may want to know, a line each.
    `doc` is one line; `example` a condition in the language.

    `kernel` is the same meaning on a batch of n rows; without one, `evaluate` is called row by row. It gets an argument
    that stands in the rules file as the Python value that `evaluate` gets, and any other as an array of shape (n,) in
    which no value is missing: NUMBER float64, TIME, CLOCK and DURATION int64, YES_NO bool, TEXT and CHOICE a pyarrow
    large_string array. It returns such an array, bool for a CONDITION; for PIECES a pyarrow array of lists of texts. Where
    some results are missing, it returns a pair: the array, and a bool array that is true there. None says that it is not
    for these values. `ascii_only`: its answers hold where all texts are ASCII; the engine asks `evaluate` of other rows.

    An operator that `may_fail` (it runs code that is not ours) raises FailedError for a row that it cannot answer: every
    function that asks it there abstains on that row, and a fault is recorded. One that may fail, or is `costly`, is asked only
    of the rows where its answer matters: its kernel gets those alone, as lists of the Python values that `evaluate` gets, and
    returns a list of answers in which a FailedError stands for itself. Before any row is read `prepare` gets the arguments
    that stand in the rules file, and raises RulesError where no row could be answered.

    `looks_for` gets all arguments but the first, a text, where they stand in the rules file, and says what the engine may
    look for in many texts at once: all of it must be found in a text before anything else is asked.
    """

    name: str
    signature: Signature
    evaluate: Callable[..., Any]
    doc: str
    example: str
    places: Callable[..., list[tuple[int, int]]] | None = None
    remarks: Callable[..., list[str]] | None = None
    kernel: Callable[..., Array | tuple[Array, Array] | None] | None = None
    ascii_only: bool = False
    looks_for: Callable[..., tuple[Sought, ...]] | None = None
    takes_missing: bool = False
    may_fail: bool = False
    costly: bool = False
    prepare: Callable[..., object] | None = None


class FailedError(Exception):
    """An operator that may fail could not answer for a row: `value` is what it was asked of, in short; why is the message."""

    def __init__(self, message: str, value: str = "") -> None:
        super().__init__(message)
        self.value = value


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
