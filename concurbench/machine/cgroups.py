"""What control groups allow this process: the tightest limits on the way from its own group to the
root, in version 1, version 2 and in both at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from concurbench.machine.host import Host
from concurbench.machine.mounts import Mount, mounts

ROOT = PurePosixPath("/")


def cpu_quota(host: Host) -> float | None:
    """How many cores' worth of time this process may use; None where nothing limits it."""
    return min(
        (quota for group in _groups(host, "cpu") for quota in _quotas(host, group)), default=None
    )


def memory_limit(host: Host) -> int | None:
    """How many bytes of memory this process may use; None where nothing limits it. Version 1 has a huge
    number where there is no limit."""
    limits = (
        int(text)
        for group in _groups(host, "memory")
        for name in ("memory.max", "memory.limit_in_bytes")
        if (text := host.read(f"{group}/{name}")).isdecimal()
    )
    return min(limits, default=None)


def paths(host: Host) -> dict[str, str]:
    """Controller -> the path of this process's group; the one without a name is version 2's."""
    found: dict[str, str] = {}
    for line in host.read("proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        found |= dict.fromkeys(controllers.split(","), path)
    return found


def _groups(host: Host, controller: str) -> Iterator[str]:
    """The folders of the groups that hold this process, its own first, in every hierarchy in which
    this controller can be."""
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
    # A container sees its own group as the root of the mount, whatever the group is called outside.
    group = top / inside
    if ".." in inside.parts or not host.has(str(group)):
        group = top
    while True:
        yield str(group)
        if group == top:
            return
        group = group.parent


def _quotas(host: Host, group: str) -> Iterator[float]:
    """A group's quota, if it has one; periods and quotas are microseconds."""
    said = host.read(f"{group}/cpu.max").split() or [
        host.read(f"{group}/cpu.cfs_quota_us"), host.read(f"{group}/cpu.cfs_period_us"),
    ]  # fmt: skip
    # Without a quota it says "max", or -1.
    if len(said) == 2 and all(text.isdecimal() for text in said) and int(said[1]):
        yield int(said[0]) / int(said[1])
