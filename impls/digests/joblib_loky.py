"""joblib, with its own processes.

Execution unit: processes of joblib's loky. They share nothing: buffers are pickled and go through
pipes, for only NumPy's arrays are mapped instead. Costs a new interpreter for each worker and a trip
for every byte. joblib keeps its workers for the next call; this program ends them, as every other
here ends its own. Choose it where arrays of NumPy are the work, and where many such calls follow each
other; for work like this, its threads are one word away: see ``joblib_threads``.
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
