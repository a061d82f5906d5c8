"""``python -m programs.naps``: tasks nap, and the caller collects their results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

from concurbench import units
from concurbench.command import Seconds
from concurbench.report.text import say
from concurbench.trace.process import TracedRun
from concurbench.trace.spans import Call, ExecutionUnit, Span
from impls import naps
from programs._program import Options, program

SLEEPS = (("asyncio:sleep", "delay"), ("trio:sleep", "seconds"), ("curio:sleep", "seconds"))
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
    story = _Story(tasks)
    say(f"{units.counted(count, 'task')}, {options.model}, {options.workers} at a time")
    job = naps.Job(tasks, naps.limit(tasks, options.workers))
    with options.run(job, patches=SLEEPS) as run:
        for call in run.calls():
            story.add(call, run.began_at)
    for line in story.summary(run):
        say(line)
    if run.ended_by:
        say(
            f"interrupted: {len(story.ready)} of {units.counted(count, 'task')} done, "
            f"the caller has {units.counted(len(story.received), 'result')}",
            "yellow",
        )
    options.finish(run, [*story.task_spans(run.done + run.cut), *story.caller_spans(run)])


class _Story:
    """When each task was done, and when the caller had its result."""

    def __init__(self, tasks: Sequence[naps.Task]) -> None:
        self._tasks = {task.seconds: task for task in tasks}
        self._step = min(MAX_STEP, INDENT // max(len(tasks) - 1, 1))
        self.ready: dict[int, float] = {}
        """When each task was done."""
        self.received: dict[int, float] = {}
        """When the caller had the result of each, in that order."""

    def add(self, call: Call, start: float) -> None:
        """Print the event that a call stands for, if any."""
        at = call.begin if call.end is None else call.end
        since = f"{at - start:7.3f} s  "
        if (task := self._napping(call)) is not None:
            indent = " " * (self._step * task.number)
            if call.end is None:
                say(f"{since}{indent}task {task.number} naps for {task.seconds:g} s")
            elif call.error is None:
                self.ready[task.number] = at
                say(f"{since}{indent}task {task.number} is done")
        elif call.function == "take" and call.end is not None:
            number = call.item // 10
            self.received[number] = at
            say(f"{since}{' ' * (self._step * number)}result {number}: {call.item}", "bold")

    def summary(self, run: TracedRun) -> Iterator[str]:
        """Total time, order of the results, and the result that the model kept back longest."""
        seconds = sum(task.seconds for task in self._tasks.values() if task.number in self.ready)
        results = units.counted(len(self.received), "result")
        yield f"{results} after {run.seconds:.3f} s; one after the other the naps take {seconds:g} s"
        if len(self.received) < 2:
            return
        numbers = list(self.received)
        first = self.received[numbers[0]] - run.began_at
        if numbers == sorted(numbers):
            order = "in the order of the tasks"
        else:
            shown = " ".join(map(str, numbers[:MAX_NUMBERS]))
            order = f"in this order: {shown}{' …' if len(numbers) > MAX_NUMBERS else ''}"
        yield f"the first came after {first:.3f} s, and they came {order}"
        delay, number = max((at - self.ready[number], number) for number, at in self.received.items())
        yield f"longest delay: result {number}, ready {units.time(delay)} before the caller had it"

    def task_spans(self, calls: Iterable[Call]) -> Iterator[Span]:
        """The spans of the tasks."""
        for call in calls:
            if (task := self._napping(call)) is not None:
                yield Span.of(call, f"{task.number}")

    def caller_spans(self, run: TracedRun) -> Iterator[Span]:
        """The spans of the caller: it waits for each result, from when it had the one before."""
        begins = (run.began_at, *self.received.values())
        for begin, (number, end) in zip(begins, self.received.items(), strict=False):
            yield Span(CALLER, f"{number}", begin, end)

    def _napping(self, call: Call) -> naps.Task | None:
        """The task that naps in this call, identified by its seconds, which no other task has."""
        if call.function not in ("nap", "sleep"):
            return None
        seconds = call.item[1] if call.function == "nap" else call.item
        return self._tasks.get(seconds)


if __name__ == "__main__":
    main()
