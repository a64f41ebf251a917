"""Calling functions of plugins: code of strangers, of which nothing is expected but that it may go wrong.

Whatever a call does, it costs no more than its row: it may raise, give something else than it should, or take too long, and
then it has failed. What it gives is read as warily as it is called, for a value may be of a class that is the stranger's own.
What it prints goes to where messages go, and a process that it splits off ends with the call. Only Ctrl-C passes.
"""

from __future__ import annotations

import inspect
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from numbers import Real
from typing import Any

from snorkel_dsl.diagnostics import Diagnostic, RulesError
from snorkel_dsl.language import ir
from snorkel_dsl.language.types import Kind
from snorkel_dsl.plugins import installed

LONGEST_TEXT = 1_000_000  # characters of a result
LONGEST_MESSAGE = 500  # characters
MOST_ROWS = 64  # that a batch function gets at once
SECONDS_TO_LOAD = 300.0  # for the import of a plugin: it may bring large libraries
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CallError(Exception):
    """A call that gave no result that can be used; the message says why."""


# -------------------------------------------------------------------------------------------------------------- loading


def load(function: ir.PluginFunction) -> Callable[..., Any]:
    """The Python function of a plugin's function. Raises RulesError where it cannot be had or takes other arguments."""
    return _loaded(function.plugin, function.version, function.name, len(function.parameters))


@cache
def _loaded(plugin: str, version: int, name: str, arity: int) -> Callable[..., Any]:
    found = [one for one in installed.find(plugin) if one.stored is not None and one.stored.version == version]
    if len(found) != 1:
        raise _broken(
            plugin, f"version {version} is not installed here", "install the version that the rules were checked with"
        )
    module = found[0].module
    try:
        return _guarded(_import, (module, name, arity), lambda function: function, SECONDS_TO_LOAD)  # type: ignore[no-any-return]
    except _OtherCodeError as wrong:
        raise _broken(plugin, str(wrong)) from None
    except CallError as failed:
        raise _broken(plugin, f"`import {module}` failed: {failed}") from None


class _OtherCodeError(CallError):
    """Code that is not what the stored signatures say; the message says why."""


def _import(module: str, name: str, arity: int) -> Callable[..., Any]:
    function = getattr(import_module(module), name, None)
    if not callable(function):
        raise _OtherCodeError(f"`{module}` has no function `{name}`, and its stored signatures say that it has")
    if not _takes(function, arity):
        raise _OtherCodeError(f"`{name}` does not take {arity} arguments, and its stored signature says that it does")
    return function  # type: ignore[no-any-return]


def _takes(function: Callable[..., Any], arity: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * arity)
    except TypeError:
        return False
    except ValueError:  # it has no signature that could be read, as some functions of C have none
        return True
    return True


def _broken(plugin: str, why: str, *helps: str) -> RulesError:
    return RulesError([Diagnostic("broken-plugin", f"the plugin `{plugin}` cannot be used: {why}", helps=helps)])


# -------------------------------------------------------------------------------------------------------------- calling


def call(function: ir.PluginFunction, arguments: Sequence[Any]) -> Any:
    """What a function says of the arguments of one row. Raises CallError where it fails."""
    if not function.batch:
        return _run(function, _natural(function, arguments), lambda value: _result(function, value))
    (answer,) = _batch(function, [arguments])
    if isinstance(answer, CallError):
        raise answer
    return answer


