"""What a language pipeline says of a text: named entities, words by their part of speech, noun phrases.

`annotate` is the only one that costs: it runs the pipeline (`annotating`), once a text. The others ask its result, which
`language.text.annotation` describes.
"""

from __future__ import annotations

from snorkel_dsl.language.ir import Pipeline, TermList
from snorkel_dsl.language.text import annotation
from snorkel_dsl.language.text.annotation import Annotation, Place
from snorkel_dsl.language.types import Kind
from snorkel_dsl.predicates import FailedError, Predicate, signature
from snorkel_dsl.predicates.annotating import annotate_all, annotator


def _annotate(text: str, pipeline: Pipeline) -> Annotation:
    (said,) = annotate_all([str(text)], pipeline)
    if isinstance(said, FailedError):
        raise said
    return said


def _entities(said: Annotation, label: str) -> list[Place]:
    return annotation.entities(said, label)


def _has_entity(said: Annotation, label: str) -> bool:
    return bool(annotation.entities(said, label))


def _entities_count(said: Annotation, label: str) -> float:
    return float(len(annotation.entities(said, label)))


def _among(said: Annotation, kind: str, terms: TermList) -> list[Place]:
    return annotation.among(said, kind, terms)


def _has_among(said: Annotation, kind: str, terms: TermList) -> bool:
    return bool(annotation.among(said, kind, terms))


ANNOTATE = Predicate(
    name="annotate",
    signature=signature(Kind.TEXT, Kind.PIPELINE, gives=Kind.ANNOTATION),
    evaluate=_annotate,
    kernel=annotate_all,
    may_fail=True,
    costly=True,
    prepare=annotator,
    doc="what the language pipeline of the settings says of a text",
    example="text has an entity PERSON",
)
HAS_ENTITY = Predicate(
    name="has_entity",
    signature=signature(Kind.ANNOTATION, Kind.WORD, gives=Kind.CONDITION),
    evaluate=_has_entity,
    doc="whether an entity has the label",
    example="text has an entity PERSON",
    places=_entities,
)
ENTITIES = Predicate(
    name="entities",
    signature=signature(Kind.ANNOTATION, Kind.WORD, gives=Kind.NUMBER),
    evaluate=_entities_count,
    doc="how many entities have the label",
    example="text has at least 2 entities PERSON",
    places=_entities,
)
HAS_AMONG = Predicate(
    name="has_among",
    signature=signature(Kind.ANNOTATION, Kind.WORD, Kind.TERMS, gives=Kind.CONDITION),
    evaluate=_has_among,
    doc="whether a word of a kind, as it is written or in its base form, or a noun phrase is among the terms",
    example="text has a noun among WORDS",
    places=_among,
)
