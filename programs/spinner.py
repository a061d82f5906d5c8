"""``python -m programs.spinner``: something slow, and beside it a spinner, to be watched."""

from __future__ import annotations

import time

import click

import impls
from concurbench import units
from concurbench.command import Seconds
from concurbench.report.text import say
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance, everything
from concurbench.trace.line import Line
from concurbench.trace.program import Choice, Show, command, wrong
from concurbench.trace.span import Kind, Span
from concurbench.trace.unit import Unit
from impls import spinner

INTERVAL = 0.1
WAIT = 3.0
DRAW = spinner.Screen.draw.__name__
FRAMES = "|/-\\"

JOBS = {
    "wait": spinner.Job(spinner.SMALL, INTERVAL, nap=WAIT),
    "compute": spinner.CASES["computing"].job,
    "naps": spinner.CASES["computing_with_naps"].job,
}
DOES = {
    "wait": "waits",
    "compute": "computes all the time",
    "naps": "computes, with 0 s naps",
}

STANDS_STILL = 3
"""So many intervals without a frame, and one sees it."""


@command(impls, "spinner", model="threaded", workers=1)
@click.option(
    "--work", type=click.Choice(list(JOBS)), default="compute", show_default=True,
    help="What the slow part does.",
)  # fmt: skip
@click.option(
    "--seconds", type=Seconds(0, 3600), metavar="SECONDS",
    help=f"How long --work wait takes.  [default: {WAIT:.0f}]",
)  # fmt: skip
def main(choice: Choice, work: str, seconds: float | None) -> None:
    """Watch a spinner beside something slow: does it go on?

    In a terminal the spinner moves when the model draws a frame, ten times a second if it can, and at
    no other time; what stands beside it is this program's own clock. The slow part waits (wait), tests
    a prime of 16 digits (compute), or does so with naps of 0 s in between (naps).

    \b
    Examples: python -m programs.spinner
              python -m programs.spinner --model asyncio_task
              python -m programs.spinner --model asyncio_task --work naps --timeline
              python -m programs.spinner --model trio_nursery --work wait --seconds 1
    """
    if seconds is not None and work != "wait":
        raise click.UsageError(f"--seconds is for --work wait; {work} takes as long as it takes")
    job = JOBS[work] if seconds is None else spinner.Job(spinner.SMALL, INTERVAL, nap=seconds)
    performance = Performance(choice.load, job, choice.workers, tell=everything)
    with Show(choice, performance) as show, Line() as line:
        say(f"{choice.model}: the slow part {DOES[work]}, a frame each {INTERVAL} s")
        animation = _Animation(line)
        for call in show.calls(animation.redraw):
            animation.saw(call)
    failed = False
    if show.answers is not None:
        failed = wrong(spinner.check, job, show.answers)
        _tell(job, show.answers, show)
    elif show.ended_by:
        frames = units.counted(sum(call.what == DRAW for call in show.done), "frame")
        say(f"interrupted after {show.seconds:.3f} s: {frames} shown, and no answer yet", "yellow")
    kind = Kind.WAITS if work == "wait" else Kind.COMPUTES
    spans = [
        Span.of(call, "frame", Kind.COMPUTES) if call.what == DRAW else Span.of(call, "slow", kind)
        for call in (*show.done, *show.cut)
    ]
    show.end(spans, f"spinner · {choice.model} · {work}", failed=failed)


class _Animation:
    """The spinner, moved by the model's frames, and beside it a clock that is moved by nobody."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._begun: float | None = None
        self._last: float | None = None
        self._frames = 0

    def saw(self, call: Call) -> None:
        if self._begun is None:
            self._begun = call.begin
        if call.what == DRAW and call.end is not None:
            self._last = call.begin
            self._frames += 1
        self.redraw()

    def redraw(self) -> None:
        if self._begun is None:
            return
        now = time.perf_counter()
        said = "no frame yet"
        if self._last is not None:
            said = f"frame {self._frames}, {max(now - self._last, 0.0):4.2f} s ago"
        sign = FRAMES[self._frames % len(FRAMES)] if self._frames else " "
        self._line.show(f"{sign} pondering!  {now - self._begun:5.2f} s  {said}")


def _tell(job: spinner.Job, seen: spinner.Seen, show: Show) -> None:
    measured = spinner.metrics(job, seen, show.seconds)
    gap = measured["longest_gap"]
    shown = sum(frame <= seen.stopping for frame in seen.frames)
    drawn_by = next((call.unit for call in show.done if call.what == DRAW), None)
    slow = next(call.unit for call in show.done if call.what != DRAW)
    is_prime = "is prime" if seen.answer else "is no prime"
    frames = "none"
    if shown:
        frames = f"{shown} of {round(shown / measured['frames_shown'])} that were due, by {drawn_by}"
    say(f"slow part     {seen.stopping - seen.begun:.3f} s in {slow}: {job.number:,} {is_prime}")
    say(f"frames shown  {frames}")
    say(f"longest gap   {gap:.3f} s without a new frame")
    say(f"stopping      {units.time(measured['stopping'])} until the spinner was gone")
    _conclude(job, gap, slow, drawn_by)


def _conclude(job: spinner.Job, gap: float, slow: Unit, drawn_by: Unit | None) -> None:
    shared = drawn_by is None or drawn_by.thread == slow.thread
    if gap <= STANDS_STILL * job.interval:
        why = f"the two took turns in {slow.thread}" if shared else "each in a unit of its own"
        say(f"the spinner went on: {why}")
    elif shared:
        say("the spinner stood still: it shares the slow part's thread, and got no turn", "yellow")
    else:
        say("the spinner stood still in a unit of its own: it started late, or had no core", "yellow")


if __name__ == "__main__":
    main()
