"""`fit`, `predict` and models in files: what was learned on some data labels other data, as long as the rules mean the same."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from snorkel_dsl.__main__ import run
from snorkel_dsl.models import load_bundle

RULES = """\
data comment
    text   text
    likes  number from 0

task spam on comment
    labels HAM, SPAM

rule asks votes SPAM
    when text mentions "subscribe" or "my channel"

rule liked
    when likes is more than 10 vote HAM
    when likes is 0 vote SPAM

rule thanks votes HAM
    when text mentions "thank you"

rule long votes HAM
    when text has more than 6 words
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rules and data, in which the commands run."""
    (tmp_path / "spam.rules").write_text(RULES)
    rng = np.random.default_rng(0)
    lines = []
    for number in range(300):
        spam = rng.random() < 0.4
        said = ["subscribe"] if rng.random() < (0.7 if spam else 0.1) else []
        said += ["thank you"] if rng.random() < (0.1 if spam else 0.5) else []
        said += ["a long comment about the song"] if rng.random() < (0.2 if spam else 0.6) else ["short"]
        likes = 0 if rng.random() < (0.8 if spam else 0.3) else int(rng.integers(1, 30))
        lines.append(f"{number},{' '.join(said)},{likes},{'SPAM' if spam else 'HAM'}\n")
    (tmp_path / "train.csv").write_text("id,text,likes,gold\n" + "".join(lines[:200]))
    (tmp_path / "new.csv").write_text("id,text,likes,gold\n" + "".join(lines[200:]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fine(*arguments: str) -> None:
    assert run(list(arguments)) == 0


def test_a_fitted_model_labels_other_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fine("fit", "spam.rules", "train.csv", "--model", "dawid_skene", "-o", "spam.model")
    said = capsys.readouterr()
    assert "model dawid_skene" in said.out
    assert "spam.model: the model of spam" in said.err
    arguments = ("--gold", "gold", "--keep", "id")
    fine("predict", "spam.rules", "new.csv", "--model", "spam.model", "-o", "new.parquet", *arguments)
    assert "against gold (100 rows" in capsys.readouterr().out
    table = pq.read_table("new.parquet")
    assert table.column_names == ["id", "spam", "spam.HAM", "spam.SPAM"]
    assert table["id"].to_pylist() == [str(number) for number in range(200, 300)]
    fine("label", "spam.rules", "new.csv", "--model", "spam.model", "-o", "same.parquet", *arguments)
    assert (folder / "same.parquet").read_bytes() == (folder / "new.parquet").read_bytes()


def test_fit_and_predict_are_label_in_two_steps(folder: Path) -> None:
    fine("label", "spam.rules", "train.csv", "-o", "labels.parquet", "--save-model", "one.model")
    fine("fit", "spam.rules", "train.csv", "-o", "two.model")
    assert (folder / "one.model").read_bytes() == (folder / "two.model").read_bytes()
    fine("predict", "spam.rules", "train.csv", "--model", "two.model", "-o", "again.parquet")
    assert (folder / "labels.parquet").read_bytes() == (folder / "again.parquet").read_bytes()


@pytest.mark.parametrize("model", ["auto", "majority", "separate", "matrix_completion"])
def test_counted_votes_teach_and_tell_what_all_rows_do(
    folder: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    fine("fit", "spam.rules", "train.csv", "--model", model, "--balance", "SPAM=40%", "-o", "counted.model")
    counted = capsys.readouterr().out
    fine(
        *("label", "spam.rules", "train.csv", "--model", model, "--balance", "SPAM=40%"),
        *("--save-model", "rows.model", "-o", "labels.csv"),
    )
    assert capsys.readouterr().out == counted
    assert (folder / "rows.model").read_bytes() == (folder / "counted.model").read_bytes()


def test_a_second_fit_takes_the_place_of_the_first(folder: Path) -> None:
    fine("fit", "spam.rules", "train.csv", "--model", "majority", "-o", "spam.model")
    fine("fit", "spam.rules", "train.csv", "-o", "spam.model")
    assert load_bundle("spam.model").models["spam"].name == "auto"
    assert sorted(path.name for path in folder.glob("*spam.model*")) == ["spam.model"]


def test_changed_rules_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fine("fit", "spam.rules", "train.csv", "-o", "spam.model")
    changed = RULES.replace("more than 10", "more than 20").replace("rule thanks", "rule thankful") + "# a comment\n"
    (folder / "spam.rules").write_text(changed)
    capsys.readouterr()
    arguments = ("predict", "spam.rules", "new.csv", "--model", "spam.model", "-o", "new.csv.parquet")
    assert run(list(arguments)) == 2
    said = capsys.readouterr().err
    assert "error[changed-rules]" in said
    assert "changed: `liked`\n" in said
    assert "new: `thankful`\n" in said
    assert "gone: `thanks`\n" in said
    assert not (folder / "new.csv.parquet").exists()
    fine(*arguments, "--allow-changed")
    assert pq.read_table("new.csv.parquet").num_rows == 100


def test_comments_and_layout_are_no_change(folder: Path) -> None:
    fine("fit", "spam.rules", "train.csv", "-o", "spam.model")
    (folder / "spam.rules").write_text("# about spam\n" + RULES.replace("votes SPAM\n", "votes SPAM  # surely\n"))
    fine("predict", "spam.rules", "new.csv", "--model", "spam.model", "-o", "labels.csv")


def test_other_labels_are_refused_whatever_is_allowed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fine("fit", "spam.rules", "train.csv", "-o", "spam.model")
    (folder / "spam.rules").write_text(RULES.replace("HAM, SPAM", "HAM, SPAM, OTHER"))
    assert run(["predict", "spam.rules", "new.csv", "--model", "spam.model", "--allow-changed", "-o", "l.csv"]) == 2
    assert "error[changed-labels]" in capsys.readouterr().err
    (folder / "spam.rules").write_text(RULES.replace("task spam", "task junk"))
    assert run(["predict", "spam.rules", "new.csv", "--model", "spam.model", "--allow-changed", "-o", "l.csv"]) == 2
    assert "answers `spam`, which these rules do not ask" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("predict", "spam.rules", "new.csv", "--model", "none.model", "-o", "l.csv"), "there is no file `none.model`"),
        (("predict", "spam.rules", "new.csv", "--model", "train.csv", "-o", "l.csv"), "holds no label model"),
        (("predict", "spam.rules", "new.csv", "-o", "l.csv"), "`--model` is not given"),
        (("fit", "spam.rules", "train.csv", "--model", "eggs", "-o", "l.model"), "no label model is called `eggs`"),
        (("fit", "spam.rules", "train.csv", "-o", "no/l.model"), "there is no folder `no`"),
        (("fit", "spam.rules", "train.csv", "-o", "train.csv"), "is the data of this command"),
        (("fit", "spam.rules", "train.csv", "-o", "spam.rules"), "is the rules of this command"),
        (
            ("label", "spam.rules", "new.csv", "--model", "ok.model", "--balance", "SPAM=3%", "-o", "l.csv"),
            "for fitting",
        ),
        (("predict", "spam.rules", "new.csv", "--model", "ok.model", "-o", "ok.model"), "nothing is written so"),
    ],
)
def test_what_cannot_be_done(
    arguments: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "ok.model" in arguments:
        fine("fit", "spam.rules", "train.csv", "--model", "majority", "-o", "ok.model")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert run(list(arguments)) == 2
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_model_moves_with_its_file_alone(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    fine("fit", "spam.rules", "train.csv", "-o", "spam.model")
    other = tmp_path_factory.mktemp("elsewhere")
    for name in ("spam.rules", "new.csv", "spam.model"):
        shutil.copy(folder / name, other / name)
    fine(
        "predict",
        str(other / "spam.rules"),
        str(other / "new.csv"),
        "--model",
        str(other / "spam.model"),
        "-o",
        "a.csv",
    )
    fine("predict", "spam.rules", "new.csv", "--model", "spam.model", "-o", "b.csv")
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()


# ------------------------------------------------------------------------------------------------- files from anywhere


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], compressed: bool = False) -> None:
    """Writes an archive again, with some of its parts changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=array.dtype == object)
    return file.getvalue()


