"""``python -m programs.primes``: test numbers, and watch a model do it."""

from __future__ import annotations

import click

import impls
from concurbench import machine, units
from concurbench.report.text import say
from concurbench.trace.call import Call
from concurbench.trace.inside import Performance
from concurbench.trace.program import Choice, Show, command
from concurbench.trace.span import Kind, Span
from impls import primes


@command(impls, "primes", model="multiprocess", workers=machine.usable_cores())
@click.argument("numbers", type=click.IntRange(0), nargs=-1, metavar="[NUMBER]...")
@click.option("--below", type=click.IntRange(1), metavar="N", help="Test all numbers below this one.")
def main(choice: Choice, numbers: tuple[int, ...], below: int | None) -> None:
    """Test whether numbers are prime, by trial division, and tell each as soon as it is known.

    Without numbers it tests those of the benchmark, some of which take a while. Each line is a number,
    P where it is prime, how long that took, and the unit that did it.

    \b
    Examples: python -m programs.primes
              python -m programs.primes --model threaded --workers 4 --timeline
              python -m programs.primes 97 1000003 9007199254740881
              python -m programs.primes --below 100 --model sequential
    """
    if numbers and below:
        raise click.UsageError("numbers, or --below: both is one too many")
    batches = tuple((number,) for number in (numbers or range(below or 0) or primes.LARGE))
    say(f"{units.counted(len(batches), 'number')}, {choice.model}, {choice.workers} at a time")
    performance = Performance(choice.load, primes.Job(batches), choice.workers)
    with Show(choice, performance) as show:
        for call in show.calls():
            if call.end is not None:
                say(_line(call))
    found = sum(call.result is True for call in show.done)
    tested = units.counted(len(show.done), "number")
    computing = sum(call.seconds for call in show.done)
    say(f"{units.counted(found, 'prime')} among {tested} tested, total {show.seconds:.3f} s")
    say(f"the units together computed {computing:.3f} s")
    if show.ended_by:
        say(f"interrupted: {len(batches) - len(show.done)} not tested", "yellow")
    spans = [Span.of(call, f"{call.item}", Kind.COMPUTES) for call in (*show.done, *show.cut)]
    show.end(spans, f"primes · {choice.model} · {choice.workers} at a time")


def _line(call: Call) -> str:
    prime = "P" if call.result else " "
    return f"{call.item:>20,}  {prime}  {call.seconds:9.6f} s  {call.unit}"


if __name__ == "__main__":
    main()
