"""What the recorder records, and that traced functions behave as before."""

from __future__ import annotations

import asyncio
import concurrent
import dataclasses
import inspect
import json
import os
import sys
import threading
import time
import types
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from concurbench.trace import recorder
from concurbench.trace.spans import Call, CallReader
from impls._traced import ENV_TRACER, traced
from tests.conftest import TIMEOUT

Read = Callable[[], list[Call]]
Run = Callable[[int], Coroutine[Any, Any, None]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """The calls recorded since the test began."""
    monkeypatch.setenv(recorder.ENV_EVENTS, str(tmp_path / "events"))
    monkeypatch.setattr(recorder, "_file", None)
    yield lambda: list(CallReader(tmp_path / "events", os.getpid()).new())
    if recorder._file is not None:
        os.close(recorder._file)


def divmod_of(number: int) -> tuple[int, int]:
    return divmod(number, 5)


def test_a_call_is_recorded_when_it_begins_and_when_it_ends(read: Read) -> None:
    assert recorder.trace(divmod_of, "number")(7) == (1, 2)
    begin, end = read()
    assert (begin.function, begin.item, begin.end) == ("divmod_of", 7, None)
    assert (end.item, end.result, str(end.unit)) == (7, [1, 2], "main thread")
    assert end.end is not None


def test_a_patch_of_a_function_in_c_can_select_calls_by_their_item(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", time.sleep)  # and back, afterwards
    recorder.patch("time:sleep", "seconds", 0.0001)
    for seconds in (0.0, 0.0001, 0.0):
        time.sleep(seconds)
    assert [call.item for call in read()] == [0.0001] * 2


def test_recording_does_not_release_the_interpreter_lock(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "write")  # it releases the lock
    recorder.trace(divmod_of, "number")(7)
    assert len(read()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_call_that_cannot_be_recorded_is_an_error(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(recorder.ENV_EVENTS, "/dev/full")
    with pytest.raises(OSError, match="cannot record a call: no space left on device"):
        recorder.trace(divmod_of)(7)


def of_two(first: object, second: object = "left out") -> object:
    return first


@pytest.mark.parametrize(
    ("parameter", "args", "kwargs", "item"),
    [
        ("second", (1, 2), {}, 2),
        ("second", (1,), {"second": 3}, 3),
        ("second", (), {"second": 4, "first": 1}, 4),
        ("second", (1,), {}, None),
        (None, (1,), {}, None),
    ],
)
def test_the_item_is_found_by_position_or_name(
    read: Read, parameter: str | None, args: tuple[int, ...], kwargs: dict[str, int], item: int | None
) -> None:
    assert recorder.trace(of_two, parameter)(*args, **kwargs) == 1
    assert [call.item for call in read()] == [item] * 2


def test_an_unknown_parameter_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="third"):
        recorder.trace(of_two, "third")


def test_a_traced_function_keeps_its_name_and_kind() -> None:
    assert recorder.trace(divmod_of).__name__ == "divmod_of"
    assert inspect.iscoroutinefunction(recorder.trace(nap))
    assert not inspect.iscoroutinefunction(recorder.trace(divmod_of))


async def nap(number: int) -> int:
    await asyncio.sleep(0)
    if number < 0:
        raise LookupError("below zero", number)
    return number


async def test_a_coroutine_ends_when_it_has_been_awaited(read: Read) -> None:
    coroutine = recorder.trace(nap, "number")(3)
    assert read() == []  # it has not even begun
    assert await coroutine == 3
    assert [(call.item, call.result, call.end is None) for call in read()] == [
        (3, None, True), (3, 3, False),
    ]  # fmt: skip


def countdown(number: int) -> Iterator[int]:
    while number > 0:
        yield number
        number -= 1
    if number < 0:
        raise LookupError("below zero", number)


def test_a_generator_lasts_from_its_first_item_until_its_end(read: Read) -> None:
    items = recorder.trace(countdown, "number")(2)
    assert inspect.isgeneratorfunction(recorder.trace(countdown))
    assert read() == []  # it has not even begun
    assert next(items) == 2
    assert [call.end for call in read()] == [None]
    assert list(items) == [1]
    assert [(call.item, call.end is None) for call in read()] == [(2, True), (2, False)]


def test_an_error_of_a_generator_is_recorded_and_raised(read: Read) -> None:
    with pytest.raises(LookupError):
        list(recorder.trace(countdown, "number")(-1))
    *_, ended = read()
    assert (ended.error, ended.message) == ("LookupError", "-1")


def begin(number: int) -> Awaitable[int]:
    return asyncio.ensure_future(nap(number))


async def test_a_call_that_returns_an_awaitable_ends_when_it_has_been_awaited(read: Read) -> None:
    awaitable = recorder.trace(begin, "number")(4)
    assert [call.end for call in read()] == [None]
    assert await awaitable == 4
    assert [call.result for call in read()] == [None, 4]


@pytest.mark.parametrize("make", [nap, begin])
async def test_an_error_of_a_coroutine_is_recorded_and_raised(
    read: Read, make: Callable[[int], Awaitable[int]]
) -> None:
    with pytest.raises(LookupError):
        await recorder.trace(make, "number")(-1)
    *_, ended = read()
    assert (ended.error, ended.message) == ("LookupError", "-1")


async def test_a_task_that_is_cancelled_has_ended(read: Read) -> None:
    task = asyncio.create_task(recorder.trace(asyncio.sleep, "delay")(3600))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [call.error for call in read()] == [None, "CancelledError"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("lost"), "lost"),
        (FileNotFoundError(2, "No such file or directory"), "No such file or directory"),
        (ValueError(), ""),
        (ValueError("x" * 1000), "x" * recorder.MAX_LENGTH),
    ],
)
def test_an_error_is_recorded_with_its_message_and_raised(
    read: Read, error: Exception, message: str
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        recorder.trace(fail)()
    *_, ended = read()
    assert (ended.error, ended.message, ended.result) == (type(error).__name__, message, None)


@dataclasses.dataclass
class Point:
    x: float
    name: bytes


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (0.5, 0.5),
        ("x", "x"),
        ("x" * 1000, "x" * recorder.MAX_LENGTH),
        (Path("/folder" * 99, "name.txt"), ("/folder" * 99 + "/name.txt")[-recorder.MAX_LENGTH :]),
        (b"four", 4),
        (bytearray(5), 5),
        (memoryview(b"six bytes"), 9),
        (Point(1.5, b"four"), {"x": 1.5, "name": 4}),
        ((1, "a", (2, None)), [1, "a", [2, None]]),
        (list(range(100)), list(range(10))),
        ({"a": 1}, "{'a': 1}"),
        (Point, repr(Point)),
        (range(3), "range(0, 3)"),
    ],
)
def test_values_are_recorded_as_json_can_hold_them(value: object, recorded: object) -> None:
    assert recorder.plain(value) == recorded
    assert json.loads(json.dumps(recorder.plain(value))) == recorded


