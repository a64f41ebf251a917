"""How long `snorkel-dsl check` takes on a large repository: `python benchmarks/check.py`.

The repository is made up but reads like a real one: 100 files of 50 rules about radiology reports, with lists of terms (some
in files), sections, a context that ships, conditions, and examples; each file uses names of one that all share. Every check is
a process of its own, all its imports included. `cold` is with an empty cache, `unchanged` the same again, `one edited` after a
change of one rule in one file, `--no-cache` without any keeping. Seconds are of the clock, the median of several; those of
CPU, in brackets, a busy machine does not spoil.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FINDINGS = (
    "effusion", "opacity", "nodule", "fracture", "pneumothorax", "cardiomegaly", "consolidation", "atelectasis", "edema",
    "granuloma", "emphysema", "fibrosis", "hernia", "mass", "infiltrate", "scoliosis", "thickening", "calcification",
)  # fmt: skip
PLACES = ("left", "right", "basilar", "apical", "upper lobe", "lower lobe", "perihilar", "retrocardiac", "bilateral")
SIZES = ("small", "large", "tiny", "moderate", "trace", "mild", "severe")
SHARED = """\
language 1
terms NORMAL_WORDS
    "normal", "clear", "unremarkable", "within normal limits", "stable"
    any form of "resolve"
terms DEVICES
    "catheter", "pacemaker", "endotracheal tube", "picc line", "sternotomy wires"
    except "tube feeding"
condition short_text of some text as it
    when it has fewer than 12 words
condition compares of some text as it
    when it mentions "compared to" or "comparison" or "previous" or "prior"
    when it mentions "unchanged"
"""
HEAD = """\
language 1
package reports.part_{n} version "1.0.0"
use context clinical_english
use NORMAL_WORDS, DEVICES, short_text, compares from "shared.rules"

data report
    text   text
    age    number
    taken  time
    view   one of "PA", "AP", "lateral"
task triage on report
    labels NORMAL, ABNORMAL
sections of text
    FINDINGS headed "findings"
    IMPRESSION headed "impression" or "conclusion"
    HISTORY headed "history" or "indication"
terms COMMON
    file "common.txt"
"""


def phrase(chosen: random.Random) -> str:
    """A finding, its size and its place."""
    return f"{chosen.choice(SIZES)} {chosen.choice(PLACES)} {chosen.choice(FINDINGS)}"


def terms(chosen: random.Random, number: int) -> str:
    """A list of terms for one rule, or several."""
    quoted = ", ".join(f'"{phrase(chosen)}"' for _ in range(6))
    word = chosen.choice(FINDINGS)
    return f'terms LIST_{number}\n    {quoted}\n    any form of "{word}"\n    except "no {word}"\n'


def rule(chosen: random.Random, number: int, lists: int) -> str:
    """One rule, of one of the shapes that rules have."""
    name = f"LIST_{chosen.randrange(lists)}"
    a, b, c = phrase(chosen), phrase(chosen), phrase(chosen)
    shapes = (
        f"""votes ABNORMAL
    when text asserts any of {name} in FINDINGS
    unless text is missing or report_is_old
    example ABNORMAL "FINDINGS: There is a {a}. IMPRESSION: {b}."
    example none text "FINDINGS: No {a}.", age 44, view "PA"
""",
        f"""votes NORMAL
    when text denies every {name} and text mentions any of NORMAL_WORDS
    unless short_text(text)
    example none "{a} and {b}"
""",
        f"""votes ABNORMAL
    when text suspects any of {name} in IMPRESSION or text mentions "{c}" or text contains "{a}"
    when some sentence of text where it mentions "{b}" and it has fewer than 20 words
    unless text mentions any of COMMON
""",
        f"""votes ABNORMAL
    # seen in the reports of the second half
    when text mentions any of {name} followed within 4 words by "{b}"
    when text matches /(new|worsening) {chosen.choice(FINDINGS)}/ and age is above {chosen.randrange(20, 80)}
""",
        f"""votes not ABNORMAL
    when at least 2 of
        text mentions at least 2 of NORMAL_WORDS
        text has fewer than {chosen.randrange(8, 40)} words
        view is "PA" and age is between 20 and 40
        compares(text)
    unless text asserts any of DEVICES or text mentions "{a}" in the last sentence
""",
    )
    return f"rule rule_{number} {chosen.choice(shapes)}"


def make_repository(folder: Path, files: int, rules: int) -> None:
    """Write a repository of that many files of that many rules."""
    chosen = random.Random(4)
    folder.mkdir()
    (folder / "shared.rules").write_text(SHARED, encoding="utf-8")
    (folder / "common.txt").write_text("\n".join(phrase(chosen) for _ in range(60)) + "\n", encoding="utf-8")
    lists = max(rules // 3, 1)
    old = "condition report_is_old\n    when taken is before 2019-01-01\n"
    for n in range(files):
        blocks = [HEAD.format(n=n), old, *(terms(chosen, number) for number in range(lists))]
        blocks += [rule(chosen, number, lists) for number in range(rules)]
        (folder / f"part_{n:03}.rules").write_text("\n".join(blocks), encoding="utf-8")


def checked(folder: Path, cache: Path, *options: str) -> tuple[float, float, str]:
    """The seconds of the clock and of CPU that a check takes, and all that it says."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "snorkel_dsl", "check", *options, str(folder)],
        env=os.environ | {"SNORKEL_DSL_CACHE": str(cache), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode > 1:
        raise SystemExit(done.stdout + done.stderr)
    return took, cpu, done.stdout + done.stderr


def main() -> None:
    """Print the seconds of each way to check."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=100)
    options.add_argument("--rules", type=int, default=50, help="in each file")
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, cache = Path(scratch, "rules"), Path(scratch, "cache")
        make_repository(folder, given.files, given.rules)
        edited = folder / "part_000.rules"
        original = edited.read_text(encoding="utf-8")

        def cold() -> tuple[float, float, str]:
            shutil.rmtree(cache, ignore_errors=True)
            return checked(folder, cache)

        def one_edited() -> tuple[float, float, str]:
            edited.write_text(f"{original}# {time.perf_counter_ns()}\n", encoding="utf-8")
            return checked(folder, cache)

        ways: dict[str, Callable[[], tuple[float, float, str]]] = {
            "--no-cache": lambda: checked(folder, cache, "--no-cache"),
            "cold": cold,
            "unchanged": lambda: checked(folder, cache),
            "one edited": one_edited,
        }
        said = set()
        for name, way in ways.items():
            times = [way() for _ in range(given.repeats)]
            clock, cpu = (statistics.median(one[index] for one in times) for index in (0, 1))
            said |= {text for _, _, text in times}
            print(f"{name:<12} {clock:6.2f} s ({cpu:.2f} s of CPU)")
        print(
            f"{given.files} files of {given.rules} rules; all {len(ways) * given.repeats} checks said the same:",
            end=" ",
        )
        print(len(said) == 1)
        print(min(said).strip().splitlines()[-1])


if __name__ == "__main__":
    main()
