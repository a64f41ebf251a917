"""What took long is kept between runs, in a folder of the user's own; where that cannot be, it is done again."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sqlite3

VARIABLE = "SNORKEL_DSL_CACHE"
_PATIENCE = 5.0  # seconds to wait for another process
T = TypeVar("T")


def cache_folder() -> Path | None:
    """The folder that `$SNORKEL_DSL_CACHE` names, else `snorkel-dsl` in the user's cache folder; None: nothing is kept.

    The variable set to nothing turns keeping off. The folder need not exist, and may turn out not to be writable.
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named) if named else None
    try:
        return _user_folder() / "snorkel-dsl"
    except RuntimeError:  # this user has no home
        return None


def _user_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


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
            with closing(sqlite3.connect(path, timeout=_PATIENCE)) as connection, connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, text BLOB NOT NULL)")
                return do(connection)
        except (OSError, sqlite3.OperationalError):
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
