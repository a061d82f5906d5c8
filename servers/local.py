"""A real flag server: an HTTP server in a process of its own, on the loopback interface.

In a thread of the client's process it would share the client's interpreter lock, and a benchmark
would time both.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import ClassVar

from servers import Seen

START_TIMEOUT = 30.0
"""Seconds the process may take until it listens."""

CONTROL_TIMEOUT = 10.0
"""Seconds a question about what was seen may take."""


class ServerDied(Exception):
    """The server's process does not run any more; the message says how it ended."""


class Local:
    """Serves ``directory``, each file after ``delay`` seconds, as long as the ``with`` block lasts.

    ``python`` is the interpreter that runs the server, so that two interpreters under test can be
    given the very same one.
    """

    name: ClassVar[str] = "local"
    initializer: ClassVar[None] = None

    def __init__(self, directory: Path, delay: float, python: str = sys.executable) -> None:
        self.directory = directory
        self.delay = delay
        self.python = python

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Local:
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [
                *(self.python, "-m", "servers.files"),
                *("--directory", str(self.directory)),
                *("--delay", str(self.delay)),
                *("--parent", str(os.getpid())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            # This checkout's server, wherever the interpreter would look first.
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            # Ctrl-C in the terminal is for the benchmark; it ends this process in its own time.
            start_new_session=True,
        )
        try:
            self.port = self._wait_for_port()
            self.seen()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()  # it holds nothing that would be lost
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.errors.close()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def reset(self) -> None:
        self._ask("POST", "/-/reset")

    def seen(self) -> Seen:
        return Seen(**json.loads(self._ask("GET", "/-/seen")))

    def _wait_for_port(self) -> int:
        assert self.process.stdout is not None
        timeout = threading.Timer(START_TIMEOUT, self.process.kill)
        timeout.start()
        line = self.process.stdout.readline()
        timeout.cancel()
        if not line:
            raise self._died("before it listened")
        return int(line)

    def _ask(self, method: str, path: str) -> bytes:
        # The standard library's client: untouched by respx and by proxies in the environment.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CONTROL_TIMEOUT)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            if self.alive and not isinstance(error, ConnectionError):
                raise
            raise self._died("while it was needed") from error
        finally:
            connection.close()

    def _died(self, when: str) -> ServerDied:
        try:
            ended = f"exit status {self.process.wait(timeout=1)}"
        except subprocess.TimeoutExpired:
            ended = "its process runs but does not answer"
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        said = f"; it said: {lines[-1]}" if lines else ""
        return ServerDied(f"the local server went away {when} ({ended}){said}")
