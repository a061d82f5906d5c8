"""A matrix to look at: rows are models, columns interpreters, cells how many times as fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group as Together
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.matrix.findings import Cell, Findings, Group, Line
from concurbench.results.row import SEQUENTIAL
from concurbench.results.runs import short_name


def table(findings: Findings, left_out: Sequence[str] = ()) -> RenderableType:
    """All groups, and what is to be said below them; ``left_out`` says which lanes are not there."""
    shown: list[RenderableType] = [_group(group, findings.lanes) for group in findings.groups]
    shown.append(Text())
    shown += [Text(line, style=style) for line, style in _below(findings)]
    shown += [Text(trouble, style="red") for trouble in left_out]
    return Together(*shown)


def number(ratio: float) -> str:
    """Three digits, as far as they mean something: ``0.45``, ``1.02``, ``12.3``, ``234``."""
    if ratio < 9.995:
        return f"{ratio:.2f}"
    return f"{ratio:.1f}" if ratio < 99.95 else f"{ratio:,.0f}"


def _group(group: Group, lanes: list[str]) -> RenderableType:
    starts = any(any(line.start_methods.values()) for line in group.lines)
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    shown.add_column("model", overflow="fold")
    if starts:
        shown.add_column("start", no_wrap=True, style="dim")
    for lane in lanes:
        heading = Text(lane, justify="right")
        if lane in group.locked:
            heading.append("\nGIL on", style="bold red")
        shown.add_column(heading, justify="right", no_wrap=True)
    best = max((line.best for line in group.lines), default=0.0)
    alone = len({line.model for line in group.lines}) == len(group.lines)
    for line in group.lines:
        label = line.model if alone else f"{line.model} ({line.workers})"
        cells = [_cell(line.cells[lane], best) for lane in lanes]
        shown.add_row(label, *([_start(line)] if starts else []), *cells)
    title = Text(group.name, style="bold")
    return Padding(Together(title, Text(_scale(group, lanes[0]), style="dim"), shown), (1, 0, 0, 0))


def _scale(group: Group, first: str) -> str:
    counts = sorted({line.workers for line in group.lines if line.workers and line.model != SEQUENTIAL})
    workers = f"{' or '.join(map(str, counts))} workers · " if counts else ""
    if group.reference is not None:
        return (
            f"{workers}× as fast as {SEQUENTIAL} in {first}, where 1.0 is {units.time(group.reference)}"
        )
    if any(line.model == SEQUENTIAL for line in group.lines):
        return f"{workers}nothing to compare with: {SEQUENTIAL} was not timed in {first}"
    return f"{workers}× as fast as the same row in {first}"


def _start(line: Line) -> Text:
    methods = set(line.start_methods.values())
    if len(methods) > 1:
        return Text("differs", style="bold red")
    return Text(next(iter(methods), None) or "")


def _cell(cell: Cell, best: float) -> Text:
    if cell.failed:
        return Text("failed", style="bold red")
    if cell.ratio is not None:
        return Text(number(cell.ratio), style="bold green" if cell.ratio == best else "")
    if cell.seconds:
        return Text("?")
    return Text("–" if cell.skipped else "", style="dim")


def _below(findings: Findings) -> Iterator[tuple[str, str]]:
    cells = [
        (cell.spread, line.model, lane)
        for group in findings.groups
        for line in group.lines
        for lane, cell in line.cells.items()
        if len(cell.ratios) > 1
    ]
    if cells:
        widest = max(cells)
        yield (
            f"Medians of {findings.passes} passes; spread at most ± {widest[0]:.0%} "
            f"({widest[1]} in {widest[2]}).", "dim",
        )  # fmt: skip
    for lane, by in _locked(findings).items():
        who = f", switched on by {', '.join(by)}" if by else ""
        yield f"{lane} ran with the interpreter lock on{who}: it is not free-threaded there.", "red"
    for warning in findings.warnings:
        yield f"WARNING: {warning}", "bold red"
    for lane in findings.lanes:
        reasons = [f"{count} × {why}" for name, why, count in findings.skipped if name == lane]
        if reasons:
            yield f"– {lane}: {' · '.join(reasons)}", ""
    alike: dict[tuple[str, str], list[str]] = {}
    for row, lane, why in findings.failed:
        alike.setdefault((lane, why), []).append(short_name(row))
    for (lane, why), rows in alike.items():
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        yield f"failed: {rows[0]}{more} in {lane}: {why}", "red"


def _locked(findings: Findings) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group in findings.groups:
        for lane, by in group.locked.items():
            found[lane] = tuple(dict.fromkeys([*found.get(lane, ()), *by]))
    return found
