"""What a machine is called, what is known about it, and whether it is quiet."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from concurbench import machine, quiet
from concurbench.lock import SessionLock, Taken


@pytest.mark.parametrize(
    ("name", "release", "system"),
    [
        ("Linux", "6.1.0-18-amd64", "linux"),
        ("Linux", "5.15.153.1-microsoft-standard-WSL2", "wsl2"),
        ("Linux", "4.4.0-19041-Microsoft", "wsl1"),
        ("Darwin", "23.4.0", "macos"),
        ("Windows", "11", "windows"),
    ],
)
def test_a_windows_subsystem_is_told_from_a_native_linux(name: str, release: str, system: str) -> None:
    assert machine.system(release, name) == system


@pytest.mark.parametrize(
    ("cpu", "folder"),
    [
        ("AMD EPYC 7B13 64-Core Processor", "linux-amd-epyc-7b13-2c-"),
        ("Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz", "linux-intel-core-i7-8550u-2c-"),
        ("AMD Ryzen 7 5800U with Radeon Graphics", "linux-amd-ryzen-7-5800u-2c-"),
        ("Apple M1 Pro", "linux-apple-m1-pro-2c-"),
    ],
)
def test_the_folder_names_system_cpu_cores_and_python(
    monkeypatch: pytest.MonkeyPatch, cpu: str, folder: str
) -> None:
    monkeypatch.setattr(machine, "cpu", lambda: cpu)
    monkeypatch.setattr(machine, "system", lambda: "linux")
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    monkeypatch.setattr(machine, "free_threaded", lambda: False)
    python = f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}"
    assert machine.folder() == folder + python
    monkeypatch.setattr(machine, "free_threaded", lambda: True)
    assert machine.folder() == folder + python + "t"


def test_the_facts_are_the_same_from_call_to_call_and_hold_no_clock_speed() -> None:
    facts = machine.facts(["httpx"])
    assert facts == machine.facts(["httpx"])
    assert not [name for name in facts if re.search("hz|freq|load|node", name)]
    assert facts["packages"] == {"httpx": __import__("httpx").__version__}


def test_only_what_differs_is_named_old_before_new() -> None:
    base = {"cpu": "a", "packages": {"httpx": "0.27", "respx": "1"}}
    head = {"cpu": "a", "packages": {"httpx": "0.28", "respx": "1"}, "kernel": "6"}
    assert machine.differences(base, head) == ["kernel: not there → 6", "packages.httpx: 0.27 → 0.28"]
    assert machine.differences(head, head) == []


def test_a_busy_machine_is_told_of_with_its_load() -> None:
    assert quiet.busy(0.05, load=3.0) is None
    assert quiet.busy(0.43, load=1.5) == "other programs use 43% of the CPU (load 1.5): times will vary"


def test_a_cpu_held_below_its_speed_is_told_of_where_the_system_tells(tmp_path: Path) -> None:
    assert quiet.slowed(tmp_path) is None
    for core in ("cpu0", "cpu1"):
        (tmp_path / core / "cpufreq").mkdir(parents=True)
        (tmp_path / core / "cpufreq/cpuinfo_max_freq").write_text("4000000\n")
        (tmp_path / core / "cpufreq/scaling_max_freq").write_text("4000000\n")
    assert quiet.slowed(tmp_path) is None
    (tmp_path / "cpu1/cpufreq/scaling_max_freq").write_text("2000000\n")
    told = quiet.slowed(tmp_path)
    assert told is not None
    assert "50% of its clock speed" in told


def test_the_lock_is_held_by_one_and_names_its_holder(tmp_path: Path) -> None:
    first, second = SessionLock(tmp_path), SessionLock(tmp_path)
    first.acquire("first")
    with pytest.raises(Taken, match="first"):
        second.acquire("second")
    first.release()
    second.acquire("second")
    second.release()
