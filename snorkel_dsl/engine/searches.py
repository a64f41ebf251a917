"""What a plan looks for in texts, compiled once and kept for all batches; and how to ask a single text.

The scan of a text answers most rows. A row that it leaves open is asked by the linear matcher of a pattern, or by the
operator's own evaluation; of a list of terms, that gets only those that may be in the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from snorkel_dsl.engine.lexicon import Lexicon, searchable
from snorkel_dsl.engine.matcher import Matcher
from snorkel_dsl.engine.plan import Plan
from snorkel_dsl.engine.profile import phase
from snorkel_dsl.engine.proposals import needle
from snorkel_dsl.engine.scan import Hits, Scan, Wanted
from snorkel_dsl.engine.values import Texts
from snorkel_dsl.language import ir
from snorkel_dsl.predicates import Sought, catalog

Ask: TypeAlias = Callable[[str], Any]


class Searches:
    """All that the nodes of a plan look for."""

    def __init__(self, plan: Plan, scanner: str | None = None) -> None:
        self._plan = plan
        self._asks: dict[int, Ask] = {}
        self._scans = {
            text: Scan([_wanted(plan.sought[number]) for number in numbers], scanner)
            for text, numbers in plan.scans.items()
        }

    def run(self, text: int, value: Texts) -> dict[int, Hits]:
        """For each node that looks for something in a text, where it is."""
        with phase("scan"):
            return dict(zip(self._plan.scans[text], self._scans[text].run(value), strict=True))

    def ask(self, number: int) -> Ask:
        """What a node's operator says of a single text."""
        if number not in self._asks:
            node = self._plan.nodes[number]
            constants = [self._plan.nodes[argument].detail for argument in node.arguments[1:]]
            self._asks[number] = _ask(catalog()[node.operator].evaluate, constants, self._plan.sought[number])
        return self._asks[number]


def _wanted(sought: tuple[Sought, ...]) -> Wanted:
    """What an operator looks for as needles."""
    masks = [replace(one, what=ir.TermList(one.masks), decides=False) for one in sought if one.decides and one.masks]
    return Wanted(tuple(map(needle, sought)), tuple(map(needle, masks)))


def _ask(evaluate: Callable[..., Any], constants: list[Any], sought: tuple[Sought, ...]) -> Ask:
    """An operator with all its arguments but the first."""
    match sought:
        case (Sought(what=ir.Pattern() as pattern, decides=True),):
            return Matcher(pattern).search
    if not all(one.as_words for one in sought):
        return lambda text: evaluate(text, *constants)
    narrowed = [_narrowed(constant) for constant in constants]

    def ask(text: str) -> Any:
        key = searchable(text)
        return evaluate(text, *(among(key) for among in narrowed))

    return ask


def _narrowed(constant: Any) -> Callable[[bytes], Any]:
    """A constant for a single text: of a list of terms, those that may be in it."""
    if not isinstance(constant, ir.TermList):
        return lambda _: constant
    each = [(Lexicon(one), Lexicon(ir.TermList(one.masks))) for one in constant.each]
    return lambda key: ir.joined(ir.TermList(terms.among(key), masks.among(key)) for terms, masks in each)
