"""The long run of a test: engine and reference evaluator, cell for cell, on generated programs and rows.

python benchmarks/equality.py --cases 10000
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import strategies
from equality import assert_equal_votes

from snorkel_dsl.engine.scan import SCANNERS


def main() -> int:
    """Run the cases; an AssertionError shows the first program and row that differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None, help="the default is another one each time")
    options = parser.parse_args()
    chosen = random.randrange(2**32) if options.seed is None else options.seed
    cells = 0

    @seed(chosen)
    @settings(
        max_examples=options.cases,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(
        program=strategies.programs(),
        rows=st.lists(strategies.rows(), min_size=1, max_size=8),
        scanner=st.sampled_from(SCANNERS),
        batch_rows=st.integers(1, 8),
    )
    def agree(program, rows, scanner, batch_rows):  # type: ignore[no-untyped-def]
        nonlocal cells
        assert_equal_votes(program, rows, scanner, batch_rows)
        cells += len(program.functions) * len(rows)

    warnings.simplefilter("ignore")  # hypothesis warns of how it prints these strategies
    start = time.perf_counter()
    agree()
    print(f"{options.cases:,} cases, {cells:,} cells equal, seed {chosen}, {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
