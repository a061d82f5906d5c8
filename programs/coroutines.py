"""``python -m programs.coroutines``: see what each kind of coroutine does when it is called."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import click
from rich.table import Table

import impls
from concurbench.report import text
from concurbench.report.text import say
from concurbench.trace import steps
from concurbench.trace.chart import chart
from concurbench.trace.inside import Performance
from concurbench.trace.program import Choice, Show, columns, command
from concurbench.trace.rows import rows
from concurbench.trace.span import Span
from concurbench.trace.steps import SUSPENDED, Part, Step, Walk
from concurbench.trace.unit import Unit
from concurbench.units import counted
from impls import coroutines

MAIN_KINDS = """
    sequential native generator_based classic classic_yield_from async_generator async_comprehension
    turn_of_the_loop asyncio_create_task asyncio_gather
""".split()
"""The models that are shown where none is named, in an order to be read in."""

MANY = coroutines.CASES["calls_10k"]
"""What is timed."""

TURN, TASK, CALL = 4, 4, 36
"""Columns: the loop's turn, the task, and what is called."""


@command(impls, "coroutines", model="", workers=MANY.workers, several="the main kinds, one by one")
@click.option(
    "--calls", type=click.IntRange(1, 100), default=2, show_default=True, metavar="N",
    help="So many calls are shown.",
)  # fmt: skip
def main(choice: Choice, calls: int) -> None:
    """Call something that does next to nothing, as a coroutine of each kind, and tell every step of it.

    A line is what a function of the model's file does: it starts, it suspends itself or yields
    something, it goes on, it returns; functions that it runs stand further to the right. In front are
    the turn of the event loop and the task in which that happens, where they change.

    Then the same is done 10,000 times without being seen, for the time that a call takes.

    \b
    Examples: python -m programs.coroutines
              python -m programs.coroutines --model classic_yield_from --calls 3
              python -m programs.coroutines --model asyncio_gather --timeline
              python -m programs.coroutines --model native --svg native.svg
    """
    parts = []
    for name in [choice.model] if choice.model else MAIN_KINDS:
        workers = impls.find(choice.workload, name).workers or choice.workers
        load = replace(choice, model=name).load
        parts.append(Part(name, load, workers))
    walk = Walk(
        few=coroutines.Job(range(calls)), many=coroutines.Job(range(MANY.items)), check=coroutines.check
    )
    performance = Performance(functools.partial(steps.walk, parts), walk, choice.workers)
    shown: list[Shown] = []
    with Show(choice, performance) as show:
        for call in show.calls():
            if call.end is None:
                continue
            if call.what == steps.begun.__name__:
                if shown:
                    say("")
                shown.append(Shown(call.item))
                show.choice = replace(choice, model=call.item)
                say(f"{call.item}: {impls.find(choice.workload, call.item).title}")
                say(f"{'turn':>{TURN}}  {'task':>{TASK}}", "dim")
            elif call.what == steps.step.__name__:
                shown[-1].take(Step(**call.item))
            else:
                shown[-1].seconds = call.item
                shown[-1].conclude()
                if choice.timeline:
                    say("")
                    text.show(chart(rows(shown[-1].spans()), columns()))
    conclude(show, choice, parts, shown)


@dataclass
class Shown:
    """A model, as far as it has been seen."""

    name: str
    steps: list[Step] = field(default_factory=list)
    seconds: float | None = None
    """What ``MANY`` took; None before that is known."""

    def take(self, step: Step) -> None:
        """One more step: tell it."""
        last = self.steps[-1] if self.steps else None
        self.steps.append(step)
        turn = step.turn if last is None or last.turn != step.turn else ""
        task = step.task if turn or last is None or last.task != step.task else ""
        called = f"{'  ' * step.depth}{step.name}({step.arguments})"
        say(f"{turn:>{TURN}}  {task:>{TASK}}  {called:{CALL}}  {step.what} {step.value}".rstrip())

    @property
    def turns(self) -> int:
        """Of the loop, from the first to the last in which something happened."""
        return self.steps[-1].turn

    @property
    def tasks(self) -> int:
        """Beside the one in which the model itself runs."""
        return max(step.task for step in self.steps) - 1

    @property
    def suspensions(self) -> int:
        """Of all functions together."""
        return sum(step.what in SUSPENDED for step in self.steps)

    @property
    def call(self) -> str:
        """What a call took, unseen."""
        return "" if self.seconds is None else f"{self.seconds / MANY.items * 1e9:,.0f}"

    def conclude(self) -> None:
        """Say what kind of thing each function makes, how often it was suspended, and its time."""
        for name in dict.fromkeys(step.name for step in self.steps):
            seen = [step for step in self.steps if step.name == name]
            times = sum(step.what in SUSPENDED for step in seen)
            said = f"suspended {times} times" if times > 1 else "suspended once"
            number = len({step.number for step in seen})
            kind = seen[0].kind if number == 1 else f"{seen[0].kind}s"
            say(f"{name}: {number} {kind}, {said if times else 'never suspended'}")
        tasks = counted(self.tasks, "task") if self.tasks else "no task"
        say(f"in {counted(self.turns, 'turn')} of the loop, {tasks} beside the model's own")
        say(f"{self.call} ns a call, measured once, unseen, in {MANY.items:,} calls")

    def spans(self) -> list[Span]:
        """When each function ran, and was suspended."""
        return list(steps.spans(self.steps))


def conclude(show: Show, choice: Choice, parts: Sequence[Part], shown: Sequence[Shown]) -> None:
    """Say what they all amount to, draw, and end."""
    whole = [each for each in shown if each.seconds is not None]
    if len(whole) > 1:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("", style="bold")
        for heading in ("suspended", "turns", "tasks", "ns a call"):
            table.add_column(heading, justify="right")
        for each in whole:
            table.add_row(each.name, f"{each.suspensions}", f"{each.turns}", f"{each.tasks}", each.call)
        say("")
        text.show(table)
        say("suspended: all functions of a model together; ns a call: measured once, unseen")
    if show.ended_by or show.error:
        say(f"cut off: {counted(len(parts) - len(whole), 'model')} not shown whole", "yellow")
    # Charts were drawn one by one; a picture has room for all, one behind the other.
    show.choice = replace(show.choice, timeline=False)
    show.end(in_a_row(shown), f"coroutines · {choice.model or 'the main kinds'}")


def in_a_row(shown: Sequence[Shown]) -> list[Span]:
    """The spans of all models, each one's beginning where the one before ends."""
    spans: list[Span] = []
    end = 0.0
    for each in shown:
        own = each.spans()
        if not own:
            continue
        shift = end - min(span.begin for span in own)
        for span in own:
            unit = Unit(f"{each.name} {span.unit}") if len(shown) > 1 else span.unit
            spans.append(Span(unit, span.label, span.begin + shift, span.end + shift, span.kind))
        end = max(span.end for span in spans)
    return spans


if __name__ == "__main__":
    main()
