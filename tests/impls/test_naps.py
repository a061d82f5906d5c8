"""Tasks that only wait: correct answers, in the promised order, bounded by the workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import impls
from impls import naps
from impls.naps import Job, Results, Task
from tests.probe import Probe, peak, times_tested

MODELS = impls.models("naps")

Run = Callable[..., Results]

every_model = pytest.mark.parametrize(
    ("workload", "name"), [pytest.param("naps", model.name, id=model.name) for model in MODELS]
)


def job(*seconds: Any) -> Job:
    """Tasks with naps of these seconds, and a limit of 0."""
    return Job(tuple(Task(number, each) for number, each in enumerate(seconds)), limit=0.0)


def results(*came: tuple[int, float], in_order: bool = False) -> Results:
    """Results from pairs: a value, and the seconds after which the caller got it."""
    made = Results(in_order=in_order)
    made.values = [value for value, _ in came]
    made.times = [made.started + after for _, after in came]
    return made


@every_model
def test_every_task_has_a_result_in_the_promised_order(
    run: Run, capfd: pytest.CaptureFixture[str], nothing_left: None
) -> None:
    given = job(0.03, 0.0, 0.01, 0.0, 0.0)
    naps.check(given, run(given, workers=2))
    assert capfd.readouterr() == ("", "")


@every_model
def test_results_come_as_they_are_ready_unless_an_order_is_promised(run: Run, name: str) -> None:
    got = run(job(0.5, 0.0, 0.0), workers=impls.find("naps", name).workers or 2)
    first, *_ = got.values
    assert got.in_order is (name in IN_ORDER)
    assert (first == 0) is got.in_order


IN_ORDER = {
    "asyncio_gather", "asyncio_taskgroup", "multiprocess", "sequential", "threaded",
    "threaded_buffersize",
}  # fmt: skip


class Watched:
    """A task that records its nap: from the first read of ``seconds`` to that of ``answer``."""

    def __init__(self, number: int, seen: list[int]) -> None:
        self.number = number
        self.seen = seen

    @property
    def seconds(self) -> float:
        self.seen.append(1)
        return 0.02

    @property
    def answer(self) -> int:
        self.seen.append(-1)
        return self.number * 10


@every_model
@pytest.mark.parametrize("workers", [1, 3])
def test_at_most_as_many_tasks_nap_at_once_as_there_are_workers(
    run: Run, name: str, workers: int, tmp_path: Path
) -> None:
    if name == "multiprocess":
        tasks: Any = tuple(ProbedTask(number, tmp_path) for number in range(8))
        run(Job(tasks, 0.0), workers=workers)
        assert times_tested(tmp_path) == 8
        assert 1 <= peak(tmp_path) <= workers
        return
    seen: list[int] = []
    tasks = tuple(Watched(number, seen) for number in range(12))
    assert len(run(Job(tasks, 0.0), workers=workers).values) == 12
    going_on = [sum(seen[:count]) for count in range(len(seen) + 1)]
    assert len(seen) == 24
    assert max(going_on) == (1 if name == "sequential" else workers)


class ProbedTask:
    """A task that records its nap in any process."""

    def __init__(self, number: int, folder: Path) -> None:
        self.number = number
        self.probe = Probe(folder)

    @property
    def seconds(self) -> float:
        return 0.0 if self.probe < 2 else 1.0

    @property
    def answer(self) -> int:
        return self.number * 10


@every_model
def test_an_error_in_a_nap_reaches_the_caller_and_leaves_nothing_behind(
    run: Run, nothing_left: None
) -> None:
    before, *after = job(0.0, 0.0, 0.0, 0.0).tasks
    with pytest.raises((ArithmeticError, ExceptionGroup)) as caught:
        run(Job((before, Failing(1, 0.0), *after), 0.0), workers=2)
    error: BaseException = caught.value
    while isinstance(error, ExceptionGroup):
        [error] = set(error.exceptions)
    assert isinstance(error, ArithmeticError)


class Failing(Task):
    """A task without an answer."""

    @property
    def answer(self) -> int:
        raise ArithmeticError


RIGHT = ((0, 0.3), (10, 0.4), (20, 0.5))


def test_correct_results_pass() -> None:
    naps.check(job(0.3, 0.2, 0.1), results(*RIGHT, in_order=True))
    naps.check(job(0.3, 0.2, 0.1), results((20, 0.1), (0, 0.3), (10, 0.3)))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (None, "expected Results, got NoneType"),
        (results(*RIGHT[:2]), "expected 3 results, got 2"),
        (results(*RIGHT, RIGHT[0]), "expected 3 results, got 4"),
        (results(*RIGHT[:2], RIGHT[1]), "result 2: unexpected or repeated value 10"),
        (results(*RIGHT[:2], (30, 0.5)), "result 2: unexpected or repeated value 30"),
        (results((0, 0.29), *RIGHT[1:]), r"result 0: came after 0.2900 s, its nap is 0.3 s"),
        (
            results((10, 0.3), (0, 0.3), RIGHT[2], in_order=True),
            r"result 0: expected 0 \(in order\), got 10",
        ),
    ],
)
def test_wrong_results_are_rejected(wrong: object, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        naps.check(job(0.3, 0.2, 0.1), wrong)


def test_the_metrics_are_first_result_order_and_cost_per_task() -> None:
    given = Job(job(0.0, 0.0, 0.0, 0.0).tasks, limit=2.0)
    measured = naps.metrics(given, results((20, 0.5), (0, 1.0), (30, 1.5), (10, 2.5)), 3.0)
    assert measured == pytest.approx({"first_result": 0.5, "in_order": 0.5, "overhead": 0.25})
    assert measured.keys() == naps.METRICS.keys()


def test_the_order_metric_is_one_if_all_results_come_in_order() -> None:
    given = job(0.0, 0.0)
    assert naps.metrics(given, results((0, 0.1), (10, 0.1)), 1.0)["in_order"] == 1.0
    assert naps.metrics(given, results((10, 0.1), (0, 0.1)), 1.0)["in_order"] == 0.5


@pytest.mark.parametrize(
    ("seconds", "workers", "best"),
    [
        ((0, 1, 2, 3, 4), 3, 5),  # the busiest worker naps for 1 + 4
        ((4, 3, 2, 1, 0), 3, 4),  # the first task is the longest
        ((1,) * 10, 4, 3),
        ((1, 2, 3), 1, 6),
        ((1, 2), 5, 2),
    ],
)
def test_the_limit_assumes_that_a_free_worker_takes_the_next_task(
    seconds: tuple[float, ...], workers: int, best: float
) -> None:
    assert naps.limit(job(*seconds).tasks, workers) == best


def test_the_case_of_five_tasks_has_these_naps() -> None:
    case = naps.CASES["tasks_5"]
    assert [task.answer for task in case.tasks] == [0, 10, 20, 30, 40]
    assert [task.seconds for task in case.tasks] == [naps.UNIT * n for n in range(5)]
    assert case.workers == 3
    longest_first = naps.CASES["tasks_5_longest_first"]
    assert longest_first.naps == case.naps[::-1]
    assert longest_first.workers == 3


def test_the_naps_of_each_large_case_have_the_same_sum() -> None:
    large = [case for case in naps.CASES.values() if case.items > 5]
    assert [case.items for case in large] == [10, 1_000, 10_000, 100_000]
    for case in large:
        assert naps.limit(case.tasks, case.workers) == pytest.approx(naps.TOGETHER)
