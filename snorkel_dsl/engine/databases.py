"""Compiled databases of Vectorscan, kept between runs: a thousand patterns take half a second to compile, and nothing to load.

One is kept under a hash of the patterns and of the library's version. What is loaded is machine code for the scanner, so it
comes from nowhere but the user's own folder, whole (`caching.Files`), and the library checks that it is of its own version
and for this machine.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import hyperscan

from snorkel_dsl.caching import Files

_KEPT = Files("scanners", most=256 << 20)
_WORTH_KEEPING = 50  # patterns


def database(expressions: Sequence[tuple[bytes, int, int]]) -> Any:
    """The database of some patterns, each with its event and flags. Raises hyperscan.error where one cannot be compiled."""
    if len(expressions) < _WORTH_KEEPING:
        return _compiled(expressions)
    name = _name(expressions)
    found = _loaded(_KEPT.get(name))
    if found is None:
        found = _compiled(expressions)
        _KEPT.put(name, hyperscan.dumpb(found))
    return found


def _name(expressions: Sequence[tuple[bytes, int, int]]) -> str:
    hashed = hashlib.sha256(f"{version('hyperscan')} {platform.machine()}".encode())
    for pattern, event, flags in expressions:
        hashed.update(f" {len(pattern)} {event} {flags} ".encode())
        hashed.update(pattern)
    return hashed.hexdigest()


def _loaded(content: bytes | None) -> Any:
    """The database that bytes hold; None where they hold none for this library and machine."""
    if content is None:
        return None
    try:
        found = hyperscan.loadb(content, mode=hyperscan.HS_MODE_BLOCK)
        found.scratch = hyperscan.Scratch(found)
    except hyperscan.error:
        return None
    return found


def _compiled(expressions: Sequence[tuple[bytes, int, int]]) -> Any:
    made = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    patterns, events, flags = zip(*expressions, strict=True)
    made.compile(expressions=patterns, ids=events, elements=len(patterns), flags=flags)
    return made
