"""A pool of interpreters in one process.

Execution unit: threads, each with its own interpreter, in an ``InterpreterPoolExecutor``. They share
the process but no objects. A chapter is copied, without a pipe. A ``Counter`` is pickled, as between
processes.
Costs an interpreter for each worker, with its imports, and as much for the counts as ``multiprocess``.
Choose it if the results are small.
"""

import sys
from collections import Counter
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.wordcount import Job, count, merge

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> Counter[str]:
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        return merge(pool.map(count, job.chapters))
