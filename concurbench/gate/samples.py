"""Samples of base and head, measured in turn, a fraction of a second apart, and the file they go to.

A *slice* is one arm's turn: consecutive rounds. A *quad* is two slices of each arm in the order ABBA,
so that a machine that gets steadily faster or slower favours neither arm. A *block* holds the quads of
each row, measured in one pair of fresh processes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

KIND = "gate pairs"
"""The kind of record that the gate and ``calibrate`` write: one block a line."""


@dataclass(frozen=True)
class Quad:
    """Slices of base (A) and head (B), in seconds a round; each number is the mean of a slice.

    ``order`` is the order of the slices: ABBA or BAAB. A row that allows one slice of each arm a
    process has AB or BA.
    """

    order: str
    base: tuple[float, ...]
    head: tuple[float, ...]

    @property
    def log_ratio(self) -> float:
        """The logarithm of head / base: above 0 is slower."""
        return fmean(map(math.log, self.head)) - fmean(map(math.log, self.base))


Quads = tuple[Quad, ...]
"""All quads of a row in one block."""


@dataclass(frozen=True)
class Block:
    """What one pair of fresh processes measured."""

    number: int
    stage: str
    quads: Mapping[str, Quads]
    """Row -> its quads."""

    @property
    def log_ratios(self) -> dict[str, float]:
        """Row -> the mean log-ratio of its quads: a single observation, because quads of the same
        processes are not independent."""
        return {row: fmean(quad.log_ratio for quad in quads) for row, quads in self.quads.items()}

    def as_json(self) -> dict[str, Any]:
        """The block as an entry of a record."""
        rows = {row: [asdict(quad) for quad in quads] for row, quads in self.quads.items()}
        return {"number": self.number, "stage": self.stage, "rows": rows}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Block:
        """The block of an entry that ``as_json`` made."""
        quads = {
            row: tuple(Quad(q["order"], tuple(q["base"]), tuple(q["head"])) for q in each)
            for row, each in content["rows"].items()
        }
        return cls(content["number"], content["stage"], quads)
