"""joblib, with its own processes.

Execution unit: processes of joblib's loky. They share nothing; functions travel by cloudpickle, so that
even a lambda does. Costs a new interpreter for each worker, slower to start than a fork, which joblib
pays once: its workers stay for the next call, and end after five minutes without a call. This program
ends them, as every other here ends its own. Choose it where arrays of NumPy are the work (they are
mapped, not copied), and where many such calls follow each other.
"""

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from impls.primes import Job, primes_in

REQUIRES = ("joblib",)
DEFAULT = False


def run(job: Job, *, workers: int) -> list[list[int]]:
    try:
        answers = Parallel(n_jobs=workers, backend="loky")(map(delayed(primes_in), job.batches))
        return list(answers)
    finally:
        get_reusable_executor(reuse=True).shutdown()
