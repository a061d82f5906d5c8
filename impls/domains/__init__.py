"""How soon is it known which of many names exist, and how many are asked for at once?

Look up which domains exist: names made of keywords, from a DNS server that takes its time.

The unit of work is one name: ask for its address, as a program does that is about to connect, and note
whether there is one. Nearly all of its time is waiting, but ``getaddrinfo`` waits inside a thread: how
many of them there are decides how many names are really asked for at once.
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

METRICS = {
    "last_result": ("s", "lower"),
    "first_result": ("s", "lower"),
    "in_flight": ("count", "higher"),
}

TLD = "test"
"""A domain that is nobody's (RFC 6761): a query that goes astray finds nothing, and tells nothing."""

ZONES = "dev org com net io app".split()

# Written down, for the list grows with Python.
KEYWORDS = """
    false none true and as assert async await break class continue def del elif else except finally
    for from global if import in is lambda nonlocal not or pass raise return try while with yield
""".split()

DOMAINS = tuple(f"{keyword}.{zone}.{TLD}" for zone in ZONES for keyword in KEYWORDS)

FOUND = frozenset(DOMAINS[::2])
"""Those that exist: every second one."""

SHORT = 4
"""Letters of the keywords that the smallest case asks for."""


@dataclass(frozen=True)
class Case:
    """So many names, so many in flight."""

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


def nobody_counts() -> int:
    """How many queries were in flight, where no server is asked."""
    return 0


@dataclass(frozen=True)
class Job:
    """Names to look up, in any order.

    ``nameserver`` and ``port`` are for the models that have a resolver of their own; for the others
    ``socket.getaddrinfo`` knows where to ask. ``peak`` says how many queries the DNS server had in
    flight at once.
    """

    domains: tuple[str, ...]
    nameserver: str
    port: int
    peak: Callable[[], int] = nobody_counts


def job(case: Case, resources: Resources) -> Job:
    """The names of a case; needs ``nameserver``. Without ``peak``, none are counted in flight."""
    host, port = resources.need("nameserver")
    return Job(case.domains, host, port, resources.peak or nobody_counts)


class Result(NamedTuple):
    """Whether a name exists; None where the lookup failed, which says nothing about the name."""

    domain: str
    found: bool | None


class Arrivals:
    """Results in the order in which the program had them, each with its seconds since the start."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.seconds: list[float] = []
        self._start = time.perf_counter()

    @traced("result")
    def add(self, result: Result) -> None:
        """Here it is."""
        self.seconds.append(time.perf_counter() - self._start)
        self.results.append(result)


NO_ADDRESS = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
"""What getaddrinfo fails with where there is no such name, or no address for it."""


def absent(domain: str, error: socket.gaierror) -> Result:
    """The result of a lookup that ended with an error: the name does not exist, or it is not known.

    So that one name that cannot be looked up takes no other's result away.
    """
    return Result(domain, False if error.errno in NO_ADDRESS else None)


def check(job: Job, answers: object) -> None:
    """Every name is answered for once, and rightly, and no result is older than the one before.

    Raises:
        AssertionError: naming the first name that is wrong.
    """
    assert isinstance(answers, Arrivals), f"expected Arrivals, got {type(answers).__name__}"
    asked = set(job.domains)
    for domain, found in answers.results:
        assert domain in asked, f"{domain}: nobody asked for it, or it was there before"
        asked.remove(domain)
        right = domain in FOUND
        assert found is right, f"{domain}: expected {_told(right)}, got {_told(found)}"
    assert not asked, f"no result for {min(asked)}"
    assert len(answers.seconds) == len(answers.results), "not every result has its time"
    assert answers.seconds == sorted(answers.seconds), "the results are not in the order they came in"


def _told(found: bool | None) -> str:
    return "failed" if found is None else "found" if found else "not found"


def metrics(job: Job, answers: Arrivals, seconds: float) -> dict[str, float]:
    """When the last result and the first one were there; how many queries the server had at once."""
    return {
        "last_result": answers.seconds[-1],
        "first_result": answers.seconds[0],
        "in_flight": job.peak(),
    }


def waiting(items: int, workers: int, *, delay: float) -> float:
    """The shortest possible waiting time in seconds: ``delay`` per wave of ``workers`` queries."""
    return math.ceil(items / workers) * delay
