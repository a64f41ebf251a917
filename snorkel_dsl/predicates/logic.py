"""Kleene's logic of true, false and unknown, and the questions whether a value is there at all."""

from __future__ import annotations

from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import Predicate, signature

Truth = bool | None

VALUES = (
    Kind.TEXT,
    Kind.NUMBER,
    Kind.TIME,
    Kind.CLOCK,
    Kind.DURATION,
    Kind.YES_NO,
    Kind.CHOICE,
    Kind.TEXTS,
    Kind.NUMBERS,
)


def _and(*conditions: Truth) -> Truth:
    if False in conditions:
        return False
    return None if None in conditions else True


def _or(*conditions: Truth) -> Truth:
    if True in conditions:
        return True
    return None if None in conditions else False


def _not(condition: Truth) -> Truth:
    return None if condition is None else not condition


def _at_least_of(count: int, *conditions: Truth) -> Truth:
    true = sum(condition is True for condition in conditions)
    unknown = sum(condition is None for condition in conditions)
    if true >= count:
        return True
    return None if true + unknown >= count else False


def _at_most_of(count: int, *conditions: Truth) -> Truth:
    return _not(_at_least_of(count + 1, *conditions))


def _is_missing(value: object) -> bool:
    return value is None


AND = Predicate(
    name="and",
    signature=signature(Kind.CONDITION, gives=Kind.CONDITION, rest=Kind.CONDITION),
    evaluate=_and,
    doc="true when all conditions are true, false when one is false, unknown otherwise",
    example='text mentions "a" and likes is 3',
    takes_missing=True,
)
OR = Predicate(
    name="or",
    signature=signature(Kind.CONDITION, gives=Kind.CONDITION, rest=Kind.CONDITION),
    evaluate=_or,
    doc="true when one condition is true, false when all are false, unknown otherwise",
    example='text mentions "a" or likes is 3',
    takes_missing=True,
)
NOT = Predicate(
    name="not",
    signature=signature(Kind.CONDITION, gives=Kind.CONDITION),
    evaluate=_not,
    doc="the opposite of a condition; unknown stays unknown",
    example='text does not mention "a"',
    takes_missing=True,
)
AT_LEAST_OF = Predicate(
    name="at_least_of",
    signature=signature(Kind.COUNT, gives=Kind.CONDITION, rest=Kind.CONDITION),
    evaluate=_at_least_of,
    doc="whether at least so many of the conditions are true, whatever the unknown ones turn out to be",
    example='at least 2 of\n        text mentions "a"\n        likes is 3\n        shared is yes',
    takes_missing=True,
)
AT_MOST_OF = Predicate(
    name="at_most_of",
    signature=signature(Kind.COUNT, gives=Kind.CONDITION, rest=Kind.CONDITION),
    evaluate=_at_most_of,
    doc="whether at most so many of the conditions are true, whatever the unknown ones turn out to be",
    example='at most 1 of\n        text mentions "a"\n        likes is 3\n        shared is yes',
    takes_missing=True,
)
IS_MISSING = Predicate(
    name="is_missing",
    signature=signature(VALUES, gives=Kind.CONDITION),
    evaluate=_is_missing,
    doc="whether the row has no such value; never unknown",
    example="likes is missing",
    takes_missing=True,
)
