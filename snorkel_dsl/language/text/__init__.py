"""What text means to the rules, version 1: folding, words, sentences, terms.

Pure functions over `str`, no model and no locale, so that a rule means the same for ever and everywhere. Everything that
depends on Unicode is read from `unicode.json`, which `generate` wrote once and which is frozen with `language 1`; text
that is ASCII needs no table. Places are character offsets, `start` inclusive and `end` exclusive.
"""

from __future__ import annotations

from snorkel_dsl.language.text.characters import simple_fold as fold_case

__all__ = ["VERSION", "fold_case"]

VERSION = 1
