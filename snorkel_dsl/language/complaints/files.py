"""What to say of a whole file: one that holds no rules, and mistakes that two blocks tell of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.source import Source, Span

HEADERS = (
    "language", "package", "use", "data", "task", "require", "terms", "sections", "context", "lookup",
    "condition", "rule", "slice", "transform", "augment",
)  # fmt: skip


def not_rules(source: Source) -> Diagnostic | None:
    """What to say of a text that is no rules file at all, or None."""
    start = re.search(r"\S", source.text)
    control = re.search(r"[\x00-\x08\x0b\x0e-\x1f]", source.text)
    if control:
        what, place = "binary data", Span(control.start(), control.start() + 1)
    elif not re.search(r"^[^\S\n]*[^\s#]", source.text, re.MULTILINE):
        mark = Mark(source, Span(0, 0), "a rule stands in a block such as `rule NAME votes LABEL`")
        return Diagnostic("empty-file", "the file holds no rules", mark, helps=(_FIRST_FILE,))
    elif (
        re.search(rf"^({'|'.join(HEADERS)})\b(?![ \t]*[:=(.])", source.text, re.MULTILINE | re.IGNORECASE) or not start
    ):
        return None
    else:
        what = foreign(source.text)
        first = re.search(r"^[^\s#].*", source.text, re.MULTILINE) or start
        place = Span(first.start(), first.end())
    if not what:
        return None
    message = f"this is {what}, not a rules file"
    return Diagnostic("not-a-rules-file", message, Mark(source, place), helps=(_FIRST_FILE,))


_FIRST_FILE = (
    "a rules file begins like this: `data comment`, then indented `text text`; `snorkel-dsl demo` shows a whole one"
)


def foreign(text: str) -> str:
    """The language that a text seems to be written in, as far as its first lines tell."""
    if re.search(
        r"^(import \w|from [\w.]+ import |def \w+\(|class \w+[:(]|@\w+|if __name__|print\()", text, re.MULTILINE
    ):
        return "Python"
    if re.match(r"\s*[\[{]", text):
        return "JSON"
    if re.match(r"\s*<[!?\w]", text):
        return "HTML or XML"
    if re.search(r"^(---|[\w-]+:(\s|$)|- \w)", text, re.MULTILINE):
        return "YAML"
    return ""


def without_echoes(found: Sequence[Diagnostic | None]) -> list[Diagnostic]:
    """The diagnostics of the blocks in their order, without those that only repeat a mistake of the block beside them.

    A line that lost its indentation makes two: its own, and that of the block that lost its body.
    """
    kept: list[Diagnostic] = []
    for index, diagnostic in enumerate(found):
        kind = diagnostic.kind if diagnostic else ""
        before = found[index - 1] if index else None
        after = found[index + 1] if index + 1 < len(found) else None
        lost_body = kind == "missing-body" and after is not None and after.kind == "not-indented"
        again = kind == "not-indented" and before is not None and before.kind == "not-indented"
        if diagnostic is not None and not lost_body and not again:
            kept.append(diagnostic)
    return kept
