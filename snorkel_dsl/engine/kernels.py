"""Operators on all rows at once, where NumPy says exactly what their evaluation on one row says.

A kernel gets the values of its arguments, which have a value on every row that counts, and gives those of its result;
the engine takes care of missing values. An operator without a kernel is evaluated row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from snorkel_dsl.engine.values import Numbers, Truth, Value

Kernel = Callable[..., Value]


def _comparison(compare: Callable[[Any, Any], Any]) -> Kernel:
    """A kernel that compares two batches of numbers."""

    def kernel(left: Numbers, right: Numbers) -> Truth:
        return Truth(compare(left.values, right.values))

    return kernel


def _is_yes(value: Numbers) -> Truth:
    return Truth(value.values.astype(bool))


KERNELS: Mapping[str, Kernel] = {
    "equal": _comparison(np.equal),
    "more": _comparison(np.greater),
    "at_least": _comparison(np.greater_equal),
    "is_yes": _is_yes,
}
