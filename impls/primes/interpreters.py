"""A pool of interpreters in one process.

Execution unit: threads, each with an interpreter of its own, in an ``InterpreterPoolExecutor``. They
share the process and no object: each interpreter has its own lock, so they compute at the same time,
and what goes in and out is copied or pickled. Costs an interpreter for each and the imports in it,
and extension modules that do not know about interpreters refuse to be imported. Choose it from Python
3.14 on for pure Python that computes, and keep the pool: it is the start that costs.
"""

import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.primes import Job, primes_in

PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> list[list[int]]:
    # A new interpreter starts with the module path of this process at its start: set the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        return list(pool.map(primes_in, job.batches))
