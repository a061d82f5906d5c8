"""The rows over the lanes: in slices, so that what is compared is measured minutes apart and not hours.

A pass visits each lane with every slice once; a slice goes over all lanes before the next one comes.
Which lane is first changes from slice to slice and from pass to pass, and so does the slice to start
with: a machine that gets slower favours none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from concurbench import units
from concurbench.runner.child import ChildResult, CollectedRow

LONGEST = 6
"""Rows of a slice: fewer would spend more on starting pytest, more would drift further apart."""

T = TypeVar("T")

Slice = tuple[str, ...]
"""The ids of some rows."""


@dataclass(frozen=True)
class Lane:
    """An interpreter with its environment."""

    name: str
    version: str
    python: Path
    missing: str = ""
    """What it could not get, in a line."""


@dataclass(frozen=True)
class Visit:
    """A session of a matrix."""

    number: int
    """Of the pass, from 1."""
    lane: str
    rows: Slice
    ended: ChildResult


def slices(rows: Sequence[CollectedRow], longest: int = LONGEST) -> list[Slice]:
    """The rows in parts: none has rows of two groups, none is longer than that."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row.id)
    return [
        tuple(ids[start : start + longest])
        for ids in groups.values()
        for start in range(0, len(ids), longest)
    ]


def visits(lanes: Sequence[Lane], parts: Sequence[Slice], number: int) -> Iterator[tuple[Lane, Slice]]:
    """Who is visited with what in this pass, in order."""
    for position, part in enumerate(_rotated(parts, number - 1)):
        for lane in _rotated(lanes, number - 1 + position):
            yield lane, part


def measure(
    lanes: Sequence[Lane],
    rows: Sequence[CollectedRow],
    passes: int,
    session: Callable[[Lane, Slice], ChildResult],
    keep: Callable[[Visit], None],
    tell: Callable[[str], None],
) -> None:
    """Make so many passes; each visit is kept as soon as it is over."""
    parts = slices(rows)
    total, done, seconds = passes * len(parts) * len(lanes), 0, 0.0
    for number in range(1, passes + 1):
        for lane, part in visits(lanes, parts, number):
            left = f", about {units.duration(seconds / done * (total - done))} left" if done else ""
            tell(f"pass {number} of {passes}, visit {done + 1} of {total}{left} · {lane.name}")
            ended = session(lane, part)
            keep(Visit(number, lane.name, part, ended))
            done += 1
            seconds += ended.seconds


def _rotated(things: Sequence[T], by: int) -> list[T]:
    by %= max(len(things), 1)
    return [*things[by:], *things[:by]]
