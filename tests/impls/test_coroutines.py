"""Coroutines of every kind: correct, silent, bounded, and the cost of a call."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

import pytest

import impls
from impls import coroutines
from tests.conftest import load

MODELS = [model.name for model in impls.models("coroutines")]
IN_BATCHES = [name for name in MODELS if impls.find("coroutines", name).workers is None]

each_model = pytest.mark.parametrize("name", MODELS)
JOB = coroutines.Job(range(5, 30))


@each_model
async def test_a_model_answers_each_call_in_order(
    name: str, capfd: pytest.CaptureFixture[str], nothing_left: None
) -> None:
    coroutines.check(JOB, await load("coroutines", name)(JOB, workers=4))
    assert capfd.readouterr() == ("", "")


@each_model
async def test_a_job_without_calls_has_no_answers(name: str) -> None:
    assert await load("coroutines", name)(coroutines.Job(range(0)), workers=4) == []


@each_model
async def test_a_model_leaves_no_task_behind(name: str) -> None:
    await load("coroutines", name)(JOB, workers=4)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("name", IN_BATCHES)
@pytest.mark.parametrize("workers", [1, 4])
async def test_a_model_has_no_more_in_flight_than_its_workers(
    name: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, seen = load("coroutines", name), {"now": 0, "peak": 0}

    async def successor(number: int) -> int:
        seen["now"] += 1
        seen["peak"] = max(seen.values())
        await asyncio.sleep(0)
        seen["now"] -= 1
        return number + 1

    monkeypatch.setattr(import_module(f"impls.coroutines.{name}"), "successor", successor)
    coroutines.check(JOB, await run(JOB, workers=workers))
    assert seen == {"now": 0, "peak": workers}


@pytest.mark.parametrize("name", ["native", "asyncio_gather", "asyncio_taskgroup"])
async def test_an_error_in_a_call_reaches_the_caller(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load("coroutines", name)
    monkeypatch.setattr(import_module(f"impls.coroutines.{name}"), "successor", broken)
    with pytest.raises((LookupError, ExceptionGroup)):
        await run(JOB, workers=4)


async def test_an_error_in_a_call_can_be_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    run = load("coroutines", "asyncio_gather_exceptions")
    module = import_module("impls.coroutines.asyncio_gather_exceptions")
    monkeypatch.setattr(module, "successor", broken)
    answers = await run(JOB, workers=4)
    assert [type(each) for each in answers] == [LookupError] * len(JOB.numbers)


async def broken(number: int) -> int:
    raise LookupError(number)


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ([6, 7], "expected 25 calls, got 2"),
        ([6, 8], "call 6: expected 7, got 8"),
        ([*range(6, 32)], "expected 25 calls, got 26"),
        (None, "expected a list of numbers, got NoneType"),
    ],
)
def test_wrong_answers_are_rejected(answers: Any, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        coroutines.check(JOB, answers)


def test_a_call_costs_its_share_of_the_round() -> None:
    assert coroutines.metrics(coroutines.Job(range(1000)), [], 0.5) == {"call": 0.0005}
