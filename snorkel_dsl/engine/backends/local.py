"""In this process, one batch after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from snorkel_dsl.engine.backends import Work


def run(work: Work, batches: Iterable[pa.RecordBatch], processes: int = 1) -> Iterator[Any]:
    """See `engine.backends`."""
    first_row = 0
    for batch in batches:
        yield work(batch, first_row)
        first_row += batch.num_rows
