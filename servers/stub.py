"""A resolver for what libc's cannot be told: which port the DNS server listens at.

``installed`` puts it in the place of ``socket.getaddrinfo`` for the names below one domain. It blocks
its thread as libc's does: send, wait, try again. So whoever calls ``socket.getaddrinfo`` pays for it as
usual, with a thread; asyncio, trio and curio look it up there anew for each call.
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
"""Types of records (RFC 1035): an address, a text."""

IN, CH = 1, 3
"""Classes: the Internet, and what DNS servers tell of themselves."""

NOERROR, NXDOMAIN = 0, 3
"""Codes of answers."""

NO_DATA = getattr(socket, "EAI_NODATA", socket.EAI_NONAME)  # not every system tells the two apart

RECURSION_DESIRED = 0x0100
HEADER = struct.Struct("!6H")
QUESTION = struct.Struct("!HH")
RECORD = struct.Struct("!HHHIH")
"""Ahead of a record's data, its name a pointer to that of the question, as our server answers."""


def lookup(server: tuple[str, int], name: str, kind: int = A, network: int = IN) -> bytes:
    """The data of the first record of a name, as this DNS server has it.

    Raises:
        socket.gaierror: EAI_NONAME where there is no such name, EAI_NODATA where it has no such record,
            EAI_AGAIN where nobody answers, EAI_FAIL where the server cannot tell.
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
    """What the server answers; a socket a query, as libc does it, hears of no others."""
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
    """In this process ``socket.getaddrinfo`` asks this server for the names below ``domain``, and libc
    for all others."""
    real = socket.getaddrinfo

    def getaddrinfo(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        name = host.decode("ascii") if isinstance(host, bytes) else host
        # A name is no number, as libc will say; trio asks that first.
        if not flags & socket.AI_NUMERICHOST and name is not None and name.endswith(f".{domain}"):
            host = socket.inet_ntoa(lookup(server, name))
        return real(host, port, family, type, proto, flags)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = real
