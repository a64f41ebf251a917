"""What to say of a block's header, of its layout, and of lines that are missing or end too early."""

from __future__ import annotations

import re

from snorkel_dsl.diagnostics import Diagnostic, Mark, did_you_mean
from snorkel_dsl.language.complaints.failure import Failure, expected, shortened
from snorkel_dsl.language.complaints.files import HEADERS, foreign
from snorkel_dsl.language.complaints.phrases import other_wording
from snorkel_dsl.source import Source, Span

_BODY_WORDS = frozenset((
    "when", "unless", "otherwise", "example", "expect", "source", "status", "formerly", "note", "labels", "balance",
    "columns", "column", "either", "compare", "headed", "except", "file", "exact", "exactly", "any", "all", "none", "from",
    "negation", "uncertain", "history", "family", "stop", "not", "replace", "keep", "apply", "make", "vote", "it", "some",
    "synonyms", "at", "skip",
))  # fmt: skip
_LABEL_WORDS = ("votes", "vote", "labels", "means", "implies", "balance")


# --------------------------------------------------------------------------------------------------------- the layout


def of_unreadable(source: Source, block: Span, kind: str, span: Span) -> Diagnostic:
    """What to say of a block whose layout is wrong, or that is refused although each word is in place."""
    message, mark, help_text = _UNREADABLE[kind]
    words = source.slice(span)
    if kind == "missing-verb" and not words.startswith('"'):
        help_text = "list numbers after `one of`: `likes is one of 3, 4`; or say it twice: `likes is 3 or likes is 4`"
    return Diagnostic(
        kind, message.format(words=words), Mark(source, span, mark), helps=(help_text.format(words=words),)
    )


_UNREADABLE = {
    "tab": ("a tab in the indentation", "a tab", "indent with spaces: four for each step"),
    "uneven-indentation": (
        "this line is indented like no line above it",
        "neither the list above nor the lines before it begin here",
        "indent it exactly like the line that it belongs beside",
    ),
    "shallow-continuation": (
        "a line that goes on with the one above must be indented deeper than that",
        "this continues the line above",
        "put at least one more space in front",
    ),
    "unclosed-bracket": ("this bracket is never closed", "opened here", "close it with `)` where the group ends"),
    "too-deep": (
        "this goes too deep to be read",
        "more than 60 levels or operators in one statement",
        "give parts of it names with `condition` blocks, and use the names",
    ),
    "unreadable-number": (
        "this number is too large",
        "",
        "numbers go up to 10 to the power of 308, durations up to 10_000_000 of their unit",
    ),
    "missing-verb": (
        "nothing is said of `{words}`",
        "what about it?",
        "join words with `or`: `text mentions \"a\" or \"b\"`; for both of them, say it twice: "
        "`text mentions \"a\" and text mentions \"b\"`",
    ),
}  # fmt: skip


# --------------------------------------------------------------------------------------------------------- the header


def header(failure: Failure) -> Diagnostic | None:
    """The first word of the block is no block's."""
    line = failure.source.text[failure.block.start : failure.block.end].partition("\n")[0]
    place = Span(failure.block.start, failure.block.start + len(line.rstrip()))
    word = re.match(r"\w*", line)
    first = word[0] if word else ""
    if first in HEADERS:
        return None
    if not line[:1].strip():
        where = Span(failure.block.start + len(line) - len(line.lstrip()), place.end)
        help_text = "begin with a header in column 0, such as `rule NAME votes LABEL`, and indent its lines below"
        return failure.say(
            "missing-header", "this line belongs to no block", "no header above it", help_text, span=where
        )
    if (
        first in _BODY_WORDS
        or line[0] in '",`'
        or re.match(r"(and|or|`?\w+`?[ \t]+(text|number|time|yes/no)$)\b", line)
    ):
        said = f"`{first}` belongs inside a block" if first else "this line belongs inside a block"
        return failure.say("not-indented", said, "not indented", "put four spaces in front", span=place)
    return other_wording(failure) or _unknown_block(failure, first, line)


def _unknown_block(failure: Failure, first: str, line: str) -> Diagnostic:
    close = did_you_mean(first, HEADERS) if first else None
    span = Span(failure.block.start, failure.block.start + max(1, len(first)))
    if close and close == first.lower():
        return failure.say("unknown-block", f"`{first}` is written `{close}`", "keywords are lower case", span=span)
    if re.match(r"(not )?[\w.]+( or [\w.]+)* implies ", line):
        help_text = f"write `require {line.strip()}`"
        return failure.say("unknown-block", f"no block begins with `{first}`", "", help_text, span=span)
    glued = next((word for word in HEADERS if first.startswith(word)), None)
    if close or glued:
        better = f"`{close}`" if close else f"`{glued} {first[len(glued or '') :]}`"
        return failure.say("unknown-block", f"no block begins with `{first}`", "", f"did you mean {better}?", span=span)
    other = foreign(line)
    message = f"this looks like {other}" if other else f"no block begins with `{first or line[0]}`"
    known = ", ".join(f"`{word}`" for word in HEADERS)
    return failure.say(
        "unknown-block", message, "a block begins in column 0", f"a block begins with {known}", span=span
    )


