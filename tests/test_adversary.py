"""What strangers and unlucky experts do to the tool: every case ends in a clear word, in bounded time, and breaks nothing."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import snorkel_dsl
from snorkel_dsl import models, reference
from snorkel_dsl.__main__ import run
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.language.parse import parse
from snorkel_dsl.source import Source
from snorkel_dsl.votes import LabelMatrix

HEAD = """\
data comment
    text   text
    likes  number
    posted time
task spam on comment
    labels HAM, SPAM
"""
RULE = HEAD + 'rule r votes SPAM\n    when text mentions "x"\n'
TABLE = "text,likes,posted\nx y,3,2026-01-01\n,,\n"


def rule(condition: str, before: str = "") -> str:
    """A file with one rule."""
    return f"{HEAD}{before}rule r votes SPAM\n    when {condition}\n"


def kinds(rules: str | Path) -> set[str]:
    """The kinds of diagnostics that compiling some rules gives."""
    with pytest.raises(RulesError) as caught:
        snorkel_dsl.compile(rules)
    return {diagnostic.kind for diagnostic in caught.value.diagnostics}


# ------------------------------------------------------------------------------------------------- rules without measure


@pytest.mark.parametrize(
    "condition",
    [
        "(" * 5_000 + 'text mentions "x"' + ")" * 5_000,
        "likes is " + " + ".join(["1"] * 5_000),
        "some sentence of text where " * 500 + 'it mentions "x"',
        "".join("\n" + "    " * (n + 2) + "all of" for n in range(300)).lstrip() + "\n" + "    " * 303 + "likes is 1",
    ],
    ids=["brackets", "sum", "where", "lists"],
)
def test_what_nests_without_end_is_refused(condition: str) -> None:
    assert kinds(rule(condition)) == {"too-deep"}


@pytest.mark.parametrize("order", [1, -1], ids=["used before", "used after"])
def test_a_long_chain_of_conditions_is_refused_whatever_its_order(order: int) -> None:
    blocks = ['condition c0\n    when text mentions "x"\n']
    blocks += [f"condition c{n}\n    when c{n - 1} and text has more than {n} words\n" for n in range(1, 1_200)]
    assert "too-large" in kinds(rule("c1199", "".join(blocks[::order])))


def test_conditions_that_are_deep_together_are_refused() -> None:
    def nested(inner: str, number: int) -> str:
        for level in range(48):
            inner = f"({inner} {'and' if level % 2 else 'or'} likes is {100 * number + level})"
        return inner

    blocks = "condition c0\n    when likes is 0\n" + "".join(
        f"condition c{n}\n    when {nested(f'c{n - 1}', n)}\n" for n in range(1, 20)
    )
    assert "too-large" in kinds(rule("c19", blocks))


def test_a_chain_of_files_is_refused_and_a_mesh_of_them_is_checked_once(tmp_path: Path) -> None:
    for n in range(30):
        lists = f'terms X{n}\n    X{n + 1}, "x{n}"\nterms Z{n}\n    Z{n + 1}, "z{n}"\n'
        uses = f'use X{n + 1} from "u{n + 1}.rules"\nuse Z{n + 1} from "u{n + 1}.rules"\n'
        (tmp_path / f"u{n}.rules").write_text(uses + lists)
    (tmp_path / "u30.rules").write_text('terms X30\n    "a"\nterms Z30\n    "b"\n')
    mesh = tmp_path / "mesh.rules"
    mesh.write_text('use X0 from "u0.rules"\n' + rule("text mentions any of X0"))
    assert len(snorkel_dsl.compile(mesh).lfs) == 1
    for n in range(400):
        (tmp_path / f"v{n}.rules").write_text(f'use X from "v{n + 1}.rules"\nterms Y\n    "y"\n')
    chain = tmp_path / "chain.rules"
    chain.write_text('use Y from "v0.rules"\n' + rule("text mentions any of Y"))
    assert kinds(chain) == {"too-large"}


@pytest.mark.parametrize(
    "condition",
    [
        "likes is " + "9" * 400,
        "text has more than " + "9" * 400 + " words",
        "posted - posted is more than 9999999999 days",
    ],
    ids=["number", "count", "duration"],
)
def test_a_number_beyond_all_numbers_is_refused(condition: str) -> None:
    assert kinds(rule(condition)) == {"unreadable-number"}


def test_a_term_beyond_all_terms_is_refused() -> None:
    assert kinds(rule('text mentions "' + "a" * 100_000 + '"')) == {"too-large"}


def headed(number: int, words: str = "w{} heading") -> str:
    """Sections by their headings."""
    return "sections of text\n" + "".join(f'    S{n} headed "{words.format(n)}"\n' for n in range(number))


def test_sections_and_headings_without_measure_are_refused() -> None:
    assert len(snorkel_dsl.compile(rule('text mentions "x" in S499', headed(500))).lfs) == 1
    for blocks in (headed(501), headed(250) + headed(251).replace("    S", "    T"), headed(1, "w" * 2_001)):
        assert kinds(rule('text mentions "x"', blocks)) == {"too-large"}


def test_long_chains_of_tasks_and_contexts_end() -> None:
    tasks = "task t0 on comment\n    labels A0, B0\n"
    tasks += "".join(f"task t{n} under t{n - 1}.A{n - 1}\n    labels A{n}, B{n}\n" for n in range(1, 60))
    rules = snorkel_dsl.compile(HEAD + tasks + "rule r votes A59\n    when likes is 1\n")
    votes = rules.apply([{"text": "x", "likes": 1, "posted": None}])
    assert [votes.question(f"t{n}").to_numpy().tolist() for n in (0, 30, 59)] == [[[0]]] * 3
    cues = "".join(f'    negation before "cue {n}"\n' for n in range(2_000))
    assert len(snorkel_dsl.compile(rule('text denies "x"', f"context c\n{cues}")).lfs) == 1


def test_codes_of_two_hundred_labels_and_their_denials() -> None:
    labels = ", ".join(f"L{n}" for n in range(200))
    head = HEAD.replace("HAM, SPAM", f"{labels}, any number may apply")
    votes = {"L0": {0}, "L199": {199}, "not L0": {200}, "not L199": {399}, "L7 or L150": {7, 150}}
    written = "".join(f"rule r{n} votes {vote}\n    when likes is 1\n" for n, vote in enumerate(votes))
    rules = snorkel_dsl.compile(head + written)
    row = {"text": "x", "likes": 1, "posted": None}
    matrix = rules.apply([row])
    assert [set(matrix.labels_of(code)) for code in matrix.codes.tolist()] == list(votes.values())
    assert [set(reference.vote(one.definition, row).labels) for one in rules.lfs.values()] == list(votes.values())


# ------------------------------------------------------------------------------------------------- comments and layout


@pytest.mark.parametrize("line", ["#" * 2_000, "# " * 2_000, "    # x\n" * 20_000, "\n" * 20_000, "    \n" * 20_000])
def test_comments_and_blank_lines_are_read_in_linear_time(line: str) -> None:
    banner = line if line.startswith("#") else ""
    body = "" if banner else line
    file, found = parse(Source("a.rules", f"{banner}\ndata c\n{body}    text  text\n"))
    assert not found
    assert len(file.blocks) == 1


# ----------------------------------------------------------------------------------------------------- plain characters


@pytest.mark.parametrize(
    ("verb", "term"), [("contains", "*"), ("contains", " "), ("starts with", " "), ("ends with", "*")]
)
def test_blanks_and_stars_are_plain_characters_to_verbs_about_characters(verb: str, term: str) -> None:
    rules = snorkel_dsl.compile(rule(f'text {verb} "{term}"'))
    rows = [{"text": text, "likes": 1, "posted": None} for text in ("", "a", "*", " ", " a", "a*", "a b")]
    asked = {"contains": str.__contains__, "starts with": str.startswith, "ends with": str.endswith}[verb]
    expected = [1 if asked(str(row["text"]), term) else -1 for row in rows]
    assert [rules.lfs["r"](row) for row in rows] == expected
    assert rules.apply(rows).to_numpy()[:, 0].tolist() == expected


@pytest.mark.parametrize("pattern", [r"^\B", r"\B$", r"(^|a)\B"])
def test_patterns_mean_on_empty_text_what_python_means(pattern: str) -> None:
    rules = snorkel_dsl.compile(rule(f"text matches /{pattern}/"))
    rows = [{"text": text, "likes": 1, "posted": None} for text in ("", "a", " ", "é", "b", "aab")]
    expected = [1 if re.search(pattern, str(row["text"]), re.IGNORECASE) else -1 for row in rows]
    assert rules.apply(rows).to_numpy()[:, 0].tolist() == expected


def test_a_value_of_one_row_that_no_column_holds_costs_its_vote() -> None:
    rules = snorkel_dsl.compile(rule('text mentions "x" or likes is 3'))
    for value in ({"text": "\ud800 x"}, {"likes": "3\udc00"}, {"likes": [0, 10**30]}):
        row = {"text": "x", "likes": 3, "posted": None} | value
        assert rules.lfs["r"](row) == -1
        assert rules.apply_with_faults([row, row | {"text": "x", "likes": 1}])[0].to_numpy().tolist() == [[-1], [1]]


def test_a_pattern_of_thousands_of_parts_that_may_be_absent_is_matched() -> None:
    rules = snorkel_dsl.compile(rule("text matches /" + "a?" * 2_000 + "b/"))
    rows = [{"text": text, "likes": 1, "posted": None} for text in ("", "a", "b", "aab")]
    assert rules.apply(rows).to_numpy()[:, 0].tolist() == [-1, -1, 1, 1]


# ------------------------------------------------------------------------------------------------------ files of all sorts


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a rules file and a table, as the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.rules").write_text(RULE)
    (tmp_path / "d.csv").write_text(TABLE)
    return tmp_path


def test_a_result_never_takes_the_place_of_data_rules_or_another_result(project: Path) -> None:
    assert run(["apply", "a.rules", "d.csv", "-o", "./d.csv"]) == 2
    assert run(["label", "a.rules", "d.csv", "-o", "l.csv", "--save-model", "a.rules"]) == 2
    assert run(["label", "a.rules", "d.csv", "-o", "l.csv", "--save-model", "l.csv"]) == 2
    assert run(["apply", "a.rules", "d.csv", "-o", "v.csv", "--faults", "d.csv"]) == 2
    assert (project / "d.csv").read_text() == TABLE
    assert (project / "a.rules").read_text() == RULE
    assert {file.name for file in project.iterdir()} == {"a.rules", "d.csv"}


@pytest.mark.parametrize("output", ["", ".", "folder", "nowhere/v.csv", "v", "v.xml"])
def test_an_output_that_is_no_file_is_refused(project: Path, output: str) -> None:
    (project / "folder").mkdir()
    assert run(["apply", "a.rules", "d.csv", "-o", output]) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_devices_and_files_without_end_are_refused(project: Path) -> None:
    os.mkfifo(project / "pipe.rules")
    os.mkfifo(project / "pipe.txt")
    with (project / "huge.rules").open("wb") as file:
        file.truncate(3 << 30)
    with (project / "huge.txt").open("wb") as file:
        file.truncate(3 << 30)
    for rules in ("pipe.rules", "huge.rules", "/dev/zero"):
        assert run(["check", rules]) == 2
        assert run(["apply", rules, "d.csv", "-o", "v.csv"]) == 2
    for data in ("pipe.txt", "/dev/zero"):
        assert run(["apply", "a.rules", data, "-o", "v.csv"]) == 2
    for words, kind in (("pipe.txt", "missing-file"), ("huge.txt", "too-large"), ("w" * 5_000, "missing-file")):
        (project / "b.rules").write_text(rule("text mentions any of L", f'terms L\n    file "{words}"\n'))
        assert kinds(project / "b.rules") == {kind}


def test_a_file_outside_the_roots_is_not_opened_by_any_way_there(project: Path) -> None:
    outside = project.parent / "outside.txt"
    outside.write_text("secret\n")
    (project / "link.txt").symlink_to(outside)
    for path in ("../outside.txt", str(outside), "link.txt"):
        (project / "b.rules").write_text(rule("text mentions any of L", f'terms L\n    file "{path}"\n'))
        assert kinds(project / "b.rules") == {"outside-roots"}


def test_a_command_runs_with_closed_streams(project: Path) -> None:
    for closed in ("<&-", ">&- 2>&-"):
        command = f"{sys.executable} -m snorkel_dsl check a.rules {closed}"
        assert subprocess.run(["sh", "-c", command], cwd=project, check=False).returncode == 0


# ------------------------------------------------------------------------------------------------- knowledge and plugins

EVERYTHING = """\
use context clinical_english
use functions from plugin "std" version 1
data comment
    text text
    p    span of text
