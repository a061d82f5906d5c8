"""The summary of a run: a table for each group, whose rows do the same work, and its fastest models.

A model is named alone only if its spread is clear of every other row's. Otherwise the fastest are tied.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.report.footnotes import DISTURBED, HIGHER, LIMIT_CHECK, LOWER, legend, remarks
from concurbench.report.text import say, show
from concurbench.results.baseline import RunComparison
from concurbench.results.drift import TITLES, Readings, relative, summaries
from concurbench.results.row import SEQUENTIAL, Metric, Row
from concurbench.results.runs import Run

BAR = 7
"""Columns of a full bar."""

MAX_NAME = 26
"""Characters of a model's name that fit."""

ABREAST, ABREAST_COMPARED = 3, 2
"""Metrics that fit side by side, without and with a comparison."""

HEADING = 9
"""Columns of a metric's heading, which may take several lines."""

NEW, OTHER_WORK = "new", "other work"
"""In place of a ratio: the baseline lacks the row, or its row did other work."""

EIGHTHS = " ▏▎▍▌▋▊▉"


def print_run(
    run: Run, comparison: RunComparison | None = None, notes: Sequence[str] = (), *, whole: bool = True
) -> None:
    """Print a run's tables and footnotes, with ``notes`` at the end.

    If not the ``whole`` run is shown, its remarks are left out, and so is the table of yardsticks
    unless it explains how rows were scaled.
    """
    show(summary(run.rows, comparison))
    scaled = comparison is not None and comparison.other_machine
    if run.readings and (whole or scaled):
        table = yardsticks(run.readings, comparison.baseline.readings if comparison else None)
        show(Padding(table, (1, 0, 0, 0)))
    say("")
    for line in legend(run, comparison):
        say(line)
    for line in (*(remarks(run) if whole else ()), *(f"note: {note}" for note in notes)):
        say(line, "yellow" if line.startswith("note: ") else "")


def summary(rows: Iterable[Row], comparison: RunComparison | None = None) -> RenderableType:
    """The table of each group; with a comparison also the ratios to its baseline."""
    # Rows without a server first, so that the CPU-bound workloads are next to each other.
    ordered = sorted(rows, key=lambda row: (row.server or "", row.group))
    groups = itertools.groupby(ordered, key=lambda row: row.group)
    return Group(*(_group(name, list(members), comparison) for name, members in groups))


def yardsticks(readings: Readings, baseline: Readings | None = None) -> Table:
    """The table of yardsticks; with a baseline's readings also the ratio to them, above 1 if slower."""
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False,
        title="yardsticks", title_justify="left", title_style="bold",
    )  # fmt: skip
    table.add_column("of this machine", no_wrap=True)
    for heading in ("median", "spread", "readings", *(["× base"] if baseline else [])):
        table.add_column(heading, justify="right", no_wrap=True)
    ratios = relative(baseline, readings) if baseline else {}
    for name, found in summaries(readings).items():
        spread = (found.high - found.low) / 2 / found.median
        cells = [TITLES[name], units.time(found.median), f"± {spread:.0%}", str(found.count)]
        if baseline:
            cells.append(f"{ratios[name]:.2f}" if name in ratios else "")
        table.add_row(*cells)
    return table


def fastest(rows: Sequence[Row]) -> list[Row]:
    """The row with the shortest median, and all rows whose spread overlaps with its spread."""
    return _best([(row, row.median, row.spread) for row in rows])


def best(rows: Sequence[Row], metric: str) -> list[Row]:
    """The row with the best median of a metric, and all rows whose spread overlaps with its spread."""
    having = [(row, each) for row in rows if (each := row.metric(metric))]
    # Negated, so that less is better for all.
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
    """The line that names the best model, by time or by a metric; empty with fewer than two rows."""
    if len(rows) < 2:
        return ""
    first = best(rows, metric) if metric else fastest(rows)
    names = _names(rows)
    listed = ", ".join(names[row.id] for row in first)
    by = f"{metric.replace('_', ' ')}: " if metric else ""
    return f"→ {by}{listed}" if len(first) == 1 else f"→ {by}tied: {listed}"


def bar(share: float) -> str:
    """A bar for a share of 1; larger shares fill it."""
    full, rest = divmod(round(min(share, 1.0) * BAR * 8), 8)
    return ("█" * full + EIGHTHS[rest].strip()).ljust(BAR)


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """Row -> its model, with the number of workers if a model has several rows."""
    one_each = len({row.model for row in rows}) == len(rows)
    return {row.id: row.model if one_each else f"{row.model} ({row.workers})" for row in rows}


