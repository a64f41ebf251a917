"""Our own reader of blocks gives what Lark and `build` give, node for node and place for place, or asks Lark."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import check as benchmark
import pytest
from lark.exceptions import UnexpectedInput
from lark.utils import TextSlice

from snorkel_dsl.language import ast
from snorkel_dsl.language.build import build
from snorkel_dsl.language.layout import UnreadableError
from snorkel_dsl.language.parse import _cut, grammar_digest, grammar_folder, parse, parser, reader_tables
from snorkel_dsl.language.reader import Reader, UnreadError, reader
from snorkel_dsl.source import Source

ROOT = Path(__file__).parents[1]
FILES = [
    ROOT / "tests" / "forms.txt",
    *sorted((ROOT / "tests" / "samples").glob("*.rules")),
    *sorted((ROOT / "rulesets").rglob("*.rules")),
    *sorted((ROOT / "examples").rglob("*.rules")),
]


def our_reader() -> Reader:
    return reader(grammar_folder() / "reader.json")


def placed(part: object) -> object:
    """A node with its places, as plain data."""
    if isinstance(part, tuple):
        return [placed(one) for one in part]
    if isinstance(part, ast.Node):
        return [type(part).__name__, part.span.start, part.span.end, *(placed(one) for one in part.inside)]
    return [type(part).__name__, repr(part)]


def ours(text: str, start: int, end: int) -> object:
    try:
        return placed(our_reader().read(text, start, end))
    except (UnreadError, UnreadableError):
        return None


def larks(text: str, start: int, end: int) -> object:
    try:
        return placed(build(parser().parse(TextSlice(text, start, end))))
    except (UnexpectedInput, UnreadableError):
        return None


def agreed(text: str) -> Iterator[bool]:
    """Whether each block can be read; the two readers must agree on it."""
    for start, end in _cut(text):
        found = ours(text, start, end)
        assert found == larks(text, start, end), text[start:end]
        yield found is not None


def test_the_stored_tables_are_those_of_the_grammar() -> None:
    stored = json.loads((grammar_folder() / "reader.json").read_text(encoding="utf-8"))
    assert stored["grammar"] == grammar_digest(), "run: python -m snorkel_dsl.language.parse"
    built = Reader(json.loads(reader_tables()))
    text = (ROOT / "tests" / "forms.txt").read_text(encoding="utf-8").partition("\n----------\n")[0]
    for start, end in _cut(text):
        assert placed(built.read(text, start, end)) == ours(text, start, end)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_both_readers_agree_on_every_block(path: Path) -> None:
    assert any(agreed(path.read_text(encoding="utf-8")))


def test_both_readers_agree_on_made_up_rules(tmp_path: Path) -> None:
    benchmark.make_repository(tmp_path / "rules", files=2, rules=40)
    for path in sorted((tmp_path / "rules").glob("*.rules")):
        assert all(agreed(path.read_text(encoding="utf-8")))


def test_both_readers_agree_on_what_is_nearly_right() -> None:
    text = (ROOT / "tests" / "forms.txt").read_text(encoding="utf-8").partition("\n----------\n")[0]
    chosen, read = random.Random(1), 0
    for start, end in _cut(text):
        for _ in range(12):
            first = chosen.randrange(start, end)
            changed = text[start:first] + chosen.choice(
                ["", " ", "\n", "\n    ", "(", '"', "#", ",", " not ", "9", "x"]
            )
            changed += text[first + chosen.randrange(3) : end]
            read += sum(agreed(changed))
    assert read > 30


def test_a_long_list_is_read_in_linear_space_and_time() -> None:
    words = ", ".join(f'"w{number}"' for number in range(50_000))
    file, diagnostics = parse(Source("long.rules", f"terms MANY\n    {words}\n"))
    (block,) = file.blocks
    assert diagnostics == []
    assert isinstance(block, ast.Terms)
    assert len(block.lines[0].terms) == 50_000
