"""The semantic hash: equal under renaming, layout and order that does not matter; different under each change of meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import program

from snorkel_dsl.knowledge import Resolver
from snorkel_dsl.language.facts import facts_of

FILE = """\
data row
    text   text from column "CONTENT"
    likes  number from 0
    kind   one of "a", "b"
task spam on row
    labels HAM, SPAM, UNSURE
terms WORDS
    "one", "two"
    except "one day"
sections of text
    BODY from "B:" up to "E:"
lookup known from "known.csv"
    column name
condition loud of some text as it
    when it has more than 20 words
rule r
    when text mentions any of WORDS in BODY and likes is at least 3 vote SPAM
    when text is in known or kind is "a" vote HAM
    when not loud(text) vote HAM or UNSURE
    unless text matches /x+/
"""


def _hash(text: str, folder: Path) -> str:
    found = program(text, Resolver((folder,)))
    assert len(found.functions[0].semantic_hash) == 64
    return found.functions[0].semantic_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "known.csv").write_text("name\nann\nbob\n", encoding="utf-8")
    return tmp_path


SAME = {
    "another name of the rule": ("rule r\n", "rule s\n"),
    "another name of a list": ("WORDS", "TERMS"),
    "another name of a section": ("BODY", "MIDDLE"),
    "another name of a lookup": ("known", "names"),
    "another name of a condition": ("loud", "long"),
    "another name of the task": ("task spam", "task junk"),
    "a package": ("data row", 'package a.b version "1.0.0"\ndata row'),
    "a comment": ("rule r\n", "# why\nrule r   # here\n"),
    "layout": ("in BODY and", "in BODY\n     and"),
    "the order of terms": ('"one", "two"', '"two"\n    "one"'),
    "the order of and": (
        "text mentions any of WORDS in BODY and likes is at least 3",
        "likes >= 3 and text mentions any of WORDS in BODY",
    ),
    "the order of or": ('text is in known or kind is "a"', 'kind is "a" or text is in known'),
    "brackets": ("not loud(text)", "not (loud(text))"),
    "words said otherwise": ("it has more than 20 words", "it has at least 21 words"),
    "a column that is not read": ("    likes  number", "    unread text\n    likes  number"),
    "an example": ("    unless", '    example none text "x"\n    unless'),
    "the rule's other lines": ("    unless", '    source "me"\n    status experimental\n    formerly q\n    unless'),
    "a list of no consequence": ("rule r\n", 'terms OTHER\n    "z"\nrule r\n'),
}  # fmt: skip

DIFFERENT = {
    "a term": ('"two"', '"three"'),
    "the case of a term": ('"one", "two"', 'exact case "one", "two"'),
    "the spelling of a term": ('"one", "two"', 'exactly "one", "two"'),
    "a mask": ('"one day"', '"one way"'),
    "a section's end": ('"E:"', '"F:"'),
    "the column's place in the file": ('"CONTENT"', '"BODY"'),
    "the column's range": ("from 0", "from 1"),
    "a choice": ('"a", "b"', '"a", "c"'),
    "the order of labels": ("HAM, SPAM, UNSURE", "SPAM, HAM, UNSURE"),
    "any number of labels": ("HAM, SPAM, UNSURE", "HAM, SPAM, UNSURE, any number may apply"),
    "another label": ("HAM, SPAM, UNSURE", "HAM, SPAM, UNSURE, NEW"),
    "a vote": ("vote HAM or UNSURE", "vote HAM"),
    "and for or": ('in known or kind', 'in known and kind'),
    "a threshold": ("at least 3", "at least 4"),
    "more for at least": ("at least 3", "more than 3"),
    "a pattern": ("/x+/", "/x*/"),
    "the case of a pattern": ("matches /x+/", "matches exact case /x+/"),
    "the order of clauses": (
        'text is in known or kind is "a" vote HAM\n    when not loud(text) vote HAM or UNSURE',
        'not loud(text) vote HAM or UNSURE\n    when text is in known or kind is "a" vote HAM',
    ),
    "no exclusion": ("    unless text matches /x+/\n", ""),
    "a number of words": ("20 words", "30 words"),
    "tokens for words": ("20 words", "20 tokens"),
    "contains for mentions": ("text mentions", "text contains"),
    "the place": (" in BODY", " outside BODY"),
}  # fmt: skip


def _changed(change: tuple[str, str]) -> str:
    old, new = change
    assert old in FILE
    return FILE.replace(old, new).replace("names.csv", "known.csv")


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_equal_for_the_same_meaning(change: tuple[str, str], folder: Path) -> None:
    assert _hash(_changed(change), folder) == _hash(FILE, folder)


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT)
def test_different_for_another_meaning(change: tuple[str, str], folder: Path) -> None:
    assert _hash(_changed(change), folder) != _hash(FILE, folder)


def test_equal_under_another_name_of_a_column(folder: Path) -> None:
    renamed = FILE.replace("text   text", "said   text").replace("of text\n", "of said\n").replace("(text)", "(said)")
    for before in ("when text", "unless text"):
        renamed = renamed.replace(before, before.replace("text", "said"))
    assert _hash(renamed, folder) == _hash(FILE, folder)


def test_the_rows_of_a_lookup_count_and_their_order_does_not(folder: Path) -> None:
    before = _hash(FILE, folder)
    (folder / "known.csv").write_text("name,since\r\nbob,1\r\nann,2\r\n", encoding="utf-8-sig")
    assert _hash(FILE, folder) == before
    (folder / "known.csv").write_text("name\nbob\n", encoding="utf-8")
    assert _hash(FILE, folder) != before


COLUMN = """
data row
    text text
    model text
