"""``python -m programs.throttle``: units go in and out, and a semaphore bounds how many are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

import impls
from concurbench import units
from concurbench.command import Seconds
from concurbench.report.text import say
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance, everything
from concurbench.trace.program import Choice, Show, command
from concurbench.trace.span import Kind, Span
from concurbench.trace.unit import Unit
from impls import throttle


@command(impls, "throttle", model="threading_semaphore", workers=2)
@click.option(
    "--units", "count", type=click.IntRange(1), default=5, show_default=True, metavar="N",
    help="How many units want to be inside.",
)  # fmt: skip
@click.option(
    "--pairs", type=click.IntRange(1), default=3, show_default=True, metavar="N",
    help="How many times each of them goes in and out.",
)  # fmt: skip
@click.option(
    "--moment", type=Seconds(min=0), default=0.1, show_default=True, metavar="SECONDS",
    help="How long it stays inside; with 0 the others only get their turn.",
)  # fmt: skip
def main(choice: Choice, count: int, pairs: int, moment: float) -> None:
    """Watch who is inside a semaphore: no more than the bound, --workers, at any time.

    Each line is a unit that comes in or goes out: the seconds since the start, who it is, and how many
    are inside now. When all are done the semaphore is released once more than it was acquired, and you
    are told what became of it. In the time line a unit holds the semaphore, or waits for its turn.

    \b
    Examples: python -m programs.throttle --timeline
              python -m programs.throttle --model asyncio_bounded --timeline
              python -m programs.throttle --workers 1 --units 3
              python -m programs.throttle --model multiprocessing_semaphore --units 3
    """
    job = throttle.Job(count, pairs, choice.workers, moment)
    inside = _Inside(job)
    say(
        f"{units.counted(count, 'unit')}, {units.counted(pairs, 'time')} each, {choice.model}, "
        f"room for {choice.workers}"
    )
    with Show(choice, Performance(choice.load, job, choice.workers, tell=everything)) as show:
        for call in show.calls():
            inside.tell(call, show.began_at)
    for line in inside.closing(show):
        say(line)
    if show.answers is not None:
        say(_one_too_many(show.answers))
    if show.ended_by:
        left = count * pairs - len(inside.held)
        say(f"interrupted: {len(inside.held)} times in and out, {left} to go", "yellow")
    exceeded = inside.most > choice.workers
    if exceeded:
        say(f"{inside.most} were inside, and the bound is {choice.workers}", "red")
    spans = inside.spans(show.ended_at)
    show.end(spans, f"throttle · {choice.model} · room for {choice.workers}", failed=exceeded)


class _Inside:
    """Who is inside, as it is known so far."""

    def __init__(self, job: throttle.Job) -> None:
        self._job = job
        self._full: float | None = None
        """When there was no room left for the first time; who has not been inside waits since then."""
        self._inside: dict[Unit, tuple[float, float | None]] = {}
        """Who is inside, since when, and since when it had waited for that."""
        self._out: dict[Unit, float] = {}
        """Who is outside and was inside before, since when."""
        self._turns: Counter[Unit] = Counter()
        self.held: list[Span] = []
        self.waited: list[Span] = []
        self.most = 0
        self.overtaking = 0
        """How many times one was inside while another waited that had waited longer."""

    def tell(self, call: Call, start: float) -> None:
        """Print that somebody came in, which is when that has been counted, or goes out."""
        if call.what == "__enter__" and call.end is not None:
            self._in(call.unit, call.end)
            self._say(call.end - start, "in", call.unit)
        elif call.what == "__exit__" and call.end is None:
            self._go(call.unit, call.begin)
            self._say(call.begin - start, "   out", call.unit)

    def _in(self, unit: Unit, at: float) -> None:
        since = self._out.pop(unit, self._full)
        if since is not None:
            self.waited.append(Span(unit, "", since, at))
        self._inside[unit] = at, since
        self._turns[unit] += 1
        self.most = max(self.most, len(self._inside))
        if self._full is None and self.most == self._job.bound:
            self._full = max(begin for begin, _ in self._inside.values())

    def _go(self, unit: Unit, at: float) -> None:
        begin, since = self._inside.pop(unit)
        self.held.append(Span(unit, "", begin, at, Kind.HOLDS))
        self.overtaking += since is not None and any(longer < since for longer in self._waiting())
        self._out[unit] = at

    def _waiting(self) -> Iterator[float]:
        """Since when the others wait."""
        for unit, since in self._out.items():
            if self._turns[unit] < self._job.pairs:
                yield since
        if self._full is not None and len(self._turns) < self._job.units:
            yield self._full

    def _say(self, seconds: float, what: str, unit: Unit) -> None:
        say(f"{seconds:7.3f} s  {what:8}{unit!s:24}{len(self._inside)} of {self._job.bound} inside")

    def closing(self, show: Show) -> Iterator[str]:
        """What to notice in what happened."""
        yield (
            f"{units.counted(len(self.held), 'time')} in and out, total {show.seconds:.3f} s, "
            f"at most {self.most} inside at once"
        )
        if self.waited:
            longest = max(self.waited, key=lambda span: span.end - span.begin)
            yield f"waited the longest: {longest.unit}, {units.time(longest.end - longest.begin)}"
            overtaking = units.counted(self.overtaking, "time")
            yield f"in and out before one that had waited longer: {overtaking}"

    def spans(self, end: float) -> list[Span]:
        """Who waited and who was inside; what goes on still, until the end."""
        going_on = [Span(unit, "", begin, end, Kind.HOLDS) for unit, (begin, _) in self._inside.items()]
        return [*self.waited, *self.held, *going_on]


def _one_too_many(answers: throttle.Throttled) -> str:
    room = f"there is room for {answers.room}"
    if answers.refused is not None:
        return f"one release too many was refused, {answers.refused}: {room}, as before"
    return f"one release too many was taken, and nobody was told: now {room}"


if __name__ == "__main__":
    main()
