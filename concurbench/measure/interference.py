"""What went on around each row: who else used the CPU, and how fast the machine was meanwhile.

Between the rows, before the first and after the last one, the yardsticks are read.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from concurbench.measure.load import Load, Share, disturbance
from concurbench.measure.yardsticks import Yardsticks
from concurbench.results.drift import Readings, speed_near


@dataclass(frozen=True)
class Visit:
    """A row from its setup to its end, in seconds since the session's start."""

    start: float
    end: float
    share: Share


class Surroundings:
    """Watches the rows of a session; its methods are pytest's hooks."""

    def __init__(self, rows: list[str], near: Path) -> None:
        self._rows = rows
        self._near = near
        self._visits: dict[str, Visit] = {}
        self._yardsticks: Yardsticks | None = None
        self._open = ExitStack()

    @property
    def readings(self) -> Readings:
        return self._yardsticks.readings if self._yardsticks else {}

    @property
    def lost(self) -> Mapping[str, str]:
        """Yardstick -> why it could not be read."""
        return self._yardsticks.lost if self._yardsticks else {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if item.nodeid not in self._rows:
            return (yield)
        if self._yardsticks is None:
            self._yardsticks = self._open.enter_context(Yardsticks(self._near))
            self._yardsticks.sweep(whole=True)
        before, start = Load.now(), time.perf_counter() - self._yardsticks.start
        try:
            return (yield)
        finally:
            end, share = time.perf_counter() - self._yardsticks.start, before.until(Load.now())
            self._visits[item.nodeid] = Visit(start, end, share)
            self._yardsticks.sweep()

    def around(self, row: str) -> dict[str, float | None]:
        """The shares of the cores' time that others had while this row was visited, and the machine's
        speed then, 1 where it is the session's; None where that is not known."""
        visit = self._visits.get(row)
        if visit is None:
            return {}
        speed = speed_near(self.readings, visit.start, visit.end)
        return {"steal": visit.share.steal, "others": visit.share.others, "speed": speed}

    def disturbed(self, row: str) -> str:
        """What disturbed this row, in a few words; empty where nothing did."""
        visit = self._visits.get(row)
        return disturbance(visit.share) if visit else ""

    def close(self) -> None:
        """End what takes the readings."""
        self._open.close()
