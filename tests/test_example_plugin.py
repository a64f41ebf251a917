"""The plugin in examples/plugin: pip installs it, and the commands of its README do what the README says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples" / "plugin"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the plugin."""
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    command += ["--disable-pip-version-check", "--target", str(target), str(FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def run(site: Path | None, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NO_COLOR": "1"} | ({"PYTHONPATH": str(site)} if site else {})
    command = [sys.executable, "-m", "snorkel_dsl", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)


def test_the_commands_of_its_readme(site: Path, tmp_path: Path) -> None:
    lines = re.findall(r"^\$ snorkel-dsl (.*)$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    done = {
        line.split()[0]: run(site, *shlex.split(line.replace("votes.csv", str(tmp_path / "v.csv")))) for line in lines
    }
    assert {name: one.returncode for name, one in done.items()} == {"doctor": 0, "check": 0, "test": 0, "apply": 1}
    assert re.search(
        r"measures \(plugin\) +version 1 +functions: largest_size, growth, reads_alike", done["doctor"].stdout
    )
    assert "5 tests, 0 failed" in done["test"].stdout + done["test"].stderr
    assert "the call `growth(text, previous)` failed in row 3: ValueError: nothing is measured" in done["apply"].stderr
    votes = pd.read_csv(tmp_path / "v.csv")
    assert votes.to_numpy().tolist() == [
        [1, 1, -1, -1],
        [-1, -1, 0, -1],
        [-1, -1, -1, 0],
        [-1, -1, 0, -1],
        [1, -1, -1, -1],
    ]


def test_without_it_the_rules_say_what_is_missing() -> None:
    done = run(None, "check", str(FOLDER / "nodules.rules"))
    assert done.returncode == 1
    assert "error[missing-plugin]: no plugin called `measures` is installed" in done.stdout
    assert "unknown-name" not in done.stdout
