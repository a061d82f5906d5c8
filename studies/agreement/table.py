"""The table of an agreement: a line for each row, and the conclusion."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from concurbench import units
from studies import files
from studies.agreement.pairs import Agreement, Pair
from studies.agreement.rows import ROWS, WITHIN
from studies.agreement.verdict import CONFIDENCE, AgreementJudgement, AgreementVerdict, judge

STYLES = {
    AgreementVerdict.AGREES: "green",
    AgreementVerdict.DIFFERS: "bold red",
    AgreementVerdict.NOT_SHOWN: "yellow",
}


def table(agreement: Agreement) -> RenderableType:
    """The verdict on each row."""
    judged = judgements(agreement)
    medians = {row: median_of(each) for row, each in agreement.pairs.items()}
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    shown.add_column("row", overflow="fold")
    for heading in ("pytest", "pyperf", "ratio", f"{CONFIDENCE:.0%}"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("verdict", no_wrap=True)
    for row, each in judged.items():
        ours, theirs = map(_three_digits, medians[row])
        verdict = Text(each.verdict, style=STYLES[each.verdict])
        shown.add_row(Text(row), ours, theirs, f"{each.ratio:.3f}", between(each), verdict)
    return Group(shown, Text(), Text(conclusion(judged)), Text(about(agreement, judged), style="dim"))


def judgements(agreement: Agreement) -> dict[str, AgreementJudgement]:
    """Row -> the judgement of its pairs."""
    return {
        row: judge([pair.ratio for pair in pairs], within_of(row))
        for row, pairs in agreement.pairs.items()
    }


def within_of(row: str) -> float:
    """How far the ratio of the row with this name may be from one."""
    return next((each.within for each in ROWS if each.name == row), WITHIN)


def median_of(pairs: Sequence[Pair]) -> tuple[float, float]:
    """The median times of both timers."""
    ours, theirs = zip(*(pair.medians for pair in pairs), strict=True)
    return statistics.median(ours), statistics.median(theirs)


def _three_digits(seconds: float) -> str:
    """A time with three digits, to leave room for the names of rows."""
    number, symbol = units.time(seconds).split()
    return f"{float(number.replace(',', '')):.3g} {symbol}"


def between(judgement: AgreementJudgement) -> str:
    if math.isinf(judgement.high):
        return "too few"
    return f"{judgement.low:.3f}–{judgement.high:.3f}"


def conclusion(judged: Mapping[str, AgreementJudgement]) -> str:
    """One sentence, with advice where agreement is not shown."""
    usual, *others = sorted({within_of(row) for row in judged})
    bounds = [f"within {usual:.0%}"]
    bounds += [f"{row} {within_of(row):.0%}" for row in judged if within_of(row) in others]
    agreed = sum(each.verdict is AgreementVerdict.AGREES for each in judged.values())
    if agreed == len(judged):
        return f"Both timers agree on {units.counted(agreed, 'row')} ({', '.join(bounds)})."
    text = f"Both timers agree on {agreed} of {len(judged)} rows ({', '.join(bounds)})."
    if any(each.verdict is AgreementVerdict.NOT_SHOWN for each in judged.values()):
        text += " Rows that are not shown need more pairs (--more), or an idle machine."
    return text


def about(agreement: Agreement, judged: Mapping[str, AgreementJudgement]) -> str:
    """The number of pairs, and the machine."""
    facts = agreement.machine
    fewest = min(each.pairs for each in judged.values())
    return (
        f"Medians of {units.counted(fewest, 'pair')} of each row; ratio: pytest / pyperf. "
        f"{files.place(facts)}, pyperf {facts['packages']['pyperf']}."
    )
