"""What a language pipeline says of texts: its meaning, where pipelines come from, what runs when, what is kept."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pipelines
import pytest
import strategies
from equality import assert_equal_votes, batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import snorkel_dsl as sd
from snorkel_dsl import api, caching, reference
from snorkel_dsl.caching import VARIABLE, Store
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.knowledge import pipelines as found_pipelines
from snorkel_dsl.knowledge.pipelines import find_pipeline
from snorkel_dsl.language import ir
from snorkel_dsl.language.text.annotation import (
    ENTITIES,
    LEMMAS,
    PHRASE,
    PHRASES,
    TAGS,
    Annotation,
    Entity,
    Token,
    among,
)
from snorkel_dsl.predicates import annotating
from snorkel_dsl.repository.settings import find_settings
from snorkel_dsl.source import Source

HEAD = """data comment
    text   text
    title  text
task spam on comment
    labels HAM, SPAM
terms SONGS
    "song", "win"
"""


def compiled(folder: Path, *rules: str, head: str = HEAD) -> api.Rules:
    """Rules in a folder, each a condition of its own: `rule_0`, `rule_1`, …"""
    written = "".join(f"rule rule_{n} votes HAM\n    when {rule}\n" for n, rule in enumerate(rules))
    (folder / "some.rules").write_text(head + written, encoding="utf-8")
    return sd.compile(folder / "some.rules")


def refused(folder: Path, condition: str = "text has an entity PERSON") -> list[tuple[str, str, tuple[str, ...]]]:
    with pytest.raises(RulesError) as wrong:
        compiled(folder, condition)
    return [(one.kind, one.message, one.helps) for one in wrong.value.diagnostics]


def votes(rules: api.Rules, *texts: str | None, title: str = "") -> list[list[bool]]:
    """For each rule, whether it votes on each text."""
    matrix = rules.apply([{"text": text, "title": title} for text in texts])
    return [[bool(cell >= 0) for cell in column] for column in matrix.to_numpy().T]


# ------------------------------------------------------------------------------------------------------------- meaning


def said(text: str, *words: tuple[str, str, str], phrases: tuple[str, ...] = ()) -> Annotation:
    """An annotation of words that stand in a text: word, tag, lemma."""
    tokens, at = [], 0
    for word, tag, lemma in words:
        at = text.index(word, at)
        tokens.append(Token(at, at + len(word), tag, lemma))
        at += len(word)
    return Annotation(text, tuple(tokens), (), tuple((text.index(p), text.index(p) + len(p)) for p in phrases))


def listed(*terms: str, masks: tuple[str, ...] = ()) -> ir.TermList:
    return ir.TermList(tuple(map(ir.Term, terms)), tuple(map(ir.Term, masks)))


def found(annotation: Annotation, kind: str, terms: ir.TermList) -> list[str]:
    return [annotation.text[start:end] for start, end in among(annotation, kind, terms)]


PLAY = said("the Plays play", ("the", "DET", "the"), ("Plays", "NOUN", "play"), ("play", "VERB", "play"))


@pytest.mark.parametrize(
    ("annotation", "kind", "terms", "words"),
    [
        (PLAY, "noun", listed("play"), ["Plays"]),
        (PLAY, "verb", listed("play"), ["play"]),
        (PLAY, "lemma", listed("play"), ["Plays", "play"]),
        (PLAY, "lemma", listed("plays"), []),
        (PLAY, "noun", listed("plays"), ["Plays"]),
        (PLAY, "noun", listed("pla*"), ["Plays"]),
        (PLAY, "noun", listed("lay"), []),
        (PLAY, "noun", listed("the play", "play play"), []),  # a term of several words is never one word
        (PLAY, "noun", listed("play", masks=("plays play",)), []),
        (PLAY, "adverb", listed("play"), []),
        (said("ﬁnd it", ("ﬁnd", "VERB", "")), "verb", listed("FIND"), ["ﬁnd"]),  # folded as `mentions` folds
        (said("café", ("café", "NOUN", "")), "noun", listed("caf"), []),
        (said("C++!", ("C++", "PROPN", "C++")), "proper noun", listed("c++"), ["C++"]),
        (said("US us", ("US", "PROPN", "US"), ("us", "PRON", "we")), "pronoun", listed("us"), ["us"]),
        (said("x ray", ("x ray", "NOUN", "x ray")), "noun", listed("x-ray"), ["x ray"]),
        (said("is", ("is", "AUX", "be")), "verb", listed("be"), ["is"]),
    ],
)
def test_words_of_a_kind(annotation: Annotation, kind: str, terms: ir.TermList, words: list[str]) -> None:
    assert found(annotation, kind, terms) == words


def test_exact_case_holds_for_words() -> None:
    us = said("US us", ("US", "PROPN", "US"), ("us", "PROPN", "us"))
    assert found(us, "proper noun", ir.TermList((ir.Term("US", exact_case=True),))) == ["US"]


def test_noun_phrases_hold_terms_and_base_forms() -> None:
    text = "two small nodules near a red car"
    words = [("two", "NUM", "two"), ("small", "ADJ", "small"), ("nodules", "NOUN", "nodule")]
    phrases = said(text, *words, phrases=("two small nodules", "a red car"))
    assert found(phrases, PHRASE, listed("small")) == ["two small nodules"]
    assert found(phrases, PHRASE, listed("small nodule")) == ["two small nodules"]
    assert found(phrases, PHRASE, listed("nodules near")) == []
    assert found(phrases, PHRASE, listed("small", "car", masks=("red car",))) == ["two small nodules"]


def test_a_long_list_is_as_one_term_after_another() -> None:
    words = [f"w{n}" for n in range(40)]
    annotation = said(" ".join(words), *((word, "NOUN", word[::-1]) for word in words))
    for term in ("w3", "3w", "w30", "w*", "9*"):
        alone = found(annotation, "noun", listed(term))
        assert alone == [word for word in words if found(said(word, (word, "NOUN", word[::-1])), "noun", listed(term))]


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    text = draw(st.text(min_size=1, max_size=12))
    place = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).filter(lambda at: at[0] < at[1])
    word = st.text(max_size=4)
    tokens = draw(st.lists(st.builds(lambda at, tag, lemma: Token(*at, tag, lemma), place, word, word), max_size=3))
    entities = draw(st.lists(st.builds(lambda at, label: Entity(*at, label), place, word), max_size=2))
    return Annotation(text, tuple(tokens), tuple(entities), tuple(draw(st.lists(place, max_size=2))))


@settings(max_examples=60)
@given(annotations())
def test_what_is_written_is_read(annotation: Annotation) -> None:
    assert Annotation.read(annotation.text, annotation.written()) == annotation


@pytest.mark.parametrize(
    "written",
    [
        "",
        "{}",
        "[[],[]]",
        '[[[0,9,"",""]],[],[]]',
        '[[["0",1,"",""]],[],[]]',
        "[[],[[0,1,2]],[]]",
        "[[],[],[[1,0]]]",
        "[[],[],[[0,1,2]]]",
        "[" * 100_000,
    ],
)
def test_what_is_no_annotation_of_the_text_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Annotation.read("ab", written)


# ----------------------------------------------------------------------------------------- where pipelines come from


def pipeline_of(folder: Path) -> ir.Pipeline:
    found_ = find_pipeline(find_settings(folder).pipeline, (folder,))
    assert isinstance(found_, ir.Pipeline), found_
    return found_


def test_a_blank_pipeline_says_what_its_patterns_say(tmp_path: Path) -> None:
    pipelines.write_blank(tmp_path)
    blank = pipeline_of(tmp_path)
    assert (blank.gives, blank.entities) == ({ENTITIES, TAGS, LEMMAS}, ("ORG", "PERSON"))
    pipelines.write_blank(tmp_path, pipelines.PEOPLE)
    assert pipeline_of(tmp_path).gives == {ENTITIES}
    (tmp_path / "snorkel-dsl.toml").write_text('spacy = "blank:de"\n', encoding="utf-8")
    assert (pipeline_of(tmp_path).gives, pipeline_of(tmp_path).entities) == (frozenset(), ())


def test_the_version_follows_the_patterns_and_not_their_layout(tmp_path: Path) -> None:
    pipelines.write_blank(tmp_path)
    first = compiled(tmp_path, "text has an entity PERSON").program
    file = tmp_path / "patterns.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace(", ", " ,  ").replace("\n", "\r\n\r\n"), encoding="utf-8")
    again = compiled(tmp_path, "text has an entity PERSON").program
    assert again.functions[0].semantic_hash == first.functions[0].semantic_hash
    pipelines.write_blank(tmp_path, pipelines.PEOPLE + pipelines.WORDS[1:])
    changed = compiled(tmp_path, "text has an entity PERSON").program
    assert changed.functions[0].semantic_hash != first.functions[0].semantic_hash


def test_a_saved_pipeline_is_what_its_files_say_wherever_they_lie(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    pipelines.save(pipelines.ruled(), here)
    shutil.copytree(here, there)
    asked = "text has an entity PERSON", "text has a noun among SONGS"
    first, moved = (compiled(folder, *asked) for folder in (here, there))
    assert pipeline_of(here).entities == ("ORG", "PERSON")
    hashes = [[function.semantic_hash for function in rules.program.functions] for rules in (first, moved)]
    assert hashes[0] == hashes[1]
    for rules in (first, moved):
        assert votes(rules, "Katy Perry", "songs", "") == [[True, False, False], [False, True, False]]
    with (there / "pipeline" / "tokenizer").open("ab") as file:
        file.write(b"x")
    assert pipeline_of(there).version != pipeline_of(here).version
    (here / "pipeline" / "notes.txt").write_text("one more file", encoding="utf-8")
    assert (
        pipeline_of(here).version != moved.program.functions[0].expressions[0].arguments[0].arguments[1].value.version
    )


def test_what_is_linked_into_a_pipeline_belongs_to_it(tmp_path: Path) -> None:
    pipelines.save(pipelines.ruled(), tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "pipeline" / "data").symlink_to(tmp_path / "data")
    (tmp_path / "pipeline" / "round").symlink_to(tmp_path / "pipeline")
    first = pipeline_of(tmp_path).version
    (tmp_path / "data" / "table").write_text("x", encoding="utf-8")
    assert pipeline_of(tmp_path).version != first
    (tmp_path / "pipeline" / "gone").symlink_to(tmp_path / "gone")
    assert refused(tmp_path)[0][:2] == ("missing-pipeline", "`pipeline` cannot be read: no such file or directory")


def write_package(site: Path, nlp: Any) -> None:
    """An installed package that holds a pipeline, as `spacy package` and pip make one."""
    package = site / "tests_tiny_pipeline"
    package.mkdir(parents=True)
    nlp.to_disk(package / "en_tiny-1.2.3")
    meta = json.loads((package / "en_tiny-1.2.3" / "meta.json").read_text(encoding="utf-8"))
    meta |= {"name": "tiny", "version": "1.2.3"}
    for file in (package / "meta.json", package / "en_tiny-1.2.3" / "meta.json"):
        file.write_text(json.dumps(meta), encoding="utf-8")
    (package / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n\n\n"
        "def load(**overrides):\n    return load_model_from_init_py(__file__, **overrides)\n",
        encoding="utf-8",
    )
    info = site / "tests_tiny_pipeline-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tests_tiny_pipeline\nVersion: 1.2.3\n", encoding="utf-8"
    )
    (info / "RECORD").write_text("tests_tiny_pipeline/en_tiny-1.2.3/config.cfg,sha256=abc,1\n", encoding="utf-8")


def test_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    write_package(site, pipelines.ruled())
    monkeypatch.syspath_prepend(str(site))
    (tmp_path / "snorkel-dsl.toml").write_text('spacy = "tests_tiny_pipeline"\n', encoding="utf-8")
    first = pipeline_of(tmp_path)
    assert first.name == "tests_tiny_pipeline"
    assert first.version.startswith("1.2.3, spaCy 3.")
    assert first.entities == ("ORG", "PERSON")
    assert votes(compiled(tmp_path, "text has an entity PERSON"), "Shakira", "me") == [[True, False]]
    record = site / "tests_tiny_pipeline-1.2.3.dist-info" / "RECORD"
    record.write_text(record.read_text(encoding="utf-8").replace("abc", "def"), encoding="utf-8")
    assert pipeline_of(tmp_path).version != first.version
    record.write_text("__editable__.tests_tiny_pipeline.pth,sha256=abc,1\n", encoding="utf-8")  # as `pip install -e`
    without = pipeline_of(tmp_path).version
    (site / "tests_tiny_pipeline" / "en_tiny-1.2.3" / "notes").write_text("x", encoding="utf-8")
    assert pipeline_of(tmp_path).version != without
    shutil.rmtree(record.parent)
    assert refused(tmp_path)[0][0] == "missing-pipeline"  # a module that happens to be there was not installed


def test_a_trained_pipeline_says_what_it_learned(tmp_path: Path, fresh: None) -> None:
    nlp = pipelines.trained()
    pipelines.save(nlp, tmp_path)
    assert (pipeline_of(tmp_path).gives, pipeline_of(tmp_path).entities) == ({TAGS, PHRASES}, ())
    head = HEAD.replace('"song", "win"', '"dog", "cat"')
    asked = [f"text has a {kind} among SONGS" for kind in ("noun", "noun phrase", "verb")]
    rules = compiled(tmp_path, *asked, head=head)
    texts = ["the small dog sees a cat", "the small dogs", "a", ""]
    assert votes(rules, texts[0], texts[3]) == [[True, False], [True, False], [False, False]]
    rows = [{"text": text, "title": "a cat hears the red bird"} for text in texts]
    assert_equal_votes(rules.program, rows, "vectorscan")
    function = rules.program.functions[1]
    evidence = reference.explain(function, {"text": texts[0]}).clauses[0].step.evidence
    assert [texts[0][match.start : match.end] for match in evidence] == ["the small dog", "a cat"]


LACKING: list[tuple[str, dict[str, str], str, str]] = [
    ("", {}, "no-pipeline", "no language pipeline is named in the settings"),
    ('spacy = "en_no_such"', {}, "missing-pipeline", "there is no package and no folder `en_no_such`"),
    ('spacy = "json"', {}, "missing-pipeline", "there is no package and no folder `json`"),
    ('spacy = "pytest"', {}, "missing-pipeline", "`pytest` holds no language pipeline"),
    ('spacy = "__main__"', {}, "missing-pipeline", "there is no package and no folder `__main__`"),
    ('spacy = "email.mime"', {}, "missing-pipeline", "there is no package and no folder `email.mime`"),
    ('spacy = "./empty"', {}, "missing-pipeline", "there is no `./empty`"),
    ('spacy = "full"', {"full/meta.json": "{"}, "missing-pipeline", "`full` holds no language pipeline"),
    ('spacy = "../other"', {}, "outside-roots", "`../other` lies outside the roots"),
    ('spacy = "blank:"', {}, "missing-pipeline", "spaCy has no language ``"),
    ('spacy = "blank:../../x"', {}, "missing-pipeline", "spaCy has no language `../../x`"),
    ('spacy = "blank:en"', {}, "lacking-pipeline", "the pipeline `blank:en` says nothing of named entities"),
    (pipelines.SETTINGS, {}, "missing-pipeline", "there is no `patterns.jsonl`"),
    (pipelines.SETTINGS, {"patterns.jsonl": "{"}, "broken-patterns", "line 1 of `patterns.jsonl` is no pattern"),
    (
        pipelines.SETTINGS,
        {"patterns.jsonl": '\n{"label": "A"}'},
        "broken-patterns",
        "line 2 of `patterns.jsonl` is no pattern",
    ),
    (
        pipelines.SETTINGS,
        {"patterns.jsonl": "[" * 100_000},
        "broken-patterns",
        "line 1 of `patterns.jsonl` is no pattern",
    ),
    (
        pipelines.SETTINGS,
        {"patterns.jsonl": '{"patterns": [[{"LOWER": "a"}]], "attrs": {"POS": "WORD"}}'},
        "broken-patterns",
        "line 1 of `patterns.jsonl` is no pattern",
    ),
    (
        pipelines.SETTINGS,
        {"patterns.jsonl": '{"patterns": [[{"LOWER": "a"}]], "attrs": {"COLOUR": "red"}}'},
        "broken-patterns",
        "line 1 of `patterns.jsonl` is no pattern",
    ),
    (
        pipelines.SETTINGS,
        {"patterns.jsonl": '{"label": "PERSON", "pattern": "A"}\n{"label": "PERSONS", "pattern": "B"}'},
        "unknown-entity",
        "the pipeline `blank:en` knows no entity `PERSN`",
    ),
]


@pytest.mark.parametrize(("settings_", "files", "kind", "message"), LACKING, ids=lambda value: str(value)[:30])
def test_what_is_lacking_is_said_before_any_row(
    tmp_path: Path, settings_: str, files: dict[str, str], kind: str, message: str
) -> None:
    (tmp_path / "snorkel-dsl.toml").write_text(settings_, encoding="utf-8")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    entity = "PERSN" if kind == "unknown-entity" else "PERSON"
    (found_,) = refused(tmp_path, f"text has an entity {entity}")
    assert found_[:2] == (kind, message)
    assert found_[2]


@pytest.mark.parametrize(
    ("components_", "gives", "entities"),
    [
        (['tagger = "tagger"'], set(), ()),
        (['tagger = "tagger"', 'rules = "attribute_ruler"'], {TAGS, LEMMAS}, ()),
        (['ner = "ner"', 'parser = "parser"'], {ENTITIES, PHRASES}, ("ORG", "PERSON")),
        (['spans = "span_ruler"'], set(), ()),
        (['spans = "span_ruler"\nannotate_ents = true'], {ENTITIES}, ("DRUG",)),
        (['ner = "ner"', 'own = "clinic_rules"'], None, None),
    ],
)
def test_a_pipeline_says_what_its_components_say(
    tmp_path: Path, components_: list[str], gives: set[str] | None, entities: tuple[str, ...] | None
) -> None:
    names = [component.split(" ")[0] for component in components_]
    sections = [c.replace(f"{n} =", f"[components.{n}]\nfactory =") for n, c in zip(names, components_, strict=True)]
    config = "\n".join(["[nlp]", f"pipeline = {json.dumps([*names, 'off'])}", 'disabled = ["off"]', *sections])
    meta = {"lang": "en", "name": "x", "version": "1", "labels": {"ner": ["PERSON", "ORG"], "spans": ["DRUG"]}}
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "config.cfg").write_text(config, encoding="utf-8")
    (tmp_path / "pipeline" / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    (tmp_path / "snorkel-dsl.toml").write_text('spacy = "pipeline"\n', encoding="utf-8")
    assert (pipeline_of(tmp_path).gives, pipeline_of(tmp_path).entities) == (gives, entities)


def test_a_link_does_not_lead_outside_the_roots(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    pipelines.save(pipelines.ruled(), tmp_path / "elsewhere")
    (project / "pipeline").symlink_to(tmp_path / "elsewhere" / "pipeline")
    (project / "snorkel-dsl.toml").write_text('spacy = "pipeline"\n', encoding="utf-8")
    assert refused(project)[0][0] == "outside-roots"
    (project / "snorkel-dsl.toml").write_text('spacy = "pipeline"\nroots = [".", "../elsewhere"]\n', encoding="utf-8")
    assert votes(compiled(project, "text has an entity ORG"), "Sony") == [[True]]


def test_a_label_that_is_nearly_one(tmp_path: Path) -> None:
    pipelines.save(pipelines.ruled(), tmp_path)
    assert refused(tmp_path, "text has at least 2 entities PERSN") == [
        ("unknown-entity", "the pipeline `en_pipeline` knows no entity `PERSN`", ("did you mean `PERSON`?",))
    ]
    assert refused(tmp_path, "text has a noun phrase among SONGS")[0][0] == "lacking-pipeline"
    assert (
        refused(tmp_path, "text has more than 0 entities PERSON and likes has an entity PERSON")[0][0] == "unknown-name"
    )


def test_a_component_that_is_not_known_may_say_anything(tmp_path: Path, components: None) -> None:
    pipelines.save(pipelines.ruled("count_texts"), tmp_path)
    assert (pipeline_of(tmp_path).gives, pipeline_of(tmp_path).entities) == (None, None)
    assert votes(compiled(tmp_path, "text has an entity PLACE"), "Sony") == [[False]]


def test_without_spacy_the_way_to_install_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> str:
        raise PackageNotFoundError(name)

    pipelines.write_blank(tmp_path)
    monkeypatch.setattr(found_pipelines, "version", nothing)
    (found_,) = refused(tmp_path)
    assert found_[0] == "no-pipeline"
    assert found_[2] == ('install it: `pip install "snorkel-dsl[spacy]"`',)


def test_patterns_are_for_blank_pipelines(tmp_path: Path) -> None:
    (tmp_path / "snorkel-dsl.toml").write_text('spacy = "en_x"\nspacy_patterns = "patterns.jsonl"\n', encoding="utf-8")
    with pytest.raises(RulesError, match="needs a blank pipeline"):
        find_settings(tmp_path)


def cli(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "importtime", "-m", "snorkel_dsl", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=os.environ)


def test_check_runs_nothing_of_a_pipeline(tmp_path: Path) -> None:
    pipelines.save(pipelines.ruled(), tmp_path)
    (tmp_path / "pipeline" / "__init__.py").write_text("raise SystemExit(77)\n", encoding="utf-8")
    compiled(tmp_path, "text has an entity PERSON", "text has a verb among SONGS")
    done = cli("check", "some.rules", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "snorkel_dsl" in loaded
    assert loaded & {"spacy", "thinc", "numpy", "pandas", "pyarrow"} == set()


# ---------------------------------------------------------------------------------------------------------- what runs when

SEEN: list[str] = []


class OddError(Exception):
    """Nothing that anybody expects."""


@pytest.fixture(scope="session")
def components() -> None:
    """Components of a user's own: one that counts, and some that fail in different ways."""
    from spacy.language import Language

    @Language.component("count_texts")
    def count_texts(doc: Any) -> Any:
        SEEN.append(doc.text)
        return doc

    @Language.component("fail_at_boom")
    def fail_at_boom(doc: Any) -> Any:
        if "boom" in doc.text:
            raise {"key": KeyError, "odd": OddError}.get(doc[0].text, RuntimeError)("no boom here")
        return doc

    class InBatches:
        """Takes all texts at once, and fails for all of them."""

        def __call__(self, doc: Any) -> Any:
            return fail_at_boom(doc)

        def pipe(self, stream: Any, batch_size: int = 0, **_: Any) -> Any:
            docs = list(stream)
            if any("boom" in doc.text for doc in docs):
                raise OddError("all of them")
            yield from docs

    @Language.factory("fail_in_batches")
    def fail_in_batches(nlp: Any, name: str) -> Any:
        return InBatches()


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is kept from before."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    annotating.annotator.cache_clear()
    SEEN.clear()
    yield
    annotating.annotator.cache_clear()


