"""The ratios of a settings study, as a table."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from concurbench.errors import ConcurbenchError
from concurbench.results import records
from concurbench.results.records import Entry
from concurbench.units import duration, percent, time
from concurbench.verdicts.student import quantile
from studies import files
from studies.settings.comparisons import CLIENTS, COMPARISONS, CONNECTIONS, LOSSES, Comparison

KIND = "settings study"

LEVEL = 0.95
"""Of the interval of a ratio."""

MIN_BLOCKS = 3


@dataclass(frozen=True)
class Ratio:
    """The time with the other value, divided by that with the usual one."""

    middle: float
    low: float
    high: float


def ratio(blocks: Sequence[Entry]) -> Ratio:
    """The geometric mean over blocks, with the interval of Student's t."""
    logs = [
        fmean(map(math.log, block["other"]["seconds"]))
        - fmean(map(math.log, block["usual"]["seconds"]))
        for block in blocks
    ]
    middle = fmean(logs)
    half = quantile(len(logs) - 1, (1 + LEVEL) / 2) * stdev(logs) / math.sqrt(len(logs))
    return Ratio(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


@dataclass(frozen=True)
class SettingsStudy:
    """All measurements."""

    machine: Mapping[str, Any]
    delay: float
    blocks: Mapping[str, Sequence[Entry]]
    """Name of a comparison and its model -> its blocks."""
    counts: Mapping[str, tuple[int, int]]
    """Name of a loss -> requests, and how many of them were lost."""
    seconds: float
    """How long the measurements took."""


def read(path: Path) -> SettingsStudy:
    """The study that this file holds, complete or not.

    Raises:
        ConcurbenchError: the file cannot be read, or has an entry that cannot.
    """
    header, entries = records.read(path, KIND)
    blocks: dict[str, list[Entry]] = defaultdict(list)
    counts: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    try:
        for entry in entries:
            if "usual" in entry:
                blocks[entry["name"]].append(entry)
            else:
                requests, lost = counts[entry["name"]]
                counts[entry["name"]] = (requests + entry["requests"], lost + entry["lost"])
        seconds = sum(entry["took"] for entry in entries)
        return SettingsStudy(header["machine"], header["delay"], blocks, counts, seconds)
    except LookupError as error:
        raise ConcurbenchError(f"{path} has no {error}") from None


def report(study: SettingsStudy) -> RenderableType:
    """A line for each comparison and model, the lost requests, and where the figures are from."""
    parts: list[RenderableType] = [_ratios(study)]
    if alike := _alike(study):
        parts.append(Text(f"No difference shown: {'; '.join(alike)}."))
    if study.counts:
        parts += [Text(), _losses(study)]
    about = (
        f"Ratio: time with the other value / time with the usual one. {files.place(study.machine)}, "
        f"delay {time(study.delay)}, {duration(study.seconds)}."
    )
    return Group(*parts, Text(), Text(about, style="dim"))


def _ratios(study: SettingsStudy) -> Table:
    """The models that a setting makes faster or slower."""
    shown = _table("setting: usual → other", "model", "ratio", percent(LEVEL), "connections")
    for comparison in COMPARISONS:
        change = comparison.change
        for model, blocks, found in _found(study, comparison):
            if not found.low <= 1 <= found.high:
                interval = f"{found.low:.2f}–{found.high:.2f}"
                opened = _opened(comparison, blocks)
                shown.add_row(change, model, f"{found.middle:.2f}", interval, opened)
                change = ""
    return shown


def _alike(study: SettingsStudy) -> list[str]:
    """The settings with which models may be as fast, and these models."""
    alike = {
        comparison.change: [
            model for model, _, found in _found(study, comparison) if found.low <= 1 <= found.high
        ]
        for comparison in COMPARISONS
    }
    return [f"{change} ({', '.join(models)})" for change, models in alike.items() if models]


def _found(
    study: SettingsStudy, comparison: Comparison
) -> Iterator[tuple[str, Sequence[Entry], Ratio]]:
    """Each model of a comparison that was measured often enough, with its blocks and its ratio."""
    for model in comparison.models:
        blocks = study.blocks.get(comparison.name(model), ())
        if len(blocks) >= MIN_BLOCKS:
            yield model, blocks, ratio(blocks)


def _opened(comparison: Comparison, blocks: Sequence[Entry]) -> str:
    """The connections of a round, if the comparison is about them."""
    if not comparison.setting.startswith((CONNECTIONS, CLIENTS)):
        return ""
    usual, other = (
        median(each for block in blocks for each in block[which]["connections"])
        for which in ("usual", "other")
    )
    return f"{usual:.0f} → {other:.0f}"


def _losses(study: SettingsStudy) -> Table:
    shown = _table("requests", "model", "kept", "lost")
    for loss in LOSSES:
        requests, lost = study.counts.get(loss.name, (0, 0))
        if requests:
            shown.add_row(f"{requests:,}", loss.model, loss.value.name, str(lost))
    return shown


def _table(*headings: str) -> Table:
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for number, heading in enumerate(headings):
        shown.add_column(heading, justify="right" if number > 1 else "left", no_wrap=number > 0)
    return shown
