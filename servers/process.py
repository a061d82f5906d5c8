"""A server in a separate process, which ends in every case."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import psutil

CHECKOUT = Path(__file__).parents[1]

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""


class ServerDied(Exception):
    """The server's process has ended, or does not answer; the message names the exit status."""


def end_with(parent: int, folder: Path | None = None) -> None:
    """End this process as soon as process ``parent`` has ended, even by SIGKILL. Before that, remove
    ``folder``, which the parent would have removed."""

    def watch() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(parent).wait()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


class ServerProcess(ABC):
    """Runs a module of this checkout with the interpreter ``python`` while a ``with`` block lasts.

    The module prints one line when it is ready. Its option ``--parent`` is the id of the process that
    it ends with.
    """

    title: ClassVar[str]
    module: ClassVar[str]
    gentle: ClassVar[bool] = False
    """Whether it gets SIGTERM first, because it must clean up; otherwise it is killed."""

    start_timeout: ClassVar[float] = 30.0
    """Seconds within which it must be ready."""

    python: str

    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """The module's command line arguments."""

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
            # Import this checkout's server, whatever else the interpreter has installed.
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            # Ctrl-C in the terminal reaches only the benchmark, which then ends this process.
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
        """Called when it is ready, with the line that it printed."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def died(self, when: str) -> ServerDied:
        """The exception for a process that has ended, or does not answer."""
        try:
            ended = f"exit status {self.process.wait(timeout=GRACE)}"
        except subprocess.TimeoutExpired:
            ended = "its process runs but does not answer"
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        said = f"; last output: {lines[-1]}" if lines else ""
        return ServerDied(f"the {self.title} went away {when} ({ended}){said}")

    def _wait_until_ready(self) -> str:
        assert self.process.stdout is not None
        timeout = threading.Timer(self.start_timeout, self.process.kill)
        timeout.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timeout.cancel()  # otherwise this process would wait for it at its end
        if not line:
            raise self.died("before it was ready")
        return line.strip()
