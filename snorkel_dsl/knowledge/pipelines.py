"""The language pipeline that the settings name: whether it is there, its version, and what it can say of a text.

Nothing of a pipeline is loaded here and none of its code runs: all is read from its files. A pipeline is one of three things.
`blank:en` is the tokenizer of a language, with rules from a file of patterns; a package is an installed one; a folder is what
`nlp.to_disk` wrote. Its version changes whenever its answers may: it holds the release of spaCy and a hash of the contents.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from configparser import ConfigParser, SectionProxy
from configparser import Error as ConfigError
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.knowledge.files import read_text
from snorkel_dsl.language.check.resolving import Refusal
from snorkel_dsl.language.ir import Pipeline
from snorkel_dsl.language.text.annotation import ENTITIES, LEMMAS, PHRASES, TAGS, UNIVERSAL_TAGS

BLANK = "blank:"
_READING = 1  # how an annotation is made of what spaCy says; counts for the version
_INSTALL = 'install it: `pip install "snorkel-dsl[spacy]"`'
# What the components of spaCy add to a text, by the name of their factory. One that is not here may add anything.
_GIVES: Mapping[str, frozenset[str]] = {
    "ner": frozenset({ENTITIES}),
    "beam_ner": frozenset({ENTITIES}),
    "entity_ruler": frozenset({ENTITIES}),
    "future_entity_ruler": frozenset({ENTITIES}),
    "morphologizer": frozenset({TAGS}),
    "attribute_ruler": frozenset({TAGS, LEMMAS}),
    "lemmatizer": frozenset({LEMMAS}),
    "trainable_lemmatizer": frozenset({LEMMAS}),
    "parser": frozenset({PHRASES}),
    "beam_parser": frozenset({PHRASES}),
    "tok2vec": frozenset(),
    "tagger": frozenset(),  # tags of its own; `attribute_ruler` makes parts of speech of them
    "span_ruler": frozenset(),
    "sentencizer": frozenset(),
    "senter": frozenset(),
    "textcat": frozenset(),
    "textcat_multilabel": frozenset(),
    "spancat": frozenset(),
    "spancat_singlelabel": frozenset(),
    "entity_linker": frozenset(),
    "merge_noun_chunks": frozenset(),
    "merge_entities": frozenset(),
    "merge_subtokens": frozenset(),
    "doc_cleaner": frozenset(),
    "token_splitter": frozenset(),
    "transformer": frozenset(),
    "curated_transformer": frozenset(),
}


@dataclass(frozen=True)
class PipelineSettings:
    """The pipeline that a settings file names: `blank:en`, a package or a folder, with a file of patterns for a blank one.

    Paths start at the folder of the settings `file`.
    """

    name: str
    file: Path
    patterns: str | None = None


def find_pipeline(settings: PipelineSettings | None, roots: tuple[Path, ...]) -> Pipeline | Refusal:
    """The pipeline of some settings (None: there are none); a folder and patterns lie below one of the roots."""
    if settings is None:
        return _none_is_named()
    try:
        library = version("spacy")
    except PackageNotFoundError:
        return Refusal(
            "no-pipeline", "rules about entities and parts of speech need spaCy", "not installed", (_INSTALL,)
        )
    folder = settings.file.resolve().parent
    if settings.name.startswith(BLANK):
        return _blank(settings, folder, roots, library)
    if _names_a_folder(settings.name, folder):
        return _folder(settings, folder, roots, library)
    return _package(settings, library)


def _none_is_named() -> Refusal:
    return Refusal(
        "no-pipeline",
        "no language pipeline is named in the settings",
        "this asks what one says of the text",
        (
            'add a line to snorkel-dsl.toml, or to `[tool.snorkel-dsl]` in pyproject.toml: `spacy = "en_core_web_sm"`',
            'without a trained one: `spacy = "blank:en"` and `spacy_patterns = "patterns.jsonl"`',
        ),
    )


# ------------------------------------------------------------------------------------------------------ blank, with rules


def _blank(settings: PipelineSettings, folder: Path, roots: tuple[Path, ...], library: str) -> Pipeline | Refusal:
    language = settings.name.removeprefix(BLANK)
    known = _languages()
    if language not in known:
        likely = did_you_mean(language, known)
        return Refusal(
            "missing-pipeline",
            f"spaCy has no language `{language}`",
            f'`spacy = "{settings.name}"` stands in {settings.file}',
            (f"did you mean `{BLANK}{likely}`?" if likely else "languages are written as `blank:en`, `blank:de`, …",),
        )
    release = f"spaCy {library}, {_READING}"
    if settings.patterns is None:
        return Pipeline(settings.name, release, gives=frozenset(), entities=())
    found = _below(folder, settings.patterns, roots, settings.file)
    if isinstance(found, Refusal):
        return found
    rules = read_patterns(found, settings.patterns)
    if isinstance(rules, Refusal):
        return rules
    digest = hashlib.sha256(json.dumps([rules.entities, rules.attributes]).encode()).hexdigest()
    labels = tuple(sorted({str(rule["label"]) for rule in rules.entities}))
    gives = rules.gives
    return Pipeline(settings.name, f"{release}, {digest}", patterns=str(found), gives=gives, entities=labels)


@dataclass(frozen=True)
class Patterns:
    """The rules of a file of patterns, as spaCy's `entity_ruler` and `attribute_ruler` take them."""

    entities: tuple[dict[str, Any], ...]
    attributes: tuple[dict[str, Any], ...]

    @property
    def gives(self) -> frozenset[str]:
        """What they add to a text."""
        said = {name for rule in self.attributes for name in rule["attrs"]}
        added = {ENTITIES: bool(self.entities), TAGS: "POS" in said, LEMMAS: "LEMMA" in said}
        return frozenset(what for what, is_so in added.items() if is_so)


