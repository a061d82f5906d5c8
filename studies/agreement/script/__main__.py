"""Rounds of a row, timed by pyperf: ``python -m studies.agreement.script TASK``.

It prepares and checks each round as a session of pytest does, but without pytest and concurbench: the
clock and the loop that reads it are pyperf's. Processes that a model starts do not import this module,
because multiprocessing skips a main module named ``__main__``.
"""

from __future__ import annotations

import contextlib
import gc
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pyperf

import impls
from impls import bridges, digests, flags, naps, primes
from servers.local import Local, lay_out
from servers.mock import Mock

JOBS: Mapping[str, Callable[[Any, int], Any]] = {
    "primes": lambda case, workers: primes.Job(case.batches),
    "digests": lambda case, workers: digests.Job(case.buffers),
    "naps": lambda case, workers: naps.Job(case.tasks, naps.limit(case.tasks, workers)),
    "bridges": lambda case, workers: bridges.Job(case.call, case.numbers),
}
"""Workload without a server -> the job of a case with this number of workers."""


def main(task: Mapping[str, Any]) -> None:
    """Time the rounds of the task's row, and write their seconds to its file."""
    workload = import_module(f"impls.{task['workload']}")
    this, smallest = workload.CASES[task["case"]], next(iter(workload.CASES.values()))
    with impls.loaded(task["workload"], task["model"]) as run, jobs(task) as new:
        seconds = rounds(
            lambda job: run(job, workers=task["workers"]),
            setup=lambda: new(this),
            check=workload.check,
            warm_up=lambda: new(smallest),
            number=task["rounds"],
        )
    Path(task["answer"]).write_text(json.dumps(seconds))


def rounds(
    run: Callable[[Any], object],
    *,
    setup: Callable[[], Any],
    check: Callable[[Any, object], None],
    warm_up: Callable[[], Any],
    number: int,
) -> list[float]:
    """The seconds of each round, after an untimed one of the smallest case, as in a session.

    For pyperf each round is a separate benchmark, with one value and one loop. So the check of the
    answer, the next job and the garbage collection are outside the timing.
    """
    runner = pyperf.Runner(processes=1, values=1, warmups=0, loops=1)
    runner.parse_args(["--worker", "--quiet"])  # this is a fresh process already
    gc.collect()
    gc.freeze()
    job = warm_up()
    gc.collect()
    check(job, run(job))
    seconds = []
    for name in map(str, range(number)):
        answers: list[object] = []
        job = setup()
        gc.collect()
        timed = runner.bench_func(name, lambda job=job, answers=answers: answers.append(run(job)))
        check(job, answers.pop())
        seconds += timed.get_values()
    return seconds


@contextlib.contextmanager
def jobs(task: Mapping[str, Any]) -> Iterator[Callable[[Any], Any]]:
    """A function from a case to the job of a round."""
    if task["server"] is None:
        yield lambda case: JOBS[task["workload"]](case, task["workers"])
        return
    folder = Path(task["folder"])
    site, destination = folder / "site", folder / "destination"
    lay_out(flags.site(), site)
    local, delay = task["server"] == "local", task["delay"]
    with Local(site, delay) if local else Mock(site, delay, folder / "ledger") as server:

        def job(case: flags.Case) -> flags.Job:
            server.reset()
            shutil.rmtree(destination, ignore_errors=True)
            destination.mkdir()
            return flags.Job(case.codes, server.url, destination, server.initializer)

        yield job


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