@pytest.fixture
def counting(tmp_path: Path, fresh: None, components: None) -> Path:
    """A folder with a pipeline that counts the texts which go through it."""
    pipelines.save(pipelines.ruled("count_texts"), tmp_path)
    return tmp_path


def test_only_texts_whose_annotation_matters_go_in_and_each_once(counting: Path) -> None:
    rules = compiled(
        counting,
        'text mentions "love" and text has an entity PERSON',
        'text has a noun among SONGS and text has fewer than 6 words and text mentions "love"',
    )
    texts = ["I love Katy Perry", "Katy Perry", "love songs", "love songs", None, "I would love to hear a song of hers"]
    assert votes(rules, *texts) == [
        [True, False, False, False, False, False],
        [False, False, True, True, False, False],
    ]
    assert sorted(SEEN) == ["I love Katy Perry", "I would love to hear a song of hers", "love songs"]


def test_a_clause_is_asked_of_the_rows_that_are_left(counting: Path) -> None:
    (counting / "some.rules").write_text(
        HEAD
        + """rule several
    when title mentions "x" vote SPAM
    when text has an entity PERSON vote HAM
    when text has an entity ORG vote SPAM
    unless text mentions "stop"
""",
        encoding="utf-8",
    )
    rules = sd.compile(counting / "some.rules")
    rows = [
        {"text": "Shakira one", "title": "x"},
        {"text": "Shakira two", "title": ""},
        {"text": "Shakira stop", "title": ""},
        {"text": "Sony three", "title": ""},
    ]
    assert rules.apply(rows).to_numpy()[:, 0].tolist() == [1, 0, -1, 1]
    assert SEEN == ["Shakira two", "Sony three"]


