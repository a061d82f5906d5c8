"""How much faster does pure Python compute when its work is spread over workers?

Find primes by trial division: CPU-bound work that never waits.

The unit of work is a batch of numbers. Each number is divided by 2, and then by every odd number up to
its square root. The batches are part of the case and the same for every model, because handing out
single small numbers costs far more than testing them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from impls import Resources
from impls._traced import traced

QUESTION = "How much faster does pure Python compute when its work is spread over workers?"
OVERVIEW = {"medium": "Python that computes", "large": "long pure Python"}
SURPRISES = (
    ("threaded", "sequential", "time", 0.9, "the interpreter lock lets one thread compute at a time"),
    ("multiprocess", "sequential", "time", 1.2, "the processes start longer than they compute"),
)


@dataclass(frozen=True)
class Case:
    """A size of the work: the batches to test. Workers: one per usable core."""

    batches: tuple[Sequence[int], ...]
    scale: float = 1.0
    workers: None = None

    @property
    def items(self) -> int:
        return len(self.batches)


BELOW = 50_000
BATCHES = 16

MEDIUM: dict[int, int | None] = {
    # Like LARGE, but a sixteenth as large: a test takes a quarter of the time.
    818_750_000_027: None,
    331_250_000_021: None,
    153_600_314_431: 23_251,
    527_766_633_049: 166_781,
    1_106_806_884_569: 482_507,
    193_750_000_013: None,
    1_231_250_000_009: None,
    322_123_927_469: 79_757,
    120_000_483_937: 15_259,
    512_500_000_007: None,
    1_743_750_000_007: None,
    1_475_000_000_041: None,
    196_610_272_673: 35_257,
    643_750_000_133: None,
    675_541_855_673: 232_751,
    412_319_483_501: 114_259,
    93_750_276_757: 9_257,
    864_692_647_081: 332_509,
    251_658_822_893: 53_267,
    1_012_500_000_019: None,
}

LARGE: dict[int, int | None] = {
    # Number -> its smallest factor, or None for a prime. The factor determines the time of the test.
    13_100_000_000_041: None,
    5_300_000_000_023: None,
    2_457_602_482_549: 93_001,
    8_444_259_848_569: 667_013,
    17_708_909_615_521: 1_930_021,
    3_100_000_000_033: None,
    19_700_000_000_029: None,
    5_153_968_047_589: 319_001,
    1_920_002_265_931: 61_001,
    8_200_000_000_019: None,
    27_900_000_000_007: None,
    23_600_000_000_033: None,
    3_145_727_998_247: 141_023,
    10_300_000_000_007: None,
    10_808_638_530_013: 931_003,
    6_597_109_684_657: 457_001,
    1_500_001_600_891: 37_003,
    13_835_073_392_303: 1_330_001,
    4_026_534_345_389: 213_019,
    16_200_000_000_127: None,
}

CASES = {
    "below_50k": Case(
        tuple(
            range(BELOW * batch // BATCHES, BELOW * (batch + 1) // BATCHES) for batch in range(BATCHES)
        )
    ),
    "medium": Case(tuple((number,) for number in MEDIUM), scale=4.0),
    "large": Case(tuple((number,) for number in LARGE), scale=15.0),
}


@dataclass(frozen=True)
class Job:
    """Batches of numbers to test in any order; the answers must be in this one.

    ``cluster`` is the address of a cluster's scheduler, for the models that use a cluster.
    """

    batches: tuple[Sequence[int], ...]
    cluster: str | None = None


def job(case: Case, resources: Resources) -> Job:
    """The batches of a case; models that use a cluster need ``cluster``."""
    return Job(case.batches, resources.cluster)


@traced("number")
def is_prime(number: int) -> bool:
    """Whether a number is prime, by trial division."""
    if number < 2:
        return False
    if number % 2 == 0:
        return number == 2
    for divisor in range(3, math.isqrt(number) + 1, 2):
        if number % divisor == 0:
            return False
    return True


def primes_in(batch: Sequence[int]) -> list[int]:
    """The primes of a batch, in its order: the unit of work."""
    return [number for number in batch if is_prime(number)]


@functools.cache
def expected(batches: tuple[Sequence[int], ...]) -> list[list[int]]:
    """The primes of each batch, from a sieve and a table."""
    sieve, factors = bytearray([1]) * BELOW, MEDIUM | LARGE
    sieve[:2] = bytes(2)
    for number in range(2, math.isqrt(BELOW) + 1):
        sieve[number * number :: number] = bytes(len(range(number * number, BELOW, number)))

    def known(number: int) -> bool:
        return bool(sieve[number]) if number < BELOW else factors[number] is None

    return [[number for number in batch if known(number)] for batch in batches]


def check(job: Job, answers: object) -> None:
    """Check the primes of each batch.

    Raises:
        AssertionError: the message names the first wrong batch.
    """
    right = expected(job.batches)
    assert isinstance(answers, list), f"expected a list of batches, got {type(answers).__name__}"
    assert len(answers) == len(right), f"expected {len(right)} batches, got {len(answers)}"
    for batch, primes, got in zip(job.batches, right, answers, strict=True):
        assert got == primes, f"{len(batch)} numbers from {batch[0]}: expected {primes}, got {got}"
