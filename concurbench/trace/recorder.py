"""Notes the calls of some functions, in whatever process, thread, interpreter or task they are made.

Every process of a model appends to one file, a line for the begin of a call and one for its end: a
short append is atomic, nothing has to be passed on, and what was noted stays when the process is
killed. Times are of ``time.perf_counter``, one clock for all processes of the machine.

To watch a call takes 27 µs of CPU (26 to 31, 180 times 200 calls in a row), and 80 to 110 µs of time
where the thread has just slept and nothing is at hand (quartiles of six times 200 calls: 68 to 118);
CPython 3.11 on two cores that others used. Little of it is within the times that are noted: the end's
is taken first, the begin's last. So units of a millisecond are seen as they are; of some µs, one sees
the watching. The interpreter lock is kept meanwhile.

The standard library alone, for each process of a model imports it.
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

VARIABLE = "CONCURBENCH_EVENTS"
"""The environment variable with the path of the file."""

LONGEST = 200
"""Characters of what is noted of a value."""

LIBRARIES = ("asyncio", "trio.lowlevel")
"""Those whose ``current_task`` can be asked."""

_numbers = itertools.count()
_task_numbers = itertools.count()
_tasks: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_file: int | None = None
_encode = json.JSONEncoder(separators=(",", ":")).encode


def watch(function: Callable[..., Any], item: str | None = None) -> Callable[..., Any]:
    """A function that does the same and notes each call; ``item`` is the parameter to note."""
    place = _place(function, item) if item is not None else -1

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
            _end(call, error=error)
            raise
        if inspect.isawaitable(result):  # it has only begun
            return _ended(call, result)
        _end(call, result)
        return result

    return watched


def _place(function: Callable[..., Any], item: str) -> int:
    try:
        return list(inspect.signature(function).parameters).index(item)
    except ValueError:
        if not inspect.isbuiltin(function):
            raise
        return 0  # time.sleep, as others in C, does not say what its parameter is called


async def _ended(call: int, awaitable: Awaitable[Any]) -> Any:
    try:
        result = await awaitable
    except BaseException as error:
        _end(call, error=error)
        raise
    _end(call, result)
    return result


def patch(target: str, item: str | None = None, only: Any = None) -> None:
    """Watch what another package offers, as in ``asyncio:sleep``; nothing of one that the model has not
    imported. With ``only``, just the calls whose ``item`` is that, given by its place."""
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    if module not in sys.modules:
        return  # it may take half a second, and whoever does not use it will not call it
    owner = functools.reduce(getattr, owners, sys.modules[module])
    function = getattr(owner, name)
    seen = watch(function, item)
    if item is not None and only is not None:
        seen = _chosen(function, seen, _place(function, item), only)
    setattr(owner, name, seen)


def _chosen(
    function: Callable[..., Any], seen: Callable[..., Any], place: int, only: Any
) -> Callable[..., Any]:
    @functools.wraps(function)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        call = seen if args[place : place + 1] == (only,) else function
        return call(*args, **kwargs)

    return chosen


def _begin(what: str, item: Any) -> int:
    call = next(_numbers)
    _note(f'"kind":"begin","call":{call},"what":{_json(what)},"item":{_json(item)}')
    return call


def _end(call: int, result: Any = None, error: BaseException | None = None) -> None:
    at = time.perf_counter()
    if error is None:
        told = f'"result":{_json(plain(result))}'
    else:
        why = str(error.args[-1]) if error.args else ""  # an OSError has its number before
        told = f'"error":{_json(type(error).__name__)},"why":{_json(why[:LONGEST])}'
    _note(f'"kind":"end","call":{call},{told}', at)


def _note(told: str, at: float | None = None) -> None:
    """Append a line, put together by hand: ``json.dumps`` takes longer than all the rest.

    Without ``at`` the time is that of the writing: what is noted of a begin is no part of the call.
    """
    global _file
    if _file is None:
        _file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    is_main = "true" if threading.current_thread() is threading.main_thread() else "false"
    unit = f"{os.getpid()},{_interpreter()},{threading.get_native_id()},{is_main},{_json(_task())}"
    if at is None:
        at = time.perf_counter()
    line = f'{{{told},"unit":[{unit}],"at":{at!r}}}\n'.encode()
    if _write(_file, line, len(line)) != len(line):
        raise OSError("there is no room for what is noted of the calls")


def _json(value: Any) -> str:
    """JSON; the encoder takes some µs, even for nothing."""
    if value is None:
        return "null"
    return repr(value) if type(value) is int else _encode(value)


def _writer() -> Callable[[int, bytes, int], int]:
    """What writes bytes into a file, so many, and returns how many it wrote.

    ``os.write`` gives up the interpreter lock: a thread that computes may take it, and the watched call
    would last a switch interval longer, in its begin and in its end. This one keeps it.
    """
    if os.name != "posix":
        return lambda file, line, length: os.write(file, line)
    write = ctypes.PyDLL(None).write
    write.argtypes = ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t
    write.restype = ctypes.c_ssize_t
    return write


_write = _writer()


def _interpreter() -> int:
    """The number of this interpreter within its process: 0 is the first one."""
    if sys.version_info >= (3, 14):
        from concurrent import interpreters

        return interpreters.get_current().id
    return 0


def _task() -> int | None:
    """Which task of an event loop this is, whichever library's: a task is the coroutine that the loop
    resumes, the outermost on this thread's stack. None where there is no loop."""
    outermost, frame = None, sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]  # None after the last, which ends it
        if frame.f_code.co_flags & inspect.CO_COROUTINE:
            outermost = frame
    if outermost is None:
        return None
    # Its frame may be in the place of one that has ended: who knows the tasks tells them apart.
    for library in filter(None, map(sys.modules.get, LIBRARIES)):
        with contextlib.suppress(RuntimeError):  # its loop is not the one that runs
            task = library.current_task()
            if task is not None:
                if task not in _tasks:
                    _tasks[task] = next(_task_numbers)
                return _tasks[task]
    return id(outermost)


def plain(value: Any) -> Any:
    """What JSON can hold of a value: of bytes their number, of a path its end, of an object its
    fields."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:LONGEST]
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)[-LONGEST:]
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value))
        return {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value[:10]]
    return repr(value)[:LONGEST]