def test_columns_and_pieces_are_annotated_by_themselves(counting: Path) -> None:
    rules = compiled(
        counting,
        "title has an entity PERSON",
        'some sentence of text where it has an entity PERSON and it mentions "love"',
    )
    assert votes(rules, "I love it. Shakira left.", "I love Shakira. No!", title="Katy Perry") == [
        [True, True],
        [False, True],
    ]
    # Which sentences go in does not depend on what else is asked of them: whether one fails must not either.
    assert sorted(SEEN) == ["I love Shakira.", "I love it.", "Katy Perry", "No!", "Shakira left."]


def test_nothing_runs_again_for_what_is_known(counting: Path) -> None:
    rules = compiled(counting, "text has an entity PERSON")
    texts = ["Shakira", "nobody", "Katy Perry"]
    first = votes(rules, *texts)
    assert votes(rules, *reversed(texts)) == [first[0][::-1]]
    assert [rules.lfs["rule_0"]({"text": text}) for text in texts] == [0, -1, 0]
    assert len(SEEN) == 3
    annotating.annotator.cache_clear()  # as another process: what is in memory is gone
    assert votes(rules, *texts) == first
    assert len(SEEN) == 3


def test_what_another_pipeline_said_is_not_taken(counting: Path) -> None:
    votes(compiled(counting, "text has an entity PERSON"), "Shakira")
    nlp = pipelines.ruled("count_texts")
    nlp.remove_pipe("entity_ruler")
    pipelines.save(nlp, counting)
    assert votes(compiled(counting, "text has an entity PERSON"), "Shakira") == [[False]]
    assert SEEN == ["Shakira", "Shakira"]


