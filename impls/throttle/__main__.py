"""``python -m impls.throttle``: units go in and out, and a semaphore lets no more than so many in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

import impls
from concurbench import units
from concurbench.command import Seconds, say
from concurbench.watching.call import Call
from concurbench.watching.inside import Performance, whole
from concurbench.watching.program import Choice, Show, command
from concurbench.watching.span import Kind, Span
from concurbench.watching.unit import Unit
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
    are told what became of it. In the time line, who holds the semaphore is inside, and who waits is
    waiting for the others to go.

    \b
    Examples: python -m impls.throttle --timeline
              python -m impls.throttle --model asyncio_bounded --timeline
              python -m impls.throttle --workers 1 --units 3
              python -m impls.throttle --model multiprocessing_semaphore --moment 0.02
    """
    job = throttle.Job(count, pairs, choice.workers, moment)
    inside = _Inside(job)
    say(
        f"{units.counted(count, 'unit')}, {units.counted(pairs, 'time')} each, {choice.model}, "
        f"room for {choice.workers}"
    )
    with Show(choice, Performance(choice.load, job, choice.workers, tell=whole)) as show:
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
        self._since: dict[Unit, float] = {}
        """Who is inside, since when."""
        self._out: dict[Unit, float] = {}
        """Who is outside and was inside before, since when."""
        self._first: float | None = None
        self._turns: Counter[Unit] = Counter()
        self.held: list[Span] = []
        self.waited: list[Span] = []
        self.most = 0
        self.overtaking = 0
        """How many times one came in before another that had waited longer."""

    def tell(self, call: Call, start: float) -> None:
        """Print that somebody came in, which is when that has been counted, or goes out."""
        if call.what == "__enter__" and call.end is not None:
            self._in(call.unit, call.end)
            self._say(call.end - start, "in", call.unit)
        elif call.what == "__exit__" and call.end is None:
            begin = self._since.pop(call.unit)
            self.held.append(Span(call.unit, "", begin, call.begin, Kind.HOLDS))
            self._out[call.unit] = call.begin
            self._say(call.begin - start, "   out", call.unit)

    def _in(self, unit: Unit, at: float) -> None:
        # All of them are there when the first comes in.
        self._first = at if self._first is None else self._first
        since = self._out.pop(unit, self._first)
        if self.most == self._job.bound:  # until then there was room for all
            self.waited.append(Span(unit, "", since, at))
        self._turns[unit] += 1
        unseen = since > self._first and len(self._turns) < self._job.units
        self.overtaking += unseen or any(
            longer < since and self._turns[other] < self._job.pairs
            for other, longer in self._out.items()
        )
        self._since[unit] = at
        self.most = max(self.most, len(self._since))

    def _say(self, seconds: float, what: str, unit: Unit) -> None:
        say(f"{seconds:7.3f} s  {what:8}{unit!s:24}{len(self._since)} of {self._job.bound} inside")

    def closing(self, show: Show) -> Iterator[str]:
        """What to notice in what happened."""
        yield (
            f"{units.counted(len(self.held), 'time')} in and out, total {show.seconds:.3f} s, "
            f"at most {self.most} inside at once"
        )
        if self.waited:
            longest = max(self.waited, key=lambda span: span.end - span.begin)
            yield f"waited the longest: {longest.unit}, {units.time(longest.end - longest.begin)}"
            yield (
                f"came in before another that had waited longer: "
                f"{units.counted(self.overtaking, 'time')}"
            )

    def spans(self, end: float) -> list[Span]:
        """Who waited and who was inside; what goes on still, until the end."""
        going_on = [Span(unit, "", begin, end, Kind.HOLDS) for unit, begin in self._since.items()]
        return [*self.waited, *self.held, *going_on]


def _one_too_many(answers: throttle.Throttled) -> str:
    room = f"there is room for {answers.room}"
    if answers.refused is not None:
        return f"one release too many was refused, {answers.refused}: {room}, as before"
    return f"one release too many was taken, and nobody was told: now {room}"


if __name__ == "__main__":
    main()
