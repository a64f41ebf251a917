"""What to say of lines that cannot be mended by other words alone: a part is missing, or one line is meant to be two.

Each function knows the blocks or the phrase that it is about, and says nothing of any other.
"""

from __future__ import annotations

import re

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.language.complaints.failure import Failure
from snorkel_dsl.source import Span

_AXES = ("negation", "uncertain", "history", "family", "hypothesis")
_OPTIONS = ("synonyms", "at", "skip", "keep", "languages", "except")
_ASSERTIONS = frozenset(("asserts", "assert", "denies", "deny", "suspects", "suspect"))
_OF_CUES = (
    'a cue is words in quotes; a `*` at the end of a word stands for its endings: `negation before "no", "exclud*"`'
)


def of_context(failure: Failure) -> Diagnostic | None:
    """Cues whose side or kind is not said, or that are no words in quotes."""
    if _first_word(failure) != "context":
        return None
    quoted = failure.found == "STRING"
    if failure.previous in _AXES and quoted:
        helps = [f"write {failure.with_text(_before(failure), f'{side} ')}" for side in ("before", "after")]
        return failure.say("missing-relation", f"{failure.text} before what it governs, or after?", "", *helps)
    if failure.previous in ("before", "after") and failure.text in ("or", "and"):
        axis = failure.words_before[-2][0]
        help_text = f"write a line for each side: `{axis} before …` and `{axis} after …`"
        return failure.say("other-wording", "a cue looks ahead or back, never both ways in one line", "", help_text)
    if failure.previous in ("before", "after", ",") and not quoted and _names_many(failure):
        return failure.say("missing-quotes", "no list or file stands among cues", "words need quotes", _OF_CUES)
    if failure.text == "," and "extends" in [word for word, _ in failure.words_before[-2:]]:
        help_text = "extend one of them, and write the cues that are missing below"
        return failure.say("other-wording", "a context extends one other", "", help_text)
    return _kind_of_cue(failure)


def _kind_of_cue(failure: Failure) -> Diagnostic | None:
    if "NEGATION" not in failure.accepted:
        return None
    if failure.found == "STRING":
        helps = (
            f"write `negation before {failure.text}`",
            f"the kinds of cues: {', '.join(f'`{axis}`' for axis in _AXES)}",
        )
        return failure.say("missing-relation", f"what does {failure.text} say of what it governs?", "", *helps)
    if re.match(r"assert|affirm|positive|certain|present", failure.text):
        help_text = 'leave it out; what takes a cue away is `not a cue "…"`, what ends its reach `stop at "…"`'
        return failure.say("other-wording", "what no cue governs is asserted without any", "", help_text)
    return None


def of_sections(failure: Failure) -> Diagnostic | None:
    """Headings that are no words in quotes, several columns, and a marker without its end."""
    if _first_word(failure) != "sections":
        return None
    if failure.text == "," and "STRING" not in failure.accepted and len(failure.words_before) == 3:
        help_text = "write a `sections of` block for each of them; each section has a name of its own"
        return failure.say("other-wording", "the sections of one column stand in one block", "", help_text)
    unquoted = failure.previous in ("headed", "or") and "STRING" in failure.accepted and failure.found != "STRING"
    if unquoted and (failure.here.startswith("/") or _names_many(failure)):
        help_text = 'write the words: `headed "findings" or "results"`; case does not count'
        return failure.say("missing-quotes", "a heading is words in quotes", "words need quotes", help_text)
    if "UP" in failure.accepted and (failure.found in ("_NL", "$END") or failure.here.startswith("to the")):
        marker = failure.previous
        help_text = f'write `from {marker} up to "…"`; in a text without that marker it goes on to the end'
        return failure.say("unfinished-line", "up to where does this section go?", "", help_text, span=_last(failure))
    return None


