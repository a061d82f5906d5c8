"""Skips that nobody expects are failures: a lost dependency must not turn green."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why pytest skipped what the report is about."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    return reason.removeprefix("Skipped: ") or "no reason given"


def read_expected(path: Path) -> list[str]:
    """The patterns of a file: one a line, empty lines and those that start with # left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


class ExpectedSkips:
    """Fails a session that skips for a reason no pattern matches; its methods are pytest's hooks."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = patterns
        self.unexpected: list[str] = []

    def _look_at(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped:
            reason = reason_of(report)
            if not any(re.fullmatch(pattern, reason) for pattern in self.patterns):
                self.unexpected.append(f"{report.nodeid}: {reason}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._look_at(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._look_at(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unexpected and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for skip in self.unexpected:
            terminalreporter.write_line(f"error: skipped, and not expected to be: {skip}", red=True)
