"""Reads OWL and SKOS by rdflib, from RDF/XML or Turtle: one statement after another, of which few are kept.

Nothing is fetched: what a file imports or refers to stays where it is. An XML file may give short names to addresses
(`<!ENTITY obo "http://…">`); entities that grow, or that stand in other files, are refused before it is read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.sax import SAXException

from snorkel_dsl.knowledge.ontology.table import Draft, Drafts, Table, UnreadableError, source_of
from snorkel_dsl.language.check.resolving import Refusal

if TYPE_CHECKING:
    from rdflib import Graph

_OWL = "http://www.w3.org/2002/07/owl#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_IN_OWL = "http://www.geneontology.org/formats/oboInOwl#"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_REPLACED_BY = ("http://purl.obolibrary.org/obo/IAO_0100001", "http://purl.org/dc/terms/isReplacedBy")
_CLASS = _OWL + "Class"
_CONCEPT = _SKOS + "Concept"
_WHOLES = (_OWL + "Ontology", _SKOS + "ConceptScheme")
_LABELS = (_RDFS + "label", _SKOS + "prefLabel")
_SCOPES = {
    _IN_OWL + "hasExactSynonym": "exact",
    _IN_OWL + "hasNarrowSynonym": "narrow",
    _IN_OWL + "hasRelatedSynonym": "related",
    _IN_OWL + "hasBroadSynonym": "broad",
    _SKOS + "altLabel": "exact",
    _SKOS + "hiddenLabel": "exact",
}
_ABOVE = (_RDFS + "subClassOf", _SKOS + "broader")
_BELOW = _SKOS + "narrower"
_OBSOLETE = _OWL + "deprecated"
_FORMER = _IN_OWL + "hasAlternativeId"
_REFERENCE = _IN_OWL + "hasDbXref"
_VERSIONS = (_OWL + "versionIRI", _OWL + "versionInfo", "http://purl.org/dc/terms/issued")
_KEPT = frozenset(
    {_TYPE, _BELOW, _OBSOLETE, _FORMER, _REFERENCE, *_REPLACED_BY, *_LABELS, *_SCOPES, *_ABOVE, *_VERSIONS}
)

_DOCTYPE = re.compile(r"\A\ufeff?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*(<!DOCTYPE)", re.DOTALL)
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+("[^"&%<]{0,300}"|'[^'&%<]{0,300}')\s*>""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>")
_MOST_ENTITIES = 500


def read_owl(text: str, path: str) -> Table:
    """The table of an OWL or SKOS file in RDF/XML. Raises UnreadableError, and ImportError without the extra."""
    _refuse_unsafe(text, path)
    return _read(_DECLARATION.sub("", text), "xml", path)


def read_turtle(text: str, path: str) -> Table:
    """The table of a SKOS or OWL file in Turtle. Raises UnreadableError, and ImportError without the extra."""
    return _read(text, "turtle", path)


def _read(text: str, syntax: str, path: str) -> Table:
    from rdflib.exceptions import ParserError

    statements = _Statements(path)
    graph = _graph(statements.add)
    try:
        with _quiet():
            graph.parse(data=text.encode(), format=syntax, publicID="file:///")
    except (SAXException, ParserError, SyntaxError, ValueError, LookupError, AssertionError, RecursionError) as error:
        said = "its parts are nested too deep" if isinstance(error, RecursionError) else _first_line(error)
        what = "RDF/XML" if syntax == "xml" else "Turtle"
        raise UnreadableError(Refusal("broken-ontology", f"`{path}` is no {what} that can be read", said)) from error
    return statements.table()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else "it cannot be read"


def _graph(keep: Callable[[Any, str, Any], None]) -> Graph:
    """A graph that hands on the statements that matter, and stores none."""
    from rdflib import Graph
    from rdflib.plugins.stores.memory import Memory

    class Passing(Memory):
        def add(self, triple: Any, context: Any, quoted: bool = False) -> None:
            if str(triple[1]) in _KEPT:
                keep(*triple)

    return Graph(store=Passing())


@contextmanager
def _quiet() -> Iterator[None]:
    """Remarks of rdflib about odd addresses and literals are of no use here."""
    logger = logging.getLogger("rdflib")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


class _Statements:
    """What the statements of a file come to: of each subject the parts of a node, and whether it is one."""

    def __init__(self, path: str) -> None:
        self._drafts = Drafts(path)
        self._classes: set[str] = set()
        self._concepts: set[str] = set()
        self._replaced: set[str] = set()
        self._wholes: set[str] = set()
        self._versions: dict[str, list[tuple[int, str]]] = {}

    def add(self, subject: Any, predicate: str, value: Any) -> None:
        """Take one statement, with the terms of rdflib; statements about what has no name are left out."""
        from rdflib import URIRef

        if not isinstance(subject, URIRef):
            return
        about, predicate = str(subject), str(predicate)
        if predicate == _TYPE:
            self._type(about, str(value))
        elif predicate in _VERSIONS:
            self._versions.setdefault(about, []).append((_VERSIONS.index(predicate), str(value)))
        elif predicate in (*_ABOVE, _BELOW) and isinstance(value, URIRef):
            below, above = (str(value), about) if predicate == _BELOW else (about, str(value))
            self._drafts.node(below).parents.add(above)
        elif predicate not in (*_ABOVE, _BELOW):
            if predicate in _REPLACED_BY:
                self._replaced.add(about)
            self._part(self._drafts.node(about), predicate, value)

    def _type(self, about: str, kind: str) -> None:
        if kind == _CLASS:
            self._classes.add(about)
        elif kind == _CONCEPT:
            self._concepts.add(about)
        elif kind in _WHOLES:
            self._wholes.add(about)

    def _part(self, node: Draft, predicate: str, value: Any) -> None:
        text, language = str(value), getattr(value, "language", None) or ""
        if predicate in _LABELS:
            self._drafts.label(node, text, language)
        elif predicate in _SCOPES:
            self._drafts.synonym(node, _SCOPES[predicate], text, language)
        elif predicate in _REPLACED_BY:
            node.replaced_by.add(text)
        elif predicate == _OBSOLETE:
            node.obsolete = text.lower() in ("true", "1")
        elif predicate == _FORMER:
            node.former.add(text)
        elif source_of(text):
            node.sources.add(source_of(text))

    def table(self) -> Table:
        """The table of all statements."""
        versions = sorted(version for whole in self._wholes for version in self._versions.get(whole, ()))
        release = versions[0][1] if versions else ""
        # A thesaurus often brings the classes along that its concepts are of, and what it replaced is no concept any more.
        if len(self._concepts) > len(self._classes):
            return self._drafts.table(release, "SKOS", self._concepts | self._replaced)
        return self._drafts.table(release, "OWL", self._classes)


def _refuse_unsafe(text: str, path: str) -> None:
    """Raises UnreadableError where the head of an XML file declares more than short names for addresses."""
    found = _DOCTYPE.match(text)
    if found is None:
        return
    head = text[found.start(1) :]
    inside = _COMMENT.sub("", head[: _end_of_head(head)])
    opening, _, declared = inside.partition("[")
    entities = _ENTITY.findall(declared)
    rest = _ENTITY.sub("", declared)
    outside = re.search(r"\b(SYSTEM|PUBLIC)\b", opening + rest)
    if outside or "<!" in rest or len(entities) > _MOST_ENTITIES:
        raise UnreadableError(
            Refusal(
                "unsafe-xml",
                f"`{path}` declares more in its DOCTYPE than short names for addresses",
                "such a file can grow without bound, or reach for other files",
                ("save it without a DOCTYPE, or as OBO or OBO graph JSON",),
            )
        )


def _end_of_head(head: str) -> int:
    """Where the DOCTYPE at the start of a text ends; quoted text and comments in it do not count."""
    bare = re.sub(
        r"""<!--.*?-->|"[^"]*"|'[^']*'""", lambda found: " " * len(found[0]), head[:1_000_000], flags=re.DOTALL
    )
    bracket, end = bare.find("["), bare.find(">")
    if 0 <= bracket < end:
        closed = bare.find("]", bracket)
        end = bare.find(">", closed) if closed >= 0 else -1
    return len(head) if end < 0 else end + 1
