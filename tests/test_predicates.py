"""A battery over every operator of the catalog: its words, its example, its meaning's manners."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from strategies import conditions, rows

from snorkel_dsl import api
from snorkel_dsl.language import ir
from snorkel_dsl.language.text.parts import words
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import catalog
from snorkel_dsl.reference import evaluate

RULES = """language 1
use functions from plugin "std" version 1
data post
    text   text
    title  text
    likes  number
    posted time
    seen   time
    shared yes/no
    kind   one of "video", "short"
    tags   list of text
    person1 span of text
    person2 span of text
task spam on post
    labels HAM, SPAM
use context general_english
terms WORDS
    "a", "b"
sections of text
    BODY from "FINDINGS:" up to "IMPRESSION:"
lookup cities from "cities.csv"
    columns name
lookup couples from "couples.csv"
    columns one, other
rule tried votes SPAM
    when {example}
"""
PATTERNS = """\
{"label": "PERSON", "pattern": "Katy Perry"}
{"patterns": [[{"LOWER": "won"}]], "attrs": {"POS": "VERB", "LEMMA": "win"}}
"""
PREDICATES = sorted(catalog().values(), key=lambda predicate: predicate.name)
every_predicate = pytest.mark.parametrize("predicate", PREDICATES, ids=lambda predicate: predicate.name)


@every_predicate
def test_it_says_what_it_does_in_one_line(predicate):
    assert predicate.doc
    assert predicate.doc == predicate.doc.strip().rstrip(".")
    assert "\n" not in predicate.doc
    assert predicate.doc[0].islower()


@every_predicate
def test_its_example_compiles_to_it(predicate, tmp_path):
    (tmp_path / "cities.csv").write_text("name\nParis\n", encoding="utf-8")
    (tmp_path / "couples.csv").write_text("one,other\na,b\n", encoding="utf-8")
    (tmp_path / "patterns.jsonl").write_text(PATTERNS, encoding="utf-8")
    settings = 'spacy = "blank:en"\nspacy_patterns = "patterns.jsonl"\n'
    (tmp_path / "snorkel-dsl.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "tried.rules").write_text(RULES.format(example=predicate.example), encoding="utf-8")
    program = api.compile(tmp_path / "tried.rules").program
    (function,) = program.functions
    used = {node.operator for root in function.expressions for node in ir.walk(root) if isinstance(node, ir.Call)}
    assert predicate.name in used


@every_predicate
def test_a_missing_argument_makes_it_missing_unless_it_says_otherwise(predicate):
    kinds = [*predicate.signature.parameters, *([predicate.signature.rest] if predicate.signature.rest else [])]
    columns = [
        ir.Constant(1, Kind.COUNT) if Kind.COUNT in kind else ir.Column("x", min(kind, key=str)) for kind in kinds
    ]
    value = evaluate(ir.Call(predicate.name, tuple(columns), predicate.signature.result), {"x": None})
    assert value is {"is_missing": True, "at_most_of": True}.get(predicate.name)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(conditions(depth=0), rows())
def test_places_are_where_the_condition_found_something(condition, row):
    for call in (node for node in ir.walk(condition) if isinstance(node, ir.Call)):
        places = catalog()[call.operator].places
        values = [evaluate(argument, row) for argument in call.arguments]
        if places is None or None in values:
            continue
        found = places(*values)
        assert all(0 <= start < end <= len(values[0]) for start, end in found)
        assert [start for start, _ in found] == sorted(start for start, _ in found)
        answer = evaluate(call, row)
        if call.operator != "matches":  # an empty match is no place
            assert bool(found) == bool(answer)


def test_values_of_arithmetic():
    evaluate_ = {
        name: catalog()[name].evaluate for name in ("add", "subtract", "multiply", "divide", "absolute", "clock")
    }
    assert evaluate_["divide"](1.0, 0.0) is None
    assert evaluate_["divide"](1.0, 4.0) == 0.25
    assert evaluate_["subtract"](float("inf"), float("inf")) is None
    assert evaluate_["add"](2**63 - 1, 1) is None
    assert evaluate_["multiply"](3, 0.5) == 2
    assert isinstance(evaluate_["multiply"](0.5, 3), int)
    assert evaluate_["multiply"](2**62, 4.0) is None
    assert evaluate_["multiply"](1e308, 10.0) == float("inf")
    assert evaluate_["absolute"](-(2**63)) is None
    assert evaluate_["clock"](-1) == 86_399_999_999


def test_followed_by():
    def says(text, limit):
        first, second = (ir.TermList((ir.Term(word),)) for word in ("which", "team"))
        return catalog()["followed_by"].evaluate(text, first, second, limit)

    assert says("Which soccer team", 1)
    assert not says("Which soccer team", 0)
    assert not says("team which", -1)
    assert says("which a b c d e f team", -1)
    assert says("which-team", 0)


def test_followed_by_on_a_long_text():
    first, second = (ir.TermList((ir.Term(word),)) for word in ("which", "team"))
    says = catalog()["followed_by"]
    for gap in ("- ", "x", "'", ". - ", "x-" * 40, "x " * 3, "x." * 9 + " "):
        for limit in range(5):
            text = f"which {gap * 20} team"
            between = text[len("which") : text.index("team")]
            assert says.evaluate(text, first, second, limit) == (len(words(between)) <= limit), (text, limit)
    many = "which " * 10_000
    assert len(says.places(many + "team " * 10_000, first, second, 2)) == 3
    assert len(says.places(many + "x " * 10_000 + "team", first, second, -1)) == 10_000


def test_predicates_are_plain_python():
    code = (
        "import sys; from snorkel_dsl.predicates import catalog; catalog(); import snorkel_dsl.reference\n"
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'hyperscan', 're2'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
