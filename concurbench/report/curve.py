"""How many workers are enough: the curve of each model as a table, and a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.errors import ConcurbenchError
from concurbench.report.tables import spread
from concurbench.report.text import bar
from concurbench.results.row import Row
from concurbench.verdicts.curve import Curve, curves
from concurbench.verdicts.law import Estimate, Law, law

BAR = 11
"""Columns of a full bar: as wide as its heading."""

CPU = "cpu_seconds"
"""The metric of the CPU seconds that a round took; its column appears if rows have it."""

Cells = Mapping[str, Callable[[Row], str]]
"""Heading -> the text for a row."""


def curves_shown(rows: Sequence[Row], more: Cells = MappingProxyType({})) -> Iterator[RenderableType]:
    """The curves among the rows of one group; ``more`` columns take the place of the bars."""
    for each in curves(rows):
        yield Padding(table(each, more), (1, 0, 0, 0))
        yield Text(sentence(each), style="green")


def table(curve: Curve, more: Cells = MappingProxyType({})) -> Table:
    """The curve: a line for each number of workers, that which is enough in bold."""
    shown = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False,
        title=curve.model, title_justify="left", title_style="bold",
    )  # fmt: skip
    columns = {**_columns(curve), **more}
    if more:
        del columns["of the best"]
    for heading in columns:
        bars = heading == "of the best"
        shown.add_column(
            heading, justify="left" if bars else "right", style="cyan" if bars else "", no_wrap=True
        )
    for row in curve.rows:
        cells = (cell(row) for cell in columns.values())
        shown.add_row(*cells, style="bold" if row is curve.chosen else "")
    return shown


def sentence(curve: Curve) -> str:
    """How many workers are enough, and what the Universal Scalability Law says, if it fits."""
    try:
        fitted = law(curve)
    except ConcurbenchError as error:
        return f"→ {_enough(curve)}; {error}"
    return f"→ {_enough(curve)}{_law(fitted, curve) if fitted else ''}"


def _columns(curve: Curve) -> Cells:
    items, highest = all(row.items for row in curve.rows), curve.rate(curve.best)
    columns: dict[str, Callable[[Row], str]] = {
        "workers": lambda row: str(row.workers),
        "items/s" if items else "rounds/s": lambda row: _digits(curve.rate(row)),
        "spread": spread,
        "of the best": lambda row: bar(curve.rate(row) / highest, BAR),
        "speed-up": lambda row: f"{curve.speed_up(row):.1f}",
        "per worker": lambda row: units.percent(curve.per_worker(row)),
    }
    if any(row.efficiency for row in curve.rows):
        columns["of the limit"] = lambda row: units.percent(row.efficiency) if row.efficiency else ""
    if any(row.metric(CPU) for row in curve.rows):
        columns["CPU s"] = lambda row: f"{cpu.median:.2f}" if (cpu := row.metric(CPU)) else ""
    return columns


def _enough(curve: Curve) -> str:
    found, most = curve.enough, curve.rows[-1].workers
    sure = f"{units.percent(found.claim)} confidence"
    if not found.claim:
        sure = "one pass: no range"
    elif found.low < found.high:
        sure = f"{found.low} {'or more' if found.high == most else f'to {found.high}'} at {sure}"
    many = units.counted(found.workers, "worker")
    if found.workers == most:
        return f"{curve.model}: {many} or more are enough (the most measured; {sure})"
    return f"{curve.model}: {many} {'is' if found.workers == 1 else 'are'} enough ({sure})"


def _law(fitted: Law, curve: Curve) -> str:
    if not fitted.fits:
        difference = f"{units.percent(abs(fitted.off))} {'more' if fitted.off > 0 else 'less'}"
        does = "worker does" if fitted.farthest == 1 else "workers do"
        return f"; the scalability law does not fit: {fitted.farthest} {does} {difference} than it says"
    costs = f"contention {_share(fitted.contention)}, coherency {_share(fitted.coherency)}"
    return f"; by the scalability law {_peak(fitted.peak, curve)}, {costs}"


def _peak(peak: Estimate, curve: Curve) -> str:
    most = curve.rows[-1].workers or 1
    if peak.low <= 1 and math.isinf(peak.high):
        return "the peak cannot be located"
    if peak.low >= most and math.isinf(peak.high):
        return f"no peak up to {most}"
    high = f"to {peak.high:,.0f}" if math.isfinite(peak.high) else "or more"
    at = f"at {units.counted(round(peak.value), 'worker')}" if peak.value <= most else f"beyond {most}"
    return f"the peak is {at} ({peak.low:.0f} {high})"


def _share(estimate: Estimate) -> str:
    """As in ``3 % (2 to 4 %)``, with two digits of the upper end."""
    high = estimate.high * 100
    digits = 1 if not 0 < high < 10 else 1 - math.floor(math.log10(high))
    low, value = (f"{each * 100:.{digits}f}" for each in (estimate.low, estimate.value))
    return f"{value} % ({low} to {high:.{digits}f} %)"


def _digits(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"
