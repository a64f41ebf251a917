"""How sure a share is that was counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_WILSON_Z = 1.959963984540054  # of a 95 % interval


def wilson_interval(correct: npt.NDArray[np.int64] | Floats, judged: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The 95 % score interval of a share (Wilson 1927); NaN where nothing was judged."""
    count = np.where(judged > 0, judged, 1)
    share = correct / count
    centre = share + _WILSON_Z**2 / (2 * count)
    half = _WILSON_Z * np.sqrt(share * (1 - share) / count + (_WILSON_Z / (2 * count)) ** 2)
    scale = 1 + _WILSON_Z**2 / count
    nothing = judged == 0
    low = np.where(nothing, np.nan, np.maximum((centre - half) / scale, 0.0))
    high = np.where(nothing, np.nan, np.minimum((centre + half) / scale, 1.0))
    return low, high
