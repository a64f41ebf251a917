"""Patterns and texts that bring a backtracking matcher to its knees: whether time stays linear in the text.

    python benchmarks/nasty.py
    python benchmarks/nasty.py --scanner re2

Each pattern runs over one text of 1, 2, 4 and 8 MB, and the seconds of the CPU are printed with what the last doubling
cost: 2 is linear. Python's own `re` has ten seconds in a process of its own for a text of 30 characters of the same kind. Then:
many such texts at once, 50 MB in one row, and patterns that are too large for the scanner, with what the compiler says of them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import pyarrow as pa

from snorkel_dsl import compile
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.engine.scan import SCANNERS
from snorkel_dsl.language import ir

SIZES = (1_000_000, 2_000_000, 4_000_000, 8_000_000)
NASTY = {
    "(a|a)*b": "a",
    r"(\w+\s?)*$": "a",
    "(a+)+c": "a",
    "(.*a){12}b": "a",
    "(x+x+)+y": "x",
    r"^(\s*\S+\s*)+!$": "word ",
    "(a?){40}a{40}": "a",
    r"\b(a|aa)+\b": "a",
    r"(é|\w)+ß": "é",
    ".{200,900}b": "a",
}
TOO_LARGE = (
    r"prize(?:\w+\W+){1,1000}cash",
    "[é-ü]{1,1000}x",
    ".{1000,100000}x",
    "(a{1,500}){1,500}",
    r"(\w{50,1000} ){30}",
    "[^a]{70000}",
)
RE_SECONDS = 10
ONE_RE = "import re, sys; re.search(sys.argv[1], sys.argv[2], re.I)"


def rules_of(condition: str) -> str:
    """A rules file with one rule."""
    return f"data note\n    text  text\n\ntask odd on note\n    labels NO, YES\n\nrule one votes YES\n    when {condition}\n"


def program_of(pattern: str) -> ir.Program:
    """One rule that looks for a pattern."""
    return compile(rules_of(f"text matches /{pattern}/")).program


def seconds(program: ir.Program, texts: list[str], scanner: str | None) -> float:
    """The CPU's seconds for some rows."""
    table = pa.table({"text": pa.array(texts, pa.large_string())})
    start = time.process_time()
    label_matrix(program, table, scanner=scanner)
    return time.process_time() - start


def python(pattern: str, text: str) -> str:
    """What Python's `re` takes for a text."""
    start = time.perf_counter()
    try:
        subprocess.run([sys.executable, "-c", ONE_RE, pattern, text], check=True, timeout=RE_SECONDS)
    except subprocess.TimeoutExpired:
        return f"not done in {RE_SECONDS} s"
    return f"{time.perf_counter() - start:.2f} s"


def patterns(scanner: str | None) -> None:
    """A line a nasty pattern."""
    heads = "".join(f"{size // 1_000_000:>7} MB" for size in SIZES)
    print(f"{'pattern':22}{heads}   last doubling   Python's re, 30 characters")
    for pattern, piece in NASTY.items():
        program = program_of(pattern)
        seconds(program, [piece], scanner)  # the database is made
        took = [seconds(program, [(piece * size)[:size]], scanner) for size in SIZES]
        cells = "".join(f"{one:>9.3f}s"[:10] for one in took)
        print(
            f"{pattern:22}{cells}   {took[-1] / took[-2]:>11.2f} x   {python(pattern, (piece * 30)[:30])}", flush=True
        )


def texts(scanner: str | None) -> None:
    """All nasty patterns at once, on many long runs, and on one row of 50 MB."""
    functions = "".join(f"\nrule r{i} votes YES\n    when text matches /{p}/\n" for i, p in enumerate(NASTY))
    program = compile(rules_of('text mentions "word"') + functions).program
    seconds(program, ["a"], scanner)
    for name, rows in {
        "500 rows of 100 KB of one letter": ["a" * 100_000] * 500,
        "one row of 50 MB of one letter": ["a" * 50_000_000],
        "one row of 50 MB of words": ["word and more " * (50_000_000 // 14)],
        "500,000 rows of 100 letters": ["a" * 100] * 500_000,
    }.items():
        took = seconds(program, rows, scanner)
        size = sum(map(len, rows))
        print(
            f"{name:36} {took:>8.2f} s for {len(program.functions)} rules   {size / took / 1e6:>8.1f} MB/s", flush=True
        )


def too_large() -> None:
    """What becomes of patterns that no scanner holds."""
    for pattern in TOO_LARGE:
        try:
            program = program_of(pattern)
        except RulesError as refused:
            print(f"{pattern:22} refused: {refused.diagnostics[0].message}; {refused.diagnostics[0].helps[0]}")
            continue
        print(f"{pattern:22} runs: 200 KB of one letter in {seconds(program, ['a' * 200_000], None):.2f} s")


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scanner", choices=SCANNERS)
    options = parser.parse_args()
    patterns(options.scanner)
    print()
    texts(options.scanner)
    print()
    too_large()


if __name__ == "__main__":
    main()
