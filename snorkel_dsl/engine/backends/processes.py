"""In several processes on this machine: each is sent batches, and sends back what the work found in them.

The processes start afresh and share nothing, so it matters to none what another loads or how it ends. Each gets the work
once; then a batch travels to it as Arrow IPC and comes back as packed as the work can make it. Never more than a few
batches are on their way, however fast they are read or however long one of them takes, so memory is bounded. Results come
in the order of the batches. Where a process dies, or the work raises, the run ends with an error; it never waits for what
cannot come. An interrupt is the business of this process: it ends the others.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeAlias

import pyarrow as pa

from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.engine.backends import Work

_AHEAD = 2  # batches at a process: one that it works on, and one that lies there so that it need not wait
_BEYOND = 4  # batches a process that may be done or under way before the first of them is

_Item: TypeAlias = "tuple[int, pa.Buffer] | None"


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


class _Worker:
    """A process as seen from this one: the batches that it has not answered yet, in the order in which it was sent them."""

    def __init__(self, work: Work) -> None:
        context = multiprocessing.get_context("spawn")
        self.numbers: list[int] = []
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        with _interrupts_held():
            self.process.start()
        theirs.close()
        self.items: SimpleQueue[_Item] = SimpleQueue()
        self.sending = threading.Thread(target=_send, args=(self.connection, self.items), daemon=True)
        self.sending.start()

    def send(self, number: int, batch: pa.RecordBatch, first_row: int) -> None:
        """Send a batch, in a thread of its own: the other side reads only when it has answered what it has."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        self.numbers.append(number)
        self.items.put((first_row, sink.getvalue()))

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


def _send(connection: Connection, items: SimpleQueue[_Item]) -> None:
    """Send what is put into a queue; that nobody is there any more is found out by whoever waits for an answer."""
    with suppress(ConnectionError):
        while (item := items.get()) is not None:
            first_row, stream = item
            connection.send(first_row)
            connection.send_bytes(stream)
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


def _serve(connection: Connection, work: Work) -> None:
    """Answer every batch that comes in until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, daemon=True).start()
    with suppress(EOFError, ConnectionError):
        while (first_row := connection.recv()) is not None:
            # Read here and not in a thread beside the work: they would wait for one another all the time.
            stream = connection.recv_bytes()
            with _Outcome() as outcome:
                batch = pa.ipc.open_stream(stream).read_next_batch()
                outcome.result = work.packed(work(batch, first_row))
            connection.send((outcome.result, outcome.error))


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
