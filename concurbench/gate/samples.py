"""What a gate measures: base and head in turn, a fraction of a second apart.

A *slice* is one side's turn: some rounds on end. A *unit* is two slices of each side, ABBA, so that
neither profits from a machine that gets faster or slower meanwhile. A *visit* is a row's units in one
*block*, that is, in one pair of fresh processes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any


@dataclass(frozen=True)
class Unit:
    """Slices of base (A) and head (B) in turn; seconds a round, each the mean of a slice.

    ``order`` tells which slice came when: ABBA or BAAB; AB or BA where a row allows but one slice.
    """

    order: str
    base: tuple[float, ...]
    head: tuple[float, ...]

    @property
    def log_ratio(self) -> float:
        """The logarithm of head / base: above 0 is slower."""
        return fmean(map(math.log, self.head)) - fmean(map(math.log, self.base))


Visit = tuple[Unit, ...]


def log_ratio(visit: Visit) -> float:
    """A visit's log-ratio: one observation, for within a block nothing is independent."""
    return fmean(unit.log_ratio for unit in visit)


@dataclass(frozen=True)
class Block:
    """What one pair of fresh processes measured: row -> visit."""

    number: int
    stage: str
    visits: Mapping[str, Visit]

    @property
    def log_ratios(self) -> dict[str, float]:
        return {row: log_ratio(visit) for row, visit in self.visits.items()}

    def as_json(self) -> dict[str, Any]:
        def digits(seconds: tuple[float, ...]) -> list[float]:
            return [float(f"{each:.7g}") for each in seconds]  # no clock tells more

        rows = {
            row: [{"order": u.order, "base": digits(u.base), "head": digits(u.head)} for u in visit]
            for row, visit in self.visits.items()
        }
        return {"number": self.number, "stage": self.stage, "rows": rows}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Block:
        """The reverse.

        Raises:
            LookupError, TypeError, ValueError: it is none.
        """
        visits = {
            row: tuple(Unit(u["order"], tuple(u["base"]), tuple(u["head"])) for u in visit)
            for row, visit in content["rows"].items()
        }
        seconds = [s for visit in visits.values() for u in visit for s in (*u.base, *u.head)]
        if not all(isinstance(each, float) and each > 0 for each in seconds):
            raise ValueError("seconds that are none")
        return cls(content["number"], content["stage"], visits)
