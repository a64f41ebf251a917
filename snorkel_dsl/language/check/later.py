"""What the language of the design has and this version does not: each such construct is refused by its name, once."""

from __future__ import annotations

from snorkel_dsl.language import ast
from snorkel_dsl.language.check.scope import Names


def comes_later(names: Names, at: ast.Node, written: str, what: str, *helps: str) -> None:
    """Say that something is not in this version yet, and what can be written instead."""
    names.report("comes-later", f"`{written}` ({what}) is not in this version yet", at, "comes later", helps=helps)


def refuse_block(names: Names, block: ast.Block) -> bool:
    """Refuse a block that comes with a later version. Returns whether it was one."""
    match block:
        case ast.Slice():
            comes_later(names, block.name, "slice", "named parts of the data")
        case ast.Transform():
            comes_later(names, block.name, "transform", "data augmentation")
        case ast.Augment():
            comes_later(names, block.name, "augment", "data augmentation")
        case _:
            return False
    return True
