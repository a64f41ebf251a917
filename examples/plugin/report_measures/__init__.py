"""Measurements in radiology reports. Plain functions of Python: nothing here knows of rules or of snorkel-dsl."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:x\s*(\d+(?:\.\d+)?)\s*)?(mm|cm)\b", re.IGNORECASE)


def largest_size(text: str) -> float:
    """The largest measurement in millimetres: 32 for `3.2 x 1.5 cm`; 0 where there is none."""
    sizes = [0.0]
    for first, second, unit in _SIZE.findall(text):
        scale = 10 if unit.lower() == "cm" else 1
        sizes += [float(number) * scale for number in (first, second) if number]
    return max(sizes)


def growth(text: str, earlier: str) -> float:
    """By how many millimetres the largest measurement exceeds that of an earlier text.

    Raises ValueError where one of them has none: there is no answer, and the rule that asks abstains on that row.
    """
    now, before = largest_size(text), largest_size(earlier)
    if not now or not before:
        raise ValueError("nothing is measured in " + ("the text" if not now else "the earlier text"))
    return now - before


def reads_alike(texts: list[str], earlier: list[str]) -> list[bool]:
    """For each pair of texts, whether they have the same words in any order. It is a batch function: lists in, a list out."""
    return [
        sorted(one.lower().split()) == sorted(other.lower().split()) for one, other in zip(texts, earlier, strict=True)
    ]
