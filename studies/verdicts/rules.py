"""Three ways to choose a model of each group from a run, and what each says of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from concurbench.results.row import Row
from concurbench.verdicts.choice import Choice, Verdict


@dataclass(frozen=True)
class Said:
    """What a rule says of the rows of a group, by their ids."""

    take: str | None
    """The recommended row; None if none is certain to be as good as the best."""
    as_good: tuple[str, ...] = ()
    """Rows that are said to be as good as that one."""
    slower: Mapping[str, tuple[float, float] | None] = field(default_factory=dict)
    """Rows that are said to be worse; each with the interval of its ratio to the best, or None."""


Rule = Callable[[Choice], Said]
"""What is said of the rows of a group; of ``concurbench``'s own verdict, other rules use the rows."""


def in_pairs(choice: Choice) -> Said:
    """The verdict of ``concurbench``."""
    return Said(
        take=choice.take.id if choice.take else None,
        as_good=tuple(row.id for row in choice.as_good[1:]),
        slower={
            each.row.id: (each.low, each.high)
            for each in choice.standings
            if each.verdict is Verdict.WORSE
        },
    )


def spreads_overlap(choice: Choice) -> Said:
    """Earlier versions of ``concurbench``: the row with the lowest median time, tied with all rows
    whose prediction intervals overlap with its own."""
    first, *others = sorted((row.median, *row.spread, row.id) for row in rows_of(choice))
    most = first[2]
    return Said(
        take=first[3],
        as_good=tuple(id for _, low, _, id in others if low <= most),
        slower={id: None for _, low, _, id in others if low > most},
    )


def smallest_mean(choice: Choice) -> Said:
    """The table of pytest-benchmark: the row with the lowest mean time wins."""
    means = {
        row.id: fmean(seconds for each in row.by_pass for seconds in each.seconds)
        for row in rows_of(choice)
    }
    first, *others = sorted(means, key=lambda id: (means[id], id))
    return Said(first, slower=dict.fromkeys(others))


RULES: Mapping[str, Rule] = {
    "in pairs": in_pairs, "spreads overlap": spreads_overlap, "smallest mean wins": smallest_mean,
}  # fmt: skip


def rows_of(choice: Choice) -> list[Row]:
    """The rows that could be chosen."""
    return [each.row for each in choice.standings]


def compared(choice: Choice) -> list[Row]:
    """The rows that are within the bound, if there is one: those that are compared."""
    return [each.row for each in choice.standings if each.verdict is not Verdict.BEYOND]
