"""Finding plugins and reading what they store, whatever way they were installed; nothing of theirs is imported."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pytest
from plugin_folder import install, signatures

from snorkel_dsl.language.check.resolving import Refusal, StoredFunctions
from snorkel_dsl.language.ir import PluginFunction
from snorkel_dsl.language.types import Kind
from snorkel_dsl.plugins import installed, std
from snorkel_dsl.plugins.stored import SignatureError, read_functions

BOMB = "raise SystemExit('imported')"
ONE = ["score(text) -> number"]


def names(found: StoredFunctions | Refusal) -> list[str]:
    assert isinstance(found, StoredFunctions), found
    return [stored.function.name for stored in found.functions]


def test_beside_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "wheel", BOMB, ONE)
    assert names(installed.functions_of("wheel", 1)) == ["score"]


def test_in_a_folder_that_a_pth_file_puts_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = install(tmp_path / "record", monkeypatch, "linked", BOMB, ONE)
    (tmp_path / "source").mkdir()
    home.rename(tmp_path / "source" / home.name)
    monkeypatch.syspath_prepend(tmp_path / "source")
    assert names(installed.functions_of("linked", 1)) == ["score"]


class Finder(importlib.abc.MetaPathFinder):
    """What an editable install may put among Python's finders."""

    def __init__(self, name: str, home: Path) -> None:
        self.name, self.home = name, home

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        places = [str(self.home)]
        return importlib.util.spec_from_file_location(
            name, self.home / "__init__.py", submodule_search_locations=places
        )


@pytest.fixture
def _finder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = install(tmp_path / "record", monkeypatch, "mapped", BOMB, ONE)
    (tmp_path / "elsewhere").mkdir()
    home.rename(tmp_path / "elsewhere" / "other_name")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder(home.name, tmp_path / "elsewhere" / "other_name")])


@pytest.mark.usefixtures("_finder")
def test_where_a_finder_of_an_editable_install_says() -> None:
    assert names(installed.functions_of("mapped", 1)) == ["score"]


def test_in_the_folder_of_a_module_or_of_a_package_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = install(tmp_path, monkeypatch, "deep", BOMB, ONE)
    (tmp_path / "plugin_deep-1.0.dist-info" / "entry_points.txt").write_text(
        "[snorkel_dsl.plugins]\ndeep = plugin_deep.rules.functions\n", encoding="utf-8"
    )
    assert names(installed.functions_of("deep", 1)) == ["score"]
    (home / "rules").mkdir()
    (home / "rules" / "functions.toml").write_text(signatures("deep", 1, ["nearer(text) -> text"]), encoding="utf-8")
    assert names(installed.functions_of("deep", 1)) == ["nearer"]


def refused(name: str, version: int = 1) -> Refusal:
    found = installed.functions_of(name, version)
    assert isinstance(found, Refusal)
    return found


def test_what_is_said_of_one_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "sentiments", BOMB, ONE, version=3)
    assert refused("sentimets").helps[0] == "did you mean `sentiments`?"
    assert refused("quite-other").helps[0].startswith("install the package that brings it")
    assert refused("sentiments", 2).kind == "plugin-version"
    assert "`pip install plugin_sentiments==VERSION`" in refused("sentiments", 2).helps[1]
    assert "`pip install --upgrade plugin_sentiments`" in refused("sentiments", 4).helps[1]


def test_two_packages_with_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "a", monkeypatch, "double", BOMB, ONE, package="one_package")
    install(tmp_path / "b", monkeypatch, "double", BOMB, ONE, package="another_package")
    assert refused("double").kind == "ambiguous-plugin"
    assert "`another_package` and `one_package`" in refused("double").helps[0]


def test_one_whose_package_or_signatures_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = install(tmp_path, monkeypatch, "gone", BOMB, ONE)
    (home / "functions.toml").unlink()
    assert refused("gone").kind == "broken-plugin"
    assert "there is no functions.toml beside `plugin_gone`" in refused("gone").message
    home.rename(tmp_path / "elsewhere")
    assert refused("gone").kind == "broken-plugin"


@pytest.mark.parametrize("module", ["../../etc", "a/b", "a b", "", "\0", "os:system", "..", "x" * 10_000])
def test_an_entry_point_that_names_no_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    install(tmp_path, monkeypatch, "astray", BOMB, ONE)
    record = tmp_path / "plugin_astray-1.0.dist-info" / "entry_points.txt"
    record.write_text(f"[snorkel_dsl.plugins]\nastray = {module}\n", encoding="utf-8")
    assert {plugin.stored for plugin in installed.installed() if plugin.name == "astray"} <= {None}
    assert refused("astray").kind in ("broken-plugin", "missing-plugin")


