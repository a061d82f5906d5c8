"""Notes the calls of some functions, in whatever process, thread, interpreter or task they are made.

Every process of a model appends to one file, a line for the begin of a call and one for its end: a
short append is atomic, nothing has to be passed on, and what was noted stays when the process is
killed. Times are of ``time.perf_counter``, one clock for all processes of the machine.

The standard library alone, for each process of a model imports it.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

VARIABLE = "CONCURBENCH_EVENTS"
"""The environment variable with the path of the file."""

LONGEST = 200
"""Characters of what is noted of a value."""

_numbers = itertools.count()
_file: int | None = None


def watch(function: Callable[..., Any], item: str | None = None) -> Callable[..., Any]:
    """A function that does the same and notes each call; ``item`` is the parameter to note."""
    parameters = list(inspect.signature(function).parameters)
    place = parameters.index(item) if item is not None else -1

    def told(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if item is None:
            return None
        return plain(kwargs[item] if item in kwargs else args[place] if place < len(args) else None)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def watched_coroutine(*args: Any, **kwargs: Any) -> Any:
            call = _begin(function.__name__, told(args, kwargs))
            return await _ended(call, function(*args, **kwargs))

        return watched_coroutine

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        call = _begin(function.__name__, told(args, kwargs))
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            _end(call, error=type(error).__name__)
            raise
        if inspect.isawaitable(result):  # it has only begun
            return _ended(call, result)
        _end(call, result)
        return result

    return watched


async def _ended(call: int, awaitable: Awaitable[Any]) -> Any:
    try:
        result = await awaitable
    except BaseException as error:
        _end(call, error=type(error).__name__)
        raise
    _end(call, result)
    return result


def patch(target: str, item: str | None = None) -> None:
    """Watch what another package offers, as in ``asyncio:sleep``; nothing of one that the model has not
    imported."""
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    if module not in sys.modules:
        return  # it may take half a second, and whoever does not use it will not call it
    owner = functools.reduce(getattr, owners, sys.modules[module])
    setattr(owner, name, watch(getattr(owner, name), item))


def _begin(what: str, item: Any) -> int:
    call = next(_numbers)
    _note(kind="begin", call=call, what=what, item=item)
    return call


def _end(call: int, result: Any = None, error: str | None = None) -> None:
    _note(kind="end", call=call, result=plain(result), error=error)


def _note(**told: Any) -> None:
    global _file
    if _file is None:
        _file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    told["at"] = time.perf_counter()
    told["unit"] = [
        os.getpid(),
        _interpreter(),
        threading.get_native_id(),
        threading.current_thread() is threading.main_thread(),
        _task(),
    ]
    os.write(_file, json.dumps(told, separators=(",", ":")).encode() + b"\n")


def _interpreter() -> int:
    """The number of this interpreter within its process: 0 is the first one."""
    if sys.version_info >= (3, 14):
        from concurrent import interpreters

        return interpreters.get_current().id
    return 0


def _task() -> int | None:
    """Which task of an event loop this is, whichever library's: a task is the coroutine that the loop
    resumes, the outermost on this thread's stack. None where there is no loop."""
    task, frame = None, sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]  # None after the last, which ends it
        if frame.f_code.co_flags & inspect.CO_COROUTINE and frame.f_globals is not globals():
            task = id(frame)
    return task


def plain(value: Any) -> Any:
    """What JSON can hold of a value: of bytes their number, of an object its fields."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:LONGEST]
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value))
        return {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value[:10]]
    return repr(value)[:LONGEST]
