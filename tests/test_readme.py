"""The README is run: every command and every Python block, and what it shows is compared with what comes out.

How it is read. Fences with `file=NAME` become files of a scratch folder that also holds copies of examples/ and rulesets/.
A `console` fence is commands after `$ ` with their output; a `python` fence is run, all in one namespace, and a `text` fence
right below it is what it prints. A line `…` in an output stands for any lines, a `…` at a line's end for the rest of it, and
numbers with many decimals are compared at three. A fence below the mark `<!-- needs data -->` reads the real data.
Those below `<!-- main-job -->` and `<!-- tests -->` are what `.ci/run` runs in new environments.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S)
ANY_LINES = "…"


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, the name after `file=`, the mark above it, its text and its line."""

    language: str
    file: str | None
    mark: str
    body: str
    line: int


def fences() -> list[Fence]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language, _, rest = match["info"].partition(" ")
        name = rest.removeprefix("file=") if rest.startswith("file=") else None
        line = text.count("\n", 0, match.start("info")) + 1
        found.append(Fence(language, name, match["mark"] or "", match["body"], line))
    return found


def test_every_fence_is_of_a_kind_that_is_run() -> None:
    strange = [
        (fence.line, fence.language)
        for fence in fences()
        if fence.language not in {"console", "python", "text"}
        and not fence.file
        and fence.mark not in {"main-job", "tests"}
    ]
    assert strange == []


def test_ci_finds_the_two_commands() -> None:
    commands = {fence.mark: fence.body.strip() for fence in fences() if fence.mark in {"main-job", "tests"}}
    assert commands == {
        "main-job": "pip install -e . && snorkel-dsl demo",
        "tests": 'pip install -e ".[test]" && pytest',
    }


def test_the_main_job_runs(tmp_path: Path) -> None:
    done = shell("snorkel-dsl demo", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "urgency" in done.stdout
    assert "URGENT" in done.stdout


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environment = os.environ | {"PATH": programs, "NO_COLOR": "1", "COLUMNS": "120", "LINES": "40"}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_what_it_shows_is_what_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("examples", "rulesets"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    run_all(fences(), tmp_path)


def run_all(blocks: list[Fence], folder: Path) -> None:
    has_data = Path(os.environ.get("SNORKEL_DSL_DATA", "nowhere")).is_dir()
    namespace: dict[str, object] = {}
    printed: str | None = None
    for fence in blocks:
        before, printed = printed, None
        if fence.mark == "needs data" and not has_data:
            continue
        if fence.file:
            (folder / fence.file).write_text(fence.body, encoding="utf-8")
        elif fence.language == "console":
            run_console(fence, folder)
        elif fence.language == "python":
            printed = run_python(fence, namespace)
        elif fence.language == "text" and before is not None:
            compare(before, fence.body, f"README.md:{fence.line}")


def run_console(fence: Fence, folder: Path) -> None:
    for part in re.split(r"^\$ ", fence.body, flags=re.M)[1:]:
        command, _, expected = part.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = command[:-1] + more.strip()
        done = shell(command, folder)
        assert "Traceback" not in done.stderr, done.stderr
        compare(done.stdout + done.stderr, expected, f"README.md:{fence.line}: $ {command}")


def run_python(fence: Fence, namespace: dict[str, object]) -> str:
    code = compile("\n" * fence.line + fence.body, str(ROOT / "README.md"), "exec")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, namespace)
    return out.getvalue()


def shortened(text: str) -> str:
    return re.sub(r"\d\.\d{4,}(?:e-\d+)?", lambda number: f"{float(number[0]):.3f}", text)


def as_pattern(line: str) -> str:
    if line.strip() == ANY_LINES:
        return r"(?:.*\n)*?"
    if line.endswith(ANY_LINES):
        return re.escape(line.removesuffix(ANY_LINES)) + r".*\n"
    return re.escape(line) + r"\n"


def compare(actual: str, expected: str, where: str) -> None:
    """The same lines, trailing blanks aside."""
    wanted = [line.rstrip() for line in shortened(expected).strip("\n").splitlines()]
    got = [line.rstrip() for line in shortened(actual).strip("\n").splitlines()]
    pattern = "".join(map(as_pattern, wanted))
    if not re.fullmatch(pattern, "".join(line + "\n" for line in got)):
        pytest.fail(f"{where}\n--- the README shows\n" + "\n".join(wanted) + "\n--- what came out\n" + "\n".join(got))


# ------------------------------------------------------------------------------- `python tests/test_readme.py` rewrites it


def rewritten(readme: str, blocks: list[Fence], folder: Path) -> str:
    """The README with the present output of every command and program."""
    namespace: dict[str, object] = {}
    printed: str | None = None
    for fence in blocks:
        new = fence.body
        if fence.file:
            (folder / fence.file).write_text(fence.body, encoding="utf-8")
        elif fence.language == "console":
            new = rerun(fence, folder)
        elif fence.language == "python":
            printed = run_python(fence, namespace)
        elif fence.language == "text" and printed is not None:
            new, printed = printed, None
        if f"{ANY_LINES}\n" in fence.body:
            new = abridged(new, fence.body)
        readme = readme.replace(f"\n{fence.body}```\n", f"\n{shortened(new)}```\n", 1)
    return readme


def abridged(new: str, old: str) -> str:
    """The lines of an old text that leaves lines out (`…`), with the numbers of the new one; a line not found stays."""
    got = shortened(new).splitlines()
    lines = []
    for line in old.splitlines():
        masked = re.sub(r"[\d.]+", "#", line)
        place = next(
            (n for n, other in enumerate(got) if re.sub(r"[\d.]+", "#", other).split() == masked.split()), None
        )
        lines.append(line if place is None else got[place])
        got = got if place is None else got[place + 1 :]
    return "\n".join([*lines, ""])


def rerun(fence: Fence, folder: Path) -> str:
    out = []
    for part in re.split(r"^\$ ", fence.body, flags=re.MULTILINE)[1:]:
        shown = re.match(r"(?:[^\n]*\\\n)*[^\n]*\n", part)
        assert shown
        done = shell(shown[0].rstrip("\n"), folder)
        out.append(f"$ {shown[0]}{done.stdout}{done.stderr}")
    return "".join(out)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        for copied in ("examples", "rulesets"):
            shutil.copytree(ROOT / copied, Path(scratch) / copied)
        os.chdir(scratch)
        README = ROOT / "README.md"
        README.write_text(rewritten(README.read_text(encoding="utf-8"), fences(), Path(scratch)), encoding="utf-8")
