"""The table of a matrix: ratios between runs. Rows are models, columns are interpreters.

A ratio says how many times as fast a row is as the reference: the baseline model of its group under the
first interpreter; in a group without a baseline, the row itself under the first interpreter. There is
one ratio for each pass that measured both, since a matrix measures all interpreters pass by pass. The
cell shows their median.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rich.console import Group as Together
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.results.row import SEQUENTIAL, Row
from concurbench.results.runs import Run, short_name


@dataclass(frozen=True)
class Column:
    """The run of one interpreter."""

    name: str
    """As in ``3.13t``."""
    run: Run
    failed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Row -> why it failed; failed rows are in no run."""


@dataclass(frozen=True)
class Line:
    """A row under all interpreters."""

    id: str
    rows: tuple[Row | None, ...]
    """One a column."""
    ratios: tuple[tuple[float, ...], ...]
    """One tuple a column: how many times as fast as the reference."""

    @property
    def timed(self) -> list[Row]:
        return [row for row in self.rows if row]

    @property
    def model(self) -> str:
        return self.timed[0].model

    @property
    def medians(self) -> list[float | None]:
        return [statistics.median(each) if each else None for each in self.ratios]

    @property
    def best(self) -> float:
        return max(median or 0.0 for median in self.medians)

    @property
    def start_methods(self) -> set[str | None]:
        return {row.start_method for row in self.timed}


@dataclass(frozen=True)
class Group:
    """Rows that do the same work, the fastest first."""

    name: str
    lines: Sequence[Line]
    reference: float | None
    """Seconds of the baseline under the first interpreter; None where it was not timed there."""


def groups(columns: Sequence[Column]) -> list[Group]:
    """The rows of these runs, compared group by group."""
    names: dict[str, dict[str, None]] = {}
    for column in columns:
        for row in column.run.rows:
            names.setdefault(row.group, {})[row.id] = None
    return [_compared(name, ids, columns) for name, ids in names.items()]


def table(columns: Sequence[Column], unusable: Sequence[str] = ()) -> RenderableType:
    """All groups and the notes below them; ``unusable`` says why interpreters are missing."""
    compared = groups(columns)
    notes = [Text(line, style) for line, style in _notes(compared, columns)]
    missing = [Text(why, "red") for why in unusable]
    return Together(*(_group(group, columns) for group in compared), Text(), *notes, *missing)


def number(ratio: float) -> str:
    """Three significant digits: ``0.45``, ``1.02``, ``12.3``, ``234``."""
    if ratio < 9.995:
        return f"{ratio:.2f}"
    return f"{ratio:.1f}" if ratio < 99.95 else f"{ratio:,.0f}"


def _compared(name: str, ids: Iterable[str], columns: Sequence[Column]) -> Group:
    rows = {id: tuple(column.run.by_id.get(id) for column in columns) for id in ids}
    baselines = [each for each in rows.values() if any(row and row.model == SEQUENTIAL for row in each)]
    lines = [
        Line(id, each, tuple(_ratios([*baselines, each][0][0], row) for row in each))
        for id, each in rows.items()
    ]
    lines.sort(key=lambda line: -line.best)
    return Group(name, lines, baselines[0][0].median if baselines and baselines[0][0] else None)


def _ratios(reference: Row | None, row: Row | None) -> tuple[float, ...]:
    if reference is None or row is None:
        return ()
    before = {each.number: each.median for each in reference.by_pass}
    paired = [each for each in row.by_pass if each.number in before]
    if not paired:
        return (reference.median / row.median,)
    return tuple(before[each.number] / each.median for each in paired)


