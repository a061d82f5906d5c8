"""pytest in another process: an interpreter, some rows of a suite, and what became of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.measure.session import ENV_OBSERVE, ENV_PASS
from concurbench.runner.inside import concurbench_inside
from concurbench.runner.workspace import Workspace

INSIDE = Path(concurbench_inside.__file__).parents[1]
"""The folder with the inside plugin alone: it goes on the path of the suite's interpreter."""

ENV_SERVER_PYTHON = "CONCURBENCH_SERVER_PYTHON"
"""The environment variable with the interpreter that a suite starts its servers with, the same for all
measured interpreters."""

WATCH_INTERVAL = 1.0
"""Seconds between two readings of a running session's messages; one takes less than a millisecond."""

ERROR = "error: "
"""The start of a line in which our pytest plugin reports an error of the session."""

COMPLETE = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
"""Exit codes of a session that ran to its end."""

REASON = re.compile(r"(?:E  |ERROR: |.*?: error: )(.+)")
"""A line in which pytest reports an error."""


@dataclass(frozen=True)
class CollectedRow:
    """A row as it was collected."""

    id: str
    model: str
    group: str
    """The same for rows that do the same work, as far as it is known before they run."""


@dataclass(frozen=True)
class ChildResult:
    """The result of one session."""

    rows: list[CollectedRow] = field(default_factory=list)
    outcomes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Row -> passed, failed or skipped, and the reason."""
    content: Mapping[str, Any] | None = None
    """What pytest-benchmark saved; None if nothing was timed."""
    trouble: str = ""
    """Why the session did not run to its end, in one sentence."""
    code: int = 0
    """The exit code."""
    errors: Sequence[str] = ()
    """Errors of the session, apart from failed rows."""
    root: str = ""
    """The folder of its configuration."""
    storage: str = ""
    """The folder where it would save runs."""
    took: Mapping[str, float] = field(default_factory=dict)
    """Row -> seconds of its test, untimed rounds included."""


def with_plugin(
    command: Sequence[str | Path], environ: Mapping[str, str], instructions: Mapping[str, object]
) -> tuple[list[str], Mapping[str, str]]:
    """The command and the environment of a pytest with the inside plugin; ``command`` is an interpreter
    and arguments for pytest."""
    python, *arguments = map(str, command)
    path = filter(None, [str(INSIDE), environ.get("PYTHONPATH")])
    plugin = concurbench_inside.__name__.rpartition(".")[2]
    return [python, "-m", "pytest", "-p", plugin, *arguments], {
        **environ,
        "PYTHONPATH": os.pathsep.join(path),
        concurbench_inside.ENV_INSTRUCTIONS: json.dumps(instructions),
    }


def last_output(output: Path) -> str:
    """The line of a pytest's output that says best what went wrong."""
    lines = [line for line in output.read_text(errors="replace").splitlines() if line.strip()]
    reasons = [match[1] for line in lines if (match := REASON.match(line))]
    return (reasons or lines or ["nothing"])[-1].strip()


