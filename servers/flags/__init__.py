"""What the flag server puts its clients through, by name: see ``python -m servers.flags --help``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from servers.delay import Delay
from servers.faults import KINDS, drawn


@dataclass(frozen=True)
class Profile:
    """How long answers take, what share of them goes wrong, and in which ways."""

    delay: Delay
    error_rate: float = 0.0
    kinds: tuple[str, ...] = tuple(KINDS)

    def faults(self, paths: Iterable[str], seed: int = 0) -> dict[str, str]:
        """Which of these paths fail, and how: path -> kind of fault."""
        return drawn(paths, self.error_rate, seed, self.kinds)


PROFILES = {
    "local": Profile(Delay(0.05, 0.05)),
    "delay": Profile(Delay(0.5, 5.0)),
    "error": Profile(Delay(0.1, 0.5), error_rate=0.25),
}
"""A good server near by, a slow one, and one that fails."""
