"""The multi-task label model: all tasks of a program as one distribution over what a row can be like."""

from __future__ import annotations

from snorkel_dsl.models.joint.answers import Answers, Decided
from snorkel_dsl.models.joint.feasible import FeasibleSet, TooManyError
from snorkel_dsl.models.joint.influence import Push, across, influences
from snorkel_dsl.models.joint.model import JointModel
from snorkel_dsl.models.joint.targets import Target, targets

__all__ = [
    "Answers",
    "Decided",
    "FeasibleSet",
    "JointModel",
    "Push",
    "Target",
    "TooManyError",
    "across",
    "influences",
    "targets",
]
