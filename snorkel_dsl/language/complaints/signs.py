"""What to say of signs: quotes, brackets, numbers, dashes, and signs that other languages use."""

from __future__ import annotations

import re
from unicodedata import category, name

from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.language.complaints.blocks import of_unreadable
from snorkel_dsl.language.complaints.failure import Failure
from snorkel_dsl.source import Span

_CURLY = dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛′", "'")
_DASHES = "‐‑‒–—―−"
_SIGNS = {"≥": ">=", "≤": "<=", "≠": "is not", "×": "*", "÷": "/", "…": "..."}


def curly_quotes(failure: Failure) -> Diagnostic | None:
    """Quotes as a word processor writes them."""
    if failure.here[:1] not in _CURLY:
        return None
    number, column = failure.source.position(failure.span.start)
    line = failure.source.line(number)
    straight = line[: column - 1] + "".join('"' if sign in _CURLY else sign for sign in line[column - 1 :])
    closing = re.match(r".[^“”„‟«»″‘’‚‛′\n]*[“”„‟«»″‘’‚‛′]?", failure.here)
    end = failure.span.start + (closing.end() if closing else 1)
    return failure.say(
        "curly-quotes",
        f"`{failure.here[0]}` is a typographic quote",
        'words stand between straight quotes, `"…"`',
        f"write `{straight.strip()}`",
        span=Span(failure.span.start, end),
    )


def single_quotes(failure: Failure) -> Diagnostic | None:
    """Quotes as Python's."""
    found = re.match(r"'([^'\n]*)'?", failure.here)
    if not found:
        return None
    span = Span(failure.span.start, failure.span.start + found.end())
    help_text = f"write {failure.with_text(span, chr(34) + found[1] + chr(34))}"
    return failure.say("single-quotes", "words stand between double quotes", "single quotes", help_text, span=span)


def unclosed_quote(failure: Failure) -> Diagnostic | None:
    """A quote that its line, or its block, does not close."""
    here = failure.here
    rest = failure.source.text[failure.span.start : failure.block.end]
    if here.startswith('"""'):
        if re.match(r'"""(.|\n)*?"""', rest):
            return None
        return _unclosed_long_text(failure)
    if here[:1] not in ('"', "`") or re.match(r'"[^"\n]*"|`[^`\n]+`', here):
        return None
    span = Span(failure.span.start, failure.span.start + len(here.rstrip()))
    curly = next((sign for sign in here if sign in _CURLY and _CURLY[sign] == '"'), None)
    help_text = (
        f"close it with a straight quote, not `{curly}`" if curly else f"close it: add `{here[0]}` where it ends"
    )
    if failure.words_before and re.fullmatch(r'"[^"]*"', failure.previous) and here[0] == '"':
        help_text += '; a text with a quote in it stands between `"""` and `"""`'
    return failure.say("unclosed-quote", "this quote is never closed on its line", "opened here", help_text, span=span)


def odd_space(failure: Failure) -> Diagnostic | None:
    """A space that is none of the plain ones, or a character that cannot be seen at all."""
    sign = failure.here[:1]
    if sign.isascii() or category(sign) not in ("Zs", "Zl", "Zp", "Cf"):
        return None
    said = name(sign, f"U+{ord(sign):04X}").lower()
    span = Span(failure.span.start, failure.span.start + 1)
    help_text = "put a plain space there, or nothing"
    return failure.say("odd-space", f"here stands a {said}, which looks like nothing", said, help_text, span=span)


def escaped_quote(failure: Failure) -> Diagnostic | None:
    r"""`"say \"x\""`: a backslash is a plain character."""
    if not failure.previous.startswith('"') or not failure.previous.endswith('\\"'):
        return None
    help_text = 'a text with a quote in it stands between three quotes: `"""say "hello" to them"""`'
    place = failure.words_before[-1][1]
    span = Span(place.end - 2, place.end)
    message = "a backslash does not escape a quote"
    return failure.say("escaped-quote", message, "the text ends with this quote", help_text, span=span)


