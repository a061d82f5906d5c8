"""``python -m programs.units``: units of execution start, are up, and end."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import pairwise

import click

import impls
from benchmarks import weighing
from concurbench import units as measures
from concurbench.report.text import say
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance, everything
from concurbench.trace.program import Choice, Show, command
from concurbench.trace.span import Kind, Span
from impls import units

LEAST = 2**16
"""Bytes: what comes and goes with anything, page by page, is not far below."""


@command(impls, "units", model="threads", workers=100, bound="--units")
@click.option(
    "--memory/--no-memory", default=True, show_default=True,
    help="Weigh them, too, in a run of its own.",
)  # fmt: skip
def main(choice: Choice, memory: bool) -> None:
    """Watch units of execution come and go: start so many, have all of them up at once, end them.

    They do nothing else, so the times are what any work in such a unit pays beforehand. Each line is
    the time since the first was about to be started, and what is the case from then on. Memory is what
    so many hold more than a single one does.

    A hundred threads or tasks take some milliseconds. A hundred processes or interpreters take from
    half a second to ten, and to weigh them takes that once more: ask for fewer.

    \b
    Examples: python -m programs.units
              python -m programs.units --model asyncio_tasks --units 10000
              python -m programs.units --model processes_spawn --units 5 --timeline
              python -m programs.units --model processes_fork --no-memory
    """
    count = measures.counted(choice.workers, "unit")
    life = _Life(choice.workers)
    say(f"{count}, {choice.model}, all at once")
    performance = Performance(choice.load, units.Job(choice.workers), choice.workers)
    with Show(choice, performance) as show:
        for call in show.calls():
            life.tell(call)
    for line in life.closing():
        say(line)
    if show.ended_by:
        say(f"interrupted {life.state}", "yellow")
    spans = list(life.spans(show.ended_at))
    if memory and show.ended_by is None and show.error is None:
        show = _weighed(choice)
    show.end(spans, f"units · {choice.model} · {count}")


def _weighed(choice: Choice) -> Show:
    """Tell what they hold while they are up; it has ended, however."""
    load = functools.partial(weighing.scales, choice.model)
    job = units.Job(choice.workers)
    with Show(choice, Performance(load, job, choice.workers, tell=everything)) as show:
        say("to weigh them, they start once more …")
        for _ in show.calls():
            pass
    if show.answers is not None:
        together = show.answers * choice.workers
        if together < LEAST:
            say("they hold next to nothing, less than can be weighed: ask for more of them")
        else:
            each = _bytes(show.answers)
            say(f"one holds {each} of memory ({weighing.KIND.upper()}), all of them {_bytes(together)}")
    elif show.ended_by:
        say("interrupted before they were weighed", "yellow")
    return show


class _Life:
    """Which phase of their life they are in, and when each began."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._phases: list[tuple[str, Call, float]] = []
        """Name, the call that tells of it, and when it began."""

    def tell(self, call: Call) -> None:
        """Print what is the case from this call on, if it tells."""
        at = call.begin if call.end is None else call.end
        match call.what, call.end is None:
            case "__init__", False:
                self._begin("starting", "the first is started", call, at)
            case "all_up", True:
                self._begin("up", "all are up", call, at)
            case "all_up", False:
                self._begin("ending", "they are told to end", call, at)
            case "all_gone", True:
                self._begin("gone", "all are gone", call, at)

    def _begin(self, phase: str, said: str, call: Call, at: float) -> None:
        self._phases.append((phase, call, at))
        _, _, first = self._phases[0]
        say(f"{(at - first) * 1e3:12,.3f} ms  {said}")

    @property
    def state(self) -> str:
        """What they are about."""
        if not self._phases:
            return "before the first was started"
        phase, _, _ = self._phases[-1]
        return "when all were gone" if phase == "gone" else f"while they were {phase}"

    def closing(self) -> Iterator[str]:
        """What to notice in what happened."""
        took = {span.label: span.end - span.begin for span in self._past()}
        said = [
            f"{measures.time(took[phase] / self._count)} to {verb}"
            for phase, verb in (("starting", "start"), ("ending", "end"))
            if phase in took
        ]
        if said:
            yield "on an average one takes " + " and ".join(said)

    def spans(self, end: float) -> Iterator[Span]:
        """The phases; what goes on still, until the end."""
        yield from self._past()
        if self._phases and self._phases[-1][0] != "gone":
            yield _span(self._phases[-1], end)

    def _past(self) -> Iterator[Span]:
        for phase, (_, _, end) in pairwise(self._phases):
            yield _span(phase, end)


def _span(phase: tuple[str, Call, float], end: float) -> Span:
    name, call, begin = phase
    # Those that are up wait; to start and to end them is work, of whoever does it.
    return Span(call.unit, name, begin, end, Kind.WAITS if name == "up" else Kind.COMPUTES)


def _bytes(size: float) -> str:
    unit = measures.unit_of([size], "B")
    return f"{unit.text(size)} {unit.symbol}"


if __name__ == "__main__":
    main()
