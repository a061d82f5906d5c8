"""What a session shows in the terminal: a line a row while it runs, the summary at its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from concurbench import units
from concurbench.measure.session import Session
from concurbench.report.footnotes import compared, legend, remarks
from concurbench.report.progress import Progress
from concurbench.report.summary import summary
from concurbench.report.text import as_text
from concurbench.results import runs
from concurbench.results.runs import Run, short_name
from concurbench.results.storage import from_here

WIDEST = 100
"""Columns of the summary, on terminals that have more."""


class Report:
    """Tells of a session; its methods are pytest's hooks."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.outcomes = session.outcomes
        self.progress: Progress | None = None
        self._started = 0.0

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if not self.session.ready or reporter is None:
            return
        self._tell_notes(reporter)
        reporter.showfspath = False  # the file's name and a dot a row: ours say more
        before = self._seconds_before()
        self.progress = Progress(self.outcomes.rows, before, reporter.write, live=reporter.isatty)

    def _seconds_before(self) -> Mapping[str, float]:
        """How long each row took in the last complete run here, or else on any machine."""
        if self.session.storage is None:
            return {}
        here = self.session.storage.folder
        for folder in [here, *sorted(here.parent.glob("*/"))]:
            run, _ = runs.last_complete(folder)
            if run is not None:
                return {row.id: sum(row.seconds) for row in run.rows}
        return {}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.progress and nodeid in self.outcomes.rows:
            self.progress.start(short_name(nodeid))
            self._started = time.perf_counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        if self.progress is None or report.nodeid not in self.outcomes.rows:
            return None
        counts = report.when == "call" or report.outcome != "passed"
        return (report.outcome if counts else "", "", "")

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.progress and report.nodeid in self.outcomes.rows and report.when == "teardown":
            took = time.perf_counter() - self._started
            self.progress.end(report.nodeid, took, self._outcome(report.nodeid))

    def _outcome(self, id: str) -> str:
        if id in self.outcomes.failed:
            return "FAILED"
        if id in self.outcomes.skipped:
            return f"skipped: {self.outcomes.skipped[id]}"
        for row in self.session.benchmarks.benchmarks:
            if row.fullname == id and row:
                rounds = row.stats.rounds
                return f"{units.time(row.stats.median):>9}, {rounds} round{'s' if rounds > 1 else ''}"
        return "nothing timed"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        if self.progress:
            self.progress.interrupted()
            self.progress = None  # from here on pytest's own words are right again

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        run = self.session.run()
        if self.session.ready and run.rows:
            base = compared(run, self.session.baseline) if self.session.baseline else None
            width = min(terminalreporter._tw.fullwidth, WIDEST)
            terminalreporter.section("summary")
            shown = summary(run.rows, base)
            terminalreporter.write_line(as_text(shown, width, colour=terminalreporter.hasmarkup))
            terminalreporter.write_line("")
            for line in legend(run, base):
                terminalreporter.write_line(line)
        if self.outcomes.rows:
            self._close(terminalreporter, run)

    def _close(self, reporter: Any, run: Run) -> None:
        reporter.ensure_newline()
        reporter.write_line("")
        for line in (*remarks(run), *(f"note: {remark}" for remark in self.session.remarks)):
            reporter.write_line(line, yellow=line.startswith("note: "))
        for regression in self.session.regressions:
            reporter.write_line(f"slower than --benchmark-compare-fail allows: {regression}", red=True)
        storage = self.session.storage
        if storage and storage.trouble:
            reporter.write_line(f"error: {storage.trouble}", red=True)
        if storage and storage.saved:
            reporter.write_line(f"saved {from_here(storage.saved)}", bold=True)

    def _tell_notes(self, reporter: Any) -> None:
        for note in self.session.notes:
            reporter.write_line(f"note: {note}", yellow=True)
