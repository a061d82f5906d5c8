"""A run as a command tells it: its tables, its yardsticks, and the sentences below them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.padding import Padding

from concurbench.report.footnotes import legend, remarks
from concurbench.report.summary import Base, summary
from concurbench.report.text import say, show
from concurbench.report.yardsticks import table
from concurbench.results.runs import Run


def tell(run: Run, base: Base | None, notes: Sequence[str] = (), *, whole: bool = True) -> None:
    """Print it beside ``base``, with these ``notes`` behind its own; without what is said of the whole
    run, where only some groups are shown."""
    show(summary(run.rows, base))
    if whole and run.readings:
        show(Padding(table(run.readings, base.run.readings if base else None), (1, 0, 0, 0)))
    say("")
    for line in legend(run, base):
        say(line)
    for line in (*remarks(run), *(f"note: {note}" for note in notes)) if whole else ():
        say(line, "yellow" if line.startswith("note: ") else "")
