"""An interpreter that computes in pure Python, beside one that waits.

Execution unit: a thread with an interpreter of its own, in an ``InterpreterPoolExecutor``, beside the
main thread. They share the process and no object but a queue to stop by, and each interpreter has its
own lock: the one that wakes is as early as alone, while there is a core for each. Costs an interpreter
and the imports in it. Choose it from Python 3.14 on, where a process is too much.
"""

import sys
from concurrent import interpreters  # type: ignore[attr-defined]  # from 3.14 on
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # the same
from typing import Any

from impls.switching import Answers, Computed, Job, compute, python_code, switch_interval, wait

DEFAULT = False
PYTHON = ">=3.14"
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    # A new interpreter starts with the module path of this process at its start: set the current one.
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
    """Where this is called the interpreter has started, has this module, and its caches are warm."""
    python_code()


def compute_until_told(stop: Any) -> Computed:
    return compute(python_code, lambda: not stop.empty())
