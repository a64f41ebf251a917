"""Label models: from the votes of labeling functions to probabilistic labels, without ground truth.

The folder is the registry: every public model is a class with a `name` in a file of its own, and is found there.
`LabelModel` is the default.
"""

from __future__ import annotations

from snorkel_dsl.models.auto import LabelModel
from snorkel_dsl.models.base import Model
from snorkel_dsl.models.dawid_skene import DawidSkene
from snorkel_dsl.models.majority import MajorityVote, WeightedVote
from snorkel_dsl.models.matrix_completion import MatrixCompletion
from snorkel_dsl.models.stored import Bundle, load, load_bundle, registry

__all__ = [
    "Bundle",
    "DawidSkene",
    "LabelModel",
    "MajorityVote",
    "MatrixCompletion",
    "Model",
    "WeightedVote",
    "load",
    "load_bundle",
    "registry",
]
