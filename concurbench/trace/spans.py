"""From recorded calls to the tracks of a timeline: execution units, calls, spans, tracks."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExecutionUnit:
    """A thread, maybe of another process or interpreter, or a task of an event loop in one."""

    thread: str
    """The thread, with the process and interpreter that it belongs to: ``process 2, thread 1``."""
    task: int | None = None
    """The number of the task in its thread; None outside of tasks."""

    def __str__(self) -> str:
        return self.thread if self.task is None else f"{self.thread}, task {self.task}"


class UnitNames:
    """Names execution units in the order in which they appear."""

    def __init__(self, main: int) -> None:
        """``main`` is the id of the process that the model's ``run`` is called in."""
        self._main = main
        self._numbers: defaultdict[tuple[object, ...], dict[object, int]] = defaultdict(dict)

    def named(self, ids: Sequence[int | bool | None]) -> ExecutionUnit:
        """The unit of the recorder's ids: process, interpreter, thread, whether that is the main thread
        of its process, and task."""
        process, interpreter, thread, is_main, task = ids
        parts = []
        if process != self._main:
            parts.append(f"process {self._number(process, 'process')}")
        if interpreter:
            parts.append(f"interpreter {self._number(interpreter, 'interpreter', process)}")
        elif not is_main:
            parts.append(f"thread {self._number(thread, 'thread', process)}")
        number = None if task is None else self._number(task, "task", process, interpreter, thread)
        return ExecutionUnit(", ".join(parts) or "main thread", number)

    def _number(self, of: object, *within: object) -> int:
        """Threads are numbered in each process, tasks in each thread."""
        numbers = self._numbers[within]
        return numbers.setdefault(of, len(numbers) + 1)


@dataclass(frozen=True)
class Call:
    """A call of a traced function; times are seconds of ``time.perf_counter``.

    ``item`` identifies it and ``result`` is what it returned, both as JSON holds them. A call that has
    not ended has no ``end``.
    """

    function: str
    item: Any
    unit: ExecutionUnit
    begin: float
    end: float | None = None
    result: Any = None
    error: str | None = None
    """The name of the exception that it raised."""
    message: str | None = None
    """That exception's message."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        assert self.end is not None, f"{self.function} has not ended"
        return self.end - self.begin


class CallReader:
    """Reads the recorder's file while it grows."""

    def __init__(self, path: Path, main: int) -> None:
        """``main`` is the id of the process that the model's ``run`` is called in."""
        self._path = path
        self._units = UnitNames(main)
        self._unfinished: dict[tuple[int, int, int], Call] = {}
        self._offset = 0

    @property
    def unfinished(self) -> list[Call]:
        """The calls that have begun and not ended, as far as the file has been read."""
        return list(self._unfinished.values())

    def new(self) -> list[Call]:
        """The calls recorded since the last time: each one when it has begun, and again when it has
        ended."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]  # the last line may still be in the making
        self._offset += len(complete)
        return [self._call(json.loads(line)) for line in complete.splitlines()]

    def _call(self, event: dict[str, Any]) -> Call:
        process, interpreter, *_ = event["unit"]
        key = process, interpreter, event["call"]
        if event["kind"] == "begin":
            unit = self._units.named(event["unit"])
            call = self._unfinished[key] = Call(event["function"], event["item"], unit, event["at"])
            return call
        begun = self._unfinished.pop(key)
        result, error, message = (event.get(name) for name in ("result", "error", "message"))
        return replace(begun, end=event["at"], result=result, error=error, message=message)


class Activity(Enum):
    """What a unit does during a span; the value is its word in the legend.

    RUNS: it runs a function, which may wait or compute.
    """

    RUNS = "runs"
    WAITS = "waits"
    COMPUTES = "computes"
    FAILS = "fails"


@dataclass(frozen=True)
class Span:
    """What ``label`` names, from ``begin`` to ``end``, in seconds of one clock."""

    unit: ExecutionUnit
    label: str
    begin: float
    end: float
    kind: Activity = Activity.WAITS

    @classmethod
    def of(cls, call: Call, label: str, kind: Activity = Activity.WAITS) -> Span:
        """The span of a call that has ended."""
        return cls(call.unit, label, call.begin, call.begin + call.seconds, kind)


@dataclass(frozen=True)
class Track:
    """Spans that do not overlap, in order of time: a line of the timeline."""

    title: str
    spans: tuple[Span, ...]


def tracks(spans: Iterable[Span]) -> list[Track]:
    """All spans in as few tracks as possible, threads in the order in which they began.

    A thread has its own tracks. Tasks share theirs, since a loop may have thousands of short ones: a
    task takes a track that is free, so there are as many tracks as there were tasks in flight.
    """
    threads: defaultdict[tuple[str, bool], list[list[Span]]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: (span.begin, span.end)):
        of_thread = threads[span.unit.thread, span.unit.task is not None]
        free = [track for track in of_thread if track[-1].end <= span.begin]
        # A task stays in the track it was in, if that is free.
        own = [track for track in free if track[-1].unit == span.unit]
        if free:
            (own or free)[0].append(span)
        else:
            of_thread.append([span])
    return [
        Track(_title(thread, in_tasks, number, len(of_thread)), tuple(track))
        for (thread, in_tasks), of_thread in threads.items()
        for number, track in _numbered(of_thread)
    ]


def _numbered(of_thread: list[list[Span]]) -> list[tuple[int, list[Span]]]:
    """The tracks with their numbers: those of their tasks, if each track has one task throughout."""
    tasks = [{span.unit.task or 0 for span in track} for track in of_thread]
    numbers = [min(each) for each in tasks]
    if sum(map(len, tasks)) == len(set(numbers)) and all(numbers):
        return sorted(zip(numbers, of_thread, strict=True))
    return list(enumerate(of_thread, 1))


def _title(thread: str, in_tasks: bool, number: int, of: int) -> str:
    if not in_tasks:
        return thread if number == 1 else ""
    within = "" if thread == "main thread" else f"{thread}, "
    return f"{within}task" if of == 1 else f"{within}task {number}"
