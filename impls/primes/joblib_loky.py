"""joblib with its own processes.

Execution unit: processes of loky, the backend of joblib. They share nothing. Functions travel by
cloudpickle, so even a lambda works.
Costs a new interpreter for each worker, which starts more slowly than a fork. joblib pays this once:
its workers stay for the next call, and exit after five idle minutes. This program ends them, as all
models end theirs.
Choose it for work on NumPy arrays (they are mapped, not copied), and for many such calls in succession.
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
