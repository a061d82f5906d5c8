"""What yardsticks tell of a machine, and that nothing of them stays behind."""

from __future__ import annotations

import itertools
import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from concurbench.measure.speed import yardsticks as module
from concurbench.measure.speed.echo import echo
from concurbench.measure.speed.yardsticks import SWEEPS_PER_PROCESS, Yardsticks, median_of
from concurbench.results.drift import TITLES


def fake_clock(*durations: float) -> Iterator[float]:
    """The moments at which works begin and end that take so long."""
    now = 0.0
    for duration in durations:
        yield now
        now += duration
        yield now


def test_a_whole_sweep_reads_every_yardstick_and_leaves_nothing_behind(tmp_path: Path) -> None:
    methods = multiprocessing.get_all_start_methods()
    lacking = {f"process_start_{name}" for name in ("fork", "forkserver", "spawn")} - {
        f"process_start_{name}" for name in methods
    }
    before = set(psutil.Process().children(recursive=True))
    with Yardsticks(tmp_path / "not" / "there") as yardsticks:
        yardsticks.sweep(complete=True)
    assert not yardsticks.unreadable
    assert yardsticks.readings.keys() == TITLES.keys() - lacking
    for [[moment, seconds]] in yardsticks.readings.values():
        assert moment >= 0
        assert seconds > 0
    assert json.loads(json.dumps(yardsticks.readings)) == yardsticks.readings
    assert set(psutil.Process().children(recursive=True)) <= before
    assert not list(tmp_path.iterdir())


def test_processes_start_in_turn_and_only_every_few_sweeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["fork", "spawn"])
    started: list[str] = []

    def process_start(method: str) -> float:
        started.append(method)
        return 0.001

    monkeypatch.setattr(module, "process_start", process_start)
    yardsticks = Yardsticks(tmp_path)
    yardsticks._cheap = {"python_loop": lambda: 0.002}
    for _ in range(3 * SWEEPS_PER_PROCESS):
        yardsticks.sweep()
    assert started == ["fork", "spawn", "fork"]
    assert len(yardsticks.readings["python_loop"]) == 3 * SWEEPS_PER_PROCESS


def test_a_yardstick_that_fails_is_lost_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    yardsticks = Yardsticks(tmp_path)
    calls = itertools.count()

    def full() -> float:
        if next(calls):
            raise OSError("No space left on device")
        return 0.001

    yardsticks._cheap = {"file_write": full, "python_loop": lambda: 0.002}
    for _ in range(3):
        yardsticks.sweep()
    assert yardsticks.unreadable == {"file_write": "No space left on device"}
    assert [len(each) for each in yardsticks.readings.values()] == [1, 3]
    assert next(calls) == 2


def test_a_reading_is_the_median_of_repeats_and_no_more_than_its_budget_allows() -> None:
    clock = fake_clock(0.002, 0.0001, 0.0019, 0.3)
    assert median_of(int, clock.__next__) == pytest.approx(0.0019)
    slow = fake_clock(5.0, 1.0)
    assert median_of(int, slow.__next__) == 5.0


def test_a_thread_a_core_takes_as_long_as_one_alone_where_cores_do_not_disturb_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = iter([4000.0, 2000.0, 3999.0])
    monkeypatch.setattr("concurbench.machine.usable_cores", lambda: 4)
    monkeypatch.setattr("concurbench.measure.speed.capacity.rate", lambda cores, window: next(rates))
    assert module.c_code_all_cores() == 4 / 3999


def test_the_resolution_is_the_smallest_step_and_not_a_standstill() -> None:
    ticks = itertools.accumulate(itertools.cycle([0, 100, 300]))
    assert module.timer_resolution(ticks.__next__) == pytest.approx(1e-7)


def test_the_megabyte_is_one() -> None:
    assert sum(map(len, module._texts())) == 1_000_000


def test_files_are_written_anew_and_whole(tmp_path: Path) -> None:
    module._write(tmp_path / "file", sync=True)
    assert (tmp_path / "file").read_bytes() == module.CONTENT
    with pytest.raises(FileExistsError):
        module._write(tmp_path / "file", sync=False)


def test_an_echo_that_went_away_is_an_error_and_no_reading() -> None:
    before = set(psutil.Process().children())
    with echo() as round_trip:
        round_trip()
        [process] = set(psutil.Process().children()) - before
        process.kill()
        with pytest.raises(ConnectionError):
            round_trip()


def test_a_process_that_does_not_end_well_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    program = module.PROCESS_START.replace("os.getpid", "os.abort")
    monkeypatch.setattr(module, "PROCESS_START", program)
    with pytest.raises(OSError, match="started by spawn ended with exit code"):
        module.process_start("spawn")
