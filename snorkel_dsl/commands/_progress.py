"""A progress bar on stderr: only on a terminal, and only for what takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 2.0  # seconds


@contextmanager
def progress(what: str, rows: int | None) -> Iterator[Callable[[int], None]]:
    """A function that is told how many more rows are done; the bar shows a rate and, with `rows`, the time left."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    bar = _Bar(what, rows)
    try:
        yield bar.advance
    finally:
        bar.stop()


class _Bar:
    """A bar that appears when its patience is at an end."""

    def __init__(self, what: str, rows: int | None) -> None:
        self.what, self.rows, self.done = what, rows, 0
        self.start = time.monotonic()
        self.shown: Any = None
        self.task: Any = None

    def advance(self, rows: int) -> None:
        """Count rows that are done."""
        self.done += rows
        if self.shown is None and time.monotonic() - self.start > PATIENCE:
            self._appear()
        if self.shown is not None:
            rate = self.done / (time.monotonic() - self.start)
            self.shown.update(self.task, completed=self.done, rate=f"{rate:,.0f} rows/s")

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.shown = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.task = self.shown.add_task(self.what, total=self.rows, completed=self.done, rate="")
        self.shown.start()

    def stop(self) -> None:
        """Take the bar away."""
        if self.shown is not None:
            self.shown.stop()
