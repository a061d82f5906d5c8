"""The spinner workload: the check, the metrics, and every model."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

import impls
from impls import spinner
from tests.impls.test_workloads import miller_rabin

WAITING = spinner.Job(number=47, interval=0.002, nap=0.01)
COMPUTING = spinner.Job(number=10_007, interval=0.1)
NAPPING = spinner.Job(number=10_007, interval=0.1, nap=0.0, stretch=10)

IN_THE_LOOP = ("asyncio_task", "trio_nursery")
"""The models whose slow part runs in the event loop."""

Run = Callable[..., Any]

each_model = pytest.mark.parametrize(
    ("workload", "name"),
    [pytest.param("spinner", model.name, id=model.name) for model in impls.models("spinner")],
)


@pytest.mark.parametrize("case", spinner.CASES.values(), ids=spinner.CASES)
def test_the_numbers_of_the_cases_are_prime(case: spinner.Case) -> None:
    assert case.job.prime
    assert miller_rabin(case.job.number)


def test_the_large_number_has_sixteen_digits() -> None:
    assert len(str(spinner.LARGE)) == 16


PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]


@pytest.mark.parametrize("stretch", [None, 1, 2])
def test_the_slow_part_finds_primes_in_stretches_of_any_length(stretch: int | None) -> None:
    jobs = {number: spinner.Job(number, 0.1, nap=0.0, stretch=stretch) for number in range(-3, 31)}
    # Negative numbers are left out: they have no square root.
    found = [number for number, job in jobs.items() if number >= 0 and spinner.slow(job)]
    assert found == PRIMES

    async def find() -> list[int]:
        tested = {n: await spinner.slow_async(job, asyncio.sleep) for n, job in jobs.items() if n >= 0}
        return [number for number, prime in tested.items() if prime]

    assert asyncio.run(find()) == PRIMES


@pytest.mark.parametrize(
    ("job", "naps"),
    [(replace(WAITING), [0.01]), (COMPUTING, []), (NAPPING, [0.0] * 5)],
    ids=["waiting", "computing", "napping"],
)
def test_the_slow_part_naps_after_each_stretch(
    job: spinner.Job, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    assert spinner.slow(job)
    assert slept == naps
    awaited: list[float] = []

    async def sleep(seconds: float) -> None:
        awaited.append(seconds)

    assert asyncio.run(spinner.slow_async(job, sleep))
    assert awaited == naps


JOB = spinner.Job(number=47, interval=1.0, nap=4.5)
GOOD = spinner.Seen(True, 100.0, (100.0, 101.0, 102.0, 103.0, 104.0), 104.5, 104.75)


def test_possible_frames_pass() -> None:
    spinner.check(JOB, GOOD)
    spinner.check(JOB, replace(GOOD, frames=()))  # the number of frames is measured, not checked


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (True, "expected Seen, got bool"),
        (replace(GOOD, answer=False), "47: expected True, got False"),
        (replace(GOOD, answer=1), "47: expected True, got 1"),  # type: ignore[arg-type]  # the wrong type is the point
        (replace(GOOD, stopping=103.0), "the slow part took 3.000 s, less than its nap of 4.5 s"),
        (replace(GOOD, stopped=104.4), "the spinner ended before it was asked to stop"),
        (replace(GOOD, frames=(101.0, 102.0, 101.5)), "frame 2 of 3: before the previous one"),
        (replace(GOOD, frames=(99.0,)), "frame 0 of 1: before the previous one"),
        (replace(GOOD, frames=(101.0, 105.0)), "frame 2 of 2: before the previous one"),
    ],
)
def test_impossible_frames_are_rejected(wrong: object, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        spinner.check(JOB, wrong)


@pytest.mark.parametrize(
    ("frames", "longest_gap", "frames_shown"),
    [
        ((100.0, 101.0, 102.0, 103.0, 104.0), 1.0, 1.0),
        ((100.0, 101.0, 103.5, 104.0), 2.5, 0.8),
        ((102.0, 103.0, 104.0), 2.0, 0.6),  # the first frame is late
        ((100.0, 101.0), 3.5, 0.4),  # no more frames before the end
        ((), 4.5, 0.0),
        ((104.6,), 4.5, 0.0),  # a frame after the end comes too late
    ],
)
def test_gaps_count_from_the_beginning_to_the_end(
    frames: tuple[float, ...], longest_gap: float, frames_shown: float
) -> None:
    measured = spinner.metrics(JOB, replace(GOOD, frames=frames), 99.0)
    assert measured == {
        "longest_gap": pytest.approx(longest_gap),
        "frames_shown": pytest.approx(frames_shown),
        "stopping": pytest.approx(0.25),
    }
    assert measured.keys() == spinner.METRICS.keys()


@each_model
@pytest.mark.parametrize("job", [WAITING, COMPUTING, NAPPING], ids=["waiting", "computing", "napping"])
def test_a_model_waits_for_the_slow_part(
    run: Run, job: spinner.Job, nothing_left: None, capfd: pytest.CaptureFixture[str]
) -> None:
    spinner.check(job, run(job, workers=1))
    assert capfd.readouterr() == ("", "")


@each_model
def test_a_model_recognizes_a_composite_number(run: Run) -> None:
    job = replace(COMPUTING, number=10_001, prime=False)
    spinner.check(job, run(job, workers=1))


@each_model
def test_an_error_in_the_slow_part_reaches_the_caller_and_leaves_nothing_behind(
    run: Run, nothing_left: None
) -> None:
    with pytest.raises((TypeError, ExceptionGroup)) as raised:
        run(replace(COMPUTING, number="x"), workers=1)  # type: ignore[arg-type]  # the wrong type is the point
    if isinstance(raised.value, ExceptionGroup):
        assert raised.group_contains(TypeError)


@each_model
def test_a_model_has_one_slow_part_and_one_spinner(workload: str, name: str) -> None:
    assert impls.find(workload, name).workers == 1


@each_model
def test_a_spinner_spins_while_the_slow_part_waits(run: Run) -> None:
    # The first nap is long enough unless the process in which the frames are drawn is late.
    naps = (0.3, 1.0, 3.0, 10.0)
    jobs = (spinner.Job(number=47, interval=0.01, nap=nap) for nap in naps)
    assert any(len(run(job, workers=1).frames) > 1 for job in jobs)


@pytest.mark.parametrize(("workload", "name"), [("spinner", name) for name in IN_THE_LOOP])
def test_a_blocking_call_allows_no_frame_before_the_slow_part_naps(run: Run) -> None:
    # A cancelled task of trio still runs up to its first await: its frame comes after the end.
    computing, napping = run(COMPUTING, workers=1), run(NAPPING, workers=1)
    assert [frame for frame in computing.frames if frame <= computing.stopping] == []
    assert [frame for frame in napping.frames if frame <= napping.stopping] != []


@pytest.mark.parametrize(("workload", "name"), [("spinner", name) for name in IN_THE_LOOP])
def test_the_asynchronous_slow_part_never_blocks_its_thread_to_nap(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("the loop stands still"))
    run(WAITING, workers=1)


@each_model
def test_a_spinner_has_stopped_when_the_model_returns(
    run: Run, workload: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set(threading.enumerate())
    seen: list[tuple[str, object]] = []

    def others() -> object:
        """The tasks, threads and processes beside the model."""
        if name.startswith("asyncio"):
            return asyncio.all_tasks() - {asyncio.current_task()}
        return {*threading.enumerate()} - threads | {*multiprocessing.active_children()}

    class RecordedScreen(spinner.Screen):
        def stop(self) -> None:
            seen.append(("stop", bool(others())))
            super().stop()

        def seen(self, answer: bool) -> spinner.Seen:
            seen.append(("ended", others()))
            return super().seen(answer)

    monkeypatch.setattr(import_module(f"impls.{workload}.{name}"), "Screen", RecordedScreen)
    run(WAITING, workers=1)
    # A nursery has no list of its tasks, but its block ends only after all of them.
    assert seen == [("stop", name != "trio_nursery"), ("ended", set())]
