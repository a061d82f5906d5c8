"""What others took of the CPU, what to warn of, and what a row keeps of it."""

from __future__ import annotations

import math
import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from concurbench.errors import ConcurbenchError
from concurbench.measure import interference
from concurbench.measure.interference import Snapshot
from concurbench.measure.lock import SessionLock
from tests.conftest import Suite


def core(number: int, **others: float) -> SimpleNamespace:
    """CPU times of one core, as psutil tells them on Linux."""
    times = {
        "user": 6.0, "nice": 1.0, "system": 2.0, "idle": 40.0, "iowait": 3.0, "irq": 0.1,
        "softirq": 0.1, "steal": 0.3, "guest": 0.07, "guest_nice": 0.07,
    }  # fmt: skip
    return SimpleNamespace(**{name: value * (1 + number) for name, value in times.items()}, **others)


def snapshot(when: float, *, steal: float = 0.0, busy: float = 0.0, ours: float = 0.0) -> Snapshot:
    return Snapshot(when, cores=2, steal=steal, others=busy - ours)


@pytest.mark.parametrize(
    ("usable", "busy", "steal"),
    [
        ([0, 1], 27.6, 0.9),
        ([1], 18.4, 0.6),
        ([0], 9.2, 0.3),
        ([], 27.6, 0.9),  # they cannot be told apart
    ],
)
def test_the_usable_cores_count_without_waiting_for_disks_and_guests_twice(
    monkeypatch: pytest.MonkeyPatch, usable: list[int], busy: float, steal: float
) -> None:
    monkeypatch.setattr(interference, "_usable", lambda: usable)
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: [core(0), core(1)])
    assert interference.cpu_seconds() == pytest.approx((busy, steal))


def test_cores_are_not_mapped_where_psutil_lists_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 5}, raising=False)
    monkeypatch.setattr(psutil, "cpu_count", lambda: 2)  # renumbered, as in some containers
    assert interference._usable() == []
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {1}, raising=False)
    monkeypatch.setattr("os.sysconf", {"SC_NPROCESSORS_CONF": 2, "SC_NPROCESSORS_ONLN": 2}.get)
    assert interference._usable() == [1]
    monkeypatch.setattr("os.sysconf", {"SC_NPROCESSORS_CONF": 4, "SC_NPROCESSORS_ONLN": 2}.get)
    assert interference._usable() == []
    monkeypatch.delattr("os.sched_getaffinity")
    assert interference._usable() == []


def test_what_others_took_is_what_is_busy_and_not_ours() -> None:
    before, after = snapshot(0.0), snapshot(10.0, busy=12.0, ours=5.0, steal=1.0)
    assert before.until(after) == {"steal": 0.05, "others": 0.35}


def test_a_child_that_ended_in_between_is_ours_and_counted_once() -> None:
    # Its 3 seconds were a live child's before. Now the parent has 4 from a child that it waited for.
    before, after = snapshot(0.0, busy=20.0, ours=1.0 + 3.0), snapshot(10.0, busy=21.0, ours=1.0 + 4.0)
    assert before.until(after)["others"] == 0.0


def test_a_share_is_between_0_and_1() -> None:
    assert snapshot(0.0).until(snapshot(1.0, busy=0.9, ours=1.0)) == {"steal": 0.0, "others": 0.0}
    assert snapshot(0.0).until(snapshot(1.0, busy=2.2, steal=2.5)) == {"steal": 1.0, "others": 1.0}


def test_shares_of_a_short_time_are_unknown_and_so_are_those_that_a_system_does_not_report() -> None:
    assert snapshot(0.0).until(snapshot(0.1, busy=0.2, steal=0.2)) == {"steal": None, "others": None}
    mute = snapshot(0.0, steal=math.nan, ours=math.nan)
    assert mute.until(snapshot(1.0)) == {"steal": None, "others": None}
    assert snapshot(0.0, steal=math.nan).until(snapshot(1.0, steal=math.nan, busy=1.0)) == {
        "steal": None,
        "others": 0.5,
    }


