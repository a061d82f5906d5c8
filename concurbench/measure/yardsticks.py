"""Yardsticks: small works of known size that measure the machine, read throughout a session.

Each reading takes a few milliseconds: the median of a few repeats.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import multiprocessing
import os
import pickle
import statistics
import sys
import tempfile
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from concurbench import machine
from concurbench.measure import capacity
from concurbench.measure.echo import Echo

BUDGET = 0.004
"""Seconds after which no further repeat begins."""

SWEEPS_PER_PROCESS = 4
"""Every n-th sweep starts a process; this is n."""

PRIME = 1_600_000_009
"""Large enough that dividing it takes about a millisecond."""

WINDOW = 0.003
"""Seconds for which all cores work, each of three times."""

TEXTS = 10_000

CLOCK_READINGS = 2_000
"""How often the timer is read to find its smallest step."""

CONTENT = bytes(range(256)) * 64
"""16 kB, about the size of a flag."""

PREFIX = "concurbench-yardstick-"

TIMEOUT = 30.0
"""Seconds until a process that does nothing must have ended."""

Read = Callable[[], float]


class Yardsticks:
    """A context manager; ``sweep()`` reads every yardstick that is due.

    Inside it, a process answers over loopback. That process ends with this one. Files are written below
    ``near``, or its first parent that exists: it should be the disk where the rows write, because
    temporary folders are often in memory.
    """

    def __init__(self, near: Path) -> None:
        self.start = time.perf_counter()
        self.readings: dict[str, list[list[float]]] = {}
        """Yardstick -> its readings, each the seconds since ``start`` and the result in seconds."""
        self.unreadable: dict[str, str] = {}
        """Yardstick -> why it has no further readings, such as a full disk."""
        near = next(folder for folder in (near.absolute(), *near.absolute().parents) if folder.is_dir())
        self._cheap: dict[str, Read] = {
            "python_loop": python_loop,
            "c_code": c_code,
            "c_code_all_cores": c_code_all_cores,
            "thread_start": thread_start,
            "pickle_1mb": pickle_1mb,
            "file_write": functools.partial(file_write, near),
            "file_write_fsync": functools.partial(file_write, near, sync=True),
            "timer_resolution": timer_resolution,
        }
        self._expensive: dict[str, Read] = {
            f"process_start_{method}": functools.partial(process_start, method)
            for method in start_methods()
        }
        self._turns = _turns(list(self._expensive))
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            echo = self._open.enter_context(Echo())
        except OSError as error:
            self.unreadable["loopback_round_trip"] = str(error)
        else:
            self._cheap["loopback_round_trip"] = functools.partial(median_of, 50, echo.round_trip)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def sweep(self, *, complete: bool = False) -> None:
        """Read each cheap yardstick, and now and then the start of a process, each method in turn; if
        ``complete``, read all."""
        for name, read in self._cheap.items():
            self._take(name, read)
        for name in self._expensive if complete else next(self._turns):
            self._take(name, self._expensive[name])

    def _take(self, name: str, read: Read) -> None:
        if name in self.unreadable:
            return
        moment = time.perf_counter() - self.start
        try:
            seconds = read()
        except (OSError, RuntimeError, EOFError) as error:
            self.unreadable[name] = str(error) or type(error).__name__
        else:
            self.readings.setdefault(name, []).append([moment, seconds])


def _turns(expensive: list[str]) -> Iterator[list[str]]:
    """Which expensive yardsticks are due, sweep after sweep."""
    for name in itertools.cycle(expensive):
        yield from ([] for _ in range(SWEEPS_PER_PROCESS - 1))
        yield [name]


def median_of(
    max_repeats: int, work: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> float:
    """The seconds that ``work`` takes: the median of the repeats that fit into BUDGET, at least one."""
    taken: list[float] = []
    while len(taken) < max_repeats and sum(taken) < BUDGET:
        start = clock()
        work()
        taken.append(clock() - start)
    return statistics.median(taken)


# -- CPU ---------------------------------------------------------------------------------------------


def python_loop() -> float:
    """The time for 20,000 divisions in a Python loop: what an interpreter does most."""
    return median_of(5, _divide)


def _divide() -> bool:
    for divisor in range(3, 40_001, 2):
        if PRIME % divisor == 0:
            return False
    return True


def c_code() -> float:
    """The time for one piece of the work that the machine's parallel capacity is measured with."""
    capacity.piece()  # so that its text exists, and is in the cache
    return median_of(5, capacity.piece)


