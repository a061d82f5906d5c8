"""``python -m programs.switching``: a thread that waits beside one that computes, to be watched."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

import click

import impls
from concurbench import units
from concurbench.command import Seconds
from concurbench.report.text import say
from concurbench.trace.inside import Performance, everything
from concurbench.trace.program import Choice, Show, command, wrong
from concurbench.trace.span import Kind, Span
from impls import switching

NAP = 0.02
SLEEP = "sleep"
COMPUTE = switching.compute.__name__
BAR = 20
"""Columns of a bar for each switch interval."""
LONGEST = 2 * BAR


@command(impls, "switching", model="threaded", workers=1)
@click.option(
    "--interval", type=Seconds(1e-5, 1), metavar="SECONDS", default=0.005, show_default=True,
    help="After how long a thread has to give up the interpreter lock to one that asks for it.",
)  # fmt: skip
@click.option("--naps", type=click.IntRange(1), metavar="N", default=switching.NAPS, show_default=True)
@click.option(
    "--nap", type=Seconds(1e-4, 60), metavar="SECONDS", default=NAP, show_default=True,
    help="How long each of them is.",
)  # fmt: skip
def main(choice: Choice, interval: float, naps: int, nap: float) -> None:
    """Watch a thread that naps beside one that computes: how late does it wake?

    Each line is a nap, as it ends: how many milliseconds it took longer than asked for. What can make
    it late is the interpreter lock, which the one that wakes has to wait for; a thread that computes in
    Python gives it up after the switch interval, and no sooner.

    \b
    Examples: python -m programs.switching
              python -m programs.switching --interval 0.05 --naps 10 --timeline
              python -m programs.switching --model threaded_c_code_holding
              python -m programs.switching --model waiting_alone
    """
    job = switching.Job(interval, naps, nap)
    # A nap is no call of the workload's own. Of others that sleep, for 0 s, nothing is noted.
    sleep = ("time:sleep", "seconds", nap)
    performance = Performance(choice.load, job, choice.workers, tell=everything, patches=(sleep,))
    late: list[float] = []
    with Show(choice, performance) as show:
        say(f"{units.counted(naps, 'nap')} of {nap:g} s, {choice.model}")
        say(f" nap   late by ms   {BAR} columns are the switch interval, {interval * 1e3:g} ms")
        for call in show.calls():
            if call.end is not None and call.what == SLEEP:
                late.append(call.seconds - nap)
                say(f"{len(late):>4}  {late[-1] * 1e3:>11,.2f}   {_bar(late[-1] / interval)}")
    failed = False
    if show.answers is not None:
        failed = wrong(switching.check, job, show.answers)
    if late:
        _tell_late(late, interval)
    if show.answers is not None:
        _tell_computed(show.answers.computed)
    if show.ended_by:
        say(f"interrupted: {len(late)} of {units.counted(naps, 'nap')} ended", "yellow")
    show.end(_spans(show, job), f"switching · {choice.model} · {interval:g} s", failed=failed)


def _bar(intervals: float) -> str:
    columns = round(intervals * BAR)
    return "█" * columns if columns <= LONGEST else "█" * LONGEST + "…"


def _tell_late(late: Sequence[float], interval: float) -> None:
    # Of the calls, not of the answers: there, a nap that is noted is late by the noting, too.
    latency, worst = statistics.median(late), max(late)
    intervals = f"{latency / interval:.2f} switch intervals"
    say(f"late by {units.time(latency)} in the median, {intervals}; by {units.time(worst)} at worst")


def _tell_computed(computed: switching.Computed) -> None:
    if computed == switching.NOTHING:
        say("nobody computed: whatever made them late, it was no other thread of the program")
    else:
        say(f"the other one was on a core for {computed.share:.0%} of the time")


def _spans(show: Show, job: switching.Job) -> Iterator[Span]:
    for call in (*show.done, *show.cut):
        if call.what == COMPUTE:
            yield Span.of(call, "computes", Kind.COMPUTES)
        elif call.what == SLEEP:
            due = min(call.begin + job.nap, call.begin + call.seconds)
            yield Span(call.unit, "nap", call.begin, due)
            yield Span(call.unit, "late", due, call.begin + call.seconds, Kind.LATE)


if __name__ == "__main__":
    main()
