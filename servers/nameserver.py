"""A real DNS server: of our own, in a process of its own, on the loopback interface."""

from __future__ import annotations

import json
import socket
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from servers import LOOPBACK, PYTHON, Seen, stub
from servers.process import ServerProcess


class Nameserver(ServerProcess):
    """Knows ``names`` and no others, and says so after ``delay`` seconds, as long as the ``with`` block
    lasts.

    ``python`` is the interpreter that runs the server, so that all interpreters under test can be
    given the very same one.
    """

    title: ClassVar[str] = "DNS server"
    module: ClassVar[str] = "servers.dns"
    host: ClassVar[str] = LOOPBACK

    def __init__(self, names: Collection[str], delay: float, python: str = PYTHON) -> None:
        self.names = names
        self.delay = delay
        self.python = python
        self.runs_on: Mapping[str, str] = {}
        """What it runs on: name -> version."""

    def arguments(self) -> Sequence[str]:
        return ["--names", ",".join(sorted(self.names)), "--delay", str(self.delay)]

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    def started(self, line: str) -> None:
        told = json.loads(line)
        self.port: int = told["port"]
        self.runs_on = told["runs_on"]

    def reset(self) -> None:
        """Forget what was seen."""
        self._ask("reset")

    def seen(self) -> Seen:
        """What was seen since the last reset; ``served`` counts answers, also that there is no name."""
        return Seen(**json.loads(self._ask("seen")))

    def peak(self) -> int:
        """How many queries were in flight at once since the last reset."""
        return self.seen().peak

    def _ask(self, name: str) -> bytes:
        try:
            text = stub.lookup(self.address, name, stub.TXT, stub.CH)
        except socket.gaierror as error:
            raise self.died("while it was needed") from error
        return text[1:]  # before it stands its length
