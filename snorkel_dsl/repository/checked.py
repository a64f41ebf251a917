"""What checking a rules file found, kept between runs, so that a file that did not change need not be read again.

An entry is named by a hash of all that is known beforehand: the code of this package and the version of Python, the file's
text, name and place, the roots, the settings, the current folder (messages name files from there) and the month (comments
that allow a warning end with one). In it stands what was opened on the way, with a hash of each: other rules, terms, tables,
ontologies, signatures of plugins, the language pipeline. It holds only where all of them are still the same. A file that
names what could not be opened is checked each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from snorkel_dsl.caching import Files
from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.source import Source, Span

if TYPE_CHECKING:
    from datetime import date

    from snorkel_dsl.knowledge import Resolver
    from snorkel_dsl.language.check.resolving import OntologyQuery, Refusal, StoredFunctions, UsedRules
    from snorkel_dsl.language.ir import Context, Pipeline
    from snorkel_dsl.repository.settings import Settings

MOST = 64 << 20  # bytes
_PACKAGE = Path(__file__).resolve().parent.parent
_CODE = ("diagnostics", "language", "knowledge", "predicates", "plugins", "repository")  # what decides what is found
_ALSO = ("source.py", "facts.py", "questions.py", "api.py")
_DATA = (("_grammar", "grammar", "rules.json"), ("_rulesets", "rulesets", "std"))  # in the package, or beside it
T = TypeVar("T")


@dataclass(frozen=True)
class Checked:
    """What checking a file found: its diagnostics in file order, and how many labeling functions its rules declare."""

    functions: int
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Question:
    """A file to check, and all that its answer depends on from the start."""

    source: Source
    file: Path | None
    roots: tuple[Path, ...]
    settings: Settings
    today: date

    @property
    def name(self) -> str:
        """The name of its entry."""
        place = None if self.file is None else str(self.file.resolve())
        settings = (repr(self.settings.pipeline), self.settings.function_seconds)
        roots = [str(root) for root in self.roots]
        asked = [code_digest(), str(Path.cwd()), place, roots, settings, f"{self.today:%Y-%m}"]
        return hashlib.sha256(json.dumps([*asked, self.source.name, self.source.text]).encode()).hexdigest()

    def resolver(self) -> Resolver:
        """Opens what the file names."""
        from snorkel_dsl.repository.opening import resolver_for

        return resolver_for(self.roots, self.file, self.settings)


# -------------------------------------------------------------------------------------------------- finding and keeping


class CheckedFiles:
    """What was found before, in the cache folder."""

    def __init__(self) -> None:
        self._files = Files("checked", MOST)

    def find(self, question: Question) -> Checked | None:
        """What is known of a file; None where that is nothing, or may hold no longer."""
        written = self._files.get(question.name)
        if written is None:
            return None
        with suppress(ValueError, KeyError, TypeError, IndexError):
            entry = json.loads(written)
            if all(_state(question, *asked) == state for *asked, state in entry["opened"]):
                return read(entry, question.source)
        return None

    def keep(self, question: Question, checked: Checked, opened: Opened) -> None:
        """Keep what was found, unless something could not be opened or has changed since."""
        if opened.refused or any(_state(question, *asked) != state for asked, state in opened.states.items()):
            return
        states = [[*asked, state] for asked, state in opened.states.items()]
        content = {"opened": states, **written(checked, question.source)}
        self._files.put(question.name, json.dumps(content, separators=(",", ":")).encode())


@cache
def code_digest() -> str:
    """A hash of the code and the tables that decide what is found in a file."""
    digest = hashlib.sha256(sys.version.encode())
    lark = find_spec("lark")
    if lark is not None and lark.origin is not None:  # it has a say in messages about syntax
        digest.update(str(Path(lark.origin).stat().st_mtime_ns).encode())
    for path in _code_files():
        content = Path(path).read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def _code_files() -> Iterator[str]:
    for name in _CODE:
        yield from sorted(_below(str(_PACKAGE / name)))
    yield from (str(_PACKAGE / name) for name in _ALSO)
    for inside, beside, name in _DATA:
        folder = _PACKAGE / inside
        path = (folder if folder.is_dir() else _PACKAGE.parent / beside) / name
        yield from sorted(_below(str(path))) if path.is_dir() else [str(path)]


def _below(folder: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _below(entry.path)
        elif entry.name.endswith((".py", ".json", ".rules", ".toml")):
            yield entry.path


# ----------------------------------------------------------------------------------------------- what a file depends on


@dataclass
class Opened:
    """What was opened while a file was checked: how it was asked for, and a hash of what was there."""

    states: dict[tuple[str, ...], str] = field(default_factory=dict)
    refused: bool = False

    def answer(self, found: T | Refusal) -> T | Refusal:
        """Note whether an answer is a refusal."""
        from snorkel_dsl.language.check.resolving import Refusal

        self.refused = self.refused or isinstance(found, Refusal)
        return found


def _state(question: Question, what: str, *asked: str) -> str:
    """A hash of what is there now; nothing where it is not there."""
    match what, asked:
        case "file", (folder, path):
            return _file_state(folder, path)
        case "plugin", (name, version):
            return _hashed(repr(question.resolver().plugin(name, int(version))))
        case "plugins", ():
            return _hashed(repr(question.resolver().plugins()))
        case "pipeline", ():
            return _pipeline_state(question.resolver().pipeline())
    return ""


def _file_state(folder: str, path: str) -> str:
    """A hash of where a file is and what stands in it."""
    try:
        found = Path(folder, path).resolve()
        with found.open("rb") as file:
            return f"{hashlib.file_digest(file, 'sha256').hexdigest()} {found}"
    except (OSError, ValueError):
        return ""


def _pipeline_state(found: Pipeline | Refusal) -> str:
    from snorkel_dsl.language.ir import Pipeline

    if not isinstance(found, Pipeline):
        return _hashed(repr(found))
    gives = None if found.gives is None else sorted(found.gives)  # sets have no order of their own
    return _hashed(repr((replace(found, gives=None), gives)))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Watched:
    """A resolver that notes what it is asked to open, before it opens it."""

    def __init__(self, resolver: Resolver, opened: Opened) -> None:
        self._resolver = resolver
        self._opened = opened

    def _noting(self, path: str) -> Resolver:
        folder = str(self._resolver.folder)
        self._opened.states.setdefault(("file", folder, path), _file_state(folder, path))
        return self._resolver

    def terms(self, path: str, column: str | None) -> tuple[str, ...] | Refusal:
        """The terms of a file."""
        return self._opened.answer(self._noting(path).terms(path, column))

    def lookup(self, path: str, columns: tuple[str, ...]) -> tuple[tuple[str, ...], ...] | Refusal:
        """The rows of a table."""
        return self._opened.answer(self._noting(path).lookup(path, columns))

    def ontology(self, path: str, query: OntologyQuery) -> tuple[str, ...] | Refusal:
        """The terms of an ontology."""
        return self._opened.answer(self._noting(path).ontology(path, query))

    def rules(self, path: str) -> UsedRules | Refusal:
        """Another rules file; what it opens in turn is noted as well."""
        from snorkel_dsl.language.check.resolving import Refusal

        found = self._opened.answer(self._noting(path).rules(path))
        if isinstance(found, Refusal):
            return found
        return replace(found, resolver=Watched(cast("Resolver", found.resolver), self._opened))

    def context(self, name: str) -> Context | Refusal:
        """A context that ships: a part of the code."""
        return self._resolver.context(name)

    def plugin(self, name: str, version: int) -> StoredFunctions | Refusal:
        """The signatures of a plugin."""
        found = self._resolver.plugin(name, version)
        self._opened.states[("plugin", name, str(version))] = _hashed(repr(found))
        return self._opened.answer(found)

    def plugins(self) -> tuple[StoredFunctions, ...]:
        """The signatures of all plugins."""
        found = self._resolver.plugins()
        self._opened.states[("plugins",)] = _hashed(repr(found))
        return found

    def pipeline(self) -> Pipeline | Refusal:
        """The language pipeline."""
        found = self._resolver.pipeline()
        self._opened.states[("pipeline",)] = _pipeline_state(found)
        return self._opened.answer(found)


# ------------------------------------------------------------------------------------------------------------- as JSON


def written(checked: Checked, own: Source) -> dict[str, Any]:
    """What was found, as JSON has it; a place is told by the number of its source, and -1 is the file's own."""
    marks = [mark for one in checked.diagnostics for mark in (one.mark, *one.others) if mark is not None]
    others = list({mark.source: None for mark in marks if mark.source != own})
    numbers = {own: -1} | {source: number for number, source in enumerate(others)}

    def place(mark: Mark | None) -> list[Any] | None:
        return None if mark is None else [numbers[mark.source], mark.span.start, mark.span.end, mark.text]

    found = [
        [one.kind, one.message, place(one.mark), [place(mark) for mark in one.others], one.helps, one.severity]
        for one in checked.diagnostics
    ]
    sources = [[source.name, source.text] for source in others]
    return {"functions": checked.functions, "sources": sources, "found": found}


def read(entry: dict[str, Any], own: Source) -> Checked:
    """What was found, from JSON."""
    sources = [*(Source(name, text) for name, text in entry["sources"]), own]

    def mark(place: list[Any]) -> Mark:
        number, start, end, text = place
        return Mark(sources[number], Span(start, end), text)

    found = (
        Diagnostic(kind, message, place and mark(place), tuple(map(mark, others)), tuple(helps), severity)
        for kind, message, place, others, helps, severity in entry["found"]
    )
    return Checked(entry["functions"], tuple(found))
