"""Keeps what was read of ontologies, so that the next run need not read them again.

A file in the cache is named after the content that it was made from and the version of the readers, so it is never out of
date. It is written beside its place and renamed. Where the folder cannot be written, or holds something odd, things go on
without it.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from snorkel_dsl.caching import cache_folder
from snorkel_dsl.knowledge.ontology.table import Name, Node, Table, as_plain

READERS = 1  # changes whenever the same file would give another table


def stored(key: str) -> Table | None:
    """The table that is kept under a key, if there is one."""
    try:
        kept = _load(key)
        if kept is None:
            return None
        return Table(tuple(map(_node, kept["nodes"])), str(kept["release"]), str(kept["format"]))
    except (LookupError, TypeError, ValueError):
        return None


def store(key: str, table: Table) -> None:
    """Keep a table under a key, where that is possible."""
    nodes = [as_plain(node) for node in table.nodes]
    _dump(key, {"release": table.release, "format": table.format, "nodes": nodes})


def stored_terms(key: str) -> tuple[str, ...] | None:
    """The answer to a query that is kept under a key, if there is one."""
    kept = _load(key)
    return tuple(kept) if isinstance(kept, list) and all(isinstance(term, str) for term in kept) else None


def store_terms(key: str, terms: tuple[str, ...]) -> None:
    """Keep the answer to a query under a key, where that is possible."""
    _dump(key, terms)


def _load(key: str) -> Any:
    place = _place(key)
    try:
        return None if place is None else json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _dump(key: str, plain: object) -> None:
    place = _place(key)
    if place is None:
        return
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        number, beside = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".json")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(json.dumps(plain, ensure_ascii=True, separators=(",", ":")))
            Path(beside).replace(place)
        finally:
            Path(beside).unlink(missing_ok=True)


def _place(key: str) -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / "ontologies" / f"{key}-{READERS}.json"


def _node(plain: list[Any]) -> Node:
    name, labels, synonyms, parents, obsolete, replaced_by, former, sources = plain
    exact, narrow, related, broad = map(_names, synonyms)
    return Node(
        _texts([name])[0],
        _names(labels),
        (exact, narrow, related, broad),
        _texts(parents),
        obsolete is True,
        _texts(replaced_by),
        _texts(former),
        _texts(sources),
    )


def _names(plain: list[str]) -> tuple[Name, ...]:
    texts = _texts(plain)
    return tuple(map(Name, texts[::2], texts[1::2]))


def _texts(plain: list[str]) -> tuple[str, ...]:
    """A list as a tuple. Raises TypeError where something in it is no text: somebody else wrote that."""
    if not isinstance(plain, list) or not all(isinstance(text, str) for text in plain):
        raise TypeError("texts are needed")
    return tuple(plain)
