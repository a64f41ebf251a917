"""What `label`, `analyze`, `explain` and `demo` share: all votes of some data, a fitted model for each task, its account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from snorkel_dsl.api import Rules
from snorkel_dsl.commands._data import Chosen
from snorkel_dsl.commands._options import pairs
from snorkel_dsl.commands._progress import progress
from snorkel_dsl.datasets.files import beside, check_folder
from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.diagnostics import RulesError, did_you_mean
from snorkel_dsl.engine.feed import FaultCount, Fed, feed
from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.language import ir
from snorkel_dsl.models.base import Model
from snorkel_dsl.models.counts import Counts, running_total
from snorkel_dsl.models.joint.feasible import TooManyError
from snorkel_dsl.models.stored import Bundle, Changes, load_bundle, registry
from snorkel_dsl.models.tasks import (
    Answered,
    answer_questions,
    bundle_of,
    columns_of,
    fit_counted,
    fit_joint,
    fit_questions,
    fit_tasks,
)
from snorkel_dsl.report.names import short_names
from snorkel_dsl.votes import LabelMatrix

Balance = tuple[float, ...]
JOINT, SEPARATE = "joint", "separate"  # one model of all questions, or one for each
MOST_NAMED = 10  # rules in a message


def all_votes(
    rules: Rules, chosen: Chosen, faults: FaultCount, kept: tuple[str, ...] = ()
) -> tuple[LabelMatrix, pa.Table]:
    """The votes on all rows with the facts, and a table of the kept and the gold columns."""
    gold = chosen.gold_columns(rules.program).values()
    extra = tuple(dict.fromkeys((*kept, *gold)))
    parts = list(_fed(rules, chosen, faults, extra))
    if not sum(part.votes.n for part in parts):
        raise _no_rows(chosen)
    tables = [pa.Table.from_batches([part.extra]) for part in parts] if extra else []
    together = pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})
    return LabelMatrix.concat([part.votes for part in parts]), together


def counted_votes(rules: Rules, chosen: Chosen, faults: FaultCount) -> Counts:
    """The votes on the lone question of the rules, counted batch by batch: no more is held than distinct rows."""
    task = rules.program.tasks[0].name
    counts = running_total(Counts.of(part.votes.question(task)) for part in _fed(rules, chosen, faults, ()))
    if counts is None or not counts.n:
        raise _no_rows(chosen)
    return counts


def _fed(rules: Rules, chosen: Chosen, faults: FaultCount, extra: tuple[str, ...]) -> Iterator[Fed]:
    """The votes batch by batch, with the progress shown."""
    with progress("applying", chosen.data.rows, chosen.data.size) as advance:
        for fed in feed(rules.program, chosen.data, chosen.options, faults, extra, rules.facts, chosen.processes):
            yield fed
            advance(fed.votes.n, fed.position)


def _no_rows(chosen: Chosen) -> RulesError:
    return refusal("empty-data", f"`{chosen.data.name}` has no rows")


def countable(rules: Rules, model: str) -> bool:
    """Whether counted votes are all that fitting needs: there is one question, which is not any number of labels."""
    tasks = rules.program.tasks
    return len(tasks) == 1 and not tasks[0].any_number and not rules.facts.requirements and model != JOINT


def fit_counts(counts: Counts, facts: RuleFacts, model: str, balance: dict[str, Balance]) -> list[Answered]:
    """The answer of a model fitted on counted votes, for distinct rows."""
    return [fit_counted(counts, facts, named_model(model), balance.get(counts.patterns.only_task.name))]


def fit_all(votes: LabelMatrix, model: str, balance: dict[str, Balance]) -> list[Answered]:
    """The answers of one model of all questions, or of one for each, fitted on the votes alone.

    `auto` is one for all where tasks inform each other.
    """
    if model == "auto":
        return fit_questions(votes, balance)
    if model == JOINT:
        try:
            return fit_joint(votes, balance)
        except TooManyError as wrong:
            raise refusal("unknown-model", f"no joint model can be fitted: {wrong}", "say `--model separate`") from None
    return fit_tasks(votes, lambda: named_model(model), balance)


def named_model(name: str) -> Model:
    """A new model by its name. Raises RulesError on an unknown one."""
    known = registry()
    if name in (JOINT, SEPARATE):
        name = "auto"
    if name in known:
        return known[name]()
    close = did_you_mean(name, (*known, JOINT, SEPARATE))
    helps = [f"did you mean `{close}`?"] if close else []
    raise refusal(
        "unknown-model", f"no label model is called `{name}`", *helps, "`snorkel-dsl label --model list` lists them"
    )


def balances(texts: tuple[str, ...], program: ir.Program) -> dict[str, Balance]:
    """The class balance of each question from `LABEL=SHARE`; labels without a share divide what is left equally.

    Where any number of labels may apply, each is a question of its own, `task.label`.
    """
    given: dict[str, dict[str, float]] = {}
    single: dict[str, Balance] = {}
    for name, text in pairs(texts, "--balance", "SPAM=13%").items():
        task, label = _label_named(name, program)
        share = _share(name, text)
        if task.any_number:
            single[f"{task.name}.{label}"] = (1 - share, share)
        else:
            given.setdefault(task.name, {})[label] = share
    return single | {name: _completed(program.task(name), shares) for name, shares in given.items()}


def _label_named(name: str, program: ir.Program) -> tuple[ir.Task, str]:
    before, _, label = name.rpartition(".")
    found = [task for task in program.tasks if label in task.labels and before in ("", task.name)]
    if len(found) == 1:
        return found[0], label
    labels = [known for task in program.tasks for known in task.labels]
    close = did_you_mean(label, labels)
    helps = (
        f"did you mean `{close}`?" if close and not found else f"the labels are {', '.join(f'`{x}`' for x in labels)}"
    )
    what = "is a label of several tasks: write `TASK.LABEL=…`" if found else "names no label"
    raise refusal("bad-balance", f"`--balance {name}=…` {what}", helps)


def _share(name: str, text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise refusal(
            "bad-balance",
            f"`{text}` is no share for `{name}`",
            f"did you mean `--balance {name}={text}%`?"
            if 1 <= value < 100
            else "a share lies between 0% and 100%, as in `--balance SPAM=13%`",
        )
    return value


def _completed(task: ir.Task, shares: dict[str, float]) -> Balance:
    rest = [label for label in task.labels if label not in shares]
    left = 1 - sum(shares.values())
    if (rest and left <= 0) or (not rest and abs(left) > 0.005):
        raise refusal("bad-balance", f"the shares of `{task.name}` sum to {100 * (1 - left):g}%, not 100%")
    return tuple(shares.get(label, left / max(len(rest), 1)) for label in task.labels)


# ------------------------------------------------------------------------------------------------------------- results


def label_table(kept: pa.Table | None, answered: list[Answered]) -> pa.Table:
    """The kept columns, and for each task T the column T (a label, a list of labels, or null) and T.LABEL."""
    columns: dict[str, Any] = {} if kept is None else {name: kept.column(name) for name in kept.column_names}
    several = {one.task.name for one in answered if one.task.any_number}
    for name, values in columns_of(answered).items():
        if isinstance(values, list) and "." in name:  # T.asked
            columns[name] = pa.array(values, pa.bool_())
        elif isinstance(values, list):
            columns[name] = pa.array(values, pa.list_(pa.string()) if name in several else pa.string())
        else:
            columns[name] = pa.array(values, pa.float64(), mask=np.isnan(values))
    return pa.table(columns)


# --------------------------------------------------------------------------------------------------- models in files


@dataclass(frozen=True)
class ModelFile:
    """A file of fitted models."""

    path: Path
    bundle: Bundle


def open_model(model: str) -> str | ModelFile:
    """The name of a model, or what is in a file. Raises RulesError where it is neither."""
    if model in (JOINT, SEPARATE, *registry()):
        return model
    path = Path(model)
    if path.suffix == ".model" or path.is_file():
        return read_models(path)
    named_model(model)
    return model


def answer_all(
    votes: LabelMatrix, model: str | ModelFile, balance: dict[str, Balance], allow_changed: bool = False
) -> list[Answered]:
    """The answers to all questions: by a model of that name, fitted on these votes, or by those in a file."""
    if isinstance(model, str):
        return fit_all(votes, model, balance)
    if balance:
        raise refusal(
            "bad-option",
            f"`--balance` is for fitting, and the models of `{model.path}` are fitted",
            f"give it to `snorkel-dsl fit … -o {model.path.name}`",
        )
    return label_all(votes, model, allow_changed)


def label_all(votes: LabelMatrix, model: ModelFile, allow_changed: bool) -> list[Answered]:
    """The answers of the models in a file. Raises RulesError where they were fitted with other rules, unless allowed."""
    changes = model.bundle.changes(votes.facts)
    if changes and not allow_changed:
        raise refusal(
            "changed-rules", f"`{model.path}` was fitted with other rules than these", *_helps(changes, model.path)
        )
    again = f"fit it again: `snorkel-dsl fit RULES DATA -o {model.path.name}`"
    try:
        answered = answer_questions(model.bundle, votes)
    except ValueError as wrong:
        raise refusal("changed-labels", f"`{model.path}` does not fit these rules: {wrong}", again) from None
    if not answered:
        asked = ", ".join(f"`{name}`" for name in model.bundle.models)
        raise refusal("changed-labels", f"`{model.path}` answers {asked}, which these rules do not ask", again)
    return answered


def read_models(path: Path) -> ModelFile:
    """The models in a file. Raises RulesError where it is missing or holds none."""
    if not path.is_file():
        raise refusal(
            "unreadable-model", f"there is no file `{path}`", "`snorkel-dsl fit RULES DATA -o FILE.model` writes one"
        )
    try:
        return ModelFile(path, load_bundle(path))
    except ValueError as wrong:
        helps = "`snorkel-dsl fit RULES DATA -o FILE.model` writes one"
        raise refusal("unreadable-model", str(wrong), helps) from None


def _helps(changes: Changes, path: Path) -> list[str]:
    listed = {"changed": changes.changed, "new": changes.new, "gone": changes.gone}
    named = [f"{what}: {_shortlist(short_names(names))}" for what, names in listed.items() if names]
    again = f"fit it again: `snorkel-dsl fit RULES DATA -o {path.name}`"
    return [*named, again, "or say `--allow-changed`: a changed rule counts as it did, a new one not at all"]


def _shortlist(names: Mapping[str, str]) -> str:
    shown = [f"`{name}`" for name in list(names.values())[:MOST_NAMED]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def save(answered: list[Answered], path: Path, facts: RuleFacts) -> None:
    """Save the models of all questions to one file, with the hashes of the rules."""
    check_folder(path)
    with beside(path) as file:
        bundle_of(answered, facts).save(file)