task spam on comment
    labels HAM, SPAM
task kinds on comment
    labels A, B, any number may apply
require A implies SPAM
sections of text
    BODY headed "findings"
terms LIST
    from ontology "o.csv" below "R"
    any form of "win"
rule r votes SPAM
    when text asserts any of LIST in BODY and the 3 words before p mention "y" and polarity(text) is above 0.5
rule s votes SPAM
    when text has an entity PERSON
rule crowd votes by annotators of text in "crowd.csv"
    columns item, who, said
    "spam" means SPAM
"""
CHECK = """\
import sys
from snorkel_dsl.__main__ import run
assert run(["check", "all.rules"]) == 0
print(*sorted({name.split(".")[0] for name in sys.modules}))
print(*sorted(name for name in sys.modules if name.startswith("snorkel_dsl.plugins.")))
"""


def test_check_of_everything_loads_nothing_heavy_and_no_plugin(project: Path) -> None:
    (project / "all.rules").write_text(EVERYTHING)
    (project / "o.csv").write_text("id,name\nR,r\n")
    (project / "crowd.csv").write_text("item,who,said\n1,ann,spam\n")
    (project / "p.jsonl").write_text('{"label": "PERSON", "pattern": "Ann"}')
    (project / "snorkel-dsl.toml").write_text('spacy = "blank:en"\nspacy_patterns = "p.jsonl"\n')
    environment = os.environ | {"SNORKEL_DSL_CACHE": ""}
    done = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    loaded, plugins = (set(line.split()) for line in done.stdout.splitlines()[-2:])
    assert loaded & {"numpy", "scipy", "pandas", "pyarrow", "torch", "spacy", "sqlite3", "rdflib", "fastobo"} == set()
    assert plugins <= {f"snorkel_dsl.plugins.{name}" for name in ("calling", "installed", "stored")}


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ('spacy = "../pipeline"', "outside-roots"),
        ('spacy = "link"', "outside-roots"),
        ('spacy = "blank:en"\nspacy_patterns = "../p.jsonl"', "outside-roots"),
        ('spacy = "empty"', "missing-pipeline"),
        ('spacy = "torn"', "missing-pipeline"),
        ('spacy = "blank:../en"', "missing-pipeline"),
        ('spacy = "os"', "missing-pipeline"),
        ('spacy = "blank:en"\nspacy_patterns = "torn"', "missing-file"),
    ],
)
def test_a_pipeline_that_is_none_is_refused_before_any_row(project: Path, settings: str, kind: str) -> None:
    (project.parent / "pipeline").mkdir(exist_ok=True)
    (project.parent / "p.jsonl").write_text('{"label": "PERSON", "pattern": "Ann"}')
    (project / "link").symlink_to(project.parent / "pipeline")
    (project / "empty").mkdir()
    (project / "torn").mkdir()
    (project / "torn" / "meta.json").write_text("[" * 100_000)
    (project / "snorkel-dsl.toml").write_text(settings)
    (project / "b.rules").write_text(rule("text has an entity PERSON"))
    assert kinds(project / "b.rules") == {kind}


@pytest.mark.parametrize("path", ["../o", "link", "/etc/passwd", "folder", "o\\0"])
@pytest.mark.parametrize("ending", [".obo", ".csv"])
def test_an_ontology_outside_the_roots_or_of_no_file_is_not_read(project: Path, path: str, ending: str) -> None:
    (project.parent / f"o{ending}").write_text("id,name\nR,r\n")
    (project / f"link{ending}").symlink_to(project.parent / f"o{ending}")
    (project / f"folder{ending}").mkdir()
    (project / "b.rules").write_text(
        rule("text mentions any of L", f'terms L\n    from ontology "{path}{ending}" below "R"\n')
    )
    assert kinds(project / "b.rules") <= {"outside-roots", "missing-file", "control-character"}


# ---------------------------------------------------------------------------------------------------------------- data


@pytest.mark.parametrize(
    "lines",
    [
        '{"text": "\\ud800", "likes": 1, "posted": null}',
        '{"te\\udc00xt": "x"}',
        '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"text": ' * 100_000 + "1" + "}" * 100_000,
        '{"text": "x", "likes": ' + "9" * 5_000 + "}",
        "{broken",
        "[]",
    ],
    ids=[
        "half character",
        "half character in a name",
        "deep list",
        "deep object",
        "long number",
        "no JSON",
        "no object",
    ],
)
def test_a_line_that_cannot_be_read_is_a_fault_and_stays_a_row(project: Path, lines: str) -> None:
    good = json.dumps({"text": "x", "likes": 1, "posted": None})
    (project / "d.jsonl").write_text(f"{good}\n{lines}\n{good}\n")
    assert run(["apply", "a.rules", "d.jsonl", "-o", "v.csv"]) == 1
    assert (project / "v.csv").read_text().split() == ['"r"', "1", "-1", "1"]


@pytest.mark.parametrize("depth", [60, 400, 900])
def test_objects_that_nest_deeply_are_read(project: Path, depth: int) -> None:
    good = json.dumps({"text": "x", "likes": 1, "posted": None})
    (project / "d.jsonl").write_text(good + "\n" + '{"a":' * depth + "1" + "}" * depth + "\n")
    assert run(["apply", "a.rules", "d.jsonl", "-o", "v.csv"]) == 0


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "text,likes,posted\n"])
@pytest.mark.parametrize("name", ["d.csv", "d.jsonl"])
def test_data_without_rows_is_no_success(project: Path, name: str, content: str) -> None:
    (project / name).write_text(content)
    for command in (["apply", "-o", "v.csv"], ["label", "-o", "l.csv"], ["analyze"]):
        assert run([command[0], "a.rules", name, *command[1:]]) == 2


def test_a_header_of_many_columns_is_read_at_once(project: Path) -> None:
    names = ",".join(f"c{number}" for number in range(50_000))
    (project / "d.csv").write_text(f"text,likes,posted,{names}\nx,1,2026-01-01{',' * 50_000}\n")
    assert run(["apply", "a.rules", "d.csv", "-o", "v.csv"]) == 0


@pytest.mark.parametrize(
    "type_", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_text_of_every_arrow_type_is_read_and_kept(project: Path, type_: Any) -> None:
    columns = {"text": pa.array(["x", None]).cast(type_), "likes": pa.array([1, 2]), "posted": pa.nulls(2)}
    table = pa.table(columns)
    with pa.ipc.new_file(str(project / "d.arrow"), table.schema) as file:
        file.write_table(table)
    for ending in ("csv", "jsonl", "parquet"):
        assert run(["apply", "a.rules", "d.arrow", "-o", f"v.{ending}", "--keep", "text"]) == 0
    assert (project / "v.csv").read_text().splitlines()[1:] == ['"x",1', ",-1"]


# -------------------------------------------------------------------------------------------------------- saved models


@pytest.fixture
def saved(tmp_path: Path) -> dict[str, bytes]:
    """The files in the archive of a saved model."""
    votes = LabelMatrix.from_dense(np.array([[0, 1, -1], [1, 1, 1], [0, 0, -1]]), labels=("A", "B"))
    models.DawidSkene().fit(votes).save(tmp_path / "model")
    with zipfile.ZipFile(tmp_path / "model") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _pack(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _array(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value, allow_pickle=True)
    return file.getvalue()


def test_a_model_file_that_was_tampered_with_is_refused(tmp_path: Path, saved: dict[str, bytes]) -> None:
    assert models.load(_pack(tmp_path / "good", saved)).labels_ == ("A", "B")
    about = json.loads(saved["model.json"])
    pickled = _array(np.array([{"any": "object"}], dtype=object))
    large = io.BytesIO()
    np.lib.format.write_array_header_1_0(large, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    for name, content in (
        ("class_balance_.npy", pickled),
        ("class_balance_.npy", large.getvalue()),
        ("class_balance_.npy", _array(np.zeros(7))),
        ("class_balance_.npy", b""),
        ("model.json", b"[" * 100_000),
        ("model.json", b"[]"),
        ("model.json", json.dumps(about | {"model": "os.system"}).encode()),
        ("model.json", json.dumps(about | {"parameters": {"unknown": 1}}).encode()),
        ("model.json", json.dumps(about | {"labels": None}).encode()),
    ):
        with pytest.raises(ValueError, match=r"."):
            models.load(_pack(tmp_path / "bad", saved | {name: content}))
    with pytest.raises(ValueError, match="compressed"):
        models.load(_pack(tmp_path / "bomb", {"model.json": b"0" * 10_000_000}, zipfile.ZIP_DEFLATED))
