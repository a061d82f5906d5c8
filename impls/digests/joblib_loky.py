"""joblib with its own processes.

Execution unit: processes of loky, the backend of joblib. They share nothing: buffers are pickled and
sent through pipes. joblib maps only NumPy arrays instead.
Costs a new interpreter for each worker, and the transfer of every byte. joblib keeps its workers for
the next call. This program ends them, as all models end theirs.
Choose it for work on NumPy arrays, and for many such calls in succession. For work like this, one
argument switches joblib to threads: see ``joblib_threads``.
"""

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from impls.digests import Job, Packed, pack

REQUIRES = ("joblib",)
DEFAULT = False


def run(job: Job, *, workers: int) -> list[Packed]:
    try:
        return list(Parallel(n_jobs=workers, backend="loky")(map(delayed(pack), job.buffers)))
    finally:
        get_reusable_executor(reuse=True).shutdown()
