"""Several tasks: one label model for all questions that inform each other, or one for each.

Tasks inform each other where one stands under a label of another, or where a requirement ties them. Then all are answered
together (`joint`): what is learned of a rule on one task tells on the others, and no answer contradicts another. Votes cannot
tell whether that is better than a model for each question (`models.joint.model` says what was tried), but the requirements
hold by construction only there, so it is what happens unless `separate` is asked for, or the requirements tie more
together than tables can hold.

Separate models are fitted question by question on what all votes say of it.

A task with one true label is one question. Where any number of its labels may apply, each label is a question of its own, and
gets a model with the classes `not LABEL` and `LABEL`; where rules only ever vote one way on it, there is nothing to learn
from, and each counts with the precision that is expected of it (`expected`). A task under a label of another is asked only of
the rows that got that label, so its model is fitted on those, after the model of the task above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.labels import Labels
from snorkel_dsl.models.auto import LabelModel
from snorkel_dsl.models.base import Model
from snorkel_dsl.models.counts import Counts
from snorkel_dsl.models.expected import ExpectedPrecision
from snorkel_dsl.models.joint.answers import Answers, Decided, Part
from snorkel_dsl.models.joint.feasible import TooManyError
from snorkel_dsl.models.joint.model import JointModel
from snorkel_dsl.models.majority import MajorityVote
from snorkel_dsl.models.stored import Bundle
from snorkel_dsl.votes import Bools, Floats, LabelMatrix, TaskLabels


@dataclass(frozen=True, eq=False)
class Answered:
    """A question and its answer: the votes on it, the fitted model, its labels, and majority vote to compare with.

    `label` is the class number of the label that is asked for, where any number may apply. `asked` (n) bool are the rows of
    which it is asked; the labels leave all others uncovered. `left_out` is the number of votes for one of
    several labels that may all apply: they say nothing of this one alone. `parent` names the label that the task is under.
    `known` (n) bool are the rows of which is known whether it is asked. `joint` is the model of all questions, if there is one.
    Where votes were only counted, the rows are distinct ones, and `weights` (n) says how many each stands for.
    """

    task: TaskLabels
    label: int | None
    votes: LabelMatrix
    model: Model
    labels: Labels
    majority: Labels
    asked: Bools
    left_out: int = 0
    parent: str | None = None
    known: Bools | None = None
    joint: JointModel | None = None
    weights: Floats | None = None

    @property
    def name(self) -> str:
        """The name of the question: the task's, or `task.label`."""
        return self.labels.task

    def gold_of(self, gold: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.int64] | None:
        """Its own gold class numbers, (n), out of the gold of each task; None where there is none."""
        own = gold.get(self.task.name)
        return own if own is None or self.label is None else own[:, self.label]

    @cached_property
    def sided(self) -> int | None:
        """The only class that any of its functions votes for, where there is only one."""
        return one_sided(self.votes)


def one_sided(votes: LabelMatrix) -> int | None:
    """The only class that any function votes for, where there is only one."""
    said = frozenset[int]().union(*votes.polarity())
    return next(iter(said)) if len(said) == 1 else None


def fit_tasks(
    votes: LabelMatrix, new_model: Callable[[], Model], balance: Mapping[str, npt.ArrayLike] | None = None
) -> list[Answered]:
    """A fitted model for each question on which some function votes, in the order of the tasks.

    `balance` has class balances by the name of the question (shares of `not LABEL` and `LABEL` for a single label); without
    one comes that of the votes' facts.
    """

    def fitted(own: LabelMatrix, label: int | None) -> Model:
        model = new_model()
        if label is not None and isinstance(model, LabelModel) and one_sided(own) is not None:
            model = ExpectedPrecision()  # agreement alone would say that the label always applies
        return model.fit(own, class_balance=(balance or {}).get(own.only_task.name))

    return _answer_all(votes, fitted)


def fit_counted(counts: Counts, facts: RuleFacts, model: Model, balance: npt.ArrayLike | None = None) -> Answered:
    """The answer to a lone question with one true label by a model fitted on counted votes; its rows are distinct ones."""
    task = counts.patterns.only_task
    model.fit_counts(counts, facts, balance)
    majority = MajorityVote().fit_counts(counts, replace(facts, balance={}))
    patterns = replace(counts.patterns, facts=facts)
    everything: Bools = np.ones(patterns.n, dtype=np.bool_)
    labels = model.label(patterns), majority.label(patterns)
    return Answered(task, None, patterns, model, *labels, everything, weights=counts.tally.weights)


def label_tasks(votes: LabelMatrix, models: Mapping[str, Model]) -> list[Answered]:
    """The answers of models that are fitted already, by the name of their question; a question without one has none.

    Functions that a model was not fitted with have no say in its answer. Raises ValueError where labels differ.
    """
    return _answer_all(votes, lambda own, _: models.get(own.only_task.name))