class PytestSuite:
    """Runs sessions of the suite in a folder, one after another."""

    def __init__(
        self, workspace: Workspace, folder: Path, arguments: Sequence[str], server_python: str,
        timeout: float, environ: Mapping[str, str] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """A suite whose sessions get these arguments for pytest.

        Args:
            server_python: the interpreter of the servers.
            timeout: seconds that a session may take to start, and then for each row.
            environ: added to the environment of the sessions.
        """
        self._workspace = workspace
        self._folder = folder
        self._arguments = arguments
        self._environ = {ENV_SERVER_PYTHON: server_python, **environ}
        self._timeout = timeout
        self._number = 0
        self.on_row: Callable[[int, str], None] | None = None
        """Called about every second with the number of rows that a session has finished, and the last
        one."""

    def collect(self, python: Path) -> ChildResult:
        """The rows of the suite; nothing is measured."""
        return self._run(python, None, "--collect-only", "-q")

    def measure(
        self, python: Path, rows: Sequence[str], seconds: float, *, observe: float
    ) -> ChildResult:
        """Measure these rows in this order, each for this many seconds. What they cost is observed in
        further, untimed rounds, of at most ``observe`` seconds."""
        place = self._workspace.folder / str(self._number + 1)
        # A slice is not a run to compare with: what the suite saves goes with the workspace.
        storage = f"--benchmark-storage={place / 'storage'}"
        json_file = f"--benchmark-json={place / 'run.json'}"
        environ = {ENV_PASS: str(seconds), ENV_OBSERVE: str(observe)}
        return self._run(python, rows, json_file, storage, environ=environ)

    def _run(
        self, python: Path, only: Sequence[str] | None, *more: str,
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> ChildResult:  # fmt: skip
        self._number += 1
        place = self._workspace.folder / str(self._number)
        place.mkdir()
        output, file = place / "output", place / "messages"
        command, whole = with_plugin(
            [python, *self._arguments, *more],
            self._workspace.environ(**self._environ, **environ),
            {"run": only, "messages": str(file)},
        )
        code, trouble = 0, ""
        try:
            with self._workspace.running(command, self._folder, whole, output) as process:
                code = self._watched(process, file)
            trouble = _trouble(code, file, output)
        except ConcurbenchError as error:
            trouble = str(error)
        except subprocess.TimeoutExpired:
            trouble = f"no response for {self._timeout:.0f} s (raise --timeout)"
        messages = _read(file)
        first = {message["kind"]: message for message in reversed(messages)}
        started, collected = first.get("started", {}), first.get("collected", {})
        rows = collected.get("rows", [])
        content, outcomes = _saved(place / "run.json"), _outcomes(messages)
        if not trouble and content is None and any(each == "passed" for each, _ in outcomes.values()):
            trouble = f"pytest saved no times: {last_output(output)}"
        lines = output.read_text(errors="replace").splitlines() if output.exists() else []
        return ChildResult(
            rows=[CollectedRow(row["id"], row["model"], row["group"]) for row in rows],
            outcomes=outcomes,
            content=content,
            trouble=next(iter(collected.get("broken", [])), trouble),
            code=code,
            errors=[line.removeprefix(ERROR) for line in lines if line.startswith(ERROR)],
            root=started.get("root", ""),
            storage=started.get("storage", ""),
            took={each["row"]: each["seconds"] for each in messages if "seconds" in each},
        )

    def _watched(self, process: subprocess.Popen[bytes], file: Path) -> int:
        """The exit code, once the process has ended.

        Raises:
            subprocess.TimeoutExpired: no message arrived in time.
        """
        size, end = 0, time.monotonic() + self._timeout
        while True:
            try:
                return process.wait(min(WATCH_INTERVAL, max(end - time.monotonic(), 0.0)))
            except subprocess.TimeoutExpired:
                before, size = size, file.stat().st_size if file.exists() else 0
                if size > before:
                    end = time.monotonic() + self._timeout
                elif time.monotonic() >= end:
                    raise
            if self.on_row is not None:
                outcomes = _outcomes(_read(file))
                self.on_row(len(outcomes), next(reversed(outcomes), ""))


def _trouble(code: int, messages: Path, output: Path) -> str:
    """Why a session with this exit code did not run to its end; empty if it did."""
    # A Python without pytest has the same exit code as a session with a failed test.
    if code in COMPLETE and (code != pytest.ExitCode.TESTS_FAILED or messages.exists()):
        return ""
    if code < 0:
        return f"pytest was ended by {signal.Signals(-code).name}"
    return f"pytest ended (exit {code}): {last_output(output)}"


def _outcomes(messages: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    found = (each for each in messages if each["kind"] == "outcome")
    return {each["row"]: (each["outcome"], each["reason"]) for each in found}


def _read(file: Path) -> list[dict[str, Any]]:
    messages = []
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # the process was ended while it wrote the line
                messages.append(json.loads(line))
    return messages


def _saved(file: Path) -> Mapping[str, Any] | None:
    try:
        content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content
