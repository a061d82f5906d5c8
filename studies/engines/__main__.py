"""``python -m studies.engines``: what does a task cost in each engine, and which process pays?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import click

from concurbench import machine
from concurbench.command import Command
from concurbench.errors import ConcurbenchError
from concurbench.results import records
from studies import files
from studies.engines.engines import ENGINES
from studies.engines.inside import KINDS, SIZE

KIND = "engine study"

ROOT = Path(__file__).parents[2]

PACKAGES = ("distributed", "ray", "multiprocess", "dill", "joblib")

WORKERS = 2

TITLES = {
    "nothing": "nothing",
    "argument": f"{SIZE / 2**20:g} MiB argument",
    "result": f"{SIZE / 2**20:g} MiB result",
}
"""Kind of task -> its name in the report."""

Entry = Mapping[str, Any]


@click.command("studies.engines", cls=Command)
@files.number("--rounds", 5, 1, "Number of rounds, each in new processes and with a new cluster.")
@click.option("-k", "part", default="", metavar="TEXT", help="Only engines with TEXT in their names.")
@files.options
def main(
    rounds: int, part: str, source: Path | None, more: Path | None, json_file: Path | None
) -> None:
    """Measure tasks that do nothing, one after another and all at once, in each engine.

    Tasks have no data, a large argument or a large result. With --more, only the rounds that the file
    lacks are measured.
    """
    if source is None:
        source = measured(rounds, part, json_file, more)
    click.echo(report(*records.read(source, KIND)), nl=False)


def measured(rounds: int, part: str, json_file: Path | None, more: Path | None) -> Path:
    """Measure the engines with ``part`` in their names, in turn; the file with the measurements.

    Raises:
        ConcurbenchError: an engine failed.
    """
    header = {"machine": machine.facts(PACKAGES), "workers": WORKERS}
    with files.recording(KIND, header, json_file, more) as (record, entries):
        for number in range(rounds):
            for engine, (package, _) in ENGINES.items():
                done = sum(entry["engine"] == engine for entry in entries)
                if part in engine and number >= done and _installed(package):
                    record.append({"engine": engine, **_round(engine)})
    return record.path


def _installed(module: str) -> bool:
    return not module or find_spec(module.partition(".")[0]) is not None


def _round(engine: str) -> dict[str, Any]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    task = json.dumps({"engine": engine, "workers": WORKERS})
    done = subprocess.run(
        [sys.executable, "-m", "studies.engines.inside", task], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise ConcurbenchError(f"{engine}: {last}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def report(header: Entry, entries: Sequence[Entry]) -> str:
    """The findings, as tables in Markdown."""
    engines = {name: [each for each in entries if each["engine"] == name] for name in ENGINES}
    found = {name: rounds for name, rounds in engines.items() if rounds}
    counts = sorted({len(rounds) for rounds in found.values()})
    times = "|".join(f"{title}, in turn|at once" for title in TITLES.values())
    lines = [
        f"Measured on {files.place(header['machine'])}, {header['workers']} workers: milliseconds for "
        f"a task, medians of {' or '.join(map(str, counts))} rounds (lowest–highest).",
        "",
        f"|engine|first result|{times}|",
        "|:--|--:|" + "--:|" * 2 * len(KINDS),
        *(f"|{name}|{'|'.join(_times(rounds))}|" for name, rounds in found.items()),
        "",
        "Milliseconds of CPU for a task, all at once: program / processes in between / workers.",
        "",
        f"|engine|{'|'.join(TITLES.values())}|",
        "|:--|" + "--:|" * len(KINDS),
        *(f"|{name}|{'|'.join(_cpu(rounds))}|" for name, rounds in found.items()),
    ]
    return "\n".join(lines) + "\n"


def _times(rounds: Sequence[Entry]) -> Iterator[str]:
    yield _spread([each["first"] for each in rounds])
    for kind in KINDS:
        yield _spread([median(each[kind]["turn"]) for each in rounds])
        yield _spread([each[kind]["once"] / each[kind]["count"] for each in rounds])


def _spread(seconds: Sequence[float]) -> str:
    low, middle, high = map(_milliseconds, (min(seconds), median(seconds), max(seconds)))
    return f"{middle} ({low}–{high})"


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:,.0f}" if seconds >= 0.1 else f"{1e3 * seconds:.3g}"


def _cpu(rounds: Sequence[Entry]) -> Iterator[str]:
    for kind in KINDS:
        used = [
            median(each[kind]["cpu"][where] / each[kind]["count"] for each in rounds)
            for where in ("client", "others", "workers")
        ]
        yield "/".join(f"{1e3 * each:.2f}" for each in used)


if __name__ == "__main__":
    main()
