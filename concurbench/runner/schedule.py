"""Which rows each pass visits, in which order; how many passes there are; how long the rest will take.

A run without a number of passes has as many as its verdicts need. After each of the numbers of passes
in ``verdicts.choice.ANALYSES``, groups in which every row is as good as the best or not are done, and
so are the rows that are not. Before the last analysis, groups that it would hardly decide are left (a
futility analysis). The others get more passes, and more time in each. Rows without competitors get
``ALONE`` passes. Rows with long rounds, which mostly wait, get the fewest.

From pass to pass another group comes first, and every second pass goes backwards: no group always runs
right after the same other one. (The rows of a group take turns within a session: see
``measure.turns``.)

With several interpreters a pass is cut into slices of one group each. A slice goes through all
interpreters before the next one starts, so that what is compared is measured minutes apart, not hours.
The first interpreter changes from slice to slice and from pass to pass: a machine that gets slower
favours none.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from concurbench import units
from concurbench.measure.cost import LONGEST_OBSERVED, LONGEST_OBSERVED_AGAIN
from concurbench.measure.rounds import LONG, PASS_BUDGET
from concurbench.report.progress import StatusLine
from concurbench.results import runs
from concurbench.results.merge import merge
from concurbench.results.runs import Run, short_name
from concurbench.runner.measured import Measured
from concurbench.verdicts.choice import ANALYSES, Choice, Verdict, choices

ALONE = 5
"""The number of passes of a row without competitors: the fewest whose prediction interval claims
``results.statistics.LEVEL``."""

CLOSER = 2.5
"""How many times as long the rows of groups that are open are timed in a further pass."""

NARROWER = 0.7
"""How wide intervals are after the last analysis, compared with the one before: in two runs it was 0.63
to 0.96, so this gives up few groups that could have been decided."""

T = TypeVar("T")


class Plan:
    """The passes of a run, of which there are a fixed number, or as many as are needed."""

    def __init__(self, measured: Sequence[Measured], passes: int | None) -> None:
        self._measured = measured
        self._fixed = passes
        self._groups = {row: group for each in measured for row, group in each.groups.items()}
        self._alone: Collection[str] = ()
        self._open: Collection[str] = ()
        """The rows that more passes than the first analysis may tell apart."""
        self.passes = passes or ANALYSES[0]
        """The number of passes that are certain up to now."""

    def after(self, number: int) -> None:
        """Look at the results of the first ``number`` passes: which rows need more?"""
        if self._fixed or number < self.passes:
            return
        so_far = [runs.parse(merge(each.passes()), Path()) for each in self._measured if each.contents]
        self._alone = {row for run in so_far for row in without_competitors(run)}
        if number in ANALYSES:
            last = number >= ANALYSES[-2]
            self._open = {row for run in so_far for row in undecided(run, last=last)}
        further = [ALONE] if self._alone and number < ALONE else []
        further += [each for each in ANALYSES if each > number][:1] if self._open else []
        self.passes = min(further, default=number)

    def due(self, number: int) -> list[str]:
        """The rows of a pass, in order; of those that the first pass could time, from the second on."""
        if number == 1:
            return list(self._groups)
        seconds = longest([each.seconds for each in self._measured])
        rows = [
            row
            for row in self._groups
            if row in seconds and self._needs(row, number, long=seconds[row] >= LONG)
        ]
        return in_order(rows, self._groups, number)

    def seconds(self, number: int) -> float:
        """How long to time a row in a pass."""
        return PASS_BUDGET.seconds * (CLOSER if self._open and number > ANALYSES[0] else 1)

    def observed(self, number: int) -> float:
        """Seconds of the longest round that is observed in a pass. A verdict by memory needs as many
        passes as any other, for which only a run with a number of passes takes the time."""
        if number == 1:
            return LONGEST_OBSERVED
        return LONGEST_OBSERVED_AGAIN if self._fixed and number <= ANALYSES[0] else 0.0

    def _needs(self, row: str, number: int, *, long: bool) -> bool:
        if number <= ANALYSES[0] or (row in self._alone and number <= ALONE):
            return True
        return not long and (self._fixed is not None or row in self._open)


def without_competitors(run: Run) -> list[str]:
    """The rows that have no group, or are alone in it."""
    alone = (rows for group, rows in run.groups.items() if not group or len(rows) == 1)
    return [row.id for rows in alone for row in rows]


def undecided(run: Run, *, last: bool) -> list[str]:
    """The rows that further passes may tell apart; ``last`` if there is only one more analysis."""
    settled = (Verdict.WORSE, Verdict.BEYOND)
    return [
        standing.row.id
        for choice in choices(run).values()
        if not choice.decided and not (last and hopeless(choice))
        for standing in choice.standings
        if standing.verdict not in settled
    ]


def hopeless(choice: Choice) -> bool:
    """Whether the last analysis would hardly decide any row that is still open."""
    for each in choice.standings:
        if each.verdict is Verdict.OPEN:
            mean = math.log(each.ratio)
            reach = NARROWER * (math.log(each.high) - mean)
            if mean - reach > 0 or mean + reach <= math.log1p(choice.margin):
                return False
    return True


def visits(
    interpreters: Sequence[T], groups: Mapping[str, str], rows: Sequence[str], number: int
) -> Iterator[tuple[T, list[str]]]:
    """The processes of a pass, in order: the interpreter and the rows of each.

    ``groups`` is row -> group, ``rows`` are those of the pass in order. A single interpreter gets the
    whole pass in one process.
    """
    parts = slices(rows, groups) if len(interpreters) > 1 else [list(rows)]
    for position, part in enumerate(parts):
        first = (number - 1 + position) % len(interpreters)
        for interpreter in [*interpreters[first:], *interpreters[:first]]:
            yield interpreter, part


def in_order(rows: Sequence[str], groups: Mapping[str, str], number: int) -> list[str]:
    """The rows in the order of a pass, those of a group behind each other."""
    parts = slices(rows, groups)
    start = len(parts) * (number - 1) // ANALYSES[0] % max(len(parts), 1)
    first = (number - 1) % max(map(len, parts), default=1)
    parts = [*parts[start:], *parts[:start]]
    turned = [[*part[first % len(part) :], *part[: first % len(part)]] for part in parts]
    if number % 2 == 0:
        turned = [part[::-1] for part in turned[::-1]]
    return [row for part in turned for row in part]


def slices(rows: Sequence[str], groups: Mapping[str, str]) -> list[list[str]]:
    """The rows, group by group."""
    by_group: dict[str, list[str]] = {}
    for row in rows:
        by_group.setdefault(groups[row], []).append(row)
    return list(by_group.values())


def longest(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Row -> the highest of its values."""
    return {row: max(one.get(row, 0.0) for one in each) for values in each for row in values}


