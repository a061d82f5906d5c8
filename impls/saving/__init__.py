"""How long does an event loop stand still when a coroutine writes files, and what is the cure?

Write files from a coroutine: what it costs to keep the event loop alive meanwhile.

The unit of work is one file: its bytes are written under another name, and it gets its own only when it
is whole. Whoever writes shares the loop with the heart of ``bridges``; the longest time between two
beats is how long the loop stood still.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from impls import Resources
from impls._traced import traced

# The same heart, and the same of what it tells.
from impls.bridges import METRICS as METRICS
from impls.bridges import PULSE as PULSE
from impls.bridges import Heart as Heart
from impls.bridges import Served as Served
from impls.bridges import check_beats, stood_still

QUESTION = (
    "How long does an event loop stand still when a coroutine writes files, and what is the cure?"
)


@dataclass(frozen=True)
class Case:
    """So many files of so many bytes; ``synced``: each is on the disk before the next is begun."""

    count: int
    size: int
    synced: bool = False
    scale: float = 1.0
    # No more than any default pool of threads has: what they cost is the question, not how many.
    workers: int = 4

    @property
    def items(self) -> int:
        return self.count

    @property
    def contents(self) -> tuple[bytes, ...]:
        return _contents(self.count, self.size)


FLAG = 12_000
"""Bytes, as many as a flag has."""

CASES = {
    "large": Case(16, 2_000_000),
    "synced": Case(100, FLAG, synced=True, scale=5.0),
    "small": Case(500, FLAG, scale=4.0),
}


@dataclass(frozen=True)
class Job:
    """Files to write into an empty folder, each named after its place.

    ``synced``: a file is renamed only when the system says that its bytes are on the disk.
    """

    contents: tuple[bytes, ...] = field(repr=False)
    destination: Path
    synced: bool = False

    @traced("place")
    def partial(self, place: int) -> Path:
        """Where a file is written to."""
        return self.destination / f"{place:04}.part"

    def path(self, place: int) -> Path:
        """Where a file is when it is whole."""
        return self.destination / f"{place:04}.bin"


def job(case: Case, resources: Resources) -> Job:
    """The files of a case; needs ``destination``."""
    return Job(case.contents, resources.need("destination"), case.synced)


def save(job: Job, place: int) -> int:
    """Write one file, and return how many bytes it has: the unit of work, where that may block."""
    partial = job.partial(place)
    with partial.open("wb") as file:
        size = file.write(job.contents[place])
        if job.synced:
            file.flush()
            os.fsync(file.fileno())
    os.replace(partial, job.path(place))
    return size


def check(job: Job, answers: object) -> None:
    """Every file has its bytes, the sizes are told, and a heart beat from begin to end.

    Raises:
        AssertionError: naming the first file that is wrong, or what is wrong with the beats.
    """
    assert isinstance(answers, Served), f"expected what was served, got {type(answers).__name__}"
    sizes = answers.results
    assert len(sizes) == len(job.contents), f"expected {len(job.contents)} sizes, got {len(sizes)}"
    there = {path.name for path in job.destination.iterdir()}
    for place, (content, size) in enumerate(zip(job.contents, sizes, strict=True)):
        name = job.path(place).name
        assert size == len(content), f"{name}: expected {len(content)} bytes, got {size}"
        assert name in there, f"no file {name} in the destination"
        assert job.path(place).read_bytes() == content, f"{name}: wrong bytes"
        there.remove(name)
    assert not there, f"files nobody asked for: {sorted(there)}"
    check_beats(answers.beats)


def metrics(job: Job, answers: Served, seconds: float) -> dict[str, float]:
    """How long the loop stood still, and how many files a second were written."""
    return {"stood_still": stood_still(answers.beats), "throughput": len(job.contents) / seconds}


@functools.cache
def _contents(count: int, size: int) -> tuple[bytes, ...]:
    """Bytes in no order, for each file others, always the same."""
    return tuple(hashlib.shake_128(f"file {place}".encode()).digest(size) for place in range(count))
