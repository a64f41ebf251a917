"""Where the time of a run went, as text: by phase, and the slowest rules with what would make them faster."""

from __future__ import annotations

from collections.abc import Mapping

from snorkel_dsl.engine.profile import PHASES, Clock
from snorkel_dsl.predicates import catalog
from snorkel_dsl.report.names import short_names
from snorkel_dsl.report.table import percent, table

MOST_RULES = 10
FEWEST_RULES = 3  # beyond, only those that take a thousandth of the time
_WORTH_A_HINT = 1_000  # rows asked one by one
_SAID = {
    "read": "reading the data",
    "cache": "hashing the data, loading and keeping votes",
    "plan": "planning the rules",
    "columns": "reading values as their types",
    "compile": "compiling what is looked for",
    "scan": "looking for it in the texts",
    "rules": "all else of the rules",
    "assemble": "putting votes together",
    "write": "writing the output",
}


def as_text(clock: Clock, rows: int) -> str:
    """A table of the phases, and one of the slowest rules."""
    total = sum(clock.seconds.values())
    phases = [
        (name, f"{clock.seconds[name]:.2f}", percent(clock.seconds[name] / total), _SAID[name]) for name in PHASES
    ]
    rate = f"{rows / total:,.0f} rows a second" if total else ""
    phases.append(("all", f"{total:.2f}", "", rate))
    parts = [table(("phase", "seconds", "share", ""), phases, left=(0, 3))]
    longest = enumerate(_longest(clock.rules))
    slowest = [rule for place, rule in longest if place < FEWEST_RULES or rule[1] > total / 1_000]
    if not slowest:
        return parts[0]
    short = short_names(tuple(clock.rules))
    lines = [(short[name], f"{seconds:.2f}", *_hint(clock, name)) for name, seconds in slowest]
    parts.append(table(("slowest rules", "seconds", "asked one by one", ""), lines, left=(0, 3)))
    return "\n\n".join(parts)


def _longest(rules: Mapping[str, float]) -> list[tuple[str, float]]:
    """The rules that took longest, the longest first."""
    return sorted(rules.items(), key=lambda rule: -rule[1])[:MOST_RULES]


def _hint(clock: Clock, name: str) -> tuple[str, str]:
    """How many rows a rule asked one by one, and what would spare them."""
    own = {operator: rows for (rule, operator), rows in clock.asked.items() if rule == name}
    if not own:
        return "0", "values that it shares with later rules count here"
    operator, rows = max(own.items(), key=lambda item: item[1])
    return f"{sum(own.values()):,}", "" if rows < _WORTH_A_HINT else _advice(operator)


def _advice(operator: str) -> str:
    predicate = catalog()[operator]
    if predicate.may_fail or predicate.costly:
        return f"`{operator}` runs code of its own: join it by `and` to a condition that rules most rows out"
    if operator == "matches":
        return "the pattern needs a second look on these rows: begin and end it with letters, not with `.*` or `\\b`"
    if predicate.looks_for is not None:
        return f"`{operator}` needs a second look where its terms occur: fewer or rarer terms make it faster"
    return f"`{operator}` looks at every row: join it by `and` to words that must be there"
