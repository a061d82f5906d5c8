"""The suite in a folder, ready to be measured in passes: nobody else measures meanwhile, and what it
starts ends with it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from concurbench import units
from concurbench.command import ended_by_signals
from concurbench.errors import ConcurbenchError
from concurbench.measure.lock import SessionLock, Taken
from concurbench.measure.session import PASS
from concurbench.report.status import Watch
from concurbench.results.runs import short_name
from concurbench.runner.child import PytestSuite
from concurbench.runner.run import Passes, measure
from concurbench.runner.workspace import Workspace

OPTIONS = ("-p", "concurbench.plugin", "-p", "no:cacheprovider")
"""What each pass is told beside the user's own arguments."""

IDLE = (
    "--collect-only", "--co", "--benchmark-disable", "--benchmark-skip", "--numprocesses",
    "--setup-only", "--setup-plan", "--fixtures",
)  # fmt: skip
"""Arguments with which pytest, or pytest-benchmark, does not measure."""

PYTHON = Path(sys.executable)


class Suite:
    """Its rows, and the sessions that visit them; made by ``ready``."""

    def __init__(self, sessions: PytestSuite, watch: Watch) -> None:
        self._sessions = sessions
        self._watch = watch
        watch.step("collecting")
        collected = sessions.collect(PYTHON)
        if collected.trouble or not collected.rows:
            raise ConcurbenchError(collected.trouble or "no benchmarks to measure")
        self.rows = [row.id for row in collected.rows]
        self.root = Path(collected.root)
        """The folder of pytest's configuration."""
        self.storage = Path(collected.storage)
        """The folder where pytest would save runs."""

    def measure(self, passes: Passes, what: str = "") -> None:
        """Make these passes, of ``what``."""
        progress = Progress(passes, self._watch, what)
        self._sessions.watch = progress.row if sys.stderr.isatty() else None
        measure(passes, lambda rows: self._sessions.measure(PYTHON, rows), progress.starts)


@contextmanager
def ready(arguments: Sequence[str], passes: int, patience: float) -> Iterator[Suite]:
    """The suite here, with these arguments for pytest, for runs of so many passes.

    Raises:
        ConcurbenchError: somebody else measures, or pytest finds nothing to measure.
        ChildResult: a signal asked for it.
    """
    for argument in arguments:
        if argument.partition("=")[0] in IDLE or argument.startswith("-n"):
            raise ConcurbenchError(f"{argument}: nothing would be timed")
    watch, lock, here = Watch(), SessionLock(), Path.cwd()
    try:
        lock.acquire(f"started {time.strftime('%H:%M:%S')} in {here}")
    except Taken as error:
        raise ConcurbenchError(str(error)) from None
    try:
        with ended_by_signals(), Workspace() as workspace:
            server = os.environ.get("CONCURBENCH_BASE_PYTHON") or sys.executable
            pytest = [*OPTIONS, *arguments]
            yield Suite(
                PytestSuite(workspace, here, pytest, server, patience, {PASS: str(passes)}), watch
            )
    finally:
        watch.end()
        lock.release()


class Progress:
    """Says which pass it is, and how long it will take from there."""

    def __init__(self, passes: Passes, watch: Watch, what: str) -> None:
        self._passes = passes
        self._watch = watch
        self._what = what
        self._number = 0

    def starts(self, number: int) -> None:
        self._number = number
        self._watch.step(self._where())

    def row(self, done: int, last: str) -> None:
        """So many rows of the pass are done."""
        rows = len(self._passes.visited(self._number))
        self._watch.now(f"{self._where(done)} · {done}/{rows} {short_name(last)}")

    def _where(self, done: int = 0) -> str:
        left = self._passes.left(self._number, done)
        time = f", about {units.duration(left)} left" if left else ""
        return f"{self._what}pass {self._number} of {self._passes.asked}{time}"
