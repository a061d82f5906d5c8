"""Do two timers agree? The verdict on each row, and its table."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from concurbench import units
from studies import files
from studies.agreement.pairs import ROWS, WITHIN, Agreement

CONFIDENCE = 0.95


class AgreementVerdict(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_SHOWN = "not shown"


STYLES = {
    AgreementVerdict.AGREES: "green",
    AgreementVerdict.DIFFERS: "bold red",
    AgreementVerdict.NOT_SHOWN: "yellow",
}


@dataclass(frozen=True)
class AgreementJudgement:
    """The result for a row; ratios are concurbench's time over pyperf's."""

    verdict: AgreementVerdict
    pairs: int
    ratio: float
    """The median."""
    low: float
    high: float
    """The confidence interval of the median."""


def judge(ratios: Sequence[float], within: float) -> AgreementJudgement:
    """Agreement if the whole interval of the median is within ``within`` of one, difference if it is
    wholly outside, and otherwise no answer."""
    low, high = interval(ratios)
    if low >= 1 - within and high <= 1 + within:
        verdict = AgreementVerdict.AGREES
    elif high < 1 - within or low > 1 + within:
        verdict = AgreementVerdict.DIFFERS
    else:
        verdict = AgreementVerdict.NOT_SHOWN
    return AgreementJudgement(verdict, len(ratios), statistics.median(ratios), low, high)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The confidence interval of the median, for any distribution; unbounded with too few values.

    It goes from the k-th smallest to the k-th largest value: the median lies outside only if fewer than
    k values fall on one of its sides, each with probability 1/2 (the sign test's interval).
    """
    k, miss = 0, math.comb(len(values), 0) * 2
    while miss <= (1 - CONFIDENCE) * 2 ** len(values):
        k += 1
        miss += math.comb(len(values), k) * 2
    if k == 0:
        return 0.0, math.inf
    ordered = sorted(values)
    return ordered[k - 1], ordered[-k]


def judgements(agreement: Agreement) -> dict[str, AgreementJudgement]:
    return {
        row: judge([ours / theirs for ours, theirs in (pair.medians for pair in pairs)], within_of(row))
        for row, pairs in agreement.pairs.items()
    }


def within_of(row: str) -> float:
    return next((each.within for each in ROWS if each.name == row), WITHIN)


def table(agreement: Agreement) -> RenderableType:
    """A line for each row, the conclusion, and where the pairs are from."""
    judged = judgements(agreement)
    shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    shown.add_column("row", overflow="fold")
    for heading in ("pytest", "pyperf", "ratio", f"{CONFIDENCE:.0%}"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("verdict", no_wrap=True)
    for row, each in judged.items():
        medians = zip(*(pair.medians for pair in agreement.pairs[row]), strict=True)
        ours, theirs = (_three_digits(statistics.median(times)) for times in medians)
        between = "too few" if math.isinf(each.high) else f"{each.low:.3f}–{each.high:.3f}"
        verdict = Text(each.verdict, style=STYLES[each.verdict])
        shown.add_row(Text(row), ours, theirs, f"{each.ratio:.3f}", between, verdict)
    fewest = min(each.pairs for each in judged.values())
    about = (
        f"Medians of {units.counted(fewest, 'pair')} of each row; ratio: pytest / pyperf. "
        f"{files.place(agreement.machine)}, pyperf {agreement.machine['packages']['pyperf']}."
    )
    return Group(shown, Text(), Text(_conclusion(judged)), Text(about, style="dim"))


def _three_digits(seconds: float) -> str:
    """A time with three digits, to leave room for the names of rows."""
    number, symbol = units.time(seconds).split()
    return f"{float(number.replace(',', '')):.3g} {symbol}"


def _conclusion(judged: Mapping[str, AgreementJudgement]) -> str:
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
