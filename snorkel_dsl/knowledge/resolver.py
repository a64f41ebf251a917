"""The resolver: finds the files that rules name, below the roots, and refuses what lies outside or goes round in a circle."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from snorkel_dsl.diagnostics import Diagnostic, did_you_mean
from snorkel_dsl.knowledge.files import read_column, read_lines, read_rows, read_text
from snorkel_dsl.language import ast
from snorkel_dsl.language.check.resolving import OntologyQuery, Refusal, StoredFunctions, UsedRules
from snorkel_dsl.language.ir import FUNCTION_SECONDS, Context, Pipeline
from snorkel_dsl.source import Source

if TYPE_CHECKING:
    from snorkel_dsl.knowledge.ontology import Table

MOST_NESTED = 50  # rules files that use one another
Parse: TypeAlias = Callable[[Source], tuple[ast.File, list[Diagnostic]]]
Configured: TypeAlias = Callable[[tuple[Path, ...]], Pipeline | Refusal]


def parse_rules(source: Source) -> tuple[ast.File, list[Diagnostic]]:
    """Parse with the parser of the language, which is imported when another rules file is first used."""
    from snorkel_dsl.language.parse import parse

    return parse(source)


def nothing_configured(roots: tuple[Path, ...]) -> Refusal | Pipeline:
    """The pipeline of rules without settings."""
    from snorkel_dsl.knowledge.pipelines import find_pipeline

    return find_pipeline(None, roots)


@dataclass(frozen=True)
class Resolver:
    """Opens the files that a rules file names.

    Paths are relative to the folder of `rules_file` (to the first root, or the current folder, where the rules are not in a
    file). `roots` are the folders below which files may lie; none given: the folder of the rules file. `parse` reads other
    rules files; `chain` holds the rules files that are being read, so that a circle is found; `seen` those read before,
    and `ontologies` what was read of those. `configured` finds the language pipeline that the settings name, below some
    roots, when one is first asked for. `function_seconds` says
    how long a call of a plugin's function may take.
    """

    roots: tuple[Path, ...] = ()
    rules_file: Path | None = None
    parse: Parse = parse_rules
    chain: tuple[Path, ...] = ()
    seen: dict[Path, UsedRules] = field(default_factory=dict, compare=False, repr=False)
    function_seconds: Callable[[], float] = field(default=lambda: FUNCTION_SECONDS, compare=False, repr=False)
    configured: Configured = field(default=nothing_configured, compare=False, repr=False)
    ontologies: dict[str, Table] = field(default_factory=dict, compare=False, repr=False)

    @property
    def folder(self) -> Path:
        """The folder that paths are relative to."""
        if self.rules_file is not None:
            return self.rules_file.resolve().parent
        return self.roots[0].resolve() if self.roots else Path.cwd()

    def terms(self, path: str, column: str | None) -> tuple[str, ...] | Refusal:
        """The terms of a text file, one a line, or of a column of a table, without repeats."""
        found = self._locate(path)
        if isinstance(found, Refusal):
            return found
        if found.suffix.lower() in (".csv", ".tsv"):
            return read_column(found, path, column)
        if column is not None:
            return Refusal("unknown-file-type", f"`{path}` is not a table", "only .csv and .tsv files have columns")
        return read_lines(found, path)

    def lookup(self, path: str, columns: tuple[str, ...]) -> tuple[tuple[str, ...], ...] | Refusal:
        """The rows of a table, cut to the named columns."""
        found = self._locate(path)
        if isinstance(found, Refusal):
            return found
        if found.suffix.lower() not in (".csv", ".tsv"):
            return Refusal("unknown-file-type", f"`{path}` is not a table", "a lookup is a .csv or a .tsv file")
        return read_rows(found, path, columns)

    def rules(self, path: str) -> UsedRules | Refusal:
        """Another rules file, parsed; its own paths are relative to its own folder."""
        found = self._locate(path)
        if isinstance(found, Refusal):
            return found
        chain = (*self.chain, *(() if self.rules_file is None else (self.rules_file.resolve(),)))
        if found in chain:
            circle = " → ".join(f"`{step.name}`" for step in (*chain[chain.index(found) :], found))
            return Refusal(
                "circular-use", f"`{path}` uses this file in turn", circle, ("remove one of the `use` lines",)
            )
        if found not in self.seen:
            if len(chain) > MOST_NESTED:
                return Refusal("too-large", f"more than {MOST_NESTED} rules files use one another", "one too many")
            text = read_text(found, path)
            if isinstance(text, Refusal):
                return text
            source = Source(self._shown(found), text)
            resolver = replace(self, roots=self._roots(), rules_file=found, chain=chain)
            file, diagnostics = self.parse(source)
            self.seen[found] = UsedRules(source, file, tuple(diagnostics), resolver)
        return self.seen[found]

    def ontology(self, path: str, query: OntologyQuery) -> tuple[str, ...] | Refusal:
        """The terms of an ontology that a query asks for."""
        found = self._locate(path)
        if isinstance(found, Refusal):
            return found
        from snorkel_dsl.knowledge.ontology import UnreadableError, open_ontology, terms_of

        try:
            return terms_of(open_ontology(found, path), query, self.ontologies)
        except UnreadableError as error:
            return error.refusal

    def context(self, name: str) -> Context | Refusal:
        """A context that ships with the package."""
        from snorkel_dsl.knowledge.contexts import shipped_context

        return shipped_context(name)

    def plugin(self, name: str, version: int) -> StoredFunctions | Refusal:
        """The stored signatures of an installed plugin."""
        from snorkel_dsl.plugins.installed import functions_of

        found = functions_of(name, version)
        if isinstance(found, Refusal):
            return found
        seconds = self.function_seconds()
        timed = (replace(f, function=replace(f.function, seconds=seconds)) for f in found.functions)
        return replace(found, functions=tuple(timed))

    def plugins(self) -> tuple[StoredFunctions, ...]:
        """The stored signatures of all installed plugins."""
        from snorkel_dsl.plugins.installed import all_functions

        return all_functions()

    def pipeline(self) -> Pipeline | Refusal:
        """The language pipeline that the settings name."""
        return self.configured(self._roots())

    # ---------------------------------------------------------------------------------------------------- where files are

    def _roots(self) -> tuple[Path, ...]:
        return tuple(root.resolve() for root in self.roots) or (self.folder,)

    def _shown(self, path: Path) -> str:
        """How messages name a file: relative to the current folder, where it lies below that."""
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)

    def _locate(self, path: str) -> Path | Refusal:
        """The file that a path names, if it is there and below a root; links are followed first."""
        try:
            found = (self.folder / path).resolve()
            if not any(found.is_relative_to(root) for root in self._roots()):
                return self._outside(path, found)
            return found if found.is_file() else _missing(path, found)
        except OSError as error:
            return Refusal("missing-file", f"`{path}` cannot be read", (error.strerror or "").lower())

    def _outside(self, path: str, found: Path) -> Refusal:
        base = self._roots()[0]
        needed = [".", Path(os.path.relpath(found.parent, base)).as_posix()]
        listed = ", ".join(f'"{root}"' for root in needed)
        return Refusal(
            "outside-roots",
            f"`{path}` lies outside the roots",
            f"the root is `{self._shown(base)}`",
            (
                f"to allow it, add this line to snorkel-dsl.toml there, or to `[tool.snorkel-dsl]` in pyproject.toml: "
                f"`roots = [{listed}]`",
                f"for once: `--root {needed[1]}`",
            ),
        )


def _missing(path: str, found: Path) -> Refusal:
    if found.is_dir():
        return Refusal("missing-file", f"`{path}` is a folder", "a file is needed here")
    if found.exists():
        return Refusal("missing-file", f"`{path}` is no ordinary file", "a file is needed here")
    if not found.parent.is_dir():
        return Refusal("missing-file", f"there is no file `{path}`", "its folder is not there either")
    beside = sorted(file.name for file in found.parent.iterdir() if file.is_file())
    return Refusal("missing-file", f"there is no file `{path}`", "not found", _which(path, found.name, beside))


def _which(path: str, name: str, beside: Sequence[str]) -> tuple[str, ...]:
    likely = did_you_mean(name, beside)
    if likely is None:
        return ()
    return (f"did you mean `{path[: len(path) - len(name)]}{likely}`?",)
