"""What is asked of an annotated text: its entities, its words by their part of speech, its noun phrases.

The settings name the pipeline that annotates. What can be known of it before any row is read is checked here: that it is
there, that it says what is asked for, and that an entity's label is one that it gives.
"""

from __future__ import annotations

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language import ast, ir
from snorkel_dsl.language.check.declarations import refuse
from snorkel_dsl.language.check.resolving import Refusal
from snorkel_dsl.language.check.scope import Names, Scope
from snorkel_dsl.language.check.texts import bounds_of, compare_count, list_of
from snorkel_dsl.language.check.values import text_value
from snorkel_dsl.language.text.annotation import ENTITIES, LEMMAS, PHRASE, PHRASES, TAGS, WORD_KINDS
from snorkel_dsl.language.types import Kind

_COMPONENTS = {
    ENTITIES: "`ner` or `entity_ruler`",
    TAGS: "`morphologizer`, or `tagger` with `attribute_ruler`",
    LEMMAS: "`lemmatizer` or `attribute_ruler`",
    PHRASES: "`parser`",
}


def check_annotated(scope: Scope, node: ast.HasEntity | ast.HasEntities | ast.HasAmong) -> ir.Expression | None:
    """`text has an entity PERSON`, `text has at least 2 entities PERSON`, `text has a noun among LIST`."""
    found = _among(scope, node) if isinstance(node, ast.HasAmong) else _entities(scope, node)
    return scope.names.negation(found, node.span) if found is not None and node.negated else found


def _entities(scope: Scope, node: ast.HasEntity | ast.HasEntities) -> ir.Expression | None:
    names = scope.names
    bounds = bounds_of(names, node.count, "entities") if isinstance(node, ast.HasEntities) else None
    said = _annotated(scope, node, ENTITIES)
    if said is None or (bounds is None and isinstance(node, ast.HasEntities)):
        return None
    annotation, pipeline = said
    if not _gives_label(names, pipeline, node.entity):
        return None
    label = ir.Constant(node.entity.text, Kind.WORD, node.entity.span)
    if bounds is None:
        return names.call("has_entity", annotation, label, span=node.span)
    return compare_count(names, names.call("entities", annotation, label, span=node.span), bounds, node.span)


def _among(scope: Scope, node: ast.HasAmong) -> ir.Expression | None:
    names, kind = scope.names, node.kind.text
    terms = list_of(scope, node.terms)
    if kind not in WORD_KINDS and kind != PHRASE:
        _unknown_kind(names, node.kind)
        return None
    said = _annotated(scope, node, {PHRASE: PHRASES, "lemma": LEMMAS}.get(kind, TAGS))
    if said is None or terms is None:
        return None
    word = ir.Constant(kind, Kind.WORD, node.kind.span)
    listed = ir.Constant(terms, Kind.TERMS, node.terms.span)
    return names.call("has_among", said[0], word, listed, span=node.span)


def _annotated(
    scope: Scope, node: ast.HasEntity | ast.HasEntities | ast.HasAmong, wanted: str
) -> tuple[ir.Expression, ir.Pipeline] | None:
    """The annotation of the subject, and the pipeline, which must say what is wanted."""
    names = scope.names
    asks = "has an entity" if wanted == ENTITIES else "among"
    text = text_value(scope, node.subject, asks)
    pipeline = names.resolver.pipeline()
    if isinstance(pipeline, Refusal):
        if text is not None:
            refuse(names, pipeline, node)
        return None
    if pipeline.gives is not None and wanted not in pipeline.gives:
        names.report(
            "lacking-pipeline",
            f"the pipeline `{pipeline.name}` says nothing of {wanted}",
            node,
            f"this asks for {wanted}",
            helps=[f"name one in the settings that has the component {_COMPONENTS[wanted]}"],
        )
        return None
    if text is None:
        return None
    constant = ir.Constant(pipeline, Kind.PIPELINE, node.span)
    return names.call("annotate", text, constant, span=node.subject.span), pipeline


def _gives_label(names: Names, pipeline: ir.Pipeline, label: ast.Name) -> bool:
    if pipeline.entities is None or label.text in pipeline.entities:
        return True
    likely = did_you_mean(label.text, pipeline.entities)
    listed = ", ".join(f"`{known}`" for known in pipeline.entities)
    names.report(
        "unknown-entity",
        f"the pipeline `{pipeline.name}` knows no entity `{label.text}`",
        label,
        "none of its labels",
        helps=[f"did you mean `{likely}`?" if likely else f"its labels: {listed}"],
    )
    return False


def _unknown_kind(names: Names, kind: ast.WordKind) -> None:
    known = [*WORD_KINDS, PHRASE]
    likely = did_you_mean(kind.text, known)
    listed = ", ".join(f"`{word}`" for word in known)
    names.report(
        "unknown-word-kind",
        f"`{kind.text}` is no kind of word",
        kind,
        "which words are meant?",
        helps=[f"did you mean `{likely}`?" if likely else f"write one of {listed}"],
    )
