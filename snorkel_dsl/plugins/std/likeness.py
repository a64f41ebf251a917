"""How alike two texts are, by their characters. Case does not count, and white space is one space wherever it is."""

from __future__ import annotations

from collections import Counter
from math import sqrt

from snorkel_dsl.language.text import fold_case, parts

LONGEST = 20_000  # characters of the texts whose distance is asked; the work grows with the product of both
_RUN = 3


def similarity(text: str, phrase: str) -> float:
    """The cosine of the angle between the counts of runs of three characters: 1 for equal texts, 0 for nothing in common.

    A text counts as if a space stood at either end. Two texts without any character are equal.
    """
    first, second = _runs(text), _runs(phrase)
    if not first or not second:
        return float(first == second)
    shared = sum(count * second[run] for run, count in first.items())
    squares = sum(c * c for c in first.values()) * sum(c * c for c in second.values())
    return min(shared / sqrt(squares), 1.0)


def _runs(text: str) -> Counter[str]:
    plain = _plain(text)
    padded = f" {plain} "
    return Counter(padded[i : i + _RUN] for i in range(len(padded) - _RUN + 1)) if plain else Counter()


def edit_distance(text: str, other: str) -> float:
    """How many characters must be put in, left out or replaced to make one text the other (Levenshtein's distance).

    Raises ValueError for a text of more than 20,000 characters.
    """
    first, second = _bounded(text), _bounded(other)
    return float(_last_row(first, second, anywhere=False)[-1] if second else len(first))


def contains_nearly(text: str, phrase: str, edits: float) -> bool:
    """Whether a text contains a phrase with at most so many characters put in, left out or replaced (Sellers 1980).

    Raises ValueError for a phrase of more than 20,000 characters, and for less than no edits.
    """
    sought = _bounded(phrase)
    if edits < 0:
        raise ValueError(f"{edits:g} edits, and there cannot be fewer than 0")
    if len(sought) <= edits:
        return True
    return min(_last_row(sought, _plain(text), anywhere=True), default=len(sought)) <= edits


def _last_row(pattern: str, text: str, anywhere: bool) -> list[int]:
    """For each end in the text the distance of the pattern: to the text up to there, or (`anywhere`) to some part of it.

    The bit-parallel algorithm of Myers (1999), as Hyyrö (2003) gives it: a column of differences in a few long integers.
    """
    everywhere = (1 << len(pattern)) - 1
    last = 1 << max(len(pattern) - 1, 0)
    places: dict[str, int] = {}
    for index, character in enumerate(pattern):
        places[character] = places.get(character, 0) | 1 << index
    more, fewer, score = everywhere, 0, len(pattern)
    scores: list[int] = []
    for character in text:
        equal = places.get(character, 0)
        vertical = equal | fewer
        horizontal = (((equal & more) + more) ^ more) | equal
        raised = fewer | ~(horizontal | more) & everywhere
        lowered = more & horizontal
        score += bool(raised & last) - bool(lowered & last)
        raised = (raised << 1 | (not anywhere)) & everywhere
        lowered = lowered << 1 & everywhere
        more = lowered | ~(vertical | raised) & everywhere
        fewer = raised & vertical
        scores.append(score if pattern else (0 if anywhere else len(scores) + 1))
    return scores


def _plain(text: str) -> str:
    """Folded, with single spaces and none at the ends."""
    return " ".join(fold_case(text[start:end]) for start, end in parts.tokens(text))


def _bounded(text: str) -> str:
    plain = _plain(text)
    if len(plain) > LONGEST:
        raise ValueError(f"a text of {len(plain):,} characters; {LONGEST:,} are allowed")
    return plain
