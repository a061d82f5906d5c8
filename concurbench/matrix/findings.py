"""What follows from a matrix: how many times as fast each row is in each lane.

One observation a pass: the median of the first lane's baseline in this pass, over the row's median in
the same pass. The baseline is that of the row's group; in a group that has none, the row itself in the
first lane.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from concurbench.errors import ConcurbenchError
from concurbench.matrix.matrix import Visit
from concurbench.results import runs
from concurbench.results.row import SEQUENTIAL
from concurbench.results.runs import Run
from concurbench.runner.child import CollectedRow

NOT_THERE = "no such row there"
NO_REASON = "no reason given"


@dataclass
class Cell:
    """A row in a lane."""

    seconds: dict[int, float] = field(default_factory=dict)
    """Pass -> median."""
    ratios: list[float] = field(default_factory=list)
    """One a pass: how many times as fast as the reference."""
    failed: str = ""
    skipped: str = ""
    start_method: str | None = None
    fingerprint: str | None = None

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def spread(self) -> float:
        """Half the range over the passes, as a share of the median."""
        middle = self.ratio
        return (max(self.ratios) - min(self.ratios)) / 2 / middle if middle else 0.0


@dataclass
class Line:
    """A row in all lanes."""

    id: str
    model: str
    workers: int | None
    cells: dict[str, Cell]

    @property
    def start_methods(self) -> dict[str, str | None]:
        """Lane -> how its processes start, where it ran."""
        return {name: cell.start_method for name, cell in self.cells.items() if cell.seconds}

    @property
    def best(self) -> float:
        return max((cell.ratio or 0.0 for cell in self.cells.values()), default=0.0)


@dataclass
class Group:
    """Rows that do the same work, the fastest first."""

    name: str
    lines: list[Line]
    reference: float | None
    """What 1.0 is, in seconds; None where each row is its own reference."""
    locked: dict[str, tuple[str, ...]]
    """Free-threaded lane that had the interpreter lock on -> what switched it on, as far as known."""


@dataclass
class Findings:
    """All that a matrix found."""

    lanes: list[str]
    groups: list[Group]
    skipped: list[tuple[str, str, int]]
    """Lane, reason, how many rows."""
    failed: list[tuple[str, str, str]]
    """Row, lane, why."""
    warnings: list[str]
    """What makes cells of a row incomparable."""
    passes: int

    def as_json(self) -> list[dict[str, object]]:
        """The table, with every observation."""
        return [
            {
                "group": group.name, "row": line.id, "model": line.model, "lane": lane,
                "times_as_fast": cell.ratio, "spread": cell.spread, "observations": cell.ratios,
                "failed": cell.failed or None, "skipped": cell.skipped or None,
            }
            for group in self.groups for line in group.lines for lane, cell in line.cells.items()
        ]  # fmt: skip


def find(lanes: Sequence[str], rows: Iterable[CollectedRow], visits: Iterable[Visit]) -> Findings:
    """What these visits of these lanes say about the rows."""
    visits = list(visits)
    table = {row: {lane: Cell() for lane in lanes} for row in rows}
    by_id = {row.id: row for row in table}
    named: dict[str, str] = {}
    workers: dict[str, int | None] = {}
    locked: dict[str, dict[str, tuple[str, ...]]] = {row.group: {} for row in table}
    for visit in visits:
        run = _run(visit)
        for timed in run.rows if run else ():
            row = by_id[timed.id]
            cell = table[row][visit.lane]
            cell.seconds[visit.number] = timed.median
            cell.start_method, cell.fingerprint = timed.start_method, timed.fingerprint
            named[row.group], workers[row.id] = timed.group or row.group, timed.workers
            if run and _is_locked(run):
                by = run.gil.switched_on_by if run.gil else ()
                known = locked[row.group].get(visit.lane, ())
                locked[row.group][visit.lane] = tuple(dict.fromkeys([*known, *by]))
        for id in visit.rows:
            _judge(table[by_id[id]][visit.lane], id, visit)
    groups = []
    for group in dict.fromkeys(row.group for row in table):
        lines = [
            Line(row.id, row.model, workers.get(row.id), cells)
            for row, cells in table.items()
            if row.group == group
        ]
        reference = _compare(lanes[0], lines)
        lines.sort(key=lambda line: -line.best)
        groups.append(Group(named.get(group, group), lines, reference, locked[group]))
    lines = [line for group in groups for line in group.lines]
    skipped = Counter(
        (lane, cell.skipped) for line in lines for lane, cell in line.cells.items() if cell.skipped
    )
    return Findings(
        lanes=list(lanes),
        groups=groups,
        skipped=[
            (lane, why, skipped[lane, why])
            for lane, why in sorted(skipped, key=lambda each: (lanes.index(each[0]), each[1]))
        ],
        failed=[
            (line.id, lane, cell.failed)
            for line in lines for lane, cell in line.cells.items() if cell.failed
        ],
        warnings=[warning for line in lines for warning in _warnings(lanes[0], line)],
        passes=max((visit.number for visit in visits), default=0),
    )  # fmt: skip


def _run(visit: Visit) -> Run | None:
    if visit.ended.content is None:
        return None
    try:
        return runs.parse(visit.ended.content, Path(f"{visit.lane}, pass {visit.number}"))
    except ConcurbenchError:
        return None


def _is_locked(run: Run) -> bool:
    if not run.machine.get("free_threaded"):
        return False
    return run.gil.end if run.gil else bool(run.machine.get("gil_enabled"))


def _judge(cell: Cell, id: str, visit: Visit) -> None:
    outcome, why = visit.ended.outcomes.get(id, ("", ""))
    if outcome == "failed":
        cell.failed = cell.failed or why
    elif outcome == "skipped":
        cell.skipped = why or NO_REASON
    elif visit.number not in cell.seconds:
        if not visit.ended.trouble and id not in {row.id for row in visit.ended.rows}:
            cell.skipped = NOT_THERE
        else:
            cell.failed = cell.failed or visit.ended.trouble or "it timed nothing"


def _compare(first: str, lines: Sequence[Line]) -> float | None:
    """Fill in the ratios of a group; what 1.0 is."""
    baseline = next((line.cells[first] for line in lines if line.model == SEQUENTIAL), None)
    for line in lines:
        reference = (baseline or line.cells[first]).seconds
        for cell in line.cells.values():
            cell.ratios = [
                reference[number] / seconds
                for number, seconds in sorted(cell.seconds.items())
                if number in reference
            ]
    return statistics.median(baseline.seconds.values()) if baseline and baseline.seconds else None


def _warnings(first: str, line: Line) -> Iterable[str]:
    methods: Mapping[str, str | None] = line.start_methods
    if len(set(methods.values())) > 1:
        told = ", ".join(f"{method or 'none'} in {lane}" for lane, method in methods.items())
        yield f"{line.model}: its start method differs: {told}; so this row compares two things"
    prints = {lane: cell.fingerprint for lane, cell in line.cells.items() if cell.seconds}
    other = [lane for lane, value in prints.items() if value != prints.get(first, value)]
    if other:
        yield f"{line.model}: its work differs in {', '.join(other)} from that in {first}"
