"""Kleene's logic on batches, and counting: the operators that combine conditions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from snorkel_dsl.engine.values import Index, Mask, Truth


def negation(truth: Truth) -> Truth:
    """Not: unknown stays unknown."""
    return Truth(truth.false, truth.unknown)


def conjunction(left: Truth, right: Truth) -> Truth:
    """And: false wins, then unknown."""
    if left.unknown is None and right.unknown is None:
        return Truth(left.true & right.true)
    false = left.false | right.false
    true = left.true & right.true
    return Truth(true, ~(false | true))


def disjunction(left: Truth, right: Truth) -> Truth:
    """Or: true wins, then unknown."""
    true = left.true | right.true
    if left.unknown is None and right.unknown is None:
        return Truth(true)
    return Truth(true, ~(true | (left.false & right.false)))


def bounded(true: npt.NDArray[np.int64], unknown: npt.NDArray[np.int64], least: int | None, most: int | None) -> Truth:
    """Whether a count lies between bounds, where `true` count for certain and `unknown` may (`ir.Quantified`)."""
    low = -1 if least is None else least
    high = np.iinfo(np.int64).max if most is None else most
    sure = (true >= low) & (true + unknown <= high)
    never = (true + unknown < low) | (true > high)
    open_ = ~(sure | never)
    return Truth(sure, open_ if open_.any() else None)


def count(conditions: list[Truth], least: int | None, most: int | None) -> Truth:
    """How many of several conditions hold on each row, against bounds."""
    true = np.zeros(len(conditions[0].true), np.int64)
    unknown = np.zeros(len(true), np.int64)
    for condition in conditions:
        true += condition.true
        if condition.unknown is not None:
            unknown += condition.unknown
    return bounded(true, unknown, least, most)


def quantified(body: Truth, parents: Index, n: int, bounds: tuple[int | None, int | None, bool]) -> Truth:
    """How many pieces of each of n parents satisfy the body, against (least, most, every)."""
    least, most, every = bounds
    total = np.bincount(parents, minlength=n)
    true = np.bincount(parents[body.true], minlength=n)
    unknown = np.zeros(n, np.int64) if body.unknown is None else np.bincount(parents[body.unknown], minlength=n)
    if not every:
        return bounded(true, unknown, least, most)
    sure = (total > 0) & (true == total)
    never = (total == 0) | (true + unknown < total)
    open_ = ~(sure | never)
    return Truth(sure, open_ if open_.any() else None)


def unknown_where(truth: Truth, missing: Mask | None) -> Truth:
    """The same condition, unknown where a mask holds."""
    if missing is None:
        return truth
    unknown = missing if truth.unknown is None else truth.unknown | missing
    return Truth(truth.true & ~unknown, unknown)
