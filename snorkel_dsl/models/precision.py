"""What models share that learn how often each vote is right: the numbers, the table of them, and votes that were never met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from snorkel_dsl.models.base import SymbolModel, log
from snorkel_dsl.models.blocks import row_sums
from snorkel_dsl.models.symbols import unseen
from snorkel_dsl.votes import Floats, LabelMatrix

if TYPE_CHECKING:
    import pandas as pd


class PrecisionModel(SymbolModel):
    """A label model with a precision for each symbol.

    Of the symbols, (d) each: `coverage_` is the share of rows, `precision_` P(Y ∈ e | e), and `precision_error_` one standard
    error of that (NaN where nothing was learned); `prior_` (m) is the precision that is expected of each function.
    """

    saved: ClassVar[tuple[str, ...]] = (
        *SymbolModel.saved,
        "coverage_",
        "prior_",
        "precision_",
        "precision_error_",
    )
    coverage_: Floats
    prior_: Floats
    precision_: Floats
    precision_error_: Floats

    def _unmet(self, votes: LabelMatrix) -> Floats | float:
        """What votes that were not met in fitting add to the log-odds, (n, k): they are as precise as is expected of them."""
        new = unseen(votes, self.symbols_)
        if not len(new):
            return 0.0
        usual = log(new.spread(self.prior_[new.function], self.class_balance_))
        return row_sums(votes, new, usual - log(self.class_balance_))

    def summary(self) -> pd.DataFrame:
        """What was learned of each vote of a function: see `precision_table`."""
        return precision_table(self, self.precision_, self.precision_error_, self.coverage_)


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
