"""The multi-task label model: all tasks of a program as one distribution over what a row can be like."""

from __future__ import annotations

from snorkel_dsl.models.joint.feasible import FeasibleSet, TooManyError
from snorkel_dsl.models.joint.model import JointModel

__all__ = ["FeasibleSet", "JointModel", "TooManyError"]
