"""What became of each row of a session, and whether all of them together make a complete run."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from concurbench.errors import ConcurbenchError


@dataclass
class Outcomes:
    """The rows of a session by their pytest ids, and what pytest reported of each."""

    rows: list[str] = field(default_factory=list)
    """All rows that were collected."""
    narrowed: list[str] = field(default_factory=list)
    """Why this session has fewer or different rows than a plain one."""
    left_out: int = 0
    """How many rows a plain session leaves out because they are not default."""
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)
    """Row -> the reason for its skip."""

    def add(self, report: pytest.TestReport) -> None:
        """Take in a report of pytest; reports of other tests than the rows are ignored."""
        if report.nodeid not in self.rows:
            return
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.skipped:
            self.skipped[report.nodeid] = reason_of(report)
        elif report.when == "call":
            self.passed.add(report.nodeid)

    @property
    def proven(self) -> set[str]:
        """The rows whose answers were all right, and whose teardown succeeded."""
        return self.passed - self.failed

    def why_incomplete(self, exit_code: int, timed: Collection[str]) -> list[str]:
        """The reasons why this is not a complete run; empty if it is one.

        A complete run has timed every row that a plain session would, or skipped it with a reason, and
        pytest succeeded. ``timed`` are the ids of the rows that have times.
        """
        counts = {
            "failed": len(self.failed),
            "never ran": len(self.rows) - len(self.passed | self.failed | self.skipped.keys()),
            "timed nothing": len(self.proven - set(timed)),
        }
        reasons = list(dict.fromkeys(self.narrowed))
        reasons += [
            f"{count} of {len(self.rows)} rows {what}" for what, count in counts.items() if count
        ]
        if not reasons and exit_code:
            return [f"pytest ended with exit code {exit_code}"]
        if not reasons and not timed:
            return ["nothing was timed"]
        return reasons


def fail(session: pytest.Session) -> None:
    """Let a session fail that would have succeeded."""
    if session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason that pytest gives for a skip."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    return reason.removeprefix("Skipped: ") or "no reason given"


def read_expected(path: Path) -> list[re.Pattern[str]]:
    """The regular expressions of a file, one a line; empty lines and lines with ``#`` are ignored.

    Raises:
        ConcurbenchError: the file cannot be read, or a line is not a regular expression.
    """
    patterns, place = [], str(path)
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            place = f"{path}, line {number}"
            if line.strip() and not line.startswith("#"):
                patterns.append(re.compile(line.strip()))
    except (OSError, UnicodeDecodeError) as error:
        raise ConcurbenchError(f"--expected-skips: cannot read {path}: {error}") from error
    except re.error as error:
        message = f"--expected-skips: {place}: not a regular expression: {error}"
        raise ConcurbenchError(message) from error
    return patterns


class ExpectedSkips:
    """A pytest plugin that fails a session with a skip whose reason matches no pattern: a lost
    dependency must not turn green."""

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        self.patterns = patterns
        self.unexpected: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped:
            reason = reason_of(report)
            if not any(pattern.fullmatch(reason) for pattern in self.patterns):
                self.unexpected.append(f"{report.nodeid}: {reason}")

    pytest_collectreport = pytest_runtest_logreport

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        # Before the session decides whether the run is complete: that depends on the exit code.
        if self.unexpected:
            fail(session)
        yield

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for skip in self.unexpected:
            terminalreporter.write_line(f"error: unexpected skip: {skip}", red=True)
