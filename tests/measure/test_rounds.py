"""How a row is measured: with a stand-in for pytest-benchmark's fixture, and without a clock."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from concurbench.measure import rounds
from concurbench.measure.rounds import Budget, Rounds
from impls import Resources
from servers import Seen


@pytest.mark.parametrize(
    ("seconds", "number"),
    [(1e-6, rounds.MAX_ROUNDS), (0.2, 15), (0.3, 10), (1.4, 3), (100.0, 2)],
)
def test_slow_rows_get_few_rounds_and_never_less_than_two(seconds: float, number: int) -> None:
    assert rounds.SESSION_BUDGET.rounds(seconds) == number


def test_a_row_may_get_more_or_less_time() -> None:
    assert Budget(seconds=0.5, min_rounds=2).rounds(0.1) == 5
    assert Budget(seconds=15.0, min_rounds=2).rounds(5.0) == 3


def test_in_a_pass_of_several_one_round_is_enough() -> None:
    assert rounds.PASS_BUDGET.rounds(100.0) == 1


class Recorder:
    """A stand-in for pytest-benchmark's fixture that notes what is called within the timing."""

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


class AioRecorder(Recorder):
    """A stand-in for the fixture aio_benchmark."""

    async def pedantic(  # type: ignore[override]  # it is awaited
        self, target: Any, setup: Any = None, teardown: Any = None, rounds: int = 1
    ) -> None:
        for _ in range(rounds if setup else 0):
            args, kwargs = setup()
            self.calls.append("start")
            await target(*args, **kwargs)
            self.calls.append("stop")
            teardown(*args, **kwargs)


@dataclass(frozen=True)
class Case:
    items: int
    scale: float = 1.0


@dataclass
class Echoes:
    """A workload: the answer to a job is the job, its number of items."""

    calls: list[str] = field(default_factory=list)
    QUESTION: str = "What?"
    CASES: Mapping[str, Any] = field(default_factory=lambda: {"few": Case(3), "many": Case(30, 10.0)})

    def job(self, case: Case, resources: Resources) -> int:
        self.calls.append("job")
        return case.items

    def check(self, job: int, answers: object) -> None:
        self.calls.append("check")
        assert answers == job, "wrong"

    def metrics(self, job: int, answers: int, seconds: float) -> dict[str, float]:
        return {"answer": answers, "positive": seconds > 0}


def measured(
    recorder: Recorder, run: Callable[..., Any] | None = None, case: str = "few", **how: Any
) -> Rounds:
    """The rounds after they were measured; calls of the workload and the model go to the recorder."""
    workload = Echoes(recorder.calls)

    def echo(job: int, *, workers: int) -> int:
        recorder.calls.append("run")
        return job

    measured = Rounds(workload, run or echo, workload.CASES[case], Resources(**how), workers=2)
    measured.measure(recorder)  # type: ignore[arg-type]  # a stand-in
    return measured


UNTIMED = ["job", "run", "check"]
ROUND = ["job", "start", "run", "stop", "check"]


def test_each_round_has_a_new_job_and_is_checked_outside_the_timing() -> None:
    recorder = Recorder()
    measured(recorder)
    assert recorder.calls == UNTIMED + rounds.MAX_ROUNDS * ROUND


def test_a_disabled_benchmark_is_run_once_in_its_own_case_and_checked() -> None:
    recorder = Recorder(enabled=False)
    kept = measured(recorder, case="many")
    assert recorder.calls == UNTIMED
    assert [each["answer"] for each in kept.observed] == [30]


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_coroutine_is_measured_in_the_same_way(enabled: bool) -> None:
    recorder, other = AioRecorder(enabled=enabled), Recorder(enabled=enabled)

    async def run(job: int, *, workers: int) -> int:
        recorder.calls.append("run")
        return job

    kept = Rounds(Echoes(recorder.calls), run, Case(3), Resources(), workers=2)
    await kept.measure_in_loop(recorder)  # type: ignore[arg-type]  # a stand-in
    measured(other)
    assert recorder.calls == other.calls


def test_a_wrong_answer_ends_the_row_before_anything_is_timed() -> None:
    recorder = Recorder()
    with pytest.raises(AssertionError, match="wrong"):
        measured(recorder, run=lambda job, workers: job + 1)
    assert "start" not in recorder.calls


def test_metrics_of_the_untimed_round_do_not_count() -> None:
    kept = measured(Recorder(), case="many")
    assert [each["answer"] for each in kept.observed] == [30] * rounds.MAX_ROUNDS
    assert all(each["positive"] for each in kept.observed)


def test_each_round_finds_an_empty_destination(tmp_path: Path) -> None:
    found = []

    def run(job: int, *, workers: int) -> int:
        found.append(list((tmp_path / "destination").iterdir()))
        (tmp_path / "destination/file").touch()
        return job

    measured(Recorder(), run, destination=tmp_path / "destination")
    assert found == [[]] * (1 + rounds.MAX_ROUNDS)


class FakeServer:
    """A server that has seen as many requests as it is told."""

    delay = 0.0

    def __init__(self, served: int, peak: int) -> None:
        self.counts = Seen(served, peak, cpu_seconds=0.5)
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def seen(self) -> Seen:
        return self.counts


