"""How often a rule is right about runs whose truth is known from the other runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from concurbench.results.row import Row
from concurbench.results.runs import Run, WorkloadInfo
from concurbench.verdicts.choice import LEVEL, Choice, choices
from concurbench.verdicts.pairs import MARGIN, PROCESS, TIME, compare
from studies.shares import confidence
from studies.verdicts.rules import Rule, Said, compared, rows_of
from studies.verdicts.truth import Observed, Truth, observed, pooled

CLEAR = 0.10
"""How far the second row of a group must be behind for a rule that has to decide."""


@dataclass(frozen=True)
class Count:
    """How many of the cases were so."""

    cases: int = 0
    of: int = 0

    def plus(self, was: bool) -> Count:
        return Count(self.cases + was, self.of + 1)

    @property
    def share(self) -> float:
        return self.cases / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the true share, if the cases were independent."""
        return confidence(self.cases, self.of)


@dataclass(frozen=True)
class Judged:
    """A group of one run, and the truth about it from the other runs."""

    number: int
    """Of the run, from 1."""
    group: str
    choice: Choice
    truth: Truth
    computes: bool


@dataclass(frozen=True)
class Errors:
    """How a rule did."""

    recommended: Count = Count()
    """The recommended row was within the margin of the best."""
    as_good: Count = Count()
    """A row said to be as good was beyond the margin."""
    missed: Count = Count()
    """The interval of a row said to be slower did not contain the pooled ratio."""
    slower: Count = Count()
    """A row said to be slower was not."""
    undecided: Count = Count()
    """No row was recommended."""
    undecided_clear: Count = Count()
    """The same, of groups whose second row is ``CLEAR`` behind."""

    def plus(self, said: Said, truth: Truth) -> Errors:
        """With a verdict on one more group."""
        within = math.log1p(MARGIN)
        recommended, as_good, missed, slower = (
            self.recommended, self.as_good, self.missed, self.slower,
        )  # fmt: skip
        if said.take is not None:
            recommended = recommended.plus(truth.behind(said.take) <= within)
        for row in said.as_good:
            as_good = as_good.plus(truth.behind(row) > within)
        for row, interval in said.slower.items():
            ratio = math.exp(truth.behind(row))
            slower = slower.plus(ratio <= 1)
            if interval is not None and row not in truth.beyond:
                low, high = interval
                missed = missed.plus(not low <= ratio <= high)
        undecided, clear = self.undecided.plus(said.take is None), self.undecided_clear
        if truth.gap > math.log1p(CLEAR):
            clear = clear.plus(said.take is None)
        return Errors(recommended, as_good, missed, slower, undecided, clear)


@dataclass(frozen=True)
class Coverage:
    """How often the intervals of the verdicts contained the pooled ratio."""

    groups: Count = Count()
    """All intervals of a group's rows, to the best one, at once."""
    pairs: Count = Count()
    """The interval of a single pair."""


def judged(runs: Sequence[Run]) -> list[Judged]:
    """Each group of each run, with the truth about it from the other runs."""
    every = [
        {
            group: (choice, observed(choice, _workload(run, choice)))
            for group, choice in choices(run).items()
        }
        for run in runs
    ]
    found = []
    for number, of_run in enumerate(every, start=1):
        for group, (choice, own) in of_run.items():
            others = [
                each[group][1]
                for place, each in enumerate(every, start=1)
                if place != number
                and group in each
                and each[group][1].excess.keys() == own.excess.keys()
            ]
            if others:
                found.append(Judged(number, group, choice, pooled(others), own.computes))
    return found


def errors(rule: Rule, cases: Sequence[Judged]) -> Errors:
    """How a rule did with these groups."""
    found = Errors()
    for each in cases:
        found = found.plus(rule(each.choice), each.truth)
    return found


def coverage(cases: Sequence[Judged]) -> Coverage:
    """The coverage of the intervals in these groups."""
    groups = Count()
    for each, rows in _comparable(cases):
        # No row is better than the best one: its ratio is 1.
        ratios = {row.id: max(1.0, math.exp(each.truth.behind(row.id))) for row in rows}
        standings = each.choice.standings[: len(rows)]
        groups = groups.plus(all(one.low <= ratios[one.row.id] <= one.high for one in standings))
    return Coverage(groups, pairs_held(cases))


def pairs_held(cases: Sequence[Judged], process: float = PROCESS) -> Count:
    """How often the interval of a single pair contained the pooled ratio, with this constant."""
    held = Count()
    for each, rows in _comparable(cases):
        for ids, pair in (compare(rows, each.choice.by, process=process) or {}).items():
            if ids[0] < ids[1]:  # each pair is there both ways round
                away = abs(pair.mean - each.truth.ratios[ids])
                held = held.plus(away <= pair.margin((1 - LEVEL) / 2))
    return held


def _comparable(cases: Sequence[Judged]) -> Iterator[tuple[Judged, Sequence[Row]]]:
    """The groups in which the same rows are within the bound as in the pooled runs, with these rows."""
    for each in cases:
        rows = compared(each.choice)
        if {row.id for row in rows} == {*each.truth.rows} and len(rows) > 1:
            yield each, rows


def confirmed(cases: Sequence[Judged], alone: Sequence[Mapping[str, float]]) -> dict[str, Truth]:
    """Group -> the truth about it from rows that were measured alone; for groups that were."""
    rows = {each.group: [row.id for row in rows_of(each.choice)] for each in cases}
    found = {}
    for group, ids in rows.items():
        times = [each for each in alone if all(id in each for id in ids)]
        if times:
            found[group] = pooled([_alone(ids, each) for each in times])
    return found


def _alone(ids: Sequence[str], seconds: Mapping[str, float]) -> Observed:
    ratios = {
        (one, other): math.log(seconds[one] / seconds[other]) for one, other in permutations(ids, 2)
    }
    return Observed(TIME, {TIME: ratios}, dict.fromkeys(ids, -1.0), bounded=False, computes=False)


def _workload(run: Run, choice: Choice) -> WorkloadInfo:
    return run.workloads.get(choice.standings[0].row.workload or "", {})