def _answer_all(votes: LabelMatrix, model_of: Callable[[LabelMatrix, int | None], Model | None]) -> list[Answered]:
    """The answers to all questions, each by the model that `model_of` gives for its votes and label."""
    found: dict[tuple[str, int | None], Answered] = {}
    for task in _parents_first(votes.tasks):
        asked = _asked(votes, task, found)
        for label in range(len(task.labels)) if task.any_number else (None,):
            own = votes.question(task.name, None if label is None else task.labels[label])
            here = own if asked.all() or not asked.any() else own.take(asked)
            model = model_of(here, label) if own.functions else None
            if model is not None:
                answered = _answer(task, label, own, here, model, asked)
                parent = _parent(votes.tasks, task)
                known = _known(votes, task, found)
                left_out = _left_out(votes, task, label)
                found[task.name, label] = replace(answered, left_out=left_out, parent=parent, known=known)
    return _ordered(votes, found)


def _parent(tasks: tuple[TaskLabels, ...], task: TaskLabels) -> str | None:
    """The label that a task is under, as it is written."""
    if task.under is None:
        return None
    labels = next((one.labels for one in tasks if one.name == task.under[0]), ())
    return f"{task.under[0]}.{labels[task.under[1]]}" if labels else None


def _parents_first(tasks: tuple[TaskLabels, ...]) -> list[TaskLabels]:
    known = {task.name: task for task in tasks}

    def depth(task: TaskLabels) -> int:
        return 0 if task.under is None or task.under[0] not in known else 1 + depth(known[task.under[0]])

    return sorted(tasks, key=depth)


def _asked(votes: LabelMatrix, task: TaskLabels, found: Mapping[tuple[str, int | None], Answered]) -> Bools:
    """The rows of which a task is asked: those that got the label that it is under; all, where nothing is known of that."""
    everything: Bools = np.ones(votes.n, dtype=np.bool_)
    if task.under is None:
        return everything
    parent, label = task.under
    if (parent, None) in found:
        return np.asarray(found[parent, None].labels.predict() == label)
    above = found.get((parent, label))
    return everything if above is None else np.asarray(above.labels.predict() == 1)


def _known(votes: LabelMatrix, task: TaskLabels, found: Mapping[tuple[str, int | None], Answered]) -> Bools:
    """The rows of which is known whether a task is asked: those whose label above is known."""
    parent, label = task.under or ("", 0)
    above = found.get((parent, None), found.get((parent, label)))
    return np.ones(votes.n, dtype=np.bool_) if above is None else np.asarray(above.labels.predict() >= 0)


def _answer(
    task: TaskLabels, label: int | None, votes: LabelMatrix, here: LabelMatrix, model: Model, asked: Bools
) -> Answered:
    """What a fitted model says of a question; `here` are the votes on the rows of which it is asked."""
    majority = MajorityVote().fit(here, facts=replace(votes.facts, balance={}))
    known = votes.select([name for name in votes.functions if name in model.functions_])
    return Answered(
        task, label, votes, model, _only(model.label(known), asked), _only(majority.label(votes), asked), asked
    )


def _only(labels: Labels, asked: Bools) -> Labels:
    """Labels that cover only the rows of which the question is asked."""
    return replace(labels, covered=labels.covered & asked)


def _left_out(votes: LabelMatrix, task: TaskLabels, label: int | None) -> int:
    """How many votes name a label beside others of which any may apply."""
    if label is None:
        return 0
    own = votes.task(task.name)
    naming = [
        code
        for code in range(-1 - len(own.label_sets), -1)
        if any(y % len(task.labels) == label for y in own.labels_of(code))
    ]
    return int(np.isin(own.codes, naming).sum())


# ------------------------------------------------------------------------------------------------- all questions at once


def informs(votes: LabelMatrix) -> bool:
    """Whether tasks inform each other: one is under a label of another, or a requirement ties two, or two of their labels."""
    names = {task.name for task in votes.tasks}
    return bool(votes.facts.requirements) or any(
        task.under is not None and task.under[0] in names for task in votes.tasks
    )


def fit_joint(votes: LabelMatrix, balance: Mapping[str, npt.ArrayLike] | None = None) -> list[Answered]:
    """The answers of one model of all questions on which some function votes, in the order of the tasks.

    `balance` has class balances by the name of the question. Raises `TooManyError` where requirements tie too much together.
    """
    return answer_jointly(JointModel().fit(votes, class_balance=balance), votes)