task spam on row
    labels HAM, SPAM
rule r votes by column "model"
    "a" means HAM
    "b" means SPAM
    "?", "-" abstain
"""


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('    "a" means HAM\n    "b" means SPAM\n', '    "b" means SPAM\n    "a" means HAM\n', True),
        ('"?", "-" abstain', '"-" abstains\n    "?" abstains', True),
        ('    "?", "-" abstain\n', "", False),
        ('"?", "-" abstain', '"?" abstains', False),
        ('"b" means', '"c" means', False),
        ("rule r", "task tone under spam.SPAM\n    labels KIND, RUDE\nrequire tone.RUDE implies not spam.HAM\nrule r", True),
    ],
)  # fmt: skip
def test_the_meanings_of_values_count_and_what_votes_imply_does_not(old: str, new: str, same: bool) -> None:
    """What a vote says of other tasks is in their `under` and `require` lines; the vote itself stays what it is."""
    assert old in COLUMN
    (one,), (other,) = (program(text).functions for text in (COLUMN, COLUMN.replace(old, new)))
    assert (one.semantic_hash == other.semantic_hash) == same


def test_no_two_functions_of_a_rule_for_each_share_a_hash() -> None:
    text = FILE.split("lookup")[0] + "rule r for each W in WORDS votes SPAM\n    when text mentions W\n"
    hashes = [function.semantic_hash for function in program(text).functions]
    assert len(set(hashes)) == 2


# ----------------------------------------------------------------------------------------------------------------- facts

FACTS = """\
data row
    text   text
    likes  number
task spam on row
    labels HAM, SPAM
    balance SPAM 25%
task tone on row
    labels KIND, RUDE
terms ASKING
    "please", "subscribe"
rule wide votes SPAM
    when text mentions any of ASKING or likes is 0
    expect precision at least 80% on dev
    expect precision at most 95% on test
rule narrow votes SPAM
    when likes is 0 and text matches /x/
rule careful votes SPAM
    when likes is 0
    unless text has more than 3 words
rule word votes not SPAM
    when text contains "Please"
rule apart votes tone.RUDE
    when likes is 0
rule one for each W in ASKING votes HAM or SPAM
    when text mentions W
"""


def test_facts_of_functions() -> None:
    facts = facts_of(program(FACTS.replace("votes HAM or SPAM", "votes HAM")))
    wide, narrow = facts.functions["wide"], facts.functions["narrow"]
    assert wide.task == "spam"
    assert wide.polarity == {1}
    assert facts.functions["word"].polarity == {0}
    assert wide.precision == (0.8, 0.95)
    assert narrow.precision is None
    assert wide.shares == {"narrow", "careful", "word", "one[please]", "one[subscribe]"}
    assert "apart" not in wide.shares
    assert wide.contains == {"narrow", "careful"}
    assert facts.functions["careful"].contains == frozenset()
    assert facts.functions["one[please]"].siblings == {"one[subscribe]"}
    assert facts.balance == {"spam": (0.75, 0.25)}
    assert all(function.semantic_hash for function in facts.functions.values())
