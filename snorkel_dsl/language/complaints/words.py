"""What to say of words: misspelt, missing, stuck together, or meant as something else."""

from __future__ import annotations

import re

from snorkel_dsl.diagnostics import Diagnostic, did_you_mean
from snorkel_dsl.language.complaints.failure import Failure
from snorkel_dsl.source import Span

_COMPARING = frozenset((
    "more", "less", "fewer", "at", "above", "below", "over", "before", "after", "between", "within", "one", "missing",
    "present",
))  # fmt: skip
_VERBS = (
    "mentions", "mention", "contains", "contain", "with", "asserts", "assert", "denies", "deny", "suspects", "suspect", "by",
)  # fmt: skip


_BEFORE_TERMS = frozenset(("any", "all", "every", "exact", "exactly", "file", "from"))


def missing_comma(failure: Failure) -> Diagnostic | None:
    """Two texts with nothing between them."""
    if failure.found not in ("STRING", "LONG_STRING") or not failure.previous.endswith('"'):
        return None
    joined = "or" if "_OR_TERM" in failure.accepted else ","
    before = failure.words_before[-1][1]
    if joined == "," and "COMMA" not in failure.accepted:
        return None
    text = f"{failure.previous}{', ' if joined == ',' else ' or '}{failure.text}"
    span = before | failure.span
    return failure.say("missing-comma", f"`{joined}` is missing between two texts", "", f"write `{text}`", span=span)


def not_before_condition(failure: Failure) -> Diagnostic | None:
    """`not likes is 3`: what is denied needs brackets."""
    words = failure.words_before
    if len(words) < 2 or words[-2][0] != "not" or ("NAME" not in failure.found and not failure.text.isalpha()):
        return None
    if failure.text not in ("is", "are", "has", "have", "mentions", "contains", "matches", "starts", "ends", "asserts"):
        return None
    rest = re.split(r"\s+(?:and|or|vote)\s|\s*#|\)", failure.here)[0].strip()
    help_text = f"write `not ({failure.previous} {rest})`, or say it in the sentence: `is not`, `does not mention`"
    message = "`not` stands before a name or a bracket"
    return failure.say("not-before-condition", message, "bracket what it denies", help_text, span=words[-2][1])


def missing_space(failure: Failure) -> Diagnostic | None:
    """A keyword stuck to what follows it."""
    word = failure.text
    if not word.isidentifier():
        return None
    for keyword in sorted(failure.keywords, key=len, reverse=True):
        rest = word[len(keyword) :]
        known = rest in failure.vocabulary.values() or rest[:1].isupper() or rest[:1].isdigit()
        if word.startswith(keyword) and len(keyword) > 1 and rest and known:
            return failure.say("missing-space", f"a space is missing in `{word}`", "", f"write `{keyword} {rest}`")
    return None


def missing_is(failure: Failure) -> Diagnostic | None:
    """`likes more than 3`, `text has 5 words`: a word is left out that only we need."""
    if failure.text in _COMPARING and "is" in failure.keywords:
        span = Span(failure.span.start, failure.span.start)
        help_text = f"write {failure.with_text(span, 'is ')}"
        return failure.say("missing-is", f"`is` is missing before `{failure.text}`", "", help_text)
    if failure.found == "INT" and failure.previous in ("has", "have"):
        span = Span(failure.span.start, failure.span.start)
        helps = [f"write {failure.with_text(span, f'{word} ')}" for word in ("exactly", "at least")]
        return failure.say("missing-relation", f"{failure.text} exactly, or at least?", "", *helps)
    if failure.found == "NAME" and "votes" in failure.keywords:
        if failure.previous == "votes":
            help_text = "write `rule NAME votes LABEL`; every rule has a name of its own"
            return failure.say("missing-name", "this rule has no name", "", help_text, span=failure.words_before[-1][1])
        span = Span(failure.span.start, failure.span.start)
        return failure.say("missing-votes", "`votes` is missing", "", f"write {failure.with_text(span, 'votes ')}")
    return None


def words_after_of(failure: Failure) -> Diagnostic | None:
    """`any of "a", "b"`: `any of` is for lists."""
    found = re.match(r'"[^"\n]*"(?:,? *(?:(?:or|and) *)?"[^"\n]*")*', failure.here)
    if not found or failure.previous != "of" or "NAME" not in failure.accepted:
        return None
    words = re.findall(r'"[^"\n]*"', found[0])
    span = Span(failure.span.start, failure.span.start + found.end())
    helps = (
        f"write {' or '.join(words)} alone, without `any of`",
        "or put the words into a `terms` block and name it here",
    )
    return failure.say("words-after-of", "after `of` stands the name of a list", "words, not a list", *helps, span=span)


