"""What the functions of one file do, step by step: start, suspend themselves, go on, return.

Python itself tells, through ``sys.setprofile``: the file has no part in it. Comprehensions count as
what they stand in, for newer versions of Python make no function of them.
"""

from __future__ import annotations

import ast
import asyncio
import dis
import gc
import inspect
import linecache
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType, GeneratorType
from typing import Any, Self

from concurbench.trace import recorder
from concurbench.trace.span import Kind, Span
from concurbench.trace.unit import Unit

STARTS, GOES_ON = "starts", "goes on"
YIELDS, SUSPENDS = "yields", "suspends"
RETURNS, RAISES, CLOSED = "returns", "raises", "is closed"

RUNNING = (STARTS, GOES_ON)
SUSPENDED = (YIELDS, SUSPENDS)

KINDS = {
    inspect.CO_ASYNC_GENERATOR: "asynchronous generator",
    inspect.CO_ITERABLE_COROUTINE: "generator-based coroutine",
    inspect.CO_COROUTINE: "native coroutine",
    inspect.CO_GENERATOR: "generator",
}
"""What calling a function with this flag makes; the first that it has."""

PLAIN = "plain call"

LONGEST = 24
"""Characters of a value, or of all arguments; longer ones are left out."""


@dataclass(frozen=True)
class Step:
    """What a function does, or what is done to it, at a moment of ``time.perf_counter``."""

    name: str
    arguments: str
    number: int
    """Which of all the calls that were seen."""
    kind: str
    what: str
    value: str
    """What is returned, yielded, waited for or sent, where that is known."""
    depth: int
    """How many functions of the file are below it on the stack."""
    turn: int
    """Which turn of the event loop it is in; the first one begins before all."""
    task: int
    """Which task it is in, in the order in which they are seen."""
    at: float


