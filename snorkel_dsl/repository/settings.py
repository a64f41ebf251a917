"""Settings: `[tool.snorkel-dsl]` in pyproject.toml, or snorkel-dsl.toml, in the nearest folder upward that has them.

A key that is not known is an error, never ignored. Paths in a settings file start at its folder; `$NAME` in the path of a
dataset is an environment variable, for data that lies elsewhere on each machine.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snorkel_dsl.datasets.options import ReadOptions, refusal
from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language.ir import FUNCTION_SECONDS

if TYPE_CHECKING:
    from snorkel_dsl.knowledge.pipelines import PipelineSettings

OWN_FILE = "snorkel-dsl.toml"
_LONGEST = 86_400  # seconds
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_KEYS: dict[str, type | tuple[type, ...]] = {
    "rules": list,
    "roots": list,
    "datasets": dict,
    "spacy": str,
    "spacy_patterns": str,
    "function_seconds": (int, float),
    "processes": int,
}
_DATASET_KEYS: dict[str, type | tuple[type, ...]] = {
    "path": str,
    "gold": (str, dict),
    "gold-map": dict,
    "columns": dict,
    "missing": list,
    "encoding": str,
    "delimiter": str,
    "format": str,
    "header": bool,
    "names": list,
}


@dataclass(frozen=True)
class NamedDataset:
    """A dataset that the settings name: where it is, how it is read, and its gold.

    `gold` maps a task to the column that holds its gold; the task "" stands for the only one.
    """

    name: str
    path: Path
    options: ReadOptions
    gold: Mapping[str, str]
    gold_map: Mapping[str, str]

    def found(self) -> Path:
        """The path. Raises RulesError where a variable in it is not set."""
        unset = _VARIABLE.search(str(self.path))
        if unset is None:
            return self.path
        name = unset[1] or unset[2]
        raise refusal(
            "missing-data",
            f"the environment variable `{name}` is not set, and the settings name data that lies there",
            f"say which folder it is: `export {name}=/path/to/data`",
        )


@dataclass(frozen=True)
class Settings:
    """What holds, and the file that it comes from (None: nothing was found, and the defaults hold)."""

    file: Path | None = None
    rules: tuple[Path, ...] = ()
    roots: tuple[Path, ...] = ()
    datasets: Mapping[str, NamedDataset] = field(default_factory=dict)
    pipeline: PipelineSettings | None = None
    function_seconds: float = FUNCTION_SECONDS
    processes: int | None = None

    @property
    def folder(self) -> Path | None:
        """The folder of the settings file: the first root for files that rules name."""
        return self.file.parent if self.file else None

    def dataset(self, name: str) -> NamedDataset:
        """The dataset of a name. Raises RulesError, with a suggestion, where there is none."""
        if name in self.datasets:
            return self.datasets[name]
        close = did_you_mean(name, self.datasets)
        line = f'{name} = {{ path = "{name}.csv", gold = "label" }}'
        where = f"`{self.file}`" if self.file else f"`{OWN_FILE}`"
        raise refusal(
            "unknown-dataset",
            f"no dataset is called `{name}`",
            f"did you mean `{close}`?" if close else f"add it to {where}, under [tool.snorkel-dsl.datasets]: `{line}`",
        )


def find_settings(start: Path) -> Settings:
    """The settings that hold for a file or folder. Raises RulesError where a settings file has mistakes."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (own := candidate / OWN_FILE).is_file():
            return load_settings(_near(own))
        project = candidate / "pyproject.toml"
        if project.is_file() and "snorkel-dsl" in _toml(project).get("tool", {}):
            return load_settings(_near(project))
    return Settings()


