"""The two timers. Each observation starts a separate process."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from concurbench.errors import ConcurbenchError
from concurbench.measure.lock import SessionLock
from concurbench.results import runs
from concurbench.runner.child import last_output
from concurbench.runner.workspace import Workspace
from studies.agreement.pairs import DELAY, IN_LOOP, AgreementRow, Observed

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]

SECONDS = 0.5
"""The time of all rounds of an observation, within concurbench's bounds on the number of rounds."""

TIMEOUT = 120.0
"""Seconds that an observation may take."""


class Timers:
    """Both timers, in one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def concurbench(self, row: AgreementRow) -> Observed:
        """The row's benchmark, measured by ``pytest``."""
        command = ["pytest", "-p", "no:cacheprovider"]
        if row is IN_LOOP:
            command += [str(HERE / "in_loop.py"), f"--benchmark-max-time={SECONDS}"]
        else:
            command += [f"benchmarks/test_{row.workload}.py", f"--seconds-per-row={SECONDS}"]
            command += [f"--models={row.model}", f"--cases={row.case}"]
        command += [f"--http-server={row.server}", f"--http-delay={DELAY}"] if row.server else []
        with self._place() as place:
            saved = place / "run.json"
            command += [f"--benchmark-json={saved}", f"--benchmark-storage={place / 'storage'}"]
            command += [f"--basetemp={place / 'temporary'}"]
            output = self._run("pytest", row, command, place)
            try:
                [timed] = runs.read(saved).rows
            except (ConcurbenchError, ValueError):  # no row was timed
                raise ConcurbenchError(f"{row.name} by pytest: {last_output(output)}") from None
        if row is IN_LOOP:  # it has tens of thousands of rounds
            return Observed((timed.median,), workers=1)
        assert timed.workers is not None
        return Observed(timed.seconds, timed.workers)

    def pyperf(self, row: AgreementRow, like: Observed) -> tuple[float, ...]:
        """The same work, in a script that uses pyperf."""
        # The environment of a session; see environment_of_processes in conftest.py.
        path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
        environ = {"NO_PROXY": "*", "no_proxy": "*", "PYTHONPATH": path}
        with locked(), self._place() as place:
            answer = place / "seconds.json"
            instructions = {
                **asdict(row), "delay": DELAY, "workers": like.workers, "rounds": len(like.seconds),
                "folder": str(place), "answer": str(answer),
            }  # fmt: skip
            command = ["studies.agreement.script", json.dumps(instructions)]
            if row is IN_LOOP:
                command = ["studies.agreement.in_loop", str(answer)]
            self._run("pyperf", row, command, place, **environ)
            return tuple(json.loads(answer.read_text()))

    @contextlib.contextmanager
    def _place(self) -> Iterator[Path]:
        place = self._workspace.folder / "observation"
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _run(
        self, timer: str, row: AgreementRow, command: Sequence[str], place: Path, **more: str
    ) -> Path:
        """Run it; the file with its output.

        Raises:
            ConcurbenchError: it failed or took too long.
        """
        output = place / "output"
        try:
            with self._workspace.running(
                [sys.executable, "-m", *command], CHECKOUT, self._workspace.environ(**more), output
            ) as process:
                code = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise ConcurbenchError(f"{row.name} by {timer}: no result after {TIMEOUT:.0f} s") from None
        if code != 0:
            raise ConcurbenchError(f"{row.name} by {timer} (exit {code}): {last_output(output)}")
        return output


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Hold the machine's lock: pytest takes it, a script does not."""
    lock = SessionLock()
    lock.acquire("measuring an agreement")
    try:
        yield
    finally:
        lock.release()
