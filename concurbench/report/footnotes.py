"""What is said below the tables of a run, a line each: what spreads and marks mean, what was skipped,
what its reader should know."""

from __future__ import annotations

from collections.abc import Iterator

from concurbench import machine, units
from concurbench.measure.outcomes import counted
from concurbench.report.summary import DISTURBED, DOUBTFUL, LESS, MORE, Base
from concurbench.results.drift import TITLES, drift, relative
from concurbench.results.runs import Run, short_name

MOST = 3
"""Rows whose doubts are told in full; the file has all."""


def compared(run: Run, base: Run) -> Base:
    """The earlier run, with how the machines differ where they are not the same."""
    if run.home == base.home and not _other_processor(run, base):
        return Base(base)
    return Base(base, elsewhere=True, slower=relative(base.readings, run.readings))


def _other_processor(run: Run, base: Run) -> bool:
    """Whether they ran on processors that a hypervisor gives one name. The numbers that tell these
    apart are in the folder's name; in older files they are not."""
    numbers = {each.machine.get("cpu_family", machine.NOT_TOLD) for each in (run, base)}
    return len(numbers - {machine.NOT_TOLD}) > 1


def legend(run: Run, base: Base | None = None) -> Iterator[str]:
    """What the tables mean."""
    if run.rows:
        yield _spreads(run)
    if any(row.metrics for row in run.rows):
        yield f"{LESS} the less the better, {MORE} the more"
    if told := [row for row in run.rows if row.disturbed]:
        most = max(told, key=lambda row: row.taken)
        worst = f"{short_name(most.id)}: {most.disturbed}"
        more = f", and {units.counted(len(told) - 1, 'more row')}" if len(told) > 1 else ""
        yield f"{DISTURBED} disturbed: {worst}{more}"
    doubtful = [row for row in run.rows if row.doubt]
    for row in doubtful[:MOST]:
        yield f"{DOUBTFUL} limit doubtful: {short_name(row.id)}: {row.doubt}"
    if len(doubtful) > MOST:
        yield f"{DOUBTFUL} and {units.counted(len(doubtful) - MOST, 'more row')}"
    if base and base.elsewhere:
        used = sorted({row.yardstick for row in run.rows if row.yardstick} & base.slower.keys())
        by = ", ".join(f"{TITLES[name]} {base.slower[name]:.2f}" for name in used)
        how = f"what computes is divided by how much slower this one is ({by})" if by else "as it is"
        yield f"* another machine: {how}"


def remarks(run: Run) -> Iterator[str]:
    """What its rows do not tell."""
    if run.skipped:
        yield counted(run.skipped.values())
    if run.left_out:
        yield f"{units.counted(run.left_out, 'row')} not run by default: --models=all"
    yield from (f"note: {note}" for note in (*run.notes, *drift(run.readings)))


def changes(run: Run, earlier: Run | None) -> list[str]:
    """What else is different from a run it is compared with, beside the times."""
    if earlier is None:
        return []
    other = [
        f"not compared, for it is different work now: {short_name(row.id)}"
        for row in run.rows
        if row.id in earlier.by_id and earlier.by_id[row.id].fingerprint != row.fingerprint
    ]
    found = machine.differences(earlier.machine, run.machine)
    return other + ([f"compared across a change of {', '.join(found)}"] if found else [])


def _spreads(run: Run) -> str:
    if run.passes == 1:
        return (
            "± of the rounds of one pass, which tells little of the next run: "
            "concurbench run makes several"
        )
    claims = {row.passes: row.interval.claim for row in run.rows if row.interval}
    told = [f"{claims[passes]:.0%} with {passes} passes" for passes in sorted(claims, reverse=True)]
    return f"± where the next run's median is expected: {', '.join(told) or 'too few passes to say'}"
