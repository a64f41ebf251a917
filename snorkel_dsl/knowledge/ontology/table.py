"""What is kept of an ontology: for each of its nodes the names, the synonyms with their scopes, and what it stands below.

Every reader gives the same table for the same ontology, whatever the format of the file: nodes and all their parts are
sorted, ids are written short (`DOID:850`), a language is only told where a file has names in more than English, and a node
that was merged into another is a former id of that one. So the `content_hash` tells whether two files say the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from snorkel_dsl.language.check.resolving import Refusal

SCOPES = ("exact", "narrow", "related", "broad")
MOST_NODES = 2_000_000
MOST_NAMES = 5_000_000  # names and synonyms of one file
_OBO = re.compile(r"https?://purl\.obolibrary\.org/obo/([A-Za-z][\w.]*)_(\w+)")
_RELEASE = re.compile(r"https?://purl\.obolibrary\.org/obo/|\.(?:obo|owl|json|ttl|rdf)$")


class UnreadableError(Exception):
    """A file that is not read as an ontology; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A name of a node. `language` is a tag such as `de`, or empty where the file says none."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node: `labels` are its names, `synonyms` other names by scope, in the order of `SCOPES`.

    `parents`, `replaced_by` and `former` are ids; `former` those that it had before others were merged into it. `sources` are
    the vocabularies that it is linked to: `UMLS_CUI` of `UMLS_CUI:C0024299`.
    """

    id: str
    labels: tuple[Name, ...] = ()
    synonyms: tuple[tuple[Name, ...], ...] = ((), (), (), ())
    parents: tuple[str, ...] = ()
    obsolete: bool = False
    replaced_by: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """A name to show: the English one or one without a language, else the first, else the id."""
        for name in self.labels:
            if speaks(name.language, ()):
                return name.text
        return self.labels[0].text if self.labels else self.id


def speaks(language: str, wanted: tuple[str, ...]) -> bool:
    """Whether a name of a language is wanted: `en` wants `en-GB` as well, and one without a language always is."""
    wanted = wanted or ("en",)
    return not language or any(language == tag or language.startswith(tag + "-") for tag in wanted)


@dataclass(frozen=True)
class Table:
    """An ontology: its nodes by id, sorted. `release` is what the file says of its version; `format` how it is written."""

    nodes: tuple[Node, ...]
    release: str = ""
    format: str = field(default="", compare=False)

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """The nodes by their ids."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """The ids of the nodes right below one; a parent may be missing from the file."""
        found: dict[str, list[str]] = {}
        for node in self.nodes:
            for parent in node.parents:
                found.setdefault(parent, []).append(node.id)
        return found

    @cached_property
    def former(self) -> dict[str, str]:
        """The ids that nodes had, each with the id of today."""
        return {before: node.id for node in self.nodes for before in node.former}

    @cached_property
    def by_label(self) -> dict[str, list[Node]]:
        """The nodes by their names, without regard to case."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for label in dict.fromkeys(name.text.casefold() for name in node.labels):
                found.setdefault(label, []).append(node)
        return found

    @property
    def names(self) -> int:
        """How many names and synonyms there are."""
        return sum(len(node.labels) + sum(map(len, node.synonyms)) for node in self.nodes)

    @cached_property
    def content_hash(self) -> str:
        """sha256 over all that it holds but the format, in hexadecimal."""
        digest = hashlib.sha256(json.dumps(self.release).encode())
        for node in self.nodes:
            digest.update(json.dumps(as_plain(node), ensure_ascii=True, separators=(",", ":")).encode())
        return digest.hexdigest()


def as_plain(node: Node) -> list[object]:
    """A node as lists and texts, for hashing and for the cache."""
    return [
        node.id,
        _plain_names(node.labels),
        [_plain_names(names) for names in node.synonyms],
        list(node.parents),
        node.obsolete,
        list(node.replaced_by),
        list(node.former),
        list(node.sources),
    ]


def _plain_names(names: tuple[Name, ...]) -> list[str]:
    return [part for name in names for part in (name.text, name.language)]


# --------------------------------------------------------------------------------------------------- making a table


