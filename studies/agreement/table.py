"""An agreement to look at: a line a row, and what it comes to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from concurbench import units
from studies.agreement import record
from studies.agreement.pairs import Pair
from studies.agreement.rows import ROWS, WITHIN
from studies.agreement.verdict import CONFIDENCE, Judgement, Verdict, judge

STYLES = {Verdict.AGREES: "green", Verdict.DIFFERS: "bold red", Verdict.NOT_SHOWN: "yellow"}


def table(content: Mapping[str, Any]) -> RenderableType:
    """What a record holds, judged."""
    pairs = record.pairs(content)
    judged = judgements(content)
    medians = {row: median_of(each) for row, each in pairs.items()}
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    shown.add_column("row", overflow="fold")
    for heading in ("pytest", "pyperf", "ratio", f"{CONFIDENCE:.0%}"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("verdict", no_wrap=True)
    for row, each in judged.items():
        ours, theirs = map(_three_digits, medians[row])
        verdict = Text(each.verdict, style=STYLES[each.verdict])
        shown.add_row(Text(row), ours, theirs, f"{each.ratio:.3f}", between(each), verdict)
    return Group(shown, Text(), Text(conclusion(judged)), Text(about(content, judged), style="dim"))


def judgements(content: Mapping[str, Any]) -> dict[str, Judgement]:
    """Row -> what its pairs come to."""
    return {
        row: judge([pair.ratio for pair in pairs], within_of(row))
        for row, pairs in record.pairs(content).items()
    }


def within_of(row: str) -> float:
    """How far the ratio of the row of this name may be from one."""
    return next((each.within for each in ROWS if each.name == row), WITHIN)


def median_of(pairs: Sequence[Pair]) -> tuple[float, float]:
    """The median times of both timers."""
    ours, theirs = zip(*(pair.medians for pair in pairs), strict=True)
    return statistics.median(ours), statistics.median(theirs)


def _three_digits(seconds: float) -> str:
    """A time in as few columns as tell it: the names of rows need the others."""
    number, symbol = units.time(seconds).split()
    return f"{float(number.replace(',', '')):.3g} {symbol}"


def between(judgement: Judgement) -> str:
    if math.isinf(judgement.high):
        return "too few"
    return f"{judgement.low:.3f}–{judgement.high:.3f}"


def conclusion(judged: Mapping[str, Judgement]) -> str:
    """One sentence, and what to do where something is not shown."""
    usual, *others = sorted({within_of(row) for row in judged})
    bounds = [f"within {usual:.0%}"]
    bounds += [f"{row} {within_of(row):.0%}" for row in judged if within_of(row) in others]
    agreed = sum(each.verdict is Verdict.AGREES for each in judged.values())
    if agreed == len(judged):
        return f"Both timers agree on {units.counted(agreed, 'row')} ({', '.join(bounds)})."
    told = f"Both timers agree on {agreed} of {len(judged)} rows ({', '.join(bounds)})."
    if any(each.verdict is Verdict.NOT_SHOWN for each in judged.values()):
        told += " What is not shown takes more pairs, or a quieter machine."
    return told


def about(content: Mapping[str, Any], judged: Mapping[str, Judgement]) -> str:
    """How the figures were found, and where."""
    facts = content["machine"]
    fewest = min(each.pairs for each in judged.values())
    return (
        f"Medians of {units.counted(fewest, 'pair')} a row; ratio: pytest / pyperf. {facts['system']}, "
        f"{facts['cpu']}, {facts['usable_cores']} cores, {facts['python_implementation']} "
        f"{facts['python_version']}, pyperf {facts['packages']['pyperf']}."
    )
