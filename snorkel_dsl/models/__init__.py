"""Label models: from the votes of labeling functions to probabilistic labels, without ground truth.

The folder is the registry: every public model is a class with a `name` in a file of its own, and is found there.
`LabelModel` is the default.
"""

from __future__ import annotations

import importlib
import io
import json
import math
import pkgutil
import zipfile
from pathlib import Path

import numpy as np

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
    """The model that `save` wrote. Raises ValueError where the file holds none of a known kind.

    The file may come from anywhere: nothing in it is run, and it takes no more memory than it has bytes.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f"`{path}` holds no label model")
    try:
        with zipfile.ZipFile(path) as archive:
            return _load(path, archive)
    except (zipfile.BadZipFile, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise ValueError(f"`{path}` holds no label model that can be read: {wrong}") from None


def _load(path: str | Path, archive: zipfile.ZipFile) -> Model:
    if "model.json" not in archive.namelist():
        raise ValueError(f"`{path}` holds no label model")
    for file in archive.infolist():
        if file.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"`{path}` was not written by a label model: `{file.filename}` is compressed")
        if file.filename.endswith(".npy"):
            _check_array(archive.read(file))
    about = json.loads(archive.read("model.json"))
    kinds = registry()
    if about.get("model") not in kinds or about.get("format") != 1:
        raise ValueError(f"`{path}` holds a label model of an unknown kind or format")
    model = kinds[about["model"]](**about["parameters"])
    model._restore(archive, "")
    if model.class_balance_.shape != (len(model.labels_),):
        raise ValueError(f"`{path}` holds a label model whose class balance is not of its labels")
    return model


def _check_array(content: bytes) -> None:
    """Raise ValueError where a file is no array of numbers, or says that it is larger than it is."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array of an unknown format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in "bifu" or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError("an array that is not what it says")
