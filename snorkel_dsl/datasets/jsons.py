"""JSON records: one a line (JSONL), a list of them, or an object of them; nested fields go by dotted names.

A list or an object is read whole, JSONL line by line. A line that is no JSON object stays a row that cannot be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from snorkel_dsl.datasets.encodings import checked_encoding
from snorkel_dsl.datasets.options import ReadOptions, Unreadable, refusal, shortened

Record: TypeAlias = "Mapping[str, Any] | Unreadable"
_DEEPEST = 50  # objects inside one another that still make columns
_SURROGATE = re.compile("[\ud800-\udfff]")
_HALF = "a text holds half a character (a surrogate without its partner)"


def json_lines(file: Iterable[str]) -> Iterator[Record]:
    """The records of the lines of a JSONL file. Blank lines are no rows."""
    return (_record(number, line) for number, line in enumerate(line for line in file if line.strip()))


def _record(number: int, line: str) -> Record:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        return Unreadable(number, shortened(line.strip()), f"not JSON: {_lower(wrong)}")
    if not isinstance(value, dict):
        return Unreadable(number, shortened(line.strip()), "not a JSON object")
    if "\\u" in line and has_half_character(value):
        return Unreadable(number, shortened(line.strip()), _HALF)
    return value


def has_half_character(value: object) -> bool:
    """Whether some text in a value is no text: it holds one of a pair of surrogates without the other."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                if not text.isascii() and _SURROGATE.search(text):
                    return True
            case Mapping() as record:
                waiting.extend(record)
                waiting.extend(record.values())
            case list() | tuple() as items:
                waiting.extend(items)
    return False


def json_records(path: Path, name: str, options: ReadOptions) -> list[Record]:
    """The records of a JSON file: a list of objects, or an object of objects (its keys are not kept)."""
    encoding = checked_encoding(path, name, options.encoding)
    try:
        value = json.loads(path.read_text(encoding=encoding).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as wrong:
        hint = "a file with one JSON object a line is called `.jsonl`" if "Extra data" in str(wrong) else ""
        raise refusal("bad-json", f"`{name}` is not JSON: {_lower(wrong)}", *filter(None, [hint])) from None
    if isinstance(value, dict) and value and all(isinstance(item, dict) for item in value.values()):
        value = list(value.values())
    if not isinstance(value, list):
        raise refusal(
            "bad-json",
            f"`{name}` holds no records",
            "a JSON file of data is a list of objects, or an object of objects",
        )
    return records_of(value)


def records_of(items: Iterable[object]) -> list[Record]:
    """Python values as records; what is no mapping is a row that cannot be read."""
    return [_checked(number, item) for number, item in enumerate(items)]


def _checked(number: int, item: object) -> Record:
    if not isinstance(item, Mapping):
        return Unreadable(number, shortened(str(item)), "not a record")
    if has_half_character(item):
        return Unreadable(number, shortened(ascii(item)), _HALF)
    return item


def names_of(records: Iterable[Record]) -> tuple[str, ...]:
    """The names of all fields in order of appearance; those inside an object by dotted names."""
    names: dict[str, None] = {}
    for record in records:
        if not isinstance(record, Unreadable):
            _collect(record, "", names)
    return tuple(names)


def _collect(record: Mapping[str, Any], before: str, names: dict[str, None]) -> None:
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and value and name.count(".") < _DEEPEST:
            _collect(value, name + ".", names)
        else:
            names[name] = None


def field(record: Mapping[str, Any], name: str) -> Any:
    """The value of a field by its name, dotted where it is nested; None where there is none."""
    if name in record:
        return record[name]
    first, dot, rest = name.partition(".")
    while dot:
        inner = record.get(first)
        if isinstance(inner, Mapping):
            return field(inner, rest)
        more, dot, rest = rest.partition(".")
        first = f"{first}.{more}"
    return None


def column(records: Sequence[Record], name: str, missing: frozenset[str]) -> list[Any]:
    """The values of a field in all records; a text that stands for a missing value is None."""
    values = [None if isinstance(record, Unreadable) else field(record, name) for record in records]
    return [None if isinstance(v, str) and v.strip() in missing else v for v in values] if missing else values


def _lower(wrong: BaseException) -> str:
    text = str(wrong)
    return text[:1].lower() + text[1:]