@dataclass
class Draft:
    """A node while a file is read, its parts in any order."""

    labels: set[Name] = field(default_factory=set)
    synonyms: tuple[set[Name], ...] = field(default_factory=lambda: (set(), set(), set(), set()))
    parents: set[str] = field(default_factory=set)
    obsolete: bool = False
    replaced_by: set[str] = field(default_factory=set)
    former: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)

    @property
    def says_something(self) -> bool:
        """Whether the file says of it anything that matters here."""
        return bool(self.labels or any(self.synonyms) or self.parents or self.former)


class Drafts:
    """Collects the nodes of a file. Raises UnreadableError where there are too many of them, or too many names."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._nodes: dict[str, Draft] = {}
        self._names = 0

    def node(self, written: str) -> Draft:
        """The draft of an id, as it is written in the file."""
        found = self._nodes.get(short_id(written))
        if found is None:
            found = self._nodes[short_id(written)] = Draft()
            self._count(len(self._nodes), MOST_NODES, "nodes")
        return found

    def label(self, node: Draft, text: str, language: str = "") -> None:
        """Add a name to a node."""
        self._add(node.labels, text, language)

    def synonym(self, node: Draft, scope: str, text: str, language: str = "") -> None:
        """Add a synonym of a scope to a node."""
        self._add(node.synonyms[SCOPES.index(scope)], text, language)

    def _add(self, names: set[Name], text: str, language: str) -> None:
        shown = " ".join(_whole(text).split())
        if shown:
            names.add(Name(shown, language.lower()))
            self._names += 1
            self._count(self._names, MOST_NAMES, "names")

    def _count(self, number: int, most: int, what: str) -> None:
        if number > most:
            message = f"`{self._path}` has more than {most:_} {what}"
            raise UnreadableError(Refusal("too-large", message, "too large", ("cut out the part that is needed",)))

    def table(self, release: str, written_as: str, nodes: Iterable[str] | None = None) -> Table:
        """The table of all that was collected; `nodes`, where given, are the ids (as written) of what is a node."""
        if nodes is not None:
            known = {short_id(name) for name in nodes}
            self._nodes = {name: draft for name, draft in self._nodes.items() if name in known}
        merged = {
            name: draft
            for name, draft in self._nodes.items()
            if draft.obsolete and not draft.labels and draft.replaced_by
        }
        for name, draft in merged.items():
            for today in _ids(draft.replaced_by):
                if today in self._nodes:
                    self._nodes[today].former.add(name)
        kept = sorted(name for name, draft in self._nodes.items() if name not in merged and draft.says_something)
        foreign = any(not speaks(name.language, ()) for name in self._all_names())
        made = tuple(_node(name, self._nodes[name], foreign) for name in kept)
        return Table(made, _RELEASE.sub("", _whole(release).strip()), written_as)

    def _all_names(self) -> Iterator[Name]:
        for draft in self._nodes.values():
            yield from draft.labels
            for names in draft.synonyms:
                yield from names


def _node(name: str, draft: Draft, foreign: bool) -> Node:
    labels = _names(draft.labels, foreign)
    taken = set(labels)
    synonyms = []
    for names in draft.synonyms:
        own = tuple(found for found in _names(names, foreign) if found not in taken)
        taken.update(own)
        synonyms.append(own)
    return Node(
        name,
        labels,
        tuple(synonyms),
        tuple(parent for parent in _ids(draft.parents) if parent != name),
        draft.obsolete,
        _ids(draft.replaced_by),
        _ids(draft.former),
        tuple(sorted(draft.sources)),
    )


def _names(names: set[Name], foreign: bool) -> tuple[Name, ...]:
    """Names in order; where all of a file is English, its names need not say so."""
    if not foreign and any(name.language for name in names):
        names = {Name(name.text) for name in names}
    return tuple(sorted(names)) if names else ()


def _ids(written: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({short_id(one) for one in written}))


def short_id(written: str) -> str:
    """An id as it is shown: `DOID:850` for `http://purl.obolibrary.org/obo/DOID_850`; others stay as they are."""
    found = _OBO.fullmatch(written)
    return f"{found[1]}:{found[2]}" if found else _whole(written)


def _whole(text: str) -> str:
    """A text without halves of characters, which an escape of JSON or Turtle may stand for; `?` in their place."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def source_of(reference: str) -> str:
    """The vocabulary of a reference: `MESH` of `MESH:D008223`; empty where it has none, or is an address."""
    before, colon, after = _whole(reference).partition(":")
    return "" if not colon or after.startswith("//") or before in ("http", "https", "url", "mailto") else before
