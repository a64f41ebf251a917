"""Where the time of a run goes: seconds by phase, and by rule with what it asked of single rows.

Phases are marked where they happen, with `phase`; without a clock that runs, that costs next to nothing. A phase inside
another stops the clock of the outer one, so that the seconds of all phases add up. Only this process is measured.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")
PHASES = ("read", "cache", "plan", "columns", "compile", "scan", "rules", "assemble", "write")


@dataclass
class Clock:
    """What was measured: seconds by phase (`seconds`) and by function (`rules`), and the rows that were asked one by one.

    `asked` are these by function and operator.
    """

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    rules: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _around: list[tuple[str, str]] = field(default_factory=list)
    _last: float = field(default_factory=perf_counter)

    def _pass(self) -> None:
        """Give the time since the last change of phase to the phase that ends or rests here."""
        now = perf_counter()
        if self._around:
            phase, rule = self._around[-1]
            self.seconds[phase] += now - self._last
            if rule:
                self.rules[rule] += now - self._last
        self._last = now

    @contextmanager
    def _in(self, phase: str, rule: str) -> Iterator[None]:
        self._pass()
        self._around.append((phase, rule))
        try:
            yield
        finally:
            self._pass()
            self._around.pop()


_running: list[Clock] = []
_NOTHING: AbstractContextManager[None] = nullcontext()


@contextmanager
def measured() -> Iterator[Clock]:
    """Measure what this process does meanwhile."""
    clock = Clock()
    _running.append(clock)
    try:
        yield clock
    finally:
        _running.pop()


def phase(name: str, rule: str = "") -> AbstractContextManager[None]:
    """Marks what belongs to a phase, and to a rule's own work."""
    return _running[-1]._in(name, rule) if _running else _NOTHING


def each(name: str, items: Iterable[T]) -> Iterator[T]:
    """The same items; the time that it takes to get each belongs to a phase."""
    own = iter(items)
    while True:
        with phase(name):
            try:
                item = next(own)
            except StopIteration:
                return
        yield item


def one_by_one(operator: str, rows: int) -> None:
    """Note that an operator was asked of single rows, on behalf of the rule that is at work."""
    if _running and rows:
        rule = next((rule for _, rule in reversed(_running[-1]._around) if rule), "")
        _running[-1].asked[rule, operator] += rows
