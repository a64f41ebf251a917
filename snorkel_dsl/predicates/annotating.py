"""Runs a language pipeline over texts and turns what it says into plain annotations. spaCy is imported here, and nowhere else.

A text is annotated once: what was said of it is kept in memory, and between runs in the cache folder, under a hash of the
text and of the pipeline's version. The others go through `nlp.pipe` in batches. A text at which a component fails is tried
once more alone, so that it costs no other text its annotation; what fails then is that text's failure.

Loading a pipeline runs code that is installed, and nothing else: a folder's config may name registered functions only, and
what lies beside it is data (msgpack and JSON). Components that wrap a PyTorch model let torch read their weights.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any, TypeAlias

from snorkel_dsl.caching import Store
from snorkel_dsl.diagnostics import Diagnostic, RulesError
from snorkel_dsl.language.ir import Pipeline
from snorkel_dsl.language.text.annotation import Annotation, Entity, Token
from snorkel_dsl.predicates import FailedError

if TYPE_CHECKING:
    from types import TracebackType

    from spacy.tokens import Doc

Answer: TypeAlias = Annotation | FailedError
MOST_IN_MEMORY = 300_000  # tokens
AT_ONCE = 1_000  # texts, for what spaCy makes of one is many times as large as what is kept of it
_KEPT = Store("annotations-1.sqlite", most=512 << 20)


def annotate_all(texts: Sequence[str], pipeline: Pipeline) -> list[Answer]:
    """What a pipeline says of each text; a FailedError stands for a text at which it fails."""
    return annotator(pipeline).annotate(texts)


@lru_cache(maxsize=4)
def annotator(pipeline: Pipeline) -> Annotator:
    """The loaded pipeline. Raises RulesError where it cannot be loaded."""
    return Annotator(pipeline, _load(pipeline))


class Annotator:
    """A loaded pipeline, and what it said lately."""

    def __init__(self, pipeline: Pipeline, nlp: Any) -> None:
        """An annotator; `nlp` is the pipeline as spaCy gives it."""
        self.pipeline = pipeline
        self._nlp = nlp
        self._recent: OrderedDict[str, Annotation] = OrderedDict()
        self._held = 0
        self._handle_errors(_pass_over)

    def annotate(self, texts: Sequence[str]) -> list[Answer]:
        """What is said of each text, in order."""
        found: dict[str, Answer] = {}
        for text in dict.fromkeys(texts):
            if text in self._recent:
                self._recent.move_to_end(text)
                found[text] = self._recent[text]
        found |= self._kept([text for text in dict.fromkeys(texts) if text not in found])
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        for start in range(0, len(missing), AT_ONCE):
            new = self._said(missing[start : start + AT_ONCE])
            _KEPT.put({self._key(text): said.written() for text, said in new.items() if isinstance(said, Annotation)})
            found |= new
        self._remember(found.values())
        return [found[text] for text in texts]

    def _key(self, text: str) -> bytes:
        asked = f"{self.pipeline.name}\0{self.pipeline.version}\0{text}"
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()

    def _kept(self, texts: Iterable[str]) -> dict[str, Answer]:
        """What was kept between runs, by text; an entry that is none is left out."""
        by_key = {self._key(text): text for text in texts}
        found: dict[str, Answer] = {}
        for key, written in (_KEPT.get(by_key) if by_key else {}).items():
            try:
                found[by_key[key]] = Annotation.read(by_key[key], written)
            except ValueError:
                continue
        return found

    def _remember(self, said: Iterable[Answer]) -> None:
        for annotation in said:
            if isinstance(annotation, Annotation) and annotation.text not in self._recent:
                self._recent[annotation.text] = annotation
                self._held += _weight(annotation)
        while self._held > MOST_IN_MEMORY:
            _, oldest = self._recent.popitem(last=False)
            self._held -= _weight(oldest)

    # ------------------------------------------------------------------------------------------------ through the pipeline

    def _said(self, texts: Sequence[str]) -> dict[str, Answer]:
        """What the pipeline says of texts that it has not seen, by text."""
        found: dict[str, Answer] = {}
        docs: list[tuple[Doc, str]] = []
        for text in texts:
            with _Caught() as caught:
                docs.append((self._doc(text), text))
            if caught.error is not None:
                found[text] = self._failure(text, caught.error)
        with _Caught():  # what is missing then is asked alone
            for doc, text in self._nlp.pipe(docs, as_tuples=True):
                found[text] = annotation_of(doc, text)
        return found | {text: self._alone(text) for _, text in docs if text not in found}

    def _doc(self, text: str) -> Doc:
        """The text as tokens. Raises ValueError where it is too long."""
        most = self._nlp.max_length
        if len(text) > most:
            raise ValueError(f"a text of {len(text):_} characters is longer than the {most:_} that the pipeline takes")
        doc: Doc = self._nlp.make_doc(text)
        return doc

    def _alone(self, text: str) -> Answer:
        """What is said of a text at which the pipeline failed when it stood among others."""
        said: Answer | None = None
        self._handle_errors(_raise)
        with _Caught() as caught:
            said = annotation_of(self._nlp(self._doc(text)), text)
        self._handle_errors(_pass_over)
        return said or self._failure(text, caught.error or ValueError("it gives nothing"))

    def _handle_errors(self, handler: Callable[..., None]) -> None:
        """Say what components do when they fail; some of spaCy's own (the parser) cannot be told, and raise."""
        self._nlp.default_error_handler = handler
        for _, component in self._nlp.pipeline:
            with suppress(AttributeError):
                component.set_error_handler(handler)

    def _failure(self, text: str, error: Exception) -> FailedError:
        why = " ".join(str(error).split()) or type(error).__name__
        return FailedError(f"the pipeline `{self.pipeline.name}` fails: {_shortened(why, 200)}", _shortened(text, 80))


