"""What does it cost to send many small objects to workers and back?

Sort records by a key: a merge sort of dicts, CPU-bound, with dicts as input and as output.

The unit of work is one part of the records: sort it by time and name, as Python compares tuples. The
sorted parts are merged. A dict is the worst input for workers that share nothing: each is pickled and
made anew, on the way there and on the way back. Eric Snow, who wrote PEP 734, lists this among the
programs to compare interpreters with.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import Any

from impls import Resources
from impls._traced import traced

QUESTION = "What does it cost to send many small objects to workers and back?"
OVERVIEW = {"records_50k": "dicts there and back"}
SURPRISES = (
    ("multiprocess", "sequential", "time", 1.2, "to pickle a dict takes longer than to sort it"),
    ("threaded", "sequential", "time", 1.1, "to merge parts costs more than smaller sorts save"),
)

Record = dict[str, Any]
Key = tuple[int, str]

PARTS = 8


@dataclass(frozen=True)
class Case:
    """A size of the work: how many records, in all parts. Workers: one per usable core."""

    records: int
    scale: float = 1.0
    workers: None = None

    @property
    def items(self) -> int:
        return PARTS

    @property
    def parts(self) -> tuple[tuple[Record, ...], ...]:
        return _parts(self.records)


CASES = {
    "records_10k": Case(10_000),
    "records_50k": Case(50_000, scale=6.0),
}


@dataclass(frozen=True)
class Job:
    """Parts of records to sort; the answer is a new list of all records in order.

    No two records have the same key.
    """

    parts: tuple[tuple[Record, ...], ...] = field(repr=False)


def job(case: Case, resources: Resources) -> Job:
    """The records of a case."""
    return Job(case.parts)


def key(record: Record) -> Key:
    """What records are sorted by."""
    return record["time"], record["name"]


@traced()
def sort(part: Sequence[Record]) -> list[Record]:
    """The records of a part in order: the unit of work."""
    return sorted(part, key=key)


def merged(parts: Sequence[Sequence[Record]]) -> list[Record]:
    """All records of sorted parts in order."""
    return list(merge(*parts, key=key))


def check(job: Job, answers: object) -> None:
    """Check that the answer has all records, in order.

    Raises:
        AssertionError: the message names the first wrong record.
    """
    right = {key(record): record for part in job.parts for record in part}
    assert isinstance(answers, list), f"expected a list of records, got {type(answers).__name__}"
    assert len(answers) == len(right), f"expected {len(right)} records, got {len(answers)}"
    for place, got in enumerate(answers):
        assert right.get(key(got)) == got, f"record {place} is not among the input: {got}"
    for place, (before, after) in enumerate(itertools.pairwise(map(key, answers)), start=1):
        assert before < after, f"record {place}: {after} comes after {before}"


@functools.cache
def _parts(count: int) -> tuple[tuple[Record, ...], ...]:
    """Parts of records with random values, always the same.

    Some records have the same time, and none the same time and name.
    """
    values = struct.iter_unpack("<IIH", hashlib.shake_128(b"records").digest(10 * count))
    records = [
        {"name": f"{first:08x}", "time": second % count, "size": size, "valid": size % 7 > 0}
        for first, second, size in values
    ]
    return tuple(tuple(records[number::PARTS]) for number in range(PARTS))
