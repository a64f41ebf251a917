"""Regular expressions: which the language accepts, and what is wrong with the others.

Accepted is Python's syntax without what no automaton can do in time linear in the text: look-around, back-references,
conditionals, possessive and atomic groups. Repetitions are bounded in number and in the size they unfold to. Flags are
those that keep a pattern readable and its meaning one: `(?i)`, `(?s)`, `(?m)`, `(?u)` for the whole pattern, `(?i:…)`
and `(?s:…)` for a part. A `$` may stand anywhere: a matcher can tell the newline that ends a text from all others.

Python's own parser judges the syntax; a scan of the text, which knows only escapes, classes and brackets, finds the places.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

from snorkel_dsl.language.ir import Pattern

_parser: Any = import_module("re._parser")  # private, but the only definition of the syntax that there is

MOST_REPETITIONS = 1_000  # of one repetition, and of repetitions inside each other, multiplied
LARGEST_SIZE = 20_000  # characters, classes and edges, with bounded repetitions unfolded
DEEPEST = 100  # brackets inside each other

INVALID = "invalid-pattern"
UNSUPPORTED = "unsupported-pattern"


class PatternProblem(NamedTuple):
    """What is wrong with a pattern: the place in its text, the kind of diagnostic, a message and a help."""

    start: int
    end: int
    kind: str
    message: str
    help: str


@lru_cache(maxsize=10_000)
def compile_pattern(pattern: Pattern) -> re.Pattern[str]:
    """The pattern as Python's own regular expression: what it means. Raises re.error where it is none."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", FutureWarning
        )  # `[[`: a set with a bracket in it, as it was in every Python so far
        return re.compile(pattern.text, re.NOFLAG if pattern.exact_case else re.IGNORECASE)


def check_pattern(text: str) -> list[PatternProblem]:
    """Everything that keeps a pattern out of the language, in the order of its places; empty: it is accepted."""
    if _depth(text) > DEEPEST:
        message = f"brackets stand inside each other more than {DEEPEST} deep"
        return [PatternProblem(0, len(text), UNSUPPORTED, message, "write several patterns, joined with `or`")]
    unsupported = [problem for part in _parts(text) for problem in _judge(text, part)]
    if unsupported:
        return unsupported
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            parsed = _parser.parse(text)
    except (re.error, OverflowError) as error:
        return [_invalid(text, error)]
    return _too_large(text, parsed)


# ----------------------------------------------------------------------------------------------------- what Python says

_HELPS = {
    "missing ), unterminated subpattern": "close it with `)`, or write `\\(` for the character",
    "unbalanced parenthesis": "open it with `(`, or write `\\)` for the character",
    "unterminated character set": "close it with `]`, or write `\\[` for the character",
    "nothing to repeat": "write what is to be repeated before it, or a backslash for the character",
    "multiple repeat": "repeat once, or put the inner repetition into `(?:…)`",
    "bad escape (end of pattern)": "write `\\\\` for a backslash",
    "min repeat greater than max repeat": "write the smaller number first",
    "global flags not at the start of the expression": "move the flags to the start",
}


def _invalid(text: str, error: re.error | OverflowError) -> PatternProblem:
    if isinstance(error, OverflowError):
        return PatternProblem(0, len(text), UNSUPPORTED, "a number in it is too large", _SMALLER)
    reason = error.msg.split(" at position")[0]
    start = min(error.pos or 0, max(len(text) - 1, 0))
    help_ = _HELPS.get(reason, "a character with a meaning of its own is written with a backslash before it: `\\.`")
    if reason.startswith("bad escape"):
        help_ = _HELPS.get(
            reason, f"write the letter alone, or `\\\\` for a backslash: `{text[start : start + 2]}` means nothing"
        )
    return PatternProblem(start, _end_of_unit(text, start), INVALID, f"not a regular expression: {reason}", help_)


def _end_of_unit(text: str, start: int) -> int:
    return min(len(text), start + (2 if text[start : start + 1] == "\\" else 1))


# ------------------------------------------------------------------------------------------------------ what is written


@dataclass(frozen=True)
class _Part:
    """A unit of a pattern's text: a whole group from `(`, a repetition with its sign, an escape, or one character."""

    start: int
    end: int
    text: str


_UNIT = re.compile(
    r"\\(?:[1-9][0-9]?|.)"  # an escape or a back-reference
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # a class
    r"|\(\?(?:P?<[=!]?|P=|P>|[=!>:]|\([^)]*\)?|[a-zA-Z-]+[:)])?"  # how a group opens
    r"|(?:[*+?]|\{[0-9]*,?[0-9]*\})[+?]?"  # a repetition
    r"|.",
    re.DOTALL,
)


_SETS_FLAGS = re.compile(r"\(\?[a-zA-Z-]+\)")


def _parts(text: str) -> Iterator[_Part]:
    for found in _UNIT.finditer(text):
        yield _Part(found.start(), found.end(), found[0])


def _depth(text: str) -> int:
    depth = deepest = 0
    for part in _parts(text):
        opens = part.text.startswith("(") and not _SETS_FLAGS.fullmatch(part.text)
        depth += opens - (part.text == ")")
        deepest = max(deepest, depth)
    return deepest


