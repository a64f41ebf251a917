"""What to say of a block that cannot be read: for each common mistake its own words, with what to write instead.

The parser tells where it stopped and what it could have taken there (`Failure`). From that and from the words around the
place, the functions below are asked in turn, the most telling first, and the first that knows the mistake says it. Only
where none does, the message names what was found and the likeliest things that could stand there.
"""

from __future__ import annotations

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language.complaints import blocks, constructs, phrases, signs, words
from snorkel_dsl.language.complaints.blocks import of_unreadable
from snorkel_dsl.language.complaints.failure import Complaint, Failure, expected, shortened
from snorkel_dsl.language.complaints.files import not_rules, without_echoes
from snorkel_dsl.source import Span

__all__ = ["Failure", "not_rules", "of_syntax", "of_unreadable", "without_echoes"]


def of_syntax(failure: Failure) -> Diagnostic:
    """What to say of a block at the place where the parser stopped."""
    for complaint in _COMPLAINTS:
        diagnostic = complaint(failure)
        if diagnostic is not None:
            return diagnostic
    return _anything_else(failure)


def _anything_else(failure: Failure) -> Diagnostic:
    found = shortened(failure.text if failure.found else failure.here[:1])
    span = failure.span if failure.span.end > failure.span.start else Span(failure.span.start, failure.span.start + 1)
    after = f" after `{shortened(failure.previous)}`" if failure.previous else ""
    return failure.say(
        "unexpected-word", f"`{found}` cannot stand here{after}", f"here could stand {expected(failure)}", span=span
    )


_COMPLAINTS: tuple[Complaint, ...] = (
    blocks.header,
    signs.odd_space,
    signs.curly_quotes,
    signs.escaped_quote,
    signs.single_quotes,
    signs.unclosed_quote,
    signs.unclosed_regex,
    constructs.of_context,
    constructs.of_sections,
    constructs.of_ontology,
    constructs.of_task,
    constructs.of_use,
    constructs.of_lists,
    constructs.of_parts,
    phrases.words_with_commas,
    phrases.other_wording,
    constructs.of_require,
    constructs.of_votes,
    constructs.second_line,
    phrases.misplaced_vote,
    phrases.trailing_comma,
    signs.equals_sign,
    signs.sign_after_is,
    signs.comment_sign,
    signs.number,
    signs.dash,
    signs.letters,
    signs.brackets,
    signs.colon,
    blocks.missing_body,
    blocks.indentation,
    blocks.missing_label,
    blocks.line_ends,
    words.missing_comma,
    words.words_after_of,
    words.not_before_condition,
    words.missing_space,
    words.missing_is,
    words.missing_quotes,
    words.keyword_as_name,
    words.misspelt,
)
