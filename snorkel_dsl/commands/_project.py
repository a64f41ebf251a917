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


def load_rules(path: Path, project: Project) -> Rules:
    """The compiled rules of a file (`-` is stdin); warnings are printed. Raises RulesError where it has errors."""
    from snorkel_dsl.api import Rules, check_source
    from snorkel_dsl.datasets.options import refusal
    from snorkel_dsl.repository.files import read_rules, source_of

    if path.is_dir():
        raise refusal("bad-option", f"`{path}` is a folder", "name one rules file; it may `use` others")
    if path == Path("-"):
        source, file = source_of("<stdin>", sys.stdin.buffer.read()), None
    else:
        source, file = read_rules(path), path
    program, diagnostics = check_source(source, file, project.roots)
    if program is None or any(diagnostic.severity == "error" for diagnostic in diagnostics):
        raise RulesError(diagnostics)
    show(diagnostics)
    if not program.functions:
        raise refusal("no-rules", f"`{path}` declares no rule that could vote", "write one: `rule my_rule votes LABEL`")
    return Rules(program, tuple(diagnostics))
