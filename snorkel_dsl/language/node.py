"""What every node of the tree has: its parts, its place, equality by meaning.

The classes of `language.ast` are many, and each run of the program makes them all. `dataclasses` compiles six methods a
class, which took longer than checking a small file does; here one method of each serves all classes.
"""

from __future__ import annotations

from inspect import get_annotations
from typing import Any, ClassVar, dataclass_transform

from snorkel_dsl.source import Span


def part(*, kw_only: bool) -> Any:
    """Mark for type checkers what is given by its name when a node is made."""
    return ... if kw_only else None


@dataclass_transform(eq_default=True, frozen_default=True, field_specifiers=(part,))
class _Frozen:
    """What tells type checkers that a class is made of its annotations."""


class Node(_Frozen):
    """A part of a rules file, and its place.

    `part_types` maps the names of its parts, in the order written, to their types; its place is not among them and does not
    count when nodes are compared.
    """

    span: Span = part(kw_only=True)
    part_types: ClassVar[dict[str, str]] = {}
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.part_types = get_annotations(cls)
        cls.__match_args__ = tuple(cls.part_types)  # type: ignore[misc]  # it belongs to each class

    def __init__(self, *given: Any, span: Span, **named: Any) -> None:
        if not given and named.keys() == self.part_types.keys():  # as the parser makes most of them
            self.__dict__.update(named, span=span)
            return
        values = dict(zip(self.part_types, given, strict=False)) | named
        unknown = len(given) > len(self.part_types) or values.keys() - self.part_types
        if unknown or any(name not in values and not hasattr(type(self), name) for name in self.part_types):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.part_types)}")
        self.__dict__.update(values, span=span)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a node can't be changed: {name}")

    @property
    def inside(self) -> tuple[Any, ...]:
        """The values of its parts, in the order written."""
        return tuple(getattr(self, name) for name in self.part_types)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Node) and self.inside == other.inside

    def __hash__(self) -> int:
        return hash((type(self), self.inside))

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in zip(self.part_types, self.inside, strict=True))
        return f"{type(self).__name__}({', '.join(shown)})"