def missing_quotes(failure: Failure) -> Diagnostic | None:
    """Words to look for, or a text, without their quotes."""
    words = failure.words_before
    if not {failure.text, failure.previous}.isdisjoint(_BEFORE_TERMS) or _names_a_list(failure):
        return None
    if "STRING" in failure.accepted and "NAME" not in failure.accepted and not failure.keywords:
        found = re.match(r"[^\s,#\"]+", failure.here)
        return _without_quotes(failure, Span(failure.span.start, failure.span.start + found.end())) if found else None
    run = re.match(r"\w+(?:[ \t]+(?!(?:and|or|vote|in|outside|followed)\b)\w+)*", failure.here)
    if run is None or not words or not words[-1][0].isidentifier() or words[-1][0].isupper():
        return None
    after_verb = len(words) > 1 and words[-2][0] in _VERBS
    in_terms = words[0][0] == "terms" and "COMMA" in failure.accepted
    if not after_verb and not in_terms:
        return None
    return _without_quotes(failure, Span(words[-1][1].start, failure.span.start + run.end()))


def _names_a_list(failure: Failure) -> bool:
    """Whether what follows on the line names a terms list of the file: then it is not the quotes that are missing."""
    lists = set(re.findall(r"^terms (\w+)", failure.source.text, re.MULTILINE))
    return not lists.isdisjoint(re.findall(r"\w+", re.sub(r'"[^"]*"', "", failure.here)))


def _without_quotes(failure: Failure, span: Span) -> Diagnostic:
    text = failure.source.slice(span)
    help_text = f"write {failure.with_text(span, chr(34) + text + chr(34))}"
    return failure.say("missing-quotes", f"`{text}` has no quotes", "words need quotes", help_text, span=span)


def keyword_as_name(failure: Failure) -> Diagnostic | None:
    """A word of the language stands where a name must stand, or was taken for itself where a name was meant."""
    if (
        failure.text in failure.vocabulary.values()
        and failure.accepted & {"NAME", "QUOTED_NAME"}
        and failure.text.isalpha()
    ):
        return _in_back_quotes(failure, failure.text, failure.span)
    ambiguous = (
        "no",
        "the",
        "at",
        "some",
        "every",
        "all",
        "any",
        "none",
        "more",
        "fewer",
        "less",
        "exactly",
        "for",
        "not",
    )
    if failure.previous in ambiguous and failure.text in (
        "is",
        "are",
        "has",
        "mentions",
        "contains",
        "matches",
        "starts",
    ):
        return _in_back_quotes(failure, failure.previous, failure.words_before[-1][1])
    return None


def _in_back_quotes(failure: Failure, word: str, span: Span) -> Diagnostic:
    message = f"`{word}` is a word of the language here"
    help_text = f"if a column is called so, write it in back quotes: `` `{word}` ``; anything else needs another name"
    return failure.say("keyword-as-name", message, "", help_text, span=span)


def misspelt(failure: Failure) -> Diagnostic | None:
    """A word that is nearly a keyword which could stand here."""
    word = failure.text
    if not word.isidentifier():
        return None
    foreign = foreign_word(failure)
    close = did_you_mean(word, failure.keywords)
    if foreign or close is None or word in failure.vocabulary.values():
        return foreign  # a word that is spelt well, in the wrong place, is not meant to be another
    if close == word.lower():
        return failure.say("misspelt-keyword", f"`{word}` is written `{close}`", "keywords are lower case")
    message = f"no word of the language here is `{word}`"
    return failure.say("misspelt-keyword", message, "", f"did you mean {failure.with_text(failure.span, close)}?")


def foreign_word(failure: Failure) -> Diagnostic | None:
    """A word that another language has for it."""
    instead = _OTHER_WORDS.get(failure.text.lower())
    if instead is None or not set(failure.keywords) & set(re.findall(r"[a-z]+", instead)):
        return None
    message = f"no word of the language here is `{failure.text}`"
    return failure.say("misspelt-keyword", message, "", f"did you mean {failure.with_text(failure.span, instead)}?")


_OTHER_WORDS = {
    "string": "text", "str": "text", "varchar": "text", "int": "number", "integer": "number", "float": "number",
    "double": "number", "bool": "yes/no", "boolean": "yes/no", "date": "time", "datetime": "time", "timestamp": "time",
    "enum": "one of", "category": "one of", "for": "on", "vote": "votes",
    "includes": "contains", "include": "contain", "has": "mentions", "equals": "is", "equal": "is", "includ": "contains",
    "if": "when", "unles": "unless", "else": "otherwise", "but": "and", "then": "vote", "return": "vote", "label": "vote",
    "greater": "more", "larger": "more", "bigger": "more", "smaller": "less", "lower": "less", "null": "missing",
    "regex": "matches", "like": "matches", "says": "mentions", "isnt": "is not", "empty": "missing", "denys": "denies",
}  # fmt: skip
