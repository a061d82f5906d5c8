"""A session in pytest's terminal: a line for each row while it runs, the summary at its end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from rich.console import Group

from concurbench import units
from concurbench.report.footnotes import legend, remarks
from concurbench.report.overview import with_surprises
from concurbench.report.progress import RowProgress
from concurbench.report.summary import summary
from concurbench.report.text import MAX_COLUMNS, as_text
from concurbench.results import runs
from concurbench.results.baseline import compare
from concurbench.results.runs import Run, short_name
from concurbench.results.storage import Storage, from_here
from concurbench.verdicts.choice import choices


class Shown(Protocol):
    """The part of ``measure.session.Session`` that is shown; this package may not import that one."""

    outcomes: Any
    """Which ``rows`` there are, which ``failed``, and why some were ``skipped``."""
    ready: bool
    """Whether it measures."""
    notes: list[str]
    """Sentences for the beginning."""
    remarks: list[str]
    """Sentences for the end."""
    regressions: list[str]
    """Rows slower than ``--benchmark-compare-fail`` allows."""
    baseline: Run | None

    @property
    def benchmarks(self) -> Any: ...
    @property
    def storage(self) -> Storage | None: ...
    def run(self) -> Run: ...


class Report:
    """Shows a session; its methods are pytest's hooks."""

    def __init__(self, session: Shown) -> None:
        self.session = session
        self.progress: RowProgress | None = None
        self._took = 0.0

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if not self.session.ready or reporter is None:
            return
        for note in self.session.notes:
            reporter.write_line(f"note: {note}", yellow=True)
        reporter.showfspath = False  # pytest's file names and dots would be between the rows' lines
        before = seconds_before(self.session.storage.folder) if self.session.storage else {}
        rows = self.session.outcomes.rows
        self.progress = RowProgress(rows, before, reporter.write, live=reporter.isatty)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.progress and nodeid in self.session.outcomes.rows:
            self.progress.start(short_name(nodeid))
            self._took = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        if self.progress is None or report.nodeid not in self.session.outcomes.rows:
            return None
        counts = report.when == "call" or report.outcome != "passed"
        return (report.outcome if counts else "", "", "")

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.progress and report.nodeid in self.session.outcomes.rows:
            self._took += report.duration  # of all its turns
            if report.when == "teardown":
                self.progress.end(report.nodeid, self._took, self._outcome(report.nodeid))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        if self.progress:
            self.progress.interrupted()
            self.progress = None  # pytest shows everything after this itself

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        run = self.session.run()
        measured = self.session.ready and bool(run.rows)
        if measured:
            terminalreporter.section("summary")
            if self.session.baseline or terminalreporter.config.option.verbose > 0:
                self._tables(terminalreporter, run)
        if self.session.outcomes.rows:
            self._close(terminalreporter, run)
        if measured:
            width = min(terminalreporter._tw.fullwidth, MAX_COLUMNS)
            lines = Group(*with_surprises(run, width=width))
            text = as_text(lines, width, colour=terminalreporter.hasmarkup)
            terminalreporter.write_line(f"\n{text}")
            if not (self.session.baseline or terminalreporter.config.option.verbose > 0):
                terminalreporter.write_line("tables: pytest -v")

    def _tables(self, reporter: Any, run: Run) -> None:
        comparison = compare(run, self.session.baseline) if self.session.baseline else None
        width = min(reporter._tw.fullwidth, MAX_COLUMNS)
        tables = summary(run, comparison, width=width)
        reporter.write_line(as_text(tables, width, colour=reporter.hasmarkup))
        reporter.write_line("\n".join(["", *legend(run, comparison, choices(run))]))

    def _outcome(self, id: str) -> str:
        if id in self.session.outcomes.failed:
            return "FAILED"
        if id in self.session.outcomes.skipped:
            return f"skipped: {self.session.outcomes.skipped[id]}"
        for row in self.session.benchmarks.benchmarks:
            if row.fullname == id and row:
                return f"{units.time(row.stats.median):>9}, {units.counted(row.stats.rounds, 'round')}"
        return "nothing timed"

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


def seconds_before(folder: Path) -> Mapping[str, float]:
    """Row -> how long its rounds took in the last complete run of a machine's folder, or else of any
    other machine."""
    folders = [folder, *sorted(folder.parent.glob("*/"))]
    run = next((run for each in folders if (run := runs.last_complete(each)[0])), None)
    return {row.id: sum(row.seconds) for row in run.rows} if run else {}
