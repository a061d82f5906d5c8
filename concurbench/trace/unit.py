"""What execution units are called: main thread, thread 2, process 1, task 5."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """Whatever runs by itself: a thread, maybe of a process or an interpreter of its own, or a task in
    one."""

    thread: str
    """The thread it runs in, with all that it is in: ``process 2, thread 1``."""
    task: int | None = None
    """Which of the tasks of an event loop; None where there is no loop."""

    def __str__(self) -> str:
        return self.thread if self.task is None else f"{self.thread}, task {self.task}"


class Units:
    """Names units in the order in which they are first seen."""

    def __init__(self, main: int) -> None:
        """``main`` is the id of the process that everything begins in."""
        self._main = main
        self._numbers: dict[tuple[object, ...], int] = {}
        self._next: defaultdict[tuple[object, ...], itertools.count[int]] = defaultdict(
            lambda: itertools.count(1)
        )

    def named(self, noted: Sequence[int | bool | None]) -> Unit:
        """The unit that the recorder noted: process, interpreter, thread, whether that is the main
        thread of its process, and task."""
        process, interpreter, thread, is_main, task = noted
        parts = []
        if process != self._main:
            parts.append(f"process {self._number('process', process)}")
        if interpreter:
            parts.append(f"interpreter {self._number('interpreter', process, interpreter)}")
        elif not is_main:
            parts.append(f"thread {self._number('thread', process, thread)}")
        number = None if task is None else self._number("task", task, process, interpreter, thread)
        return Unit(", ".join(parts) or "main thread", number)

    def _number(self, kind: str, *key: object) -> int:
        # Threads are counted in each process, tasks in each thread.
        within = (kind, *key[1:]) if kind == "task" else (kind, *key[:-1])
        if (kind, *key) not in self._numbers:
            self._numbers[kind, *key] = next(self._next[within])
        return self._numbers[kind, *key]
