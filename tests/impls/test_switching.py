"""The switching workload: the check, the metrics, and every model."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

import impls
from impls import switching
from impls.switching import Answers, Computed, Waited

JOB = switching.Job(interval=0.002, naps=3)

IN_THIS_INTERPRETER = {
    "threaded": "python_code",
    "threaded_with_naps": "python_code",
    "threaded_c_code": "c_code",
    "threaded_c_code_holding": "c_code_holding",
}
"""Model that computes in a thread -> the function that it calls."""

Run = Callable[..., Any]

each_model = pytest.mark.parametrize(
    ("workload", "name"),
    [pytest.param("switching", model.name, id=model.name) for model in impls.models("switching")],
)
each_thread = pytest.mark.parametrize(
    ("workload", "name"), [pytest.param("switching", name, id=name) for name in IN_THIS_INTERPRETER]
)


def test_the_cases_differ_only_in_the_interval() -> None:
    assert [case.interval for case in switching.CASES.values()] == [0.0005, 0.005, 0.05]
    assert len({(case.items, case.workers) for case in switching.CASES.values()}) == 1


def test_one_of_the_intervals_is_pythons_default() -> None:
    assert sys.getswitchinterval() == pytest.approx(switching.CASES["interval_5ms"].interval)


GOOD = Answers(Waited([0.001, 0.004, 0.002], 0.002), computed=Computed(0.75, 900.0))


def test_possible_recordings_pass() -> None:
    switching.check(JOB, GOOD)
    switching.check(JOB, replace(GOOD, computed=Computed()))  # without a computing unit


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (None, "expected Answers, got NoneType"),
        (replace(GOOD, waited=Waited([0.001], 0.002)), "expected 3 naps, got 1"),
        (replace(GOOD, waited=Waited([0.0, -0.001, 0.0], 0.002)), "nap 1: 0.0010 s too short"),
        (replace(GOOD, waited=GOOD.waited._replace(interval=0.005)), "switch interval was 0.005 s"),
        (replace(GOOD, computed=Computed(1.2)), "a share of CPU time from 0 to 1, got 1.20"),
        (replace(GOOD, computed=Computed(-0.1)), "a share of CPU time from 0 to 1, got -0.10"),
    ],
)
def test_impossible_recordings_are_rejected(wrong: object, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        switching.check(JOB, wrong)


def test_the_metrics_are_median_worst_and_remaining_share() -> None:
    measured = switching.metrics(JOB, GOOD, 99.0)
    assert measured == {
        "latency": 0.002, "worst_latency": 0.004, "throughput": 900.0, "computing": 0.75,
    }  # fmt: skip
    assert measured.keys() == switching.METRICS.keys()


def test_without_computation_the_remaining_share_is_zero() -> None:
    assert switching.metrics(JOB, Answers(GOOD.waited), 99.0)["throughput"] == 0.0


def test_a_computation_until_stopped_returns_its_share_and_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, cpu_clock = iter([100.0, 102.0]), iter([7.0, 8.5])
    monkeypatch.setattr(switching, "now", lambda: next(clock))
    monkeypatch.setattr(switching, "cpu_time", lambda: next(cpu_clock))
    done: list[None] = []
    assert switching.compute(lambda: done.append(None), lambda: len(done) == 8) == Computed(
        share=0.75, rate=4.0
    )
    assert len(done) == 8


def test_naps_are_recorded_by_how_late_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.5, 200.0, 200.25])
    monkeypatch.setattr(switching, "now", lambda: next(clock))
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    late, interval = switching.wait(switching.Job(interval=0.1, naps=2, nap=0.25))
    assert late == [0.25, 0.0]
    assert slept == [0.25, 0.25]
    assert interval == sys.getswitchinterval()


def test_the_switch_interval_is_restored_after_an_error_too() -> None:
    before = sys.getswitchinterval()
    with pytest.raises(RuntimeError), switching.switch_interval(0.02):  # noqa: PT012  # it also checks the interval inside
        assert sys.getswitchinterval() == pytest.approx(0.02)
        raise RuntimeError
    assert sys.getswitchinterval() == before


@pytest.fixture
def interval_restored() -> Any:
    """Check that the switch interval is the same afterwards."""
    before = sys.getswitchinterval()
    yield
    assert sys.getswitchinterval() == before


@each_model
def test_a_model_naps_and_computes_under_the_interval_of_its_job(
    run: Run, interval_restored: None, nothing_left: None, capfd: pytest.CaptureFixture[str]
) -> None:
    switching.check(JOB, run(JOB, workers=1))
    assert capfd.readouterr() == ("", "")


@each_model
def test_every_model_but_waiting_alone_computes(run: Run, name: str) -> None:
    assert (run(JOB, workers=1).computed.rate == 0.0) is (name == "waiting_alone")


@each_model
def test_an_error_in_the_waiting_unit_stops_the_computing_one(
    run: Run, interval_restored: None, nothing_left: None
) -> None:
    with pytest.raises(TypeError):
        run(replace(JOB, nap="x"), workers=1)  # type: ignore[arg-type]  # the wrong type is the point


@each_thread
@pytest.mark.parametrize("units", [0, 1], ids=["at once", "later"])
def test_an_error_in_the_computing_unit_reaches_the_caller(
    run: Run, workload: str, name: str, units: int, interval_restored: None, nothing_left: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    done: list[None] = []

    def fail_after_some() -> None:
        if len(done) == units:
            raise ZeroDivisionError
        done.append(None)

    module = import_module(f"impls.{workload}.{name}")
    monkeypatch.setattr(module, IN_THIS_INTERPRETER[name], fail_after_some)
    with pytest.raises(ZeroDivisionError):
        run(JOB, workers=1)


@each_model
def test_a_model_has_one_waiting_and_one_computing_unit(workload: str, name: str) -> None:
    assert impls.find(workload, name).workers == 1


def test_compute_and_nap_naps_for_zero_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    import_module("impls.switching.threaded_with_naps").compute_and_nap()
    assert slept == [0.0]


def test_each_unit_is_the_same_work_each_time() -> None:
    assert switching.python_code() == switching.python_code() > 0
    assert switching.c_code() == switching.c_code()
    assert switching.c_code_holding() == switching.c_code_holding()