def _near(path: Path) -> Path:
    """A path as one would write it from the current folder, where it lies below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def load_settings(path: Path) -> Settings:
    """The settings of one file. Raises RulesError where it is missing, not TOML, or says what is not known."""
    if not path.is_file():
        raise refusal("bad-setting", f"there is no file `{path}`")
    content = _toml(path)
    table = content.get("tool", {}).get("snorkel-dsl", {})
    if path.name != "pyproject.toml" and "tool" not in content:
        table = content
    _check(table, _KEYS, "", path)
    datasets = {name: _dataset(name, value, path) for name, value in table.get("datasets", {}).items()}
    pipeline, seconds, processes = _pipeline(table, path), _seconds(table, path), _processes(table, path)
    rules, roots = _paths(table, "rules", path), _paths(table, "roots", path)
    return Settings(path, rules, roots, datasets, pipeline, seconds, processes)


def _pipeline(table: Mapping[str, Any], file: Path) -> PipelineSettings | None:
    name, patterns = table.get("spacy"), table.get("spacy_patterns")
    if name is None and patterns is None:
        return None
    from snorkel_dsl.knowledge.pipelines import BLANK, PipelineSettings

    if patterns is not None and not (name or "").startswith(BLANK):
        raise refusal(
            "bad-setting",
            f"`spacy_patterns` in `{file}` needs a blank pipeline",
            'write `spacy = "blank:en"` beside it; a trained pipeline keeps its patterns in its own folder',
        )
    return None if name is None else PipelineSettings(name, file, patterns)


def _seconds(table: Mapping[str, Any], file: Path) -> float:
    seconds = table.get("function_seconds", FUNCTION_SECONDS)
    if isinstance(seconds, bool) or not 0 < seconds <= _LONGEST:
        raise refusal("bad-setting", f"`function_seconds` in `{file}` must be a number above 0, at most {_LONGEST:,}")
    return float(seconds)


def _processes(table: Mapping[str, Any], file: Path) -> int | None:
    number = table.get("processes")
    if number is not None and (isinstance(number, bool) or number < 1):
        raise refusal("bad-setting", f"`processes` in `{file}` must be a whole number of at least 1")
    return None if number is None else int(number)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        text = str(wrong)
        raise refusal("bad-setting", f"`{path}` is not TOML: {text[:1].lower()}{text[1:]}") from None


def _paths(table: Mapping[str, Any], key: str, file: Path) -> tuple[Path, ...]:
    return tuple(file.parent / value for value in _texts(table.get(key, []), key, file))


def _texts(values: list[Any], key: str, file: Path) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str):
            raise refusal("bad-setting", f"`{key}` in `{file}` holds `{value}`, and that is no text")
    return tuple(values)


def _dataset(name: str, value: Any, file: Path) -> NamedDataset:
    where = f"datasets.{name}"
    if isinstance(value, str):
        value = {"path": value}
    if not isinstance(value, dict):
        raise refusal("bad-setting", f"`{where}` in `{file}` is no dataset", f'write `{name} = {{ path = "…" }}`')
    _check(value, _DATASET_KEYS, where + ".", file)
    if "path" not in value:
        raise refusal("bad-setting", f"`{where}` in `{file}` has no `path`", f'write `{name} = {{ path = "…" }}`')
    gold = value.get("gold", {})
    return NamedDataset(
        name,
        file.parent / os.path.expandvars(value["path"]),
        ReadOptions(
            format=value.get("format"),
            encoding=value.get("encoding"),
            delimiter=value.get("delimiter"),
            header=value.get("header", True),
            names=_texts(value.get("names", []), f"{where}.names", file),
            missing=_texts(value.get("missing", []), f"{where}.missing", file),
            columns=_words(value.get("columns", {})),
        ),
        {"": gold} if isinstance(gold, str) else _words(gold),
        _words(value.get("gold-map", {})),
    )


def _words(table: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in table.items()}


def _check(table: Mapping[str, Any], known: Mapping[str, type | tuple[type, ...]], before: str, file: Path) -> None:
    for key, value in table.items():
        if key not in known:
            close = did_you_mean(key, known)
            helps = f"did you mean `{before}{close}`?" if close else f"the settings are {', '.join(known)}"
            raise refusal("unknown-setting", f"`{before}{key}` in `{file}` is no setting", helps)
        if not isinstance(value, known[key]):
            words = {list: "a list", dict: "a table", bool: "true or false", (int, float): "a number"}
            expected = words.get(known[key], "a text")
            raise refusal("bad-setting", f"`{before}{key}` in `{file}` must be {expected}")
