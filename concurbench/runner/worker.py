"""The worker of an arm: a live pytest process, stepped over a socket that it inherits."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from concurbench.errors import ConcurbenchError
from concurbench.runner.child import last_output, with_plugin
from concurbench.runner.workspace import Workspace

GRACE = 10.0
"""Seconds a worker gets to end, the teardown of its fixtures included."""

SHORT_GRACE = 3.0
"""The same after an error or an interrupt."""


@dataclass(frozen=True)
class WorkerSpec:
    """Where a worker runs, and which code must be its own."""

    name: str
    """The arm: base or head."""
    folder: Path
    python: str
    environ: Mapping[str, str]
    arguments: Sequence[str] = ()
    own: Sequence[str] = ()
    """The folders that its project's modules may come from."""
    others: Sequence[str] = ()
    """The folders that they must not come from: the other arm's, the user's."""
    names: Sequence[str] = ()
    """The project's top-level modules."""


class Worker:
    """A pytest process; a context manager. ``expect`` and ``ask`` talk to it."""

    def __init__(self, spec: WorkerSpec, workspace: Workspace, seed: str, timeout: float) -> None:
        """Start it.

        Args:
            seed: for its hashes; the same in both arms.
            timeout: seconds to wait for a message.

        Raises:
            ConcurbenchError: its interpreter does not start.
        """
        self.spec = spec
        self._output = workspace.folder / f"{spec.name}.output"
        self._timeout = timeout
        self._socket, inherited = socket.socketpair()
        self._socket.settimeout(timeout)
        self._lines = self._socket.makefile("rb")
        instructions = {
            "socket": inherited.fileno(), "own": spec.own, "others": spec.others, "names": spec.names
        }  # fmt: skip
        command, environ = with_plugin(
            [spec.python, *spec.arguments], {"PYTHONHASHSEED": seed, **spec.environ}, instructions
        )
        descriptors = [inherited.fileno()]
        with inherited:
            try:
                self._process = workspace.start(
                    command, spec.folder, environ, self._output, descriptors
                )
            except ConcurbenchError as error:
                self._close()
                raise ConcurbenchError(f"{spec.name}: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._close()
        try:
            self._process.wait(GRACE if kind is None else SHORT_GRACE)
        except subprocess.TimeoutExpired:
            # It may be in a round without an end. The processes it started end with the workspace.
            self._process.kill()
            self._process.wait()

    def send(self, **message: object) -> None:
        """Send a message."""
        with contextlib.suppress(OSError):  # expect() reports that it ended
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def ask(self, answer: str, **message: object) -> dict[str, Any]:
        """Send a message, and expect an answer of this kind."""
        self.send(**message)
        return self.expect(answer)

    def expect(self, *kinds: str) -> dict[str, Any]:
        """The next message.

        Raises:
            ConcurbenchError: it is of another kind, the worker ended, cannot go on, or sent none in
            time.
        """
        message: dict[str, Any] = json.loads(self._line())
        if message["kind"] in kinds:
            return message
        why = f"expected {' or '.join(kinds)}, got {message['kind']}"
        if message["kind"] == "cannot":
            why = message["why"]
        elif message["kind"] == "finished":
            why = self._why_ended()
        raise ConcurbenchError(f"{self.spec.name}: {why}")

    def _line(self) -> bytes:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise ConcurbenchError(
                f"{self.spec.name}: no response for {self._timeout:.0f} s (raise --timeout); "
                f"last output: {last_output(self._output)}"
            ) from None
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise ConcurbenchError(f"{self.spec.name}: {self._why_ended()}")
        return line

    def _close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _why_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        return f"pytest ended (exit {self._process.poll()}): {last_output(self._output)}"
