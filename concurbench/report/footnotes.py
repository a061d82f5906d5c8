"""The lines below tables and overview: what signs mean, what was skipped, what explains a surprise."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

from concurbench import units
from concurbench.report.text import names
from concurbench.results.baseline import RunComparison
from concurbench.results.drift import TITLES, drift
from concurbench.results.row import Row
from concurbench.results.runs import Run, SurpriseInfo, short_name
from concurbench.results.statistics import MIN_OBSERVATIONS
from concurbench.verdicts.choice import LEVEL, Choice
from concurbench.verdicts.curve import is_sweep
from concurbench.verdicts.law import LEVEL as LAW_LEVEL
from concurbench.verdicts.pairs import MARGIN, log_ratios, pair_of

LOWER, HIGHER = "↓", "↑"
"""Signs of metrics: which way is better."""

DISTURBED, LIMIT_CHECK = "!", "?"
"""Signs of rows: interference while it was measured; seemingly faster than its limit."""

MAX_SURPRISES = 3
"""Sentences below an overview."""

MAX_LIMIT_CHECKS = 3
"""Rows whose limit check is shown; the file has the rest."""


def legend(
    run: Run,
    comparison: RunComparison | None = None,
    chosen: Mapping[str, Choice] = MappingProxyType({}),
) -> Iterator[str]:
    """What the signs in the tables mean; ``chosen`` are the groups with a verdict."""
    if chosen and not comparison:
        yield (
            "× best: the ratio to the best row, in pairs; all intervals of a group hold at once with "
            f"{units.percent(LEVEL)}"
        )
    if comparison or any(row.group not in chosen for row in run.rows):
        yield _plus_minus(run)
    if any(row.reference for row in run.rows):
        yield "reference: shown for comparison, never chosen"
    if any(row.metrics for row in run.rows):
        yield f"{LOWER} lower is better, {HIGHER} higher is better"
    if is_sweep(run):
        yield (
            f"enough workers: the fewest measured within {units.percent(MARGIN)} of the best, "
            "and the range of what single passes chose"
        )
        yield (
            "contention: the share of the work that one worker does while all others wait; coherency: "
            "what each pair of workers costs (Universal Scalability Law, "
            f"{units.percent(LAW_LEVEL)} intervals)"
        )
    if disturbed := [row for row in run.rows if row.disturbed]:
        worst = max(disturbed, key=lambda row: row.lost)
        more = f", and {units.counted(len(disturbed) - 1, 'more row')}" if len(disturbed) > 1 else ""
        yield f"{DISTURBED} disturbed: {short_name(worst.id)}: {worst.disturbed}{more}"
    faster = [row for row in run.rows if row.limit_check]
    for row in faster[:MAX_LIMIT_CHECKS]:
        yield f"{LIMIT_CHECK} faster than its limit: {short_name(row.id)}: {row.limit_check}"
    if len(faster) > MAX_LIMIT_CHECKS:
        yield f"{LIMIT_CHECK} and {units.counted(len(faster) - MAX_LIMIT_CHECKS, 'more row')}"
    if comparison and comparison.other_machine:
        yield f"* other machine: {_scaling(run, comparison)}"


def remarks(run: Run) -> Iterator[str]:
    """What the tables do not show: skipped rows, rows that were not selected, notes."""
    if run.skipped:
        yield skips(run.skipped.values())
    if run.left_out:
        yield f"Default models only; {units.counted(run.left_out, 'more row')} with --models=all"
    yield from (f"note: {note}" for note in notes_of(run))


def notes_of(run: Run) -> list[str]:
    """What was noticed during the run: sentences that were saved, and those that follow from it."""
    cores = [run.cores_note] if run.cores_note and is_sweep(run) else []
    return [*run.notes, *drift(run.readings), *cores]


def skips(reasons: Collection[str]) -> str:
    """The number of skipped rows, and how often each reason occurs, the most frequent first."""
    each = " · ".join(f"{count} × {reason}" for reason, count in Counter(reasons).most_common())
    return f"{units.counted(len(reasons), 'row')} skipped: {each}"


def surprises(run: Run, groups: Iterable[str] | None = None, most: int = MAX_SURPRISES) -> list[str]:
    """The sentences that rows of a run show, the largest surprise first, each group's largest alone.

    ``groups`` are those to look at, all by default.
    """
    wanted = {*run.groups} - {""} if groups is None else {*groups}
    found: dict[str, tuple[float, str]] = {}
    for group, rows in run.groups.items():
        if group not in wanted:
            continue
        for each in run.workloads.get(rows[0].workload or "", {}).get("surprises", ()):
            size, sentence = max(_shown(each, rows), default=(0.0, ""))
            if size > found.get(group, (0.0, ""))[0]:
                found[group] = size, sentence
    ordered = sorted(found.values(), reverse=True)
    return list(dict.fromkeys(sentence for _, sentence in ordered))[:most]


def _plus_minus(run: Run) -> str:
    if run.passes == 1:
        return (
            "± spread of the rounds in one pass, not a prediction for the next run: "
            "concurbench run makes several passes"
        )
    claims = {row.passes: row.interval.claim for row in run.rows if row.interval}
    if not claims:
        return f"± range of the passes: a prediction interval needs at least {MIN_OBSERVATIONS}"
    first, *others = sorted(claims, reverse=True)
    less = "".join(f"; {units.percent(claims[passes])} ({passes} passes)" for passes in others)
    return (
        f"± {units.percent(claims[first])} prediction interval of the next run's median "
        f"({first} passes){less}"
    )


def _scaling(run: Run, comparison: RunComparison) -> str:
    cpu_bound = {row.yardstick for row in run.rows if row.yardstick}
    if not cpu_bound:
        return "no row is CPU-bound, so none is scaled"
    used = sorted(cpu_bound & comparison.yardsticks.keys())
    if not used:
        return "no row is scaled, because the runs have no yardstick in common"
    ratios = ", ".join(f"{TITLES[name]} {comparison.yardsticks[name]:.2f}" for name in used)
    return f"CPU-bound rows are scaled by the yardstick ratio ({ratios})"


def _shown(surprise: SurpriseInfo, rows: Sequence[Row]) -> Iterable[tuple[float, str]]:
    """How many times larger than declared it is, and the sentence, for each row that shows it."""
    for row in rows:
        for other in rows:
            if (
                row is not other
                and fnmatchcase(row.model, surprise["model"])
                and fnmatchcase(other.model, surprise["than"])
                and (ratios := log_ratios(row, other, surprise["by"]))
                and (size := math.exp(pair_of(ratios).mean) / surprise["at_least"]) >= 1
            ):
                yield size, f"{names(rows)[row.id]}: {surprise['sentence']}"
