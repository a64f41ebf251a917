"""Asks an ontology for terms: the names and synonyms of all that stands below some nodes.

A node is named by its id (in full, or the last part of one where that is unique), or by a name of it, whatever the case.
What does not name one node is refused, with what may be meant. Circles and parents that the file does not hold are no
harm: each node is taken once, at its nearest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.knowledge.ontology.table import SCOPES, Node, Table, UnreadableError, short_id, speaks
from snorkel_dsl.language.check.resolving import OntologyQuery, Refusal

MOST_TERMS = 500_000
_MOST_LISTED = 5
_MOST_ASTRAY = 4  # characters that a misspelt name is longer or shorter
_MOST_ALIKE = 2_000


def nodes_below(table: Table, query: OntologyQuery, path: str) -> list[Node]:
    """The nodes that a query is about, those it names included, in the order of their ids. Raises UnreadableError."""
    roots = dict.fromkeys(find_node(table, name, path, query.keep_obsolete) for name in query.below)
    depths = _depths(table, roots, query.levels)
    found = (table.by_id[name] for name in sorted(depths) if name in table.by_id)
    return [node for node in found if query.keep_obsolete or not node.obsolete]


def _depths(table: Table, roots: Iterable[str], levels: int | None) -> dict[str, int]:
    """How far each id below the roots is from the nearest of them."""
    depths = dict.fromkeys(roots, 0)
    waiting = list(depths)
    for name in waiting:  # grows as it is read: the nearest come first
        if levels is not None and depths[name] >= levels:
            continue
        for child in table.children.get(name, ()):
            if child not in depths:
                depths[child] = depths[name] + 1
                waiting.append(child)
    return depths


def tree_below(table: Table, query: OntologyQuery, path: str) -> list[tuple[int, Node]]:
    """The nodes of a query as a tree: each once, with its depth, under the nearest of what it stands below."""
    roots = list(dict.fromkeys(find_node(table, name, path, query.keep_obsolete) for name in query.below))
    depths = _depths(table, roots, query.levels)
    seen: set[str] = set()
    waiting = [(0, name) for name in reversed(roots)]
    tree: list[tuple[int, Node]] = []
    while waiting:
        depth, name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        node = table.by_id.get(name)
        if node is not None and (query.keep_obsolete or not node.obsolete):
            tree.append((depth, node))
        below = (child for child in reversed(table.children.get(name, ())) if depths.get(child) == depth + 1)
        waiting += [(depth + 1, child) for child in below]
    return tree


def topmost(table: Table) -> list[Node]:
    """The nodes in use that stand below no other node of the file."""
    return [node for node in table.nodes if not node.obsolete and not any(p in table.by_id for p in node.parents)]


def terms_below(table: Table, query: OntologyQuery, path: str) -> tuple[str, ...]:
    """The terms that a query asks for, node by node, without repeats. Raises UnreadableError."""
    _check_languages(table, query.languages, path)
    terms: dict[str, None] = {}
    for node in nodes_below(table, query, path):
        terms.update(dict.fromkeys(names_of(node, query.scopes, query.languages)))
        if len(terms) > MOST_TERMS:
            message = f"more than {MOST_TERMS:_} terms of `{path}` are asked for"
            raise UnreadableError(
                Refusal("too-large", message, "too many", ("ask below another node, or `at most 4 levels`",))
            )
    return tuple(terms)


def _check_languages(table: Table, wanted: tuple[str, ...], path: str) -> None:
    """A language that no name of the file is in is a mistake. English may be asked of files that say no language."""
    if not wanted:
        return
    names = (name for node in table.nodes for kind in (node.labels, *node.synonyms) for name in kind)
    spoken = {name.language for name in names if name.language}
    for tag in wanted:
        if any(speaks(language, (tag,)) for language in spoken) or (tag == "en" and not spoken):
            continue
        listed = ", ".join(f"`{language}`" for language in sorted(spoken)[:_MOST_LISTED])
        help_text = f"its names are in {listed}" if spoken else "its names say no language: leave `languages` out"
        message = f"no name of `{path}` is in the language `{tag}`"
        raise UnreadableError(Refusal("unknown-name", message, "a tag such as `en` or `de`", (help_text,), tag))


def names_of(node: Node, scopes: tuple[str, ...], languages: tuple[str, ...]) -> Iterator[str]:
    """The names of a node and its synonyms of some scopes, in some languages."""
    for names in (node.labels, *(node.synonyms[SCOPES.index(scope)] for scope in SCOPES if scope in scopes)):
        yield from (name.text for name in names if speaks(name.language, languages))


# ------------------------------------------------------------------------------------------------------ naming a node


def find_node(table: Table, name: str, path: str, keep_obsolete: bool = False) -> str:
    """The id that a text names. Raises UnreadableError, with what may be meant."""
    found = _named(table, name.strip(), path)
    node = table.by_id.get(found)
    if node is not None and node.obsolete and not keep_obsolete:
        raise _obsolete(table, node, name, path)
    return found


def _named(table: Table, name: str, path: str) -> str:
    written = short_id(name)
    if written in table.by_id or written in table.children:
        return written
    if written in table.former:
        raise _merged(table, written, name, path)
    labelled = table.by_label.get(" ".join(name.split()).casefold(), [])
    current = [node for node in labelled if not node.obsolete] or labelled
    if not current:
        current = [node for node in table.nodes if name and node.id.endswith(("/" + name, "#" + name))]
    if len(current) > 1:
        raise _ambiguous(name, current, path)
    if not current:
        raise _unknown(table, name, path)
    return current[0].id


def _unknown(table: Table, name: str, path: str) -> UnreadableError:
    message = f"`{path}` has no node `{name}`"
    return UnreadableError(Refusal("unknown-node", message, "neither an id nor a name", _which(table, name), name))


def _which(table: Table, name: str) -> tuple[str, ...]:
    """What may be meant: a node of which it is a synonym, or one with an id or a name like it."""
    folded = name.casefold()
    for node in table.nodes:
        if any(folded == synonym.text.casefold() for names in node.synonyms for synonym in names):
            return (f'`{name}` is a synonym of {_shown(node)}: write `below "{node.id}"`',)
    likely = short_id(name.replace("_", ":")) if ":" not in name else None
    likely = likely if likely in table.by_id else None
    likely = likely or did_you_mean(folded, _alike(folded, table.by_label))
    if likely is None:
        return ("`snorkel-dsl ontology show FILE` lists its topmost nodes",)
    node = table.by_id.get(likely) or table.by_label[likely][0]
    return (f"did you mean {_shown(node)}?",)


def _alike(name: str, known: Iterable[str]) -> list[str]:
    """Those that begin like a name or share a word with it, and are about as long: in all there may be very many."""
    words = [word for word in name.split() if len(word) > 3]
    near = (one for one in known if abs(len(one) - len(name)) <= _MOST_ASTRAY)
    return list(islice((one for one in near if one[:3] == name[:3] or any(word in one for word in words)), _MOST_ALIKE))


def _ambiguous(name: str, nodes: list[Node], path: str) -> UnreadableError:
    listed = ", ".join(_shown(node) for node in nodes[:_MOST_LISTED])
    more = ", …" if len(nodes) > _MOST_LISTED else ""
    message = f"`{path}` has {len(nodes)} nodes called `{name}`"
    return UnreadableError(
        Refusal("ambiguous-node", message, "which one?", (f"name it by its id: {listed}{more}",), name)
    )


def _obsolete(table: Table, node: Node, name: str, path: str) -> UnreadableError:
    today = [table.by_id[name] for name in node.replaced_by if name in table.by_id]
    helps = [f"it is replaced by {', '.join(map(_shown, today))}"] if today else []
    message = f"{_shown(node)} is obsolete in `{path}`"
    helps.append("or add the line `keep obsolete`")
    return UnreadableError(Refusal("obsolete-node", message, "no longer in use", tuple(helps), name))


def _merged(table: Table, written: str, name: str, path: str) -> UnreadableError:
    node = table.by_id[table.former[written]]
    message = f"`{written}` was merged into another node of `{path}`"
    return UnreadableError(Refusal("obsolete-node", message, "no longer in use", (f"it is now {_shown(node)}",), name))


def _shown(node: Node) -> str:
    return f"`{node.id}`" if node.label == node.id else f"`{node.id}` ({node.label})"
