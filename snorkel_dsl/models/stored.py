"""Label models in files: the registry that finds their kinds, `load`, and bundles of the models of several questions.

A model is a zip of JSON and npy arrays, never compressed and never pickled, with the same bytes for the same model. A
bundle is the same with a folder for each question, and the semantic hashes of all functions that its votes came from, so that
what was learned of a rule is not taken for what a changed rule is worth. A file may come from anywhere: nothing in it is run,
and reading it takes no more memory than it has bytes.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from snorkel_dsl.facts import RuleFacts
from snorkel_dsl.models.archives import reading, write_archive
from snorkel_dsl.models.base import Model
from snorkel_dsl.models.joint.model import JointModel
from snorkel_dsl.votes import ABSTAIN, LabelMatrix

FORMAT = 1
_ABOUT = "bundle.json"
_JOINT = "joint/"


def registry() -> dict[str, type[Model]]:
    """All models that can be fitted to one question, by name, found in the files of this folder."""
    package = importlib.import_module(__name__.rpartition(".")[0])
    found: dict[str, type[Model]] = {}
    for file in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{file.name}")
        for kind in vars(module).values():
            fits = isinstance(kind, type) and issubclass(kind, Model) and kind._fit is not Model._fit
            if fits and kind.name:
                found[kind.name] = kind
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Bundle:
    """Fitted models by the name of their question, and the semantic hash of each function of the rules by its name.

    Functions without a hash are those of votes that did not come from rules. A `joint` model answers all questions.
    """

    models: Mapping[str, Model]
    hashes: Mapping[str, str] = field(default_factory=dict)
    joint: JointModel | None = None

    def save(self, path: str | Path | IO[bytes]) -> None:
        """Writes all of it to one file, the same bytes for the same content."""
        about = {"format": FORMAT, "questions": list(self.models), "functions": dict(self.hashes)}
        files = {_ABOUT: json.dumps(about, indent=1, sort_keys=True).encode()}
        for number, model in enumerate(self.models.values()):
            files |= model._contents(f"question_{number}/")
        if self.joint is not None:
            files |= self.joint._contents(_JOINT)
        write_archive(path, files)

    def changes(self, facts: RuleFacts) -> Changes:
        """How the functions of other facts differ from those that the models were fitted with."""
        now = {name: known.semantic_hash for name, known in facts.functions.items()}
        return Changes(
            tuple(name for name, hash_ in now.items() if self.hashes.get(name, hash_) != hash_),
            tuple(name for name in now if name not in self.hashes),
            tuple(name for name in self.hashes if name not in now),
        )


@dataclass(frozen=True)
class Changes:
    """The names of functions that are not what they were: their meaning `changed`, they are `new`, or they are `gone`."""

    changed: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.new or self.gone)


def load(path: str | Path) -> Model:
    """The model that `save` wrote, or the only one of a bundle. Raises ValueError where the file holds none of a known kind."""
    bundle = load_bundle(path)
    models = bundle.models
    if bundle.joint is not None:
        raise ValueError(f"`{path}` holds one model of several questions: use `load_bundle`")
    if len(models) != 1:
        listed = ", ".join(f"`{name}`" for name in models)
        raise ValueError(f"`{path}` holds the models of {len(models)} questions, {listed}: use `load_bundle`")
    return next(iter(models.values()))


def load_bundle(path: str | Path) -> Bundle:
    """The bundle that was saved; a single model is one of its own. Raises ValueError where the file holds neither."""
    with reading(path, "model.json", "label model") as archive:
        return _bundle(archive)


def _bundle(archive: zipfile.ZipFile) -> Bundle:
    if _ABOUT not in archive.namelist():
        if json.loads(archive.read("model.json"))["model"] == JointModel.name:
            joint = JointModel._restored(archive, "")
            return Bundle({}, dict(zip(joint.functions_, joint.hashes_, strict=True)), joint)
        model = _model(archive, "")
        return Bundle({model.task_: model}, dict(zip(model.functions_, model.hashes_, strict=True)))
    about = json.loads(archive.read(_ABOUT))
    if about["format"] != FORMAT:
        raise ValueError("an unknown format")
    models = {str(name): _model(archive, f"question_{e}/") for e, name in enumerate(about["questions"])}
    together = JointModel._restored(archive, _JOINT) if f"{_JOINT}model.json" in archive.namelist() else None
    return Bundle(models, {str(name): str(hash_) for name, hash_ in about["functions"].items()}, together)


def _model(archive: zipfile.ZipFile, folder: str) -> Model:
    about = json.loads(archive.read(f"{folder}model.json"))
    kinds = registry()
    if about["model"] not in kinds or about["format"] != FORMAT:
        raise ValueError("a model of an unknown kind or format")
    model = kinds[about["model"]](**about["parameters"])
    model._restore(archive, folder)
    if model.class_balance_.shape != (len(model.labels_),):
        raise ValueError("a class balance that is not of the labels")
    _try(model)
    return model


def _try(model: Model) -> None:
    """Raise an error where a model that comes from a file can't answer, or contradicts itself."""
    texts = (model.task_, model.explanation_, *model.labels_, *model.functions_, *model.hashes_)
    if not all(isinstance(text, str) for text in texts) or len(model.hashes_) != len(model.functions_):
        raise ValueError("names that are none")
    rows = np.array([[ABSTAIN], [0], [len(model.labels_) - 1]]).repeat(len(model.functions_), axis=1)
    with np.errstate(all="ignore"):
        shares = model.predict_proba(LabelMatrix.from_dense(rows, model.functions_, model.labels_, model.task_))
    if not np.allclose(shares.sum(axis=1), 1):
        raise ValueError("a model that gives no probabilities")
