"""In several processes on this machine: each is sent batches, and sends back what the work found in them.

The processes start from one that has only loaded what they need, or afresh where the system knows no such start. They share
nothing with this one, so it matters to none what another loads or how it ends. Each gets the work once; then batches come to
it as Arrow IPC, in memory that it sees as well as this one where the system has such memory, and go back as packed as the
work can make them. Never more than a few batches are on their way, however fast they are read or however long one of them
takes, so memory is bounded. Results come in the order of the batches. Where a process dies, or the work raises, the run ends
with an error; it never waits for what cannot come. An interrupt is the business of this process: it ends the others.
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.reduction import HAVE_SEND_HANDLE, recv_handle, send_handle
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Any, TypeAlias

import pyarrow as pa

from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.engine.backends import Work

_AHEAD = 2  # batches at a process: one that it works on, and one that lies there so that it need not wait
_BEYOND = 4  # batches a process that may be done or under way before the first of them is

_SHARES = HAVE_SEND_HANDLE and hasattr(os, "memfd_create")  # memory that is no file anywhere: Linux has it
_NEEDED = [*(f"snorkel_dsl.engine.{part}" for part in ("run", "backends.processes", "databases")), "re2"]
_numbers = count()

_Item: TypeAlias = "tuple[int, pa.Buffer] | tuple[int, _Room] | None"


def run(work: Work, batches: Iterable[pa.RecordBatch], processes: int) -> Iterator[Any]:
    """See `engine.backends`. Raises ChildProcessError where a process dies, and RulesError as the work does."""
    workers: list[_Worker] = []
    try:
        workers += [_Worker(work) for _ in range(processes)]
        yield from _in_order(work, workers, batches)
        for worker in workers:
            worker.finish()
    finally:
        for worker in workers:
            worker.stop()


def _in_order(work: Work, workers: list[_Worker], batches: Iterable[pa.RecordBatch]) -> Iterator[Any]:
    """Send every batch to the process that has the least to do, and give the results in order."""
    done: dict[int, Any] = {}
    sent = given = first_row = 0
    for batch in batches:
        while sent - given >= _BEYOND * len(workers) or all(len(worker.numbers) >= _AHEAD for worker in workers):
            if given in done:
                yield work.unpacked(done.pop(given))
                given += 1
            else:
                _receive(workers, done)
        min(workers, key=lambda worker: len(worker.numbers)).send(sent, batch, first_row)
        sent += 1
        first_row += batch.num_rows
        _receive(workers, done, 0)
    while given < sent:
        while given not in done:
            _receive(workers, done)
        yield work.unpacked(done.pop(given))
        given += 1


def _receive(workers: list[_Worker], done: dict[int, Any], seconds: float | None = None) -> None:
    """Take what has come back; without `seconds`, wait until something has."""
    busy = {worker.connection: worker for worker in workers if worker.numbers}
    for connection in wait([*busy, *(worker.process.sentinel for worker in busy.values())], seconds):
        if isinstance(connection, Connection):
            number, result = busy[connection].receive()
            done[number] = result
            return
    for worker in busy.values():
        if not worker.process.is_alive() and not worker.connection.poll():
            raise worker.lost()


def _context() -> ForkServerContext | SpawnContext:
    """How processes start: from one that has loaded what they need and does nothing else, where the system has such."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_NEEDED)
    return context


class _Worker:
    """A process as seen from this one: the batches that it has not answered yet, in the order in which it was sent them."""

    def __init__(self, work: Work) -> None:
        context = _context()
        self.numbers: list[int] = []
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work, dict(os.environ)), daemon=True)
        with _interrupts_held():
            self.process.start()
        theirs.close()
        self.items: SimpleQueue[_Item] = SimpleQueue()
        self.rooms = [_Room() for _ in range(_AHEAD)]
        self.sending = threading.Thread(target=_send, args=(self.connection, self.items, self.process.pid), daemon=True)
        self.sending.start()

    def send(self, number: int, batch: pa.RecordBatch, first_row: int) -> None:
        """Send a batch, in a thread of its own: the other side reads only when it has answered what it has."""
        self.numbers.append(number)
        if not _SHARES:
            sink = pa.BufferOutputStream()
            _write(batch, sink)
            self.items.put((first_row, sink.getvalue()))
            return
        room = self.rooms[0]
        self.rooms = [*self.rooms[1:], room]
        room.write(batch)
        self.items.put((first_row, room))

    def receive(self) -> tuple[int, Any]:
        """The number of the batch that is answered next, and its packed result. Raises what the work raised."""
        try:
            result, error = self.connection.recv()
        except (EOFError, ConnectionError):
            raise self.lost() from None
        if error is not None:
            raise _as_error(error)
        return self.numbers.pop(0), result

    def lost(self) -> ChildProcessError:
        """The error that says how the process ended."""
        self.process.join(1)
        code = self.process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        return ChildProcessError(f"one of the processes that work on the data {how}; `--processes 1` uses none")

    def finish(self) -> None:
        """Say that there are no more batches, and wait until the process is gone."""
        self.items.put(None)
        self.process.join()

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self.process.is_alive():
            self.process.terminate()
            self.process.join()
        self.items.put(None)
        self.sending.join()
        self.connection.close()
        self.process.close()
        for room in self.rooms:
            room.close()


