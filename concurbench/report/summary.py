"""The summary of a run: a table for each group, whose rows do the same work, and its fastest models.

A model is named alone only if its spread is clear of every other row's. Otherwise the fastest are tied.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.report.curve import curves_shown
from concurbench.report.footnotes import DISTURBED, HIGHER, LIMIT_CHECK, LOWER, legend, remarks
from concurbench.report.text import say, show
from concurbench.results.baseline import RunComparison
from concurbench.results.drift import TITLES, Readings, relative, summaries
from concurbench.results.row import SEQUENTIAL, Metric, Row
from concurbench.results.runs import Run
from concurbench.verdicts.curve import one_each

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
    headings = ("median", "spread", "readings", *(["× base"] if baseline else []))
    table = _table("of this machine", headings, title="yardsticks")
    ratios = relative(baseline, readings) if baseline else {}
    for name, found in summaries(readings).items():
        spread = (found.high - found.low) / 2 / found.median
        cells = [TITLES[name], units.time(found.median), f"± {spread:.0%}", str(found.count)]
        if baseline:
            cells.append(f"{ratios[name]:.2f}" if name in ratios else "")
        table.add_row(*cells)
    return table


def best(rows: Sequence[Row], metric: str | None = None) -> list[Row]:
    """The row with the best median, by time or by a metric, and all rows whose spread overlaps with its
    spread."""
    measured = []
    for row in rows:
        if each := row.metric(metric) if metric else row:
            # Negated, so that less is better for all.
            sign = -1 if isinstance(each, Metric) and each.better == "higher" else 1
            low, high = sorted(sign * bound for bound in each.spread)
            measured.append((sign * each.median, low, high, row))
    measured.sort(key=lambda each: each[0])
    most = measured[0][2]
    return [row for place, (_, low, _, row) in enumerate(measured) if place == 0 or low <= most]


def verdict(rows: Sequence[Row], metric: str | None = None) -> str:
    """The line that names the best model, by time or by a metric; empty with fewer than two rows."""
    if len(rows) < 2:
        return ""
    names = _names(rows)
    first = [names[row.id] for row in best(rows, metric)]
    by = f"{metric.replace('_', ' ')}: " if metric else ""
    return f"→ {by}{'tied: ' if len(first) > 1 else ''}{', '.join(first)}"


def bar(share: float) -> str:
    """A bar for a share of 1; larger shares fill it."""
    full, rest = divmod(round(min(share, 1.0) * BAR * 8), 8)
    return ("█" * full + EIGHTHS[rest].strip()).ljust(BAR)


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """Row -> its model, with the number of workers if a model has several rows."""
    one_each = len({row.model for row in rows}) == len(rows)
    return {row.id: row.model if one_each else f"{row.model} ({row.workers})" for row in rows}


def _table(first: str, headings: Iterable[str], title: str | None = None) -> Table:
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False,
        title=title, title_justify="left", title_style="bold",
    )  # fmt: skip
    table.add_column(first, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _group(name: str, rows: list[Row], comparison: RunComparison | None) -> RenderableType:
    every, rows = rows, sorted(one_each(rows), key=lambda row: row.median)
    unit = units.unit_for(row.median for row in rows)
    sequential = next((row.median for row in rows if row.model == SEQUENTIAL), None)
    observed = "passes" if any(row.passes > 1 for row in rows) else "rounds"
    columns: dict[str, Callable[[Row], str]] = {
        "workers": lambda row: "" if row.workers is None else str(row.workers),
        f"median {unit.symbol}": lambda row: unit.text(row.median),
        "spread": _spread,
        observed: lambda row: f"{len(row.seconds)}{_sign(row)}",
        f"× {SEQUENTIAL[:3]}.": lambda row: _ratio(sequential / row.median, 1) if sequential else "",
        "of the limit": lambda row: _share(row, with_bar=True),
    }
    if comparison:  # its column takes the room of others
        del columns[observed], columns["of the limit"]
        columns["spread"] = lambda row: _spread(row) + _sign(row)
        columns["of limit"] = lambda row: _share(row, with_bar=False)
        columns[_heading(comparison)] = lambda row: _compared(row, comparison)
    table = _table("model", columns, title=name or None)
    share = table.columns[-2 if comparison else -1]
    share.justify, share.style = "left", "cyan"
    for row in rows:
        cells = (cell(row) for cell in columns.values())
        table.add_row(row.model, *cells, style="bold" if row is rows[0] else "")
    shown: list[RenderableType] = [table, *_green(verdict(rows)), *_metrics(rows, comparison)]
    compared = {_heading(comparison): lambda row: _compared(row, comparison)} if comparison else {}
    shown += curves_shown(every, compared)
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
    headings, columns = [], []
    for name in names:
        cells = [row.metric(name) for row in rows]
        present = [each for each in cells if each]
        unit = units.unit_of((each.median for each in present), present[0].unit)
        sign = LOWER if present[0].better == "lower" else HIGHER
        lines = textwrap.wrap(name.replace("_", " "), HEADING, break_long_words=False)
        headings += ["\n".join([*lines, f"{unit.symbol} {sign}".strip()]), "spread"]
        columns.append([unit.text(each.median) if each else "" for each in cells])
        columns.append([_spread(each) if each else "" for each in cells])
        if comparison:
            headings.append(_heading(comparison))
            both = zip(rows, cells, strict=True)
            columns.append([_change(row, each, comparison) if each else "" for row, each in both])
    table = _table("model", headings)
    for name, *texts in zip(_names(rows).values(), *columns, strict=True):
        table.add_row(name, *texts)
    return Padding(table, (1, 0, 0, 0))


def _heading(comparison: RunComparison) -> str:
    return f"vs {comparison.baseline.name}{'*' if comparison.other_machine else ''}"


def _compared(row: Row, comparison: RunComparison) -> str:
    """The ratio of a row's medians, or why there is none."""
    ratio = comparison.ratio(row)
    if ratio is None:
        return OTHER_WORK if row.id in comparison.baseline.by_id else NEW
    return _ratio(ratio, 2)


def _change(row: Row, metric: Metric, comparison: RunComparison) -> str:
    """The ratio of a metric's medians; empty if the rows' times are not comparable either."""
    before = comparison.before(row)
    if before and not before.metric(metric.name):
        return NEW
    ratio = comparison.metric_ratio(row, metric)
    return "" if ratio is None else _ratio(ratio, 2)


def _rank(metric: Metric | None) -> float:
    if metric is None:
        return math.inf
    return metric.median if metric.better == "lower" else -metric.median


def _share(row: Row, *, with_bar: bool) -> str:
    if row.efficiency is None:
        return ""
    sign = LIMIT_CHECK if row.limit_check else ""
    return " ".join([bar(row.efficiency)] * with_bar + [f"{row.efficiency:4.0%}{sign}"])


def _sign(row: Row) -> str:
    return DISTURBED if row.disturbed else ""


def _spread(measured: Row | Metric) -> str:
    count = len(measured.seconds if isinstance(measured, Row) else measured.values)
    if count == 1 or not measured.median:
        return ""
    low, high = measured.spread
    return f"± {(high - low) / 2 / abs(measured.median):.0%}"


def _ratio(ratio: float, digits: int) -> str:
    if ratio < 0.1:
        digits += 1
    return f"{ratio:.{digits}f}" if ratio < 10 else f"{ratio:.0f}"
