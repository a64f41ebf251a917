"""The grammar: one rule a class, no conflicts, current tables, every form of the language, true places."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snorkel_dsl.language import ast
from snorkel_dsl.language.build import node_classes
from snorkel_dsl.language.parse import build_parser, grammar_digest, grammar_folder, parse, parser
from snorkel_dsl.source import Source

HERE = Path(__file__).parent
SAMPLES = sorted((HERE / "samples").glob("*.rules"))
ACCEPTED, _, REFUSED = (HERE / "forms.txt").read_text(encoding="utf-8").partition("\n----------\n")
FOR_THE_CHECKER = (" and ", " or ")  # what is refused only after parsing: a chain that mixes both


def parsed(text: str) -> ast.File:
    file, diagnostics = parse(Source("test.rules", text))
    assert diagnostics == []
    return file


def nodes(node: object) -> Iterator[ast.Node]:
    """A node and all nodes inside it."""
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
    elif isinstance(node, ast.Node):
        yield node
        yield from nodes(node.inside)


# ---------------------------------------------------------------------------------------------------------- the grammar


def test_the_grammar_is_lalr_1_without_conflicts_and_no_two_words_collide() -> None:
    build_parser(strict=True)


def test_the_stored_tables_are_those_of_the_grammar() -> None:
    stored = json.loads((grammar_folder() / "rules.json").read_text(encoding="utf-8"))
    assert stored["grammar"] == grammar_digest(), "run: python -m snorkel_dsl.language.parse"
    built = build_parser()
    assert {rule.origin.name for rule in built.rules} == {rule.origin.name for rule in parser().rules}
    for block in blocks(ACCEPTED):
        assert built.parse(block) == parser().parse(block)


def blocks(text: str) -> list[str]:
    return [text[block.span.start : block.span.end] for block in parsed(text).blocks]


def test_each_grammar_rule_is_one_class_of_the_tree() -> None:
    named = {
        rule.alias or rule.origin.name
        for rule in build_parser().rules
        if not (rule.origin.name.startswith("_") or (rule.options.expand1 and not rule.alias))
    }
    assert named == set(node_classes())


def test_every_class_occurs_in_the_forms_or_the_samples() -> None:
    texts = [ACCEPTED, HEADERS, *(path.read_text(encoding="utf-8") for path in SAMPLES)]
    seen = {type(node) for text in texts for node in nodes(parsed(text))}
    assert set(node_classes().values()) - seen == set()


HEADERS = """
use A, B from "../words.rules"
use functions from plugin "sentiment" version 2
require findings.EDEMA implies not triage.NORMAL
require findings.EDEMA or findings.NODULE excludes not triage.ABNORMAL
require exactly one of triage.NORMAL, findings.EDEMA, NODULE
require at least one of EDEMA, NODULE
require at most one of EDEMA, NODULE
data d
    p span of text from words "idx" in "tokens"
terms T
    from ontology "x.obo" below "X:1"
        at most 4 levels
        skip obsolete
rule r votes A
    when text asserts any of X under chest
    note "seen in March"
"""


# ------------------------------------------------------------------------------------------------------- forms, samples


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_parse(path: Path) -> None:
    parsed(path.read_text(encoding="utf-8"))


def test_every_form_parses() -> None:
    assert len(parsed(ACCEPTED).blocks) == 21


@pytest.mark.parametrize("text", REFUSED.strip("\n").split("\n---\n"))
def test_every_refused_form_has_a_message_of_its_own(text: str) -> None:
    file, diagnostics = parse(Source("bad.rules", text))
    if all(word in text for word in FOR_THE_CHECKER) and not diagnostics:
        assert any(
            {connector.word for connector in node.connectors} == {"and", "or"}
            for node in nodes(file)
            if isinstance(node, ast.Chain)
        )
        return
    assert len(diagnostics) == 1
    assert diagnostics[0].helps or diagnostics[0].mark


@pytest.mark.parametrize("text", [ACCEPTED, *(path.read_text(encoding="utf-8") for path in SAMPLES)])
def test_places_are_where_things_were_written(text: str) -> None:
    for node in nodes(parsed(text)):
        written = text[node.span.start : node.span.end]
        match node:
            case ast.Name(name, quoted):
                assert written == (f"`{name}`" if quoted else name)
            case ast.Number(number):
                assert written == number
            case ast.Regex(pattern):
                assert written == f"/{pattern}/"
            case ast.String(inside, long=False):
                assert written == f'"{inside}"'
            case ast.Connector(word):
                assert written == word
            case ast.Brackets():
                assert written[0] + written[-1] == "()"
            case ast.Comment(inside):
                assert written.startswith("#")
                assert inside in written
            case _:
                assert written.strip() == written or isinstance(node, ast.File)


def test_line_ends_and_layout_do_not_count_in_a_tree() -> None:
    assert parsed("rule a votes S\n  when x  and  y\n") == parsed("rule a votes S\n        when x\n          and y")


def test_long_texts_lose_the_indentation_that_their_lines_share() -> None:
    text = (
        'rule a votes S\n    example S """\n        one\n          "two"\n        """\n    example S """ three " """\n'
    )
    found = [node.text for node in nodes(parsed(text)) if isinstance(node, ast.String)]
    assert found == ['one\n  "two"', ' three " ']


