"""The types of the language: what a column holds and what a condition is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a value is. The Python and the Arrow form of each are the engine's business; its meaning is this:

    TEXT        a string of characters (a piece of a text column is TEXT as well)
    NUMBER      an IEEE double
    TIME        a point in time, whole microseconds since 1970-01-01 UTC
    CLOCK       a time of day, whole microseconds since midnight
    DURATION    whole microseconds
    YES_NO      True or False
    CHOICE      one of the texts that the column declares
    TEXTS       a list of text
    NUMBERS     a list of numbers
    CONDITION   True, False or unknown (Kleene's logic)
    PIECES      the pieces of a text: sentences, lines, paragraphs, pieces between separators
    SPAN        a place in a text column: (start, end) character offsets, the end exclusive
    ANNOTATION  what a language pipeline says of a text: its tokens, entities and noun phrases
    TERMS, PATTERN, SECTION, LOOKUP, CONTEXT, PIPELINE, FUNCTION, COUNT, WORD     constants only: what stands in the rules
                file, resolved
    """

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    CLOCK = "time of day"
    DURATION = "duration"
    YES_NO = "yes/no"
    CHOICE = "one of"
    TEXTS = "list of text"
    NUMBERS = "list of number"
    CONDITION = "condition"
    PIECES = "pieces of text"
    SPAN = "span of text"
    ANNOTATION = "annotated text"
    TERMS = "terms"
    PATTERN = "regular expression"
    SECTION = "section"
    LOOKUP = "lookup"
    CONTEXT = "context"
    PIPELINE = "pipeline"
    FUNCTION = "function"
    COUNT = "whole number"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Type:
    """A kind, with the choices of a CHOICE, the bounds of a NUMBER (both inclusive, None where open), and of a SPAN.

    A SPAN is `of` a text column. Its data are character offsets, or, `in_words`, inclusive positions in a list of words.
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    of: str | None = None
    in_words: bool = False

    def __str__(self) -> str:
        return self.kind.value


TEXT = Type(Kind.TEXT)
NUMBER = Type(Kind.NUMBER)
TIME = Type(Kind.TIME)
CLOCK = Type(Kind.CLOCK)
DURATION = Type(Kind.DURATION)
YES_NO = Type(Kind.YES_NO)
TEXTS = Type(Kind.TEXTS)
NUMBERS = Type(Kind.NUMBERS)
CONDITION = Type(Kind.CONDITION)
PIECES = Type(Kind.PIECES)


@dataclass(frozen=True, slots=True)
class Signature:
    """What an operator takes and gives: the accepted kinds of each parameter, and the kind of the result.

    `rest` holds the accepted kinds of any further arguments (None: there are none). This is all that the checker knows
    of an operator; the catalog maps an operator's name to its signature.
    """

    parameters: tuple[frozenset[Kind], ...]
    result: Kind
    rest: frozenset[Kind] | None = None