def test_a_live_child_counts_and_so_does_an_ended_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        def children(self, recursive: bool) -> list[Any]:
            assert recursive
            return [SimpleNamespace(cpu_times=lambda: (1.0, 2.0, 3.0, 4.0, 99.0)), Gone()]

    class Gone:
        def cpu_times(self) -> None:
            raise psutil.NoSuchProcess(1)

    times = SimpleNamespace(user=0.1, system=0.2, children_user=0.3, children_system=0.4)
    monkeypatch.setattr("os.times", lambda: times)
    monkeypatch.setattr(psutil, "Process", Process)
    assert interference.our_seconds() == pytest.approx(11.0)


def test_what_a_system_does_not_report_is_unknown_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setattr(psutil, "WINDOWS", True)
    mute = SimpleNamespace(user=1.0, system=1.0, idle=1.0)
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: [mute, mute])
    monkeypatch.setattr(interference, "_usable", list)
    assert interference.cpu_seconds() == pytest.approx((4.0, math.nan), nan_ok=True)
    assert interference.unknown() == [
        "steal unknown: Windows does not report it",
        "others unknown: Windows does not report the CPU time of ended processes",
    ]


def test_a_busy_machine_is_reported_with_its_load() -> None:
    assert interference.busy(0.05, load=3.0) is None
    assert interference.busy(0.43, load=1.5) == (
        "other programs use 43% of the CPU (load 1.5): times will vary"
    )


@pytest.mark.parametrize(
    ("battery", "sentence"),
    [
        (None, None),
        (SimpleNamespace(percent=80.0, power_plugged=True), None),
        (
            SimpleNamespace(percent=80.0, power_plugged=False),
            "on battery (80 %): the CPU may be slowed down",
        ),
    ],
)
def test_a_machine_on_battery_is_reported(
    monkeypatch: pytest.MonkeyPatch, battery: object, sentence: str | None
) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    assert interference.on_battery() == sentence
    monkeypatch.delattr(psutil, "sensors_battery")
    assert interference.on_battery() is None


def test_a_limited_clock_speed_is_reported_if_the_system_tells_it(tmp_path: Path) -> None:
    assert interference.throttled(tmp_path) is None
    for name in ("cpu0", "cpu1"):
        (tmp_path / name / "cpufreq").mkdir(parents=True)
        (tmp_path / name / "cpufreq/cpuinfo_max_freq").write_text("4000000\n")
        (tmp_path / name / "cpufreq/scaling_max_freq").write_text("4000000\n")
    assert interference.throttled(tmp_path) is None
    (tmp_path / "cpu1/cpufreq/scaling_max_freq").write_text("2000000\n")
    assert interference.throttled(tmp_path) == "the CPU is limited to 50% of its clock speed"


def test_the_lock_is_held_by_one_and_names_its_holder(tmp_path: Path) -> None:
    first, second = SessionLock(tmp_path), SessionLock(tmp_path)
    first.acquire("first")
    with pytest.raises(ConcurbenchError, match="first"):
        second.acquire("second")
    first.release()
    second.acquire("second")
    second.release()


def test_a_run_keeps_the_yardsticks_and_each_row_what_others_used_meanwhile(suite: Suite) -> None:
    # The only session here with real readings, in a process of its own.
    result = suite.run("--cases=few", "--benchmark-save=kept")
    run = suite.load("kept.json")
    [readings] = run["concurbench"]["yardsticks"]
    groups = {row["group"] for row in run["benchmarks"]}
    assert len(readings["python_loop"]) == 1 + len(groups) == 2
    started = [name for name in readings if name.startswith("process_start_")]
    assert len(started) == len(multiprocessing.get_all_start_methods())
    for row in run["benchmarks"]:
        around = row["extra_info"]["around"]
        assert around.keys() == {"steal", "others", "speed"}
        assert around["speed"] > 0
        assert row["extra_info"]["capacity_near"] > 0
    assert "could not be read" not in result.stdout.str()


def test_the_shares_and_the_speed_are_those_of_the_rows_that_took_turns(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = iter([{"steal": 0.25, "others": 0.5}, {"steal": 0.0, "others": None}])
    fake = SimpleNamespace(until=lambda later: next(shares), steal=0.0, others=0.0)
    monkeypatch.setattr(interference, "Snapshot", SimpleNamespace(now=lambda: fake))
    suite.run_here()
    around = [row["extra_info"]["around"] for row in suite.load("0001_*")["benchmarks"]]
    few, many = (
        {"steal": steal, "others": others, "speed": 1.0} for steal, others in ((0.25, 0.5), (0.0, None))
    )
    assert around == [few, few, many, many]
