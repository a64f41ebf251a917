"""Files that are whole or not there: written beside their place, synced and renamed.

A run that breaks off leaves what was there before. What a killed run leaves half-written goes with the next one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from snorkel_dsl.datasets.options import refusal

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]


def check_folder(path: Path) -> None:
    """Raise RulesError where a file cannot be written because its folder is missing, or a folder has its name."""
    if path.is_dir():
        raise refusal("missing-folder", f"`{path}` is a folder", "name a file in it")
    if not path.parent.is_dir():
        raise refusal("missing-folder", f"there is no folder `{path.parent}`", f"make it: `mkdir -p {path.parent}`")


@contextmanager
def beside(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` when all went well, and vanishes when not."""
    _remove_left_behind(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            _lock(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as wrong:
        if wrong.filename not in (None, str(part)):
            raise
        # Of the file that was asked for, not of the one beside it.
        raise OSError(wrong.errno, wrong.strerror or str(wrong), str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def _remove_left_behind(path: Path) -> None:
    """Remove what killed runs have left beside a file: those whose process is gone here, and locked nowhere else."""
    written = re.compile(re.escape(f".{path.name}.") + r"(\d+)\.part")
    with suppress(OSError):
        for part in path.parent.iterdir():
            named = written.fullmatch(part.name)
            if named and _is_gone(int(named[1])):
                with part.open("rb+") as file:
                    if _lock(file):
                        part.unlink()


def _is_gone(process: int) -> bool:
    """Whether there is no such process. Where that cannot be asked without harm, it is taken to be there."""
    if fcntl is None:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _lock(file: BinaryIO) -> bool:
    """Lock a file as long as it is open; False where another has locked it, or it cannot be locked."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except OSError:
        pass
    return False
