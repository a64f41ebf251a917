"""The wheel is the whole product: enough to check rules and to show the demo with no repository beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    assert re.fullmatch(r"snorkel_dsl-[\d.]+-py3-none-any\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(unpacked: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(unpacked), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "snorkel_dsl", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)


def test_it_carries_every_module_and_its_data(unpacked: Path) -> None:
    package = ROOT / "snorkel_dsl"
    sources = {
        str(path.relative_to(package))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    carried = {str(path.relative_to(unpacked / "snorkel_dsl")) for path in (unpacked / "snorkel_dsl").rglob("*")}
    assert sources - carried == set()
    assert "py.typed" in carried
    assert any(name.startswith("diagnostics/pages/") for name in carried)


@pytest.mark.parametrize("folder", ["grammar", "rulesets", "examples"])
def test_it_carries_what_stands_outside_the_package(unpacked: Path, folder: str) -> None:
    here = ROOT / folder
    there = unpacked / "snorkel_dsl" / f"_{folder}"
    sources = [path for path in here.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sources
    for path in sources:
        assert (there / path.relative_to(here)).read_bytes() == path.read_bytes()


def test_it_carries_no_tests_and_no_data_of_others(unpacked: Path) -> None:
    names = [str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()]
    assert [name for name in names if name.startswith(("tests/", "benchmarks/"))] == []
    assert [name for name in names if name.endswith(("_entries.csv", "adult.data", "weak_labels"))] == []


def test_it_runs_away_from_the_repository(unpacked: Path, tmp_path: Path) -> None:
    version = run(unpacked, tmp_path, "--version")
    assert version.returncode == 0, version.stderr
    assert re.search(r"\d+\.\d+\.\d+", version.stdout)
    where = subprocess.run(
        [sys.executable, "-c", "import snorkel_dsl; print(snorkel_dsl.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(unpacked)},
    )  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(unpacked)


def test_the_grammar_and_the_examples_in_it_are_found(unpacked: Path, tmp_path: Path) -> None:
    rules = unpacked / "snorkel_dsl" / "_examples" / "maintenance" / "requests.rules"
    checked = run(unpacked, tmp_path, "check", str(rules))
    assert checked.returncode == 0, checked.stdout + checked.stderr
