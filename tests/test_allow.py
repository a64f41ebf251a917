"""Warnings that a file allows: where the comment must stand, how long it holds, and what is said of an idle one."""

from __future__ import annotations

from datetime import date

import pytest

from snorkel_dsl.language.allow import allowed
from snorkel_dsl.language.check import NoFiles, check
from snorkel_dsl.language.parse import parse
from snorkel_dsl.language.remarks import remarks
from snorkel_dsl.predicates import signatures
from snorkel_dsl.source import Source

HEAD = "data d\n    text text\ntask t on d\n    labels A, B\n"
TERMS = 'terms LATER\n    "x"\n'
RULE = 'rule r votes A\n    when text mentions "y"\n'


def kinds(text: str, today: date = date(2026, 11, 21)) -> list[str]:
    """The kinds of what is said of a file, in order."""
    source = Source("t.rules", text)
    tree, found = parse(source)
    program, more = check(tree, source, signatures(), NoFiles())
    said = allowed([*found, *more, *remarks(tree, source, program)], tree, source, today)
    return [one.kind for one in sorted(said, key=lambda one: one.sort_key)]


def test_a_warning_is_given_and_can_be_allowed_above_the_block_and_inside_it() -> None:
    allow = "# allow unused-name: for the next study\n"
    assert kinds(HEAD + TERMS + RULE) == ["unused-name"]
    assert kinds(HEAD + allow + TERMS + RULE) == []
    assert kinds(HEAD + TERMS + "    " + allow + RULE) == []


def test_a_comment_at_another_block_allows_nothing() -> None:
    assert kinds(HEAD + TERMS + "# allow unused-name: for the next study\n" + RULE) == ["unused-name", "unused-allow"]


def test_an_allowance_ends_with_its_month() -> None:
    text = HEAD + "# allow unused-name: for the next study, until 2026-11\n" + TERMS + RULE
    assert kinds(text, date(2026, 11, 30)) == []
    assert kinds(text, date(2026, 12, 1)) == ["unused-allow", "unused-name"]


@pytest.mark.parametrize(
    "comment", ["# allow", "# allow unused-name", "# allow unused-name:", "# allow tab: why", "# allow x: y"]
)
def test_an_allowance_names_a_warning_and_a_reason(comment: str) -> None:
    assert kinds(HEAD + comment + "\n" + TERMS + RULE) == ["bad-allow", "unused-name"]


def test_an_ordinary_comment_may_speak_of_allowing() -> None:
    assert kinds(HEAD + "# allowances are paid monthly\n" + RULE) == []


def test_names_that_only_unused_names_use_are_unused() -> None:
    text = HEAD + TERMS + 'terms MORE\n    LATER, "z"\n' + RULE
    assert kinds(text) == ["unused-name", "unused-name"]
    assert kinds(text + "rule s votes B\n    when text mentions any of MORE\n") == []


# --------------------------------------------------------------------------------------------------------- silent tasks

SECOND = "task u on d\n    labels C, D\n"


def test_a_task_of_which_no_vote_says_anything_may_stay_where_it_is_said_why() -> None:
    assert kinds(HEAD + SECOND + RULE) == ["silent-task"]
    assert kinds(HEAD + "# allow silent-task: rules follow\n" + SECOND + RULE) == []
    assert kinds(HEAD + SECOND + RULE + 'rule s votes D\n    when text mentions "z"\n') == []


@pytest.mark.parametrize(
    "more",
    ["require A implies C\n", "require A excludes D\n", "require D implies B\n", "require exactly one of A, C\n"],
)
def test_a_task_whose_answers_follow_needs_no_rule(more: str) -> None:
    assert kinds(HEAD + SECOND + more + RULE) == []


def test_a_vote_on_the_task_below_is_one_on_the_task_above_and_not_the_other_way() -> None:
    under = "task u under t.B\n    labels C, D\n"
    assert kinds(HEAD + under + 'rule s votes C\n    when text mentions "z"\n') == []
    assert kinds(HEAD + under + 'rule s votes B\n    when text mentions "z"\n') == ["silent-task"]
