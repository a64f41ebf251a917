"""Many patterns, patterns that match everywhere, and patterns that no scanner takes: the answers are those of `re`."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest

import snorkel_dsl as sd
from snorkel_dsl.engine import scan, vectorscan
from snorkel_dsl.engine.blocks import Block
from snorkel_dsl.engine.profile import measured
from snorkel_dsl.engine.run import label_matrix

pytest.importorskip("hyperscan")

WORDS = ("win", "cash", "prize", "café", "skıp", "ſale", "Kilo", "free", "click", "now")
TEXTS = [
    f"{a} {b}{end}"
    for a in WORDS
    for b in (*WORDS, "WINS", "12 prizes", "clicking", "a_win", "")
    for end in ("", "!", " 123", "\n", " é")
]


def rules_of(patterns: list[str]) -> str:
    """One rule a pattern."""
    head = "data note\n    text  text\n\ntask odd on note\n    labels NO, YES\n"
    return head + "".join(f"\nrule r{i} votes YES\n    when text matches /{p}/\n" for i, p in enumerate(patterns))


def votes_of(patterns: list[str], texts: list[str], scanner: str | None) -> np.ndarray:
    """Whether each text has each pattern, as the engine says."""
    table = pa.table({"text": pa.array(texts, pa.large_string())})
    return label_matrix(sd.compile(rules_of(patterns)).program, table, scanner=scanner)[0].to_numpy() == 1


def expected(patterns: list[str], texts: list[str]) -> np.ndarray:
    """Whether each text has each pattern, as `re` says."""
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    return np.array([[one.search(text) is not None for one in compiled] for text in texts])


@pytest.mark.parametrize("scanner", scan.SCANNERS)
def test_many_patterns_are_shared_out_and_asked_where_their_literals_are(
    scanner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectorscan, "_MOST_PATTERNS", 10)
    shapes = (r"\b{}s?\b", r"{}.{{0,9}}\d", r"^{}", r"{}[.!?]?$", r"(?:{}|now) \d+", r"[wk]?{}", r"\w+ {}", r"{}|\bé\b")
    patterns = [shape.format(word) for shape in shapes for word in WORDS] + ["i", r"\d\d", "é$"]
    assert (votes_of(patterns, TEXTS, scanner) == expected(patterns, TEXTS)).all()


def test_an_edit_leaves_most_databases_as_they_are() -> None:
    before = [(b"pattern %d" % number, number) for number in range(5_000)]
    after = [(b"another", 7), *((pattern, event + 1) for pattern, event in before if event != 7)]
    parts = [[[pattern for pattern, _ in part] for part in vectorscan._shared_out(some)] for some in (before, after)]
    assert len(parts[0]) == 8
    assert max(map(len, parts[0])) <= vectorscan._MOST_PATTERNS
    assert sum(first != second for first, second in zip(*parts, strict=True)) <= 2
    assert sorted(pattern for part in parts[0] for pattern in part) == sorted(pattern for pattern, _ in before)


@pytest.mark.parametrize(
    "texts", [["ab1 " * 30] * 3_000 + ["", "zz", "b 1"] * 5, ["a" * 300_000, "b1", "", "zb" * 9_000]]
)
def test_patterns_that_match_at_nearly_every_character_are_matched_text_by_text(
    texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "BLOCK_BYTES", 50_000)
    patterns = ["a", r"\w", "(a|b)+", "[^z]", "b1", "zb", "zzz", r"^b\b"]
    assert (votes_of(patterns, texts, "vectorscan") == expected(patterns, texts)).all()
    scanned = vectorscan.Vectorscan([(b"[Aa]", 0), (b"zzz", 1)])
    block = Block(0, pa.array([text.encode() for text in texts], pa.large_binary()))
    found = [set(np.concatenate([rows[events == 0] for events, rows in scanned.events(block)])) for _ in range(2)]
    assert found == [{row for row, text in enumerate(texts) if "a" in text}] * 2
    assert [len(part._scanned) for part in scanned._parts] == [1]


REFUSED = [r"\bprize\b(\w{2,30} ?){30}cash", r"(?:wow|café)(\w{2,30} ?){30}x"]


def test_patterns_that_vectorscan_refuses_are_asked_only_where_their_literals_are() -> None:
    long = "many words " * 25
    texts = [f"Prize {long}cash", "prize cash", f"CAFÉ {long}x", f"wow {long}X é", "wow x", "none", ""] + [
        "nothing é"
    ] * 50
    with measured() as clock:
        found = votes_of(REFUSED, texts, "vectorscan")
    assert (found == expected(REFUSED, texts)).all()
    assert 0 < sum(clock.asked.values()) <= 3


def test_what_neither_takes_is_asked_where_its_literals_are(monkeypatch: pytest.MonkeyPatch) -> None:
    database = scan.Database.of([(b"(",), (b"(",), (b"ab",)], "re2", literals={b"(": (b"abc", b"xyz")})
    assert database.unscanned == frozenset()
    assert database.inexact == {0, 1}
    texts = pa.array([b"ABC", b"", b"xy", b"xyz abc"], pa.large_binary())
    found = {(int(n), int(row)) for numbers, rows in database.find(texts) for n, row in zip(numbers, rows, strict=True)}
    assert found == {(0, 0), (1, 0), (0, 3), (1, 3), (2, 3)}
