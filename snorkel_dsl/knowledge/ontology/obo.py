"""Reads OBO by fastobo, the reader that pronto stands on, which is handed only the lines that matter.

Published files break the rules of OBO in places that do not matter here: a reference with a blank in it, or a synonym of a
type that the header does not declare, for which pronto refuses both slims of the Disease Ontology. So definitions and
remarks are left out, and of a synonym its text and its scope are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from snorkel_dsl.knowledge.ontology.table import Draft, Drafts, Table, UnreadableError, source_of
from snorkel_dsl.language.check.resolving import Refusal

if TYPE_CHECKING:
    import fastobo

_KEPT = frozenset({"id", "name", "synonym", "is_a", "is_obsolete", "replaced_by", "alt_id", "xref"})
_HEADER = frozenset({"format-version", "data-version", "date"})
_SYNONYM = re.compile(r'synonym:\s*("(?:[^"\\]++|\\.)*+")\s*(EXACT|NARROW|RELATED|BROAD)?\b.*')
_ONE_WORD = re.compile(r"\w+:\s*(\S+)")


def read_obo(text: str, path: str) -> Table:
    """The table of an OBO file. Raises UnreadableError, and ImportError without the extra."""
    import fastobo

    drafts = Drafts(path)
    try:
        frames = fastobo.iter(BytesIO("\n".join(_lines(text)).encode()), threads=1)
        release = _release(frames.header())
        for frame in frames:
            if isinstance(frame, fastobo.term.TermFrame):
                _term(frame, drafts)
    except (SyntaxError, ValueError) as error:
        raise _broken(error, path) from error
    return drafts.table(release, "OBO")


def _release(header: fastobo.header.HeaderFrame) -> str:
    said = {clause.raw_tag(): clause.raw_value() for clause in header}
    return str(said.get("data-version") or said.get("date") or "")


def _term(frame: fastobo.term.TermFrame, drafts: Drafts) -> None:
    node = drafts.node(str(frame.id))
    for clause in frame:
        match clause.raw_tag():
            case "name":
                drafts.label(node, clause.name)
            case "synonym":
                drafts.synonym(node, clause.synonym.scope.lower(), clause.synonym.desc)
            case "is_a":
                node.parents.add(str(clause.term))
            case tag:
                _other(tag, clause, node)


def _other(tag: str, clause: fastobo.term.BaseTermClause, node: Draft) -> None:
    match tag:
        case "is_obsolete":
            node.obsolete = clause.obsolete
        case "replaced_by":
            node.replaced_by.add(str(clause.term))
        case "alt_id":
            node.former.add(str(clause.alt_id))
        case "xref":
            node.sources.update(filter(None, [source_of(str(clause.xref.id))]))


def _lines(text: str) -> Iterator[str]:
    """The lines of a file that matter: a little of its head, and of each term its names and relations.

    A blank line stands for one that does not, so that the reader counts lines as the file has them.
    """
    kept = _HEADER
    for line in text.split("\n"):
        if line.startswith("["):
            kept = _KEPT if line.startswith("[Term]") else frozenset()
            yield line.rstrip() if kept else ""
            continue
        tag, colon, _ = line.partition(":")
        odd = kept is _KEPT and not colon and bool(line.strip()) and not line.lstrip().startswith("!")
        yield _cut(tag, line) if tag in kept or odd else ""


def _cut(tag: str, line: str) -> str:
    """A line without what follows its value."""
    if tag == "synonym":
        found = _SYNONYM.match(line)
        return f"synonym: {found[1]} {found[2] or 'RELATED'} []" if found else line
    if tag in ("name", *_HEADER):
        return line.rstrip()
    found = _ONE_WORD.match(line)
    return f"{tag}: {found[1]}" if found else line


def _broken(error: Exception, path: str) -> UnreadableError:
    line = getattr(error, "lineno", None)
    where = f"line {line} cannot be read" if line else str(error)
    return UnreadableError(Refusal("broken-ontology", f"`{path}` is not an OBO file that can be read", where))
