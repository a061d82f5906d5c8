"""The run to compare with, chosen before pytest-benchmark looks for one in its own way."""

from __future__ import annotations

from pathlib import Path

from concurbench.errors import ConcurbenchError
from concurbench.results import runs
from concurbench.results.runs import ResultsError, Run


class NoSuchRun(ConcurbenchError):
    """What was asked for is not there; the message says what to do."""


def choose(asked: str | bool, folder: Path) -> tuple[Run | None, list[str]]:
    """The run that ``--benchmark-compare`` means, and what the reader should know about the choice.

    ``asked`` is True for the last complete run in ``folder``, the machine's; or the number or name of a
    run there, or the path of a file.

    Raises:
        NoSuchRun: a run was asked for that is not there or cannot be read.
    """
    if isinstance(asked, bool):
        run, notes = runs.last_complete(folder)
        if run is None:
            notes.append(f"nothing to compare with yet: no complete run in {folder}")
        return run, notes
    if Path(asked).is_dir() or asked.endswith(".py") or "::" in asked:
        # The option takes a value, if one follows: here it took what was meant for pytest.
        raise NoSuchRun(
            f"it took {asked!r} for the run to compare with: "
            f"put the option last, as in: pytest {asked} --benchmark-compare"
        )
    return named(asked, folder), []


def named(asked: str, folder: Path) -> Run:
    """The run of this number or name in a machine's folder, or in the file of this path.

    Raises:
        NoSuchRun: there is none, or it cannot be read.
    """
    found = [Path(asked)] if Path(asked).is_file() else _matching(asked, folder)
    if not found:
        raise NoSuchRun(f"no run {asked!r} in {folder}")
    try:
        return runs.read(found[-1])
    except ResultsError as error:
        raise NoSuchRun(str(error)) from error


def _matching(asked: str, folder: Path) -> list[Path]:
    if asked.isdecimal():
        return [path for path in runs.numbered(folder) if runs.number(path) == int(asked)]
    return sorted(path for path in folder.glob("*.json") if path.name.startswith(asked))
