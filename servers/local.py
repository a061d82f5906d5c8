"""A real flag server: an HTTP server in a process of its own, on the loopback interface.

In a thread of the client's process it would share the client's interpreter lock, and a benchmark
would time both.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from servers import LOOPBACK, PYTHON, Seen
from servers.delay import Delay
from servers.process import ServerProcess

CONTROL_TIMEOUT = 10.0
"""Seconds a question about what was seen may take."""


def lay_out(files: Mapping[str, bytes], directory: Path) -> None:
    """Write what a server is to serve: path below ``directory`` -> content."""
    for path, body in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(body)


class Local(ServerProcess):
    """Serves ``directory``, each file after ``delay`` seconds, as long as the ``with`` block lasts.

    ``python`` is the interpreter that runs the server, so that all interpreters under test can be
    given the very same one. ``host`` is the address it listens at. ``capacity`` is what was measured of
    one like it. Where the delay is a range, each path has its own, drawn from ``seed``; ``faults`` are
    the paths that fail, and how (see ``servers.faults``).
    """

    name: ClassVar[str] = "local"
    title: ClassVar[str] = "local server"
    module: ClassVar[str] = "servers.files"
    initializer: ClassVar[None] = None

    def __init__(
        self, directory: Path, delay: float | Delay, python: str = PYTHON, host: str = LOOPBACK,
        capacity: float | None = None, *, faults: Mapping[str, str] | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        self.directory = directory
        self.delays = delay if isinstance(delay, Delay) else Delay(delay, delay)
        self.delay = self.delays.shortest
        self.faults = dict(faults or {})
        self.seed = seed
        self.python = python
        self.host = host
        self.capacity = capacity
        self.runs_on: Mapping[str, str] = {}
        """What it runs on: name -> version."""

    def arguments(self) -> Sequence[str]:
        return [
            "--directory", str(self.directory.resolve()), "--delay", str(self.delays),
            "--faults", json.dumps(self.faults), "--seed", str(self.seed), "--host", self.host,
        ]  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def started(self, line: str) -> None:
        told = json.loads(line)
        self.port: int = told["port"]
        self.runs_on = told["runs_on"]
        self.seen()

    def reset(self) -> None:
        self._ask("POST", "/-/reset")

    def seen(self) -> Seen:
        return Seen(**json.loads(self._ask("GET", "/-/seen")))

    def _ask(self, method: str, path: str) -> bytes:
        # The standard library's client: untouched by respx and by proxies in the environment.
        connection = http.client.HTTPConnection(self.host, self.port, timeout=CONTROL_TIMEOUT)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            if self.alive and not isinstance(error, ConnectionError):
                raise
            raise self.died("while it was needed") from error
        finally:
            connection.close()
