"""``python -m programs.digests``: pack buffers, and watch a model do it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import click

import impls
from concurbench import machine, units
from concurbench.report.text import say
from concurbench.trace.inside import Performance
from concurbench.trace.program import Choice, Show, command
from concurbench.trace.span import Kind, Span
from impls import digests
from servers.cluster import given

SHOWN = 8
"""Characters of a digest that are shown: enough to tell one from another."""


@command(impls, "digests", model="threaded", workers=machine.usable_cores())
@click.option(
    "--count", type=click.IntRange(1), default=digests.COUNT, show_default=True, metavar="N",
    help="How many buffers there are.",
)  # fmt: skip
@click.option(
    "--size", type=click.IntRange(1), default=2_000_000, show_default=True, metavar="BYTES",
    help="How long each of them is.",
)  # fmt: skip
def main(choice: Choice, count: int, size: int) -> None:
    """Watch buffers being packed: the digest of each, SHA-256, and the buffer compressed by zlib.

    Both are computed in C, which gives up the interpreter lock meanwhile, so that threads can use all
    cores. Each line is a buffer that is packed: its number, its bytes before and after, the first
    characters of its digest, how long that took, and the unit that did it.

    \b
    Examples: python -m programs.digests
              python -m programs.digests --model sequential
              python -m programs.digests --model multiprocess --workers 4 --timeline
              python -m programs.digests --count 6 --size 10000000 --timeline
    """
    buffers = digests.Case(count, size).buffers
    numbers = _Numbers(buffers)
    what = f"{units.counted(count, 'buffer')} of {_bytes(size)}"
    say(f"{what}, {choice.model}, {choice.workers} at a time")
    say(f"{'no.':>5}{'bytes':>13}{'packed':>13}  {'digest':{SHOWN}}  {'seconds':>9}  unit", "bold")
    load = given(choice.load, impls.find("digests", choice.model).cluster, machine.usable_cores())
    performance = Performance(load, digests.Job(buffers), choice.workers)
    spans = []
    with Show(choice, performance) as show:
        for call in show.calls():
            if call.end is not None and call.error is None:
                digest, packed = call.result
                number = numbers.taken(digest)
                say(
                    f"{number:5}{call.item:13,}{packed:13,}  {digest[:SHOWN]}  {call.seconds:9.6f}"
                    f"  {call.unit}"
                )
                spans.append(Span.of(call, f"{number}", Kind.COMPUTES))
    _close(choice, show)
    if show.ended_by:
        say(
            f"interrupted: {count - len(spans)} of {units.counted(count, 'buffer')} not packed",
            "yellow",
        )
    # Which buffer one of these was, its digest would tell.
    spans += [Span.of(call, "", Kind.COMPUTES) for call in show.cut]
    show.end(spans, f"digests · {choice.model} · {choice.workers} at a time")


class _Numbers:
    """Which buffer it was is known by its digest."""

    def __init__(self, buffers: Sequence[bytes]) -> None:
        self._left: defaultdict[str, list[int]] = defaultdict(list)
        for number, digest in reversed([*enumerate(digests.expected(tuple(buffers)))]):
            self._left[digest].append(number)

    def taken(self, digest: str) -> int:
        """The number of a buffer with this digest; of several that are the same, the next one."""
        return self._left[digest].pop()


def _close(choice: Choice, show: Show) -> None:
    """What to notice in what happened."""
    done = [call for call in show.done if call.error is None]
    if not done:
        return
    total, packed = sum(call.item for call in done), sum(call.result[1] for call in done)
    computing = sum(call.seconds for call in done)
    say(
        f"{units.counted(len(done), 'buffer')} packed, {_bytes(total)} to "
        f"{packed / total * 100:.0f} % of that, total {show.seconds:.3f} s"
    )
    say(
        f"{total / show.seconds / 1e6:,.1f} MB a second together; "
        f"a unit by itself {total / computing / 1e6:,.1f} MB a second while it packs"
    )


def _bytes(size: int) -> str:
    return f"{size:,} byte" if size == 1 else f"{size:,} bytes"


if __name__ == "__main__":
    main()
