"""A pool of interpreters in one process.

Execution unit: threads, each with its own interpreter, in an ``InterpreterPoolExecutor``. They share
the process but no objects: a dict is pickled, as between processes.
Costs an interpreter for each worker, with its imports, and two copies of every record.
Choose it for work that takes far longer than to copy its input twice.
"""

import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.sorting import Job, Record, merged, sort

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> list[Record]:
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        # A list is one pickle. Of a tuple, each item is handed over alone, with a pickle of its own.
        return merged(list(pool.map(sort, map(list, job.parts))))
