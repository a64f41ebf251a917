"""Files that are whole or not there: written beside their place, synced and renamed.

A run that breaks off leaves what was there before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from snorkel_dsl.datasets.options import refusal


def check_folder(path: Path) -> None:
    """Raise RulesError where a file cannot be written because its folder is missing, or a folder has its name."""
    if path.is_dir():
        raise refusal("missing-folder", f"`{path}` is a folder", "name a file in it")
    if not path.parent.is_dir():
        raise refusal("missing-folder", f"there is no folder `{path.parent}`", f"make it: `mkdir -p {path.parent}`")


@contextmanager
def beside(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` when all went well, and vanishes when not."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
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
