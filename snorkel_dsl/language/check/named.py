"""`condition` blocks: each is checked once, after those that it uses, and written out wherever it is used."""

from __future__ import annotations

from collections.abc import Iterable

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.conditions import check_each, uses
from snorkel_dsl.language.check.scope import NamedCondition, Names, Scope

MOST_PARTS = 100_000
MOST_LEVELS = 150
MOST_NESTED = 50  # conditions that use one another


class ConditionsBuilder:
    """Checks `condition` blocks when they are asked for, so that conditions may use one another in any order."""

    def __init__(self, names: Names, blocks: Iterable[ast.Condition]) -> None:
        self.names = names
        self.blocks = {block.name.text: block for block in blocks}

    def build_all(self) -> None:
        """Check every condition of the file, those that others use before these."""
        levels: dict[str, int] = {}
        for name in self.blocks:
            self._visit(name, (), levels)

    def _visit(self, name: str, path: tuple[str, ...], levels: dict[str, int]) -> None:
        """Check a condition, unless it is in `levels`: how many conditions deep each is that was checked."""
        if name in levels:
            return
        block = self.blocks[name]
        if name in path:
            self.names.report("circular-use", f"the condition `{name}` uses itself", block.name)
            self._refuse(name, levels)
            return
        used = [other for other in dict.fromkeys(ast.names_in(block.items)) if other in self.blocks]
        if len(path) < MOST_NESTED:
            for other in used:
                self._visit(other, (*path, name), levels)
        if name in levels:
            return
        levels[name] = 1 + max((levels.get(other, MOST_NESTED) for other in used), default=0)
        if levels[name] > MOST_NESTED:
            self.names.report(
                "too-large", f"more than {MOST_NESTED} conditions use one another", block.name, "one too many"
            )
            self._refuse(name, levels)
            return
        self.names.conditions[name] = self._check(block)

    def _refuse(self, name: str, levels: dict[str, int]) -> None:
        levels[name] = 0
        self.names.conditions[name] = None

    def _check(self, block: ast.Condition) -> NamedCondition | None:
        names, parameter = self.names, block.parameter
        scope = Scope(names) if parameter is None else Scope(names).with_piece(parameter.name.text)
        whens = [item.condition for item in block.items if isinstance(item, ast.When)]
        unlesses = [item.condition for item in block.items if isinstance(item, ast.Unless)]
        healthy = self._is_well_formed(block, whens)
        checked, excluded = check_each(scope, whens), check_each(scope, unlesses)
        if not healthy or checked is None or excluded is None:
            return None
        body = names.any_of(*checked, span=block.span)
        if excluded:
            body = names.all_of(
                body, names.negation(names.any_of(*excluded, span=block.span), block.span), span=block.span
            )
        return NamedCondition(body, parameter is not None) if self._is_small(block, body) else None

    def _is_small(self, block: ast.Condition, body: ir.Expression) -> bool:
        """Whether a condition, with all those that it uses written out, stays within bounds; so all that it uses did."""
        parts, levels = _extent(body)
        if parts <= MOST_PARTS and levels <= MOST_LEVELS:
            return True
        much = (
            f"has more than {MOST_PARTS:_} parts" if parts > MOST_PARTS else f"is more than {MOST_LEVELS} levels deep"
        )
        self.names.report(
            "too-large",
            f"the condition `{block.name.text}` {much}",
            block.name,
            "with all conditions that it uses written out",
            helps=["use fewer conditions inside one another"],
        )
        return False

    def _is_well_formed(self, block: ast.Condition, whens: list[ast.Expression]) -> bool:
        names, parameter = self.names, block.parameter
        healthy = True
        if not whens:
            names.report("no-when", f"the condition `{block.name.text}` has no `when`", block.name)
            healthy = False
        for item in block.items:
            if isinstance(item, ast.When) and item.vote is not None:
                names.report("misplaced-line", "a condition does not vote", item.vote, helps=["remove the vote"])
                healthy = False
        if parameter is not None and parameter.type.text != "text":
            names.report(
                "wrong-type",
                "a condition is asked of `some text`",
                parameter.type,
                helps=["write `of some text as it`"],
            )
            healthy = False
        if parameter is not None and healthy and not uses(block.items, parameter.name.text):
            text = parameter.name.text
            names.report(
                "part-without-it",
                f"nothing is asked of `{text}`",
                parameter.name,
                helps=[f"ask something of `{text}`, or remove the parameter"],
            )
            healthy = False
        return healthy


def _extent(expression: ir.Expression) -> tuple[int, int]:
    """How many parts an expression has, counted no further than is allowed, and how deep it is."""
    parts, deepest, waiting = 0, 0, [(expression, 1)]
    while waiting and parts <= MOST_PARTS:
        part, level = waiting.pop()
        parts, deepest = parts + 1, max(deepest, level)
        waiting.extend((child, level + 1) for child in ir.children(part))
    return parts, deepest
