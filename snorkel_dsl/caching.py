"""What took long is kept between runs, in a folder of the user's own; where that cannot be, it is done again."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sqlite3

VARIABLE = "SNORKEL_DSL_CACHE"
_PATIENCE = 5.0  # seconds to wait for another process
_waited_for: set[Path] = set()  # files that were waited for in vain: not again, for there may be a thousand batches
T = TypeVar("T")


def cache_folder() -> Path | None:
    """The folder that `$SNORKEL_DSL_CACHE` names, else `snorkel-dsl` in the user's cache folder; None: nothing is kept.

    The variable set to nothing turns keeping off. The folder need not exist, and may turn out not to be writable. One that is
    another user's is not used: what lies there would be believed.
    """
    named = os.environ.get(VARIABLE)
    try:
        folder = _user_folder() / "snorkel-dsl" if named is None else Path(named) if named else None
    except RuntimeError:  # this user has no home
        return None
    return folder if folder is not None and _is_own(folder) else None


def _is_own(folder: Path) -> bool:
    """Whether a folder is this user's, or not there yet."""
    try:
        return not hasattr(os, "geteuid") or folder.stat().st_uid == os.geteuid()
    except (OSError, ValueError):
        return True


def _user_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Turns keeping off, in this process and in those that it starts meanwhile."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = ""
    try:
        yield
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


@dataclass(frozen=True)
class Store:
    """Texts by key in the file `name` of the cache folder, of about `most` bytes; the oldest go when there are too many.

    Several processes may use it at once. Keeping is a convenience: where the folder or the file cannot be used, nothing is
    found and nothing is kept. An entry that was damaged is not found. A file that is no database is thrown away.
    """

    name: str
    most: int

    def get(self, keys: Iterable[bytes]) -> dict[bytes, str]:
        """The texts that are there, by key."""

        def ask(connection: sqlite3.Connection) -> dict[bytes, str]:
            packed = ((key, _packed_at(connection, key)) for key in keys)
            return {key: text for key, found in packed if found and (text := _unpacked(found)) is not None}

        return self._within_transaction(ask) or {}

    def put(self, entries: Mapping[bytes, str]) -> None:
        """Keep texts, in place of those of the same keys."""
        packed = [(key, zlib.compress(text.encode("utf-8", "surrogatepass"))) for key, text in entries.items()]

        def keep(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO kept (key, text) VALUES (?, ?)", packed)
            while _used(connection) > self.most and _forget_the_oldest(connection):
                pass

        self._within_transaction(keep)

    def _within_transaction(self, do: Callable[[sqlite3.Connection], T]) -> T | None:
        """What is done with the database, all of it or nothing; None where there is no database to be had."""
        import sqlite3

        folder = cache_folder()
        if folder is None:
            return None
        path = folder / self.name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)  # what is kept may be confidential
            patience = 0.0 if path in _waited_for else _PATIENCE
            with closing(sqlite3.connect(path, timeout=patience)) as connection, connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, text BLOB NOT NULL)")
                return do(connection)
        except (OSError, sqlite3.OperationalError):
            _waited_for.add(path)
            return None
        except sqlite3.DatabaseError:
            with suppress(OSError):
                path.unlink()
            return None


def _packed_at(connection: sqlite3.Connection, key: bytes) -> bytes | None:
    row = connection.execute("SELECT text FROM kept WHERE key = ?", [key]).fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) else None


def _unpacked(packed: bytes) -> str | None:
    """A kept text; None where it was damaged (zlib keeps a sum of what it packs)."""
    try:
        return zlib.decompress(packed).decode("utf-8", "surrogatepass")
    except (zlib.error, UnicodeDecodeError):
        return None


