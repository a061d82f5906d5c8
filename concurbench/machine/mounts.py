"""What is mounted where, as ``/proc/self/mountinfo`` lists it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from concurbench.machine.host import Host


class Mount(NamedTuple):
    """One line of the list."""

    root: str
    """The part of the mounted file system that shows."""
    point: str
    """Where it shows."""
    kind: str
    source: str
    options: frozenset[str]
    """Of the file system itself: for control groups of version 1, their controllers."""


def mounts(host: Host) -> Iterator[Mount]:
    """All mounts that this process sees; of two at one place the later one covers the other."""
    for line in host.read("proc/self/mountinfo").splitlines():
        # An unknown number of optional words stands before the dash.
        before, _, after = line.partition(" - ")
        where, what = before.split(), after.split()
        if len(where) >= 6 and len(what) >= 3:
            yield Mount(where[3], where[4], what[0], what[1], frozenset(what[2].split(",")))