def read_patterns(file: Path, path: str) -> Patterns | Refusal:
    """The rules of a file of patterns: a JSON object a line, `label` and `pattern`, or `patterns` and `attrs`."""
    text = read_text(file, path)
    if isinstance(text, Refusal):
        return text
    entities: list[dict[str, Any]] = []
    attributes: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        rule = _rule(line)
        if isinstance(rule, str):
            return Refusal("broken-patterns", f"line {number} of `{path}` is no pattern", rule, _PATTERN_HELPS)
        (attributes if "attrs" in rule else entities).append(rule)
    return Patterns(tuple(entities), tuple(attributes))


_ATTRIBUTES = ("POS", "LEMMA", "TAG", "MORPH", "DEP")
_PATTERN_HELPS = (
    'a line for an entity: `{"label": "PERSON", "pattern": "Katy Perry"}`',
    'a line for parts of speech: `{"patterns": [[{"LOWER": "won"}]], "attrs": {"POS": "VERB", "LEMMA": "win"}}`',
)


def _rule(line: str) -> dict[str, Any] | str:
    """The rule of a line, or what is wrong with it."""
    try:
        rule: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        return str(wrong)[:1].lower() + str(wrong)[1:]
    match rule:
        case {"label": str(label), "pattern": str() | [dict(), *_]} if label:
            return rule
        case {"patterns": [[dict(), *_], *_], "attrs": {**attributes}} if attributes:
            return _wrong_attribute(attributes) or rule
        case _:
            return "it has neither `label` and `pattern` nor `patterns` and `attrs`"


def _wrong_attribute(attributes: Mapping[Any, Any]) -> str | None:
    """What is wrong with what a rule says of a word."""
    for name, value in attributes.items():
        if name not in _ATTRIBUTES or not isinstance(value, str):
            return f"`attrs` says {', '.join(_ATTRIBUTES)}, each with a text"
        if name == "POS" and value not in UNIVERSAL_TAGS:
            return f"`{value}` is no part of speech of Universal Dependencies: {', '.join(sorted(UNIVERSAL_TAGS))}"
    return None


def _languages() -> list[str]:
    """The languages that the installed spaCy knows, by the folders of its package."""
    return sorted(folder.name for folder in (_library() / "lang").iterdir() if (folder / "__init__.py").is_file())


def _library() -> Path:
    found = find_spec("spacy")
    return Path(found.origin).parent if found is not None and found.origin else Path()


# -------------------------------------------------------------------------------------------------- folders and packages


def _names_a_folder(name: str, folder: Path) -> bool:
    return "/" in name or "\\" in name or name.startswith(".") or (folder / name).is_dir()


def _folder(settings: PipelineSettings, folder: Path, roots: tuple[Path, ...], library: str) -> Pipeline | Refusal:
    found = _below(folder, settings.name, roots, settings.file)
    if isinstance(found, Refusal):
        return found
    meta = _meta(found, settings.name)
    if isinstance(meta, Refusal):
        return meta
    try:
        digest = _digest_of(found, _listing(found))
    except OSError as error:
        why = f"`{settings.name}` cannot be read: {(error.strerror or '').lower()}"
        return Refusal("missing-pipeline", why, f"it stands in {settings.file}", ("every file in it must be readable",))
    return _described(meta, found, f"spaCy {library}, {_READING}, {digest}", str(found))


def _package(settings: PipelineSettings, library: str) -> Pipeline | Refusal:
    name = settings.name
    init = _installed(name)
    if init is None:
        return Refusal(
            "missing-pipeline",
            f"there is no package and no folder `{name}`",
            f'`spacy = "{name}"` stands in {settings.file}',
            (f"if it is a pipeline of spaCy's own: `python -m spacy download {name}`",),
        )
    meta = _meta(init.parent, name)
    if isinstance(meta, Refusal):
        return meta
    data = init.parent / f"{meta.get('lang')}_{meta.get('name')}-{meta.get('version')}"
    return _described(meta, data, f"spaCy {library}, {_READING}, {_package_digest(name, data)}", None, name)


