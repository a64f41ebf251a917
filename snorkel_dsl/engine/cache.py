"""Answers that were computed before are not computed again.

What a function says of a batch is kept under three hashes: that of the function's meaning (`language.hashing`), that of the
values of the columns that it reads, and that of the code and libraries that computed it. So after an edit of one rule only
that rule is asked, rows at the end of the data cost only themselves, and a run that was killed goes on where it was. The
answers of all functions that read the same columns lie together, in a file for each batch. The last batch of some data grows
when rows come after it: how many rows it had is noted by its first row, and what was said of these rows, still found by the
hash of their values, is said of the larger batch too.

Nothing is kept of a function that asks a plugin's function which is not pure, nor of one on a batch in which a call failed:
it may go well the next time.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from snorkel_dsl.caching import Files
from snorkel_dsl.engine.answers import Answer, Broken, Unread
from snorkel_dsl.engine.pages import Page
from snorkel_dsl.engine.values import Array, numpy_bools
from snorkel_dsl.language import ir
from snorkel_dsl.language.hashing import Forms
from snorkel_dsl.plugins import installed

VOTES = Files("votes", most=2 << 30)
_MOST_ROWS = 1 << 16  # of a batch: a page numbers no more
_LATER = "-later"  # the ending of the file of what came in after an edit
_PARTS = ("engine", "language", "plugins", "predicates")  # what of this package answers depend on

_Place: TypeAlias = tuple[str, ...]
"""The columns of the data that something is read from: what is known of them lies in one file for each batch."""


class Kept:
    """What is kept of the answers of a program's functions."""

    def __init__(self, program: ir.Program) -> None:
        """Work out the keys of a program's functions and columns."""
        forms = Forms(program)
        columns = {column.name: column for column in program.columns}
        self.functions = [_function_key(function, forms) for function in program.functions]
        self.reads = [sorted(function.columns) for function in program.functions]
        read = sorted({name for names in self.reads for name in names})
        places = {tuple(names): _place(names, columns) for names in self.reads}
        self.places = [places[tuple(names)] for names in self.reads]
        self.columns = {name: _hash("column", repr(columns[name].type)) for name in read}
        self.place_of = {name: _place([name], columns) for name in read}

    def of(self, batch: pa.RecordBatch) -> Known:
        """What is known of a batch."""
        places = {*self.places, *self.place_of.values()}
        wanted = sorted({source for place in places for source in place})
        names = batch.schema.names
        if batch.num_rows > _MOST_ROWS or not set(wanted) <= set(names):
            return Known(self, {})
        digests = {source: _digest(batch.column(names.index(source))) for source in wanted}
        return Known(self, {place: _file(place, digests, batch.num_rows) for place in places}, batch)

    def before(self, batch: pa.RecordBatch) -> Known | None:
        """What is known of the first rows of a batch, where these were all that it had when it was met before."""
        rows = int.from_bytes(VOTES.get(self._beginning(batch)) or b"", "little")
        return self.of(batch.slice(0, rows)) if 0 < rows < batch.num_rows else None

    def met(self, batch: pa.RecordBatch) -> None:
        """Note how many rows a batch has that may have more the next time: fewer than fit in."""
        if batch.num_rows < _MOST_ROWS:
            VOTES.put(self._beginning(batch), batch.num_rows.to_bytes(4, "little"))

    def _beginning(self, batch: pa.RecordBatch) -> str:
        """The name of what is noted of a batch by its first row, which it keeps when rows come after."""
        wanted = tuple(sorted({source for place in self.places for source in place}))
        first = {source: _digest(batch.column(source).slice(0, 1)) for source in wanted}
        return _file(wanted, first, 0)


class Known:
    """What is known of a batch of `rows`: the answers of some functions by their number, and what cannot be read of columns."""

    def __init__(self, kept: Kept, names: Mapping[_Place, str], batch: pa.RecordBatch | None = None) -> None:
        """Load what there is of a batch; `names` are those of the files, none where nothing can be kept."""
        self.rows = 0 if batch is None else batch.num_rows
        self._batch = batch
        self._kept = kept
        self._names = names
        self._pages = {place: Page.read(VOTES.get(name), VOTES.get(name + _LATER)) for place, name in names.items()}
        self.answers: dict[int, Answer] = {}
        self.broken: dict[str, Sequence[Unread]] = {}
        for name, key in kept.columns.items():
            page = self._pages.get(kept.place_of[name])
            if page is not None and key in page:
                self.broken[name] = page.unread(key)
        for number, (function, place) in enumerate(zip(kept.functions, kept.places, strict=True)):
            page = self._pages.get(place)
            if page is None or function is None or function not in page:
                continue
            if self.broken.keys() >= set(kept.reads[number]):
                self.answers[number] = page.answer(function)

    @property
    def missing(self) -> tuple[int, ...]:
        """The functions whose answers are not known."""
        return tuple(number for number in range(len(self._kept.functions)) if number not in self.answers)

    @cached_property
    def before(self) -> Known | None:
        """What is known of the first rows, where nothing is of the batch: rows came after them."""
        return None if self._batch is None or self.answers else self._kept.before(self._batch)

    def add(self, answers: Mapping[int, Answer], broken: Broken) -> None:
        """Take in the answers of some functions, with what cannot be read of the columns that they read, and keep them."""
        if self._batch is not None and not self.answers:
            self._kept.met(self._batch)
        self.answers |= answers
        new = {name for number in answers for name in self._kept.reads[number]} - self.broken.keys()
        self.broken |= {name: broken.get(name, ()) for name in new}
        changed = {self._kept.places[number] for number in answers} | {self._kept.place_of[name] for name in new}
        asked = {self._kept.functions[number] for number in answers} | {self._kept.columns[name] for name in new}
        fresh = {key for key in asked if key is not None}
        for place in sorted(changed & self._names.keys()):
            contents = self._pages[place].with_(self._answers_of(place), self._unread_of(place), fresh)
            for ending, content in zip(("", _LATER), contents, strict=True):
                if content is not None:
                    VOTES.put(self._names[place] + ending, content)

    def _answers_of(self, place: _Place) -> dict[bytes, Answer]:
        """The answers that can be kept of the functions that read some columns."""
        pairs = zip(self._kept.functions, self._kept.places, strict=True)
        own = {key: self.answers[number] for number, (key, read) in enumerate(pairs) if read == place and key}
        return {key: answer for key, answer in own.items() if not answer.failures}

    def _unread_of(self, place: _Place) -> dict[bytes, Sequence[Unread]]:
        """What cannot be read of some columns."""
        return {
            self._kept.columns[name]: found for name, found in self.broken.items() if self._kept.place_of[name] == place
        }


