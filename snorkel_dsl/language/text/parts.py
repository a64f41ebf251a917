"""The parts of a text: words, tokens, sentences, lines, paragraphs, links, letters and capitals. Version 1.

Everything is computed from the original text, by rule, in time linear in its length, and given as (start, end) offsets.

word        a letter or digit with the letters, digits and marks after it; further runs of the same follow after a single
            `'` `’` `.` `-` `‐` `‑` or `/` with nothing else between: `don't`, `1.5`, `x-ray` and `and/or` are one word each,
            `3,000` two, `--` none
token       what white space separates: `str.split()` of the frozen white space
letter      a character of general category L; a capital one is Lu or Lt. A capital word has a letter, and no letter of
            it is anything but capital
link        `http://`, `https://` or `www.`, in any case and not after a letter or digit, with all that follows up to white
            space, `<`, `>` or `"`; at least one such character
line        what line ends separate, without them: CR LF, LF, CR, NEL (U+0085), U+2028, U+2029. A line of nothing but white
            space does not count
paragraph   lines up to one that is empty or of nothing but white space, without the white space around them
sentence    see `sentences`
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from snorkel_dsl.language.text.characters import (
    ASCII_DIGITS,
    ASCII_LETTERS,
    ASCII_WHITE_SPACE,
    character_class,
    is_capital,
    is_letter,
    is_letter_or_digit,
    is_mark,
    is_small,
)

Place = tuple[int, int]
COVER = "\ufdd0"  # stands for each character that is left out: no letter, digit or white space, and in nobody's terms

_LINE = re.compile(r"([^\n\r\x85\u2028\u2029]*)(\r\n|[\n\r\x85\u2028\u2029]|\Z)")


def words(text: str) -> list[Place]:
    """The words of a text."""
    return [found.span() for found in _word(text.isascii()).finditer(text)]


def tokens(text: str) -> list[Place]:
    """The tokens of a text."""
    return [found.span() for found in _token(text.isascii()).finditer(text)]


def lines(text: str) -> list[Place]:
    """The lines of a text, with the white space at their start and end, without blank lines and line ends."""
    return [found.span(1) for found in _LINE.finditer(text) if found[1] and not is_blank(found[1])]


def paragraphs(text: str) -> list[Place]:
    """The paragraphs of a text, without the white space around them."""
    groups: list[Place] = []
    open_group = False
    for found in _LINE.finditer(text):
        blank = is_blank(found[1])
        if not blank:
            start, end = trimmed(text, *found.span(1))
            groups.append((groups.pop()[0], end) if open_group else (start, end))
        open_group = not blank
    return groups


def links(text: str) -> list[Place]:
    """The links of a text."""
    return [
        found.span()
        for found in _link(text.isascii()).finditer(text)
        if not found.start() or not _touches_word(text, found.start())
    ]


def letters(text: str) -> list[Place]:
    """The letters of a text."""
    return [(index, index + 1) for index, character in enumerate(text) if is_letter(character)]


def capitals(text: str) -> list[Place]:
    """The capital letters of a text."""
    return [(index, index + 1) for index, character in enumerate(text) if is_capital(character)]


def capital_words(text: str) -> list[Place]:
    """The words of a text that are written in capitals."""
    return [(start, end) for start, end in words(text) if _all_capital(text[start:end])]


def characters(text: str) -> list[Place]:
    """The characters (code points) of a text."""
    return [(index, index + 1) for index in range(len(text))]


def pieces(text: str, separator: str) -> list[Place]:
    """`str.split(separator)`, empty pieces included; an empty text (an absent section is one) has no pieces."""
    if not text:
        return []
    places = []
    start = 0
    for piece in text.split(separator):
        places.append((start, start + len(piece)))
        start += len(piece) + len(separator)
    return places


def is_blank(text: str) -> bool:
    """Whether a text is empty or of nothing but white space."""
    return trimmed(text, 0, len(text))[0] == len(text)


def trimmed(text: str, start: int, end: int) -> Place:
    """A place without the white space at its start and end; (end, end) where there is nothing else."""
    spaces = white_space()
    while start < end and text[start] in spaces:
        start += 1
    while end > start and text[end - 1] in spaces:
        end -= 1
    return start, end


@cache
def white_space() -> frozenset[str]:
    """The white space characters of the frozen table (written out, so that ASCII needs no table)."""
    codes = [*range(0x9, 0xE), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)]
    return frozenset(map(chr, [*codes, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]))


def _all_capital(word: str) -> bool:
    found = [is_capital(character) for character in word if is_letter(character)]
    return bool(found) and all(found)


def _touches_word(text: str, end: int) -> bool:
    """Whether what stands before an offset is a letter or digit, perhaps with marks."""
    before = end - 1
    while before >= 0 and is_mark(text[before]):
        before -= 1
    return before >= 0 and is_letter_or_digit(text[before])


@cache
def _word(ascii_only: bool) -> re.Pattern[str]:
    run, inner = f"[{ASCII_LETTERS}{ASCII_DIGITS}]+", "['./-]"
    if not ascii_only:
        letter_or_digit = character_class("letters", "digits")
        run, inner = f"[{letter_or_digit}][{letter_or_digit}{character_class('marks')}]*", "['’./‐‑-]"
    return re.compile(f"{run}(?:{inner}{run})*")


@cache
def _token(ascii_only: bool) -> re.Pattern[str]:
    return re.compile(f"[^{ASCII_WHITE_SPACE if ascii_only else character_class('white_space')}]+")


@cache
def _link(ascii_only: bool) -> re.Pattern[str]:
    spaces = ASCII_WHITE_SPACE if ascii_only else character_class("white_space")
    return re.compile(rf'(?:[Hh][Tt][Tt][Pp][Ss]?://|[Ww][Ww][Ww]\.)[^<>"{spaces}]+')


# --------------------------------------------------------------------------------------------------------- sentences

# Always followed by more of the same sentence.
_BEFORE_MORE = re.compile(
    "dr|mr|mrs|ms|mx|prof|rev|hon|st|gen|col|maj|capt|cmdr|lt|sgt|sen|gov|messrs|vs|cf|viz|al|figs?|eqs?|vol|pp|eds|approx"
    "|ca|dept|est|esp|incl|excl|resp|hx|dx|rx|tx|sx|fx|pts?"
)
# The same, but only before a number.
_BEFORE_NUMBER = re.compile("nos?|p|pg|ch|sec|art|refs?|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec")
_CLOSING = "\"'”’»)\\]}"
_STOP = re.compile(
    rf"(?P<stop>[.!?…]+[{_CLOSING}]*)(?=[{ASCII_WHITE_SPACE}\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|\Z)"
    rf"|(?P<wide>[。！？｡]+[{_CLOSING}」』）]*)|(?P<line>\r\n|[\n\r\x85\u2028\u2029])"
)
_ITEM = re.compile(r"(?:[-*•‣▪–—]|\(?(?:[0-9]{1,3}|[A-Za-z])[.)])(?:[^\S\n]|\Z)")
_LONGEST_ABBREVIATION = 16


def sentences(text: str) -> list[Place]:
    """The sentences of a text, without the white space around them.

    A sentence ends
    - at a run of `.` `!` `?` `…` (with closing quotes and brackets after it) before white space or the end of the text;
    - at a run of `。` `！` `？`, whatever follows;
    - at a line end, unless the next line goes on with a small letter or the line ends in a `.` that does not end the
      sentence; but before a list item (`- `, `* `, `• `, `1. `, `2) `,
      `a. `) and before a blank line always.

    A single `.` does not end it
    - after an abbreviation that more must follow: `Dr.`, `vs.`, `Fig.` …; before a number also `No.`, `p.`, `Jan.` …;
    - after letters with stops between them, `e.g.`, `U.S.`, `a.m.`, unless they are small and a capital letter follows;
    - after a single capital letter other than `I`, which is an initial;
    - after the number or letter of a list item (`1.`, `a.`) at the start of a sentence or after a colon.
    A run of several stops, or `…`, does not end it before a small letter. A stop inside `1.5` or `x.y` has no white space
    after it and never ends one.
    """
    places: list[Place] = []
    start, _ = trimmed(text, 0, len(text))
    for found in _STOP.finditer(text, start):
        if found.start() < start or not _ends_sentence(text, start, found):
            continue
        places.append(trimmed(text, start, found.end()))
        start = _skip_white_space(text, found.end())
    places.append(trimmed(text, start, len(text)))
    return [(first, last) for first, last in places if first < last]


def _ends_sentence(text: str, start: int, found: re.Match[str]) -> bool:
    following = _skip_white_space(text, found.end())
    if found["line"]:
        return _line_end_ends(text, found, following)
    if found["stop"] is None:
        return True
    marks = found["stop"].rstrip("\"'”’»)]}")
    if marks == ".":
        return _full_stop_ends(text, start, found.start(), following)
    if "!" in marks or "?" in marks:
        return True
    return not is_small(text[following : following + 1])


def _line_end_ends(text: str, found: re.Match[str], following: int) -> bool:
    if _LINE_END.search(text, found.end(), following) or _ITEM.match(text, following):
        return True
    goes_on = text.endswith(".", 0, found.start())  # a stop that did not end the sentence: `Dr.`
    return not goes_on and not is_small(text[following : following + 1])


_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def _skip_white_space(text: str, start: int) -> int:
    spaces = white_space()
    while start < len(text) and text[start] in spaces:
        start += 1
    return start


def _full_stop_ends(text: str, start: int, stop: int, following: int) -> bool:
    word, word_start = _word_before(text, start, stop)
    next_character = text[following : following + 1]
    if _BEFORE_MORE.fullmatch(word.lower()):
        return False
    if _BEFORE_NUMBER.fullmatch(word.lower()) and next_character in set("0123456789"):
        return False
    if _is_dotted(word):
        return is_small(word[0]) and word not in ("e.g", "i.e") and is_capital(next_character)
    if len(word) == 1 and word != "I" and is_capital(word):
        return False
    return not (_is_item_number(word) and _opens_item(text, start, word_start))


def _word_before(text: str, start: int, stop: int) -> tuple[str, int]:
    """The letters, digits and inner stops just before a full stop, as far as an abbreviation could reach, and their start."""
    first = stop
    lowest = max(start, stop - _LONGEST_ABBREVIATION)
    while first > lowest and (is_letter_or_digit(text[first - 1]) or text[first - 1] == "."):
        first -= 1
    return text[first:stop], first


def _is_dotted(word: str) -> bool:
    """Single letters with stops between them."""
    parts = word.split(".")
    return len(parts) > 1 and all(len(part) == 1 and is_letter(part) for part in parts)


def _is_item_number(word: str) -> bool:
    return (word.isascii() and word.isdigit() and len(word) <= 3) or (len(word) == 1 and is_letter(word))


def _opens_item(text: str, start: int, word_start: int) -> bool:
    """Whether a list item can begin here: at the start of the sentence, perhaps after `(`, or after a colon."""
    opening = text[start:word_start] if word_start - start <= 1 else None
    before = text[max(start, word_start - 8) : word_start].rstrip(" \t")
    return opening in ("", "(") or before.endswith(":")


MEASURES: dict[str, Callable[[str], list[Place]]] = {
    "characters": characters,
    "letters": letters,
    "words": words,
    "tokens": tokens,
    "sentences": sentences,
    "lines": lines,
    "paragraphs": paragraphs,
    "links": links,
    "capitals": capitals,
}
CAPITALS: dict[str, Callable[[str], list[Place]]] = {
    "letters": capitals,
    "characters": capitals,
    "words": capital_words,
}
