"""The process that a model runs in, watched by a program."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from concurbench.trace import recorder

RUN = "run"
"""What the call of the model itself is called."""


def nothing(job: Any, answers: Any) -> None:
    """What is wanted of the answers, where the calls tell all there is."""


def everything(job: Any, answers: Any) -> Any:
    """What is wanted of the answers, where all of them can be pickled."""
    return answers


@dataclass(frozen=True)
class Performance:
    """What to run. All of it can be pickled.

    ``load`` returns the model's ``run``, which gets ``job`` and ``workers``; ``tell`` makes what the
    program is to have of the job and the answers. ``patches`` are functions of other packages to be
    watched, as in ``asyncio:sleep``, each with the parameter that its calls are about, and maybe with
    the only value of it that matters; ``around`` makes the context managers to be within.
    """

    load: Callable[[], Callable[..., Any]]
    job: Any
    workers: int
    tell: Callable[[Any, Any], Any] = nothing
    patches: tuple[tuple[str, str | None] | tuple[str, str, Any], ...] = ()
    around: tuple[Callable[[], AbstractContextManager[Any]], ...] = ()


@dataclass(frozen=True)
class Told:
    """How it went: what ``tell`` made of it, or the error that it ended with, in a sentence."""

    answers: Any = None
    error: str | None = None


def main(performance: Performance, teller: Connection, output: Path) -> None:
    """Run it and tell how it went. What it prints goes to a file: the screen is the program's."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for the program, which ends this process and all of its own
        _forget_interrupts()
    with output.open("wb") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    try:
        answers = _performed(performance)
    except Exception as error:
        traceback.print_exc()
        teller.send(Told(error=_sentence(error)))
    else:
        teller.send(Told(answers))


@contextlib.contextmanager
def interrupts_wait() -> Iterator[None]:
    """Ctrl-C waits for the end of the ``with`` block; in a process that is started within it, until
    that has a session of its own, for it is not meant."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _forget_interrupts() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # one that waits is gone with that
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, before)


def _performed(performance: Performance) -> Any:
    load = performance.load()

    def whole() -> Any:
        return load(performance.job, workers=performance.workers)

    whole.__name__ = RUN
    with contextlib.ExitStack() as stack:
        for make in performance.around:
            stack.enter_context(make())
        for patch in performance.patches:
            recorder.patch(*patch)
        answers = recorder.watch(whole)()
    return performance.tell(performance.job, answers)


def _sentence(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):  # what a task group makes of an error says little
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