def _group(name: str, rows: list[Row], comparison: RunComparison | None) -> RenderableType:
    several = any(row.passes > 1 for row in rows)
    rows.sort(key=lambda row: row.median)
    unit = units.unit_for(row.median for row in rows)
    sequential = next((row.median for row in rows if row.model == SEQUENTIAL), None)
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False,
        title=name or None, title_justify="left", title_style="bold",
    )  # fmt: skip
    table.add_column("model", no_wrap=True)
    headings = ["workers", f"median {unit.symbol}", "spread", "passes" if several else "rounds"]
    headings.append(f"× {SEQUENTIAL[:3]}.")
    if comparison is not None:  # its column takes the room
        del headings[3]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    limit = "of the limit" if comparison is None else "of limit"
    table.add_column(limit, no_wrap=True, style="cyan")
    if comparison is not None:
        table.add_column(_heading(comparison), justify="right", no_wrap=True)
    for row in rows:
        cells = [
            row.model,
            "" if row.workers is None else str(row.workers),
            unit.text(row.median),
            _spread(row) + (_sign(row) if comparison is not None else ""),
            *([f"{len(row.seconds)}{_sign(row)}"] if comparison is None else []),
            "" if sequential is None else _ratio(sequential / row.median, digits=1),
            _share(row, with_bar=comparison is None),
        ]
        if comparison is not None:
            cells.append(_compared(row, comparison))
        table.add_row(*cells, style="bold" if row is rows[0] else "")
    shown: list[RenderableType] = [table, *_green(verdict(rows)), *_metrics(rows, comparison)]
    return Padding(Group(*shown), (1, 0, 0, 0))


def _metrics(rows: Sequence[Row], comparison: RunComparison | None) -> Iterator[RenderableType]:
    """Tables of the metrics, as many side by side as fit, and the best models by each."""
    metrics = list(dict.fromkeys(each.name for row in rows for each in row.metrics))
    abreast = ABREAST_COMPARED if comparison else ABREAST
    for start in range(0, len(metrics), abreast):
        names = metrics[start : start + abreast]
        yield _abreast([row for row in rows if row.metrics], names, comparison)
        for name in names:
            yield from _green(verdict([row for row in rows if row.metric(name)], name))


def _green(verdict: str) -> Iterator[RenderableType]:
    if verdict:
        yield Text(verdict, style="green")


def _abreast(
    rows: Sequence[Row], names: Sequence[str], comparison: RunComparison | None
) -> RenderableType:
    rows = sorted(rows, key=lambda row: _rank(row.metric(names[0])))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("model", no_wrap=True)
    columns: list[list[str]] = []
    for name in names:
        present = [each for row in rows if (each := row.metric(name))]
        unit = units.unit_of((each.median for each in present), present[0].unit)
        sign = LOWER if present[0].better == "lower" else HIGHER
        lines = textwrap.wrap(present[0].title, HEADING, break_long_words=False)
        lines.append(f"{unit.symbol} {sign}".strip())
        table.add_column("\n".join(lines), justify="right", no_wrap=True)
        table.add_column("spread", justify="right", no_wrap=True)
        cells = [row.metric(name) for row in rows]
        columns.append([unit.text(each.median) if each else "" for each in cells])
        columns.append([_metric_spread(each) if each else "" for each in cells])
        if comparison:
            table.add_column(_heading(comparison), justify="right", no_wrap=True)
            both = zip(rows, cells, strict=True)
            columns.append([_change(row, each, comparison) if each else "" for row, each in both])
    called = _names(rows)
    for number, row in enumerate(rows):
        table.add_row(called[row.id], *(column[number] for column in columns))
    return Padding(table, (1, 0, 0, 0))


def _heading(comparison: RunComparison) -> str:
    return f"vs {comparison.baseline.name}{'*' if comparison.other_machine else ''}"


def _compared(row: Row, comparison: RunComparison) -> str:
    """The ratio of a row's medians, or why there is none."""
    ratio = comparison.ratio(row)
    if ratio is not None:
        return _ratio(ratio, digits=2)
    return OTHER_WORK if comparison.before(row) else NEW


def _change(row: Row, metric: Metric, comparison: RunComparison) -> str:
    """The ratio of a metric's medians; empty if the rows' times are not comparable either."""
    before = comparison.before(row)
    if before is None or not comparison.same_work(row):
        return ""
    if before.metric(metric.name) is None:
        return NEW
    ratio = comparison.metric_ratio(row, metric)
    return "" if ratio is None else _ratio(ratio, digits=2)


def _rank(metric: Metric | None) -> float:
    if metric is None:
        return math.inf
    return metric.median if metric.better == "lower" else -metric.median


def _metric_spread(metric: Metric) -> str:
    if len(metric.values) == 1 or not metric.median:
        return ""
    low, high = metric.spread
    return f"± {(high - low) / 2 / abs(metric.median):.0%}"


def _share(row: Row, *, with_bar: bool) -> str:
    if row.efficiency is None:
        return ""
    sign = LIMIT_CHECK if row.limit_check else ""
    return " ".join([bar(row.efficiency)] * with_bar + [f"{row.efficiency:4.0%}{sign}"])


def _sign(row: Row) -> str:
    return DISTURBED if row.disturbed else ""


def _spread(row: Row) -> str:
    if len(row.seconds) == 1:
        return ""
    low, high = row.spread
    return f"± {(high - low) / 2 / row.median:.0%}"


def _ratio(ratio: float, *, digits: int) -> str:
    if ratio < 0.1:
        digits += 1
    return f"{ratio:.{digits}f}" if ratio < 10 else f"{ratio:.0f}"
