"""The yardsticks of a session: what takes their readings, and keeps them."""

from __future__ import annotations

import contextlib
import functools
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from concurbench.measure import computing, starting, writing
from concurbench.measure.echo import Echo
from concurbench.measure.timing import median_of

EVERY = 4
"""After so many sweeps one of them starts a process, too."""

Read = Callable[[], float]


class Yardsticks:
    """A context manager; ``sweep()`` takes a reading of each yardstick that is due.

    Until its end, a process lives that answers over loopback. It dies with this one. Files are written
    below ``near``, or its first parent that exists, in a folder that is there only meanwhile: that is
    to be the disk where the rows write, for temporary folders are often in memory. Each reading is
    kept with the seconds since ``start``, a moment of ``time.perf_counter``.

    A yardstick that fails, as on a disk that is full, has no more readings; ``lost`` tells why.
    """

    def __init__(self, near: Path, start: float | None = None) -> None:
        self.start = time.perf_counter() if start is None else start
        self.readings: dict[str, list[list[float]]] = {}
        """Yardstick -> its readings, each the moment it began and what it found; as JSON takes it."""
        self.lost: dict[str, str] = {}
        """Yardstick -> why it has no further readings."""
        near = next(folder for folder in (near.absolute(), *near.absolute().parents) if folder.is_dir())
        self._cheap: dict[str, Read] = {
            "python_loop": computing.python_loop,
            "c_code": computing.c_code,
            "c_code_all_cores": computing.c_code_all_cores,
            "thread_start": starting.thread_start,
            "pickle_1mb": computing.pickle_1mb,
            "file_write": functools.partial(writing.file_write, near),
            "file_write_fsync": functools.partial(writing.file_write_fsync, near),
            "timer_resolution": computing.timer_resolution,
        }
        self._dear: dict[str, Read] = {
            f"process_start_{method}": functools.partial(starting.process_start, method)
            for method in starting.methods()
        }
        self._turns = _turns(list(self._dear))
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            echo = self._open.enter_context(Echo())
        except OSError as error:
            self.lost["loopback_round_trip"] = str(error)
        else:
            self._cheap["loopback_round_trip"] = functools.partial(median_of, 50, echo.round_trip)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def sweep(self, *, whole: bool = False) -> None:
        """Take a reading of each cheap yardstick, and now and then the start of a process, each method
        in turn; or of all, if ``whole``."""
        for name, read in self._cheap.items():
            self._take(name, read)
        for name in self._dear if whole else next(self._turns):
            self._take(name, self._dear[name])

    def _take(self, name: str, read: Read) -> None:
        if name in self.lost:
            return
        moment = time.perf_counter() - self.start
        try:
            seconds = read()
        except (OSError, RuntimeError, EOFError) as error:
            self.lost[name] = str(error) or type(error).__name__
        else:
            self.readings.setdefault(name, []).append([moment, seconds])


def _turns(dear: list[str]) -> Iterator[list[str]]:
    """Which of the dear ones are due, sweep after sweep."""
    for name in itertools.cycle(dear):
        yield from ([] for _ in range(EVERY - 1))
        yield [name]
