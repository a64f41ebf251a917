"""Where in a text something is asked: in or outside a section, in its first or last units, in one and the same unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.scope import Names, Scope
from snorkel_dsl.language.check.values import cut, part_unit, whole
from snorkel_dsl.language.types import Kind
from snorkel_dsl.source import Span

Core: TypeAlias = Callable[[ir.Expression], ir.Expression]
_InSection: TypeAlias = tuple[str, ir.Section | ir.HeadedSection, str, Span]  # operator, section, its column, place
_Single: TypeAlias = ast.InPart | ast.InSame | ast.Times | ast.UnderContext


@dataclass(frozen=True)
class Places:
    """Where a text is looked at: in or outside sections, then in its first or last units, then in each unit alone."""

    sections: tuple[_InSection, ...] = ()
    part: ast.InPart | None = None
    count: int = 1
    same: ast.InSame | None = None
    times: ast.Times | None = None
    under: ast.UnderContext | None = None

    def narrow(self, names: Names, text: ir.Expression) -> ir.Expression | None:
        """The text that is looked at."""
        column = text
        for operator, section, of, span in self.sections:
            if not isinstance(column, ir.Column) or column.name != of:
                names.report(
                    "wrong-section",
                    f"`{section.name}` is a section of `{of}`",
                    span,
                    "asked of something else",
                    helps=[
                        f"take the parts of the section: `… of {section.name} where …`"
                        if isinstance(column, ir.Piece)
                        else f"ask `{of}`, or declare it under the `sections of` of the column that is asked"
                    ],
                )
                return None
            text = names.call(operator, text, ir.Constant(section, Kind.SECTION, span), span=span)
        if self.part is not None:
            text = cut(names, text, self.part.end, self.count, self.part.unit, self.part.span)
        return text

    def ask(self, names: Names, core: Core, text: ir.Expression, span: Span) -> ir.Expression:
        """A core asked of the text, or of some unit of it."""
        if self.same is None:
            return core(text)
        units = names.call(f"{self.same.unit.word}s", text, span=self.same.span)
        return ir.Quantified(units, core(ir.Piece(0, Kind.TEXT, span)), least=1, most=None, span=span)


def check_places(scope: Scope, written: tuple[ast.Place, ...]) -> Places | None:
    """The places of a `mentions` or `matches`, checked; None where one of them is wrong."""
    names = scope.names
    sections: list[_InSection] = []
    single: dict[str, _Single] = {}
    count, healthy = 1, True
    for place in written:
        match place:
            case ast.InSection(section=name) | ast.OutsideSection(section=name):
                found = names.find("section", names.sections, name)
                healthy = healthy and found is not None
                if found is not None:
                    operator = "section" if isinstance(place, ast.InSection) else "outside"
                    sections.append((operator, found.section, found.column, place.span))
            case ast.UnderContext():
                healthy = _once(names, single, "under", place) and healthy
            case ast.InPart(count=number, unit=unit):
                counted = 1 if number is None else whole(names, number, f"{unit.word}s", least=1)
                healthy = (
                    _once(names, single, "part", place) and part_unit(names, unit) and counted is not None and healthy
                )
                count = counted or 1
            case ast.InSame(unit=unit):
                healthy = _once(names, single, "same", place) and _same_unit(names, unit) and healthy
            case ast.Times():
                healthy = _once(names, single, "times", place) and healthy
    if not healthy:
        return None
    part = next((place for place in written if isinstance(place, ast.InPart)), None)
    same = next((place for place in written if isinstance(place, ast.InSame)), None)
    times = next((place for place in written if isinstance(place, ast.Times)), None)
    # What lies outside a section is marked in the whole text, so that comes first; it keeps every offset.
    sections.sort(key=lambda place: place[0] != "outside")
    under = next((place for place in written if isinstance(place, ast.UnderContext)), None)
    return Places(tuple(sections), part, count, same, times, under)


def _once(
    names: Names,
    single: dict[str, _Single],
    what: str,
    place: _Single,
) -> bool:
    if what not in single:
        single[what] = place
        return True
    names.report(
        "repeated-line",
        f"`{names.written(place)}` comes on top of another of its sort",
        place,
        "one is enough",
        others=[(single[what].span, "")],
    )
    return False


def _same_unit(names: Names, unit: ast.Unit) -> bool:
    if unit.word in ("sentence", "line", "paragraph"):
        return True
    names.report(
        "wrong-unit", f"`in the same {unit.word}` is not possible", unit, helps=["write sentence, line or paragraph"]
    )
    return False
