"""The process that a model runs in, from both ends.

``main`` is the model's end: it runs the model, traced, and sends the outcome. ``ModelProcess`` is the
program's end: it reads the calls as they come, and can end the model at any time, whatever it does.
The model has a process of its own so that tracing it takes nothing from it, not its interpreter lock.
"""

from __future__ import annotations

import contextlib
import inspect
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from concurbench.errors import ConcurbenchError
from concurbench.runner import reaper
from concurbench.runner.workspace import Workspace, temporary
from concurbench.trace import recorder
from concurbench.trace.spans import Call, CallReader

RUN = "run"
"""The function name in the call of the model itself."""

POLL_INTERVAL = 0.02
"""Seconds between two checks for new calls."""

GRACE = 0.5
"""Seconds between SIGTERM and SIGKILL."""


def no_answers(job: Any, answers: Any, seconds: float) -> None:
    """For ``TraceJob.summarize``: the calls say all that the program needs."""


def all_answers(job: Any, answers: Any, seconds: float) -> Any:
    """For ``TraceJob.summarize``: the answers, if they can be pickled."""
    return answers


@dataclass(frozen=True)
class TraceJob:
    """What to run and trace. All of it can be pickled.

    ``load`` returns the model's ``run``, which gets ``job`` and ``workers``; it may be a coroutine
    function. ``summarize`` gets the job, the answers and the seconds, in the model's process, and what
    it returns is sent to the program. ``patches`` are functions of other packages to trace, as
    arguments of ``recorder.patch``. ``around`` makes context managers to run the model in.
    """

    load: Callable[[], Callable[..., Any]]
    job: Any
    workers: int
    summarize: Callable[[Any, Any, float], Any] = no_answers
    patches: tuple[tuple[str, str | None] | tuple[str, str, Any], ...] = ()
    around: tuple[Callable[[], AbstractContextManager[Any]], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What ``TraceJob.summarize`` returned, or the error that ended the model, as a sentence."""

    answers: Any = None
    error: str | None = None


class Died(ConcurbenchError):
    """The model's process ended without an outcome; the message says how."""


# -- the model's end --


def main(job: TraceJob, sender: Connection, output: Path) -> None:
    """Run the model and send the outcome. Its prints go to a file: the screen is the program's."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C reaches the program alone, which ends this session
        _discard_interrupts()
    with output.open("wb") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    try:
        answers = _run(job)
    except Exception as error:
        traceback.print_exc()
        sender.send(Outcome(error=_sentence(error)))
    else:
        sender.send(Outcome(answers))


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C waits for the end of the ``with`` block. A process started within the block discards it,
    once it has a session of its own: it was meant for the program."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _discard_interrupts() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # discards a pending one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, before)


def _run(job: TraceJob) -> Any:
    load = job.load()

    def run() -> Any:
        return load(job.job, workers=job.workers)

    with contextlib.ExitStack() as stack:
        for make in job.around:
            stack.enter_context(make())
        for patch in job.patches:
            recorder.patch(*patch)
        begin = time.perf_counter()
        answers = recorder.trace(run)()
        if inspect.isawaitable(answers):
            import asyncio  # not at the top: a model without coroutines starts faster

            answers = asyncio.run(_result(answers))
        seconds = time.perf_counter() - begin
    return job.summarize(job.job, answers, seconds)


async def _result(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _sentence(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):  # a task group's own message hides the cause
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


# -- the program's end --


class ModelProcess:
    """Runs a job as long as the ``with`` block lasts; every process that the model starts ends with it.

    ``environ`` is added to the environment of the model's processes.
    """

    def __init__(self, job: TraceJob, environ: Mapping[str, str]) -> None:
        self._job = job
        self._environ = environ
        self.outcome: Outcome | None = None
        """Set when the model has ended."""
        self.stopped_at: float | None = None
        """When its processes were ended, in seconds of ``time.perf_counter``."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._workspace = stack.enter_context(Workspace())
            folder = self._workspace.folder
            self._output = folder / "output"
            self._output.touch()  # the process may die before it opens the file
            self._receiver, sender = multiprocessing.Pipe(duplex=False)
            stack.callback(self._receiver.close)
            # The program's own tracker outlives the model, and removes semaphores the model leaves.
            with _environment({"PYTHONWARNINGS": "ignore:resource_tracker"}):
                resource_tracker.ensure_running()
            # Started afresh: it inherits nothing of the program, and copies no thread.
            context = multiprocessing.get_context("spawn")
            self.process = context.Process(target=main, args=(self._job, sender, self._output))
            events = folder / "events"
            with sender, _interrupts_blocked(), _environment(
                {
                    **self._environ, **temporary(folder),
                    recorder.ENV_EVENTS: str(events), reaper.ENV_WORKSPACE: folder.name,
                }
            ):  # fmt: skip
                self.process.start()
            assert self.process.pid is not None
            self._workspace.started(self.process.pid)
            stack.callback(self._stop)
            self._reader = CallReader(events, self.process.pid)
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
        """The calls as they happen, until the model has ended: each one when it has begun, and again
        when it has ended.

        ``idle`` is called whenever a poll brought nothing new. When ``stop`` returns true the model is
        ended; the calls recorded until then still come.

        Raises:
            Died: its process ended without an outcome.
        """
        while self.outcome is None:
            # Processes that it forked may hold its ends of both pipes open after its own end.
            ended = not self.process.is_alive()
            ready = wait([self._receiver, self.process.sentinel], 0 if ended else POLL_INTERVAL)
            stopped = stop()
            died = ended and self._receiver not in ready
            if stopped:
                self._stop()
            elif self._receiver in ready:
                try:
                    self.outcome = self._receiver.recv()
                except EOFError:
                    self.process.join(GRACE)
                    died = True
            before = self._reader.offset
            for call in self._reader.new():
                yield call
                if not stopped and stop():  # the model must not run on while the rest is printed
                    stopped = True
                    self._stop()
            if stopped:
                yield from self._reader.new()
                return
            if self._reader.offset == before:
                idle()
            if died:
                raise Died(self._cause_of_death())

    @property
    def unfinished(self) -> list[Call]:
        """The calls that have begun and not ended."""
        return self._reader.unfinished

    def _cause_of_death(self) -> str:
        code = self.process.exitcode or 0
        cause = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
        output = self._output.read_text(errors="replace").strip().splitlines()
        return f"its process {cause}" + (f": {output[-1].strip()}" if output else "")

    def _stop(self) -> None:
        """End its process and every process of its session."""
        if self.stopped_at is not None:  # their ids may belong to other processes by now
            return
        group = self.process.pid
        assert group is not None
        # multiprocessing's resource trackers ignore SIGTERM, and end after the processes they serve.
        if hasattr(os, "killpg") and self._signal(group, signal.SIGTERM):
            due = time.monotonic() + GRACE
            # Zombies are still in the group, so ask for live processes.
            while reaper.carriers(self._workspace.folder) and time.monotonic() < due:
                self.process.join(POLL_INTERVAL)
            self._signal(group, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.stopped_at = time.perf_counter()
        if self.outcome is None:  # interrupted: end what runs in other sessions too, as a cluster does
            for process in reaper.carriers(self._workspace.folder):
                with contextlib.suppress(psutil.Error):
                    process.kill()

    def _signal(self, group: int, number: int) -> bool:
        """Send a signal to its session; False if there is none, not yet or no longer."""
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
