"""Regular expressions: which the language accepts, and what they are made of."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from snorkel_dsl.language.ir import Pattern


@lru_cache(maxsize=10_000)
def compile_pattern(pattern: Pattern) -> re.Pattern[str]:
    """The pattern as Python's own regular expression: what it means. Raises re.error where it is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # `[[`: a set of one bracket now, and that is what it means here
        return re.compile(pattern.text, re.NOFLAG if pattern.exact_case else re.IGNORECASE)