def test_a_value_with_line_breaks_stays_on_its_line(read: Read) -> None:
    value = 'two\nlines, \u2028 and \udcff\x00 "quoted"'
    assert recorder.trace(of_two, "first")(value) == value
    assert [call.item for call in read()] == [value] * 2


def units(calls: list[Call]) -> list[str]:
    """Those of the calls that have begun."""
    return [str(call.unit) for call in calls if call.end is None]


async def in_asyncio(call: Run) -> None:
    await asyncio.gather(call(0), call(1))
    for number in (2, 3):
        await asyncio.create_task(call(number))


async def in_trio(call: Run) -> None:
    import trio

    for numbers in ((0, 1), (2,), (3,)):
        async with trio.open_nursery() as nursery:
            for number in numbers:
                nursery.start_soon(call, number)


async def in_curio(call: Run) -> None:
    import curio

    async def overlapping(number: int) -> None:
        await call(number)
        await curio.sleep(0)

    async with curio.TaskGroup() as group:
        for number in range(4):
            await group.spawn(overlapping, number)


@pytest.mark.parametrize(
    ("library", "main"),
    [
        ("asyncio", in_asyncio),
        ("trio", in_trio),
        pytest.param(
            "curio",
            in_curio,
            marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="needs Python <3.12"),
        ),
    ],
)
def test_tasks_are_distinguished_concurrent_and_consecutive_ones(
    read: Read, library: str, main: Callable[[Run], Coroutine[Any, Any, None]]
) -> None:
    loop = pytest.importorskip(library, reason=f"no package {library}")

    async def call(number: int) -> None:
        recorder.trace(divmod_of, "number")(number)

    if library == "asyncio":
        loop.run(main(call))
    else:
        loop.run(main, call)
    assert sorted(units(read())) == [f"main thread, task {number}" for number in (1, 2, 3, 4)]


