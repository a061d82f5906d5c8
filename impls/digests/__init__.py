"""How far do threads get where the work is done in C that releases the interpreter lock?

Digest and compress buffers: CPU-bound work in C that releases the GIL.

The unit of work is one buffer: compute its SHA-256 and compress it with zlib. Both release the GIL
meanwhile, so threads can use every core. With the pure Python of ``primes``, threads take turns.
"""

from __future__ import annotations

import functools
import hashlib
import zlib
from dataclasses import dataclass, field
from typing import NamedTuple

from impls import Resources
from impls._traced import traced

QUESTION = "How far do threads get where the work is done in C that releases the interpreter lock?"
OVERVIEW = {"buffers_500k": "C that frees the GIL", "buffers_2m": "long C without the GIL"}
SURPRISES = (
    ("asyncio_gather", "threaded", "time", 1.5, "coroutines without a thread compute one by one"),
)

COUNT = 16


@dataclass(frozen=True)
class Case:
    """A size of the work: how many buffers, and their size in bytes. Workers: one per usable core."""

    count: int
    size: int
    scale: float = 1.0
    workers: None = None

    @property
    def items(self) -> int:
        return self.count

    @property
    def buffers(self) -> tuple[bytes, ...]:
        return _buffers(self.count, self.size)


CASES = {
    "buffers_150k": Case(COUNT, 150_000),
    "buffers_500k": Case(COUNT, 500_000, scale=3.5),
    "buffers_2m": Case(COUNT, 2_000_000, scale=13.0),
}


@dataclass(frozen=True)
class Job:
    """Buffers to pack in any order; the answers must be in this one.

    ``cluster`` is the address of a cluster's scheduler, for the models that use a cluster.
    """

    buffers: tuple[bytes, ...] = field(repr=False)
    cluster: str | None = None


def job(case: Case, resources: Resources) -> Job:
    """The buffers of a case; models that use a cluster need ``cluster``."""
    return Job(case.buffers, resources.cluster)


class Packed(NamedTuple):
    """The result for one buffer: its SHA-256 in hexadecimal digits, and its compressed bytes."""

    digest: str
    compressed: bytes


@traced("buffer")
def pack(buffer: bytes | memoryview) -> Packed:
    """Digest and compress one buffer: the unit of work."""
    return Packed(hashlib.sha256(buffer).hexdigest(), zlib.compress(buffer))


@functools.cache
def expected(buffers: tuple[bytes, ...]) -> list[str]:
    """The digest of each buffer."""
    return [hashlib.sha256(buffer).hexdigest() for buffer in buffers]


def check(job: Job, answers: object) -> None:
    """Check that each digest is right, and that the compressed bytes decompress to the buffer.

    The compressed bytes themselves are not compared, because they differ between versions of zlib.

    Raises:
        AssertionError: the message names the first wrong buffer.
    """
    right = expected(job.buffers)
    assert isinstance(answers, list), f"expected a list of packed buffers, got {type(answers).__name__}"
    assert len(answers) == len(right), f"expected {len(right)} buffers, got {len(answers)}"
    for number, (buffer, digest, got) in enumerate(zip(job.buffers, right, answers, strict=True)):
        which = f"buffer {number} of {len(buffer)} bytes"
        assert isinstance(got, Packed), f"{which}: expected Packed, got {type(got).__name__}"
        assert got.digest == digest, f"{which}: expected digest {digest}, got {got.digest}"
        assert len(got.compressed) < len(buffer), f"{which}: not compressed"
        assert _unpacked(got) == buffer, f"{which}: wrong compressed bytes"


def _unpacked(packed: Packed) -> bytes | None:
    try:
        return zlib.decompress(packed.compressed)
    except zlib.error:
        return None


@functools.cache
def _buffers(count: int, size: int) -> tuple[bytes, ...]:
    """Buffers of random words, always the same. They compress to about a third, like texts and logs."""
    words = _words()
    shortest = min(map(len, words))

    def buffer(number: int) -> bytes:
        picks = hashlib.shake_128(f"{size} bytes, number {number}".encode()).digest(
            size // shortest + 1
        )
        return b"".join([words[pick] for pick in picks])[:size]

    return tuple(map(buffer, range(count)))


def _words() -> list[bytes]:
    """256 words of two to ten letters, each followed by a space."""
    letters = hashlib.shake_128(b"words").digest(256 * 12)
    lines = (letters[start : start + 12] for start in range(0, len(letters), 12))
    return [
        bytes(ord("a") + letter % 26 for letter in line[: 2 + line[-1] % 9]) + b" " for line in lines
    ]
