"""Counted votes add: whatever the batches, their order, and the edits on the way, the counts are those of the rows."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snorkel_dsl.facts import FunctionFacts, RuleFacts
from snorkel_dsl.models import DawidSkene, LabelModel, MajorityVote
from snorkel_dsl.models.counts import Counts, load, running_total, save, total
from snorkel_dsl.models.tallied import Tallied
from snorkel_dsl.votes import LabelMatrix

LABELS = ("a", "b", "c")
SETS = (frozenset({0, 1}), frozenset({1, 2}))


def matrix(dense: np.ndarray, names: str | None = None) -> LabelMatrix:
    """A label matrix of codes, sets of labels among them."""
    m = dense.shape[1]
    functions = tuple(names or "fghijklm"[:m])
    bare = LabelMatrix.from_dense(np.where(dense < -1, 0, dense), functions, LABELS)
    places = dense.T[dense.T != -1]
    return replace(bare, codes=places.astype(np.int8), label_sets=SETS)


def drawn(seed: int, n: int, m: int = 4) -> np.ndarray:
    """Codes of a few functions that mostly abstain, one of them for sets of labels."""
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((n, m)) < 0.4, rng.integers(0, 3, (n, m)), -1)
    dense[:, 0] = np.where(dense[:, 0] >= 0, -2 - dense[:, 0] % 2, -1)
    return dense


def written(counts: Counts) -> bytes:
    file = io.BytesIO()
    save(counts, file)
    return file.getvalue()


def model_of(counts: Counts) -> bytes:
    file = io.BytesIO()
    DawidSkene(abstain=0.5, iterations=5).fit_counts(counts).save(file)
    return file.getvalue()


# ------------------------------------------------------------------------------------------------------------- adding


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 60), st.lists(st.integers(0, 60), max_size=4), st.sampled_from([40, 10**6])
)
def test_every_split_and_every_order_counts_the_same(seed: int, n: int, cuts: list[int], most: int) -> None:
    dense, rng = drawn(seed, n), np.random.default_rng(seed)
    gold = rng.integers(-1, 3, n)
    whole = Counts.of(matrix(dense), gold, most)
    order = rng.permutation(n)
    parts = [
        Counts.of(matrix(dense[rows]), gold[rows], most)
        for rows in np.split(order, sorted(min(cut, n) for cut in cuts))
    ]
    rng.shuffle(parts)  # type: ignore[arg-type]
    together = total(parts)
    one_by_one = parts[0]
    for part in parts[1:]:
        one_by_one = part + one_by_one
    assert written(together) == written(whole)
    coming = running_total(iter(parts), enough=5)
    assert coming is not None
    assert written(one_by_one) == written(whole) == written(coming)
    assert model_of(together) == model_of(whole)
    assert whole.n == n
    assert whole.judged.tolist() == [int((gold == y).sum()) for y in range(3)]


def test_sets_of_labels_are_the_same_however_they_were_numbered() -> None:
    dense = drawn(1, 50)
    turned = replace(matrix(np.where(dense == -2, -3, np.where(dense == -3, -2, dense))), label_sets=SETS[::-1])
    assert written(Counts.of(turned)) == written(Counts.of(matrix(dense)))


def test_a_model_of_counts_is_the_model_of_the_rows(tmp_path: Path) -> None:
    dense = np.maximum(drawn(0, 400), -1)
    votes, gold = LabelMatrix.from_dense(dense, "fghi", LABELS), np.arange(400) % 3
    for kind in (LabelModel, MajorityVote, DawidSkene):
        kind().fit(votes, gold=gold).save(tmp_path / "rows")
        kind().fit_counts(Counts.of(votes, gold)).save(tmp_path / "counts")
        assert (tmp_path / "rows").read_bytes() == (tmp_path / "counts").read_bytes()


def test_patterns_that_are_left_out_are_stood_for_by_the_others() -> None:
    rng = np.random.default_rng(0)
    n, m = 4_000, 12
    truth = rng.integers(0, 2, n)
    dense = np.where(
        rng.random((n, m)) < 0.5, np.where(rng.random((n, m)) < 0.8, truth[:, None], 1 - truth[:, None]), -1
    )
    votes = LabelMatrix.from_dense(dense, labels=2)
    few = Counts.of(votes, most_votes=6_000)
    assert few.cut is not None
    assert few.patterns.rows.size <= 6_000 + votes.n
    assert few.tally.weights.sum() == pytest.approx(n)
    full, bounded = DawidSkene().fit(votes), DawidSkene().fit_counts(few)
    assert np.abs(full.precision_ - bounded.precision_).max() < 0.1
    with pytest.raises(ValueError, match="count anew"):
        few.without([votes.functions[0]])


# ------------------------------------------------------------------------------------------------------------- editing


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(0, 3))
def test_an_edited_function_counts_as_if_all_were_counted_anew(seed: int, n: int, edited: int) -> None:
    dense, rng = drawn(seed, n), np.random.default_rng(seed)
    gold = rng.integers(-1, 3, n)
    new = dense.copy()
    some = rng.random(n) < 0.3
    new[some, edited] = np.where(rng.random(some.sum()) < 0.5, -1, rng.integers(0, 3, some.sum()))
    name = "fghi"[edited]
    tallied = Tallied.of(matrix(dense), gold).edited(matrix(new).select([name]), gold)
    anew = Tallied.of(matrix(new), gold)
    assert written(tallied.counts) == written(anew.counts)
    assert np.array_equal(tallied.keys, anew.keys)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 40))
def test_functions_and_rows_that_come_and_go(seed: int, n: int) -> None:
    dense, more = drawn(seed, n, 5), drawn(seed + 1, n // 2, 5)
    first = Tallied.of(matrix(dense[:, :4]))
    wider = first.edited(matrix(dense).select(["j"]))
    assert written(wider.counts) == written(Counts.of(matrix(dense)))
    assert written(wider.without(["j"]).counts) == written(first.counts)
    assert np.array_equal(wider.without(["j"]).keys, first.keys)
    appended = wider.appended(matrix(more))
    assert written(appended.counts) == written(Counts.of(matrix(np.vstack([dense, more]))))
    assert written(appended.without(["f", "h"]).counts) == written(
        Counts.of(matrix(np.vstack([dense, more])).select(["g", "i", "j"]))
    )


def test_an_edit_asks_for_what_it_needs() -> None:
    votes = matrix(drawn(0, 30))
    judged = Tallied.of(votes, np.zeros(30, dtype=int))
    with pytest.raises(ValueError, match="give those of the rows again"):
        judged.edited(votes.select(["g"]))
    with pytest.raises(ValueError, match="do not fit"):
        judged.edited(votes.take(np.arange(20)).select(["g"]))
    with pytest.raises(ValueError, match="different bounds"):
        Counts.of(votes) + Counts.of(votes, most_votes=10)


def test_functions_that_mean_something_else_do_not_add() -> None:
    def facts(hash_: str) -> RuleFacts:
        return RuleFacts({"f": FunctionFacts("f", "label", frozenset({0}), semantic_hash=hash_)})

    dense = np.maximum(drawn(0, 30), -1)
    one, other = (LabelMatrix.from_dense(dense, "fghi", LABELS, facts=facts(hash_)) for hash_ in ("1", "2"))
    with pytest.raises(ValueError, match="mean different things"):
        Counts.of(one) + Counts.of(other)
    with pytest.raises(ValueError, match="`f` has changed"):
        MajorityVote().fit_counts(Counts.of(one), facts("2"))
    assert MajorityVote().fit_counts(Counts.of(one), facts("1")).hashes_ == ("1", "", "", "")


# --------------------------------------------------------------------------------------------------------------- files


def test_saved_and_loaded(tmp_path: Path) -> None:
    counts = Counts.of(matrix(drawn(3, 80)), np.arange(80) % 3, 60)
    save(counts, tmp_path / "votes.counts")
    again = load(tmp_path / "votes.counts")
    assert written(again) == (tmp_path / "votes.counts").read_bytes()
    assert written(again + again) == written(counts + counts)
    assert model_of(again) == model_of(counts)


def tampered(path: Path, name: str, content: bytes) -> None:
    """Writes another content for one part of an archive."""
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for part, old in parts.items():
            archive.writestr(part, content if part == name else old)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=array.dtype == object)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("counts.npy", npy(np.array([{}], dtype=object))),
        ("counts.npy", npy(np.array([1, -5]))),
        ("rows.npy", npy(np.array([10**9]))),
        ("indptr.npy", npy(np.array([0, 5]))),
        ("codes.npy", npy(np.array([300], dtype=np.int16))),
        ("counts.npy", npy(np.zeros(3))[:-8]),
        ("counts.json", b"[]"),
        ("counts.json", b"{"),
        ("counts.json", b"[" * 100_000),
        ("counts.json", json.dumps({"format": 2}).encode()),
    ],
)
def test_files_that_are_not_what_they_say_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "votes.counts"
    save(Counts.of(matrix(drawn(3, 80))), path)
    tampered(path, name, content)
    with pytest.raises(ValueError, match="holds no counts"):
        load(path)


def test_no_counts_at_all(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("eggs")
    MajorityVote().fit(matrix(np.maximum(drawn(0, 9), -1))).save(tmp_path / "model")
    for name in ("text", "model"):
        with pytest.raises(ValueError, match="holds no counts"):
            load(tmp_path / name)
    with pytest.raises(ValueError, match="no counts to add"):
        total([])
