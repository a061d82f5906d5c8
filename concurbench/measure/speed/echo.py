"""A round trip over the loopback interface, to a process of its own that sends back what it receives.

This file is also the program of that process, ``python echo.py PORT``. It connects to its parent and
ends with the connection, or when its parent is gone. A child that the parent forked may keep the
connection open, so the process checks for its parent, too.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

LOOPBACK = "127.0.0.1"

MESSAGE = bytes(64)

SEND_AT_ONCE = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

TIMEOUT = 30.0
"""Seconds for the process to connect, and for a reply."""

PARENT_CHECK = 2.0
"""Seconds of silence after which the process checks whether its parent lives."""


@contextlib.contextmanager
def echo() -> Iterator[Callable[[], None]]:
    """Start a process that answers. Yields a function that sends a message and waits until it is back.

    Raises:
        OSError: the process does not start, or does not answer.
    """
    with contextlib.ExitStack() as stack, socket.create_server((LOOPBACK, 0)) as listener:
        process = subprocess.Popen(
            # Isolated and without site: it needs only this file and a socket.
            [sys.executable, "-I", "-S", __file__, str(listener.getsockname()[1])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C must not reach it
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        listener.settimeout(TIMEOUT)
        connection = stack.enter_context(listener.accept()[0])
        connection.settimeout(TIMEOUT)
        connection.setsockopt(*SEND_AT_ONCE)

        def round_trip() -> None:
            connection.sendall(MESSAGE)
            missing = len(MESSAGE)
            while missing:
                received = len(connection.recv(missing))
                if not received:
                    raise ConnectionError("the echo process ended")
                missing -= received

        yield round_trip


def answer(port: int) -> None:
    """Connect, and send back everything that arrives."""
    parent = os.getppid()
    with socket.create_connection((LOOPBACK, port), TIMEOUT) as connection:
        connection.settimeout(PARENT_CHECK)
        connection.setsockopt(*SEND_AT_ONCE)
        while os.getppid() == parent:
            with contextlib.suppress(TimeoutError):
                message = connection.recv(len(MESSAGE))
                if not message:
                    break
                connection.sendall(message)


if __name__ == "__main__":
    answer(int(sys.argv[1]))
