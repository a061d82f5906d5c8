"""A pytest process of a command: an interpreter, some rows of the suite in some order."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from concurbench.runner import addopts
from concurbench.runner.inside import concurbench_child
from concurbench.runner.pytest_output import last_words
from concurbench.runner.workspace import Workspace

INSIDE = Path(concurbench_child.__file__).parent

LOOK = 1.0
"""Seconds between two looks at where a session is, for who watches; each takes far less than a
thousandth of that."""

ERROR = "error: "
"""How a line starts in which our plugin says what is wrong with a session."""

ENDS_WELL = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


@dataclass(frozen=True)
class CollectedRow:
    """A row as it was collected."""

    id: str
    model: str
    group: str
    """The same for rows that do the same work, as far as can be known before they run."""


@dataclass(frozen=True)
class ChildResult:
    """What a session left."""

    seconds: float
    rows: list[CollectedRow]
    outcomes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Row -> passed, failed or skipped, and why."""
    content: Mapping[str, Any] | None = None
    """What pytest-benchmark saved; None where nothing was timed."""
    trouble: str = ""
    """Why it did not end as a session should, in one sentence."""
    code: int = 0
    """The exit code."""
    errors: Sequence[str] = ()
    """What it calls an error, beside rows that failed."""
    root: str = ""
    """The folder of its configuration."""
    took: Mapping[str, float] = field(default_factory=dict)
    """Row -> seconds it kept the session busy."""


class PytestSuite:
    """Runs them one after another, for the suite in a folder."""

    def __init__(
        self, workspace: Workspace, folder: Path, arguments: Sequence[str], base: str, patience: float,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """PytestSuite with these arguments for pytest; ``more`` goes into their environment."""
        self._workspace = workspace
        self._folder = folder
        self._arguments = ["-o", f"addopts={addopts.kept(folder)}", *arguments]
        self._base = base
        self._patience = patience
        self._more = more
        self._number = 0
        self.watch: Callable[[int, str], None] | None = None
        """Told now and then how many rows of a session are done, and which was the last one."""

    def collect(self, python: Path) -> ChildResult:
        """The rows there are; nothing is measured."""
        return self._run(python, None, "--collect-only", "-q")

    def measure(self, python: Path, rows: Sequence[str] | None = None) -> ChildResult:
        """Measure these rows in this order; all of them, as collected, where none are named."""
        return self._run(python, rows)

    def _run(self, python: Path, only: Sequence[str] | None, *more: str) -> ChildResult:
        self._number += 1
        place = self._workspace.folder / str(self._number)
        place.mkdir()
        told, saved, output = place / "told", place / "run.json", place / "output"
        path = filter(None, [str(INSIDE), os.environ.get("PYTHONPATH")])
        environ = self._workspace.environ(
            PYTHONPATH=os.pathsep.join(path),
            CONCURBENCH_BASE_PYTHON=self._base,
            **{concurbench_child.VARIABLE: json.dumps({"only": only, "told": str(told)})},
            **self._more,
        )
        command = [str(python), "-m", "pytest", "-p", "concurbench_child", *self._arguments, *more]
        # A slice is no run to compare with: what the suite saves by itself goes with the workspace.
        command += [f"--benchmark-json={saved}", f"--benchmark-storage={place / 'storage'}"]
        start = time.monotonic()
        code, trouble = self._wait(command, environ, output, told)
        messages = _read(told)
        content = _saved(saved)
        if not trouble and content is None and any(each["kind"] == "passed" for each in messages):
            trouble = f"pytest saved no times: {last_words(output)}"
        broken = [f"{each['id']}: {each['why']}" for each in messages if each["kind"] == "broken"]
        return ChildResult(
            seconds=time.monotonic() - start,
            rows=[
                CollectedRow(each["id"], each["model"], each["group"])
                for each in messages
                if each["kind"] == "row"
            ],
            outcomes=_outcomes(messages),
            content=content,
            trouble=broken[0] if broken else trouble,
            code=code,
            errors=_errors(output),
            root=next((each["path"] for each in messages if each["kind"] == "root"), ""),
            took={each["id"]: each["took"] for each in messages if "took" in each},
        )

    def _wait(
        self, command: list[str], environ: Mapping[str, str], output: Path, told: Path
    ) -> tuple[int, str]:
        """Its exit code, and what is wrong with how it ended."""
        try:
            with self._workspace.running(command, self._folder, environ, output) as process:
                code = self._watched(process, told)
        except OSError as error:
            return 0, f"{command[0]} does not start: {error.strerror}"
        except subprocess.TimeoutExpired:
            return 0, f"not done after {self._patience:.0f} s (--timeout allows more)"
        # A Python without pytest ends as one in which a test failed.
        if code in ENDS_WELL and (code != pytest.ExitCode.TESTS_FAILED or told.exists()):
            return code, ""
        if code < 0:
            return code, f"pytest was ended by {signal.Signals(-code).name}"
        return code, f"pytest ended (exit {code}): {last_words(output)}"

    def _watched(self, process: subprocess.Popen[bytes], told: Path) -> int:
        if self.watch is None:
            return process.wait(self._patience)
        end = time.monotonic() + self._patience
        while True:
            try:
                return process.wait(min(LOOK, max(end - time.monotonic(), 0.0)))
            except subprocess.TimeoutExpired:
                if time.monotonic() >= end:
                    raise
            outcomes = _outcomes(_read(told))
            self.watch(len(outcomes), next(reversed(outcomes), ""))


def _errors(output: Path) -> list[str]:
    lines = output.read_text(errors="replace").splitlines() if output.exists() else []
    return [line.removeprefix(ERROR) for line in lines if line.startswith(ERROR)]


def _outcomes(messages: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    outcomes: dict[str, tuple[str, str]] = {}
    for each in messages:
        # A row may pass, and fail in what comes after it.
        if each["kind"] == "failed" or (
            each["kind"] in ("passed", "skipped") and each["id"] not in outcomes
        ):
            outcomes[each["id"]] = (each["kind"], each["why"].removeprefix("Skipped: "))
    return outcomes


def _read(told: Path) -> list[dict[str, Any]]:
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
