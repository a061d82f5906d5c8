"""How soon is it known which of many names exist, and how many are asked for at once?

Look up which domains exist: names made of keywords, at a DNS server with a delay.

The unit of work is one name: look up its address, as before a connection, and note whether it exists.
Nearly all of its time is waiting. But ``getaddrinfo`` blocks a thread, so the number of threads limits
the number of lookups in flight.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from impls import Resources
from impls._traced import traced

QUESTION = "How soon is it known which of many names exist, and how many are asked for at once?"
OVERVIEW = {"short18": "many name look-ups", "all210": "200 name look-ups"}
WORDS = {"last_result": "all known after"}
SURPRISES = (
    ("asyncio_getaddrinfo", "asyncio_aiodns", "last_result", 1.5,
     "a look-up blocks a thread, and the default pool has few"),
)  # fmt: skip

METRICS = {
    "last_result": ("s", "lower"),
    "first_result": ("s", "lower"),
    "in_flight": ("count", "higher"),
}

TLD = "test"
"""A reserved top-level domain (RFC 6761): a query that leaves this machine by mistake finds nothing."""

ZONES = "dev org com net io app".split()

# A literal list, because ``keyword.kwlist`` grows with Python.
KEYWORDS = """
    false none true and as assert async await break class continue def del elif else except finally
    for from global if import in is lambda nonlocal not or pass raise return try while with yield
""".split()

DOMAINS = tuple(f"{keyword}.{zone}.{TLD}" for zone in ZONES for keyword in KEYWORDS)

FOUND = frozenset(DOMAINS[::2])
"""The names that exist: every second one."""

SHORT = 4
"""The most letters of a keyword in the smallest case."""


@dataclass(frozen=True)
class Case:
    """A size of the work: which names, and how many lookups in flight."""

    domains: tuple[str, ...]
    workers: int
    scale: float = 1.0

    @property
    def items(self) -> int:
        return len(self.domains)


CASES = {
    "short18": Case(
        tuple(name for name in DOMAINS[: len(KEYWORDS)] if name.index(".") <= SHORT), workers=18
    ),
    "all210": Case(DOMAINS, workers=100, scale=4.0),
}


def no_count() -> int:
    """The peak of queries in flight if no server counts them: 0."""
    return 0


@dataclass(frozen=True)
class Job:
    """Names to look up, in any order.

    ``nameserver`` and ``port`` are for the models with their own resolver; the others call
    ``socket.getaddrinfo``. ``peak`` returns the DNS server's peak of queries in flight.
    """

    domains: tuple[str, ...]
    nameserver: str
    port: int
    peak: Callable[[], int] = no_count


def job(case: Case, resources: Resources) -> Job:
    """The names of a case; needs ``nameserver``. Without ``peak``, the peak in flight is 0."""
    host, port = resources.need("nameserver")
    return Job(case.domains, host, port, resources.peak or no_count)


class Result(NamedTuple):
    """Whether a name exists; ``found`` is None if the lookup failed."""

    domain: str
    found: bool | None


class Arrivals:
    """Results in the order in which the program got them, each with its seconds since the start."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.seconds: list[float] = []
        self._start = time.perf_counter()

    @traced("result")
    def add(self, result: Result) -> None:
        """Record a result with the current time."""
        self.seconds.append(time.perf_counter() - self._start)
        self.results.append(result)


NO_ADDRESS = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
"""The error numbers of ``getaddrinfo`` for a name that does not exist, or has no address."""


def absent(domain: str, error: socket.gaierror) -> Result:
    """The result of a lookup that ended with an error: the name does not exist, or the lookup failed.

    Models call it so that one failed lookup does not lose the results of others.
    """
    return Result(domain, False if error.errno in NO_ADDRESS else None)


def check(job: Job, answers: object) -> None:
    """Check that every name has one right result, and that the results are in order of time.

    Raises:
        AssertionError: the message names the first wrong name.
    """
    assert isinstance(answers, Arrivals), f"expected Arrivals, got {type(answers).__name__}"
    asked = set(job.domains)
    for domain, found in answers.results:
        assert domain in asked, f"{domain}: unexpected or repeated result"
        asked.remove(domain)
        right = domain in FOUND
        assert found is right, f"{domain}: expected {_text(right)}, got {_text(found)}"
    assert not asked, f"no result for {min(asked)}"
    assert len(answers.seconds) == len(answers.results), "not every result has a time"
    assert answers.seconds == sorted(answers.seconds), "the results are not in order of time"


def _text(found: bool | None) -> str:
    return "failed" if found is None else "found" if found else "not found"


def metrics(job: Job, answers: Arrivals, seconds: float) -> dict[str, float]:
    """The seconds until the last and until the first result, and the server's peak of queries in
    flight."""
    return {
        "last_result": answers.seconds[-1],
        "first_result": answers.seconds[0],
        "in_flight": job.peak(),
    }


def waiting(items: int, workers: int, *, delay: float) -> float:
    """The shortest possible waiting time in seconds: ``delay`` per wave of ``workers`` queries."""
    return math.ceil(items / workers) * delay
