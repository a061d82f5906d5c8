"""A round trip over the loopback interface, to a process of its own that sends back what it receives.

This file is also the program of that process, ``python echo.py PORT``. It connects to its parent and
ends with the connection, or when its parent is gone. A child that the parent forked may keep the
connection open, so the process checks for its parent, too.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Self

LOOPBACK = "127.0.0.1"

MESSAGE = bytes(64)

TIMEOUT = 30.0
"""Seconds for the process to connect, and for a reply."""

PARENT_CHECK = 2.0
"""Seconds of silence after which the process checks whether its parent lives."""


class Echo:
    """A context manager with a process that answers.

    Raises:
        OSError: the process does not start, or does not answer.
    """

    def __enter__(self) -> Self:
        with socket.create_server((LOOPBACK, 0)) as listener:
            port = listener.getsockname()[1]
            self._process = subprocess.Popen(
                # Isolated and without site: it needs only this file and a socket.
                [sys.executable, "-I", "-S", __file__, str(port)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C must not reach it
            )
            listener.settimeout(TIMEOUT)
            try:
                self._connection, _ = listener.accept()
            except BaseException:
                self._end()
                raise
        self._connection.settimeout(TIMEOUT)
        _send_at_once(self._connection)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()

    def round_trip(self) -> None:
        """Send a message and wait until it is back."""
        self._connection.sendall(MESSAGE)
        missing = len(MESSAGE)
        while missing:
            received = len(self._connection.recv(missing))
            if not received:
                raise ConnectionError("the echo process ended")
            missing -= received


def _send_at_once(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def answer(port: int) -> None:
    """Connect, and send back everything that arrives."""
    parent = os.getppid()
    with socket.create_connection((LOOPBACK, port), TIMEOUT) as connection:
        connection.settimeout(PARENT_CHECK)
        _send_at_once(connection)
        while os.getppid() == parent:
            try:
                message = connection.recv(len(MESSAGE))
            except TimeoutError:
                continue
            if not message:
                break
            connection.sendall(message)


if __name__ == "__main__":
    answer(int(sys.argv[1]))
