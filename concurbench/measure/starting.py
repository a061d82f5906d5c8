"""What it costs to start a thread, or a process by each method that the system has."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
import time
import types
import warnings
from collections.abc import Iterator

from concurbench.measure.timing import median_of

PATIENCE = 30.0
"""Seconds until a process that does nothing must have ended."""


def thread_start() -> float:
    """The time to start a thread that does nothing, and to see it end."""
    return median_of(25, _thread)


def _thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def methods() -> list[str]:
    """The ways to start a process here."""
    return multiprocessing.get_all_start_methods()


def process_start(method: str) -> float:
    """The time to start a process that does nothing, and to see it end.

    With a fork server, while that runs. It is one process, and no median of several: it takes long.

    Raises:
        OSError, EOFError: no process can be started.
        RuntimeError: it did not end, or not well.
    """
    with _as_a_plain_program(), _helpers(method):
        return _process(method)


def _process(method: str) -> float:
    # In the child nothing of this project is to be imported: so a function of Python's own.
    process = multiprocessing.get_context(method).Process(target=os.getpid)  # type: ignore[attr-defined]
    start = time.perf_counter()
    process.start()
    process.join(PATIENCE)
    seconds = time.perf_counter() - start
    if process.exitcode is None:
        process.kill()
        process.join()
    code = process.exitcode
    process.close()
    if code != 0:
        raise RuntimeError(f"a process started by {method} ended with status {code}")
    return seconds


@contextlib.contextmanager
def _as_a_plain_program() -> Iterator[None]:
    """Children import the main module of their parent, and that may be large: here it is empty."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        with warnings.catch_warnings():
            # Said of a fork beside threads: this child takes no lock, it ends.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _helpers(method: str) -> Iterator[None]:
    """The processes that multiprocessing starts by itself beside the first child: they run before the
    time is taken, and no longer than that."""
    if os.name != "posix" or method == "fork":
        yield
        return
    from multiprocessing import resource_tracker

    tracker = resource_tracker._resource_tracker
    ran = tracker._fd is not None  # type: ignore[attr-defined]  # it does not say otherwise
    try:
        resource_tracker.ensure_running()
        if method == "forkserver":
            with _fork_server():
                yield
        else:
            yield
    finally:
        if not ran:  # otherwise it has the semaphores of others in its care
            tracker._stop()  # type: ignore[attr-defined]  # nor has it a public way to end


@contextlib.contextmanager
def _fork_server() -> Iterator[None]:
    from multiprocessing import forkserver

    def stop() -> None:
        forkserver._forkserver._stop()  # type: ignore[attr-defined]
        forkserver.set_forkserver_preload([])

    stop()  # one that runs may have modules loaded that this reading knows nothing of
    try:
        _process("forkserver")  # the first waits until the server is there
        yield
    finally:
        stop()
