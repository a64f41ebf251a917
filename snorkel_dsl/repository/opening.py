"""Opening what the rules of a folder name, with what the settings there say."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snorkel_dsl.knowledge import Resolver
    from snorkel_dsl.language.check.resolving import Refusal
    from snorkel_dsl.language.ir import Pipeline
    from snorkel_dsl.repository.settings import Settings


def resolver_for(roots: tuple[Path, ...], file: Path | None, settings: Settings | None = None) -> Resolver:
    """Opens the files that rules name. Settings that are not given are read when something of them is asked for."""
    from snorkel_dsl.knowledge import Resolver
    from snorkel_dsl.repository.settings import find_settings

    @cache
    def found() -> Settings:
        return settings or find_settings((file.parent if file else Path.cwd()).resolve())

    @cache
    def pipeline(roots: tuple[Path, ...]) -> Pipeline | Refusal:
        from snorkel_dsl.knowledge.pipelines import find_pipeline

        return find_pipeline(found().pipeline, roots)

    return Resolver(roots, file, configured=pipeline, function_seconds=lambda: found().function_seconds)