def test_chains_stay_flat_and_brackets_stay() -> None:
    (rule,) = parsed("rule a votes S\n    when x and (y or z) and w").blocks
    assert isinstance(rule, ast.Rule)
    (when,) = rule.items
    assert isinstance(when, ast.When)
    assert isinstance(when.condition, ast.Chain)
    assert [type(operand).__name__ for operand in when.condition.operands] == ["Name", "Brackets", "Name"]


@pytest.mark.parametrize(
    "name", ["text", "words", "in", "when", "is", "mentions", "sentence", "vote", "number", "rule", "of", "a", "first"]
)
def test_keywords_are_soft(name: str) -> None:
    text = f"data d\n    {name} text\nrule r votes {name}\n    when {name} is missing and {name} mentions {name} in {name}\n"
    parsed(text + f"    when 5 times {name} is more than ({name} + 2) vote {name}\n")


def test_broken_blocks_keep_the_names_they_would_have_declared() -> None:
    text = 'data d\n    text text\n    likes numbr\ntask t on d\n    labels A, B,,\nterms T\n    "x\nuse X, Y from z\nrule r:\n'
    file, diagnostics = parse(Source("bad.rules", text))
    broken = [block for block in file.blocks if isinstance(block, ast.Broken)]
    assert len(diagnostics) == len(broken) == 5
    assert [block.keyword for block in broken] == ["data", "task", "terms", "use", "rule"]
    assert [block.declared and block.declared.text for block in broken] == ["d", "t", "T", None, "r"]
    assert [name.text for block in broken for name in block.names] == ["text", "likes", "A", "B", "X", "Y", "z"]
    assert all(text[name.span.start : name.span.end] == name.text for block in broken for name in block.names)


def test_comments_are_kept_and_a_hash_in_a_text_is_none() -> None:
    file = parsed('# one\nrule a votes S  # two\n    when text mentions "#1" or "#2"  # three "x\n    # four\n# five')
    assert [comment.text for comment in file.comments] == ["one", "two", 'three "x', "four", "five"]


def test_deep_statements_are_refused_and_long_ones_are_not() -> None:
    for deep in ("(" * 5000 + "x" + ")" * 5000, "x is " + "1 + " * 5000 + "1", "some line of it where " * 500 + "x"):
        _, (diagnostic,) = parse(Source("deep.rules", f"rule a votes S\n    when {deep}\n"))
        assert diagnostic.kind == "too-deep"
    parsed("rule a votes S\n    when " + "x and " * 5000 + "x\n")


def test_importing_and_loading_needs_none_of_the_heavy_packages() -> None:
    code = "import sys; from snorkel_dsl.language.parse import parser; parser(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "pyarrow", "torch", "spacy", "scipy"} & set(loaded)


# ------------------------------------------------------------------------------------------------------- anything at all

WORDS = st.sampled_from(
    [
        *("rule", "when", "unless", "vote", "votes", "and", "or", "not", "text", "mentions", "any", "of", "LIST", "A", "is"),
        *("more", "than", "3", "80%", "(", ")", ",", "some", "line", "where", "it", "all", "has", "words", "example"),
        *('"x"', '"""', '"', "/a/", "/", "`", "#", "\n", "\n    ", "\n        ", "\n\t", "\ndata d\n    "),
        "\nrule r votes A\n    ",
        *("10,000", "2026-11-20", "22:30", "“", "é", "\x00", "\u2028", "\r", "😀", "=", "<=", "-", ".", ":"),
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(WORDS, max_size=40).map(" ".join), st.text(max_size=60)))
def test_no_text_crashes_the_parser(text: str) -> None:
    source = Source("any.rules", text)
    file, diagnostics = parse(source)
    broken = sum(isinstance(block, ast.Broken) for block in file.blocks)
    assert len(diagnostics) <= max(1, broken)
    assert bool(diagnostics) == (broken > 0 or not file.blocks)
    for diagnostic in diagnostics:
        assert diagnostic.mark is not None
        assert 0 <= diagnostic.mark.span.start <= diagnostic.mark.span.end <= len(text)
