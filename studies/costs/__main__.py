"""``python -m studies.costs``: are CPU time and switches right, and do they disturb what is timed?

Each row runs in a control group of its own, in a fresh process. The kernel counts the CPU time and the
switches of the group independently of what the suite reads of processes.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import click

from concurbench import machine
from concurbench.command import Command
from concurbench.errors import ConcurbenchError
from concurbench.results import records
from concurbench.verdicts.student import quantile
from studies import files
from studies.costs.inside import group_of

KIND = "cost study"

ROOT = Path(__file__).parents[2]

ROWS: Mapping[str, tuple[str, str, str, int]] = {
    "sequential": ("primes", "sequential", "below_50k", 1),
    "threads": ("primes", "threaded", "below_50k", 2),
    "asyncio": ("naps", "asyncio_gather", "tasks_10k", 10_000),
    "fork": ("primes", "multiprocess_fork", "below_50k", 2),
    "forkserver": ("primes", "multiprocess_forkserver", "below_50k", 2),
    "spawn": ("primes", "multiprocess_spawn", "below_50k", 2),
    "loky": ("primes", "joblib_loky", "below_50k", 2),
    "interpreters": ("primes", "interpreters", "below_50k", 2),
    "Dask": ("primes", "dask_distributed", "below_50k", 2),
    "threads and a server": ("flags", "threaded", "pop20", 20),
}
"""Kind of concurrency -> workload, model, case and workers."""

PAIRED: Mapping[str, tuple[str, str, str, int]] = {
    "threads that wait": ("naps", "threaded", "tasks_5", 3),
    "coroutines that wait": ("flags", "asyncio_gather", "pop20", 20),
    "Python that computes": ("primes", "sequential", "below_50k", 1),
    "processes that compute": ("primes", "multiprocess_forkserver", "below_50k", 2),
}
"""Kind of work -> the row whose time is compared with and without the accounting."""

COMPARED = {"cpu_seconds": "CPU seconds", "switches": "switches"}
"""Cost -> its name in the report; the file has more."""

TOUCHED = 100 * 2**20
"""Bytes that each worker touches."""

WORKERS = 2

LEVEL = 0.95

PAIRS = 3
"""How many times as many pairs as rounds are accounted for."""


@click.command("studies.costs", cls=Command)
@files.number("--rounds", 20, 2, "Number.")
@click.option("-k", "part", default="", metavar="TEXT", help="Only rows with TEXT in their names.")
@files.options
def main(
    rounds: int, part: str, source: Path | None, more: Path | None, json_file: Path | None
) -> None:
    """Check the costs of rows of each kind against the kernel's own accounting.

    Needs Linux, control groups of version 2, and the right to make one.
    """
    if source is None:
        source = measured(rounds, part, json_file, more)
    click.echo(report(*records.read(source, KIND)), nl=False)


def measured(rounds: int, part: str, json_file: Path | None, more: Path | None) -> Path:
    """Measure the rows whose names have ``part`` in them; the file with the measurements.

    Raises:
        ConcurbenchError: a row failed.
    """
    header = {"machine": machine.facts()}
    tasks = [("accounted", name, row) for name, row in ROWS.items()]
    tasks += [("paired", name, row) for name, row in PAIRED.items()]
    touching = [
        (method, shared) for method in ("fork", "forkserver", "spawn") for shared in (False, True)
    ]
    with files.recording(KIND, header, json_file, more) as (record, _):
        for what, name, (workload, model, case, workers) in tasks:
            if part in name:
                task = {
                    "what": what, "workload": workload, "model": model, "case": case,
                    "workers": workers, "rounds": rounds * (PAIRS if what == "paired" else 1),
                }  # fmt: skip
                try:
                    record.append({"row": name, **task, **_run(task)})
                finally:
                    _remove_group()
        for method, shared in touching:
            if part in method:
                touch = {"method": method, "shared": shared, "size": TOUCHED, "workers": WORKERS}
                task = {"what": "held", "workload": "touching", "model": method, **touch}
                record.append({**task, **_run(task)})
    return record.path


def _remove_group() -> None:
    for _ in range(100):  # its last processes are ending
        try:
            group_of(os.getpid()).rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return


def _run(task: Mapping[str, Any]) -> dict[str, Any]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "studies.costs.inside", json.dumps(task)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    last = (done.stderr.strip().splitlines() or ["no output"])[-1]
    if done.returncode and "Unavailable" in last:
        return {"unavailable": last.rpartition("Unavailable: ")[2]}
    if done.returncode:
        raise ConcurbenchError(f"{task['workload']}/{task['model']}: {last}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def report(header: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    """The findings, as tables in Markdown."""
    headings = [f"{what}|by the kernel|off by" for what in COMPARED.values()]
    lines = [
        f"Measured on {files.place(header['machine'])}; means of a round.",
        "",
        f"|row|{'|'.join(headings)}|",
        "|:--|" + "--:|" * 3 * len(COMPARED),
        *(_accounted(each) for each in entries if each["what"] == "accounted"),
        "",
        f"Rounds with the accounting, compared with rounds without ({LEVEL:.0%} interval):",
        "",
        "|row|turns|longer by|low|high|",
        "|:--|--:|--:|--:|--:|",
        *(_paired(each) for each in entries if each["what"] == "paired"),
        "",
        f"Memory that {WORKERS} workers touch, above that of idle ones:",
        "",
        "|start method|memory|each, MiB|found, MiB|off by|",
        "|:--|:--|--:|--:|--:|",
        *(_held(each) for each in entries if each["what"] == "held"),
    ]
    return "\n".join(lines) + "\n"


def _accounted(entry: Mapping[str, Any]) -> str:
    cells = [f"`{entry['workload']}/{entry['model']}`"]
    if "unavailable" in entry:
        cells.append(entry["unavailable"])
    else:
        ours, kernel = dict(entry["ours"]), entry["kernel"]
        if "voluntary_switches" in ours:
            ours["switches"] = ours["voluntary_switches"] + ours["involuntary_switches"]
        for what in COMPARED:
            number = "{:.0f}" if what == "switches" else "{:.4f}"
            if what in ours and kernel.get(what):
                off = f"{ours[what] / kernel[what] - 1:+.1%}"
                cells += [number.format(ours[what]), number.format(kernel[what]), off]
            else:
                cells += ["–"] * 3
    return f"|{'|'.join(cells)}|"


def _paired(entry: Mapping[str, Any]) -> str:
    ratios = [math.log(one / other) for one, other in _pairs(entry)]
    half = quantile(len(ratios) - 1, (1 + LEVEL) / 2) * stdev(ratios) / math.sqrt(len(ratios))
    low, middle, high = (math.expm1(fmean(ratios) + each) for each in (-half, 0.0, half))
    name = f"`{entry['workload']}/{entry['model']}`"
    return f"|{name}|{len(ratios)}|{middle:+.2%}|{low:+.2%}|{high:+.2%}|"


def _held(entry: Mapping[str, Any]) -> str:
    size, shared = entry["size"], entry["shared"]
    each = f"{'shared' if shared else 'private'}|{size / 2**20:.0f}"
    off = entry["bytes"] / (size * (1 if shared else entry["workers"])) - 1
    return f"|{entry['method']}|{each}|{entry['bytes'] / 2**20:.1f}|{off:+.1%}|"


def _pairs(entry: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Of each group of four rounds, the mean with the accounting and the mean without."""
    with_it, without = entry["with"], entry["without"]
    groups = range(0, len(with_it), 2)
    return [(fmean(with_it[at : at + 2]), fmean(without[at : at + 2])) for at in groups]


if __name__ == "__main__":
    main()
