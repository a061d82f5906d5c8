"""``python -m studies.engines``: what does a task cost in each engine, and which process pays?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import click

from concurbench import machine, units
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
    lines = [
        f"Measured on {files.place(header['machine'])}, {header['workers']} workers. "
        f"Medians of {' or '.join(map(str, counts))} rounds, with the lowest and the highest.",
        "",
        f"|seconds for a task|first result|{'|'.join(_headings())}|",
        "|:--|--:|" + "--:|" * 2 * len(KINDS),
        *(f"|{name}|{'|'.join(_times(rounds))}|" for name, rounds in found.items()),
        "",
        "CPU time for a task, of all at once: the program, processes in between, workers.",
        "",
        f"|CPU for a task|{'|'.join(TITLES.values())}|",
        "|:--|" + "--:|" * len(KINDS),
        *(f"|{name}|{'|'.join(_cpu(rounds))}|" for name, rounds in found.items()),
    ]
    return "\n".join(lines) + "\n"


def _headings() -> Iterator[str]:
    for kind in KINDS:
        yield f"{TITLES[kind]}, in turn"
        yield "at once"


def _times(rounds: Sequence[Entry]) -> Iterator[str]:
    yield _spread([each["first"] for each in rounds])
    for kind in KINDS:
        yield _spread([median(each[kind]["turn"]) for each in rounds])
        yield _spread([each[kind]["once"] / each[kind]["count"] for each in rounds])


def _spread(seconds: Sequence[float]) -> str:
    unit = units.unit_for(seconds)
    low, middle, high = map(unit.text, (min(seconds), median(seconds), max(seconds)))
    return f"{middle} {unit.symbol} ({low}–{high})"


def _cpu(rounds: Sequence[Entry]) -> Iterator[str]:
    def seconds(kind: str, where: str) -> Callable[[Entry], float]:
        return lambda entry: entry[kind]["cpu"][where] / entry[kind]["count"]

    for kind in KINDS:
        means = [median(map(seconds(kind, where), rounds)) for where in ("client", "others", "workers")]
        yield " + ".join(f"{1e3 * each:.2f}" for each in means) + " ms"


if __name__ == "__main__":
    main()
