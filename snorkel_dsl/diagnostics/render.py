"""From diagnostics to text: for people (full, concise) and for other programs (JSON, GitHub, SARIF, JUnit).

The full form shows the line itself with the place marked under it. Columns are what a terminal shows: a wide character
takes two, a combining mark none, a tab four, and a control character is drawn as its picture, so that nothing in a file
can play with the terminal it is shown on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import combining, east_asian_width

from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.source import Source, Span

JSON_SCHEMA = 1
_WIDEST = 200  # a longer line is cut to the part around its mark
_AROUND = 60
_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36", "gutter": "1;34", "message": "1", "help": "1"}


# ---------------------------------------------------------------------------------------------------------- for people


def render(diagnostic: Diagnostic, color: bool = False) -> str:
    """One diagnostic in full: its message, its places in the text, and what to do."""
    paint = _paint if color else _plain
    head = paint(f"{diagnostic.severity}[{diagnostic.kind}]", diagnostic.severity)
    lines = [head + paint(f": {diagnostic.message}", "message")]
    width = _gutter_width(diagnostic)
    if diagnostic.mark is not None:
        for source, marks in _by_source(diagnostic):
            lines.extend(_snippet(source, marks, diagnostic.mark, width, diagnostic.severity, paint))
    bar = paint(" " * width + " =", "gutter")
    for text in diagnostic.helps:
        first, *more = text.split("\n")
        lines.append(f"{bar} {paint('help', 'help')}: {first}")
        lines.extend(f"{' ' * width}         {line}" for line in more)
    return "\n".join(lines)


def full(diagnostics: Sequence[Diagnostic]) -> str:
    """All diagnostics in full, separated by blank lines."""
    return "\n\n".join(render(diagnostic) for diagnostic in diagnostics)


def concise(diagnostics: Sequence[Diagnostic]) -> str:
    """One line for each diagnostic."""
    return "\n".join(_concise_line(diagnostic) for diagnostic in diagnostics)


def _concise_line(diagnostic: Diagnostic) -> str:
    said = f"{diagnostic.severity}[{diagnostic.kind}]: {diagnostic.message}"
    if diagnostic.mark is None:
        return said
    line, column = _start(diagnostic.mark)
    return f"{diagnostic.mark.source.name}:{line}:{column}: {said}"


def _plain(text: str, _: str) -> str:
    return text


def _paint(text: str, role: str) -> str:
    return f"\x1b[{_COLOURS[role]}m{text}\x1b[0m"


def _by_source(diagnostic: Diagnostic) -> Iterator[tuple[Source, list[Mark]]]:
    """The marks of a diagnostic by the text they are in, the main one's first."""
    marks = [mark for mark in (diagnostic.mark, *diagnostic.others) if mark is not None]
    for source in dict.fromkeys(mark.source for mark in marks):
        inside = [mark for mark in marks if mark.source == source]
        yield source, sorted(inside, key=lambda mark: (mark.span.start, mark.span.end))


def _gutter_width(diagnostic: Diagnostic) -> int:
    marks = [mark for mark in (diagnostic.mark, *diagnostic.others) if mark is not None]
    return max((len(str(_lines_of(mark)[1])) for mark in marks), default=1)


def _start(mark: Mark) -> tuple[int, int]:
    return mark.source.position(mark.span.start)


def _lines_of(mark: Mark) -> tuple[int, int]:
    """The first and the last line of a mark; a line end at its end does not count."""
    last = max(mark.span.start, mark.span.end - 1)
    return mark.source.position(mark.span.start)[0], mark.source.position(last)[0]


@dataclass(frozen=True)
class _Underline:
    """What stands under one line: from one column to another (characters, counted from 0), with a text after it."""

    line: int
    start: int
    end: int
    text: str
    main: bool


