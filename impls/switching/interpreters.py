"""An interpreter that computes in pure Python, beside a thread that waits.

Execution unit: a thread with its own interpreter, in an ``InterpreterPoolExecutor``, beside the main
thread. They share the process, but no object except a stop queue. Each interpreter has its own lock.
With a core for each, the waiting thread wakes as early as when it runs alone.
Costs an interpreter with its imports.
Choose it from Python 3.14 on, if a process is too expensive.
"""

import sys
from concurrent import interpreters  # type: ignore[attr-defined]  # from 3.14 on
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # see above
from typing import Any

from impls.switching import Answers, Computed, Job, compute, python_code, switch_interval, wait

DEFAULT = False
PYTHON = ">=3.14"
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    stop = interpreters.create_queue()
    with (
        switch_interval(job.interval),
        InterpreterPoolExecutor(1, initializer=exec, initargs=(same_path,)) as pool,
    ):
        pool.submit(get_ready).result()
        computing = pool.submit(compute_until_told, stop)
        try:
            waited = wait(job)
        finally:
            stop.put(None)
        return Answers(waited, computing.result())


def get_ready() -> None:
    """Start the interpreter, import this module and warm the caches before the measurement."""
    python_code()


def compute_until_told(stop: Any) -> Computed:
    return compute(python_code, lambda: not stop.empty())
