"""joblib with threads.

Execution unit: threads, in the pool of joblib's threading backend. They share everything.
Costs slightly more than a plain pool, because joblib groups tasks and measures their duration.
Choose it in a program that already uses joblib, for work in C that releases the interpreter lock.
joblib uses processes by default, which is the wrong choice for this workload.
"""

from joblib import Parallel, delayed

from impls.digests import Job, Packed, pack

REQUIRES = ("joblib",)
DEFAULT = False


def run(job: Job, *, workers: int) -> list[Packed]:
    return list(Parallel(n_jobs=workers, backend="threading")(map(delayed(pack), job.buffers)))
