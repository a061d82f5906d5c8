"""Named behaviours of a flag server: the delay of its answers, and the share that fails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from servers.delay import Delay
from servers.faults import KINDS, drawn


@dataclass(frozen=True)
class Profile:
    """The delay of answers, the share of them that fails, and the kinds of faults."""

    delay: Delay
    error_rate: float = 0.0
    kinds: tuple[str, ...] = tuple(KINDS)

    def faults(self, paths: Iterable[str], seed: int = 0) -> dict[str, str]:
        """The paths that fail: path -> kind of fault."""
        return drawn(paths, self.error_rate, seed, self.kinds)


PROFILES = {
    "local": Profile(Delay(0.05, 0.05)),
    "delay": Profile(Delay(0.5, 5.0)),
    "error": Profile(Delay(0.1, 0.5), error_rate=0.25),
}
"""A fast server, a slow one, and one that fails."""
