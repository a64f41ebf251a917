"""The table that models print of themselves: how often each vote of a function is right, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
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


def averaged(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean of several such tables of the same votes; what they differ by is part of the error."""
    import pandas as pd

    together = pd.concat(tables, keys=range(len(tables)), names=["model", "row"])
    by_vote = together.groupby("row", sort=True)
    table = tables[0][["function", "says"]].copy()
    table["coverage"] = by_vote["coverage"].mean()
    table["precision"] = by_vote["precision"].mean()
    between = by_vote["precision"].var(ddof=0)
    table["error"] = np.sqrt((together["error"] ** 2).groupby("row", sort=True).mean() + between)
    return table