def answer_jointly(joint: JointModel, votes: LabelMatrix) -> list[Answered]:
    """The answers of a fitted model of all questions. Raises ValueError where it was fitted for other tasks."""
    answers = Answers.of(joint, votes)
    found: dict[tuple[str, int | None], Answered] = {}
    for v in joint.feasible_.parents_first():
        variable = joint.feasible_.variables[v]
        task = joint.feasible_.tasks[variable.task or ""]
        own = votes.question(task.name, None if variable.label is None else task.labels[variable.label])
        if own.functions:
            asked, known = _asked(votes, task, found), _known(votes, task, found)
            here = own if asked.all() or not asked.any() else own.take(asked)
            majority = _only(MajorityVote().fit(here, facts=replace(own.facts, balance={})).label(own), asked)
            labels = answers.labels(v, own.only_task.name, own.covered & asked)
            about = (_left_out(votes, task, variable.label), _parent(votes.tasks, task), known, joint)
            part = Part.of(joint, v, own)
            found[task.name, variable.label] = Answered(
                task, variable.label, own, part, labels, majority, asked, *about
            )
    return _ordered(votes, found)


def _ordered(votes: LabelMatrix, found: Mapping[tuple[str, int | None], Answered]) -> list[Answered]:
    order = {task.name: place for place, task in enumerate(votes.tasks)}
    return sorted(found.values(), key=lambda one: (order[one.task.name], -1 if one.label is None else one.label))


# ------------------------------------------------------------------------------------------------- the default, in files


def fit_questions(votes: LabelMatrix, balance: Mapping[str, npt.ArrayLike] | None = None) -> list[Answered]:
    """The answers by default models: one of all questions where tasks inform each other, else one for each.

    `balance` is as for `fit_tasks`. Where requirements tie more together than tables can hold, each has its own after all.
    """
    if informs(votes):
        try:
            return fit_joint(votes, balance)
        except TooManyError:
            pass
    return fit_tasks(votes, LabelModel, balance)


def answer_questions(bundle: Bundle, votes: LabelMatrix) -> list[Answered]:
    """The answers of fitted models. Raises ValueError where tasks or labels differ from those that they were fitted for."""
    return label_tasks(votes, bundle.models) if bundle.joint is None else answer_jointly(bundle.joint, votes)


def bundle_of(answered: list[Answered], facts: RuleFacts) -> Bundle:
    """The models of all questions, with the hashes of the functions that they were fitted with."""
    joint = answered[0].joint if answered else None
    hashes = {name: known.semantic_hash for name, known in facts.functions.items()}
    return Bundle({one.name: one.model for one in answered if one.joint is None}, hashes, joint)


# ------------------------------------------------------------------------------------------------------------- columns


def columns_of(answered: list[Answered]) -> dict[str, list[Any] | Floats]:
    """What is written of the answers: for each task T a column T, and T.LABEL with the probability of each label.

    T holds a label's name or None; where any number of the labels may apply, the list of those that are more likely than not
    (None on a row without any vote). A probability is NaN where the task is not asked, and, for a label that may apply
    beside others, where no vote says anything of it. A task under a label of another has a column `T.asked` besides: True
    where the row has that label, False where it has another and the task is not applicable, None where that is not known.
    Under one model of all tasks the probabilities of its labels sum to the chance that it is asked.
    """
    columns: dict[str, list[Any] | Floats] = {}
    for task in dict.fromkeys(one.task for one in answered):
        own = [one for one in answered if one.task == task]
        columns |= _lists(task, own) if task.any_number else _single(own[0])
        if own[0].parent is not None and own[0].known is not None:
            columns[f"{task.name}.asked"] = [
                bool(asked) if known else None for asked, known in zip(own[0].asked, own[0].known, strict=True)
            ]
    return columns


def _single(one: Answered) -> dict[str, list[Any] | Floats]:
    names = [*one.task.labels, None]
    columns: dict[str, list[Any] | Floats] = {one.task.name: [names[number] for number in one.labels.predict()]}
    for number, label in enumerate(one.task.labels):
        columns[f"{one.task.name}.{label}"] = np.where(one.asked, one.labels.probabilities[:, number], np.nan)
    return columns


def _lists(task: TaskLabels, own: list[Answered]) -> dict[str, list[Any] | Floats]:
    n = len(own[0].labels)
    likely = {one.label: one.labels.predict(uncovered=isinstance(one.labels, Decided)) == 1 for one in own}
    covered = np.any([one.labels.covered for one in own], axis=0)
    names = [
        [label for y, label in enumerate(task.labels) if y in likely and likely[y][row]] if covered[row] else None
        for row in range(n)
    ]
    columns: dict[str, list[Any] | Floats] = {task.name: names}
    by_label = {one.label: one.labels for one in own}
    for number, label in enumerate(task.labels):
        labels = by_label.get(number)
        nothing = np.full(n, np.nan)
        columns[f"{task.name}.{label}"] = (
            nothing if labels is None else np.where(labels.covered, labels.probabilities[:, 1], np.nan)
        )
    return columns
