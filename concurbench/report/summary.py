"""The tables of a run: one for each group, whose rows do the same work, the best row first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table

from concurbench import units
from concurbench.report.curve import curves_shown
from concurbench.report.footnotes import legend, remarks
from concurbench.report.losses import losses_shown
from concurbench.report.overview import with_surprises
from concurbench.report.tables import (
    BAR,
    Columns,
    beside,
    compared,
    metric_cell,
    metric_heading,
    share_shown,
    signs,
    spread,
    table,
    table_of,
    time_column,
    title,
)
from concurbench.report.text import COLUMNS, bar, columns, ratio, say, show
from concurbench.results.baseline import RunComparison
from concurbench.results.drift import TITLES, Readings, relative, summaries
from concurbench.results.row import SEQUENTIAL, Row
from concurbench.results.runs import Run
from concurbench.verdicts.choice import Choice, Verdict, choices, criterion_of
from concurbench.verdicts.curve import one_each
from concurbench.verdicts.pairs import MARGIN, TIME
from concurbench.verdicts.ranks import best_possible, by_criterion, times_sequential

TABLES = "tables: concurbench summary --all"
"""Where there is more than the overview."""


def print_overview(
    run: Run, *, by: str | None = None, margin: float = MARGIN, every: bool = False, hint: str = ""
) -> None:
    """Print the overview, what explains its surprises, and where there is more: the ``hint``."""
    for line in with_surprises(run, by=by, margin=margin, every=every, width=columns()):
        show(line)
    if hint:
        say(hint)


def print_run(
    run: Run, comparison: RunComparison | None = None, notes: Sequence[str] = (), *,
    whole: bool = True, by: str | None = None, margin: float = MARGIN,
) -> None:  # fmt: skip
    """Print a run's tables and footnotes, with ``notes`` at the end.

    If not the ``whole`` run is shown, its remarks are left out, and so is the table of yardsticks
    unless it explains how rows were scaled.
    """
    show(summary(run, comparison, by=by, margin=margin, width=columns()))
    scaled = comparison is not None and comparison.other_machine
    if run.readings and (whole or scaled):
        table = yardsticks(run.readings, comparison.baseline.readings if comparison else None)
        show(Padding(table, (1, 0, 0, 0)))
    say("")
    for line in legend(run, comparison, choices(run, by, margin)):
        say(line)
    if whole:
        print_remarks(run)
    print_notes(notes)


def print_remarks(run: Run, notes: Sequence[str] = ()) -> None:
    """Print what tables and overview do not show, and these notes."""
    for line in remarks(run):
        say(line, "yellow" if line.startswith("note: ") else "")
    print_notes(notes)


def print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        say(f"note: {note}", "yellow")


def summary(
    run: Run, comparison: RunComparison | None = None, *, by: str | None = None,
    margin: float = MARGIN, width: int = COLUMNS,
) -> RenderableType:  # fmt: skip
    """The table of each group; with a comparison the ratios to its baseline, in place of intervals."""
    # Rows without a server first, so that the CPU-bound workloads are next to each other.
    ordered = sorted(run.rows, key=lambda row: (row.server or "", row.group))
    chosen = choices(run, by, margin)
    tables = []
    for name, members in itertools.groupby(ordered, key=lambda row: row.group):
        every = list(members)
        rows = one_each(every)
        criterion = criterion_of(run, rows, by)
        shown = (
            compared(name, rows, comparison)
            if comparison
            else _group(name, rows, chosen.get(name), criterion, width)
        )
        curves = curves_shown(every, beside(comparison) if comparison else {})
        lost = () if comparison else losses_shown(rows)
        tables.append(Padding(Group(*shown, *curves, *lost), (1, 0, 0, 0)))
    return Group(*tables)


def yardsticks(readings: Readings, baseline: Readings | None = None) -> Table:
    """The table of yardsticks; with a baseline's readings also the ratio to them, above 1 if slower."""
    headings = ("median", "spread", "readings", *(["× base"] if baseline else []))
    table = table_of("of this machine", headings, title="yardsticks")
    ratios = relative(baseline, readings) if baseline else {}
    for name, found in summaries(readings).items():
        spread = (found.high - found.low) / 2 / found.median
        cells = [TITLES[name], units.time(found.median), f"± {spread:.0%}", str(found.count)]
        if baseline:
            cells.append(f"{ratios[name]:.2f}" if name in ratios else "")
        table.add_row(*cells)
    return table


