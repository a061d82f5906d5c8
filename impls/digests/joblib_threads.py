"""joblib, with threads.

Execution unit: threads, in the pool of joblib's threading backend. They share everything. Costs a
little more than a pool of one's own, for joblib puts tasks together and measures how long they take.
Choose it in a program that uses joblib already, for work in C that releases the interpreter lock:
joblib uses processes by default, which is slower for this work.
"""

from joblib import Parallel, delayed

from impls.digests import Job, Packed, pack

REQUIRES = ("joblib",)
DEFAULT = False


def run(job: Job, *, workers: int) -> list[Packed]:
    return list(Parallel(n_jobs=workers, backend="threading")(map(delayed(pack), job.buffers)))
