"""Machine code by numba, in a parallel loop: compile it.

Execution unit: threads of numba's own pool, which run machine code without the interpreter lock. They
share the arrays. The same trial division, compiled: the numbers must be 64-bit integers, and the loop
must not touch Python objects.
Costs a second to import numba, and another one to compile, once: ``cache`` keeps the machine code
beside this file. Both happen at the import, before any round. The threads stay until the process ends.
Choose it before any kind of workers, if the work is arithmetic in loops. It is shown for comparison: it
does not run the Python that the other models run.
"""

import itertools
from array import array

import numba
import numpy as np
import numpy.typing as npt

from impls.primes import Job

DEFAULT = False
OWN_PROCESS = True  # its threads spin for milliseconds after a loop, and its code makes forks slow
REFERENCE = True
REQUIRES = ("numba", "numpy")


def run(job: Job, *, workers: int) -> list[list[int]]:
    limit: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set by a function
    numba.set_num_threads(min(workers, limit))
    numbers = np.asarray(array("q", itertools.chain.from_iterable(job.batches)))
    prime = np.empty(len(numbers), np.bool_)
    test_all(numbers, prime)
    answers = iter(prime.tolist())
    return [[number for number in batch if next(answers)] for batch in job.batches]


# The signatures make numba compile here, and not at the first call.
@numba.njit("boolean(int64)", cache=True)
def is_prime(number: int) -> bool:
    if number < 2:
        return False
    if number % 2 == 0:
        return number == 2
    divisor = 3
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 2
    return True


@numba.njit("void(int64[::1], boolean[::1])", parallel=True, cache=True)
def test_all(numbers: npt.NDArray[np.int64], prime: npt.NDArray[np.bool_]) -> None:
    for index in numba.prange(len(numbers)):
        prime[index] = is_prime(numbers[index])
