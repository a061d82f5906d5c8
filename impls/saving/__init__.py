"""How long does an event loop stand still when a coroutine writes files, and what is the cure?

Coroutines write files while another task needs the event loop.

The unit of work is one file: write its bytes under a temporary name, and rename the file when it is
complete. The writing task shares the loop with the heart of ``bridges``. The longest time between two
beats is the time for which the loop stood still.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from impls import Resources
from impls._traced import traced

# The heart and its metrics are those of bridges.
from impls.bridges import BOUND as BOUND
from impls.bridges import METRICS as METRICS
from impls.bridges import PULSE as PULSE
from impls.bridges import Heart as Heart
from impls.bridges import Served as Served
from impls.bridges import check_beats, stood_still

QUESTION = (
    "How long does an event loop stand still when a coroutine writes files, and what is the cure?"
)
OVERVIEW = {"small": "files from a coroutine", "synced": "files on the disk"}
WORDS = {"stood_still": "the loop stands still"}
SURPRISES = (
    ("asyncio_to_thread", "blocking", "time", 2.0, "to hand over a file takes longer than to write it"),
)


@dataclass(frozen=True)
class Case:
    """A size of the work: how many files, and their size in bytes.

    If ``synced``, each file is on the disk before it is renamed.
    """

    count: int
    size: int
    synced: bool = False
    scale: float = 1.0
    # Every default pool of threads has at least this many.
    workers: int = 4

    @property
    def items(self) -> int:
        return self.count

    @property
    def contents(self) -> tuple[bytes, ...]:
        return _contents(self.count, self.size)


FLAG = 12_000
"""The size of a typical flag in bytes."""

CASES = {
    "large": Case(16, 2_000_000),
    "synced": Case(100, FLAG, synced=True, scale=5.0),
    "small": Case(500, FLAG, scale=4.0),
}


@dataclass(frozen=True)
class Job:
    """The contents of files to write into an empty folder; each file is named after its place.

    If ``synced``, a file is renamed only after ``fsync``.
    """

    contents: tuple[bytes, ...] = field(repr=False)
    destination: Path
    synced: bool = False

    @traced("place")
    def partial(self, place: int) -> Path:
        """The path of a file while it is written."""
        return self.destination / f"{place:04}.part"

    def path(self, place: int) -> Path:
        """The path of a file when it is complete."""
        return self.destination / f"{place:04}.bin"


def job(case: Case, resources: Resources) -> Job:
    """The files of a case; needs ``destination``."""
    return Job(case.contents, resources.need("destination"), case.synced)


def save(job: Job, place: int) -> int:
    """Write one file, blocking the thread, and return its size in bytes: the unit of work."""
    partial = job.partial(place)
    with partial.open("wb") as file:
        size = file.write(job.contents[place])
        if job.synced:
            file.flush()
            os.fsync(file.fileno())
    os.replace(partial, job.path(place))
    return size


def check(job: Job, answers: object) -> None:
    """Check the files, their sizes, and that the beats cover the work from start to end.

    Raises:
        AssertionError: the message names the first wrong file, or the error in the beats.
    """
    assert isinstance(answers, Served), f"expected Served, got {type(answers).__name__}"
    sizes = answers.results
    assert len(sizes) == len(job.contents), f"expected {len(job.contents)} sizes, got {len(sizes)}"
    there = {path.name for path in job.destination.iterdir()}
    for place, (content, size) in enumerate(zip(job.contents, sizes, strict=True)):
        name = job.path(place).name
        assert size == len(content), f"{name}: expected {len(content)} bytes, got {size}"
        assert name in there, f"no file {name} in the destination"
        assert job.path(place).read_bytes() == content, f"{name}: wrong bytes"
        there.remove(name)
    assert not there, f"unexpected files: {sorted(there)}"
    check_beats(answers.beats)


def metrics(job: Job, answers: Served, seconds: float) -> dict[str, float]:
    """The longest time for which the loop stood still, in seconds, and the files per second."""
    return {"stood_still": stood_still(answers.beats), "throughput": len(job.contents) / seconds}


@functools.cache
def _contents(count: int, size: int) -> tuple[bytes, ...]:
    """Random bytes, different for each file and always the same."""
    return tuple(hashlib.shake_128(f"file {place}".encode()).digest(size) for place in range(count))
