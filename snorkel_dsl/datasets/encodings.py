"""Which encoding a text file is in: a byte-order mark decides, then UTF-8 where it fits, then UTF-16, then Windows-1252."""

from __future__ import annotations

import codecs
from pathlib import Path

from snorkel_dsl.datasets.options import refusal

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20


def detect_encoding(path: Path) -> str:
    """The name of the encoding of a text file. It reads the file once, because a stray byte may stand anywhere."""
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if len(start) >= 4 and start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if len(start) >= 4 and start[0::2].count(0) > len(start) // 4:
        return "utf-16-be"
    if first_bad_byte(path, "utf-8") is None:
        return "utf-8"
    return "cp1252" if first_bad_byte(path, "cp1252") is None else "latin-1"


def first_bad_byte(path: Path, encoding: str) -> tuple[int, int] | None:
    """The offset of the first byte that is not valid in an encoding, and its line (from 1); None where all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read, lines = 0, 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as wrong:
                # What the decoder kept back from the chunk before stands in front of this one.
                kept = len(wrong.object) - len(chunk)
                lines += chunk.count(b"\n", 0, max(wrong.start - kept, 0))
                return read - kept + wrong.start, lines
            if not chunk:
                return None
            read += len(chunk)
            lines += chunk.count(b"\n")


def checked_encoding(path: Path, name: str, given: str | None) -> str:
    """The encoding to read a file with: the given one where it is known and fits, else the detected one."""
    if given is None:
        return detect_encoding(path)
    try:
        codecs.lookup(given)
    except LookupError:
        raise refusal(
            "bad-option", f"`{given}` is no encoding", "usual ones are utf-8, utf-16, cp1252 and latin-1"
        ) from None
    bad = first_bad_byte(path, given)
    if bad is not None:
        raise refusal(
            "wrong-encoding",
            f"`{name}` is not {given}: byte {bad[0] + 1}, in line {bad[1]}, does not fit",
            f"leave `--encoding` out to have it detected (here: {detect_encoding(path)})",
        )
    return given
