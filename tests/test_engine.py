"""The engine gives the reference evaluator's votes on any rows, with any scanner, in batches of any size."""

from __future__ import annotations

from typing import Any

import pytest
import strategies
from equality import assert_equal_votes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snorkel_dsl.engine.scan import SCANNERS
from snorkel_dsl.language import ir

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.parametrize("scanner", SCANNERS)
@given(program=strategies.programs(), rows=st.lists(strategies.rows(), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_votes_are_those_of_the_reference(scanner: str, program: ir.Program, rows: list[dict[str, Any]]) -> None:
    assert_equal_votes(program, rows, scanner)
