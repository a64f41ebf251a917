"""A faulty plugin on one row costs that row's vote, is recorded, and is counted; nothing else changes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from plugin_folder import install

from snorkel_dsl import api, reference
from snorkel_dsl.__main__ import run
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.report.why import why

RULES = """\
use functions from plugin "NAME" version 1
data comment
    text  text
    likes number
task spam on comment
    labels HAM, SPAM
rule asked votes SPAM
    when CONDITION
rule other votes HAM
    when text mentions "row"
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Installs a plugin with a name of its own and compiles rules that ask a condition of it."""
    name = "p_" + "".join(c if c.isalnum() else "_" for c in request.node.name).lower()

    def compiled(condition: str, code: str, *functions: str, settings: str = "") -> api.Rules:
        install(tmp_path / "site", monkeypatch, name, code, functions)
        (tmp_path / "snorkel-dsl.toml").write_text(settings, encoding="utf-8")
        file = tmp_path / "a.rules"
        file.write_text(RULES.replace("NAME", name).replace("CONDITION", condition), encoding="utf-8")
        return api.compile(file)

    return compiled


ROWS = [{"text": text, "likes": 1.0} for text in ("row one", "row bad", "row two")]
FAULTY = {
    "raises": 'raise KeyError("no such word")',
    "exits": "raise SystemExit(3)",
    "says text": 'return "1.0"',
    "says nothing": "return None",
    "says yes": "return True",
    "is no number": 'return float("nan")',
    "is infinite": 'return float("-inf")',
    "is too large": "return 10 ** 400",
    "recurses": "return score(text)",
    "hangs": "while True: pass",
    "hangs and catches": "stubborn()",
    "is a number that raises": "return Odd(2)",
    "is a number that hangs": "return Slow(2)",
    "is of no class": "return Nothing()",
    "is not of numpy": "return Array()",
    "cannot say what is wrong": "raise Unspeakable",
}


@pytest.mark.parametrize("batch", [False, True], ids=["one", "batch"])
@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_row_costs_its_vote_and_no_more(plugin: Any, fault: str, batch: bool) -> None:
    code = f"""
    def stubborn():
        while True:
            try:
                while True: pass
            except Exception:
                pass

    class Odd(float):
        def __float__(self): raise SystemExit(4)

    class Slow(int):
        def __float__(self):
            while True: pass

    class Nothing:
        __class__ = property(lambda self: 1 / 0)

    class Array:
        shape, __module__ = (), "numpy"
        def item(self): raise BaseException("no")

    class Unspeakable(BaseException):
        def __str__(self): raise SystemExit(4)

    def one(text):
        if "bad" in text:
            {FAULTY[fault].replace("score(text)", "one(text)")}
        return 2.0

    def score(text):
        return [one(item) for item in text] if isinstance(text, list) else one(text)
    """
    flags = ", batch" if batch else ""
    settings = "function_seconds = 0.05" if "hangs" in fault else ""
    rules = plugin("score(text) is above 1", code, f"score(text) -> number{flags}", settings=settings)
    votes, faults = rules.apply_with_faults(ROWS)
    assert votes.to_numpy().tolist() == [[1, 0], [-1, 0], [1, 0]]
    (found,) = faults
    assert (found.row, found.column, found.rules, found.value) == (1, "score(text)", ("asked",), "row bad")
    assert found.is_call
    assert found.message
    trace = reference.explain(rules.lfs["asked"].definition, ROWS[1])
    assert trace.reason == "failed"
    assert why(trace, ROWS[1]) == [f"`score(text)` failed: {found.message}"]


def test_a_text_is_what_it_holds_whatever_its_class_says(plugin: Any) -> None:
    code = """
    class Other(str):
        def __len__(self): raise SystemExit(1)
        def __str__(self): return "other"
        def __eq__(self, other): return True
        __hash__ = str.__hash__
    def score(text):
        return Other("other" if "bad" in text else "mine")
    """
    rules = plugin('score(text) is "mine"', code, "score(text) -> text")
    votes, faults = rules.apply_with_faults(ROWS)
    assert votes.to_numpy()[:, 0].tolist() == [1, -1, 1]
    assert faults == ()


def test_a_message_is_of_printable_characters(plugin: Any) -> None:
    code = """
    def score(text):
        raise ValueError("half \\ud800, red \\x1b[31m, nothing \\x00, backwards \\u202e" + "!" * 10_000)
    """
    rules = plugin("score(text) is above 1", code, "score(text) -> number")
    faults = rules.apply_with_faults(ROWS)[1]
    assert [len(fault.message) for fault in faults] == [500] * 3
    assert faults[0].message.startswith("ValueError: half �, red �[31m, nothing �, backwards �!!!")


def test_what_a_plugin_prints_does_not_go_among_results(plugin: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code = """
    print("loaded")
    def score(text):
        print("called")
        return 2
    """
    rules = plugin("score(text) is above 1", code, "score(text) -> number")
    assert rules.apply_with_faults(ROWS)[1] == ()
    assert capsys.readouterr() == ("", "loaded\n" + "called\n" * 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are split here")
def test_a_process_that_a_plugin_splits_off_ends_with_the_call(plugin: Any) -> None:
    code = """
    import os
    children = []
    def score(text):
        child = os.fork()
        if child:
            children.append(child)
            _, status = os.waitpid(child, 0)
            return os.waitstatus_to_exitcode(status)
        return 7
    """
    rules = plugin("score(text) is 1", code, "score(text) -> number")
    votes, faults = rules.apply_with_faults(ROWS)
    assert votes.to_numpy()[:, 0].tolist() == [1, 1, 1]
    assert faults == ()


def test_a_plugin_that_never_ends_loading_is_an_error(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snorkel_dsl.plugins.calling.SECONDS_TO_LOAD", 0.05)
    rules = plugin("score(text) is above 1", "while True: pass", "score(text) -> number")
    with pytest.raises(RulesError, match="it took longer than"):
        rules.apply_with_faults(ROWS)


def test_what_is_said_of_each_fault(plugin: Any) -> None:
    said = {
        "KeyError": 'raise KeyError("w")',
        "type `str`": 'return "x"',
        "nothing": "return None",
        "nan": 'return float("nan")',
    }
    lines = "\n        ".join(f'if text == "{key}": {code}' for key, code in said.items())
    rules = plugin("score(text) is above 1", f"def score(text):\n        {lines}", "score(text) -> number")
    _, faults = rules.apply_with_faults([{"text": key, "likes": 0.0} for key in said])
    assert [fault.message for fault in faults] == [
        "KeyError: 'w'",
        "it gave a value of type `str`, and its signature says a number",
        "it gave nothing, and its signature says a number",
        "it gave `nan`, which is no number",
    ]


def test_texts_that_are_too_long_or_broken_fail(plugin: Any) -> None:
    code = """
    def words(text):
        return {"long": "x" * 1_000_001, "half": "\\ud800", "fine": "yes"}[text]
    """
    rules = plugin('words(text) is "yes"', code, "words(text) -> text")
    votes, faults = rules.apply_with_faults([{"text": text, "likes": 0.0} for text in ("long", "half", "fine")])
    assert votes.to_numpy()[:, 0].tolist() == [-1, -1, 1]
    assert [fault.message for fault in faults] == [
        "it gave a text of 1,000,001 characters; 1,000,000 are allowed",
        "it gave a text with half a character in it",
    ]


def test_ctrl_c_is_the_users_and_passes(plugin: Any) -> None:
    rules = plugin(
        "score(text) is above 1", "def score(text):\n        raise KeyboardInterrupt", "score(text) -> number"
    )
    with pytest.raises(KeyboardInterrupt):
        rules.apply_with_faults(ROWS)


def test_the_alarm_of_someone_else_is_set_again(plugin: Any) -> None:
    rules = plugin("score(text) is above 1", "def score(text):\n        return 2", "score(text) -> number")
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        mine = signal.getsignal(signal.SIGALRM)
        rules.apply_with_faults(ROWS)
        assert signal.getsignal(signal.SIGALRM) is mine
        assert 900 < signal.setitimer(signal.ITIMER_REAL, 0)[0] <= 1000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_beside_the_main_thread_time_is_measured_afterwards(plugin: Any) -> None:
    code = """
    import time
    def score(text):
        end = time.monotonic() + 0.05
        while "bad" in text and time.monotonic() < end: pass
        return 2
    """
    rules = plugin("score(text) is above 1", code, "score(text) -> number", settings="function_seconds = 0.04")
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(rules.apply_with_faults(ROWS)))
    thread.start()
    thread.join()
    ((votes, faults),) = found
    assert votes.to_numpy()[:, 0].tolist() == [1, -1, 1]
    assert [fault.message for fault in faults] == ["it took longer than 0.04 seconds"]


def test_one_bad_row_of_a_batch_costs_one_vote(plugin: Any) -> None:
    code = """
    calls = []
    def score(texts):
        calls.append(len(texts))
        if any("bad" in text for text in texts):
            raise ValueError("bad")
        return [2.0] * len(texts)
    """
    rules = plugin("score(text) is above 1", code, "score(text) -> number, batch, not pure")
    rows = [{"text": f"row {'bad' if n == 70 else ''}", "likes": 0.0} for n in range(130)]
    votes, faults = rules.apply_with_faults(rows)
    assert (votes.to_numpy()[:, 0] == -1).sum() == 1
    assert [fault.row for fault in faults] == [70]
    assert sys.modules["plugin_p_test_one_bad_row_of_a_batch_costs_one_vote"].calls == [64, 64, *[1] * 64, 2]


@pytest.mark.parametrize(
    ("answer", "message"), [("[1.0]", "it gave 1 results for 3 rows"), ("7", "type `int` for 3 rows")]
)
def test_a_batch_of_another_length_is_asked_row_by_row(plugin: Any, answer: str, message: str) -> None:
    code = f"def score(texts):\n        return [2.0] if len(texts) == 1 else {answer}"
    rules = plugin("score(text) is above 1", code, "score(text) -> number, batch, not pure")
    votes, faults = rules.apply_with_faults(ROWS)
    assert votes.to_numpy()[:, 0].tolist() == [1, 1, 1]
    assert faults == ()
    assert message  # said of a single row only where that fails as well


def test_a_pure_function_is_called_once_of_the_same_arguments_in_a_batch(plugin: Any) -> None:
    code = """
    calls = []
    def score(text):
        calls.append(text)
        return 2
    """
    rules = plugin("score(text) is above 1 or score(text) is below 0", code, "score(text) -> number")
    rules.apply_with_faults([{"text": text, "likes": 0.0} for text in ("a", "b", "a")])
    assert sys.modules["plugin_p_test_a_pure_function_is_called_once_of_the_same_arguments_in_a_batch"].calls == [
        "a",
        "b",
    ]


def test_no_call_is_made_where_another_part_of_the_condition_is_false(plugin: Any) -> None:
    code = """
    calls = []
    def score(text):
        calls.append(text)
        return 2
    """
    rules = plugin('score(text) is above 1 and text mentions "two"', code, "score(text) -> number")
    assert rules.apply_with_faults(ROWS)[0].to_numpy()[:, 0].tolist() == [-1, -1, 1]
    assert sys.modules["plugin_p_test_no_call_is_made_where_another_part_of_the_condition_is_false"].calls == [
        "row two"
    ]


def test_values_come_as_python_has_them(plugin: Any, tmp_path: Path) -> None:
    code = """
    import datetime
    def kinds(text, number, when, clock, how_long, flag, words):
        assert type(text) is str and type(number) is float and flag is True and words == ("a", "b"), (text, flag, words)
        assert when == datetime.datetime(2026, 11, 20, 22, 30, tzinfo=datetime.UTC), when
        assert clock == datetime.time(22, 30) and how_long == datetime.timedelta(days=2), (clock, how_long)
        return True
    """
    install(tmp_path / "more", pytest.MonkeyPatch(), "kinds", code, KINDS)
    rules = api.compile(
        'use functions from plugin "kinds" version 1\n'
        "data d\n    text text\n    posted time\n    shared yes/no\n    tags list of text\n"
        "task t on d\n    labels A, B\n"
        "rule r votes A\n"
        "    when kinds(the first word of text, 3, posted, 22:30, 2 days, shared, tags)\n"
    )
    row = {"text": "one two", "posted": "2026-11-20 22:30", "shared": "yes", "tags": ["a", "b"]}
    votes, faults = rules.apply_with_faults([row])
    assert faults == ()
    assert votes.to_numpy().tolist() == [[0]]


KINDS = """
name = "kinds"
version = 1
[[function]]
name = "kinds"
result = "yes/no"
doc = "whether each value is of its kind"
parameters = [
    { name = "text", kind = "text" },
    { name = "number", kind = "number" },
    { name = "when", kind = "time" },
    { name = "clock", kind = "time of day" },
    { name = "how_long", kind = "duration" },
    { name = "flag", kind = "yes/no" },
    { name = "words", kind = "list of text" },
]
"""

# ------------------------------------------------------------------------------------------ before any row is read

BROKEN = {
    "import": ("raise RuntimeError('no')", "`import plugin_{name}` failed: RuntimeError: no"),
    "exit": ("import sys; sys.exit(1)", "`import plugin_{name}` failed: SystemExit: 1"),
    "missing": ("other = 1", "has no function `score`"),
    "value": ("score = 1", "has no function `score`"),
    "arity": ("def score(text, more): ...", "`score` does not take 1 arguments"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_code_that_is_not_as_its_signatures_say_is_an_error_before_any_row(plugin: Any, how: str) -> None:
    code, message = BROKEN[how]
    rules = plugin("score(text) is above 1", code, "score(text) -> number")
    with pytest.raises(RulesError) as wrong:
        rules.apply_with_faults(ROWS)
    assert [one.kind for one in wrong.value.diagnostics] == ["broken-plugin"]
    assert message.split("{")[0] in str(wrong.value)


def test_check_runs_none_of_a_plugins_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    bomb = "raise SystemExit('the bomb went off')"
    install(tmp_path / "site", monkeypatch, "bomb", bomb, ["score(text) -> number"])
    text = RULES.replace("NAME", "bomb").replace("CONDITION", "score(text) is above 1")
    (tmp_path / "a.rules").write_text(text, encoding="utf-8")
    assert run(["check", str(tmp_path / "a.rules")]) == 0
    assert run(["doctor"]) == 0
    assert "bomb" in capsys.readouterr().out
    assert "plugin_bomb" not in sys.modules


def test_a_function_that_needs_a_model_may_take_its_time_over_the_first_call(plugin: Any) -> None:
    code = """
    import time
    def score(text):
        end = time.monotonic() + (0.15 if text == "row one" or text == "row two" else 0)
        while time.monotonic() < end: pass
        return 2
    """
    rules = plugin(
        "score(text) is above 1", code, "score(text) -> number, needs_model", settings="function_seconds = 0.1"
    )
    votes, faults = rules.apply_with_faults(ROWS)
    assert votes.to_numpy()[:, 0].tolist() == [1, 1, -1]
    assert [fault.row for fault in faults] == [2]


def test_the_time_that_is_allowed_does_not_count_for_the_hash(plugin: Any, tmp_path: Path) -> None:
    rules = plugin("score(text) is above 1", "def score(text): return 2", "score(text) -> number")
    (tmp_path / "snorkel-dsl.toml").write_text("function_seconds = 3", encoding="utf-8")
    again = api.compile(tmp_path / "a.rules")
    assert again.lfs["asked"].definition.semantic_hash == rules.lfs["asked"].definition.semantic_hash
    (constant,) = (c for c in _functions(again))
    assert constant.seconds == 3


def _functions(rules: api.Rules) -> set[Any]:
    from snorkel_dsl.language import ir

    expressions = rules.lfs["asked"].definition.expressions
    found = (node.value for one in expressions for node in ir.walk(one) if isinstance(node, ir.Constant))
    return {value for value in found if isinstance(value, ir.PluginFunction)}


def test_the_version_of_a_plugin_counts_for_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = []
    for version in (1, 2):
        folder = tmp_path / str(version)
        with pytest.MonkeyPatch.context() as patch:
            install(folder, patch, "counted", "def score(text): return 2", ["score(text) -> number"], version)
            text = RULES.replace("NAME", "counted").replace("version 1", f"version {version}")
            rules = api.compile(text.replace("CONDITION", "score(text) is above 1"))
            hashes.append([definition.semantic_hash for definition in rules.program.functions])
    assert hashes[0][0] != hashes[1][0]
    assert hashes[0][1] == hashes[1][1]
