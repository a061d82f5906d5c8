"""What happens to a path, drawn from a seed: never by chance, and never by who asked first.

Each model then meets the same fate, whatever its order, and so does a client that asks once more.
"""

from __future__ import annotations

import hashlib

BITS = 48  # a float bears them all: what is drawn stays below 1


def draw(what: str, path: str, seed: int) -> float:
    """A number from 0 to below 1, the same whenever it is drawn."""
    digest = hashlib.sha256(f"{seed} {what} {path}".encode()).digest()
    return int.from_bytes(digest[: BITS // 8], "big") / (1 << BITS)