def of_ontology(failure: Failure) -> Diagnostic | None:
    """Options in the wrong place, and an ontology without a node."""
    if _first_word(failure) != "terms":
        return None
    line = _line(failure).strip()
    if "BELOW" in failure.accepted and failure.found in ("_NL", "$END"):
        helps = (
            f'write `{line} below "…"`, with an id or a name',
            "`snorkel-dsl ontology show FILE` lists its topmost nodes",
        )
        return failure.say(
            "unfinished-line", "which terms of the ontology?", "no node is named", *helps, span=_last(failure)
        )
    if line.startswith("from ontology") and failure.text in _OPTIONS and failure.previous.startswith('"'):
        deeper = "indented like `from`" if failure.text == "except" else "indented deeper than `from`"
        help_text = f"put `{failure.here.split('#')[0].strip()}` on the next line, {deeper}"
        return failure.say("misplaced-line", f"`{failure.text}` stands on a line of its own", "", help_text)
    if "SYNONYMS" in failure.accepted and failure.text == "except":
        help_text = "indent `except` like `from`: it holds for the whole list"
        return failure.say("misplaced-line", "`except` is no option of the ontology", "indented too deep", help_text)
    if failure.text == "," and line.split()[0] in _OPTIONS and "_NL" in failure.accepted:
        return failure.say(
            "misplaced-line", "each option stands on a line of its own", "", "put what follows on the next line"
        )
    if failure.previous == "below" and failure.found == "STRING" and "except" in line:
        help_text = (
            'write the words that are not meant: `except "common cold"`; or name the nodes that are: `below "A" or "B"`'
        )
        return failure.say("other-wording", "`except` leaves out words, not what stands below a node", "", help_text)
    return None


def of_task(failure: Failure) -> Diagnostic | None:
    """`any number may apply` on a line of its own."""
    alone = re.match(r"\s*(any number|several|multi)", _line(failure))
    if _first_word(failure) != "task" or alone is None:
        return None
    help_text = "put it at the end of the labels: `labels EDEMA, NODULE, any number may apply`"
    return failure.say("misplaced-line", "how many labels may apply is said where they are listed", "", help_text)


def of_use(failure: Failure) -> Diagnostic | None:
    """Several contexts in one line."""
    if _first_word(failure) != "use" or failure.text != "," or "context" not in _line(failure):
        return None
    help_text = "write a `use context` line for each; conditions then say `under NAME`"
    return failure.say("other-wording", "each context is used by a line of its own", "", help_text)


def of_require(failure: Failure) -> Diagnostic | None:
    """Two labels that together require a third."""
    if _first_word(failure) != "require" or failure.text != "and":
        return None
    help_text = "write a line for each label that requires it alone: `require A implies C`; `or` is possible"
    return failure.say("other-wording", "a requirement has no `and`", "", help_text)


def of_votes(failure: Failure) -> Diagnostic | None:
    """Several labels in one vote, and what values of a column mean."""
    if _first_word(failure) != "rule":
        return None
    if failure.previous == "annotators" and failure.text == "in":
        help_text = (
            f"write {failure.with_text(_before(failure), 'of number ')}, with the column that tells the rows apart"
        )
        return failure.say("unfinished-line", "annotators of what?", "", help_text)
    label = re.search(r"(\bvotes?|means|example) (?:[\w.]+ or )*[\w.]+$", _line(failure)[: _column(failure)].rstrip())
    if label and failure.text in (",", "and") and "NAME" not in failure.accepted:
        helps = ("for one of them, whichever it is: `A or B`", "for both of them, write a rule for each")
        return failure.say("other-wording", "a vote names one label, or says that one of several is right", "", *helps)
    if "by column" not in failure.source.slice(failure.block) and "by annotators" not in failure.source.slice(
        failure.block
    ):
        return None
    return _of_values(failure)