def test_greenlets_are_distinguished_as_tasks_are(read: Read) -> None:
    greenlet = pytest.importorskip("greenlet", reason="no package greenlet")
    for number in range(2):
        greenlet.greenlet(recorder.trace(divmod_of, "number")).switch(number)
    recorder.trace(divmod_of, "number")(2)
    assert units(read()) == ["main thread, task 1", "main thread, task 2", "main thread"]


def test_awaited_calls_belong_to_the_task_that_awaits(read: Read) -> None:
    async def outer(number: int) -> int:
        result: int = await recorder.trace(nap, "number")(number)
        return result

    async def main() -> None:
        recorder.trace(divmod_of)(1)
        await recorder.trace(outer)(5)
        recorder.trace(divmod_of)(1)

    asyncio.run(main())
    assert units(read()) == ["main thread, task 1"] * 4


def test_threads_are_distinguished_and_have_no_tasks(read: Read) -> None:
    meeting = threading.Barrier(2)

    def meet(number: int) -> None:
        meeting.wait(TIMEOUT)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(recorder.trace(meet, "number"), range(2)))
    assert units(read()) == ["thread 1", "thread 2"]


def test_a_thread_with_an_event_loop_has_its_own_tasks(read: Read) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, recorder.trace(nap)(1)).result()
    assert units(read()) == ["thread 1, task 1"]


def test_an_interpreter_beside_the_first_is_distinguished(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = types.SimpleNamespace(get_current=lambda: types.SimpleNamespace(id=3))
    with monkeypatch.context() as patched:  # Python has the module since 3.14
        patched.setattr(concurrent, "interpreters", third, raising=False)
        patched.setattr(sys, "version_info", (3, 14))
        recorder.trace(divmod_of)(7)
    assert units(read()) == ["interpreter 1"]


def test_patching_does_not_import_a_package() -> None:
    assert "antigravity" not in sys.modules
    recorder.patch("antigravity:geohash")
    assert "antigravity" not in sys.modules


def test_a_method_can_be_traced(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("some_package")
    module.Resolver = type("Resolver", (), {"query": lambda self, host: host})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "some_package", module)
    recorder.patch("some_package:Resolver.query", "host")
    assert module.Resolver().query("a.test") == "a.test"
    assert [call.item for call in read()] == ["a.test"] * 2


# -- the decorator of the workloads --


def test_the_calls_of_a_decorated_function_are_recorded_if_there_is_a_tracer(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENV_TRACER, raising=False)
    assert traced("number")(divmod_of) is divmod_of
    monkeypatch.setenv(ENV_TRACER, recorder.__name__)
    traced_divmod = traced("number")(divmod_of)
    assert traced_divmod is not divmod_of
    assert traced_divmod(7) == (1, 2)
    assert [call.item for call in read()] == [7, 7]
