"""What is no mistake but most likely not meant: warnings about the tree of a file in which nothing is wrong.

Each function looks at the whole file, and `REMARKS` names it by the kind of warning that it gives: one place to add another.
A warning that is meant to stay is allowed in the file itself (`language.allow`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from snorkel_dsl.diagnostics import Diagnostic, Mark
from snorkel_dsl.language import ast
from snorkel_dsl.source import Source

_DECLARING = (ast.Terms, ast.Lookup, ast.Condition)


def remarks(file: ast.File, source: Source) -> list[Diagnostic]:
    """Warnings about a file without errors. One without rules is there for others to use: nothing is said of it."""
    if not any(isinstance(block, ast.Rule) for block in file.blocks):
        return []
    return [found for look in REMARKS.values() for found in look(file, source)]


def unused_names(file: ast.File, source: Source) -> Iterator[Diagnostic]:
    """Terms, lookups and conditions that no rule reaches."""
    declared = {block.name.text: block for block in file.blocks if isinstance(block, _DECLARING)}
    reached: list[ast.Node] = [block for block in file.blocks if not isinstance(block, _DECLARING)]
    used: set[str] = set()
    while reached:
        found = set(ast.names_in(reached.pop())) - used
        used |= found
        reached += [declared[name] for name in found if name in declared]
    for name, block in declared.items():
        if name not in used:
            what = "terms list" if isinstance(block, ast.Terms) else type(block).__name__.lower()
            message = f"no rule uses the {what} `{name}`"
            advice = "use it, remove it, or say why it stays: `# allow unused-name: …`"
            mark = Mark(source, block.name.span)
            yield Diagnostic("unused-name", message, mark, helps=(advice,), severity="warning")


REMARKS: Mapping[str, Callable[[ast.File, Source], Iterator[Diagnostic]]] = {"unused-name": unused_names}
