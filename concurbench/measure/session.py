"""One session of pytest around its benchmarks: what is checked before, and what is saved after.

Before: the machine's folder, the baseline, whether the run can be saved, and that no other session
measures at the same time. After: rows that were not proven right are dropped, and a complete run is
saved under a number. Only a complete run can become a baseline.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.session import BenchmarkSession
from pytest_benchmark.utils import get_commit_info, get_tag

from concurbench import machine, pyproject
from concurbench.errors import ConcurbenchError
from concurbench.machine.processes import Sampler
from concurbench.measure.cost import LONGEST_OBSERVED
from concurbench.measure.gil import GilCheck
from concurbench.measure.interference import Interference, preflight_check, unknown
from concurbench.measure.lock import SessionLock
from concurbench.measure.outcomes import Outcomes, fail
from concurbench.measure.rounds import PASS_BUDGET, SESSION_BUDGET
from concurbench.measure.turns import Turns, Visited
from concurbench.results import baseline, runs
from concurbench.results.runs import Run, WorkloadInfo, short_name
from concurbench.results.storage import Storage, partial_run

DEFAULT_STORAGE = "file://./.benchmarks"
"""pytest-benchmark's default, replaced by ``results/`` beside the suite's configuration."""

ENV_PASS = "CONCURBENCH_PASS"
"""The environment variable of a session that is one pass of a run: for how many seconds to time a
row."""

ENV_OBSERVE = "CONCURBENCH_OBSERVE"
"""The environment variable of a pass: seconds of the longest round to repeat, untimed, to observe what
it costs; 0 if none is."""

STEPPED = "concurbench-stepped"
"""The plugin of sessions whose rounds the gate controls: there is no time for anything between them."""


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """Show a ConcurbenchError as pytest's usage error: one sentence, exit code 4."""
    try:
        yield
    except ConcurbenchError as error:
        raise pytest.UsageError(str(error)) from None


