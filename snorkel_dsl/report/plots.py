"""Plots as SVG: how far probabilities can be believed, and how something grows or shrinks over orders of magnitude.

matplotlib draws them, from the extra `plots`, imported when something is drawn. The same numbers give the same bytes: ids
are salted with a fixed word, no date is written, and text stays text.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.labels import Calibration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = 4.2  # inches of a panel's side
_ACROSS = 4  # panels in a row
_COLOURS = ("#1f5fa8", "#c2570c", "#2d7d46", "#7a4fa3", "#8a8a8a", "#b3263e")
_MARKS = "os^Dvx"
_SETTINGS: Any = {"svg.hashsalt": "snorkel_dsl", "svg.fonttype": "none", "font.size": 10, "axes.spines.top": False}


@dataclass(frozen=True)
class Series:
    """A line of a chart: its name, and points (x, y), all above 0. `low` and `high` (as many as y) are its error bars."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None

    @property
    def slope(self) -> float:
        """The slope of log y over log x, by least squares; NaN with fewer than two points."""
        if len(self.x) < 2:
            return float("nan")
        return float(np.polyfit(np.log(self.x), np.log(self.y), 1)[0])


def log_log(title: str, x: str, y: str, series: Sequence[Series], slopes: bool = True) -> bytes:
    """A chart with two logarithmic axes, as SVG; each line is named, with its slope where `slopes`.

    Raises RulesError where matplotlib is missing, ValueError on points that are not above 0 or do not fit.
    """
    for one in series:
        if len(one.x) != len(one.y) or min((*one.x, *one.y), default=1.0) <= 0:
            raise ValueError(f"`{one.name}`: every point needs an x and a y above 0")
    figure, (axes,) = _figure(1)
    axes.set(xscale="log", yscale="log", title=title, xlabel=x, ylabel=y)
    for number, one in enumerate(series):
        name = f"{one.name} (slope {one.slope:+.2f})" if slopes and len(one.x) > 1 else one.name
        error = None if one.low is None or one.high is None else _error(one)
        axes.errorbar(one.x, one.y, yerr=error, label=name, capsize=2, **_look(number))
    axes.grid(which="major", linewidth=0.4, alpha=0.5)
    axes.legend(frameon=False, fontsize=8)
    return _svg(figure)


def reliability(panels: Sequence[tuple[str, Sequence[tuple[str, Calibration]]]]) -> bytes:
    """Reliability diagrams as SVG: for each panel its title, and by name how right the labels of each confidence are.

    A point is a bin of rows: across, the mean probability of their labels; up, the share that is right, with its 95 %
    interval. On the diagonal, probabilities mean what they say; below it they promise too much. Raises RulesError where
    matplotlib is missing.
    """
    figure, every = _figure(len(panels))
    for axes, (title, lines) in zip(every, panels, strict=True):
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle="--")
        for number, (name, found) in enumerate(lines):
            error = np.clip([found.accuracy - found.low, found.high - found.accuracy], 0, None)
            label = f"{name} (error {found.error:.3f})"
            axes.errorbar(found.confidence, found.accuracy, yerr=error, label=label, capsize=2, **_look(number))
        axes.set(title=title, xlabel="probability of the label", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
        axes.set_aspect("equal")
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    return _svg(figure)


def _look(number: int) -> dict[str, Any]:
    marker, colour = _MARKS[number % len(_MARKS)], _COLOURS[number % len(_COLOURS)]
    return {"color": colour, "marker": marker, "markersize": 4, "linewidth": 1.2, "elinewidth": 0.8}


def _error(one: Series) -> Any:
    return np.abs(np.array([np.subtract(one.y, one.low or ()), np.subtract(one.high or (), one.y)]))


def check_plots() -> None:
    """Raise RulesError where matplotlib is missing."""
    if find_spec("matplotlib") is None:
        helps = 'install it: `pip install "snorkel-dsl[plots]"`'
        raise refusal("missing-extra", "plots need matplotlib, which is not installed", helps)


def _figure(panels: int) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels. Raises RulesError where matplotlib is missing."""
    check_plots()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    across = min(panels, _ACROSS)
    down = -(-panels // _ACROSS)
    with rc_context(_SETTINGS):
        figure = Figure(figsize=(_SIZE * across, _SIZE * down), layout="constrained")
        every = [figure.add_subplot(down, across, number + 1) for number in range(panels)]
    return figure, every


def _svg(figure: Figure) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context(_SETTINGS):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
