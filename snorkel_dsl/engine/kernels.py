"""Operators on all rows at once, where NumPy says exactly what their evaluation on one row says.

A kernel gets the values of its arguments, which have a value on every row that counts, and gives those of its result;
the engine takes care of missing values. None: these values are not for it. An operator without a kernel is evaluated row
by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc

from snorkel_dsl.engine.values import Array, Numbers, Texts, Truth, Value

Kernel = Callable[..., Value | None]


def _comparison(compare: Callable[[Any, Any], Any]) -> Kernel:
    """A kernel that compares two batches of numbers."""

    def kernel(left: Numbers, right: Numbers) -> Truth:
        return Truth(compare(left.values, right.values))

    return kernel


def _is_yes(value: Numbers) -> Truth:
    return Truth(value.values.astype(bool))


def _arithmetic(compute: Callable[..., Any]) -> Kernel:
    """A kernel that computes with numbers; whole microseconds, which may overflow, it leaves alone."""

    def kernel(*arguments: Numbers) -> Numbers | None:
        if any(argument.values.dtype != np.float64 for argument in arguments):
            return None
        result = compute(*(argument.values for argument in arguments))
        unsaid = np.isnan(result)
        return Numbers(np.where(unsaid, 0.0, result), unsaid if unsaid.any() else None)

    return kernel


def _quotient(left: Any, right: Any) -> Any:
    return np.where(right == 0, np.nan, left / right)


KERNELS: Mapping[str, Kernel] = {
    "equal": _comparison(np.equal),
    "more": _comparison(np.greater),
    "at_least": _comparison(np.greater_equal),
    "is_yes": _is_yes,
    "add": _arithmetic(np.add),
    "subtract": _arithmetic(np.subtract),
    "multiply": _arithmetic(np.multiply),
    "divide": _arithmetic(_quotient),
    "absolute": _arithmetic(np.abs),
}

# What one unit of a measure is in ASCII text, for RE2. A measure that is not here is taken row by row.
_UNITS: Mapping[tuple[str, str], str] = {
    ("size", "words"): "[A-Za-z0-9]+(?:['./-][A-Za-z0-9]+)*",
    ("size", "tokens"): r"[^\t-\r\x1c- ]+",
    ("size", "letters"): "[A-Za-z]",
    ("size", "capitals"): "[A-Z]",
    ("capital", "letters"): "[A-Z]",
}


def is_counted(operator: str, measure: Any) -> bool:
    """Whether a measure of text is taken on all rows at once."""
    return (operator, measure) in _UNITS or (operator, measure) == ("size", "characters")


def counted(operator: str, measure: str, texts: Texts, evaluate: Callable[[str], float]) -> Numbers:
    """How much of something each text has: ASCII rows at once, the others one by one."""
    if (operator, measure) == ("size", "characters"):
        return Numbers(_float(pc.utf8_length(texts.array)), texts.missing)
    counts = _float(pc.count_substring_regex(texts.array, _UNITS[operator, measure]))
    others = np.flatnonzero(~texts.ascii)
    counts[others] = [evaluate(text) for text in texts.python(others) if text is not None]
    return Numbers(counts, texts.missing)


def _float(array: Array) -> Any:
    """An Arrow array of counts as float64, 0 where it is null."""
    return array.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
