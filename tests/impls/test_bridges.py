"""Blocking calls from a coroutine: the check, the metrics, and every model."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import impls
from impls import bridges
from impls.bridges import Heart, Job, Served
from tests.errors import leaves
from tests.probe import Probe, peak, times_tested

OWN_BOUND = {model.name for model in impls.models("bridges") if model.workers is not None}
each_model = pytest.mark.parametrize("name", [model.name for model in impls.models("bridges")])
BEATS = [1.0, 1.5, 1.75]


@pytest.fixture
def workload() -> str:
    return "bridges"


def answer_with(number: int) -> int:
    return number


def ask(folder: Path, number: int) -> int:
    """A call that leaves a record."""
    assert Probe(folder) < number
    return number


def fail(number: int) -> int:
    if number == 2:
        raise LookupError(number)
    return number


def test_each_cpu_bound_call_returns_the_sum_of_squares() -> None:
    assert [bridges.compute(number) for number in (0, 1, 2, 5)] == [0, 0, 1, 30]
    assert bridges.expected(Job(bridges.compute, (0, 1, 2, 5))) == [0, 0, 1, 30]


def test_every_case_has_an_even_count_of_calls() -> None:
    assert [case.items % 2 for case in bridges.CASES.values()] == [0, 0]


@pytest.mark.parametrize(
    ("results", "beats", "complaint"),
    [
        ([7, 8, 9], BEATS, "expected 2 results, got 3"),
        ([7, 9], BEATS, "call with 8: expected 8, got 9"),
        ([8, 7], BEATS, "call with 7: expected 7, got 8"),
        ([7, 8], [1.0], "start and end of the work"),
        ([7, 8], [1.0, 3.0, 2.0], "not in order of time"),
        ([7, 8], [1.0, 1.0], "all beats have the same time"),
    ],
)
def test_a_wrong_answer_is_rejected(results: list[int], beats: list[float], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        bridges.check(Job(answer_with, (7, 8)), Served(results, beats))


def test_an_answer_of_another_type_is_rejected() -> None:
    with pytest.raises(AssertionError, match="got list"):
        bridges.check(Job(answer_with, (7, 8)), [7, 8])


def test_the_longest_stall_is_the_longest_gap_between_two_beats() -> None:
    served = Served([7, 8, 9], [1.0, 1.5, 1.75, 3.0, 3.25])
    assert bridges.metrics(Job(answer_with, (7, 8, 9)), served, 0.5) == {
        "stood_still": 1.25,
        "throughput": 6.0,
    }


def test_the_start_and_the_end_of_the_work_are_beats() -> None:
    assert bridges.stood_still([0.0, 4.0, 5.0]) == 4.0
    assert bridges.stood_still([0.0, 1.0, 5.0]) == 4.0


def test_a_heart_beats_only_while_there_is_work() -> None:
    async def work() -> tuple[list[float], int]:
        async with Heart() as heart:
            while len(heart.beats) < 4:
                await asyncio.sleep(bridges.PULSE)
        beats = len(heart.beats)
        await asyncio.sleep(3 * bridges.PULSE)
        return heart.beats, beats

    beats, when_done = asyncio.run(work())
    assert len(beats) == when_done == 5
    assert beats == sorted(beats)


def test_a_heart_does_not_beat_while_a_call_blocks_its_loop() -> None:
    async def work() -> list[float]:
        async with Heart() as heart:
            time.sleep(3 * bridges.PULSE)
        return heart.beats

    assert len(asyncio.run(work())) == 2


def test_a_heart_beats_with_the_sleep_of_any_loop() -> None:
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 3:
            raise StopAsyncIteration

    heart = Heart()
    living: Awaitable[None] = heart.beat(sleep)
    with pytest.raises((StopAsyncIteration, RuntimeError)):
        asyncio.run(_finish(living))
    assert asked == [bridges.PULSE] * 3
    assert len(heart.beats) == 3


async def _finish(awaitable: Awaitable[None]) -> None:
    await awaitable


@each_model
@pytest.mark.parametrize("call", [bridges.wait, bridges.compute], ids=["waiting", "computing"])
def test_it_makes_every_call_and_leaves_nothing_behind(
    run: Callable[..., Any],
    call: Callable[[int], int],
    no_idle_threads: None,
    nothing_left: None,
    capfd: pytest.CaptureFixture[str],
) -> None:
    job = Job(call, (5, 3, 4, 0))
    served = run(job, workers=2)
    bridges.check(job, served)
    assert capfd.readouterr() == ("", "")


@each_model
@pytest.mark.parametrize("workers", [1, 2])
def test_it_has_no_more_calls_in_flight_than_its_workers(
    run: Callable[..., Any], workers: int, no_idle_threads: None, tmp_path: Path
) -> None:
    numbers = tuple(range(1, 7))
    job = Job(functools.partial(ask, tmp_path), numbers)
    assert run(job, workers=workers).results == list(numbers)
    assert times_tested(tmp_path) == len(numbers)
    assert peak(tmp_path) <= workers


@each_model
def test_an_error_in_a_call_reaches_the_caller_and_leaves_nothing_behind(
    run: Callable[..., Any], no_idle_threads: None, nothing_left: None
) -> None:
    with pytest.raises((LookupError, ExceptionGroup)) as caught:
        run(Job(fail, (1, 2, 3, 4)), workers=2)
    assert {type(error) for error in leaves(caught.value)} == {LookupError}


@pytest.mark.parametrize("name", sorted(OWN_BOUND))
def test_blocking_calls_run_one_after_the_other(run: Callable[..., Any], tmp_path: Path) -> None:
    run(Job(functools.partial(ask, tmp_path), (1, 2, 3)), workers=3)
    assert peak(tmp_path) == 1


def test_blocking_calls_allow_no_beat_in_between() -> None:
    beats = impls.load("bridges", "blocking")(Job(bridges.wait, (1, 2)), workers=1).beats
    # On a busy machine the heart may beat once before the calls and once after them.
    assert bridges.stood_still(beats) >= 2 * bridges.WAIT


@pytest.mark.parametrize("name", ["blocking_in_turns"])
def test_with_a_turn_of_the_loop_between_blocking_calls_the_heart_beats(
    run: Callable[..., Any],
) -> None:
    # A task that sleeps needs three turns to beat: its time has come, it is woken, it runs.
    beats = run(Job(bridges.wait, tuple(range(8))), workers=1).beats
    assert 2 < len(beats) < 8
