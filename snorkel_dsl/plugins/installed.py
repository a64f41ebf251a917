"""The plugins that are installed, found by their entry points; none of their code runs.

An entry point `name = "package.module"` in the group `snorkel_dsl.plugins` says what the plugin is called and where its
functions are. The folder of the top-level package is asked of Python's finders, which import nothing for that, and
`functions.toml` lies in the folder of the module, or of a package around it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, distributions
from importlib.util import find_spec
from pathlib import Path

from snorkel_dsl.diagnostics import did_you_mean
from snorkel_dsl.language.check.resolving import Refusal, StoredFunctions
from snorkel_dsl.plugins.stored import FILE, SignatureError, read_functions

GROUP = "snorkel_dsl.plugins"
OWN = EntryPoint("std", "snorkel_dsl.plugins.std", GROUP)


@dataclass(frozen=True)
class Installed:
    """An installed plugin: its name, the module of its functions, the package that brings it, and its signatures.

    `wrong` says why there are no signatures.
    """

    name: str
    module: str
    package: str
    stored: StoredFunctions | None = None
    wrong: str = ""


def installed() -> tuple[Installed, ...]:
    """Every installed plugin, by name; one that is installed twice under one name comes twice.

    Our own is among them also where this package runs from its folder and nothing is registered.
    """
    points = [*_registered(), OWN]
    found = {(point.name, point.value): point for point in reversed(points)}
    return tuple(_read(found[key]) for key in sorted(found))


def _registered() -> Iterator[EntryPoint]:
    """The entry points of all packages. The records of one package being torn is no harm to the others."""
    seen: set[str] = set()
    for package in distributions():
        try:
            name = (package.name or "").lower()  # a record may hold no name: then nothing else goes by it
            points = [point for point in package.entry_points if point.group == GROUP and name not in seen]
        except (ValueError, TypeError, AttributeError, LookupError, OSError):
            continue
        if name:
            seen.add(name)  # what stands later on the path is not what Python would import
        yield from points


def find(name: str) -> tuple[Installed, ...]:
    """The installed plugins of a name: one, if all is well."""
    return tuple(plugin for plugin in installed() if plugin.name == name)


def _package(point: EntryPoint) -> str:
    """The package that an entry point comes with; nothing where that is not recorded."""
    if point.module == OWN.module:
        return "snorkel-dsl"
    return (point.dist.name or "") if point.dist is not None else ""


def _read(point: EntryPoint) -> Installed:
    if EntryPoint.pattern.match(point.value) is None:
        return Installed(point.name, point.value, "", None, f"its entry point `{point.value}` names no module")
    plain = Installed(point.name, point.module, _package(point))
    file = next((path for path in _candidates(point.module) if path.is_file()), None)
    if file is None:
        return Installed(plain.name, plain.module, plain.package, None, f"there is no {FILE} beside `{point.module}`")
    try:
        return Installed(plain.name, plain.module, plain.package, read_functions(file, point.name))
    except SignatureError as wrong:
        return Installed(plain.name, plain.module, plain.package, None, f"its {FILE} {wrong}")


def _candidates(module: str) -> Iterator[Path]:
    """Where the signatures may lie: in the folder of the module, then of each package around it."""
    top, *inner = module.split(".")
    spec = _spec(top)
    if spec is None:
        return
    for depth in range(len(inner), -1, -1):
        for folder in spec.submodule_search_locations or ():
            yield Path(folder, *inner[:depth], FILE)


def _spec(top: str) -> ModuleSpec | None:
    try:
        return find_spec(top)
    except (ImportError, ValueError):
        return None


# ---------------------------------------------------------------------------------------------------- for the checker


def all_functions() -> tuple[StoredFunctions, ...]:
    """The signatures of every installed plugin that has some."""
    return tuple(plugin.stored for plugin in installed() if plugin.stored is not None)


def functions_of(name: str, version: int) -> StoredFunctions | Refusal:
    """The signatures of a plugin in a version, or why they cannot be had."""
    plugins = installed()
    found = [plugin for plugin in plugins if plugin.name == name]
    if not found:
        return _missing(name, sorted({plugin.name for plugin in plugins}))
    if len(found) > 1:
        packages = " and ".join(f"`{plugin.package or plugin.module}`" for plugin in found)
        return Refusal(
            "ambiguous-plugin",
            f"{len(found)} installed packages bring a plugin called `{name}`",
            "which one is meant",
            (f"they are {packages}: uninstall all but one",),
        )
    (plugin,) = found
    if plugin.stored is None:
        return Refusal(
            "broken-plugin",
            f"the plugin `{name}` cannot be used: {plugin.wrong}",
            "installed, but not whole",
            (
                f"tell the author of {f'`{plugin.package}`' if plugin.package else 'its package'}, or install another version",
            ),
        )
    if plugin.stored.version != version:
        return _other_version(plugin, plugin.stored, version)
    return plugin.stored


def _missing(name: str, known: list[str]) -> Refusal:
    likely = did_you_mean(name, known)
    helps = (
        f"did you mean `{likely}`?" if likely else "install the package that brings it, which may be called otherwise",
        "`snorkel-dsl doctor` lists the plugins that are installed",
    )
    return Refusal("missing-plugin", f"no plugin called `{name}` is installed", "not installed", helps)


def _other_version(plugin: Installed, stored: StoredFunctions, version: int) -> Refusal:
    package = plugin.package or "PACKAGE"
    other = f"`pip install --upgrade {package}`" if version > stored.version else f"`pip install {package}==VERSION`"
    return Refusal(
        "plugin-version",
        f"the plugin `{stored.plugin}` is installed in version {stored.version}, and these rules were written for {version}",
        f"version {stored.version} is installed",
        (
            f"to use what is installed, read what has changed and write `version {stored.version}`",
            f"or install what has version {version}: {other}",
        ),
    )


def fingerprint(plugin: Installed) -> bytes:
    """A hash of the files of a plugin's package: it changes whenever its code may have changed."""
    hashed = hashlib.sha256(plugin.module.encode())
    spec = _spec(plugin.module.partition(".")[0])
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                status = path.stat()
                hashed.update(f"{path.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return hashed.digest()
