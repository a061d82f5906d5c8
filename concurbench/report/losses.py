"""Where rows lose time: a table with the loss of each part, and a bar for each row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.report.text import names
from concurbench.results.row import Row
from concurbench.units import Unit
from concurbench.verdicts.losses import LEVEL, Loss, losses, rest

BAR = 26
"""Columns of the longest bar: as wide as the longest name of a model that fits."""

FINE = 100
"""The longest time is at least this many of the table's unit."""

SHADES = "▓▒░"
"""Of the parts in a bar, in turn."""

COLORS = ("red", "yellow", "magenta", "blue", "cyan")


def losses_shown(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """The losses of the rows of one group that were measured without parts, if there are any."""
    found = {row.id: losses(row) for row in rows}
    measured = sorted((row for row in rows if found[row.id]), key=lambda row: row.median)
    if measured:
        # Whole numbers are enough, so the unit is small.
        unit = units.unit_for([max(row.median for row in measured) / FINE])
        title = f"time lost, {unit.symbol}: saved without this part alone"
        yield Padding(Text(f"{title} (± at {units.percent(LEVEL)})", "bold"), (1, 0, 0, 0))
        yield _table(rows, measured, found, unit)


def _table(
    rows: Sequence[Row], measured: Sequence[Row], found: dict[str, list[Loss]], unit: Unit
) -> Table:
    # The row with the most parts comes first: it has them in the order in which they were declared.
    most = sorted(measured, key=lambda row: len(found[row.id]), reverse=True)
    parts = list(dict.fromkeys(each.part for row in most for each in found[row.id]))
    longest = max(row.median for row in measured)
    shown = names(rows)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("model", no_wrap=True)
    for heading in ("time", *parts, "rest"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in measured:
        by_part = {each.part: each for each in found[row.id]}
        cells = [_mean(by_part.get(part), unit) for part in parts]
        bounds = [_bounds(by_part.get(part), unit) for part in parts]
        left = "" if (seconds := rest(row, found[row.id])) is None else _number(seconds, unit)
        table.add_row(shown[row.id], _number(row.median, unit), *cells, left)
        table.add_row(_bar(row, parts, by_part, longest), "", *bounds, "", style="dim")
    return table


def _mean(loss: Loss | None, unit: Unit) -> str:
    return "–" if loss is None else _number(loss.seconds, unit)


def _bounds(loss: Loss | None, unit: Unit) -> str:
    if loss is None or math.isinf(loss.low):
        return ""
    return f"± {_number((loss.high - loss.low) / 2, unit)}"


def _number(seconds: float, unit: Unit) -> str:
    """A whole number, with the minus sign of a typographer."""
    number = f"{abs(seconds) * unit.scale:,.0f}"
    return f"−{number}" if seconds < 0 and number != "0" else number


def _bar(row: Row, parts: Sequence[str], by_part: dict[str, Loss], longest: float) -> Text:
    """The limit, the parts in the order of the columns, and the rest, to scale. Losses that add up to
    more than the time beyond the limit are cut."""
    bar, end = Text(), row.limit or 0.0

    def up_to(seconds: float) -> int:
        return round(min(seconds, row.median) / longest * BAR) - len(bar)

    bar.append("█" * up_to(end), "green")
    for place, part in enumerate(parts):
        end += max(0.0, by_part[part].seconds) if part in by_part else 0.0
        bar.append(SHADES[place % len(SHADES)] * up_to(end), COLORS[place % len(COLORS)])
    return bar.append("·" * up_to(row.median))
