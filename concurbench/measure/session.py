"""One session of pytest around its benchmarks: what is checked before, and what is kept after.

Before: the machine's folder, the run to compare with, that a run can be saved, that no other session
measures at the same time. After: rows that were not proven right are gone, limits are filled in, and a
complete run is saved under a number. Only a complete run can become the baseline of a later one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.session import BenchmarkSession
from pytest_benchmark.utils import get_commit_info, get_tag

from concurbench import machine, pyproject
from concurbench.errors import ConcurbenchError
from concurbench.measure import quiet
from concurbench.measure.gil import Watch
from concurbench.measure.interference import Surroundings
from concurbench.measure.lock import SessionLock, Taken
from concurbench.measure.outcomes import Tally
from concurbench.measure.rounds import ALONE, ONE_OF_SEVERAL
from concurbench.measure.skips import reason_of
from concurbench.results import baseline, doubt, runs
from concurbench.results.runs import Row, Run, short_name
from concurbench.results.storage import Storage

DEFAULT_STORAGE = "file://./.benchmarks"
"""pytest-benchmark's; a suite that says nothing else gets ``results/`` beside its configuration."""

PASS = "CONCURBENCH_PASS"
"""The environment variable of a session that is one pass of a run: how many there are to be."""

STEPPED = "concurbench_step"
"""The plugin of sessions whose rounds the gate tells, one after another: there is no time for anything
between them."""