def _snippet(
    source: Source, marks: Sequence[Mark], main: Mark, width: int, severity: str, paint: Callable[[str, str], str]
) -> Iterator[str]:
    """The lines of one text that marks are on, each with what stands under it."""
    leading = next((mark for mark in marks if mark is main), marks[0])
    arrow = "-->" if leading is main else ":::"
    line, column = _start(leading)
    yield paint(" " * width + arrow, "gutter") + f" {source.name}:{line}:{column}"
    yield paint(" " * width + " |", "gutter")
    underlines = [underline for mark in marks for underline in _underlines(mark, mark is main)]
    before = 0
    for number in sorted({underline.line for underline in underlines}):
        if before and number > before + 1:
            yield paint("...", "gutter")
        before = number
        under = [underline for underline in underlines if underline.line == number]
        window = _window(source.line(number), under)
        yield f"{paint(f'{number:>{width}} |', 'gutter')} {_visible(source.line(number), window)}".rstrip()
        for underline in under:
            drawn = _drawn(source.line(number), underline, window)
            role = severity if underline.main else "gutter"
            yield f"{paint(' ' * width + ' |', 'gutter')} {drawn[0]}{paint(drawn[1], role)}"


def _underlines(mark: Mark, main: bool) -> Iterator[_Underline]:
    """What a mark puts under its first line and, where that is another one, under its last."""
    first, last = _lines_of(mark)
    start = mark.source.position(mark.span.start)[1] - 1
    if first == last:
        yield _Underline(first, start, start + mark.span.end - mark.span.start, mark.text, main)
        return
    text = mark.source.line(last)
    yield _Underline(first, start, len(mark.source.line(first)), "", main)
    indentation = len(text) - len(text.lstrip())
    yield _Underline(last, indentation, mark.source.position(mark.span.end - 1)[1], mark.text, main)


def _drawn(line: str, underline: _Underline, window: Span) -> tuple[str, str]:
    """The blank before an underline, and the underline with its text."""
    start = max(underline.start, window.start)
    end = min(underline.end, window.end)
    cut = 1 if window.start else 0
    before = cut + _width(line[window.start : start])
    length = max(1, _width(line[start:end]))
    sign = "^" if underline.main else "-"
    return " " * before, f"{sign * length} {underline.text}".rstrip()


def _window(line: str, underlines: Sequence[_Underline]) -> Span:
    """The part of a line that is shown."""
    if len(line) <= _WIDEST:
        return Span(0, len(line))
    main = next((underline for underline in underlines if underline.main), underlines[0])
    start = max(0, main.start - _AROUND)
    return Span(start, min(len(line), max(start + _WIDEST, main.start + _AROUND)))


def _visible(line: str, window: Span) -> str:
    shown = "".join(_picture(character) for character in line[window.start : window.end])
    return ("…" if window.start else "") + shown + ("…" if window.end < len(line) else "")


def _picture(character: str) -> str:
    """What is drawn for a character."""
    if character == "\t":
        return "    "
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    invisible = 0x7F <= code < 0xA0 or 0x200B <= code <= 0x200F or 0x202A <= code <= 0x202E or 0x2060 <= code <= 0x2069
    return "\N{REPLACEMENT CHARACTER}" if invisible or 0xD800 <= code < 0xE000 else character


