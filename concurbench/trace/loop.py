"""An event loop, as it is seen by a task in it that beats like a heart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from concurbench.trace.span import Kind, Span
from concurbench.trace.unit import Unit

LOOP = Unit("event loop")

LONG = 5
"""So many pulses without a beat, and the loop stood still."""


def served(beats: Sequence[float], pulse: float) -> Iterator[Span]:
    """When the loop served all who had something to do, and when it stood still.

    ``beats`` are the seconds of each beat, in order, and ``pulse`` is how many there are between two
    where nobody keeps the loop.
    """
    begin = beats[0]
    for before, after in pairwise(beats):
        if after - before > LONG * pulse:
            if before > begin:
                yield Span(LOOP, "beats", begin, before)
            yield Span(LOOP, "stood still", before, after, Kind.FAILS)
            begin = after
    if beats[-1] > begin:
        yield Span(LOOP, "beats", begin, beats[-1])
