"""A progress bar on stderr: only on a terminal, and only for what takes longer than two seconds.

It counts what is done, not what has been read: rows where their number is known, else the bytes of the files. The rate and the
time left count from the first batch on: what starting took (processes, compiled patterns) is not taken again by the rest.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

PATIENCE = 2.0  # seconds


@contextmanager
def progress(what: str, rows: int | None, size: int | None = None) -> Iterator[Callable[..., None]]:
    """A function that is told how many more rows are done and, optionally, how many bytes of the data lie behind them.

    `rows` is the number of all rows, `size` that of all bytes; the bar shows a share and a time left where it knows one.
    """
    if not sys.stderr.isatty():
        yield lambda rows, position=None: None
        return
    bar = _Bar(what, rows, size)
    try:
        yield bar.advance
    finally:
        bar.stop()


class _Bar:
    """A bar that appears when its patience is at an end."""

    def __init__(self, what: str, rows: int | None, size: int | None) -> None:
        self.what, self.rows, self.size, self.done = what, rows, size, 0
        self.start = time.monotonic()
        self.first: tuple[float, int, float] | None = None  # when the first batch was done, its rows, and its share
        self.shown: Any = None
        self.task: Any = None

    def advance(self, rows: int, position: int | None = None) -> None:
        """Count rows that are done; `position` is how far into the data they reach, in bytes."""
        self.done += rows
        now, share = time.monotonic(), self._share(position)
        self.first = self.first or (now, self.done, share or 0.0)
        if self.shown is None and now - self.start > PATIENCE:
            self._appear()
        if self.shown is not None:
            self.shown.update(
                self.task, total=None if share is None else 1.0, completed=share or 0, said=self._said(share, now)
            )
            self.shown.refresh()

    def _share(self, position: int | None) -> float | None:
        """The share of the work that is done, where anything tells it."""
        if self.rows:
            return min(self.done / self.rows, 1.0)
        if self.size and position is not None:
            return min(position / self.size, 1.0)
        return None

    def _said(self, share: float | None, now: float) -> str:
        start, rows, known = self.first or (self.start, 0, 0.0)
        parts = [f"{share:.0%}"] if share else []
        parts.append(f"{self.done:,}{f' of {self.rows:,}' if share and self.rows else ''} rows")
        if self.done > rows and now > start:
            parts.append(f"{(self.done - rows) / (now - start):,.0f} rows/s")
        if share and share > known:
            parts.append(f"{timedelta(seconds=round((now - start) * (1 - share) / (share - known)))} left")
        return ", ".join(parts)

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.shown = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
        )
        self.task = self.shown.add_task(self.what, total=None, said="")
        self.shown.start()

    def stop(self) -> None:
        """Take the bar away."""
        if self.shown is not None:
            self.shown.stop()
