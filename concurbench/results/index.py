"""The runs that are saved: finding one by file, folder, number or name, and listing them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from concurbench import machine, units
from concurbench.errors import ConcurbenchError
from concurbench.results import runs
from concurbench.results.runs import Run

MAX_LISTED = 10
"""Runs that an error message names, the newest first."""

TAGGED = re.compile(r"_(\d{4})(\d\d)(\d\d)_(\d{6})")
"""The time in the name that pytest-benchmark gives to a run."""


@dataclass(frozen=True)
class Saved:
    """A run in the results folder."""

    machine: str
    """Its machine folder."""
    name: str
    """Its number, or its name where it has none."""
    date: str
    rows: int
    complete: bool
    path: Path

    def __str__(self) -> str:
        partial = "" if self.complete else ", partial"
        return f"{self.machine}/{self.name}, {self.date}, {units.counted(self.rows, 'row')}{partial}"


def results_folder() -> Path:
    """The results folder of the project: ``results`` in the current folder or in one above it."""
    here, *above = (folder / "results" for folder in (Path.cwd(), *Path.cwd().parents))
    return next((folder for folder in (here, *above) if folder.is_dir()), here)


def saved(results: Path) -> list[Saved]:
    """All runs in the results folder, the newest first; other files are left out."""
    found = filter(None, map(_read, results.glob("*/*.json")))
    return sorted(found, key=lambda each: each.date, reverse=True)


def find(asked: str) -> Run:
    """The run of this file, the last complete run of this machine folder, or the run of this number or
    name: of this machine, or in a folder as in ``FOLDER/0003``.

    Raises:
        ConcurbenchError: there is none, or it cannot be read; the message names those that are there.
    """
    results, path = results_folder(), Path(asked)
    if path.is_file():
        return runs.read(path)
    for folder in (path, results / path):
        if asked and folder.is_dir():
            run, _ = runs.last_complete(folder)
            if run is None:
                # The results folder itself holds the machine folders.
                place = folder if saved(folder) else folder.absolute().parent
                raise ConcurbenchError(f"no complete run in {folder}{listed(place)}")
            return run
    own = path.name == asked
    for folder in [results / machine.folder()] if own else [path.parent, results / path.parent]:
        if matching := runs.matching(path.name, folder):
            return runs.read(matching[-1])
    raise ConcurbenchError(f"no run {asked!r}{listed(results)}")


def newest() -> tuple[Run, str]:
    """The last complete run of this machine. Where there is none: the newest complete run of any
    machine, and a sentence that says so.

    Raises:
        ConcurbenchError: there is no complete run at all.
    """
    results = results_folder()
    how = "make one with: concurbench run"
    run, _ = runs.last_complete(results / machine.folder())
    if run is not None:
        return run, ""
    other = next((each for each in saved(results) if each.complete), None)
    if other is None:
        raise ConcurbenchError(f"no complete run in {results}: {how}")
    return runs.read(other.path), (
        f"no run of this machine yet; this is {other.name} of {other.machine}, {other.date}: {how}"
    )


def listed(results: Path) -> str:
    """The rest of a sentence that a run is missing: the newest runs in the results folder."""
    if not (there := saved(results)):
        return f": {results} holds no runs"
    lines = [f"  {each}" for each in there[:MAX_LISTED]]
    if len(there) > MAX_LISTED:
        lines.append(f"  and {len(there) - MAX_LISTED} more")
    return "\n".join([f"; {results} holds:", *lines])


def _read(path: Path) -> Saved | None:
    try:
        run = runs.read(path)
    except ConcurbenchError:
        return None
    named = TAGGED.search(path.name)
    changed = time.localtime(path.stat().st_mtime)
    day = "-".join(named.groups()[:3]) if named else time.strftime("%Y-%m-%d", changed)
    return Saved(path.parent.name, run.name, day, len(run.rows), run.complete, path)
