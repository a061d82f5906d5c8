"""Workers that touch memory of a known size, their own or shared, while a sampler observes them."""

from __future__ import annotations

import mmap
import multiprocessing
from collections.abc import Mapping
from multiprocessing.shared_memory import SharedMemory
from typing import Any

from benchmarks.processes import end_fork_server
from concurbench.machine.processes import Sampler
from concurbench.measure.cost import idle_processes

HELD = 0.2
"""Seconds for which the workers hold it."""


def touch(size: int, name: str | None, ready: Any, end: Any) -> None:
    """Write to each page of memory of this size: of the shared memory ``name``, or private."""
    shared = SharedMemory(name) if name else None
    memory: Any = shared.buf if shared else mmap.mmap(-1, max(size, 1), mmap.MAP_PRIVATE)
    for place in range(0, size, mmap.PAGESIZE):
        memory[place] = 1
    ready.release()
    end.wait()
    if shared:
        del memory
        shared.close()


def held(task: Mapping[str, Any]) -> dict[str, float]:
    """The bytes above the client that the suite finds for ``workers`` which each touch ``size`` bytes,
    minus those of workers that touch none."""
    idle = idle_processes(None)
    context = multiprocessing.get_context(task["method"])
    found = []
    with Sampler() as sampler:
        for size in (0, task["size"]):
            shared = SharedMemory(create=True, size=max(size, 1)) if task["shared"] else None
            ready, end = context.Semaphore(0), context.Event()
            arguments = (size, shared and shared.name, ready, end)
            workers = [context.Process(target=touch, args=arguments) for _ in range(task["workers"])]
            with sampler.watching(idle) as peaks:
                for worker in workers:
                    worker.start()
                for _ in workers:
                    ready.acquire()
                end.wait(HELD)
                end.set()
                for worker in workers:
                    worker.join()
            found.append(peaks.memory)
            if shared:
                shared.close()
                shared.unlink()
        end_fork_server()
    return {"bytes": found[1] - found[0]}
