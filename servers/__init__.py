"""Servers that the models talk to: they serve a folder of files, each after a delay.

``mock``   respx answers inside the client's process: no sockets, no second process
``local``  a real HTTP server in a separate process, on the loopback interface

Both serve the same folder with the same delay. A server may be the cause of a wrong result, so each
counts what it served and its peak of requests in flight; the benchmark checks both after every round.
This package imports nothing of this project.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

NAMES = ("mock", "local")
"""The names of both flag servers in rows and options."""

LOOPBACK = "127.0.0.1"

PROTOCOLS = ("http", "https", "h2")
"""The protocols of the local flag server: HTTP/1.1; the same over TLS; HTTP/1.1 or HTTP/2 over TLS, as
each client chooses."""

ENV_SERVER_PYTHON = "CONCURBENCH_SERVER_PYTHON"
"""The environment variable with the interpreter for servers, the same for all measured interpreters."""

PYTHON = os.environ.get(ENV_SERVER_PYTHON) or sys.executable
"""The default interpreter for servers in separate processes."""


@dataclass(frozen=True)
class Seen:
    """A server's counts since its last reset.

    ``served`` counts requests for files that exist, ``peak`` is the most requests in flight at once,
    and ``cpu_seconds`` is the server's CPU time, or None if it has no separate process.
    ``connections`` counts the connections that clients opened, or is None if it has none or does not
    count them.
    """

    served: int
    peak: int
    cpu_seconds: float | None = None
    connections: int | None = None

    def expect(self, *, served: int, peak: int) -> None:
        """Check that the server served ``served`` requests, and at most ``peak`` of them at once.

        Raises:
            AssertionError: a number differs; the message names it.
        """
        assert self.served == served, f"the server served {self.served} requests, expected {served}"
        assert self.peak <= peak, f"the server had {self.peak} requests in flight, the bound is {peak}"


class Server(Protocol):
    """The interface of flag servers."""

    @property
    def name(self) -> str:
        """Its name in rows."""

    @property
    def url(self) -> str:
        """The base URL of its files, without a slash at the end."""

    @property
    def delay(self) -> float:
        """The delay before each answer, in seconds."""

    @property
    def connect_delay(self) -> float:
        """The seconds by which the first answer on a new connection comes later."""

    @property
    def capacity(self) -> float | None:
        """The most requests a second that it can answer, as measured. None if it has no separate
        process: then only the client's CPU time limits it, which must not raise the limit."""

    @property
    def authority(self) -> Path | None:
        """The file of the certificate authority that its clients must trust. None without TLS."""

    @property
    def initializer(self) -> Callable[[], None] | None:
        """A picklable function that each process calls once before it sends requests, or None."""

    def reset(self) -> None:
        """Set the counts to zero."""

    def seen(self) -> Seen:
        """The counts since the last reset."""
