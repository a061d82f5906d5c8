"""Records how the functions of one file start, suspend, resume and return, and who calls them.

That shows how coroutines take turns: the function below a resumed one on the stack resumed it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from concurbench.trace import recorder

MAX_CALLS = 8
"""Calls that are followed: the first ones."""

MAX_STEPS = 20


@dataclass
class Step:
    """An event of a call: ``starts``, ``suspends``, ``resumes`` or ``returns``."""

    call: int
    """The number of the call, in the order of their starts."""
    function: str
    event: str
    depth: int
    """How many functions of the file are below it on the stack."""
    caller: str
    """The function below it on the stack, without those of the tracing itself."""


def note(step: Step) -> None:
    """A traced call of this function stands for a step."""


@contextlib.contextmanager
def traced_steps(file: str) -> Iterator[None]:
    """Record the steps of this file's functions, in this thread, when the ``with`` block ends.

    A call that leaves its function may come back. So it is a ``returns`` until it is resumed.
    """
    steps: list[Step] = []
    calls: dict[FrameType, int] = {}
    left: dict[FrameType, Step] = {}

    def profile(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if code.co_filename != file or code.co_name.startswith("<") or event not in ("call", "return"):
            return
        if event == "call":
            if frame in left:
                left.pop(frame).event = "suspends"
            elif frame not in calls and len(calls) < MAX_CALLS:
                calls[frame] = len(calls) + 1
        if frame in calls and len(steps) < MAX_STEPS:
            again = any(step.call == calls[frame] for step in steps)
            what = "returns" if event == "return" else "resumes" if again else "starts"
            depth = sum(below.f_code.co_filename == file for below in _stack(frame))
            steps.append(Step(calls[frame], code.co_qualname, what, depth, _caller(frame, file)))
            if event == "return":
                left[frame] = steps[-1]

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
        record = recorder.trace(note, "step")
        for step in steps:
            record(step)


def _stack(frame: FrameType) -> Iterator[FrameType]:
    """The frames below this one, without those of the tracing itself."""
    below = frame.f_back
    while below is not None:
        if not below.f_globals["__name__"].startswith("concurbench."):
            yield below
        below = below.f_back


def _caller(frame: FrameType, file: str) -> str:
    below = next(_stack(frame))
    name = below.f_code.co_qualname
    return name if below.f_code.co_filename == file else f"{below.f_globals['__name__']}.{name}"
