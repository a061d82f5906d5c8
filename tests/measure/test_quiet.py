"""Whether the machine is quiet, and held by one session."""

from __future__ import annotations

from pathlib import Path

import pytest

from concurbench.measure import quiet
from concurbench.measure.lock import SessionLock, Taken


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