def _installed(name: str) -> Path | None:
    """Where a package begins, if it is one and was installed; it is not imported."""
    try:
        distribution(name)
        found = find_spec(name) if name.isidentifier() else None
    except (PackageNotFoundError, ValueError):
        return None
    is_package = found is not None and found.origin is not None and found.submodule_search_locations is not None
    return Path(found.origin) if found is not None and found.origin is not None and is_package else None


def _package_digest(name: str, data: Path) -> str:
    """A hash of an installed package: of its record of hashes, where that has those of its files."""
    record = distribution(name).read_text("RECORD") or ""
    return hashlib.sha256(record.encode()).hexdigest() if "config.cfg" in record else _digest_of(data, _listing(data))


def _meta(folder: Path, name: str) -> dict[str, Any] | Refusal:
    """What a pipeline's meta.json says."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        meta = None
    if isinstance(meta, dict):
        return meta
    return Refusal(
        "missing-pipeline",
        f"`{name}` holds no language pipeline",
        "it has no meta.json that can be read",
        ("a pipeline is saved with `nlp.to_disk`",),
    )


def _described(
    meta: Mapping[str, Any], data: Path, release: str, folder: str | None, package: str | None = None
) -> Pipeline:
    """A trained pipeline, with what its files say that it can do."""
    name = package or f"{meta.get('lang', '')}_{meta.get('name', '')}"
    version_ = f"{meta.get('version', '')}, {release}"
    factories = _factories(data)
    if factories is None:
        return Pipeline(name, version_, folder, None)
    known = all(factory in _GIVES for factory in factories.values())
    gives = frozenset().union(*(_GIVES.get(factory, frozenset()) for factory in factories.values()))
    labels = meta.get("labels")
    named = [n for n, factory in factories.items() if ENTITIES in _GIVES.get(factory, ())]
    entities = None
    if known and isinstance(labels, dict) and all(isinstance(labels.get(n), list) for n in named):
        entities = tuple(sorted({str(label) for n in named for label in labels[n]}))
    return Pipeline(name, version_, folder, None, gives if known else None, entities)


def _factories(data: Path) -> dict[str, str] | None:
    """The components that a pipeline runs, each with its factory; None where its config.cfg does not say so plainly."""
    config = ConfigParser(interpolation=None)
    try:
        config.read_string((data / "config.cfg").read_text(encoding="utf-8"))
        running = json.loads(config["nlp"]["pipeline"])
        disabled = json.loads(config["nlp"].get("disabled", "[]"))
        return {name: _factory(config[f"components.{name}"]) for name in running if name not in disabled}
    except (OSError, ValueError, KeyError, TypeError, ConfigError, RecursionError):
        return None


def _factory(component: SectionProxy) -> str:
    """The factory of a component; a ruler of spans that makes entities of them is one of entities."""
    factory = str(json.loads(component["factory"]))
    return "entity_ruler" if factory == "span_ruler" and component.get("annotate_ents") == "true" else factory


# -------------------------------------------------------------------------------------------------------- files and hashes

Listing: TypeAlias = tuple[tuple[str, int, int], ...]


def _below(folder: Path, path: str, roots: tuple[Path, ...], file: Path) -> Path | Refusal:
    """The file or folder that a setting names, if it is there and below a root; links are followed first."""
    found = (folder / path).resolve()
    if not any(found.is_relative_to(root.resolve()) for root in roots):
        return Refusal(
            "outside-roots",
            f"`{path}` lies outside the roots",
            f"it stands in {file}",
            ("move it below the folder of the settings, or add its folder to `roots` there",),
        )
    if found.exists():
        return found
    beside = sorted(other.name for other in found.parent.iterdir()) if found.parent.is_dir() else []
    likely = did_you_mean(found.name, beside)
    help_ = f"did you mean `{path[: len(path) - len(found.name)]}{likely}`?" if likely else "paths start at its folder"
    return Refusal("missing-pipeline", f"there is no `{path}`", f"it stands in {file}", (help_,))


def _listing(folder: Path) -> Listing:
    """Every file below a folder with its size and time, in order; links are followed, each folder once."""
    found: list[tuple[str, int, int]] = []
    seen: set[Path] = set()
    for where, folders, files in os.walk(folder, followlinks=True):
        place = Path(where)
        if place.resolve() in seen:
            folders.clear()
            continue
        seen.add(place.resolve())
        for path in (place / name for name in files):
            status = path.stat()
            found.append((path.relative_to(folder).as_posix(), status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))


@lru_cache(maxsize=64)
def _digest_of(folder: Path, listing: Listing) -> str:
    """A hash of the contents of a folder's files and of their names."""
    whole = hashlib.sha256()
    for name, _, _ in listing:
        with (folder / name).open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        whole.update(len(name.encode()).to_bytes(4) + name.encode() + content)
    return whole.hexdigest()
