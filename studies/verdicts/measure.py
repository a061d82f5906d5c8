"""Measure the runs of a verdict study, and rows alone."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from concurbench.errors import ConcurbenchError
from concurbench.report.progress import StatusLine
from concurbench.results.merge import merge
from concurbench.results.records import Record
from concurbench.results.runs import short_name
from concurbench.runner.child import PytestSuite
from concurbench.runner.measured import Measured
from concurbench.runner.run import collect, measure, measuring
from studies.verdicts.study import compact

ARGUMENTS = (
    "benchmarks/test_primes.py", "benchmarks/test_digests.py", "benchmarks/test_flags.py",
    "benchmarks/test_bridges.py", "benchmarks/test_naps.py", "benchmarks/test_flags_metadata.py",
    "--models=default,asyncio_run_in_executor,anyio_to_thread,trio_to_thread",
    "--cases=below_50k,medium,buffers_150k,pop20,waiting,tasks_5_longest_first",
    "-k",
    "not (largest_first or flags and "
    "(sequential or new_client or run_in_executor or mock and multiprocess))",
)  # fmt: skip
"""The matrix: a run of it takes about two minutes."""

CONFIRMED = ("test_primes[", "test_digests[", "-local-pop20-")
"""Parts of the ids of rows that are measured alone: three groups."""

TIMEOUT = 300.0
"""Seconds without a response after which a session is given up."""

ALONE = 1.0
"""Seconds for which a row is timed alone."""


def measured(record: Record, arguments: Sequence[str], number: int, times: int, done: int) -> None:
    """Measure ``number`` runs, then ``times`` times the rows of ``CONFIRMED`` alone, and save each;
    ``done`` entries are in the file already.

    Raises:
        ConcurbenchError: a row failed, or a session did.
    """
    with measuring(arguments, TIMEOUT) as (suite, status):
        [collected], *_ = collect(suite, {"": Path(sys.executable)}, status)
        for each in range(1, number + 1):
            start = time.monotonic()
            run = Measured("", collected.python, collected.groups)
            measure(suite, [run], None, status, prefix=f"run {each} of {number}, ")
            if failures := [*run.failed.values(), *run.errors]:
                raise ConcurbenchError(f"run {each}: {failures[0]}")
            entry = compact(merge(run.passes()))
            record.append({**entry, "took": round(time.monotonic() - start, 1)})
        rows = [row for row in collected.groups if any(part in row for part in CONFIRMED)]
        chance = random.Random(done)
        for each in range(1, times + 1):
            start = time.monotonic()
            chance.shuffle(rows)
            prefix = f"alone, {each} of {times}: "
            seconds = alone(suite, collected.python, rows, status, prefix)
            record.append({"alone": seconds, "took": round(time.monotonic() - start, 1)})


def alone(
    suite: PytestSuite, python: Path, rows: Sequence[str], status: StatusLine, prefix: str
) -> Mapping[str, float]:
    """Row -> the median of its rounds; each row is measured in its own session.

    Raises:
        ConcurbenchError: a row failed, or a session did.
    """
    found = {}
    for row in rows:
        status.step(prefix + short_name(row))
        one = Measured("", python, {row: ""})
        one.add(1, [row], suite.measure(python, [row], ALONE, observe=0.0))
        if failures := [*one.failed.values(), *one.errors, *one.lost.values()]:
            raise ConcurbenchError(f"{short_name(row)}, alone: {failures[0]}")
        if row not in one.skipped:
            [benchmark] = one.passes()[0]["benchmarks"]
            found[row] = float(f"{median(benchmark['stats']['data']):.6g}")
    return found
