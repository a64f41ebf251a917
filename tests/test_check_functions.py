"""Checking calls of functions: names, arguments, what they may be asked of, and where their results may stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_folder import install

from snorkel_dsl import api
from snorkel_dsl.diagnostics import Diagnostic, RulesError
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind

HEAD = """\
use functions from plugin "std" version 1
use functions from plugin "tried" version 1
data report
    text    text
    kind    one of "a", "b"
    likes   number
    posted  time
    seen    time
    shared  yes/no
    tags    list of text
    person  span of text
task triage on report
    labels NORMAL, ABNORMAL
terms SIGNS
    "nodule", "mass"
sections of text
    BODY from "BODY:" up to "END:"
condition odd of some text as it
    when polarity(it) is below 0
"""
FUNCTIONS = [
    "since(time, time) -> number",
    "clocked(time of day) -> yes/no",
    "lasted(duration) -> number",
    "counted(list of text) -> number",
    "answered(yes/no) -> text",
]


@pytest.fixture(autouse=True)
def _tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "tried", "raise SystemExit('imported')", FUNCTIONS)


def function(condition: str, blocks: str = "") -> ir.LabelingFunction:
    (found,) = api.compile(f"{HEAD}{blocks}rule r votes ABNORMAL\n    when {condition}\n").program.functions
    return found


def problems(condition: str, head: str = HEAD, blocks: str = "") -> list[Diagnostic]:
    with pytest.raises(RulesError) as wrong:
        api.compile(f"{head}{blocks}rule r votes ABNORMAL\n    when {condition}\n")
    return wrong.value.diagnostics


def calls(condition: str) -> list[ir.Call]:
    roots = function(condition).expressions
    found = (node for root in roots for node in ir.walk(root) if isinstance(node, ir.Call))
    return [call for call in found if call.operator.startswith("call_")]


@pytest.mark.parametrize(
    "asked",
    [
        "text", "BODY", "kind", "person", '"some text"', "the first 2 words of text", "the last sentence of text",
        "the words before person", "answered(shared)", "language_of(text)",
    ],
)  # fmt: skip
def test_a_text_is_whatever_is_a_text(asked: str) -> None:
    if asked == "the words before person":
        asked = "the 3 words before person"
    call = calls(f"polarity({asked}) is above 0.5")[0]
    assert call.operator == "call_number"
    assert call.kind is Kind.NUMBER


@pytest.mark.parametrize(
    "condition",
    [
        "since(posted, seen) is above 2 and clocked(22:30) and lasted(2 days) is 1 and counted(tags) is between 1 and 2",
        'lasted(posted - seen) is above 1 or answered(is_language(text, "en")) is "yes" or "no"',
        "since(2026-11-20, posted) + polarity(text) * 2 is more than counted(tags) / 3",
        "some sentence of text where polarity(it) is above 0 and odd(it)",
        'every piece of BODY split at "." where not is_language(it, "de")',
        "for some SIGN in SIGNS contains_nearly(text, SIGN, 1)",
        'language_of(text) mentions "en" and language_of(text) matches /e./ and language_of(text) has fewer than 5 letters',
        'at least 2 of\n        polarity(text) is above 0\n        odd(text)\n        is_language(text, "en")',
        "polarity(text) is missing or contains_nearly(text, kind, likes)",
        "clocked(22:30) and not clocked(23:30)",
    ],
)
def test_what_fits_is_accepted(condition: str) -> None:
    assert calls(condition)


@pytest.mark.parametrize(
    ("condition", "kind", "message"),
    [
        ("polarity() is above 0", "wrong-arguments", "`polarity` is asked of `text`, a text; this is nothing"),
        ('similarity(text) is above 0', "wrong-arguments", "asked of `text`, a text, `phrase`, a text; this is one value"),
        ("polarity(likes) is above 0", "wrong-type", "`likes` is a number; `text` of `polarity` is a text"),
        ("polarity(3) is above 0", "wrong-type", "`3` is a number; `text` of `polarity` is a text"),
        ("polarity(posted) is above 0", "wrong-type", "`posted` is a time"),
        ("polarity(tags) is above 0", "wrong-type", "`tags` is a list of text"),
        ("lasted(3) is above 0", "wrong-type", "`3` is a number; `a` of `lasted` is a duration"),
        ("clocked(posted)", "wrong-type", "`posted` is a time; `a` of `clocked` is a time of day"),
        ("answered(text) is \"x\"", "wrong-type", "`text` is a text; `a` of `answered` is yes or no"),
        ("contains_nearly(text, 1, 1)", "wrong-type", "`1` is a number; `phrase` of `contains_nearly` is a text"),
        ("polarity(SIGNS) is above 0", "wrong-type", "`SIGNS` is a list of terms"),
        ("polarity(txt) is above 0", "unknown-name", "no column is called `txt`"),
        ("polarity(polarrity(text)) is above 0", "unknown-name", "no condition or function is called `polarrity`"),
        ("polarity(odd(text)) is above 0", "not-a-value", "`odd(text)` is a condition"),
        ("polarity is above 0", "unknown-name", "no column is called `polarity`"),
        ("polarity", "not-a-condition", "`polarity` is not a condition"),
        ("language_of(text)", "not-a-condition", "`language_of(text)` is not a condition"),
        ("language_of(text) is above 1", "wrong-type", "`language_of(text)` is a text"),
        ("polarity(text) mentions \"x\"", "wrong-type", "`polarity(text)` is a number"),
        ("is_language(text, \"en\") is above 1", "wrong-type", "`is_language(text, \"en\")` is a condition"),
        ("since(posted, seen) is within 2 days of posted", "unexpected-word", ""),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_once(condition: str, kind: str, message: str) -> None:
    found = problems(condition)
    assert [one.kind for one in found] == [kind] or kind == "unexpected-word"
    assert message in found[0].message


def test_a_number_where_a_text_is_wanted_can_be_quoted() -> None:
    (found,) = problems("polarity(3) is above 0")
    assert found.helps == ('write it in quotes: `"3"`',)


def test_a_function_of_a_plugin_that_is_not_used_is_shown() -> None:
    head = HEAD.replace('use functions from plugin "std" version 1\n', "").replace(
        "polarity(it) is below 0", 'it mentions "x"'
    )
    (found,) = problems("polarity(text) is above 0", head)
    assert found.helps == ('the plugin `std` has it: write `use functions from plugin "std" version 1` at the top',)
    (found,) = problems("polarty(text) is above 0", head)
    assert found.helps[0].startswith("did you mean `polarity` of the plugin `std`?")
    (found,) = problems("utterly_else(text)", head)
    assert found.helps == ("declare it: `condition utterly_else of some text as it`",)


def test_nothing_is_said_of_the_functions_of_a_plugin_that_cannot_be_used() -> None:
    found = problems(
        "polarity(text) is above 0 and else_(text) is 2", HEAD.replace('"std" version 1', '"std" version 7')
    )
    assert [one.kind for one in found] == ["plugin-version"]


def test_a_plugin_that_is_used_twice() -> None:
    (found,) = problems("polarity(text) is above 0", 'use functions from plugin "std" version 1\n' + HEAD)
    assert found.kind == "repeated-line"


def test_a_condition_cannot_hide_a_function() -> None:
    (found,) = problems(
        "polarity(text) is 1", blocks='condition polarity of some text as it\n    when it mentions "x"\n'
    )
    assert (found.kind, found.message) == ("duplicate-name", "`polarity` is already a function of the plugin `std`")


def test_a_column_may_have_the_name_of_a_function() -> None:
    head = HEAD.replace("likes   number", "polarity number")
    text = f"{head}rule r votes ABNORMAL\n    when polarity(text) is more than polarity\n"
    assert api.compile(text).program.functions


def test_conditions_of_other_files_bring_their_functions(tmp_path: Path) -> None:
    words = 'use functions from plugin "std" version 1\ncondition gloomy of some text as it\n    when polarity(it) is below 0\n'
    (tmp_path / "words.rules").write_text(words, encoding="utf-8")
    rules = "data d\n    text text\ntask t on d\n    labels A, B\nrule r votes A\n    when gloomy(text)\n"
    file = tmp_path / "a.rules"
    file.write_text(f'use gloomy from "words.rules"\n{rules}', encoding="utf-8")
    votes = api.compile(file).apply([{"text": "an awful song"}, {"text": "a lovely song"}])
    assert votes.to_numpy().tolist() == [[0], [-1]]
    file.write_text(
        f'use gloomy from "words.rules"\n{rules.replace("gloomy(text)", "polarity(text) is 1")}', encoding="utf-8"
    )
    with pytest.raises(RulesError, match="no condition or function is called `polarity`"):
        api.compile(file)


def test_the_same_call_is_one_meaning() -> None:
    one, same = function("polarity(text) is above 0.5"), function("(polarity( text )) is above 0.50")
    assert one.semantic_hash == same.semantic_hash
    assert one.semantic_hash != function("subjectivity(text) is above 0.5").semantic_hash
