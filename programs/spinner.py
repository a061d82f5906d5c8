"""``python -m programs.spinner``: something slow, and a spinner beside it."""

from __future__ import annotations

import contextlib
import math
import time

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from concurbench import units
from concurbench.command import Seconds
from concurbench.report.text import say
from concurbench.trace.process import TracedRun, all_answers
from concurbench.trace.spans import Activity, Call, Span
from impls import spinner
from programs._program import Options, program

INTERVAL = 0.1
WAIT = 3.0
DRAW = spinner.Screen.draw.__name__
FRAMES = "|/-\\"

JOBS = {
    "wait": spinner.Job(spinner.SMALL, INTERVAL, nap=WAIT),
    "compute": spinner.CASES["computing"].job,
    "naps": spinner.CASES["computing_with_naps"].job,
}
DESCRIPTIONS = {
    "wait": "waits", "compute": "computes all the time", "naps": "computes, with 0 s naps"
}  # fmt: skip

MAX_GAP = 3
"""Intervals without a frame, above which a person sees the spinner stand still."""


@program("spinner", model="threaded", workers=1)
@click.option(
    "--work", type=click.Choice(list(JOBS)), default="compute", show_default=True,
    help="What the slow part does.",
)  # fmt: skip
@click.option(
    "--seconds", type=Seconds(0, 3600), metavar="SECONDS",
    help=f"How long --work wait takes.  [default: {WAIT:.0f}]",
)  # fmt: skip
def main(options: Options, work: str, seconds: float | None) -> None:
    """Watch a spinner beside something slow: does it keep moving?

    In a terminal the spinner moves when the model draws a frame, ten times a second if it can. The
    clock beside it is this program's own. The slow part waits (wait), tests a prime of 16 digits
    (compute), or does so with naps of 0 s in between (naps).

    \b
    Examples:
      python -m programs.spinner
      python -m programs.spinner --model asyncio_task
      python -m programs.spinner --model asyncio_task --work naps --timeline
      python -m programs.spinner --model trio_nursery --work wait --seconds 1
    """
    if seconds is not None and work != "wait":
        raise click.UsageError(f"--seconds needs --work wait, got --work {work}")
    job = JOBS[work] if seconds is None else spinner.Job(spinner.SMALL, INTERVAL, nap=seconds)
    with options.run(job, summarize=all_answers) as run:
        say(f"{options.model}: the slow part {DESCRIPTIONS[work]}, a frame each {INTERVAL} s")
        with _Animation() as animation:
            for call in run.calls(animation.refresh):
                animation.add(call)
    failed = False
    if run.answers is not None:
        try:
            spinner.check(job, run.answers)
        except AssertionError as error:
            say(f"wrong: {error}", "red")
            failed = True
        _summarize(job, run.answers, run)
    elif run.ended_by:
        frames = units.counted(sum(call.function == DRAW for call in run.done), "frame")
        say(f"interrupted after {run.seconds:.3f} s: {frames} shown, and no answer yet", "yellow")
    kind = Activity.WAITS if work == "wait" else Activity.COMPUTES
    spans = [
        Span.of(call, "frame", Activity.COMPUTES)
        if call.function == DRAW
        else Span.of(call, "slow", kind)
        for call in run.done + run.cut
    ]
    options.finish(run, spans, title=f"spinner · {options.model} · {work}", failed=failed)


class _Animation(contextlib.ExitStack):
    """In a terminal, a line with the model's latest frame and a clock; it is gone in the end."""

    def __init__(self) -> None:
        super().__init__()
        console = Console(highlight=False)
        self._live = Live(console=console, transient=True, auto_refresh=False)
        if console.is_terminal:
            self.enter_context(self._live)
        self._begun = math.nan
        self._latest = math.nan
        self._frames = 0

    def add(self, call: Call) -> None:
        if math.isnan(self._begun):
            self._begun = call.begin
        if call.function == DRAW and call.end is not None:
            self._latest = call.begin
            self._frames += 1
        self.refresh()

    def refresh(self) -> None:
        if not self._live.is_started or math.isnan(self._begun):
            return
        now = time.perf_counter()
        sign, frame = " ", "no frame yet"
        if self._frames:
            sign = FRAMES[self._frames % len(FRAMES)]
            frame = f"frame {self._frames}, {max(now - self._latest, 0.0):4.2f} s ago"
        line = Text(f"{sign} pondering!  {now - self._begun:5.2f} s  {frame}", no_wrap=True)
        self._live.update(line, refresh=True)


def _summarize(job: spinner.Job, answers: spinner.Seen, run: TracedRun) -> None:
    metrics = spinner.metrics(job, answers, run.seconds)
    shown = sum(frame <= answers.stopping for frame in answers.frames)
    drawn_by = next((call.unit for call in run.done if call.function == DRAW), None)
    slow = next(call.unit for call in run.done if call.function != DRAW)
    prime = "is prime" if answers.answer else "is not prime"
    frames = "none"
    if shown:
        frames = f"{shown} of {round(shown / metrics['frames_shown'])} that were due, by {drawn_by}"
    took = answers.stopping - answers.begun
    say(f"slow part     {took:.3f} s in {slow}: {job.number:,} {prime}")
    say(f"frames shown  {frames}")
    say(f"longest gap   {metrics['longest_gap']:.3f} s without a new frame")
    say(f"stopping      {units.time(metrics['stopping'])} until the spinner was gone")
    shared = drawn_by is None or drawn_by.thread == slow.thread
    if metrics["longest_gap"] <= MAX_GAP * job.interval:
        why = f"the two took turns in {slow.thread}" if shared else "each has its own unit of execution"
        say(f"the spinner kept moving: {why}")
    elif shared:
        say("the spinner stood still: it shares the slow part's thread, and got no turn", "yellow")
    else:
        say("the spinner stood still in its own unit: it started late, or had no core", "yellow")


if __name__ == "__main__":
    main()