def about(parts: dict[str, bytes], name: str, **changes: object) -> None:
    parts[name] = json.dumps(json.loads(parts[name]) | changes).encode()


HOSTILE: dict[str, Callable[[dict[str, bytes]], None]] = {
    "a pickle for an array": lambda parts: parts.update({BALANCE: npy(np.array([{}, {}], dtype=object))}),
    "an array that promises more": lambda parts: parts.update({BALANCE: parts[BALANCE].replace(b"(2,)", b"(9,)")}),
    "a balance of other labels": lambda parts: parts.update({BALANCE: npy(np.full(3, 1 / 3))}),
    "an array that is missing": lambda parts: parts.pop(BALANCE) and None,
    "a kind that does not exist": lambda parts: about(parts, MODEL, model="os"),
    "a parameter that does not exist": lambda parts: about(parts, MODEL, parameters={"command": "rm"}),
    "a list where names should be": lambda parts: about(parts, MODEL, labels=5),
    "fewer hashes than functions": lambda parts: about(parts, MODEL, hashes=[]),
    "numbers of another size": lambda parts: parts.update({"question_0/precision_.npy": npy(np.ones(99))}),
    "functions that are not there": lambda parts: parts.update({FUNCTION: npy(np.full(5, 9**9))}),
    "numbers that are none": lambda parts: parts.update({"question_0/intercept_.npy": npy(np.full(2, np.nan))}),
    "another format": lambda parts: about(parts, "bundle.json", format=7),
    "questions without models": lambda parts: about(parts, "bundle.json", questions=["spam", "eggs"]),
    "no JSON": lambda parts: parts.update({"bundle.json": b"{"}),
    "nested without end": lambda parts: parts.update({"bundle.json": b"[" * 200_000}),
}
BALANCE, MODEL = "question_0/class_balance_.npy", "question_0/model.json"
FUNCTION = "question_0/symbol_function_.npy"


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_model_is_refused(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    fine("fit", "spam.rules", "train.csv", "--model", "dawid_skene", "-o", "spam.model")
    rewritten(Path("spam.model"), HOSTILE[what])
    assert run(["predict", "spam.rules", "new.csv", "--model", "spam.model", "-o", "l.csv"]) == 2
    assert "error[unreadable-model]" in capsys.readouterr().err
    assert not Path("l.csv").exists()


def test_a_compressed_model_is_refused() -> None:
    fine("fit", "spam.rules", "train.csv", "--model", "majority", "-o", "spam.model")
    rewritten(Path("spam.model"), lambda parts: None, compressed=True)
    with pytest.raises(ValueError, match="is compressed"):
        load_bundle("spam.model")
