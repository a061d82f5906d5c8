"""What the yardsticks read, to look at."""

from __future__ import annotations

from rich.table import Table

from concurbench import units
from concurbench.results.drift import TITLES, Readings, relative, summaries


def table(readings: Readings, base: Readings | None = None) -> Table:
    """A line for each yardstick; with ``base``, the readings of another run, also how many times slower
    it is here than there."""
    shown = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False,
        title="yardsticks", title_justify="left", title_style="bold",
    )  # fmt: skip
    shown.add_column("of this machine", no_wrap=True)
    for heading in ("median", "spread", "readings", *(["× base"] if base else [])):
        shown.add_column(heading, justify="right", no_wrap=True)
    slower = relative(base, readings) if base else {}
    for name, found in summaries(readings).items():
        spread = (found.high - found.low) / 2 / found.median
        cells = [TITLES[name], units.time(found.median), f"± {spread:.0%}", str(found.count)]
        if base:
            cells.append(f"{slower[name]:.2f}" if name in slower else "")
        shown.add_row(*cells)
    return shown