def _group(
    name: str, rows: list[Row], choice: Choice | None, criterion: str, width: int
) -> Iterator[RenderableType]:
    """The table of a group; its metrics in the same table if that is not too wide."""
    ratios = {row.id: times for row, times in by_criterion(rows, criterion)}
    if choice:
        ratios |= {
            each.row.id: None if math.isnan(each.ratio) else each.ratio for each in choice.standings
        }
    order = [each.row.id for each in choice.standings] if choice else [*ratios]
    rows = sorted(
        rows,
        key=lambda row: (order.index(row.id) if row.id in order else len(order), row.median),
    )
    times, ranks = time_column(rows), _ranks(rows, choice, ratios, criterion)
    metrics = _metrics(rows, criterion)
    together = table(title(name, rows), rows, {**times, **metrics, **ranks})
    if _width(together) <= width:
        yield together
        return
    yield table(title(name, rows), rows, {**times, **ranks})
    while metrics:
        some = dict(metrics)
        while _width(shown := table(None, rows, some)) > width and len(some) > 1:
            some.popitem()
        yield Padding(shown, (1, 0, 0, 0))
        metrics = {heading: cell for heading, cell in metrics.items() if heading not in some}


def _ranks(
    rows: Sequence[Row], choice: Choice | None, ratios: Mapping[str, float | None], criterion: str
) -> Columns:
    """How a row stands among the others: the ratio to the best one, and its bar."""
    standings = {each.row.id: each for each in choice.standings} if choice else {}
    limit = best_possible(rows)
    worst = max((each for each in ratios.values() if each), default=1.0)
    sequential = criterion == TIME and any(row.model == SEQUENTIAL for row in rows)

    def to_the_best(row: Row) -> str:
        return ratio(times, 2) if (times := ratios.get(row.id)) else ""

    def interval(row: Row) -> str:
        if row.reference:
            return "reference"
        found = standings.get(row.id)
        if found is None:
            return "" if choice else spread(row)
        if found.verdict is Verdict.BEYOND:
            return "beyond bound"
        low = ratio(found.low, 2)
        more = ">" if found.verdict is Verdict.WORSE and low == ratio(1, 2) else ""
        return f"{more}{low}–{ratio(found.high, 2)}"

    def rank(row: Row) -> str:
        times = ratios.get(row.id)
        if not times:
            return ""
        faster = times_sequential(row, rows, choice) if sequential else worst / times
        return f"{ratio(faster or 0.0):>4} {bar(1 / times, BAR):{BAR}}"

    def share(row: Row) -> str:
        return share_shown(row, limit)

    slowest = "slowest" if criterion == TIME else "worst"
    optional: Columns = {
        "interval" if choice else "spread": interval,
        f"× {SEQUENTIAL[:3]}." if sequential else f"× {slowest}": rank,
        "of best": share,
        "": signs,
    }
    kept = {
        heading: cell for heading, cell in optional.items() if any(cell(row).strip() for row in rows)
    }
    return {"× best": to_the_best, **kept}


def _metrics(rows: Sequence[Row], criterion: str) -> Columns:
    """A column for each metric of the rows, and for the cost that decides."""
    columns = {}
    for name in dict.fromkeys([*(each.name for row in rows for each in row.metrics), criterion]):
        present = [each for row in rows if (each := row.metric(name))]
        if not present:
            continue
        columns[metric_heading(name, present)] = metric_cell(name, present)
    return columns


def _width(table: Table) -> int:
    console = Console(width=4 * COLUMNS)
    return Measurement.get(console, console.options, table).maximum
