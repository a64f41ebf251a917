"""Reads an ontology file into a table, once: from the cache where the same content was read before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from snorkel_dsl.collector import collector_paused
from snorkel_dsl.knowledge.files import read_text
from snorkel_dsl.knowledge.ontology.cache import store, store_terms, stored, stored_terms
from snorkel_dsl.knowledge.ontology.graphs import read_graphs
from snorkel_dsl.knowledge.ontology.obo import read_obo
from snorkel_dsl.knowledge.ontology.query import terms_below
from snorkel_dsl.knowledge.ontology.rdf import read_owl, read_turtle
from snorkel_dsl.knowledge.ontology.table import Table, UnreadableError
from snorkel_dsl.knowledge.ontology.tables import read_table
from snorkel_dsl.language.check.resolving import OntologyQuery, Refusal

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


@dataclass(frozen=True)
class Content:
    """The text of an ontology file, not yet read; `path` is how the user names it, `key` stands for all that is in it."""

    text: str
    ending: str
    path: str
    key: str


def open_ontology(file: Path, path: str) -> Content:
    """The content of an ontology file. Raises UnreadableError where that cannot be one."""
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        message = f"`{path}` is no ontology that can be read"
        helps = (f"its name has to end in one of {', '.join(ENDINGS)}",)
        raise UnreadableError(Refusal("unknown-file-type", message, "not read", helps))
    text = read_text(file, path)
    if isinstance(text, Refusal):
        raise UnreadableError(text)
    return Content(text, ending, path, hashlib.sha256(f"{ending}\n{text}".encode()).hexdigest())


def read_ontology(content: Content) -> Table:
    """The table of an ontology. Raises UnreadableError."""
    with collector_paused():
        known = stored(content.key)
        if known is not None:
            return known
        table = _read(_reader(content.ending, content.text), content.text, content.path)
        store(content.key, table)
        return table


def terms_of(content: Content, query: OntologyQuery, tables: dict[str, Table]) -> tuple[str, ...]:
    """The terms that a query asks for; `tables` are those at hand, by their keys. Raises UnreadableError."""
    key = hashlib.sha256(f"{content.key} {query}".encode()).hexdigest()
    known = stored_terms(key)
    if known is None:
        if content.key not in tables:
            tables[content.key] = read_ontology(content)
        known = terms_below(tables[content.key], query, content.path)
        store_terms(key, known)
    return known


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
