"""From a table of labels and patterns to a rules file: one rule a row, in the order of the table.

The patterns keep their letters (only `/` is escaped), so that a rule matches where `re.search(pattern, text, re.I)` did. A
pattern that the language does not take is left out, with a comment at its place, and reported with its line.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from snorkel_dsl.datasets.csvs import CsvFile, open_csv
from snorkel_dsl.datasets.options import ReadOptions, refusal, shortened
from snorkel_dsl.diagnostics import Diagnostic, did_you_mean
from snorkel_dsl.language.patterns import check_pattern

LABEL = ("label", "class", "category", "tag", "vote")
PATTERN = ("regex", "regexp", "pattern", "re")
KEYWORD = ("keyword", "keywords", "term", "word", "phrase")
EXAMPLE = ("example", "sample")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class ImportOptions:
    """How a table becomes rules: names in the new file, the columns of the table, and what its labels are called.

    `data`, `text` and `task` are names; `label`, `pattern`, `keyword`, `example` are columns of the table, found by their
    usual names where not given; `meaning` renames labels; `order` fixes the class numbers; `match` is the verb for keywords.
    """

    data: str = "document"
    text: str = "text"
    task: str = "label"
    label: str | None = None
    pattern: str | None = None
    keyword: str | None = None
    example: str | None = None
    meaning: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    match: str = "mentions"


@dataclass(frozen=True)
class Entry:
    """A row of the table: its line, its label, what it looks for, whether that is a regular expression, an example of it."""

    line: int
    label: str
    sought: str
    is_pattern: bool
    example: str


@dataclass(frozen=True)
class Imported:
    """The text of the new rules file, how many rules it has, and what was left out."""

    text: str
    rules: int
    problems: tuple[Diagnostic, ...]


def import_table(path: Path, read: ReadOptions, options: ImportOptions) -> Imported:
    """Make a rules file of a table. Raises RulesError where the table has no columns of labels and patterns."""
    entries = list(_entries(path, read, options))
    if not entries:
        raise refusal("empty-data", f"`{path.name}` has no rows")
    labels = _labels(entries, options)
    problems: list[Diagnostic] = []
    numbers: Counter[str] = Counter()
    blocks = []
    for entry in entries:
        numbers[entry.label] += 1
        name = f"{entry.label.lower()}_{numbers[entry.label]}"
        wrong = _problem(entry, path)
        if wrong is None:
            blocks.append(_rule(name, entry, options))
        else:
            problems.append(wrong)
            blocks.append(f"# left out: {wrong.message}")
    head = _head(path, labels, options)
    return Imported("\n\n".join([head, *blocks]) + "\n", len(entries) - len(problems), tuple(problems))


# ------------------------------------------------------------------------------------------------------------ the table


def _entries(path: Path, read: ReadOptions, options: ImportOptions) -> Iterator[Entry]:
    table = open_csv(path, path.name, read)
    columns = table.columns if read.header or read.names else _unnamed(len(table.columns), path)
    label = _column(columns, options.label, LABEL, "--label", path)
    pattern, keyword = _sought(columns, options, path)
    example = _optional(columns, options.example, EXAMPLE, "--example", path)
    for line, cells in _raw_rows(table):
        if len(cells) != len(columns):
            raise refusal("unreadable-row", f"line {line} of `{path.name}` has {len(cells)} cells, not {len(columns)}")
        name = cells[label].strip()
        is_pattern = pattern is not None and bool(cells[pattern])
        sought = (
            cells[pattern]
            if pattern is not None and is_pattern
            else cells[keyword or 0].strip()
            if keyword is not None
            else ""
        )
        yield Entry(
            line,
            options.meaning.get(name, name),
            sought,
            is_pattern or keyword is None,
            cells[example] if example is not None else "",
        )


def _unnamed(width: int, path: Path) -> tuple[str, ...]:
    """The columns of a table without a header: label, regex, example."""
    if width not in (2, 3):
        raise refusal(
            "missing-column",
            f"`{path.name}` has {width} columns and no header",
            "name them, as in `--names label,regex,example`",
        )
    return ("label", "regex", "example")[:width]


def _column(columns: Sequence[str], given: str | None, usual: tuple[str, ...], option: str, path: Path) -> int:
    found = _optional(columns, given, usual, option, path)
    if found is None:
        raise refusal(
            "missing-column",
            f"`{path.name}` has no column called {' or '.join(f'`{name}`' for name in usual[:2])}",
            f"its columns are {', '.join(f'`{name}`' for name in columns)}; say which it is: `{option} COLUMN`",
            "without a header, say `--no-header`",
        )
    return found


def _optional(columns: Sequence[str], given: str | None, usual: tuple[str, ...], option: str, path: Path) -> int | None:
    if given is not None:
        if given not in columns:
            close = did_you_mean(given, columns)
            helps = f"did you mean `{option} {close}`?" if close else f"its columns are {', '.join(columns)}"
            raise refusal("missing-column", f"`{path.name}` has no column `{given}`", helps)
        return columns.index(given)
    lower = [name.strip().lower() for name in columns]
    return next((lower.index(name) for name in usual if name in lower), None)


def _sought(columns: Sequence[str], options: ImportOptions, path: Path) -> tuple[int | None, int | None]:
    """The columns of regular expressions and of keywords; one of them is there."""
    pattern = None if options.keyword else _optional(columns, options.pattern, PATTERN, "--regex", path)
    keyword = None if options.pattern else _optional(columns, options.keyword, KEYWORD, "--keyword", path)
    if pattern is None and keyword is None:
        pattern = _column(columns, None, ("regex", "keyword"), "--regex", path)
    return pattern, keyword


def _raw_rows(table: CsvFile) -> Iterator[tuple[int, list[str]]]:
    """The rows with their line numbers; blanks belong to a pattern, and between tabs a quote is only a quote."""
    with table.path.open(encoding=table.encoding, newline="") as file:
        if table.delimiter == "\t":
            for line, text in enumerate(file, start=1):
                if line > table.skip and text.strip():
                    yield line, text.rstrip("\r\n").split("\t")
            return
        reader = csv.reader(file, delimiter=table.delimiter)
        before = 0
        for record in reader:
            if before >= table.skip and record:
                yield before + 1, record
            before = reader.line_num


# ------------------------------------------------------------------------------------------------------------ the rules


def _labels(entries: Sequence[Entry], options: ImportOptions) -> tuple[str, ...]:
    """The labels in the order of their class numbers: as given, else as they first appear."""
    found = list(dict.fromkeys(entry.label for entry in entries))
    for label in (*found, *options.order):
        if not _NAME.fullmatch(label):
            fit = re.sub(r"\W+", "_", label, flags=re.ASCII).strip("_") or "LABEL"
            fit = fit if _NAME.fullmatch(fit) else f"L_{fit}"
            raise refusal(
                "bad-label", f"`{label}` cannot be the name of a label", f"give it another: `--map '{label}={fit}'`"
            )
    if not options.order:
        if len(found) == 1:
            raise refusal(
                "bad-label",
                f"the table has one label, `{found[0]}`, and a task needs two to choose from",
                f"name the others: `--label-order OTHER,{found[0]}`",
            )
        return tuple(found)
    missing = [label for label in found if label not in options.order]
    if missing:
        close = did_you_mean(missing[0], options.order)
        helps = (
            f"is it `{close}`? say so: `--map {missing[0]}={close}`"
            if close
            else f"add it: `--label-order {','.join((*options.order, *missing))}`"
        )
        raise refusal("bad-label", f"the table has the label `{missing[0]}`, and `--label-order` does not", helps)
    return options.order


def _problem(entry: Entry, path: Path) -> Diagnostic | None:
    """Why an entry cannot become a rule, if so."""
    where = f"line {entry.line} of `{path.name}`"
    if not entry.sought.strip():
        return _left_out(f"{where} has nothing to look for")
    if entry.is_pattern:
        for problem in check_pattern(entry.sought):
            return _left_out(
                f"{where}, `{shortened(entry.sought, 60)}`: {problem.message}", *filter(None, [problem.help])
            )
    elif '"""' in entry.sought or "\n" in entry.sought:
        return _left_out(f"{where}: `{shortened(entry.sought, 60)}` cannot be written between quotes")
    return None


