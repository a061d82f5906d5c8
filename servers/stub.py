"""A resolver that can ask a DNS server on any port, which libc's cannot.

``installed`` replaces ``socket.getaddrinfo`` for the names below one domain. Like libc's, it blocks its
thread: it sends a query, waits and retries. So callers of ``socket.getaddrinfo`` need a thread, as
usual. asyncio, trio and curio look up that attribute for each call, so they use it, too.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

TIMEOUT = 2.0
"""Seconds until a query is sent again."""

TRIES = 3

A, TXT = 1, 16
"""Record types (RFC 1035): address, text."""

IN, CH = 1, 3
"""Record classes: Internet, and CHAOS, which servers use for information about themselves."""

NOERROR, NXDOMAIN = 0, 3
"""Response codes."""

NO_DATA = getattr(socket, "EAI_NODATA", socket.EAI_NONAME)  # not every system has EAI_NODATA

RECURSION_DESIRED = 0x0100
HEADER = struct.Struct("!6H")
QUESTION = struct.Struct("!HH")
RECORD = struct.Struct("!HHHIH")
"""The fields before a record's data. Our server compresses its name to a pointer of two bytes."""


def lookup(server: tuple[str, int], name: str, kind: int = A, network: int = IN) -> bytes:
    """The data of the first record of a name, from this DNS server.

    Raises:
        socket.gaierror: EAI_NONAME if the name does not exist, EAI_NODATA if it has no such record,
            EAI_AGAIN if no answer comes, EAI_FAIL if the server reports a failure.
    """
    number = random.getrandbits(16)
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    query = (
        HEADER.pack(number, RECURSION_DESIRED, 1, 0, 0, 0)
        + labels + b"\0"
        + QUESTION.pack(kind, network)
    )  # fmt: skip
    answer = _exchange(server, query)
    _, flags, _, records, _, _ = HEADER.unpack_from(answer)
    code = flags & 0xF
    if code == NXDOMAIN:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if code != NOERROR:
        raise socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure in name resolution")
    if not records:
        raise socket.gaierror(NO_DATA, "No address associated with hostname")
    *_, length = RECORD.unpack_from(answer, len(query))
    start = len(query) + RECORD.size
    return answer[start : start + length]


def _exchange(server: tuple[str, int], query: bytes) -> bytes:
    """The server's answer. As in libc, each query has its own socket, which gets no other answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waiting:
        waiting.settimeout(TIMEOUT)
        waiting.connect(server)
        for _ in range(TRIES):
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                waiting.send(query)
                while (answer := waiting.recv(512))[:2] != query[:2]:
                    pass
                return answer
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@contextlib.contextmanager
def installed(server: tuple[str, int], domain: str) -> Iterator[None]:
    """Make this process's ``socket.getaddrinfo`` ask ``server`` for names below ``domain``, and libc
    for all others."""
    real = socket.getaddrinfo

    def getaddrinfo(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        name = host.decode("ascii") if isinstance(host, bytes) else host
        # trio first asks whether the host is a number; libc answers that.
        if not flags & socket.AI_NUMERICHOST and name is not None and name.endswith(f".{domain}"):
            host = socket.inet_ntoa(lookup(server, name))
        return real(host, port, family, type, proto, flags)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = real