def c_code_all_cores(
    cores: int | None = None, rate: Callable[[int, float], float] = capacity.rate
) -> float:
    """The time of one thread for such a piece while each usable core has one: the same as ``c_code`` if
    cores do not disturb each other."""
    cores = cores or machine.usable_cores()
    return statistics.median(cores / rate(cores, WINDOW) for _ in range(3))


def pickle_1mb() -> float:
    """The time to pickle and unpickle a list of 10,000 texts of 100 characters, one megabyte."""
    return median_of(5, _pickle)


def _pickle() -> None:
    # One protocol for all versions of Python, because the default changes.
    pickle.loads(pickle.dumps(_texts(), protocol=5))


@functools.cache
def _texts() -> list[str]:
    return [f"{number:0100}" for number in range(TEXTS)]


def timer_resolution(clock: Callable[[], int] = time.perf_counter_ns) -> float:
    """The smallest step between two readings of the timer that rounds are timed with: its resolution,
    or the cost of reading it, whichever is more."""
    readings = [clock() for _ in range(CLOCK_READINGS)]
    steps = (after - before for before, after in itertools.pairwise(readings))
    return min(step for step in steps if step > 0) / 1e9


# -- files -------------------------------------------------------------------------------------------


def file_write(near: Path, *, sync: bool = False) -> float:
    """The time to create, write and close a file in a folder below ``near``; if ``sync``, with
    ``fsync`` before it is closed."""
    repeats = 3 if sync else 15
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=near) as folder:
        # A new file each time: some file systems sync when a file is replaced.
        names = iter(range(repeats))
        return median_of(repeats, lambda: _write(Path(folder, str(next(names))), sync=sync))


def _write(path: Path, *, sync: bool) -> None:
    with path.open("xb", buffering=0) as file:
        file.write(CONTENT)
        if sync:
            os.fsync(file.fileno())


# -- starting threads and processes ------------------------------------------------------------------


def thread_start() -> float:
    """The time to start a thread that does nothing, and to join it."""
    return median_of(25, _thread)


def _thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def start_methods() -> list[str]:
    """The start methods of multiprocessing on this system."""
    return multiprocessing.get_all_start_methods()


def process_start(method: str) -> float:
    """The time to start a process that does nothing, and to join it; a single one, because it is slow.

    A fork server runs before the time is taken.

    Raises:
        OSError, EOFError: no process can be started.
        RuntimeError: the process did not end, or failed.
    """
    with _empty_main_module(), _helpers(method):
        return _process(method)


def _process(method: str) -> float:
    # A function of the standard library: the child must not import anything of this project.
    process = multiprocessing.get_context(method).Process(target=os.getpid)  # type: ignore[attr-defined]  # typeshed lacks it
    start = time.perf_counter()
    process.start()
    process.join(TIMEOUT)
    seconds = time.perf_counter() - start
    if process.exitcode is None:
        process.kill()
        process.join()
    code = process.exitcode
    process.close()
    if code != 0:
        raise RuntimeError(f"a process started by {method} ended with exit code {code}")
    return seconds


@contextlib.contextmanager
def _empty_main_module() -> Iterator[None]:
    """Replace the main module, which children import and which may be large, by an empty one."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        with warnings.catch_warnings():
            # About fork beside threads. This child takes no lock: it ends.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _helpers(method: str) -> Iterator[None]:
    """Start multiprocessing's helper processes beforehand, and stop those that were not running."""
    if os.name != "posix" or method == "fork":
        yield
        return
    from multiprocessing import resource_tracker

    tracker = resource_tracker._resource_tracker
    ran = tracker._fd is not None  # type: ignore[attr-defined]  # there is no public way to ask
    try:
        resource_tracker.ensure_running()
        if method == "forkserver":
            with _fork_server():
                yield
        else:
            yield
    finally:
        if not ran:  # otherwise it keeps semaphores of others
            tracker._stop()  # type: ignore[attr-defined]  # there is no public way to stop it


@contextlib.contextmanager
def _fork_server() -> Iterator[None]:
    from multiprocessing import forkserver

    def stop() -> None:
        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # there is no public way
        forkserver.set_forkserver_preload([])

    stop()  # a running one may have preloaded modules
    try:
        _process("forkserver")  # the first process waits until the server runs
        yield
    finally:
        stop()
