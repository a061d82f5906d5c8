"""One round of one engine, in a process of its own: ``python -m studies.engines.inside TASK``."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import types
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

import psutil

from studies.engines import tasks
from studies.engines.engines import ENGINES, Client, Function

SIZE = 2**20
"""Bytes of a large argument or result."""

KINDS: Mapping[str, tuple[Function, Any, int]] = {
    "nothing": (tasks.nothing, None, 1_000),
    "argument": (tasks.nothing, os.urandom(SIZE), 100),
    "result": (tasks.produce, SIZE, 100),
}
"""Kind of task -> function, argument, and the number of tasks that are submitted at once."""

IN_TURN = 10
"""Tasks sent at once for each task sent in turn."""

WARM = 20
"""Tasks before each measurement, which do not count."""

NAP = 0.01
"""Seconds of the tasks that ask for the number of their process."""

Read = Callable[[], dict[str, float]]


def measured(engine: str, workers: int, share: float = 1.0) -> dict[str, Any]:
    """Seconds and CPU seconds of the tasks of one engine; ``share`` of them are done.

    ``first`` is the time until the first result, from before the client exists but after its cluster
    does. ``turn`` holds the seconds of tasks of which each waits for the one before, ``once`` those of
    all that were submitted at once, and ``cpu`` the CPU seconds of the latter by kind of process.
    """
    package, client_of = ENGINES[engine]
    if package:
        import_module(package)
    start = time.perf_counter()
    with client_of(workers) as client:
        client.results([client.submit(tasks.nothing, None)])
        first = time.perf_counter() - start - (client.cluster_seconds or 0.0)
        found: dict[str, Any] = {"first": first, "cluster": client.cluster_seconds}
        used = _reader(_workers(client, workers))
        for kind, (function, argument, most) in KINDS.items():
            count = max(2, round(most * share))
            _at_once(client, function, argument, WARM)
            turn = []
            for _ in range(max(2, count // IN_TURN)):
                start = time.perf_counter()
                client.results([client.submit(function, argument)])
                turn.append(round(time.perf_counter() - start, 7))
            before, start = used(), time.perf_counter()
            _at_once(client, function, argument, count)
            once = time.perf_counter() - start
            cpu = {where: seconds - before[where] for where, seconds in used().items()}
            found[kind] = {"count": count, "turn": turn, "once": once, "cpu": cpu}
    return found


def _at_once(client: Client, function: Function, argument: Any, count: int) -> None:
    client.results([client.submit(function, argument) for _ in range(count)])


def _workers(client: Client, workers: int) -> set[int]:
    """The process numbers of all workers."""
    found: set[int] = set()
    while len(found) < workers:
        found |= {*client.results([client.submit(tasks.process, NAP) for _ in range(2 * workers)])}
    return found


def _reader(workers: Collection[int]) -> Read:
    """Call what it returns for the CPU seconds of this process, workers, and others below it."""
    every = psutil.Process().children(recursive=True)

    def read() -> dict[str, float]:
        used = {"client": time.process_time(), "workers": 0.0, "others": 0.0}
        for process in every:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used["workers" if process.pid in workers else "others"] += times.user + times.system
        return used

    return read


if __name__ == "__main__":
    # Child processes import the main module of their parent; an empty one takes its place.
    sys.modules["__main__"] = types.ModuleType("__main__")
    # What engines print must not get between the lines of JSON.
    printed = os.dup(1)
    os.dup2(2, 1)
    answer = json.dumps(measured(**json.loads(sys.argv[1])))
    os.write(printed, answer.encode())
