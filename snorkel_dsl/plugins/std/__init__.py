"""The plugin that ships, version 1: statistics of a text, its sentiment and its language, and how alike two texts are.

Pure functions in plain Python, deterministic, and linear in the length of the text wherever that can be. `functions.toml`
has their signatures; a change of what one of them says makes a new version.
"""

from __future__ import annotations

from snorkel_dsl.plugins.std.languages import is_language, language_of
from snorkel_dsl.plugins.std.likeness import contains_nearly, edit_distance, similarity
from snorkel_dsl.plugins.std.sentiment import polarity, subjectivity
from snorkel_dsl.plugins.std.statistics import (
    average_word_length,
    longest_repeat,
    reading_ease,
    share_of_capitals,
    share_of_digits,
    share_of_punctuation,
    word_variety,
)

__all__ = [
    "average_word_length",
    "contains_nearly",
    "edit_distance",
    "is_language",
    "language_of",
    "longest_repeat",
    "polarity",
    "reading_ease",
    "share_of_capitals",
    "share_of_digits",
    "share_of_punctuation",
    "similarity",
    "subjectivity",
    "word_variety",
]
