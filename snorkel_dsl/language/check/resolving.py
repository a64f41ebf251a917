"""What the checker asks of the world outside a rules file: the words, tables and other rules files that it names.

The checker does no I/O of its own. Whoever calls it hands over a `Resolver` (`snorkel_dsl.knowledge` has the real one); what
a resolver cannot or may not open comes back as a `Refusal`, and the checker says so at the place where the file is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from snorkel_dsl.diagnostics import Diagnostic
    from snorkel_dsl.language import ast
    from snorkel_dsl.language.ir import Context, Pipeline, PluginFunction
    from snorkel_dsl.source import Source


@dataclass(frozen=True)
class Refusal:
    """Why a file was not read: the parts of a diagnostic, without its place.

    `about` is the text in the rules that it is about, where that is not the file's name.
    """

    kind: str
    message: str
    label: str = ""
    helps: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class UsedRules:
    """Another rules file, parsed: what the parser said of it, and a resolver that starts from its folder."""

    source: Source
    file: ast.File
    diagnostics: tuple[Diagnostic, ...]
    resolver: Resolver


@dataclass(frozen=True)
class OntologyQuery:
    """Which terms of an ontology are meant: all below the nodes `below` (ids or labels), those nodes included.

    `scopes` are the scopes of synonyms beside the names themselves, `levels` how far below (None: all the way), `languages` the
    languages of names and synonyms that say theirs (none given: English, and whatever says none).
    """

    below: tuple[str, ...]
    scopes: tuple[str, ...] = ("exact", "narrow")
    levels: int | None = None
    keep_obsolete: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredFunction:
    """A function by its stored signature, with what is for people: its parameters' names, what it says, how it is used."""

    function: PluginFunction
    parameters: tuple[str, ...]
    doc: str
    example: str = ""


@dataclass(frozen=True)
class StoredFunctions:
    """The signatures of a plugin's functions as they are stored beside it, by name; none of its code was run."""

    plugin: str
    version: int
    functions: tuple[StoredFunction, ...]


class Resolver(Protocol):
    """Opens the files that a rules file names; paths are relative to that rules file."""

    def ontology(self, path: str, query: OntologyQuery) -> tuple[str, ...] | Refusal:
        """The terms of an ontology that a query asks for, in a fixed order, without repeats."""
        ...

    def context(self, name: str) -> Context | Refusal:
        """A context that ships with the package."""
        ...

    def plugin(self, name: str, version: int) -> StoredFunctions | Refusal:
        """The stored signatures of an installed plugin."""
        ...

    def plugins(self) -> tuple[StoredFunctions, ...]:
        """All that is installed, to say which plugin has a function."""
        ...

    def pipeline(self) -> Pipeline | Refusal:
        """The language pipeline that the configuration names."""
        ...

    def terms(self, path: str, column: str | None) -> tuple[str, ...] | Refusal:
        """The terms of a file: one a line, or the cells of a column of a table."""
        ...

    def lookup(self, path: str, columns: tuple[str, ...]) -> tuple[tuple[str, ...], ...] | Refusal:
        """The rows of a table, cut to the named columns (none named: all of them)."""
        ...

    def rules(self, path: str) -> UsedRules | Refusal:
        """Another rules file."""
        ...


class NoFiles:
    """A resolver for rules that stand alone: it opens nothing."""

    def terms(self, path: str, column: str | None) -> Refusal:
        """Refuse."""
        return _no_files(path)

    def lookup(self, path: str, columns: tuple[str, ...]) -> Refusal:
        """Refuse."""
        return _no_files(path)

    def rules(self, path: str) -> Refusal:
        """Refuse."""
        return _no_files(path)

    def ontology(self, path: str, query: OntologyQuery) -> Refusal:
        """Refuse."""
        return _no_files(path)

    def context(self, name: str) -> Context | Refusal:
        """Refuse."""
        return _no_files(name)

    def plugin(self, name: str, version: int) -> Refusal:
        """Refuse."""
        return Refusal(
            "missing-plugin", f"these rules stand alone and cannot use the plugin `{name}`", "no plugin here"
        )

    def plugins(self) -> tuple[StoredFunctions, ...]:
        """None."""
        return ()

    def pipeline(self) -> Refusal:
        """Refuse."""
        return Refusal(
            "no-pipeline", "these rules stand alone and have no language pipeline", "none is configured here"
        )


def _no_files(path: str) -> Refusal:
    return Refusal("missing-file", f"these rules stand alone and cannot open `{path}`", "no file can be opened here")
