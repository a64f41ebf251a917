"""The label matrix: n rows × m labeling functions.

The waist between rules and models; with `labels` the only place that knows what abstaining looks like.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from snorkel_dsl.facts import RuleFacts

ABSTAIN = -1


@dataclass(frozen=True)
class TaskLabels:
    """A task's name and its labels in the order of their class numbers."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class LabelMatrix:
    """Votes of m labeling functions on n rows, sparse, function by function.

    The votes of function j are `codes[indptr[j]:indptr[j + 1]]` on the rows `rows[indptr[j]:indptr[j + 1]]` (ascending);
    on every other row it abstains. A code ≥ 0 is a class number of the function's task. A code ≤ -2 is a set of labels
    (a partial vote or a complement): `label_sets[-2 - code]`. -1 (abstain) is never stored.

    Shapes: `indptr` (m + 1) int64, `rows` (nnz) int64, `codes` (nnz) int8 (int16 where a task has over 127 labels).
    """

    n: int
    functions: tuple[str, ...]
    tasks: tuple[TaskLabels, ...]
    task_of: tuple[int, ...]  # for each function, the index of its task in `tasks`
    indptr: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int8] | npt.NDArray[np.int16]
    label_sets: tuple[frozenset[int], ...] = ()
    facts: RuleFacts = field(default_factory=RuleFacts)
