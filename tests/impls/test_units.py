"""Units of execution: the requested number is up at the same time, and all of them end."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

import impls
from benchmarks import weighing
from impls import units
from impls.units import Job, Life
from tests.conftest import Suite

MODELS = impls.models("units")

Run = Callable[..., Life]

every_model = pytest.mark.parametrize(
    ("workload", "name"), [pytest.param("units", model.name, id=model.name) for model in MODELS]
)

TRIES = 5


@every_model
@pytest.mark.parametrize("count", [1, 3])
def test_all_units_run_at_once_and_then_end(
    run: Run, count: int, capfd: pytest.CaptureFixture[str], nothing_left: None
) -> None:
    times_up: list[int] = []
    job = Job(count, when_up=lambda: times_up.append(1))
    life = run(job, workers=count)
    units.check(job, life)
    assert times_up == [1]
    assert life.started <= life.up <= life.signalled <= life.joined
    assert capfd.readouterr() == ("", "")


@every_model
def test_units_are_what_the_model_is_named_after(run: Run, name: str) -> None:
    run(Job(1), workers=1)  # the fork server is no unit
    count = COUNTED[name.partition("_")[0]]
    seen = [count()]
    run(Job(3, when_up=lambda: seen.append(count())), workers=3)
    assert seen[1] - seen[0] == 3


def processes() -> int:
    return len(psutil.Process().children(recursive=True))


def interpreters() -> int:
    from concurrent import interpreters  # type: ignore[attr-defined]  # from 3.14 on

    return len(interpreters.list_all())


def asyncio_tasks() -> int:
    try:
        return len(asyncio.all_tasks()) - 1  # without the task that starts them
    except RuntimeError:  # no loop
        return 0


def trio_tasks() -> int:
    import trio

    try:
        return len(trio.lowlevel.current_task().child_nurseries[0].child_tasks)
    except RuntimeError:  # trio does not run
        return 0


def curio_tasks() -> int:
    import gc

    import curio

    tasks = [each for each in gc.get_objects() if isinstance(each, curio.Task)]
    return len([task for task in tasks if task.coro.__name__ == "idle" and not task.terminated])


def greenlets() -> int:
    import gc

    import gevent

    return len([each for each in gc.get_objects() if isinstance(each, gevent.Greenlet) and each])


COUNTED: dict[str, Callable[[], int]] = {
    "threads": threading.active_count,
    "processes": processes,
    "subprocesses": processes,
    "interpreters": interpreters,
    "asyncio": asyncio_tasks,
    "trio": trio_tasks,
    "curio": curio_tasks,
    "gevent": greenlets,
}


@every_model
def test_an_error_while_they_are_up_reaches_the_caller_and_leaves_nothing_behind(
    run: Run, nothing_left: None
) -> None:
    def fail() -> None:
        raise ArithmeticError

    with pytest.raises((ArithmeticError, ExceptionGroup)) as caught:
        run(Job(2, when_up=fail), workers=2)
    error: BaseException = caught.value
    while isinstance(error, ExceptionGroup):
        [error] = error.exceptions
    assert isinstance(error, ArithmeticError)


def life(*who: object) -> Life:
    """The life of units with these identities, without meaningful times."""
    made = Life(Job(len(who)))
    made.all_up(who)
    return made.all_gone()


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda: None, "expected Life, got NoneType"),
        (lambda: Life(Job(2)), "the units were never up"),
        (lambda: life(1), "expected 2 different units, got 1"),
        (lambda: life(1, 1), "expected 2 different units, got 1"),
        (lambda: life(1, 2, 3), "expected 2 different units, got 3"),
        (lambda: life(1, 2, 2), "expected 2 units, got 3"),
    ],
)
def test_wrong_lifetimes_are_rejected(wrong: Callable[[], Any], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        units.check(Job(2), wrong())


def test_units_that_never_ended_are_rejected() -> None:
    unended = Life(Job(2))
    unended.all_up([1, 2])
    with pytest.raises(AssertionError, match="the units never ended"):
        units.check(Job(2), unended)


def test_the_metrics_are_per_unit_and_exclude_the_work_while_all_run() -> None:
    made = life(*range(4))
    made.started, made.up, made.signalled, made.joined = 10.0, 12.0, 500.0, 501.0
    assert units.metrics(Job(4), made, 491.0) == {"start": 0.5, "join": 0.25}
    assert units.METRICS.keys() == {"start", "join", "memory"}  # the benchmark measures memory once


def test_the_memory_of_a_process_is_measured() -> None:
    size = 100_000_000

    def weighed() -> int:
        before = weighing.held()
        taken = bytearray(b"x") * size
        after = weighing.held()
        del taken
        return after - before

    # When a process of another test ends, this process gets a larger part of their shared pages.
    assert any(weighed() == pytest.approx(size, rel=0.1) for _ in range(TRIES))


def test_a_shared_page_is_divided_between_processes_if_the_system_reports_it() -> None:
    process: Any = SimpleNamespace(memory_full_info=lambda: SimpleNamespace(pss=3, uss=2))
    assert weighing._of(process) == (3 if psutil.LINUX else 2)


def test_memory_is_per_unit_beyond_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = iter([999, 1_000, 1_600])  # the warm-up, one unit, four units
    monkeypatch.setattr(weighing, "held", lambda: next(readings))
    assert weighing.measure("threads", 3) == 200.0


def test_a_negative_difference_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([999, 1_000, 900])
    monkeypatch.setattr(weighing, "held", lambda: next(readings))
    assert weighing.measure("threads", 1) == 0.0


def weighed(model: str, units: int, between: tuple[int, int]) -> bool:
    """Whether the bytes per unit are in this range in one of several tries.

    Each new Python process takes a part of the pages that it shares, and so disturbs the result.
    """
    low, high = between
    return any(low < weighing.weigh(model, units) < high for _ in range(TRIES))


def test_a_hundred_tasks_do_not_fit_into_memory_freed_by_imports() -> None:
    assert weighed("asyncio_tasks", 100, between=(500, 5_000))


def test_memory_is_measured_in_a_separate_process() -> None:
    assert weighed("threads", 20, between=(1_000, 100_000))
    assert weighed("processes_fork", 5, between=(100_000, 100_000_000))


def test_processes_of_a_fork_server_are_measured_too() -> None:
    if not hasattr(os, "fork"):
        pytest.skip("no fork server here")
    assert weighed("processes_forkserver", 5, between=(100_000, 100_000_000))


def test_a_row_saves_the_memory_of_its_units_and_the_kind_of_memory(checkout: Suite) -> None:
    checkout.add_workload("units")
    checkout.write(
        "benchmarks/weighing.py",
        """
        KIND = "scales"

        def weigh(model, units):
            return {"threads": 7000.0}[model] + units

        def measure(): ...

        def fill(): ...
        """,
    )
    checkout.run("--models=threads", "--cases=one", "--workers=1", "--benchmark-save=kept")
    [row] = checkout.load("kept.json")["benchmarks"]
    memory = row["extra_info"]["metrics"]["memory"]
    assert memory == {"unit": "B", "better": "lower", "values": [7001.0]}
    assert row["extra_info"]["memory_is"] == "scales"
