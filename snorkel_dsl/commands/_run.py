"""One run from rules and data to labels, as `label`, `fit`, `predict` and `analyze` have it: votes, answers, what is said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from snorkel_dsl.api import Rules
from snorkel_dsl.commands import _labeling
from snorkel_dsl.commands._data import Chosen, Gold, choose_data, kept_columns, refuse_unreadable_columns, report_faults
from snorkel_dsl.commands._output import message, result
from snorkel_dsl.commands._project import load_rules, project_for
from snorkel_dsl.datasets.files import beside, check_folder
from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.datasets.writing import write_table
from snorkel_dsl.engine.feed import FaultCount
from snorkel_dsl.labels import Calibration
from snorkel_dsl.models.tasks import Answered
from snorkel_dsl.report.account import accounts
from snorkel_dsl.report.analysis import uncovered
from snorkel_dsl.report.plots import check_plots, reliability
from snorkel_dsl.report.table import share
from snorkel_dsl.votes import LabelMatrix


@dataclass(frozen=True)
class Run:
    """Rules, and the data that they are to vote on, with what the command line says of both."""

    rules: Rules
    chosen: Chosen
    balance: dict[str, _labeling.Balance]
    allow_changed: bool
    faults: FaultCount
    faults_file: Path | None
    most_faults: int
    reliability: Path | None

    @classmethod
    def open(cls, path: Path, data: tuple[str, ...], options: dict[str, Any]) -> Run:
        """Takes the options about data, gold, balance, faults and the project out of `options`."""
        project = project_for(path, options.pop("config"), options.pop("roots"))
        rules = load_rules(path, project)
        faults_file, most = options.pop("faults_file"), options.pop("max_faults")
        balance = _labeling.balances(options.pop("balance", ()), rules.program)
        changed = bool(options.pop("allow_changed", False))
        plot: Path | None = options.pop("reliability", None)
        chosen = choose_data(data, options, project.settings, rules.program)
        if plot is not None:
            _check_plot(plot, bool(chosen.gold))
        faults = FaultCount(keep=faults_file is not None)
        return Run(rules, chosen, balance, changed, faults, faults_file, most, plot)

    def fitted(self, model: str) -> list[Answered]:
        """The answer to each question by a model of that name; votes are only counted where that is enough."""
        if not _labeling.countable(self.rules, model):
            return Labeling.of(self).answered(model)
        counts = _labeling.counted_votes(self.rules, self.chosen, self.faults)
        refuse_unreadable_columns(self.faults)
        return _labeling.fit_counts(counts, self.rules.facts, model, self.balance)

    def save(self, answered: list[Answered], path: Path) -> None:
        """Saves the models of all questions."""
        _labeling.save(answered, path, self.rules.facts)
        message(f"{path}: the model of {', '.join(one.name for one in answered)}")

    def finish(self) -> int:
        """Says what could not be read; the exit code."""
        return report_faults(self.faults, self.faults_file, self.most_faults)


@dataclass(frozen=True)
class Labeling(Run):
    """The votes of rules on all rows of some data, with the columns that are kept and the gold that is known."""

    votes: LabelMatrix
    kept: pa.Table | None
    gold: dict[str, Gold]

    @classmethod
    def begin(cls, path: Path, data: tuple[str, ...], options: dict[str, Any], keep: str = "") -> Labeling:
        """Applies the rules. See `Run.open`."""
        return cls.of(cls.open(path, data, options), keep)

    @classmethod
    def of(cls, run: Run, keep: str = "") -> Labeling:
        """Applies the rules."""
        columns = kept_columns(keep, run.chosen.data)
        votes, table = _labeling.all_votes(run.rules, run.chosen, run.faults, columns)
        refuse_unreadable_columns(run.faults)
        gold = run.chosen.numbers(run.rules.program, table)
        kept = table.select(list(columns)) if columns else None
        return cls(**vars(run), votes=votes, kept=kept, gold=gold)

    def answered(self, model: str | _labeling.ModelFile) -> list[Answered]:
        """The answer to each question, by a model of that name fitted on these votes, or by those in a file."""
        return _labeling.answer_all(self.votes, model, self.balance, self.allow_changed)

    def write(self, answered: list[Answered], output: Path) -> None:
        """Writes the labels, and says what they are."""
        write_table(output, _labeling.label_table(self.kept, answered))
        result(accounts(answered, self.gold))
        message(f"{output}: {self.votes.n:,} rows")

    def uncovered(self, most: int) -> str:
        """Up to so many rows without a vote, as text."""
        return uncovered(self.rules.program, self.chosen.data, self.chosen.options, self.votes, most)

    def plot(self, answered: list[Answered]) -> None:
        """Draws the reliability of each answer whose gold is known, where that was asked for."""
        if self.reliability is None:
            return
        judged = [(one, known) for one in answered if (known := one.gold_of(self.gold)) is not None]
        panels = [(one.name, reliability_lines(one, known)) for one, known in judged]
        with beside(self.reliability) as file:
            file.write(reliability(panels))
        for name, lines in panels:
            errors = ", ".join(f"{error} of {who}" for who, error in ((w, share(f.error)) for w, f in lines))
            message(f"{self.reliability}: expected calibration error on {name}: {errors}")


def _check_plot(path: Path, judged: bool) -> None:
    """Raise RulesError where there is nothing to compare with, no place for the plot, or nothing that draws it."""
    if path.suffix.lower() != ".svg":
        raise refusal("unknown-output-format", f"`{path}` does not end in `.svg`", "plots are written as SVG")
    if not judged:
        raise refusal("bad-usage", "`--reliability` compares with gold", "say which column holds it: `--gold COLUMN`")
    check_folder(path)
    check_plots()


def reliability_lines(one: Answered, gold: Gold) -> list[tuple[str, Calibration]]:
    """The calibration of the label model, and of majority vote beside it."""
    sides = {f"label model ({one.model.name})": one.labels, "majority vote": one.majority}
    return [(name, labels.calibration(gold)) for name, labels in sides.items()]
