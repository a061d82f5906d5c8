"""Pairs of observations, one by each timer. The timers take turns in coming first."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.results import records
from studies.agreement.rows import AgreementRow

KIND = "pyperf agreement"


@dataclass(frozen=True)
class Observed:
    """The measurement of a row in a fresh process of concurbench."""

    seconds: tuple[float, ...]
    """Of each timed round, in order."""
    workers: int


@dataclass(frozen=True)
class Pair:
    """The times of a row by both timers, one right after the other: seconds of each round."""

    row: str
    first: str
    """The timer that came first."""
    concurbench: tuple[float, ...]
    pyperf: tuple[float, ...]

    @property
    def medians(self) -> tuple[float, float]:
        """Concurbench's and pyperf's median, over the same number of rounds."""
        rounds = min(len(self.concurbench), len(self.pyperf))
        return statistics.median(self.concurbench[:rounds]), statistics.median(self.pyperf[:rounds])

    @property
    def ratio(self) -> float:
        """Concurbench's time over pyperf's."""
        concurbench, pyperf = self.medians
        return concurbench / pyperf


@dataclass(frozen=True)
class Agreement:
    """All pairs that were measured."""

    machine: Mapping[str, Any]
    pairs: Mapping[str, Sequence[Pair]]
    """Row -> its pairs, in order."""


def read(path: Path) -> Agreement:
    """The pairs in this file.

    Raises:
        ConcurbenchError: the file cannot be read, or has no pairs.
    """
    header, entries = records.read(path, KIND)
    found: dict[str, list[Pair]] = {}
    try:
        for entry in entries:
            times = (tuple(map(float, entry[timer])) for timer in ("concurbench", "pyperf"))
            pair = Pair(entry["row"], entry["first"], *times)
            found.setdefault(pair.row, []).append(pair)
    except (LookupError, TypeError, ValueError) as error:
        raise ConcurbenchError(f"{path} has a pair that cannot be read: {error!r}") from None
    if missing := [row for row in header.get("rows", ()) if row not in found]:
        raise ConcurbenchError(f"{path} has no pairs of {', '.join(missing)}: continue it with --more")
    return Agreement(header["machine"], found)


def take(
    rows: Sequence[AgreementRow],
    number: int,
    concurbench: Callable[[AgreementRow], Observed],
    pyperf: Callable[[AgreementRow, Observed], tuple[float, ...]],
) -> Iterator[Pair]:
    """This many pairs of each row. Every row gets a pair before any row gets its next one, so that a
    slow minute affects all rows. ``pyperf`` gets concurbench's last observation, to do as much work."""
    last: dict[AgreementRow, Observed] = {}
    for turn in range(number):
        for row in rows:
            if turn % 2 == 0:
                last[row] = concurbench(row)
                seconds = pyperf(row, last[row])
            else:
                seconds = pyperf(row, last[row])
                last[row] = concurbench(row)
            first = "pyperf" if turn % 2 else "concurbench"
            yield Pair(row.name, first, last[row].seconds, seconds)
