"""A real DNS server, ``servers.dns``, in a separate process on the loopback interface."""

from __future__ import annotations

import json
import socket
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from servers import LOOPBACK, PYTHON, Seen, stub
from servers.process import ServerProcess


class Nameserver(ServerProcess):
    """Answers for ``names`` after ``delay`` seconds, for the duration of a ``with`` block; no other
    names exist.

    ``python`` is the interpreter of the server: the same for all interpreters that are measured.
    """

    title: ClassVar[str] = "DNS server"
    module: ClassVar[str] = "servers.dns"
    host: ClassVar[str] = LOOPBACK

    def __init__(self, names: Collection[str], delay: float, python: str = PYTHON) -> None:
        self.names = names
        self.delay = delay
        self.python = python
        self.runs_on: Mapping[str, str] = {}
        """The server's interpreter and packages: name -> version."""

    def arguments(self) -> Sequence[str]:
        return ["--names", ",".join(sorted(self.names)), "--delay", str(self.delay)]

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    def started(self, line: str) -> None:
        ready = json.loads(line)
        self.port: int = ready["port"]
        self.runs_on = ready["runs_on"]

    def reset(self) -> None:
        """Set the counts to zero."""
        self._ask("reset")

    def seen(self) -> Seen:
        """The counts since the last reset; ``served`` includes answers that a name does not exist."""
        return Seen(**json.loads(self._ask("seen")))

    def peak(self) -> int:
        """How many queries were in flight at once since the last reset."""
        return self.seen().peak

    def _ask(self, name: str) -> bytes:
        try:
            text = stub.lookup(self.address, name, stub.TXT, stub.CH)
        except socket.gaierror as error:
            raise self.died("while it was needed") from error
        return text[1:]  # the first byte is the length