@settings(max_examples=100, suppress_health_check=list(HealthCheck), database=None)
@given(text=strategies.texts())
def test_places_are_those_of_the_text(blank: annotating.Annotator, text: str) -> None:
    (annotation,) = blank.annotate([text])
    assert isinstance(annotation, Annotation)
    assert annotation.text == text
    assert Annotation.read(text, annotation.written()) == annotation
    ends = [0]
    for token in annotation.tokens:
        assert not text[ends[-1] : token.start].strip()
        ends.append(token.end)
    assert not text[ends[-1] :].strip()


@pytest.fixture(scope="module")
def blank() -> annotating.Annotator:
    return annotating.annotator(ir.Pipeline("blank:en", "of these tests"))


def test_a_thousand_texts_and_more(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotating, "AT_ONCE", 7)
    texts = [f"{'Shakira' if n % 3 else 'nobody'} {n}" for n in range(40)]
    assert votes(compiled(counting, "text has an entity PERSON"), *texts) == [[bool(n % 3) for n in range(40)]]
    assert texts == SEEN


def test_memory_holds_a_bounded_number_of_words(counting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotating, "MOST_IN_MEMORY", 10)
    monkeypatch.setenv(VARIABLE, "")
    rules = compiled(counting, "text has an entity PERSON")
    texts = [f"Shakira sings number {n}" for n in range(6)]
    assert votes(rules, *texts) == [[True] * 6]
    assert votes(rules, texts[-1], texts[0]) == [[True, True]]
    assert [*texts, texts[0]] == SEEN
    assert votes(rules, "word " * 50 + "Shakira") == [[True]]  # more than there is room for


