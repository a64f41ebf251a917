"""`condition` blocks: each is checked once, after those that it uses, and written out wherever it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.conditions import check_each, uses
from snorkel_dsl.language.check.scope import NamedCondition, Names, Scope

MOST_PARTS = 100_000
MOST_NESTED = 50  # conditions that use one another


class ConditionsBuilder:
    """Checks `condition` blocks when they are asked for, so that conditions may use one another in any order."""

    def __init__(self, names: Names, blocks: Iterable[ast.Condition]) -> None:
        self.names = names
        self.blocks = {block.name.text: block for block in blocks}

    def build_all(self) -> None:
        """Check every condition of the file, those that others use before these."""
        ready: dict[str, None] = {}
        for name in self.blocks:
            self._visit(name, (), ready)

    def _visit(self, name: str, path: tuple[str, ...], ready: dict[str, None]) -> None:
        if name in ready:
            return
        block = self.blocks[name]
        if name in path:
            self.names.report("circular-use", f"the condition `{name}` uses itself", block.name)
            self.names.conditions[name] = None
            ready[name] = None
            return
        if len(path) >= MOST_NESTED:
            self.names.report(
                "too-large", f"more than {MOST_NESTED} conditions use one another", block.name, "one too many"
            )
            self.names.conditions[name] = None
            ready[name] = None
            return
        for used in _names_in(block.items):
            if used in self.blocks:
                self._visit(used, (*path, name), ready)
        if name not in ready:
            ready[name] = None
            self.names.conditions[name] = self._check(block)

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
        if sum(1 for _ in ir.walk(body)) <= MOST_PARTS:
            return True
        self.names.report(
            "too-large",
            f"the condition `{block.name.text}` has more than {MOST_PARTS:_} parts",
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


def _names_in(node: object) -> Iterator[str]:
    match node:
        case ast.Name(text=text):
            yield text
        case ast.Node():
            yield from _names_in(node.inside)
        case tuple():
            for part in node:
                yield from _names_in(part)
