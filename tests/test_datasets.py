"""Reading and writing data: every format, encodings, what cannot be read, and files that are whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import snorkel_dsl as sd
from snorkel_dsl.datasets.gold import class_numbers
from snorkel_dsl.datasets.options import ReadOptions
from snorkel_dsl.datasets.reading import Dataset, dataset_of, open_dataset
from snorkel_dsl.datasets.writing import check_writable, open_output, write_table
from snorkel_dsl.diagnostics import RulesError

ROWS = [{"text": "a, b", "n": 1.5}, {"text": "naïve\nline “two”", "n": None}, {"text": "😀", "n": -2.0}]


def rows_of(data: Dataset, columns: list[str] | None = None) -> list[dict[str, object]]:
    return [row for batch in data.batches(columns or list(data.columns)) for row in batch.to_pylist()]


def kind_of(wrong: pytest.ExceptionInfo[RulesError]) -> str:
    return wrong.value.diagnostics[0].kind


def words_of(wrong: pytest.ExceptionInfo[RulesError]) -> str:
    diagnostic = wrong.value.diagnostics[0]
    return "\n".join((diagnostic.message, *diagnostic.helps))


# --------------------------------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl"])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows{ending}"
    write_table(path, pa.Table.from_pylist(ROWS))
    read = rows_of(open_dataset(path))
    assert [row["text"] for row in read] == [row["text"] for row in ROWS]
    assert [None if row["n"] is None else float(str(row["n"])) for row in read] == [row["n"] for row in ROWS]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl"])
def test_the_same_table_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    one, two = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    for path in (one, two):
        write_table(path, pa.Table.from_pylist(ROWS))
    assert one.read_bytes() == two.read_bytes()


def test_a_run_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    path.write_text("before")
    batch = pa.RecordBatch.from_pylist(ROWS)

    def breaks_off() -> None:
        with open_output(path, batch.schema) as write:
            write(batch)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        breaks_off()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "meant"), [("out.parqet", "out.parquet"), ("out", "out.parquet"), ("o.xlsx", "o.")])
def test_an_unknown_ending_is_refused_with_a_suggestion(tmp_path: Path, name: str, meant: str) -> None:
    with pytest.raises(RulesError) as wrong:
        check_writable(tmp_path / name)
    assert kind_of(wrong) == "unknown-output-format"
    assert meant in words_of(wrong)


# ----------------------------------------------------------------------------------------------------------------- CSV


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "naïve “quotes” 東京"),
        ("utf-8-sig", "naïve “quotes” 東京"),
        ("utf-16", "naïve “quotes” 東京"),
        ("utf-16-le", "naive quotes"),
        ("cp1252", "naïve “quotes”"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_are_detected(tmp_path: Path, encoding: str, text: str, end: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(f"text,n{end}{text},1{end}".encode(encoding))
    data = open_dataset(path)
    assert rows_of(data) == [{"text": text, "n": "1"}]
    assert bool(data.notes) == (encoding in ("cp1252", "utf-16-le"))


def test_a_byte_that_is_valid_nowhere_is_still_read_as_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"text,n\n\x81\xe9,1\n")
    assert rows_of(open_dataset(path)) == [{"text": "\x81é", "n": "1"}]


def test_a_given_encoding_that_does_not_fit_names_the_byte_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"text,n\nplain,1\ncaf\xe9,2\n")
    with pytest.raises(RulesError) as wrong:
        open_dataset(path, ReadOptions(encoding="utf-8"))
    assert kind_of(wrong) == "wrong-encoding"
    assert "byte 19, in line 3" in words_of(wrong)


def test_a_bad_byte_after_the_first_chunk_is_found(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"text\n" + b"0123456789abcde\n" * 200_000 + "ü".encode() + b"\xff\n")
    with pytest.raises(RulesError) as wrong:
        open_dataset(path, ReadOptions(encoding="utf-8"))
    assert f"byte {5 + 16 * 200_000 + 3}, in line 200002" in words_of(wrong)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_detected(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f'a{delimiter}b\n"x, y; z"{delimiter}2\n3{delimiter}4\n')
    assert rows_of(open_dataset(path)) == [{"a": "x, y; z", "b": "2"}, {"a": "3", "b": "4"}]


def test_excels_separator_line_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("sep=;\r\na;b\r\n1;2\r\n")
    assert rows_of(open_dataset(path)) == [{"a": "1", "b": "2"}]


def test_cells_are_trimmed_and_empty_ones_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text('39, State-gov ,?\n , "two\nlines", 5\n')
    data = open_dataset(path, ReadOptions(header=False, names=("age", "work", "hours"), missing=("?",)))
    assert rows_of(data) == [
        {"age": "39", "work": "State-gov", "hours": None},
        {"age": None, "work": "two\nlines", "hours": "5"},
    ]


def test_rows_that_cannot_be_read_stay_rows(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text('a,b\n1,2\n3\n4,5,6\n"7"x,8\n"9,10\n11,12\n13,14\n')
    data = open_dataset(path)
    rows = rows_of(data)
    assert [row["a"] for row in rows] == ["1", None, None, None, None, "11", "13"]
    assert [(bad.row, bad.message) for bad in data.unreadable] == [
        (1, "1 cells where the header has 2"),
        (2, "3 cells where the header has 2"),
        (3, "something follows a closing quote"),
        (4, "a quote is opened and never closed"),
    ]
    assert rows_of(data) == rows
    assert len(data.unreadable) == 4


def test_many_stray_quotes_lose_no_row(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b\n" + '"x"y,1\n' * 5_000 + "last,1\n")
    data = open_dataset(path)
    rows = rows_of(data)
    assert len(rows) == 5_001
    assert rows[-1] == {"a": "last", "b": "1"}


def test_columns_that_repeat_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b,a\n1,2,3\n")
    with pytest.raises(RulesError) as wrong:
        open_dataset(path)
    assert kind_of(wrong) == "repeated-column"


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_is_no_data(tmp_path: Path, content: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(RulesError) as wrong:
        open_dataset(path)
    assert kind_of(wrong) == "empty-data"


# ---------------------------------------------------------------------------------------------------------------- JSON


RECORDS = [{"data": {"text": "one"}, "label": 0}, {"data": {"text": "two"}, "label": 1}]


@pytest.mark.parametrize("content", [RECORDS, {"0": RECORDS[0], "1": RECORDS[1]}])
def test_json_is_a_list_or_an_object_of_records(tmp_path: Path, content: object) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(content, indent=4))
    assert rows_of(open_dataset(path)) == [{"data.text": "one", "label": 0}, {"data.text": "two", "label": 1}]


def test_json_lines_that_are_no_objects_stay_rows(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"a": 1}\n{"a": \n\n[1]\n{"a": "x", "b": {"c": [1, 2]}}\n')
    data = open_dataset(path)
    assert rows_of(data, ["a", "b.c"]) == [
        {"a": "1", "b.c": None},
        {"a": None, "b.c": None},
        {"a": None, "b.c": None},
        {"a": "x", "b.c": [1, 2]},
    ]
    assert [bad.row for bad in data.unreadable] == [1, 2]


def test_a_field_that_appears_late_is_found(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"a": 1}\n' * 1_500 + '{"late": 2}\n')
    data = open_dataset(path)
    assert data.has("late")
    assert not data.has("later")


@pytest.mark.parametrize("content", ["{", "3", '{"a": 1}\n{"a": 2}', "[" * 100_000])
def test_json_without_records_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(RulesError) as wrong:
        open_dataset(path)
    assert kind_of(wrong) == "bad-json"


# --------------------------------------------------------------------------------------------- columnar files and frames


def test_nested_columns_of_parquet_go_by_dotted_names(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.Table.from_pylist(RECORDS), path)
    data = open_dataset(path)
    assert data.columns == ("data.text", "label")
    assert data.rows == 2
    assert rows_of(data, ["data.text"]) == [{"data.text": "one"}, {"data.text": "two"}]


@pytest.mark.parametrize("stream", [False, True])
def test_arrow_files_and_streams(tmp_path: Path, stream: bool) -> None:
    path, table = tmp_path / "data.arrow", pa.Table.from_pylist(ROWS)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(str(path), table.schema) as writer:
        writer.write_table(table)
    assert rows_of(open_dataset(path)) == ROWS


@pytest.mark.parametrize("name", ["data.parquet", "data.arrow"])
def test_a_file_that_is_not_what_its_ending_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("hello, this is text")
    with pytest.raises(RulesError) as wrong:
        open_dataset(tmp_path / name)
    assert kind_of(wrong) == "bad-data-file"


def test_excel(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["text", "n"], ["one", 1], [None, 2.5]):
        book.active.append(row)
    book.save(tmp_path / "data.xlsx")
    assert rows_of(open_dataset(tmp_path / "data.xlsx")) == [{"text": "one", "n": "1"}, {"text": None, "n": "2.5"}]


def frames() -> dict[str, object]:
    table = pa.Table.from_pylist(ROWS)
    return {
        "pandas": pd.DataFrame(ROWS, index=[7, 7, 9]),
        "polars": pl.DataFrame(ROWS),
        "lazy": pl.DataFrame(ROWS).lazy(),
        "table": table,
        "batch": pa.RecordBatch.from_pylist(ROWS),
        "reader": table.to_reader(),
        "dicts": ROWS,
    }


@pytest.mark.parametrize("kind", frames())
def test_frames_are_data(kind: str) -> None:
    data = dataset_of(frames()[kind])
    assert rows_of(data) == ROWS
    assert rows_of(data) == ROWS


def test_a_pandas_column_of_mixed_values_is_text() -> None:
    data = dataset_of(pd.DataFrame({"a": ["x", 1, None]}))
    assert rows_of(data) == [{"a": "x"}, {"a": "1"}, {"a": None}]


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(RulesError) as wrong:
        dataset_of(3)
    assert kind_of(wrong) == "unknown-format"


@pytest.mark.parametrize("data", [["text"], iter([("a", 1)]), ["a", "b"]])
def test_rows_are_mappings(data: object) -> None:
    with pytest.raises(RulesError) as wrong:
        dataset_of(data)
    (found,) = wrong.value.diagnostics
    assert found.kind == "unknown-format"
    assert found.helps == ('rows are mappings: `[{"text": …}, …]`',)
    assert rows_of(dataset_of([{"a": "x"}, "y"])) == [{"a": "x"}, {"a": None}]


@pytest.mark.parametrize("data", [pd.Series(["text"]), pl.Series("text", ["text"])])
def test_a_series_is_no_data(data: object) -> None:
    with pytest.raises(RulesError) as wrong:
        dataset_of(data)
    assert wrong.value.diagnostics[0].helps == ('give a frame: `data.to_frame("text")`',)


def test_a_missing_file_and_a_missing_column_come_with_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "comments.csv").write_text("text,likes\nhi,1\n")
    with pytest.raises(RulesError) as wrong:
        open_dataset(tmp_path / "coments.csv")
    assert "did you mean" in words_of(wrong)
    with pytest.raises(RulesError) as wrong:
        open_dataset(tmp_path / "comments.csv").require("txt", "for `text`")
    assert kind_of(wrong) == "missing-column"
    assert "did you mean `text`?" in words_of(wrong)


def test_several_missing_columns_suggest_only_what_is_alike() -> None:
    rules = sd.compile(
        "data d\n    text text\n    posted time\ntask t on d\n    labels A, B\n"
        'rule x votes A\n    when text mentions "red" and posted is after 2026-01-01\n'
    )
    with pytest.raises(RulesError) as wrong:
        rules.apply([{"comment": "red", "date_posted": "2026-02-01"}])
    said = str(wrong.value)
    assert "say which column it is: `--column text=COLUMN`" in said
    assert "did you mean `date_posted`? say so: `--column posted=date_posted`" in said
    assert said.count("its columns are") == 1


def test_a_large_parquet_file_comes_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"n": range(150_000)}), path)
    sizes = [batch.num_rows for batch in open_dataset(path).batches(["n"])]
    assert sum(sizes) == 150_000
    assert max(sizes) <= 65_536


# ---------------------------------------------------------------------------------------------------------------- gold


@pytest.mark.parametrize(
    ("values", "mapping"),
    [
        (["HAM", "SPAM", None], {}),
        (["0", "1", ""], {}),
        ([0, 1.0, None], {}),
        (["no", "yes", None], {"no": "HAM", "yes": "SPAM"}),
        (["no", "1", None], {"no": "0"}),
    ],
)
def test_gold_in_names_numbers_or_mapped(values: list[object], mapping: dict[str, str]) -> None:
    assert class_numbers(values, "gold", ("HAM", "SPAM"), mapping).tolist() == [0, 1, -1]


def test_unknown_gold_lists_what_was_found() -> None:
    with pytest.raises(RulesError) as wrong:
        class_numbers(["HAM", "spam", "spam", "2"], "gold", ("HAM", "SPAM"))
    assert kind_of(wrong) == "unknown-gold"
    assert "`spam` (2), `HAM` (1), `2` (1)" in words_of(wrong)
    assert "--gold-map 'spam=SPAM'" in words_of(wrong)
