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
    """Record the first steps of this file's functions, in this thread, when the ``with`` block ends.

    A call that leaves its function may come back. So it is a ``returns`` until it is resumed.
    """
    steps: list[Step] = []
    calls: dict[FrameType, int] = {}
    left: dict[FrameType, Step] = {}

    def profile(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if code.co_filename != file or code.co_name.startswith("<") or event not in ("call", "return"):
            return
        if event == "call" and frame in left:
            left.pop(frame).event = "suspends"
        if len(steps) == MAX_STEPS:
            return
        what = "returns" if event == "return" else "resumes" if frame in calls else "starts"
        number = calls.setdefault(frame, len(calls) + 1)
        below = list(_stack(frame))
        depth = sum(each.f_code.co_filename == file for each in below)
        steps.append(Step(number, code.co_qualname, what, depth, _name(below[0], file)))
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
    while below := frame.f_back:
        if not below.f_globals["__name__"].startswith("concurbench."):
            yield below
        frame = below


def _name(frame: FrameType, file: str) -> str:
    name = frame.f_code.co_qualname
    return name if frame.f_code.co_filename == file else f"{frame.f_globals['__name__']}.{name}"
