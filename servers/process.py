"""A server in a process of its own: how it starts, and how both sides see to its end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import psutil

START_TIMEOUT = 30.0
"""Seconds the process may take until it is ready."""

CHECKOUT = Path(__file__).parents[1]

GRACE = 5.0
"""Seconds it gets to end by itself, where that matters."""


class ServerDied(Exception):
    """The server's process does not run any more; the message says how it ended."""


def end_with(parent: int) -> None:
    """End this process as soon as process ``parent`` is gone, however it went."""

    def watch() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(parent).wait()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


class ServerProcess(ABC):
    """Runs a module of this checkout that prints one line as soon as it is ready.

    ``python`` is the interpreter that runs it. The module takes the option ``--parent``, the process to
    end with.
    """

    title: ClassVar[str]
    module: ClassVar[str]
    gentle: ClassVar[bool] = False
    """Whether it is asked to end, for it has something to put away; others are just killed."""

    python: str

    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """What the module is told."""

    def __enter__(self) -> Self:
        self.errors = tempfile.TemporaryFile()
        try:
            self.process = self._started()
        except OSError as error:
            self.errors.close()
            raise ServerDied(
                f"the {self.title} does not start: {self.python}: {error.strerror}"
            ) from None
        try:
            self.started(self._wait_until_ready())
        except BaseException:
            self.__exit__()
            raise
        return self

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, "-m", self.module, *self.arguments(), "--parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            # This checkout's server, wherever the interpreter would look first.
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            # Ctrl-C in the terminal is for the benchmark; it ends this process in its own time.
            start_new_session=True,
        )

    def __exit__(self, *_: object) -> None:
        if self.gentle:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE)
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.errors.close()

    @abstractmethod
    def started(self, line: str) -> None:
        """It is ready, and this is the line it printed."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def died(self, when: str) -> ServerDied:
        """What to raise when the process is gone, or does not answer."""
        try:
            ended = f"exit status {self.process.wait(timeout=GRACE)}"
        except subprocess.TimeoutExpired:
            ended = "its process runs but does not answer"
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        said = f"; it said: {lines[-1]}" if lines else ""
        return ServerDied(f"the {self.title} went away {when} ({ended}){said}")

    def _wait_until_ready(self) -> str:
        assert self.process.stdout is not None
        timeout = threading.Timer(START_TIMEOUT, self.process.kill)
        timeout.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timeout.cancel()  # else this process would wait for it when it ends, as after Ctrl-C
        if not line:
            raise self.died("before it was ready")
        return line.strip()
