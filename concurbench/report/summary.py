"""The closing summary: what a run found, group by group.

A group's rows do the same work. The winner is named only where its spread stays clear of every other
row's; otherwise the fastest are tied.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.results.metric import Metric
from concurbench.results.runs import BASELINE, Row, Run

BAR = 7
"""Columns of a full bar."""

LONGEST_NAME = 26
"""Characters of a model's name for which there is room."""

ABREAST, ABREAST_COMPARED = 3, 2
"""Metrics in a table, alone and beside an earlier run: for more there is no room."""

HEADING = 9
"""Columns of a metric's heading, which may take several lines."""

LESS, MORE = "↓", "↑"
"""Marks of metrics, lower or higher being better; ``closing`` says what they mean."""

DISTURBED, DOUBTFUL = "!", "?"
"""Marks of rows; ``closing`` says what they mean."""

NEW = "new"
"""Instead of a ratio, where there is nothing to compare with."""

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
            return NEW
        if before.fingerprint != row.fingerprint:
            return "other work"
        slower = self.slower.get(row.yardstick or "", 1.0)
        return _ratio(row.median / before.median / slower, digits=2)

    def change(self, row: Row, metric: Metric) -> str:
        """This metric's median over that of the base; nothing where the times are not compared, which
        says why."""
        before = self.run.by_id.get(row.id)
        if before is None or before.fingerprint != row.fingerprint:
            return ""
        earlier = before.metric(metric.name)
        if earlier is None:
            return NEW
        return _ratio(metric.median / earlier.median, digits=2) if earlier.median else ""


def summary(rows: Iterable[Row], base: Base | None = None) -> RenderableType:
    """A table for each group; with ``base`` also the ratio to its medians."""
    # What talks to no server first: the workloads that compute stand beside each other.
    ordered = sorted(rows, key=lambda row: (row.server or "", row.group))
    groups = itertools.groupby(ordered, key=lambda row: row.group)
    return Group(*(_group(name, list(members), base) for name, members in groups))


def fastest(rows: Sequence[Row]) -> list[Row]:
    """The row with the least median, and every row whose spread reaches into that row's spread."""
    return _best([(row, row.median, row.spread) for row in rows])


def best(rows: Sequence[Row], metric: str) -> list[Row]:
    """The same by the metric of this name, of the rows that have it: the least, or the highest where
    higher is better."""
    having = [(row, each) for row in rows if (each := row.metric(metric))]
    # What is better when higher is worse when its negative is.
    signed = [
        (row, each.median, each.spread)
        if each.better == "lower"
        else (row, -each.median, (-each.spread[1], -each.spread[0]))
        for row, each in having
    ]
    return _best(signed)


def _best(measured: Sequence[tuple[Row, float, tuple[float, float]]]) -> list[Row]:
    ordered = sorted(measured, key=lambda each: each[1])
    _, _, (_, most) = ordered[0]
    return [row for number, (row, _, (low, _)) in enumerate(ordered) if number == 0 or low <= most]


def verdict(rows: Sequence[Row], metric: str | None = None) -> str:
    """Which model to take, by the time or by a metric, in one line; empty where there is nothing to
    choose from."""
    if len(rows) < 2:
        return ""
    first = best(rows, metric) if metric else fastest(rows)
    called = _called(rows)
    names = ", ".join(called[row.id] for row in first)
    by = f"{metric.replace('_', ' ')}: " if metric else ""
    return f"→ {by}{names}" if len(first) == 1 else f"→ {by}tied: {names}"


def _called(rows: Sequence[Row]) -> dict[str, str]:
    """Row -> what tells it from the others: its model, or that and its workers."""
    one_each = len({row.model for row in rows}) == len(rows)
    return {row.id: row.model if one_each else f"{row.model} ({row.workers})" for row in rows}


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
    shown: list[RenderableType] = [table, *_told(verdict(rows)), *_metrics(rows, base)]
    return Padding(Group(*shown), (1, 0, 0, 0))


def _metrics(rows: Sequence[Row], base: Base | None) -> Iterator[RenderableType]:
    """What was measured beside the time, so many metrics abreast, with which model is best by each."""
    metrics = list(dict.fromkeys(each.name for row in rows for each in row.metrics))
    abreast = ABREAST_COMPARED if base else ABREAST
    for start in range(0, len(metrics), abreast):
        names = metrics[start : start + abreast]
        yield _abreast([row for row in rows if row.metrics], names, base)
        for name in names:
            yield from _told(verdict([row for row in rows if row.metric(name)], name))


def _told(verdict: str) -> Iterator[RenderableType]:
    if verdict:
        yield Text(verdict, style="green")


def _abreast(rows: Sequence[Row], names: Sequence[str], base: Base | None) -> RenderableType:
    rows = sorted(rows, key=lambda row: _rank(row.metric(names[0])))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("model", no_wrap=True)
    columns: list[list[str]] = []
    called = _called(rows)
    for name in names:
        all_of_it = [each for row in rows if (each := row.metric(name))]
        unit = units.unit_of((each.median for each in all_of_it), all_of_it[0].unit)
        mark = LESS if all_of_it[0].better == "lower" else MORE
        lines = textwrap.wrap(all_of_it[0].title, HEADING, break_long_words=False)
        lines.append(f"{unit.symbol} {mark}".strip())
        table.add_column("\n".join(lines), justify="right", no_wrap=True)
        table.add_column("spread", justify="right", no_wrap=True)
        cells = [row.metric(name) for row in rows]
        columns.append([unit.text(each.median) if each else "" for each in cells])
        columns.append([_about(each) if each else "" for each in cells])
        if base:
            table.add_column(base.heading, justify="right", no_wrap=True)
            both = zip(rows, cells, strict=True)
            columns.append([base.change(row, each) if each else "" for row, each in both])
    for number, row in enumerate(rows):
        table.add_row(called[row.id], *(column[number] for column in columns))
    return Padding(table, (1, 0, 0, 0))


def _rank(metric: Metric | None) -> float:
    if metric is None:
        return math.inf
    return metric.median if metric.better == "lower" else -metric.median


def _about(metric: Metric) -> str:
    if len(metric.values) == 1 or not metric.median:
        return ""
    low, high = metric.spread
    return f"± {(high - low) / 2 / abs(metric.median):.0%}"


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
    if ratio < 0.1:
        digits += 1
    return f"{ratio:.{digits}f}" if ratio < 10 else f"{ratio:.0f}"
