"""Traces name lookups where every library makes them: in ``socket.getaddrinfo``."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from concurbench.trace import recorder


@dataclass(frozen=True)
class Lookup:
    """A name, and the thread that waits for the answer, by its name in its own process."""

    name: str
    thread: str


@contextlib.contextmanager
def traced_lookups() -> Iterator[None]:
    """Record each call of ``socket.getaddrinfo``, except those that ask whether a host is a number, as
    trio does first."""
    real = socket.getaddrinfo

    def look_up(lookup: Lookup, call: Callable[[], list[Any]]) -> list[Any]:
        return call()

    traced = recorder.trace(look_up, "lookup")

    def getaddrinfo(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        call = functools.partial(real, host, port, family, type, proto, flags)
        if host is None or flags & socket.AI_NUMERICHOST:
            return call()
        name = host.decode("ascii") if isinstance(host, bytes) else host
        answer: list[Any] = traced(Lookup(name, threading.current_thread().name), call)
        return answer

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = real
