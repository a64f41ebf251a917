"""Functions of plugins. The first argument is the function, by its stored signature; what follows is what it is asked of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from snorkel_dsl.language.ir import PluginFunction
from snorkel_dsl.language.types import Kind, Signature
from snorkel_dsl.plugins.stored import PARAMETERS
from snorkel_dsl.predicates import FailedError, Predicate

if TYPE_CHECKING:
    from snorkel_dsl.plugins.calling import CallError

_SHOWN = 80  # characters of an argument in a message


def _load(function: PluginFunction, *_: Any) -> None:
    from snorkel_dsl.plugins.calling import load

    load(function)


def _call(function: PluginFunction, *arguments: Any) -> Any:
    from snorkel_dsl.plugins.calling import CallError, call

    try:
        return call(function, arguments)
    except CallError as failed:
        raise _failed(failed, arguments) from None


def _call_all(function: PluginFunction, *arguments: Any) -> list[Any]:
    from snorkel_dsl.plugins.calling import CallError, call_all

    n = next(len(argument) for argument in arguments if isinstance(argument, list))
    columns = [argument if isinstance(argument, list) else [argument] * n for argument in arguments]
    rows = list(zip(*columns, strict=True))
    answers = call_all(function, rows)
    pairs = zip(answers, rows, strict=True)
    return [_failed(answer, row) if isinstance(answer, CallError) else answer for answer, row in pairs]


def _failed(failed: CallError, arguments: tuple[Any, ...]) -> FailedError:
    return FailedError(str(failed), ", ".join(str(argument)[:_SHOWN] for argument in arguments))


def _predicate(name: str, result: Kind, doc: str, example: str) -> Predicate:
    return Predicate(
        name=name,
        signature=Signature((frozenset({Kind.FUNCTION}),), result, rest=frozenset({*PARAMETERS.values(), Kind.CHOICE})),
        evaluate=_call,
        kernel=_call_all,
        prepare=_load,
        doc=doc,
        example=example,
        may_fail=True,
        costly=True,
    )


CALL_NUMBER = _predicate(
    "call_number", Kind.NUMBER, "the number that a plugin's function gives", "polarity(text) is above 0.5"
)
CALL_TEXT = _predicate("call_text", Kind.TEXT, "the text that a plugin's function gives", 'language_of(text) is "en"')
CALL_CONDITION = _predicate(
    "call_condition", Kind.CONDITION, "whether a plugin's function says yes", 'is_language(text, "en")'
)