class Progress:
    """Shows which pass it is, and how long the rest will take."""

    def __init__(
        self, measured: Sequence[Measured], plan: Plan, status: StatusLine, prefix: str
    ) -> None:
        self._measured = measured
        self._plan = plan
        self._status = status
        self._prefix = prefix
        self._number = 0
        self._ahead: Sequence[tuple[Measured, list[str]]] = ()

    def starts(self, number: int, ahead: Sequence[tuple[Measured, list[str]]]) -> None:
        """A process starts; ``ahead`` are the visits left in this pass, beginning with its own."""
        self._number, self._ahead = number, ahead
        self._status.step(self._where(0))

    def row(self, done: int, last: str) -> None:
        """``done`` rows of the process are measured."""
        rows = len(self._ahead[0][1])
        self._status.now(f"{self._where(done)} · {done}/{rows} {short_name(last)}")

    def _where(self, done: int) -> str:
        left = self._left(done)
        time = f", about {units.duration(left)} left" if left else ""
        name = f", {self._ahead[0][0].name}" if len(self._measured) > 1 else ""
        return f"{self._prefix}pass {self._number} of {self._plan.passes}{name}{time}"

    def _left(self, done: int) -> float:
        """Seconds to the end of the last pass that is certain; 0 while no row has been timed."""
        took = longest([each.took for each in self._measured])
        if not took:
            return 0.0
        ahead = [row for _, part in self._ahead for row in part][done:]
        for later in range(self._number + 1, self._plan.passes + 1):
            ahead += self._plan.due(later) * len(self._measured)
        usual = sum(took.values()) / len(took)
        return sum(took.get(row, usual) for row in ahead)
