"""`ontology show`, `ontology rank` and `explain --terms`: real transcripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_commands import fine, snorkel_dsl

from snorkel_dsl.engine.coverage import terms_mentioned
from snorkel_dsl.language.ir import Term, TermList
from snorkel_dsl.language.text.terms import find

DISEASES = """\
id,name,synonyms,related,parents,obsolete,replaced_by
D:1,disease,,,,,
D:2,lung disease,disorder of lung,,D:1,,
D:3,pneumonia,,chest infection,D:2,,
M:4,viral pneumonia,,,D:3|D:1,,
D:5,grippe,,,D:2,yes,D:6
D:6,influenza,flu,,D:2,,
"""
REPORTS = """\
id,text
1,"Viral pneumonia, no flu."
2,Influenza.
3,
4,A normal chest.
5,pneumonia and pneumonia
"""
RULES = """\
data report
    text text
task triage on report
    labels NORMAL, ABNORMAL
terms LUNG
    from ontology "disease.csv" below "lung disease"
        synonyms none
    any form of "cough"
    exact case "TB"
    except "no cough"
rule lung votes ABNORMAL
    when text mentions any of LUNG
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "disease.csv").write_text(DISEASES)
    (tmp_path / "reports.csv").write_text(REPORTS)
    (tmp_path / "lung.rules").write_text(RULES)
    return tmp_path


def test_show_a_file(folder: Path) -> None:
    shown = fine(folder, "ontology", "show", "disease.csv").stdout
    content = shown.splitlines()[2]
    assert shown.replace(content, "content …") == (
        "disease.csv: CSV\n"
        "6 nodes (1 obsolete), 9 names\n"
        "content …\n"
        "\n"
        "topmost node  name     nodes below\n"
        "────────────  ───────  ───────────\n"
        "D:1           disease            5\n"
    )


def test_show_what_stands_below_a_node(folder: Path) -> None:
    shown = fine(
        folder, "ontology", "show", "disease.csv", "--below", "Lung Disease", "--synonyms", "exact,related"
    ).stdout
    assert shown.split("\n", 3)[3] == (
        "below Lung Disease: 4 nodes, 7 terms, 2 levels deep\n"
        "\n"
        "D:2  lung disease\n"
        "    exact: disorder of lung\n"
        "  D:3  pneumonia\n"
        "      related: chest infection\n"
        "    M:4  viral pneumonia\n"
        "  D:6  influenza\n"
        "      exact: flu\n"
    )
    shown = fine(
        folder, "ontology", "show", "disease.csv", "--below", "D:2", "--levels", "1", "--synonyms", "none"
    ).stdout
    assert shown.splitlines()[3:] == [
        "below D:2: 3 nodes, 3 terms, 1 level deep",
        "",
        "D:2  lung disease",
        "  D:3  pneumonia",
        "  D:6  influenza",
    ]
    shown = fine(folder, "ontology", "show", "disease.csv", "--below", "D:5", "--keep-obsolete").stdout
    assert shown.endswith("\nD:5  grippe  (obsolete)\n")


def test_show_for_programs(folder: Path) -> None:
    shown = json.loads(fine(folder, "ontology", "show", "disease.csv", "--output-format", "json").stdout)
    assert (shown["schema"], shown["format"], shown["below"]) == (1, "CSV", [])
    assert [(node["id"], node["depth"]) for node in shown["nodes"]] == [
        ("D:1", 0), ("D:2", 1), ("D:3", 2), ("D:6", 2), ("M:4", 1),
    ]  # fmt: skip
    assert shown["nodes"][1]["synonyms"] == {"exact": ["disorder of lung"], "narrow": []}


def test_rank_by_coverage(folder: Path) -> None:
    shown = fine(folder, "ontology", "rank", "disease.csv", "--data", "reports.csv", "--below", "D:2").stdout
    assert shown == (
        "disease.csv: 4 nodes below D:2\n"
        "reports.csv: 5 rows, of which 3 (60.0 %) mention some node\n"
        "\n"
        "vocabulary  nodes found  rows  of all\n"
        "──────────  ───────────  ────  ──────\n"
        "D                2 of 3     3  60.0 %\n"
        "M                1 of 1     1  20.0 %\n"
        "\n"
        "D\n"
        "node  name       rows  of all  found as\n"
        "────  ─────────  ────  ──────  ──────────────────\n"
        "D:3   pneumonia     2  40.0 %  pneumonia 2\n"
        "D:6   influenza     2  40.0 %  flu 1, influenza 1\n"
        "\n"
        "M\n"
        "node  name             rows  of all  found as\n"
        "────  ───────────────  ────  ──────  ─────────────────\n"
        "M:4   viral pneumonia     1  20.0 %  viral pneumonia 1\n"
    )


def test_rank_one_vocabulary_for_programs(folder: Path) -> None:
    arguments = ["ontology", "rank", "disease.csv", "--data", "-", "--data-format", "csv", "--vocabulary", "D"]
    done = fine(folder, *arguments, "--top", "1", "--output-format", "json", given=REPORTS)
    shown = json.loads(done.stdout)
    assert (shown["rows"], shown["rows_covered"]) == (5, 3)
    (only,) = shown["vocabularies"]
    assert (only["vocabulary"], only["nodes"], only["nodes_found"], only["rows"]) == ("D", 4, 2, 3)
    assert only["ranked"] == [{"id": "D:3", "name": "pneumonia", "rows": 2, "terms": {"pneumonia": 2}}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "none.csv"), "error[missing-file]"),
        (("show", "reports.csv"), "error[unknown-column]"),
        (("show", "lung.rules"), "error[unknown-file-type]"),
        (("show", "disease.csv", "--below", "lung desease"), "did you mean `D:2` (lung disease)?"),
        (("show", "disease.csv", "--below", "D:5"), "it is replaced by `D:6` (influenza)"),
        (("show", "disease.csv", "--synonyms", "narow"), "did you mean `narrow`?"),
        (("rank", "disease.csv"), "`--data` is not given"),
        (("rank", "disease.csv", "--data", "reports.csv", "--column", "txt"), "did you mean `text`?"),
        (("rank", "disease.csv", "--data", "reports.csv", "--vocabulary", "d"), "did you mean `D`?"),
        (("sho", "disease.csv"), "error[bad-usage]"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], said: str, folder: Path) -> None:
    done = snorkel_dsl(folder, "ontology", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_explain_what_a_list_comes_to(folder: Path) -> None:
    assert fine(folder, "explain", "lung.rules", "--terms", "LUNG").stdout == (
        "LUNG: 9 terms\n"
        "  lung disease\n"
        "  pneumonia\n"
        "  influenza\n"
        "  viral pneumonia\n"
        "  cough\n"
        "  coughs\n"
        "  coughed\n"
        "  coughing\n"
        "  TB  (exact case)\n"
        "except 1 term\n"
        "  no cough\n"
    )


TERM = st.text("ab -'", min_size=1, max_size=5).filter(lambda text: text.strip() != "").map(Term)


@settings(max_examples=100)
@given(st.lists(st.none() | st.text("abA -'é.", max_size=20), max_size=4), st.lists(TERM, max_size=6, unique=True))
def test_coverage_is_what_mentions_says_of_each_term_alone(texts: list[str | None], terms: list[Term]) -> None:
    found = list(terms_mentioned(texts, tuple(terms)))
    expected = [[] if text is None else [term for term in terms if find(text, TermList((term,)))] for text in texts]
    assert found == expected
