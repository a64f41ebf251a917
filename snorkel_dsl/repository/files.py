"""Rules files on disk: finding them under a folder, and reading one as text with a clear word where it is none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.diagnostics import RulesError, did_you_mean
from snorkel_dsl.source import Source

ENDING = ".rules"
LARGEST = 100 << 20  # bytes
_SPLIT = 'rules of such a size are made by a program: put the words into a file of terms, `file "words.txt"`'


def find_rules(paths: Iterable[Path]) -> list[Path]:
    """The rules files that some paths name: files as they are, folders with every `*.rules` below them, sorted.

    Each file comes once. Raises RulesError on a path that is not there and on a folder without rules.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(_below(path))
        elif path.is_file():
            found[path] = None
        elif path.exists():
            raise refusal("missing-rules-file", f"`{path}` is no ordinary file", "for stdin, write `-`")
        else:
            raise no_such_file(path)
    return list(found)


def _below(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob(f"*{ENDING}") if path.is_file() and not _hidden(path, folder))
    if not files:
        raise refusal(
            "no-rules", f"the folder `{folder}` holds no rules", f"rules stand in files that end in `{ENDING}`"
        )
    return files


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def no_such_file(path: Path) -> RulesError:
    """The error for a rules file that is not there, with the name that was probably meant."""
    near = path.parent if path.parent.is_dir() else None
    if near is None:
        return refusal("missing-rules-file", f"there is no file `{path}`, nor a folder `{path.parent}`")
    names = [other.name for other in near.iterdir() if other.suffix == ENDING or other.is_dir()]
    close = did_you_mean(path.name, names)
    helps = [f"did you mean `{path.with_name(close)}`?"] if close else []
    return refusal("missing-rules-file", f"there is no file `{path}`", *helps)


def read_rules(path: Path) -> Source:
    """A rules file as a source. Raises RulesError where it is missing, binary, or not UTF-8."""
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "no ordinary file"
        raise refusal("missing-rules-file", f"`{path}` is {what}")
    try:
        if path.stat().st_size > LARGEST:
            raise _too_large(str(path))
        content = path.read_bytes()
    except FileNotFoundError:
        raise no_such_file(path) from None
    except OSError as wrong:
        raise refusal(
            "missing-rules-file", f"`{path}` cannot be read: {(wrong.strerror or str(wrong)).lower()}"
        ) from None
    return source_of(str(path), content)


def source_of(name: str, content: bytes) -> Source:
    """The bytes of a rules file as a source: UTF-8, any line ends, with or without a byte-order mark."""
    if len(content) > LARGEST:
        raise _too_large(name)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _not_utf8(name, "it is UTF-16 (its first two bytes say so)", "UTF-16")
    if b"\0" in content:
        offset = content.index(b"\0")
        raise refusal(
            "binary-file",
            f"`{name}` is not text: byte {offset + 1} is zero",
            "rules are plain text; data comes after the rules: `snorkel-dsl apply my.rules data.parquet -o votes.parquet`",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        start = wrong.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        line = content.count(b"\n", 0, start) + 1
        raise _not_utf8(name, f"byte {start + 1}, in line {line}, is 0x{content[start]:02X}") from None
    return Source(name, text.replace("\r\n", "\n").replace("\r", "\n"))


def _too_large(name: str) -> RulesError:
    return refusal("too-large", f"`{name}` has more than {LARGEST >> 20} million bytes", _SPLIT)


def _not_utf8(name: str, where: str, encoding: str = "WINDOWS-1252") -> RulesError:
    return refusal(
        "not-utf-8",
        f"`{name}` is not UTF-8: {where}",
        "save it as UTF-8 (in an editor: Save As, Encoding, UTF-8), or convert it: "
        f"`iconv -f {encoding} -t UTF-8 {name} > new.rules`",
    )