# ---------------------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("component", ["fail_at_boom", "fail_in_batches"])
@pytest.mark.parametrize("text", ["boom Shakira", "key boom Shakira", "odd boom Shakira"])
def test_a_text_at_which_the_pipeline_fails_costs_its_row(
    tmp_path: Path, fresh: None, components: None, component: str, text: str
) -> None:
    pipelines.save(pipelines.ruled(component), tmp_path)
    rules = compiled(
        tmp_path, "text has an entity PERSON", 'text mentions "Shakira"', "text does not have an entity ORG"
    )
    rows = [{"text": t, "title": ""} for t in ("Shakira", text, "Katy Perry", None, "Sony")]
    matrix, faults = rules.apply_with_faults(rows)
    assert matrix.to_numpy().tolist() == [[0, 0, 0], [-1, 0, -1], [0, -1, 0], [-1, -1, -1], [-1, -1, -1]]
    (fault,) = faults
    assert (fault.row, fault.rules, fault.value) == (1, ("rule_0", "rule_2"), text)
    assert fault.column == "annotation of text"
    assert fault.message.startswith("the pipeline `en_pipeline` fails: ")
    assert "no boom here" in fault.message or "key" in text
    assert rules.lfs["rule_0"]({"text": text}) == -1
    assert rules.lfs["rule_1"]({"text": text}) == 0


