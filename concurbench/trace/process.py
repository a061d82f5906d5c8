"""A model in a process of its own, seen from the program that watches it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from types import TracebackType
from typing import Self

import psutil

from concurbench.errors import ConcurbenchError
from concurbench.runner import reaper
from concurbench.runner.workspace import Workspace, temporary
from concurbench.trace import inside, recorder
from concurbench.trace.call import Call, Calls
from concurbench.trace.inside import Performance, Told

TICK = 0.02
"""Seconds between two looks at what has happened."""

GRACE = 0.5
"""Seconds for what is told to end to be gone."""


class Died(ConcurbenchError):
    """The model's process ended without a word; the message says how."""


class ModelProcess:
    """Runs a performance as long as the ``with`` block lasts; what it has started ends with it.

    ``environ`` is added to the environment of the model's processes.
    """

    def __init__(self, performance: Performance, environ: Mapping[str, str]) -> None:
        self._performance = performance
        self._environ = environ
        self.told: Told | None = None
        """How it went, once it has ended."""
        self.stopped_at: float | None = None
        """When it was no more, where it was ended before its end; seconds of ``time.perf_counter``."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._workspace = stack.enter_context(Workspace())
            folder = self._workspace.folder
            self._output = folder / "output"
            self._output.touch()  # it may die before it has said anything
            self._teller, other_end = multiprocessing.Pipe(duplex=False)
            stack.callback(self._teller.close)
            # It belongs to the program, and outlives the model, whose semaphores it is to put away.
            with _environment({"PYTHONWARNINGS": "ignore:resource_tracker"}):  # that it had to
                resource_tracker.ensure_running()
            # Started afresh: nothing of the program is in it, and it is no thread's copy.
            context = multiprocessing.get_context("spawn")
            self.process = context.Process(
                target=inside.main, args=(self._performance, other_end, self._output)
            )
            events = folder / "events"
            with other_end, inside.interrupts_wait(), _environment(
                {
                    **self._environ, **temporary(folder),
                    recorder.VARIABLE: str(events), reaper.ENV_WORKSPACE: folder.name,
                }
            ):  # fmt: skip
                self.process.start()
            assert self.process.pid is not None
            self._workspace.started(self.process.pid)
            stack.callback(self._end)
            self._calls = Calls(events, self.process.pid)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def calls(self, idle: Callable[[], None], stop: Callable[[], bool]) -> Iterator[Call]:
        """What is watched, as it happens, until the model has ended: each call when it has begun and
        again when it has ended. ``idle`` is called each time there was nothing new for a moment, and
        ``stop`` to know whether the model is to be ended; what it did until then still comes.

        Raises:
            Died: its process ended without saying how it went.
        """
        while self.told is None:
            # Processes it has forked may hold its ends of both pipes open beyond its own end.
            ended = not self.process.is_alive()
            ready = wait([self._teller, self.process.sentinel], 0 if ended else TICK)
            stopped = stop()
            gone = ended and self._teller not in ready
            if stopped:
                self._end()
            elif self._teller in ready:
                try:
                    self.told = self._teller.recv()
                except EOFError:
                    self.process.join(GRACE)
                    gone = True
            before = self._calls.read
            for call in self._calls.new():
                yield call
                if not stopped and stop():  # it is not to go on while what it has done is told
                    stopped = True
                    self._end()
            if stopped:
                yield from self._calls.new()
                return
            if self._calls.read == before:
                idle()
            if gone:
                raise Died(self._how_it_died())

    @property
    def unfinished(self) -> list[Call]:
        """The calls that have begun and not ended."""
        return self._calls.unfinished

    def _how_it_died(self) -> str:
        code = self.process.exitcode or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended, exit code {code}"
        said = self._output.read_text(errors="replace").strip().splitlines()
        return f"its process {how}" + (f": {said[-1].strip()}" if said else "")

    def _end(self) -> None:
        """End it and every process of its session: whatever they do can be ended at any time."""
        if self.stopped_at is not None:  # they are gone, and their numbers may be others' by now
            return
        group = self.process.pid
        assert group is not None
        # What puts away the semaphores of others does not heed the first signal, and ends after them.
        if hasattr(os, "killpg") and self._signal(group, signal.SIGTERM):
            due = time.monotonic() + GRACE
            # Those that nobody has waited for yet are still in the group, and gone all the same.
            while reaper.carriers(self._workspace.folder) and time.monotonic() < due:
                self.process.join(TICK)
            self._signal(group, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.stopped_at = time.perf_counter()
        if self.told is None:  # cut off: what it has started elsewhere, as a cluster, is to go at once
            for process in reaper.carriers(self._workspace.folder):
                with contextlib.suppress(psutil.Error):
                    process.kill()

    def _signal(self, group: int, number: int) -> bool:
        """Send it to all of its session; false where there is none, not yet or no more."""
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return False
        return True


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