class _Room:
    """Memory for a batch that another process sees as well. It grows as it must; then the other is shown it anew."""

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.size = self.used = 0
        self.shown = False
        self.file: IO[bytes] | None = None
        self.memory: mmap.mmap | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Put a batch in place of what was there: nobody may be reading that any more."""
        counted = pa.MockOutputStream()
        _write(batch, counted)
        self.used = counted.size()
        if self.used > self.size or self.memory is None:
            self.close()
            self.size = self.used + self.used // 4
            self.file, self.shown = os.fdopen(os.memfd_create("batch"), "w+b", buffering=0), False
            self.file.truncate(self.size)
            self.memory = mmap.mmap(self.file.fileno(), self.size)
        _write(batch, pa.FixedSizeBufferWriter(pa.py_buffer(self.memory)))

    def close(self) -> None:
        """Let go of the memory; the other process still has it until it is shown another."""
        if self.file is not None:
            self.file.close()
        self.memory = self.file = None


def _write(batch: pa.RecordBatch, sink: pa.NativeFile) -> None:
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)


def _send(connection: Connection, items: SimpleQueue[_Item], pid: int) -> None:
    """Send what is put into a queue; that nobody is there any more is found out by whoever waits for an answer."""
    with suppress(ConnectionError):
        while (item := items.get()) is not None:
            first_row, held = item
            if isinstance(held, _Room):
                connection.send((first_row, held.number, held.used, 0 if held.shown else held.size))
                if not held.shown and held.file is not None:
                    send_handle(connection, held.file.fileno(), pid)
                    held.shown = True
            else:
                connection.send((first_row, None, 0, 0))
                connection.send_bytes(held)
        connection.send(None)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process that is started meanwhile never hears of Ctrl-C; this one hears of it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _as_error(error: tuple[str, Any]) -> BaseException:
    """What the work raised, as it is raised here."""
    match error:
        case "rules", diagnostics:
            return RulesError(diagnostics)
        case "system", (number, words, name):
            return OSError(number, words, name)
        case "memory", _:
            return MemoryError()
        case _, text:
            return RuntimeError(text)


# ------------------------------------------------------------------------------------------------- in the other process


def _serve(connection: Connection, work: Work, environment: dict[str, str]) -> None:
    """Answer every batch that comes in until there are no more."""
    os.environ.clear()  # what this process was made from may have started under another
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, daemon=True).start()
    rooms: dict[int, mmap.mmap] = {}
    with suppress(EOFError, ConnectionError):
        while (sent := connection.recv()) is not None:
            # Read here and not in a thread beside the work: they would wait for one another all the time.
            first_row, room, used, size = sent
            if room is not None and size:
                rooms[room] = _shown(connection, size)
            stream = connection.recv_bytes() if room is None else pa.py_buffer(rooms[room]).slice(0, used)
            with _Outcome() as outcome:
                batch = pa.ipc.open_stream(stream).read_next_batch()
                outcome.result = work.packed(work(batch, first_row))
            connection.send((outcome.result, outcome.error))


def _shown(connection: Connection, size: int) -> mmap.mmap:
    """The memory that this process is shown."""
    handle = recv_handle(connection)
    try:
        return mmap.mmap(handle, size, access=mmap.ACCESS_READ)
    finally:
        os.close(handle)


def _watch() -> None:
    """End at once where the process that started this one is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Outcome(AbstractContextManager["_Outcome"]):
    """What the work made of a batch: a result, or an error as the process that waits for it can be told of it."""

    result: Any = None
    error: tuple[str, Any] | None = None

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> bool:
        match wrong:
            case None:
                pass
            case RulesError():
                self.error = ("rules", wrong.diagnostics)
            case OSError():
                self.error = ("system", (wrong.errno, wrong.strerror or str(wrong), wrong.filename))
            case MemoryError():
                self.error = ("memory", None)
            case _:
                self.error = ("other", f"{type(wrong).__name__}: {wrong}")
        return True
