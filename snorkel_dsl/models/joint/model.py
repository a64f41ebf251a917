"""The multi-task label model: one distribution over all that a row can be like (Ratner et al., AAAI 2019).

Y is one vector out of the feasible set F (`feasible`), and votes are sets of F (`emissions`):

    P(y, row) = p(y) · Π_{votes e of the row} θ_e(y) · (Π_{i abstains} P(i abstains | y))^α           y in F

p is a product of small tables over the tree of F (`balance`), and all numbers are learned by EM (`estimation`). Every answer
is a sum over F (`messages`), so answers agree with each other: P(child) ≤ P(parent), and what a requirement rules out has
probability zero. One answer for all tasks is the vector of F that is expected to be right about most of them.

By default silence says nothing (α = 0), and the belief in rules counts half as much as their votes. Both were settled while
looking at simulations and at scores on the train **and** the test rows of the two rule sets of `benchmarks/joint.py`, so what
is printed of those is optimistic. Tried since, on simulations alone (trees, a diamond, findings, rules that fire together):
averages over settings as in `models.auto` (α of 0, ¼ and 1, s of ¼ to 3, and the expected precisions as they are) gain
.001 at most on average, and some lose; keeping answers within what all votes of a row allow helps some and hurts others
by a point. Neither is done. Left-out votes (`models.heldout`) were tried for choosing α and dropped: where a rule for a
label and one against it exclude each other, as on chest X-ray reports, the silence of one foretells the other perfectly and
says nothing of the label.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from snorkel_dsl.facts import Requirement, RuleFacts
from snorkel_dsl.models.archives import array, npy, reading, write_archive
from snorkel_dsl.models.joint.emissions import RIGHT, Emission, Voices, said_by, voices_of, votes_on
from snorkel_dsl.models.joint.estimation import Climb, Counted, Evidence, Fitted, Settings
from snorkel_dsl.models.joint.feasible import FeasibleSet, Said
from snorkel_dsl.models.joint.messages import Messages
from snorkel_dsl.models.majority import USUAL_PRECISION
from snorkel_dsl.models.statistics import systematic_sample
from snorkel_dsl.models.symbols import Symbols
from snorkel_dsl.votes import Floats, Ints, LabelMatrix, TaskLabels

if TYPE_CHECKING:
    import pandas as pd

STRENGTH = 0.5
MOST_PATTERNS = 20_000  # distinct rows to learn from: a hundred steps over them take seconds
FEWEST = 3  # independent functions, below which agreement tells nothing of a variable
_SYMBOLS = ("function", "allowed", "blocks", "joint")


class JointModel:
    """One label model for all tasks of a label matrix.

    `abstain` is α from 0 (off) to 1 (full), `prior` the usual precision and `strength` its weight as a multiple of the votes;
    `hold` says whether estimated shares of labels are held like declared ones. From more than 20,000 distinct rows as many are
    drawn with `seed`. Fitted: `feasible_`, `voices_` (the votes on
    each variable), `fitted_` (what was learned), `errors_` (one standard error of each precision), `explanation_`,
    `warnings_`, `tasks_`, `functions_`, `hashes_`.
    """

    name = "joint"

    def __init__(
        self,
        abstain: float = 0.0,
        strength: float = STRENGTH,
        hold: bool = False,
        prior: float = USUAL_PRECISION,
        iterations: int = 100,
        tolerance: float = 1e-4,
        seed: int = 0,
    ) -> None:
        self.settings = Settings(abstain, strength, hold, prior, iterations, tolerance, seed)

    # --- fitting -----------------------------------------------------------------------------------------------------

    def fit(
        self,
        votes: LabelMatrix,
        facts: RuleFacts | None = None,
        class_balance: Mapping[str, npt.ArrayLike] | None = None,
    ) -> Self:
        """Learns from the votes of all tasks, without gold.

        `facts` default to those of the matrix. `class_balance` has shares by the name of a task (k positive numbers; of a
        task under a label, among the rows of which it is asked) or of a label that may apply, `task.label` (without and with
        it). Raises ValueError where the requirements contradict each other, on shares that do not fit, and, as
        `TooManyError`, where requirements tie too much together.
        """
        known = votes.facts if facts is None else facts
        feasible = FeasibleSet(votes.tasks, known.requirements, said_by(votes))
        declared = _declared(feasible, {**known.balance, **(class_balance or {})})
        counted = self._counted(votes, feasible, known)
        self._know(feasible, votes.functions, known)
        climb = Climb(self.messages_, counted, known, self.settings)
        self.voices_ = tuple(one.on(None, 0) for one in counted.voices)
        self.priors_ = tuple(prior.precision for prior in climb.priors)
        self.fitted_: Fitted = climb.run(declared)
        self.errors_ = climb.standard_errors(self.fitted_)
        self.warnings_ = tuple(self._doubts(counted))
        self.explanation_ = self._explained(feasible, declared)
        return self

    def _counted(self, votes: LabelMatrix, feasible: FeasibleSet, facts: RuleFacts) -> Counted:
        """The distinct rows; where they are more than enough, a sample drawn in proportion to their counts."""
        patterns, chosen = votes.patterns(), None
        counts = patterns.counts.astype(np.float64)
        if counts.size > MOST_PATTERNS:
            chosen, counts = systematic_sample(counts, MOST_PATTERNS, self.settings.seed)
        return Counted(counts, tuple(voices_of(patterns.votes, chosen, counts, feasible, facts)))

    def _know(self, feasible: FeasibleSet, functions: tuple[str, ...], facts: RuleFacts) -> None:
        self.feasible_, self.messages_ = feasible, Messages(feasible)
        self.tasks_, self.functions_ = tuple(feasible.tasks.values()), functions
        self.hashes_ = tuple(facts.functions[f].semantic_hash if f in facts.functions else "" for f in functions)

    def _explained(self, feasible: FeasibleSet, declared: Mapping[int, Floats]) -> str:
        several = sum(variable.task is not None for variable in feasible.variables)
        held = ", the declared balance held" if declared else ""
        size = feasible.size()
        vectors = f"{size:,.0f}" if size < 1e6 else f"{size:.1e}"
        return (
            f"one model of {several} questions that inform each other: {vectors} answers are possible, in tables of "
            f"{self.messages_.configurations:,}{held}"
        )

    def _doubts(self, counted: Counted) -> list[str]:
        found = []
        for one in counted.voices:
            spoken = np.unique(one.symbols.voter[np.asarray(one.matrix.T @ counted.counts) > 0])
            name = self.feasible_.variables[one.variable].name
            if one.sided is not None:
                found.append(
                    f"`{name}`: every vote goes one way; how often it applies is what the rules' precisions say"
                )
            elif 0 < spoken.size < FEWEST:
                found.append(
                    f"`{name}`: fewer than {FEWEST} independent rules vote on it; other tasks must tell their worth"
                )
        return found

    # --- predicting --------------------------------------------------------------------------------------------------

    def predict_proba(self, votes: LabelMatrix) -> dict[str, Floats]:
        """P(state | votes) of each task, (n, k) float64 by its name, and of each label that may apply by `task.label`.

        Columns are the labels (of a label that may apply: that it does not, that it does); for a task under a label one more
        column is the chance that it is not asked. Rows sum to one.
        """
        patterns = votes.patterns()
        found = self.marginals(patterns.votes)[patterns.inverse]
        return {
            variable.name: found[:, self.feasible_.states_of(v)]
            for v, variable in enumerate(self.feasible_.variables)
            if variable.task is not None
        }

    def marginals(self, rows: LabelMatrix) -> Floats:
        """P(state | votes) of each state of all variables, (rows, states), row by row and not by distinct rows."""
        evidence = self.evidence(rows)
        return self.messages_.marginals(evidence, rows.n, self.fitted_.factors)

    def evidence(self, rows: LabelMatrix) -> Evidence:
        """What the votes of rows say of each state; functions are matched by name, strangers have no say.

        Raises ValueError where the model is not fitted or the tasks differ.
        """
        if not hasattr(self, "fitted_"):
            raise ValueError("this JointModel is not fitted")
        if rows.tasks != self.tasks_:
            raise ValueError("the model was fitted for other tasks")
        known = rows.select([name for name in rows.functions if name in set(self.functions_)])
        own = votes_on(known, self.feasible_)
        voices = tuple(one.on(own.get(one.variable), rows.n) for one in self.voices_)
        return self.fitted_.evidence(self.feasible_, voices)

    def answers(self, marginals: Floats) -> Ints:
        """One feasible vector of states a row, (rows, V): the one with the most states expected to be right.

        So each row's answers agree with each other and with every requirement. Helpers count for nothing.
        """
        counts = np.repeat(
            [variable.task is not None for variable in self.feasible_.variables], np.diff(self.feasible_.offsets)
        )
        flat = self.messages_.flat()
        batches = self.messages_.batches(len(marginals))
        parts = [self.messages_.best(np.where(counts, marginals[rows], 0.0), flat) for rows in batches]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.feasible_.variables)), dtype=np.int64)

    def most_probable(self, rows: LabelMatrix) -> Ints:
        """The feasible vector of the highest probability of each row, (rows, V) states, by max-product."""
        evidence, factors = self.evidence(rows), self.fitted_.factors
        parts = [self.messages_.best(evidence.of(batch), factors) for batch in self.messages_.batches(rows.n)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.feasible_.variables)), dtype=np.int64)

    def balance_of(self, variable: int) -> Floats:
        """The shares of the labels of a variable among the rows of which it is asked, (k)."""
        own = self.fitted_.balance[self.feasible_.states_of(variable)][: self.feasible_.variables[variable].labels]
        return np.asarray(own / max(own.sum(), 1e-300), dtype=np.float64)

    # --- what was learned --------------------------------------------------------------------------------------------

    def summary(self) -> pd.DataFrame:
        """What was learned of each vote: `question`, `function`, `says`, `coverage`, `precision`, `error`.

        Joint votes of functions that depend on each other have lines of their own, with all names. `error` is one standard
        error of the precision.
        """
        import pandas as pd

        lines = []
        for one, emission, errors in zip(self.voices_, self.fitted_.emissions, self.errors_, strict=True):
            states = self.feasible_.variables[one.variable].states
            for e in range(len(one.symbols)):
                says = ", ".join(states[y] for y in np.flatnonzero(one.symbols.allowed[e]))
                about = self.feasible_.variables[one.variable].name
                numbers = (float(emission.coverage[e]), float(emission.precision[e, RIGHT]), float(errors[e]))
                lines.append((about, one.speakers(e), says, *numbers))
        return pd.DataFrame(lines, columns=["question", "function", "says", "coverage", "precision", "error"])

    # --- saving ------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path | IO[bytes]) -> None:
        """Writes the fitted model to one file: a zip of JSON and npy arrays, the same bytes for the same model."""
        write_archive(path, self._contents(""))

    @classmethod
    def load(cls, path: str | Path) -> JointModel:
        """The model that `save` wrote. Raises ValueError where the file holds none."""
        with reading(path, "model.json", "label model") as archive:
            return cls._restored(archive, "")

    def _contents(self, folder: str) -> dict[str, bytes]:
        """The files of the archive by name."""
        about = {
            "model": self.name,
            "format": 1,
            "parameters": vars(self.settings),
            "tasks": [[t.name, t.labels, t.any_number, t.under] for t in self.tasks_],
            "requirements": [
                [_written(said) for said in (one.given, one.implied, *one.or_else)]
                for one in self.feasible_.requirements
            ],
            "events": [_written(said) for said in self.feasible_.events],
            "functions": self.functions_,
            "hashes": self.hashes_,
            "voices": [[one.variable, one.functions] for one in self.voices_],
            "explanation": self.explanation_,
            "warnings": self.warnings_,
        }
        arrays = {name: getattr(self.fitted_, name) for name in ("balance", "silence", "intercept")}
        arrays |= {f"factor_{c}": factor for c, factor in enumerate(self.fitted_.factors)}
        for i, (one, emission) in enumerate(zip(self.voices_, self.fitted_.emissions, strict=True)):
            arrays |= {f"{name}_{i}": getattr(one.symbols, name) for name in _SYMBOLS}
            arrays |= {f"precision_{i}": emission.precision, f"coverage_{i}": emission.coverage}
            arrays |= {f"error_{i}": self.errors_[i], f"prior_{i}": self.priors_[i]}
        files = {f"{folder}model.json": json.dumps(about, indent=1, sort_keys=True).encode()}
        return files | {f"{folder}{name}.npy": npy(np.asarray(values)) for name, values in arrays.items()}

    @classmethod
    def _restored(cls, archive: zipfile.ZipFile, folder: str) -> JointModel:
        about = json.loads(archive.read(f"{folder}model.json"))
        if about["model"] != cls.name or about["format"] != 1:
            raise ValueError("a model of an unknown kind or format")
        made = cls(**about["parameters"])
        tasks = [_task(*one) for one in about["tasks"]]
        requirements = [
            Requirement(given, implied, tuple(or_else))
            for given, implied, *or_else in ([_read(said) for said in sides] for sides in about["requirements"])
        ]
        feasible = FeasibleSet(tasks, requirements, [_read(said) for said in about["events"]])
        made._know(feasible, tuple(about["functions"]), RuleFacts())
        made.hashes_, made.explanation_ = tuple(about["hashes"]), str(about["explanation"])
        made.warnings_ = tuple(about["warnings"])

        def part(name: str) -> npt.NDArray[Any]:
            return array(archive, f"{folder}{name}.npy")

        voices, emissions = [], []
        for i, (variable, functions) in enumerate(about["voices"]):
            symbols = Symbols(*(part(f"{name}_{i}") for name in _SYMBOLS))
            asked = feasible.variables[variable].asked_always
            voices.append(Voices.silent(variable, tuple(functions), symbols, asked))
            emissions.append(Emission(part(f"precision_{i}"), part(f"coverage_{i}")))
        made.voices_ = tuple(voices)
        made.errors_ = tuple(part(f"error_{i}") for i in range(len(voices)))
        made.priors_ = tuple(part(f"prior_{i}") for i in range(len(voices)))
        factors = tuple(part(f"factor_{c}") for c in range(len(feasible.cliques)))
        made.fitted_ = Fitted(factors, part("balance"), tuple(emissions), part("silence"), part("intercept"))
        made._check_shapes()
        return made

    def _check_shapes(self) -> None:
        """Raise ValueError where the arrays of a file are not those of its tasks."""
        sizes = [len(clique.configurations) for clique in self.feasible_.cliques]
        states = int(self.feasible_.offsets[-1])
        fine = [factor.shape for factor in self.fitted_.factors] == [(size,) for size in sizes]
        fine &= self.fitted_.balance.shape == self.fitted_.intercept.shape == (states,)
        for one, emission in zip(self.voices_, self.fitted_.emissions, strict=True):
            d = len(one.symbols)
            fine &= emission.precision.shape == (d, 3) and emission.coverage.shape == (d,)
            fine &= one.symbols.k == len(self.feasible_.variables[one.variable].states)
        if not fine:
            raise ValueError("numbers that are not of its tasks")


def _written(said: Said) -> list[Any]:
    return [said[0], sorted(said[1])]


def _read(said: list[Any]) -> Said:
    return str(said[0]), frozenset(int(number) for number in said[1])


def _task(name: str, labels: list[str], any_number: bool, under: list[Any] | None) -> TaskLabels:
    above = None if under is None else (str(under[0]), int(under[1]))
    return TaskLabels(str(name), tuple(labels), bool(any_number), above)


def _declared(feasible: FeasibleSet, balance: Mapping[str, npt.ArrayLike]) -> dict[int, Floats]:
    """The shares that are given, by variable. Raises ValueError where they do not fit."""
    found = {}
    for v, variable in enumerate(feasible.variables):
        if variable.task is None or variable.name not in balance:
            continue
        shares = np.asarray(balance[variable.name], dtype=np.float64)
        if shares.shape != (variable.labels,) or not np.all(np.isfinite(shares)) or np.any(shares <= 0):
            raise ValueError(f"the class balance of `{variable.name}` must be {variable.labels} shares above 0")
        found[v] = shares / shares.sum()
    return found
