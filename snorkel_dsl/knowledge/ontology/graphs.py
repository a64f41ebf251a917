"""Reads OBO graphs: the JSON in which OBO ontologies are published beside OBO and OWL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from snorkel_dsl.knowledge.ontology.table import Draft, Drafts, Table, UnreadableError, source_of
from snorkel_dsl.language.check.resolving import Refusal

_SCOPES = {
    "hasExactSynonym": "exact",
    "hasNarrowSynonym": "narrow",
    "hasRelatedSynonym": "related",
    "hasBroadSynonym": "broad",
}
_REPLACED_BY = "IAO_0100001"
_FORMER = "hasAlternativeId"


def read_graphs(text: str, path: str) -> Table:
    """The table of an OBO graph document. Raises UnreadableError."""
    try:
        document = json.loads(text)
        graphs = document["graphs"]
        drafts = Drafts(path)
        for graph in graphs:
            for node in graph.get("nodes", ()):
                _node(node, drafts)
            for edge in graph.get("edges", ()):
                if edge["pred"] == "is_a":
                    drafts.node(edge["sub"]).parents.add(_text(edge["obj"]))
        release = _text(graphs[0].get("meta", {}).get("version") or "") if graphs else ""
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _broken(error, path) from error
    return drafts.table(release, "OBO graph")


def _node(node: Mapping[str, Any], drafts: Drafts) -> None:
    if node.get("type", "CLASS") != "CLASS":
        return
    draft = drafts.node(_text(node["id"]))
    drafts.label(draft, _text(node.get("lbl") or ""))
    meta = node.get("meta", {})
    draft.obsolete = meta.get("deprecated") is True
    for synonym in meta.get("synonyms", ()):
        scope = _SCOPES.get(synonym["pred"])
        if scope:
            drafts.synonym(draft, scope, _text(synonym["val"]))
    references = (source_of(_text(reference["val"])) for reference in meta.get("xrefs", ()))
    draft.sources.update(filter(None, references))
    _properties(meta.get("basicPropertyValues", ()), draft)


def _properties(values: Iterator[Mapping[str, Any]], draft: Draft) -> None:
    for value in values:
        if value["pred"].endswith(_REPLACED_BY):
            draft.replaced_by.add(_text(value["val"]))
        elif value["pred"].endswith(_FORMER):
            draft.former.add(_text(value["val"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is needed where {value!r} stands"[:200])
    return value


def _broken(error: Exception, path: str) -> UnreadableError:
    said = str(error) if isinstance(error, json.JSONDecodeError) else "it does not hold what an OBO graph has"
    if isinstance(error, RecursionError):
        said = "its parts are nested too deep"
    return UnreadableError(Refusal("broken-ontology", f"`{path}` is not an OBO graph that can be read", said))