class Session:
    """The state of one session; its methods are pytest's hooks."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.outcomes = Outcomes()
        self.notes: list[str] = []  # shown at the start and the end, and saved with the run
        self.remarks: list[str] = []  # shown at the end only
        self.packages = pyproject.timed(config.rootpath)
        self.facts: dict[str, object] = {}  # saved beside those about the machine
        self.workloads: dict[str, WorkloadInfo] = {}
        self.baseline: Run | None = None
        self.regressions: list[str] = []  # the findings of --benchmark-compare-fail
        self.gil = GilCheck()
        self.is_pass = ENV_PASS in os.environ  # of a run that another process saves
        self.budget = SESSION_BUDGET
        if self.is_pass:
            self.budget = replace(PASS_BUDGET, seconds=float(os.environ[ENV_PASS]))
        self.turns = Turns(lambda: self.benchmarks.benchmarks, lambda: self.budget)
        self.interference: Interference | None = None
        self.storage: Storage | None = None  # None if the session does not save to a folder
        self.incomplete: list[str] = []  # why the run is not complete, once it is over
        self.ready = False  # whether all checks before measuring have passed
        self._lock = SessionLock()
        self._open = contextlib.ExitStack()
        # pytest-benchmark's own name is the same for WSL and native Linux, all CPUs and all builds.
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr("pytest_benchmark.session.get_machine_id", machine.folder)
        option = config.option
        if option.benchmark_storage == DEFAULT_STORAGE:
            option.benchmark_storage = str(config.rootpath / "results")
        elif not option.benchmark_storage.removeprefix("file://"):
            raise ConcurbenchError("--benchmark-storage needs a folder")
        option.benchmark_save_data = True
        if sys.flags.optimize:
            raise ConcurbenchError(
                "python -O disables assert, so answers would not be checked: run without -O"
            )
        if option.benchmark_compare:
            self._choose_baseline()
        elif option.benchmark_compare_fail:
            raise ConcurbenchError("--benchmark-compare-fail needs --benchmark-compare")

    def _choose_baseline(self) -> None:
        option = self.config.option
        folder = Path(option.benchmark_storage.removeprefix("file://")) / machine.folder()
        try:
            self.baseline, notes = baseline.choose(option.benchmark_compare, folder)
        except ConcurbenchError as error:
            raise ConcurbenchError(f"--benchmark-compare: {error}") from None
        if self.baseline is None and option.benchmark_compare_fail:
            raise ConcurbenchError(f"--benchmark-compare-fail: {notes[-1]}")
        self.notes += notes
        option.benchmark_compare = str(self.baseline.path) if self.baseline else []

    @property
    def benchmarks(self) -> BenchmarkSession:
        """pytest-benchmark's own session."""
        benchmarks: BenchmarkSession = getattr(self.config, "_benchmarksession")  # noqa: B009 - not typed
        return benchmarks

    @property
    def stepped(self) -> bool:
        """Whether the gate controls the rounds."""
        return self.config.pluginmanager.has_plugin(STEPPED)

    @property
    def longest_observed(self) -> float:
        """Seconds of the longest round to observe; 0 if none is."""
        return float(os.environ.get(ENV_OBSERVE, LONGEST_OBSERVED))

    @functools.cached_property
    def sampler(self) -> Sampler:
        """The process that observes these rounds.

        Raises:
            OSError: it does not start.
        """
        return self._open.enter_context(Sampler())

    def visited(self, row: str) -> Visited | None:
        """What lasts from visit to visit of a row that takes turns with others; None for others."""
        return self.turns.visited(row)

    def pytest_report_header(self) -> list[str]:
        compared = [f"compared with: {self.baseline.path}"] if self.baseline else []
        gil = " (its GIL is off)" if not self.gil.start else ""
        return [f"machine: {machine.folder()}{gil}", *compared]

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        if any(is_row(item) for item in items):
            self.outcomes.narrowed.append("rows were deselected")

    @usage_errors()
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.outcomes.rows = [item.nodeid for item in session.items if is_row(item)]
        benchmarks = self.benchmarks
        idle = benchmarks.disabled or benchmarks.skip or self.config.option.collectonly
        if idle or not self.outcomes.rows:
            return
        self.outcomes.narrowed += narrowings(self.config, self.is_pass)
        self._open_storage()
        path = benchmarks.json
        if path and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
            raise ConcurbenchError(f"--benchmark-json: cannot write {path}")
        try:
            if not self.is_pass:  # the run has the lock
                self._lock.acquire(f"started {time.strftime('%H:%M:%S')} in {self.config.rootpath}")
        except OSError as error:
            self.notes.append(f"no lock against a second session: {error}")
        self.ready = True
        if not self.stepped:
            near = self.config.rootpath / "results"
            self.turns.collected([item for item in session.items if is_row(item)])
            self.config.pluginmanager.register(self.turns, "concurbench-turns")
            self.interference = Interference(self.outcomes.rows, near, self.turns.together)
            self.config.pluginmanager.register(self.interference, "concurbench-interference")
            self.notes += unknown()
        self.notes += [f"the machine is not quiet: {each}" for each in preflight_check()]

    def _open_storage(self) -> None:
        theirs = self.benchmarks.storage
        if not hasattr(theirs, "path"):
            return  # a database, for example: pytest-benchmark saves there
        ours = Storage(theirs.path, theirs.logger, default_machine_id=theirs.default_machine_id)
        try:
            ours.check_writable()
        except OSError as error:
            raise ConcurbenchError(
                f"cannot save the run to {ours.folder}: {error.strerror}: "
                "choose another folder with --benchmark-storage=DIRECTORY"
            ) from None
        self.benchmarks.storage = self.storage = ours

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.outcomes.add(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        # Around pytest-benchmark's own hook, which saves the run and prepares its tables.
        if self.outcomes.rows and (problem := self.gil.finish()):
            self.notes.append(problem)
            self.outcomes.narrowed.append("the GIL was on")
            if self.config.option.expected_skips:  # everything that is lost must fail
                fail(session)
        if self.ready:
            rows = self.benchmarks.benchmarks
            rows[:] = [row for row in rows if row.fullname in self.outcomes.proven]
            if self.interference:
                for row in rows:
                    row.extra_info["around"] = self.interference.around(row.fullname)
                unreadable = self.interference.yardsticks.unreadable.items()
                self.notes += [
                    f"the yardstick {name} could not be read: {why}" for name, why in unreadable
                ]
            self.remarks += baseline.differences(self.run(), self.baseline)
            self._compare()
            if self.regressions:
                fail(session)
            self._decide_saving(int(session.exitstatus))
        yield

    def _compare(self) -> None:
        """Find regressions, and leave rows of different work out of pytest-benchmark's comparison.

        Before the run is saved: a run that got slower must not become a baseline. pytest-benchmark
        would check after saving, and end with a traceback.
        """
        checks, self.benchmarks.compare_fail = self.benchmarks.compare_fail or [], []
        # The rows of the baseline by id, as pytest-benchmark has loaded them.
        loaded = next(iter((self.benchmarks.compared_mapping or {}).values()), {})
        for row in self.benchmarks.benchmarks:
            theirs = self.baseline and self.baseline.by_id.get(row.fullname)
            if theirs and theirs.fingerprint != row.extra_info.get("fingerprint"):
                loaded.pop(row.fullname, None)
            elif row.fullname in loaded:
                failures = [check.fails(row, loaded[row.fullname]["stats"]) for check in checks]
                name = short_name(row.fullname)
                self.regressions += [f"{name}: {failure}" for failure in failures if failure]

    def _decide_saving(self, exit_code: int) -> None:
        benchmarks = self.benchmarks
        timed = {row.fullname for row in benchmarks.benchmarks}
        self.incomplete = reasons = self.outcomes.why_incomplete(exit_code, timed)
        if self.storage:
            self.storage.complete = not reasons
        with contextlib.chdir(self.config.rootpath):
            benchmarks.autosave = None if reasons else benchmarks.autosave or get_tag()
        if reasons:
            self.remarks.append(partial_run(reasons, saved=bool(benchmarks.save)))

    def pytest_benchmark_generate_machine_info(self) -> dict[str, object]:
        return {**machine.facts(self.packages), **self.facts}

    def pytest_benchmark_generate_commit_info(self, config: pytest.Config) -> dict[str, Any]:
        # The commit of the suite, not of the current folder.
        with contextlib.chdir(self.config.rootpath):
            commit: dict[str, Any] = get_commit_info(config.getoption("benchmark_project_name", None))
        return commit

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        root = f"{self.config.rootpath}{os.sep}"  # the place of a checkout is private
        output_json[runs.OURS] = {
            "format": runs.FORMAT,
            "home": machine.folder(),
            "passes": 1,
            "complete": self.storage is not None and self.storage.complete,
            "incomplete": self.incomplete,
            "workloads": self.workloads,
            "skipped": self.outcomes.skipped,
            "left_out": self.outcomes.left_out,
            "yardsticks": [self.interference.yardsticks.readings] if self.interference else [],
            "gil": asdict(self.gil),
            "notes": [note.replace(root, "") for note in self.notes],
        }

    def run(self) -> Run:
        """This session's run, once it is over: read from the content that is saved of it."""
        content = self.config.hook.pytest_benchmark_generate_json(
            config=self.config,
            benchmarks=[row for row in self.benchmarks.benchmarks if row],
            include_data=True,
            machine_info=self.pytest_benchmark_generate_machine_info(),
            commit_info={},
        )
        self.pytest_benchmark_update_json(content)
        return runs.parse(content, (self.storage and self.storage.saved) or Path())

    @pytest.hookimpl(tryfirst=True)
    def pytest_benchmark_compare_machine_info(
        self, machine_info: Mapping[str, Any], compared_benchmark: dict[str, Any]
    ) -> None:
        # pytest-benchmark compares them next: it would print both as JSON, and fail where the results
        # are not below the current folder.
        compared_benchmark["machine_info"] = machine_info

    def pytest_unconfigure(self) -> None:
        self._patch.undo()
        self._open.close()
        self._lock.release()


SESSION: pytest.StashKey[Session] = pytest.StashKey()


def is_row(item: pytest.Item) -> bool:
    """Whether a test is a benchmark."""
    return "benchmark" in getattr(item, "fixturenames", ())


def narrowings(config: pytest.Config, is_pass: bool) -> list[str]:
    """Which of pytest's and pytest-benchmark's options make this run differ from a plain one."""
    option = config.option
    testpaths = {(config.rootpath / path).resolve() for path in config.getini("testpaths")}
    selected = {(config.invocation_params.dir / path).resolve() for path in config.args}
    every = testpaths <= selected or config.rootpath.resolve() in selected
    # --strict-markers and the like arrive here too, and change no row. A pass overrides addopts itself.
    harmless = ("strict_", "addopts=") if is_pass else ("strict_",)
    overridden = [each for each in option.override_ini or [] if not each.startswith(harmless)]
    found = {
        "only some paths were selected": not every,
        "files were ignored": option.ignore or option.ignore_glob or getattr(option, "lf", False),
        "the configuration was overridden": overridden,
        "measured with --benchmark-timer": option.benchmark_timer != "time.perf_counter",
        "measured with --benchmark-disable-gc": option.benchmark_disable_gc,
        "measured with --benchmark-cprofile": option.benchmark_cprofile,
    }
    return [reason for reason, applies in found.items() if applies]