@pytest.mark.parametrize("record", [b"\xff", b"[snorkel_dsl.plugins]\nastray\n", b"[", b"[snorkel_dsl.plugins]\n= x\n"])
def test_a_torn_record_of_one_package_is_no_harm_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: bytes
) -> None:
    install(tmp_path, monkeypatch, "astray", BOMB, ONE)
    (tmp_path / "plugin_astray-1.0.dist-info" / "entry_points.txt").write_bytes(record)
    assert refused("astray").kind == "missing-plugin"
    assert names(installed.functions_of("std", 1))


def test_ours_is_registered_as_any_other() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    own = installed.OWN
    assert f'[project.entry-points."{own.group}"]\n{own.name} = "{own.value}"\n' in text
    assert {point.value for point in entry_points(group=installed.GROUP, name="std")} <= {own.value}
    assert sorted(names(installed.functions_of("std", 1))) == sorted(std.__all__)


# ------------------------------------------------------------------------------------------------------ functions.toml

FINE = """
name = "fine"
version = 2
[[function]]
name = "score"
parameters = [{ name = "text", kind = "text" }, { name = "least", kind = "number" }]
result = "yes/no"
doc = "whether it scores"
example = "score(text, 1)"
pure = false
batch = true
needs_model = true
"""


def read(tmp_path: Path, text: str) -> StoredFunctions:
    (tmp_path / "functions.toml").write_text(text, encoding="utf-8")
    return read_functions(tmp_path / "functions.toml", "fine")


def test_what_is_stored_is_read(tmp_path: Path) -> None:
    (stored,) = read(tmp_path, FINE).functions
    kinds = (Kind.TEXT, Kind.NUMBER)
    assert stored.function == PluginFunction("fine", 2, "score", kinds, Kind.CONDITION, False, True, True)
    assert (stored.parameters, stored.doc, stored.example) == (("text", "least"), "whether it scores", "score(text, 1)")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "fine"', 'name = "other"', "is of a plugin called `other`; the entry point calls it `fine`"),
        ("version = 2", "version = 0", "has the version 0, and versions are counted from 1"),
        ("version = 2", 'version = "2"', "has a `version` that is no whole number"),
        ("version = 2", "version = true", "has a `version` that is no whole number"),
        ("version = 2", "version = " + "9" * 5_000, "is not TOML"),
        ("version = 2\n", "", "has no `version`"),
        ("version = 2", "version = 2\nauthor = 1", "has the key `author`"),
        ('result = "yes/no"', 'result = "boolean"', "it must be one of `number`, `text`, `yes/no`"),
        ('kind = "number"', 'kind = "float"', "gives a parameter of the function `score` the kind `float`"),
        ('name = "least"', 'name = "at least"', "and that is no name in Python"),
        ('name = "score"', 'name = "class"', "and that is no name in Python"),
        ("pure = false", 'pure = "no"', "the function `score`: has a `pure` that is no true or false"),
        ("pure = false", "purre = false", "the function `score`: has the key `purre`: did you mean `pure`?"),
        ('doc = "whether it scores"\n', "", "the function `score`: has no `doc`"),
        ("[[function]]", "[function]", "has a `function` that is no list"),
        ("[[function]]", "[[function", "is not TOML"),
        (
            'parameters = [{ name = "text", kind = "text" }, { name = "least", kind = "number" }]',
            "parameters = []",
            "has no",
        ),
        (
            'parameters = [{ name = "text", kind = "text" }',
            'parameters = ["text"',
            "has a parameter of the function `score`",
        ),
    ],
)
def test_what_is_wrong_with_it_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in FINE
    with pytest.raises(SignatureError) as wrong:
        read(tmp_path, FINE.replace(old, new, 1))
    assert said in str(wrong.value)


def test_a_function_that_is_declared_twice(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="declares `score` twice"):
        read(tmp_path, FINE + FINE[FINE.index("[[function]]") :])


def test_a_file_that_is_no_text_or_far_too_large(tmp_path: Path) -> None:
    file = tmp_path / "functions.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SignatureError, match="is not TOML"):
        read_functions(file, "fine")
    file.write_bytes(b"#" * (1 << 20) + b"##")
    with pytest.raises(SignatureError, match="is larger than"):
        read_functions(file, "fine")
