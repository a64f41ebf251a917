"""A list of terms written out: what a rules file comes to after its files, ontologies and forms of words."""

from __future__ import annotations

from snorkel_dsl.language.ir import Term, TermList
from snorkel_dsl.report.table import count


def as_text(name: str, terms: TermList) -> str:
    """The terms of a list, one a line, and then what masks."""
    lines = [f"{name}: {count(len(terms.terms), 'term')}", *(f"  {_shown(term)}" for term in terms.terms)]
    if terms.masks:
        lines += [f"except {count(len(terms.masks), 'term')}", *(f"  {_shown(mask)}" for mask in terms.masks)]
    return "\n".join(lines)


def _shown(term: Term) -> str:
    modes = [mode for mode, holds in (("exact case", term.exact_case), ("exactly", term.exactly)) if holds]
    return f"{term.text}  ({', '.join(modes)})" if modes else term.text
