"""How long a server waits before it answers: always the same, or for each path a time of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import click

from servers.draw import draw


@dataclass(frozen=True)
class Delay:
    """Seconds from ``shortest`` to ``longest``; where the two are the same, all answers take as long.

    Raises:
        ValueError: that is no range.
    """

    shortest: float
    longest: float

    def __post_init__(self) -> None:
        if not 0 <= self.shortest <= self.longest < math.inf:
            raise ValueError(f"expected seconds from 0, the shortest first, got {str(self)!r}")

    @classmethod
    def parse(cls, text: str) -> Delay:
        """``0.05``, or ``0.5:5`` for a range.

        Raises:
            ValueError: it is neither; the message says so.
        """
        shortest, colon, longest = text.partition(":")
        try:
            return cls(float(shortest), float(longest if colon else shortest))
        except ValueError:
            raise ValueError(
                f"expected seconds from 0, as in 0.05, or a range of them, as in 0.5:5, got {text!r}"
            ) from None

    def __str__(self) -> str:
        return f"{self.shortest}" if self.fixed else f"{self.shortest}:{self.longest}"

    @property
    def fixed(self) -> bool:
        return self.shortest == self.longest

    def of(self, path: str, seed: int) -> float:
        """How long this path takes."""
        return self.shortest + draw("delay", path, seed) * (self.longest - self.shortest)


def option(text: str) -> Delay:
    """A delay as a command's option: its ``type``."""
    try:
        return Delay.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


METAVAR = "SECONDS|LOW:HIGH"
"""What such an option takes, in a command's help."""
