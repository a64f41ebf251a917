"""Language pipelines for tests: small ones with rules, one that is trained on two sentences, all saved as users save theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PEOPLE: list[dict[str, Any]] = [
    {"label": "PERSON", "pattern": "Katy Perry"},
    {"label": "PERSON", "pattern": [{"LOWER": "shakira"}]},
    {"label": "ORG", "pattern": [{"LOWER": "sony"}]},
]
WORDS: list[dict[str, Any]] = [
    {"patterns": [[{"LOWER": {"IN": ["song", "songs", "tune"]}}]], "attrs": {"POS": "NOUN"}},
    {"patterns": [[{"LOWER": "songs"}]], "attrs": {"LEMMA": "song"}},
    {"patterns": [[{"LOWER": {"IN": ["win", "won", "wins"]}}]], "attrs": {"POS": "VERB", "LEMMA": "win"}},
    {"patterns": [[{"LOWER": {"IN": ["great", "good"]}}]], "attrs": {"POS": "ADJ", "LEMMA": "good"}},
]
SETTINGS = 'spacy = "blank:en"\nspacy_patterns = "patterns.jsonl"\n'


def write_blank(folder: Path, rules: list[dict[str, Any]] | None = None) -> None:
    """Settings for a blank pipeline with rules, in a folder."""
    lines = "".join(json.dumps(rule) + "\n" for rule in (PEOPLE + WORDS if rules is None else rules))
    (folder / "patterns.jsonl").write_text(lines, encoding="utf-8")
    (folder / "snorkel-dsl.toml").write_text(SETTINGS, encoding="utf-8")


def ruled(*components: str) -> Any:
    """A pipeline with rules for words and entities, and further components by their names."""
    import spacy

    nlp: Any = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_ruler").add_patterns(PEOPLE)
    nlp.add_pipe("attribute_ruler", first=True).add_patterns(WORDS)
    for name in components:
        nlp.add_pipe(name)
    return nlp


def save(nlp: Any, folder: Path) -> None:
    """A pipeline in `pipeline`, and settings that name it, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    nlp.to_disk(folder / "pipeline")
    (folder / "snorkel-dsl.toml").write_text('spacy = "pipeline"\n', encoding="utf-8")


_TEXTS: list[tuple[str, dict[str, Any]]] = [
    (
        "the small dog sees a cat",
        {
            "heads": [2, 2, 3, 3, 5, 3],
            "deps": ["det", "amod", "nsubj", "ROOT", "det", "dobj"],
            "pos": ["DET", "ADJ", "NOUN", "VERB", "DET", "NOUN"],
        },
    ),
    (
        "a cat hears the red bird",
        {
            "heads": [1, 2, 2, 5, 5, 2],
            "deps": ["det", "nsubj", "ROOT", "det", "amod", "dobj"],
            "pos": ["DET", "NOUN", "VERB", "DET", "ADJ", "NOUN"],
        },
    ),
]


def trained() -> Any:
    """A pipeline that learned two sentences by heart: parts of speech and a parse, by small networks."""
    import spacy
    from spacy.training import Example

    embed = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 16,
        "depth": 1,
        "embed_size": 100,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
    }
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "parser",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 1,
        "use_upper": True,
        "tok2vec": embed,
    }
    nlp: Any = spacy.blank("en")
    nlp.add_pipe("parser", config={"min_action_freq": 1, "model": parser})
    nlp.add_pipe("morphologizer", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": embed}})
    examples = [Example.from_dict(nlp.make_doc(text), said) for text, said in _TEXTS]
    spacy.util.fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(100):
        nlp.update(examples, sgd=optimizer)
    return nlp