def _of_values(failure: Failure) -> Diagnostic | None:
    means = re.match(r"(.*?) means ([\w.]+)", _line(failure).strip())
    if failure.text in ("or", "means") and failure.previous.startswith('"') and means:
        values = re.findall(r'"[^"]*"', means[1])
        help_text = f"write a line for each: {', '.join(f'`{value} means {means[2]}`' for value in values)}"
        return failure.say("other-wording", "one value stands before `means`", "", help_text)
    if "STRING" not in failure.accepted or means is None or not failure.text.isalpha():
        return None
    if failure.text in ("above", "below", "over", "under", "at", "more", "less", "between"):
        help_text = f"compare the column in a rule without `by column`: `when … is {means[1]} vote {means[2]}`"
        return failure.say("other-wording", "a single value stands before `means`", "", help_text)
    if failure.text in ("missing", "anything", "else", "otherwise", "other", "others", "everything"):
        help_text = "leave the line out: what is missing, and what is not listed, abstains"
        return failure.say("other-wording", "only values that are written out mean something", "", help_text)
    help_text = f'write `"{means[1]}" means {means[2]}`'
    return failure.say("missing-quotes", f"`{means[1]}` has no quotes", "texts need quotes", help_text)


def of_lists(failure: Failure) -> Diagnostic | None:
    """Words, a pattern or a list where only another of them can stand."""
    if failure.previous in _ASSERTIONS and failure.here.startswith("/"):
        help_text = (
            f'write the words, with `*` for endings: `{failure.previous} "effusion*"`; patterns go with `matches`'
        )
        return failure.say("other-wording", f"`{failure.previous}` looks for words, not for patterns", "", help_text)
    if failure.previous == "among" and failure.found == "STRING":
        help_text = "put the words into a `terms` block and name it here: `among LIST`"
        return failure.say("words-after-of", "after `among` stands the name of a list", "words, not a list", help_text)
    name = re.match(r"(?:(?:any|all) of )?(\w+)", failure.here)
    if re.search(r"any form of $", _line(failure)[: _column(failure)]) and name and failure.found != "STRING":
        helps = (
            f"write the line `any form of {name[1]}` into a `terms` block, and name that block here",
            'or write the words here: `any form of "nodule" or "mass"`',
        )
        return failure.say("words-after-of", "in a condition, `any form of` stands before words in quotes", "", *helps)
    return None


def of_parts(failure: Failure) -> Diagnostic | None:
    """`some sentence where …`: a part of which text?"""
    if failure.text != "where" or "OF" not in failure.accepted:
        return None
    help_text = f"write {failure.with_text(_before(failure), 'of text ')}, with the name of the column"
    return failure.say("unfinished-line", f"`{failure.previous}` of which text?", "", help_text)


def second_line(failure: Failure) -> Diagnostic | None:
    """`unless` and `otherwise` on the line of a `when`."""
    if _first_word(failure) not in ("rule", "condition") or failure.text not in ("unless", "otherwise"):
        return None
    if not _line(failure)[: _column(failure)].strip():
        return None
    help_text = f"put `{failure.here.split('#')[0].strip()}` on the next line, indented like `when`"
    return failure.say("misplaced-line", f"`{failure.text}` stands on a line of its own", "", help_text)


def _names_many(failure: Failure) -> bool:
    """Whether a list, a file or a word before one of them stands there."""
    return failure.text.isupper() or failure.text in ("any", "all", "every", "file", "exact", "exactly", "from")


def _first_word(failure: Failure) -> str:
    found = re.match(r"\w*", failure.source.text[failure.block.start : failure.block.end])
    return found[0] if found else ""


def _line(failure: Failure) -> str:
    """The line of the place; where a line ended too early, that line."""
    place = failure.span.start if failure.found not in ("_NL", "$END") else _last(failure).start
    return failure.source.line(failure.source.position(place)[0])


def _column(failure: Failure) -> int:
    return failure.source.position(failure.span.start)[1] - 1


def _before(failure: Failure) -> Span:
    return Span(failure.span.start, failure.span.start)


def _last(failure: Failure) -> Span:
    return failure.words_before[-1][1] if failure.words_before else failure.span
