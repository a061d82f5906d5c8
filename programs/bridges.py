"""``python -m programs.bridges``: calls that block, made from a coroutine, to be watched."""

from __future__ import annotations

import statistics

import click

import impls
from concurbench import units
from concurbench.report.text import say
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance, everything
from concurbench.trace.loop import served
from concurbench.trace.program import Choice, Show, command, wrong
from concurbench.trace.span import Kind, Span
from impls import bridges

FIRST = {kind: case.numbers[0] for kind, case in bridges.CASES.items()}


@command(impls, "bridges", model="asyncio_to_thread", workers=4)
@click.option(
    "--call", "kind", type=click.Choice(list(FIRST)), default="waiting", show_default=True,
    help="What each call does: it waits for 10 ms, or computes in Python.",
)  # fmt: skip
@click.option(
    "--calls", type=click.IntRange(2), metavar="N", default=bridges.CALLS, show_default=True,
    help="An even number: some models make two in a row.",
)  # fmt: skip
def main(choice: Choice, kind: str, calls: int) -> None:
    """Watch a coroutine make calls that block: does the event loop go on meanwhile?

    Each line is a call, as it ends: its number, how long it took, and the unit that made it. In the
    same loop a heart is to beat every millisecond; the longest time between two beats is how long the
    loop stood still, and all who are in it.

    \b
    Examples: python -m programs.bridges
              python -m programs.bridges --model blocking --timeline
              python -m programs.bridges --call computing --model blocking
              python -m programs.bridges --model asyncio_thread_pool --workers 50
    """
    if calls % 2:
        raise click.UsageError(f"--calls is to be an even number, not {calls}")
    numbers = tuple(range(FIRST[kind], FIRST[kind] + calls))
    job = bridges.Job(bridges.CASES[kind].call, numbers)
    performance = Performance(choice.load, job, choice.workers, tell=everything)
    with Show(choice, performance) as show:
        say(f"{units.counted(calls, f'{kind} call')}, {choice.model}, {choice.workers} at a time")
        for call in show.calls():
            if call.end is not None:
                say(f"{call.item:>10,}  {call.seconds * 1e3:9.3f} ms  {call.unit}")
    failed = False
    if show.answers is not None:
        failed = wrong(bridges.check, job, show.answers)
        _tell(job, show.answers, show)
    elif show.ended_by:
        say(f"interrupted: {len(show.done)} of {units.counted(calls, 'call')} made", "yellow")
    spans = [_span(call, kind) for call in (*show.done, *show.cut)]
    if show.answers is not None:
        spans += served(show.answers.beats, bridges.PULSE)
    show.end(spans, f"bridges · {choice.model} · {kind} · {choice.workers} at a time", failed=failed)


def _tell(job: bridges.Job, answers: bridges.Served, show: Show) -> None:
    measured = bridges.metrics(job, answers, show.seconds)
    each = units.time(statistics.median(call.seconds for call in show.done))
    still = units.time(measured["stood_still"])
    threads = {call.unit.thread for call in show.done} - {"main thread"}
    made_by = f"by {units.counted(len(threads), 'unit')} beside the loop" if threads else "by the loop"
    made = units.counted(len(show.done), "call")
    say(f"{made} in {show.seconds:.3f} s, {measured['throughput']:.0f} a second, {made_by}")
    say(f"the loop stood still for {still} at most; a call took {each} in the median")


def _span(call: Call, kind: str) -> Span:
    return Span.of(call, f"{call.item}", Kind.WAITS if kind == "waiting" else Kind.COMPUTES)


if __name__ == "__main__":
    main()
