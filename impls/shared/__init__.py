"""What does it cost if many threads count into the same object, and what should they do instead?

Count events by their key, in one object that all threads share, or in one for each thread.

The unit of work is a batch of events. An event comes from a cheap computation and has a key, a number.
The answer is how often each key occurred. It must be exact: ``counts[key] += 1`` reads and writes in
two steps, and two threads that do it at the same time lose an event. So every model has a lock, an
operation that is atomic, or counts of its own. All models share the events; each decides who counts
them, and where.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from impls import Resources
from impls._traced import traced

QUESTION = (
    "What does it cost if many threads count into the same object, and what should they do instead?"
)
OVERVIEW: dict[str, str] = {}
SURPRISES = (
    (
        "threaded_private",
        "sequential",
        "time",
        0.9,
        "the interpreter lock lets one thread compute at a time",
    ),
    ("threaded_one_lock", "sequential", "time", 1.2, "a lock for each event costs more than the event"),
    ("threaded_queue", "sequential", "time", 1.5, "handing an event over costs more than counting it"),
)

BATCHES = 16
EVENTS = 10_000
"""The events of a batch."""


class Batch(NamedTuple):
    """Events that follow from a ``seed`` above 0: how many there are, and the bits of a key."""

    seed: int
    events: int
    bits: int


@dataclass(frozen=True)
class Case:
    """A size of the work: the bits of a key, and so the number of different keys. Workers: one per
    usable core."""

    bits: int
    scale: float = 1.0
    items: int = BATCHES
    workers: None = None

    @property
    def batches(self) -> tuple[Batch, ...]:
        return tuple(Batch(seed, EVENTS, self.bits) for seed in range(1, self.items + 1))


CASES = {
    "keys_16": Case(4),
    "keys_16k": Case(14, scale=1.5),
}


@dataclass(frozen=True)
class Job:
    """Batches of events to count in any order, together."""

    batches: tuple[Batch, ...]


def job(case: Case, resources: Resources) -> Job:
    """The batches of a case; they need no resources."""
    return Job(case.batches)


@traced("batch")
def events(batch: Batch) -> Iterator[int]:
    """The key of each event, one after the other: the unit of work.

    They come from the generator of Park and Miller with the multiplier of 1993: "Random number
    generators: good ones are hard to find", Communications of the ACM 31 (1988) and 36 (1993).
    """
    state, shift = batch.seed, 31 - batch.bits
    for _ in range(batch.events):
        state = state * 48_271 % 2_147_483_647
        yield state >> shift


@functools.cache
def expected(batches: tuple[Batch, ...]) -> Counter[int]:
    """How often each key occurs in these batches."""
    counts: Counter[int] = Counter()
    for batch in batches:
        counts.update(events(batch))
    return counts


def check(job: Job, answers: object) -> None:
    """Check that every event was counted once, under its key.

    Raises:
        AssertionError: the message says how many events were lost or counted twice, and names a key.
    """
    right = expected(job.batches)
    assert isinstance(answers, dict), f"expected a dict of counts, got {type(answers).__name__}"
    assert set(answers) <= set(right), f"unknown key: {next(iter(set(answers) - set(right)))!r}"
    for key, count in right.items():
        got = answers.get(key, 0)
        assert got == count, f"{_wrong(right, answers)}: key {key}: expected {count}, got {got}"


def _wrong(right: Counter[int], answers: dict[int, int]) -> str:
    lost = sum((right - Counter(answers)).values())
    extra = sum((Counter(answers) - right).values())
    return f"of {right.total():,} events {lost:,} were lost and {extra:,} counted twice"
