"""Functions of plugins: which ones a file may call, and whether a call fits the stored signature."""

from __future__ import annotations

from collections.abc import Sequence

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.resolving import Refusal, StoredFunction, StoredFunctions
from snorkel_dsl.language.check.scope import ARTICLE, Names, Typed
from snorkel_dsl.language.types import Kind, Type

_OPERATORS = {Kind.NUMBER: "call_number", Kind.TEXT: "call_text", Kind.CONDITION: "call_condition"}
_ALSO = {Kind.TEXT: Kind.CHOICE, Kind.YES_NO: Kind.CONDITION}  # what else goes where a kind is wanted


def use_functions(names: Names, blocks: Sequence[ast.UsePlugin]) -> None:
    """Declare the functions of every plugin that a file uses; of one function there may be several."""
    seen: dict[str, ast.UsePlugin] = {}
    for block in blocks:
        first = seen.setdefault(block.plugin.text, block)
        if first is not block:
            names.report(
                "repeated-line",
                f"the plugin `{block.plugin.text}` is used twice",
                block,
                "one is enough",
                others=[(first.span, "the first is here")],
            )
            continue
        found = names.resolver.plugin(block.plugin.text, int(block.version.value))
        if isinstance(found, Refusal):
            at = block.version if found.kind == "plugin-version" else block.plugin
            names.report(found.kind, found.message, at, found.label, helps=found.helps)
            names.lost_functions = True
            continue
        for stored in found.functions:
            names.functions[stored.function.name] = (*names.functions.get(stored.function.name, ()), stored)


def beside_functions(names: Names, conditions: Sequence[ast.Condition]) -> list[ast.Condition]:
    """The conditions that have no function's name: both are called alike, so they cannot share one."""
    for block in conditions:
        stored = names.functions.get(block.name.text)
        if stored is not None:
            names.report(
                "duplicate-name",
                f"`{block.name.text}` is already a function of the plugin `{stored[0].function.plugin}`",
                block.name,
                "the same name",
                helps=["choose another name"],
            )
    return [block for block in conditions if block.name.text not in names.functions]


def find_function(names: Names, node: ast.Call) -> StoredFunction | None:
    """The function that a call means. Says so where there is none, or more than one."""
    found = names.functions.get(node.function.text, ())
    if len(found) == 1:
        return found[0]
    if not found:
        _unknown(names, node)
        return None
    plugins = " and ".join(f"`{stored.function.plugin}`" for stored in found)
    names.report(
        "ambiguous-function",
        f"`{node.function.text}` is a function of the plugins {plugins}",
        node.function,
        "which one is meant",
        helps=["use only one of these plugins in this file"],
    )
    return None


def _unknown(names: Names, node: ast.Call) -> None:
    name = node.function.text
    if names.lost_functions or names.is_poisoned(name):
        return
    callable_ = [*names.conditions, *names.functions]
    likely = did_you_mean(name, callable_)
    if likely is not None or names.kind_of(name) is not None:
        names.unknown("condition or function", callable_, node.function)
        return
    helps = [_use_line(plugin) for plugin in names.resolver.plugins() if name in _names(plugin)]
    close = _close(names, name)
    if not helps and close is not None:
        helps = [f"did you mean `{close[1]}` of the plugin `{close[0].plugin}`? {_use_line(close[0])}"]
    said = _SAID_OTHERWISE.get(name.lower(), f"declare it: `condition {name} of some text as it`")
    names.unknown("condition or function", [], node.function, *(helps or [said]))


# What other languages call functions for.
_IGNORING_CASE = "leave it out: case is ignored, unless the words are written `exact case`"
_SAID_OTHERWISE = {
    "len": "say it in words: `text has more than 3 words`, or characters",
    "length": "say it in words: `text has more than 3 words`, or characters",
    "count": 'say it in words: `text mentions "x" at least 2 times`',
    "lower": _IGNORING_CASE,
    "upper": _IGNORING_CASE,
    "contains": 'say it in words: `text contains "x"`',
    "mentions": 'say it in words: `text mentions "x"`',
    "asserts": 'say it in words: `text asserts "x"`',
    "denies": 'say it in words: `text denies "x"`',
}


def _close(names: Names, name: str) -> tuple[StoredFunctions, str] | None:
    for plugin in names.resolver.plugins():
        likely = did_you_mean(name, _names(plugin))
        if likely is not None:
            return plugin, likely
    return None


def _names(plugin: StoredFunctions) -> list[str]:
    return [stored.function.name for stored in plugin.functions]


def _use_line(plugin: StoredFunctions) -> str:
    line = f'use functions from plugin "{plugin.plugin}" version {plugin.version}'
    return f"the plugin `{plugin.plugin}` has it: write `{line}` at the top"


# --------------------------------------------------------------------------------------------------------------- calls


def check_call(names: Names, node: ast.Call, stored: StoredFunction, values: Sequence[Typed | None]) -> Typed | None:
    """A call with checked arguments, or None where they do not fit (and that has been said)."""
    function = stored.function
    if len(values) != len(function.parameters):
        given = "nothing" if not values else "one value" if len(values) == 1 else f"{len(values)} values"
        names.report(
            "wrong-arguments",
            f"`{function.name}` is asked of {_parameters(stored)}; this is {given}",
            node,
            helps=[f"write `{function.name}({', '.join(stored.parameters)})`: {stored.doc}"],
        )
        return None
    fits = [_fits(names, node, stored, place, value) for place, value in enumerate(values)]
    arguments = [value.expression for value in values if value is not None]
    if not all(fits) or len(arguments) < len(values):
        return None
    constant = ir.Constant(function, Kind.FUNCTION, node.function.span)
    called = names.call(_OPERATORS[function.result], constant, *arguments, span=node.span)
    return Typed(called, Type(function.result))


def _parameters(stored: StoredFunction) -> str:
    pairs = zip(stored.parameters, stored.function.parameters, strict=True)
    return ", ".join(f"`{name}`, {ARTICLE[kind]}" for name, kind in pairs)


def _fits(names: Names, node: ast.Call, stored: StoredFunction, place: int, value: Typed | None) -> bool:
    wanted = stored.function.parameters[place]
    if value is None or value.kind in (wanted, _ALSO.get(wanted)):
        return value is not None
    argument = node.arguments[place]
    written = names.written(argument)
    quoted = f'write it in quotes: `"{written}"`' if wanted is Kind.TEXT and isinstance(argument, ast.Number) else None
    names.report(
        "wrong-type",
        f"`{written}` is {ARTICLE[value.kind]}; `{stored.parameters[place]}` of `{stored.function.name}` is "
        f"{ARTICLE[wanted]}",
        argument,
        ARTICLE[value.kind],
        helps=[quoted],
    )
    return False