class Session:
    """What is known about one session; its methods are pytest's hooks."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.tally = Tally()
        self.notes: list[str] = []
        """Sentences that the reader should know, for the start and the end; kept with the run."""
        self.remarks: list[str] = []
        """What follows from the run as it is kept, or from a comparison: for the end alone."""
        self.packages = _timed(config)
        """The packages whose versions belong to a run, as far as they are there."""
        self.facts: dict[str, object] = {}
        """What else belongs to a run, beside the facts about the machine."""
        self.base: Run | None = None
        self.regressions: list[str] = []
        """What ``--benchmark-compare-fail`` found."""
        self.gil = Watch.begin()
        """The interpreter's lock, from the start of the session to its end."""
        self.is_pass = PASS in os.environ
        """Whether this session is one pass of a run that somebody else saves."""
        self.stepped = config.pluginmanager.has_plugin(STEPPED)
        """Whether its rounds are told from outside."""
        self.plan = ONE_OF_SEVERAL if self.is_pass else ALONE
        """How long to time each row."""
        self.surroundings: Surroundings | None = None
        self.incomplete: list[str] = []
        """Why this is no complete run, once it is over."""
        self.ready = False
        """Whether all that is checked before measuring was found good."""
        self._lock = SessionLock()
        # pytest-benchmark's name for the machine is the same for WSL and native, any CPU and any build.
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr("pytest_benchmark.session.get_machine_id", machine.folder)
        option = config.option
        if option.benchmark_storage == DEFAULT_STORAGE:
            option.benchmark_storage = str(config.rootpath / "results")
        elif not option.benchmark_storage.removeprefix("file://"):
            raise pytest.UsageError("--benchmark-storage: expected a folder, got nothing")
        option.benchmark_save_data = True
        if sys.flags.optimize:
            raise pytest.UsageError("Python runs with -O: it would leave out every check of an answer")
        if option.benchmark_compare:
            self._choose_base()
        elif option.benchmark_compare_fail:
            raise pytest.UsageError("--benchmark-compare-fail needs --benchmark-compare beside it")

    def _choose_base(self) -> None:
        option = self.config.option
        folder = Path(option.benchmark_storage.removeprefix("file://")) / machine.folder()
        try:
            self.base, notes = baseline.choose(option.benchmark_compare, folder)
        except baseline.NoSuchRun as error:
            raise pytest.UsageError(f"--benchmark-compare: {error}") from None
        if self.base is None and option.benchmark_compare_fail:
            raise pytest.UsageError(f"--benchmark-compare-fail: {notes[-1]}")
        self.notes += notes
        option.benchmark_compare = str(self.base.path) if self.base else []

    @property
    def benchmarks(self) -> BenchmarkSession:
        benchmarks: BenchmarkSession = getattr(self.config, "_benchmarksession")  # noqa: B009 - not typed
        return benchmarks

    @property
    def measuring(self) -> bool:
        """Whether rows are to be timed in this session."""
        idle = self.benchmarks.disabled or self.benchmarks.skip or self.config.option.collectonly
        return bool(self.tally.rows) and not idle

    @property
    def storage(self) -> Storage | None:
        """Where this session saves; None where it is not a folder of ours."""
        storage = self.benchmarks.storage
        return storage if isinstance(storage, Storage) else None

    # -- before ---------------------------------------------------------------------------------------

    def pytest_report_header(self) -> list[str]:
        compared = [f"compared with: {self.base.path}"] if self.base else []
        lock = " (its lock is off)" if not self.gil.start else ""
        return [f"machine: {machine.folder()}{lock}", *compared]

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        if any(is_row(item) for item in items):
            self.tally.narrowed.append("rows were deselected")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.tally.rows = [item.nodeid for item in session.items if is_row(item)]
        if not self.measuring:
            return
        self._note_narrowing()
        self._open_storage()
        self._check_json()
        if not self.is_pass:  # whose run has it
            self._take_lock()
        self.ready = True
        if not self.stepped:
            self.surroundings = Surroundings(self.tally.rows, near=self.config.rootpath / "results")
            self.config.pluginmanager.register(self.surroundings, "concurbench-surroundings")
        self.notes += [f"the machine is not quiet: {each}" for each in quiet.disturbances()]

    def _note_narrowing(self) -> None:
        config, option = self.config, self.config.option
        whole = {(config.rootpath / path).resolve() for path in config.getini("testpaths")}
        asked = {(config.invocation_params.dir / path).resolve() for path in config.args}
        if not whole <= asked and config.rootpath.resolve() not in asked:
            self.tally.narrowed.append("only a part was asked for")
        if option.ignore or option.ignore_glob or getattr(option, "lf", False):
            self.tally.narrowed.append("files were left out")
        # (--strict-markers and the like arrive here too: they change no row. And who makes passes has
        # cleared addopts of what would keep them from being measured.)
        harmless = ("strict_", "addopts=") if self.is_pass else ("strict_",)
        if any(not each.startswith(harmless) for each in option.override_ini or []):
            self.tally.narrowed.append("the configuration was overridden")
        defaults = (("timer", "time.perf_counter"), ("disable_gc", False), ("cprofile", None))
        for name, default in defaults:
            if getattr(option, f"benchmark_{name}") != default:
                self.tally.narrowed.append(f"measured with --benchmark-{name.replace('_', '-')}")

    def _open_storage(self) -> None:
        theirs = self.benchmarks.storage
        if not hasattr(theirs, "path"):
            return  # not a folder: pytest-benchmark's own affair
        ours = Storage(theirs.path, theirs.logger, default_machine_id=theirs.default_machine_id)
        try:
            ours.check_writable()
        except OSError as error:
            raise pytest.UsageError(
                f"the run could not be saved: {ours.folder}: {error.strerror}; "
                "name another folder with --benchmark-storage=DIRECTORY"
            ) from None
        self.benchmarks.storage = ours

    def _check_json(self) -> None:
        path = self.benchmarks.json
        if path and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
            raise pytest.UsageError(f"--benchmark-json: {path} cannot be written")

    def _take_lock(self) -> None:
        who = f"started {time.strftime('%H:%M:%S')} in {self.config.rootpath}"
        try:
            self._lock.acquire(who)
        except Taken as error:
            raise pytest.UsageError(str(error)) from None
        except OSError as error:
            self.notes.append(f"no lock against a second session: {error}")

    # -- between --------------------------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self.tally.rows:
            return
        if report.failed:
            self.tally.failed.add(report.nodeid)
        elif report.skipped:
            self.tally.skipped[report.nodeid] = reason_of(report)
        elif report.when == "call":
            self.tally.passed.add(report.nodeid)

    # -- after ----------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        # Around pytest-benchmark's own, which saves the run and prepares its tables.
        if self.tally.rows:
            self._prove_the_lock(session)
        if self.ready:
            self._keep_proven_rows()
            self._tell_surroundings()
            self._set_limits()
            self._compare_same_work_only()
            self._find_regressions()
            if self.regressions and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self._decide_saving(int(session.exitstatus))
        yield

    def _prove_the_lock(self, session: pytest.Session) -> None:
        self.gil = self.gil.look_again()
        if not self.gil.trouble:
            return
        self.notes.append(self.gil.trouble)
        self.tally.narrowed.append("its interpreter lock was on")
        # Who lists what may be skipped wants to know of all that is lost.
        if self.config.option.expected_skips and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _keep_proven_rows(self) -> None:
        rows = self.benchmarks.benchmarks
        rows[:] = [row for row in rows if row.fullname in self.tally.proven]

    def _tell_surroundings(self) -> None:
        if self.surroundings is None:
            return
        self.surroundings.close()
        for row in self.benchmarks.benchmarks:
            row.extra_info["around"] = self.surroundings.around(row.fullname)
            row.extra_info["disturbed"] = self.surroundings.disturbed(row.fullname)
        for name, why in self.surroundings.lost.items():
            self.notes.append(f"the yardstick {name} could not be read: {why}")

    def _set_limits(self) -> None:
        rows = self.benchmarks.benchmarks
        runs.set_limits((row.group, row.extra_info, row.stats.median) for row in rows)
        doubt.judge((row.group, row.extra_info) for row in rows)

    @property
    def _compared(self) -> dict[str, Any]:
        """The rows of the run compared with, by id, as pytest-benchmark has loaded them."""
        loaded = (self.benchmarks.compared_mapping or {}).values()
        return next(iter(loaded), {})

    def _compare_same_work_only(self) -> None:
        for row in self.benchmarks.benchmarks:
            theirs = self.base.by_id.get(row.fullname) if self.base else None
            if theirs is not None and theirs.fingerprint != row.extra_info.get("fingerprint"):
                name = short_name(row.fullname)
                self.remarks.append(f"not compared, for it is different work now: {name}")
                self._compared.pop(row.fullname, None)

    def _find_regressions(self) -> None:
        # Before anything is saved, for a run that got slower must not become the next one's baseline;
        # pytest-benchmark would find out afterwards, and end with a traceback.
        checks, self.benchmarks.compare_fail = self.benchmarks.compare_fail or [], []
        both = [row for row in self.benchmarks.benchmarks if row.fullname in self._compared]
        for row, check in itertools.product(both, checks):
            if told := check.fails(row, self._compared[row.fullname]["stats"]):
                self.regressions.append(f"{short_name(row.fullname)}: {told}")

    def _decide_saving(self, exit_code: int) -> None:
        benchmarks = self.benchmarks
        timed = {row.fullname for row in benchmarks.benchmarks}
        self.incomplete = reasons = self.tally.why_incomplete(exit_code, timed)
        if self.storage:
            self.storage.complete = not reasons
        with contextlib.chdir(self.config.rootpath):
            benchmarks.autosave = None if reasons else benchmarks.autosave or get_tag()
        if reasons:
            how = "" if benchmarks.save else " (--benchmark-save=NAME would save it all the same)"
            self.remarks.append(f"not a complete run, so no baseline{how}: {'; '.join(reasons)}")

    def pytest_benchmark_generate_machine_info(self) -> dict[str, object]:
        return {**machine.facts(self.packages), **self.facts}

    def pytest_benchmark_generate_commit_info(self, config: pytest.Config) -> dict[str, Any]:
        # The commit of the suite, not of the folder that somebody happens to be in.
        with contextlib.chdir(self.config.rootpath):
            commit: dict[str, Any] = get_commit_info(config.getoption("benchmark_project_name", None))
        return commit

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        root = f"{self.config.rootpath}{os.sep}"  # where a checkout lies is nobody's business
        output_json[runs.OURS] = {
            "home": machine.folder(),
            "passes": 1,
            "complete": self.storage is not None and self.storage.complete,
            "incomplete": self.incomplete,
            "skipped": self.tally.skipped,
            "left_out": self.tally.left_out,
            "yardsticks": [self.surroundings.readings] if self.surroundings else [],
            "gil": asdict(self.gil),
            "notes": [note.replace(root, "") for note in self.notes],
        }

    def run(self) -> Run:
        """This session as a run, once it is over."""
        return Run(
            path=self.storage.saved if self.storage and self.storage.saved else Path(),
            machine=self.pytest_benchmark_generate_machine_info(),
            complete=not self.incomplete,
            rows=tuple(Row.read(row.as_dict()) for row in self.benchmarks.benchmarks if row),
            home=machine.folder(),
            yardsticks=(self.surroundings.readings,) if self.surroundings else (),
            skipped=self.tally.skipped,
            left_out=self.tally.left_out,
            notes=tuple(self.notes),
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_benchmark_compare_machine_info(
        self, machine_info: Mapping[str, Any], compared_benchmark: dict[str, Any]
    ) -> None:
        differences = machine.differences(compared_benchmark["machine_info"], machine_info)
        if differences:
            self.remarks.append(f"compared across a change of {', '.join(differences)}")
        # pytest-benchmark's own comparison comes next: it would say the same in two pages of JSON, and
        # fails where the results are not below the current directory.
        compared_benchmark["machine_info"] = machine_info

    def pytest_unconfigure(self) -> None:
        if self.surroundings:
            self.surroundings.close()
        self._patch.undo()
        self._lock.release()


def _timed(config: pytest.Config) -> list[str]:
    try:
        return pyproject.timed(config.rootpath)
    except ConcurbenchError as error:
        raise pytest.UsageError(str(error)) from None


SESSION: pytest.StashKey[Session] = pytest.StashKey()


def is_row(item: pytest.Item) -> bool:
    """Whether a test is a benchmark."""
    return "benchmark" in getattr(item, "fixturenames", ())
