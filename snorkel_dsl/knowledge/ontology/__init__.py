"""Ontologies as a source of terms: read once into a small table, asked for what stands below a node.

`table` is what is kept of an ontology, `reading` finds the reader for a file, `query` picks the nodes and their names, and
`cache` saves the next run from reading again.
"""

from snorkel_dsl.knowledge.ontology.query import find_node, names_of, nodes_below, terms_below, topmost, tree_below
from snorkel_dsl.knowledge.ontology.reading import open_ontology, read_ontology, terms_of
from snorkel_dsl.knowledge.ontology.table import SCOPES, Name, Node, Table, UnreadableError, source_of, speaks

__all__ = [
    "SCOPES",
    "Name",
    "Node",
    "Table",
    "UnreadableError",
    "find_node",
    "names_of",
    "nodes_below",
    "open_ontology",
    "read_ontology",
    "source_of",
    "speaks",
    "terms_below",
    "terms_of",
    "topmost",
    "tree_below",
]
