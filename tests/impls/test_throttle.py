"""Semaphores: their bound holds, and an extra release has the consequence that each one claims."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest

import impls
from impls import throttle
from impls.throttle import Flight, Job, Span, Throttled
from tests.errors import leaves

MODELS = impls.models("throttle")
each_model = pytest.mark.parametrize("name", [model.name for model in MODELS])
REFUSED_WITH = {
    "threading_semaphore": None,
    "threading_bounded": "ValueError",
    "threading_lock": "RuntimeError",
    "multiprocessing_semaphore": None,
    "multiprocessing_bounded": "ValueError",
    "asyncio_semaphore": None,
    "asyncio_bounded": "ValueError",
    "trio_semaphore": None,
    "trio_capacity_limiter": "RuntimeError",
}
CONTENDED = Job(units=3, pairs=4, bound=2, moment=0.0)
RIGHT = Throttled([Span(1.0, 2.0), Span(1.5, 3.0), Span(1.0, 2.5)], 2, True, "ValueError", 2)


@pytest.fixture
def workload() -> str:
    return "throttle"


@pytest.fixture
def bound(name: str) -> int:
    """The bound of a model's semaphore: 2, but 1 for a lock."""
    return impls.find("throttle", name).workers or 2


def test_every_contended_case_has_more_units_than_may_be_in_flight() -> None:
    for case in throttle.CASES.values():
        assert (case.units > case.workers) == (case.moment is not None)
        assert case.items == case.units * case.pairs


def test_a_correct_answer_passes() -> None:
    throttle.check(CONTENDED, RIGHT)
    throttle.check(CONTENDED, RIGHT._replace(bounded=False, refused=None, room=3))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"spans": RIGHT.spans[:2]}, "expected 3 units, got 2"),
        ({"spans": [Span(1.0, 2.0), Span(2.0, 1.0), Span(1.0, 2.0)]}, "unit 1: ended before"),
        ({"most": 3}, "3 units in flight, the bound is 2"),
        ({"most": 0}, "no unit was counted in flight"),
        ({"refused": None}, "a bounded semaphore accepted an extra release"),
        ({"room": 3}, "room for 3, the bound is 2"),
        ({"room": 1}, "room for 1, the bound is 2"),
        ({"bounded": False}, "a plain semaphore refused a release: ValueError"),
        (
            {"bounded": False, "refused": None, "room": 2},
            "room for 2, expected 3 after an extra release",
        ),
    ],
)
def test_a_wrong_answer_is_rejected(wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        throttle.check(CONTENDED, RIGHT._replace(**wrong))


def test_an_answer_of_another_type_is_rejected() -> None:
    with pytest.raises(AssertionError, match="got tuple"):
        throttle.check(CONTENDED, tuple(RIGHT))


def test_a_job_without_a_moment_counts_no_units() -> None:
    job = Job(units=3, pairs=4, bound=2, moment=None)
    throttle.check(job, RIGHT._replace(most=0))
    with pytest.raises(AssertionError, match="expected no count of units in flight, got 2"):
        throttle.check(job, RIGHT)


def test_the_time_of_a_pair_is_the_total_time_divided_by_all_pairs() -> None:
    assert throttle.metrics(CONTENDED, RIGHT, 99.0) == {"acquire_release": 2.0 / 12}


@pytest.mark.parametrize("of_processes", [False, True])
def test_the_peak_in_flight_is_kept_after_units_have_left(of_processes: bool) -> None:
    context = multiprocessing.get_context("spawn")
    flight = Flight.of_processes(context) if of_processes else Flight()
    assert flight.most == 0
    with flight:
        with flight, flight:
            assert flight.most == 3
        with flight:
            pass
    assert flight.most == 3


def test_only_an_error_of_the_semaphore_counts_as_a_refusal() -> None:
    def refuse() -> None:
        raise ValueError

    assert throttle.refused(refuse) == "ValueError"
    assert throttle.refused(lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        throttle.refused(lambda: 1 / 0)


def test_every_model_is_listed_with_its_refusal() -> None:
    assert REFUSED_WITH.keys() == {model.name for model in MODELS}


@each_model
@pytest.mark.parametrize("units", [1, 3])
def test_it_holds_its_bound_and_leaves_nothing_behind(
    run: Callable[..., Any],
    units: int,
    bound: int,
    nothing_left: None,
    capfd: pytest.CaptureFixture[str],
) -> None:
    job = Job(units, pairs=4, bound=bound, moment=0.001)
    throttled = run(job, workers=bound)
    throttle.check(job, throttled)
    assert throttled.most <= units
    assert capfd.readouterr() == ("", "")


@each_model
def test_an_extra_release_is_refused_or_silently_raises_the_bound(
    run: Callable[..., Any], name: str, bound: int
) -> None:
    job = Job(units=1, pairs=4, bound=bound, moment=None)
    throttled = run(job, workers=bound)
    throttle.check(job, throttled)
    assert throttled.refused == REFUSED_WITH[name]
    assert throttled.room == (bound + 1 if REFUSED_WITH[name] is None else bound)


@each_model
def test_an_error_in_flight_reaches_the_caller_and_leaves_nothing_behind(
    run: Callable[..., Any], bound: int, nothing_left: None
) -> None:
    no_time: Any = "a moment"
    with pytest.raises((TypeError, ExceptionGroup)) as caught:
        run(Job(units=3, pairs=4, bound=bound, moment=no_time), workers=bound)
    assert {type(error) for error in leaves(caught.value)} == {TypeError}
