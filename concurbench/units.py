"""Text for seconds, bytes, shares and counts. Everything else computes in seconds and bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit to show measures in.

    ``scale`` is how many of it make one second, byte or whatever the base unit is.
    """

    symbol: str
    scale: float
    decimals: int

    def text(self, measured: float) -> str:
        """The number without the symbol, which stands in the table's header."""
        return f"{measured * self.scale:,.{self.decimals}f}"


UNITS = (Unit("s", 1, 3), Unit("ms", 1e3, 1), Unit("µs", 1e6, 1), Unit("ns", 1e9, 1))


def unit_for(times: Iterable[float]) -> Unit:
    """One unit for all times of a table: the largest that shows three digits of the shortest."""
    least = min(times)
    return next((unit for unit in UNITS if least * unit.scale >= 0.1), UNITS[-1])


BYTES = (Unit("MiB", 2**-20, 1), Unit("KiB", 2**-10, 1), Unit("B", 1, 0))


def unit_of(measured: Iterable[float], unit: str) -> Unit:
    """One unit for all measures of a table, which are in the base unit ``unit`` of a metric.

    Of seconds and bytes it is the largest that shows the smallest measure; of other units, the decimals
    do.
    """
    present = [abs(each) for each in measured if each]
    if unit == "s":
        return unit_for(present or [1.0])
    least = min(present, default=1.0)
    if unit == "B":
        return next((each for each in BYTES if least * each.scale >= 1), BYTES[-1])
    symbol, scale = {"share": ("%", 100), "1/s": ("/s", 1), "count": ("", 1)}[unit]
    decimals = 0 if least * scale >= 100 else 1 if least * scale >= 1 else 2
    return Unit(symbol, scale, 0 if all(each * scale % 1 == 0 for each in present) else decimals)


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number and the noun in singular or plural: ``1 row``, ``1,000 rows``.

    ``plural`` is for nouns that need more than an ``s``.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def percent(share: float) -> str:
    """A share of 1 in whole percent: ``83 %``."""
    return f"{share * 100:.0f} %"


def unit_to_read(seconds: float) -> Unit:
    """The largest unit that shows at least two digits of this time."""
    unit = unit_for([seconds])
    if seconds * unit.scale * 10**unit.decimals < 10:  # a single digit
        unit = UNITS[min(UNITS.index(unit) + 1, len(UNITS) - 1)]
    return unit


def time(seconds: float) -> str:
    """A time with its unit and at least two digits: ``71.2 ms``."""
    unit = unit_to_read(seconds)
    return f"{unit.text(seconds)} {unit.symbol}"


def duration(seconds: float) -> str:
    """A duration in whole minutes and seconds, rounded up: ``1 min 20 s``."""
    whole = math.ceil(seconds)
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
