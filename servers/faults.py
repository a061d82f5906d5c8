"""What goes wrong with a request on purpose: the kinds of faults, and which paths they befall."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence

from servers.draw import draw

KINDS = {
    "404": "not found",
    "418": "a status that no client expects",
    "503": "the server is overloaded",
    "timeout": "no answer at all, until the client has gone",
    "reset": "the connection is cut before the answer",
    "short": "the connection is closed in the middle of the answer",
    "wrong": "status 200, and a page of HTML in the place of the file",
}
"""Kind of fault -> what it is."""

WRONG = b"<!doctype html><title>Hello</title><p>This is not what you are looking for.\n"

LINGER = struct.Struct("hh" if sys.platform == "win32" else "ii")


def drawn(
    paths: Iterable[str], rate: float, seed: int, kinds: Sequence[str] = tuple(KINDS)
) -> dict[str, str]:
    """Which of these paths fail, about ``rate`` of them, and how: path -> kind of fault.

    It depends on the path and the seed alone whether a path fails, and what fails at one rate fails at
    every higher one.
    """
    return {
        path: kinds[int(draw("kind", path, seed) * len(kinds))]
        for path in paths
        if draw("fails", path, seed) < rate
    }


def check(faults: Mapping[str, str], paths: Iterable[str]) -> None:
    """All of these faults are of a known kind, each of one of these paths.

    Raises:
        ValueError: naming the one that is not.
    """
    if unknown := sorted(set(faults.values()) - set(KINDS)):
        raise ValueError(f"no fault {unknown[0]!r}; there are: {', '.join(KINDS)}")
    if missing := sorted(set(faults) - set(paths)):
        raise ValueError(f"a fault of a file that is not there: {missing[0]}")


def cut(transport: asyncio.Transport) -> None:
    """Cut a connection: its client gets a reset (RST), not an end (FIN)."""
    connected: socket.socket = transport.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER.pack(1, 0))
    transport.abort()
