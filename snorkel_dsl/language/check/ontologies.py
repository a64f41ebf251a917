"""`from ontology … below …` with its options: what is asked of an ontology, and the terms that it gives."""

from __future__ import annotations

import re
from collections.abc import Sequence

from snorkel_dsl.language import ast
from snorkel_dsl.language.check.resolving import OntologyQuery, Refusal
from snorkel_dsl.language.check.scope import Names

SCOPES = ("exact", "narrow", "related", "broad")
NO_SYNONYMS = "none"
_ID = re.compile(r"[A-Za-z]+:\d+")


def ontology_terms(names: Names, line: ast.TermsOntology) -> tuple[str, ...] | None:
    """The names that an ontology has for what is asked; None, with a diagnostic, where it gives none."""
    query = _query(names, line)
    if query is None:
        return None
    found = names.resolver.ontology(line.path.text, query)
    if isinstance(found, Refusal):
        tags = [tag for option in line.options if isinstance(option, ast.Languages) for tag in option.tags]
        asked: list[ast.String | ast.Name] = [*line.below, *tags]
        at = next((node for node in asked if node.text == found.about), line.path)
        names.report(found.kind, found.message, at, found.label, helps=found.helps)
        return None
    if not found:
        names.report(
            "empty-terms",
            f"`{line.path.text}` has no names there",
            line.path,
            "nothing can be found with it",
            helps=["ask for other `languages`, or `keep obsolete`"],
        )
        return None
    return found


def takes_no_ids(names: Names, block: ast.Terms) -> bool:
    """Whether no id of an ontology stands among the words of a list that comes from one; says so where one does."""
    if not any(isinstance(line, ast.TermsOntology) for line in block.lines):
        return True
    words = [word for line in block.lines if isinstance(line, ast.TermsLine) for word in line.terms]
    ids = [word for word in words if isinstance(word, ast.String) and _ID.fullmatch(word.text)]
    for word in ids:
        names.report(
            "id-as-term",
            f"`{word.text}` is an id, and texts are searched for words",
            word,
            "these letters would be looked for",
            helps=["write the words that are meant, or name the node where ids stand: `from ontology … below …`"],
        )
    return not ids


def _query(names: Names, line: ast.TermsOntology) -> OntologyQuery | None:
    options = line.options
    _once(names, [option for option in options if isinstance(option, ast.Levels)], "at most … levels")
    kept = [option for option in options if isinstance(option, ast.SkipObsolete | ast.KeepObsolete)]
    _once(names, kept, "obsolete")
    _once(names, [option for option in options if isinstance(option, ast.Synonyms)], "synonyms")
    _once(names, [option for option in options if isinstance(option, ast.Languages)], "languages")
    scopes = _scopes(names, [option for option in options if isinstance(option, ast.Synonyms)])
    if scopes is None:
        return None
    return OntologyQuery(
        below=tuple(node.text for node in line.below),
        scopes=scopes,
        levels=next((int(option.most.value) for option in options if isinstance(option, ast.Levels)), None),
        keep_obsolete=any(isinstance(option, ast.KeepObsolete) for option in options),
        languages=_languages(options),
    )


def _languages(options: Sequence[ast.OntologyOption]) -> tuple[str, ...]:
    tags = (tag.text.lower() for option in options if isinstance(option, ast.Languages) for tag in option.tags)
    return tuple(dict.fromkeys(tags))


def _once(names: Names, lines: Sequence[ast.Node], what: str) -> None:
    for again in lines[1:]:
        names.report("repeated-line", f"there are two `{what}` lines", again, "write one", others=[(lines[0].span, "")])


def _scopes(names: Names, lines: Sequence[ast.Synonyms]) -> tuple[str, ...] | None:
    """The scopes in their own order; exact and narrow where none are named."""
    if not lines:
        return OntologyQuery(()).scopes
    written = [kind for line in lines for kind in line.kinds]
    unknown = [kind for kind in written if kind.text not in (*SCOPES, NO_SYNONYMS)]
    for kind in unknown:
        names.unknown(
            "kind of synonym", (*SCOPES, NO_SYNONYMS), kind, label="synonyms are exact, narrow, related or broad"
        )
    if unknown:
        return None
    asked = {kind.text for kind in written}
    if NO_SYNONYMS in asked and len(asked) > 1:
        names.report(
            "wrong-quantifier",
            "`none` and other kinds of synonyms are asked for",
            lines[0],
            "both",
            helps=["write `synonyms none`, or the kinds that are wanted"],
        )
        return None
    return tuple(scope for scope in SCOPES if scope in asked)