def _used(connection: sqlite3.Connection) -> int:
    """The bytes in use; those of entries that went are free for others."""
    pages, free, size = (
        connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _forget_the_oldest(connection: sqlite3.Connection) -> bool:
    """Drop the oldest quarter; False where there is nothing left to drop."""
    (count,) = connection.execute("SELECT count(*) FROM kept").fetchone()
    connection.execute(
        "DELETE FROM kept WHERE rowid IN (SELECT rowid FROM kept ORDER BY rowid LIMIT ?)", [count // 4 + 1]
    )
    return bool(count)


# ---------------------------------------------------------------------------------------------------------------- files

_SUM = 32  # bytes of a file's checksum, at its beginning
_CLOCKS_DIFFER = 1.0  # seconds, at most, between ours and that of the files
_LEFT_BEHIND = 3_600.0  # seconds after which a half-written file is nobody's any more


@dataclass
class Files:
    """Bytes by name as files of the folder `name` of the cache folder, of `most` bytes in all; the longest unused go first.

    Several processes may use it at once: a file is written beside its place and renamed. What is asked of it never goes
    wrong: where the folder cannot be used, is not this user's own, or a file is damaged, nothing is found and nothing is
    kept. What was found or put since this was made stays, so that data too large for it does not drive out itself.
    """

    name: str
    most: int

    def __post_init__(self) -> None:
        self._since = time.time() - _CLOCKS_DIFFER
        self._used: int | None = None  # bytes, as far as this process knows

    def get(self, name: str) -> bytes | None:
        """The bytes of a name, if they are there."""
        path = self._path(name)
        if path is None:
            return None
        try:
            whole = path.read_bytes()
            if hashlib.sha256(memoryview(whole)[_SUM:]).digest() != whole[:_SUM]:
                path.unlink()
                return None
            os.utime(path)
        except OSError:
            return None
        return whole[_SUM:]

    def put(self, name: str, content: bytes) -> None:
        """Keep bytes under a name, in place of those that were there."""
        path = self._path(name)
        if path is None or not self._room_for(path.parent, len(content) + _SUM):
            return
        part = path.with_name(f".{name}.{os.getpid()}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(hashlib.sha256(content).digest())
                file.write(content)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _path(self, name: str) -> Path | None:
        """Where a name's bytes are; None where there is no folder that is this user's alone."""
        top = cache_folder()
        if top is None:
            return None
        folder = top / self.name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
        except OSError:
            return None
        if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
            return None
        return folder / name

    def _room_for(self, folder: Path, size: int) -> bool:
        """Make room for so many bytes; False where all that is there was used lately."""
        if self._used is None or self._used + size > self.most:
            self._used = self._make_room(folder, size)
        if self._used + size > self.most:
            return False
        self._used += size
        return True

    def _make_room(self, folder: Path, size: int) -> int:
        """Throw away what was not used for longest until a tenth of the room is free; the bytes that are left."""
        files = sorted(_files(folder), key=lambda file: file[1])
        used = sum(size for _, _, size in files)
        wanted = self.most if used + size <= self.most else self.most * 9 // 10
        for path, last, own in files:
            abandoned = path.name.startswith(".") and last < self._since - _LEFT_BEHIND
            if abandoned or (used + size > wanted and last < self._since):
                with suppress(OSError):
                    path.unlink()
                    used -= own
        return used


def _files(folder: Path) -> list[tuple[Path, float, int]]:
    """The files in a folder: where each is, when it was used last, and its bytes."""
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    found.append((Path(entry.path), status.st_mtime, status.st_size))
    return found


# ------------------------------------------------------------------------------------------------------- what there is


@dataclass(frozen=True)
class Holding:
    """One thing in the cache folder: its name there, how many files it has, and their bytes."""

    name: str
    files: int
    bytes: int


def holdings() -> list[Holding]:
    """What is in the cache folder, by name. A folder that is not there, or not this user's, holds nothing."""
    return [Holding(path.name, len(own), sum(size for _, _, size in own)) for path, own in _by_name()]


def clear() -> int:
    """Throw away what is in the cache folder; the bytes that are free now. Folders stay: another process may use them."""
    freed = 0
    for path, size in [(file, size) for _, own in _by_name() for file, _, size in own]:
        with suppress(OSError):
            path.unlink()
            freed += size
    return freed


_FOLDERS = ("checked", "ontologies", "scanners", "votes")
_IN_FOLDERS = re.compile(r"\.?[0-9a-f]{32,}[-.\w]*|\.\w+\.json")  # named after a hash; or half-written
_BESIDE = re.compile(r"annotations-\d+\.sqlite(-\w+)?")


def _by_name() -> list[tuple[Path, list[tuple[Path, float, int]]]]:
    """Each thing in the cache folder with its files: what was not put there by us is not among them."""
    folder = cache_folder()
    if folder is None:
        return []
    found = [(file[0], [file]) for file in sorted(_files(folder)) if _BESIDE.fullmatch(file[0].name)]
    for path in (folder / name for name in _FOLDERS):
        own = [] if path.is_symlink() else _files(path)
        found.append((path, [file for file in own if _IN_FOLDERS.fullmatch(file[0].name)]))
    return [(path, own) for path, own in found if own]
