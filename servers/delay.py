"""The delay of a server before each answer: fixed, or drawn from a range for each path."""

from __future__ import annotations

import math
from dataclasses import dataclass

import click

from servers.draw import draw


@dataclass(frozen=True)
class Delay:
    """A range in seconds, from ``shortest`` to ``longest``; a fixed delay if both are equal.

    Raises:
        ValueError: a bound is negative or infinite, or ``shortest`` exceeds ``longest``.
    """

    shortest: float
    longest: float

    def __post_init__(self) -> None:
        if not 0 <= self.shortest <= self.longest < math.inf:
            raise ValueError(f"expected at least 0 seconds, the shortest first, got {str(self)!r}")

    @classmethod
    def parse(cls, text: str) -> Delay:
        """From ``0.05``, or ``0.5:5`` for a range.

        Raises:
            ValueError: the text is neither.
        """
        shortest, colon, longest = text.partition(":")
        try:
            return cls(float(shortest), float(longest if colon else shortest))
        except ValueError:
            raise ValueError(
                f"expected seconds, such as 0.05, or a range of them, such as 0.5:5, got {text!r}"
            ) from None

    def __str__(self) -> str:
        return f"{self.shortest}" if self.fixed else f"{self.shortest}:{self.longest}"

    @property
    def fixed(self) -> bool:
        return self.shortest == self.longest

    def of(self, path: str, seed: int) -> float:
        """The delay of this path, in seconds."""
        return self.shortest + draw("delay", path, seed) * (self.longest - self.shortest)


def option(text: str) -> Delay:
    """Parse a command's option; the ``type`` of a click option."""
    try:
        return Delay.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


METAVAR = "SECONDS|LOW:HIGH"
"""The ``metavar`` of such an option."""