class Steps:
    """Those of the functions of ``file`` in this thread, within the ``with`` block; a loop runs."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._noted: list[Step] = []
        self._numbers: dict[FrameType, int] = {}
        self._tasks: dict[object, int] = {}
        self._sent: dict[FrameType, str] = {}
        self._unseen: set[FrameType] = set()
        """Those that had begun before, and those that are being closed."""
        self._turn = 1

    def __iter__(self) -> Iterator[Step]:
        return iter(self._noted)

    def __enter__(self) -> Self:
        frame = sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]  # None after the last, which ends it
            self._unseen.add(frame)
        sys.setprofile(self._seen)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        for kept in (self._numbers, self._tasks, self._sent, self._unseen):
            kept.clear()

    def _seen(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "call" and frame.f_code is asyncio.BaseEventLoop._run_once.__code__:  # type: ignore[attr-defined]  # it is private
            self._turn += 1
        if frame.f_code.co_filename != self._file:
            return
        if event == "c_call":
            self._called(frame, arg)
        elif self._is_shown(frame):
            if event == "call":
                self._entered(frame)
            elif event == "return":
                self._left(frame, arg)

    def _is_shown(self, frame: FrameType) -> bool:
        code = frame.f_code
        ours = code.co_filename == self._file and not code.co_name.startswith("<")
        return ours and frame not in self._unseen

    def _entered(self, frame: FrameType) -> None:
        if frame not in self._numbers:
            self._numbers[frame] = len(self._numbers)
            self._note(frame, STARTS)
            return
        # What is sent to a generator goes through to the one that it delegates to.
        sent = self._sent.get(frame) or (self._sent.get(frame.f_back) if frame.f_back else None)
        if sent is not None:
            self._sent[frame] = sent
        self._note(frame, GOES_ON, f"with {sent}" if sent is not None else "")

    def _left(self, frame: FrameType, value: Any) -> None:
        self._sent.pop(frame, None)
        code = frame.f_code
        operation = dis.opname[code.co_code[frame.f_lasti]]
        if operation.startswith("RETURN"):
            self._note(frame, RETURNS, told(value))
        elif not operation.startswith(("YIELD", "RESUME")):  # the latter on Python 3.12
            line = linecache.getline(self._file, frame.f_lineno).strip()
            self._note(frame, RAISES, line.removeprefix("raise "))
        elif type(value).__name__ == "async_generator_wrapped_value":
            [wrapped] = gc.get_referents(value)
            self._note(frame, YIELDS, told(wrapped))
        elif code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
            waits_for = type(value).__name__.strip("_")
            self._note(frame, SUSPENDS, "for a turn" if value is None else f"on a {waits_for}")
        else:
            self._note(frame, YIELDS, told(value))

    def _called(self, frame: FrameType, function: Any) -> None:
        """A function written in C is called, maybe a generator's ``send`` or ``close``."""
        generator, method = getattr(function, "__self__", None), function.__name__
        if not isinstance(generator, GeneratorType) or generator.gi_frame not in self._numbers:
            return
        if method == "send":
            self._sent[generator.gi_frame] = self._argument(frame)
        elif method == "close":
            depth = self._depth(frame)
            for below, closed in reversed(list(enumerate(_delegating(generator), 1))):
                self._note(closed, CLOSED, depth=depth + below)
                self._unseen.add(closed)  # how that is done differs between versions of Python

    def _argument(self, frame: FrameType) -> str:
        """The one argument of the call that this frame is at, where it is a name."""
        positions = list(frame.f_code.co_positions())[frame.f_lasti // 2]
        line, end_line, start, end = positions
        if line is None or line != end_line:
            return "…"
        source = linecache.getline(self._file, line).encode()[start:end].decode()
        match ast.parse(source, mode="eval").body:
            case ast.Call(args=[ast.Name(id=name)]) if name in frame.f_locals:
                return told(frame.f_locals[name])
        return "…"

    def _depth(self, frame: FrameType) -> int:
        below, depth = frame.f_back, 0
        while below is not None:
            depth += self._is_shown(below)
            below = below.f_back
        return depth

    def _note(self, frame: FrameType, what: str, value: str = "", depth: int | None = None) -> None:
        task = self._tasks.setdefault(asyncio.current_task(), len(self._tasks) + 1)
        code = frame.f_code
        kind = next((kind for flag, kind in KINDS.items() if code.co_flags & flag), PLAIN)
        self._noted.append(
            Step(
                code.co_qualname, _arguments(frame), self._numbers[frame], kind, what, value,
                self._depth(frame) if depth is None else depth, self._turn, task, time.perf_counter(),
            )
        )  # fmt: skip


def _delegating(generator: Any) -> Iterator[FrameType]:
    """The frames of a generator that has begun, and of those that it delegates to."""
    while isinstance(generator, GeneratorType) and generator.gi_frame is not None:
        yield generator.gi_frame
        generator = generator.gi_yieldfrom


def _arguments(frame: FrameType) -> str:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    said = ", ".join(repr(frame.f_locals.get(name)) for name in names if name != "self")
    return said if len(said) <= LONGEST else "…"


def told(value: Any) -> str:
    """A value, as far as there is room."""
    said = repr(value)
    return said if len(said) <= LONGEST else f"<{type(value).__name__}>"


def spans(steps: Sequence[Step]) -> Iterator[Span]:
    """When each function ran, and when it was suspended, in a row of its own."""
    last: dict[int, Step] = {}
    for step in steps:
        before = last.get(step.number)
        if before is not None:
            kind = Kind.COMPUTES if before.what in RUNNING else Kind.WAITS
            label = step.arguments if step.arguments != "…" else ""
            yield Span(Unit(step.name), label, before.at, step.at, kind)
        last[step.number] = step


@dataclass(frozen=True)
class Part:
    """A model whose ``run`` is a coroutine function; ``load`` imports it."""

    name: str
    load: Callable[[], Callable[..., Awaitable[Any]]]
    workers: int


@dataclass(frozen=True)
class Walk:
    """What the models are to do: ``few`` while their steps are seen, ``many`` to be timed."""

    few: Any
    many: Any
    check: Callable[[Any, Any], None]


def begun(name: str) -> None:
    """A model begins."""


def step(step: Step) -> None:
    """It did this."""


def timed(seconds: float) -> None:
    """Unseen, it took so long for many."""


def walk(parts: Sequence[Part]) -> Callable[..., None]:
    """A function that walks through the models one after the other; what it finds are calls of the
    three functions above, for who watches."""
    runs = [(part, part.load()) for part in parts]

    def walked(walk: Walk, *, workers: int) -> None:
        asyncio.run(_walked(runs, walk))

    return walked


async def _walked(runs: Sequence[tuple[Part, Callable[..., Awaitable[Any]]]], walk: Walk) -> None:
    tell_begun, tell_step, tell_timed = (
        recorder.watch(function, item)
        for function, item in ((begun, "name"), (step, "step"), (timed, "seconds"))
    )
    for part, run in runs:
        tell_begun(part.name)
        with Steps(inspect.getsourcefile(run) or "") as steps:
            answers = await run(walk.few, workers=part.workers)
        for each in steps:
            tell_step(each)
        walk.check(walk.few, answers)
        begin = time.perf_counter()
        answers = await run(walk.many, workers=part.workers)
        seconds = time.perf_counter() - begin
        walk.check(walk.many, answers)
        tell_timed(seconds)