def _unclosed_long_text(failure: Failure) -> Diagnostic:
    """The mark stands where the text seems to end: before the next line of the block, or where the block ends."""
    source, start = failure.source, failure.span.start
    opened = Mark(source, Span(start, start + 3), "opened here")
    message = "this long text is never closed"
    help_text = 'close it with `"""`; all lines between are indented, for a block ends at the first line that is not'
    statement = source.line(source.position(start)[0])
    depth = len(statement) - len(statement.lstrip())
    rest = source.text[start : failure.block.end]
    after = re.search(rf"\n {{0,{depth}}}\S", rest)
    lines = (rest[: after.start()] if after else rest).rstrip().split("\n")
    if len(lines) == 1:
        return failure.say("unclosed-quote", message, opened.text, help_text, span=opened.span)
    end = start + len("\n".join(lines))
    last = Mark(source, Span(end - len(lines[-1].lstrip()), end), "does it end here?")
    return Diagnostic("unclosed-quote", message, last, (opened,), (help_text,))


def unclosed_regex(failure: Failure) -> Diagnostic | None:
    """A pattern that its line does not close."""
    if not failure.here.startswith("/") or failure.previous not in ("matches", "match", "case"):
        return None
    span = Span(failure.span.start, failure.span.start + len(failure.here.rstrip()))
    help_text = r"close it with `/`; a `/` inside of it is written `\/`, and every `[` needs its `]`"
    return failure.say(
        "unclosed-regex", "this pattern is never closed on its line", "opened here", help_text, span=span
    )


def comment_sign(failure: Failure) -> Diagnostic | None:
    """A comment as another language writes it."""
    second = failure.here[:1] in ("/", "-") and failure.source.text[failure.span.start - 1] == failure.here[0]
    start = failure.span.start - second
    found = re.match(r"//|--|/\*|;", failure.source.text[start : start + 2])
    if not found:
        return None
    sign = found[0]
    span = Span(start, start + len(sign))
    return failure.say("comment-sign", f"`{sign}` does not begin a comment", "", "a comment begins with `#`", span=span)


def number(failure: Failure) -> Diagnostic | None:
    """A number that is written in another way, or that something is stuck to."""
    found = re.match(r"\d+(?:,\d{3})+(?!\d)", failure.here)
    if found:
        span = Span(failure.span.start, failure.span.start + found.end())
        plain = found[0].replace(",", "_")
        helps = [f"write `{plain}`"]
        if failure.previous in ("of", ","):
            helps.append("for several numbers, put a space after each comma")
        return failure.say("comma-in-number", "a number is written without commas", "", *helps, span=span)
    found = re.match(r"(\d[\d_]*(?:\.\d+)?)([^\W\d_]\w*)", failure.here)
    if found:
        span = Span(failure.span.start, failure.span.start + found.end())
        help_text = f"write `{found[1]} {found[2]}`"
        return failure.say("missing-space", f"a space is missing in `{found[0]}`", "", help_text, span=span)
    if failure.here.startswith(".") and re.fullmatch(r"[\d._]+", failure.previous):
        place = failure.words_before[-1][1]
        found = re.match(r"[\d._]*", failure.source.text[place.start :])
        number = found[0] if found else ""
        span = Span(place.start, place.start + len(number))
        if re.fullmatch(r"\d+(_\d+)*\.\d+", number):
            help_text = "a whole number is needed here"
            return failure.say("not-a-whole-number", f"`{number}` is no whole number", "", help_text, span=span)
        help_text = 'numbers look like `10_000`, `0.8` or `80%`; a version is a text, `"1.5.2"`'
        return failure.say("unreadable-number", f"`{number}` is no number", "", help_text, span=span)
    found = re.match(r"\d[\d_.]*", failure.here)
    if found and not re.fullmatch(r"\d+(_\d+)*(\.\d+)?", found[0]):
        span = Span(failure.span.start, failure.span.start + found.end())
        help_text = "numbers look like `10_000`, `0.8` or `80%`"
        return failure.say("unreadable-number", f"`{found[0]}` is no number", "", help_text, span=span)
    return None


def equals_sign(failure: Failure) -> Diagnostic | None:
    """A sign of equality, or another that the language says in words."""
    found = re.match(r"!=|<>|===?|=", failure.here) or re.match(r"[≥≤≠×÷]", failure.here)
    if not found:
        return None
    sign = found[0]
    word = _SIGNS.get(sign, "is" if sign.startswith("=") else "is not")
    span = Span(failure.span.start, failure.span.start + found.end())
    if failure.previous == "is":
        instead = f"write {failure.with_text(failure.words_before[-1][1] | span, word)}"
    elif failure.previous in ("<", ">", "not"):
        instead = f"leave `{sign}` out"
    else:
        gap = "" if failure.source.text[span.start - 1] == " " else " "
        after = "" if failure.source.text[span.end : span.end + 1] in (" ", "\n", "") else " "
        instead = f"write {failure.with_text(span, gap + word + after)}"
    return failure.say("equals-sign", f"`{sign}` is said in words here", f"say `{word}`", instead, span=span)


