"""One side of a gate: a live pytest process, stepped through a descriptor it inherits."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from concurbench.errors import ConcurbenchError
from concurbench.gate.inside import concurbench_step
from concurbench.runner.pytest_output import last_words

INSIDE = Path(concurbench_step.__file__).parent
"""The folder that is put on a side's path: it holds the stepping plugin and nothing else."""

GRACE = 10.0
"""Seconds a side gets to end by itself, its fixtures' teardown included."""


SHORT_GRACE = 3.0
"""The same, where something went wrong or somebody waits."""


class SideError(ConcurbenchError):
    """A side cannot be measured; the message says which, and why, in one sentence."""


@dataclass(frozen=True)
class Place:
    """Where a side runs, and what proves that it ran its own code."""

    name: str
    folder: Path
    python: str
    environ: Mapping[str, str]
    arguments: Sequence[str] = ()
    own: Sequence[str] = ()
    """The folders its project's modules may come from."""
    others: Sequence[str] = ()
    """The folders they must not come from: the other side's, the user's."""
    names: Sequence[str] = field(default=())
    """The project's top-level modules."""


class Side:
    """A pytest process; a context manager. ``expect`` and ``ask`` talk to it."""

    def __init__(self, place: Place, output: Path, seed: str, patience: float) -> None:
        self.place = place
        self.output = output
        self._patience = patience
        self._buffer = b""
        ours, theirs = socket.socketpair()
        self._socket = ours
        instructions = {
            "fd": theirs.fileno(),
            "own": list(place.own),
            "others": list(place.others),
            "names": list(place.names),
        }
        path = filter(None, [str(INSIDE), place.environ.get("PYTHONPATH")])
        environ = {
            "PYTHONHASHSEED": seed,  # sides that differ in nothing but their code
            **place.environ,
            "PYTHONPATH": os.pathsep.join(path),
            concurbench_step.VARIABLE: json.dumps(instructions),
        }
        command = [place.python, "-m", "pytest", "-p", "concurbench_step", *place.arguments]
        try:
            with output.open("w") as file, theirs:
                self._process = subprocess.Popen(
                    command,
                    cwd=place.folder,
                    env=environ,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is the coordinator's
                )
        except OSError as error:
            ours.close()
            raise SideError(f"{place.name}: {place.python} does not start: {error.strerror}") from None

    @property
    def process(self) -> int:
        """Its number; it leads a session of its own."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()
        try:
            self._process.wait(GRACE if kind is None else SHORT_GRACE)
        except subprocess.TimeoutExpired:
            # It may be waiting for what will never come. What it has started goes with the workspace.
            self._process.kill()
            self._process.wait()

    def tell(self, **message: object) -> None:
        """Send a message."""
        with contextlib.suppress(OSError):  # expecting the answer will tell
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def ask(self, answer: str, **message: object) -> dict[str, Any]:
        """Send a message and expect this kind of answer."""
        self.tell(**message)
        return self.expect(answer)

    def expect(self, *kinds: str) -> dict[str, Any]:
        """The next message, which must be of one of these kinds.

        Raises:
            SideError: it ended, cannot go on, or was silent for too long.
        """
        message: dict[str, Any] = json.loads(self._line())
        if message["kind"] == "cannot":
            raise SideError(f"{self.place.name}: {message['why']}")
        if message["kind"] not in kinds:
            told = f"expected {' or '.join(kinds)}, got {message['kind']}"
            ended = message["kind"] == "finished"
            raise SideError(f"{self.place.name}: {self._why_ended() if ended else told}")
        return message

    def _line(self) -> bytes:
        deadline = time.monotonic() + self._patience
        while b"\n" not in self._buffer:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                received = self._socket.recv(1 << 16)
            except TimeoutError:
                raise SideError(
                    f"{self.place.name}: silent for {self._patience:.0f} s (--timeout allows more); "
                    f"its last words: {self.last_words()}"
                ) from None
            except OSError:
                received = b""
            if not received:
                raise SideError(f"{self.place.name}: {self._why_ended()}")
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _why_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        return f"pytest ended (exit {self._process.poll()}): {self.last_words()}"

    def last_words(self) -> str:
        """The line of its output that says best what went wrong."""
        return last_words(self.output)