def call_all(function: ir.PluginFunction, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """What a function says of each of many rows; a CallError stands for itself. A pure one is asked once of equal rows."""
    if not function.pure:
        return _each(function, rows)
    keys = [tuple(row) for row in rows]
    different = list(dict.fromkeys(keys))
    answers = dict(zip(different, _each(function, different), strict=True))
    return [answers[key] for key in keys]


def _each(function: ir.PluginFunction, rows: Sequence[Sequence[Any]]) -> list[Any]:
    if function.batch:
        starts = range(0, len(rows), MOST_ROWS)
        return [answer for start in starts for answer in _batch(function, rows[start : start + MOST_ROWS])]
    return [_or_error(function, row) for row in rows]


def _or_error(function: ir.PluginFunction, row: Sequence[Any]) -> Any:
    try:
        return call(function, row)
    except CallError as failed:
        return failed


def _batch(function: ir.PluginFunction, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """A batch function on some rows; where that fails as a whole, on each row alone."""
    try:
        columns = [list(column) for column in zip(*(_natural(function, row) for row in rows), strict=True)]
        answers: list[Any] = _run(function, columns, lambda results: _results(function, results, len(rows)))
    except CallError as failed:
        return [failed] if len(rows) == 1 else [answer for row in rows for answer in _batch(function, [row])]
    return answers


def _results(function: ir.PluginFunction, results: Any, n: int) -> list[Any]:
    """The results of n rows as the language has them; a CallError stands for itself."""
    if type(results).__module__ == "numpy" and hasattr(results, "tolist"):
        results = results.tolist()
    found = list(results) if isinstance(results, list | tuple) else None
    if found is None or len(found) != n:
        what = _a_value(results) if found is None else f"{len(found)} results"
        raise CallError(f"it gave {what} for {n} rows")
    return [_checked(function, result) for result in found]


def _checked(function: ir.PluginFunction, result: Any) -> Any:
    try:
        return _result(function, result)
    except CallError as failed:
        return failed


def _natural(function: ir.PluginFunction, arguments: Sequence[Any]) -> list[Any]:
    """Arguments as Python has them: times, times of day and durations as those of `datetime`, text as plain `str`."""
    try:
        return [
            _TO_PYTHON.get(kind, lambda value: value)(value)
            for kind, value in zip(function.parameters, arguments, strict=True)
        ]
    except OverflowError:
        raise CallError("a time lies outside the years 1 to 9999") from None


_TO_PYTHON: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: str,
    Kind.TIME: lambda value: _EPOCH + timedelta(microseconds=value),
    Kind.CLOCK: lambda value: (_EPOCH + timedelta(microseconds=value)).time(),
    Kind.DURATION: lambda value: timedelta(microseconds=value),
}

# ----------------------------------------------------------------------------------------------------- what comes back


def _result(function: ir.PluginFunction, value: Any) -> Any:
    """A result as the language has it. Raises CallError where it is not what the signature says."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    match function.result:
        case Kind.CONDITION:
            if type(value) is bool:
                return value
            raise CallError(f"it gave {_a_value(value)}, and its signature says yes or no")
        case Kind.TEXT:
            return _text(value)
        case _:
            return _number(value)


def _number(value: Any) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise CallError(f"it gave {_a_value(value)}, and its signature says a number")
    try:
        number = float(value)
    except OverflowError:
        raise CallError("it gave a number that is too large") from None
    if not math.isfinite(number):
        raise CallError(f"it gave `{number}`, which is no number")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CallError(f"it gave {_a_value(value)}, and its signature says a text")
    text = str.__str__(value)  # what it holds, whatever a class of the plugin's own would say
    if len(text) > LONGEST_TEXT:
        raise CallError(f"it gave a text of {len(text):,} characters; {LONGEST_TEXT:,} are allowed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CallError("it gave a text with half a character in it") from None
    return text


def _a_value(value: Any) -> str:
    return "nothing" if value is None else f"a value of type `{_printable(type(value).__name__)}`"


# ------------------------------------------------------------------------------------------------------ within its time


class _TimeIsUp(BaseException):
    """Stops a function that takes too long; no `Exception`, so that it does not catch it itself."""


_warm: set[tuple[str, str]] = set()  # functions with a model that have been called


def _run(function: ir.PluginFunction, arguments: Sequence[Any], read: Callable[[Any], Any]) -> Any:
    """Call a function and read what it gives, within its time. Raises CallError where it fails."""
    python = load(function)
    seconds = function.seconds
    key = (function.plugin, function.name)
    if function.needs_model and key not in _warm:
        _warm.add(key)
        seconds = math.inf  # the first call loads the model
    return _guarded(python, arguments, read, seconds)


def _guarded(python: Callable[..., Any], arguments: Sequence[Any], read: Callable[[Any], Any], seconds: float) -> Any:
    """Run a stranger's code and read what it gives. Raises CallError where either raises, or both take too long."""
    began = time.monotonic()
    try:
        with _held_back():
            result = _Alarm(seconds).call(lambda: _tried(python, arguments, read))
    except _TimeIsUp:
        raise _too_slow(seconds) from None
    if time.monotonic() - began > seconds:
        raise _too_slow(seconds)
    if isinstance(result, CallError):
        raise result
    return result


def _tried(python: Callable[..., Any], arguments: Sequence[Any], read: Callable[[Any], Any]) -> Any:
    """What is read of what a function gives, or the CallError that says why there is nothing."""
    try:
        return read(python(*arguments))
    except (KeyboardInterrupt, _TimeIsUp):
        raise
    except CallError as failed:
        return failed
    except BaseException as error:  # noqa: BLE001 - a stranger's code may raise anything
        return CallError(_said(error))


@contextmanager
def _held_back() -> Iterator[None]:
    """Keeps a stranger's code from writing among results, and from going on in a process of its own."""
    process = os.getpid()
    try:
        if threading.current_thread() is threading.main_thread():
            with redirect_stdout(sys.stderr):
                yield
        else:  # what is printed to is one for all threads
            yield
    finally:
        if os.getpid() != process:
            os._exit(1)


def _too_slow(seconds: float) -> CallError:
    return CallError(f"it took longer than {seconds:g} seconds")


class _Alarm:
    """Interrupts Python code when its time is up. Only the main thread of a POSIX process can be interrupted so."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.running = False

    def call(self, do: Callable[[], Any]) -> Any:
        """Call; raises _TimeIsUp when the time is up."""
        main = threading.current_thread() is threading.main_thread()
        if not math.isfinite(self.seconds) or not main or not hasattr(signal, "setitimer"):
            return do()
        handler = signal.signal(signal.SIGALRM, self._ring)
        began = time.monotonic()
        before, interval = signal.setitimer(signal.ITIMER_REAL, self.seconds)
        try:
            return self._run(do)
        finally:
            left = (
                max(before - (time.monotonic() - began), 1e-6) if before else 0.0
            )  # whoever had set it before gets it back
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, left, interval)

    def _run(self, do: Callable[[], Any]) -> Any:
        try:
            self.running = True
            return do()
        finally:
            self.running = False

    def _ring(self, *_: object) -> None:
        if self.running:
            self.running = False
            raise _TimeIsUp


def _said(error: BaseException) -> str:
    """What an exception says on one line; one that cannot be put into words is named."""
    return _printable(" ".join(traceback.format_exception_only(error)[-1].split()))[:LONGEST_MESSAGE]


def _printable(text: str) -> str:
    """A text with a mark in place of each character that a screen or a file would not take as one."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text[:LONGEST_MESSAGE])
