"""The table that models print of themselves: how often each vote of a function is right, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from snorkel_dsl.models.base import SymbolModel
from snorkel_dsl.votes import Floats

if TYPE_CHECKING:
    import pandas as pd


def precision_table(model: SymbolModel, precision: Floats, error: Floats, coverage: Floats) -> pd.DataFrame:
    """One row a vote of a function: `function`, `says` (labels), `coverage` (share of rows), `precision`, `error`.

    From the precision of each symbol, one standard error of it, and the share of rows that it stands on, (d) each; all three
    over the joint votes of its block that hold it.
    """
    import pandas as pd

    symbols = model.symbols_
    allowed = symbols.allowed[: symbols.singles]
    columns = {
        "coverage": coverage[: symbols.singles] + symbols.joint.T @ coverage[symbols.singles :],
        "precision": symbols.marginal(precision[:, None], coverage)[:, 0],
        "error": np.sqrt(symbols.marginal(error[:, None] ** 2, coverage)[:, 0]),
    }
    names = [model.functions_[j] for j in symbols.function[: symbols.singles]]
    says = [", ".join(model.labels_[y] for y in np.flatnonzero(row)) for row in allowed]
    return pd.DataFrame({"function": names, "says": says, **columns})
