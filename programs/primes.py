"""``python -m programs.primes``: test numbers for primality, and watch a model do it."""

from __future__ import annotations

import click

from concurbench import machine
from concurbench.report.text import say
from concurbench.trace.process import all_answers
from concurbench.trace.spans import Activity, Call, Span
from concurbench.units import counted
from impls import primes
from programs._program import Options, program


@program("primes", model="multiprocess", workers=machine.usable_cores())
@click.argument("numbers", type=click.IntRange(0), nargs=-1, metavar="[NUMBER]...")
@click.option("--below", type=click.IntRange(1), metavar="N", help="Test all numbers below N.")
def main(options: Options, numbers: tuple[int, ...], below: int | None) -> None:
    """Test numbers for primality by trial division, and print each result as it comes.

    Without numbers it tests those of the benchmark, some of which take a while. Each line has a number,
    P if it is prime, how long the test took, and the unit of execution that ran it.

    \b
    Examples:
      python -m programs.primes
      python -m programs.primes --model threaded --workers 4 --timeline
      python -m programs.primes 97 1000003 9007199254740881
      python -m programs.primes --below 100 --model sequential
    """
    if numbers and below:
        raise click.UsageError("give numbers or --below, not both")
    batches = tuple((number,) for number in (numbers or range(below or 0) or primes.LARGE))
    say(f"{counted(len(batches), 'number')}, {options}")
    with options.run(primes.Job(batches), summarize=all_answers) as run:
        for call in run.calls():
            if call.end is not None:
                say(_line(call))
    found, tested = sum(call.result is True for call in run.done), len(run.done)
    if run.answers is not None:  # workers of a cluster and compiled code make no traced calls
        found, tested = sum(map(len, run.answers)), len(run.answers)
    total = f"total {run.seconds:.3f} s"
    say(f"{counted(found, 'prime')} among {counted(tested, 'number')} tested, {total}")
    say(f"sum over all units: {sum(call.seconds for call in run.done):.3f} s")
    if run.ended_by:
        say(f"interrupted: {len(batches) - tested} not tested", "yellow")
    calls = run.done + run.cut
    options.finish(run, [Span.of(call, f"{call.item}", Activity.COMPUTES) for call in calls])


def _line(call: Call) -> str:
    prime = "P" if call.result else " "
    return f"{call.item:>20,}  {prime}  {call.seconds:9.6f} s  {call.unit}"


if __name__ == "__main__":
    main()
