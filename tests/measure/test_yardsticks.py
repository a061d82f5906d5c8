"""What yardsticks tell of a machine, and that nothing of them stays behind."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from concurbench.measure.timing import median_of

from concurbench.measure import computing, starting, writing
from concurbench.measure.echo import Echo
from concurbench.measure.yardsticks import EVERY, Yardsticks
from concurbench.results import drift
from concurbench.results.drift import TITLES, Summary


def fake_clock(*durations: float) -> Iterator[float]:
    """The moments at which works begin and end that take so long."""
    now = 0.0
    for duration in durations:
        yield now
        now += duration
        yield now


def readings(*seconds: float) -> list[list[float]]:
    """One a second."""
    return [[float(moment), reading] for moment, reading in enumerate(seconds)]


# -- readings ------------------------------------------------------------------------------------------


def test_a_whole_sweep_reads_every_yardstick_and_leaves_nothing_behind(tmp_path: Path) -> None:
    methods = multiprocessing.get_all_start_methods()
    lacking = {f"process_start_{name}" for name in ("fork", "forkserver", "spawn")} - {
        f"process_start_{name}" for name in methods
    }
    before, main = set(psutil.Process().children(recursive=True)), sys.modules["__main__"]
    with Yardsticks(tmp_path / "not" / "there") as yardsticks:
        yardsticks.sweep(whole=True)
    assert not yardsticks.lost
    assert yardsticks.readings.keys() == TITLES.keys() - lacking
    for [[moment, seconds]] in yardsticks.readings.values():
        assert moment >= 0
        assert seconds > 0
    assert json.loads(json.dumps(yardsticks.readings)) == yardsticks.readings
    assert set(psutil.Process().children(recursive=True)) <= before
    assert not list(tmp_path.iterdir())
    assert sys.modules["__main__"] is main


def test_processes_start_in_turn_and_only_every_few_sweeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "methods", lambda: ["fork", "spawn"])
    started: list[str] = []

    def process_start(method: str) -> float:
        started.append(method)
        return 0.001

    monkeypatch.setattr(starting, "process_start", process_start)
    yardsticks = Yardsticks(tmp_path)
    yardsticks._cheap = {"python_loop": lambda: 0.002}
    for _ in range(3 * EVERY):
        yardsticks.sweep()
    assert started == ["fork", "spawn", "fork"]
    assert len(yardsticks.readings["python_loop"]) == 3 * EVERY


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
    assert yardsticks.lost == {"file_write": "No space left on device"}
    assert [len(each) for each in yardsticks.readings.values()] == [1, 3]
    assert next(calls) == 2


def test_a_reading_is_the_median_of_repeats_and_no_more_than_its_budget_allows() -> None:
    clock = fake_clock(0.001, 0.0001, 0.0002)
    assert median_of(3, int, clock.__next__) == pytest.approx(0.0002)
    slow = fake_clock(5.0, 1.0)
    assert median_of(3, int, slow.__next__) == 5.0


def test_a_thread_a_core_takes_as_long_as_one_alone_where_cores_do_not_disturb_each_other() -> None:
    rates = iter([4000.0, 2000.0, 3999.0])
    assert computing.c_code_all_cores(4, lambda cores, window: next(rates)) == 4 / 3999


def test_the_resolution_is_the_smallest_step_and_not_a_standstill() -> None:
    ticks = itertools.accumulate(itertools.cycle([0, 100, 300]))
    assert computing.timer_resolution(ticks.__next__) == pytest.approx(1e-7)


def test_the_megabyte_is_one() -> None:
    assert sum(map(len, computing._texts())) == 1_000_000


def test_files_are_written_anew_and_whole(tmp_path: Path) -> None:
    writing._write(tmp_path / "file", sync=True)
    assert (tmp_path / "file").read_bytes() == writing.CONTENT
    with pytest.raises(FileExistsError):
        writing._write(tmp_path / "file", sync=False)


def test_an_echo_that_went_away_is_an_error_and_no_reading() -> None:
    with Echo() as echo:
        echo.round_trip()
        echo._process.kill()
        echo._process.wait()
        with pytest.raises(ConnectionError):
            echo.round_trip()


def test_a_process_that_does_not_end_well_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "PATIENCE", -1)  # not a moment
    with pytest.raises(RuntimeError, match="started by spawn ended with status"):
        starting.process_start("spawn")


# -- what they mean ------------------------------------------------------------------------------------


def test_a_summary_has_quartiles_or_the_range_of_few_and_keeps_the_order_of_the_titles() -> None:
    found = drift.summaries(
        {
            "timer_resolution": readings(3.0, 1.0, 2.0),
            "c_code": [],
            "python_loop": readings(1.0, 2.0, 3.0, 4.0, 5.0),
        }
    )
    assert list(found.items()) == [
        ("python_loop", Summary(3.0, 2.0, 4.0, 5)),
        ("timer_resolution", Summary(2.0, 1.0, 3.0, 3)),
    ]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([0.021] * 3 + [0.022] * 3 + [0.0273] * 3, "21.0 ms early and 27.3 ms late"),
        ([0.0273] * 3 + [0.022] * 3 + [0.021] * 3, "27.3 ms early and 21.0 ms late"),
        ([0.02] * 3 + [0.03] * 3 + [0.02] * 3, "30.0 ms midway and 20.0 ms overall"),
    ],
)
def test_a_machine_that_changed_its_speed_is_told_of(seconds: list[float], told: str) -> None:
    sentence = f"machine drift: pure Python loop took {told}"
    assert drift.drift({"python_loop": readings(*seconds), "c_code": readings(*[1.0] * 9)}) == [
        sentence
    ]


@pytest.mark.parametrize(
    "seconds",
    [
        [0.020] * 6 + [0.0219] * 3,
        [0.020, 0.020, 0.9] * 3,  # single disturbances
        [0.02, 0.03, 0.04, 0.05],  # too few to say
        [],
    ],
)
def test_a_machine_that_kept_its_speed_is_not(seconds: list[float]) -> None:
    assert drift.drift({"python_loop": readings(*seconds), "c_code": readings(*seconds)}) == []


def test_only_the_speed_of_the_cpu_drifts() -> None:
    assert drift.drift({"file_write_fsync": readings(*[1.0] * 9, *[5.0] * 9)}) == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0.2, 0.8, 1.0),
        (2.5, 2.9, 0.5),  # between two slow ones
        (1.5, 3.5, 2 / 3),  # the readings at 1, 2, 3 and 4 seconds
        (9.0, 10.0, 1.0),  # after all: the last
        (-2.0, -1.0, 1.0),  # before all: the first
    ],
)
def test_the_speed_near_a_row_is_that_of_the_readings_around_it(
    start: float, end: float, expected: float
) -> None:
    loops = {"python_loop": readings(1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0)}
    assert drift.speed_near(loops, start, end) == pytest.approx(expected)


def test_without_readings_no_speed_is_known() -> None:
    assert drift.speed_near({}, 0.0, 1.0) is None


def test_machines_are_compared_by_the_yardsticks_that_both_have() -> None:
    base = {"python_loop": readings(1.0, 2.0, 3.0), "process_start_fork": readings(1.0)}
    head = {"python_loop": readings(3.0), "process_start_spawn": readings(1.0)}
    assert drift.relative(base, head) == {"python_loop": 1.5}