def _width(text: str) -> int:
    """How many columns a text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if character == "\t":
        return 4
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


# --------------------------------------------------------------------------------------------------- for other programs


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """JSON: `schema` is the version of its form; lines and columns are counted from 1, offsets from 0."""
    return json.dumps(
        {"schema": JSON_SCHEMA, "diagnostics": [_as_data(diagnostic) for diagnostic in diagnostics]},
        indent=2,
        ensure_ascii=False,
    )


def _as_data(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "kind": diagnostic.kind,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "place": None if diagnostic.mark is None else _place(diagnostic.mark),
        "others": [_place(mark) for mark in diagnostic.others],
        "helps": list(diagnostic.helps),
    }


def _place(mark: Mark) -> dict[str, object]:
    line, column = _start(mark)
    end_line, end_column = mark.source.position(mark.span.end)
    return {
        "file": mark.source.name,
        "start": {"line": line, "column": column, "offset": mark.span.start},
        "end": {"line": end_line, "column": end_column, "offset": mark.span.end},
        "text": mark.text,
    }


def github(diagnostics: Sequence[Diagnostic]) -> str:
    """Workflow commands, which GitHub shows beside the lines of a change."""
    return "\n".join(_github_line(diagnostic) for diagnostic in diagnostics)


def _github_line(diagnostic: Diagnostic) -> str:
    level = "notice" if diagnostic.severity == "note" else diagnostic.severity
    properties = {"title": diagnostic.kind}
    if diagnostic.mark is not None:
        line, column = _start(diagnostic.mark)
        end_line, end_column = diagnostic.mark.source.position(diagnostic.mark.span.end)
        properties = {
            "file": diagnostic.mark.source.name,
            "line": str(line),
            "endLine": str(end_line),
            "col": str(column),
            "endColumn": str(end_column),
            **properties,
        }
    marked = [diagnostic.mark.text] if diagnostic.mark and diagnostic.mark.text else []
    said = "\n".join([diagnostic.message, *marked, *(f"help: {text}" for text in diagnostic.helps)])
    written = ",".join(f"{key}={_github_property(value)}" for key, value in properties.items())
    return f"::{level} {written}::{_github_text(said)}"


def _github_text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_text(text).replace(":", "%3A").replace(",", "%2C")


def sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """SARIF 2.1.0, for tools that collect findings."""
    kinds = sorted({diagnostic.kind for diagnostic in diagnostics})
    driver = {"name": "snorkel-dsl", "rules": [{"id": kind} for kind in kinds]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(diagnostic, kinds) for diagnostic in diagnostics],
    }
    return json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        },
        indent=2,
        ensure_ascii=False,
    )


def _sarif_result(diagnostic: Diagnostic, kinds: Sequence[str]) -> dict[str, object]:
    said = "\n".join([diagnostic.message, *(f"help: {text}" for text in diagnostic.helps)])
    result: dict[str, object] = {
        "ruleId": diagnostic.kind,
        "ruleIndex": kinds.index(diagnostic.kind),
        "level": diagnostic.severity,
        "message": {"text": said},
    }
    if diagnostic.mark is not None:
        result["locations"] = [_sarif_location(diagnostic.mark)]
    if diagnostic.others:
        result["relatedLocations"] = [_sarif_location(mark) for mark in diagnostic.others]
    return result


def _sarif_location(mark: Mark) -> dict[str, object]:
    from urllib.parse import quote

    line, column = _start(mark)
    end_line, end_column = mark.source.position(mark.span.end)
    location: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(mark.source.name.replace("\\", "/"))},
            "region": {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column},
        }
    }
    if mark.text:
        location["message"] = {"text": mark.text}
    return location


def junit(diagnostics: Sequence[Diagnostic]) -> str:
    """JUnit's XML: each diagnostic is a test case that failed (a warning or a note is one that passed, with its text)."""
    from xml.sax.saxutils import escape, quoteattr

    failures = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    tests = max(len(diagnostics), 1)  # build servers take a report without tests for a failed run
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="snorkel-dsl" tests="{tests}" failures="{failures}">',
        f'  <testsuite name="check" tests="{tests}" failures="{failures}">',
    ]
    if not diagnostics:
        lines.append('    <testcase classname="snorkel-dsl" name="no findings"/>')
    for diagnostic in diagnostics:
        name = _for_xml(diagnostic.mark.source.name if diagnostic.mark else "")
        case = f"    <testcase classname={quoteattr(name)} name={quoteattr(_for_xml(_concise_line(diagnostic)))}>"
        tag = "failure" if diagnostic.severity == "error" else "system-out"
        message = quoteattr(_for_xml(diagnostic.message))
        about = f" type={quoteattr(diagnostic.kind)} message={message}" if tag == "failure" else ""
        lines += [case, f"      <{tag}{about}>{escape(_for_xml(render(diagnostic)))}</{tag}>", "    </testcase>"]
    return "\n".join([*lines, "  </testsuite>", "</testsuites>"])


def _for_xml(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return "".join(
        character if character in "\n\t" or (ord(character) >= 0x20 and not 0xD800 <= ord(character) < 0xE000) else "?"
        for character in text
    )


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic]], str]] = {
    "full": full,
    "concise": concise,
    "json": as_json,
    "github": github,
    "sarif": sarif,
    "junit": junit,
}
