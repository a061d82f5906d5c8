"""The closing summary: what a run found, group by group.

A group's rows do the same work. The winner is named only where its spread stays clear of every other
row's; otherwise the fastest are tied.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.results import BASELINE, Row, Run

COLUMNS = 80
"""Of what is written to a file or a pipe."""

BAR = 7
"""Columns of a full bar."""

LONGEST_NAME = 26
"""Characters of a model's name for which there is room."""

DISTURBED, DOUBTFUL = "!", "?"
"""Marks of rows; ``closing`` says what they mean."""

EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Base:
    """A run to compare with; of another machine, if ``elsewhere``, with how much slower each yardstick
    is than it was there."""

    run: Run
    elsewhere: bool = False
    slower: Mapping[str, float] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        return f"vs {self.run.name}{'*' if self.elsewhere else ''}"

    def ratio(self, row: Row) -> str:
        """This row's median over that of the base, above 1 where it is slower; or why there is none."""
        before = self.run.by_id.get(row.id)
        if before is None:
            return "new"
        if before.fingerprint != row.fingerprint:
            return "other work"
        slower = self.slower.get(row.yardstick or "", 1.0)
        return _ratio(row.median / before.median / slower, digits=2)


def summary(rows: Iterable[Row], base: Base | None = None) -> RenderableType:
    """A table for each group; with ``base`` also the ratio to its medians."""
    # What talks to no server first: the workloads that compute stand beside each other.
    ordered = sorted(rows, key=lambda row: (row.server or "", row.group))
    groups = itertools.groupby(ordered, key=lambda row: row.group)
    return Group(*(_group(name, list(members), base) for name, members in groups))


def as_text(shown: RenderableType, width: int, *, colour: bool = False) -> str:
    """What it looks like on a terminal of so many columns, without blanks at the ends of lines."""
    console = Console(width=width, force_terminal=colour, no_color=not colour, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def fastest(rows: Sequence[Row]) -> list[Row]:
    """The row with the least median, and every row whose spread reaches into that row's spread."""
    best = min(rows, key=lambda row: row.median)
    others = [row for row in rows if row is not best and row.spread[0] <= best.spread[1]]
    return [best, *sorted(others, key=lambda row: row.median)]


def verdict(rows: Sequence[Row]) -> str:
    """Which model to take, in one line; empty where there is nothing to choose from."""
    if len(rows) < 2:
        return ""
    one_each = len({row.model for row in rows}) == len(rows)
    first = fastest(rows)
    names = ", ".join(row.model if one_each else f"{row.model} ({row.workers})" for row in first)
    return f"→ {names}" if len(first) == 1 else f"→ tied: {names}"


def bar(share: float) -> str:
    """A bar for a share of 1; a share above 1 fills it."""
    full, rest = divmod(round(min(share, 1.0) * BAR * 8), 8)
    return ("█" * full + EIGHTHS[rest].strip()).ljust(BAR)


def _group(name: str, rows: list[Row], base: Base | None) -> RenderableType:
    several = any(row.passes > 1 for row in rows)
    rows.sort(key=lambda row: row.median)
    unit = units.unit_for(row.median for row in rows)
    reference = next((row.median for row in rows if row.model == BASELINE), None)
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False,
        title=name or None, title_justify="left", title_style="bold",
    )  # fmt: skip
    table.add_column("model", no_wrap=True)
    headings = ["workers", f"median {unit.symbol}", "spread", "passes" if several else "rounds"]
    headings.append(f"× {BASELINE[:3]}.")
    if base is not None:  # beside its column there is no room for all
        del headings[3]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("of the limit" if base is None else "of limit", no_wrap=True, style="cyan")
    if base is not None:
        table.add_column(base.heading, justify="right", no_wrap=True)
    for row in rows:
        cells = [
            row.model,
            "" if row.workers is None else str(row.workers),
            unit.text(row.median),
            _spread(row) + (_mark(row) if base is not None else ""),
            *([f"{len(row.seconds)}{_mark(row)}"] if base is None else []),
            "" if reference is None else _ratio(reference / row.median, digits=1),
            _share(row, with_bar=base is None),
        ]
        if base is not None:
            cells.append(base.ratio(row))
        table.add_row(*cells, style="bold" if row is rows[0] else "")
    return Padding(Group(table, Text(verdict(rows), style="green")), (1, 0, 0, 0))


def _share(row: Row, *, with_bar: bool) -> str:
    if row.efficiency is None:
        return ""
    doubtful = DOUBTFUL if row.doubt else ""
    return " ".join([bar(row.efficiency)] * with_bar + [f"{row.efficiency:4.0%}{doubtful}"])


def _mark(row: Row) -> str:
    return DISTURBED if row.disturbed else ""


def _spread(row: Row) -> str:
    if len(row.seconds) == 1:
        return ""  # nothing to see one in
    low, high = row.spread
    return f"± {(high - low) / 2 / row.median:.0%}"


def _ratio(ratio: float, *, digits: int) -> str:
    return f"{ratio:.{digits}f}" if ratio < 10 else f"{ratio:.0f}"
