"""A pool of interpreters in one process.

Execution unit: threads, each with its own interpreter, in an ``InterpreterPoolExecutor``. They share
the process but no objects. Each interpreter has its own lock, so they compute in parallel. Arguments
and results are copied or pickled.
Costs an interpreter for each worker, with its imports. Extension modules without support for multiple
interpreters fail to import.
Choose it from Python 3.14 on for CPU-bound pure Python. Keep the pool, because the start is the
expensive part.
"""

import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.primes import Job, primes_in

DEFAULT = ("below_50k", "medium")
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> list[list[int]]:
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        return list(pool.map(primes_in, job.batches))
