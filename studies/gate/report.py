"""The findings of a gate study, as Markdown."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from concurbench.gate.decision import RULES, Rules
from concurbench.results.runs import short_name
from concurbench.units import duration
from studies import files
from studies.gate import resample
from studies.gate.resample import Observed
from studies.gate.study import GateStudy

CANDIDATES = (
    Rules(analyses=(6, 9, 12, 16), confirmation=12, error_rate=0.05),
    replace(RULES, error_rate=0.05),
    replace(RULES, trimmed=0.0),
    RULES,
)
"""The constants that were compared, on the first half of the blocks."""

SLOWED = (0.05, 0.06, 0.08)
"""Slow-downs whose detection is simulated, besides the injected one."""


def halves(blocks: Sequence[Observed]) -> tuple[Sequence[Observed], Sequence[Observed]]:
    """Every other block: one half to choose the constants, one half to report on."""
    return blocks[::2], blocks[1::2]


@dataclass(frozen=True)
class Findings:
    """The error rates and the power of the gate with these constants."""

    rules: Rules
    blocks: int
    """The number of recorded blocks of each kind behind the figures."""
    alarms: float
    """The share of suites of identical code with a row found slower."""
    single: float
    """The same, if a single block decided."""
    typical: tuple[float, float]
    """Blocks that a suite without a slower row takes: the median and the 95th percentile."""
    found: Mapping[float, Mapping[str, float]]
    """Simulated slow-down, as a share -> row -> how often it is found."""
    injected: Mapping[str, float]
    """Row -> how often it is found in blocks in which it really was slowed down."""


def findings(
    identical: Sequence[Observed], injected: Sequence[Observed], threshold: float, rules: Rules,
    suites: int, slowed: Sequence[float],
) -> Findings:  # fmt: skip
    """Draw this number of suites from these blocks, for each figure."""
    green = resample.draw(identical, threshold, suites, rules)
    power = functools.partial(resample.power, identical, threshold, suites, rules=rules)
    return Findings(
        rules=rules,
        blocks=len(identical),
        alarms=green.red / suites,
        single=resample.single(identical, threshold),
        typical=green.typical,
        found={share: power(slowed=resample.slower_by(share)) for share in slowed},
        injected=power(slowed=resample.replaced_by(injected)),
    )


def report(study: GateStudy, suites: int = 300) -> str:
    """The findings, as Markdown. Each figure comes from ``suites`` simulated gates."""
    choosing, reporting = halves(study.identical)
    choosing_injected, reporting_injected = halves(study.injected)
    share, threshold = study.injected_share, study.threshold
    chosen = findings(reporting, reporting_injected, threshold, RULES, suites, (*SLOWED, share))
    tried = [
        findings(choosing, choosing_injected, threshold, rules, suites // 4, (share,))
        for rules in CANDIDATES
    ]
    parts = [_about(study), _choice(tried, share), _table(chosen, threshold, share)]
    parts += [_rows(study, chosen), _gates(study), _hand_off(study)]
    return "\n\n".join(parts) + "\n"


def _about(study: GateStudy) -> str:
    ratios = study.checked.values()
    return (
        f"{len(study.identical)} blocks of identical code and {len(study.injected)} with a slow-down "
        f"injected in every row of head, {study.block_seconds:.1f} s each, in "
        f"{duration(study.seconds)} ({files.place(study.machine)}). Injected: "
        f"{study.injected_share:.0%}; measured inside the rounds: {min(ratios) - 1:.2%} to "
        f"{max(ratios) - 1:.2%}."
    )


def _choice(tried: Sequence[Findings], share: float) -> str:
    lines = [
        f"Constants, tried on one half of the blocks ({tried[0].blocks} of each kind):",
        "",
        f"|interim analyses after|confirmation|error|trimmed|false positives|{share:.0%} "
        "found, worst row|blocks without a slower row|",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    for each in tried:
        analyses = ", ".join(map(str, each.rules.analyses))
        shipped = " (shipped)" if each.rules == RULES else ""
        lines.append(
            f"|{analyses}{shipped}|{each.rules.confirmation}|{each.rules.error_rate:.0%}"
            f"|{each.rules.trimmed:.0%}|{each.alarms:.1%}"
            f"|{min(each.found[share].values()):.1%}|{each.typical[0]:.0f}|"
        )
    return "\n".join(lines)


def _table(chosen: Findings, threshold: float, share: float) -> str:
    middle, most = chosen.typical
    lines = [
        f"Results on the other half ({chosen.blocks} blocks of each kind), threshold {threshold:.0%}:",
        "",
        "|case|mean of all rows|worst row|",
        "|:--|--:|--:|",
        f"|identical code: suite with a false positive|{chosen.alarms:.2%}||",
        f"|identical code: the same, if one block decided|{chosen.single:.0%}||",
    ]
    shown = [(f"{each:.0%} simulated", rows) for each, rows in chosen.found.items()]
    for case, rows in (*shown, (f"{share:.0%} injected", chosen.injected)):
        mean, worst = statistics.fmean(rows.values()), min(rows.values())
        lines.append(f"|{case}: found|{mean:.1%}|{worst:.1%}|")
    lines += [
        "",
        f"Blocks of a gate without a slower row: median {middle:.0f}, 95th percentile {most:.0f}.",
    ]
    return "\n".join(lines)


def _rows(study: GateStudy, chosen: Findings) -> str:
    share = study.injected_share
    lines = [
        "Spread: standard deviation of a block's ratio. Bias: mean over all blocks of identical code.",
        "",
        f"|row|spread|bias|{share:.0%} simulated, found|{share:.0%} injected, found|",
        "|:--|--:|--:|--:|--:|",
    ]
    for row in chosen.injected:
        ratios = [block[row] for block in study.identical]
        lines.append(
            f"|`{short_name(row)}`|{statistics.stdev(ratios):.1%}|{statistics.fmean(ratios):+.1%}"
            f"|{chosen.found[share][row]:.1%}|{chosen.injected[row]:.1%}|"
        )
    return "\n".join(lines)


def _gates(study: GateStudy) -> str:
    lines = [
        "Real gates:",
        "",
        "|slowed down|exit code|found slower|blocks|time|",
        "|:--|--:|:--|--:|--:|",
    ]
    for each in study.gates:
        injected = f"`{short_name(each['injected'])}`" if each["injected"] else "–"
        slower = ", ".join(f"`{short_name(row)}`" for row in each["slower"]) or "–"
        lines.append(
            f"|{injected}|{each['exit']}|{slower}|{each['blocks']}|{duration(each['seconds'])}|"
        )
    return "\n".join(lines)


def _hand_off(study: GateStudy) -> str:
    ratios = ", ".join(f"{ratio - 1:+.1%} for {name}" for name, ratio in study.hand_off.items())
    return f"The first round after a hand-off, compared with later ones: {ratios}."
