"""A pool of processes that takes lambdas, by dill.

Execution unit: processes of ``multiprocess``, a copy of ``multiprocessing`` with dill. They share
nothing. pickle sends the name of a function; dill sends its code, so a lambda or a closure works.
Costs a pickler in pure Python, and with each task the code of the lambda and all that it refers to. The
package follows each Python version some months later.
Choose it in notebooks and for functions that are made while the program runs. A function at the top of
a module needs none of this.
"""

import multiprocess

from impls.primes import Job, is_prime

DEFAULT = False
OWN_PROCESS = True  # where distributed is imported, too, an error's traceback crashes Python 3.12
REQUIRES = ("multiprocess",)
START_METHOD = "fork"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocess.get_context(START_METHOD)
    with context.Pool(workers) as pool:
        answers = pool.imap(lambda batch: [number for number in batch if is_prime(number)], job.batches)
        return list(answers)
