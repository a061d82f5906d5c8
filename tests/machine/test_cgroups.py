"""The limits of control groups, for every kind of mount."""

from __future__ import annotations

from pathlib import Path

import pytest

from concurbench.machine import cgroups, usable_cores
from concurbench.machine.memory import limit
from tests.machine.recorded import linux

V2 = "31 22 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)
UNIFIED = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
OWN_V1 = "4:cpu,cpuacct:/a/b\n3:memory:/a/b\n1:name=systemd:/a/b\n0::/a/b\n"


def test_the_tightest_limit_between_the_group_and_the_root_applies(tmp_path: Path) -> None:
    host = linux(tmp_path, {
        "proc/self/mountinfo": V2,
        "proc/self/cgroup": "0::/a/b/c\n",
        "sys/fs/cgroup/a/cpu.max": "250000 100000\n",
        "sys/fs/cgroup/a/b/cpu.max": "50000 25000\n",
        "sys/fs/cgroup/a/b/c/cpu.max": "max 100000\n",
        "sys/fs/cgroup/other/cpu.max": "1000 100000\n",
        "sys/fs/cgroup/a/memory.max": "1073741824\n",
        "sys/fs/cgroup/a/b/c/memory.max": "max\n",
    })  # fmt: skip
    assert cgroups.cpu_quota(host) == 2.0
    assert cgroups.memory_limit(host) == 2**30


@pytest.mark.parametrize("mounts", [V1, UNIFIED + V1], ids=["v1", "hybrid"])
def test_version_1_has_a_hierarchy_for_each_controller(tmp_path: Path, mounts: str) -> None:
    host = linux(tmp_path, {
        "proc/self/mountinfo": mounts,
        "proc/self/cgroup": OWN_V1,
        "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "300000\n",
        "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "536870912\n",
    })  # fmt: skip
    assert cgroups.cpu_quota(host) == 3.0
    assert cgroups.memory_limit(host) == 2**29


@pytest.mark.parametrize("own", ["/docker/5f1c", "/", "/../../elsewhere"])
def test_inside_a_container_the_root_of_the_mount_is_its_own_group(tmp_path: Path, own: str) -> None:
    host = linux(tmp_path, {
        "proc/self/mountinfo": V2.replace("0:26 /", "0:26 /docker/5f1c"),
        "proc/self/cgroup": f"0::{own}\n",
        "sys/fs/cgroup/cpu.max": "150000 100000\n",
    })  # fmt: skip
    assert cgroups.cpu_quota(host) == 1.5


@pytest.mark.parametrize("text", ["max 100000", "100000 0", "", "nonsense"])
def test_an_unlimited_or_invalid_quota_is_none(tmp_path: Path, text: str) -> None:
    host = linux(
        tmp_path,
        {"proc/self/mountinfo": V2, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": text},
    )
    assert cgroups.cpu_quota(host) is None
    assert usable_cores(host) == 4


@pytest.mark.parametrize(
    ("quota", "cores"), [("10000", 1), ("100000", 1), ("150000", 2), ("400000", 4), ("900000", 4)]
)
def test_a_quota_bounds_the_usable_cores_rounded_up(tmp_path: Path, quota: str, cores: int) -> None:
    files = {
        "proc/self/mountinfo": V2,
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/cpu.max": f"{quota} 100000",
    }
    assert usable_cores(linux(tmp_path, files)) == cores


@pytest.mark.parametrize(
    ("allowed", "shown"),
    [("536870912", 0.5), ("9223372036854771712", "none"), ("2147483648", "none"), ("max", "none")],
)
def test_a_memory_limit_applies_below_the_total(tmp_path: Path, allowed: str, shown: object) -> None:
    host = linux(tmp_path, {
        "proc/self/mountinfo": V2,
        "proc/self/cgroup": "0::/\n",
        "proc/meminfo": "MemTotal:        2097152 kB\n",
        "sys/fs/cgroup/memory.max": allowed,
    })  # fmt: skip
    assert limit(host) == shown


def test_without_readable_files_there_is_no_limit(tmp_path: Path) -> None:
    host = linux(tmp_path, {})
    assert cgroups.cpu_quota(host) is None
    assert cgroups.memory_limit(host) is None
