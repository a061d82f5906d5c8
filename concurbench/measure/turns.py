"""The rows of a group take turns, so that they are compared within seconds of each other.

A group's rows do the same work: they are tests that differ in their model or workers only. Each is
visited several times: pytest sets it up, runs it and tears it down as always, and each visit has the
rounds of one turn. What pytest-benchmark has recorded of the visits of a row becomes one benchmark, and
pytest's reports of them one report. From turn to turn another row comes first, and every second turn
goes backwards, so no row always runs right after the same other one.

A row that is long, fails or is skipped has one visit, and one that is far slower than the fastest takes
few turns; sequential takes them all, because limits come from its time.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from concurbench.measure.rounds import FAR, MIN_TURNS, Budget, Rounds, in_turn, only_own_garbage
from concurbench.measure.speed import capacity
from concurbench.results.row import SEQUENTIAL


@dataclass
class Visited:
    """A row of a group and what lasts from one visit to the next."""

    item: pytest.Item
    group: Group
    rounds: Rounds | None = None
    """None until its test has measured something, and for tests that do so by themselves."""
    alone: bool = False
    """Whether it has one visit only, whatever its rounds take."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What fixtures keep for the next visit."""
    reports: list[pytest.TestReport] = field(default_factory=list)
    """Those of the last visit; their durations are the sum of all."""

    @property
    def goes_on(self) -> bool:
        """Whether it takes further turns."""
        done = all(report.passed for report in self.reports)
        return done and not self.alone and self.rounds is not None and not self.rounds.long

    def add(self, reports: Sequence[pytest.TestReport]) -> None:
        """Take in the reports of a visit."""
        before = {report.when: report.duration for report in self.reports}
        for report in reports:
            report.duration += before.get(report.when, 0.0)
        self.reports = list(reports)


@dataclass
class Group:
    """The rows that take turns, and what they share."""

    rows: list[Visited] = field(default_factory=list)
    turn: int = 0
    over: bool = False
    stack: ExitStack = field(default_factory=ExitStack)
    """Closed after the last turn."""
    capacities: dict[int, list[float]] = field(default_factory=dict)
    """Number of workers -> parallel capacity, once a turn."""

    def capacity(self, workers: int, seconds: float) -> float:
        """The parallel capacity for this number of workers: the median over the turns, this one
        included, for rounds of this many seconds."""
        readings = self.capacities.setdefault(workers, [])
        if len(readings) < self.turn:
            readings.append(capacity.measure(workers, seconds, backwards=bool(self.turn % 2)))
        return statistics.median(readings)


class Turns:
    """A pytest plugin that lets the rows of each group take turns."""

    def __init__(self, benchmarks: Callable[[], list[Any]], budget: Callable[[], Budget]) -> None:
        self._benchmarks = benchmarks
        self._budget = budget
        self._visited: dict[str, Visited] = {}

    def collected(self, items: Sequence[pytest.Item]) -> None:
        """Group these rows; one without competitors takes no turns."""
        groups: dict[str, list[pytest.Item]] = {}
        for item in items:
            if name := group_of(item):
                groups.setdefault(name, []).append(item)
        for members in groups.values():
            if len(members) > 1:
                group = Group()
                group.rows = [Visited(item, group) for item in members]
                self._visited |= {each.item.nodeid: each for each in group.rows}

    def visited(self, row: str) -> Visited | None:
        """The row of this id; None if it takes no turns."""
        return self._visited.get(row)

    def together(self, row: str) -> list[str]:
        """The rows that are measured when pytest comes to this one: its group if it is the first of it,
        and none if it was measured with another one."""
        visited = self._visited.get(row)
        if visited is None:
            return [row]
        return [] if visited.group.over else [each.item.nodeid for each in visited.group.rows]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        visited = self._visited.get(item.nodeid)
        if visited is None:
            return None
        group = visited.group
        if not group.over:
            following = self._after(item, group)
            start(item)
            try:
                with only_own_garbage(), group.stack:
                    self._take_turns(group)
            except BaseException:  # interrupted: what was measured until then is kept
                show(group.rows[0])
                for row in group.rows[1:]:
                    start(row.item)
                    show(row)
                raise
            finally:
                group.over = True
            self._tear_down(group.rows[-1], following)
        else:
            start(item)
        show(visited)
        return True

    def _take_turns(self, group: Group) -> None:
        group.turn = 1
        for row in group.rows:
            self._visit(row)
        timed = {row.item.nodeid: row.rounds for row in group.rows if row.goes_on and row.rounds}
        if len(timed) < 2:  # the others are long, or failed: a single row needs no turns of its own
            return
        fastest = min(rounds.a_round for rounds in timed.values())
        close = [
            rounds
            for row, rounds in timed.items()
            if rounds.a_round <= FAR * fastest or model_of(self._visited[row].item) == SEQUENTIAL
        ]
        seconds = sum(rounds.a_round * rounds.turns[-1] for rounds in close)
        for group.turn in range(2, self._budget().turns(seconds, len(timed)) + 1):
            for row in in_turn(group.rows, group.turn):
                near = timed.get(row.item.nodeid) in close or group.turn <= MIN_TURNS
                if row.goes_on and near:
                    self._visit(row)

    def _visit(self, row: Visited) -> None:
        # As if another row came next: what the rows share stays set up.
        other = next(each for each in row.group.rows if each is not row)
        row.add(runtestprotocol(row.item, log=False, nextitem=other.item))
        merge_visits(self._benchmarks(), row.item.nodeid)

    def _after(self, item: pytest.Item, group: Group) -> pytest.Item | None:
        """The first of the items behind this one that is not of its group."""
        items = item.session.items
        members = {row.item.nodeid for row in group.rows}
        behind = items[items.index(item) + 1 :]
        return next((each for each in behind if each.nodeid not in members), None)

    def _tear_down(self, row: Visited, following: pytest.Item | None) -> None:
        """Tear down what the group's rows have shared and the following item does not need."""
        # Without the hooks of a test's own teardown, which expect what its setup has left them.
        state = row.item.session._setupstate
        call = pytest.CallInfo.from_call(lambda: state.teardown_exact(following), when="teardown")
        report = pytest.TestReport.from_item_and_call(row.item, call)
        if report.failed:
            row.reports = [each for each in row.reports if each.when != "teardown"] + [report]


def start(item: pytest.Item) -> None:
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)


def show(row: Visited) -> None:
    """Give pytest the reports of a row."""
    hooks, item = row.item.ihook, row.item
    for report in row.reports:
        hooks.pytest_runtest_logreport(report=report)
    hooks.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def group_of(item: pytest.Item) -> str | None:
    """What the tests of a group have in common: the function and all parameters but the model and the
    workers. None for a test without the parameter ``model``."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if model_of(item) is None or "benchmark" not in getattr(item, "fixturenames", ()):
        return None
    others = sorted(name for name in parameters if name not in ("model", "workers"))
    return " ".join([item.nodeid.partition("[")[0], *(f"{name}={parameters[name]}" for name in others)])


def model_of(item: pytest.Item) -> str | None:
    """The value of a test's parameter ``model``."""
    model: str | None = getattr(getattr(item, "callspec", None), "params", {}).get("model")
    return model


def merge_visits(benchmarks: list[Any], row: str) -> None:
    """Make one of all benchmarks of a row: with all rounds, and what the last one knows."""
    first, *later = [each for each in benchmarks if each.fullname == row] or [None]
    for each in later:
        for seconds in each.stats.data:
            first.stats.update(seconds)
        first.extra_info.update(each.extra_info)
        benchmarks[:] = [one for one in benchmarks if one is not each]
