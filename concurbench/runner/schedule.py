"""Which rows a pass visits, and in which order.

Each pass starts elsewhere in the matrix, and every second one goes backwards: no row always comes
first, or right after the same other one. Rows of which one round takes long are not visited in every
pass, unless there are no others: ten seconds of a row say as much about it as ten visits to a short
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LONG = 1.0
"""Seconds of a round from which on a row is visited in every second pass only."""


def visited(rows: Sequence[str], number: int, passes: int, seconds: Mapping[str, float]) -> list[str]:
    """The rows of pass ``number``, from 1, of so many, in order.

    ``seconds`` is row -> a round's median in the first pass, which visits all rows as they were
    collected. A row that is not in it was not timed: nothing is to be learned from another visit.
    """
    if number == 1:
        return list(rows)
    timed = [row for row in rows if row in seconds]
    due = timed if number % 2 else [row for row in timed if seconds[row] < LONG] or timed
    start = len(due) * (number - 1) // passes
    if number % 2:
        return due[start:] + due[:start]
    return due[start::-1] + due[:start:-1]
