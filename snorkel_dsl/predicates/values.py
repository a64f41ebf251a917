"""Numbers, times, durations, yes/no: comparing them, and arithmetic.

Numbers are IEEE doubles; times, times of day and durations whole microseconds in 64 bits. A result that cannot be said
(a division by zero, no number at all, microseconds beyond 64 bits) is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Array, Predicate, signature

DAY = 86_400_000_000  # microseconds
_COMPARABLE = (Kind.NUMBER, Kind.TIME, Kind.CLOCK, Kind.DURATION)
_ADDABLE = (Kind.NUMBER, Kind.TIME, Kind.DURATION)
_SCALABLE = (Kind.NUMBER, Kind.DURATION)

Number = int | float


def _equal(x: Number, y: Number) -> bool:
    return x == y


def _more(x: Number, y: Number) -> bool:
    return x > y


def _at_least(x: Number, y: Number) -> bool:
    return x >= y


def _is_one_of(x: float, numbers: Sequence[float]) -> bool:
    return x in numbers


def _is_yes(answer: bool) -> bool:
    return answer


def _add(x: Number, y: Number) -> Number | None:
    return _said(x + y)


def _subtract(x: Number, y: Number) -> Number | None:
    return _said(x - y)


def _multiply(x: Number, y: Number) -> Number | None:
    """Two numbers, or a duration (an int) and a number in either order; part of a microsecond rounds to even."""
    product = _said(x * y)
    if isinstance(x, int) == isinstance(y, int) or product is None:
        return product
    return None if math.isinf(product) else _said(round(product))


def _divide(x: float, y: float) -> Number | None:
    return None if y == 0 else _said(x / y)


def _absolute(x: Number) -> Number | None:
    return _said(abs(x))


def _said(result: Number) -> Number | None:
    if isinstance(result, int):
        return result if -(2**63) <= result < 2**63 else None
    return None if math.isnan(result) else result


def _clock(time: int) -> int:
    return time % DAY


# ------------------------------------------------------------------------------------------------------------- kernels


def _all_equal(x: Array, y: Array) -> Array:
    return x == y


def _all_more(x: Array, y: Array) -> Array:
    return x > y


def _all_at_least(x: Array, y: Array) -> Array:
    return x >= y


def _all_one_of(x: Array, numbers: Sequence[float]) -> Array:
    import numpy as np

    return np.isin(x, numbers)


def _all_yes(answers: Array) -> Array:
    return answers


def _all_clocks(times: Array) -> Array:
    return times % DAY


def _arithmetic(operation: str) -> Callable[..., Array]:
    """The kernel of NumPy's operation on numbers. Whole microseconds, which may overflow, it leaves alone."""

    def kernel(*arguments: Array) -> Array:
        import numpy as np

        if any(np.asarray(argument).dtype != np.float64 for argument in arguments):
            return None
        with np.errstate(all="ignore"):
            results = getattr(np, operation)(*arguments)
        return results, np.isnan(results)

    return kernel


def _all_quotients(x: Array, y: Array) -> tuple[Array, Array]:
    import numpy as np

    with np.errstate(all="ignore"):
        results = np.divide(x, y)
    return results, np.isnan(results) | (np.asarray(y) == 0)


EQUAL = Predicate(
    name="equal",
    signature=signature(_COMPARABLE, _COMPARABLE, gives=Kind.CONDITION),
    evaluate=_equal,
    kernel=_all_equal,
    doc="whether two numbers, times, times of day or durations are equal",
    example="likes is 3",
)
MORE = Predicate(
    name="more",
    signature=signature(_COMPARABLE, _COMPARABLE, gives=Kind.CONDITION),
    evaluate=_more,
    kernel=_all_more,
    doc="whether the first is more than the second; for times, later",
    example="likes is more than 3",
)
AT_LEAST = Predicate(
    name="at_least",
    signature=signature(_COMPARABLE, _COMPARABLE, gives=Kind.CONDITION),
    evaluate=_at_least,
    kernel=_all_at_least,
    doc="whether the first is the second or more",
    example="likes is at least 3",
)
IS_ONE_OF = Predicate(
    name="is_one_of",
    signature=signature(Kind.NUMBER, Kind.NUMBERS, gives=Kind.CONDITION),
    evaluate=_is_one_of,
    kernel=_all_one_of,
    doc="whether a number is one of those listed",
    example="likes is one of 1, 2, 3",
)
IS_YES = Predicate(
    name="is_yes",
    signature=signature(Kind.YES_NO, gives=Kind.CONDITION),
    evaluate=_is_yes,
    kernel=_all_yes,
    doc="whether the answer is yes",
    example="shared is yes",
)
ADD = Predicate(
    name="add",
    signature=signature(_ADDABLE, _ADDABLE, gives=Kind.NUMBER),
    evaluate=_add,
    kernel=_arithmetic("add"),
    doc="the sum; a time and a duration give a time, two durations a duration",
    example="likes + 1 is more than 3",
)
SUBTRACT = Predicate(
    name="subtract",
    signature=signature(_ADDABLE, _ADDABLE, gives=Kind.NUMBER),
    evaluate=_subtract,
    kernel=_arithmetic("subtract"),
    doc="the difference; two times give a duration, a time and a duration a time, two durations a duration",
    example="likes - 1 is more than 3",
)
MULTIPLY = Predicate(
    name="multiply",
    signature=signature(_SCALABLE, _SCALABLE, gives=Kind.NUMBER),
    evaluate=_multiply,
    kernel=_arithmetic("multiply"),
    doc="the product; a duration and a number give a duration",
    example="likes * 2 is more than 3",
)
DIVIDE = Predicate(
    name="divide",
    signature=signature(Kind.NUMBER, Kind.NUMBER, gives=Kind.NUMBER),
    evaluate=_divide,
    kernel=_all_quotients,
    doc="the quotient; missing when the divisor is 0",
    example="likes / 2 is more than 3",
)
ABSOLUTE = Predicate(
    name="absolute",
    signature=signature(_SCALABLE, gives=Kind.NUMBER),
    evaluate=_absolute,
    kernel=_arithmetic("abs"),
    doc="the value without its sign",
    example="posted is within 2 days of seen",
)
CLOCK = Predicate(
    name="clock",
    signature=signature(Kind.TIME, gives=Kind.CLOCK),
    evaluate=_clock,
    kernel=_all_clocks,
    doc="the time of day of a time",
    example="posted is between 22:30 and 05:00",
)
