"""``python -m programs.naps``: tasks nap, and the caller collects their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from concurbench import units
from concurbench.command import Seconds
from concurbench.report.text import say
from concurbench.trace.spans import Call, ExecutionUnit, Span
from impls import naps
from programs._program import Options, program

SLEEPS = (
    ("asyncio:sleep", "delay"), ("trio:sleep", "seconds"), ("curio:sleep", "seconds"),
    ("gevent:sleep", "seconds"),
)  # fmt: skip
"""What models call that do not call ``nap``."""

MAX_STEP = 4
"""Columns by which the lines of a task are indented further than those of the task before."""

INDENT = 36
"""Columns for the indent of the last task; many tasks get smaller steps, or none."""

MAX_NUMBERS = 10
"""Task numbers printed in a line."""

CALLER = ExecutionUnit("caller")
"""The caller, which has a track of its own whatever runs it."""


@program("naps", model="threaded", workers=3, timeline=True)
@click.option(
    "--tasks", "count", type=click.IntRange(1), default=5, show_default=True, metavar="N",
    help="Run N tasks.",
)  # fmt: skip
@click.option(
    "--unit", type=Seconds(min=0.001), default=0.5, show_default=True, metavar="SECONDS",
    help="Length of the nap of task 1; task 2 naps twice as long, and so on.",
)  # fmt: skip
@click.option("--longest-first", is_flag=True, help="The first task naps longest, the last not at all.")
def main(options: Options, count: int, unit: float, longest_first: bool) -> None:
    """Watch tasks that only nap, and when the caller gets their results.

    Task n naps n units and answers ten times n. A few workers share the tasks. Each line begins with
    the seconds since the start, and is indented by the task's number: the task naps, it is done, the
    caller has its result. Do the results come in the order of the tasks, or as they are ready? That is
    up to the model, and shows best with --longest-first. The timeline has a line for the caller: which
    result it waited for.

    \b
    Examples:
      python -m programs.naps
      python -m programs.naps --longest-first
      python -m programs.naps --longest-first --model threaded_as_completed
      python -m programs.naps --model asyncio_gather --workers 5 --unit 0.2
    """
    long = reversed(range(count)) if longest_first else range(count)
    tasks = tuple(naps.Task(number, length * unit) for number, length in enumerate(long))
    say(f"{units.counted(count, 'task')}, {options}")
    job = naps.Job(tasks, naps.limit(tasks, options.workers))
    by_seconds = {task.seconds: task for task in tasks}
    step = min(MAX_STEP, INDENT // max(count - 1, 1))
    ready, received = dict[int, float](), dict[int, float]()
    with options.run(job, patches=SLEEPS) as run:
        for call in run.calls():
            if call.error or (call.function == "take" and call.end is None):
                continue
            at = call.begin if call.end is None else call.end
            style = ""
            if call.function != "take":
                number, seconds = napping(call, by_seconds)
                event = f"task {number} naps for {seconds:g} s"
                if call.end is not None:
                    event = f"task {number} is done"
                    ready[number] = at
            else:
                number = call.item // 10
                event, style = f"result {number}: {call.item}", "bold"
                received[number] = at
            say(f"{at - run.began_at:7.3f} s  {' ' * (step * number)}{event}", style)
    results = units.counted(len(received), "result")
    napped = sum(task.seconds for task in tasks if task.number in ready)
    say(f"{results} after {run.seconds:.3f} s; one after the other the naps take {napped:g} s")
    if len(received) > 1:
        first = min(received.values()) - run.began_at
        say(f"the first came after {first:.3f} s, and they came {_order(list(received))}")
        delay, number = max((at - ready[number], number) for number, at in received.items())
        say(f"longest delay: result {number}, ready {units.time(delay)} before the caller had it")
    if run.ended_by:
        done = f"{len(ready)} of {units.counted(count, 'task')} done"
        say(f"interrupted: {done}, the caller has {results}", "yellow")
    spans = [
        Span.of(call, f"{napping(call, by_seconds).number}")
        for call in run.done + run.cut
        if call.function != "take"
    ]
    # The caller waits for each result, from when it had the one before.
    begins = (run.began_at, *received.values())
    waits = zip(received.items(), begins, strict=False)
    spans += [Span(CALLER, f"{number}", begin, end) for (number, end), begin in waits]
    options.finish(run, spans)


def napping(call: Call, tasks: Mapping[float, naps.Task]) -> naps.Task:
    """The task that naps in this call, identified by its seconds, which no other task has."""
    return tasks[call.item[1] if call.function == "nap" else call.item]


def _order(numbers: Sequence[int]) -> str:
    if numbers == sorted(numbers):
        return "in the order of the tasks"
    more = " …" if len(numbers) > MAX_NUMBERS else ""
    return f"in this order: {' '.join(map(str, numbers[:MAX_NUMBERS]))}{more}"


if __name__ == "__main__":
    main()
