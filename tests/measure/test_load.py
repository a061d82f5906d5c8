"""What others took of the CPU, told from recorded texts of the system."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from concurbench.measure import load
from concurbench.measure.load import Load, Share

STAT = """\
cpu  1000 200 300 9000 500 10 20 40 7 7
cpu0 600 100 200 4000 300 10 10 30 7 7
cpu1 400 100 100 5000 200 0 10 10 0 0
intr 12345 0 0
ctxt 987
"""

PROCESS = "4711 (a) name (of) R 1) S 1 2 3 0 -1 4194560 500 600 0 0 11 22 33 44 20 0 5 0 1 2 3\n"


@pytest.fixture
def hundred_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "ticks", lambda: 100)


def snapshot(when: float, **seconds: float | None) -> Load:
    values: dict[str, float | None] = {"busy": 0.0, "steal": 0.0, "ours": 0.0, **seconds}
    return Load(when, cores=2, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cores", "busy", "steal"),
    [
        ({0, 1}, 15.3, 0.4),
        ({1}, 6.1, 0.1),
        ({0}, 9.2, 0.3),
        (None, 15.3, 0.4),
        ({0, 5}, 15.3, 0.4),  # renumbered, as in a container
    ],
)
@pytest.mark.usefixtures("hundred_ticks")
def test_the_usable_cores_count_without_waiting_for_disks_and_guests_twice(
    cores: set[int] | None, busy: float, steal: float
) -> None:
    assert load.cpu_seconds(STAT, cores) == pytest.approx((busy, steal))


@pytest.mark.usefixtures("hundred_ticks")
def test_a_process_counts_with_the_children_it_has_waited_for_whatever_its_name() -> None:
    assert load.process_seconds(PROCESS) == pytest.approx(1.1)


def test_what_others_took_is_what_is_busy_and_not_ours() -> None:
    before, after = snapshot(0.0), snapshot(10.0, busy=12.0, ours=5.0, steal=1.0)
    assert before.until(after) == Share(steal=0.05, others=0.35)


def test_a_child_that_ended_in_between_is_ours_and_counted_once() -> None:
    # Its 3 seconds were a live child's before; 4 in all are those of a child waited for now.
    before, after = snapshot(0.0, busy=20.0, ours=1.0 + 3.0), snapshot(10.0, busy=21.0, ours=1.0 + 4.0)
    assert before.until(after).others == 0.0


def test_a_share_is_never_below_nothing_nor_above_all() -> None:
    assert snapshot(0.0).until(snapshot(1.0, busy=0.9, ours=1.0)) == Share(0.0, 0.0)
    assert snapshot(0.0).until(snapshot(1.0, busy=2.2, steal=2.5)) == Share(1.0, 1.0)


def test_nothing_is_told_of_a_time_too_short_or_by_a_system_that_does_not_know() -> None:
    assert snapshot(0.0).until(snapshot(0.1, busy=0.2, steal=0.2)) == Share(None, None)
    assert snapshot(0.0, steal=None, ours=None).until(snapshot(1.0)) == Share(None, None)
    assert snapshot(0.0, steal=None).until(snapshot(1.0, steal=None, busy=1.0)) == Share(None, 0.5)


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (Share(0.12, 0.23), "steal 12%, others used 23% of the CPU"),
        (Share(0.12, None), "steal 12%"),
        (Share(None, 0.23), "others used 23% of the CPU"),
        (Share(0.1, 0.1), ""),
        (Share(None, None), ""),
    ],
)
def test_a_disturbed_row_is_told_in_a_few_words(share: Share, told: str) -> None:
    assert load.disturbance(share) == told


def test_a_live_descendant_is_found_and_an_ended_one_is_not() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=theirs.recv)
    child.start()
    assert child.pid in list(load.descendants(os.getpid()))
    ours.send(None)
    child.join()
    assert child.pid not in list(load.descendants(os.getpid()))
    assert load.seconds_of(child.pid or 0) == 0


def test_a_system_without_these_files_still_has_a_snapshot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(load, "PROC", tmp_path)
    now = Load.now()
    assert now.busy > 0
    assert now.steal is None
    assert now.ours is not None


def test_where_ended_processes_do_not_count_others_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("os.name", "nt")
        ours = load.our_seconds()
    assert ours is None