def _weight(annotation: Annotation) -> int:
    return len(annotation.tokens) + 1


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


class _Caught:
    """Holds what code that is not ours raised: it may raise anything, and costs no more than the text it failed at."""

    error: Exception | None = None

    def __enter__(self) -> _Caught:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        self.error = error if isinstance(error, Exception) else None
        return self.error is not None


def _pass_over(_name: str, _component: Any, _docs: list[Doc], _error: Exception) -> None:
    """The handler of batches: the texts at which a component failed are left out, and asked alone later."""


def _raise(_name: str, _component: Any, _docs: list[Doc], error: Exception) -> None:
    raise error


def annotation_of(doc: Any, text: str) -> Annotation:
    """A processed text as plain values. White space is no token. Raises ValueError where it is not the text any more."""
    if doc.text != text:
        raise ValueError("it changes the text")
    tokens = tuple(
        Token(token.idx, token.idx + len(token), intern(token.pos_), intern(token.lemma_))
        for token in doc
        if not token.is_space
    )
    entities = tuple(Entity(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents)
    parsed = doc.has_annotation("DEP") and doc.noun_chunks_iterator is not None
    phrases = tuple((phrase.start_char, phrase.end_char) for phrase in doc.noun_chunks) if parsed else ()
    return Annotation(text, tokens, entities, phrases)


# --------------------------------------------------------------------------------------------------------------- loading


def _load(pipeline: Pipeline) -> Any:
    with _Caught() as caught:
        return _blank(pipeline) if pipeline.name.startswith("blank:") else _trained(pipeline)
    raise RulesError([_broken(pipeline, caught.error)])


def _trained(pipeline: Pipeline) -> Any:
    import spacy

    return spacy.load(pipeline.name if pipeline.folder is None else Path(pipeline.folder))


def _blank(pipeline: Pipeline) -> Any:
    """The tokenizer of a language; its rules say parts of speech first, so that those for entities may ask for them."""
    import json

    import spacy

    nlp: Any = spacy.blank(pipeline.name.removeprefix("blank:"))
    if pipeline.patterns is None:
        return nlp
    lines = Path(pipeline.patterns).read_text(encoding="utf-8-sig").splitlines()
    rules = [json.loads(line) for line in lines if line.strip()]
    of_words = [rule for rule in rules if "attrs" in rule]
    of_entities = [rule for rule in rules if "attrs" not in rule]
    if of_entities:
        nlp.add_pipe("entity_ruler", config={"validate": True}).add_patterns(of_entities)
    if of_words:
        nlp.add_pipe("attribute_ruler", config={"validate": True}, first=True).add_patterns(of_words)
    return nlp


def _broken(pipeline: Pipeline, error: Exception | None) -> Diagnostic:
    """What spaCy says when it cannot load a pipeline; its first sentence, for what follows is for programmers."""
    why = " ".join(str(error).split()).partition(". ")[0]
    name = pipeline.name if pipeline.folder is None else _shown(pipeline.folder)
    help_ = f"try it alone: `python -c \"import spacy; spacy.load('{name}')\"`"
    if pipeline.patterns is not None:
        help_ = f"mend the pattern in {_shown(pipeline.patterns)}"
    return Diagnostic(
        "broken-pipeline", f"a language pipeline cannot be loaded: {_shortened(why, 200)}", helps=(help_,)
    )


def _shown(path: str) -> str:
    """A path as one would write it from the current folder, where it lies below that."""
    return os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else path
