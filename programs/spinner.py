"""``python -m programs.spinner``: something slow, and a spinner beside it."""

from __future__ import annotations

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
    live = Live(console=Console(highlight=False), transient=True, auto_refresh=False)
    with options.run(job, summarize=all_answers) as run:
        say(f"{options.model.name}: the slow part {DESCRIPTIONS[work]}, a frame each {INTERVAL} s")
        with live:
            for _ in run.calls(lambda: live.update(_animated(run), refresh=True)):
                pass
    wrong = False
    if run.answers is not None:
        try:
            spinner.check(job, run.answers)
        except AssertionError as error:
            say(f"wrong: {error}", "red")
            wrong = True
        _summarize(job, run.answers, run)
    elif run.ended_by:
        frames = units.counted(len(_frames(run)), "frame")
        say(f"interrupted after {run.seconds:.3f} s: {frames} shown, and no answer yet", "yellow")
    kind = Activity.WAITS if work == "wait" else Activity.COMPUTES
    spans = [
        Span.of(call, "frame", Activity.COMPUTES)
        if call.function == DRAW
        else Span.of(call, "slow", kind)
        for call in run.done + run.cut
    ]
    options.finish(run, spans, title=f"spinner · {options.model.name} · {work}", failed=wrong)


def _frames(run: TracedRun) -> list[Call]:
    return [call for call in run.done if call.function == DRAW]


def _animated(run: TracedRun) -> Text:
    """A line with the model's latest frame and a clock."""
    if not run.began_at:
        return Text()
    now, frames = time.perf_counter(), _frames(run)
    sign, latest = " ", "no frame yet"
    if frames:
        sign = FRAMES[len(frames) % len(FRAMES)]
        latest = f"frame {len(frames)}, {max(now - frames[-1].begin, 0.0):4.2f} s ago"
    return Text(f"{sign} pondering!  {now - run.began_at:5.2f} s  {latest}", no_wrap=True)


def _summarize(job: spinner.Job, answers: spinner.Seen, run: TracedRun) -> None:
    metrics = spinner.metrics(job, answers, run.seconds)
    shown = sum(frame <= answers.stopping for frame in answers.frames)
    drawn_by = next((frame.unit for frame in _frames(run)), None)
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
