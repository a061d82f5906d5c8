"""Spans in rows, as they are drawn: each thread has its own, and tasks share theirs.

An event loop may have thousands of tasks, most of them short: one that begins when another has ended
takes its row, so that there are as many as were in flight at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from concurbench.trace.span import Span


@dataclass(frozen=True)
class Row:
    """Spans that do not overlap, in order."""

    title: str
    spans: tuple[Span, ...]


def rows(spans: Iterable[Span]) -> list[Row]:
    """All spans, in as few rows as hold what goes on at the same time in each thread; of the threads
    that which began first is first."""
    threads: defaultdict[tuple[str, bool], list[list[Span]]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: (span.begin, span.end)):
        lanes = threads[span.unit.thread, span.unit.task is not None]
        free = [lane for lane in lanes if lane[-1].end <= span.begin]
        # A task stays in the row it has been in, where that is free.
        own = [lane for lane in free if lane[-1].unit == span.unit]
        if free:
            (own or free)[0].append(span)
        else:
            lanes.append([span])
    return [
        Row(_title(thread, tasks, number, len(lanes)), tuple(lane))
        for (thread, tasks), lanes in threads.items()
        for number, lane in _numbered(lanes)
    ]


def _numbered(lanes: list[list[Span]]) -> list[tuple[int, list[Span]]]:
    """Where each has one task all the time, they bear the numbers of those and stand in that order."""
    tasks = {span.unit.task: lane for lane in lanes for span in lane}
    apart = all(span.unit.task == task for task, lane in tasks.items() for span in lane)
    if not apart or len(tasks) < len(lanes):
        return list(enumerate(lanes, 1))
    return sorted((task or number, lane) for number, (task, lane) in enumerate(tasks.items(), 1))


def _title(thread: str, tasks: bool, number: int, of: int) -> str:
    if not tasks:
        return thread if number == 1 else ""
    within = "" if thread == "main thread" else f"{thread}, "
    return f"{within}task" if of == 1 else f"{within}task {number}"
