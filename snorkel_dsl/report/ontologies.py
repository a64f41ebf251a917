"""Ontologies as text: what stands below a node with its synonyms, and which nodes the texts of some data mention most."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from snorkel_dsl.engine.coverage import terms_mentioned
from snorkel_dsl.knowledge.ontology import SCOPES, Node, Table, names_of, source_of, speaks, topmost
from snorkel_dsl.language.check.resolving import OntologyQuery
from snorkel_dsl.language.ir import Term
from snorkel_dsl.report.table import count, percent, table

SCHEMA = 1
_MOST_TOPS = 20


# -------------------------------------------------------------------------------------------------------------- show


def summary(name: str, ontology: Table) -> str:
    """What a file holds, and its topmost nodes."""
    tops = topmost(ontology)
    rows = [(node.id, node.label, f"{_size_below(ontology, node):,}") for node in tops[:_MOST_TOPS]]
    more = f"… and {count(len(tops) - _MOST_TOPS, 'more')}" if len(tops) > _MOST_TOPS else ""
    lines = [*_head(name, ontology), "", table(("topmost node", "name", "nodes below"), rows, left=(0, 1)), more]
    return "\n".join(lines).rstrip()


def _head(name: str, ontology: Table) -> list[str]:
    obsolete = sum(node.obsolete for node in ontology.nodes)
    tags = {found.language for node in ontology.nodes for found in node.labels if found.language}
    lines = [
        f"{name}: {ontology.format}" + (f", release {ontology.release}" if ontology.release else ""),
        f"{count(len(ontology.nodes), 'node')} ({obsolete:,} obsolete), {count(ontology.names, 'name')}",
        f"content {ontology.content_hash}",
    ]
    return [*lines, f"languages {', '.join(sorted(tags))}"] if tags else lines


def _size_below(ontology: Table, node: Node) -> int:
    seen, waiting = {node.id}, [node.id]
    while waiting:
        fresh = [child for child in ontology.children.get(waiting.pop(), ()) if child not in seen]
        seen.update(fresh)
        waiting += fresh
    return len(seen) - 1


def below(name: str, ontology: Table, query: OntologyQuery, tree: Sequence[tuple[int, Node]]) -> str:
    """The nodes of a query as a tree, each with the names that it gives as terms."""
    nodes = [node for _, node in tree]
    terms = {text for node in nodes for text in names_of(node, query.scopes, query.languages)}
    deepest = max((depth for depth, _ in tree), default=0)
    counts = f"{count(len(nodes), 'node')}, {count(len(terms), 'term')}, {count(deepest, 'level')} deep"
    lines = [*_head(name, ontology), f"below {' or '.join(query.below)}: {counts}", ""]
    for depth, node in tree:
        lines += _entry(depth, node, query)
    return "\n".join(lines)


def _entry(depth: int, node: Node, query: OntologyQuery) -> list[str]:
    before = "  " * depth
    state = "  (obsolete)" if node.obsolete else ""
    labels = [name.text for name in node.labels if speaks(name.language, query.languages)]
    lines = [f"{before}{node.id}  {' | '.join(labels) or '(no name)'}{state}"]
    for scope, names in zip(SCOPES, node.synonyms, strict=True):
        wanted = [name.text for name in names if speaks(name.language, query.languages)]
        if wanted and scope in query.scopes:
            lines.append(f"{before}    {scope}: {', '.join(wanted)}")
    return lines


def below_as_json(name: str, ontology: Table, query: OntologyQuery, tree: Sequence[tuple[int, Node]]) -> str:
    """The same for programs."""
    nodes = [
        {
            "id": node.id,
            "depth": depth,
            "names": [label.text for label in node.labels if speaks(label.language, query.languages)],
            "synonyms": {
                scope: [name.text for name in names if speaks(name.language, query.languages)]
                for scope, names in zip(SCOPES, node.synonyms, strict=True)
                if scope in query.scopes
            },
            "obsolete": node.obsolete,
        }
        for depth, node in tree
    ]
    return json.dumps(_plain_head(name, ontology) | {"below": list(query.below), "nodes": nodes}, indent=2)


def _plain_head(name: str, ontology: Table) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "file": name,
        "format": ontology.format,
        "release": ontology.release,
        "content": ontology.content_hash,
    }


# -------------------------------------------------------------------------------------------------------------- rank


@dataclass
class Coverage:
    """How many rows of some texts mention each node by any of its names, and each vocabulary by any of its nodes.

    A node belongs to the vocabulary of its own id, and to each that it is linked to.
    """

    rows: int = 0
    by_node: Counter[str] = field(default_factory=Counter)
    by_term: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_source: Counter[str] = field(default_factory=Counter)
    covered: int = 0


def measure(texts: Iterable[str | None], nodes: Sequence[Node], query: OntologyQuery) -> Coverage:
    """Read some texts once, and count."""
    holders: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        for name in dict.fromkeys(names_of(node, query.scopes, query.languages)):
            holders[name].append(node)
    found = Coverage()
    for mentioned in terms_mentioned(texts, tuple(map(Term, holders))):
        found.rows += 1
        found.covered += bool(mentioned)
        pairs = [(term.text, node) for term in mentioned for node in holders[term.text]]
        here = {node.id: node for _, node in pairs}
        found.by_node.update(here.keys())
        found.by_source.update({source for node in here.values() for source in sources_of(node)})
        for text, node in pairs:
            found.by_term[node.id][text] += 1
    return found


def sources_of(node: Node) -> tuple[str, ...]:
    """The vocabularies of a node: that of its id, and those that it is linked to."""
    own = source_of(node.id) or node.id.rpartition("#")[0] or node.id.rpartition("/")[0] or "(no prefix)"
    return tuple(dict.fromkeys((own, *node.sources)))


@dataclass(frozen=True)
class Ranking:
    """One vocabulary: its nodes that some row mentions, those of most rows first."""

    source: str
    nodes: int
    rows: int
    ranked: tuple[Node, ...]


def rankings(nodes: Sequence[Node], found: Coverage) -> list[Ranking]:
    """One ranking for each vocabulary: that which covers most rows first."""
    members: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        for source in sources_of(node):
            members[source].append(node)
    ranked = {
        source: sorted((node for node in own if found.by_node[node.id]), key=lambda n: (-found.by_node[n.id], n.id))
        for source, own in members.items()
    }
    made = [Ranking(source, len(members[source]), found.by_source[source], tuple(ranked[source])) for source in members]
    return sorted(made, key=lambda one: (-one.rows, -one.nodes, one.source))


def ranking_as_text(head: Sequence[str], lists: Sequence[Ranking], found: Coverage, top: int) -> str:
    """The vocabularies, and then the nodes of each that most rows mention."""
    rows = [
        (one.source, f"{len(one.ranked):,} of {one.nodes:,}", f"{one.rows:,}", percent(_share(one.rows, found)))
        for one in lists
    ]
    parts = ["\n".join(head), table(("vocabulary", "nodes found", "rows", "of all"), rows)]
    parts += [_one_list(one, found, top) for one in lists if one.ranked]
    return "\n\n".join(parts)


def _one_list(one: Ranking, found: Coverage, top: int) -> str:
    rows = [
        (
            node.id,
            node.label,
            f"{found.by_node[node.id]:,}",
            percent(_share(found.by_node[node.id], found)),
            _terms(node, found),
        )
        for node in one.ranked[:top]
    ]
    more = f"\n… and {count(len(one.ranked) - top, 'more node')}" if len(one.ranked) > top else ""
    return f"{one.source}\n" + table(("node", "name", "rows", "of all", "found as"), rows, left=(0, 1, 4)) + more


def _share(rows: int, found: Coverage) -> float | None:
    return rows / found.rows if found.rows else None


def _terms(node: Node, found: Coverage) -> str:
    """The names that a node was found by, the most frequent first."""
    counts = sorted(found.by_term[node.id].items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{text} {number:,}" for text, number in counts[:3]) + (", …" if len(counts) > 3 else "")


def ranking_as_json(name: str, ontology: Table, lists: Sequence[Ranking], found: Coverage, top: int) -> str:
    """The same for programs."""
    plain = [
        {
            "vocabulary": one.source,
            "nodes": one.nodes,
            "nodes_found": len(one.ranked),
            "rows": one.rows,
            "ranked": [
                {
                    "id": node.id,
                    "name": node.label,
                    "rows": found.by_node[node.id],
                    "terms": dict(found.by_term[node.id]),
                }
                for node in one.ranked[:top]
            ],
        }
        for one in lists
    ]
    counts = {"rows": found.rows, "rows_covered": found.covered, "vocabularies": plain}
    return json.dumps(_plain_head(name, ontology) | counts, indent=2)