# ----------------------------------------------------------------------------------------------- what is not finished


def missing_body(failure: Failure) -> Diagnostic | None:
    """A header without lines, or a line that announces a list and has none."""
    if failure.accepted != {"_INDENT"}:
        return None
    line = failure.source.text[failure.block.start : failure.block.end].partition("\n")[0]
    header = re.match(r"\w+", line)
    word = header[0] if header else ""
    place = failure.words_before[-1][1] if failure.words_before else failure.span
    if failure.found != "$END" or "\n" in failure.source.slice(failure.block):
        below = "the lines of its list must stand below it, indented deeper"
        help_text = "put each item on a line of its own, four spaces deeper than this line"
        return failure.say("missing-list", "here a list must follow", below, help_text, span=place)
    what = _BODIES.get(word, "its lines")
    whole = Span(failure.block.start, failure.block.start + len(line.rstrip()))
    return failure.say("missing-body", f"this {word} says nothing", f"{what} belongs below, indented", span=whole)


_BODIES = {
    "rule": "a line such as `when text mentions \"…\"`", "condition": "a line such as `when text mentions \"…\"`",
    "data": "a line for each column, such as `text text`,", "task": "a line such as `labels HAM, SPAM`",
    "terms": "a line of words in quotes", "sections": "a line such as `FINDINGS headed \"findings\"`",
    "lookup": "a line such as `column name`", "slice": "a line such as `when text mentions \"…\"`",
    "context": "a line such as `negation before \"no\"`", "transform": "a line such as `replace one of A in text with \"x\"`",
    "augment": "a line such as `apply swap_names`",
}  # fmt: skip


def indentation(failure: Failure) -> Diagnostic | None:
    """A line that is indented although no list begins above it."""
    if failure.found != "_INDENT":
        return None
    rest = failure.source.text[failure.span.end : failure.block.end].partition("\n")[0]
    span = Span(failure.span.end, failure.span.end + max(1, len(rest.rstrip())))
    help_text = "indent it like the line above, or, if it goes on with that line, begin it with `and` or `or`"
    return failure.say(
        "unexpected-indentation", "this line is indented, but no list begins above", "", help_text, span=span
    )


def missing_label(failure: Failure) -> Diagnostic | None:
    """A label that is missing, or that is written in quotes."""
    quoted = re.match(r'"([^"\n]*)"', failure.here)
    if quoted and failure.previous in (*_LABEL_WORDS, "or", "not") and "NAME" in failure.accepted:
        span = Span(failure.span.start, failure.span.start + quoted.end())
        help_text = f"write {failure.with_text(span, quoted[1])}"
        return failure.say("quoted-label", "a label is written without quotes", "", help_text, span=span)
    if failure.previous == "example" and failure.found in ("STRING", "LONG_STRING"):
        help_text = 'write `example LABEL "…"`, or `example none "…"` for a text on which the rule must abstain'
        return failure.say(
            "missing-label", "an example says which label its text must get", "no label before it", help_text
        )
    if failure.previous in ("votes", "vote") and failure.found in ("_NL", "$END"):
        help_text = (
            "name a label of the task: `votes SPAM`; rules that give several votes have them in their `when` lines"
        )
        place = failure.words_before[-1][1]
        return failure.say("missing-label", f"`{failure.previous}` what?", "no label after it", help_text, span=place)
    return None


def line_ends(failure: Failure) -> Diagnostic | None:
    """A line that ends in the middle of its sentence."""
    if failure.found not in ("_NL", "$END", "_DEDENT"):
        return None
    place = failure.words_before[-1][1] if failure.words_before else failure.span
    wanted = expected(failure)
    message = f"the line ends after `{shortened(failure.previous)}`, but the sentence does not"
    return failure.say("unfinished-line", message, f"here could follow {wanted}", *_goes_on(failure), span=place)


def _goes_on(failure: Failure) -> list[str]:
    """How to write what stands on the next line, where that is what is missing: only some words continue a line."""
    last = failure.words_before[-1][1].end if failure.words_before else failure.block.start
    number = failure.source.position(last)[0]
    following = (
        failure.source.text[last : failure.block.end].partition("\n")[2].partition("\n")[0].split("#")[0].strip()
    )
    first = re.match(r"\w*", following)
    if not first or first[0] not in failure.keywords:
        return []
    line = f"{failure.source.line(number).split('#')[0].strip()} {following}"
    return [
        f"put `{following}` at the end of this line: `{shortened(line, 60)}`",
        "only a line that begins with `and`, `or` or a comma continues the one above it",
    ]
