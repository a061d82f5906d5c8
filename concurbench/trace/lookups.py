"""Looking names up, as all programs do it: ``socket.getaddrinfo``."""

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
    """A name, and the thread that waits for it, as it is called in its own process."""

    name: str
    thread: str


@contextlib.contextmanager
def lookups_noted() -> Iterator[None]:
    """``socket.getaddrinfo`` is watched, whoever calls it, but where it is only asked whether a host is
    a number, as trio does first."""
    real = socket.getaddrinfo

    def ask(lookup: Lookup, call: Callable[[], list[Any]]) -> list[Any]:
        return call()

    noted = recorder.watch(ask, "lookup")

    def getaddrinfo(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        call = functools.partial(real, host, port, family, type, proto, flags)
        if host is None or flags & socket.AI_NUMERICHOST:
            return call()
        name = host.decode("ascii") if isinstance(host, bytes) else host
        answer: list[Any] = noted(Lookup(name, threading.current_thread().name), call)
        return answer

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = real
