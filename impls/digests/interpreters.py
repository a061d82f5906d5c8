"""A pool of interpreters in one process.

Execution unit: threads, each with an interpreter of its own, in an ``InterpreterPoolExecutor``. They
share the process and no object: a buffer that goes in and what comes out are copied, within the
process and without a pipe. Costs an interpreter for each and the imports in it. Choose it for work
that holds its interpreter's lock; here the lock is released anyway, and threads do the same without
the copies.
"""

import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.digests import Job, Packed, pack

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> list[Packed]:
    # A new interpreter starts with the module path of this process at its start: set the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        return list(pool.map(pack, job.buffers))