def served(server: FakeServer, requests: int) -> Rounds:
    """The rounds of a disabled benchmark of three items whose model talks to this server."""
    kept = Rounds(
        Echoes(), lambda job, workers: job, Case(3), Resources(), 2, server=server, requests=requests
    )
    kept.measure(Recorder(enabled=False))  # type: ignore[arg-type]  # a stand-in
    return kept


def test_the_server_must_have_seen_each_request_and_no_more_in_flight_than_workers() -> None:
    server = FakeServer(served=6, peak=2)
    [seen] = served(server, requests=2).seen
    assert (seen.served, seen.peak, seen.cpu_seconds) == (6, 2, 0.5)
    assert server.resets == 1
    with pytest.raises(AssertionError, match="the server served 6 requests, expected 3"):
        served(server, requests=1)
    with pytest.raises(AssertionError, match="the server had 4 requests in flight, the bound is 2"):
        served(FakeServer(served=3, peak=4), requests=1)


class Knot:
    """It refers to itself: only the garbage collector ends it."""

    def __init__(self) -> None:
        self.myself = self


def test_no_round_has_garbage_of_another_or_of_what_was_there_before() -> None:
    knots: list[weakref.ref[Knot]] = []
    left = []

    def tie() -> None:
        knots.append(weakref.ref(Knot()))

    def run(job: int, *, workers: int) -> int:
        left.append((sum(knot() is not None for knot in knots), gc.get_freeze_count() > frozen))
        tie()
        return job

    before, frozen = gc.isenabled(), gc.get_freeze_count()
    gc.disable()  # so that no collection happens by chance
    try:
        tie()
        measured(Recorder(), run)
    finally:
        if before:
            gc.enable()
    assert len(left) > 1  # a busy machine has fewer rounds
    assert set(left) == {(0, True)}
    assert gc.get_freeze_count() == 0


async def measured_with(calls: list[str], *, in_loop: bool, **how: Any) -> Rounds:
    """The rounds of a model, or of a coroutine in a loop, after they were measured; all calls are
    noted."""

    def run(job: int, *, workers: int) -> int:
        calls.append("run")
        return job

    async def run_in_loop(job: int, *, workers: int) -> int:
        return run(job, workers=workers)

    recorder = AioRecorder() if in_loop else Recorder()
    recorder.calls = calls
    called = run_in_loop if in_loop else run
    kept = Rounds(Echoes(calls), called, Case(3), Resources(), workers=2, **how)
    if in_loop:
        await kept.measure_in_loop(recorder)  # type: ignore[arg-type]  # a stand-in
    else:
        kept.measure(recorder)  # type: ignore[arg-type]  # a stand-in
    return kept


class Account:
    """A stand-in for the costs of a row that notes when it is asked."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls

    def start(self) -> None:
        self.calls.append("account")

    def stop(self) -> None:
        self.calls.append("accounted")

    def rounds_to_observe(self, seconds: float) -> int:
        return 2

    @contextlib.contextmanager
    def observed(self) -> Iterator[None]:
        self.calls.append("observe")
        yield
        self.calls.append("observed")


ACCOUNTED = ["job", "account", "start", "run", "stop", "accounted", "check"]
OBSERVED = ["job", "observe", "run", "observed", "check"]


async def test_costs_are_read_outside_the_timing_and_observed_in_rounds_of_their_own() -> None:
    for in_loop in (False, True):
        calls: list[str] = []
        kept = await measured_with(calls, in_loop=in_loop, costs=Account(calls))
        assert calls == UNTIMED + rounds.MAX_ROUNDS * ACCOUNTED + 2 * OBSERVED
        assert len(kept.observed) == rounds.MAX_ROUNDS


class Removable:
    """A part that a model has, or lacks."""

    def __init__(self, calls: list[str], *, has: bool) -> None:
        self.calls, self.has, self.used = calls, has, False

    @contextlib.contextmanager
    def removed(self, job: int) -> Iterator[None]:
        self.used = self.has
        self.calls.append("remove")
        yield
        self.calls.append("restore")

    def check(self, job: int, answers: object) -> None:
        self.calls.append("check the answers")
        assert answers == job, "wrong"


WITHOUT = ["job", "remove", "run", "restore", "check the answers"]


async def test_rounds_without_a_part_come_after_the_timed_ones_and_a_smaller_one_warms_them_up() -> (
    None
):
    for in_loop in (False, True):
        calls: list[str] = []
        parts = {"one": Removable(calls, has=True), "other": Removable(calls, has=False)}
        kept = await measured_with(calls, in_loop=in_loop, parts=parts)
        assert calls == UNTIMED + rounds.MAX_ROUNDS * ROUND + 4 * WITHOUT
        assert {name: len(seconds) for name, seconds in kept.without.items()} == {"one": 1}
        assert len(kept.seconds) == rounds.MAX_ROUNDS


def test_a_long_row_has_no_rounds_without_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(rounds, "LONGEST_WITHOUT", 0.0)
    kept = Rounds(Echoes(recorder.calls), lambda job, workers: job, Case(3), Resources(), workers=2)
    kept.parts = {"one": Removable(recorder.calls, has=True)}
    kept.measure(recorder)  # type: ignore[arg-type]  # a stand-in
    assert "remove" not in recorder.calls
