"""Which of very many terms each text mentions, each term on its own, as `mentions` has it: for ranking a vocabulary.

The automaton of the terms finds the few that may be in a text; those are then looked for exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snorkel_dsl.engine.lexicon import Lexicon, searchable
from snorkel_dsl.language.ir import Term, TermList
from snorkel_dsl.language.text.folding import fold
from snorkel_dsl.language.text.terms import compile_term, occurrences


def terms_mentioned(texts: Iterable[str | None], terms: tuple[Term, ...]) -> Iterator[list[Term]]:
    """For each text the terms that it mentions, in their order; a missing text mentions none."""
    lexicon = Lexicon(TermList(terms))
    for text in texts:
        yield [] if text is None else list(_mentioned(text, lexicon))


def _mentioned(text: str, lexicon: Lexicon) -> Iterator[Term]:
    candidates = lexicon.among(searchable(text))
    folded = {case: fold(text, case).text for case in {term.exact_case for term in candidates}}
    yield from (term for term in candidates if occurrences(folded[term.exact_case], compile_term(term)))