def test_a_failure_is_no_answer_to_keep(tmp_path: Path, fresh: None, components: None) -> None:
    pipelines.save(pipelines.ruled("fail_at_boom", "count_texts"), tmp_path)
    rules = compiled(tmp_path, "text has an entity PERSON")
    for _ in range(2):
        _, faults = rules.apply_with_faults([{"text": "boom", "title": ""}, {"text": "Shakira", "title": ""}])
        assert [fault.row for fault in faults] == [0]
    assert SEEN == ["Shakira"]


def test_a_text_that_is_too_long(tmp_path: Path, fresh: None) -> None:
    pipelines.write_blank(tmp_path)
    rules = compiled(tmp_path, "text has an entity PERSON")
    rows = [{"text": "Shakira " + "x" * 1_000_000, "title": ""}, {"text": "Shakira", "title": ""}]
    matrix, (fault,) = rules.apply_with_faults(rows)
    assert matrix.to_numpy().tolist() == [[-1], [0]]
    assert fault.message == (
        "the pipeline `blank:en` fails: a text of 1_000_008 characters is longer than the 1_000_000 that the pipeline takes"
    )
    assert len(fault.value) == 80


def test_a_pipeline_that_cannot_be_loaded_stops_the_run_before_the_first_row(
    tmp_path: Path, fresh: None, components: None
) -> None:
    nlp = pipelines.ruled("count_texts")
    pipelines.save(nlp, tmp_path)
    config = tmp_path / "pipeline" / "config.cfg"
    config.write_text(config.read_text(encoding="utf-8").replace("count_texts", "nobody_has_this"), encoding="utf-8")
    rules = compiled(tmp_path, 'text mentions "never" and text has an entity PERSON')
    with pytest.raises(RulesError, match=r"a language pipeline cannot be loaded: .*nobody_has_this"):
        rules.apply([{"text": "a", "title": "b"}])