def sign_after_is(failure: Failure) -> Diagnostic | None:
    """`is >= 3`: said twice."""
    if failure.previous not in ("is", "are") or not re.match(r"[<>]=?", failure.here):
        return None
    word = {"<": "less than", ">": "more than", "<=": "at most", ">=": "at least"}
    sign = re.match(r"[<>]=?", failure.here)[0]  # type: ignore[index]
    span = Span(failure.span.start, failure.span.start + len(sign))
    help_text = f"write {failure.with_text(span, word[sign])}"
    return failure.say("equals-sign", f"`{sign}` is said in words here", f"say `{word[sign]}`", help_text, span=span)


def dash(failure: Failure) -> Diagnostic | None:
    """A dash as a word processor writes it, or a hyphen in a name."""
    number, column = failure.source.position(failure.span.start)
    for word in re.finditer(r"[A-Za-z_]\w*(?:-\w+)+", failure.source.line(number)):
        if failure.here.startswith("-") and word.start() < column - 1 < word.end():
            span = Span(failure.span.start - column + 1 + word.start(), failure.span.start - column + 1 + word.end())
            help_text = f"write `{word[0].replace('-', '_')}`"
            message = f"`{word[0]}` has signs that a name cannot have"
            return failure.say(
                "letters-in-name", message, "names are made of a-z, A-Z, 0-9 and _", help_text, span=span
            )
    if failure.here[:1] not in _DASHES or not failure.here:
        return None
    span = Span(failure.span.start, failure.span.start + 1)
    help_text = f"write {failure.with_text(span, '-')}"
    return failure.say("smart-dash", f"`{failure.here[0]}` is a typographic dash", "minus is `-`", help_text, span=span)


def letters(failure: Failure) -> Diagnostic | None:
    """A letter that names are not made of."""
    if not re.match(r"\w", failure.here) or failure.here[0].isascii():
        return None
    text = failure.source.text
    start = failure.span.start
    while start > failure.block.start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    end = start + len(re.match(r"\w*", text[start:])[0])  # type: ignore[index]
    word = text[start:end]
    help_text = (
        f'a column\'s name may stand in back quotes: `` `{word}` ``; words to look for stand in quotes: `"{word}"`'
    )
    message = f"`{word}` has letters that a name cannot have"
    return failure.say(
        "letters-in-name", message, "names are made of a-z, A-Z, 0-9 and _", help_text, span=Span(start, end)
    )


def colon(failure: Failure) -> Diagnostic | None:
    """A colon at the end of a header, as in Python or YAML."""
    if not failure.here.startswith(":"):
        return None
    span = Span(failure.span.start, failure.span.start + 1)
    help_text = f"write {failure.with_text(span, '')}" if failure.here.strip() == ":" else "a space is enough"
    return failure.say("colon", "there are no colons in the language", "", help_text, span=span)


def brackets(failure: Failure) -> Diagnostic | None:
    """A bracket too many, or one too few that is noticed only on a later line."""
    opened: list[Span] = []
    for word, span in failure.words_before:
        if word == "(":
            opened.append(span)
        elif word == ")" and opened:
            opened.pop()
    here = failure.here[:1]
    if here == ")" and not opened:
        span = Span(failure.span.start, failure.span.start + 1)
        return failure.say(
            "extra-bracket", "no bracket is open here", "", "leave it out, or open one with `(`", span=span
        )
    between = failure.source.text[failure.words_before[-1][1].end : failure.span.start] if opened else ""
    if opened and ("\n" in between or failure.found in ("$END", "_NL")):
        return of_unreadable(failure.source, failure.block, "unclosed-bracket", opened[-1])
    if here and here in "[]{}" and failure.found == "":
        span = Span(failure.span.start, failure.span.start + 1)
        return failure.say(
            "other-brackets", f"`{here}` is not used in rules", "", "brackets are `(` and `)`", span=span
        )
    return None
