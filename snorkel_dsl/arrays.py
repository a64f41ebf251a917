"""Arrays that come from elsewhere: votes and gold labels, checked before anything is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

ABSTAIN = -1

Ints = npt.NDArray[np.int64]


def check_gold(gold: npt.ArrayLike, n: int, k: int) -> Ints:
    """Gold labels as int64: n class numbers below k, -1 where unknown. Raises ValueError on anything else."""
    truth = np.asarray(gold)
    if truth.shape != (n,):
        raise ValueError(f"gold has the shape {truth.shape}, and there are {n} rows")
    if truth.size and (not np.all(np.isfinite(truth)) or np.any(truth != np.floor(truth))):
        raise ValueError("gold must be class numbers, and -1 where unknown")
    if truth.size and (truth.min() < ABSTAIN or truth.max() >= k):
        raise ValueError(f"gold must be class numbers from 0 to {k - 1}, and -1 where unknown")
    return truth.astype(np.int64)


def check_gold_table(gold: npt.ArrayLike, n: int, k: int) -> Ints:
    """Gold of k labels of which any number may apply as int64, (n, k): 1 applies, 0 does not, -1 is unknown.

    Raises ValueError on anything else.
    """
    table = np.asarray(gold)
    if table.shape != (n, k):
        raise ValueError(f"gold has the shape {table.shape}, and there are {n} rows and {k} labels that may apply")
    if table.size and not np.all(np.isin(table, (-1, 0, 1))):
        raise ValueError("gold of labels that may apply must be 1, 0, and -1 where unknown")
    return table.astype(np.int64)


def whole_numbers(dense: npt.ArrayLike) -> npt.NDArray[Any]:
    """Votes as an array of whole numbers. Raises ValueError where they are none."""
    votes = np.asarray(dense)
    if votes.ndim != 2:
        raise ValueError(f"a label matrix has two dimensions, rows × functions; this array has {votes.ndim}")
    if votes.dtype.kind not in "iufb":
        raise ValueError(f"votes must be whole numbers, and these are of type {votes.dtype}")
    if votes.dtype.kind == "f":
        if not np.all(np.isfinite(votes)):
            raise ValueError("some votes are NaN or infinite: write -1 where a function abstains")
        if np.any(votes != np.floor(votes)):
            raise ValueError("some votes are not whole numbers")
    return votes if votes.dtype.kind == "i" else votes.astype(np.int64)


def refuse_bad_labels(votes: npt.NDArray[Any], k: int) -> None:
    """Raise ValueError where a vote is neither a class number below k nor -1."""
    if votes.size and votes.min() < ABSTAIN:
        raise ValueError(f"the vote {votes.min()} is below -1: class numbers begin at 0, and -1 abstains")
    if votes.size and votes.max() >= k:
        raise ValueError(f"the vote {votes.max()} is out of range: {k} labels have the class numbers 0 to {k - 1}")
    if k > np.iinfo(np.int16).max:
        raise ValueError(f"{k} labels are too many: a task has at most {np.iinfo(np.int16).max}")


def label_names(labels: Sequence[str] | int | None, seen: int) -> tuple[str, ...]:
    """The names of the labels: those given, or numbers."""
    if labels is None:
        labels = max(seen, 2)
    if isinstance(labels, int):
        return tuple(str(number) for number in range(labels))
    return _distinct(labels, "label")


def function_names(functions: Sequence[str] | None, m: int) -> tuple[str, ...]:
    """The names of m functions: those given, or numbered ones."""
    if functions is None:
        return tuple(f"function_{j}" for j in range(m))
    if len(functions) != m:
        raise ValueError(f"{len(functions)} names for {m} functions")
    return _distinct(functions, "function")


def _distinct(names: Sequence[str], what: str) -> tuple[str, ...]:
    for name in names:
        if list(names).count(name) > 1:
            raise ValueError(f"two {what}s are named `{name}`")
    return tuple(names)
