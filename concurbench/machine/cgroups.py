"""The limits that control groups set for this process, in version 1, version 2 or both at once.

The tightest limit between the process's own group and the root applies.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from concurbench.machine.host import Host

ROOT = PurePosixPath("/")


class Mount(NamedTuple):
    """One line of ``/proc/self/mountinfo``."""

    root: str
    """The directory of the file system that is mounted."""
    point: str
    """Where it is mounted."""
    kind: str
    options: frozenset[str]
    """The file system's options: for control groups of version 1, their controllers."""


def cpu_quota(host: Host) -> float | None:
    """The CPU time this process may use, in cores; None without a limit."""
    found = (quota for group in _groups(host, "cpu") for quota in _quotas(host, group))
    return min(found, default=None)


def memory_limit(host: Host) -> int | None:
    """The memory this process may use, in bytes; None without a limit. Version 1 gives a huge number
    where no limit is set."""
    names = ("memory.max", "memory.limit_in_bytes")
    found = (host.read(f"{group}/{name}") for group in _groups(host, "memory") for name in names)
    return min((int(text) for text in found if text.isdecimal()), default=None)


def mounts(host: Host) -> Iterator[Mount]:
    """All mounts that this process sees; a later mount covers an earlier one at the same place."""
    for line in host.read("proc/self/mountinfo").splitlines():
        # The number of optional fields before the dash varies.
        before, _, after = line.partition(" - ")
        where, what = before.split(), after.split()
        if len(where) >= 6 and len(what) >= 3:
            yield Mount(where[3], where[4], what[0], frozenset(what[2].split(",")))


def paths(host: Host) -> dict[str, str]:
    """Controller -> the path of this process's group. The key of version 2 is empty."""
    found: dict[str, str] = {}
    for line in host.read("proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        found |= dict.fromkeys(controllers.split(","), path)
    return found


def _groups(host: Host, controller: str) -> Iterator[str]:
    """The folders of this process's group and its parents, in every hierarchy that can have this
    controller."""
    own = paths(host)
    for mount in mounts(host):
        if mount.kind == "cgroup2" and "" in own:
            yield from _upwards(host, mount, own[""])
        elif mount.kind == "cgroup" and controller in mount.options and controller in own:
            yield from _upwards(host, mount, own[controller])


def _upwards(host: Host, mount: Mount, path: str) -> Iterator[str]:
    top = PurePosixPath(mount.point).relative_to(ROOT)
    try:
        inside = PurePosixPath(path).relative_to(mount.root)
    except ValueError:
        inside = PurePosixPath()
    # A container sees its own group as the root of the mount, whatever its name is outside.
    group = top / inside
    if ".." in inside.parts or not host.has(str(group)):
        group = top
    return (str(each) for each in (group, *group.parents) if each.is_relative_to(top))


def _quotas(host: Host, group: str) -> Iterator[float]:
    """A group's quota, if it has one; periods and quotas are microseconds."""
    text = host.read(f"{group}/cpu.max").split() or [
        host.read(f"{group}/cpu.cfs_quota_us"), host.read(f"{group}/cpu.cfs_period_us"),
    ]  # fmt: skip
    # Without a quota it is "max", or -1.
    if len(text) == 2 and all(each.isdecimal() for each in text) and int(text[1]):
        yield int(text[0]) / int(text[1])
