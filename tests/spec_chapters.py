"""Reading the language reference in tests/spec: its chapters, the rules in them, and what they say that happens.

A chapter is Markdown. Its ```rules fences are rules files; `rules header` marks the blocks that complete those fences of
the chapter which declare no data of their own (they are put after a fence, so that its line numbers stay). What stands
after a fence says what happens: a ```text fence holds its diagnostics, exactly; a table holds rows of data with the vote
of every labeling function. ```csv file=NAME (any word for csv) is a file that rules of the chapter name.

In a table, the first columns are those of the data, under the file's own names, and then one for each labeling function.
An empty cell of data is a missing value; `—` means that a rule abstains. Text between backquotes is taken as it is, with
`\\n`, `\\t`, `\\|` and `\\u00e9` for characters that a table cannot show. A column called `unreadable` names the columns whose
value is a fault on that row, or the call that failed there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "spec"
FENCE = re.compile(r"^```(?P<word>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"(?:^\|.*\|\n)+", re.MULTILINE)
CELL = re.compile(r"\s*((?:`[^`]*`|\\\||[^|`])*?)\s*\|")
ESCAPE = re.compile(r"\\(n|t|\||u[0-9a-f]{4})")
ABSTAINS = "—"
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Rows:
    """A table: the names of its columns and the text of its cells; a cell without text is None."""

    names: tuple[str, ...]
    cells: tuple[tuple[str | None, ...], ...]


@dataclass
class Part:
    """One fence of rules: where it stands, what is in it, its text with the chapter's header, and what happens with it."""

    chapter: str
    line: int
    written: str
    text: str
    diagnostics: str | None = None
    tables: list[Rows] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.chapter}:{self.line}"


@dataclass(frozen=True)
class Chapter:
    """A chapter with its parts and the files that they name."""

    path: Path
    parts: tuple[Part, ...]
    files: dict[str, str]


def chapters() -> list[Chapter]:
    """Every chapter, in the order of the folder."""
    return [read(path) for path in sorted(FOLDER.glob("*.md"))]


def read(path: Path) -> Chapter:
    """Read a chapter. Raises AssertionError where a part says nothing of what happens."""
    text = path.read_text(encoding="utf-8")
    header = ""
    files: dict[str, str] = {}
    parts: list[Part] = []
    fences = list(FENCE.finditer(text))
    for fence, end in zip(fences, [*(f.start() for f in fences[1:]), len(text)], strict=True):
        word, info, inside = fence["word"], fence["info"].strip(), fence["text"]
        if info.startswith("file="):
            files[info.removeprefix("file=")] = inside
        elif word == "text":
            parts[-1].diagnostics = inside.removesuffix("\n")
        elif word == "rules" and info == "header":
            header = inside
        elif word == "rules":
            complete = re.search("^data ", inside, re.MULTILINE)
            line = text.count("\n", 0, fence.start()) + 1
            parts.append(Part(path.name, line, inside, inside if complete else f"{inside}\n{header}"))
        if parts and info != "header":
            parts[-1].tables += [_rows(found[0]) for found in TABLE.finditer(text, fence.end(), end)]
    for part in parts:
        assert part.tables or part.diagnostics is not None, f"{part}: nothing says what happens"
    return Chapter(path, tuple(parts), files)


def _rows(table: str) -> Rows:
    head, _, *lines = table.splitlines()
    return Rows(tuple(_cell(cell) or "" for cell in _cells(head)), tuple(tuple(map(_cell, _cells(x))) for x in lines))


def _cells(line: str) -> list[str]:
    return CELL.findall(line, 1)


def _cell(written: str) -> str | None:
    if len(written) > 1 and written[0] == written[-1] == "`":
        quoted = written[1:-1]
        return "" if quoted == '""' else ESCAPE.sub(_character, quoted)
    return written or None


def _character(found: re.Match[str]) -> str:
    word = found[1]
    return chr(int(word[1:], 16)) if word[0] == "u" else {"n": "\n", "t": "\t"}.get(word, word)
