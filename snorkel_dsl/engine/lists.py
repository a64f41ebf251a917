"""Lists that stand in a cell as text, read strictly: JSON, or as Python writes a list of strings. Nothing is evaluated.

One pass over the text, in time linear in its length.
"""

from __future__ import annotations

import json
import re

LONGEST = 10_000_000  # characters
_TEXT = r"""'([^'\\]*+(?:\\.[^'\\]*+)*+)'|"([^"\\]*+(?:\\.[^"\\]*+)*+)"|(None)"""
_ITEM = re.compile(_TEXT, re.DOTALL)
_LIST = re.compile(rf"\s*+\[\s*+(?:(?:{_TEXT})\s*+(?:,\s*+(?:{_TEXT})\s*+)*+(?:,\s*+)?)?\]\s*+", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|.)", re.DOTALL)
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\n": ""}


def read_list(cell: str) -> list[str | None] | None:
    """The list of texts that a cell holds; None where it holds none. A `null` or `None` in it is None."""
    if len(cell) > LONGEST or not cell.lstrip().startswith("["):
        return None
    try:
        read = json.loads(cell)
    except (ValueError, RecursionError):
        return _python_list(cell)
    return read if isinstance(read, list) and all(item is None or isinstance(item, str) for item in read) else None


def _python_list(cell: str) -> list[str | None] | None:
    if not _LIST.fullmatch(cell):
        return None
    plain = "\\" not in cell
    return [
        None if none else single or double if plain else _unescaped(single or double)
        for single, double, none in _ITEM.findall(cell)
    ]


def _unescaped(written: str) -> str:
    """A string as Python means it; a character that has no code point, and a half of a pair, stay as written."""
    return _ESCAPE.sub(_character, written)


def _character(escape: re.Match[str]) -> str:
    code = escape[1]
    if code in _CONTROLS:
        return _CONTROLS[code]
    if code[0] in "xuU" and len(code) > 1:
        return _of_code(int(code[1:], 16), escape[0])
    if code[0] in "01234567":
        return _of_code(int(code, 8), escape[0])
    return code if code in "\\'\"" else escape[0]


def _of_code(code: int, written: str) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else written
