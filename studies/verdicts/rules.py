"""Three ways to choose a model of each group from a run, and what each says of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from concurbench.results.row import Row
from concurbench.results.runs import Run
from concurbench.verdicts.choice import Verdict, choices


@dataclass(frozen=True)
class Said:
    """What a rule says of the rows of a group, by their ids."""

    take: str | None
    """The recommended row; None if it cannot be told."""
    as_good: Sequence[str] = ()
    """Rows that are said to be as good as that one."""
    slower: Mapping[str, tuple[float, float] | None] = field(default_factory=dict)
    """Rows that are said to be worse; each with the interval of its ratio to the best, or None."""


Rule = Callable[[Run], Mapping[str, Said]]
"""A run -> its groups, and what is said of each."""


def in_pairs(run: Run) -> Mapping[str, Said]:
    """The verdicts of ``concurbench``."""
    return {
        group: Said(
            take=choice.take.id if choice.take else None,
            as_good=[row.id for row in choice.as_good[1:]],
            slower={
                each.row.id: (each.low, each.high)
                for each in choice.standings
                if each.verdict is Verdict.WORSE
            },
        )
        for group, choice in choices(run).items()
    }


def spreads_overlap(run: Run) -> Mapping[str, Said]:
    """Earlier versions of ``concurbench``: the row with the lowest median time, tied with all rows
    whose prediction intervals overlap with its own."""
    found = {}
    for group, rows in competitors(run).items():
        measured = sorted((row.median, *row.spread, row.id) for row in rows)
        most = measured[0][2]
        _, *others = measured
        found[group] = Said(
            take=measured[0][3],
            as_good=[id for _, low, _, id in others if low <= most],
            slower={id: None for _, low, _, id in others if low > most},
        )
    return found


def smallest_mean(run: Run) -> Mapping[str, Said]:
    """The table of pytest-benchmark: the row with the lowest mean time wins."""
    found = {}
    for group, rows in competitors(run).items():
        means = {
            row.id: fmean(seconds for each in row.by_pass for seconds in each.seconds) for row in rows
        }
        first, *others = sorted(means, key=lambda id: (means[id], id))
        found[group] = Said(first, slower=dict.fromkeys(others))
    return found


RULES: Mapping[str, Rule] = {
    "in pairs": in_pairs, "spreads overlap": spreads_overlap, "smallest mean wins": smallest_mean,
}  # fmt: skip


def competitors(run: Run) -> Mapping[str, list[Row]]:
    """Group -> its rows that are choices, for the groups that have a verdict."""
    judged = choices(run)
    found: dict[str, list[Row]] = {}
    for row in run.rows:
        if row.group in judged and not row.reference:
            found.setdefault(row.group, []).append(row)
    return found
