"""The command line as people meet it: real transcripts through the real program, one folder a test."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest

RULES = """\
data comment
    text   text
    likes  number from 0

task spam on comment
    labels HAM, SPAM, OTHER

rule asks votes SPAM
    when text mentions "subscribe" or "my channel"
    unless text mentions "thank you"
    example SPAM "please subscribe"
    example none "thank you, I will not subscribe"

rule liked
    when likes is more than 10 vote HAM
    when likes is 0 vote SPAM

rule short votes HAM or SPAM
    when text has fewer than 3 words
"""
DATA = """\
id,text,likes,gold
1,please subscribe,0,SPAM
2,"lovely, lovely song",25,HAM
3,"I subscribe, thank you for the tip",3,HAM
4,what a nice day it was,3,HAM
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spam.rules").write_text(RULES)
    (tmp_path / "data.csv").write_text(DATA)
    return tmp_path


def snorkel_dsl(folder: Path, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snorkel_dsl", *arguments],
        cwd=folder,
        input=given,
        env=os.environ | {"NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def fine(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    done = snorkel_dsl(folder, *arguments, given=given)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


# --------------------------------------------------------------------------------------------------------------- general


def test_version_and_help(tmp_path: Path) -> None:
    assert re.fullmatch(r"snorkel-dsl \d+\.\d+\.\d+\n", fine(tmp_path, "--version").stdout)
    shown = fine(tmp_path, "--help").stdout
    for name in ("analyze", "apply", "check", "demo", "doctor", "explain", "import", "label", "test"):
        assert re.search(rf"^  {name} ", shown, re.MULTILINE)
        assert fine(tmp_path, name, "--help").stdout.startswith("Usage:")
    assert fine(tmp_path).stdout == shown


def test_an_unknown_command_and_option_come_with_a_suggestion(tmp_path: Path) -> None:
    done = snorkel_dsl(tmp_path, "chekc")
    assert done.returncode == 2
    assert "did you mean `check`?" in done.stderr
    done = snorkel_dsl(tmp_path, "check", "--output-fromat", "json")
    assert done.returncode == 2
    assert "did you mean `--output-format`?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("apply", "spam.rules", "data.csv"), "`-o` is not given"),
        (("label", "spam.rules"), "`DATA` is not given"),
        (("analyze", "data.csv", "spam.rules"), "rules come first"),
        (("explain", "spam.rules", "data.csv"), "--row 1"),
        (
            ("label", "spam.rules", "data.csv", "-o", "x.csv", "--balance", "SPAM=30"),
            "did you mean `--balance SPAM=30%`?",
        ),
    ],
)
def test_a_command_line_that_does_not_fit_says_what_to_write(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = snorkel_dsl(folder, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error[bad-")
    assert said in done.stderr


def test_a_bug_of_ours_is_said_in_two_lines(folder: Path) -> None:
    broken = (
        "import snorkel_dsl.report.table as t\ndef table(*a, **k): raise ZeroDivisionError('oh')\nt.table = table\n"
    )
    start = "import sys\nfrom snorkel_dsl.__main__ import run\nsys.exit(run(['doctor']))\n"
    environment = {k: v for k, v in os.environ.items() if k != "SNORKEL_DSL_DEBUG"}
    command = [sys.executable, "-c", broken + start]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "a bug in snorkel-dsl" in done.stderr
    environment["SNORKEL_DSL_DEBUG"] = "1"
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr


def test_a_closed_pipe_is_quiet(folder: Path) -> None:
    command = f"{sys.executable} -m snorkel_dsl explain unknown-name | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stdout.strip() in ("0", "141")
    assert done.stderr == ""


def test_an_interrupt_ends_with_130(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom snorkel_dsl.__main__ import run\n"
        "def interrupted(*_): raise KeyboardInterrupt\nPath.is_dir = interrupted\nsys.exit(run(['check', '.']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")


# ----------------------------------------------------------------------------------------------------------------- check


def test_check_says_what_it_saw(folder: Path) -> None:
    done = fine(folder, "check", "spam.rules")
    assert done.stdout == ""
    assert done.stderr == "1 file, 3 labeling functions: all fine\n"
    assert fine(folder, "check", "-", given=RULES).stderr == done.stderr


def test_check_reports_every_file_of_a_folder(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "b.rules").write_text(RULES.replace("likes is 0", "likse is 0"))
    (folder / "a.rules").write_text(RULES.replace("subscribe", "subscribe", 1).replace("OTHER\n\n", "OTHER\n\nx\n", 1))
    done = snorkel_dsl(folder, "check", ".", "--output-format", "concise")
    assert done.returncode == 1
    places = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert places == sorted(places)
    assert set(places) == {"a.rules", "sub/b.rules"}
    assert "did you mean" not in done.stdout


def test_check_goes_on_after_a_file_that_is_not_there(folder: Path) -> None:
    done = snorkel_dsl(folder, "check", "spma.rules", "spam.rules")
    assert done.returncode == 2
    assert "did you mean `spam.rules`?" in done.stdout
    assert "3 labeling functions" in done.stderr


@pytest.mark.parametrize(
    ("content", "kind", "word"),
    [
        (b"PAR1\x00\x01", "binary-file", "byte 5"),
        (b"# caf\xe9\n", "not-utf-8", "byte 6, in line 1, is 0xE9"),
        ("# x\n".encode("utf-16"), "not-utf-8", "UTF-16"),
    ],
)
def test_check_on_what_is_no_text(folder: Path, content: bytes, kind: str, word: str) -> None:
    (folder / "odd.rules").write_bytes(content)
    done = snorkel_dsl(folder, "check", "odd.rules")
    assert done.returncode == 2
    assert f"error[{kind}]" in done.stdout
    assert word in done.stdout


def test_check_takes_any_line_ends_and_a_byte_order_mark(folder: Path) -> None:
    (folder / "windows.rules").write_bytes(b"\xef\xbb\xbf" + RULES.replace("\n", "\r\n").encode())
    assert fine(folder, "check", "windows.rules").stdout == ""


def test_check_formats_and_output_file(folder: Path) -> None:
    (folder / "bad.rules").write_text(RULES.replace("votes SPAM", "votes SPAMM"))
    done = snorkel_dsl(folder, "check", "bad.rules", "--output-format", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["schema"] == 1
    assert found["diagnostics"][0]["kind"] == "unknown-name"
    done = snorkel_dsl(folder, "check", "bad.rules", "--output-format", "sarif", "--output-file", "found.sarif")
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads((folder / "found.sarif").read_text())["version"] == "2.1.0"
    assert "\x1b[" in snorkel_dsl(folder, "check", "bad.rules", NO_COLOR="", FORCE_COLOR="1").stdout
    assert "\x1b[" not in snorkel_dsl(folder, "check", "bad.rules", NO_COLOR="").stdout


def test_settings_name_rules_and_roots(folder: Path) -> None:
    (folder / "rules").mkdir()
    (folder / "spam.rules").rename(folder / "rules" / "spam.rules")
    (folder / "pyproject.toml").write_text('[tool.snorkel-dsl]\nrules = ["rules"]\nroots = ["../shared"]\n')
    assert "1 file, 3 labeling functions" in fine(folder, "check").stderr
    shown = fine(folder, "--show-settings").stdout
    assert "settings from pyproject.toml" in shown
    assert "../shared" in shown


# ------------------------------------------------------------------------------------------------------- apply and label


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_apply_writes_a_column_a_function(folder: Path) -> None:
    done = fine(folder, "apply", "spam.rules", "data.csv", "--keep", "id", "-o", "votes.csv")
    assert done.stdout == ""
    assert done.stderr == "votes.csv: 4 rows, 3 labeling functions, 4 votes\n"
    assert rows_of(folder / "votes.csv") == [
        ["id", "asks", "liked", "short"],
        ["1", "1", "1", "spam.HAM|spam.SPAM"],
        ["2", "-1", "0", ""],
        ["3", "-1", "-1", ""],
        ["4", "-1", "-1", ""],
    ]
    fine(folder, "apply", "spam.rules", "data.csv", "-o", "votes.parquet")
    schema = pq.read_schema(folder / "votes.parquet")
    assert [str(schema.field(name).type) for name in schema.names] == ["int8", "int8", "list<element: string>"]


def test_apply_long_counts_rows_from_one(folder: Path) -> None:
    fine(folder, "apply", "spam.rules", "data.csv", "--format", "long", "-o", "votes.csv")
    assert rows_of(folder / "votes.csv") == [
        ["row", "function", "label"],
        ["1", "asks", "SPAM"],
        ["1", "liked", "SPAM"],
        ["1", "short", "HAM|SPAM"],
        ["2", "liked", "HAM"],
    ]


def test_apply_reads_stdin_and_nested_fields(folder: Path) -> None:
    records = '{"data": {"text": "please subscribe"}, "likes": 0}\n{"data": {"text": "hm hm hm"}, "likes": 99}\n'
    for given in (records, f"[{records.strip().replace(chr(10), ',')}]"):
        fine(folder, "apply", "spam.rules", "-", "--column", "text=data.text", "-o", "votes.jsonl", given=given)
        rows = [json.loads(line) for line in (folder / "votes.jsonl").read_text().splitlines()]
        assert [row["asks"] for row in rows] == [1, -1]
        assert [row["liked"] for row in rows] == [1, 0]


def test_faults_are_counted_written_and_decide_the_exit_code(folder: Path) -> None:
    (folder / "data.csv").write_text(DATA.replace("25", "n/a") + "5,one,two,three,four\n")
    arguments = ("apply", "spam.rules", "data.csv", "-o", "votes.csv", "--faults", "faults.csv")
    done = snorkel_dsl(folder, *arguments)
    assert done.returncode == 1
    assert "the column `likes` holds `n/a` in row 2, which is not a number" in done.stderr
    assert '`--missing "n/a"`' in done.stderr
    assert "row 5 cannot be read: 5 cells where the header has 4" in done.stderr
    assert "2 faults on 2 rows" in done.stderr
    assert rows_of(folder / "faults.csv") == [
        ["row", "column", "rules", "value", "message"],
        ["2", "likes", "liked", "n/a", "not a number"],
        ["5", "", "", "5,one,two,three,four", "5 cells where the header has 4"],
    ] or rows_of(folder / "faults.csv")[1:] == [
        ["5", "", "", "5,one,two,three,four", "5 cells where the header has 4"],
        ["2", "likes", "liked", "n/a", "not a number"],
    ]
    assert [row[1] for row in rows_of(folder / "votes.csv")] == ["liked", "1", "-1", "-1", "-1", "-1"]
    assert snorkel_dsl(folder, *arguments, "--max-faults", "2").returncode == 0
    assert snorkel_dsl(folder, *arguments, "--missing", "n/a", "--max-faults", "1").returncode == 0


def test_a_column_of_which_nothing_can_be_read_stops_the_run(folder: Path) -> None:
    (folder / "data.csv").write_text("text,likes\none,many\ntwo,few\n")
    done = snorkel_dsl(folder, "apply", "spam.rules", "data.csv", "-o", "votes.csv")
    assert done.returncode == 2
    assert "no value of the column `likes` can be read: `many` in row 1 is not a number" in done.stderr
    assert not (folder / "votes.csv").exists()


def test_label_writes_labels_and_scores_both_models(folder: Path) -> None:
    done = fine(folder, "label", "spam.rules", "data.csv", "--gold", "gold", "--keep", "id", "-o", "labels.csv")
    rows = rows_of(folder / "labels.csv")
    assert rows[0] == ["id", "spam", "spam.HAM", "spam.SPAM", "spam.OTHER"]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3", "4"]
    assert [row[1] for row in rows[1:]] == ["SPAM", "HAM", "", ""]
    assert all(abs(sum(map(float, row[2:])) - 1) < 1e-9 for row in rows[1:])
    assert "majority vote" in done.stdout
    assert "label model (auto)" in done.stdout
    assert "(no vote)" in done.stdout


def test_gold_never_changes_a_label(folder: Path) -> None:
    fine(folder, "label", "spam.rules", "data.csv", "-o", "without.parquet")
    fine(folder, "label", "spam.rules", "data.csv", "--gold", "gold", "-o", "with.parquet")
    (folder / "data.csv").write_text(DATA.replace("SPAM", "#").replace("HAM", "SPAM").replace("#", "HAM"))
    fine(folder, "label", "spam.rules", "data.csv", "--gold", "gold", "-o", "swapped.parquet")
    assert (folder / "without.parquet").read_bytes() == (folder / "with.parquet").read_bytes()
    assert (folder / "without.parquet").read_bytes() == (folder / "swapped.parquet").read_bytes()


def test_balance_and_saved_model(folder: Path) -> None:
    arguments = ("label", "spam.rules", "data.csv", "--model", "dawid_skene", "-o", "labels.csv")
    done = fine(folder, *arguments, "--balance", "SPAM=13%", "--save-model", "spam.model")
    assert "HAM 43.5 %, SPAM 13.0 %, OTHER 43.5 %" in done.stdout
    assert (folder / "spam.model").stat().st_size > 0
    for wrong in ("SPAMM=13%", "SPAM=13", "SPAM"):
        assert snorkel_dsl(folder, *arguments, "--balance", wrong).returncode == 2


def test_a_dataset_of_the_settings_stands_for_its_file(folder: Path) -> None:
    settings = 'datasets.dev = { path = "data.csv", gold = "gold", missing = ["3"] }\n'
    (folder / "snorkel-dsl.toml").write_text(settings)
    done = fine(folder, "label", "spam.rules", "dev", "-o", "labels.csv")
    assert "against gold (4 rows" in done.stdout


# ------------------------------------------------------------------------------------------- analyze, explain, test, import


def test_analyze_judges_each_function(folder: Path) -> None:
    done = fine(folder, "analyze", "spam.rules", "data.csv", "--gold", "gold")
    assert "task spam: 4 rows, 50.0 % with a vote" in done.stdout
    assert re.search(r"^liked +HAM, SPAM +50\.0 .* 2 +0 +1\.00 ", done.stdout, re.MULTILINE)
    found = json.loads(fine(folder, "analyze", "spam.rules", "data.csv", "--output-format", "json").stdout)
    assert found["schema"] == 1
    assert [line["votes"] for line in found["tasks"][0]["lines"]] == [1, 2, 1]
    shown = fine(folder, "analyze", "spam.rules", "data.csv", "--uncovered", "1").stdout
    assert "2 rows of 4 without a vote (50.0 %)" in shown
    assert "row 3\n  text: I subscribe, thank you for the tip" in shown
    assert "row 4" not in shown


def test_explain_says_why(folder: Path) -> None:
    shown = fine(folder, "explain", "spam.rules", "data.csv", "--row", "1").stdout
    assert "row 1 of data.csv\n  text: please subscribe\n  likes: 0\n" in shown
    assert "asks votes SPAM" in shown
    assert 'spam.rules:9: when text mentions "subscribe" or "my channel"' in shown
    assert "found in text: please [subscribe]" in shown
    assert re.search(r"SPAM would be \.\d+ without it: [+-]\.?\d", shown)


def test_explain_says_why_not(folder: Path) -> None:
    def shown(row: str, rule: str) -> str:
        return fine(folder, "explain", "spam.rules", "data.csv", "--row", row, "--rule", rule).stdout

    assert 'stopped by: unless `text mentions "thank you"` is true' in shown("3", "asks")
    assert "found in text: I subscribe, [thank you] for the tip" in shown("3", "asks")
    assert "spam.rules:15: `likes is more than 10` is false: likes is 3\n" in shown("3", "liked")
    assert "`text has fewer than 3 words` is false (counted: 7)" in shown("3", "short")
    (folder / "data.csv").write_text(DATA.replace(",25,", ",,"))
    assert "`likes is more than 10` is unknown: likes is missing" in shown("2", "liked")


def test_explain_says_which_sentence_came_nearest(folder: Path) -> None:
    rule = 'some sentence of text where it mentions "song" and it mentions "hate"'
    (folder / "spam.rules").write_text(RULES.split("rule asks")[0] + f"rule hates votes SPAM\n    when {rule}\n")
    (folder / "data.csv").write_text("text,likes\nI hate it. What a song.,3\n")
    shown = fine(folder, "explain", "spam.rules", "data.csv", "--row", "1", "--rule", "hates").stdout
    assert "0 of 2 sentences fit\n" in shown
    assert 'not: "I hate it."\n      `it mentions "song"` is false' in shown


def test_explain_a_diagnostic(tmp_path: Path) -> None:
    assert fine(tmp_path, "explain", "missing-column").stdout.startswith("# missing-column\n")
    done = snorkel_dsl(tmp_path, "explain", "missing-colum")
    assert done.returncode == 2
    assert "did you mean `missing-column`?" in done.stderr


def test_test_runs_examples_and_expectations(folder: Path) -> None:
    done = fine(folder, "test", "spam.rules")
    assert done.stdout == ""
    assert "1 file, 2 tests, 0 failed" in done.stderr
    assert "examples cover 1 of 3 rules and fire 1 of 4 clauses" in done.stderr
    changed = RULES.replace('example none "thank', 'expect precision at least 80% on dev\n    example SPAM "thank')
    (folder / "spam.rules").write_text(changed)
    (folder / "snorkel-dsl.toml").write_text('datasets.dev = { path = "data.csv", gold = "gold" }\n')
    done = snorkel_dsl(folder, "test", "spam.rules", "--output-format", "junit")
    assert done.returncode == 1
    suite = ElementTree.fromstring(done.stdout)[0]
    assert suite.attrib["tests"] == "3"
    assert suite.attrib["failures"] == "1"
    failed = [case for case in suite if case.find("failure") is not None]
    assert [case.attrib["name"] for case in failed] == ["example in line 13"]
    assert "abstains here" in (failed[0][0].text or "")


def test_test_ends_with_the_errors_of_the_rules(folder: Path) -> None:
    broken = RULES + "rule lost votes SPAM\n    when text mentions any of NOWHERE\n"
    done = snorkel_dsl(folder, "test", "-", given=broken)
    assert done.returncode == 1
    assert "no terms list is called `NOWHERE`" in done.stdout
    assert "1 file, 2 tests, 0 failed, 1 error\n" in done.stderr
    assert done.stderr.endswith("\n1 error: what is wrong was not tested\n")


def test_an_expectation_without_its_data_says_how_to_get_it_or_do_without(folder: Path) -> None:
    (folder / "spam.rules").write_text(RULES + "    expect coverage at least 1% on dev\n")
    (folder / "snorkel-dsl.toml").write_text('[datasets]\ndev = { path = "$NO_SUCH_FOLDER/dev.csv", gold = "gold" }\n')
    done = snorkel_dsl(folder, "test")
    assert done.returncode == 2
    assert "the environment variable `NO_SUCH_FOLDER` is not set" in done.stdout
    assert "export NO_SUCH_FOLDER=" in done.stdout
    assert "--examples-only" in done.stdout
    assert "1 expectation not measured" in done.stderr
    assert snorkel_dsl(folder, "test", "--examples-only").returncode == 0
    assert "NO_SUCH_FOLDER" in snorkel_dsl(folder, "analyze", "spam.rules", "dev").stderr


def test_rules_come_on_stdin(folder: Path) -> None:
    assert "1 file, 3 labeling functions: all fine" in fine(folder, "check", "-", given=RULES).stderr
    assert "1 file, 2 tests, 0 failed" in fine(folder, "test", "-", given=RULES).stderr
    fine(folder, "apply", "-", "data.csv", "-o", "votes.csv", given=RULES)


def test_models_are_listed(tmp_path: Path) -> None:
    assert re.search(r"^majority +\w", fine(tmp_path, "label", "--model", "list").stdout, re.MULTILINE)


def test_import_makes_rules_that_hold_their_examples(folder: Path) -> None:
    (folder / "table.txt").write_text("A\t(^| )a/b\tan a/b\nB\tx (y|y)\tx y\nA\t(?=z)z\tz\n")
    done = snorkel_dsl(
        folder, "import", "table.txt", "--no-header", "--map", "A=YES", "--map", "B=NO", "-o", "new.rules"
    )
    assert done.returncode == 1
    assert "line 3 of `table.txt`" in done.stderr
    text = (folder / "new.rules").read_text()
    assert "labels YES, NO" in text
    assert r"/(^| )a\/b/" in text
    assert "0 failed" in fine(folder, "test", "new.rules").stderr


def test_import_of_keywords(folder: Path) -> None:
    (folder / "words.csv").write_text('keyword,label\n"check out, now",SPAM\n"say ""hi""",HAM\n')
    fine(folder, "import", "words.csv", "--label-order", "HAM,SPAM", "--match", "contains", "-o", "new.rules")
    text = (folder / "new.rules").read_text()
    assert 'text contains "check out, now"' in text
    assert "labels HAM, SPAM" in text
    fine(folder, "check", "new.rules")


def test_doctor_and_demo(tmp_path: Path) -> None:
    assert re.search(r"^pyarrow +\d", fine(tmp_path, "doctor").stdout, re.MULTILINE)
    done = fine(tmp_path, "demo", "--into", "here")
    for word in ("majority vote", "label model", "learned accuracy:", "found in text"):
        assert word in done.stdout
    assert (tmp_path / "here" / "labels.csv").exists()
    assert snorkel_dsl(tmp_path, "demo", "--into", "here").returncode == 2


def test_imported_questions_give_the_published_votes(data_folder: Path, tmp_path: Path) -> None:
    names = {"ENTITY": "ENTY", "DESCRIPTION": "DESC", "HUMAN": "HUM", "ABBREVIATION": "ABBR", "LOCATION": "LOC"}
    mapped = [word for old, new in {**names, "NUMERIC": "NUM"}.items() for word in ("--map", f"{old}={new}")]
    order = ("--label-order", "DESC,ENTY,HUM,ABBR,LOC,NUM")
    table = str(data_folder / "trec" / "regex_rules.txt")
    fine(tmp_path, "import", table, "--no-header", *mapped, *order, "-o", "questions.rules")
    for part in ("train", "valid"):
        data = data_folder / "trec" / f"{part}.json"
        fine(tmp_path, "apply", "questions.rules", str(data), "--column", "text=data.text", "-o", "votes.parquet")
        votes = pq.read_table(tmp_path / "votes.parquet").to_pandas().to_numpy()
        assert votes.tolist() == [row["weak_labels"] for row in json.loads(data.read_text()).values()]


def test_published_reports_through_the_command_line(data_folder: Path, tmp_path: Path) -> None:
    rules = Path(__file__).parents[1] / "rulesets" / "chest_xray" / "published.rules"
    for part, majority in (("dev", ".847"), ("test", ".816")):
        data = str(data_folder / "chest_xray" / f"{part}_entries.csv")
        done = fine(tmp_path, "label", str(rules), data, "--gold", "label", "-o", "labels.parquet")
        assert re.search(rf"^majority vote +{re.escape(majority)} ", done.stdout, re.MULTILINE)
        published = rows_of(data_folder / "chest_xray" / f"L_{part}.csv")
        fine(tmp_path, "apply", str(rules), data, "-o", "votes.csv")
        ours = rows_of(tmp_path / "votes.csv")[1:]
        theirs = [[str(int(float(cell))) for cell in row[1:]] for row in published[-len(ours) :]]
        assert ours == theirs
