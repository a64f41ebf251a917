"""Files of numbers and names: a zip of JSON and npy arrays, not compressed, never pickled, the same bytes for the same content.

A file may come from anywhere. Nothing in it is run, and reading it takes little more memory than it has bytes: parts that
are compressed, that lie over each other or are there twice, and arrays that are not what they say, are refused.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

_DAMAGED = (zipfile.BadZipFile, LookupError, TypeError, AttributeError, EOFError, RuntimeError, OverflowError)


def write_archive(path: str | Path | IO[bytes], files: dict[str, bytes]) -> None:
    """Writes files by name as one zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content)


@contextmanager
def reading(path: str | Path, about: str, what: str) -> Iterator[zipfile.ZipFile]:
    """The zip at a path, which holds a file `about`. Raises ValueError where it is not what it should be, also from within."""
    if not zipfile.is_zipfile(path):
        raise ValueError(f"`{path}` holds no {what}")
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive, Path(path).stat().st_size)
            if not any(name.rpartition("/")[2] == about for name in archive.namelist()):
                raise ValueError(f"it has no `{about}`")
            yield archive
    except (*_DAMAGED, ValueError) as wrong:
        raise ValueError(f"`{path}` holds no {what} that can be read: {wrong}") from None


def array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """An array of numbers. Raises ValueError where it is none, or says that it is larger than it is."""
    content = archive.read(name)
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f"`{name}` is an array of an unknown format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in "bifu" or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"`{name}` is an array that is not what it says")
    found: npt.NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return found


def npy(array: npt.NDArray[Any]) -> bytes:
    """An array as the content of an npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _check(archive: zipfile.ZipFile, size: int) -> None:
    files = archive.infolist()
    for file in files:
        if file.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"`{file.filename}` is compressed")
    if len({file.filename for file in files}) < len(files) or sum(file.file_size for file in files) > size:
        raise ValueError("its parts lie over each other")