def _group_end(text: str, start: int) -> int:
    """After the bracket that closes the group which opens at an offset; the end of the text where none does."""
    depth = 0
    for part in _parts(text):
        if part.start < start:
            continue
        if part.text.startswith("(") and not _SETS_FLAGS.fullmatch(part.text):
            depth += 1
        elif part.text == ")":
            depth -= 1
        if depth == 0:
            return part.end
    return len(text)


_SMALLER = "write a smaller number, or `+` or `*`"
_GROUPS = {
    "(?=": ("look-ahead", "match what follows as well: `{before}{inside}`"),
    "(?!": ("look-ahead", "say it in a condition of its own: `text matches /…/ and text does not match /…/`"),
    "(?<=": ("look-behind", "match what is before as well: `{inside}{after}`"),
    "(?<!": ("look-behind", "say it in a condition of its own: `text matches /…/ and text does not match /…/`"),
    "(?(": ("a conditional", "write the two cases with `|`"),
    "(?>": ("an atomic group", "write an ordinary group: `(?:{inside})`"),
    "(?P=": ("a back-reference", "write out the cases with `|`"),
}


def _judge(text: str, part: _Part) -> Iterable[PatternProblem]:
    opening = part.text[:3] if part.text.startswith("(?(") else part.text
    if opening in _GROUPS:
        what, advice = _GROUPS[opening]
        end = _group_end(text, part.start)
        inside = text[part.end : end - 1]
        rewrite = advice.format(before=text[: part.start], inside=inside, after=text[end:])
        yield _unsupported(part.start, end, what, rewrite)
    elif re.fullmatch(r"\\[1-9][0-9]?", part.text):
        if not re.fullmatch(r"\\[1-3][0-7]", part.text) or not re.match(r"[0-7]", text[part.end :]):  # `\101` is octal
            yield _unsupported(part.start, part.end, "a back-reference", "write out the cases with `|`")
    elif len(part.text) > 1 and part.text[-1] == "+" and part.text[0] in "*+?{":
        yield _unsupported(part.start, part.end, "a possessive repetition", f"write `{part.text[:-1]}`")
    elif re.fullmatch(r"\(\?[a-zA-Z-]+[:)]", part.text):
        yield from _judge_flags(part)
    elif part.text[0] == "{" and max(map(int, re.findall("[0-9]+", part.text)), default=0) > MOST_REPETITIONS:
        message = f"`{part.text}` repeats more than {MOST_REPETITIONS:_} times"
        yield PatternProblem(part.start, part.end, UNSUPPORTED, message, _SMALLER)


def _unsupported(start: int, end: int, what: str, rewrite: str) -> PatternProblem:
    message = f"{what} is not among the regular expressions of the language, which are matched in linear time"
    return PatternProblem(start, end, UNSUPPORTED, message, rewrite)


def _judge_flags(part: _Part) -> Iterable[PatternProblem]:
    flags = set(part.text[2:-1]) - {"-"}
    allowed = set("ismu") if part.text.endswith(")") else set("is")
    for flag in sorted(flags - allowed):
        if flag in "imsxauLt":
            message = f"the flag `{flag}` is not accepted here"
            yield PatternProblem(part.start, part.end, UNSUPPORTED, message, _FLAG_HELPS.get(flag, "leave it out"))


_FLAG_HELPS = {
    "x": "write the pattern without blanks and comments; comments go on a line of their own after `#`",
    "a": "write the class out: `[A-Za-z0-9_]` for `\\w`, `[0-9]` for `\\d`",
    "m": "write `(?m)` at the start, for the whole pattern",
}

# -------------------------------------------------------------------------------------------------------------- its size


def _too_large(text: str, parsed: Any) -> list[PatternProblem]:
    repetitions, size = _measure(parsed)
    if repetitions > MOST_REPETITIONS:
        message = f"repetitions inside each other come to {repetitions:_}, more than {MOST_REPETITIONS:_}"
        return [PatternProblem(0, len(text), UNSUPPORTED, message, _SMALLER)]
    if size > LARGEST_SIZE:
        message = f"the pattern unfolds to {size:_} characters, more than {LARGEST_SIZE:_}"
        return [PatternProblem(0, len(text), UNSUPPORTED, message, "write several patterns, or a terms list")]
    return []


def _measure(parsed: Any) -> tuple[int, int]:
    """The largest product of bounded repetitions inside each other, and the size with repetitions unfolded."""
    repetitions, size = 1, 0
    for operator, argument in parsed:
        inner, times = _inside(str(operator), argument)
        for sequence in inner:
            most, length = _measure(sequence)
            repetitions = max(repetitions, most * times)
            size += length * times
        size += not inner
    return repetitions, size


def _inside(operator: str, argument: Any) -> tuple[list[Any], int]:
    """The sequences inside a parsed item, and how often it repeats them at most (without a bound: at least)."""
    match operator:
        case "BRANCH":
            return list(argument[1]), 1
        case "SUBPATTERN":
            return [argument[3]], 1
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = argument
            return [inner], max(1, int(least) if most == _parser.MAXREPEAT else int(most))
    return [], 1
