"""Parts of tables, and the table of a group beside a baseline."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.report.footnotes import DISTURBED, HIGHER, LIMIT_CHECK, LOWER
from concurbench.report.text import names, ratio
from concurbench.results.baseline import RunComparison
from concurbench.results.row import SEQUENTIAL, Metric, Row
from concurbench.verdicts.ranks import best_possible, share_of_best, times_sequential

BAR = 7
"""Columns of a full bar, which the best row has."""

MAX_NAME = 26
"""Characters of a model's name that fit."""

ABREAST = 2
"""Metrics that fit side by side with a comparison."""

HEADING = 9
"""Columns of a metric's heading, which may take several lines."""

NEW, OTHER_WORK = "new", "other work"
"""In place of a ratio: the baseline lacks the row, or its row did other work."""

Columns = Mapping[str, Callable[[Row], str]]
"""Heading -> the text for a row."""


def table_of(first: str, headings: Iterable[str], title: str | Text | None = None) -> Table:
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False,
        title=title, title_justify="left", title_style="bold",
    )  # fmt: skip
    table.add_column(first, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def title(name: str, rows: Sequence[Row]) -> Text | None:
    """The name of a group, and what its rows have in common."""
    if not name:
        return None
    workers, limit = _workers(rows), best_possible(rows)
    least, most = (pick(row.passes for row in rows) for pick in (min, max))
    facts = [
        units.counted(workers, "worker") if workers else "",
        f"{least} to {most} passes" if least < most else units.counted(most, "pass", "passes"),
        f"best possible {units.time(limit)}" if limit else "",
    ]
    return Text.assemble((name, "bold"), "\n", (" · ".join(filter(None, facts)), "not bold"))


def _workers(rows: Sequence[Row]) -> int | None:
    """The number of workers that most rows of a group have."""
    found = [row.workers for row in rows if row.workers and row.model != SEQUENTIAL]
    return statistics.mode(found) if found else None


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """Row -> its model, with its number of workers where that is not the group's."""
    usual = _workers(rows)
    other = {row.id for row in rows if row.workers != usual and row.model != SEQUENTIAL and row.workers}
    return {
        id: f"{name} ({row.workers})" if id in other and name == row.model else name
        for row, (id, name) in zip(rows, names(rows).items(), strict=True)
    }


def time_column(rows: Sequence[Row]) -> Columns:
    unit = units.unit_for(row.median for row in rows)
    return {f"median {unit.symbol}": lambda row: unit.text(row.median)}


def table(title: Text | None, rows: Sequence[Row], columns: Columns) -> Table:
    table, shown = table_of("model", columns, title), _names(rows)
    for column in table.columns:
        if str(column.header).startswith("× ") and column.header != "× best":
            column.justify = "left"
    for place, row in enumerate(rows):
        style = "dim" if row.reference else "bold" if place == 0 else ""
        table.add_row(shown[row.id], *(cell(row) for cell in columns.values()), style=style)
    return table


def metric_heading(name: str, present: Sequence[Metric]) -> str:
    unit = units.unit_of((each.median for each in present), present[0].unit)
    sign = LOWER if present[0].better == "lower" else HIGHER
    lines = textwrap.wrap(name.replace("_", " "), HEADING, break_long_words=False)
    return "\n".join([*lines, f"{unit.symbol} {sign}".strip()])


def metric_cell(name: str, present: Sequence[Metric]) -> Callable[[Row], str]:
    unit = units.unit_of((each.median for each in present), present[0].unit)
    return lambda row: unit.text(each.median) if (each := row.metric(name)) else ""


def signs(row: Row) -> str:
    return DISTURBED * bool(row.disturbed) + LIMIT_CHECK * bool(row.limit_check)


def spread(measured: Row | Metric) -> str:
    count = len(measured.seconds if isinstance(measured, Row) else measured.values)
    if count == 1 or not measured.median:
        return ""
    low, high = measured.spread
    return f"± {(high - low) / 2 / abs(measured.median):.0%}"


def share_shown(row: Row, best: float | None) -> str:
    """How near the row comes to the best possible time of its group, as in ``83%``."""
    share = share_of_best(row, best)
    return "" if share is None else f"{share:.0%}"


# -- beside a baseline --------------------------------------------------------------------------------


def compared(name: str, rows: list[Row], comparison: RunComparison) -> Iterator[RenderableType]:
    rows.sort(key=lambda row: row.median)
    limit = best_possible(rows)
    columns: dict[str, Callable[[Row], str]] = {**time_column(rows), "spread": spread}
    if any(row.model == SEQUENTIAL for row in rows):
        columns[f"× {SEQUENTIAL[:3]}."] = lambda row: ratio(times_sequential(row, rows, None) or 0.0)
    if limit:
        columns["of best"] = lambda row: share_shown(row, limit)
    columns |= beside(comparison)
    if any(map(signs, rows)):
        columns[""] = signs
    shown = table(title(name, rows), rows, columns)
    for column in shown.columns[1:]:
        column.justify = "right"
    yield shown
    yield from _compared_metrics(rows, comparison)


def beside(comparison: RunComparison) -> Columns:
    """The column of the ratios to a baseline."""
    return {_heading(comparison): lambda row: _compared(row, comparison)}


def _compared_metrics(rows: Sequence[Row], comparison: RunComparison) -> Iterator[RenderableType]:
    """Tables of the metrics, as many side by side as fit."""
    metrics = list(dict.fromkeys(each.name for row in rows for each in row.metrics))
    for start in range(0, len(metrics), ABREAST):
        some = metrics[start : start + ABREAST]
        measured = sorted(
            (row for row in rows if row.metrics), key=lambda row: _rank(row.metric(some[0]))
        )
        headings, cells = [], []
        for name in some:
            present = [each for row in measured if (each := row.metric(name))]
            headings += [metric_heading(name, present), "spread", _heading(comparison)]
            cells += [
                metric_cell(name, present), _metric_spread(name), _metric_change(name, comparison)
            ]  # fmt: skip
        table, shown = table_of("model", headings), _names(measured)
        for row in measured:
            table.add_row(shown[row.id], *(cell(row) for cell in cells))
        yield Padding(table, (1, 0, 0, 0))


def _metric_spread(name: str) -> Callable[[Row], str]:
    return lambda row: spread(each) if (each := row.metric(name)) else ""


def _metric_change(name: str, comparison: RunComparison) -> Callable[[Row], str]:
    return lambda row: _change(row, each, comparison) if (each := row.metric(name)) else ""


def _heading(comparison: RunComparison) -> str:
    return f"vs {comparison.baseline.name}{'*' if comparison.other_machine else ''}"


def _compared(row: Row, comparison: RunComparison) -> str:
    """The ratio of a row's medians, or why there is none."""
    found = comparison.ratio(row)
    if found is None:
        return OTHER_WORK if row.id in comparison.baseline.by_id else NEW
    return ratio(found, 2)


def _change(row: Row, metric: Metric, comparison: RunComparison) -> str:
    """The ratio of a metric's medians; empty if the rows' times are not comparable either."""
    before = comparison.before(row)
    if before and not before.metric(metric.name):
        return NEW
    found = comparison.metric_ratio(row, metric)
    return "" if found is None else ratio(found, 2)


def _rank(metric: Metric | None) -> float:
    if metric is None:
        return math.inf
    return metric.median if metric.better == "lower" else -metric.median
