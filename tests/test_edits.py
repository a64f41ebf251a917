"""Random edits of the samples: whatever is deleted, repeated, swapped or garbled, one mistake stays one mistake.

Each of 2,000 seeded edits must leave the compiler standing, lose at most two blocks, be reported within a line of where it
was made, and cause no error about a name elsewhere: what a broken block would have declared counts as declared.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from snorkel_dsl.diagnostics import Diagnostic
from snorkel_dsl.diagnostics.render import render
from snorkel_dsl.language import ast
from snorkel_dsl.language.check import NoFiles, check
from snorkel_dsl.language.parse import parse
from snorkel_dsl.predicates import signatures
from snorkel_dsl.source import Source

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.rules"))
EDITS = 2_000
TOKEN = re.compile(r'"[^"\n]*"|/(?:\\.|[^/\\\n])+/|\w+|[^\w\s]')
GARBAGE = "“”'\"`()[]{}#,.:;=<>%/\\\t\n é–０\u00a0😀xX09_-"


@dataclass(frozen=True)
class Edit:
    """A text after an edit, the place of the edit in it (first and last offset), and the kind of the edit."""

    text: str
    start: int
    end: int
    kind: str


def edit(text: str, chance: random.Random) -> Edit:
    tokens = list(TOKEN.finditer(text))
    index = chance.randrange(len(tokens) - 1)
    start, end = tokens[index].span()
    written = text[start:end]
    kind = chance.choice(("delete", "duplicate", "swap", "garble"))
    match kind:
        case "delete":
            return Edit(text[:start] + text[end:], start, start, kind)
        case "duplicate":
            return Edit(f"{text[:end]} {text[start:]}", start, end + 1 + len(written), kind)
        case "swap":
            other, last = tokens[index + 1].span()
            swapped = text[other:last] + text[end:other] + written
            return Edit(text[:start] + swapped + text[last:], start, last, kind)
    place = chance.randrange(start, end)
    return Edit(text[:place] + chance.choice(GARBAGE) + text[place + 1 :], place, place + 1, kind)


@cache
def edits() -> tuple[Edit, ...]:
    chance = random.Random(20261121)
    texts = [path.read_text(encoding="utf-8") for path in SAMPLES]
    return tuple(edit(chance.choice(texts), chance) for _ in range(EDITS))


def lines_of(source: Source, one: Edit) -> Iterator[int]:
    """The lines of an edit, and those beside it."""
    first = source.position(one.start)[0]
    last = source.position(min(one.end, len(source.text)))[0]
    return iter(range(first - 1, last + 2))


def test_an_edit_costs_at_most_two_blocks_and_is_reported_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    outcome: Counter[str] = Counter()
    wrong = []
    for one in edits():
        source = Source("edited.rules", one.text)
        file, diagnostics = parse(source)
        lost = sum(isinstance(block, ast.Broken) for block in file.blocks)
        outcome["valid" if not diagnostics else "refused"] += 1
        outcome[f"{lost} blocks lost"] += 1
        for diagnostic in diagnostics:
            assert diagnostic.mark is not None
            outcome[diagnostic.kind] += 1
            first = source.position(diagnostic.mark.span.start)[0]
            last = source.position(diagnostic.mark.span.end)[0]
            if not set(lines_of(source, one)) & set(range(first, last + 1)) or lost > 2:
                wrong.append(f"{one.kind} at line {source.position(one.start)[0]}, {lost} lost\n{render(diagnostic)}")
    with capsys.disabled():
        print(f"\n{EDITS} edits of the samples: {outcome['valid']} still parse, {outcome['refused']} are refused")
        print({kind: count for kind, count in outcome.most_common() if kind not in ("valid", "refused")})
    assert wrong == [], f"{len(wrong)} of {EDITS}:\n" + "\n\n".join(wrong[:5])


@cache
def said_of(text: str) -> tuple[Diagnostic, ...]:
    """What the checker says of a text (without any file that it names)."""
    source = Source("edited.rules", text)
    tree, _ = parse(source)
    return tuple(check(tree, source, signatures(), NoFiles())[1])


def test_nothing_follows_on_from_an_edit() -> None:
    """Where an edit broke a block, the checker says nothing new of the other blocks."""
    known = {(one.kind, one.message) for path in SAMPLES for one in said_of(path.read_text(encoding="utf-8"))}
    wrong = []
    for one in edits()[::4]:
        source = Source("edited.rules", one.text)
        if not parse(source)[1]:
            continue
        near = set(lines_of(source, one))
        for diagnostic in said_of(one.text):
            assert diagnostic.mark is not None
            new = diagnostic.kind != "comes-later" and (diagnostic.kind, diagnostic.message) not in known
            if new and source.position(diagnostic.mark.span.start)[0] not in near:
                wrong.append(f"{one.kind} at line {source.position(one.start)[0]}\n{render(diagnostic)}")
    assert wrong == [], f"{len(wrong)} of {EDITS // 4}:\n" + "\n\n".join(wrong[:12])
