"""Seconds and bytes inside, units at the edge: the one place that turns measures into text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit of time, or of something else: its symbol, how many make a second, or a byte or whatever
    is measured, and the decimals to show."""

    symbol: str
    per_second: float
    decimals: int

    def text(self, measured: float) -> str:
        """The number alone; the symbol stands in the table's header."""
        return f"{measured * self.per_second:,.{self.decimals}f}"


UNITS = (Unit("s", 1, 3), Unit("ms", 1e3, 1), Unit("µs", 1e6, 1), Unit("ns", 1e9, 1))


def unit_for(times: Iterable[float]) -> Unit:
    """One unit for all times of a table: the largest that still shows three digits of the least."""
    least = min(times)
    return next((unit for unit in UNITS if least * unit.per_second >= 0.1), UNITS[-1])


BYTES = (Unit("MiB", 2**-20, 1), Unit("KiB", 2**-10, 1), Unit("B", 1, 0))


def unit_of(measured: Iterable[float], unit: str) -> Unit:
    """One unit for all measures of a table: of times (``s``) and bytes (``B``) the largest that still
    shows the least, and of all others the decimals that do."""
    present = [abs(each) for each in measured if each]
    if unit == "s":
        return unit_for(present or [1.0])
    least = min(present, default=1.0)
    if unit == "B":
        return next((each for each in BYTES if least * each.per_second >= 1), BYTES[-1])
    symbol, scale = {"share": ("%", 100), "1/s": ("/s", 1), "count": ("", 1)}[unit]
    decimals = 0 if least * scale >= 100 else 1 if least * scale >= 1 else 2
    return Unit(symbol, scale, 0 if all(each * scale % 1 == 0 for each in present) else decimals)


def counted(number: int, noun: str) -> str:
    """So many of these, as in ``1 row`` and ``3 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def unit_to_read(seconds: float) -> Unit:
    """The largest unit that shows two digits of this time at least."""
    unit = unit_for([seconds])
    if seconds * unit.per_second * 10**unit.decimals < 10:  # a single digit
        unit = UNITS[min(UNITS.index(unit) + 1, len(UNITS) - 1)]
    return unit


def time(seconds: float) -> str:
    """One time by itself, as in ``71.2 ms``; with two digits at least."""
    unit = unit_to_read(seconds)
    return f"{unit.text(seconds)} {unit.symbol}"


def duration(seconds: float) -> str:
    """How long to wait, as in ``1 min 20 s``; no finer than a person cares."""
    whole = math.ceil(seconds)
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
