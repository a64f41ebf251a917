"""What all label models share: parameters, `fit`, `predict_proba`, scores, and how they are saved.

A model is a plain class in a file of its own. Its parameters are the arguments of its `__init__`; what it learned ends in
an underscore. It says how to fit on counted votes (`_fit`) and what the log-odds of the distinct rows are (`_logits`).
"""

from __future__ import annotations

import inspect
import json
import zipfile
from functools import reduce
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.labels import Labels
from snorkel_dsl.models.archives import array, npy, write_archive
from snorkel_dsl.models.counts import Counts, Tally
from snorkel_dsl.models.statistics import Statistics, statistics_of
from snorkel_dsl.models.symbols import Symbols
from snorkel_dsl.votes import Bools, Floats, Ints, LabelMatrix, check_gold

if TYPE_CHECKING:
    import pandas as pd

MOST_PATTERNS = 100_000
ROWS_AT_ONCE = 1 << 16  # when predicting: what is worked on stays in the caches
FEW_LABELS = 16
CELLS_AT_ONCE = 1 << 16  # with more labels: the same for rows of probabilities
SMALLEST = 1e-9  # probabilities below this count as this in logarithms


class Model:
    """A label model in scikit-learn's manner. Subclasses give `name`, `_fit`, `_logits` and the names of what they save."""

    name: ClassVar[str] = ""
    saved: ClassVar[tuple[str, ...]] = ()  # fitted arrays, besides those of this class

    task_: str
    labels_: tuple[str, ...]
    functions_: tuple[str, ...]
    hashes_: tuple[str, ...]
    class_balance_: Floats
    explanation_: str
    warnings_: tuple[str, ...] = ()  # what to doubt, a sentence each

    def __init__(self) -> None:
        """A model without parameters."""

    # --- parameters --------------------------------------------------------------------------------------------------

    @classmethod
    def _parameters(cls) -> tuple[str, ...]:
        return tuple(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; `deep` is there for scikit-learn."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **parameters: Any) -> Self:
        """Sets parameters. Raises ValueError on an unknown name."""
        for name, value in parameters.items():
            if name not in self._parameters():
                raise ValueError(f"`{name}` is no parameter of {type(self).__name__}: {', '.join(self._parameters())}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"

    # --- fitting -----------------------------------------------------------------------------------------------------

    def fit(
        self,
        votes: LabelMatrix | npt.ArrayLike,
        facts: RuleFacts | None = None,
        class_balance: npt.ArrayLike | None = None,
        gold: npt.ArrayLike | None = None,
    ) -> Self:
        """Learns from the votes of one task, n × m: a label matrix, or an array as Snorkel's appliers give it.

        `facts` defaults to those of the matrix. `class_balance` is k positive shares (made to sum to one); without it
        comes that of the facts, then that of `gold`, then the model's own. `gold` (n) holds class numbers, -1 where
        unknown. Raises ValueError on a matrix of several tasks, or of one of which any number of labels may apply
        (`models.tasks` fits those), and on a balance or gold that does not fit.
        """
        votes = _matrix(votes)
        task = votes.only_task
        if task.any_number:
            raise ValueError(
                f"any number of the labels of `{task.name}` may apply: fit a model for each, on the votes of "
                f'`.question("{task.name}", "{task.labels[0]}")` and so on, '
                "or all of them with `snorkel_dsl.models.tasks.fit_tasks`"
            )
        known = votes.facts if facts is None else facts
        truth = None if gold is None else check_gold(gold, votes.n, len(task.labels))
        return self._learn(Tally.of(votes, truth), known, class_balance)

    def fit_counts(
        self, counts: Counts, facts: RuleFacts | None = None, class_balance: npt.ArrayLike | None = None
    ) -> Self:
        """Learns from votes that were counted before, in one batch or many, with the gold labels counted beside them.

        What it learns is what `fit` learns from the same rows. `facts` and `class_balance` are as there. Raises ValueError
        on a balance that does not fit, and where functions mean something else to the facts than when they were counted.
        """
        known = facts or RuleFacts()
        now = {name: one.semantic_hash for name, one in known.functions.items()}
        changed = [name for name, hash_ in counts.hashes.items() if now.get(name, hash_) != hash_]
        if changed:
            raise ValueError(f"`{changed[0]}` has changed since its votes were counted")
        return self._learn(counts.tally, known, class_balance)

    def _learn(self, tally: Tally, known: RuleFacts, class_balance: npt.ArrayLike | None) -> Self:
        """Learns from counted votes."""
        votes, task = tally.votes, tally.votes.only_task
        self.task_, self.labels_, self.functions_ = task.name, task.labels, votes.functions
        self.hashes_ = tuple(
            known.functions[name].semantic_hash if name in known.functions else "" for name in votes.functions
        )
        declared = class_balance if class_balance is not None else known.balance.get(task.name)
        balance = _balance_of(tally.judged) if declared is None else _checked_balance(declared, len(task.labels))
        seed = int(getattr(self, "seed", 0))
        self._fit(statistics_of(tally, known, MOST_PATTERNS, seed), balance, known)
        return self

    def _fit(self, statistics: Statistics, balance: Floats | None, facts: RuleFacts) -> None:
        """Learns from counted votes; `balance` is None where it must be estimated."""
        raise TypeError(f"{type(self).__name__} can't be fitted")

    def _logits(self, votes: LabelMatrix) -> Floats:
        """The log-odds log P(y, row), up to a constant of the row, (rows, k); the functions are the model's, in its order."""
        raise TypeError(f"{type(self).__name__} can't predict")

    def summary(self) -> pd.DataFrame:
        """What was learned of each vote of a function, one row each: `function`, `says` (labels), `coverage` (share of rows),
        `precision` (the chance that it is right), `error` (one standard error of that). NaN is what the model does not learn.

        Of a model that averages others it is the mean over those that learn precisions; by how much they differ is part of
        the error.
        """
        from snorkel_dsl.models.precision import averaged

        tables = [member.summary() for member in getattr(self, "members_", ())]
        if not tables:
            raise TypeError(f"{type(self).__name__} has no summary")
        learned = [table for table in tables if table["error"].notna().any()]
        return averaged(learned or tables)

    # --- predicting --------------------------------------------------------------------------------------------------

    def predict_proba(self, votes: LabelMatrix | npt.ArrayLike) -> Floats:
        """P(y | votes), (n, k) float64; computed once for each distinct row of some ten thousands.

        Functions are matched by name, the columns of an array in the model's order; one that the model knows and the
        matrix lacks abstains. Raises ValueError where the model is not fitted, the labels differ, or a function is unknown
        to the model.
        """
        aligned = self._aligned(votes)
        found = np.empty((aligned.n, len(self.labels_)))
        for start in range(0, aligned.n, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, aligned.n)
            patterns = (aligned.between(start, stop) if stop - start < aligned.n else aligned).patterns()
            found[start:stop] = softmax(self._logits(patterns.votes))[patterns.inverse]
        return found

    def label(self, votes: LabelMatrix | npt.ArrayLike) -> Labels:
        """The votes' probabilistic labels."""
        matrix = self._aligned(votes)
        return Labels(self.task_, self.labels_, self.predict_proba(matrix), matrix.covered)

    def predict(
        self, votes: LabelMatrix | npt.ArrayLike, tie: str | int = "abstain", seed: int = 0, uncovered: bool = False
    ) -> Ints:
        """The class number of each row, (n), -1 where there is none. See `Labels.predict`."""
        return self.label(votes).predict(tie, seed, uncovered)

    def score(self, votes: LabelMatrix | npt.ArrayLike, gold: npt.ArrayLike) -> float:
        """The accuracy. See `Labels.accuracy`."""
        return self.label(votes).accuracy(gold)

    def _aligned(self, votes: LabelMatrix | npt.ArrayLike) -> LabelMatrix:
        """The votes with the functions of the model in its order."""
        if not hasattr(self, "functions_"):
            raise ValueError(f"this {type(self).__name__} is not fitted")
        votes = _matrix(votes, self.functions_, self.labels_)
        if votes.labels != self.labels_:
            raise ValueError(
                f"the model knows the labels {', '.join(self.labels_)}, these are {', '.join(votes.labels)}"
            )
        strangers = [name for name in votes.functions if name not in self.functions_]
        if strangers:
            raise ValueError(f"the model was not fitted with the function `{strangers[0]}`")
        return votes if votes.functions == self.functions_ else votes.widened(self.functions_)

    # --- saving ------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path | IO[bytes]) -> None:
        """Writes the fitted model to one file: a zip of JSON and npy arrays, the same bytes for the same model."""
        write_archive(path, self._contents(""))

    def _contents(self, folder: str) -> dict[str, bytes]:
        """The files of the archive by name."""
        about = {
            "model": self.name,
            "format": 1,
            "parameters": self.get_params(),
            "task": self.task_,
            "labels": self.labels_,
            "functions": self.functions_,
            "hashes": self.hashes_,
            "explanation": self.explanation_,
            "warnings": self.warnings_,
        }
        files = {f"{folder}model.json": json.dumps(about, indent=1, sort_keys=True).encode()}
        for name in ("class_balance_", *self.saved):
            files[f"{folder}{name}.npy"] = npy(np.asarray(getattr(self, name)))
        return files

    def _restore(self, archive: zipfile.ZipFile, folder: str) -> None:
        """Takes what was learned out of an archive."""
        about = json.loads(archive.read(f"{folder}model.json"))
        self.task_, self.explanation_ = about["task"], about["explanation"]
        self.warnings_ = tuple(about.get("warnings", ()))
        self.labels_, self.functions_, self.hashes_ = (tuple(about[key]) for key in ("labels", "functions", "hashes"))
        for name in ("class_balance_", *self.saved):
            setattr(self, name, array(archive, f"{folder}{name}.npy"))


class SymbolModel(Model):
    """A label model with numbers for each symbol: `symbol_function_` (d), `symbol_labels_` (d, k), and joint votes.

    `blocks_` (m) is the number of each function's block; the last symbols are the joint votes of blocks, whose members
    `joint_` (joints, d - joints) holds.
    """

    saved: ClassVar[tuple[str, ...]] = ("symbol_function_", "symbol_labels_", "blocks_", "joint_")
    symbol_function_: Ints
    symbol_labels_: Bools
    blocks_: Ints
    joint_: Bools

    @property
    def symbols_(self) -> Symbols:
        """The vocabulary."""
        parts = (self.symbol_function_, self.symbol_labels_, self.blocks_, self.joint_)
        kept = getattr(self, "_symbols", None)
        if kept is None or any(one is not other for one, other in zip(kept[0], parts, strict=True)):
            kept = self._symbols = (parts, Symbols(*parts))
        return kept[1]

    def _keep(self, symbols: Symbols) -> None:
        self.symbol_function_, self.symbol_labels_ = symbols.function, symbols.allowed
        self.blocks_, self.joint_ = symbols.blocks, symbols.joint


def softmax(logits: Floats, out: Floats | None = None) -> Floats:
    """Rows of probabilities from log-odds, by log-sum-exp; written to `out`, which may be the log-odds."""
    n, k = logits.shape
    if k > FEW_LABELS:
        shares = np.empty((n, k)) if out is None else out
        for start in range(0, n, 1 + CELLS_AT_ONCE // k):
            piece = slice(start, start + 1 + CELLS_AT_ONCE // k)
            part = np.subtract(logits[piece], logits[piece].max(axis=1, keepdims=True), out=shares[piece])
            np.exp(part, out=part)
            part /= part.sum(axis=1, keepdims=True)
        return shares
    columns = [logits[:, y] for y in range(k)]  # a reduction over a few columns at a time costs more than the columns
    highest = reduce(np.maximum, columns, np.full(n, -np.inf))
    raised = [np.exp(column - highest) for column in columns]
    total = reduce(np.add, raised, np.zeros(n))
    shares = np.empty((n, k)) if out is None else out
    for y, column in enumerate(raised):
        np.divide(column, total, out=shares[:, y])
    return shares


def log(probabilities: Floats) -> Floats:
    """The logarithm of probabilities, none below that of 1e-9."""
    return np.asarray(np.log(np.maximum(probabilities, SMALLEST)), dtype=np.float64)


def _matrix(
    votes: LabelMatrix | npt.ArrayLike, functions: tuple[str, ...] | None = None, labels: tuple[str, ...] | None = None
) -> LabelMatrix:
    """Votes as a label matrix; an array gets the given names."""
    return votes if isinstance(votes, LabelMatrix) else LabelMatrix.from_dense(votes, functions, labels)


def _checked_balance(balance: npt.ArrayLike, k: int) -> Floats:
    shares = np.asarray(balance, dtype=np.float64)
    if shares.shape != (k,):
        raise ValueError(f"the class balance must be {k} shares, one a label")
    if not np.all(np.isfinite(shares)) or np.any(shares <= 0):
        raise ValueError("the shares of a class balance must be above 0: leave out a label that never occurs")
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _balance_of(judged: Ints) -> Floats | None:
    """The balance of the gold labels, of which `judged` (k) are seen, with half a row for each, where there are any."""
    seen = judged + 0.5
    return np.asarray(seen / seen.sum(), dtype=np.float64) if judged.any() else None
