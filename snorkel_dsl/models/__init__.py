"""Label models: from the votes of labeling functions to probabilistic labels, without ground truth.

The folder is the registry: every public model is a class with a `name` in a file of its own, and is found there.
`LabelModel` is the default.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import zipfile
from pathlib import Path

from snorkel_dsl.models.auto import LabelModel
from snorkel_dsl.models.base import Model
from snorkel_dsl.models.dawid_skene import DawidSkene
from snorkel_dsl.models.majority import MajorityVote, WeightedVote
from snorkel_dsl.models.matrix_completion import MatrixCompletion

__all__ = ["DawidSkene", "LabelModel", "MajorityVote", "MatrixCompletion", "Model", "WeightedVote", "load", "registry"]


def registry() -> dict[str, type[Model]]:
    """All models by name, found in the files of this folder."""
    found: dict[str, type[Model]] = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Model) and kind.name:
                found[kind.name] = kind
    return dict(sorted(found.items()))


def load(path: str | Path) -> Model:
    """The model that `save` wrote. Raises ValueError where the file holds none of a known kind."""
    if not zipfile.is_zipfile(path):
        raise ValueError(f"`{path}` holds no label model")
    with zipfile.ZipFile(path) as archive:
        if "model.json" not in archive.namelist():
            raise ValueError(f"`{path}` holds no label model")
        about = json.loads(archive.read("model.json"))
        kinds = registry()
        if about.get("model") not in kinds or about.get("format") != 1:
            raise ValueError(f"`{path}` holds a label model of an unknown kind or format")
        model = kinds[about["model"]](**about["parameters"])
        model._restore(archive, "")
    return model