def test_code_that_lies_in_a_folder_is_not_run(tmp_path: Path, fresh: None) -> None:
    pipelines.save(pipelines.ruled(), tmp_path)
    for name in ("__init__.py", "code.py", "functions.py"):
        (tmp_path / "pipeline" / name).write_text("raise SystemExit(77)\n", encoding="utf-8")
    assert votes(compiled(tmp_path, "text has an entity PERSON"), "Shakira") == [[True]]


# ---------------------------------------------------------------------------------------------- reference and engine

SCRAPS = [
    "Katy Perry",
    "shakira",
    "Sony",
    "songs",
    "won",
    "great",
    "love",
    ". ",
    "! ",
    "\n",
    " ",
    "",
    "é",
    "ﬁ",
    "win-win",
    "boom",
]
ATOMS = [
    "text has an entity PERSON",
    "text does not have an entity ORG",
    "title has at least 2 entities PERSON",
    "text has a noun among SONGS",
    "text does not have a lemma among SONGS",
    "title has an adjective among SONGS",
    'text mentions "love"',
    "title is missing",
    "text has fewer than 4 words",
    '(some sentence of text where it has an entity PERSON and it mentions "love")',
    '(every sentence of text where it has a verb among SONGS or it mentions "great")',
]


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(ATOMS))
    parts = draw(st.lists(conditions(depth - 1), min_size=2, max_size=3))
    joined = f"({draw(st.sampled_from([' and ', ' or '])).join(parts)})"
    return f"not {joined}" if draw(st.booleans()) else joined


@st.composite
def rules_text(draw: st.DrawFn) -> str:
    lines = [f"    when {draw(conditions())} vote {vote}" for vote in draw(st.permutations(["HAM", "SPAM"]))]
    lines += [f"    unless {draw(conditions(1))}"] if draw(st.booleans()) else []
    lines += ["    otherwise vote HAM"] if draw(st.booleans()) else []
    return "\n".join(lines)


TEXTS = st.one_of(st.none(), st.lists(st.sampled_from(SCRAPS), max_size=6).map(" ".join))
ROWS = st.lists(st.fixed_dictionaries({"text": TEXTS, "title": TEXTS}), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory, components: None) -> Path:
    """A folder with a pipeline that fails at `boom`."""
    folder = tmp_path_factory.mktemp("failing")
    pipelines.save(pipelines.ruled("fail_at_boom"), folder)
    return folder


@settings(max_examples=60, suppress_health_check=list(HealthCheck), database=None)
@given(written=st.lists(rules_text(), min_size=1, max_size=2), rows=ROWS)
def test_the_engine_says_what_the_reference_says(failing: Path, written: list[str], rows: list[dict[str, Any]]) -> None:
    text = HEAD + "".join(f"rule r{n}\n{lines}\n" for n, lines in enumerate(written))
    program, diagnostics = api.check_source(Source("r.rules", text), failing / "r.rules", (failing,))
    assert program is not None
    assert [one for one in diagnostics if one.severity == "error"] == []
    matrix, faults = label_matrix(program, batch(program, rows), batch_rows=3)
    dense = matrix.to_numpy()
    for j, function in enumerate(program.functions):
        answers = [reference.answer(function, row) for row in rows]
        assert dense[:, j].tolist() == [-1 if a.vote is None else min(a.vote.labels) for a in answers]
        failed = [i for i, answer in enumerate(answers) if answer.failure is not None]
        assert sorted({fault.row for fault in faults if function.name in fault.rules}) == failed


