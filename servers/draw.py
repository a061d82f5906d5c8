"""Pseudo-random numbers that depend only on a seed and a path, not on the order of requests.

So each model, and each repeated request, meets the same delays and faults.
"""

from __future__ import annotations

import hashlib

BITS = 48  # a float represents them exactly, so the result stays below 1


def draw(what: str, path: str, seed: int) -> float:
    """A number of at least 0 and below 1: the same for the same arguments."""
    digest = hashlib.sha256(f"{seed} {what} {path}".encode()).digest()
    return int.from_bytes(digest[: BITS // 8], "big") / (1 << BITS)
