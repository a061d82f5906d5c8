"""How a row is measured: through pytest-benchmark's fixture, with a timer that counts."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from concurbench.measure import rounds
from concurbench.measure.fingerprint import fingerprint


@pytest.mark.parametrize(
    ("seconds", "planned"),
    [(1e-6, rounds.MOST), (0.2, 15), (0.3, 10), (1.4, 3), (100.0, 2)],
)
def test_slow_rows_get_few_rounds_and_never_less_than_two(seconds: float, planned: int) -> None:
    assert rounds.ALONE.rounds(seconds) == planned


def test_a_row_may_be_given_less_time_or_more() -> None:
    assert rounds.Plan(seconds=0.5, fewest=2).rounds(0.1) == 5
    assert rounds.Plan(seconds=15.0, fewest=2).rounds(5.0) == 3


def test_in_a_pass_of_several_one_round_is_enough() -> None:
    assert rounds.ONE_OF_SEVERAL.rounds(100.0) == 1


class Recorder:
    """Stands in for pytest-benchmark's fixture; notes what is called within the timing."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.calls: list[str] = []

    def pedantic(self, target: Any, setup: Any = None, teardown: Any = None, rounds: int = 1) -> None:
        for _ in range(rounds if setup else 0):
            args, kwargs = setup()
            self.calls.append("start")
            target(*args, **kwargs)
            self.calls.append("stop")
            teardown(*args, **kwargs)


def measured(recorder: Recorder, answer: int = 1) -> list[str]:
    calls = recorder.calls

    def setup() -> int:
        calls.append("setup")
        return 1

    def run(job: int) -> int:
        calls.append("run")
        return answer

    def check(job: int, got: int) -> None:
        calls.append("check")
        assert got == job, "wrong"

    rounds.measure(
        recorder,  # type: ignore[arg-type]  # a stand-in
        run,
        rounds.Rounds(setup, check),
    )
    return calls


def test_each_round_starts_from_nothing_and_is_checked_outside_the_timing() -> None:
    calls = measured(Recorder())
    untimed, one_round = ["setup", "run", "check"], ["setup", "start", "run", "stop", "check"]
    assert calls == untimed + rounds.MOST * one_round


def test_a_disabled_benchmark_is_run_once_and_checked() -> None:
    assert measured(Recorder(enabled=False)) == ["setup", "run", "check"]


def test_a_wrong_answer_ends_the_row_before_anything_is_timed() -> None:
    recorder = Recorder()
    with pytest.raises(AssertionError, match="wrong"):
        measured(recorder, answer=2)
    assert "start" not in recorder.calls


def test_what_else_a_round_shows_is_kept_of_those_that_count() -> None:
    kept: rounds.Rounds[int, int] = rounds.Rounds(
        setup=lambda: 1,
        check=lambda job, answer: None,
        observe=lambda job, answer, seconds: {"answer": answer, "positive": seconds > 0},
    )
    answers = iter(range(1000))
    rounds.measure(Recorder(), lambda job: next(answers), kept)  # type: ignore[arg-type]  # a stand-in
    # Not of the first, which is not timed.
    assert [each["answer"] for each in kept.observed] == list(range(1, rounds.MOST + 1))
    assert all(each["positive"] for each in kept.observed)


def test_of_a_disabled_benchmark_the_one_round_shows_it() -> None:
    kept: rounds.Rounds[int, int] = rounds.Rounds(
        setup=lambda: 1,
        check=lambda job, answer: None,
        observe=lambda job, answer, seconds: {"answer": answer},
    )
    rounds.measure(Recorder(enabled=False), lambda job: 5, kept)  # type: ignore[arg-type]  # a stand-in
    assert kept.observed == [{"answer": 5}]


class Knot:
    """Refers to itself: only the garbage collector ends it."""

    def __init__(self) -> None:
        self.myself = self


def test_no_round_has_garbage_of_another_or_of_what_was_there_before() -> None:
    knots: list[weakref.ref[Knot]] = []
    left = []

    def tie() -> None:
        knots.append(weakref.ref(Knot()))

    def run(job: int) -> int:
        left.append((sum(knot() is not None for knot in knots), gc.get_freeze_count() > frozen))
        tie()
        return job

    before, frozen = gc.isenabled(), gc.get_freeze_count()
    gc.disable()  # nothing collects by chance
    try:
        tie()
        kept: rounds.Rounds[int, int] = rounds.Rounds(setup=lambda: 1, check=lambda job, answer: None)
        rounds.measure(Recorder(), run, kept)  # type: ignore[arg-type]  # a stand-in
    finally:
        if before:
            gc.enable()
    assert left == [(0, True)] * (1 + rounds.MOST)
    assert gc.get_freeze_count() == 0


class AioRecorder(Recorder):
    """Stands in for the fixture aio_benchmark."""

    async def pedantic(  # type: ignore[override]  # it is awaited
        self, target: Any, setup: Any = None, teardown: Any = None, rounds: int = 1
    ) -> None:
        for _ in range(rounds if setup else 0):
            args, kwargs = setup()
            self.calls.append("start")
            await target(*args, **kwargs)
            self.calls.append("stop")
            teardown(*args, **kwargs)


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_coroutine_is_measured_in_the_same_way(enabled: bool) -> None:
    recorder = AioRecorder(enabled=enabled)
    calls = recorder.calls

    async def run(job: int) -> int:
        calls.append("run")
        return job

    def setup() -> int:
        calls.append("setup")
        return 1

    kept: rounds.Rounds[int, int] = rounds.Rounds(
        setup, check=lambda job, answer: calls.append("check")
    )
    await rounds.measure_in_loop(recorder, run, kept)  # type: ignore[arg-type]  # a stand-in
    assert calls == measured(Recorder(enabled=enabled))


def one(number: int) -> int:
    return number


def other(number: int) -> int:
    return number + 1


def test_a_fingerprint_changes_with_each_part_and_with_nothing_else() -> None:
    same = fingerprint("question", 1, b"x", one)
    assert same == fingerprint("question", 1, b"x", one)
    assert (
        len({same, fingerprint("question", 2, b"x", one), fingerprint("question", 1, b"x", other)}) == 3
    )
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