def _group(group: Group, columns: Sequence[Column]) -> RenderableType:
    starts = any(method for line in group.lines for method in line.start_methods)
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    shown.add_column("model", overflow="fold")
    if starts:
        shown.add_column("start", no_wrap=True, style="dim")
    for column in columns:
        heading = Text(column.name, justify="right")
        if _gil_on(column.run):
            heading.append("\nGIL on", style="bold red")
        shown.add_column(heading, justify="right", no_wrap=True)
    best = max(line.best for line in group.lines)
    distinct = len({line.model for line in group.lines}) == len(group.lines)
    for line in group.lines:
        label = line.model if distinct else f"{line.model} ({line.timed[0].workers})"
        cells = [
            _cell(line.id, column, median, best)
            for column, median in zip(columns, line.medians, strict=True)
        ]
        differ = Text("differs", "bold red") if len(line.start_methods) > 1 else None
        start = [differ or line.timed[0].start_method] if starts else []
        shown.add_row(label, *start, *cells)
    scale = Text(_scale(group, columns[0].name), "dim")
    return Padding(Together(Text(group.name, "bold"), scale, shown), (1, 0, 0, 0))


def _scale(group: Group, first: str) -> str:
    timed = [row for line in group.lines for row in line.timed if row.model != SEQUENTIAL]
    counts = sorted({row.workers for row in timed if row.workers})
    workers = f"{' or '.join(map(str, counts))} workers · " if counts else ""
    if group.reference is not None:
        return (
            f"{workers}× as fast as {SEQUENTIAL} in {first}, where 1.0 is {units.time(group.reference)}"
        )
    if any(line.model == SEQUENTIAL for line in group.lines):
        return f"{workers}no reference: {SEQUENTIAL} was not timed in {first}"
    return f"{workers}× as fast as the same row in {first}"


def _cell(id: str, column: Column, median: float | None, best: float) -> Text:
    if id in column.failed:
        return Text("failed", "bold red")
    if median is not None:
        return Text(number(median), "bold green" if median == best else "")
    if id in column.run.by_id:
        return Text("?")
    return Text("–" if id in column.run.skipped else "", "dim")


def _notes(compared: Sequence[Group], columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    lines = [line for group in compared for line in group.lines]
    yield from _spread(lines, columns)
    for column in columns:
        if _gil_on(column.run):
            modules = column.run.gil.switched_on_by if column.run.gil else ()
            by = f", switched on by {', '.join(modules)}" if modules else ""
            yield f"{column.name} ran with the GIL on{by}: it was not free-threaded.", "red"
    for line in lines:
        for warning in _warnings(line, columns):
            yield f"WARNING: {line.model}: {warning}", "bold red"
    for column in columns:
        reasons = Counter(column.run.skipped.values()).most_common()
        if reasons:
            yield f"– {column.name}: {' · '.join(f'{n} × {why}' for why, n in reasons)}", ""
    for column in columns:
        alike: dict[str, list[str]] = {}
        for row, why in column.failed.items():
            alike.setdefault(why, []).append(short_name(row))
        for why, rows in alike.items():
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            yield f"failed: {rows[0]}{more} in {column.name}: {why}", "red"


def _spread(lines: Sequence[Line], columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    """The widest half range of a cell's ratios, as a share of their median."""
    widths = [
        ((max(each) - min(each)) / 2 / statistics.median(each), line.model, column.name, len(each))
        for line in lines
        for each, column in zip(line.ratios, columns, strict=True)
        if len(each) > 1
    ]
    if widths:
        width, model, name, _ = max(widths)
        passes = max(passes for *_, passes in widths)
        yield f"Medians of {passes} passes; spread at most ± {width:.0%} ({model} in {name}).", "dim"


def _warnings(line: Line, columns: Sequence[Column]) -> Iterator[str]:
    """Why the cells of a row cannot be compared."""
    timed = [(column.name, row) for column, row in zip(columns, line.rows, strict=True) if row]
    if len(line.start_methods) > 1:
        methods = ", ".join(f"{row.start_method or 'none'} in {name}" for name, row in timed)
        yield f"start methods differ: {methods}"
    first, reference = timed[0]
    other = [name for name, row in timed if row.fingerprint != reference.fingerprint]
    if other:
        yield f"its work in {', '.join(other)} differs from that in {first}"


def _gil_on(run: Run) -> bool:
    """Whether a free-threaded build ran with the GIL."""
    on = run.gil.end if run.gil else run.machine.get("gil_enabled")
    return bool(on and run.machine.get("free_threaded"))
