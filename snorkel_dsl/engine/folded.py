"""Many texts folded at once, without the way back to the original's offsets.

Folding changes an ASCII text only in its white space. So the texts are joined, and what is beyond ASCII in them, each
stretch with the character before it, is folded on its own; the same stretches come again and again.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from snorkel_dsl.language.text.folding import fold

# One of them that no text holds can stand between texts: none is white space, none composes with what follows.
_BETWEEN = [chr(code) for code in [*range(9), *range(14, 28), 127]]
_OTHER_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f"
_TO_SPACES = str.maketrans(_OTHER_SPACES, " " * len(_OTHER_SPACES))
_SHORT = 32  # characters: a longer stretch hardly comes again
_SPACES = re.compile("  +")


def fold_all(texts: list[str]) -> list[str]:
    """Each text as `fold(text, case=True).text`."""
    together = "".join(texts)
    between = next((character for character in _BETWEEN if character not in together), None)
    if between is None or not texts:
        return [fold(text, case=True).text for text in texts]
    joined = between + between.join(texts)
    points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    beyond = np.flatnonzero(points > 127)
    starts = beyond[np.diff(beyond, prepend=-1) > 1] - 1
    ends = beyond[np.diff(beyond, append=len(joined) + 1) > 1] + 1
    parts: list[str] = []
    done = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        parts += (joined[done:start], _folded(joined[start:end]))
        done = end
    parts.append(joined[done:])
    return _even("".join(parts))[1:].split(between)


def _even(text: str) -> str:
    """Each run of white space as one space. What is looked for as it is, is found far quicker than one of a class."""
    if any(space in text for space in _OTHER_SPACES):
        text = text.translate(_TO_SPACES)
    return _SPACES.sub(" ", text)


def _folded(stretch: str) -> str:
    return _folded_short(stretch) if len(stretch) <= _SHORT else fold(stretch, case=True).text


@lru_cache(maxsize=100_000)
def _folded_short(stretch: str) -> str:
    return fold(stretch, case=True).text
