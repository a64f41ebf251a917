"""Reads an ontology file into a table, once: from the cache where the same content was read before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from snorkel_dsl.knowledge.files import read_text
from snorkel_dsl.knowledge.ontology.cache import store, stored
from snorkel_dsl.knowledge.ontology.graphs import read_graphs
from snorkel_dsl.knowledge.ontology.obo import read_obo
from snorkel_dsl.knowledge.ontology.rdf import read_owl, read_turtle
from snorkel_dsl.knowledge.ontology.table import Table, UnreadableError
from snorkel_dsl.knowledge.ontology.tables import read_table
from snorkel_dsl.language.check.resolving import Refusal

Reader: TypeAlias = Callable[[str, str], Table]
ENDINGS: dict[str, Reader] = {
    ".obo": read_obo,
    ".json": read_graphs,
    ".owl": read_owl,
    ".rdf": read_owl,
    ".xml": read_owl,
    ".ttl": read_turtle,
    ".csv": read_table,
    ".tsv": read_table,
}
_TURTLE = re.compile(r"\s*(?:#[^\n]*\n\s*)*@?(?:prefix|base)\b", re.IGNORECASE)


def read_ontology(file: Path, path: str) -> Table:
    """The table of an ontology file; `path` is how the user names it. Raises UnreadableError."""
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        message = f"`{path}` is no ontology that can be read"
        helps = (f"its name has to end in one of {', '.join(ENDINGS)}",)
        raise UnreadableError(Refusal("unknown-file-type", message, "not read", helps))
    text = read_text(file, path)
    if isinstance(text, Refusal):
        raise UnreadableError(text)
    key = hashlib.sha256(f"{ending}\n{text}".encode()).hexdigest()
    known = stored(key)
    if known is not None:
        return known
    table = _read(_reader(ending, text), text, path)
    store(key, table)
    return table


def _reader(ending: str, text: str) -> Reader:
    """OWL is written in XML or in Turtle, under the same ending."""
    return read_turtle if ENDINGS[ending] is read_owl and _TURTLE.match(text) else ENDINGS[ending]


def _read(reader: Reader, text: str, path: str) -> Table:
    try:
        table = reader(text, path)
    except ImportError as error:
        message = f"`{path}` cannot be read without the extra `ontologies`"
        helps = (
            'install it: `pip install "snorkel-dsl[ontologies]"`',
            "or use the ontology as OBO graph JSON, or a table",
        )
        refusal = Refusal("missing-extra", message, f"the package {error.name} is not installed", helps)
        raise UnreadableError(refusal) from error
    if not table.nodes:
        raise UnreadableError(Refusal("broken-ontology", f"`{path}` holds no nodes", "nothing to find terms by"))
    return table
