"""A pool of interpreters in one process.

Execution unit: threads, each with its own interpreter, in an ``InterpreterPoolExecutor``. They share
the process but no objects. Buffers and results are copied within the process, without a pipe.
Costs an interpreter for each worker, with its imports.
Choose it for work that holds the lock of its interpreter. This workload releases the lock, so threads
achieve the same without the copies.
"""

import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.digests import Job, Packed, pack

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> list[Packed]:
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        return list(pool.map(pack, job.buffers))
