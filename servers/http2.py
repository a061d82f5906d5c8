"""Serves an ASGI application over HTTP/2, too: granian, on asyncio's own event loop.

A client chooses HTTP/2 or HTTP/1.1 when it connects over TLS (ALPN). granian does its I/O in a thread
of its own, in Rust, in the same process.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import granian.net
from granian.constants import Interfaces
from granian.server.embed import Server

from servers.certificate import Certificate


def serve(app: Any, listener: socket.socket, backlog: int, certificate: Certificate) -> None:
    """Serve the application until the process ends."""

    class Listening(Server):
        """Accepts the connections of the listener."""

        def _init_shared_socket(self) -> None:
            holder: Any = granian.net.SocketHolder  # type: ignore[attr-defined]  # no public type
            self._shd = holder(listener.fileno(), False, backlog)

    server = Listening(
        app, interface=Interfaces.ASGINL, websockets=False, log_enabled=False,
        ssl_cert=certificate.server, ssl_key=certificate.server,
    )  # fmt: skip
    asyncio.run(server.serve())