def _left_out(message: str, *helps: str) -> Diagnostic:
    return Diagnostic("left-out-of-import", message, helps=helps, severity="warning")


def _head(path: Path, labels: tuple[str, ...], options: ImportOptions) -> str:
    return (
        f"# Made from {path.name} by `snorkel-dsl import`.\n\n"
        f"data {options.data}\n    {options.text}  text\n\n"
        f"task {options.task} on {options.data}\n    labels {', '.join(labels)}"
    )


def _rule(name: str, entry: Entry, options: ImportOptions) -> str:
    if entry.is_pattern:
        condition = f"{options.text} matches /{slashes_escaped(entry.sought)}/"
    else:
        condition = f"{options.text} {options.match} {_quoted(entry.sought)}"
    lines = [f"rule {name} votes {entry.label}", f"    when {condition}"]
    if example := _example(entry):
        lines.append(example)
    return "\n".join(lines)


def slashes_escaped(pattern: str) -> str:
    """A regular expression as it stands between slashes: a slash that is not yet escaped is."""
    return re.sub(r"\\.|/", lambda found: "\\/" if found[0] == "/" else found[0], pattern, flags=re.DOTALL)


def _example(entry: Entry) -> str | None:
    """The table's own example as one of the rule; a known miss where the pattern does not match it."""
    text = entry.example.strip()
    if not text or '"""' in text or text.endswith('"'):
        return None
    if entry.is_pattern:
        holds = re.search(entry.sought, text, re.IGNORECASE) is not None
    else:
        holds = entry.sought.casefold() in text.casefold()
    return f"    example {'' if holds else 'todo '}{entry.label} {_quoted(text)}"


def _quoted(text: str) -> str:
    return f'"""{text}"""' if '"' in text else f'"{text}"'
