"""What is kept of a batch lies in two files; whatever comes in, in whatever order, comes out as it went in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from snorkel_dsl.engine import arrow
from snorkel_dsl.engine.answers import Answer, Unread
from snorkel_dsl.engine.pages import Page

ROWS = 2_000


def key(number: int) -> bytes:
    """The key of a function or column."""
    return number.to_bytes(16, "little")


def answer(number: int, votes: int) -> Answer:
    """The answer of a function: so many votes, and something said of some of the other rows."""
    rng = np.random.default_rng(number)
    rows = np.sort(rng.choice(ROWS, votes, replace=False)).astype(np.int64)
    codes = rng.integers(-5, 300, votes).astype(np.int16)
    return Answer(rows, codes, tuple((row, f"„{row}“") for row in range(number % 3)))


def same(left: Answer, right: Answer) -> bool:
    """Whether two answers are one."""
    arrays = zip((left.rows, left.codes), (right.rows, right.codes), strict=True)
    return all(np.array_equal(a, b) for a, b in arrays) and left.unlisted == right.unlisted


def after(page: Page, first: bytes | None, later: bytes | None, program: dict[bytes, Answer], unread: Any) -> Any:
    """The files of a page after a program was run."""
    new = {one for one in {*program, *unread} if one not in page}
    written = page.with_(program, unread, new)
    return (first, later) if not new else tuple(w or old for w, old in zip(written, (first, later), strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0, 1, 40, ROWS])), max_size=6), max_size=8))
def test_programs_one_after_another_find_what_they_said(programs: list[list[tuple[int, int]]]) -> None:
    first = later = None
    for functions in programs:
        program = {key(7 * number + votes * 100): answer(number + votes, votes) for number, votes in functions}
        unread = {key(1): [Unread(3, "x", "no number"), Unread(5, "", "")], key(2): []}
        page = Page.read(first, later)
        for one in {*program} & {one for one in program if one in page}:
            assert same(page.answer(one), program[one])
        first, later = after(page, first, later, program, unread)
        page = Page.read(first, later)
        assert all(one in page and same(page.answer(one), said) for one, said in program.items())
        assert all(page.unread(one) == found for one, found in unread.items())


def test_one_edit_after_another_leaves_the_large_file_alone_until_they_are_many() -> None:
    program = {key(number): answer(number, 1_000) for number in range(60)}
    first, later = after(Page.read(None, None), None, None, program, {})
    assert later is None
    kinds = []
    for edit in range(40):
        program = {**dict(list(program.items())[1:]), key(100 + edit): answer(edit, 1_000)}
        page = Page.read(first, later)
        assert [one for one in program if one not in page] == [key(100 + edit)]
        large, small = page.with_(program, {}, {key(100 + edit)})
        kinds.append(large is None)
        assert (large is None) != (small is None)
        first, later = large or first, small or later
    assert kinds[0]
    assert kinds.count(False) in range(1, 4)  # written together now and then
    page = Page.read(first, later)
    assert all(same(page.answer(one), said) for one, said in program.items())
    assert key(3) in page  # what was said before the edits is still known


def test_a_file_that_is_none_is_an_empty_page() -> None:
    program = {key(1): answer(1, 5)}
    for bad in (b"", b"ARROW1", b"x" * 99):
        page = Page.read(bad, bad)
        assert key(1) not in page
        first, later = after(page, None, None, program, {})
        assert same(Page.read(first, later).answer(key(1)), program[key(1)])


def test_arrays_are_those_that_pyarrow_makes() -> None:
    whole = np.arange(20, dtype=np.int64)[::3]
    assert arrow.numbers(whole).equals(pa.array(whole))
    truths = whole % 2 == 0
    assert arrow.truths(truths).equals(pa.array(truths))
    texts = ["", "a", "straße", "😀", ""]
    for kind in (pa.string(), pa.large_string()):
        assert arrow.texts(texts, kind).equals(pa.array(texts, kind))
        assert arrow.texts([], kind).equals(pa.array([], kind))
    assert arrow.keys([b"ab", b"cd"], 2).equals(pa.array([b"ab", b"cd"], pa.binary(2)))
    for made in (arrow.texts(texts, pa.large_string()), arrow.truths(truths), arrow.numbers(whole)):
        made.validate(full=True)
