"""A round trip over the loopback interface, to a process of its own that sends back what it gets.

This file is also the program of that process, ``python echo.py PORT``: it connects to its parent, and
ends with the connection, or when its parent is gone. A child that the parent has forked may hold
the connection open, so it looks for its parent, too.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Self

LOOPBACK = "127.0.0.1"

MESSAGE = bytes(64)

PATIENCE = 30.0
"""Seconds for the process to connect, and for a reply."""

LOOK = 2.0
"""Seconds of silence after which the process looks for its parent."""


class Echo:
    """A context manager: as long as it lasts, a process is there to answer.

    Raises:
        OSError: the process does not start, or does not answer.
    """

    def __enter__(self) -> Self:
        with socket.create_server((LOOPBACK, 0)) as listener:
            port = listener.getsockname()[1]
            self._process = subprocess.Popen(
                # Alone: it needs no more than this file and a socket.
                [sys.executable, "-I", "-S", __file__, str(port)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is not for it
            )
            listener.settimeout(PATIENCE)
            try:
                self._connection, _ = listener.accept()
            except BaseException:
                self._end()
                raise
        self._connection.settimeout(PATIENCE)
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
        left = len(MESSAGE)
        while left:
            got = len(self._connection.recv(left))
            if not got:
                raise ConnectionError("the echo process went away")
            left -= got


def _send_at_once(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def answer(port: int) -> None:
    """Connect, and send back whatever comes."""
    parent = os.getppid()
    with socket.create_connection((LOOPBACK, port), PATIENCE) as connection:
        connection.settimeout(LOOK)
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
