"""The architecture as contracts that a machine checks: who may import whom, how large things grow, what is documented."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "snorkel_dsl"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("numpy", "scipy", "pandas", "pyarrow", "polars", "torch", "spacy", "pyspark", "dask")
STRANGERS = PACKAGE / "plugins" / "calling.py"  # it alone calls code that is not ours, which may raise anything
LONGEST_MODULE = 600
LONGEST_FUNCTION = 60
FLAT = {"snorkel_dsl/language/ast.py"}  # one small class a grammar rule and nothing else: longer, and no harder to read


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)


def script(name: str) -> str:
    """A program of the environment that runs the tests, also when that environment is not on the PATH."""
    found = shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    assert found, f"{name} is not installed: pip install -e '.[test]'"
    return found


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports anywhere, by its full name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def top_level(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imports(path)}


# ------------------------------------------------------------------------------------------------------ imports


def test_import_contracts() -> None:
    done = run(script("lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_parser_imports_lark() -> None:
    users = {name_of(path) for path in MODULES if "lark" in top_level(path)}
    assert users == {"snorkel_dsl/language/parse.py"}


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("torch", "snorkel_dsl/training/"),
        ("spacy", "snorkel_dsl/predicates/"),
        ("pyspark", "snorkel_dsl/engine/backends/"),
        ("dask", "snorkel_dsl/engine/backends/"),
    ],
)
def test_heavy_extras_stay_at_home(library: str, home: str) -> None:
    strangers = [name_of(path) for path in MODULES if library in top_level(path) and not name_of(path).startswith(home)]
    assert strangers == []


@pytest.mark.parametrize("layer", ["language", "knowledge", "diagnostics", "source.py", "facts.py"])
def test_the_front_end_knows_no_arrays(layer: str) -> None:
    files = [PACKAGE / layer] if layer.endswith(".py") else sorted((PACKAGE / layer).rglob("*.py"))
    assert files
    users = {name_of(path): sorted(top_level(path) & set(HEAVY)) for path in files}
    assert {path: found for path, found in users.items() if found} == {}


def loaded_by(code: str) -> set[str]:
    done = run(sys.executable, "-c", f"import sys\n{code}\nprint(*sorted(m for m in {HEAVY!r} if m in sys.modules))")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_all_predicates_loads_no_arrays() -> None:
    assert loaded_by("from snorkel_dsl.predicates import catalog\nassert len(catalog()) > 20") == set()


def test_importing_the_package_loads_no_arrays() -> None:
    assert loaded_by("import snorkel_dsl") == set()


def test_check_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "spam.rules").write_text(
        "data comment\n    text text\n\ntask spam on comment\n    labels HAM, SPAM\n\n"
        'rule link votes SPAM\n    when text contains "http"\n    example SPAM "see http://a.b"\n',
        encoding="utf-8",
    )
    done = run(sys.executable, "-X", "importtime", "-m", "snorkel_dsl", "check", "spam.rules", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "snorkel_dsl" in loaded
    assert loaded & set(HEAVY) == set()


# ------------------------------------------------------------------------------------------------ style and size


def test_ruff_check() -> None:
    done = run(script("ruff"), "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_format() -> None:
    done = run(script("ruff"), "format", "--check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_strict(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "-p", "snorkel_dsl")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE and name not in FLAT} == {}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_function_is_too_long() -> None:
    long = {
        f"{name_of(path)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}


# ------------------------------------------------------------------------------------------------ words and habits


def public(nodes: list[ast.stmt], owner: str = "") -> Iterator[tuple[str, ast.AST]]:
    """The public classes and functions of a body, and the public methods of its classes, with their names."""
    for node in nodes:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if any(
            getattr(decorator, "attr", getattr(decorator, "id", "")) == "overload" for decorator in node.decorator_list
        ):
            continue
        yield owner + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f"{owner}{node.name}.")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_everything_public_is_documented(path: Path) -> None:
    module = tree(path)
    nameless = [] if ast.get_docstring(module) else ["the module itself"]
    nameless += [name for name, node in public(module.body) if not ast.get_docstring(node)]  # type: ignore[arg-type]
    assert nameless == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_blanket_except_and_no_code_from_data(path: Path) -> None:
    found = []
    for node in ast.walk(tree(path)):
        match node:
            case ast.ExceptHandler(type=ast.Name(id="BaseException")) if path == STRANGERS:
                pass
            case ast.ExceptHandler(type=None) | ast.ExceptHandler(type=ast.Name(id="Exception" | "BaseException")):
                found.append(f"line {node.lineno}: a blanket except")
            case ast.Call(func=ast.Name(id="eval" | "exec" | "__import__" as name)):
                found.append(f"line {node.lineno}: {name}")
            case ast.Call(func=ast.Name(id="print")):
                found.append(f"line {node.lineno}: print in the library")
    found += sorted(top_level(path) & {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"})
    assert found == []


def committed_files() -> list[Path]:
    """Every text file of the project that a release would carry."""
    suffixes = {".py", ".md", ".rules", ".lark", ".toml", ".txt", ".csv", ".json", ""}
    roots = ("snorkel_dsl", "grammar", "rulesets", "examples", "benchmarks", "tests", ".ci")
    found = [path for root in roots for path in (ROOT / root).rglob("*") if path.is_file() and path.suffix in suffixes]
    found += [ROOT / name for name in ("README.md", "CHANGELOG.md", "pyproject.toml")]
    generated = {"__pycache__", ".hypothesis"}
    return [path for path in found if not generated & set(path.parts)]


def test_no_machine_paths_and_nothing_left_to_do() -> None:
    machine = re.compile(r"(?<![\w.])/(tmp|root|work|home)/\w")
    undone = re.compile(r"#.*\b(TODO|FIXME)\b|\bNotImplementedError\b")
    found = []
    for path in committed_files():
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if machine.search(line) or (path.suffix == ".py" and undone.search(line)):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:100]}")
    assert found == []
