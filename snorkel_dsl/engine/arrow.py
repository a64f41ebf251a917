"""Arrow arrays from numpy's and back, by their buffers.

`pa.array` and `to_numpy` do the same, but load pandas at their first call, which takes longer than all else that a short run
does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array: TypeAlias = Any  # an Arrow array: pyarrow's own types know less of the kinds of arrays than their code does

_TYPES = {
    np.dtype(kind): type_
    for kind, type_ in (
        (np.uint16, pa.uint16()),
        (np.int16, pa.int16()),
        (np.int32, pa.int32()),
        (np.int64, pa.int64()),
    )
}


def _buffer(values: Any) -> Any:
    return pa.py_buffer(values)


def numbers(values: npt.NDArray[Any]) -> Array:
    """Whole numbers, (n), as an array of their type: uint16, int16, int32 or int64."""
    whole = np.ascontiguousarray(values)
    return pa.Array.from_buffers(_TYPES[whole.dtype], len(whole), [None, _buffer(whole)])


def truths(values: npt.NDArray[np.bool_]) -> Array:
    """Truth values, (n)."""
    packed = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _buffer(packed)])


def keys(values: Sequence[bytes], width: int) -> Array:
    """Bytes of one width, (n)."""
    return pa.Array.from_buffers(pa.binary(width), len(values), [None, _buffer(b"".join(values))])


def texts(values: Sequence[str], type_: pa.DataType) -> Array:
    """Texts, (n), none of them missing, as an array of strings or of large strings or of the bytes of either."""
    return binaries([value.encode("utf-8") for value in values], type_)


def binaries(values: Sequence[bytes], type_: pa.DataType) -> Array:
    """As `texts`, from the bytes of each."""
    wide = type_ in (pa.large_string(), pa.large_binary())
    ends = np.cumsum([0, *map(len, values)], dtype=np.int64 if wide else np.int32)
    return pa.Array.from_buffers(type_, len(values), [None, _buffer(ends), _buffer(b"".join(values))])
