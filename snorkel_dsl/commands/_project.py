"""What a command knows before it starts: the settings that hold, the roots, the rules themselves."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from snorkel_dsl.commands._output import show
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.repository.settings import Settings, find_settings, load_settings

if TYPE_CHECKING:
    from snorkel_dsl.api import Rules
    from snorkel_dsl.diagnostics import Diagnostic
    from snorkel_dsl.source import Source

STDIN = Path("-")


@dataclass(frozen=True)
class Project:
    """The settings that hold for a file, and the folders from which it may name other files."""

    settings: Settings
    roots: tuple[Path, ...]

    @property
    def rules(self) -> tuple[Path, ...]:
        """The rules that the settings name."""
        return self.settings.rules


def project_for(path: Path, config: Path | None = None, roots: tuple[Path, ...] = ()) -> Project:
    """The project of a rules file or folder (`-` stands in the current folder)."""
    folder = (path if path.is_dir() else path.parent).resolve()
    settings = load_settings(config) if config else find_settings(folder)
    named = [root for root in (settings.folder, *settings.roots) if root is not None]
    return Project(settings, tuple(root.resolve() for root in (*roots, *(named or [folder]))))


def rules_files(paths: tuple[Path, ...], config: Path | None, diagnostics: list[Diagnostic]) -> list[Path]:
    """Every rules file that some paths name, each once; without paths those of the settings, else of the current folder.

    What is not there is added to the diagnostics.
    """
    from snorkel_dsl.repository.files import find_rules

    found: dict[Path, None] = {}
    for path in paths or project_for(Path.cwd(), config).rules or (Path(),):
        try:
            found |= dict.fromkeys([path] if path == STDIN else find_rules([path]))
        except RulesError as wrong:
            diagnostics.extend(wrong.diagnostics)
    return list(found)


def source_at(path: Path) -> tuple[Source, Path | None]:
    """The source of a rules file, and the file that it is (None: it came on stdin). Raises RulesError where it is no text."""
    from snorkel_dsl.repository.files import LARGEST, read_rules, source_of

    if path == STDIN:
        return source_of("<stdin>", sys.stdin.buffer.read(LARGEST + 1)), None
    return read_rules(path), path


def load_rules(path: Path, project: Project) -> Rules:
    """The compiled rules of a file (`-` is stdin); warnings are printed. Raises RulesError where it has errors."""
    from snorkel_dsl.api import Rules, check_source, nothing_to_run
    from snorkel_dsl.datasets.options import FORMATS, refusal

    if path.is_dir():
        raise refusal("bad-option", f"`{path}` is a folder", "name one rules file; it may `use` others")
    if path.suffix.lower() in FORMATS:
        raise refusal("bad-usage", f"`{path}` is a file of data", "rules come first, then data: `RULES DATA`")
    source, file = source_at(path)
    program, diagnostics = check_source(source, file, project.roots, project.settings)
    if program is None or any(diagnostic.severity == "error" for diagnostic in diagnostics):
        raise RulesError(diagnostics or [nothing_to_run(str(path))])
    show(diagnostics)
    if not program.functions:
        raise refusal("no-rules", f"`{path}` declares no rule that could vote", "write one: `rule my_rule votes LABEL`")
    return Rules(program, tuple(diagnostics))
