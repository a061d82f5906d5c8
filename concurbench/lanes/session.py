"""One pytest process of a matrix: a lane's interpreter, a slice of the rows."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from concurbench import addopts
from concurbench.lanes.inside import concurbench_lane
from concurbench.words import last_words
from concurbench.workspace import Workspace

INSIDE = Path(concurbench_lane.__file__).parent

GRACE = 10.0
"""Seconds a session gets to end by itself when it is asked to."""

ENDS_WELL = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


@dataclass(frozen=True)
class Row:
    """A row as it was collected."""

    id: str
    model: str
    group: str
    """The same for rows that do the same work, as far as can be known before they run."""


@dataclass(frozen=True)
class Ended:
    """What a session left."""

    seconds: float
    rows: list[Row]
    outcomes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Row -> passed, failed or skipped, and why."""
    content: Mapping[str, Any] | None = None
    """What pytest-benchmark saved; None where nothing was timed."""
    trouble: str = ""
    """Why it did not end as a session should, in one sentence."""


class Sessions:
    """Runs them one after another, for the suite in a folder."""

    def __init__(
        self, workspace: Workspace, folder: Path, arguments: Sequence[str], base: str, patience: float
    ) -> None:
        self._workspace = workspace
        self._folder = folder
        self._arguments = ["-o", f"addopts={addopts.kept(folder)}", *arguments]
        self._base = base
        self._patience = patience
        self._number = 0

    def collect(self, python: Path) -> Ended:
        """The rows there are; nothing is measured."""
        return self._run(python, None, "--collect-only", "-q")

    def measure(self, python: Path, rows: Sequence[str]) -> Ended:
        """Measure these rows."""
        return self._run(python, list(rows))

    def _run(self, python: Path, only: list[str] | None, *more: str) -> Ended:
        self._number += 1
        place = self._workspace.folder / str(self._number)
        place.mkdir()
        told, saved, output = place / "told", place / "run.json", place / "output"
        path = filter(None, [str(INSIDE), os.environ.get("PYTHONPATH")])
        environ = self._workspace.environ(
            PYTHONPATH=os.pathsep.join(path),
            CONCURBENCH_BASE_PYTHON=self._base,
            **{concurbench_lane.VARIABLE: json.dumps({"only": only, "told": str(told)})},
        )
        command = [str(python), "-m", "pytest", "-p", "concurbench_lane", *self._arguments, *more]
        # A slice is no run to compare with: what the suite saves by itself goes with the workspace.
        command += [f"--benchmark-json={saved}", f"--benchmark-storage={place / 'storage'}"]
        start = time.monotonic()
        trouble = self._wait(command, environ, output, told)
        messages = _read(told)
        content = _saved(saved)
        if not trouble and content is None and any(each["kind"] == "passed" for each in messages):
            trouble = f"pytest saved no times: {last_words(output)}"
        broken = [f"{each['id']}: {each['why']}" for each in messages if each["kind"] == "broken"]
        return Ended(
            seconds=time.monotonic() - start,
            rows=[
                Row(each["id"], each["model"], each["group"])
                for each in messages
                if each["kind"] == "row"
            ],
            outcomes=_outcomes(messages),
            content=content,
            trouble=broken[0] if broken else trouble,
        )

    def _wait(self, command: list[str], environ: Mapping[str, str], output: Path, told: Path) -> str:
        try:
            with output.open("w") as file:
                process = subprocess.Popen(
                    command, cwd=self._folder, env=environ, stdin=subprocess.DEVNULL,
                    stdout=file, stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is the matrix's
                )  # fmt: skip
        except OSError as error:
            return f"{command[0]} does not start: {error.strerror}"
        self._workspace.started(process.pid)
        try:
            code = process.wait(self._patience)
        except subprocess.TimeoutExpired:
            _end(process)
            return f"not done after {self._patience:.0f} s (--timeout allows more)"
        except BaseException:
            _end(process)
            raise
        # A Python without pytest ends as one in which a test failed.
        if code in ENDS_WELL and (code != pytest.ExitCode.TESTS_FAILED or told.exists()):
            return ""
        if code < 0:
            return f"pytest was ended by {signal.Signals(-code).name}"
        return f"pytest ended (exit {code}): {last_words(output)}"


def _end(process: subprocess.Popen[bytes]) -> None:
    # In order, for it may have servers of its own; what it leaves goes with the workspace.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _outcomes(messages: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    outcomes: dict[str, tuple[str, str]] = {}
    for each in messages:
        # A row may pass, and fail in what comes after it.
        if each["kind"] == "failed" or (
            each["kind"] in ("passed", "skipped") and each["id"] not in outcomes
        ):
            outcomes[each["id"]] = (each["kind"], each["why"].removeprefix("Skipped: "))
    return outcomes


def _read(told: Path) -> list[dict[str, str]]:
    messages = []
    if told.exists():
        for line in told.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # it was ended while it wrote
                messages.append(json.loads(line))
    return messages


def _saved(file: Path) -> Mapping[str, Any] | None:
    try:
        content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content
