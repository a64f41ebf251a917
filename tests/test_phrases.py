"""What an expert would naturally write is answered with the line as the language says it, and that line is sound."""

from __future__ import annotations

import pytest
from checking import HEAD, checked, problem

from snorkel_dsl.language.parse import parse
from snorkel_dsl.source import Source

PHRASES = {
    "likes is greater than 3": "likes is more than 3",
    "likes is not higher than 3": "likes is not more than 3",
    "likes is smaller than or equal to 3": "likes is at most 3",
    "likes is not equal to 3": "likes is not 3",
    "likes => 3": "likes >= 3",
    "score is more than 80 %": "score is more than 80%",
    "score is over 10k": "score is over 10_000",
    "score is at least twice likes": "score is at least 2 times likes",
    "likes is more than 3 and less than 5": "likes is more than 3 and likes is less than 5",
    "posted is on 2026-11-20": "posted is 2026-11-20",
    "posted is more than 7 days after seen": "posted is after seen + 7 days",
    "text has between 3 and 5 words": "text has at least 3 words and text has at most 5 words",
    "text has no links": "text has exactly 0 links",
    "the number of words in text is 3": "text has exactly 3 words",
    'text doesn\'t mention "x"': 'text does not mention "x"',
    'text mentions either "x" or "y"': 'text mentions "x" or "y"',
    'text mentions "a" or "b" or any of GREETING': 'text mentions "a" or "b" or text mentions any of GREETING',
    'text mentions any of GREETING, "x"': 'text mentions any of GREETING or text mentions "x"',
    "text mentions GREETING, MASKED": "text mentions any of GREETING, MASKED",
    'text starts with "x", "y"': 'text starts with "x" or "y"',
    "text is any of GREETING": "text mentions any of GREETING",
    'text mentions "x" twice': 'text mentions "x" exactly 2 times',
    'words between ann and ben mention "x"': 'the words between ann and ben mention "x"',
    'the words between ann, ben mention "x"': 'the words between ann and ben mention "x"',
    'text mentions "x" between ann and ben': 'the words between ann and ben mention "x"',
    '3 words before ann mention "x"': 'the 3 words before ann mention "x"',
    'the 3 words before or after ann mention "x"': 'the 3 words around ann mention "x"',
    "ann is within 3 words from ben": "ann is within 3 words of ben",
    "ann is more than 3 words of ben": "ann is more than 3 words from ben",
    "ann is exactly 3 words from ben": "ann is at least 3 words from ben and ann is within 3 words of ben",
    "the distance between ann and ben is more than 3": "ann is more than 3 words from ben",
    "ann and ben are within 3 words of each other": "ann is within 3 words of ben",
}


@pytest.mark.parametrize(("written", "said"), PHRASES.items())
def test_a_phrase_is_answered_with_the_whole_line(written: str, said: str) -> None:
    _, (found,) = parse(Source("test.rules", f"{HEAD}rule r votes HAM\n    when {written}\n"))
    assert (found.kind, found.helps[0]) == ("other-wording", f"write `when {said}`")
    assert checked(f"{HEAD}rule r votes HAM\n    when {said}\n")[1] == []


@pytest.mark.parametrize(
    ("rule", "kind", "help_text"),
    [
        ("rule my rule votes HAM\n    when likes is 3", "other-wording", "write `rule my_rule votes HAM`"),
        ("rule r vote HAM\n    when likes is 3", "other-wording", "write `rule r votes HAM`"),
        ("rule r votes HAM when likes is 3", "misplaced-line", "put `when likes is 3` on the next line, indented"),
        ("rule r\n    when likes is 3\n    vote HAM", "misplaced-line",
         "put it on the line of its `when`: `when … vote LABEL`"),
        ("rule r\n    when any of\n        likes is 3\n        likes is 4 vote HAM", "misplaced-line",
         "put it below the list, indented like the `when` above"),
    ],
)  # fmt: skip
def test_a_vote_or_a_name_in_the_wrong_place(rule: str, kind: str, help_text: str) -> None:
    _, (found,) = parse(Source("test.rules", f"{HEAD}{rule}\n"))
    assert (found.kind, found.helps[0]) == (kind, help_text)


@pytest.mark.parametrize(
    ("block", "kind", "help_text"),
    [
        ('data d\n    text  text from "T"', "other-wording", 'write `text  text from column "T"`'),
        ("data d\n    n number between 0 and 1", "other-wording", "write `n number from 0 to 1`"),
        ('sections of text\n    S from "a" to "b"', "other-wording", 'write `S from "a" up to "b"`'),
        ('terms T "a", "b"', "misplaced-line", 'put `"a", "b"` on the next line, indented'),
        ('terms T\n    "a",\n    "b"', "unfinished-line", "leave the comma out where a list ends with the line; "
         "a line that begins with a comma continues it"),
    ],
)  # fmt: skip
def test_blocks_that_are_written_otherwise(block: str, kind: str, help_text: str) -> None:
    _, (found,) = parse(Source("test.rules", f"{block}\n"))
    assert (found.kind, found.helps[0]) == (kind, help_text)


@pytest.mark.parametrize(
    ("written", "help_text"),
    [
        ("shared is true", "write `shared is yes`"),
        ("shared is not false", "write `shared is not no`"),
        ("likes is null", "write `likes is missing`"),
        ("text is empty", 'write `text is ""`; where there is no value at all, `text is missing`'),
        ("text is spam_word", 'words need quotes: `text is "spam_word"`'),
        ("posted is before 11/20/2026", "dates are written `2026-11-20`: year, month and day, with two digits each"),
    ],
)
def test_words_and_dates_that_are_no_values(written: str, help_text: str) -> None:
    assert problem(written).helps == (help_text,)
