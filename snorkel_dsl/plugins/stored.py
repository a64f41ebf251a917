"""The stored signatures of a plugin: `functions.toml`, read strictly.

    name = "lengths"
    version = 1

    [[function]]
    name = "mean_length"
    parameters = [{ name = "text", kind = "text" }]
    result = "number"
    doc = "the mean length of the words"
    example = "mean_length(text) is above 6"

A function is `pure` unless it says `pure = false`: the same arguments always give the same result. A `batch` function gets a
list for each parameter and returns a list of results. One that `needs_model` may take its time over the first call.
"""

from __future__ import annotations

import keyword
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language.check.resolving import StoredFunction, StoredFunctions
from snorkel_dsl.language.ir import PluginFunction
from snorkel_dsl.language.types import Kind

FILE = "functions.toml"
LARGEST = 1 << 20  # bytes
PARAMETERS = {
    kind.value: kind
    for kind in (
        Kind.TEXT,
        Kind.NUMBER,
        Kind.TIME,
        Kind.CLOCK,
        Kind.DURATION,
        Kind.YES_NO,
        Kind.TEXTS,
        Kind.NUMBERS,
    )
}
RESULTS = {"number": Kind.NUMBER, "text": Kind.TEXT, "yes/no": Kind.CONDITION}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PLUGIN = {"name": str, "version": int, "function": list}
_FUNCTION = {
    "name": str,
    "parameters": list,
    "result": str,
    "doc": str,
    "example": str,
    "pure": bool,
    "batch": bool,
    "needs_model": bool,
}
_PARAMETER = {"name": str, "kind": str}


class SignatureError(ValueError):
    """A `functions.toml` that does not say what it must; the message says what is wrong with it."""


def read_functions(file: Path, plugin: str) -> StoredFunctions:
    """The signatures that a file stores for a plugin of that name. Raises SignatureError where it is not as it must be."""
    try:
        if file.stat().st_size > LARGEST:
            raise SignatureError(f"is larger than {LARGEST:,} bytes")
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SignatureError(f"cannot be read: {(error.strerror or 'no such file').lower()}") from None
    except (ValueError, RecursionError) as wrong:  # no TOML, no UTF-8, or a number without end
        raise SignatureError(f"is not TOML: {str(wrong)[:1].lower()}{str(wrong)[1:]}") from None
    return _plugin(content, plugin)


def _plugin(content: Mapping[str, Any], plugin: str) -> StoredFunctions:
    _check(content, _PLUGIN, "", ("name", "version", "function"))
    if content["name"] != plugin:
        raise SignatureError(f"is of a plugin called `{content['name']}`; the entry point calls it `{plugin}`")
    version = content["version"]
    if version < 1:
        raise SignatureError(f"has the version {version}, and versions are counted from 1")
    functions = tuple(_function(table, plugin, version) for table in content["function"])
    names = [stored.function.name for stored in functions]
    for name in names:
        if names.count(name) > 1:
            raise SignatureError(f"declares `{name}` twice")
    return StoredFunctions(plugin, version, functions)


def _function(table: Any, plugin: str, version: int) -> StoredFunction:
    where = f"the function `{table.get('name', '?')}`" if isinstance(table, dict) else "a function"
    if not isinstance(table, dict):
        raise SignatureError("has a `function` that is no table: write `[[function]]`")
    _check(table, _FUNCTION, f"{where}: ", ("name", "parameters", "result", "doc"))
    name = _identifier(table["name"], where)
    parameters = [_parameter(one, where) for one in table["parameters"]]
    if not parameters:
        raise SignatureError(f"has no parameters for {where}: it would say the same of every row")
    if table["result"] not in RESULTS:
        raise SignatureError(f"gives {where} the result `{table['result']}`: {_one_of(RESULTS)}")
    function = PluginFunction(
        plugin,
        version,
        name,
        tuple(kind for _, kind in parameters),
        RESULTS[table["result"]],
        table.get("pure", True),
        table.get("batch", False),
        table.get("needs_model", False),
    )
    return StoredFunction(function, tuple(name for name, _ in parameters), table["doc"], table.get("example", ""))


def _parameter(table: Any, where: str) -> tuple[str, Kind]:
    if not isinstance(table, dict):
        raise SignatureError(f'has a parameter of {where} that is no table: `{{ name = "text", kind = "text" }}`')
    _check(table, _PARAMETER, f"a parameter of {where}: ", ("name", "kind"))
    if table["kind"] not in PARAMETERS:
        raise SignatureError(f"gives a parameter of {where} the kind `{table['kind']}`: {_one_of(PARAMETERS)}")
    return _identifier(table["name"], f"a parameter of {where}"), PARAMETERS[table["kind"]]


def _identifier(name: str, where: str) -> str:
    if _NAME.fullmatch(name) and not keyword.iskeyword(name):
        return name
    raise SignatureError(f"calls {where} `{name}`, and that is no name in Python")


def _one_of(known: Mapping[str, Kind]) -> str:
    return "it must be one of " + ", ".join(f"`{name}`" for name in known)


def _check(table: Mapping[str, Any], known: Mapping[str, type], where: str, needed: tuple[str, ...]) -> None:
    for key, value in table.items():
        if key not in known:
            close = did_you_mean(key, known)
            raise SignatureError(f"{where}has the key `{key}`" + (f": did you mean `{close}`?" if close else ""))
        if type(value) is not known[key]:
            raise SignatureError(f"{where}has a `{key}` that is no {_WORDS[known[key]]}")
    for key in needed:
        if key not in table:
            raise SignatureError(f"{where}has no `{key}`")


_WORDS = {str: "text", int: "whole number", list: "list", bool: "true or false"}
