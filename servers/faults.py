"""Faults that a server injects: their kinds, and the paths that get one."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence

from servers.draw import draw

KINDS = {
    "404": "not found",
    "418": "an unexpected status",
    "503": "the server is overloaded",
    "timeout": "no answer until the client disconnects",
    "reset": "the connection is cut before the answer",
    "short": "the connection is closed in the middle of the answer",
    "wrong": "status 200, but an HTML page instead of the file",
}
"""Kind of fault -> description."""

WRONG = b"<!doctype html><title>Hello</title><p>This is not what you are looking for.\n"

LINGER = struct.Struct("hh" if sys.platform == "win32" else "ii")


def drawn(
    paths: Iterable[str], rate: float, seed: int, kinds: Sequence[str] = tuple(KINDS)
) -> dict[str, str]:
    """The paths that fail, about a share of ``rate``: path -> kind of fault.

    Only the path and the seed decide. A path that fails at one rate fails at every higher rate.
    """
    return {
        path: kinds[int(draw("kind", path, seed) * len(kinds))]
        for path in paths
        if draw("fails", path, seed) < rate
    }


def check(faults: Mapping[str, str], paths: Iterable[str]) -> None:
    """Check that each fault is of a known kind and of one of these paths.

    Raises:
        ValueError: one is not; the message names it.
    """
    if unknown := sorted(set(faults.values()) - set(KINDS)):
        raise ValueError(f"unknown fault {unknown[0]!r}: choose from {', '.join(KINDS)}")
    if missing := sorted(set(faults) - set(paths)):
        raise ValueError(f"a fault for a file that does not exist: {missing[0]}")


def cut(transport: asyncio.Transport) -> None:
    """Abort a connection: the client receives RST instead of FIN."""
    connected: socket.socket = transport.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER.pack(1, 0))
    transport.abort()
