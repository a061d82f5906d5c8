"""A traced run of a model, in a process of its own, so that tracing takes nothing from the program.

``main`` is the model's end: it runs the model, traced, and sends the answers or the error.
``TracedRun`` is the program's end: it reads the calls as they come, and can end the model.
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
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, Self

import psutil

from concurbench.command import signals_that_end
from concurbench.runner import reaper
from concurbench.runner.workspace import Workspace, temporary
from concurbench.trace import recorder
from concurbench.trace.spans import Call, CallReader

MAX_REPLAY = 0.3
"""Seconds for reading the calls that a model made before a signal ended it."""

RUN = "run"
"""The function name in the call of the model itself."""

POLL_INTERVAL = 0.02
"""Seconds between two checks for new calls."""

GRACE = 0.5
"""Seconds between SIGTERM and SIGKILL."""


def all_answers(job: Any, answers: Any, seconds: float) -> Any:
    """For ``TraceJob.summarize``: the answers, if they can be pickled."""
    return answers


@dataclass(frozen=True)
class TraceJob:
    """What to run and trace. All of it can be pickled.

    ``load`` returns the model's ``run``, which gets ``job`` and ``workers``; it may be a coroutine
    function. ``summarize`` gets the job, the answers and the seconds, in the model's process, and what
    it returns is sent to the program; None where the calls say it all. ``patches`` are functions of
    other packages to trace, as arguments of ``recorder.patch``. ``around`` makes context managers to
    run the model in.
    """

    load: Callable[[], Callable[..., Any]]
    job: Any
    workers: int
    summarize: Callable[[Any, Any, float], Any] | None = None
    patches: tuple[tuple[Any, ...], ...] = ()
    around: tuple[Callable[[], AbstractContextManager[Any]], ...] = ()


# -- the model's end --


def main(job: TraceJob, sender: Connection, output: Path) -> None:
    """Run the model and send the answers and the error, one of which is None. Its prints go to a file:
    the screen is the program's."""
    os.setsid()  # Ctrl-C reaches the program alone, which ends this session
    # Discard an interrupt that came until now: it was meant for the program.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, handler)
    with output.open("wb") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    answers, error = None, None
    try:
        answers = _run(job)
    except Exception as caught:
        traceback.print_exc()
        error = _sentence(caught)
    sender.send((answers, error))


def _run(job: TraceJob) -> Any:
    model = job.load()

    def run() -> Any:
        return model(job.job, workers=job.workers)

    with contextlib.ExitStack() as stack:
        for make in job.around:
            stack.enter_context(make())
        for patch in job.patches:
            recorder.patch(*patch)
        begin = time.perf_counter()
        answers = recorder.trace(run)()
        if inspect.iscoroutine(answers):
            import asyncio  # not at the top: a model without coroutines starts faster

            answers = asyncio.run(answers)
        seconds = time.perf_counter() - begin
    return job.summarize(job.job, answers, seconds) if job.summarize else None


def _sentence(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):  # a task group's own message hides the cause
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


# -- the program's end --


class TracedRun:
    """Runs a job as long as the ``with`` block lasts; every process that the model starts ends with it.

    When a signal arrives, or the model fails, its calls end and nothing else: the program can still
    print what they came to. ``environ`` is added to the environment of the model's processes.
    """

    def __init__(self, job: TraceJob, environ: Mapping[str, str]) -> None:
        self._job = job
        self._environ = environ
        self._stopped_at: float | None = None
        self.done: list[Call] = []
        """The calls that have ended, in that order."""
        self.cut: list[Call] = []
        """The calls that had not ended when the model did, ended then."""
        self.began_at = self.ended_at = 0.0
        """When the model began, and when it ended for whatever reason, by the clock of the calls."""
        self.seconds = 0.0
        """How long the model ran."""
        self.answers: Any = None
        """What the job's ``summarize`` returned, once the model has ended normally."""
        self.error: str | None = None
        """The error that ended the model, or how its process died."""
        self.ended_by: int | None = None
        """The number of the signal that ended it."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for number in signals_that_end():
                stack.callback(signal.signal, number, signal.signal(number, self._note_signal))
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
            environ = {
                **self._environ, **temporary(folder),
                recorder.ENV_EVENTS: str(events), reaper.ENV_WORKSPACE: folder.name,
            }  # fmt: skip
            with sender, _interrupts_blocked(), _environment(environ):
                self.process.start()
            assert self.process.pid is not None
            self._workspace.started(self.process.pid)
            stack.callback(self._stop)
            self._reader = CallReader(events, self.process.pid)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _note_signal(self, number: int, _: FrameType | None) -> None:
        # An exception could arrive anywhere, and the calls made until now are still to be read.
        self.ended_by = self.ended_by or number

    def calls(self, idle: Callable[[], None] = lambda: None) -> Iterator[Call]:
        """The calls as they happen: each one when it has begun and again when it has ended.

        ``idle`` is called whenever a poll brought nothing new. A signal ends the model, and so the
        iteration.
        """
        for call in self._recorded(idle):
            if call.function == RUN:
                self.began_at = call.begin
                self.seconds = 0.0 if call.end is None else call.seconds
                continue
            if call.end is not None:
                self.done.append(call)
            yield call
            # After Ctrl-C a user waits no longer than this for calls that were not printed yet.
            if self._stopped_at and time.perf_counter() > self._stopped_at + MAX_REPLAY:
                break
        self.ended_at = time.perf_counter()
        for call in self._reader.unfinished:
            if call.function == RUN:
                self.seconds = self.ended_at - call.begin
            else:
                self.cut.append(replace(call, end=self.ended_at))

    def _recorded(self, idle: Callable[[], None]) -> Iterator[Call]:
        alive = True
        while alive and self.ended_by is None:
            # Processes that it forked may hold its ends of both pipes open after its own end.
            alive = self.process.is_alive()
            if self._receiver.poll(POLL_INTERVAL if alive else 0):
                alive = False
                self._receive()
            elif not alive:
                self._note_death()
            new = self._reader.new()
            for call in new:
                yield call
                if self.ended_by is not None:  # the model must not run on while the rest is printed
                    self._stop()
            if not new:
                idle()
        if self.ended_by is not None:
            self._stop()
            yield from self._reader.new()

    def _receive(self) -> None:
        try:
            self.answers, self.error = self._receiver.recv()
        except EOFError:
            self.process.join(GRACE)
            self._note_death()

    def _note_death(self) -> None:
        if self.ended_by is not None:
            return
        code = self.process.exitcode or 0
        cause = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
        output = self._output.read_text(errors="replace").strip().splitlines()
        self.error = f"its process {cause}" + (f": {output[-1].strip()}" if output else "")

    def _stop(self) -> None:
        """End its process, all of its session, and those in other sessions, as a cluster has."""
        if self._stopped_at is not None:  # their ids may belong to other processes by now
            return
        assert self.process.pid is not None
        self.process.terminate()
        with contextlib.suppress(ProcessLookupError):  # it has no session yet, or no longer
            os.killpg(self.process.pid, signal.SIGTERM)
        # multiprocessing's resource trackers ignore SIGTERM, and end after the processes they serve.
        due = time.monotonic() + GRACE
        while (left := reaper.carriers(self._workspace.folder)) and time.monotonic() < due:
            self.process.join(POLL_INTERVAL)
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.kill()
        self.process.join()
        self._stopped_at = time.perf_counter()


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C waits for the end of the ``with`` block; see ``main`` for a process started within it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
