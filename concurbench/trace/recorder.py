"""Records the calls of traced functions, in any process, thread, interpreter or task.

Every process of a model appends to one file, a line for the begin of a call and one for its end. A
short append is atomic, no process waits for another, and the lines survive when a process is killed.
Times are of ``time.perf_counter``, one clock for all processes of the machine.

Recording a call takes about 27 µs of CPU, and 80 to 110 µs of time where the thread has just slept and
the caches are cold (CPython 3.11 on two shared cores). Little of it falls within the recorded times:
the time of the end is taken first, that of the begin last. So units of a millisecond appear as they
are; for units of some µs the overhead dominates. The recorder keeps the interpreter lock meanwhile.

Uses the standard library alone: each process of a model imports this module.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import functools
import inspect
import itertools
import json
import os
import sys
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

ENV_EVENTS = "CONCURBENCH_EVENTS"
"""The environment variable with the path of the file."""

MAX_LENGTH = 200
"""Characters recorded of a value."""

MAX_ITEMS = 10
"""Elements recorded of a sequence."""

LIBRARIES = ("asyncio", "trio.lowlevel")
"""Those with a ``current_task``."""

_numbers = itertools.count()
_task_numbers = itertools.count()
_tasks: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_file: int | None = None
_encode = json.JSONEncoder(separators=(",", ":")).encode


def trace(
    function: Callable[..., Any], item: str | None = None, only: Any = None
) -> Callable[..., Any]:
    """A function that does the same and records each call; ``item`` is the parameter to record. A call
    of a generator function lasts from its first item until its end. With ``only``, calls of a plain
    function with another item are not recorded."""
    place = _place(function, item) if item is not None else -1

    def item_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if item is None:
            return None
        return plain(kwargs[item] if item in kwargs else args[place] if place < len(args) else None)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def traced_coroutine(*args: Any, **kwargs: Any) -> Any:
            call = _begin(function.__name__, item_of(args, kwargs))
            return await _awaited(call, function(*args, **kwargs))

        return traced_coroutine

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def traced_generator(*args: Any, **kwargs: Any) -> Any:
            call = _begin(function.__name__, item_of(args, kwargs))
            try:
                result = yield from function(*args, **kwargs)
            except BaseException as error:
                _end(call, error=error)
                raise
            _end(call, result)
            return result

        return traced_generator

    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        found = item_of(args, kwargs)
        if only is not None and found != only:
            return function(*args, **kwargs)
        call = _begin(function.__name__, found)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            _end(call, error=error)
            raise
        if inspect.isawaitable(result):  # it has only begun
            return _awaited(call, result)
        _end(call, result)
        return result

    return traced


def _place(function: Callable[..., Any], item: str) -> int:
    try:
        return list(inspect.signature(function).parameters).index(item)
    except ValueError:
        if not inspect.isbuiltin(function):
            raise
        return 0  # time.sleep, as others in C, does not name its parameters


async def _awaited(call: int, awaitable: Awaitable[Any]) -> Any:
    try:
        result = await awaitable
    except BaseException as error:
        _end(call, error=error)
        raise
    _end(call, result)
    return result


def patch(target: str, item: str | None = None, only: Any = None) -> None:
    """Trace a function or method of another package, as in ``asyncio:sleep``, if the model has imported
    that package. See ``trace`` for ``item`` and ``only``."""
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    if module not in sys.modules:
        return  # importing it may take half a second, and this model does not call it
    owner = functools.reduce(getattr, owners, sys.modules[module])
    setattr(owner, name, trace(getattr(owner, name), item, only))


def _begin(function: str, item: Any) -> int:
    call = next(_numbers)
    _write_line(f'"kind":"begin","call":{call},"function":{_json(function)},"item":{_json(item)}')
    return call


def _end(call: int, result: Any = None, error: BaseException | None = None) -> None:
    at = time.perf_counter()
    if error is None:
        outcome = f'"result":{_json(plain(result))}'
    else:
        message = str(error.args[-1]) if error.args else ""  # the first of an OSError is its number
        outcome = f'"error":{_json(type(error).__name__)},"message":{_json(message[:MAX_LENGTH])}'
    _write_line(f'"kind":"end","call":{call},{outcome}', at)


def _write_line(fields: str, at: float | None = None) -> None:
    """Append a line, put together by hand: ``json.dumps`` takes longer than all the rest.

    Without ``at`` the time is that of the writing, so that a call does not include recording its begin.
    """
    global _file
    if _file is None:
        _file = os.open(os.environ[ENV_EVENTS], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    process, thread = os.getpid(), threading.get_native_id()
    # Under gevent each greenlet has a thread object. On Linux the first thread has the process's id.
    first = process == thread or threading.current_thread() is threading.main_thread()
    is_main = "true" if first else "false"
    unit = f"{process},{_interpreter()},{thread},{is_main},{_json(_task())}"
    line = f'{{{fields},"unit":[{unit}],"at":{at or time.perf_counter()!r}}}\n'.encode()
    if _write(_file, line, len(line)) != len(line):
        raise OSError("cannot record a call: no space left on device")


def _json(value: Any) -> str:
    # The encoder takes some µs even for None and integers.
    return "null" if value is None else repr(value) if type(value) is int else _encode(value)


# ``os.write`` releases the interpreter lock: a computing thread could take it, and the traced call
# would last a switch interval longer, at its begin and at its end. This function keeps the lock.
_write = ctypes.PyDLL(None).write
_write.argtypes = ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t
_write.restype = ctypes.c_ssize_t


def _interpreter() -> int:
    """The number of this interpreter within its process; 0 is the first one's."""
    if sys.version_info >= (3, 14):
        from concurrent import interpreters

        return interpreters.get_current().id
    return 0


def _task() -> int | None:
    """A number for the current task of an event loop, whichever library's, or for the current greenlet;
    None outside of them.

    A task is the coroutine that the loop resumes, the outermost on this thread's stack.
    """
    outermost, frame = None, sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]  # None after the last, which ends it
        if frame.f_code.co_flags & inspect.CO_COROUTINE:
            outermost = frame
    if outermost is None:
        greenlet = sys.modules.get("greenlet")
        current = greenlet and greenlet.getcurrent()
        # The first greenlet of a thread has no parent.
        return _tasks.setdefault(current, next(_task_numbers)) if current and current.parent else None
    # A new frame may reuse the address of one that has ended: the library distinguishes its tasks.
    for library in filter(None, map(sys.modules.get, LIBRARIES)):
        with contextlib.suppress(RuntimeError):  # the running loop is another library's
            task = library.current_task()
            if task is not None:
                return _tasks.setdefault(task, next(_task_numbers))
    return id(outermost)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: of bytes their number, of a path its end, of an object its
    fields."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:MAX_LENGTH]
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)[-MAX_LENGTH:]
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value))
        return {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value[:MAX_ITEMS]]
    return repr(value)[:MAX_LENGTH]
