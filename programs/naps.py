"""``python -m programs.naps``: some tasks nap, and the caller waits for their results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

import impls
from concurbench import units
from concurbench.command import Seconds
from concurbench.report.text import say
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance
from concurbench.trace.program import Choice, Show, command
from concurbench.trace.span import Span
from concurbench.trace.unit import Unit
from impls import naps

SLEEPS = (("asyncio:sleep", "delay"), ("trio:sleep", "seconds"), ("curio:sleep", "seconds"))
"""How tasks nap that do not call ``nap``."""

STEP = 4
"""Columns by which a task's lines are farther in than those of the one before."""

ROOM = 36
"""Columns for all steps; where there are many tasks the steps are smaller, or none."""

SOME = 10
"""Numbers of tasks that are told in a line."""

CALLER = Unit("caller")
"""Who waits for the results; whatever runs it, it is one."""


@command(impls, "naps", model="threaded", workers=3, timeline=True)
@click.option(
    "--tasks", "count", type=click.IntRange(1), default=5, show_default=True, metavar="N",
    help="How many tasks there are.",
)  # fmt: skip
@click.option(
    "--unit", type=Seconds(min=0.001), default=0.5, show_default=True, metavar="SECONDS",
    help="Task 1 naps so long, task 2 twice as long, and so on.",
)  # fmt: skip
@click.option("--longest-first", is_flag=True, help="The first task naps longest, the last not at all.")
def main(choice: Choice, count: int, unit: float, longest_first: bool) -> None:
    """Watch tasks that only nap, and when the caller has their results.

    Task n naps n units and answers ten times n; a few workers share the tasks. Each line begins with
    the seconds since the start, and stands the farther in the higher the task's number: it naps, it is
    done, the caller has its result. In the order of the tasks, or as they are ready? That is up to the
    model, and shows best with --longest-first. In the time line the caller has a row of its own: for
    which result it waited.

    \b
    Examples: python -m programs.naps
              python -m programs.naps --longest-first
              python -m programs.naps --longest-first --model threaded_as_completed
              python -m programs.naps --model asyncio_gather --workers 5 --unit 0.2
    """
    long = reversed(range(count)) if longest_first else range(count)
    tasks = tuple(naps.Task(number, length * unit) for number, length in enumerate(long))
    story = _Story(tasks)
    say(f"{units.counted(count, 'task')}, {choice.model}, {choice.workers} at a time")
    job = naps.Job(tasks, naps.limit(tasks, choice.workers))
    with Show(choice, Performance(choice.load, job, choice.workers, patches=SLEEPS)) as show:
        for call in show.calls():
            story.tell(call, show.began_at)
    for line in story.closing(show):
        say(line)
    if show.ended_by:
        say(
            f"interrupted: {len(story.ready)} of {units.counted(count, 'task')} done, "
            f"the caller has {units.counted(len(story.had), 'result')}",
            "yellow",
        )
    title = f"naps · {choice.model} · {choice.workers} at a time"
    show.end([*story.slept((*show.done, *show.cut)), *story.waited(show)], title)


class _Story:
    """What is known of the tasks, and how it is told."""

    def __init__(self, tasks: Sequence[naps.Task]) -> None:
        self._tasks = {task.seconds: task for task in tasks}
        self._step = min(STEP, ROOM // max(len(tasks) - 1, 1))
        self.ready: dict[int, float] = {}
        """When each task that is done was done."""
        self.had: dict[int, float] = {}
        """When the caller had the result of each, in that order."""

    def tell(self, call: Call, start: float) -> None:
        """Print what a call is of this story, if it is."""
        at = call.begin if call.end is None else call.end
        since = f"{at - start:7.3f} s  "
        if (task := self._napping(call)) is not None:
            indent = " " * (self._step * task.number)
            if call.end is None:
                say(f"{since}{indent}task {task.number} naps for {task.seconds:g} s")
            elif call.error is None:
                self.ready[task.number] = at
                say(f"{since}{indent}task {task.number} is done")
        elif call.what == "take" and call.end is not None:
            number = call.item // 10
            self.had[number] = at
            say(f"{since}{' ' * (self._step * number)}result {number}: {call.item}", "bold")

    def closing(self, show: Show) -> Iterator[str]:
        """What to notice in what happened."""
        seconds = sum(task.seconds for task in self._tasks.values() if task.number in self.ready)
        results = units.counted(len(self.had), "result")
        yield f"{results} after {show.seconds:.3f} s; one after the other the naps last {seconds:g} s"
        if len(self.had) < 2:
            return
        numbers = list(self.had)
        first = self.had[numbers[0]] - show.began_at
        if numbers == sorted(numbers):
            order = "in the order of the tasks"
        else:
            order = f"in this order: {_some(numbers)}"
        yield f"the first was there after {first:.3f} s, and they came {order}"
        held, number = max((at - self.ready[number], number) for number, at in self.had.items())
        before = f"{units.time(held)} before the caller had it"
        yield f"kept back the longest: result {number}, ready {before}"

    def slept(self, calls: Iterable[Call]) -> Iterator[Span]:
        """What the tasks did."""
        for call in calls:
            if (task := self._napping(call)) is not None:
                yield Span.of(call, f"{task.number}")

    def waited(self, show: Show) -> Iterator[Span]:
        """What the caller did: wait for each result, from when it had the one before."""
        begin = show.began_at
        for number, at in self.had.items():
            yield Span(CALLER, f"{number}", begin, at)
            begin = at

    def _napping(self, call: Call) -> naps.Task | None:
        """The task that naps in this call; it is known by its seconds, which no other task has."""
        match call.what:
            case "nap":
                _, seconds = call.item
            case "sleep":
                seconds = call.item
            case _:
                return None
        return self._tasks.get(seconds)


def _some(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers[:SOME])) + (" …" if len(numbers) > SOME else "")


if __name__ == "__main__":
    main()