# ----------------------------------------------------------------------------------------------------------------- keys


def _hash(*parts: str | bytes) -> bytes:
    """16 bytes that no other parts have."""
    hashed = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hashed.update(len(content).to_bytes(8, "little"))
        hashed.update(content)
    return hashed.digest()[:16]


def _function_key(function: ir.LabelingFunction, forms: Forms) -> bytes | None:
    """The key of a function's answers; None where they cannot be kept."""
    codes = [_code_of(called) for called in _called(function)]
    if None in codes:
        return None
    return _hash(function.semantic_hash or forms.semantic_hash(function), *filter(None, codes))


def _called(function: ir.LabelingFunction) -> Iterable[ir.PluginFunction]:
    """The functions of plugins that a function asks, each once."""
    nodes = (node for expression in function.expressions for node in ir.walk(expression))
    values = (node.value for node in nodes if isinstance(node, ir.Constant))
    return dict.fromkeys(value for value in values if isinstance(value, ir.PluginFunction))


_code_seen: dict[str, bytes] = {}  # by plugin: the hash of its code


def _code_of(function: ir.PluginFunction) -> bytes | None:
    """A hash of the code of a plugin; None where it says nothing of what a call gives."""
    found = installed.find(function.plugin)
    if not function.pure or len(found) != 1:
        return None
    digest = installed.fingerprint(found[0])
    if found[0].module in sys.modules and _code_seen.get(function.plugin, digest) != digest:
        return None  # what was loaded is not what lies there now
    _code_seen[function.plugin] = digest
    return digest


def _place(names: Sequence[str], columns: Mapping[str, ir.DataColumn]) -> _Place:
    """The columns of the data that some columns of the rules are read from; a span stands on its text."""
    texts = [columns[name].type.of for name in names]
    read = [*names, *(text for text in texts if text is not None)]
    return tuple(sorted({source for name in read for source in columns[name].sources}))


def _file(place: _Place, digests: Mapping[str, bytes], rows: int) -> str:
    """The name of the file of what is known of some columns of a batch."""
    return _hash(_code(), str(rows), *(part for source in place for part in (source, digests[source]))).hex()


@cache
def _code() -> bytes:
    """A hash of all that computes answers: they are good for the very code and libraries that gave them."""
    package = files("snorkel_dsl")
    texts = (text for part in _PARTS for text in _texts(package / part))
    return _hash(platform.python_version(), pa.__version__, *texts)


def _texts(folder: Traversable) -> Iterable[bytes]:
    """What the files of a folder hold, in an order that is always the same."""
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _texts(item)
        elif not item.name.endswith(".pyc"):
            yield item.read_bytes()


# ----------------------------------------------------------------------------------------------------------------- data


def _digest(array: Array) -> bytes:
    """A hash of the values of a column: equal for equal values, wherever in larger buffers they lie."""
    hashed = hashlib.sha256(f"{array.type} {len(array)} {array.null_count} ".encode())
    if array.null_count:
        hashed.update(np.packbits(numpy_bools(array.is_valid())).tobytes())
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        for part in _of_texts(array):
            hashed.update(part)
        return hashed.digest()
    present = array.drop_null()
    batch = pa.record_batch([present.cast(pa.uint8()) if pa.types.is_boolean(array.type) else present], names=[""])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    hashed.update(sink.getvalue())
    return hashed.digest()


def _of_texts(array: Array) -> Iterable[Any]:
    """The lengths and the bytes of an array of texts, as they lie there."""
    _, offsets, data = array.buffers()
    width = np.int32 if pa.types.is_string(array.type) else np.int64
    bounds = np.frombuffer(offsets or b"", width)[array.offset : array.offset + len(array) + 1]
    if len(bounds):
        yield bounds - bounds[0]
        yield memoryview(data or b"")[int(bounds[0]) : int(bounds[-1])]
