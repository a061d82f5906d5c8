"""Skips that nobody expects are failures: a lost dependency must not turn green."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from concurbench import units


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why pytest skipped what the report is about."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    return reason.removeprefix("Skipped: ") or "no reason given"


def counted(reasons: Collection[str]) -> str:
    """So many skips for these reasons, the most frequent first, in a line."""
    told = " · ".join(f"{count} × {reason}" for reason, count in Counter(reasons).most_common())
    return f"{units.counted(len(reasons), 'row')} skipped: {told}"


def read_expected(path: Path) -> list[re.Pattern[str]]:
    """The patterns of a file: one a line, empty lines and those that start with # left out.

    Raises:
        ValueError: the file cannot be read, or a line is no regular expression; the message says so.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    patterns = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            try:
                patterns.append(re.compile(line.strip()))
            except re.error as error:
                raise ValueError(f"{path}, line {number}: no regular expression: {error}") from error
    return patterns


class ExpectedSkips:
    """Fails a session that skips for a reason no pattern matches; its methods are pytest's hooks."""

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        self.patterns = patterns
        self.unexpected: list[str] = []

    def _look_at(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped:
            reason = reason_of(report)
            if not any(pattern.fullmatch(reason) for pattern in self.patterns):
                self.unexpected.append(f"{report.nodeid}: {reason}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._look_at(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._look_at(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        # Around all others: whether the run is complete depends on it.
        if self.unexpected and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for skip in self.unexpected:
            terminalreporter.write_line(f"error: skipped, and not expected to be: {skip}", red=True)
