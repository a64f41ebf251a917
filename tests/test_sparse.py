"""Files with sparse columns hold what files with the same columns in full hold, for every reader of Parquet at hand."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snorkel_dsl.datasets.sparse import MOSTLY, SparseBatch, SparseWriter
from snorkel_dsl.datasets.thrift import Reader, written
from snorkel_dsl.datasets.writing import open_sparse

KEPT = {
    "id": pa.int64(),
    "text": pa.string(),
    "tags": pa.list_(pa.string()),
    "place": pa.struct([("town", pa.string()), ("at", pa.list_(pa.float64()))]),
    "when": pa.timestamp("us", "UTC"),
}


def kept_value(name: str, row: int) -> Any:
    """A value for a row of one of the columns above; every fifth is missing."""
    values = {"id": row, "text": f"Zeile {row}", "tags": ["a"] * (row % 3), "when": row * 1_000}
    values["place"] = {"town": None if row % 2 else "Bern", "at": [0.5] * (row % 4)}
    return None if row % 5 == 4 else values[name]


def sparse_of(columns: list[np.ndarray[Any, Any]], full: list[Any], n: int) -> SparseBatch:
    """A batch from columns of whole numbers, -1 in most rows."""
    rows = [np.flatnonzero(column != MOSTLY) for column in columns]
    codes = [column[own] for column, own in zip(columns, rows, strict=True)]
    nothing = np.empty(0, np.int16)
    indptr = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return SparseBatch(
        n, full, indptr, np.concatenate([nothing.astype(np.int64), *rows]), np.concatenate([nothing, *codes])
    )


def column(n: int, share: float, highest: int, seed: int) -> np.ndarray[Any, Any]:
    """n whole numbers up to the highest, -1 except in a share of the rows; some of them stand in runs."""
    rng = np.random.default_rng(seed)
    found = np.where(rng.random(n) < share, rng.integers(0, highest + 1, n), MOSTLY)
    begin = int(rng.integers(0, n + 1))
    found[begin : begin + int(rng.integers(0, n + 1))] = rng.integers(MOSTLY, highest + 1)
    return found.astype(np.int16)


shapes = st.lists(st.tuples(st.sampled_from([0.0, 0.002, 0.1, 0.6, 1.0]), st.sampled_from([0, 1, 6, 126, 300, 5_000])))


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([1, 2, 7, 8, 9, 63, 64, 300, 9_000, 20_000]), min_size=0, max_size=3),
    shapes=shapes,
    kept=st.sets(st.sampled_from(sorted(KEPT))),
    front=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_file_holds_what_it_holds_in_full(
    sizes: list[int], shapes: list[tuple[float, int]], kept: set[str], front: bool, seed: int
) -> None:
    fields = [pa.field(name, KEPT[name]) for name in sorted(kept)]
    numbers = [pa.field(f"f{j}", pa.int8() if top <= 126 else pa.int16()) for j, (_, top) in enumerate(shapes)]
    schema = pa.schema([*numbers, *fields] if front else [*fields, *numbers])
    if not schema.names:
        return
    sink, expected = BytesIO(), []
    writer = SparseWriter(schema, [place for place, field in enumerate(schema) if field in numbers])
    writer.open(sink)
    for place, n in enumerate(sizes):
        cells = [column(n, share, top, seed + 10 * place + j) for j, (share, top) in enumerate(shapes)]
        full = [pa.array([kept_value(field.name, row) for row in range(n)], field.type) for field in fields]
        writer.write(sparse_of(cells, full, n))
        given_in_full = dict(zip([field.name for field in fields], full, strict=True))
        in_full = {field.name: pa.array(own, field.type) for field, own in zip(numbers, cells, strict=True)}
        expected.append(pa.table(given_in_full | in_full).select(schema.names))
    writer.close()
    whole = pa.concat_tables(expected) if expected else schema.empty_table()
    found = pq.read_table(BytesIO(sink.getvalue()))
    assert found.schema == schema
    assert found.equals(whole)
    assert pq.ParquetFile(BytesIO(sink.getvalue())).metadata.num_rows == sum(sizes)


def test_long_runs_and_lone_votes_come_back() -> None:
    n = 3_000_000  # lengths that take four bytes
    cells = np.full((3, n), MOSTLY, np.int16)
    cells[0, n - 1] = 4
    cells[1, 1:] = 1
    sink = BytesIO()
    schema = pa.schema([(f"f{j}", pa.int8()) for j in range(3)])
    writer = SparseWriter(schema, range(3))
    writer.open(sink)
    writer.write(sparse_of(list(cells), [], n))
    writer.close()
    assert len(sink.getvalue()) < 2_000
    found = pq.read_table(BytesIO(sink.getvalue()))
    assert all(np.array_equal(found.column(j).to_numpy(), cells[j]) for j in range(3))


def test_a_file_takes_what_its_votes_take(tmp_path: Path) -> None:
    cells = [column(60_000, share, 1, seed) for seed, share in enumerate([0.0, 0.001, 0.02, 0.02, 0.7])]
    schema = pa.schema([(f"f{j}", pa.int8()) for j in range(5)])
    with open_sparse(tmp_path / "sparse.parquet", schema, range(5)) as write:
        write(sparse_of(cells, [], 60_000))
    table = pa.table([pa.array(own, pa.int8()) for own in cells], schema=schema)
    assert pq.read_table(tmp_path / "sparse.parquet").equals(table)
    votes = [min(5 * int(np.sum(own != MOSTLY)), 60_000 * 2 // 8) for own in cells]
    assert (tmp_path / "sparse.parquet").stat().st_size < sum(votes) + 5 * 300


def test_polars_reads_the_same(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    cells = [column(20_000, share, top, top) for share, top in ((0.0, 1), (0.01, 1), (0.5, 126), (1.0, 0))]
    schema = pa.schema([("id", pa.int64()), *((f"f{j}", pa.int8()) for j in range(4))])
    with open_sparse(tmp_path / "a.parquet", schema, range(1, 5)) as write:
        write(sparse_of(cells, [pa.array(range(20_000))], 20_000))
    found = polars.read_parquet(tmp_path / "a.parquet", use_pyarrow=False)
    assert all(np.array_equal(found[f"f{j}"].to_numpy(), cells[j]) for j in range(4))


def test_metadata_come_out_as_they_went_in() -> None:
    table = pa.table({name: pa.array([kept_value(name, row) for row in range(40)], KEPT[name]) for name in KEPT})
    sink = BytesIO()
    pq.write_table(table, sink, row_group_size=7, compression="zstd", write_page_index=True)
    content = sink.getvalue()
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") : -8]
    assert written(Reader(footer).struct()) == footer


def test_metadata_that_end_early_are_refused() -> None:
    with pytest.raises(IndexError):
        Reader(b"\x15").struct()
    with pytest.raises(ValueError, match="no place"):
        Reader(b"\x1b\x00").struct()
