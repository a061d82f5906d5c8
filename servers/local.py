"""A real flag server: an HTTP server in a separate process, on the loopback interface.

In a thread of the client's process it would compete for the client's GIL, and a benchmark would time
both.
"""

from __future__ import annotations

import http.client
import json
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Self

from servers import LOOPBACK, PYTHON, Seen
from servers.delay import Delay
from servers.process import ServerProcess

CONTROL_TIMEOUT = 10.0
"""Seconds within which the server must answer a request for its counts."""


def lay_out(files: Mapping[str, bytes], directory: Path) -> None:
    """Write the files to serve: path below ``directory`` -> content."""
    for path, body in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(body)


class Local(ServerProcess):
    """Serves ``directory``, each file after ``delay`` seconds, for the duration of a ``with`` block.

    ``python`` is the interpreter of the server: the same for all interpreters that are measured.
    ``host`` is the address to listen at. ``capacity`` is the measured requests a second of such a
    server. If the delay is a range, ``seed`` determines the delay of each path. ``faults`` maps a path
    to its kind of fault (see ``servers.faults``). ``protocol`` is one of ``servers.PROTOCOLS``. For
    TLS each start makes a certificate of its own. The first answer on a new connection comes
    ``connect_delay`` seconds later.
    """

    name: ClassVar[str] = "local"
    title: ClassVar[str] = "local server"
    module: ClassVar[str] = "servers.files"
    initializer: ClassVar[None] = None

    def __init__(
        self, directory: Path, delay: float | Delay, python: str = PYTHON, host: str = LOOPBACK,
        capacity: float | None = None, *, faults: Mapping[str, str] | None = None, seed: int = 0,
        protocol: str = "http", connect_delay: float = 0.0,
    ) -> None:  # fmt: skip
        self.directory = directory
        self.delays = delay if isinstance(delay, Delay) else Delay(delay, delay)
        self.delay = self.delays.shortest
        self.faults = dict(faults or {})
        self.seed = seed
        self.python = python
        self.host = host
        self.capacity = capacity
        self.protocol = protocol
        self.connect_delay = connect_delay
        self.authority: Path | None = None
        """The file of the certificate authority that its clients must trust; None without TLS."""
        self.tls: ssl.SSLContext | None = None
        """A context for clients that trust no other authority; None without TLS."""
        self.runs_on: Mapping[str, str] = {}
        """The server's interpreter and packages: name -> version."""

    def arguments(self) -> Sequence[str]:
        return [
            "--directory", str(self.directory.resolve()), "--delay", str(self.delays),
            "--faults", json.dumps(self.faults), "--seed", str(self.seed), "--host", self.host,
            "--connect-delay", str(self.connect_delay), "--protocol", self.protocol, *self.certificate,
        ]  # fmt: skip

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.resources, self.certificate = stack, list[str]()
            if self.protocol != "http":
                folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
                self.certificate = ["--certificate", folder]
            super().__enter__()
            self.resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.resources.close()

    @property
    def url(self) -> str:
        return f"{'http' if self.protocol == 'http' else 'https'}://{self.host}:{self.port}"

    def started(self, line: str) -> None:
        ready = json.loads(line)
        self.port: int = ready["port"]
        self.runs_on = ready["runs_on"]
        if ready["authority"] is not None:
            self.authority = Path(ready["authority"])
            self.tls = ssl.create_default_context(cafile=self.authority)
        self.seen()

    def reset(self) -> None:
        self._ask("POST", "/-/reset")

    def seen(self) -> Seen:
        return Seen(**json.loads(self._ask("GET", "/-/seen")))

    def _ask(self, method: str, path: str) -> bytes:
        # The standard library's client ignores respx and the environment's proxies.
        connection = (
            http.client.HTTPSConnection(self.host, self.port, timeout=CONTROL_TIMEOUT, context=self.tls)
            if self.tls
            else http.client.HTTPConnection(self.host, self.port, timeout=CONTROL_TIMEOUT)
        )
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            if self.alive and not isinstance(error, ConnectionError):
                raise
            raise self.died("while it was needed") from error
        finally:
            connection.close()
