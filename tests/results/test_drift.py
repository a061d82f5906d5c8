"""Yardstick readings: speed, drift, and ratios between machines."""

from __future__ import annotations

import pytest

from concurbench.results import drift
from concurbench.results.drift import Summary


def readings(*seconds: float) -> list[list[float]]:
    """One reading per second."""
    return [[float(moment), reading] for moment, reading in enumerate(seconds)]


def test_a_summary_has_quartiles_or_the_range_of_few_readings_in_the_order_of_the_titles() -> None:
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
    ("seconds", "times"),
    [
        ([0.021] * 3 + [0.022] * 3 + [0.0273] * 3, "21.0 ms early and 27.3 ms late"),
        ([0.0273] * 3 + [0.022] * 3 + [0.021] * 3, "27.3 ms early and 21.0 ms late"),
        ([0.02] * 3 + [0.03] * 3 + [0.02] * 3, "30.0 ms midway and 20.0 ms overall"),
    ],
)
def test_a_machine_that_changed_its_speed_drifted(seconds: list[float], times: str) -> None:
    sentence = f"machine drift: pure Python loop took {times}"
    assert drift.drift({"python_loop": readings(*seconds), "c_code": readings(*[1.0] * 9)}) == [
        sentence
    ]


@pytest.mark.parametrize(
    "seconds",
    [
        [0.020] * 6 + [0.0219] * 3,
        [0.020, 0.020, 0.9] * 3,  # single disturbances
        [0.02, 0.03, 0.04, 0.05],  # too few
        [],
    ],
)
def test_a_machine_that_kept_its_speed_did_not_drift(seconds: list[float]) -> None:
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


def test_without_readings_the_speed_is_unknown() -> None:
    assert drift.speed_near({}, 0.0, 1.0) is None


def test_machines_are_compared_by_yardsticks_that_both_have() -> None:
    base = {"python_loop": readings(1.0, 2.0, 3.0), "process_start_fork": readings(1.0)}
    head = {"python_loop": readings(3.0), "process_start_spawn": readings(1.0)}
    assert drift.relative(base, head) == {"python_loop": 1.5}