def test_batches_of_any_size_give_the_same_votes(tmp_path: Path, fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    pipelines.save(pipelines.trained(), tmp_path)
    rules = compiled(tmp_path, "text has a noun among SONGS", "text has a noun phrase among SONGS").program
    words = ["the", "small", "dog", "sees", "a", "red", "cat", "and", "song", "win", "bird", "hears"]
    rows = [{"text": " ".join(words[n % 7 : n % 7 + n % 5]), "title": ""} for n in range(30)]
    found_ = []
    for size in (1, 7, 30):
        annotating.annotator.cache_clear()
        found_.append(label_matrix(rules, batch(rules, rows), batch_rows=size)[0].to_numpy().tolist())
    assert found_[0] == found_[1] == found_[2]


# --------------------------------------------------------------------------------------------------------- what is kept


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_what_is_put_is_got(kept: Path) -> None:
    store = Store("a.sqlite", 1 << 20)
    entries = {bytes([n]): text for n, text in enumerate(["", "é", "\ud800", "x" * 10_000])}
    store.put(entries)
    assert store.get([*entries, b"?"]) == entries
    store.put({b"\0": "new"})
    assert Store("a.sqlite", 1 << 20).get([b"\0"]) == {b"\0": "new"}


@pytest.mark.skipif(sys.platform == "win32", reason="there, who may read a file is not in its mode")
def test_what_is_kept_is_the_users_own(kept: Path) -> None:
    Store("a.sqlite", 1 << 20).put({b"a": "b"})
    assert [path.stat().st_mode & 0o077 for path in (kept, kept / "a.sqlite")] == [0, 0]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there, nobody is told whose a folder is")
def test_the_folder_of_another_user_is_not_used(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store("a.sqlite", 1 << 20)
    store.put({b"a": "b"})
    monkeypatch.setattr(os, "geteuid", lambda: kept.stat().st_uid + 1)
    assert caching.cache_folder() is None
    assert store.get([b"a"]) == {}


PUTTING = """
import sys
from snorkel_dsl.caching import Store
store = Store("a.sqlite", 1 << 24)
for n in range(60):
    store.put({bytes([n, k]): f"{n} {k}" for k in range(3)})
"""


def test_two_processes_keep_at_once(kept: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", PUTTING], env=os.environ) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    keys = [bytes([n, k]) for n in range(60) for k in range(3)]
    assert Store("a.sqlite", 1 << 24).get(keys) == {key: f"{key[0]} {key[1]}" for key in keys}


def test_the_oldest_go_when_there_is_too_much(kept: Path) -> None:
    store = Store("a.sqlite", 400_000)
    for n in range(60):
        store.put({bytes([n]): os.urandom(20_000).hex()})
    assert (kept / "a.sqlite").stat().st_size < 600_000
    found_ = sorted(key[0] for key in store.get([bytes([n]) for n in range(60)]))
    assert found_ == list(range(60 - len(found_), 60))
    assert 5 <= len(found_) < 40
    store.put({b"big": os.urandom(400_000).hex()})
    assert (kept / "a.sqlite").stat().st_size < 2_000_000


def test_where_nothing_can_be_kept_the_work_is_done_all_the_same(
    counting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    (tmp_path / "odd" / "annotations-1.sqlite").mkdir(parents=True)
    rules = compiled(counting, "text has an entity PERSON")
    for place in ("", str(tmp_path / "file"), str(tmp_path / "odd"), str(tmp_path / "file" / "below")):
        monkeypatch.setenv(VARIABLE, place)
        annotating.annotator.cache_clear()
        assert votes(rules, "Shakira", "nobody") == [[True, False]]
    assert len(SEEN) == 8


def test_a_file_that_is_no_database_is_thrown_away(kept: Path) -> None:
    kept.mkdir()
    (kept / "a.sqlite").write_bytes(b"not a database at all " * 100)
    store = Store("a.sqlite", 1 << 20)
    assert store.get([b"a"]) == {}
    store.put({b"a": "b"})
    assert store.get([b"a"]) == {b"a": "b"}


def test_a_locked_file_is_passed_over(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store("a.sqlite", 1 << 20)
    store.put({b"a": "b"})
    monkeypatch.setattr(caching, "_PATIENCE", 0.0)
    with closing(sqlite3.connect(kept / "a.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert store.get([b"a"]) == {}
        store.put({b"a": "c"})
    assert store.get([b"a"]) == {b"a": "b"}


def test_a_locked_file_is_waited_for_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store("a.sqlite", 1 << 20)
    store.put({b"a": "b"})
    waits: list[float] = []
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, timeout: waits.append(timeout) or connect(path, timeout=min(timeout, 0.01))
    )
    with closing(connect(kept / "a.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert [store.get([b"a"]) for _ in range(4)] == [{}] * 4
    assert waits == [caching._PATIENCE, 0.0, 0.0, 0.0]
    assert store.get([b"a"]) == {b"a": "b"}


@pytest.mark.parametrize(
    "damage", [b"", b"no zlib", zlib.compress(b"no json"), zlib.compress(b'[[[0,99,"",""]],[],[]]'), "text"]
)
def test_a_damaged_entry_is_made_again(counting: Path, tmp_path: Path, damage: bytes | str) -> None:
    rules = compiled(counting, "text has an entity PERSON")
    assert votes(rules, "Shakira") == [[True]]
    with closing(sqlite3.connect(tmp_path / "kept" / "annotations-1.sqlite")) as connection, connection:
        assert connection.execute("UPDATE kept SET text = ?", [damage]).rowcount == 1
    for _ in range(2):
        annotating.annotator.cache_clear()
        shutil.rmtree(tmp_path / "kept" / "votes")  # the votes are kept as well, and would do
        assert votes(rules, "Shakira") == [[True]]
    assert SEEN == ["Shakira", "Shakira"]


# --------------------------------------------------------------------------------------------------------- on the command line


def test_the_settings_and_the_doctor_name_the_pipeline(tmp_path: Path) -> None:
    pipelines.write_blank(tmp_path)
    done = cli("doctor", cwd=tmp_path)
    assert "blank:en" in done.stdout
    assert "base forms, named entities, parts of speech" in done.stdout
    assert "spacy: blank:en, with the patterns of patterns.jsonl" in done.stdout
    (tmp_path / "snorkel-dsl.toml").write_text('spacy = "en_no_such"\n', encoding="utf-8")
    done = cli("doctor", cwd=tmp_path)
    assert done.returncode == 0
    assert "there is no package and no folder `en_no_such`" in done.stdout


def test_where_the_entity_stands_is_shown(tmp_path: Path) -> None:
    pipelines.write_blank(tmp_path)
    (tmp_path / "a.csv").write_text("text,title\nI like Katy Perry songs,x\n", encoding="utf-8")
    compiled(tmp_path, "text has an entity PERSON", "text has a noun among SONGS")
    done = cli("explain", "some.rules", "a.csv", "--row", "1", cwd=tmp_path)
    assert "I like [Katy Perry] songs" in done.stdout
    assert "I like Katy Perry [songs]" in done.stdout
