"""What units are called, by what the recorder noted of them."""

from __future__ import annotations

import pytest

from concurbench.trace.unit import Unit, Units

MAIN = 100
"""The id of the process that everything begins in."""


@pytest.mark.parametrize(
    ("noted", "name"),
    [
        ((MAIN, 0, 100, True, None), "main thread"),
        ((MAIN, 0, 101, False, None), "thread 1"),
        ((MAIN, 3, 101, False, None), "interpreter 1"),
        ((200, 0, 200, True, None), "process 1"),
        ((200, 0, 201, False, None), "process 1, thread 1"),
        ((200, 2, 201, False, None), "process 1, interpreter 1"),
        ((MAIN, 0, 100, True, 7777), "main thread, task 1"),
        ((200, 0, 201, False, 7777), "process 1, thread 1, task 1"),
    ],
)
def test_a_unit_is_called_by_all_that_it_is_in(noted: tuple[int | bool | None, ...], name: str) -> None:
    assert str(Units(MAIN).named(noted)) == name


def test_units_are_numbered_as_they_come_whatever_their_ids() -> None:
    units = Units(MAIN)
    threads = [units.named((MAIN, 0, thread, False, None)) for thread in (90, 50, 90, 70)]
    assert [str(unit) for unit in threads] == ["thread 1", "thread 2", "thread 1", "thread 3"]
    processes = [units.named((process, 0, process, True, None)) for process in (9, 5, 9)]
    assert [str(unit) for unit in processes] == ["process 1", "process 2", "process 1"]


def test_threads_are_counted_in_each_process_and_interpreters_too() -> None:
    units = Units(MAIN)
    noted = [
        (5, 0, 51, False),
        (6, 0, 61, False),
        (6, 0, 62, False),
        (5, 4, 52, False),
        (6, 4, 63, False),
    ]
    assert [str(units.named((*unit, None))) for unit in noted] == [
        "process 1, thread 1",
        "process 2, thread 1",
        "process 2, thread 2",
        "process 1, interpreter 1",
        "process 2, interpreter 1",
    ]


def test_tasks_are_counted_in_each_thread() -> None:
    units = Units(MAIN)
    noted = [(100, True, 8), (100, True, 9), (101, False, 8), (100, True, 8), (101, False, 7)]
    assert [units.named((MAIN, 0, *unit)) for unit in noted] == [
        Unit("main thread", 1),
        Unit("main thread", 2),
        Unit("thread 1", 1),
        Unit("main thread", 1),
        Unit("thread 1", 2),
    ]
