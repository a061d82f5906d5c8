"""One session of pytest: what happens around its benchmarks.

Before: the machine's folder, the run to compare with, the checks that it can be measured and saved.
Between: a line of progress a row. After: rows that were not proven right are gone, complete runs are
saved under a number, the summary closes the output.

A run is complete when it timed every row that plain ``pytest`` would, or skipped it with its reason,
and everything passed. Only a complete run can become the baseline of a later one.
"""

from __future__ import annotations

import collections
import contextlib
import time
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.session import BenchmarkSession
from pytest_benchmark.stats import Metadata
from pytest_benchmark.utils import get_tag
from rich.console import Console

from concurbench import machine, quiet, results, units
from concurbench.lock import SessionLock, Taken
from concurbench.progress import Progress
from concurbench.results import ResultsError, Row, Run
from concurbench.storage import Storage
from concurbench.summary import summary

DEFAULT_STORAGE = "file://./.benchmarks"
"""pytest-benchmark's; a suite that says nothing else gets ``results/`` beside its configuration."""


SESSION: pytest.StashKey[Session] = pytest.StashKey()


class Session:
    """What is known about one session of pytest; its methods are pytest's hooks."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.notes: list[str] = []
        """Sentences for the header and the end: what the reader should know."""
        self.packages: tuple[str, ...] = ("pytest-benchmark",)
        """The packages whose versions belong to a run."""
        self.narrowed: list[str] = []
        """Why this run is less than all default rows; a suite with options of its own adds to it."""
        self.rows: list[str] = []
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.skipped: dict[str, str] = {}
        self.base: Run | None = None
        self.progress: Progress | None = None
        self.row_started = 0.0
        self.lock = SessionLock()
        # What pytest-benchmark calls the machine: the same for WSL and native, any CPU, any build.
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr("pytest_benchmark.session.get_machine_id", machine.folder)
        option = config.option
        if option.benchmark_storage == DEFAULT_STORAGE:
            option.benchmark_storage = str(config.rootpath / "results")
        option.benchmark_save_data = True
        if option.benchmark_compare:
            self._choose_base()

    # -- before ---------------------------------------------------------------------------------

    def _choose_base(self) -> None:
        option = self.config.option
        asked = option.benchmark_compare
        if asked is not True and (Path(asked).is_dir() or "::" in asked or asked.endswith(".py")):
            raise pytest.UsageError(
                f"--benchmark-compare took {asked!r} for the run to compare with: put the option "
                f"behind it, as in: pytest {asked} --benchmark-compare"
            )
        folder = Path(option.benchmark_storage.removeprefix("file://")) / machine.folder()
        if asked is True:
            base, warnings = results.last_complete(folder)
            self.notes += warnings
        else:
            base = self._named_base(folder, asked)
        if base is None:
            message = f"nothing to compare with yet: {folder} has no complete run"
            if option.benchmark_compare_fail:
                raise pytest.UsageError(f"--benchmark-compare-fail: {message}")
            self.notes.append(message)
            option.benchmark_compare = []
        else:
            self.base = base
            option.benchmark_compare = str(base.path)

    def _named_base(self, folder: Path, asked: str) -> Run:
        found = [Path(asked)] if Path(asked).is_file() else sorted(folder.glob(f"{asked}*.json"))
        if not found:
            raise pytest.UsageError(f"--benchmark-compare={asked}: no such run in {folder}")
        try:
            return results.read(found[-1])
        except ResultsError as error:
            raise pytest.UsageError(f"--benchmark-compare: {error}") from None

    @property
    def benchmarks(self) -> BenchmarkSession:
        benchmarks: BenchmarkSession = getattr(self.config, "_benchmarksession")  # noqa: B009
        return benchmarks

    @property
    def measuring(self) -> bool:
        return bool(self.rows) and not (
            self.benchmarks.disabled or self.benchmarks.skip or self.config.option.collectonly
        )

    def pytest_report_header(self) -> list[str]:
        compared = [f"compared with: {self.base.path}"] if self.base else []
        return [f"machine: {machine.folder()}", *compared]

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        if any(_is_row(item) for item in items):
            self.narrowed.append("rows were deselected")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.rows = [item.nodeid for item in session.items if _is_row(item)]
        if not self.measuring:
            return
        self._note_narrowing()
        storage = self.benchmarks.storage
        self.benchmarks.storage = Storage(
            storage.path, storage.logger, default_machine_id=storage.default_machine_id
        )
        try:
            self.benchmarks.storage.check_writable()
        except OSError as error:
            raise pytest.UsageError(
                f"the run could not be saved: {error.filename}: {error.strerror}; "
                "name another folder with --benchmark-storage=DIRECTORY"
            ) from None
        self._take_lock()
        self.notes += [f"the machine is not quiet: {each}" for each in quiet.disturbances()]

    def _note_narrowing(self) -> None:
        option, config = self.config.option, self.config
        default = {(config.rootpath / path).resolve() for path in config.getini("testpaths")}
        asked = {Path(config.invocation_params.dir, path).resolve() for path in config.args}
        if not asked >= default and not asked & {path.parent for path in default}:
            self.narrowed.append("only a part was asked for")
        if option.ignore or option.ignore_glob or getattr(option, "lf", False):
            self.narrowed.append("files were left out")

    def _take_lock(self) -> None:
        who = f"started {time.strftime('%H:%M:%S')} in {self.config.rootpath}"
        try:
            self.lock.acquire(who)
        except Taken as holder:
            raise pytest.UsageError(
                f"another benchmark session is running on this machine ({holder}); "
                "two at once would measure each other: wait for it, or end it"
            ) from None
        except OSError as error:
            self.notes.append(f"no lock against a second session: {error}")

    # -- between --------------------------------------------------------------------------------

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if not self.measuring or reporter is None:
            return
        for note in self.notes:
            reporter.write_line(f"note: {note}", yellow=True)
        reporter.showfspath = False
        self.progress = Progress(
            self.rows, self._seconds_before(), reporter.write, live=reporter.isatty
        )

    def _seconds_before(self) -> Mapping[str, float]:
        """How long each row took in the last complete run here, or else on any machine."""
        folder = self.benchmarks.storage.folder
        for candidate in [folder, *sorted(folder.parent.glob("*/"))]:
            run, _ = results.last_complete(candidate)
            if run is not None:
                return run.seconds
        return {}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.progress and nodeid in self.rows:
            self.progress.start(_short(nodeid))
            self.row_started = time.perf_counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        if self.progress is None or report.nodeid not in self.rows:
            return None
        counted = report.when == "call" or report.outcome != "passed"
        return (report.outcome if counted else "", "", "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self.rows:
            return
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.skipped[report.nodeid] = reason.removeprefix("Skipped: ") or "no reason given"
        elif report.when == "call":
            self.passed.add(report.nodeid)
        if self.progress and report.when == "teardown":
            took = time.perf_counter() - self.row_started
            self.progress.end(report.nodeid, took, self._told(report.nodeid))

    def _told(self, nodeid: str) -> str:
        if nodeid in self.failed:
            return "FAILED"
        if nodeid in self.skipped:
            return f"skipped: {self.skipped[nodeid]}"
        for bench in self.benchmarks.benchmarks:
            if bench.fullname == nodeid:
                rounds = bench.stats.rounds
                return f"{units.time(bench.stats.median):>9}, {rounds} round{'s' * (rounds > 1)}"
        return "ok, nothing timed"

    # -- after ----------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> Generator[None, None, None]:
        # Around pytest-benchmark's own, which saves and prepares its tables.
        if self.progress:
            self.progress.interrupted()
        if self.measuring and isinstance(self.benchmarks.storage, Storage):
            self._keep_proven_rows()
            self._decide_saving(exitstatus)
        else:
            self.benchmarks.save = self.benchmarks.autosave = None
        yield
        self.lock.release()

    def _keep_proven_rows(self) -> None:
        proven = self.passed - self.failed
        kept = [bench for bench in self.benchmarks.benchmarks if bench.fullname in proven]
        self.benchmarks.benchmarks[:] = kept
        results.set_limits((bench.group, bench.extra_info, bench.stats.median) for bench in kept)
        if self.base is None:
            return
        theirs = {row.id: row.fingerprint for row in self.base.rows}
        for bench in kept:
            if theirs.get(bench.fullname) not in (None, bench.extra_info.get("fingerprint")):
                self.notes.append(
                    f"{_short(bench.fullname)} is different work than in the run compared with"
                )
                for compared in (self.benchmarks.compared_mapping or {}).values():
                    compared.pop(bench.fullname, None)

    def _decide_saving(self, exitstatus: int) -> None:
        benchmarks = self.benchmarks
        unfinished = self._why_incomplete(exitstatus)
        benchmarks.storage.complete = not unfinished
        if not unfinished:
            benchmarks.autosave = (
                benchmarks.autosave or self.config.option.benchmark_autosave or get_tag()
            )
            return
        benchmarks.autosave = None
        how = "" if benchmarks.save else " (--benchmark-save=NAME saves it all the same)"
        self.notes.append(f"not a complete run, so no baseline{how}: {'; '.join(unfinished)}")

    def _why_incomplete(self, exitstatus: int) -> list[str]:
        reasons = list(dict.fromkeys(self.narrowed))
        left = len(self.rows) - len(self.passed | self.failed | self.skipped.keys())
        if self.failed:
            reasons.append(f"{len(self.failed)} of {len(self.rows)} rows failed")
        if left:
            reasons.append(f"{left} of {len(self.rows)} rows never ran")
        if exitstatus and not reasons:
            reasons.append(f"pytest ends with exit code {int(exitstatus)}")
        if not self.benchmarks.benchmarks and not reasons:
            reasons.append("nothing was timed")
        return reasons

    def pytest_benchmark_generate_machine_info(self) -> dict[str, object]:
        return machine.facts(self.packages)

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        output_json[results.OURS] = {
            "complete": getattr(self.benchmarks.storage, "complete", False),
            "skipped": self.skipped,
            "notes": self.notes,
        }

    @pytest.hookimpl(tryfirst=True)
    def pytest_benchmark_compare_machine_info(
        self, machine_info: Mapping[str, Any], compared_benchmark: dict[str, Any]
    ) -> None:
        differences = machine.differences(compared_benchmark["machine_info"], machine_info)
        if differences:
            self.notes.append(f"compared across a change of {', '.join(differences)}")
        # pytest-benchmark's own comparison comes next: it would say the same in two pages of JSON,
        # and fails where the results are not below the current directory.
        compared_benchmark["machine_info"] = machine_info

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        kept = [_row(bench) for bench in self.benchmarks.benchmarks if bench]
        if self.measuring and kept:
            base = {row.id: row for row in self.base.rows} if self.base else None
            terminalreporter.section("summary")
            _print(terminalreporter, summary(kept, base, self.base.name if self.base else ""))
        self._print_closing(terminalreporter)

    def _print_closing(self, reporter: Any) -> None:
        if not self.rows:
            return
        reporter.ensure_newline()
        reporter.write_line("")
        if self.skipped:
            reasons = collections.Counter(self.skipped.values())
            told = " · ".join(f"{count} × {reason}" for reason, count in reasons.most_common())
            reporter.write_line(f"{len(self.skipped)} rows skipped: {told}")
        for note in self.notes:
            reporter.write_line(f"note: {note}", yellow=True)
        storage = self.benchmarks.storage
        if getattr(storage, "trouble", None):
            reporter.write_line(f"error: {storage.trouble}", red=True)
        if getattr(storage, "saved", None):
            reporter.write_line(f"saved {_relative(storage.saved)}", bold=True)

    def pytest_unconfigure(self) -> None:
        self._patch.undo()
        self.lock.release()


def _is_row(item: pytest.Item) -> bool:
    return "benchmark" in getattr(item, "fixturenames", ())


def _short(nodeid: str) -> str:
    return nodeid.rpartition("::")[2].removeprefix("test_")


def _row(bench: Metadata) -> Row:
    return Row.read(bench.as_dict(include_data=True))


def _relative(path: Path) -> Path:
    with contextlib.suppress(ValueError):
        return path.relative_to(Path.cwd())
    return path


def _print(reporter: Any, renderable: Any) -> None:
    width = min(reporter._tw.fullwidth, 100)
    console = Console(
        width=width,
        force_terminal=reporter.hasmarkup,
        no_color=not reporter.hasmarkup,
        highlight=False,
    )
    with console.capture() as captured:
        console.print(renderable)
    for line in captured.get().splitlines():
        reporter.write_line(line.rstrip())
