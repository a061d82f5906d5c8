"""What functions do, step by step: the same on every version of Python."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from itertools import pairwise
from typing import Any

import pytest

from concurbench.trace.span import Kind
from concurbench.trace.steps import Steps, spans


async def seen(run: Callable[[], Any]) -> list[str]:
    """The steps of the functions in this file that it runs."""
    with Steps(__file__) as steps:
        result = run()
        if inspect.isawaitable(result):
            await result
    return [
        " ".join(f"{'.' * step.depth}{step.name}({step.arguments}) {step.what} {step.value}".split())
        for step in steps
    ]


def nap() -> Generator[int, str, str]:
    word = yield 1
    return word


def outer() -> Generator[int, str, None]:
    yield from nap()


def outermost() -> Generator[int, str, None]:
    yield from outer()


async def test_what_is_sent_goes_through_however_many_there_are() -> None:
    def run() -> None:
        generator, word = outermost(), "on"
        next(generator)
        with pytest.raises(StopIteration):
            generator.send(word)

    assert [line.lstrip(".") for line in await seen(run) if "goes on" in line] == [
        "outermost() goes on with 'on'",
        "outer() goes on with 'on'",
        "nap() goes on with 'on'",
    ]


async def test_what_is_sent_goes_through_and_what_is_yielded_comes_back() -> None:
    def run() -> None:
        generator, word = outer(), "on"
        next(generator)
        with pytest.raises(StopIteration):
            generator.send(word)

    name = f"{inspect.currentframe().f_code.co_qualname}.<locals>.run"  # type: ignore[union-attr]
    assert await seen(run) == [
        f"{name}() starts",
        ".outer() starts",
        "..nap() starts",
        "..nap() yields 1",
        ".outer() yields 1",
        ".outer() goes on with 'on'",
        "..nap() goes on with 'on'",
        "..nap() returns 'on'",
        ".outer() returns None",
        f"{name}() returns None",
    ]


def careful() -> Generator[None, None, None]:
    try:
        yield
    finally:
        tidied()


def tidied() -> None:
    pass


async def test_a_generator_is_closed_once_and_what_it_calls_meanwhile_is_seen() -> None:
    def run() -> None:
        generator = careful()
        next(generator)
        generator.close()

    assert [line.lstrip(".") for line in await seen(run)][1:-1] == [
        "careful() starts",
        "careful() yields None",
        "careful() is closed",
        "tidied() starts",
        "tidied() returns None",
    ]


async def failing(number: int) -> None:
    raise LookupError(number)


async def test_what_raises_is_seen_with_the_line_that_does() -> None:
    async def run() -> None:
        with pytest.raises(LookupError):
            await failing(7)

    assert ".failing(7) raises LookupError(number)" in await seen(run)


async def numbers() -> AsyncGenerator[int]:
    yield 1
    await asyncio.sleep(0)
    yield 2


async def test_an_asynchronous_generator_yields_or_is_suspended() -> None:
    async def run() -> None:
        async for _ in numbers():
            pass

    told = [line for line in await seen(run) if "numbers" in line]
    assert told == [
        ".numbers() starts",
        ".numbers() yields 1",
        ".numbers() goes on",
        ".numbers() suspends for a turn",
        ".numbers() goes on",
        ".numbers() yields 2",
        ".numbers() goes on",
        ".numbers() returns None",
    ]


async def one(number: int) -> int:
    return number


async def test_the_turns_of_the_loop_and_the_tasks_are_counted_from_one() -> None:
    with Steps(__file__) as steps:
        await asyncio.gather(one(5), one(6))
    assert [(step.turn, step.task, step.arguments) for step in steps if step.what == "starts"] == [
        (2, 1, "5"), (2, 2, "6"),
    ]  # fmt: skip


async def test_comprehensions_count_as_what_they_stand_in() -> None:
    async def run() -> list[int]:
        return [await one(number) for number in (1, 2)]

    told = [line for line in await seen(run) if "starts" in line]
    assert told[1:] == [".one(1) starts", ".one(2) starts"]


async def test_long_arguments_are_left_out() -> None:
    assert await seen(lambda: one(10**30)) == ["one(…) starts", "one(…) returns <int>"]


async def test_nothing_is_watched_afterwards() -> None:
    with Steps(__file__) as steps:
        await one(1)
    before = len(list(steps))
    await one(2)
    assert (sys.getprofile(), len(list(steps))) == (None, before)


async def test_each_function_has_a_span_for_the_time_it_runs_and_is_suspended() -> None:
    async def run() -> None:
        async for _ in numbers():
            pass

    with Steps(__file__) as steps:
        await run()
    drawn = [span for span in spans(list(steps)) if span.unit.thread == "numbers"]
    assert [span.kind for span in drawn] == [Kind.COMPUTES, Kind.WAITS] * 3 + [Kind.COMPUTES]
    assert all(before.end == after.begin for before, after in pairwise(drawn))
