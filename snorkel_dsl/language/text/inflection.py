"""The forms of an English word: `win`, `wins`, `won`, `winning`; `wife`, `wives`. What `any form of` looks for.

The rules of English spelling, with tables of what is irregular in `inflection.json`, written for this project and frozen
with `language 1`. Nothing says whether a word is meant as a noun, a verb or an adjective, so all its forms are made that
the tables do not rule out; a form that is no word is never found, and does no harm. `snorkel-dsl explain FILE --terms LIST`
shows what a list comes to.

Of a word with hyphens the last part changes (`ex-wives`), but `mothers-in-law` and `passers-by`. Of a phrase the last word
changes, as a noun (`lung nodules`); but what stands before `of` where there is one (`points of view`), and the first word
where it is a verb by what follows (`checked out`, `tied the knot`), or is one like `give` (`gave birth`). A capital letter
makes a name, which has no forms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_VOWELS = "aeiou"
_HISSES = ("s", "x", "z", "ch", "sh")
_SHORT = re.compile(r"(?:[^aeiou]*|.*qu)[aeiou][^aeiouwxy]")  # `stop`: one vowel, one consonant after it
_HEADS = (
    "woman",
    "child",
    "tooth",
    "foot",
    "wife",
    "person",
    "shelf",
    "wolf",
    "knife",
    "leaf",
    "life",
    "mouse",
    "thorax",
)
_BEFORE_VERBS = ("over", "under", "out", "off", "re", "un", "mis", "fore", "with", "up")
_NOUN_ENDINGS = (
    "tion", "sion", "sis", "ness", "ship", "hood", "ism", "ist", "ity", "itis", "oma", "osis", "ology", "ance", "ence", "ment",
    "man",
)  # fmt: skip
_NOUNS_AND_VERBS = ("focus", "index", "vacuum", "quiz")
_ONLY_VERBS = ("be", "do", "have")
_FIXED_ENDINGS = ("ous", "less", "able", "ible", "ly")
_CLASSICAL = {"sis": "ses", "xis": "xes", "oma": "omata"}


def forms(text: str) -> tuple[str, ...]:
    """The forms of a word or phrase, itself first, without repeats; what has none comes back alone."""
    words = text.split(" ")
    index, kinds = _which_word(words)
    made = ([*words[:index], form, *words[index + 1 :]] for form in _hyphenated(words[index], kinds))
    return tuple(dict.fromkeys([text, *(" ".join(parts) for parts in made)]))


def _which_word(words: list[str]) -> tuple[int, str]:
    """The place of the word of a phrase that changes, and as what: `noun`, `verb` or `any`."""
    if len(words) == 1:
        return 0, "any"
    if words[0] in _table("determiners"):
        return len(words) - 1, "noun"
    if "of" in words[1:]:
        return words.index("of", 1) - 1, "any" if words[-1] == "of" else "noun"
    if (
        words[-1] in _table("particles")
        or words[0] in _table("verbs that carry a phrase")
        or words[1] in _table("determiners")
    ):
        return 0, "verb"
    return len(words) - 1, "noun"


def _hyphenated(word: str, kinds: str) -> Iterator[str]:
    """The forms of a word of which one part, between hyphens, changes."""
    parts = word.split("-")
    index = len(parts) - 1
    first_leads = len(parts) > 2 and parts[1] in ("in", "of", "by", "at", "de", "on")
    if first_leads or (len(parts) == 2 and parts[1] in _table("particles") and parts[0].endswith("er")):
        index, kinds = 0, "noun"
    elif len(parts) > 1 and parts[-1] in _table("particles"):
        kinds = "noun"
    for form in _word(parts[index], kinds):
        yield "-".join([*parts[:index], form, *parts[index + 1 :]])


def _word(word: str, kinds: str) -> Iterator[str]:
    """The forms of one word."""
    yield word
    if not (word.isalpha() and word.islower() and len(word) > 1) or _is_fixed(word):
        return
    if kinds in ("noun", "any") and word not in _table("only adjectives") and word not in _ONLY_VERBS:
        yield from plurals(word)
    if kinds == "verb" or (kinds == "any" and may_be_verb(word)):
        yield from verb_forms(word)
    if kinds == "any":
        yield from comparisons(word)


def _is_fixed(word: str) -> bool:
    """Whether a word, by its ending an adjective or adverb, has no forms."""
    return word.endswith(_FIXED_ENDINGS) and not _is_listed(word)


def _is_listed(word: str) -> bool:
    lists = ("verbs in spite of their ending", "only nouns", "only adjectives", "adjectives and nouns")
    return any(word in _table(name) for name in lists) or word in _table("irregular verbs")


def may_be_verb(word: str) -> bool:
    """Whether a word may be a verb, as far as the tables and its ending say."""
    if word in _table("irregular verbs") or word in _table("verbs in spite of their ending"):
        return True
    known = ("only nouns", "only adjectives", "adjectives and nouns", "same in plural", "irregular nouns")
    if any(word in _table(name) for name in known) and word not in _NOUNS_AND_VERBS:
        return False
    return not (word.endswith(_NOUN_ENDINGS) and len(word) > 4) and not word.endswith(_HEADS) and word.isascii()


# ------------------------------------------------------------------------------------------------------------- nouns


def plurals(word: str) -> Iterator[str]:
    """The plurals of a noun."""
    irregular = _table("irregular nouns").get(word)
    head = next((head for head in _HEADS if word.endswith(head) and word != head), None)
    if irregular is not None:
        yield from irregular
    elif word in _table("same in plural"):
        return
    elif head is not None:
        yield from (word.removesuffix(head) + plural for plural in plurals(head))
    elif word.endswith("man") and word not in _table("man is not men"):
        yield word[:-2] + "en"
    elif word in _table("plural in ves"):
        yield word.removesuffix("e")[:-1] + "ves"
        if word in _table("or in fs"):
            yield word + "s"
    else:
        yield from _latin_plural(word)


def _latin_plural(word: str) -> Iterator[str]:
    """`diagnoses`, `lymphomas` and `lymphomata`; otherwise the plain plural."""
    ending = word[-3:]
    if ending in ("sis", "xis") and len(word) > 4:
        yield word[:-3] + _CLASSICAL[ending]
        return
    yield from with_s(word)
    if ending == "oma" and len(word) > 5:
        yield word[:-3] + _CLASSICAL[ending]


def with_s(word: str) -> Iterator[str]:
    """A word with the `s` of plurals and of verbs, as it is spelt."""
    if word in _table("plural in oes"):
        yield word + "es"
        if word in _table("or in os"):
            yield word + "s"
    elif word.endswith(_HISSES) and word not in _table("ch as k"):
        doubled = word.endswith("z") and _SHORT.fullmatch(word)
        yield word + ("zes" if doubled else "es")
        if word in _table("last letter doubled or not") and word.endswith("s"):
            yield word + "ses"
    elif word.endswith("y") and (word[-2] not in _VOWELS or word.endswith("quy")):
        yield word[:-1] + "ies"
    else:
        yield word + "s"


# ------------------------------------------------------------------------------------------------------------- verbs


def verb_forms(word: str) -> Iterator[str]:
    """The forms of a verb: with `s`, its past, its participles."""
    if word == "be":
        yield from (*_table("irregular verbs")[word], "being")
        return
    if word == "have":
        yield "has"
    else:
        yield from (word + "es",) if word.endswith("do") else with_s(word)
    yield from _irregular_pasts(word) or _pasts(word)
    yield from _with_ing(word)


def _irregular_pasts(word: str) -> tuple[str, ...]:
    """The past forms of an irregular verb, or of one that is built of it: `undertook`; none of a regular one."""
    irregular = _table("irregular verbs")
    if word in irregular:
        return irregular[word]
    for before in _BEFORE_VERBS:
        if word.startswith(before) and word not in ("relay", "outlay"):
            pasts = _irregular_pasts(word.removeprefix(before))
            if pasts:
                return tuple(before + past for past in pasts)
    return ()


def _pasts(word: str) -> Iterator[str]:
    if word.endswith("e"):
        yield word + "d"
    elif word.endswith("y") and word[-2] not in _VOWELS:
        yield word[:-1] + "ied"
    else:
        yield from (stem + "ed" for stem in _stems(word))


def _with_ing(word: str) -> Iterator[str]:
    if word.endswith("ie"):
        yield word[:-2] + "ying"
    elif word.endswith("e") and not word.endswith(("ee", "oe", "ye")) and word not in _table("e kept before ing"):
        yield word[:-1] + "ing"
        if word in _table("e kept or not"):
            yield word + "ing"
    else:
        yield from (stem + "ing" for stem in _stems(word))


def _stems(word: str) -> tuple[str, ...]:
    """What `ed` and `ing` are put after: `stopp`, `panick`, `travel` and `travell`."""
    if word.endswith("c"):
        return (word + "k",)
    if word in _table("last letter doubled or not"):
        return (word, word + word[-1])
    base = next((word.removeprefix(before) for before in _BEFORE_VERBS if _built_of_short(word, before)), word)
    if word in _table("last letter doubled") or _SHORT.fullmatch(base):
        return (word + word[-1],)
    return (word,)


def _built_of_short(word: str, before: str) -> bool:
    """Whether a verb is a short irregular one with something before it: `undercut`, `rerun`."""
    return word.startswith(before) and word.removeprefix(before) in _table("irregular verbs")


# -------------------------------------------------------------------------------------------------------- adjectives


def comparisons(word: str) -> Iterator[str]:
    """`colder`, `coldest`, where a word is known as an adjective that has them."""
    irregular = _table("irregular adjectives").get(word)
    if irregular is not None:
        yield from irregular
    elif any(word in _table(name) for name in ("only adjectives", "adjectives and nouns", "adjectives and verbs")):
        if word.endswith("e"):
            stem = word[:-1]
        elif word.endswith("y") and word[-2] not in _VOWELS:
            stem = word[:-1] + "i"
        else:
            stem = word + word[-1] if _SHORT.fullmatch(word) else word
        yield from (stem + "er", stem + "est")


# ------------------------------------------------------------------------------------------------------------ tables


@cache
def _tables() -> dict[str, dict[str, tuple[str, ...]]]:
    """Each table by its name: a word with what it becomes, or with nothing where the table is a list."""
    stored: dict[str, Any] = json.loads(Path(__file__).with_name("inflection.json").read_text(encoding="ascii"))
    return {
        name: {word: tuple(made.split()) for word, made in table.items()}
        if isinstance(table, dict)
        else dict.fromkeys(" ".join(table).split(), ())
        for name, table in stored.items()
    }


def _table(name: str) -> dict[str, tuple[str, ...]]:
    return _tables()[name]
